//! What is billed: the items, the meters that share a price, and how many units of each.

/// A line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// Minutes that clients are connected.
    Connection,
    /// MQTT CONNECT.
    Connects,
    /// MQTT SUBSCRIBE.
    Subscriptions,
    /// PUBLISH from clients, functions and rules, in steps.
    Published,
    /// PUBLISH to subscribers, in steps; what waits for an offline session counts when it is kept
    /// and when it is delivered.
    Delivered,
    /// PUBACK of subscribers for deliveries of quality 1.
    Acknowledged,
    /// Retained messages kept and fetched, in steps.
    Retained,
    /// Rules evaluated, in steps of the message.
    Triggered,
    /// Actions, in steps of what they were given.
    Actions,
    /// Calls of services inside statements.
    Calls,
    /// Operations on shadows, in steps of the record.
    Shadows,
    /// Operations on the registry, in steps of the record.
    Registry,
}

/// What units are added up before prices and their tiers are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meter {
    /// Minutes.
    Connectivity,
    /// Messages.
    Messages,
    /// Rules triggered.
    Rules,
    /// Actions.
    Actions,
    /// Operations on shadows and the registry.
    Operations,
}

/// The parts that a bill names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Connections.
    Connectivity,
    /// The message broker.
    Messaging,
    /// The rules engine.
    Rules,
    /// Device Shadow.
    Shadow,
    /// The thing registry.
    Registry,
}

impl Item {
    /// All items, in the order of a bill.
    pub const ALL: [Self; 12] = [
        Self::Connection,
        Self::Connects,
        Self::Subscriptions,
        Self::Published,
        Self::Delivered,
        Self::Acknowledged,
        Self::Retained,
        Self::Triggered,
        Self::Actions,
        Self::Calls,
        Self::Shadows,
        Self::Registry,
    ];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection_minutes",
            Self::Connects => "connects",
            Self::Subscriptions => "subscriptions",
            Self::Published => "published",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::Retained => "retained",
            Self::Triggered => "rules_triggered",
            Self::Actions => "actions",
            Self::Calls => "external_calls",
            Self::Shadows => "shadow_operations",
            Self::Registry => "registry_operations",
        }
    }

    /// What the line says.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Connection => "connected, in minutes",
            Self::Connects => "CONNECT",
            Self::Subscriptions => "SUBSCRIBE",
            Self::Published => "PUBLISH in",
            Self::Delivered => "PUBLISH out",
            Self::Acknowledged => "PUBACK of subscribers",
            Self::Retained => "retained",
            Self::Triggered => "rules triggered",
            Self::Actions => "actions",
            Self::Calls => "calls in statements",
            Self::Shadows => "shadow operations",
            Self::Registry => "registry operations",
        }
    }

    /// What it is counted with.
    pub const fn meter(self) -> Meter {
        match self {
            Self::Connection => Meter::Connectivity,
            Self::Connects
            | Self::Subscriptions
            | Self::Published
            | Self::Delivered
            | Self::Acknowledged
            | Self::Retained => Meter::Messages,
            Self::Triggered => Meter::Rules,
            Self::Actions | Self::Calls => Meter::Actions,
            Self::Shadows | Self::Registry => Meter::Operations,
        }
    }

    /// Whose it is.
    pub const fn service(self) -> Service {
        match self {
            Self::Connection => Service::Connectivity,
            Self::Shadows => Service::Shadow,
            Self::Registry => Service::Registry,
            Self::Triggered | Self::Actions | Self::Calls => Service::Rules,
            _ => Service::Messaging,
        }
    }

    /// Whether it happens once a device, however long it runs.
    pub(crate) const fn is_once(self) -> bool {
        matches!(self, Self::Connects | Self::Subscriptions | Self::Registry)
    }
}

impl Meter {
    /// All meters.
    pub const ALL: [Self; 5] =
        [Self::Connectivity, Self::Messages, Self::Rules, Self::Actions, Self::Operations];

    /// The key in a price list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connectivity => "connectivity",
            Self::Messages => "messages",
            Self::Rules => "rules",
            Self::Actions => "actions",
            Self::Operations => "operations",
        }
    }
}

impl Service {
    /// All services.
    pub const ALL: [Self; 5] =
        [Self::Connectivity, Self::Messaging, Self::Rules, Self::Shadow, Self::Registry];

    /// The name on a bill.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connectivity => "connectivity",
            Self::Messaging => "messaging",
            Self::Rules => "rules engine",
            Self::Shadow => "device shadow",
            Self::Registry => "registry",
        }
    }
}

/// Units of each item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    units: [u64; Item::ALL.len()],
}

impl Quantities {
    /// Units of `item`.
    pub const fn of(&self, item: Item) -> u64 {
        self.units[item as usize]
    }

    /// Adds units of `item`.
    pub const fn add(&mut self, item: Item, units: u64) {
        let sum = &mut self.units[item as usize];
        *sum = sum.saturating_add(units);
    }

    /// The same with `units` of `item`.
    #[must_use]
    pub const fn with(mut self, item: Item, units: u64) -> Self {
        self.units[item as usize] = units;
        self
    }

    /// Adds a message of `bytes` (topic and payload) that `deliveries` subscribers got, of whom
    /// `acknowledging` got it with quality 1.
    ///
    /// # Source
    /// AWS IoT Core additional metering details, "MQTT message metering": PUBLISH from a device and
    /// to each subscriber by size, PUBACK from a device as one message.
    pub fn publish(&mut self, bytes: u64, step_bytes: u64, deliveries: u64, acknowledging: u64) {
        let units = super::units(bytes, step_bytes);
        self.add(Item::Published, units);
        self.add(Item::Delivered, units * deliveries);
        self.add(Item::Acknowledged, acknowledging);
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        for item in Item::ALL {
            self.add(item, other.of(item));
        }
    }

    /// Units of all items of `meter`.
    pub fn metered(&self, meter: Meter) -> u64 {
        Item::ALL
            .into_iter()
            .filter(|item| item.meter() == meter)
            .fold(0, |sum: u64, item| sum.saturating_add(self.of(item)))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.units.iter().all(|units| *units == 0)
    }

    pub(crate) fn only(&self, keep: impl Fn(Item) -> bool) -> Self {
        let mut kept = Self::default();
        for item in Item::ALL.into_iter().filter(|item| keep(*item)) {
            kept.add(item, self.of(item));
        }
        kept
    }

    pub(crate) fn scaled(&self, ratio: super::Ratio) -> Self {
        let mut scaled = Self::default();
        for item in Item::ALL {
            scaled.add(item, ratio.of(self.of(item), item.is_once()));
        }
        scaled
    }
}

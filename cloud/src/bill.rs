//! What AWS IoT Core would charge for what a core did: quantities and prices in, a bill out.
//!
//! ```text
//! Quantities (units of each item) + Prices -> Charges (lines, tiers, total)
//! Usage (quantities, period, groups, clients) -> Bill (charges, groups, what would save)
//! ```
//!
//! All arithmetic is exact, in millionths of a millionth of the currency ([`Money`]); there is no
//! floating point in a bill. Where the prices come from: `data/prices.toml`.
//!
//! What it does not do: it counts nothing and reads no files; whoever ran the core counts.
//!
//! # Source
//! AWS IoT Core pricing; AWS IoT Core additional metering details.

mod charges;
mod item;
mod json;
mod money;
mod prices;
mod savings;
mod text;

pub use charges::{Charges, Line, TierLine};
pub use item::{Item, Meter, Quantities, Service};
pub use money::{Money, Price};
pub use prices::{Allowance, BUILT_IN, PriceTier, Prices};
pub use savings::{Client, Saving, Stream};

/// How many units `bytes` are in steps of `step_bytes`: at least one.
///
/// # Source
/// AWS IoT Core pricing: "metered in 5 KB increments", "in 1 KB increments".
pub const fn units(bytes: u64, step_bytes: u64) -> u64 {
    match bytes.div_ceil(step_bytes) {
        0 => 1,
        units => units,
    }
}

/// What is to be billed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// What was used, such as the name of a scenario.
    pub subject: String,
    /// Devices that used it.
    pub devices: u64,
    /// How long, in seconds.
    pub period_s: u64,
    /// All of it.
    pub total: Quantities,
    /// The same by rule or device, in the order of the bill; empty if nobody asked.
    pub groups: Vec<(String, Quantities)>,
    /// Who published what, for what would save.
    pub clients: Vec<Client>,
    /// What is exact, what is derived, what is left out.
    pub notes: Vec<String>,
}

/// How the lines of a bill are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// One line an item.
    #[default]
    Item,
    /// A sum for each rule.
    Rule,
    /// A sum for each device or other client.
    Device,
    /// A sum for each service.
    Service,
}

/// A fleet and a time that quantities are scaled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Devices.
    pub devices: u64,
    /// Days.
    pub days: u64,
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// What was used.
    pub subject: String,
    /// Devices, after scaling.
    pub devices: u64,
    /// How long, in seconds, after scaling.
    pub period_s: u64,
    /// The scale, if it was scaled.
    pub scale: Option<Scale>,
    /// The prices' region and date.
    pub prices: Prices,
    /// The lines and the total.
    pub charges: Charges,
    /// How `groups` are made.
    pub grouping: Grouping,
    /// Name, quantities and amount of each group; their amounts add up to the total.
    pub groups: Vec<Group>,
    /// What would change the bill.
    pub savings: Vec<Saving>,
    /// What is exact, what is derived, what is left out.
    pub notes: Vec<String>,
}

/// A part of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// A rule, device, client or service.
    pub name: String,
    /// What it used.
    pub quantities: Quantities,
    /// Its share of each item's amount, by units.
    pub amount: Money,
}

/// The largest fleet that a bill is scaled to: units stay far below 2^64.
pub const SCALE_DEVICES_MAX: u64 = 1_000_000_000;

/// The longest time that a bill is scaled to, in days: ten years.
pub const SCALE_DAYS_MAX: u64 = 3_660;

impl Grouping {
    /// Reads `rule`, `device` or `service`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "rule" => Some(Self::Rule),
            "device" => Some(Self::Device),
            "service" => Some(Self::Service),
            _ => None,
        }
    }

    /// What a group of it is.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Rule => "rule",
            Self::Device => "device",
            Self::Service => "service",
        }
    }
}

impl Scale {
    /// Reads `DEVICES,DAYS`, such as `10000,30`.
    ///
    /// # Errors
    /// What is wrong, what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = format!(
            "`{text}` is no scale; expected DEVICES,DAYS, such as 10000,30, with 1 to \
             {SCALE_DEVICES_MAX} devices and 1 to {SCALE_DAYS_MAX} days"
        );
        let number = |text: &str, most: u64| {
            text.trim().parse::<u64>().ok().filter(|n| (1..=most).contains(n))
        };
        let (devices, days) = text.split_once(',').ok_or_else(|| expected.clone())?;
        match (number(devices, SCALE_DEVICES_MAX), number(days, SCALE_DAYS_MAX)) {
            (Some(devices), Some(days)) => Ok(Self { devices, days }),
            _ => Err(expected),
        }
    }
}

impl Usage {
    /// The bill at `prices`, scaled first if `scale` is given: what happens again and again grows
    /// with devices and days, what happens once a device with devices alone. Units are rounded,
    /// half up.
    pub fn bill(&self, prices: &Prices, grouping: Grouping, scale: Option<Scale>) -> Bill {
        let ratio = scale.map(|scale| Ratio {
            devices: (scale.devices, self.devices.max(1)),
            time: (scale.days * SECONDS_A_DAY, self.period_s.max(1)),
        });
        let scaled = |quantities: &Quantities| match ratio {
            Some(ratio) => quantities.scaled(ratio),
            None => *quantities,
        };
        let period_s = scale.map_or(self.period_s, |scale| scale.days * SECONDS_A_DAY);
        let total = scaled(&self.total);
        let charges = Charges::of(&total, prices, period_s);
        let groups = match grouping {
            Grouping::Item => Vec::new(),
            Grouping::Service => charges.share(&by_service(&total)),
            Grouping::Rule | Grouping::Device => {
                let groups = self.groups.iter();
                let groups = groups.map(|(name, used)| (name.clone(), scaled(used)));
                charges.share(&groups.collect::<Vec<_>>())
            }
        };
        let mut notes = self.notes.clone();
        if scale.is_some() {
            notes.push(format!(
                "scaled in proportion from {} devices and {}: a fleet of another size is assumed \
                 to behave like this one; tiers are applied after scaling",
                text::grouped(self.devices),
                text::duration(self.period_s)
            ));
        }
        Bill {
            subject: self.subject.clone(),
            devices: scale.map_or(self.devices, |scale| scale.devices),
            period_s,
            scale,
            savings: savings::of(self, ratio, period_s, &charges, prices),
            prices: prices.clone(),
            charges,
            grouping,
            groups,
            notes,
        }
    }
}

impl Bill {
    /// The bill as aligned text.
    pub fn to_text(&self) -> String {
        text::render(self)
    }

    /// The bill as one JSON object with `schema_version`; amounts are texts, since they are exact.
    pub fn to_json(&self) -> serde_json::Value {
        json::render(self)
    }
}

/// How much more there is of what grows with devices, and of what grows with time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    devices: (u64, u64),
    time: (u64, u64),
}

impl Ratio {
    /// `units` times as many devices, and times as much time unless it is `once` a device.
    pub(crate) fn of(self, units: u64, once: bool) -> u64 {
        let (devices, of_devices) = self.devices;
        let (time, of_time) = if once { (1, 1) } else { self.time };
        let numerator = u128::from(units) * u128::from(devices) * u128::from(time);
        let denominator = u128::from(of_devices) * u128::from(of_time);
        let rounded = (numerator + denominator / 2) / denominator;
        // Beyond 2^64 units a bill means nothing; the bounds of a scale keep far below.
        u64::try_from(rounded).unwrap_or(u64::MAX)
    }
}

fn by_service(total: &Quantities) -> Vec<(String, Quantities)> {
    Service::ALL
        .into_iter()
        .map(|service| (service.name().to_owned(), total.only(|item| item.service() == service)))
        .filter(|(_, quantities)| !quantities.is_empty())
        .collect()
}

const SECONDS_A_DAY: u64 = 86_400;

//! Where a message goes: the rules that hear its topic and the sessions that subscribed to it.
//!
//! Two tries hold all filters. A device publishes on one topic for life, so its answer is worked
//! out once and kept: routes that are equal are held once, a device holds a number. A change of
//! subscriptions forgets only what it can affect: one topic for an exact filter, everything (by a
//! new generation) for a wildcard.

use crate::dictionary::Dictionary;
use crate::shadow::{Channel, parse_shadow, response_topic};
use crate::topic_trie::TopicTrie;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;
use fieldmirror_core::topic::TopicFilter;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A subscribed session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subscriber {
    /// Principal id.
    pub(crate) client: u32,
    /// Quality of service granted.
    pub(crate) qos: u8,
}

/// What a topic's messages reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    /// Rule numbers, ascending.
    pub(crate) rules: Vec<u16>,
    /// One entry a client, ascending, with the best quality of its filters that match.
    pub(crate) subscribers: Vec<Subscriber>,
}

/// What a device's messages reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeviceRoute {
    /// Number of the route; routes of different classes have different numbers.
    pub(crate) route: u32,
    /// Which [`Channel`]s of its shadow somebody listens to, one bit each.
    pub(crate) listeners: u8,
    /// The generation that it was worked out in.
    generation: u32,
}

/// No generation: to be worked out.
const STALE: u32 = 0;

/// All filters and the device routes worked out from them.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    register: Arc<Register>,
    rules: TopicTrie<u16>,
    subscribers: TopicTrie<Subscriber>,
    /// Filters that begin with `$`; without one nobody listens to any shadow.
    reserved_filters: usize,
    table: Vec<Route>,
    index: BTreeMap<(Option<DeviceClass>, Route), u32>,
    /// By [`DeviceIx`].
    devices: Vec<DeviceRoute>,
    generation: u32,
}

impl Routes {
    pub(crate) fn new(register: Arc<Register>) -> Self {
        let stale = DeviceRoute { route: 0, listeners: 0, generation: STALE };
        Self {
            devices: vec![stale; register.assets.len()],
            register,
            rules: TopicTrie::default(),
            subscribers: TopicTrie::default(),
            reserved_filters: 0,
            table: Vec::new(),
            index: BTreeMap::new(),
            generation: STALE + 1,
        }
    }

    /// Adds a rule's FROM; rules do not change once messages flow.
    pub(crate) fn add_rule(&mut self, filter: &TopicFilter, rule: u16) {
        self.rules.insert(filter, rule);
        self.reserved_filters += usize::from(is_reserved(filter));
        self.forget_all();
    }

    /// Adds a subscription.
    pub(crate) fn add(
        &mut self,
        filter: &TopicFilter,
        subscriber: Subscriber,
        topics: &Dictionary,
        principals: &Dictionary,
    ) {
        if self.subscribers.insert(filter, subscriber) {
            self.reserved_filters += usize::from(is_reserved(filter));
            self.forget(filter, topics, principals);
        }
    }

    /// Takes a subscription away.
    pub(crate) fn remove(
        &mut self,
        filter: &TopicFilter,
        subscriber: Subscriber,
        topics: &Dictionary,
        principals: &Dictionary,
    ) {
        if self.subscribers.remove(filter, subscriber) {
            self.reserved_filters -= usize::from(is_reserved(filter));
            self.forget(filter, topics, principals);
        }
    }

    /// What messages on any `topic` reach, from the tries.
    pub(crate) fn resolve(&self, topic: &str) -> Route {
        let mut route = Route::default();
        self.rules.matches(topic, &mut route.rules);
        self.subscribers.matches(topic, &mut route.subscribers);
        // Ascending by client, then quality: the last of a client's entries is its best.
        route.subscribers.dedup_by(|next, kept| {
            let same = next.client == kept.client;
            if same {
                kept.qos = next.qos;
            }
            same
        });
        route
    }

    /// What the messages of `device` on its own data topic reach.
    pub(crate) fn device(&mut self, device: DeviceIx, topics: &Dictionary) -> DeviceRoute {
        let known = self.devices[device.index()];
        if known.generation == self.generation {
            return known;
        }
        let class = self.register.class(device);
        let route = match class {
            Some(_) => self.resolve(topics.text(device.raw())),
            None => Route::default(),
        };
        let next = self.table.len() as u32;
        let number = *self.index.entry((class, route)).or_insert_with_key(|(_, route)| {
            self.table.push(route.clone());
            next
        });
        let worked_out = DeviceRoute {
            route: number,
            listeners: self.resolve_listeners(self.register.names.name(device)),
            generation: self.generation,
        };
        self.devices[device.index()] = worked_out;
        worked_out
    }

    /// The route with this number.
    pub(crate) fn route(&self, number: u32) -> &Route {
        &self.table[number as usize]
    }

    /// How many routes there are: a bound of their numbers.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether anybody listens to any topic that begins with `$`.
    pub(crate) const fn hear_reserved(&self) -> bool {
        self.reserved_filters > 0
    }

    /// Whether anybody listens to `topic`, from the tries.
    pub(crate) fn hear(&self, topic: &str) -> bool {
        let (mut rules, mut subscribers) = (Vec::new(), Vec::new());
        self.rules.matches(topic, &mut rules);
        self.subscribers.matches(topic, &mut subscribers);
        !rules.is_empty() || !subscribers.is_empty()
    }

    /// Which channels of the shadow of `thing` somebody listens to, from the tries.
    pub(crate) fn resolve_listeners(&self, thing: &str) -> u8 {
        if self.reserved_filters == 0 {
            return 0;
        }
        let (mut topic, mut rules, mut subscribers) = (String::new(), Vec::new(), Vec::new());
        let mut listeners = 0;
        for channel in Channel::ALL {
            response_topic(thing, channel, &mut topic);
            self.rules.matches(&topic, &mut rules);
            self.subscribers.matches(&topic, &mut subscribers);
            if !rules.is_empty() || !subscribers.is_empty() {
                listeners |= channel.bit();
                rules.clear();
                subscribers.clear();
            }
        }
        listeners
    }

    fn forget(&mut self, filter: &TopicFilter, topics: &Dictionary, principals: &Dictionary) {
        if filter.levels().any(|level| matches!(level, "+" | "#")) {
            self.forget_all();
            return;
        }
        let data_topic = topics.find(filter.as_str());
        let shadow = parse_shadow(filter.as_str()).and_then(|(thing, _)| principals.find(thing));
        for id in [data_topic, shadow].into_iter().flatten() {
            // Topics and principals beyond the devices have no kept route.
            if let Some(device) = self.devices.get_mut(id as usize) {
                device.generation = STALE;
            }
        }
    }

    fn forget_all(&mut self) {
        self.table.clear();
        self.index.clear();
        self.generation = match self.generation.checked_add(1) {
            Some(next) => next,
            None => {
                self.devices.iter_mut().for_each(|device| device.generation = STALE);
                STALE + 1
            }
        };
    }
}

fn is_reserved(filter: &TopicFilter) -> bool {
    filter.as_str().starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm;

    struct Fixture {
        routes: Routes,
        topics: Dictionary,
        principals: Dictionary,
        reporting: usize,
    }

    fn fixture() -> Fixture {
        let register = Arc::new(farm::register(2, 2, 3));
        let (mut topics, mut principals) = (Dictionary::default(), Dictionary::default());
        for name in register.names.iter() {
            principals.intern(name);
        }
        for (device, _) in register.iter() {
            if let Some(topic) = register.topic(device) {
                topics.intern(&topic);
            }
        }
        let reporting = register.reporting;
        Fixture { routes: Routes::new(register), topics, principals, reporting }
    }

    impl Fixture {
        fn subscribe(&mut self, filter: &str, client: u32, qos: u8) {
            let filter = TopicFilter::parse(filter).expect("valid");
            let subscriber = Subscriber { client, qos };
            self.routes.add(&filter, subscriber, &self.topics, &self.principals);
        }

        fn unsubscribe(&mut self, filter: &str, client: u32, qos: u8) {
            let filter = TopicFilter::parse(filter).expect("valid");
            let subscriber = Subscriber { client, qos };
            self.routes.remove(&filter, subscriber, &self.topics, &self.principals);
        }

        /// Every kept route must be what the tries say now.
        fn check(&mut self) {
            for device in (0..self.reporting as u32).map(DeviceIx::new) {
                let kept = self.routes.device(device, &self.topics);
                let expected = self.routes.resolve(self.topics.text(device.raw()));
                assert_eq!(*self.routes.route(kept.route), expected);
                let name = self.principals.text(device.raw());
                assert_eq!(kept.listeners, self.routes.resolve_listeners(name), "{name}");
            }
        }
    }

    #[test]
    fn kept_routes_follow_every_change_of_subscriptions() {
        let mut fixture = fixture();
        let rule = TopicFilter::parse("+/sensor/+/data").expect("valid");
        fixture.routes.add_rule(&rule, 0);
        fixture.check();
        let filters = [
            "farmA/sensor/101/data",
            "farmA/#",
            "farmB/weather/1/data",
            "$aws/things/farmA-101/shadow/update/accepted",
            "$aws/things/+/shadow/update/delta",
            "elsewhere",
        ];
        for filter in filters {
            fixture.subscribe(filter, 3, 0);
            fixture.check();
            fixture.subscribe(filter, 7, 1);
            fixture.check();
        }
        for filter in filters {
            fixture.unsubscribe(filter, 3, 0);
            fixture.check();
        }
    }

    #[test]
    fn equal_routes_are_held_once_a_class() {
        let mut fixture = fixture();
        fixture.check();
        assert_eq!(fixture.routes.len(), 4, "one a class");
        fixture.subscribe("farmA/#", 1, 1);
        fixture.check();
        assert_eq!(fixture.routes.len(), 8, "one a class and farm");
    }

    #[test]
    fn a_client_with_overlapping_filters_gets_one_copy_of_the_best_quality() {
        let mut fixture = fixture();
        fixture.subscribe("a/+", 5, 1);
        fixture.subscribe("a/#", 5, 0);
        fixture.subscribe("a/b", 2, 0);
        let subscribers = fixture.routes.resolve("a/b").subscribers;
        let (two, five) = (Subscriber { client: 2, qos: 0 }, Subscriber { client: 5, qos: 1 });
        assert_eq!(subscribers, [two, five]);
    }
}

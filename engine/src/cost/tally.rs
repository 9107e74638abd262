//! Adding up what a run used: in total, by rule or by device, and by who published what.

use crate::clients::{self, Connected};
use crate::recorded::{Recorded, basic_ingest};
use fieldmirror_cloud::bill::{Client, Grouping, Item, Prices, Quantities, Stream, Usage, units};
use fieldmirror_cloud::outputs::ActionKind;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::topic_trie::TopicTrie;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::topic::TopicFilter;
use fieldmirror_rules::context::{Context, External};
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::value::Value;
use fieldmirror_tables::dictionary::{Dictionary, Key};
use std::cell::Cell;
use std::collections::BTreeMap;

/// A row of `messages`, with keys of the reader's dictionaries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) time: i64,
    pub(super) topic: i32,
    pub(super) principal: i32,
    pub(super) payload: &'a str,
    pub(super) source: &'a str,
}

/// What has been counted so far.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    recorded: &'a Recorded,
    message_step: u64,
    operation_step: u64,
    by: Grouping,
    total: Quantities,
    /// By rule number, and what no rule used last.
    by_rule: Vec<Quantities>,
    /// By place in `parties`.
    by_party: Vec<Quantities>,
    /// Devices first, then whoever else published or was delivered to.
    parties: Vec<Party>,
    places: BTreeMap<String, u32>,
    /// Places of subscribed clients, by filter.
    subscribers: TopicTrie<u32>,
    /// By topic key.
    topics: Vec<TopicFacts>,
    /// Place in `parties`, by principal key.
    principals: Vec<u32>,
    /// Quality of a rule's republishes, by rule name.
    republish_qos: BTreeMap<String, u64>,
    /// Whether the statement may call a service, by rule number.
    calls: Vec<bool>,
    unpaired_actions: u64,
    shadow_requests: u64,
    devices: u64,
    period_s: u64,
}

/// A device, client, function or rule.
#[derive(Clone, Debug, Default)]
struct Party {
    name: String,
    client: Client,
    is_device: bool,
    is_client: bool,
    filters: Vec<String>,
}

/// What is the same for all messages on a topic.
#[derive(Clone, Debug, Default)]
struct TopicFacts {
    bytes: u64,
    rules: Vec<u16>,
    subscribers: Vec<u32>,
    reserved: bool,
    basic_ingest: bool,
    /// `get` or `delete` of a shadow.
    shadow_request: bool,
    /// (party, place in its streams), usually one.
    streams: Vec<(u32, u32)>,
}

/// SQL functions that are billed as actions.
///
/// # Source
/// AWS IoT Core pricing, "Rules engine": actions and external functions.
const BILLED_FUNCTIONS: [&str; 4] =
    ["aws_lambda", "get_thing_shadow", "get_dynamodb", "get_registry_data"];

impl<'a> Tally<'a> {
    pub(super) fn new(recorded: &'a Recorded, prices: &Prices, by: Grouping) -> Self {
        let scenario = &recorded.scenario;
        let rules = &recorded.rules;
        let period_s = (scenario.end() - scenario.start()).nanos() as u64 / 1_000_000_000;
        let mut tally = Self {
            recorded,
            message_step: prices.message_step_bytes,
            operation_step: prices.operation_step_bytes,
            by,
            total: Quantities::default(),
            by_rule: vec![Quantities::default(); rules.len() + 1],
            by_party: Vec::new(),
            parties: Vec::new(),
            places: BTreeMap::new(),
            subscribers: TopicTrie::default(),
            topics: Vec::new(),
            principals: Vec::new(),
            republish_qos: rules.iter().map(|r| (r.name.clone(), republish_qos(&r.spec))).collect(),
            calls: rules.iter().map(|rule| may_call(&rule.spec.sql)).collect(),
            unpaired_actions: 0,
            shadow_requests: 0,
            devices: scenario.devices() as u64,
            period_s,
        };
        tally.meet_devices();
        tally
    }

    /// Devices that report, and what clients subscribe to.
    fn meet_devices(&mut self) {
        for register in &self.recorded.scenario.registers {
            for device in (0..register.reporting).map(|i| DeviceIx::new(i as u32)) {
                let place = self.place(register.names.name(device));
                let party = &mut self.parties[place as usize];
                (party.is_device, party.is_client) = (true, true);
                let class = register.class(device);
                party.client.shared =
                    matches!(class, Some(DeviceClass::SoilProbe | DeviceClass::WeatherStation));
            }
            for Connected { client, filter, .. } in clients::connected(register) {
                let Some(filter) = filter else { continue };
                let place = self.place(&client);
                if let Ok(parsed) = TopicFilter::parse(&filter) {
                    self.subscribers.insert(&parsed, place);
                }
                let party = &mut self.parties[place as usize];
                party.client.listens = true;
                party.filters.push(filter);
            }
        }
    }

    fn place(&mut self, name: &str) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.parties.len() as u32;
        self.places.insert(name.to_owned(), place);
        self.parties.push(Party { name: name.to_owned(), ..Party::default() });
        self.by_party.push(Quantities::default());
        place
    }

    /// Adds what a party used and no rule did.
    fn add(&mut self, party: Option<u32>, rule: Option<u16>, item: Item, units: u64) {
        self.total.add(item, units);
        let rule = rule.map_or(self.recorded.rules.len(), usize::from);
        self.by_rule[rule].add(item, units);
        let party = party.unwrap_or_else(|| self.place(UNATTRIBUTED));
        self.by_party[party as usize].add(item, units);
    }

    pub(super) fn message(&mut self, row: &Row<'_>, topics: &Dictionary, words: &Dictionary) {
        self.learn(topics, words);
        let topic = row.topic as usize;
        let party = match row.principal {
            Key::ABSENT => self.place(UNATTRIBUTED),
            key => self.principals[key as usize],
        };
        let facts = &self.topics[topic];
        let (step, bytes) = (self.message_step, facts.bytes + row.payload.len() as u64);
        let message_units = units(bytes, step);
        let from_client = matches!(row.source, "device" | "app");
        self.parties[party as usize].is_client |= from_client;
        // Answers of the shadow service are no publishes of anybody: only their deliveries count.
        let published = !facts.basic_ingest && row.source != "shadow";
        if facts.shadow_request && published {
            self.shadow_requests += 1;
            self.add(Some(party), None, Item::Shadows, 1);
        }
        if published {
            self.add(Some(party), None, Item::Published, message_units);
        }
        self.deliveries(row, party, topic, message_units);
        for i in 0..self.topics[topic].rules.len() {
            let number = self.topics[topic].rules[i];
            self.add(Some(party), Some(number), Item::Triggered, message_units);
            if self.calls[usize::from(number)] {
                let calls = self.count_calls(number, row, topics, words);
                self.add(Some(party), Some(number), Item::Calls, calls);
            }
        }
        if from_client {
            self.stream(party, topic, row.payload.len() as u64, message_units);
        }
    }

    /// One copy for each subscriber; a PUBACK for each of quality 1.
    fn deliveries(&mut self, row: &Row<'_>, party: u32, topic: usize, message_units: u64) {
        let published_qos = match row.source {
            "rule" => self.republish_qos.get(&self.parties[party as usize].name).copied(),
            _ => Some(1),
        };
        let qos = u64::from(clients::SUBSCRIBED_QOS).min(published_qos.unwrap_or(1));
        for i in 0..self.topics[topic].subscribers.len() {
            let subscriber = self.topics[topic].subscribers[i];
            self.add(Some(subscriber), None, Item::Delivered, message_units);
            self.add(Some(subscriber), None, Item::Acknowledged, qos);
        }
    }

    fn stream(&mut self, party: u32, topic: usize, payload_bytes: u64, units: u64) {
        let facts = &mut self.topics[topic];
        let known = facts.streams.iter().find(|(publisher, _)| *publisher == party);
        let streams = &mut self.parties[party as usize].client.streams;
        let place = match known {
            Some((_, place)) => *place,
            None => {
                let place = streams.len() as u32;
                facts.streams.push((party, place));
                streams.push(Stream {
                    topic_bytes: facts.bytes,
                    rules: facts.rules.len() as u64,
                    plain: facts.subscribers.is_empty() && !facts.reserved,
                    ..Stream::default()
                });
                place
            }
        };
        let stream = &mut streams[place as usize];
        stream.messages += 1;
        stream.payload_bytes += payload_bytes;
        stream.units += units;
    }

    /// Works out what is new in the reader's dictionaries.
    fn learn(&mut self, topics: &Dictionary, principals: &Dictionary) {
        while self.topics.len() < topics.len() {
            let key = Key::new(self.topics.len() as u32);
            let topic = topics.word(key).unwrap_or_default();
            let mut subscribers = Vec::new();
            self.subscribers.matches(topic, &mut subscribers);
            self.topics.push(TopicFacts {
                bytes: topic.len() as u64,
                rules: self.recorded.heard(topic).0,
                subscribers,
                reserved: topic.starts_with('$'),
                basic_ingest: basic_ingest(topic).is_some(),
                shadow_request: topic.starts_with("$aws/things/")
                    && (topic.ends_with("/shadow/get") || topic.ends_with("/shadow/delete")),
                streams: Vec::new(),
            });
        }
        while self.principals.len() < principals.len() {
            let key = Key::new(self.principals.len() as u32);
            let name = principals.word(key).unwrap_or_default().to_owned();
            let place = self.place(&name);
            self.principals.push(place);
        }
    }

    /// How many services the statement calls for this message, if each answers Undefined.
    fn count_calls(
        &self,
        number: u16,
        row: &Row<'_>,
        topics: &Dictionary,
        words: &Dictionary,
    ) -> u64 {
        let topic = topics.word(Key::new(row.topic as u32)).unwrap_or_default();
        let topic = basic_ingest(topic).map_or(topic, |(_, rest)| rest);
        let client = (row.principal != Key::ABSENT && matches!(row.source, "device" | "app"))
            .then(|| words.word(Key::new(row.principal as u32)))
            .flatten();
        let counter = Counter::default();
        let context = Context {
            client_id: client,
            principal: client,
            functions: Some(&counter),
            ..Context::new(topic, Timestamp::from_nanos(row.time))
        };
        let rule = &self.recorded.rules[usize::from(number)].rule;
        // A rule that fails has called what it called.
        let _ = rule.evaluate_bytes(row.payload.as_bytes(), &context);
        counter.calls.get()
    }

    /// Adds an action of a match, and whose message it was.
    pub(super) fn action(&mut self, rule: u16, units: u64, principal: Option<&str>) {
        if principal.is_none() {
            self.unpaired_actions += 1;
        }
        let party = principal.map(|name| self.place(name));
        self.add(party, Some(rule), Item::Actions, units);
    }

    /// Adds what belongs to one thing.
    pub(super) fn own(&mut self, name: &str, item: Item, units: u64) {
        let party = self.place(name);
        self.add(Some(party), None, item, units);
    }

    /// Connections come last: by now it is known who published.
    pub(super) fn finish(mut self) -> Usage {
        let minutes = self.period_s.div_ceil(60);
        for place in 0..self.parties.len() {
            if !self.parties[place].is_client {
                continue;
            }
            let party = Some(place as u32);
            self.add(party, None, Item::Connection, minutes);
            self.add(party, None, Item::Connects, 1);
            for i in 0..self.parties[place].filters.len() {
                let bytes = self.parties[place].filters[i].len() as u64;
                self.add(party, None, Item::Subscriptions, units(bytes, self.message_step));
            }
            let client = &mut self.parties[place].client;
            (client.minutes, client.connects) = (minutes, 1);
        }
        let notes = self.notes();
        let groups = self.groups();
        Usage {
            subject: self.recorded.scenario.text.name.clone(),
            devices: self.devices,
            period_s: self.period_s,
            total: self.total,
            groups,
            clients: self.parties.into_iter().filter(|p| p.is_client).map(|p| p.client).collect(),
            notes,
        }
    }

    fn groups(&self) -> Vec<(String, Quantities)> {
        let named = |names: Vec<String>, quantities: &[Quantities]| {
            let groups = names.into_iter().zip(quantities.iter().copied());
            groups.filter(|(_, quantities)| !quantities.is_empty()).collect()
        };
        match self.by {
            Grouping::Item | Grouping::Service => Vec::new(),
            Grouping::Rule => {
                let mut names: Vec<String> =
                    self.recorded.rules.iter().map(|rule| rule.name.clone()).collect();
                names.push(NO_RULE.to_owned());
                named(names, &self.by_rule)
            }
            Grouping::Device => {
                let names = self.parties.iter().map(|party| party.name.clone()).collect();
                named(names, &self.by_party)
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        let clients = self.parties.iter().filter(|party| party.is_client);
        let others = clients.filter(|party| !party.is_device).count();
        let mut notes = vec![
            "exact, from the tables: publishes, rules evaluated, actions and shadow updates with \
             their sizes"
                .to_owned(),
            format!(
                "derived: each of the {} devices{} is a client that connects once and stays \
                 connected for the whole run",
                self.devices,
                match others {
                    0 => String::new(),
                    1 => " and one other client that published".to_owned(),
                    _ => format!(" and {others} other clients that published"),
                }
            ),
            "derived: deliveries and their PUBACKs, from who subscribes to what".to_owned(),
            format!(
                "a shadow update counts once for each begun {} bytes of the state that it leaves, \
                 without metadata",
                self.operation_step
            ),
            "a rule counts for each message that its FROM matches, whether or not WHERE was true; \
             a republished message counts as an action and as a publish"
                .to_owned(),
            "left out: registering things and certificates, what functions, tables and other \
             targets of actions cost, data transfer, tax"
                .to_owned(),
        ];
        if self.shadow_requests > 0 {
            notes.push(format!(
                "derived: {} get and delete requests of shadows count once each",
                self.shadow_requests
            ));
        }
        if self.calls.contains(&true) {
            notes.push(
                "derived: calls of services in statements, counted by running the statement over \
                 each message with services that answer Undefined"
                    .to_owned(),
            );
        }
        if self.unpaired_actions > 0 {
            notes.push(format!(
                "{} actions could not be told whose message they belong to",
                self.unpaired_actions
            ));
        }
        notes
    }
}

const UNATTRIBUTED: &str = "(nobody)";
const NO_RULE: &str = "(no rule)";

/// The best quality that a rule republishes with; 1 if it does not.
fn republish_qos(spec: &RuleSpec) -> u64 {
    let actions = spec.actions.iter().chain(&spec.error_action);
    let republished = actions.filter(|action| action.kind == ActionKind::Republish);
    let qualities = republished.map(|action| {
        action.fields.get("qos").and_then(serde_json::Value::as_u64).unwrap_or_default()
    });
    qualities.max().unwrap_or(1)
}

fn may_call(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    BILLED_FUNCTIONS.iter().any(|name| sql.contains(name))
}

/// Counts calls and answers Undefined.
#[derive(Debug, Default)]
struct Counter {
    calls: Cell<u64>,
}

impl Counter {
    fn count(&self) -> Result<Value, RulesError> {
        self.calls.set(self.calls.get() + 1);
        Ok(Value::Undefined)
    }
}

impl External for Counter {
    fn invoke(&self, _: &str, _: &Value) -> Result<Value, RulesError> {
        self.count()
    }

    fn thing_shadow(&self, _: &str, _: Option<&str>) -> Result<Value, RulesError> {
        self.count()
    }

    fn table_item(&self, _: &str, _: &[(&str, &Value)]) -> Result<Value, RulesError> {
        self.count()
    }

    fn registry_data(&self, _: &str, _: &str) -> Result<Value, RulesError> {
        self.count()
    }

    fn secret(&self, _: &str, _: &str) -> Result<String, RulesError> {
        Ok(String::new())
    }
}

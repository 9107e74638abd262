//! The core itself: inputs in, rows and deliveries out, time as an argument.
//!
//! The general path takes any input one at a time: [`IotCore::handle`] checks it and puts accepted
//! messages into a queue, which is worked off until it is empty, since rules, functions and
//! shadows publish too. The typed path ([`IotCore::ingest`]) does the same for whole batches of
//! device readings without reading or hashing a string.

mod authorize;
mod clients;
mod failures;
mod ingest;
mod lifecycle;
mod publish;
mod rule_actions;
mod sending;
mod shadow_service;
mod surroundings;

use crate::actions::{LoadedRule, Loader};
use crate::dictionary::Dictionary;
use crate::error::CloudError;
use crate::functions::Function;
use crate::identity::Identity;
use crate::metrics::RuleMetrics;
use crate::outputs::{ByteRange, Outputs, Source};
use crate::registry::Registry;
use crate::retained::RetainedMessages;
use crate::routes::Routes;
use crate::session::Sessions;
use crate::shadow::{Response, Shadows};
use crate::spec::Spec;
use crate::table::Table;
use authorize::Authority;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Properties;
use ingest::Scratch;
use lifecycle::Presence;
use std::collections::VecDeque;
use std::sync::Arc;
use surroundings::RuleWorld;

/// Most topics of one core beside the devices' own; a publish on one more is refused. Source: ours;
/// the dictionary of topics is held in memory for the tables.
pub const OTHER_TOPICS_MAX: usize = 1_000_000;

/// Most clients of one core beside the things. Source: AWS IoT Core endpoints and quotas, "Maximum
/// concurrent client connections per account".
pub const OTHER_CLIENTS_MAX: usize = 500_000;

/// One thing that a client asks of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A client connects; a session of the same client id that is still open is taken over.
    Connect {
        /// The client id; a thing's name makes it that thing.
        client: &'a str,
        /// The id of the certificate that it shows, if it shows one.
        certificate: Option<&'a str>,
        /// Whether to forget the session that was kept, and to keep none afterwards.
        clean: bool,
    },
    /// A client's connection ends.
    Disconnect {
        /// The client id.
        client: &'a str,
    },
    /// A client subscribes; the same filter again replaces the quality of service.
    Subscribe {
        /// The client id.
        client: &'a str,
        /// The topic filter.
        filter: &'a str,
        /// Quality of service: 0 or 1.
        qos: u8,
    },
    /// A client unsubscribes.
    Unsubscribe {
        /// The client id.
        client: &'a str,
        /// The topic filter.
        filter: &'a str,
    },
    /// A connected client publishes.
    Publish {
        /// The client id.
        client: &'a str,
        /// The topic.
        topic: &'a str,
        /// The payload.
        payload: &'a [u8],
        /// Quality of service: 0 or 1.
        qos: u8,
        /// Whether the message is retained for later subscribers.
        retain: bool,
        /// The MQTT 5 properties that it carries.
        properties: Option<&'a Properties>,
    },
}

/// A local IoT Core for one shard of farms.
#[derive(Debug)]
pub struct IotCore {
    register: Arc<Register>,
    /// How many things there are: assets and those beside them. The first principals are theirs.
    things: usize,
    topics: Dictionary,
    principals: Dictionary,
    targets: Dictionary,
    rules: Vec<LoadedRule>,
    functions: Vec<Function>,
    tables: Vec<Table>,
    registry: Registry,
    shadows: Shadows,
    sessions: Sessions,
    presence: Presence,
    retained: RetainedMessages,
    routes: Routes,
    /// Which classes are mirrored into shadows.
    mirrored: [bool; DeviceClass::ALL.len()],
    /// `<region>:<account>` of ARNs.
    arn_scope: String,
    /// What rules reach and draw from beside what the core holds.
    world: RuleWorld,
    /// Accepted messages that have not been routed.
    queue: VecDeque<Incoming>,
    /// How many messages were accepted, for trace ids.
    accepted: u64,
    scratch: Scratch,
    /// MQTT 5 properties of the messages in the queue.
    properties: Vec<Properties>,
    authority: Authority,
}

/// An accepted message on its way through the core.
#[derive(Clone, Copy, Debug)]
struct Incoming {
    time: Timestamp,
    topic: u32,
    principal: u32,
    payload: ByteRange,
    source: Source,
    qos: u8,
    /// How often rules and functions have passed on what it came from.
    hops: u8,
    /// Where in `properties` its MQTT 5 properties stand, if it has any.
    properties: Option<u32>,
}

impl IotCore {
    /// A core with all things registered and all rules compiled.
    ///
    /// # Errors
    /// [`CloudError`] for the first thing, function or table that is wrong, and for all rules.
    pub fn new(spec: Spec) -> Result<Self, CloudError> {
        let register = Arc::clone(&spec.register);
        let (mut topics, mut principals) = (Dictionary::default(), Dictionary::default());
        for (device, _) in register.iter() {
            intern_new(&mut principals, register.names.name(device), "things")?;
        }
        for thing in &spec.things {
            intern_new(&mut principals, &thing.name, "things")?;
        }
        let things = principals.len();
        for device in (0..register.reporting).map(|i| DeviceIx::new(i as u32)) {
            if let Some(topic) = register.topic(device) {
                intern_new(&mut topics, &topic, "data topics")?;
            }
        }
        let mut function_names = Dictionary::default();
        let mut functions = Vec::new();
        for function in &spec.functions {
            intern_new(&mut function_names, &function.name, "functions")?;
            let principal = principals.intern(&function.name);
            let intern = |topic: &str| topics.intern(topic);
            functions.push(Function::new(function, principal, &register, intern)?);
        }
        let mut table_names = Dictionary::default();
        let mut tables = Vec::new();
        for table in &spec.tables {
            intern_new(&mut table_names, &table.name, "tables")?;
            tables.push(Table::declared(table));
        }
        let function_names: Vec<String> = function_names.iter().map(str::to_owned).collect();
        let (mut rule_names, mut targets) = (Dictionary::default(), Dictionary::default());
        let mut loader = Loader {
            functions: &function_names,
            undeclared: spec.undeclared_functions,
            tables: &mut tables,
            targets: &mut targets,
            principals: &mut principals,
        };
        let mut routes = Routes::new(Arc::clone(&register));
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for (name, rule) in &spec.rules {
            let number = u16::try_from(rules.len()).map_err(|_| CloudError::Parameter {
                what: "the number of rules".to_owned(),
                found: spec.rules.len().to_string(),
                expected: format!("at most {}", u32::from(u16::MAX) + 1),
            })?;
            intern_new(&mut rule_names, name, "rules")?;
            let loaded = match loader.load(name, rule) {
                Ok(loaded) => loaded,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            // A rule without FROM is reached by Basic Ingest alone.
            if let Some(filter) = loaded.rule.filter()
                && !loaded.disabled
            {
                routes.add_rule(filter, number);
            }
            rules.push(loaded);
        }
        if !problems.is_empty() {
            return Err(CloudError::of(problems));
        }
        let identity = match &spec.identity {
            Some(identity) => Some(Identity::new(identity, &spec.region, &spec.account)?),
            None => None,
        };
        Ok(Self {
            world: RuleWorld::new(&spec),
            mirrored: DeviceClass::ALL.map(|class| spec.mirror.contains(&class)),
            registry: Registry::new(Arc::clone(&register), &spec.things)?,
            shadows: Shadows::new(Arc::clone(&register), spec.things.len()),
            sessions: Sessions::new(spec.session_expiry),
            presence: Presence::default(),
            retained: RetainedMessages::default(),
            arn_scope: format!("{}:{}", spec.region, spec.account),
            queue: VecDeque::new(),
            accepted: 0,
            scratch: Scratch::default(),
            properties: Vec::new(),
            authority: Authority::new(identity, register.reporting),
            register,
            things,
            topics,
            principals,
            targets,
            rules,
            functions,
            tables,
            routes,
        })
    }

    /// Takes one input at `now`.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>, out: &mut Outputs) {
        match input {
            Input::Connect { client, certificate, clean } => {
                self.connect(now, client, certificate, clean, out);
            }
            Input::Disconnect { client } => self.disconnect(now, client, out),
            Input::Subscribe { client, filter, qos } => {
                self.subscribe(now, client, filter, qos, out);
            }
            Input::Unsubscribe { client, filter } => self.unsubscribe(now, client, filter, out),
            Input::Publish { client, topic, payload, qos, retain, properties } => {
                let publish = publish::Publish { client, topic, payload, qos, retain, properties };
                self.publish(now, &publish, out);
            }
        }
        self.work_off(out);
    }

    /// When [`Self::on_deadline`] next has something to do.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.sessions.next_expiry()
    }

    /// Does what is due at `now`: forgets persistent sessions whose time ran out.
    pub fn on_deadline(&mut self, now: Timestamp, out: &mut Outputs) {
        while let Some((client, subscriptions)) = self.sessions.expire(now) {
            self.remove_subscriptions(client, &subscriptions);
            out.counters.sessions_expired += 1;
        }
    }

    /// What `get/accepted` of the thing's classic shadow would answer at `now`.
    pub fn shadow_document(&self, thing: DeviceIx, now: Timestamp) -> Option<Vec<u8>> {
        let document = self.shadows.document(thing)?;
        let mut text = Vec::new();
        Response::GetAccepted(&document).write(now, None, &mut text);
        Some(text)
    }

    /// Changes a thing's attributes as `UpdateThing` does: `merge` keeps those that are not named,
    /// and then an empty value deletes one; otherwise they are all replaced.
    ///
    /// # Errors
    /// [`CloudError::Registry`] if a name or value breaks the service's grammar, or there would be
    /// too many.
    pub fn update_thing(
        &mut self,
        thing: DeviceIx,
        attributes: &[(&str, &str)],
        merge: bool,
    ) -> Result<(), CloudError> {
        let (principals, things) = (&self.principals, self.things);
        self.registry.update(thing, attributes, merge, |name| find_thing(principals, things, name))
    }

    /// The things.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The thing called `name`.
    pub fn thing(&self, name: &str) -> Option<DeviceIx> {
        find_thing(&self.principals, self.things, name)
    }

    /// Whether the client has an open connection.
    pub fn is_connected(&self, client: &str) -> bool {
        self.principals.find(client).is_some_and(|id| self.sessions.is_connected(id))
    }

    /// The ARN of a thing.
    pub fn thing_arn(&self, thing: DeviceIx) -> String {
        format!("arn:aws:iot:{}:thing/{}", self.arn_scope, self.principals.text(thing.raw()))
    }

    /// Lets a declared table hold a JSON item from the start.
    ///
    /// # Errors
    /// [`CloudError::Parameter`] if there is no such table, or it does not take the item.
    pub fn hold_item(&mut self, table: &str, item: &[u8]) -> Result<(), CloudError> {
        let wrong = |found: String, expected: &str| CloudError::Parameter {
            what: format!("an item of table `{table}`"),
            found,
            expected: expected.to_owned(),
        };
        let Some(held) = self.tables.iter_mut().find(|held| held.name() == table) else {
            return Err(wrong("without its table".to_owned(), "a declared table"));
        };
        held.hold(item).map_err(|failure| wrong(failure.why, "an item with the table's key"))
    }

    /// The table called `name`.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name() == name)
    }

    /// All topics seen, by topic id; the first ones are the reporting devices' data topics in
    /// [`DeviceIx`] order.
    pub const fn topics(&self) -> &Dictionary {
        &self.topics
    }

    /// All principals seen, by principal id; the first ones are the things in [`DeviceIx`] order,
    /// assets before those beside them.
    pub const fn principals(&self) -> &Dictionary {
        &self.principals
    }

    /// The rules' names, by rule number.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// What was counted for each rule since the core was made, by rule number.
    pub fn rule_metrics(&self) -> impl ExactSizeIterator<Item = (&str, RuleMetrics)> {
        self.rules.iter().map(|rule| (rule.name.as_str(), rule.metrics()))
    }

    /// The actions' targets, by target id: functions, tables and topics.
    pub const fn targets(&self) -> &Dictionary {
        &self.targets
    }

    /// The device whose data topic has this id.
    fn device_of_topic(&self, topic: u32) -> Option<DeviceIx> {
        ((topic as usize) < self.register.reporting).then_some(DeviceIx::new(topic))
    }

    /// The thing whose principal id this is.
    fn thing_of_principal(&self, principal: u32) -> Option<DeviceIx> {
        ((principal as usize) < self.things).then_some(DeviceIx::new(principal))
    }
}

fn find_thing(principals: &Dictionary, things: usize, name: &str) -> Option<DeviceIx> {
    principals.find(name).filter(|&id| (id as usize) < things).map(DeviceIx::new)
}

/// Adds a string that must be new.
fn intern_new(
    dictionary: &mut Dictionary,
    text: &str,
    what: &'static str,
) -> Result<(), CloudError> {
    let before = dictionary.len();
    dictionary.intern(text);
    if dictionary.len() == before {
        return Err(CloudError::Duplicate { what, name: text.to_owned() });
    }
    Ok(())
}

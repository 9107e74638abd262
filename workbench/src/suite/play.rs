//! Playing a case: its steps go into a fresh core, and what comes out becomes events.

use super::case::{Act, Case, Step};
use super::expect::{Kind, shown_span};
use super::{Suite, world};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::outputs::{ActionRow, Delivery, Outputs, Rejection, RejectionCode, Source};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_rules::value::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};

/// All that happened in a case.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// In the order of time; what one step causes: denials and refusals, actions, deliveries.
    pub(super) events: Vec<Event>,
    /// Messages that rules could hear.
    pub(super) heard: Vec<Heard>,
    /// The shadows and tables that the case asks for, by (kind, name).
    pub(super) states: BTreeMap<(&'static str, String), Value>,
    /// Steps that did nothing, since their client could not connect.
    pub(super) skipped: Vec<usize>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The step that caused it.
    pub(super) step: usize,
    /// What: an object with the keys of an expectation.
    pub(super) value: Value,
}

/// A message that rules could hear.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) step: usize,
    pub(super) time: Timestamp,
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    /// The client, if one published it.
    pub(super) client: Option<String>,
    pub(super) source: Source,
    /// The rules that fired on it.
    pub(super) fired: BTreeSet<String>,
}

/// A core at work on a case.
struct Player<'a> {
    suite: &'a Suite,
    core: IotCore,
    rules: Vec<String>,
    out: Outputs,
    start: Timestamp,
    /// The clients that are connected, and those that may not be.
    clients: BTreeMap<&'a str, Connection>,
    played: Played,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    Open,
    Closed,
    Refused,
}

/// Plays `case` from its first step to its last.
pub(super) fn play(suite: &Suite, case: &Case) -> Played {
    let core = match world::core(&suite.spec, &suite.items) {
        Ok(core) => core,
        // Invariant: reading the suite built a core from the same specification.
        Err(error) => unreachable!("a checked suite: {error}"),
    };
    let mut player = Player {
        suite,
        rules: core.rules().map(str::to_owned).collect(),
        core,
        out: Outputs::default(),
        start: case.start.unwrap_or(suite.start),
        clients: BTreeMap::new(),
        played: Played::default(),
    };
    player.set_up();
    for (i, step) in case.steps.iter().enumerate() {
        player.step(i, step);
    }
    let end = player.start + case.steps.last().map_or(Span::ZERO, |step| step.at);
    player.look(case, end);
    player.played
}

impl<'a> Player<'a> {
    /// Brings the shadows into the state that the suite describes, before time begins to count.
    fn set_up(&mut self) {
        let client = world::SETUP_CLIENT;
        if self.suite.shadows.is_empty() {
            return;
        }
        let certificate = Some(client);
        let connect = Input::Connect { client, certificate, clean: true };
        self.core.handle(self.start, connect, &mut self.out);
        for (thing, request) in &self.suite.shadows {
            let topic = format!("$aws/things/{thing}/shadow/update");
            let publish = Input::Publish {
                client,
                topic: &topic,
                payload: request,
                qos: 0,
                retain: false,
                properties: None,
            };
            self.core.handle(self.start, publish, &mut self.out);
        }
        self.core.handle(self.start, Input::Disconnect { client }, &mut self.out);
        // What rules made of it is no part of the case; what was refused is the suite's fault.
        let refused = std::mem::take(&mut self.out.rejections);
        for row in &refused {
            self.reject(0, row);
        }
        self.out.clear();
    }

    fn step(&mut self, i: usize, step: &'a Step) {
        let now = self.start + step.at;
        while let Some(due) = self.core.next_deadline().filter(|&due| due <= now) {
            self.core.on_deadline(due, &mut self.out);
        }
        let client = step.client.as_str();
        match &step.act {
            Act::Connect { clean } => self.connect(now, client, *clean),
            Act::Disconnect => {
                self.core.handle(now, Input::Disconnect { client }, &mut self.out);
                self.clients.insert(client, Connection::Closed);
            }
            _ => {
                if !self.clients.contains_key(client) {
                    self.connect(now, client, true);
                }
                if self.clients.get(client) == Some(&Connection::Refused) {
                    self.played.skipped.push(i);
                } else {
                    self.core.handle(now, input(client, &step.act), &mut self.out);
                    if self.was_thrown_out(client) {
                        // A device whose connection the service ends connects again.
                        self.clients.remove(client);
                    }
                }
            }
        }
        self.collect(i);
    }

    /// Whether the service ended the client's connection because of what it just asked for.
    fn was_thrown_out(&self, client: &str) -> bool {
        self.out.rejections.iter().any(|row| {
            let own = row.principal.map(|id| self.core.principals().text(id)) == Some(client);
            let detail = self.out.text(row.detail);
            own && world::denial(row, &detail).is_some_and(|denial| denial.action != "iot:Receive")
        })
    }

    fn connect(&mut self, now: Timestamp, client: &'a str, clean: bool) {
        let before = self.out.rejections.len();
        let certificate = self.suite.certificates.get(client).map(String::as_str);
        let connect = Input::Connect { client, certificate, clean };
        self.core.handle(now, connect, &mut self.out);
        let refused = self.out.rejections.len() > before;
        let connection = if refused { Connection::Refused } else { Connection::Open };
        self.clients.insert(client, connection);
    }

    /// Turns the rows of one step into events.
    fn collect(&mut self, step: usize) {
        let mut out = std::mem::take(&mut self.out);
        for row in &out.rejections {
            self.reject_from(step, row, &out);
        }
        for row in &out.actions {
            let value = self.action(row, &out);
            self.played.events.push(Event { step, value });
        }
        for row in &out.deliveries {
            let value = self.delivery(row, &out);
            self.played.events.push(Event { step, value });
        }
        let first = self.played.heard.len();
        for row in &out.messages {
            let client = self.core.principals().text(row.principal);
            let is_client = matches!(row.source, Source::Device | Source::App);
            self.played.heard.push(Heard {
                step,
                time: row.time,
                topic: self.core.topics().text(row.topic).to_owned(),
                payload: out.slice(row.payload).to_vec(),
                client: is_client.then(|| client.to_owned()),
                source: row.source,
                fired: BTreeSet::new(),
            });
        }
        for row in &out.matches {
            let topic = self.core.topics().text(row.topic);
            let rule = &self.rules[usize::from(row.rule)];
            // Messages of one step on one topic are told apart by order alone: the first that
            // this rule has not fired on yet.
            let heard = self.played.heard[first..].iter_mut();
            let mut candidates = heard.filter(|heard| heard.topic == topic);
            if let Some(heard) = candidates.find(|heard| !heard.fired.contains(rule)) {
                heard.fired.insert(rule.clone());
            }
        }
        out.clear();
        self.out = out;
    }

    fn reject(&mut self, step: usize, row: &Rejection) {
        let out = std::mem::take(&mut self.out);
        self.reject_from(step, row, &out);
        self.out = out;
    }

    fn reject_from(&mut self, step: usize, row: &Rejection, out: &Outputs) {
        let detail = out.text(row.detail);
        let client = row.principal.map(|id| self.core.principals().text(id));
        let mut object = Object::new();
        match row.code {
            RejectionCode::RuleFailed => {
                let failed = detail.strip_prefix("rule ").unwrap_or(&detail);
                let (rule, error) = failed.split_once(": ").unwrap_or((failed, ""));
                object.insert("rule", Value::from(rule));
                object.insert("error", Value::from(error));
            }
            _ => match world::denial(row, &detail) {
                Some(world::Denial { action, resource, reason }) => {
                    let client = client.unwrap_or_default();
                    let own = format!("client/{client}");
                    let resource = if resource.is_empty() { &own } else { resource };
                    object.insert("denied", Value::from(client));
                    object.insert("action", Value::from(action));
                    object.insert("resource", Value::from(resource));
                    object.insert("reason", Value::from(reason));
                }
                None => {
                    object.insert("refused", Value::from(client.unwrap_or(&detail)));
                    object.insert("code", Value::from(row.code.name()));
                    object.insert("detail", Value::from(&*detail));
                }
            },
        }
        self.stamp(row.time, &mut object);
        self.played.events.push(Event { step, value: Value::Object(object) });
    }

    fn action(&self, row: &ActionRow, out: &Outputs) -> Value {
        let rule = &self.rules[usize::from(row.rule)];
        let mut object = Object::new();
        object.insert("rule", Value::from(rule.as_str()));
        if !self.suite.inline.contains(rule) {
            let target = world::target(row, &self.core, out);
            object.insert("action", Value::from(row.kind.name()));
            object.insert("target", Value::from(target.as_str()));
        }
        insert_payload(&mut object, out.slice(row.body));
        object.insert("outcome", Value::from(row.outcome.name()));
        if row.outcome.is_failure() {
            object.insert("error", Value::from(world::failure(row, out).as_str()));
        }
        self.stamp(row.time, &mut object);
        Value::Object(object)
    }

    fn delivery(&self, row: &Delivery, out: &Outputs) -> Value {
        let mut object = Object::new();
        object.insert("delivered", Value::from(self.core.principals().text(row.client)));
        object.insert("topic", Value::from(self.core.topics().text(row.topic)));
        insert_payload(&mut object, out.slice(row.payload));
        object.insert("qos", Value::Int(row.qos.into()));
        object.insert("retained", Value::Bool(row.retained));
        self.stamp(row.time, &mut object);
        Value::Object(object)
    }

    fn stamp(&self, time: Timestamp, object: &mut Object) {
        let after = time.nanos() - self.start.nanos();
        object.insert("at", Value::from(shown_span(after).as_str()));
    }

    /// Reads the shadows and tables that the case has expectations of.
    fn look(&mut self, case: &Case, now: Timestamp) {
        for expectation in case.expect.iter().filter(|expectation| expectation.kind.is_state()) {
            let key = expectation.kind.key();
            let Some(name) = expectation.named(key) else { continue };
            let state = match expectation.kind {
                Kind::Shadow => self.shadow(name, now),
                _ => world::table(&self.core, name),
            };
            self.played.states.insert((key, name.to_owned()), state);
        }
    }

    fn shadow(&self, name: &str, now: Timestamp) -> Value {
        let thing = self.core.thing(name);
        let text = thing.and_then(|thing| self.core.shadow_document(thing, now));
        let document = text.and_then(|text| Value::from_json(&text).ok());
        let mut object = Object::new();
        object.insert("shadow", Value::from(name));
        if let Some(document) = &document {
            for section in ["reported", "desired", "delta"] {
                if let Some(value) = document.get("state").and_then(|state| state.get(section)) {
                    object.insert(section, value.clone());
                }
            }
            if let Some(version) = document.get("version") {
                object.insert("version", version.clone());
            }
        }
        Value::Object(object)
    }
}

fn input<'a>(client: &'a str, act: &'a Act) -> Input<'a> {
    match act {
        Act::Connect { clean } => Input::Connect { client, certificate: None, clean: *clean },
        Act::Disconnect => Input::Disconnect { client },
        Act::Subscribe { filter, qos } => Input::Subscribe { client, filter, qos: *qos },
        Act::Unsubscribe { filter } => Input::Unsubscribe { client, filter },
        Act::Publish { topic, payload, qos, retain, properties } => Input::Publish {
            client,
            topic,
            payload,
            qos: *qos,
            retain: *retain,
            properties: properties.as_ref(),
        },
    }
}

/// The bytes as JSON, text or base64, under the key that says which.
fn insert_payload(object: &mut Object, bytes: &[u8]) {
    match (Value::from_json(bytes), std::str::from_utf8(bytes)) {
        (Ok(value), _) => object.insert("payload", value),
        (Err(_), Ok(text)) => object.insert("payload_text", Value::from(text)),
        (Err(_), Err(_)) => {
            let text = STANDARD.encode(bytes);
            object.insert("payload_base64", Value::from(text.as_str()));
        }
    }
}

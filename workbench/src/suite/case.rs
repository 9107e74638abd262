//! A test case as it is read: what clients do at which time, and what must come of it.

use super::expect::{self, Expectation};
use super::fields::{Reader, quoted};
use crate::yaml::{Mapping, Node};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_rules::context::Properties;

/// The client of a step that names none.
pub const DEFAULT_CLIENT: &str = "tester";

/// One case: a fresh cloud, steps, expectations.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name; no name comes twice in a suite.
    pub name: String,
    /// Its line in the suite, from 1.
    pub line: usize,
    /// When its `0s` is, if not when the suite says.
    pub start: Option<Timestamp>,
    /// The rules whose actions it looks at; all of them where it names none.
    pub only: Option<Vec<String>>,
    /// Whether what is expected must happen in the order of the list.
    pub ordered: bool,
    /// What happens, in the order of time.
    pub steps: Vec<Step>,
    /// All that must come of it, and nothing else may.
    pub expect: Vec<Expectation>,
}

/// Something that a client does.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its line in the suite, from 1.
    pub line: usize,
    /// When, after the start.
    pub at: Span,
    /// Who.
    pub client: String,
    /// What.
    pub act: Act,
}

/// What a client does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// It connects; without such a step it does so when it first acts.
    Connect {
        /// Whether to forget the session that was kept.
        clean: bool,
    },
    /// It disconnects.
    Disconnect,
    /// It subscribes.
    Subscribe {
        /// The topic filter.
        filter: String,
        /// Quality of service: 0 or 1.
        qos: u8,
    },
    /// It ends a subscription.
    Unsubscribe {
        /// The topic filter.
        filter: String,
    },
    /// It publishes.
    Publish {
        /// The topic.
        topic: String,
        /// The payload.
        payload: Vec<u8>,
        /// Quality of service: 0 or 1.
        qos: u8,
        /// Whether the message is retained.
        retain: bool,
        /// MQTT 5 properties.
        properties: Option<Properties>,
    },
}

const CASE_KEYS: [&str; 7] = ["name", "start", "only", "ordered", "messages", "steps", "expect"];

const STEP_KEYS: [&str; 17] = [
    "at",
    "client",
    "topic",
    "payload",
    "payload_text",
    "payload_base64",
    "qos",
    "retain",
    "properties",
    "connect",
    "clean",
    "disconnect",
    "subscribe",
    "unsubscribe",
    "shadow",
    "reported",
    "desired",
];

/// Reads one item of `tests`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Case> {
    let mapping = reader.mapping(node, "a test", &CASE_KEYS)?;
    let Some(name) = mapping.get("name") else {
        reader.wrong(node, "a test without `name`", "`name: what must happen`");
        return None;
    };
    let name = reader.text(name, "`name`")?;
    let mut steps = Vec::new();
    match (mapping.get("messages"), mapping.get("steps")) {
        (Some(list), None) | (None, Some(list)) => {
            for item in reader.list(list, "`messages`") {
                let earliest = steps.last().map_or(Span::ZERO, |step: &Step| step.at);
                steps.extend(read_step(reader, item, earliest));
            }
        }
        (Some(_), Some(steps)) => {
            reader.wrong(steps, "both `messages` and `steps`", "one of them: they are the same");
        }
        (None, None) => {
            let expected = "`messages: [{topic: ..., payload: ...}]`";
            reader.wrong(node, format!("the test `{name}` without `messages`"), expected);
        }
    }
    let expect = match mapping.get("expect") {
        Some(list) => {
            let items = reader.list(list, "`expect`");
            items.iter().filter_map(|item| expect::read(reader, item)).collect()
        }
        None => {
            let expected = "`expect: [...]`, or `expect: []` if nothing at all may happen";
            reader.wrong(node, format!("the test `{name}` without `expect`"), expected);
            Vec::new()
        }
    };
    Some(Case {
        name,
        line: node.line,
        start: mapping.get("start").and_then(|at| read_start(reader, at)),
        only: mapping.get("only").map(|only| reader.texts(only, "`only`")),
        ordered: mapping.get("ordered").is_some_and(|at| reader.flag(at, "ordered")),
        steps,
        expect,
    })
}

/// A point in time.
pub(super) fn read_start(reader: &mut Reader<'_>, node: &Node) -> Option<Timestamp> {
    let time = node.as_written().and_then(|text| Timestamp::parse(text).ok());
    if time.is_none() {
        let expected = "a date, or a time such as 2026-06-01T06:00:00Z";
        reader.wrong(node, format!("{} as `start`", node.kind()), expected);
    }
    time
}

fn read_step(reader: &mut Reader<'_>, node: &Node, earliest: Span) -> Option<Step> {
    let mapping = reader.mapping(node, "a message", &STEP_KEYS)?;
    let at = mapping.get("at").map_or(earliest, |at| reader.span(at, "at"));
    if at < earliest {
        let expected = "a time that is not before the message above";
        reader.wrong(node, "time that goes backwards", expected);
    }
    let kinds = ["topic", "connect", "disconnect", "subscribe", "unsubscribe", "shadow"];
    let named: Vec<&str> = kinds.into_iter().filter(|kind| mapping.get(kind).is_some()).collect();
    let [kind] = named[..] else {
        let found = match named.len() {
            0 => "a message that does nothing".to_owned(),
            _ => format!("{} in one message", quoted(&named)),
        };
        reader.wrong(node, found, &format!("exactly one of {}", quoted(&kinds)));
        return None;
    };
    let target = mapping.get(kind)?;
    belongs(reader, mapping, kind);
    let mut client = mapping.get("client").and_then(|client| reader.text(client, "`client`"));
    let act = match kind {
        "topic" => publish(reader, node, mapping)?,
        "subscribe" => {
            Act::Subscribe { filter: reader.text(target, "a filter")?, qos: qos(reader, mapping) }
        }
        "unsubscribe" => Act::Unsubscribe { filter: reader.text(target, "a filter")? },
        "shadow" => {
            let thing = reader.text(target, "a thing's name")?;
            client = client.or_else(|| Some(thing.clone()));
            shadow_update(reader, node, mapping, &thing)?
        }
        _ => {
            if !reader.flag(target, kind) {
                reader.wrong(target, format!("`{kind}: false`"), "`true`, or no such message");
            }
            let clean = mapping.get("clean").is_none_or(|at| reader.flag(at, "clean"));
            if kind == "connect" { Act::Connect { clean } } else { Act::Disconnect }
        }
    };
    let client = client.unwrap_or_else(|| DEFAULT_CLIENT.to_owned());
    Some(Step { line: node.line, at, client, act })
}

/// Refuses keys that have no meaning beside `kind`.
fn belongs(reader: &mut Reader<'_>, mapping: &Mapping, kind: &str) {
    let own: &[&str] = match kind {
        "topic" => &["payload", "payload_text", "payload_base64", "qos", "retain", "properties"],
        "subscribe" => &["qos"],
        "connect" => &["clean"],
        "shadow" => &["reported", "desired"],
        _ => &[],
    };
    for entry in mapping {
        let key = entry.key.as_str();
        if STEP_KEYS.contains(&key) && !["at", "client", kind].contains(&key) && !own.contains(&key)
        {
            let expected = format!(
                "only `at`, `client` and what goes with `{kind}`: {}",
                if own.is_empty() { "nothing".to_owned() } else { quoted(own) }
            );
            reader.wrong(&entry.value, format!("`{key}` beside `{kind}`"), &expected);
        }
    }
}

fn publish(reader: &mut Reader<'_>, node: &Node, mapping: &Mapping) -> Option<Act> {
    let topic = reader.text(mapping.get("topic")?, "`topic`")?;
    let payload = payload(reader, mapping)?;
    let Some(payload) = payload else {
        let expected = "one of `payload`, `payload_text`, `payload_base64`";
        reader.wrong(node, "a message without payload", expected);
        return None;
    };
    Some(Act::Publish {
        topic,
        payload,
        qos: qos(reader, mapping),
        retain: mapping.get("retain").is_some_and(|at| reader.flag(at, "retain")),
        properties: mapping.get("properties").and_then(|at| properties(reader, at)),
    })
}

/// The bytes of `payload`, `payload_text` or `payload_base64`; the outer `None` after a problem,
/// the inner if there is none of them.
#[expect(clippy::option_option, reason = "absent and wrong are not the same")]
fn payload(reader: &mut Reader<'_>, mapping: &Mapping) -> Option<Option<Vec<u8>>> {
    let forms = ["payload", "payload_text", "payload_base64"];
    let given: Vec<(&str, &Node)> =
        forms.into_iter().filter_map(|form| Some((form, mapping.get(form)?))).collect();
    match given[..] {
        [] => Some(None),
        [("payload", node)] => Some(Some(reader.json(node)?.into_bytes())),
        [("payload_text", node)] => Some(Some(match node.as_written() {
            Some(text) => text.as_bytes().to_vec(),
            None => Vec::new(),
        })),
        [(_, node)] => {
            let bytes = node.as_written().and_then(|text| STANDARD.decode(text).ok());
            if bytes.is_none() {
                reader.wrong(node, format!("{} as base64", node.kind()), "base64 with padding");
            }
            bytes.map(Some)
        }
        [.., (last, node)] => {
            reader.wrong(node, format!("`{last}` beside another payload"), "one payload");
            None
        }
    }
}

fn qos(reader: &mut Reader<'_>, mapping: &Mapping) -> u8 {
    // The core refuses what is no quality of service, as it does for a client.
    mapping.get("qos").map_or(0, |at| reader.whole(at, "qos", 2) as u8)
}

fn shadow_update(
    reader: &mut Reader<'_>,
    node: &Node,
    mapping: &Mapping,
    thing: &str,
) -> Option<Act> {
    let mut sections = Vec::new();
    for section in ["reported", "desired"] {
        if let Some(value) = mapping.get(section) {
            sections.push(format!("\"{section}\":{}", reader.json(value)?));
        }
    }
    if sections.is_empty() {
        reader.wrong(node, "a shadow update of nothing", "`reported`, `desired` or both");
    }
    Some(Act::Publish {
        topic: format!("$aws/things/{thing}/shadow/update"),
        payload: format!("{{\"state\":{{{}}}}}", sections.join(",")).into_bytes(),
        qos: 0,
        retain: false,
        properties: None,
    })
}

fn properties(reader: &mut Reader<'_>, node: &Node) -> Option<Properties> {
    let known = ["content_type", "utf8", "response_topic", "correlation_data", "user"];
    let mapping = reader.mapping(node, "`properties`", &known)?;
    let mut text = |key: &str| mapping.get(key).and_then(|at| reader.text(at, key));
    let mut properties = Properties {
        content_type: text("content_type"),
        response_topic: text("response_topic"),
        correlation_data: text("correlation_data").map(String::into_bytes),
        ..Properties::default()
    };
    properties.is_utf8 = mapping.get("utf8").map(|at| reader.flag(at, "utf8"));
    if let Some(user) = mapping.get("user") {
        for entry in reader.any_mapping(user, "`user`")? {
            // A list gives a key more than once.
            for value in reader.texts(&entry.value, "a user property") {
                properties.user.push((entry.key.clone(), value));
            }
        }
    }
    Some(properties)
}

//! Rules of the action corpus do to their messages what the corpus says: actions with targets,
//! bodies, parameters and outcomes, items in tables, messages to subscribers; or are refused.
//!
//! The corpus is plain data in `tests/corpus/actions`; its README says how to add a case.

use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::outputs::{ActionRow, Outputs};
use fieldmirror_cloud::rule_spec::{RuleSpec, Strictness};
use fieldmirror_cloud::spec::{KeyType, Secret, Spec, TableSpec, ThingSpec, Undeclared};
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// 2018-06-01T00:00:00Z, the time of the first message; each further one comes a second later.
const T0_MS: i64 = 1_527_811_200_000;

const KNOWN: [&str; 18] = [
    "name",
    "origin",
    "rule",
    "lenient",
    "things",
    "tables",
    "answers",
    "secrets",
    "messages",
    "subscribe",
    "actions",
    "items",
    "deliveries",
    "rejections",
    "metrics",
    "sinks",
    "warnings",
    "refused",
];

#[test]
fn every_case_of_the_corpus_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/actions");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let (mut cases, mut failures) = (0, Vec::new());
    for file in &files {
        let text = std::fs::read_to_string(file).expect("UTF-8");
        let list: Value = serde_json::from_str(&text).expect("JSON");
        for case in list.as_array().expect("a list of cases") {
            cases += 1;
            let name = case["name"].as_str().expect("a name");
            let unknown = case
                .as_object()
                .expect("an object")
                .keys()
                .find(|key| !KNOWN.contains(&key.as_str()));
            if let Some(key) = unknown {
                failures.push(format!("{}: {name}: unknown key `{key}`", file.display()));
            }
            if let Err(why) = run(case) {
                failures.push(format!("{}: {name}: {why}", file.display()));
            }
        }
    }
    assert!(cases > 60, "the corpus has only {cases} cases");
    assert!(failures.is_empty(), "{} of {cases}:\n{}", failures.len(), failures.join("\n"));
}

fn run(case: &Value) -> Result<(), String> {
    let strictness = match case["lenient"] == true {
        true => Strictness::Lenient,
        false => Strictness::Strict,
    };
    let made = RuleSpec::read(&case["rule"], strictness)
        .and_then(|(rule, warnings)| IotCore::new(spec(case, rule)).map(|core| (core, warnings)));
    let (mut core, warnings) = match (made, case.get("refused")) {
        (Ok((core, warnings)), None) => (core, warnings),
        (Err(error), Some(expected)) => return refused(&error, expected),
        (Err(error), None) => return Err(format!("refused: {error}")),
        (Ok(_), Some(_)) => return Err("it was not refused".to_owned()),
    };
    if let Some(expected) = case.get("warnings") {
        refused_list(&warnings, expected)?;
    }
    let mut out = Outputs::default();
    let mut now = Timestamp::from_millis(T0_MS);
    for client in ["app", "listener"] {
        let connect = Input::Connect { client, certificate: None, clean: true };
        core.handle(now, connect, &mut out);
    }
    for filter in list(&case["subscribe"]) {
        let filter = filter.as_str().expect("a filter");
        core.handle(now, Input::Subscribe { client: "listener", filter, qos: 1 }, &mut out);
    }
    for (i, message) in list(&case["messages"]).iter().enumerate() {
        now = Timestamp::from_millis(T0_MS + 1_000 * i as i64);
        let payload = match (message.get("payload"), message.get("payload_base64")) {
            (Some(payload), _) => payload.to_string().into_bytes(),
            (None, Some(text)) => bytes_of(text.as_str().expect("base64")),
            (None, None) => message["payload_text"].as_str().unwrap_or("{}").as_bytes().to_vec(),
        };
        let topic = message["topic"].as_str().unwrap_or("a/b/c");
        let publish = Input::Publish {
            client: "app",
            topic,
            payload: &payload,
            qos: 1,
            retain: false,
            properties: None,
        };
        core.handle(now, publish, &mut out);
    }
    check(case, &core, &out)
}

/// The core of a case: its rule is called `r`.
fn spec(case: &Value, rule: RuleSpec) -> Spec {
    let mut spec = Spec::new(Arc::new(Register::empty()));
    spec.undeclared_functions = Undeclared::Record;
    spec.rules.push(("r".to_owned(), rule));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let kind = |value: &Value| match value.as_str() {
        Some("NUMBER") => Some(KeyType::Number),
        Some(_) => Some(KeyType::Text),
        None => None,
    };
    for table in list(&case["tables"]) {
        spec.tables.push(TableSpec {
            name: text(&table["name"]).expect("a name"),
            hash_key: text(&table["hashKey"]).expect("a key"),
            hash_key_type: kind(&table["hashKeyType"]),
            range_key: text(&table["rangeKey"]),
            range_key_type: kind(&table["rangeKeyType"]),
        });
    }
    for thing in list(&case["things"]) {
        let attributes = thing["attributes"].as_object().cloned().unwrap_or_default();
        spec.things.push(ThingSpec {
            name: text(&thing["name"]).expect("a name"),
            thing_type: text(&thing["type"]),
            attributes: attributes
                .iter()
                .map(|(name, value)| (name.clone(), text(value).expect("a text")))
                .collect::<BTreeMap<_, _>>(),
            groups: list(&thing["groups"]).iter().filter_map(text).collect(),
        });
    }
    for (name, answer) in object(&case["answers"]) {
        spec.answers.insert(name, answer);
    }
    for (name, secret) in object(&case["secrets"]) {
        spec.secrets.insert(name, Secret::Text(text(&secret).expect("a text")));
    }
    spec
}

fn check(case: &Value, core: &IotCore, out: &Outputs) -> Result<(), String> {
    let expected = list(&case["actions"]);
    let rows: Vec<Value> = out.actions.iter().map(|row| shown(row, core, out)).collect();
    if rows.len() != expected.len() {
        return Err(format!("{} actions instead of {}: {rows:?}", rows.len(), expected.len()));
    }
    for (row, expected) in rows.iter().zip(expected) {
        for (key, wanted) in expected.as_object().expect("an object") {
            same(key, &row[key], wanted)?;
        }
    }
    for (table, items) in object(&case["items"]) {
        let found: Map<String, Value> = core
            .table(&table)
            .ok_or_else(|| format!("there is no table {table}"))?
            .items()
            .map(|(key, item)| {
                let item = serde_json::from_slice(item).expect("an item is JSON");
                (String::from_utf8_lossy(key).into_owned(), item)
            })
            .collect();
        same(&table, &Value::Object(found), &items)?;
    }
    let deliveries = out.deliveries.iter().map(|delivery| {
        let topic = core.topics().text(delivery.topic);
        json!(format!("{topic} {}", out.text(delivery.payload)))
    });
    let rejections = out
        .rejections
        .iter()
        .map(|row| json!(format!("{}: {}", row.code.name(), out.text(row.detail))));
    let sinks = out.sinks.iter().map(|row| {
        let (target, key) = (out.text(row.target), out.text(row.key));
        json!(format!("{} {target} {key} {}", row.kind.name(), out.text(row.body)))
    });
    for (key, found) in [
        ("deliveries", deliveries.collect::<Vec<_>>()),
        ("rejections", rejections.collect()),
        ("sinks", sinks.collect()),
    ] {
        if let Some(wanted) = case.get(key) {
            same(key, &Value::Array(found), wanted)?;
        }
    }
    let (_, metrics) = core.rule_metrics().next().expect("the rule");
    let metrics = serde_json::to_value(metrics).expect("JSON");
    for (key, wanted) in object(&case["metrics"]) {
        same(&key, &metrics[&key], &wanted)?;
    }
    Ok(())
}

/// A row as the corpus writes it: bodies that are JSON as JSON and as text, others as base64.
fn shown(row: &ActionRow, core: &IotCore, out: &Outputs) -> Value {
    let optional = |range: Option<_>| range.map_or(Value::Null, |range| json!(out.text(range)));
    let bytes = out.slice(row.body);
    let parameters = row.parameters.map_or(Value::Null, |range| {
        serde_json::from_slice(out.slice(range)).expect("parameters are JSON")
    });
    json!({
        "kind": row.kind.name(),
        "target": core.targets().text(u32::from(row.target)),
        "resource": optional(row.resource),
        "body": serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null),
        "body_text": String::from_utf8_lossy(bytes),
        "bytes": bytes,
        "parameters": parameters,
        "outcome": row.outcome.name(),
        "error": optional(row.error),
    })
}

/// Whether what was found is what the corpus wants. `"*"` stands for any text; a text that ends
/// with `*` for any that begins so.
fn same(key: &str, found: &Value, wanted: &Value) -> Result<(), String> {
    if matches(found, wanted) { Ok(()) } else { Err(format!("{key}: {found} instead of {wanted}")) }
}

fn matches(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => match wanted.strip_suffix('*') {
            Some(begin) => found.starts_with(begin),
            None => found == wanted,
        },
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| matches(found, wanted))
        }
        (Value::Object(found), Value::Object(wanted)) => {
            found.len() == wanted.len()
                && wanted
                    .iter()
                    .all(|(key, wanted)| found.get(key).is_some_and(|found| matches(found, wanted)))
        }
        (found, wanted) => found == wanted,
    }
}

fn refused(error: &CloudError, expected: &Value) -> Result<(), String> {
    refused_list(error.problems(), expected)
}

/// Compares problems with a list of `{"path", "message"}`; a message need only be part of it.
fn refused_list(problems: &[CloudError], expected: &Value) -> Result<(), String> {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expected = list(expected);
    if texts.len() != expected.len() {
        return Err(format!("{} problems: {texts:#?}", texts.len()));
    }
    for (text, expected) in texts.iter().zip(expected) {
        let path = expected["path"].as_str().map(|path| format!("at `{path}`"));
        let message = expected["message"].as_str().unwrap_or_default();
        if !text.contains(&path.unwrap_or_default()) || !text.contains(message) {
            return Err(format!("`{text}` instead of {expected}"));
        }
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// Decodes base64 of the corpus.
fn bytes_of(text: &str) -> Vec<u8> {
    let digit = |byte: u8| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            .iter()
            .position(|known| *known == byte)
    };
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_usize, 0);
    for digit in text.bytes().filter_map(digit) {
        bits = (bits << 6 | digit) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

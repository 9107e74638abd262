//! The shadow service answers recorded sequences of requests as written in `corpus/shadow/`.
//!
//! A file is JSON lines. The first names the thing; each further one is a request: `at` (seconds
//! after the sequence's begin), `operation`, `payload` (JSON, or text to be sent as it is), then
//! `publishes` (topic suffix and document of every answer, in order) and `stored` (what a get would
//! answer, without its timestamp, or null).

#[path = "support/farm.rs"]
mod farm;
#[path = "support/harness.rs"]
mod harness;

use harness::{Harness, T0_S, at, spec};
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn recorded_sequences_are_answered_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/shadow");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus folder")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus in {}", folder.display());
    for file in files {
        check(&file);
    }
}

fn check(file: &Path) {
    let text = std::fs::read_to_string(file).expect("readable");
    let mut lines = text.lines().enumerate().map(|(i, line)| {
        let place = format!("{}:{}", file.display(), i + 1);
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{place}: {e}"));
        (place, value)
    });
    let (_, head) = lines.next().expect("a head line");
    let thing = head["thing"].as_str().expect("a thing").to_owned();
    let mut harness = Harness::new(spec(&[]));
    for client in ["listener", &thing] {
        harness.connect(0, client, true);
    }
    harness.subscribe(0, "listener", &format!("$aws/things/{thing}/shadow/+/+"), 1);
    for (place, case) in lines {
        let seconds = case["at"].as_i64().expect("a time");
        let operation = case["operation"].as_str().expect("an operation");
        let payload = match &case["payload"] {
            Value::String(raw) => raw.clone(),
            json => json.to_string(),
        };
        let topic = format!("$aws/things/{thing}/shadow/{operation}");
        harness.publish(seconds, &thing, &topic, &payload);
        let prefix = format!("listener $aws/things/{thing}/shadow/");
        let published: Vec<Value> = harness
            .take_deliveries()
            .iter()
            .map(|line| {
                let (suffix, document) = line
                    .strip_prefix(&prefix)
                    .expect("to the listener")
                    .split_once(' ')
                    .expect("two");
                json!([suffix, serde_json::from_str::<Value>(document).expect("JSON")])
            })
            .collect();
        assert_eq!(Value::Array(published), relative(&case["publishes"]), "{place}: publishes");
        let stored = harness.core.shadow_document(harness.thing(&thing), at(seconds));
        let stored = stored.map_or(Value::Null, |document| {
            let mut document: Value = serde_json::from_slice(&document).expect("JSON");
            document.as_object_mut().expect("an object").remove("timestamp");
            document
        });
        assert_eq!(stored, relative(&case["stored"]), "{place}: stored");
    }
}

/// The corpus writes times as seconds after the begin: adds the begin.
fn relative(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match value.as_i64() {
                Some(seconds) if key == "timestamp" => (key.clone(), json!(T0_S + seconds)),
                _ => (key.clone(), relative(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(relative).collect(),
        other => other.clone(),
    }
}

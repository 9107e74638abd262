//! Messages that a team has seen: what its devices really send.
//!
//! A sample is a JSON list, JSON lines, or one JSON value. Each element is a message, if it is an
//! object with `payload` and at least one of `topic` and `client`; else it is a payload of which
//! the topic is not known, and which counts for every rule.

use super::RuleView;
use crate::problem::Problem;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Context;
use fieldmirror_rules::rule::{Rule, SqlVersion};
use fieldmirror_rules::survey::Path;
use fieldmirror_rules::value::Value;
use serde_json::Value as Json;
use std::ops::Range;

/// One message of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it was published, if that is known.
    pub topic: Option<String>,
    /// Who published it, if that is known.
    pub client: Option<String>,
    /// The payload as JSON.
    pub payload: String,
}

/// Reads the text of a sample file.
///
/// # Errors
/// Every line that is no JSON, with its place.
pub fn read(file: &str, text: &str) -> Result<Vec<Message>, Vec<Problem>> {
    if let Ok(value) = serde_json::from_str::<Json>(text) {
        return Ok(match value {
            Json::Array(items) => items.iter().map(message).collect(),
            one => vec![message(&one)],
        });
    }
    let mut messages = Vec::new();
    let mut problems = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Json>(line) {
            Ok(value) => messages.push(message(&value)),
            Err(error) => {
                let expected = "one JSON value a line, or one JSON list";
                problems.push(
                    Problem::of_file(file, error.to_string(), expected).at(i + 1, error.column()),
                );
            }
        }
    }
    if problems.is_empty() { Ok(messages) } else { Err(problems) }
}

fn message(value: &Json) -> Message {
    let field = |key: &str| value.get(key).and_then(Json::as_str).map(str::to_owned);
    match (field("topic"), field("client"), value.get("payload")) {
        (topic, client, Some(payload)) if topic.is_some() || client.is_some() => {
            Message { topic, client, payload: payload.to_string() }
        }
        _ => Message { topic: None, client: None, payload: value.to_string() },
    }
}

impl Message {
    /// The payload as a rule of `version` reads it.
    pub(crate) fn value(&self, version: SqlVersion) -> Value {
        Value::from_json_for(self.payload.as_bytes(), version).unwrap_or(Value::Undefined)
    }

    /// Whose message it is: its topic, else its client.
    pub(crate) fn device(&self) -> &str {
        self.topic.as_deref().or(self.client.as_deref()).unwrap_or("the sample")
    }

    fn context(&self) -> Context<'_> {
        let topic = self.topic.as_deref().unwrap_or_default();
        // A sample has no times; what a rule compares with the clock is not judged by it.
        Context {
            client_id: self.client.as_deref(),
            ..Context::new(topic, Timestamp::from_millis(0))
        }
    }

    /// Whether `rule` fires; `None` if a function that it calls cannot be reached from here.
    pub(crate) fn fires(&self, rule: &Rule) -> Option<bool> {
        let output = rule.evaluate(&self.value(rule.version()), &self.context());
        output.ok().map(|output| output.is_some())
    }

    /// The value of a part of a rule's text that stands alone.
    pub(crate) fn part(&self, rule: &Rule, span: &Range<usize>) -> Option<Value> {
        let sql = format!("SELECT ({}) AS v FROM 'part'", &rule.sql()[span.clone()]);
        let part = rule.compile_alike(&sql).ok()?;
        let output = part.evaluate(&self.value(rule.version()), &self.context()).ok()??;
        Some(output.get("v").cloned().unwrap_or(Value::Undefined))
    }
}

/// The messages that a rule hears; those without a topic count for every rule.
pub(crate) fn heard<'m>(sample: &'m [Message], view: &RuleView<'_>) -> Vec<&'m Message> {
    let hears =
        |message: &&Message| message.topic.as_deref().is_none_or(|topic| view.rule.hears(topic));
    sample.iter().filter(hears).collect()
}

/// The values at a path: several where it leads through `[]`.
pub(crate) fn at<'v>(value: &'v Value, path: &Path) -> Vec<&'v Value> {
    let mut values = vec![value];
    for step in &path.0 {
        values = values
            .into_iter()
            .flat_map(|value| match (step.as_str(), value) {
                ("[]", Value::Array(elements)) => elements.iter().collect(),
                ("[]", other) => vec![other],
                (key, value) => value.get(key).into_iter().collect(),
            })
            .collect();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_a_list_lines_or_one_value() {
        let message = |topic: Option<&str>, payload: &str| Message {
            topic: topic.map(str::to_owned),
            client: None,
            payload: payload.to_owned(),
        };
        for (text, expected) in [
            ("[{\"h\":1},2]", vec![message(None, "{\"h\":1}"), message(None, "2")]),
            ("{\"topic\":\"a/b\",\"payload\":{\"h\":1}}", vec![message(Some("a/b"), "{\"h\":1}")]),
            (
                "{\"h\":1}\n\n{\"h\":2}\n",
                vec![message(None, "{\"h\":1}"), message(None, "{\"h\":2}")],
            ),
            ("{\"payload\":1}", vec![message(None, "{\"payload\":1}")]),
        ] {
            assert_eq!(read("s.json", text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_line_that_is_no_json_is_named() {
        let problems = read("s.jsonl", "{\"h\":1}\n{h:2}\n{\"h\":3}\n[").unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 4]);
        assert!(problems[0].to_string().starts_with("s.jsonl:2"), "{}", problems[0]);
    }

    #[test]
    fn values_lie_behind_lists_too() {
        let value = Value::from_json(br#"{"e":[{"n":1},{"m":2},{"n":3}]}"#).unwrap();
        let path = Path(["e", "[]", "n"].map(str::to_owned).to_vec());
        assert_eq!(at(&value, &path), [&Value::Int(1), &Value::Int(3)]);
        assert!(at(&value, &Path(vec!["x".to_owned()])).is_empty());
    }
}

//! Explanations as text for a terminal and as JSON for programs.

use super::{Explanation, Form, Named, Node, State, TopicMatch};
use crate::rule::Output;
use crate::value::{Object, Value};
use std::fmt::Write as _;

impl State {
    /// `35`, `Undefined`, `(not evaluated)`, `(failed)`.
    pub fn to_text(&self) -> String {
        match self {
            Self::Value(value) => super::reason::said(value),
            Self::NotEvaluated => "(not evaluated)".to_owned(),
            Self::Failed(_) => "(failed)".to_owned(),
        }
    }
}

impl Node {
    /// The tree as indented lines `text = value   reason`, without literals.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    fn write(&self, depth: usize, out: &mut String) {
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Writing to a String cannot fail.
        let _ = write!(out, "{}{text} = {}", "  ".repeat(depth), self.state.to_text());
        if let Some(reason) = &self.reason {
            let _ = write!(out, "  ({reason})");
        }
        out.push('\n');
        for child in self.children.iter().filter(|child| child.form != Form::Constant) {
            child.write(depth + 1, out);
        }
    }

    /// `{text, span, state, value, reason, children}`; `state` is `value`, `undefined`, `not
    /// evaluated` or `failed`.
    pub fn to_json(&self) -> Value {
        let (start, end) = (self.span.start as i64, self.span.end as i64);
        let mut object = Object::new();
        object.insert("text", Value::from(self.text.as_str()));
        object.insert("span", Value::Array(vec![start.into(), end.into()]));
        let state = match &self.state {
            State::Value(Value::Undefined) => "undefined",
            State::Value(_) => "value",
            State::NotEvaluated => "not evaluated",
            State::Failed(_) => "failed",
        };
        object.insert("state", Value::from(state));
        if let Some(value) = self.value().filter(|value| !value.is_undefined()) {
            object.insert("value", value.clone());
        }
        if let Some(reason) = &self.reason {
            object.insert("reason", Value::from(reason.as_str()));
        }
        if !self.children.is_empty() {
            object.insert(
                "children",
                Value::Array(self.children.iter().map(Self::to_json).collect::<Vec<_>>()),
            );
        }
        Value::Object(object)
    }
}

impl TopicMatch {
    /// `{filter, topic, matches, levels: [{filter, topic, matches}], fails_at, why}`.
    pub fn to_json(&self) -> Value {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let levels = self.levels.iter().map(|level| {
            let entries = [
                ("filter", text(&level.filter)),
                ("topic", text(&level.topic)),
                ("matches", Value::from(level.matches)),
            ];
            Value::Object(entries.into_iter().collect())
        });
        let mut object = Object::new();
        object.insert("filter", Value::from(self.filter.as_str()));
        object.insert("topic", Value::from(self.topic.as_str()));
        object.insert("matches", Value::from(self.matches()));
        object.insert("levels", Value::Array(levels.collect::<Vec<_>>()));
        if let Some(level) = self.fails_at {
            object.insert("fails_at", Value::from(level as i64));
        }
        if let Some(why) = &self.why {
            object.insert("why", Value::from(why.as_str()));
        }
        Value::Object(object)
    }
}

impl Explanation {
    /// The explanation for a terminal.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        match &self.topic {
            // Writing to a String cannot fail.
            Some(topic) if topic.matches() => {
                let _ = writeln!(out, "FROM '{}' matches {}", topic.filter, topic.topic);
            }
            Some(topic) => {
                let _ = write!(out, "FROM {}", topic.why.as_deref().unwrap_or_default());
                out.push_str(if self.is_heard { "; Basic Ingest does not ask it\n" } else { "\n" });
            }
            None => out.push_str("no FROM: only Basic Ingest reaches the rule\n"),
        }
        if let Some(error) = &self.payload_error {
            let _ = writeln!(out, "{error}");
        }
        section("SET", &self.variables, &mut out);
        if let Some(filter) = &self.filter {
            let _ = write!(out, "WHERE {}", filter.to_text());
        }
        let title = if !self.fires() { "SELECT (not sent)" } else { "SELECT" };
        section(title, &self.columns, &mut out);
        let _ = match (self.deciding(), &self.outcome) {
            (Some(deciding), _) => {
                let is_from = !self.is_heard && self.topic.as_ref().is_some_and(|t| !t.matches());
                let from = if is_from { "FROM " } else { "" };
                writeln!(out, "silent: {from}{}", deciding.sentence)
            }
            (None, Err(error)) => writeln!(out, "fails: {error}"),
            (None, Ok(_)) => writeln!(out, "fires with {}", self.output()),
        };
        if let Some(note) = self.note() {
            let _ = writeln!(out, "note: {note}");
        }
        out
    }

    /// What a rule hands to its actions, in a phrase.
    pub(super) fn output(&self) -> String {
        match &self.outcome {
            Ok(Some(Output::Value(Value::Undefined))) => "an empty payload".to_owned(),
            Ok(Some(Output::Value(value))) => {
                String::from_utf8_lossy(&value.to_json()).into_owned()
            }
            Ok(Some(Output::Payload)) => "the payload as it came".to_owned(),
            Ok(None) | Err(_) => "nothing".to_owned(),
        }
    }

    /// `{topic, payload_error, set, where, select, fires, output, error, deciding, summary, note}`:
    /// `output` and `error` only of a message that reaches the rule, `note` only of another.
    pub fn to_json(&self) -> Value {
        let named = |list: &[Named]| {
            let entries = list.iter().map(|named| {
                let entries =
                    [("name", Value::from(named.name.as_str())), ("node", named.node.to_json())];
                Value::Object(entries.into_iter().collect())
            });
            Value::Array(entries.collect())
        };
        let mut object = Object::new();
        if let Some(topic) = &self.topic {
            object.insert("topic", topic.to_json());
        }
        if let Some(error) = &self.payload_error {
            object.insert("payload_error", Value::from(error.as_str()));
        }
        object.insert("set", named(&self.variables));
        if let Some(filter) = &self.filter {
            object.insert("where", filter.to_json());
        }
        object.insert("select", named(&self.columns));
        object.insert("fires", Value::from(self.fires()));
        match &self.outcome {
            _ if !self.is_heard => {}
            Ok(Some(Output::Value(value))) => object.insert("output", value.clone()),
            Ok(Some(Output::Payload)) => object.insert("output_is_payload", Value::from(true)),
            Ok(None) => {}
            Err(error) => object.insert("error", Value::from(error.to_string())),
        }
        if let Some(deciding) = self.deciding() {
            let span = [deciding.span.start as i64, deciding.span.end as i64].map(Value::from);
            let entries = [
                ("text", Value::from(deciding.text)),
                ("span", Value::Array(span.to_vec())),
                ("sentence", Value::from(deciding.sentence)),
            ];
            object.insert("deciding", Value::Object(entries.into_iter().collect()));
        }
        object.insert("summary", Value::from(self.summary()));
        if let Some(note) = self.note() {
            object.insert("note", Value::from(note));
        }
        Value::Object(object)
    }
}

fn section(title: &str, named: &[Named], out: &mut String) {
    for named in named {
        let node = named.node.to_text();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{title} {}: {}", named.name, node.trim_end());
    }
}

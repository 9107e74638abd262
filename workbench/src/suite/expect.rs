//! What a case expects: which keys an expectation has, and whether something fulfils it.

use super::fields::{Reader, quoted};
use super::values::{self, contains, same};
use crate::lint::edits;
use crate::yaml::Node;
use fieldmirror_cloud::outputs::{ActionKind, Outcome, RejectionCode};
use fieldmirror_cloud::policy::Action;
use fieldmirror_rules::value::{Object, Value};

/// One item of `expect`.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Its line in the suite, from 1.
    pub line: usize,
    /// What it is about.
    pub kind: Kind,
    /// How often it must happen.
    pub times: usize,
    /// As it was written, for reports.
    pub written: Value,
    checks: Vec<(String, Check)>,
}

/// What an expectation is about; the name is the key that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A rule's action, or its failure.
    Rule,
    /// Something that policies forbid.
    Denied,
    /// Something that the service refuses for another reason.
    Refused,
    /// A message for a client.
    Delivered,
    /// A thing's shadow after the last step.
    Shadow,
    /// A table after the last step.
    Table,
}

#[derive(Clone, Debug)]
enum Check {
    Equal(Value),
    Contains(Value),
    /// A failure whose code is this text, or whose reason contains it.
    Failed(String),
    /// A topic in a resource's ARN.
    Topic(String),
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Rule, Self::Denied, Self::Refused, Self::Delivered, Self::Shadow, Self::Table];

    /// The key that says what an expectation is about.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Delivered => "delivered",
            Self::Shadow => "shadow",
            Self::Table => "table",
        }
    }

    /// The further keys.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Rule => &[
                "action",
                "target",
                "payload",
                "payload_contains",
                "payload_text",
                "payload_base64",
                "outcome",
                "error",
                "at",
                "times",
            ],
            Self::Denied => &["action", "resource", "topic", "at", "times"],
            Self::Refused => &["code", "detail", "at", "times"],
            Self::Delivered => &[
                "topic",
                "payload",
                "payload_contains",
                "payload_text",
                "payload_base64",
                "qos",
                "retained",
                "at",
                "times",
            ],
            Self::Shadow => &[
                "reported",
                "reported_contains",
                "desired",
                "desired_contains",
                "delta",
                "delta_contains",
                "version",
            ],
            Self::Table => &["item", "item_contains", "items", "puts"],
        }
    }

    /// Whether it is about how things stand at the end, and not about something that happens.
    pub const fn is_state(self) -> bool {
        matches!(self, Self::Shadow | Self::Table)
    }
}

/// Most times that one item may ask for. Source: ours; a report lists each.
const TIMES_MAX: u64 = 1_000;

/// Reads one item of `expect`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Expectation> {
    let mapping = reader.any_mapping(node, "an expectation")?;
    // `{action: lambda}` without a rule means any rule.
    let kind = Kind::ALL.into_iter().find(|kind| mapping.get(kind.key()).is_some());
    let kind = kind.or_else(|| mapping.get("action").map(|_| Kind::Rule));
    let kind = kind.or_else(|| mapping.get("payload").map(|_| Kind::Rule));
    let Some(kind) = kind else {
        let keys = Kind::ALL.map(Kind::key);
        let expected = format!("one of {}", quoted(&keys));
        reader.wrong(node, "an expectation of nothing known", &expected);
        return None;
    };
    let known = [&[kind.key()], kind.keys()].concat();
    reader.mapping(node, &format!("an expectation of `{}`", kind.key()), &known)?;
    let mut written = Object::new();
    let mut checks = Vec::new();
    let mut times = 1;
    for entry in mapping {
        let (key, at) = (entry.key.as_str(), &entry.value);
        if !known.contains(&key) {
            continue;
        }
        if key == "times" {
            times = reader.whole(at, key, TIMES_MAX) as usize;
            continue;
        }
        let Some((value, check)) = read_check(reader, kind, key, at) else { continue };
        written.insert(key, value);
        checks.push(check);
    }
    Some(Expectation { line: node.line, kind, times, written: Value::Object(written), checks })
}

/// The value as written, and what is checked of which key.
fn read_check(
    reader: &mut Reader<'_>,
    kind: Kind,
    key: &str,
    at: &Node,
) -> Option<(Value, (String, Check))> {
    let text = |text: String| Value::String(text);
    Some(match key {
        "at" => {
            let span = reader.span(at, key);
            let value = text(shown_span(span.nanos()));
            (value.clone(), (key.to_owned(), Check::Equal(value)))
        }
        "error" => {
            let reason = reader.text(at, "`error`")?;
            (text(reason.clone()), (key.to_owned(), Check::Failed(reason)))
        }
        "topic" if kind == Kind::Denied => {
            let topic = reader.text(at, "`topic`")?;
            (text(topic.clone()), ("resource".to_owned(), Check::Topic(topic)))
        }
        "version" | "qos" | "items" | "puts" => {
            let value = Value::Int(reader.whole(at, key, u64::MAX).into());
            (value.clone(), (key.to_owned(), Check::Equal(value)))
        }
        "retained" => {
            let value = Value::Bool(reader.flag(at, key));
            (value.clone(), (key.to_owned(), Check::Equal(value)))
        }
        "payload_text" => {
            let value = text(at.as_written().unwrap_or_default().to_owned());
            (value.clone(), (key.to_owned(), Check::Equal(value)))
        }
        _ if is_value(key) => {
            let value = reader.value(at)?;
            match key.strip_suffix("_contains") {
                Some(whole) => (value.clone(), (whole.to_owned(), Check::Contains(value))),
                None => (value.clone(), (key.to_owned(), Check::Equal(value))),
            }
        }
        _ => {
            let word = reader.text(at, &format!("`{key}`"))?;
            if let Some(known) = words(kind, key)
                && !known.contains(&word.as_str())
            {
                let near = known.iter().filter(|one| edits(&word, one) <= EDITS_MAX);
                let near = near.min_by_key(|one| edits(&word, one));
                let expected = match near {
                    Some(near) => format!("`{near}`: did you mean that?"),
                    None => format!("one of {}", quoted(&known)),
                };
                reader.wrong(at, format!("`{word}` as `{key}`"), &expected);
            }
            let value = text(word);
            (value.clone(), (key.to_owned(), Check::Equal(value)))
        }
    })
}

/// How many letters a word may be off to be taken for a known one.
const EDITS_MAX: usize = 2;

/// The words that a key takes, where these are a closed list: any other would never hold.
fn words(kind: Kind, key: &str) -> Option<Vec<&'static str>> {
    match (kind, key) {
        (Kind::Rule, "action") => Some(ActionKind::ALL.map(ActionKind::name).to_vec()),
        (Kind::Rule, "outcome") => Some(Outcome::ALL.map(Outcome::name).to_vec()),
        (Kind::Refused, "code") => Some(RejectionCode::ALL.map(RejectionCode::name).to_vec()),
        (Kind::Denied, "action") => Some(Action::ALL.map(Action::name).to_vec()),
        _ => None,
    }
}

/// Whether the key takes any JSON value.
fn is_value(key: &str) -> bool {
    let whole = key.strip_suffix("_contains").unwrap_or(key);
    ["payload", "reported", "desired", "delta", "item"].contains(&whole)
}

/// A time after the start, as reports write it: `600s`, `0.5s`.
pub(super) fn shown_span(nanos: i64) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if rest == 0 {
        return format!("{seconds}s");
    }
    format!("{seconds}.{}s", format!("{rest:09}").trim_end_matches('0'))
}

impl Expectation {
    /// That `rule` yields just `output`.
    pub(super) fn output(line: usize, rule: &str, output: Value) -> Self {
        let written = values::object([("rule", Value::from(rule)), ("payload", output.clone())]);
        let checks = vec![
            ("rule".to_owned(), Check::Equal(Value::from(rule))),
            ("payload".to_owned(), Check::Equal(output)),
        ];
        Self { line, kind: Kind::Rule, times: 1, written, checks }
    }

    /// What it says of a key, if that is a text.
    pub fn named(&self, key: &str) -> Option<&str> {
        self.written.get(key).and_then(Value::as_str)
    }

    /// Whether `actual` fulfils it.
    pub(super) fn is_met_by(&self, actual: &Value) -> bool {
        actual.get(self.kind.key()).is_some()
            && (self.tells_end() || actual.get("error").is_none())
            && self.checks.iter().all(|(key, check)| check.holds(key, actual))
    }

    /// How much of it `actual` fulfils, for pairing what belongs together in a difference.
    pub(super) fn likeness(&self, actual: &Value) -> usize {
        if actual.get(self.kind.key()).is_none() {
            return 0;
        }
        let like = |(key, check): &(String, Check)| match check.holds(key, actual) {
            true if key == self.kind.key() => KIND_WEIGHT,
            true => KEY_WEIGHT,
            false => check.likeness(key, actual),
        };
        self.checks.iter().map(like).sum()
    }

    /// The keys in which `actual` is not as it says.
    pub(super) fn differing(&self, actual: &Value) -> Vec<&str> {
        let failed = self.checks.iter().filter(|(key, check)| !check.holds(key, actual));
        failed.map(|(key, _)| key.as_str()).collect()
    }

    /// Whether it says how an action ends; without that, an action must not fail.
    pub(super) fn tells_end(&self) -> bool {
        self.checks.iter().any(|(key, _)| key == "error" || key == "outcome")
    }

    /// `actual` reduced to what this expectation speaks of, in its words.
    pub(super) fn view(&self, actual: &Value) -> Value {
        let mut view = Object::new();
        let Value::Object(written) = &self.written else { return actual.clone() };
        for (key, expected) in written.iter() {
            let whole = key.strip_suffix("_contains").unwrap_or(key);
            let found = match (key, actual.get(whole)) {
                ("topic", None) => actual.get("resource"),
                (_, found) => found,
            };
            let held = self
                .checks
                .iter()
                .zip(written.iter())
                .any(|((name, check), (own, _))| own == key && check.holds(name, actual));
            match found {
                // What an expectation says in other words than the record is shown in its words.
                _ if held && !key.ends_with("_contains") => view.insert(key, expected.clone()),
                Some(found) if whole != key => {
                    view.insert(key, values::projected(found, expected));
                }
                Some(found) => view.insert(key, found.clone()),
                None => {}
            }
        }
        // A payload of another kind, and a failure that nobody expects, are what differs.
        for key in ["payload", "payload_text", "payload_base64", "error"] {
            let mentioned = written.iter().any(|(name, _)| name.starts_with("payload"));
            if let Some(found) = actual.get(key)
                && view.get(key).is_none()
                && (key == "error"
                    || mentioned && written.get(&format!("{key}_contains")).is_none())
            {
                view.insert(key, found.clone());
            }
        }
        Value::Object(view)
    }
}

/// How much a key counts that is as expected, and more than any number of entries within one.
const KEY_WEIGHT: usize = 100;

/// How much it counts that the rule, client, thing or table is the expected one.
const KIND_WEIGHT: usize = 10_000;

impl Check {
    /// How many entries of an object are as expected.
    fn likeness(&self, key: &str, actual: &Value) -> usize {
        let (
            Self::Equal(Value::Object(expected)) | Self::Contains(Value::Object(expected)),
            Some(found),
        ) = (self, actual.get(key))
        else {
            return 0;
        };
        let is_same =
            |(key, value): &(&str, &Value)| found.get(key).is_some_and(|found| same(found, value));
        expected.iter().filter(is_same).count().min(KEY_WEIGHT - 1)
    }

    fn holds(&self, key: &str, actual: &Value) -> bool {
        let found = actual.get(key);
        match self {
            Self::Equal(expected) => found.is_some_and(|found| same(found, expected)),
            Self::Contains(part) => found.is_some_and(|found| contains(found, part)),
            Self::Failed(reason) => {
                let outcome = actual.get("outcome").and_then(Value::as_str);
                found.and_then(Value::as_str).is_some_and(|found| {
                    found.contains(reason.as_str()) || outcome == Some(reason.as_str())
                })
            }
            Self::Topic(topic) => found.and_then(Value::as_str).is_some_and(|arn| {
                // A resource, or its ARN.
                let resource = arn
                    .strip_prefix("arn:")
                    .map_or(arn, |arn| arn.splitn(5, ':').nth(4).unwrap_or(arn));
                resource.split_once('/').is_some_and(|(_, name)| name == topic)
            }),
        }
    }
}

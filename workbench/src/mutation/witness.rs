//! Messages that tell a rule from its mutant, each tried on both.

use super::{Sent, Witness};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Context;
use fieldmirror_rules::mutate::{Boundary, Mutant};
use fieldmirror_rules::rule::{Output, Rule};
use fieldmirror_rules::survey::Path;
use fieldmirror_rules::value::{Object, Value};

/// Most messages of the suite that a search starts from. Source: ours; the first ones differ most.
const STARTS_MAX: usize = 32;

/// Values that are tried in the place of each field that a rule reads.
const TRIED: [&str; 6] = ["null", "\"text\"", "0", "1", "-1", "true"];

/// A message on which the two part, if one is found.
pub(super) fn parting(
    rule: &Rule,
    changed: &Rule,
    mutant: &Mutant,
    messages: &[Sent],
) -> Option<Witness> {
    let mut starts: Vec<(String, Value)> = messages
        .iter()
        .filter(|sent| rule.hears(&sent.topic) || changed.hears(&sent.topic))
        .filter_map(|sent| Some((sent.topic.clone(), Value::from_json(&sent.payload).ok()?)))
        .take(STARTS_MAX)
        .collect();
    if starts.is_empty() {
        let topic = rule.filter().map_or("a", |filter| filter.as_str()).replace(['+', '#'], "x");
        starts.push((topic, Value::Object(Object::new())));
    }
    // Of messages that fire first: they part the most mutants of terms that AND joins.
    starts.sort_by_key(|(topic, payload)| !fires(rule, topic, payload));
    let tell = |topic: &str, payload: &Value| witness(rule, changed, topic, payload);
    if let Some(topic) = &mutant.topic
        && let Some(found) = starts.iter().find_map(|(_, payload)| tell(topic, payload))
    {
        return Some(found);
    }
    for (topic, payload) in &starts {
        for boundary in &mutant.boundary {
            if let Some(found) = tell(topic, &with(payload, boundary)) {
                return Some(found);
            }
        }
    }
    if let Some(found) = starts.iter().find_map(|(topic, payload)| tell(topic, payload)) {
        return Some(found);
    }
    let fields = fields(rule);
    for (topic, payload) in &starts {
        for path in &fields {
            let tried = TRIED.iter().map(|json| Some((*json).to_owned())).chain([None]);
            for json in tried {
                let boundary = Boundary { path: path.0.clone(), json };
                if let Some(found) = tell(topic, &with(payload, &boundary)) {
                    return Some(found);
                }
            }
        }
    }
    None
}

/// A message of the suite on which the rule fires.
pub(super) fn firing(rule: &Rule, sent: &Sent) -> Option<Witness> {
    let payload = Value::from_json(&sent.payload).ok()?;
    let said = says(rule, &sent.topic, &payload);
    said.starts_with("fires").then(|| Witness {
        topic: sent.topic.clone(),
        payload: text(&payload),
        mutant: format!("{said}, and does not do that"),
        rule: said,
    })
}

/// The paths that the rule reads from the payload itself, each once.
fn fields(rule: &Rule) -> Vec<Path> {
    let mut fields: Vec<Path> = Vec::new();
    for read in rule.survey().reads {
        let is_plain = !read.path.0.iter().any(|step| step == "[]" || step == "(...)");
        if is_plain && !fields.contains(&read.path) {
            fields.push(read.path);
        }
    }
    fields
}

fn witness(rule: &Rule, changed: &Rule, topic: &str, payload: &Value) -> Option<Witness> {
    let (before, after) = (says(rule, topic, payload), says(changed, topic, payload));
    let both_deaf = before == DEAF && after == DEAF;
    (before != after && !both_deaf).then(|| Witness {
        topic: topic.to_owned(),
        payload: text(payload),
        rule: before,
        mutant: after,
    })
}

const DEAF: &str = "does not hear it";

/// What a rule does with a message. Functions that reach outside fail here: their mutants are only
/// told apart by the suite itself.
fn says(rule: &Rule, topic: &str, payload: &Value) -> String {
    if rule.filter().is_some() && !rule.hears(topic) {
        return DEAF.to_owned();
    }
    let context = Context::new(topic, Timestamp::from_millis(0));
    match rule.evaluate_bytes(&payload.to_json(), &context) {
        Ok(Some(Output::Payload)) => format!("fires with {}", text(payload)),
        Ok(Some(Output::Value(value))) => format!("fires with {}", text(&value)),
        Ok(None) => "is silent".to_owned(),
        Err(error) => format!("fails: {error}"),
    }
}

fn fires(rule: &Rule, topic: &str, payload: &Value) -> bool {
    says(rule, topic, payload).starts_with("fires")
}

fn text(value: &Value) -> String {
    String::from_utf8_lossy(&value.to_json()).into_owned()
}

/// The payload with one field set, or left out.
fn with(payload: &Value, boundary: &Boundary) -> Value {
    let value = boundary.json.as_ref().and_then(|json| Value::from_json(json.as_bytes()).ok());
    set(payload, &boundary.path, value.as_ref())
}

fn set(at: &Value, path: &[String], value: Option<&Value>) -> Value {
    let Some((key, rest)) = path.split_first() else {
        return value.cloned().unwrap_or(Value::Undefined);
    };
    let mut object = match at {
        Value::Object(object) => object.clone(),
        _ => Object::new(),
    };
    let below = set(object.get(key).unwrap_or(&Value::Undefined), rest, value);
    if below.is_undefined() {
        object.remove(key);
    } else {
        object.insert(key.as_str(), below);
    }
    Value::Object(object)
}

//! Messages that tell a rule from its mutant, each tried on both.

use super::{Sent, Witness, values};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Context;
use fieldmirror_rules::mutate::{Boundary, Mutant};
use fieldmirror_rules::rule::{Output, Rule};
use fieldmirror_rules::survey::Clause;
use fieldmirror_rules::value::{Object, Value};

/// Most messages that a search starts from. Source: ours; those that fire come first.
const STARTS_MAX: usize = 12;

/// Messages on which both statements are evaluated for one mutant. Source: ours; a second at most.
const TRIES_MAX: usize = 15_000;

/// What a search for one mutant needs.
struct Search<'r> {
    rule: &'r Rule,
    changed: &'r Rule,
    tries: std::cell::Cell<usize>,
}

/// A message on which the two part, if one is found: one that at least one of them fires on.
/// `firing` are messages that fire the rule, beside those of the suite.
pub(super) fn parting(
    rule: &Rule,
    changed: &Rule,
    mutant: &Mutant,
    messages: &[Sent],
    firing: &[(String, Value)],
) -> Option<Witness> {
    let search = Search { rule, changed, tries: std::cell::Cell::new(TRIES_MAX) };
    let mut starts: Vec<(String, Value)> = messages
        .iter()
        .filter(|sent| rule.hears(&sent.topic) || changed.hears(&sent.topic))
        .filter_map(|sent| Some((sent.topic.clone(), Value::from_json(&sent.payload).ok()?)))
        .chain(firing.iter().cloned())
        .collect();
    if starts.is_empty() {
        let topic = rule.filter().map_or("a", |filter| filter.as_str()).replace(['+', '#'], "x");
        starts.push((topic, Value::Object(Object::new())));
    }
    // Of messages that fire first: they part the most mutants of terms that AND joins.
    starts.sort_by_key(|(topic, payload)| !fires(rule, topic, payload));
    starts.truncate(STARTS_MAX);
    if let Some(topic) = &mutant.topic
        && let Some(found) = starts.iter().find_map(|(_, payload)| search.tell(topic, payload))
    {
        return Some(found);
    }
    for (topic, payload) in &starts {
        for boundary in &mutant.boundary {
            if let Some(found) = search.tell(topic, &with(payload, boundary)) {
                return Some(found);
            }
        }
    }
    starts
        .iter()
        .find_map(|(topic, payload)| search.tell(topic, payload))
        .or_else(|| search.perturbed(&starts))
}

impl Search<'_> {
    /// What the two do with a message, if that differs and one of them fires: that one is silent
    /// where the other is deaf is nothing that a case could see.
    fn tell(&self, topic: &str, payload: &Value) -> Option<Witness> {
        self.tries.set(self.tries.get().checked_sub(1)?);
        let (before, after) = (says(self.rule, topic, payload), says(self.changed, topic, payload));
        let one_fires = before.starts_with("fires") || after.starts_with("fires");
        (before != after && one_fires).then(|| Witness {
            topic: topic.to_owned(),
            payload: text(payload),
            rule: before,
            mutant: after,
        })
    }

    /// One field of a message is something else: fields that the rules read, and all that the
    /// message has, since what a variable or a function takes apart is read through others.
    fn perturbed(&self, starts: &[(String, Value)]) -> Option<Witness> {
        let values = values::tried(&[self.rule.sql(), self.changed.sql()]);
        for (topic, payload) in starts {
            let mut paths = fields(self.rule);
            for path in fields(self.changed).into_iter().chain(values::leaves(payload)) {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            for path in &paths {
                for value in &values {
                    let changed = set(payload, path, value.as_ref());
                    if let Some(found) = self.tell(topic, &changed) {
                        return Some(found);
                    }
                }
            }
            for path in &paths {
                if let Some(found) = self.at_turn(topic, payload, path) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// The number at which one of the rules turns from silence to firing, and what lies beside it.
    fn at_turn(&self, topic: &str, payload: &Value, path: &[String]) -> Option<Witness> {
        let at = |thousandths: i64| set(payload, path, values::number(thousandths).as_ref());
        for rule in [self.rule, self.changed] {
            let fires_at = |thousandths| fires(rule, topic, &at(thousandths));
            for pair in values::GRID.windows(2) {
                let (mut low, mut high) = (pair[0] * 1_000, pair[1] * 1_000);
                let lower = fires_at(low);
                if lower == fires_at(high) {
                    continue;
                }
                // Whole numbers before fractions: they are what people would write.
                for step in [1_000, 1] {
                    while high - low > step {
                        let middle = low + (high - low) / step / 2 * step;
                        if let Some(found) = self.tell(topic, &at(middle)) {
                            return Some(found);
                        }
                        *(if fires_at(middle) == lower { &mut low } else { &mut high }) = middle;
                    }
                }
                for end in [low, high] {
                    if let Some(found) = self.tell(topic, &at(end)) {
                        return Some(found);
                    }
                }
            }
        }
        None
    }
}

/// Whether the two cannot differ, by what stands in them: the same statement, or a condition of
/// both that reads no message and is not true.
pub(super) fn is_equivalent(rule: &Rule, changed: &Rule) -> bool {
    let never = |rule: &Rule| {
        let survey = rule.survey();
        let decides = survey.reads.iter().any(|read| read.clause != Clause::Select);
        let calls = survey.calls.iter().any(|call| call.clause != Clause::Select);
        let topic = rule.filter().map_or("a", |filter| filter.as_str()).replace(['+', '#'], "x");
        let silent = says(rule, &topic, &Value::Object(Object::new())) == SILENT;
        !decides && !calls && silent
    };
    rule.to_sql() == changed.to_sql() || (never(rule) && never(changed))
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
fn fields(rule: &Rule) -> Vec<Vec<String>> {
    let mut fields: Vec<Vec<String>> = Vec::new();
    for read in rule.survey().reads {
        let is_plain = !read.path.0.iter().any(|step| step == "[]" || step == "(...)");
        if is_plain && !fields.contains(&read.path.0) {
            fields.push(read.path.0);
        }
    }
    fields
}

const DEAF: &str = "does not hear it";

const SILENT: &str = "is silent";

/// The time of each message, in ms: 2024-01-01 and a bit, since 0 is 0 whatever it is multiplied by.
const NOW_MILLIS: i64 = 1_704_067_205_678;

/// What a rule does with a message. Functions that reach outside fail here: their mutants are only
/// told apart by the suite itself.
fn says(rule: &Rule, topic: &str, payload: &Value) -> String {
    if rule.filter().is_some() && !rule.hears(topic) {
        return DEAF.to_owned();
    }
    let context = Context::new(topic, Timestamp::from_millis(NOW_MILLIS));
    match rule.evaluate_bytes(&payload.to_json(), &context) {
        Ok(Some(Output::Payload)) => format!("fires with {}", text(payload)),
        Ok(Some(Output::Value(value))) => format!("fires with {}", text(&value)),
        Ok(None) => SILENT.to_owned(),
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
    // An element of a list, by its place.
    if let (Value::Array(items), Ok(place)) = (at, key.parse::<usize>()) {
        let mut items = items.clone();
        if let Some(item) = items.get_mut(place) {
            *item = set(item, rest, value);
            if item.is_undefined() {
                items.remove(place);
            }
        }
        return Value::Array(items);
    }
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

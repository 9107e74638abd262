//! Payload values for which two terms disagree.

use crate::context::Context;
use crate::program::Expr;
use crate::rule::Rule;
use crate::value::{Decimal, Number, Object, Value};
use fieldmirror_core::time::Timestamp;
use std::fmt;

/// Values listed for one mutant at most.
const VALUES_MAX: usize = 6;

/// One value of one payload field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The field's keys, from the payload downwards.
    pub path: Vec<String>,
    /// The value as JSON; `None` if the field is missing.
    pub json: Option<String>,
}

impl Boundary {
    /// A payload that has this value and nothing else.
    pub fn payload(&self) -> Value {
        let value = self.json.as_ref().and_then(|json| Value::from_json(json.as_bytes()).ok());
        payload(&self.path, value)
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.json {
            Some(json) => write!(f, "{} = {json}", self.path.join(".")),
            None => write!(f, "{} is missing", self.path.join(".")),
        }
    }
}

/// Values for which one of the terms `before` and `after` is true and the other is not. Only terms
/// of one payload field have them: what the others are cannot be known here.
pub(super) fn telling(before: &str, after: &str, outer: &Rule) -> Vec<Boundary> {
    let rules = [before, after].map(|term| {
        // What the outer rule accepts is no stricter than this.
        outer.compile_alike(&format!("SELECT 1 AS x FROM 'a' WHERE {term}"))
    });
    let [Ok(before), Ok(after)] = rules else { return Vec::new() };
    let (mut paths, mut constants) = (Vec::new(), Vec::new());
    for rule in [&before, &after] {
        let Some(filter) = &rule.parts().1.filter else { return Vec::new() };
        filter.any(&mut |expr| {
            match expr {
                Expr::Path(path) => {
                    let path: Vec<String> = path.iter().map(|key| key.to_string()).collect();
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                Expr::Constant(value) if !constants.contains(value) => {
                    constants.push(value.clone());
                }
                _ => {}
            }
            false
        });
    }
    let [path] = &*paths else { return Vec::new() };
    let context = Context::new("a", Timestamp::from_nanos(0));
    let fires = |rule: &Rule, payload: &Value| {
        rule.evaluate(payload, &context).ok().map(|output| output.is_some())
    };
    let mut found: Vec<Boundary> = Vec::new();
    for value in candidates(&constants) {
        let json = value.as_ref().map(|value| {
            // JSON is UTF-8.
            String::from_utf8_lossy(&value.to_json()).into_owned()
        });
        let boundary = Boundary { path: path.clone(), json };
        let payload = payload(path, value);
        // A service that cannot be reached from here says nothing about either.
        let (Some(old), Some(new)) = (fires(&before, &payload), fires(&after, &payload)) else {
            continue;
        };
        if old != new && !found.contains(&boundary) {
            found.push(boundary);
            if found.len() == VALUES_MAX {
                break;
            }
        }
    }
    found
}

/// Values around the constants of a term, then null, nothing, and of other types.
fn candidates(constants: &[Value]) -> Vec<Option<Value>> {
    let near = |number: Decimal, by: &str| {
        let by = Decimal::parse(by)?;
        number.checked_add(by).map(whole)
    };
    let numbers: Vec<Decimal> = constants
        .iter()
        .filter(|value| !matches!(value, Value::String(_)))
        .filter_map(|value| value.to_number().map(Number::to_decimal))
        .collect();
    let mut values: Vec<Option<Value>> = Vec::new();
    for by in ["0", "-0.001", "0.001", "-1", "1", "-0.5", "0.5"] {
        values.extend(numbers.iter().map(|number| near(*number, by)).filter(Option::is_some));
    }
    for value in constants.iter().filter(|value| matches!(value, Value::String(_))) {
        values.push(Some(value.clone()));
    }
    values.extend([Some(Value::Null), None, Some(Value::from("text")), Some(Value::from("a b "))]);
    values.extend([Some(Value::from(true)), Some(Value::from(false)), Some(Value::Int(0))]);
    values
}

fn whole(number: Decimal) -> Value {
    number.to_int().map_or(Value::Decimal(number), Value::Int)
}

/// An object with `value` under `path`; without the last key if there is no value.
fn payload(path: &[String], value: Option<Value>) -> Value {
    let Some((key, rest)) = path.split_first() else { return value.unwrap_or(Value::Null) };
    let mut object = Object::new();
    match (rest.is_empty(), value) {
        (true, None) => {}
        (_, value) => object.insert(key.as_str(), payload(rest, value)),
    }
    Value::Object(object)
}

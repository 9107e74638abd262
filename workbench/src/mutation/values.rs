//! What is put in the place of a field to tell a rule from its mutant.

use crate::init::literals;
use fieldmirror_rules::value::{Decimal, Value};

/// Whole numbers between which a rule may turn from silence to firing.
pub(super) const GRID: [i64; 16] = [
    -1_000_000, -1_000, -100, -40, -10, -1, 0, 1, 10, 30, 50, 100, 300, 1_000, 100_000, 10_000_000,
];

/// Values that any field may be, `None` for a missing one.
const USUAL: [&str; 21] = [
    "0",
    "1",
    "-1",
    "2",
    "10",
    "60",
    "100",
    "1000",
    "-1000",
    "1000000",
    "0.5",
    "true",
    "false",
    "\"text\"",
    "\"\"",
    "\"5\"",
    "\"2024-01-01T00:00:00Z\"",
    "[1,2]",
    "[]",
    "{}",
    "null",
];

/// Longest text that is made for a number, which may be a length.
const TEXT_MAX: i128 = 64;

/// Fields of one message that are changed.
const LEAVES_MAX: usize = 64;

/// The values: what stands in the statements and what lies beside it, then usual ones, then nothing.
pub(super) fn tried(statements: &[&str]) -> Vec<Option<Value>> {
    let mut values: Vec<Option<Value>> = Vec::new();
    let mut add = |value: Value| {
        if !values.contains(&Some(value.clone())) {
            values.push(Some(value));
        }
    };
    for literal in statements.iter().flat_map(|sql| literals(sql)) {
        match &literal {
            Value::String(text) => {
                add(literal.clone());
                add(Value::from(format!("{text}x").as_str()));
                add(Value::from(text.to_uppercase().as_str()));
            }
            number => {
                add(number.clone());
                for by in ["-1", "1", "-0.001", "0.001", "-0.5", "0.5"] {
                    beside(number, by).into_iter().for_each(&mut add);
                }
                if let Value::Int(length) = number {
                    for length in [length - 1, *length, length + 1] {
                        if (1..=TEXT_MAX).contains(&length) {
                            add(Value::from("x".repeat(length as usize).as_str()));
                        }
                    }
                }
            }
        }
    }
    for json in USUAL {
        // Each is JSON.
        Value::from_json(json.as_bytes()).into_iter().for_each(&mut add);
    }
    values.push(None);
    values
}

fn beside(number: &Value, by: &str) -> Option<Value> {
    let number = match number {
        Value::Int(number) => Decimal::new(*number, 0)?,
        Value::Decimal(number) => *number,
        _ => return None,
    };
    let sum = number.checked_add(Decimal::parse(by)?)?;
    Some(sum.to_int().map_or(Value::Decimal(sum), Value::Int))
}

/// A number of thousandths.
pub(super) fn number(thousandths: i64) -> Option<Value> {
    if thousandths % 1_000 == 0 {
        return Some(Value::Int((thousandths / 1_000).into()));
    }
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, rest) = (thousandths.abs() / 1_000, thousandths.abs() % 1_000);
    let text = format!("{sign}{whole}.{rest:03}");
    Value::from_json(text.trim_end_matches('0').as_bytes()).ok()
}

/// Where the fields of a payload are: keys, and places in lists.
pub(super) fn leaves(payload: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect(payload, &mut Vec::new(), &mut found);
    found
}

fn collect(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if found.len() >= LEAVES_MAX {
        return;
    }
    if !path.is_empty() {
        found.push(path.clone());
    }
    let mut below = |step: String, value: &Value| {
        path.push(step);
        collect(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| below(key.to_owned(), value))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| below(i.to_string(), value));
        }
        _ => {}
    }
}

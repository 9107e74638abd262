//! Values side by side: equality as people mean it, parts of values, and one canonical text.

use fieldmirror_rules::value::{Decimal, Object, Value};

/// Whether two values are the same: numbers by their value (`35` is `35.0`), objects in any order
/// of their keys.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => a == b || number(a).is_some_and(|a| number(b) == Some(a)),
    }
}

/// Whether `whole` has everything that `part` names: objects may have more keys at every level,
/// all else is the same.
pub(crate) fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|other| contains(other, value))),
        _ => same(whole, part),
    }
}

/// `whole` without what `part` does not name.
pub(crate) fn projected(whole: &Value, part: &Value) -> Value {
    let (Value::Object(whole), Value::Object(part)) = (whole, part) else { return whole.clone() };
    let kept = part.iter().filter_map(|(key, below)| Some((key, whole.get(key)?, below)));
    Value::Object(kept.map(|(key, value, below)| (key, projected(value, below))).collect())
}

/// JSON over several lines with sorted keys.
pub(crate) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write_pretty(value, 0, &mut out);
    out
}

/// JSON on one line with sorted keys.
pub(crate) fn compact(value: &Value) -> String {
    String::from_utf8_lossy(&sorted(value).to_json()).into_owned()
}

/// An object of these entries.
pub(crate) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().collect::<Object>())
}

fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(int) => Decimal::new(*int, 0),
        Value::Decimal(decimal) => Some(*decimal),
        _ => None,
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(entries(object).map(|(key, value)| (key, sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        _ => value.clone(),
    }
}

fn entries(object: &Object) -> impl Iterator<Item = (&str, &Value)> {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries.into_iter()
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    let indent = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (i, (key, value)) in entries(object).enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                indent(out, depth + 1);
                out.push_str(&compact(&Value::from(key)));
                out.push_str(": ");
                write_pretty(value, depth + 1, out);
            }
            indent(out, depth);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, value) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                indent(out, depth + 1);
                write_pretty(value, depth + 1, out);
            }
            indent(out, depth);
            out.push(']');
        }
        _ => out.push_str(&compact(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn numbers_are_the_same_by_value_and_objects_in_any_order() {
        for (a, b, expected) in [
            ("35", "35.0", true),
            ("35", "3.5e1", true),
            ("35", "34.999", false),
            ("0.1", "0.10", true),
            ("1234567890123456789012345678901234", "1234567890123456789012345678901235", false),
            (r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false),
            (r#""35""#, "35", false),
            ("[1,2]", "[2,1]", false),
            ("null", "false", false),
        ] {
            assert_eq!(same(&value(a), &value(b)), expected, "{a} {b}");
            assert_eq!(same(&value(b), &value(a)), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_part_may_leave_out_keys_at_every_level_and_nothing_else() {
        let whole = value(r#"{"a":{"b":1,"c":2},"d":[1,{"e":1}]}"#);
        for (part, expected) in [
            (r#"{"a":{"c":2}}"#, true),
            ("{}", true),
            (r#"{"d":[1,{"e":1}]}"#, true),
            (r#"{"d":[1,{}]}"#, false),
            (r#"{"a":{"x":1}}"#, false),
        ] {
            assert_eq!(contains(&whole, &value(part)), expected, "{part}");
        }
        let shown = projected(&whole, &value(r#"{"a":{"c":3},"x":1}"#));
        assert_eq!(compact(&shown), r#"{"a":{"c":2}}"#);
    }

    #[test]
    fn text_is_canonical() {
        let text = pretty(&value(r#"{"b":[],"a":[1,{"y":"q\"","x":{}}]}"#));
        let lines = ["{", r#"  "a": ["#, "    1,", "    {", r#"      "x": {},"#];
        assert_eq!(text.lines().take(5).collect::<Vec<_>>(), lines);
        assert!(text.ends_with("  ],\n  \"b\": []\n}"), "{text}");
    }
}

//! JSON in and out: what is kept, what is refused, and that an independent reader agrees.

use super::{Object, Value};
use crate::error::RulesError;
use crate::rule::SqlVersion;
use proptest::prelude::*;

fn read(text: &str) -> Value {
    Value::from_json(text.as_bytes()).expect(text)
}

fn written(value: &Value) -> String {
    String::from_utf8(value.to_json()).expect("UTF-8")
}

#[test]
fn json_comes_out_as_it_went_in_but_for_blanks_and_number_forms() {
    for (text, expected) in [
        ("null", "null"),
        (" [ 1 , true,false ] ", "[1,true,false]"),
        (r#"{"b":1,"a":{"c":[]},"d":{}}"#, r#"{"b":1,"a":{"c":[]},"d":{}}"#),
        ("21.5", "21.5"),
        ("10.0", "10"),
        ("1e3", "1000"),
        ("-0", "0"),
        ("-0.050", "-0.05"),
        ("1527811200000", "1527811200000"),
        ("1234567890123456789012345678901234", "1234567890123456789012345678901234"),
        (r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#, "\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\té😀é\""),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
    ] {
        assert_eq!(written(&read(text)), expected, "{text}");
    }
}

#[test]
fn whole_numbers_are_ints_where_the_version_says_so() {
    let old = |text: &str| Value::from_json_for(text.as_bytes(), SqlVersion::V2015_10_08);
    assert_eq!(read("10.0"), Value::Int(10));
    assert!(matches!(old("10.0"), Ok(Value::Decimal(_))));
    assert_eq!(old("10"), Ok(Value::Int(10)));
    assert!(matches!(read("10.5"), Value::Decimal(_)));
    let beyond = "9".repeat(35);
    assert_eq!(written(&read(&beyond)), "1E35", "an Int has at most 34 digits");
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for (text, offset) in [
        ("", 0),
        ("{", 1),
        ("[1,]", 3),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("01", 2),
        ("1.", 2),
        ("-", 1),
        ("\"\n\"", 1),
        ("\"\\x\"", 2),
        ("\"\\ud800\"", 7),
        ("\"\\udc00\"", 7),
        ("tru", 0),
        ("1 2", 2),
        ("\"open", 5),
        ("1e1000", 6),
    ] {
        match Value::from_json(text.as_bytes()) {
            Err(RulesError::Json { offset: at, .. }) => assert_eq!(at, offset, "{text:?}"),
            other => panic!("{text:?} gave {other:?}"),
        }
    }
    assert!(Value::from_json(b"\"\xff\"").is_err());
    let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
    assert!(Value::from_json(deep(128).as_bytes()).is_ok());
    assert!(Value::from_json(deep(100_000).as_bytes()).is_err());
}

#[test]
fn undefined_is_never_written() {
    let entries = [("a", Value::Undefined), ("b", Value::Int(1)), ("c", Value::Undefined)];
    let object = Value::Object(entries.into_iter().collect());
    assert_eq!(written(&object), r#"{"b":1}"#);
    let array = Value::Array(vec![Value::Undefined, object, Value::Undefined]);
    assert_eq!(written(&array), r#"[{"b":1}]"#);
    assert_eq!(written(&Value::Undefined), "");
}

#[test]
fn many_keys_are_kept_as_few_are() {
    // 97 entries over 23 keys take the sorting way, insertion the scanning one.
    let entries = (0..97_i64).map(|i| (format!("k{}", i * 31 % 23), Value::from(i)));
    let mut inserted = Object::new();
    for (key, value) in entries.clone() {
        inserted.insert(key, value);
    }
    assert_eq!(entries.collect::<Object>(), inserted);
    assert_eq!(inserted.len(), 23);
    assert_eq!(inserted.remove("k0"), Some(Value::Int(92)));
    assert_eq!(inserted.get("k0"), None);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        ".*".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::vec((".*", inner), 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn an_independent_reader_sees_the_same_strings_and_shapes(json in any_json()) {
        let text = json.to_string();
        let value = Value::from_json(text.as_bytes()).expect("JSON");
        let back: serde_json::Value = serde_json::from_slice(&value.to_json()).expect("JSON");
        prop_assert!(alike(&back, &json), "{} became {}", json, back);
        prop_assert_eq!(Value::from_json(&value.to_json()), Ok(value));
    }

    #[test]
    fn both_readers_accept_the_same_texts(text in r#"[\[\]{}:,"\\0-9.eE+tfn -]{0,12}"#) {
        let ours = Value::from_json(text.as_bytes()).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        // 1e999 is a number here and infinite there.
        prop_assert!(ours == theirs || text.contains(['e', 'E']), "{}", text);
    }
}

/// Equal but for the form of numbers: 1.0 and 1 are alike, and so are neighbouring floats, because
/// this reader does not always find the nearest one.
fn alike(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().expect("a float"), b.as_f64().expect("a float"));
            (a - b).abs() <= 4.0 * f64::EPSILON * a.abs() + f64::MIN_POSITIVE
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && alike(a, b))
        }
        _ => a == b,
    }
}

/// JSON texts that are nearly right, with keys that meet.
fn nearly_json() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "-0.50",
        "21.5",
        "1e3",
        "1E-999",
        "1e1000",
        "01",
        "1.",
        "-",
        "null",
        "tru",
        "true",
        "\"x\"",
        "\"\\u0061\"",
        "\"\\ud800\"",
        "\"\u{1}\"",
        "\"open",
        "99999999999999999999999999999999999",
        "0.0000000000000000000001",
        "-",
        "\"é\"",
        "",
    ]);
    let valid = prop::sample::select(vec!["1", "2.50", "\"x\"", "null", "[1,{\"a\":2}]", "{}"]);
    let leaf = prop_oneof![1 => leaf, 6 => valid].prop_map(str::to_owned);
    let key = prop::sample::select(vec!["\"a\"", "\"b\"", "\"\\u0061\"", "\"c\\n\"", "\"\"", "a"]);
    leaf.prop_recursive(3, 20, 5, move |inner| {
        let entry = (key.clone(), inner.clone(), prop::sample::select(vec![":", " : ", ":", ""]));
        let entry = entry.prop_map(|(key, value, colon)| format!("{key}{colon}{value}"));
        prop_oneof![
            prop::collection::vec(entry, 0..5).prop_map(|e| format!(" {{ {} }} ", e.join(" , "))),
            prop::collection::vec(inner, 0..3).prop_map(|e| format!("[{}]", e.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn reading_some_keys_is_reading_all_and_keeping_some(
        text in nearly_json(),
        cut in prop::option::weighted(0.1, 0..20_usize),
        old in any::<bool>(),
    ) {
        let end = cut.map_or(text.len(), |cut| text.len().saturating_sub(cut));
        let bytes = &text.as_bytes()[..end];
        let version = if old { SqlVersion::V2015_10_08 } else { SqlVersion::V2016_03_23 };
        let keys: [Box<str>; 3] = ["a".into(), "c\n".into(), "gone".into()];
        let some = Value::keys_from_json(bytes, version, &keys);
        let all = Value::from_json_for(bytes, version);
        let expected = all.map(|value| match value {
            Value::Object(object) => Value::Object(
                object.iter()
                    .filter(|(key, _)| keys.iter().any(|wanted| **wanted == **key))
                    .map(|(key, value)| (key, value.clone()))
                    .collect(),
            ),
            other => other,
        });
        prop_assert_eq!(some, expected, "{}", text);
    }

    #[test]
    fn a_rule_over_bytes_is_the_rule_over_the_whole_value(
        tree in crate::print::tests::any_statement(),
        text in nearly_json(),
    ) {
        let sql = crate::print::statement(&tree, "");
        let Ok((rule, _)) = crate::rule::Rule::compile_lenient(&sql, SqlVersion::V2016_03_23)
        else {
            return Ok(());
        };
        let now = fieldmirror_core::time::Timestamp::from_millis(0);
        let context = crate::context::Context::new("a/b", now);
        let output = rule.evaluate_bytes(text.as_bytes(), &context);
        if let Ok(value) = Value::from_json(text.as_bytes()) {
            let whole = rule.evaluate(&value, &context);
            let whole = whole.map(|value| value.map(crate::rule::Output::Value));
            // Only `encode(*)` sees bytes, and with them blanks.
            if !sql.contains('*') {
                prop_assert_eq!(output, whole, "{} over {}", sql, text);
            }
        }
    }
}

//! The harness of each family's table of cases: expression, expected JSON (empty for Undefined).

use crate::context::Context;
use crate::error::RulesError;
use crate::rule::{Rule, SqlVersion};
use crate::value::{Object, Value};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::Timestamp;

const PAYLOAD: &str = r#"{"t":50,"s":"7","b":true,"n":null,"o":{"x":1},"a":[3,1,2],"m":"Hi",
    "my-key":"k","list":[{"v":{"w":9}}]}"#;

/// A message of a probe.
pub(super) fn context() -> Context<'static> {
    Context {
        client_id: Some("probe-1"),
        principal: Some("c0ffee"),
        ..Context::new("foo/bar/baz", Timestamp::from_millis(1_527_811_200_123))
    }
}

/// The expression's value over the payload above.
pub(super) fn evaluate(
    expression: &str,
    context: Context<'_>,
) -> Result<Option<Value>, RulesError> {
    let sql = format!("SELECT VALUE {expression} FROM 'foo/#'");
    let rule = Rule::compile(&sql, SqlVersion::V2016_03_23)
        .unwrap_or_else(|errors| panic!("{}", errors[0].render(&sql)));
    let payload = Value::from_json(PAYLOAD.as_bytes()).expect("the payload is JSON");
    rule.evaluate(&payload, &context)
}

/// Compares each expression's value in `context` with the JSON beside it.
pub(super) fn check_in(context: Context<'_>, cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        let value = evaluate(expression, context).expect(expression).expect("no WHERE");
        let json = String::from_utf8(value.to_json()).expect("UTF-8");
        assert_eq!(json, *expected, "{expression}");
    }
}

/// Compares each expression's value with the JSON beside it.
pub(super) fn check(cases: &[(&str, &str)]) {
    check_in(context(), cases);
}

#[test]
fn every_name_is_in_the_registry_once() {
    let mut names: Vec<String> = super::FAMILIES
        .into_iter()
        .flatten()
        .map(|function| function.name.to_ascii_lowercase())
        .chain(super::ABSENT.iter().map(|absent| absent.name.to_owned()))
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn a_misspelt_function_is_guessed() {
    assert_eq!(super::similar("isundefind"), Some("isUndefined"));
    assert_eq!(super::similar("uper"), Some("upper"));
    assert_eq!(super::similar("frobnicate"), None);
}

/// Pieces of patterns, texts and replacements.
const PIECES: [&str; 48] = [
    "a",
    "b",
    "7",
    "12",
    "é",
    "😀",
    " ",
    "\n",
    "\r",
    ".",
    "*",
    "+",
    "?",
    "{2}",
    "{1,}",
    "(",
    ")",
    "(?:",
    "(?=",
    "(?<!",
    "(?i)",
    "(?<n>",
    "[",
    "]",
    "^",
    "$",
    "-",
    "&&",
    "|",
    "\\",
    "\\1",
    "\\d",
    "\\Q",
    "\\p{L}",
    "${n}",
    "yyyy",
    "yy",
    "MMM",
    "dd",
    "HH",
    "mm",
    "SSS",
    "z",
    "XXX",
    "'",
    "p",
    "2018-06-01",
    "Europe/Berlin",
];

#[test]
fn no_pattern_text_or_number_makes_a_function_panic() {
    let sql = "SELECT VALUE [regexp_matches(t, p), regexp_replace(t, p, r), regexp_substr(t, p), \
               parse_time(p, n, r), parse_time(p, n), time_to_epoch(t, p), replace(t, p, r), \
               substring(t, n), lpad(p, n), get(t, n), decode(t, 'base64'), trunc(n, 3)] FROM 'a'";
    let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("sound");
    let draws = Seed::new(3).draws(EntityKey::of("functions"), Purpose::TrainingOrder);
    let mut counter = 0;
    let mut draw = |bound: usize| {
        counter += 1;
        draws.below(counter, bound as u32) as usize
    };
    let mut defined = 0;
    for round in 0..600_i64 {
        let mut text = || {
            let count = 1 + draw(7);
            (0..count).map(|_| PIECES[draw(PIECES.len())]).collect::<String>()
        };
        let texts = [("t", text()), ("p", text()), ("r", text())];
        let mut payload: Object =
            texts.into_iter().map(|(key, text)| (key, Value::String(text))).collect();
        let number = (round - 300).wrapping_pow(1 + (round % 7) as u32);
        payload.insert("n", Value::from(number));
        let value = rule.evaluate(&Value::Object(payload), &context()).expect("nothing external");
        if let Some(Value::Array(values)) = value {
            defined += values.len();
        }
    }
    assert!(defined > 2_000, "most of the calls were Undefined: {defined}");
}

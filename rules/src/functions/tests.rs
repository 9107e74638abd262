//! The harness of each family's table of cases: expression, expected JSON (empty for Undefined).

use crate::context::Context;
use crate::error::RulesError;
use crate::rule::{Rule, SqlVersion};
use crate::value::Value;
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

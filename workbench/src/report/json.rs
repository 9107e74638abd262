//! One JSON object, with a line a case.

use super::{CaseResult, Results};
use crate::suite::values::object;
use fieldmirror_rules::value::Value;

/// Raised when a key changes its meaning or goes.
const SCHEMA_VERSION: i64 = 1;

pub(super) fn render(results: &Results) -> String {
    let line = |value: &Value| String::from_utf8_lossy(&value.to_json()).into_owned();
    let list = |lines: Vec<String>| match lines.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n    {}\n  ]", lines.join(",\n    ")),
    };
    let cases = results.cases().map(|result| line(&case(result))).collect();
    let notes = results.suites.iter().flat_map(|suite| &suite.notes);
    let notes = notes.map(|note| line(&Value::from(note.as_str()))).collect();
    format!(
        "{{\n  \"schema_version\": {SCHEMA_VERSION},\n  \"passed\": {},\n  \"failed\": {},\n  \
         \"cases\": {},\n  \"notes\": {}\n}}\n",
        results.passed(),
        results.failed(),
        list(cases),
        list(notes)
    )
}

fn case(result: &CaseResult) -> Value {
    object([
        ("name", Value::from(result.name.as_str())),
        ("passed", Value::Bool(result.passed)),
        ("expected", result.expected.clone()),
        ("actual", result.actual.clone()),
        ("explanation", Value::from(result.explanation.join("\n").as_str())),
        ("difference", Value::from(result.difference.as_str())),
        ("file", Value::from(result.suite.as_str())),
        ("line", Value::from(result.line as i64)),
    ])
}

//! What a run of the drafted suite says about its cases.

use super::Sketch;
use crate::report::CaseResult;
use fieldmirror_rules::value::Value;

/// Takes a case that failed for what it shows: the errors of its actions, or, at `last`, that no
/// case can be written.
pub(super) fn mend(sketches: &mut [Sketch<'_>], case: &CaseResult, last: bool) {
    for sketch in sketches {
        let (firing, silent) = (sketch.firing_name(), sketch.silent_name());
        let why = || {
            let first = case.explanation.first().map_or("", String::as_str);
            format!("the case that was found does not pass: {first}")
        };
        if case.name == silent {
            sketch.silent = Err(why());
        } else if case.name == firing && last {
            sketch.firing = Err(why());
        } else if case.name == firing {
            sketch.failures = errors(&case.actual);
        }
    }
}

/// The errors of actions, by kind.
fn errors(actual: &Value) -> Vec<(String, String)> {
    let Value::Array(items) = actual else { return Vec::new() };
    let error = |item: &Value| {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        Some((text("action")?, text("error")?))
    };
    items.iter().filter_map(error).collect()
}

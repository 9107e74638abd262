//! Annotations of GitHub Actions, which show a failure at the case's line.

use super::Results;
use crate::annotation::{data, property};

pub(super) fn render(results: &Results) -> String {
    let mut out = String::new();
    for suite in &results.suites {
        for note in &suite.notes {
            out.push_str(&format!("::notice file={}::{}\n", property(&suite.suite), data(note)));
        }
        for case in suite.cases.iter().filter(|case| !case.passed) {
            out.push_str(&format!(
                "::error file={},line={},title={}::{}\n",
                property(&case.suite),
                case.line,
                property(&case.name),
                data(&case.failure())
            ));
        }
    }
    out.push_str(&results.summary());
    out.push('\n');
    out
}

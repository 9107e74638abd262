//! For people: a line a case, and beneath a failed one why.

use super::Results;

pub(super) fn render(results: &Results) -> String {
    let mut out = String::new();
    for suite in &results.suites {
        for note in &suite.notes {
            out.push_str(&format!("note  {note}\n"));
        }
        for case in &suite.cases {
            let verdict = if case.passed { "ok  " } else { "FAIL" };
            out.push_str(&format!("{verdict}  {}:{}  {}\n", case.suite, case.line, case.name));
            for line in case.failure().lines() {
                out.push_str(&format!("      {line}\n"));
            }
        }
    }
    out.push_str(&results.summary());
    out.push('\n');
    out
}

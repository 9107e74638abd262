//! Annotations of GitHub Actions, which show a failure at the case's line.
//!
//! # Source
//! GitHub Docs, "Workflow commands for GitHub Actions", and the escapes of `actions/toolkit`
//! (`packages/core/src/command.ts`).

use super::Results;

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

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(property("a:b,c%d\ne"), "a%3Ab%2Cc%25d%0Ae");
        assert_eq!(data("a:b,c%d\r\ne"), "a:b,c%25d%0D%0Ae");
    }
}

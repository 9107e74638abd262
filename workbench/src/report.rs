//! The results of suites, and how people and machines read them.
//!
//! Every rendering is a function of the results alone: no times, no colours, cases in the order of
//! the files, so that two runs give the same text.

mod difference;
mod github;
mod json;
mod junit;
mod text;

pub(crate) use difference::difference;

use fieldmirror_rules::value::Value;

/// What came of all suites.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// The suites, by their files' names.
    pub suites: Vec<SuiteResult>,
}

/// What came of one suite.
#[derive(Clone, Debug, PartialEq)]
pub struct SuiteResult {
    /// The file as it was named.
    pub suite: String,
    /// Its cases in the order of the file.
    pub cases: Vec<CaseResult>,
    /// What is not evaluated, or made up.
    pub notes: Vec<String>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseResult {
    /// The suite's file as it was named.
    pub suite: String,
    /// The case's line in it, from 1.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// Whether all that was expected happened, and nothing else.
    pub passed: bool,
    /// What was expected: the list as it was written.
    pub expected: Value,
    /// What happened, in the same form.
    pub actual: Value,
    /// Why it failed, in lines; empty if it passed.
    pub explanation: Vec<String>,
    /// Lines with `-` that were expected, with `+` that happened; empty if it passed.
    pub difference: String,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object: `{passed, failed, cases: [{name, passed, expected, actual, explanation}]}`.
    Json,
    /// JUnit's XML, which most build servers read.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
}

impl Format {
    /// The names of all formats.
    pub const NAMES: [&'static str; 4] = ["text", "json", "junit", "github"];

    /// The format called `name`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            "junit" => Some(Self::Junit),
            "github" => Some(Self::Github),
            _ => None,
        }
    }
}

impl Results {
    /// How many cases passed.
    pub fn passed(&self) -> usize {
        self.cases().filter(|case| case.passed).count()
    }

    /// How many cases failed; a run with one of these ends with exit code 1.
    pub fn failed(&self) -> usize {
        self.cases().filter(|case| !case.passed).count()
    }

    /// All cases in order.
    pub fn cases(&self) -> impl Iterator<Item = &CaseResult> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// The results as text of a format, with a newline at its end.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Text => text::render(self),
            Format::Json => json::render(self),
            Format::Junit => junit::render(self),
            Format::Github => github::render(self),
        }
    }

    /// `3 cases: 2 passed, 1 failed`.
    fn summary(&self) -> String {
        let (passed, failed) = (self.passed(), self.failed());
        let total = passed + failed;
        let cases = if total == 1 { "case" } else { "cases" };
        format!("{total} {cases}: {passed} passed, {failed} failed")
    }
}

impl CaseResult {
    /// The explanation and the difference.
    fn failure(&self) -> String {
        let mut text = self.explanation.join("\n");
        if !text.is_empty() && !self.difference.is_empty() {
            text.push('\n');
        }
        text.push_str(&self.difference);
        text
    }
}

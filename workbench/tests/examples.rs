//! The example of docs/coming-from-aws.md holds: its template is clean, its suite passes, and no
//! mutant of its rules survives.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use fieldmirror_workbench::deployment::{self, Settings};
use fieldmirror_workbench::lint::{self, Severity, Subject};
use fieldmirror_workbench::mutation::mutate;
use fieldmirror_workbench::report::{Format, Results};
use fieldmirror_workbench::suite::{Options, Suite};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/irrigation")
}

#[test]
fn the_suite_passes_and_notices_every_mutant() {
    let suite = Suite::load(&folder().join("suite.yaml"), &Options::default()).unwrap();
    let results = Results { suites: vec![suite.run()] };
    assert_eq!(results.failed(), 0, "{}", results.render(Format::Text));
    let outcome = mutate(&suite).unwrap();
    assert!(outcome.killed > 50, "{} mutants", outcome.killed);
    assert!(outcome.survivors.is_empty(), "{:#?}", outcome.survivors);
}

#[test]
fn the_template_is_clean_and_the_classic_mistake_is_an_error() {
    let text = std::fs::read_to_string(folder().join("irrigation.yaml")).unwrap();
    let worst = |text: &str| {
        let deployment =
            deployment::Deployment::read("irrigation.yaml", text, &Settings::default()).unwrap();
        let findings = lint::lint(&Subject::from(&deployment), &lint::Options::default());
        findings.iter().map(|finding| finding.severity).max()
    };
    assert_eq!(worst(&text), Some(Severity::Note));
    assert_eq!(worst(&text.replace("topicfilter/", "topic/")), Some(Severity::Error));
}

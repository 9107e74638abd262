//! Suites of `tests/corpus/suites`: the passing pass, and what failing and wrong ones print is what
//! was recorded, in every format.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use fieldmirror_workbench::report::{Format, Results};
use fieldmirror_workbench::suite::{self, Options, Suite};
use std::path::{Path, PathBuf};
use std::sync::Once;

/// Paths in reports are as they were given, so all tests of this binary stand in the corpus.
fn stand_in_corpus() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/suites");
        std::env::set_current_dir(root).unwrap();
    });
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

/// Compares with the recorded text, or records it.
fn check(path: &Path, extension: &str, text: &str) -> Option<String> {
    let golden = Path::new("golden").join(path).with_extension(extension);
    if std::env::var_os("FIELDMIRROR_RECORD").is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(&golden, text).unwrap();
        return None;
    }
    let recorded = std::fs::read_to_string(&golden).unwrap_or_default();
    (recorded != text).then(|| format!("{}\n{text}", golden.display()))
}

fn run(path: &Path) -> Results {
    suite::run(&[path.to_owned()], &Options::default())
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn passing_suites_pass_as_one_folder_in_the_order_of_their_names() {
    stand_in_corpus();
    let results = run(Path::new("passing"));
    assert_eq!(results.failed(), 0, "{}", results.render(Format::Text));
    let suites: Vec<&str> = results.suites.iter().map(|suite| suite.suite.as_str()).collect();
    assert!(suites.is_sorted() && suites.len() >= 10, "{suites:?}");
    assert!(results.cases().all(|case| case.explanation.is_empty() && case.difference.is_empty()));
}

#[test]
fn failing_suites_fail_in_every_case_and_print_what_is_recorded() {
    stand_in_corpus();
    let mut wrong = Vec::new();
    for path in files("failing") {
        let results = run(&path);
        assert_eq!(results.passed(), 0, "{}", results.render(Format::Text));
        for (format, extension) in [
            (Format::Text, "txt"),
            (Format::Json, "json"),
            (Format::Junit, "xml"),
            (Format::Github, "github"),
        ] {
            let text = results.render(format);
            assert_eq!(text, run(&path).render(format), "the same text every time");
            wrong.extend(check(&path, extension, &text));
        }
        let json: serde_json::Value = serde_json::from_str(&results.render(Format::Json)).unwrap();
        assert_eq!(json["failed"], results.failed());
        assert_eq!(json["cases"].as_array().unwrap().len(), results.failed());
    }
    assert!(wrong.is_empty(), "not as recorded:\n{}", wrong.join("\n"));
}

#[test]
fn wrong_files_are_refused_with_every_problem_and_its_place() {
    stand_in_corpus();
    let mut wrong = Vec::new();
    for path in files("wrong") {
        let problems = suite::run(std::slice::from_ref(&path), &Options::default()).unwrap_err();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        wrong.extend(check(&path, "txt", &(lines.join("\n") + "\n")));
    }
    assert!(wrong.is_empty(), "not as recorded:\n{}", wrong.join("\n"));
}

#[test]
fn a_file_that_is_no_suite_is_named_unless_a_suite_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let rule = r#"{"sql": "SELECT * FROM 't'", "actions": []}"#;
    write("rule.json", rule);
    let case = "{name: n, messages: [{topic: t, payload: 1}], expect: []}";
    write("suite.yaml", &format!("rules: [rule.json]\ntests: [{case}]\n"));
    let run = || suite::run(&[folder.path().to_owned()], &Options::default());
    assert_eq!(run().unwrap().suites.len(), 1);
    write("other.json", rule);
    let problems = run().unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].file.ends_with("other.json"), "{}", problems[0]);
    assert!(problems[0].to_string().contains("neither a suite nor a case file"), "{}", problems[0]);
}

#[test]
fn no_path_and_an_empty_folder_are_problems() {
    let folder = tempfile::tempdir().unwrap();
    for paths in [vec![], vec![folder.path().to_owned()], vec![folder.path().join("none.yaml")]] {
        assert_eq!(suite::run(&paths, &Options::default()).unwrap_err().len(), 1, "{paths:?}");
    }
}

#[test]
fn a_suite_runs_over_other_rules() {
    stand_in_corpus();
    let suite = Suite::load(Path::new("passing/threshold.yaml"), &Options::default()).unwrap();
    let mut rules = suite.rules().to_vec();
    rules[0].1.sql = rules[0].1.sql.replace("< 35", "<= 35");
    let failed = suite.with_rules(rules.clone()).unwrap().run();
    let names: Vec<_> =
        failed.cases.iter().filter(|case| !case.passed).map(|case| &*case.name).collect();
    assert_eq!(names, ["silent at 35"]);
    rules[0].1.sql = "SELECT".to_owned();
    suite.with_rules(rules).unwrap_err();
}

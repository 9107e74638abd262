//! The command on a team's rules: a broken rule fails with a report that names the case, and bad
//! input ends with one message and exit code 3.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn fieldmirror(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fieldmirror"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A copy of the scenarios and what they read, with one change to the irrigation rule.
fn changed(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["scenarios", "data"] {
        copy(&root().join(name), &folder.path().join(name));
    }
    let path = folder.path().join("scenarios/rules/irrigate.json");
    let rule = std::fs::read_to_string(&path).expect("the rule");
    assert!(rule.contains(from), "{rule}");
    std::fs::write(path, rule.replace(from, to)).expect("written");
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("copied");
        }
    }
}

#[test]
fn first_farms_suite_passes_as_the_rules_are() {
    let run = fieldmirror(&["rules", "test", "scenarios/suites/first-farm.yaml"], &root());
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stdout));
}

#[test]
fn a_broken_rule_fails_and_junit_names_the_case() {
    let folder = changed("humidity < 35", "humidity <= 35");
    let arguments = ["rules", "test", "scenarios/suites/first-farm.yaml", "--format", "junit"];
    let run = fieldmirror(&arguments, folder.path());
    let report = text(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{report}{}", text(&run.stderr));
    assert!(report.starts_with("<?xml") && report.contains("<failure"), "{report}");
    assert!(report.contains("name=\"silent at 35\""), "{report}");
    let json =
        fieldmirror(&["--format", "json", "rules", "test", "scenarios/suites"], folder.path());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let failed: Vec<_> = json["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .filter(|case| case["passed"] == false)
        .map(|case| case["name"].as_str().expect("a name"))
        .collect();
    assert!(failed.contains(&"silent at 35"), "{failed:?}");
    assert_eq!(json["failed"], failed.len());
}

#[test]
fn no_mutant_of_first_farms_rules_survives_its_suite() {
    let run = fieldmirror(&["rules", "mutate", "scenarios/suites/first-farm.yaml"], &root());
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stdout));
}

#[test]
fn a_denied_request_is_explained_with_the_change_that_allows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Action":"iot:Publish","Resource":"arn:aws:iot:eu-west-1:123456789012:topic/a/*"}]}"#;
    std::fs::write(folder.path().join("p.json"), policy).expect("written");
    let ask = |resource: &str| {
        let arguments = [
            "policy",
            "explain",
            "p.json",
            "--principal",
            "d1",
            "--action",
            "iot:Publish",
            "--resource",
            resource,
        ];
        text(&fieldmirror(&arguments, folder.path()).stdout)
    };
    let (allowed, denied) = (ask("topic/a/b"), ask("topic/b"));
    assert!(allowed.contains("ALLOWED: iot:Publish on "), "{allowed}");
    assert!(denied.contains("IMPLICIT_DENY: iot:Publish on "), "{denied}");
    assert!(denied.contains("smallest change that turns it"), "{denied}");
}

#[test]
fn bad_input_ends_with_3_and_names_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), "tests:\n  - nmae: x\n").expect("written");
    std::fs::write(folder.path().join("r.json"), r#"{"sql":"SELECT * FRM 'a'","actions":[]}"#)
        .expect("written");
    for (arguments, place) in [
        (&["rules", "test", "s.yaml"][..], "s.yaml:2"),
        (&["rules", "test", "nowhere.yaml"], "nowhere.yaml"),
        (&["rules", "explain", "r.json", "--topic", "a", "--payload", "r.json"], "r.json"),
        (&["rules", "backtest", "r.json", "--in", "nowhere"], "r.json"),
        (&["rules", "trace", "nowhere"], "nowhere"),
        (&["cost", "nowhere"], "nowhere"),
        (&["policy", "test", "nowhere.yaml"], "nowhere.yaml"),
    ] {
        let run = fieldmirror(arguments, folder.path());
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(3), "{arguments:?}: {said}");
        assert!(said.contains(place), "{arguments:?}: {said}");
        assert!(run.stdout.is_empty(), "{arguments:?} printed something");
    }
}

#[test]
fn a_format_that_a_verb_has_not_is_a_matter_of_usage() {
    let run = fieldmirror(&["cost", "x", "--format", "junit"], &root());
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("rules test"), "{}", text(&run.stderr));
}

/// A rule that the service would refuse in four places, and a suite for it.
fn unknown_to_the_service() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = r#"{
  "sql": "SELECT t, nope(t) AS x FROM 'a/+' WHERE t != 1",
  "awsIotSqlVersion": "2016-03-23",
  "actions": [{"republish": {"roleArn": "arn:aws:iam::123456789012:role/r",
    "topic": "b/${upper(x, y)}c", "retain": true}}]
}"#;
    let suite = r#"rules: [dry.json]
sql: {own: "SELECT gone(t) AS g, t FROM 'c/+' WHERE t == 3"}
tests:
  - name: fires
    messages: [{at: 0s, client: p, topic: a/1, payload: {t: 2}}]
    expect: [{rule: dry, action: republish, payload: {t: 2}}]
  - name: the suite's own
    messages: [{at: 0s, client: p, topic: c/1, payload: {t: 3}}]
    expect: [{rule: own, payload: {t: 3}}]
  - name: silent
    messages: [{at: 0s, client: p, topic: a/1, payload: {t: 1}}]
    expect: []
"#;
    std::fs::write(folder.path().join("dry.json"), rule).expect("written");
    std::fs::write(folder.path().join("suite.yaml"), suite).expect("written");
    std::fs::write(folder.path().join("p.json"), r#"{"t": 5}"#).expect("written");
    folder
}

/// The warnings of that rule, in their order: place, code, path.
const WARNINGS: [&str; 4] = [
    "dry.json:5:45: warning[L047]: rule `dry`, at `actions[0].republish.retain`: an unknown field",
    "dry.json:2:21: warning[SQL020]: rule `dry`, at `sql:1:11`: AWS IoT SQL has no function `nope`",
    "dry.json:2:53: warning[SQL011]: rule `dry`, at `sql:1:43`: AWS IoT SQL has no `!=`",
    "dry.json:5:14: warning[SQL021]: rule `dry`, at `actions[0].republish.topic:1:5`: upper() is called",
];

/// All of the warnings stand in `text`, after each other.
fn warned(mut text: &str) {
    for warning in WARNINGS {
        let at = text.find(warning).unwrap_or_else(|| panic!("no {warning:?} in {text}"));
        text = &text[at + warning.len()..];
    }
}

#[test]
fn without_lenient_what_the_service_does_not_know_is_refused() {
    let folder = unknown_to_the_service();
    let verbs: [&[&str]; 6] = [
        &["test", "suite.yaml"],
        &["explain", "dry.json", "--topic", "a/1", "--payload", "p.json"],
        &["lint", "dry.json"],
        &["mutate", "suite.yaml"],
        &["backtest", "dry.json", "--in", "none.parquet"],
        &["init", "dry.json", "-o", "new.yaml"],
    ];
    for verb in verbs {
        let run = fieldmirror(&[&["rules"], verb].concat(), folder.path());
        assert_eq!(run.status.code(), Some(3), "{verb:?}: {}", text(&run.stdout));
        let told = text(&run.stderr);
        assert!(told.contains("actions[0].republish.retain"), "{verb:?}: {told}");
        assert!(told.contains("SQL020: AWS IoT SQL has no function `nope`"), "{verb:?}: {told}");
        assert!(!told.contains("warning"), "{verb:?}: {told}");
    }
}

#[test]
fn lenient_tests_and_explains_and_warns() {
    let folder = unknown_to_the_service();
    let run = fieldmirror(&["rules", "test", "suite.yaml", "--lenient"], folder.path());
    assert_eq!(run.status.code(), Some(0), "{}{}", text(&run.stdout), text(&run.stderr));
    warned(&text(&run.stdout));
    let own = "suite.yaml:2:20: warning[SQL020]: rule `own`, at `sql:1:8`: AWS IoT SQL has no \
               function `gone`";
    assert!(text(&run.stdout).contains(own), "{}", text(&run.stdout));
    let arguments = ["rules", "test", "suite.yaml", "--lenient", "--format", "json"];
    let run = fieldmirror(&arguments, folder.path());
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!((&json["passed"], &json["failed"]), (&3.into(), &0.into()));
    warned(&json["notes"].to_string().replace("\\\"", "\""));

    let explain = ["rules", "explain", "dry.json", "--topic", "a/1", "--payload", "p.json"];
    let run = fieldmirror(&[&explain[..], &["--lenient"]].concat(), folder.path());
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    warned(&text(&run.stderr));
    assert!(text(&run.stdout).contains("nope(t)"), "{}", text(&run.stdout));
    assert!(text(&run.stdout).contains(r#"{"t":5}"#), "{}", text(&run.stdout));
    let run =
        fieldmirror(&[&explain[..], &["--lenient", "--format", "json"]].concat(), folder.path());
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    warned(&json["notes"].to_string());
}

#[test]
fn lenient_lints_mutates_and_drafts() {
    let folder = unknown_to_the_service();
    let run = fieldmirror(&["rules", "lint", "dry.json", "--lenient"], folder.path());
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let told = text(&run.stdout);
    assert!(
        told.contains("dry.json:2:21: warning[SQL020]: dry: AWS IoT SQL has no function"),
        "{told}"
    );
    assert!(told.contains("at: actions[0].republish.topic:1:5"), "{told}");
    assert!(text(&run.stderr).is_empty(), "told once: {}", text(&run.stderr));

    let run = fieldmirror(
        &["rules", "mutate", "suite.yaml", "--lenient", "--format", "json"],
        folder.path(),
    );
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert!(json["killed"].as_u64() > Some(2), "{json}");
    warned(&json["notes"].to_string());
    warned(&text(&run.stderr));

    let init = ["rules", "init", "dry.json", "-o", "new.yaml", "--lenient"];
    let run = fieldmirror(&init, folder.path());
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    warned(&text(&run.stderr));
    assert!(
        text(&run.stdout).contains("2 cases; run with `fieldmirror rules test new.yaml --lenient`")
    );
    let run = fieldmirror(&["rules", "test", "new.yaml", "--lenient"], folder.path());
    assert_eq!(run.status.code(), Some(0), "{}{}", text(&run.stdout), text(&run.stderr));
}

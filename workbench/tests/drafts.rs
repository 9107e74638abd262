//! A drafted suite passes as it is, in the runner that teams use, for every template of the corpus.

use fieldmirror_workbench::deployment::{Settings, load};
use fieldmirror_workbench::init;
use fieldmirror_workbench::report::Format;
use fieldmirror_workbench::suite::{self, Options};
use std::path::{Path, PathBuf};

/// Templates of the corpus that have rules, with their parameters.
fn templates() -> Vec<(PathBuf, Settings)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/templates");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&corpus).expect("the corpus") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let other = [".expected.", ".parameters.", ".md"].iter().any(|part| name.contains(part));
        if !path.is_file() || other {
            continue;
        }
        let mut settings = Settings { base: corpus.clone(), ..Settings::default() };
        if let Ok(text) = std::fs::read_to_string(path.with_extension("parameters.json")) {
            settings.parameters = serde_json::from_str(&text).expect("texts by name");
        }
        found.push((path, settings));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn drafts_of_all_templates_pass() {
    let mut cases = 0;
    for (path, settings) in templates() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let deployment = load(std::slice::from_ref(&name), &settings).expect("a deployment");
        if deployment.rules.is_empty() {
            continue;
        }
        let draft = init::draft(std::slice::from_ref(&name), &settings, &deployment);
        let draft = draft.unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        if draft.cases == 0 {
            // Nothing to run, which is no suite.
            continue;
        }
        // The suite stands beside its template, as a user's would.
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(&path, folder.path().join(&name)).expect("a copy");
        let file = folder.path().join("suite.yaml");
        std::fs::write(&file, &draft.text).expect("a suite");
        let results = suite::run(&[file], &Options::default())
            .unwrap_or_else(|problems| panic!("{name}: {problems:#?}\n{}", draft.text));
        assert_eq!(results.failed(), 0, "{}\n{}", draft.text, results.render(Format::Text));
        assert_eq!(results.passed(), draft.cases, "{name}");
        cases += draft.cases;
        // The rule selects no `at`, which is the table's range key.
        let fails = "action: dynamoDBv2, error: \"the key `at` of table `Readings`";
        assert_eq!(draft.text.contains(fails), name == "irrigation.yaml", "{}", draft.text);
    }
    assert!(cases >= 12, "{cases} cases");
}

#[test]
fn a_draft_of_a_broken_rule_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = |threshold: u32| {
        let sql = format!("SELECT humidity FROM 'farmA/+/data' WHERE humidity < {threshold}");
        let text = format!(
            "{{\"sql\": \"{sql}\", \"awsIotSqlVersion\": \"2016-03-23\", \"actions\": [{{\"lambda\": \
             {{\"functionArn\": \"arn:aws:lambda:eu-west-1:123456789012:function:pump\"}}}}]}}"
        );
        std::fs::write(folder.path().join("pump_on.json"), text).expect("a rule");
    };
    rule(35);
    let settings = Settings { base: folder.path().to_owned(), ..Settings::default() };
    let files = ["*.json".to_owned()];
    let deployment = load(&files, &settings).expect("a deployment");
    let draft = init::draft(&files, &settings, &deployment).expect("a draft");
    let file = folder.path().join("suite.yaml");
    std::fs::write(&file, &draft.text).expect("a suite");
    let failed = |file: &PathBuf| {
        let results = suite::run(std::slice::from_ref(file), &Options::default());
        results.expect("a suite").failed()
    };
    assert_eq!(failed(&file), 0);
    // The case of silence is at the boundary itself.
    rule(36);
    assert_eq!(failed(&file), 1);
    rule(34);
    assert_eq!(failed(&file), 1);
}

#[test]
fn a_draft_for_a_folder_stands_in_that_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = "{\"sql\": \"SELECT a FROM 't' WHERE a > 1\", \"awsIotSqlVersion\": \
                \"2016-03-23\", \"actions\": [{\"lambda\": {\"functionArn\": \
                \"arn:aws:lambda:eu-west-1:123456789012:function:f\"}}]}";
    std::fs::write(folder.path().join("r.json"), rule).expect("a rule");
    let settings = Settings { base: folder.path().to_owned(), ..Settings::default() };
    let file = folder.path().join("suite.yaml");
    // The second time the suite lies among the rules.
    for _ in 0..2 {
        let files = [String::new()];
        let deployment = load(&files, &settings).expect("a deployment");
        let draft = init::draft(&files, &settings, &deployment).expect("a draft");
        assert!(draft.text.contains("\nrules: [.]\n"), "{}", draft.text);
        std::fs::write(&file, &draft.text).expect("a suite");
        let results = suite::run(&[folder.path().to_owned()], &Options::default());
        assert_eq!(results.expect("a suite").passed(), 2);
    }
}

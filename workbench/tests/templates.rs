//! Every file of `tests/corpus/templates` is understood as its expectation says, and every file of
//! its `refused` gives exactly the messages beside it.

use fieldmirror_workbench::deployment::{Deployment, Settings};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The inputs of a folder: what has no `.expected.` or `.parameters.` in its name.
fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the corpus");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        file.is_file()
            && !name.contains(".expected.")
            && !name.contains(".parameters.")
            && !name.ends_with(".md")
    });
    files.sort();
    files
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/templates")
}

fn read(file: &Path) -> Result<Deployment, Vec<String>> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(file).expect("a text");
    let mut settings = Settings::default();
    if let Ok(text) = std::fs::read_to_string(file.with_extension("parameters.json")) {
        settings.parameters = serde_json::from_str(&text).expect("texts by name");
    }
    let deployment = Deployment::read(&name, &text, &settings);
    deployment.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// Writes what is there instead of comparing, for a person to read before it is kept.
fn recording() -> bool {
    std::env::var_os("FIELDMIRROR_RECORD").is_some()
}

#[test]
fn templates_are_understood_as_expected() {
    let files = inputs(&corpus());
    assert!(files.len() >= 12, "{} templates", files.len());
    for file in files {
        let deployment = read(&file).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let found = deployment.to_json();
        let expected = file.with_extension("expected.json");
        if recording() {
            let text = serde_json::to_string_pretty(&found).expect("JSON");
            std::fs::write(&expected, text + "\n").expect("a file");
            continue;
        }
        let text = std::fs::read_to_string(&expected).expect("an expectation");
        let expected: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(found, expected, "{}: {found:#}", file.display());
    }
}

#[test]
fn refused_templates_say_why() {
    let files = inputs(&corpus().join("refused"));
    assert!(files.len() >= 10, "{} templates", files.len());
    for file in files {
        let problems = read(&file).expect_err("a refused template").join("\n");
        let expected = file.with_extension("expected.txt");
        if recording() {
            std::fs::write(&expected, problems + "\n").expect("a file");
            continue;
        }
        let text = std::fs::read_to_string(&expected).expect("an expectation");
        assert_eq!(problems, text.trim_end(), "{}", file.display());
    }
}

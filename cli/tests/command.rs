//! Bad input gives one message with file and place, what was expected and what to do, exit code 3,
//! and leaves nothing behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

fn scenario_path(name: &str) -> PathBuf {
    root().join("scenarios").join(format!("{name}.toml"))
}

fn fieldmirror(arguments: &[&str], at: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fieldmirror"))
        .args(arguments)
        .current_dir(at)
        .output()
        .expect("the binary runs")
}

/// First-farm in a folder of its own, with one text replaced by another.
fn changed(folder: &Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(scenario_path("first-farm")).expect("a scenario");
    assert!(text.contains(from), "{from}");
    let text = text
        .replacen(from, to, 1)
        .replace("../data/", &format!("{}/data/", root().display()))
        .replace("file = \"rules/", &format!("file = \"{}/scenarios/rules/", root().display()))
        .replace("= \"policies/", &format!("= \"{}/scenarios/policies/", root().display()));
    let path = folder.join("scenario.toml");
    std::fs::write(&path, text).expect("a temporary file");
    path.display().to_string()
}

fn refused(arguments: &[&str], folder: &Path, words: &[&str]) {
    let before = entries(folder);
    let output = fieldmirror(arguments, folder);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{arguments:?}: {text}");
    assert_eq!(text.matches("error: ").count(), 1, "one message: {text}");
    assert!(!text.contains("panicked"), "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in: {text}");
    }
    assert_eq!(entries(folder), before, "nothing is left behind");
}

fn entries(folder: &Path) -> Vec<String> {
    let list = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        list.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn faulty_scenarios_are_refused_with_their_place() {
    for (from, to, words) in [
        ("[site]", "[site", &["scenario.toml", "line ", "expected"][..]),
        (
            "latitude_deg = 40.47",
            "lattitude_deg = 40.47",
            &["scenario.toml", "line ", "lattitude_deg", "expected one of"],
        ),
        (
            "span = \"60d\"",
            "span = \"60 parsecs\"",
            &["scenario.toml", "line ", "60 parsecs", "such as 90s"],
        ),
        ("area_m2 = 10000.0", "area_m2 = \"1 ha\"", &["scenario.toml", "line ", "expected f64"]),
        ("champion-2017.csv", "nowhere.csv", &["nowhere.csv", "cannot read it", "scenario.toml"]),
        ("rules/irrigate.json", "rules/nowhere.json", &["nowhere.json", "cannot read it"]),
        ("policies/gateway.json", "policies/nowhere.json", &["nowhere.json", "cannot read it"]),
        (
            "policies/gateway.json",
            "policies/../rules/ingest.json",
            &["rules/ingest.json", "Statement", "expected"],
        ),
        (
            "class = \"gateway\"",
            "class = \"gate\"",
            &["certificates.3.class", "expected one of", "gateway"],
        ),
        (
            "elevation_m = 3.0\n",
            "elevation_m = 3.0\nfed_by = 3\n",
            &["scenario.toml", "zones.", "cycle", "tree"],
        ),
        (
            "device = \"farmA-203\"",
            "device = \"farmA-999\"",
            &["scenario.toml", "farmA-999", "devices are"],
        ),
        (
            "class = \"probe_stuck\"",
            "class = \"probe_bored\"",
            &["probe_bored", "expected one of", "probe_stuck"],
        ),
        ("field_capacity = 0.23", "field_capacity = 0.05", &["soil.field_capacity", "expected"]),
        (
            "start = \"2017-06-05\"",
            "start = \"1917-06-05\"",
            &["weather.file", "expected", "2017-04-01"],
        ),
        ("irrigation-controller-lambda]", "another-lambda]", &["irrigation-controller-lambda"]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = changed(folder.path(), from, to);
        refused(&["run", &path], folder.path(), words);
        refused(&["scenario", "check", &path], folder.path(), words);
    }
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let arrow = at.join("s.arrow").display().to_string();
    let toml = scenario_path("first-farm").display().to_string();
    let compiled = fieldmirror(&["scenario", "compile", &toml, "-o", &arrow], at);
    assert_eq!(compiled.status.code(), Some(0), "{}", String::from_utf8_lossy(&compiled.stderr));
    let bytes = std::fs::read(&arrow).expect("compiled");
    for keep in [8, bytes.len() / 2, bytes.len() - 9] {
        std::fs::write(&arrow, &bytes[..keep]).expect("cut");
        refused(&["run", &arrow], at, &["s.arrow", "compiled scenario"]);
    }
    std::fs::write(&arrow, b"PAR1 this is no scenario").expect("foreign");
    refused(&["run", &arrow], at, &["s.arrow", "compiled scenario"]);
    refused(&["run", "nowhere.toml"], at, &["nowhere.toml", "cannot read it"]);
    refused(&["replay", "."], at, &["not a run directory"]);
    refused(&["inspect", "."], at, &["not a run directory"]);
    refused(&["report", "."], at, &["not a run directory"]);
}

#[test]
fn usage_errors_exit_with_2_and_help_with_0() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in
        [&["run"][..], &["fly"], &["run", "x", "--until", "soon"], &["run", "x", "--set", "k"]]
    {
        let output = fieldmirror(arguments, folder.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    for arguments in
        [&["--help"][..], &["--version"], &["run", "--help"], &["scenario", "compile", "--help"]]
    {
        let output = fieldmirror(arguments, folder.path());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_existing_run_directory_is_refused_without_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir(at.join("out")).expect("a folder");
    std::fs::write(at.join("out/manifest.json"), "{}").expect("a file");
    let toml = scenario_path("first-farm").display().to_string();
    refused(&["run", &toml, "--out", "out"], at, &["out", "--force"]);
    let forced = fieldmirror(&["run", &toml, "--out", "out", "--force", "--until", "90s"], at);
    assert_eq!(forced.status.code(), Some(0), "{}", String::from_utf8_lossy(&forced.stderr));
    assert!(at.join("out/uplinks.parquet").exists());
    assert_eq!(entries(at), ["out"], "nothing but the run");
}

#[test]
fn what_is_no_run_is_never_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir_all(at.join("mine")).expect("a folder");
    std::fs::create_dir_all(at.join("new.partial")).expect("a folder");
    for file in ["mine/thesis.txt", "new.partial/thesis.txt", "plain"] {
        std::fs::write(at.join(file), "years of work").expect("a file");
    }
    let toml = scenario_path("first-farm").display().to_string();
    for out in ["mine", "new", "plain", ".", ".."] {
        let arguments = ["run", &toml, "--until", "1h", "--force", "--out", out];
        refused(&arguments, at, &["expected a new directory or an earlier run"]);
    }
    for file in ["mine/thesis.txt", "new.partial/thesis.txt", "plain"] {
        assert_eq!(std::fs::read_to_string(at.join(file)).expect("kept"), "years of work");
    }
}

#[test]
fn a_closed_pipe_is_no_failure_of_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let toml = scenario_path("first-farm").display().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fieldmirror"))
        .args(["run", &toml, "--until", "1h", "--out", "out"])
        .current_dir(at)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

//! What is inferred about telemetry is said, and nothing of it is dropped in silence.

use std::path::Path;
use std::process::{Command, Output};

fn fieldmirror(arguments: &[&str], at: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fieldmirror"))
        .args(arguments)
        .current_dir(at)
        .output()
        .expect("the binary runs")
}

/// What an invocation, which must succeed, told on stderr.
#[track_caller]
fn notes(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    told
}

/// What an invocation, which must be refused as bad input, told on stderr, in one line.
#[track_caller]
fn refused(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert_eq!(told.trim_end().lines().count(), 1, "{told}");
    told
}

#[track_caller]
fn says(told: &str, words: &[&str]) {
    for word in words {
        assert!(told.contains(word), "`{word}` is not in: {told}");
    }
}

/// Rows, each the time of a number of minutes and two waves, as `row` writes them under `header`.
fn series(header: &str, rows: usize, row: &dyn Fn(usize, f64, f64) -> String) -> String {
    let mut text = format!("{header}\n");
    for i in 0..rows {
        let x = i as f64;
        let (a, b) = ((x / 7.0).sin() + (x * 1.7).sin() / 9.0, (x / 11.0).cos());
        text.push_str(&row(i, a, b));
        text.push('\n');
    }
    text
}

/// A time of a number of minutes since the begin of May 2024.
fn minute(i: usize) -> String {
    format!("2024-05-{:02} {:02}:{:02}:00", 1 + i / 1440, i / 60 % 24, i % 60)
}

fn write(at: &Path, name: &str, text: &str) {
    std::fs::write(at.join(name), text).expect("a file");
}

#[test]
fn rows_without_times_are_refused_by_a_model_that_learned_from_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |i: usize, a: f64, b: f64| format!("{},{a:.4},{b:.4}", minute(i));
    write(at, "t.csv", &series("time,a,b", 400, &row));
    write(at, "u.csv", &series("moment,a,b", 400, &row));
    write(at, "n.csv", &series("a,b", 400, &|_, a, b| format!("{a:.4},{b:.4}")));
    notes(&fieldmirror(&["train", "--in", "t.csv", "--out", "m"], at));
    let score = ["score", "--model", "m", "--in", "u.csv", "--out", "s.csv"];
    says(
        &refused(&fieldmirror(&score, at)),
        &[
            "u.csv: no column of times was found among `moment`, `a`, `b`; the model learned from \
             rows with times; expected a column called datetime, timestamp",
            "name it with --time COLUMN",
        ],
    );
    assert!(!at.join("s.csv").exists());
    assert_eq!(notes(&fieldmirror(&[&score[..], &["--time", "moment"]].concat(), at)), "");
    // Where neither had times it is only told.
    notes(&fieldmirror(&["train", "--in", "n.csv", "--out", "n"], at));
    let score = ["score", "--model", "n", "--in", "n.csv", "--out", "s.csv"];
    says(&notes(&fieldmirror(&score, at)), &["note: no column of times was found"]);
}

//! Telemetry through the command: what `train`, `score`, `eval` and `explain` promise, and what they
//! refuse.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

fn fieldmirror(arguments: &[&str], at: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fieldmirror"))
        .args(arguments)
        .current_dir(at)
        .output()
        .expect("the binary runs")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Two months of a water main, learned from its quiet weeks.
fn water(folder: &Path) -> String {
    let series = root().join("data/water-flow.csv").display().to_string();
    let learned = fieldmirror(
        &["train", "--in", &series, "--from", "2022-03-30", "--until", "2022-04-27", "--out", "m"],
        folder,
    );
    assert!(text(&learned).contains("learned   630 of 630 rows"));
    series
}

#[test]
fn the_four_events_of_a_water_main_are_found_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let series = water(at);
    let scored = fieldmirror(
        &[
            "score",
            "--model",
            "m",
            "--in",
            &series,
            "--out",
            "s.csv",
            "--findings",
            "f.parquet",
            "--report",
            "page.html",
            "--format",
            "json",
        ],
        at,
    );
    let json: serde_json::Value = serde_json::from_str(&text(&scored)).expect("one object");
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["rows"], 1268);
    assert_eq!(json["findings"], 4);
    let scores = std::fs::read_to_string(at.join("s.csv")).expect("scores");
    assert_eq!(scores.lines().count(), 1269, "a row for each row");
    let labels = "start,end\n2022-03-24T08:00:00+01:00,2022-03-25T12:00:00+01:00\n\
                  2022-03-29T05:00:00+02:00,2022-03-30T00:00:00+02:00\n\
                  2022-04-03T04:00:00+02:00,2022-04-03T10:00:00+02:00\n\
                  2022-04-27T16:00:00+02:00,2022-04-28T10:00:00+02:00\n";
    std::fs::write(at.join("l.csv"), labels).expect("labels");
    let judged = fieldmirror(&["eval", "--scores", "s.csv", "--labels", "l.csv"], at);
    assert!(text(&judged).contains("4 of 4 found, 0 of 4 alarms false"), "{}", text(&judged));
    let told = fieldmirror(&["explain", "f.parquet", "F-000002", "--plot", "f.svg"], at);
    assert!(text(&told).contains("Water flow"), "{}", text(&told));
    let page = std::fs::read_to_string(at.join("page.html")).expect("a page");
    assert!(page.contains("F-000004") && !page.contains("<script"));
    assert!(std::fs::read_to_string(at.join("f.svg")).expect("a picture").starts_with("<svg"));
    let loud = ["score", "--model", "m", "--in", &series, "--out", "t.csv", "--fail-above", "0.01"];
    assert_eq!(fieldmirror(&loud, at).status.code(), Some(1));
}

#[test]
fn telemetry_that_goes_on_is_scored_as_in_one_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let series = water(at);
    let whole = ["score", "--model", "m", "--in", &series, "--out", "whole.csv"];
    text(&fieldmirror(&whole, at));
    let all = std::fs::read_to_string(&series).expect("the series");
    let lines: Vec<&str> = all.lines().collect();
    let mut parts = String::new();
    for (number, rows) in [&lines[1..700], &lines[700..]].into_iter().enumerate() {
        let name = format!("part{number}.csv");
        let text_of = format!("{}\n{}\n", lines[0], rows.join("\n"));
        std::fs::write(at.join(&name), text_of).expect("a part");
        let out = format!("scores{number}.csv");
        let part = ["score", "--model", "m", "--in", &name, "--out", &out, "--state", "state"];
        text(&fieldmirror(&part, at));
        let scores = std::fs::read_to_string(at.join(&out)).expect("scores");
        let skip = usize::from(number > 0);
        for line in scores.lines().skip(skip) {
            let _ = writeln!(parts, "{line}");
        }
    }
    let whole = std::fs::read_to_string(at.join("whole.csv")).expect("scores");
    assert!(whole == parts, "rows differ");
}

fn entries(folder: &Path) -> Vec<String> {
    let list = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        list.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn telemetry_that_cannot_be_used_is_refused_with_one_message_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let table = |rows: &dyn Fn(usize) -> String, count: usize| -> String {
        let rows: Vec<String> = (0..count)
            .map(|i| format!("2024-01-01T{:02}:{:02}:00Z,{}", i / 60, i % 60, rows(i)))
            .collect();
        format!("time,a,b\n{}\n", rows.join("\n"))
    };
    let wave = |i: usize| format!("{},{}", (i * 7) % 13, (i * 5) % 11);
    let back = format!("{}2023-01-01T00:00:00Z,1,2\n", table(&wave, 300));
    let cases = [
        ("empty.csv", String::new(), "empty.csv"),
        ("header.csv", "time,a,b\n".to_owned(), "row"),
        ("constant.csv", table(&|_| "1,2".to_owned(), 300), "changes"),
        ("nan.csv", table(&|_| ",".to_owned(), 300), "no"),
        ("one.csv", table(&wave, 1), "row"),
        ("back.csv", back, "goes back"),
    ];
    for (name, text, _) in &cases {
        std::fs::write(at.join(name), text).expect("a file");
    }
    std::fs::write(at.join("good.csv"), table(&wave, 300)).expect("a file");
    let before = entries(at);
    let refused = |arguments: &[&str], word: &str| {
        let output = fieldmirror(arguments, at);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {told}");
        assert_eq!(told.matches("error: ").count(), 1, "one message: {told}");
        assert!(told.contains(word) && !told.contains("panicked"), "{told}");
        assert_eq!(entries(at), before, "{arguments:?} leaves nothing behind");
    };
    for (name, _, word) in &cases {
        refused(&["train", "--in", name, "--out", "m"], word);
    }
    refused(&["train", "--in", "nowhere.csv", "--out", "m"], "nowhere.csv");
    refused(&["train", "--in", "good.csv", "--channels", "a,c", "--out", "m"], "c");
    refused(&["train", "--in", "good.csv", "--out", "no/m"], "no/m");
    refused(&["score", "--model", "good.csv", "--in", "good.csv", "--out", "s.csv"], "good.csv");
    text(&fieldmirror(&["train", "--in", "good.csv", "--out", "m"], at));
    std::fs::remove_file(at.join("good.csv")).expect("a file");
    std::fs::write(at.join("other.csv"), "time,a,x\n2024-01-01T00:00:00Z,1,2\n").expect("a file");
    let output = fieldmirror(&["score", "--model", "m", "--in", "other.csv", "--out", "s.csv"], at);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains('b') && !at.join("s.csv").exists());
}

//! Rows that lack values or come too late, outputs in folders that are not there, and what training
//! says of telemetry that is not good enough.

use super::{entries, fieldmirror, json, plain, told, waves};
use serde_json::json;

/// A file of `rows` and a model `m` of it.
fn trained(at: &std::path::Path) {
    std::fs::write(at.join("t.csv"), waves(0..1_440, &plain, "")).expect("a file");
    super::text(&fieldmirror(&["train", "--in", "t.csv", "--out", "m"], at));
}

fn score(at: &std::path::Path, more: &[&str]) -> std::process::Output {
    let score = ["score", "--model", "m", "--out", "s.csv", "--format", "json", "--in"];
    fieldmirror(&[&score[..], more].concat(), at)
}

/// `waves` with the values of channel `b` (and of `a` too, if `both`) taken out of these rows.
fn without(rows: std::ops::Range<usize>, both: bool) -> String {
    let lines = waves(0..1_440, &plain, "");
    let lines = lines.lines().enumerate().map(|(number, line)| {
        let cells: Vec<&str> = line.split(',').collect();
        match cells.as_slice() {
            [time, a, _] if number > 0 && rows.contains(&(number - 1)) => {
                format!("{time},{},\n", if both { "" } else { a })
            }
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

#[test]
fn rows_that_nothing_can_judge_are_counted_and_marked() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    trained(at);
    std::fs::write(at.join("u.csv"), without(700..760, true)).expect("a file");
    let found = json(&score(at, &["u.csv"]));
    let warm_up = found["not_judged"]["warm_up"].as_u64().expect("a number");
    assert_eq!(found["not_judged"], json!({"warm_up": warm_up, "nothing_sent": 60, "late": 0}));
    assert!(warm_up > 0 && found["judged"] == 1_440 - 60 - warm_up, "{found}");
    assert_eq!(found["device_days"].as_f64(), Some(1_380.0 / 1_440.0));
    assert_eq!(found["counts"]["gaps"], 1);
    let scores = std::fs::read_to_string(at.join("s.csv")).expect("scores");
    let lines: Vec<&str> = scores.lines().collect();
    assert_eq!(lines[0], "time,device,score,threshold,alarm,judged");
    assert_eq!(lines.len(), 1_441, "a row for each row");
    assert!(lines[701..761].iter().all(|line| line.ends_with(",false,false")), "{}", lines[720]);
    let judged = lines.iter().filter(|line| line.ends_with(",true")).count();
    assert_eq!(Some(judged as u64), found["judged"].as_u64());
}

#[test]
fn a_channel_that_falls_silent_is_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    trained(at);
    std::fs::write(at.join("u.csv"), without(700..760, false)).expect("a file");
    let found = json(&score(at, &["u.csv", "--report", "page.html"]));
    let silence = json!({"device": "device", "channel": "b", "from": "2024-01-01T11:40:00Z",
        "until": "2024-01-01T12:39:00Z", "rows": 60});
    assert_eq!(found["silences"], json!({"count": 1, "longest": [silence]}));
    let sentence = "b of device sent no value in 60 rows, 2024-01-01T11:40:00Z to \
                    2024-01-01T12:39:00Z";
    let page = std::fs::read_to_string(at.join("page.html")).expect("a page");
    assert!(page.contains(sentence));
    let text = ["score", "--model", "m", "--out", "s.csv", "--in", "u.csv"];
    let text = super::text(&fieldmirror(&text, at));
    assert!(text.contains("silent      1 time a channel") && text.contains(sentence));
}

#[test]
fn rows_that_come_too_late_are_skipped_if_the_user_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    trained(at);
    let all = waves(0..1_440, &plain, "");
    let mut lines: Vec<&str> = all.lines().collect();
    let late = lines.remove(500);
    lines.insert(900, late);
    std::fs::write(at.join("u.csv"), lines.join("\n")).expect("a file");
    let refused = score(at, &["u.csv"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(told(&refused).contains("--late skip"), "{}", told(&refused));
    let found = json(&score(at, &["u.csv", "--late", "skip"]));
    assert_eq!((&found["rows"], &found["not_judged"]["late"]), (&json!(1_440), &json!(1)));
    let wide = json(&score(at, &["u.csv", "--reorder-rows", "500"]));
    assert_eq!((&wide["not_judged"]["late"], &wide["counts"]["reordered"]), (&json!(0), &json!(1)));
    let train = ["train", "--in", "u.csv", "--out", "n", "--late", "skip", "--format", "json"];
    assert_eq!(json(&fieldmirror(&train, at))["counts"]["late"], 1);
}

#[test]
fn telemetry_that_was_scored_before_is_told_to_be_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    trained(at);
    json(&score(at, &["t.csv", "--state", "state"]));
    let again = score(at, &["t.csv", "--state", "state"]);
    assert_eq!(again.status.code(), Some(3));
    assert!(told(&again).contains("if state has seen this telemetry before"), "{}", told(&again));
    assert!(told(&again).contains("goes back: row 1 is of 2024-01-01T00:00:00Z"), "its own row");
    // Another order is allowed from one day to the next.
    std::fs::write(at.join("u.csv"), waves(1_440..1_500, &plain, "")).expect("a file");
    json(&score(at, &["u.csv", "--state", "state", "--reorder-rows", "3"]));
}

#[test]
fn outputs_are_looked_at_before_anything_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    trained(at);
    std::fs::write(at.join("file"), "").expect("a file");
    std::fs::create_dir(at.join("folder")).expect("a folder");
    let before = entries(at);
    for (more, word) in [
        (["--findings", "f.txt"], "f.txt: the ending does not say"),
        (["--findings", "file/f.csv"], "cannot write file/f.csv"),
        (["--report", "folder"], "cannot write folder: it is a folder"),
        (["--state", "file/state"], "cannot write file/state"),
    ] {
        // Telemetry that is not there would be told otherwise.
        let output = score(at, &[&["absent.csv"], &more[..]].concat());
        assert_eq!(output.status.code(), Some(3));
        assert!(told(&output).contains(word), "{}", told(&output));
        assert_eq!(entries(at), before);
    }
    let new = ["t.csv", "--findings", "a/f.csv", "--report", "b/c/r.html", "--state", "d/s"];
    json(&score(at, &new));
    for made in ["a/f.csv", "b/c/r.html", "d/s"] {
        assert!(at.join(made).is_file(), "{made}");
    }
    super::text(&fieldmirror(&["train", "--in", "t.csv", "--out", "e/m"], at));
}

#[test]
fn training_tells_what_is_missing_and_nothing_of_what_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let holes = |i: usize| if i.is_multiple_of(3) { ",".to_owned() } else { format!(",{}", i % 7) };
    std::fs::write(at.join("t.csv"), waves(0..900, &holes, ",c")).expect("a file");
    let train = ["train", "--in", "t.csv", "--out", "m", "--format", "json"];
    let notes = json(&fieldmirror(&train, at))["notes"].to_string();
    assert!(notes.contains("of the values of `c` 33 % are missing"), "{notes}");
    let water = super::root().join("data/water-flow.csv").display().to_string();
    let quiet = ["--from", "2022-03-30", "--until", "2022-04-27"];
    let train = ["train", "--in", &water, "--out", "m", "--format", "json"];
    assert_eq!(json(&fieldmirror(&[&train[..], &quiet].concat(), at))["notes"], json!([]));
}

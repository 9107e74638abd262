//! What must not be lost: telemetry, models and folders of the user, findings of a job that was
//! interrupted, and the watch over the others when one channel is silent.

use super::{entries, fieldmirror, json, plain, told, waves};
use std::path::Path;
use std::process::Output;

/// A file `t.csv` of `rows` rows with kicks, and a model `m` of its quiet begin.
fn kicked(at: &Path, rows: usize) {
    let kick =
        |i: usize| if i > 1_000 && i % 200 < 3 { ",90".to_owned() } else { format!(",{}", i % 7) };
    std::fs::write(at.join("t.csv"), waves(0..rows, &kick, ",c")).expect("a file");
    let quiet = ["--until", "2024-01-01T16:00:00Z"];
    let train = ["train", "--in", "t.csv", "--out", "m"];
    super::text(&fieldmirror(&[&train[..], &quiet].concat(), at));
}

fn score(at: &Path, more: &[&str]) -> Output {
    let score = ["score", "--model", "m", "--out", "s.csv", "--format", "json"];
    fieldmirror(&[&score[..], more].concat(), at)
}

#[test]
fn findings_are_told_once_however_a_job_was_interrupted() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    kicked(at, 8_000);
    let flags = ["--in", "t.csv", "--checkpoint-rows", "1", "--findings", "f/f.jsonl"];
    let whole = json(&score(at, &flags));
    let expected = std::fs::read(at.join("f/f.jsonl")).expect("findings");
    assert!(whole["findings"].as_u64().is_some_and(|count| count > 20), "{whole}");
    // A checkpoint whose findings were written, and whose state could not be.
    std::fs::remove_dir_all(at.join("f")).expect("it is there");
    std::fs::create_dir_all(at.join("f/f.jsonl.partial")).expect("in the way");
    assert!(!score(at, &flags).status.success());
    let partial = at.join("s.csv.partial");
    let kept: Vec<String> =
        entries(&partial).into_iter().filter(|name| name.starts_with("findings")).collect();
    assert_eq!(kept.len(), 1, "those of one checkpoint: {kept:?}");
    std::fs::write(partial.join("findings-999999.arrow"), "of a checkpoint that was not reached")
        .expect("a file");
    std::fs::remove_dir(at.join("f/f.jsonl.partial")).expect("it is empty");
    let resumed = json(&score(at, &flags));
    assert!(resumed["resumed_rows"].as_u64().is_some_and(|rows| rows > 0));
    assert_eq!(resumed["findings"], whole["findings"]);
    assert!(std::fs::read(at.join("f/f.jsonl")).expect("findings") == expected);
    assert!(!partial.exists());
}

#[test]
fn nothing_of_the_user_is_written_over_or_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    kicked(at, 1_200);
    std::fs::create_dir(at.join("mine.csv.partial")).expect("a folder");
    std::fs::write(at.join("mine.csv.partial/notes.txt"), "mine").expect("a file");
    let before = std::fs::read(at.join("t.csv")).expect("telemetry");
    for (more, word) in [
        (["--report", "t.csv"], "t.csv"),
        (["--state", "t.csv"], "t.csv"),
        (["--report", "m"], "m is the model"),
        (["--findings", "f.jsonl"], "notes.txt"),
    ] {
        let out = if word == "notes.txt" { "mine.csv" } else { "s.csv" };
        let fixed = ["score", "--model", "m", "--in", "t.csv", "--out", out];
        let output = fieldmirror(&[&fixed[..], &more].concat(), at);
        assert_eq!(output.status.code(), Some(3), "{more:?}");
        assert!(told(&output).contains(word), "{}", told(&output));
    }
    assert!(std::fs::read(at.join("t.csv")).expect("telemetry") == before);
    assert!(at.join("mine.csv.partial/notes.txt").exists());
}

#[test]
fn a_channel_that_is_silent_all_day_does_not_end_the_watch_over_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    kicked(at, 1_200);
    let silent = |i: usize| if i < 4_320 { format!(",{}", i % 7) } else { ",".to_owned() };
    std::fs::write(at.join("u.csv"), waves(4_320..5_760, &silent, ",c")).expect("a file");
    let alone = score(at, &["--in", "u.csv"]);
    assert_eq!(alone.status.code(), Some(3));
    let found = json(&score(at, &["--in", "u.csv", "--state", "state"]));
    assert_eq!(found["silences"]["longest"][0]["channel"], "c");
    assert_eq!(found["silences"]["longest"][0]["rows"], 1_440);
    assert_eq!(
        found["judged"].as_u64(),
        Some(1_440 - found["not_judged"]["warm_up"].as_u64().unwrap_or(0))
    );
}

#[test]
fn a_state_that_is_damaged_or_a_class_that_comes_late_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    kicked(at, 1_200);
    json(&score(at, &["--in", "t.csv", "--state", "state"]));
    let mut state = std::fs::read(at.join("state")).expect("a state");
    let middle = state.len() / 2;
    state[middle] ^= 1;
    std::fs::write(at.join("state"), state).expect("a state");
    std::fs::write(at.join("u.csv"), waves(1_200..1_300, &|i| format!(",{}", i % 7), ",c"))
        .expect("a file");
    let damaged = score(at, &["--in", "u.csv", "--state", "state"]);
    assert_eq!(damaged.status.code(), Some(3));
    assert!(told(&damaged).contains("state cannot be used: it is damaged"), "{}", told(&damaged));
    let class = |i: usize| if i < 300 { ",".to_owned() } else { ",pump".to_owned() };
    std::fs::write(at.join("k.csv"), waves(0..600, &class, ",kind")).expect("a file");
    let train = ["train", "--in", "k.csv", "--class", "kind", "--out", "n"];
    let refused = fieldmirror(&train, at);
    assert_eq!(refused.status.code(), Some(3));
    let word = "k.csv row 301: device `device` has no class at first and then `pump`";
    assert!(told(&refused).contains(word), "{}", told(&refused));
    std::fs::write(at.join("p.csv"), waves(0..600, &plain, "")).expect("a file");
    let delimiter = ["train", "--in", "p.csv", "--delimiter", "§", "--out", "n"];
    assert_eq!(fieldmirror(&delimiter, at).status.code(), Some(2));
}

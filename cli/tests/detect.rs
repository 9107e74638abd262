//! Telemetry through the command: what `train`, `score`, `eval` and `explain` promise, and what they
//! refuse.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "detect/rows.rs"]
mod rows;
#[path = "detect/safety.rs"]
mod safety;

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

/// Two months of a water main, learned from its quiet weeks; a score is the mean of half a day.
fn water(folder: &Path) -> String {
    let series = root().join("data/water-flow.csv").display().to_string();
    let times = ["--from", "2022-03-30", "--until", "2022-04-27"];
    let train = ["train", "--in", &series, "--smooth", "12", "--out", "m"];
    let learned = fieldmirror(&[&train[..], &times].concat(), folder);
    assert!(text(&learned).contains("learned   630 of 630 rows"));
    series
}

#[test]
fn the_low_flows_of_a_water_main_are_found_and_nothing_else() {
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
    assert_eq!(json["findings"], 3);
    let scores = std::fs::read_to_string(at.join("s.csv")).expect("scores");
    assert_eq!(scores.lines().count(), 1269, "a row for each row");
    let labels = "start,end\n2022-03-24T08:00:00+01:00,2022-03-25T12:00:00+01:00\n\
                  2022-03-29T05:00:00+02:00,2022-03-30T00:00:00+02:00\n\
                  2022-04-27T16:00:00+02:00,2022-04-28T10:00:00+02:00\n";
    std::fs::write(at.join("l.csv"), labels).expect("labels");
    let judged = fieldmirror(&["eval", "--scores", "s.csv", "--labels", "l.csv"], at);
    assert!(text(&judged).contains("3 of 3 found, 0 of 3 alarms false"), "{}", text(&judged));
    let told = fieldmirror(&["explain", "f.parquet", "F-000002", "--plot", "f.svg"], at);
    assert!(text(&told).contains("Water flow"), "{}", text(&told));
    let page = std::fs::read_to_string(at.join("page.html")).expect("a page");
    assert!(page.contains("F-000003") && !page.contains("<script"));
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
    refused(&["train", "--in", "good.csv", "--out", "good.csv/m"], "good.csv/m");
    refused(&["score", "--model", "good.csv", "--in", "good.csv", "--out", "s.csv"], "good.csv");
    text(&fieldmirror(&["train", "--in", "good.csv", "--out", "m"], at));
    std::fs::remove_file(at.join("good.csv")).expect("a file");
    std::fs::write(at.join("other.csv"), "time,a,x\n2024-01-01T00:00:00Z,1,2\n").expect("a file");
    let output = fieldmirror(&["score", "--model", "m", "--in", "other.csv", "--out", "s.csv"], at);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains('b') && !at.join("s.csv").exists());
}

/// A wave of two channels with `more` behind them, a row a minute.
fn waves(rows: std::ops::Range<usize>, more: &dyn Fn(usize) -> String, header: &str) -> String {
    let mut text = format!("time,a,b{header}\n");
    for i in rows {
        let (day, hour, minute) = (1 + i / 1440, i / 60 % 24, i % 60);
        let (a, b) = ((i * 7) % 13 + i % 3, (i * 5) % 11);
        let _ = writeln!(text, "2024-01-{day:02}T{hour:02}:{minute:02}:00Z,{a},{b}{}", more(i));
    }
    text
}

fn plain(_: usize) -> String {
    String::new()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_str(&text(output)).expect("one object")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_column_that_looks_like_a_label_is_told_and_learned_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let label = |i: usize| format!(",{}", u8::from(i % 100 == 7));
    std::fs::write(at.join("t.csv"), waves(0..400, &label, ",is_anomaly")).expect("a file");
    let train = ["train", "--in", "t.csv", "--out", "m", "--format", "json"];
    let output = fieldmirror(&train, at);
    let note = "column `is_anomaly` holds only 0 and 1 and is named like a label; it is learned as a \
                channel; --ignore is_anomaly leaves it out";
    assert!(told(&output).contains(&format!("note: {note}")), "{}", told(&output));
    assert_eq!(json(&output)["notes"], serde_json::json!([note]));
    assert_eq!(json(&output)["channels"].as_array().map(Vec::len), Some(3), "it is not left out");
    for flags in [["--ignore", "is_anomaly"], ["--channels", "a,b,is_anomaly"]] {
        let output = fieldmirror(&[train.as_slice(), flags.as_slice()].concat(), at);
        assert_eq!(json(&output)["notes"], serde_json::json!([]), "{flags:?}");
        assert_eq!(told(&output), "", "{flags:?}");
    }
}

#[test]
fn a_checkpoint_of_another_job_is_told_and_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("t.csv"), waves(0..400, &plain, "")).expect("a file");
    std::fs::write(at.join("u.csv"), waves(1..400, &plain, "")).expect("a file");
    for model in ["t", "u"] {
        let data = format!("{model}.csv");
        text(&fieldmirror(&["train", "--in", &data, "--out", model], at));
    }
    // Something is in the way of the findings, which is noticed at the end.
    std::fs::create_dir_all(at.join("no/f.parquet.partial")).expect("a folder");
    let score = |model: &str, data: &str, more: &[&str]| {
        let fixed = ["score", "--model", model, "--in", data, "--out", "s.csv"];
        let flags = ["--checkpoint-rows", "1", "--format", "json"];
        fieldmirror(&[&fixed, flags.as_slice(), more].concat(), at)
    };
    let interrupt = || {
        let output = score("t", "t.csv", &["--findings", "no/f.parquet"]);
        assert!(!output.status.success() && at.join("s.csv.partial/state").exists());
    };
    interrupt();
    let cases: [(&str, &str, &[&str], &str); 4] = [
        ("u", "t.csv", &["--findings", "f.parquet"], "other model"),
        ("t", "u.csv", &["--findings", "f.parquet"], "other input"),
        ("t", "t.csv", &["--findings", "f.parquet", "--reorder-rows", "3"], "other flags"),
        ("u", "u.csv", &["--findings", "f.parquet"], "other model, other input"),
    ];
    for (model, data, flags, why) in cases {
        let output = score(model, data, flags);
        let note = format!(
            "s.csv.partial holds a checkpoint after 400 rows that belongs to another job: {why}; it \
             is removed, and scoring starts from the first row"
        );
        assert!(told(&output).contains(&format!("note: {note}")), "{why}: {}", told(&output));
        let json = json(&output);
        assert_eq!((&json["notes"][0], &json["resumed_rows"]), (&note.into(), &0.into()), "{why}");
        interrupt();
    }
    let damaged = at.join("s.csv.partial/state");
    let mut bytes = std::fs::read(&damaged).expect("a checkpoint");
    bytes[60] ^= 1;
    std::fs::write(&damaged, bytes).expect("a checkpoint");
    let output = score("t", "t.csv", &[]);
    assert!(told(&output).contains("is damaged or of another version"), "{}", told(&output));
    interrupt();
    std::fs::remove_dir(at.join("no/f.parquet.partial")).expect("it is empty");
    let output = score("t", "t.csv", &["--findings", "no/f.parquet"]);
    assert_eq!(json(&output)["resumed_rows"], 400, "its own goes on");
    assert_eq!(told(&output), "");
}

/// The findings of a file: id, onset, end, and whether it goes on.
fn listed(path: &Path) -> Vec<(String, String, String, String)> {
    let text = std::fs::read_to_string(path).expect("findings");
    let one = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].into(), cells[3].into(), cells[4].into(), cells[5].into())
    };
    text.lines().skip(1).map(one).collect()
}

#[test]
fn an_event_that_goes_on_over_a_cut_keeps_its_id_and_new_ones_count_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let series = water(at);
    let whole =
        ["score", "--model", "m", "--in", &series, "--out", "w.csv", "--findings", "w2.csv"];
    text(&fieldmirror(&whole, at));
    let all = std::fs::read_to_string(&series).expect("the series");
    let lines: Vec<&str> = all.lines().collect();
    let scores = std::fs::read_to_string(at.join("w.csv")).expect("scores");
    // Within the second event, and once more within it.
    let alarms = scores.lines().enumerate().filter(|(_, line)| {
        line.contains(",true,") && line.as_bytes().starts_with(b"2022-03-29T1")
    });
    let alarms: Vec<usize> = alarms.map(|(row, _)| row).collect();
    let cuts = [1, alarms[0] + 1, alarms[0] + 3, lines.len()];
    let mut parts = Vec::new();
    for (number, cut) in cuts.windows(2).enumerate() {
        let data = format!("{}\n{}\n", lines[0], lines[cut[0]..cut[1]].join("\n"));
        std::fs::write(at.join("part.csv"), data).expect("a part");
        let findings = format!("f{number}.csv");
        let fixed = ["score", "--model", "m", "--in", "part.csv", "--state", "state"];
        let out = ["--findings", &findings, "--out", "s.csv", "--checkpoint-rows", "1"];
        let flags = [fixed.as_slice(), &out, &["--format", "json"]].concat();
        if number == 2 {
            // Interrupted and gone on with, which changes nothing.
            let mut broken = flags.clone();
            broken[8] = "no/f2.csv";
            std::fs::create_dir_all(at.join("no/f2.csv.partial")).expect("a folder");
            assert!(!fieldmirror(&broken, at).status.success());
            std::fs::remove_dir(at.join("no/f2.csv.partial")).expect("it is empty");
            let json = json(&fieldmirror(&broken, at));
            assert_eq!(json["resumed_rows"], cut[1] - cut[0]);
            assert_eq!((&json["findings"], &json["findings_continued"]), (&2.into(), &1.into()));
            std::fs::copy(at.join("no/f2.csv"), at.join("f2.csv")).expect("findings");
            let scores = std::fs::read_to_string(at.join("s.csv")).expect("scores");
            assert_eq!(scores.lines().count(), cut[1] - cut[0] + 1, "a row for each row");
        } else {
            let json = json(&fieldmirror(&flags, at));
            assert_eq!(json["findings_open"], 1);
            assert_eq!(json["counts"]["rows"], cut[1] - cut[0], "counts are those of the part");
        }
        parts.push(listed(&at.join(findings)));
    }
    let told = |part: usize, row: usize| {
        let (id, onset, _, open) = &parts[part][row];
        (id.as_str(), onset.as_str(), open.as_str())
    };
    let whole = listed(&at.join("w2.csv"));
    let (second, onset) = (whole[1].0.as_str(), whole[1].1.as_str());
    assert_eq!((parts[0].len(), parts[1].len(), parts[2].len()), (2, 1, 2));
    assert_eq!(told(0, 1), (second, onset, "true"));
    assert_eq!(told(1, 0), (second, onset, "true"));
    assert_eq!(parts[2], whole[1..], "closed, and F-000003 behind it");
    let text_of = text(&fieldmirror(
        &["score", "--model", "m", "--in", "part.csv", "--out", "s.csv", "--force"],
        at,
    ));
    assert!(!text_of.contains("still going on"), "{text_of}");
}

#[test]
fn an_alarm_that_comes_back_after_a_cut_is_more_of_the_same_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let series = root().join("data/water-flow.csv").display().to_string();
    let times = ["--from", "2022-03-30", "--until", "2022-04-27"];
    let train = ["train", "--in", &series, "--smooth", "3", "--out", "m"];
    text(&fieldmirror(&[&train[..], &times].concat(), at));
    let fixed = ["score", "--model", "m", "--in", &series, "--out", "w.csv"];
    text(&fieldmirror(&[&fixed[..], &["--findings", "w.jsonl"]].concat(), at));
    let lines = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(at.join(name)).expect("a file");
        text.lines().map(str::to_owned).collect()
    };
    let values = |name: &str| -> Vec<serde_json::Value> {
        lines(name).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let whole = values("w.jsonl");
    let last = whole.last().expect("findings");
    assert_eq!(last["alarms"], 2, "{last}");
    // The row before which the last finding's first alarm ended.
    let rows = lines("w.csv");
    let onset = last["onset"].as_str().expect("a time");
    let begin = rows.iter().position(|row| row.starts_with(onset)).expect("the onset");
    let on = |row: usize| rows[row].ends_with(",true,true");
    let raised = (begin..rows.len()).find(|&row| on(row)).expect("an alarm");
    let cut = (raised..rows.len()).find(|&row| !on(row)).expect("its end") + 2;
    let all = std::fs::read_to_string(&series).expect("the series");
    let all: Vec<&str> = all.lines().collect();
    for (name, part) in [("a.csv", 1..cut), ("b.csv", cut..all.len())] {
        let text = format!("{}\n{}\n", all[0], all[part].join("\n"));
        std::fs::write(at.join(name), text).expect("a part");
    }
    let fixed = ["score", "--model", "m", "--state", "state", "--format", "json"];
    let part = |data: &'static str, out: &'static str, findings: &'static str| {
        let files = ["--in", data, "--out", out, "--findings", findings];
        json(&fieldmirror(&[&fixed[..], &files].concat(), at))
    };
    let first = part("a.csv", "sa.csv", "fa.jsonl");
    assert_eq!((&first["findings"], &first["findings_open"]), (&whole.len().into(), &0.into()));
    let told = values("fa.jsonl");
    let told = told.last().expect("findings");
    assert_eq!((&told["id"], &told["alarms"]), (&last["id"], &1.into()));
    let second = part("b.csv", "sb.csv", "fb.jsonl");
    assert_eq!((&second["findings"], &second["findings_continued"]), (&1.into(), &1.into()));
    assert_eq!(values("fb.jsonl")[0], *last);
}

#[test]
fn an_open_event_is_told_as_open_and_numbered_rows_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let series = water(at);
    let all = std::fs::read_to_string(&series).expect("the series");
    let lines: Vec<&str> = all.lines().collect();
    let cut = lines.iter().position(|line| line.starts_with("2022-03-29T15")).expect("the hour");
    std::fs::write(at.join("p.csv"), lines[..cut].join("\n")).expect("a part");
    let score = ["score", "--model", "m", "--in", "p.csv", "--out", "s.csv"];
    let told = text(&fieldmirror(&[&score[..], &["--findings", "f.jsonl"]].concat(), at));
    assert!(told.contains("and still going on, severity"), "{told}");
    let explained = text(&fieldmirror(&["explain", "f.jsonl", "2"], at));
    assert!(explained.contains(", still going on ("), "{explained}");
    // Without times.
    let bare = |rows: std::ops::Range<usize>| {
        let text = waves(rows, &plain, "");
        let lines = text.lines().map(|line| line.split_once(',').expect("a comma").1);
        lines.collect::<Vec<_>>().join("\n")
    };
    std::fs::write(at.join("n.csv"), bare(0..500)).expect("a file");
    std::fs::write(at.join("n1.csv"), bare(0..300)).expect("a file");
    std::fs::write(at.join("n2.csv"), bare(300..500)).expect("a file");
    let learned = fieldmirror(&["train", "--in", "n.csv", "--out", "n"], at);
    let said = |output: &std::process::Output| {
        let text = String::from_utf8_lossy(&output.stderr);
        text.contains("note: no column of times was found")
    };
    assert!(said(&learned), "{learned:?}");
    assert!(!said(&fieldmirror(&["score", "--model", "m", "--in", &series, "--out", "t.csv"], at)));
    let mut scores = Vec::new();
    for (data, flags) in [("n", &[][..]), ("n1", &["--state", "st"]), ("n2", &["--state", "st"])] {
        let (file, out) = (format!("{data}.csv"), format!("s-{data}.csv"));
        let fixed = ["score", "--model", "n", "--in", &file, "--out", &out];
        let scored = fieldmirror(&[&fixed[..], flags].concat(), at);
        assert!(said(&scored), "{scored:?}");
        text(&scored);
        scores.push(std::fs::read_to_string(at.join(&out)).expect("scores"));
    }
    let body = |text: &str| text.split_once('\n').expect("a header").1.to_owned();
    assert!(body(&scores[0]) == body(&scores[1]) + &body(&scores[2]), "rows differ");
}

#[test]
fn a_damaged_model_is_refused_and_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("t.csv"), waves(0..400, &plain, "")).expect("a file");
    text(&fieldmirror(&["train", "--in", "t.csv", "--out", "m"], at));
    text(&fieldmirror(&["train", "--in", "t.csv", "--out", "m2", "--threads", "1"], at));
    let mut bytes = std::fs::read(at.join("m")).expect("a model");
    assert!(bytes == std::fs::read(at.join("m2")).expect("a model"), "the same bytes");
    let last = bytes.len() - 5;
    bytes[last] ^= 0x10;
    std::fs::write(at.join("m"), bytes).expect("a model");
    let output = fieldmirror(&["score", "--model", "m", "--in", "t.csv", "--out", "s.csv"], at);
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("its checksum is not that of its bytes"), "{}", told(&output));
    assert!(!at.join("s.csv").exists());
}

#[test]
fn rows_at_another_period_than_the_models_are_told_with_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let all = waves(0..400, &plain, "");
    std::fs::write(at.join("t.csv"), &all).expect("a file");
    text(&fieldmirror(&["train", "--in", "t.csv", "--out", "m"], at));
    let mut fifth: Vec<&str> = all.lines().skip(1).step_by(5).collect();
    fifth.insert(0, "time,a,b");
    std::fs::write(at.join("u.csv"), fifth.join("\n")).expect("a file");
    let score = |data: &str| {
        let fixed = ["score", "--model", "m", "--in", data, "--out", "s.csv", "--format", "json"];
        fieldmirror(&fixed, at)
    };
    let output = score("u.csv");
    let note = "rows come every 300 s, the model learned from rows every 60 s";
    assert!(told(&output).contains(&format!("note: {note}")), "{}", told(&output));
    let found = json(&output);
    assert!(found["notes"][0].as_str().is_some_and(|text| text.starts_with(note)), "{found}");
    assert_eq!(
        (&found["period_seconds"], &found["model_period_seconds"]),
        (&300.0.into(), &60.0.into())
    );
    let output = score("t.csv");
    assert_eq!((told(&output).as_str(), &json(&output)["notes"]), ("", &serde_json::json!([])));
}

#[test]
fn devices_that_the_model_does_not_know_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let fleet = |names: &[&str]| {
        let mut text = "time,a,b,id\n".to_owned();
        for name in names {
            let rows = waves(0..400, &|_| format!(",{name}"), "");
            text.push_str(rows.split_once('\n').expect("a header").1);
        }
        text
    };
    std::fs::write(at.join("t.csv"), fleet(&["p1"])).expect("a file");
    std::fs::write(at.join("u.csv"), fleet(&["p1", "p2", "p3"])).expect("a file");
    text(&fieldmirror(&["train", "--in", "t.csv", "--device", "id", "--out", "m"], at));
    let score = ["score", "--model", "m", "--in", "u.csv", "--out", "s.csv"];
    let told = text(&fieldmirror(&score, at));
    assert!(told.contains("2 devices are new to the model: p2, p3; scored with the"), "{told}");
    let found = json(&fieldmirror(&[&score[..], &["--format", "json"]].concat(), at));
    assert_eq!(found["new_devices"], serde_json::json!({"count": 2, "first": ["p2", "p3"]}));
    let score = ["score", "--model", "m", "--in", "t.csv", "--out", "s.csv"];
    assert!(!text(&fieldmirror(&score, at)).contains("new to the model"));
}

#[test]
fn what_flags_and_states_say_wrongly_is_told_in_words_of_the_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("t.csv"), waves(0..400, &plain, "")).expect("a file");
    std::fs::write(at.join("noise"), [7, 0, 200, 9, 4].repeat(99)).expect("a file");
    std::fs::write(at.join("other"), "no state").expect("a file");
    let huge = |i: usize| if i == 50 { ",1e300".to_owned() } else { format!(",{}", i % 9) };
    std::fs::write(at.join("h.csv"), waves(0..400, &huge, ",c")).expect("a file");
    text(&fieldmirror(&["train", "--in", "t.csv", "--out", "m"], at));
    let score = ["score", "--model", "m", "--in", "t.csv", "--out", "s.csv"];
    text(&fieldmirror(&[&score[..], &["--state", "state"]].concat(), at));
    let scored = |more: &[&str]| fieldmirror(&[&score[..], more].concat(), at);
    let cases: [(Output, &[&str]); 6] = [
        (scored(&["--device", "b"]), &["column `b`", "cannot be the device (--device) as well"]),
        (scored(&["--unit", "flow=l/s"]), &["`flow` (--unit), which is no channel", "a, b"]),
        (
            scored(&["--state", "state"]),
            &["2024-01-01T00:00:00Z, after one of 2024-01-01T06:39:00Z", "if state has seen this"],
        ),
        (scored(&["--state", "other"]), &["other: the scorer's state cannot be used"]),
        (
            fieldmirror(&["train", "--in", "t.csv", "--unit", "c=bar", "--out", "n"], at),
            &["`c` (--unit)", "one of: a, b"],
        ),
        (
            fieldmirror(&["train", "--in", "noise", "--out", "n"], at),
            &["noise: this is not text: the byte at offset 0 is 0x07"],
        ),
    ];
    for (output, words) in cases {
        let told = told(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        for word in words {
            assert!(told.contains(word), "`{word}` is not in {told}");
        }
    }
    let learned = text(&fieldmirror(&["train", "--in", "h.csv", "--out", "n"], at));
    assert!(
        learned.contains("1 numbers too large to be any of c, first in h.csv row 51 (1e300)"),
        "{learned}"
    );
}

#[test]
fn a_period_that_is_not_the_models_is_refused_in_scoring() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let series = water(at);
    let with = |period: &'static str| {
        fieldmirror(
            &["score", "--model", "m", "--in", &series, "--out", "s.csv", "--period", period],
            at,
        )
    };
    let refused = with("15m");
    assert_eq!(refused.status.code(), Some(3));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("900 s; expected the model's, 3600 s"), "{message}");
    assert!(!at.join("s.csv").exists());
    assert_eq!(with("1h").status.code(), Some(0));
}

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

#[test]
fn day_and_month_stand_in_scoring_as_they_stood_in_training() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // Of each day one hour; days go on over the twelfth, which month-first dates could not.
    let dated = |from: usize, days: usize, day_first: bool| {
        let row = |i: usize, a: f64, b: f64| {
            let (month, day) = (1 + (from + i / 24) / 28, 1 + (from + i / 24) % 28);
            let (x, y) = if day_first { (day, month) } else { (month, day) };
            format!("{x:02}/{y:02}/2024 {:02}:00,{a:.4},{b:.4}", i % 24)
        };
        series("time,a,b", days * 24, &row)
    };
    write(at, "us.csv", &dated(0, 28, false));
    write(at, "one.csv", &dated(28 + 4, 1, false));
    write(at, "eu.csv", &dated(28 + 4, 15, true));
    write(at, "iso.csv", &dated(28 + 4, 1, false).replace("02/05/2024 ", "2024-02-05 "));
    let learned = notes(&fieldmirror(&["train", "--in", "us.csv", "--out", "m"], at));
    assert!(!learned.contains("dates"), "{learned}");
    let score = |data: &str, more: &[&str]| {
        let told = notes(&fieldmirror(
            &[&["score", "--model", "m", "--in", data, "--out", "s.csv"], more].concat(),
            at,
        ));
        let scores = std::fs::read_to_string(at.join("s.csv")).expect("scores");
        (told, scores.lines().nth(1).expect("a row").split(',').next().expect("a time").to_owned())
    };
    // The fifth of February, and not the second of May, which a file of one day cannot tell.
    assert_eq!(score("one.csv", &[]), (String::new(), "2024-02-05 00:00:00".to_owned()));
    let said = ["--time-format", "%d/%m/%Y %H:%M"];
    assert_eq!(score("one.csv", &said), (String::new(), "2024-05-02 00:00:00".to_owned()));
    let (told, first) = score("eu.csv", &[]);
    says(
        &told,
        &[
            "note: dates are read as day/month/year, those that the model learned from as \
             month/day/year, which these cannot be",
            "--time-format",
        ],
    );
    assert_eq!((first.as_str(), told.matches("note:").count()), ("2024-02-05 00:00:00", 1));
    says(&score("iso.csv", &[]).0, &["note: dates are read as year/month/day"]);
    // What nothing tells is told.
    write(at, "few.csv", &dated(28 + 4, 4, true));
    let told = notes(&fieldmirror(&["train", "--in", "few.csv", "--out", "n"], at));
    says(
        &told,
        &["note: dates such as `05/02/2024 00:00` can be read as day/month/year and as \
             month/day/year; day/month/year is taken; --time-format, such as \"%d/%m/%Y %H:%M\""],
    );
    let told =
        notes(&fieldmirror(&[&["train", "--in", "few.csv", "--out", "n"], &said[..]].concat(), at));
    assert!(!told.contains("dates"), "{told}");
}

#[test]
fn columns_that_are_no_channels_are_told_and_only_those() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |i: usize, a: f64, b: f64| {
        let comma = format!("{b:.3}").replace('.', ",");
        let id = ["p1", "p2"][i % 2];
        format!("{};{id};pump;{a:.4};{b:.4};{comma};1,{i:03}.5;north;ok;free", minute(i))
    };
    write(at, "t.csv", &series("time;id;kind;a;b;flow;sum;site;note;old", 400, &row));
    let train = ["train", "--in", "t.csv", "--out", "m", "--device", "id", "--class", "kind"];
    let told = notes(&fieldmirror(&[&train[..], &["--ignore", "old"]].concat(), at));
    says(
        &told,
        &[
            "note: column `flow` holds numbers with a decimal comma, such as `1,000`, and is no \
             channel; --decimal-comma reads them\n",
            "note: column `sum` holds numbers such as `1,000.5`, which are not read, and is no channel",
            "note: columns `site`, `note` hold no numbers and are no channels\n",
        ],
    );
    assert_eq!(told.matches("note:").count(), 3, "{told}");
    let named = fieldmirror(&[&train[..], &["--channels", "a,b"]].concat(), at);
    assert_eq!(notes(&named), "", "whoever names channels means them");
    let many = |i: usize, a: f64, b: f64| format!("{},{a:.4},{b:.4},u,v,w,x,y,z,t", minute(i));
    write(at, "many.csv", &series("time,a,b,c1,c2,c3,c4,c5,c6,c7", 400, &many));
    let told = notes(&fieldmirror(&["train", "--in", "many.csv", "--out", "n"], at));
    says(&told, &["columns `c1`, `c2`, `c3`, `c4`, `c5` and 2 more hold no numbers"]);
    // A channel that the model knows must hold numbers.
    let texts = |i: usize, a: f64, b: f64| {
        format!("{};{};{b:.4}", minute(i), format!("{a:.4}").replace('.', ","))
    };
    write(at, "u.csv", &series("time;a;b", 400, &texts));
    let score = ["score", "--model", "n", "--in", "u.csv", "--out", "s.csv"];
    says(
        &refused(&fieldmirror(&score, at)),
        &["no value at all in: a (it holds texts such as `0,0000`)", "need --decimal-comma"],
    );
}

#[test]
fn rows_of_several_devices_without_a_device_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |i: usize, a: f64, b: f64| {
        let (time, flow) = (minute(i), a + 9.0);
        format!("{time},{a:.4},{b:.4},ok,p1\n{time},{flow:.4},{b:.4},ok,p2")
    };
    write(at, "t.csv", &series("time,a,b,note,pump", 400, &row));
    let train = ["train", "--in", "t.csv", "--out", "m"];
    let hint = "note: 400 of 800 rows have the time of another or go back in time, as if rows of \
                several devices were mixed; --device COLUMN (perhaps `pump`) tells them apart";
    says(&notes(&fieldmirror(&train, at)), &[hint]);
    let score = ["score", "--model", "m", "--in", "t.csv", "--out", "s.csv"];
    says(&notes(&fieldmirror(&score, at)), &[hint]);
    let told = notes(&fieldmirror(&[&train[..], &["--device", "pump"]].concat(), at));
    assert!(!told.contains("mixed"), "{told}");
    // One device after the other is a clock that goes back.
    let one = |name: &str| {
        let row = |i: usize, a: f64, b: f64| format!("{},{a:.4},{b:.4},{name}", minute(i));
        series("time,a,b,pump", 300, &row)
    };
    let second = one("p2");
    let text = one("p1") + second.split_once('\n').expect("a header").1;
    write(at, "u.csv", &text);
    let train = ["train", "--in", "u.csv", "--out", "m"];
    says(
        &refused(&fieldmirror(&train, at)),
        &["the clock of `device` goes back", "mixed", "--device COLUMN (perhaps `pump`)"],
    );
    notes(&fieldmirror(&[&train[..], &["--device", "pump"]].concat(), at));
    let back = text.replace(",p2", ",p1");
    write(at, "v.csv", &back);
    let told =
        refused(&fieldmirror(&["train", "--in", "v.csv", "--out", "m", "--device", "pump"], at));
    says(&told, &["the clock of `p1` goes back", "sort the rows by time"]);
    assert!(!told.contains("mixed"), "{told}");
}

#[test]
fn rows_without_a_device_are_told_with_the_first_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |i: usize, a: f64, b: f64| {
        let id = if i % 50 == 7 { "" } else { "p1" };
        format!("{},{id},{a:.4},{b:.4}", minute(i))
    };
    write(at, "t.csv", &series("time,id,a,b", 400, &row));
    let train = ["train", "--in", "t.csv", "--device", "id", "--out", "m"];
    let output = fieldmirror(&train, at);
    notes(&output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    says(
        &text,
        &["8 rows without a device, which are those of one without a name, first in t.csv row 8\n"],
    );
    let score = ["score", "--model", "m", "--in", "t.csv", "--out", "s.csv", "--format", "json"];
    let output = fieldmirror(&score, at);
    notes(&output);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an object");
    let blank = &json["input"]["blank_devices"];
    assert_eq!((&blank["count"], &blank["first"][0]["row"]), (&8.into(), &8.into()));
    assert_eq!(json["rows"], 400, "none is lost");
}

#[test]
fn what_flags_name_wrongly_is_told_with_what_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |i: usize, a: f64, b: f64| {
        let kind = ["pump", "fan", "mill", "fan"][i % 4];
        format!("{},d{},{kind},{a:.4},{b:.4}", minute(i / 4), i % 4)
    };
    write(at, "t.csv", &series("time,id,kind,a,b", 1600, &row));
    let fleet = ["--device", "id", "--class", "kind"];
    let train = ["train", "--in", "t.csv", "--out", "m", "--device", "id"];
    let trained = |more: &[&str]| fieldmirror(&[&train[..], more].concat(), at);
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["--time-format", "%Y-%m-%d %Q"],
            &["--time-format: `%Q` in `%Y-%m-%d %Q` is no directive; expected those of strftime"],
        ),
        (
            &["--time-format", "%d/%m/%Y"],
            &["`2024-05-01 00:00:00` is not written as --time-format says", "as `%d/%m/%Y`"],
        ),
        (
            &["--from", "2025-01-01", "--until", "2025-02-01"],
            &["no rows between 2025-01-01T00:00:00Z and 2025-02-01T00:00:00Z; the telemetry runs \
                 from 2024-05-01T00:00:00Z to 2024-05-01T06:39:00Z"],
        ),
        (&["--until", "2024-01-01"], &["no rows before 2024-01-01T00:00:00Z; the telemetry runs"]),
        (&["--ignore", "Foo"], &["no column `Foo` (--ignore)", "one of: time, id, kind, a, b"]),
        (&["--exogenous", "Foo"], &["no column `Foo` (--exogenous)", "time, id, kind, a, b"]),
    ];
    for (more, words) in cases {
        says(&refused(&trained(more)), words);
    }
    notes(&trained(&[]));
    let score = ["score", "--model", "m", "--in", "t.csv", "--out", "s.csv"];
    let told = notes(&fieldmirror(&[&score[..], &["--ignore", "Foo"]].concat(), at));
    says(&told, &["note: t.csv has no column `Foo` (--ignore); there are `time`, `id`, `kind`"]);
    // Of classes that the model does not know the first device is named.
    let known = |line: &&str| line.contains("pump") || line.starts_with("time");
    let all = std::fs::read_to_string(at.join("t.csv")).expect("rows");
    write(at, "p.csv", &all.lines().filter(known).collect::<Vec<_>>().join("\n"));
    let pumps = ["train", "--in", "p.csv", "--out", "m"];
    notes(&fieldmirror(&[&pumps[..], &fleet[..]].concat(), at));
    says(
        &refused(&fieldmirror(&score, at)),
        &[
            "no class `fan`; expected one of `pump`; it is that of device `d1`, the first of 3 whose",
        ],
    );
}

#[test]
fn the_two_columns_of_the_long_layout_are_one_argument_or_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let row = |i: usize, a: f64, b: f64| {
        format!("{0},flow,{a:.4}\n{0},heat,{b:.4}\n{0},state,on", minute(i))
    };
    write(at, "t.csv", &series("time,name,v", 400, &row));
    for (out, long) in [("m1", &["--long", "name,v"][..]), ("m2", &["--long", "name", "v"])] {
        let told =
            notes(&fieldmirror(&[&["train", "--in", "t.csv", "--out", out], long].concat(), at));
        says(&told, &["note: column `state` holds no numbers and is no channel"]);
    }
    let read = |name: &str| std::fs::read(at.join(name)).expect("a model");
    assert!(read("m1") == read("m2"), "one model");
    let wrong = fieldmirror(&["train", "--in", "t.csv", "--out", "m", "--long", "name"], at);
    assert_eq!(wrong.status.code(), Some(2));
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    says(&told, &["--long names two columns, METRIC,VALUE"]);
}

//! Each thing that can be wrong gives one message with file, place, what was expected, what to do.

use super::*;
use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use std::sync::Arc;

/// The error of reading `inputs` to the end.
fn error(spec: &SourceSpec) -> String {
    let mut source = match Source::open(spec) {
        Ok(source) => source,
        Err(error) => return error.to_string(),
    };
    loop {
        match source.next_chunk() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it was read"),
            Err(error) => return error.to_string(),
        }
    }
}

#[track_caller]
fn says(spec: &SourceSpec, words: &[&str]) {
    let message = error(spec);
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn files_that_hold_nothing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = write(folder.path(), "empty.csv", "");
    says(&of(&[&empty]), &["empty.csv: the file is empty", "expected a header and rows"]);
    let header = write(folder.path(), "header.csv", "time,a\n");
    says(&of(&[&header]), &["header.csv: there are no rows", "expected at least one row"]);
    let json = write(folder.path(), "blank.jsonl", "\n\n");
    says(&of(&[&json]), &["blank.jsonl: the file is empty"]);
    says(&of(&["nowhere/x.csv"]), &["nowhere/x.csv: there is no such file or folder"]);
    says(&of(&["nowhere/*.csv"]), &["nowhere/*.csv: nothing matches", "check the name"]);
    let none = folder.path().join("none");
    std::fs::create_dir(&none).unwrap();
    says(&of(&[&none.display().to_string()]), &["the folder holds no data files", ".parquet"]);
    says(&of(&[]), &["there are none"]);
    says(&of(&["-", &header]), &["standard input beside files"]);
}

#[test]
fn a_missing_column_is_told_with_those_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "time,pressure,flow\n1,2,3\n");
    let mut spec = of(&[&path]);
    spec.columns.channels = Some(vec!["presure".to_owned()]);
    says(
        &spec,
        &[
            "t.csv: there is no column `presure` (--channels), did you mean `pressure`?",
            "expected one of: time, pressure, flow",
        ],
    );
    let mut spec = of(&[&path]);
    spec.columns.device = Some("id".to_owned());
    says(&spec, &["there is no column `id` (--device)"]);
    let mut spec = of(&[&path]);
    spec.columns.time = Some("tyme".to_owned());
    says(&spec, &["there is no column `tyme` (--time), did you mean `time`?"]);
    let mut spec = of(&[&path]);
    spec.columns.ignore = vec!["flwo".to_owned()];
    says(&spec, &["there is no column `flwo` (--ignore), did you mean `flow`?", "time, pressure"]);
    // Channels that are named leave nothing to ignore, as where a model names them.
    spec.columns.channels = Some(vec!["flow".to_owned()]);
    assert!(Source::open(&spec).is_ok());
    let mut spec = of(&[&path]);
    spec.layout = Layout::Long { metric: "m".to_owned(), value: "flow".to_owned() };
    says(&spec, &["there is no column `m`"]);
}

#[test]
fn columns_that_change_between_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(folder.path(), "a.csv", "time,x,y\n1,1,1\n");
    let second = write(folder.path(), "b.csv", "time,x,z\n2,1,1\n");
    says(
        &of(&[&second, &first]),
        &["b.csv: the columns changed: `y` missing, `z` added", "expected the columns of", "a.csv"],
    );
    let mut spec = of(&[&second, &first]);
    spec.columns.channels = Some(vec!["x".to_owned()]);
    assert_eq!(all(&mut Source::open(&spec).unwrap()).len(), 2, "what is named is in both");
}

#[test]
fn times_that_cannot_be_read_have_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "time,a\n2020-01-01,1\nnoon,2\n");
    says(
        &of(&[&path]),
        &["t.csv row 2 column `time`: `noon` is no time", "expected RFC 3339", "--time-format"],
    );
    let mut text = String::from("time,a\n");
    for row in 0..1500 {
        text.push_str(&format!("{},{row}\n", TimeKind::Naive.text(row * SECOND)));
    }
    let late = text.clone() + "?,1\n";
    let path = write(folder.path(), "late.csv", &late);
    says(&of(&[&path]), &["late.csv row 1501 column `time`: `?` is no time"]);
    let path = write(folder.path(), "gap.csv", &(text + ",1\n"));
    says(&of(&[&path]), &["gap.csv row 1501 column `time`: there is no time"]);
    let path = write(folder.path(), "none.csv", "time,a\n,1\n");
    says(&of(&[&path]), &["none.csv column `time`: there is no time in any row"]);
}

#[test]
fn a_clock_that_goes_back_is_an_error_with_both_times() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("time,a\n");
    for row in (0..40).chain(0..3) {
        text.push_str(&format!("{},{row}\n", TimeKind::Naive.text(MOMENT + row * SECOND)));
    }
    let path = write(folder.path(), "t.csv", &text);
    says(
        &of(&[&path]),
        &[
            "t.csv row 41: the clock of `device` goes back from 2020-03-09 10:15:12 to \
             2020-03-09 10:14:33",
            "up to 16 places late",
            "--reorder-rows",
        ],
    );
    let spec = SourceSpec { reorder_rows: 64, ..of(&[&path]) };
    let mut source = Source::open(&spec).unwrap();
    assert_eq!(all(&mut source).len(), 43);
    assert_eq!(source.counts().duplicates.count, 3);
}

#[test]
fn damaged_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let batch = RecordBatch::try_from_iter([("a", values)]).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let name = path.display().to_string();
    std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    says(&of(&[&name]), &["t.parquet: the file is truncated", "copy or make it again"]);
    std::fs::write(&path, &bytes[..8]).unwrap();
    says(&of(&[&name]), &["t.parquet: the file is truncated"]);
    std::fs::write(&path, "a,b\n1,2\n3,4\n").unwrap();
    says(&of(&[&name]), &["t.parquet: this is no Parquet"]);
    let arrow = write(folder.path(), "t.arrow", "ARROW1 and nothing more");
    says(&of(&[&arrow]), &["t.arrow: this is no whole Arrow IPC"]);
    let json = write(folder.path(), "t.jsonl", "{\"a\":1}\n{\"a\":\n");
    says(&of(&[&json]), &["t.jsonl row 2: the line is no JSON"]);
    let ragged = write(folder.path(), "r.csv", "a,b\n1,2\n1,2,3\n");
    says(&of(&[&ragged]), &["r.csv row 2: the row has more than 2 cells; expected 2"]);
    let ragged = write(folder.path(), "s.csv", "a,b\n1,2\n1\n");
    says(&of(&[&ragged]), &["s.csv row 2: the row has 1 cells"]);
}

#[test]
fn telemetry_without_numbers_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "time;a\n1;\"0,5\"\n2;\"0,6\"\n");
    says(
        &of(&[&path]),
        &["t.csv: there is no numeric channel", "`a` holds `0,5`", "--decimal-comma"],
    );
    let path = write(folder.path(), "u.csv", "time,a\n1,on\n2,off\n");
    says(&of(&[&path]), &["u.csv: there is no numeric channel", "`a` holds `on`", "--channels"]);
    let path = write(folder.path(), "d.csv", "time,a,a\n1,1,2\n");
    says(&of(&[&path]), &["d.csv: two columns are called `a`"]);
}

#[test]
fn a_device_of_two_classes_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "id,kind,a\nx,big,1\ny,small,2\nx,small,3\n");
    let mut spec = of(&[&path]);
    spec.columns.device = Some("id".to_owned());
    spec.columns.class = Some("kind".to_owned());
    says(&spec, &["t.csv row 3: device `x` is of class `big` and of `small`"]);
}

#[test]
fn senml_that_cannot_be_placed_in_time_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.senml", "[{\"n\":\"a\",\"v\":1}]\n");
    says(&of(&[&path]), &["t.senml row 1: the time 0 is relative to a now that is not known"]);
    let path = write(folder.path(), "u.senml", "[{\"n\":\"a\",\"x_\":1}]\n");
    says(&of(&[&path]), &["the field `x_` must be understood"]);
    let path = write(folder.path(), "v.senml", "7\n");
    says(&of(&[&path]), &["the line is no SenML pack", "expected a JSON array"]);
    let path = write(folder.path(), "w.json", "[{\"time\":1,\"a\":2},{\"time\":2,\"a\":3}]\n");
    says(&of(&[&path]), &["no SenML pack: a record has `time`", "--input-format jsonl"]);
    let path = write(folder.path(), "x.jsonl", "[\n{\"n\":\"a\",\"v\":2}\n]\n");
    says(&of(&[&path]), &["x.jsonl row 1: the line is no JSON", "senml for SenML packs, each on"]);
}

#[test]
fn files_are_needed_where_they_are() {
    let bytes = b"PAR1....".to_vec();
    let error = Source::open_reader(&plain(), "standard input", Box::new(Cursor::new(bytes)));
    let message = error.unwrap_err().to_string();
    assert!(message.contains("standard input: this format needs a file"), "{message}");
    let mut spec = plain();
    spec.layout = Layout::Long { metric: "m".to_owned(), value: "v".to_owned() };
    let message = text(&spec, "time,m,v\n1,a,2\n").unwrap_err().to_string();
    assert!(message.contains("name the channels with --channels"), "{message}");
}

#[test]
fn a_column_has_one_meaning_and_a_unit_belongs_to_a_channel() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "time,flow,valve\n1,2,3\n2,3,4\n");
    let channels = Some(vec!["flow".to_owned(), "valve".to_owned()]);
    let mut spec = of(&[&path]);
    spec.columns.channels = channels;
    spec.columns.device = Some("valve".to_owned());
    says(
        &spec,
        &["t.csv column `valve`: it is a channel, and cannot be the device (--device) as well"],
    );
    let mut spec = of(&[&path]);
    spec.columns.units.insert("flwo".to_owned(), "l/s".to_owned());
    says(
        &spec,
        &[
            "t.csv: a unit is given for `flwo` (--unit), which is no channel",
            "did you mean `flow`?",
            "expected one of: flow, valve",
        ],
    );
    let long = write(folder.path(), "l.csv", "time,m,v\n1,flow,2\n2,flow,3\n");
    let mut spec = of(&[&long]);
    spec.layout = Layout::Long { metric: "m".to_owned(), value: "v".to_owned() };
    spec.columns.units.insert("v".to_owned(), "l/s".to_owned());
    says(&spec, &["a unit is given for `v`", "expected one of: flow"]);
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_offset_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let garbage: Vec<u8> = (0..4000_u32).map(|i| (i * i * 37 % 251) as u8).collect();
    let cases: [(&str, &[u8], &str); 5] = [
        ("a.csv", &garbage, "this is not text: the byte at offset 0 is 0x00"),
        ("b.csv", b"time,a\n1,2\n2,\x013\n", "offset 13 is 0x01"),
        ("c.csv", b"\x1f\x8b\x08\x00abc", "offset 0 is 0x1f; it looks like gzip; expected"),
        ("d.csv", b"\xff\xfet\0i\0m\0e\0", "offset 3 is 0x00; it looks like UTF-16"),
        ("e.csv", b"PK\x03\x04\x14\x00", "offset 2 is 0x03; it looks like a zip archive"),
    ];
    for (name, bytes, word) in cases {
        let spec = of(&[&put(name, bytes)]);
        says(&spec, &[name, word]);
        assert!(error(&spec).chars().all(|c| !c.is_control()), "{name}");
    }
    // Another encoding than UTF-8 is text all the same.
    let latin = put("latin.csv", b"time,temp \xb0C\n1,2\n2,3\n");
    assert_eq!(Source::open(&of(&[&latin])).unwrap().channels().len(), 1);
}

#[test]
fn numbers_that_no_sensor_measures_are_missing_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let wide = "time,a,b\n1,1e39,1\n2,2,-3.5e38\n3,3.4e38,1e300\n";
    let wide = write(folder.path(), "w.csv", wide);
    let mut source = Source::open(&of(&[&wide])).unwrap();
    let chunk = source.next_chunk().unwrap().unwrap();
    assert!(chunk.values[0][0].is_nan() && chunk.values[1][1].is_nan());
    assert_eq!(chunk.values[0][1..], [2.0, 3.4e38]);
    let counts = &source.counts().channels;
    assert_eq!((counts[0].beyond.count, counts[1].beyond.count), (1, 2));
    let first: Vec<(u64, &str)> =
        counts[1].beyond.first.iter().map(|place| (place.row, place.text.as_str())).collect();
    assert_eq!(first, [(2, "-3.5e38"), (3, "1e300")]);
    assert_eq!(counts[1].text.count + counts[1].missing.count, 0);
    let long = write(folder.path(), "l.csv", "time,m,v\n1,a,1\n2,a,1e40\n3,a,2\n");
    let mut spec = of(&[&long]);
    spec.layout = Layout::Long { metric: "m".to_owned(), value: "v".to_owned() };
    let mut source = Source::open(&spec).unwrap();
    let chunk = source.next_chunk().unwrap().unwrap();
    assert!(chunk.values[0][1].is_nan() && chunk.len() == 3);
    let beyond = &source.counts().channels[0].beyond;
    assert_eq!((beyond.count, beyond.first[0].row), (1, 2));
}

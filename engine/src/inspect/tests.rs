//! Tables are printed in three forms, and what cannot be printed is said clearly.

use super::*;
use fieldmirror_core::time::Timestamp;
use fieldmirror_tables::RunTables;
use fieldmirror_tables::columns::Columns as _;
use fieldmirror_tables::columns::truth::{TruthColumns, TruthRow};
use fieldmirror_tables::dictionary::Dictionaries;

/// A run directory whose truth table has two rows.
fn run() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let mut words = Dictionaries::default();
    let class = words.classes.intern("filter_clogging");
    let mut truth = TruthColumns::default();
    for (id, device) in [("one", "farmA-filter"), ("two", "farm,B")] {
        let device = words.devices.intern(device);
        let onset = Timestamp::from_millis(1_500_000_000_000);
        truth.push(&TruthRow { fault_id: id, class, device, onset, end: None, severity: 0.5 });
    }
    let mut tables = RunTables::create(dir.path()).expect("writable");
    let batch = truth.take(&mut words).expect("valid");
    tables.write_small(Table::Truth, &batch).expect("encodes");
    tables.finish().expect("closes");
    dir
}

fn printed(form: Form, rows: Option<usize>) -> String {
    let mut out = Vec::new();
    table(run().path(), "truth", form, rows, &mut out).expect("prints");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn json_is_one_object_with_all_rows() {
    let value: serde_json::Value =
        serde_json::from_str(&printed(Form::Json, None)).expect("valid JSON");
    assert_eq!((&value["schema_version"], &value["table"]), (&1.into(), &"truth".into()));
    let rows = value["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1]["device"], "farm,B");
    assert_eq!(rows[0]["end"], serde_json::Value::Null);
}

#[test]
fn csv_has_a_header_and_quotes_what_needs_it() {
    let text = printed(Form::Csv, None);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "fault_id,class,device,onset,end,severity");
    assert!(lines[2].starts_with("two,filter_clogging,\"farm,B\",2017-07-14T02:40:00"), "{text}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn text_shows_as_many_rows_as_asked_for() {
    let text = printed(Form::Text, Some(1));
    assert!(text.contains("one") && !text.contains("two"), "{text}");
    assert!(text.trim_end().ends_with("(1 of 2 rows)"), "{text}");
}

#[test]
fn an_unknown_table_is_an_error_that_lists_the_tables() {
    let error = table(run().path(), "truths", Form::Text, None, &mut Vec::new())
        .expect_err("no such table");
    let message = error.to_string();
    assert!(message.contains("`truths`") && message.contains("uplinks, messages"), "{message}");
    assert!(error.is_bad_input() && !error.is_broken_pipe());
}

#[test]
fn a_missing_file_is_bad_input() {
    let dir = tempfile::tempdir().expect("a folder");
    let error =
        table(dir.path(), "truth", Form::Csv, None, &mut Vec::new()).expect_err("no such file");
    assert!(error.is_bad_input(), "{error}");
}

#[test]
fn a_reader_that_goes_away_is_told_from_other_failures() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for form in [Form::Text, Form::Json, Form::Csv] {
        let error = table(run().path(), "truth", form, None, &mut Closed).expect_err("closed");
        assert!(error.is_broken_pipe() && !error.is_bad_input(), "{form:?}: {error}");
    }
}

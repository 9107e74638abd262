//! Columns and rows count alike, differences name what differs, options are checked.

use super::*;
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use fieldmirror_rules::rule::SqlVersion;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::sync::Arc;

fn rule(name: &str, sql: &str) -> BacktestRule {
    let rule = Rule::compile(sql, SqlVersion::V2016_03_23)
        .unwrap_or_else(|errors| panic!("{}", errors[0].render(sql)));
    BacktestRule { name: name.to_owned(), rule, actions: vec!["lambda f".to_owned()] }
}

type Row = (Option<f64>, Option<i64>, Option<bool>, Option<&'static str>, &'static str);

/// Rows of readings, an hour apart.
fn write(path: &Path, rows: &[Row]) {
    let hour = |i: usize| 1_527_811_200_000 + 3_600_000 * i as i64;
    let columns: [(&str, ArrayRef); 6] = [
        ("humidity", Arc::new(rows.iter().map(|row| row.0).collect::<Float64Array>())),
        ("zone", Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>())),
        ("wet", Arc::new(rows.iter().map(|row| row.2).collect::<BooleanArray>())),
        ("crop", Arc::new(rows.iter().map(|row| row.3).collect::<StringArray>())),
        ("device", Arc::new(rows.iter().map(|row| Some(row.4)).collect::<StringArray>())),
        (
            "time",
            Arc::new((0..rows.len()).map(|i| Some(hour(i))).collect::<TimestampMillisecondArray>()),
        ),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(n, a)| (n, a, true))).expect("rows");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(7)).build();
    let file = std::fs::File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let humidity = prop::sample::select(vec![34.0, 34.9, 34.999, 35.0, 35.1, f64::NAN, -0.0]);
    let crop = prop::sample::select(vec!["maize", "wheat", "35", "true"]);
    let device = prop::sample::select(vec!["d1", "d2", "e1"]);
    let row = (
        prop::option::of(humidity),
        prop::option::of(0..3_i64),
        prop::option::of(any::<bool>()),
        prop::option::of(crop),
        device,
    );
    prop::collection::vec(row, 1..40)
}

const FILTERS: [&str; 8] = [
    "humidity < 35",
    "humidity <= 34.9 AND zone > 0",
    "humidity <> 35 OR wet",
    "NOT (crop = 'maize') AND humidity >= 34.9",
    "crop < 36",
    "isUndefined(humidity)",
    "isNull(zone) OR zone = 1",
    "wet AND crop <> 'wheat'",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn columns_and_rows_count_alike(rows in rows()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.parquet");
        write(&path, &rows);
        let rules: Vec<_> = FILTERS
            .iter()
            .map(|filter| rule(filter, &format!("SELECT * FROM 'farm/d1/#' WHERE {filter}")))
            .collect();
        let topic = Some("farm/${device}/data".to_owned());
        let options = BacktestOptions { topic, threads: 2, ..BacktestOptions::default() };
        let columns = backtest(&rules, None, &path, &options).expect("columns");
        let options = BacktestOptions { by_rows: true, threads: 1, ..options };
        let by_row = backtest(&rules, None, &path, &options).expect("rows");
        for (column, row) in columns.rules.iter().zip(by_row.rules) {
            prop_assert!(column.by_columns && !row.by_columns);
            prop_assert_eq!(column, &RuleTally { by_columns: true, ..row });
        }
    }
}

fn fixed() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let mut rows: Vec<Row> = vec![(Some(34.5), Some(1), Some(true), Some("maize"), "d1"); 20];
    rows.extend([(Some(35.0), Some(2), None, None, "d2"), (None, None, None, None, "d2")]);
    write(&path, &rows);
    (folder, path)
}

#[test]
fn firings_are_counted_by_device_and_day() {
    let (_folder, path) = fixed();
    let low = rule("low", "SELECT * FROM 'a' WHERE humidity < 35");
    let result = backtest(&[low], None, &path, &BacktestOptions::default()).expect("runs");
    assert_eq!(result.rows, 22);
    assert!(result.notes[0].contains("FROM was not checked"), "{:?}", result.notes);
    let low = &result.rules[0];
    assert_eq!((low.evaluated, low.fired), (22, 20));
    assert_eq!(low.devices, [("d1".to_owned(), 20)].into());
    assert_eq!(low.days.values().sum::<u64>(), 20);
    assert_eq!(low.days.len(), 1);
    // 22 evaluations and 20 actions at 0.15 a million each.
    assert_eq!(result.bill.total.exact(), "0.0000063");
    let text = result.to_text();
    assert!(text.contains("2018-06-01") && text.contains("d1 20"), "{text}");
}

#[test]
fn another_version_is_compared_message_by_message() {
    let (_folder, path) = fixed();
    let here = [
        rule("low", "SELECT humidity FROM 'a' WHERE humidity < 35"),
        rule("new", "SELECT * FROM 'a'"),
    ];
    let there = [rule("low", "SELECT humidity, zone FROM 'a' WHERE humidity <= 35")];
    let result = backtest(&here, Some(&there), &path, &BacktestOptions::default()).expect("runs");
    let differences = result.differences.as_ref().expect("compared");
    let low = &differences[0];
    assert_eq!((low.both, low.only_rules, low.only_against, low.outputs), (20, 0, 1, 20));
    let there_only = low.examples.iter().find(|e| e.side == Side::Against).expect("an example");
    assert_eq!(there_only.device.as_deref(), Some("d2"));
    assert_eq!(there_only.against.as_deref(), Some(r#"{"humidity":35,"zone":2}"#));
    let output = low.examples.iter().find(|e| e.side == Side::Output).expect("an example");
    assert_eq!(output.output.as_deref(), Some(r#"{"humidity":34.5}"#));
    assert_eq!((differences[1].present, differences[1].only_rules), (Side::Rules, 22));
}

#[test]
fn what_columns_cannot_answer_is_evaluated_by_row() {
    let (_folder, path) = fixed();
    let sum = rule("sum", "SELECT * FROM 'a' WHERE humidity + zone > 36 AND topic(1) = 'a'");
    let options = BacktestOptions { topic: Some("a".to_owned()), ..BacktestOptions::default() };
    let result = backtest(&[sum], None, &path, &options).expect("runs");
    assert_eq!((result.rules[0].fired, result.rules[0].by_columns), (1, false));
}

#[test]
fn options_that_fit_no_column_are_refused() {
    let (_folder, path) = fixed();
    let low = [rule("low", "SELECT topic(1) AS t FROM 'a'")];
    let refused = |options: BacktestOptions| {
        backtest(&low, None, &path, &options).expect_err("refused").to_string()
    };
    let text = refused(BacktestOptions::default());
    assert!(text.contains("rule `low` calls topic()") && text.contains("--topic"), "{text}");
    let text =
        refused(BacktestOptions { topic: Some("zone".to_owned()), ..BacktestOptions::default() });
    assert!(text.contains("a column of texts: crop, device"), "{text}");
    let text =
        refused(BacktestOptions { topic: Some("a/${x".to_owned()), ..BacktestOptions::default() });
    assert!(text.contains("at most one"), "{text}");
    let device = Some("nobody".to_owned());
    let text = refused(BacktestOptions {
        topic: Some("a".to_owned()),
        device,
        ..BacktestOptions::default()
    });
    assert!(text.contains("--device names `nobody`"), "{text}");
}

//! Benchmarks' files are read as they are, and wrong ones are told with their place.

use super::*;
use arrow::array::{
    ArrayRef, Float32Array, Int8Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use parquet::arrow::ArrowWriter;
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;

fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn layout<'a>(time: Option<&'a str>, label: LabelColumn<'a>) -> LabelledLayout<'a> {
    LabelledLayout { time, label, ignore: &["changepoint"] }
}

#[test]
fn delimiters_are_found_and_columns_told_apart() {
    for (delimiter, name) in [(",", "a.csv"), (";", "b.csv"), ("\t", "c.tsv")] {
        let text = "t;flow; \"p, in\" ;anomaly;changepoint\n\
                    2020-03-09 10:14:33;1.5;;0.0;1.0\n2020-03-09 10:14:34;2;-3e1;1.0;0.0\n";
        let text =
            if delimiter == "," { text.replace(';', ",") } else { text.replace(';', delimiter) };
        let (_folder, path) = file(name, &text);
        let table =
            read_labelled(&path, &layout(Some("t"), LabelColumn::Named("anomaly"))).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["flow", "p, in"]);
        assert_eq!(table.columns[0].1, [1.5, 2.0]);
        assert!(table.columns[1].1[0].is_nan() && table.columns[1].1[1] == -30.0);
        assert_eq!(table.labels, Some(vec![false, true]));
        assert_eq!(table.times[1].unwrap() - table.times[0].unwrap(), 1_000_000);
    }
}

#[test]
fn a_header_with_spaces_and_unlabelled_rows_are_read() {
    let (_folder, path) = file("x.csv", "DATETIME, L_T1, ATT_FLAG\r\n04/07/16 00, 2.44, -999\r\n");
    let table =
        read_labelled(&path, &layout(Some("DATETIME"), LabelColumn::Named("ATT_FLAG"))).unwrap();
    assert_eq!(table.times, [parse_moment("2016-07-04")]);
    assert_eq!((table.labels, table.unlabelled), (Some(vec![false]), vec![0]));
    let last = read_labelled(&path, &layout(Some("DATETIME"), LabelColumn::Last)).unwrap();
    assert_eq!(last.columns.len(), 1);
}

#[test]
fn wrong_cells_are_told_with_their_place() {
    let told = |text: &str| {
        let (_folder, path) = file("x.csv", text);
        read_labelled(&path, &layout(None, LabelColumn::Last)).unwrap_err().to_string()
    };
    let error = told("a,label\n1,0\nx,0\n");
    assert!(error.contains("x.csv, row 3, column `a`") && error.contains("`x`"), "{error}");
    assert!(told("a,label\n1,2\n").contains("a label: 0, 1"));
    assert!(told("a,b,label\n1,0\n").contains("expected 3, as in the header"));
    assert!(told("a,label\n").contains("at least one row"));
    assert!(told("").contains("at least one row"));
    let (_folder, path) = file("x.csv", "a,b\n1,2\n");
    let error = read_labelled(&path, &layout(None, LabelColumn::Named("anomaly"))).unwrap_err();
    assert!(error.to_string().contains("no column `anomaly`"), "{error}");
}

#[test]
fn times_are_read_in_all_spellings() {
    let noon = parse_moment("2014-04-10T12:00:00Z").unwrap();
    assert_eq!(noon % DAY, DAY / 2);
    for text in [
        "2014-04-10 12:00:00.000000",
        "2014-04-10 12:00",
        "10/04/14 12",
        "10/04/2014 12:00:00",
        "2014-04-10T14:00:00+02:00",
        "2014-04-10T07:30:00-0430",
        "1397131200",
        "1397131200.0",
        "1397131200000",
        "1397131200000000",
        "1397131200000000000",
    ] {
        assert_eq!(parse_moment(text), Some(noon), "{text}");
    }
    assert_eq!(parse_moment("570"), Some(570));
    for text in ["", "noon", "2014-13-01", "2014-04-10 25:00", "NaN", "1/2"] {
        assert_eq!(parse_moment(text), None, "{text}");
    }
}

#[test]
fn parquet_gives_the_same_as_text() {
    let columns: [(&str, ArrayRef); 4] = [
        ("t", Arc::new(TimestampMillisecondArray::from(vec![1_000, 2_000, 3_000]))),
        ("c00", Arc::new(Float32Array::from(vec![Some(0.5), None, Some(-1.0)]))),
        ("note", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
        ("label", Arc::new(Int8Array::from(vec![Some(0), Some(1), None]))),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(n, a)| (n, a, true))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("X-1_test.parquet");
    let target = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(target, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let table = read_labelled(&path, &layout(Some("t"), LabelColumn::Named("label"))).unwrap();
    assert_eq!(table.times, [Some(1_000_000), Some(2_000_000), Some(3_000_000)]);
    assert_eq!((table.columns.len(), table.columns[0].0.as_str()), (1, "c00"));
    assert!(table.columns[0].1[1].is_nan() && table.columns[0].1[2] == -1.0);
    assert_eq!(table.labels, Some(vec![false, true, false]));
    assert_eq!(table.unlabelled, [2]);
}

#[test]
fn files_come_in_the_order_of_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b/2.csv", "b/10.csv", "a/x.csv", "a/x.txt", ".git/y.csv"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let found = files_below(folder.path(), "csv").unwrap();
    let names = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap());
    let expected = ["a/x.csv", "b/10.csv", "b/2.csv"].map(Path::new);
    assert_eq!(names.collect::<Vec<_>>(), expected);
    assert!(files_below(&folder.path().join("none"), "csv").is_err());
}

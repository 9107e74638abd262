//! Foreign Parquet comes back as the values that were written, whatever its types.

use super::*;
use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int16Array, ListArray, RecordBatch,
    StringArray, TimestampSecondArray, UInt32Array,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

fn batch() -> RecordBatch {
    let columns: [(&str, ArrayRef); 8] = [
        ("d", Arc::new(Float64Array::from(vec![Some(34.9), None, Some(-0.5)]))),
        ("f", Arc::new(Float32Array::from(vec![1.5, 2.5, 3.5]))),
        ("i", Arc::new(Int16Array::from(vec![Some(-3), Some(7), None]))),
        ("u", Arc::new(UInt32Array::from(vec![0, 1, u32::MAX]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("s", Arc::new(StringArray::from(vec![Some("x"), Some("y"), None]))),
        ("t", Arc::new(TimestampSecondArray::from(vec![1, 2, 3]))),
        (
            "l",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
                Some(vec![Some(1), Some(2)]),
                None,
                Some(vec![]),
            ])),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, a)| (n, a, true))).expect("a batch")
}

fn write(path: &Path, batch: &RecordBatch, rows_per_group: usize) {
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(rows_per_group)).build();
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("writer");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
}

fn texts(column: &ScanColumn) -> Vec<String> {
    let rows = match &column.values {
        ScanValues::Int64(v) => v.iter().map(i64::to_string).collect::<Vec<_>>(),
        ScanValues::Float64(v) => v.iter().map(f64::to_string).collect(),
        ScanValues::Float32(v) => v.iter().map(f32::to_string).collect(),
        ScanValues::Bool(v) => v.iter().map(u8::to_string).collect(),
        ScanValues::Text { codes, .. } => {
            let words = column.words();
            codes.iter().map(|&c| words.get(c as usize).copied().unwrap_or("").to_owned()).collect()
        }
        ScanValues::Json(v) => v.clone(),
    };
    let valid = |i: usize| column.valid.as_ref().is_none_or(|valid| valid[i] == 1);
    rows.into_iter()
        .enumerate()
        .map(|(i, text)| if valid(i) { text } else { "-".to_owned() })
        .collect()
}

#[test]
fn every_kind_of_column_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    write(&path, &batch(), 2);
    let scan = Scan::open(&path).expect("opens");
    assert_eq!((scan.rows(), scan.groups().len()), (3, 2));
    let expected = [
        ("d", ScanKind::Float64, ["34.9", "-", "-0.5"]),
        ("f", ScanKind::Float32, ["1.5", "2.5", "3.5"]),
        ("i", ScanKind::Int64, ["-3", "7", "-"]),
        ("u", ScanKind::Int64, ["0", "1", "4294967295"]),
        ("b", ScanKind::Bool, ["1", "-", "0"]),
        ("s", ScanKind::Text, ["x", "y", "-"]),
        ("t", ScanKind::Millis, ["1000", "2000", "3000"]),
        ("l", ScanKind::Json, ["[1,2]", "-", "[]"]),
    ];
    for (name, kind, values) in expected {
        assert_eq!(scan.kind(name), Some(kind), "{name}");
        let mut found = Vec::new();
        for group in scan.groups() {
            scan.read::<TablesError>(group, &[name], |_, batch| {
                found.extend(texts(&batch.columns()[0]));
                Ok(())
            })
            .expect(name);
        }
        assert_eq!(found, values, "{name}");
    }
}

#[test]
fn columns_come_in_the_order_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    write(&path, &batch(), 10);
    let scan = Scan::open(folder.path()).expect("a directory");
    let read = scan.read::<TablesError>(scan.groups()[0], &["s", "d", "f"], |first, batch| {
        assert_eq!((first, batch.rows()), (0, 3));
        assert_eq!(texts(&batch.columns()[0])[0], "x");
        assert_eq!(texts(&batch.columns()[1])[0], "34.9");
        assert_eq!(texts(&batch.columns()[2])[0], "1.5");
        Ok(())
    });
    read.expect("read");
    let unknown = scan.read::<TablesError>(scan.groups()[0], &["x"], |_, _| Ok(()));
    let text = unknown.expect_err("no such column").to_string();
    assert!(text.contains("no column `x`") && text.contains("d, f, i"), "{text}");
}

#[test]
fn what_is_no_table_of_one_schema_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = Scan::open(folder.path()).expect_err("nothing to read").to_string();
    assert!(empty.contains("*.parquet"), "{empty}");
    std::fs::write(folder.path().join("b.parquet"), "not parquet at all").expect("written");
    assert!(matches!(Scan::open(folder.path()), Err(TablesError::Foreign { .. })));
    write(&folder.path().join("b.parquet"), &batch(), 10);
    write(&folder.path().join("c.parquet"), &batch().project(&[0, 1]).expect("two"), 10);
    let text = Scan::open(folder.path()).expect_err("two schemas").to_string();
    assert!(text.contains("c.parquet") && text.contains("`i`"), "{text}");
}

#[test]
fn groups_are_read_on_several_threads_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let rows = 400_000;
    // Values without a pattern, so that pages are long and reads take several steps.
    let value = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64;
    let column: Float64Array = (0..rows).map(|i| Some(value(i))).collect();
    let batch = RecordBatch::try_from_iter([("v", Arc::new(column) as ArrayRef)]).expect("rows");
    write(&path, &batch, 20_000);
    let scan = Scan::open(&path).expect("opens");
    let sum = |group: ScanGroup| {
        let (mut sum, first) = (0_u64, group.group as u64 * 20_000);
        scan.read::<TablesError>(group, &["v"], |offset, batch| {
            let ScanValues::Float64(values) = &batch.columns()[0].values else { panic!("floats") };
            for (i, &found) in (first + offset..).zip(values.iter()) {
                sum += u64::from(found == value(i));
            }
            Ok(())
        })
        .expect("read");
        sum
    };
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            let groups: Vec<_> = scan.groups().into_iter().skip(half).step_by(2).collect();
            scope.spawn(move || groups.into_iter().map(sum).sum::<u64>())
        });
        let right: u64 = halves.map(|half| half.join().expect("no panic")).iter().sum();
        assert_eq!(right, rows);
    });
}

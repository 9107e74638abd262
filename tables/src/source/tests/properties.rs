//! What was written is read, whatever it is and by however many threads.

use super::*;
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::sync::Arc;

/// Chunks and counts of a whole source.
fn read(spec: &SourceSpec) -> (Vec<Chunk>, Counts, Vec<String>) {
    let mut source = Source::open(spec).unwrap();
    let mut chunks = Vec::new();
    while let Some(chunk) = source.next_chunk().unwrap() {
        chunks.push(chunk);
    }
    (chunks, source.counts().clone(), source.devices().to_vec())
}

/// As text, in which missing values are equal.
fn shown(chunks: &[Chunk]) -> Vec<String> {
    chunks.iter().map(|chunk| format!("{chunk:?}")).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_chunks_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    // Several blocks of text, with odd cells, late rows, quotes, and more devices than one.
    let mut csv = String::from("time,id,a,b\n");
    for row in 0..150_000_i64 {
        let time = TimeKind::Naive.text((row + 2 * i64::from(row % 1000 == 0)) * SECOND);
        let a = if row % 4999 == 0 { "broken".to_owned() } else { format!("{}", row as f64 / 7.0) };
        let b = if row % 777 == 0 { "" } else { "\"1.5\"" };
        csv.push_str(&format!("{time},dev-{},{a},{b}\n", row % 3));
    }
    assert!(csv.len() > 2 * (2 << 20));
    let path = write(folder.path(), "t.csv", &csv);
    let mut spec = of(&[&path]);
    spec.columns.device = Some("id".to_owned());
    let one = read(&spec);
    assert!(one.0.len() > 2);
    assert_eq!(one.1.rows, 150_000);
    assert_eq!(one.1.channels[0].text.count, 31);
    assert_eq!(one.1.channels[0].text.first[1].row, 5000);
    assert_eq!(one.1.channels[1].missing.count, 194);
    for threads in [2, 5] {
        let many = read(&SourceSpec { threads, ..spec.clone() });
        assert_eq!(shown(&many.0), shown(&one.0));
        assert_eq!((many.1, &many.2), (one.1.clone(), &one.2));
    }
}

#[test]
fn row_groups_of_parquet_come_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let rows = 300_000_i64;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("time", Arc::new(TimestampMicrosecondArray::from_iter_values(0..rows))),
        ("id", Arc::new(StringArray::from_iter_values((0..rows).map(|r| format!("d{}", r % 7))))),
        ("a", Arc::new(Float64Array::from_iter_values((0..rows).map(|row| row as f64)))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(99_000)).build();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut spec = of(&[&path.display().to_string()]);
    spec.columns.device = Some("id".to_owned());
    let one = read(&spec);
    let values: Vec<f64> = one.0.iter().flat_map(|chunk| chunk.values[0].clone()).collect();
    assert!(values.iter().enumerate().all(|(row, &value)| value == row as f64));
    assert_eq!(values.len() as i64, rows);
    assert_eq!(one.2.len(), 7);
    for threads in [2, 5] {
        let many = read(&SourceSpec { threads, ..spec.clone() });
        assert_eq!(shown(&many.0), shown(&one.0));
    }
}

/// A number as somebody might write it.
fn cell_text() -> impl Strategy<Value = (String, f64)> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(|v| {
            // Numbers beyond the largest count as missing.
            (format!("{v:e}"), if v.abs() > LARGEST { f64::NAN } else { v })
        }),
        any::<i32>().prop_map(|v| (v.to_string(), f64::from(v))),
        (-1000.0..1000.0).prop_map(|v| (format!("\"{v}\""), v)),
        Just((String::new(), f64::NAN)),
        Just(("nan".to_owned(), f64::NAN)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn csv_is_read_as_it_was_written(
        rows in prop::collection::vec(
            ("[a-z,;\" \n]{0,6}", prop::collection::vec(cell_text(), 3)), 1..40),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        windows in any::<bool>(),
    ) {
        let end = if windows { "\r\n" } else { "\n" };
        let d = delimiter;
        let mut csv = format!("time{d}id{d}a{d}b{d}c{end}");
        for (at, (id, cells)) in rows.iter().enumerate() {
            let id = id.replace('"', "\"\"");
            let time = TimeKind::Naive.text(MOMENT + at as i64 * SECOND);
            csv.push_str(&format!("{time}{d}\"{id}\""));
            for (text, _) in cells {
                csv.push_str(&format!("{d}{text}"));
            }
            csv.push_str(end);
        }
        let mut spec = plain();
        spec.columns.device = Some("id".to_owned());
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        spec.columns.channels = Some(names);
        let mut source = text(&spec, &csv).unwrap();
        let read = all(&mut source);
        prop_assert_eq!(read.len(), rows.len());
        let mut missing = 0;
        for (at, (id, cells)) in rows.iter().enumerate() {
            prop_assert_eq!(read.time[at], MOMENT + at as i64 * SECOND);
            let device = &source.devices()[read.device[at] as usize];
            prop_assert_eq!(device.as_str(), id.trim_ascii());
            for (channel, (_, value)) in cells.iter().enumerate() {
                let found = read.values[channel][at];
                missing += u64::from(value.is_nan());
                prop_assert!(
                    found == *value || (found.is_nan() && value.is_nan()), "{} {}", found, value);
            }
        }
        let of = source.counts().channels.iter().map(|c| c.missing.count + c.beyond.count);
        let counted: u64 = of.sum();
        prop_assert_eq!(counted, missing);
    }
}

//! The digest depends on what a table says and on nothing else.

use super::*;
use crate::sample;
use crate::writer::TableEntry;
use arrow::array::{ArrayRef, DictionaryArray, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::sync::Arc;

fn entry(entries: &[TableEntry], table: Table) -> &TableEntry {
    entries.iter().find(|entry| entry.name == table.name()).expect("every table has an entry")
}

#[test]
fn files_alone_give_the_digest_of_their_writer() {
    let dir = tempfile::tempdir().expect("a directory");
    let entries = sample::run(dir.path(), 700, 64);
    for table in Table::ALL {
        let digest = digest_of_file(&dir.path().join(table.file())).expect("readable");
        assert_eq!(digest, entry(&entries, table).sha256, "{}", table.name());
    }
    assert_eq!(entry(&entries, Table::Findings).rows, 0, "an empty table is covered");
}

#[test]
fn batch_sizes_leave_the_digest_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let small = sample::run(&dir.path().join("a"), 700, 1);
    let large = sample::run(&dir.path().join("b"), 700, 333);
    assert_eq!(small, large);
}

#[test]
fn row_groups_and_rows_change_the_digest() {
    let dir = tempfile::tempdir().expect("a directory");
    let base = sample::run(&dir.path().join("a"), 700, 100);
    let other = sample::run(&dir.path().join("b"), 701, 100);
    for table in [Table::Messages, Table::Telemetry, Table::Residuals] {
        assert_ne!(entry(&base, table).sha256, entry(&other, table).sha256, "{}", table.name());
    }
    assert_eq!(entry(&base, Table::Truth), entry(&other, Table::Truth));
}

#[test]
fn another_compression_and_encoding_leave_the_digest_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let entries = sample::run(dir.path(), 700, 100);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(true)
        .set_data_page_row_count_limit(50)
        .build();
    for table in Table::ALL {
        let reader = TableReader::open_table(dir.path(), table).expect("readable");
        let path = dir.path().join("rewritten.parquet");
        let file = File::create(&path).expect("writable");
        let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties.clone()))
            .expect("a schema that Parquet knows");
        for group in 0..reader.groups() {
            for batch in reader.group(group).expect("readable") {
                writer.write(&batch.expect("readable")).expect("writable");
            }
            writer.flush().expect("writable");
        }
        writer.close().expect("writable");
        let digest = digest_of_file(&path).expect("readable");
        assert_eq!(digest, entry(&entries, table).sha256, "{}", table.name());
    }
}

/// One dictionary column of `schema`, from keys into `words`.
fn keyed(words: &[&str], keys: &[Option<i32>]) -> RecordBatch {
    let words = Arc::new(StringArray::from(words.to_vec()));
    let keys = arrow::array::Int32Array::from(keys.to_vec());
    let array = DictionaryArray::<Int32Type>::try_new(keys, words).expect("keys in range");
    RecordBatch::try_new(Arc::new(key_schema()), vec![Arc::new(array)]).expect("one column")
}

fn key_schema() -> Schema {
    Schema::new(vec![Field::new("k", crate::schema::key_type(), true)])
}

fn digest(batches: &[RecordBatch]) -> GroupDigest {
    let mut hasher = GroupHasher::new(&batches[0].schema());
    batches.iter().for_each(|batch| hasher.update(batch));
    hasher.finish()
}

#[test]
fn equal_strings_digest_alike_whatever_their_keys() {
    let plain = [keyed(&["a", "b"], &[Some(0), None, Some(1), Some(0)])];
    let turned = keyed(&["x", "b", "a", "a"], &[Some(2), None, Some(1), Some(3)]);
    let parts = [keyed(&["a"], &[Some(0), None]), keyed(&["b", "a"], &[Some(0), Some(1)])];
    assert_eq!(digest(&plain), digest(&[turned]));
    assert_eq!(digest(&plain), digest(&parts));
    let other = keyed(&["a", "c"], &[Some(0), None, Some(1), Some(0)]);
    assert_ne!(digest(&plain), digest(&[other]));
}

#[test]
fn growing_dictionaries_of_a_shard_give_the_codes_of_their_words() {
    let mut trusting = Codes::by_key();
    let mut careful = Codes::by_word();
    for batch in [
        keyed(&["a", "b"], &[Some(1), Some(0)]),
        keyed(&["a", "b", "c"], &[Some(2), Some(1), None, Some(0)]),
    ] {
        let array = batch.column(0).as_dictionary::<Int32Type>().clone();
        assert_eq!(trusting.of(&array), careful.of(&array));
    }
    assert_eq!(trusting.last(), [2, 0, Codes::NONE, 1]);
    assert_eq!(trusting.plain(), careful.plain());
    assert_eq!(trusting.words().collect::<Vec<_>>(), [b"b", b"a", b"c"]);
}

#[test]
fn bits_digest_alike_in_any_cut() {
    let bits: Vec<bool> = (0..1_000).map(|i| i * i % 7 < 3).collect();
    let mut whole = Bits::default();
    whole.append(&BooleanBuffer::from(bits.as_slice()));
    let whole = whole.finish();
    for step in [1, 7, 63, 64, 65, 200] {
        let mut parts = Bits::default();
        for part in bits.chunks(step) {
            parts.append(&BooleanBuffer::from(part));
        }
        assert_eq!(parts.finish(), whole, "cut every {step}");
    }
    let mut bytes = vec![0_u8; 125];
    for (i, _) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
        bytes[i / 8] |= 1 << (i % 8);
    }
    assert_eq!(whole, <[u8; 32]>::from(Sha256::digest(&bytes)), "as documented");
}

#[test]
fn nulls_differ_from_values_and_from_absent_rows() {
    use arrow::array::Float64Array;
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Float64, true)]));
    let column = |values: Vec<Option<f64>>| {
        let array: ArrayRef = Arc::new(Float64Array::from(values));
        digest(&[RecordBatch::try_new(Arc::clone(&schema), vec![array]).expect("one column")])
    };
    let all = [
        column(vec![Some(1.0), None]),
        column(vec![None, Some(1.0)]),
        column(vec![Some(1.0), Some(0.0)]),
        column(vec![Some(1.0)]),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(all[i + 1..].iter().all(|b| a != b), "case {i}");
    }
}

//! The library reads back what the pages here hold, whatever the values and their number.

use super::*;
use crate::columns::Columns;
use crate::columns::findings::{FindingColumns, FindingRow};
use crate::columns::uplinks::{UplinkColumns, UplinkRow};
use crate::dictionary::{Dictionaries, Dictionary, Key};
use crate::read::TableReader;
use crate::writer::RunTables;
use arrow::compute::concat_batches;
use fieldmirror_core::ids::{DeviceIx, EntityKey};
use fieldmirror_core::seed::{Draws, Purpose, Seed};
use fieldmirror_core::time::Timestamp;

const WORDS: u32 = 70_000;

fn dictionaries() -> Dictionaries {
    let words: Vec<String> = (0..WORDS).map(|i| format!("word {i}")).collect();
    let many = Dictionary::of(words.iter().map(String::as_str));
    Dictionaries {
        devices: many.clone(),
        classes: Dictionary::of(["only"]),
        sites: Dictionary::of(["a", "b"]),
        zones: Dictionary::of(["x", "y", "z"]),
        detectors: Dictionary::of(["d", ""]),
        metrics: many,
        lost_reasons: Dictionary::of(["lost"]),
        ..Dictionaries::default()
    }
}

fn draws() -> Draws {
    Seed::new(3).draws(EntityKey::of("encode"), Purpose::SensorNoise)
}

/// Rows with wide and narrow values, long and empty texts, scattered and total nulls.
fn findings(rows: u32, words: &mut Dictionaries) -> RecordBatch {
    let mut columns = FindingColumns::default();
    let text = "é{}\"".repeat(100);
    for i in 0..rows {
        let [a, b, c, d] = draws().block(i);
        let wide = i64::from(a) << 32 | i64::from(b);
        let text = &text[..5 * (c % 100) as usize];
        columns.push(&FindingRow {
            finding_id: text,
            time: Timestamp::from_nanos(if d % 50 == 0 { i64::MAX } else { wide }),
            onset: Timestamp::from_nanos(i64::from(i) * 1_000),
            end: (c % 3 == 0).then_some(Timestamp::from_nanos(-wide)),
            device: Key::new(c % WORDS),
            class: Key::new(0),
            site: Key::new(a % 2),
            zone: (b % 2 == 0).then_some(Key::new(b % 3)),
            detector: Key::new(u32::from(i > rows / 2)),
            score: f64::from_bits(u64::from(a) << 20),
            metric: (i < rows / 2).then_some(Key::new(i)),
            contribution: None,
            contributions: "{}",
            evidence_table: "",
            evidence_from: u64::MAX - u64::from(a),
            evidence_to: 0,
            evidence_column: text,
            evidence_value: (d % 7 == 0).then_some(-0.0),
            evidence_unit: "kPa",
        });
    }
    columns.take(words).expect("valid rows")
}

fn uplinks(rows: u32, words: &mut Dictionaries) -> RecordBatch {
    let mut columns = UplinkColumns::default();
    for i in 0..rows {
        let [a, b, ..] = draws().block(i);
        columns.push(&UplinkRow {
            time: Timestamp::from_nanos(7),
            device: DeviceIx::new(a % WORDS),
            frame_counter: a,
            frequency_hz: u32::MAX,
            spreading_factor: b as u8,
            airtime_ms: f32::INFINITY,
            gateway: None,
            copies: 255,
            rssi_dbm: (a % 2 == 0).then_some(b as f32),
            snr_db: None,
            delivered: a % 3 == 0,
            lost: (a % 5 == 0).then_some(Key::new(0)),
        });
    }
    columns.take(words).expect("valid rows")
}

fn check(table: Table, batch: &RecordBatch) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut tables = RunTables::create(dir.path()).expect("writable");
    tables.write_small(table, batch).expect("encodable");
    tables.finish().expect("writable");
    let reader = TableReader::open_table(dir.path(), table).expect("readable");
    let batches: Vec<_> = reader.batches().collect::<Result<_, _>>().expect("readable");
    let schema = batches[0].schema();
    let read = concat_batches(&schema, &batches).expect("one schema");
    for (name, (left, right)) in
        schema.fields().iter().map(|f| f.name()).zip(batch.columns().iter().zip(read.columns()))
    {
        // Casting undoes dictionaries, whose keys may differ.
        let flat = |array: &ArrayRef| match array.data_type() {
            DataType::Dictionary(_, words) => {
                arrow::compute::cast(array, words).expect("a dictionary of strings")
            }
            _ => Arc::clone(array),
        };
        assert_eq!(&flat(left), &flat(right), "{name} of {} rows", batch.num_rows());
    }
}

#[test]
fn any_number_of_rows_of_any_values_comes_back() {
    let mut words = dictionaries();
    for rows in [1, 2, 7, 8, 9, 31, 33, 34, 128, 129, 130, 4_095, 4_096, 4_097, 20_000] {
        check(Table::Findings, &findings(rows, &mut words));
        check(Table::Uplinks, &uplinks(rows, &mut words));
    }
}

#[test]
fn slices_of_a_batch_are_encoded_as_their_rows() {
    let mut words = dictionaries();
    let (a, b) = (findings(5_000, &mut words), uplinks(5_000, &mut words));
    for (from, rows) in [(1, 4_998), (13, 100), (4_999, 1)] {
        check(Table::Findings, &a.slice(from, rows));
        check(Table::Uplinks, &b.slice(from, rows));
    }
}

#[test]
fn a_batch_of_another_table_is_refused() {
    let mut encoder = TableEncoder::new(Table::Soil).expect("a known schema");
    let error = encoder.write(&uplinks(1, &mut dictionaries())).expect_err("another schema");
    assert!(matches!(error, TablesError::Encode { table: Table::Soil, .. }), "{error}");
    assert!(encoder.close().expect("nothing open").is_none());
}

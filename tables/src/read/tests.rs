//! What was recorded comes back, and what is no table is refused with a reason.

use super::*;
use crate::columns::ABSENT_TIME;
use crate::dictionary::{Dictionaries, Key};
use crate::sample;

fn all(reader: &TableReader) -> Vec<RecordBatch> {
    reader.batches().collect::<Result<_, _>>().expect("readable")
}

#[test]
fn residual_rows_come_back_as_they_were_pushed() {
    let dir = tempfile::tempdir().expect("a directory");
    sample::run(dir.path(), 500, 77);
    let reader = TableReader::open_table(dir.path(), Table::Residuals).expect("readable");
    assert_eq!((reader.rows(), reader.groups()), (2_000, 4));

    let mut shard = sample::recorder(0);
    sample::fill(&mut shard, 0, 500);
    let mut words = shard.dictionaries.clone();
    let first = reader.group(0).expect("readable").next().expect("rows").expect("readable");
    let got = residuals(&first, &mut words).expect("a whole batch");
    let want = &shard.residuals;
    assert_eq!(got.time, want.time);
    assert_eq!((&got.device, &got.zone), (&want.device, &want.zone));
    assert_eq!((&got.metric, &got.state), (&want.metric, &want.state));
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&got.observed), bits(&want.observed));
    assert_eq!(bits(&got.freshness_s), bits(&want.freshness_s));
    assert_eq!(got.samples, want.samples);
    assert!(got.observed[0].is_nan() && got.zone[0] == Key::ABSENT, "absences survive");
}

#[test]
fn keys_are_learned_by_a_dictionary_that_knows_other_words() {
    let dir = tempfile::tempdir().expect("a directory");
    sample::run(dir.path(), 100, 100);
    let reader = TableReader::open_table(dir.path(), Table::Residuals).expect("readable");
    let mut words = Dictionaries::default();
    for batch in all(&reader) {
        let rows = residuals(&batch, &mut words).expect("a whole batch");
        let names = texts(&batch, "device").expect("a column");
        for (key, name) in rows.device.iter().zip(names) {
            assert_eq!(words.devices.word(Key::new(*key as u32)), name);
        }
    }
    assert_eq!(words.devices.len() as u32, 2 * sample::DEVICES, "both shards");
}

#[test]
fn projections_come_in_the_order_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    sample::run(dir.path(), 100, 100);
    let reader = TableReader::open_table(dir.path(), Table::Telemetry).expect("readable");
    let reader = reader.project(&["humidity", "device"]).expect("known columns");
    let batches = all(&reader);
    let names: Vec<_> = reader.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["humidity", "device"]);
    for batch in &batches {
        assert_eq!(batch.schema().field(1).name(), "device");
        assert_eq!(reals(batch, "humidity").expect("a column").len(), batch.num_rows());
    }
    assert!(matches!(times(&batches[0], "time"), Err(TablesError::Projection { .. })));
    let reader = TableReader::open_table(dir.path(), Table::Soil).expect("readable");
    let error = reader.project(&["humidity"]).expect_err("no such column");
    assert!(
        matches!(&error, TablesError::Column { column, .. } if column == "humidity"),
        "{error}"
    );
}

#[test]
fn a_fault_without_an_end_has_no_end() {
    let dir = tempfile::tempdir().expect("a directory");
    sample::run(dir.path(), 1, 1);
    let reader = TableReader::open_table(dir.path(), Table::Truth).expect("readable");
    let batch = &all(&reader)[0];
    assert_eq!(times(batch, "end").expect("a column"), [ABSENT_TIME]);
    assert_eq!(times(batch, "onset").expect("a column"), [5]);
    assert_eq!(texts(batch, "class").expect("a column"), [Some("filter_clogging")]);
}

#[test]
fn files_that_are_no_table_are_refused_with_a_reason() {
    let dir = tempfile::tempdir().expect("a directory");
    sample::run(dir.path(), 100, 100);
    let path = dir.path().join(Table::Messages.file());
    let whole = std::fs::read(&path).expect("readable");
    let open = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("writable");
        let error = TableReader::open_table(dir.path(), Table::Messages).expect_err("no table");
        assert!(error.to_string().contains("messages.parquet"), "{error}");
        error
    };
    for len in [0, 3, 8, whole.len() / 2, whole.len() - 1] {
        let error = open(&whole[..len]);
        assert!(matches!(error, TablesError::Truncated { .. }), "{len} bytes: {error}");
    }
    assert!(matches!(open(b"time,topic\n1,2\n"), TablesError::Foreign { .. }));
    let soil = std::fs::read(dir.path().join(Table::Soil.file())).expect("readable");
    assert!(matches!(open(&soil), TablesError::Foreign { .. }));
    let mut broken = whole.clone();
    let footer = whole.len() - 40;
    broken[footer - 200..footer].fill(0xAA);
    assert!(matches!(open(&broken), TablesError::Damaged { .. } | TablesError::Foreign { .. }));
    std::fs::remove_file(&path).expect("removable");
    let error = TableReader::open(&path).expect_err("gone");
    assert!(matches!(error, TablesError::Missing { .. }), "{error}");
}

#[test]
fn a_table_of_a_newer_version_or_with_other_columns_is_refused() {
    let table = Table::Truth;
    let wanted = table.schema();
    let path = std::path::Path::new("truth.parquet");
    let mut metadata = wanted.metadata().clone();
    metadata.insert(VERSION.to_owned(), (SCHEMA_VERSION + 1).to_string());
    let newer = Schema::new_with_metadata(wanted.fields().clone(), metadata);
    assert!(matches!(check_schema(path, table, &newer), Err(TablesError::Version { .. })));
    let fewer = wanted.project(&[0, 1, 2]).expect("columns");
    let error = check_schema(path, table, &fewer).expect_err("columns are missing");
    assert!(matches!(&error, TablesError::Column { column, .. } if column == "onset"), "{error}");
    assert!(check_schema(path, table, &wanted).is_ok());
}

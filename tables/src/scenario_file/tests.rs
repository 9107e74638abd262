//! A compiled scenario comes back whole, and everything else is refused with a reason.

use super::*;
use arrow::array::Int32Array;
use fieldmirror_core::time::Timestamp;
use std::path::PathBuf;

fn scenario() -> ScenarioFile {
    ScenarioFile {
        format: FORMAT,
        name: "first-farm".to_owned(),
        spec: "seed = 7\n".to_owned(),
        forcing: vec![ForcingRow {
            date: Timestamp::from_date(2018, 6, 1).expect("a date"),
            tmin_c: 12.5,
            tmax_c: 28.25,
            rain_mm: 0.0,
            wind_ms: 2.0,
            et0_mm: 5.1,
        }],
        roster: ["farmA-101", "farmA-pump"]
            .into_iter()
            .map(|device| RosterRow {
                device: device.to_owned(),
                class: "soil_probe".to_owned(),
                site: "farmA".to_owned(),
                zone: device.ends_with("101").then(|| "farmA-zone-1".to_owned()),
                x_m: 12.5,
                y_m: -3.0,
                interval_s: 600.0,
            })
            .collect(),
        faults: vec![FaultRow {
            id: "clog".to_owned(),
            class: "filter_clogging".to_owned(),
            device: "farmA-filter".to_owned(),
            onset_s: 864_000.0,
            end_s: None,
            severity: 0.8,
            growth: "linear".to_owned(),
            growth_s: 86_400.0,
        }],
        confounders: vec![ConfounderRow {
            id: "heat".to_owned(),
            kind: "heat_wave".to_owned(),
            onset_s: 1.0,
            end_s: 2.0,
            amount: 6.0,
            parameters: "{}".to_owned(),
        }],
        rules: vec![RuleRow { name: "ingest".to_owned(), payload: "{\"sql\":\"…\"}".to_owned() }],
        policies: Vec::new(),
        functions: vec![FunctionRow {
            name: "irrigation-controller-lambda".to_owned(),
            builtin: "irrigation".to_owned(),
            parameters: "{}".to_owned(),
        }],
    }
}

fn refused(bytes: &[u8]) -> TablesError {
    let error = ScenarioFile::from_bytes(bytes, &PathBuf::from("s.arrow")).expect_err("refused");
    assert!(error.to_string().starts_with("s.arrow "), "{error}");
    error
}

fn arrow_file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).expect("a schema");
    writer.write(&batch).expect("in memory");
    writer.into_inner().expect("in memory")
}

#[test]
fn what_was_written_is_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s.arrow");
    scenario().write(&path).expect("writable");
    assert_eq!(ScenarioFile::read(&path).expect("readable"), scenario());
    let empty = ScenarioFile {
        forcing: Vec::new(),
        roster: Vec::new(),
        faults: Vec::new(),
        confounders: Vec::new(),
        rules: Vec::new(),
        functions: Vec::new(),
        ..scenario()
    };
    empty.write(&path).expect("writable");
    assert_eq!(ScenarioFile::read(&path).expect("readable"), empty);
}

#[test]
fn equal_scenarios_are_equal_bytes() {
    assert_eq!(scenario().to_bytes().expect("small"), scenario().to_bytes().expect("small"));
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let error = ScenarioFile::read(&PathBuf::from("no/such.arrow")).expect_err("missing");
    assert!(matches!(error, TablesError::Missing { .. }));
    assert!(error.to_string().contains("scenario compile"), "{error}");
}

#[test]
fn every_truncation_is_refused_as_truncated() {
    let bytes = scenario().to_bytes().expect("small");
    for len in 0..bytes.len() {
        let error = refused(&bytes[..len]);
        assert!(matches!(error, TablesError::Truncated { .. }), "{len} bytes: {error}");
    }
}

#[test]
fn every_flipped_byte_is_noticed() {
    let bytes = scenario().to_bytes().expect("small");
    let seal = find_seal(&bytes).expect("sealed");
    for at in 6..bytes.len() - 6 {
        if (seal.start - SEAL.len()..seal.start).contains(&at) {
            continue; // Without its mark the file passes for one of another program.
        }
        for flip in [0x01, 0x80] {
            let mut broken = bytes.clone();
            broken[at] ^= flip;
            let error = refused(&broken);
            assert!(matches!(error, TablesError::Damaged { .. }), "byte {at}: {error}");
        }
    }
}

#[test]
fn a_scenario_that_another_program_wrote_needs_no_seal() {
    let bytes = scenario().to_bytes().expect("small");
    let path = PathBuf::from("s.arrow");
    let batch = read_batch(&bytes, &path).expect("readable");
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).expect("a schema");
    writer.write(&batch).expect("in memory");
    let bytes = writer.into_inner().expect("in memory");
    assert!(find_seal(&bytes).is_none());
    assert_eq!(ScenarioFile::from_bytes(&bytes, &path).expect("readable"), scenario());
}

#[test]
fn other_files_are_refused() {
    assert!(matches!(refused(b"seed = 7\n"), TablesError::Foreign { .. }));
    assert!(matches!(refused(b"PAR1....PAR1"), TablesError::Foreign { .. }));
    let rows = arrow_file(vec![("a", Arc::new(Int32Array::from(vec![1, 2])))]);
    assert!(matches!(refused(&rows), TablesError::Foreign { .. }));
    let other = arrow_file(vec![("a", Arc::new(Int32Array::from(vec![1])))]);
    let error = refused(&other);
    assert!(matches!(&error, TablesError::Column { column, .. } if column == "format"), "{error}");
}

#[test]
fn a_newer_format_is_refused_before_its_columns_are_looked_at() {
    let format: ArrayRef = Arc::new(UInt32Array::from(vec![FORMAT + 1]));
    let error = refused(&arrow_file(vec![("format", format)]));
    assert!(matches!(error, TablesError::Version { found, .. } if found == FORMAT + 1), "{error}");
}

#[test]
fn a_list_without_one_of_its_columns_is_refused_by_name() {
    let bytes = scenario().to_bytes().expect("small");
    let batch = read_batch(&bytes, &PathBuf::from("s.arrow")).expect("readable");
    let mut columns: Vec<_> = batch.columns().to_vec();
    // Rules in the place of faults: a list of structs, but of others.
    columns[5] = Arc::clone(&columns[7]);
    let names: Vec<_> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
    let columns = names.iter().map(String::as_str).zip(columns).collect();
    let error = refused(&arrow_file(columns));
    assert!(
        matches!(&error, TablesError::Column { column, .. } if column == "faults.id"),
        "{error}"
    );
}

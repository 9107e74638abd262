//! What `inspect` shows.

use super::*;
use crate::sample;
use crate::schema::Table;

fn shown(
    table: Table,
    columns: &[&str],
    render: fn(&TableReader, u64, &mut dyn Write) -> Result<(), TablesError>,
) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    sample::run(dir.path(), 12, 5);
    let reader = TableReader::open_table(dir.path(), table).expect("readable");
    let reader = reader.project(columns).expect("known columns");
    let mut out = Vec::new();
    render(&reader, 3, &mut out).expect("in memory");
    String::from_utf8(out).expect("UTF-8")
}

const COLUMNS: [&str; 5] = ["time", "device", "airtime_ms", "rssi_dbm", "lost"];

#[test]
fn text_is_aligned_and_says_how_much_it_shows() {
    assert_eq!(
        shown(Table::Uplinks, &COLUMNS, text),
        "\
time                  device     airtime_ms [ms]  rssi_dbm [dBm]  lost
2018-06-01T00:00:00Z  farm0-101             61.7                  below_sensitivity
2018-06-01T00:00:01Z  farm0-108             61.7        -105.125
2018-06-01T00:00:02Z  farm0-115             61.7         -109.75
(3 of 48 rows)
"
    );
}

#[test]
fn csv_has_a_header_and_plain_strings() {
    assert_eq!(
        shown(Table::Uplinks, &COLUMNS, csv),
        "\
time,device,airtime_ms,rssi_dbm,lost
2018-06-01T00:00:00Z,farm0-101,61.7,,below_sensitivity
2018-06-01T00:00:01Z,farm0-108,61.7,-105.125,
2018-06-01T00:00:02Z,farm0-115,61.7,-109.75,
"
    );
    assert_eq!(shown(Table::Findings, &["device", "score"], csv), "device,score\n");
}

#[test]
fn json_is_an_array_of_objects_with_nulls() {
    let rows: serde_json::Value =
        serde_json::from_str(&shown(Table::Uplinks, &COLUMNS, json)).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(3));
    assert_eq!(
        rows[1],
        serde_json::json!({
            "time": "2018-06-01T00:00:01Z",
            "device": "farm0-108",
            "airtime_ms": 61.7,
            "rssi_dbm": -105.125,
            "lost": null,
        })
    );
    assert_eq!(shown(Table::Findings, &["device"], json), "[]");
}

#[test]
fn every_table_can_be_rendered_in_every_form() {
    let dir = tempfile::tempdir().expect("a directory");
    sample::run(dir.path(), 30, 30);
    for table in Table::ALL {
        let reader = TableReader::open_table(dir.path(), table).expect("readable");
        for render in [text, csv, json] {
            render(&reader, u64::MAX, &mut Vec::new()).expect("in memory");
        }
    }
}

#[test]
fn long_values_are_cut_between_characters() {
    let mut cells = Vec::new();
    let long: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["ä".repeat(61)]));
    append_cells(&long, &mut cells).expect("text");
    assert_eq!(cells, [format!("{}…", "ä".repeat(60))]);
}

//! Columns become batches of their schema, over the same memory.

use super::*;
use crate::columns::messages::{MessageColumns, MessageRow};
use crate::columns::shadows::{ShadowColumns, ShadowRow};
use crate::columns::telemetry::{TelemetryColumns, TelemetryRow};
use crate::dictionary::{Dictionaries, Dictionary, Key};
use crate::error::TablesError;
use crate::schema::Table;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int32Type, TimestampNanosecondType};
use fieldmirror_core::ids::{DeviceIx, SiteIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::time::Timestamp;

fn dictionaries() -> Dictionaries {
    Dictionaries {
        devices: Dictionary::of(["farmA-101", "farmA-pump-1"]),
        sites: Dictionary::of(["farmA"]),
        topics: Dictionary::of(["farmA/sensor/101/data"]),
        sources: Dictionary::of(["device"]),
        ..Dictionaries::standard()
    }
}

fn message(payload: &[u8]) -> MessageRow<'_> {
    MessageRow {
        time: Timestamp::from_nanos(7),
        topic: Key::new(0),
        principal: None,
        payload,
        source: Key::new(0),
    }
}

#[test]
fn empty_columns_have_the_schema_of_their_table() {
    let mut d = Dictionaries::default();
    let batches = [
        uplinks::UplinkColumns::default().take(&mut d),
        messages::MessageColumns::default().take(&mut d),
        rejections::RejectionColumns::default().take(&mut d),
        rule_matches::RuleMatchColumns::default().take(&mut d),
        actions::ActionColumns::default().take(&mut d),
        shadows::ShadowColumns::default().take(&mut d),
        soil::SoilColumns::default().take(&mut d),
        hydraulics::HydraulicsColumns::default().take(&mut d),
        residuals::ResidualColumns::default().take(&mut d),
        telemetry::TelemetryColumns::default().take(&mut d),
        scores::ScoreColumns::default().take(&mut d),
        findings::FindingColumns::default().take(&mut d),
        truth::TruthColumns::default().take(&mut d),
    ];
    for (table, batch) in Table::ALL.into_iter().zip(batches) {
        let batch = batch.expect("empty columns are valid");
        assert_eq!(batch.schema(), table.schema(), "{}", table.name());
    }
}

#[test]
fn rows_become_a_batch_without_a_copy() {
    let mut columns = MessageColumns::default();
    columns.push(&message(b"{\"a\":1}"));
    columns.push(&message(b""));
    let memory = columns.time.as_ptr();
    let capacity = columns.time.capacity();
    let batch = columns.take(&mut dictionaries()).expect("valid");
    let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
    assert_eq!(times.values().as_ptr(), memory);
    assert_eq!((columns.len(), columns.time.capacity()), (0, capacity));
    let topics = batch.column(1).as_dictionary::<Int32Type>();
    let words = topics.values().as_string::<i32>();
    assert_eq!(words.value(topics.key(1).expect("present")), "farmA/sensor/101/data");
    assert!(batch.column(2).is_null(0), "an absent principal is null");
    assert_eq!(
        batch.column(3).as_string::<i32>().iter().flatten().collect::<Vec<_>>(),
        ["{\"a\":1}", ""]
    );
}

#[test]
fn a_key_beyond_its_dictionary_is_an_error() {
    let mut columns = MessageColumns::default();
    columns.push(&MessageRow { topic: Key::new(1), ..message(b"") });
    let error = columns.take(&mut dictionaries()).expect_err("no such topic");
    assert!(matches!(error, TablesError::Batch { table: Table::Messages, .. }), "{error}");
}

#[test]
fn bytes_that_are_no_text_spoil_only_their_row() {
    let mut columns = MessageColumns::default();
    // The halves of one character: valid end to end, broken row by row.
    for payload in [b"ok".as_slice(), b"\xC3", b"\xA4", b"\xFFx"] {
        columns.push(&message(payload));
    }
    let batch = columns.take(&mut dictionaries()).expect("valid");
    let payloads = batch.column(3).as_string::<i32>();
    assert_eq!(
        payloads.iter().flatten().collect::<Vec<_>>(),
        ["ok", "\u{FFFD}", "\u{FFFD}", "\u{FFFD}x"]
    );
}

#[test]
fn absent_and_empty_text_differ() {
    let mut columns = ShadowColumns::default();
    columns.push(&ShadowRow {
        time: Timestamp::from_nanos(0),
        thing: DeviceIx::new(1),
        version: 2,
        desired: None,
        reported: Some(b""),
        delta: None,
    });
    assert_eq!((columns.desired.row(0), columns.reported.row(0)), (None, Some(b"".as_slice())));
    let batch = columns.take(&mut dictionaries()).expect("valid");
    assert!(batch.column(3).is_null(0) && batch.column(4).is_valid(0));
}

#[test]
fn a_channel_that_comes_late_is_absent_before() {
    let mut columns = TelemetryColumns::default();
    let classes = [DeviceClass::SoilProbe, DeviceClass::Gateway, DeviceClass::SoilProbe];
    for class in classes {
        let mut reading = Reading::new(class, DeviceIx::new(0));
        reading.set(1, 3.0);
        columns.push(&TelemetryRow {
            time: Timestamp::from_nanos(0),
            sampled_at: Timestamp::from_nanos(0),
            site: SiteIx::new(0),
            zone: None,
            gateway: None,
            reading: &reading,
        });
    }
    let batch = columns.take(&mut dictionaries()).expect("valid");
    let of = |metric: Metric| {
        let column = batch.column_by_name(metric.name()).expect("a column per channel");
        column.as_primitive::<Float64Type>().iter().collect::<Vec<_>>()
    };
    assert_eq!(of(Metric::Temperature), [Some(3.0), None, Some(3.0)]);
    assert_eq!(of(Metric::FramesReceived), [None, Some(3.0), None]);
    assert_eq!(of(Metric::Rain), [None; 3]);
}

#[test]
fn telemetry_has_a_class_own_channels_and_nulls_elsewhere() {
    let mut reading = Reading::new(DeviceClass::SoilProbe, DeviceIx::new(0));
    reading.set(1, 21.5);
    reading.set(2, 40.25);
    let mut columns = TelemetryColumns::default();
    columns.push(&TelemetryRow {
        time: Timestamp::from_nanos(2),
        sampled_at: Timestamp::from_nanos(1),
        site: SiteIx::new(0),
        zone: None,
        gateway: None,
        reading: &reading,
    });
    let batch = columns.take(&mut dictionaries()).expect("valid");
    for &metric in Metric::ALL {
        let column = batch.column_by_name(metric.name()).expect("a column per channel");
        let expected = reading.metric(metric);
        let got = column.is_valid(0).then(|| column.as_primitive::<Float64Type>().value(0));
        assert_eq!(got, expected, "{metric}");
    }
}

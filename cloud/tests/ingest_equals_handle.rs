//! The typed batch path and the general path give the same rows for the same publishes.

#[path = "support/farm.rs"]
mod farm;
#[path = "support/harness.rs"]
mod harness;

use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::{FieldKind, Reading};
use fieldmirror_core::register::Register;
use harness::{Harness, IRRIGATE, at, spec};
use proptest::prelude::*;

/// Rules of every kind that the two paths treat differently.
fn rules() -> Vec<(&'static str, &'static str, &'static str)> {
    const TABLE: &str = r#"[{"dynamoDBv2":{"roleArn":"r","putItem":{"tableName":"readings"}}}]"#;
    const COPY: &str = r#"[{"republish":{"roleArn":"r","topic":"copy/${topic(3)}/${humidity}"}}]"#;
    const KEYED: &str = r#"[{"dynamoDB":{"roleArn":"r","tableName":"keyed","hashKeyField":"id",
        "hashKeyValue":"${topic(3)}","rangeKeyField":"at","rangeKeyValue":"${timestamp}",
        "rangeKeyType":"NUMBER"}},
        {"stepFunctions":{"roleArn":"r","stateMachineName":"m","executionNamePrefix":"p-"}},
        {"kinesis":{"roleArn":"r","streamName":"s","partitionKey":"${humidity}"}}]"#;
    vec![
        ("ingest", "SELECT temperature, humidity, timestamp FROM 'farmA/sensor/+/data'", TABLE),
        ("dry", "SELECT * FROM 'farmA/sensor/+/data' WHERE humidity < 35", IRRIGATE),
        ("named", "SELECT device FROM '+/sensor/101/data' WHERE humidity < 60", IRRIGATE),
        ("alias", "SELECT humidity * 2 AS h, upper(device) AS d FROM '+/+/+/data'", COPY),
        ("star", "SELECT *, topic() AS topic FROM '#' WHERE battery_v > 3.5", TABLE),
        ("pumps", "SELECT state, zone_flow_lps FROM '+/pump/+/state' WHERE state = 'ON'", COPY),
        (
            "keyed",
            "SELECT humidity, timestamp FROM 'farmA/sensor/+/data' WHERE humidity < 70",
            KEYED,
        ),
        ("never", "SELECT * FROM 'farmB/#'", TABLE),
    ]
}

/// What happens between two publishes.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Subscribe(&'static str),
    Disconnect,
    Reconnect,
    Desire,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        12 => Just(Change::Nothing),
        2 => prop::sample::select(vec![
            "farmA/sensor/101/data",
            "farmA/#",
            "copy/#",
            "farmA/pump/+/cmd",
            "$aws/things/farmA-101/shadow/update/+",
            "$aws/things/+/shadow/update/documents",
        ]).prop_map(Change::Subscribe),
        1 => Just(Change::Disconnect),
        1 => Just(Change::Reconnect),
        1 => Just(Change::Desire),
    ]
}

fn reading(register: &Register, device: DeviceIx, seconds: i64, values: &[i64]) -> Reading {
    let class = register.class(device).expect("it reports");
    let mut reading = Reading::new(class, device);
    for (position, field) in class.schema().fields.iter().enumerate().skip(1) {
        let value = values[position - 1];
        let raw = match field.kind {
            FieldKind::Word(words) => value.rem_euclid(words.len() as i64),
            _ if field.name == "timestamp" => at(seconds).millis(),
            _ => value,
        };
        reading.set_raw(position, raw);
    }
    reading
}

fn apply(harness: &mut Harness, seconds: i64, change: Change) {
    match change {
        Change::Nothing => {}
        Change::Subscribe(filter) => harness.subscribe(seconds, "app", filter, 1),
        Change::Disconnect => harness.disconnect(seconds, "app"),
        Change::Reconnect => harness.connect(seconds, "app", false),
        Change::Desire => {
            let request = r#"{"state":{"desired":{"humidity":50}}}"#;
            let topic = "$aws/things/farmA-102/shadow/update";
            harness.publish(seconds, "farmA-102", topic, request);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn both_paths_write_the_same_rows(
        steps in prop::collection::vec(
            (change(), 0_u32..8, 1_i64..400, prop::collection::vec(-50_i64..1_000, 7)),
            1..60,
        )
    ) {
        let rules = rules();
        let mut typed = Harness::new(spec(&rules));
        let mut general = Harness::new(spec(&rules));
        let register = farm::register(1, 2, 2);
        for harness in [&mut typed, &mut general] {
            harness.connect(0, "app", false);
            for device in (0..register.reporting as u32).map(DeviceIx::new) {
                harness.connect(0, register.names.name(device), true);
            }
        }
        let mut batch = Vec::new();
        let mut seconds = 0;
        for (change, device, wait_s, values) in steps {
            seconds += wait_s;
            if !matches!(change, Change::Nothing) {
                typed.core.ingest(&batch, &mut typed.out);
                batch.clear();
                apply(&mut typed, seconds, change);
                apply(&mut general, seconds, change);
            }
            let device = DeviceIx::new(device % register.reporting as u32);
            let reading = reading(&register, device, seconds, &values);
            let mut payload = Vec::new();
            reading.render(&register.names, &mut payload);
            let topic = register.topic(device).expect("it reports");
            let name = register.names.name(device);
            general.publish_with(seconds, name, &topic, &payload, 1, false);
            let received_at = at(seconds);
            batch.push(Message { sampled_at: received_at, received_at, reading, radio: None });
        }
        typed.core.ingest(&batch, &mut typed.out);
        let (typed_rows, general_rows) = (typed.rows(), general.rows());
        for (typed, general) in typed_rows.iter().zip(&general_rows) {
            prop_assert_eq!(typed, general);
        }
        prop_assert_eq!(typed_rows.len(), general_rows.len());
        prop_assert_eq!(typed.out.counters, general.out.counters);
        for device in (0..register.reporting as u32).map(DeviceIx::new) {
            prop_assert_eq!(
                typed.core.shadow_document(device, at(seconds)),
                general.core.shadow_document(device, at(seconds))
            );
        }
    }
}

#[test]
fn more_rules_than_bits_in_a_word_keep_their_order() {
    let names: Vec<String> = (0..130).map(|i| format!("r{i}")).collect();
    let sql: Vec<String> = (0..130)
        .map(|i| format!("SELECT humidity FROM '+/sensor/+/data' WHERE humidity < {}", 35 + i % 3))
        .collect();
    let rules: Vec<_> =
        names.iter().zip(&sql).map(|(name, sql)| (name.as_str(), sql.as_str(), "[]")).collect();
    let mut harness = Harness::new(spec(&rules));
    let probe = harness.thing("farmA-101");
    let message = |seconds, humidity| Message {
        sampled_at: at(seconds),
        received_at: at(seconds),
        reading: farm::probe_reading(probe, at(seconds), humidity),
        radio: None,
    };
    harness.core.ingest(&[message(1, 355), message(2, 340)], &mut harness.out);
    let fired: Vec<u16> = harness.out.matches.iter().map(|row| row.rule).collect();
    let expected: Vec<u16> = (0..130).filter(|i| i % 3 != 0).chain(0..130).collect();
    assert_eq!(fired, expected);
}

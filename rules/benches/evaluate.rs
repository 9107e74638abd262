//! What a rule costs: one evaluation of a compiled rule over a parsed payload, the parsing and
//! compiling before it, and the bound rule over a batch of typed messages.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldmirror_core::ids::{DeviceIx, EntityKey, Names};
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Context;
use fieldmirror_rules::rule::{Rule, SqlVersion};
use fieldmirror_rules::value::Value;
use std::hint::black_box;

/// Messages of a batch, as the engine hands them on.
const BATCH: u32 = 1_024;

/// A payload of 200 bytes.
const PAYLOAD: &str = r#"{"device":"farmA-101","temperature":21.5,"humidity":34.9,"timestamp":1527811200000,"battery_v":3.612,"site":{"zone":3,"crop":"maize","planted":"2017-04-25"},"flags":["calibrated","buried"],"rssi":-108}"#;

const INGEST: &str = "SELECT temperature, humidity, timestamp FROM 'farmA/sensor/+/data'";

const LOW: &str = "SELECT * FROM 'farmA/sensor/+/data' WHERE humidity < 35";

const THREE_TERMS: &str = "SELECT device, humidity AS h FROM 'farmA/sensor/+/data' \
    WHERE humidity < 35 AND temperature > 10.5 AND site.crop = 'maize'";

fn rule(sql: &str) -> Rule {
    Rule::compile(sql, SqlVersion::V2016_03_23).expect("the rules of this bench are sound")
}

/// Probes' messages with humidities from 20 to 50 in no order.
fn batch(names: &mut Names) -> Vec<Message> {
    let draws = Seed::new(1).draws(EntityKey::of("bench"), Purpose::SensorNoise);
    let message = |counter: u32| {
        let device: DeviceIx = names.push(&format!("farmA-{counter}"));
        let mut reading = Reading::new(DeviceClass::SoilProbe, device);
        reading.set(1, 21.5);
        reading.set(2, 20.0 + 30.0 * draws.uniform(counter));
        reading.set_raw(3, 1_527_811_200_000 + i64::from(counter));
        reading.set(4, 3.612);
        let now = Timestamp::from_millis(1_527_811_200_000);
        Message { sampled_at: now, received_at: now, reading, radio: None }
    };
    (0..BATCH).map(message).collect()
}

fn general(c: &mut Criterion) {
    let context = Context {
        client_id: Some("farmA-101"),
        ..Context::new("farmA/sensor/101/data", Timestamp::from_millis(1_527_811_200_000))
    };
    let payload = Value::from_json(PAYLOAD.as_bytes()).expect("JSON");
    let three_terms = rule(THREE_TERMS);
    let fired = three_terms.evaluate(&payload, &context).expect("nothing external");
    assert!(fired.is_some(), "the whole rule is measured");
    c.bench_function("rules/eval/where_3_terms", |b| {
        b.iter(|| three_terms.evaluate(black_box(&payload), &context));
    });
    c.bench_function("rules/eval/where_3_terms_from_bytes", |b| {
        b.iter(|| three_terms.evaluate_bytes(black_box(PAYLOAD.as_bytes()), &context));
    });
    c.bench_function("rules/compile/where_3_terms", |b| b.iter(|| rule(black_box(THREE_TERMS))));
}

fn bound(c: &mut Criterion) {
    let mut names = Names::default();
    let messages = batch(&mut names);
    let mut matching = Vec::new();
    let mut group = c.benchmark_group("rules/bound");
    group.throughput(Throughput::Elements(u64::from(BATCH)));
    let wheres = [
        ("where_1_term", LOW),
        (
            "where_3_terms",
            "SELECT * FROM 'a/#' WHERE humidity < 35 AND temperature > 10.5 AND battery_v > 3",
        ),
        ("where_sum", "SELECT * FROM 'a/#' WHERE temperature * 1.8 + 32 - humidity > 35"),
    ];
    for (id, sql) in wheres {
        let bound = rule(sql).bind(DeviceClass::SoilProbe.schema()).expect("fields only");
        group.bench_function(id, |b| {
            b.iter(|| {
                matching.clear();
                bound.matching(black_box(&messages), &mut matching);
                matching.len()
            });
        });
    }
    let ingest = rule(INGEST).bind(DeviceClass::SoilProbe.schema()).expect("fields only");
    let mut out = Vec::new();
    group.bench_function("render_3_fields", |b| {
        b.iter(|| {
            out.clear();
            for message in &messages {
                ingest.render(black_box(message), &names, &mut out);
            }
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, general, bound);
criterion_main!(benches);

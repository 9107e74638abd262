//! What recording costs a row: push, hand over to Arrow, digest, encode, close the group.
//!
//! One shard of 12,500 probes that report every 600 s in the order of their phase, recorded in
//! batches of 16,384 rows and groups of 131,072.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldmirror_core::ids::{DeviceIx, EntityKey, SiteIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_tables::columns::actions::ActionRow;
use fieldmirror_tables::columns::messages::MessageRow;
use fieldmirror_tables::columns::residuals::ResidualRow;
use fieldmirror_tables::columns::rule_matches::RuleMatchRow;
use fieldmirror_tables::columns::scores::ScoreRow;
use fieldmirror_tables::columns::shadows::ShadowRow;
use fieldmirror_tables::columns::telemetry::TelemetryRow;
use fieldmirror_tables::columns::uplinks::UplinkRow;
use fieldmirror_tables::dictionary::{Dictionaries, Dictionary, Key};
use fieldmirror_tables::{EncodedGroup, ShardRecorder};
use std::hint::black_box;

const ROWS: u32 = 131_072;
const ROWS_PER_BATCH: usize = 16_384;
const DEVICES: u32 = 12_500;

/// What the rows of a table are made of, prepared beforehand.
struct Rows {
    readings: Vec<Reading>,
    /// The payloads end to end.
    payloads: Vec<u8>,
    ends: Vec<usize>,
}

impl Rows {
    fn new(words: &Dictionaries) -> Self {
        let mut names = fieldmirror_core::ids::Names::default();
        (0..DEVICES).for_each(|i| {
            names.push(words.devices.word(Key::new(i)).unwrap_or_default());
        });
        let draws = Seed::new(1).draws(EntityKey::of("bench"), Purpose::SensorNoise);
        let mut rows = Self { readings: Vec::new(), payloads: Vec::new(), ends: vec![0] };
        for i in 0..ROWS {
            let [a, b, c, _] = draws.normals4(i);
            let mut reading = Reading::new(DeviceClass::SoilProbe, DeviceIx::new(i % DEVICES));
            reading.set(1, 18.0 + 2.0 * a);
            reading.set(2, 55.0 + 10.0 * b);
            reading.set_raw(3, time(i).millis());
            reading.set(4, 3.5 + 0.01 * c);
            reading.render(&names, &mut rows.payloads);
            rows.ends.push(rows.payloads.len());
            rows.readings.push(reading);
        }
        rows
    }

    fn payload(&self, i: u32) -> &[u8] {
        &self.payloads[self.ends[i as usize]..self.ends[i as usize + 1]]
    }
}

fn time(i: u32) -> Timestamp {
    let start = Timestamp::from_nanos(1_527_811_200_000_000_000);
    start + Span::from_nanos(i64::from(i) * 48_000_000 + i64::from(i % 977) * 1_000_000)
}

fn dictionaries() -> Dictionaries {
    let words = |text: fn(u32) -> String, count: u32| {
        let all: Vec<String> = (0..count).map(text).collect();
        Dictionary::of(all.iter().map(String::as_str))
    };
    Dictionaries {
        devices: words(|i| format!("farm{:03}-{}", i % 125, 101 + i / 125), DEVICES),
        principals: words(|i| format!("farm{:03}-{}", i % 125, 101 + i / 125), DEVICES),
        topics: words(|i| format!("farm{:03}/sensor/{}/data", i % 125, 101 + i / 125), DEVICES),
        sites: words(|i| format!("farm{i:03}"), 125),
        zones: words(|i| format!("farm{:03}-zone-{}", i / 4, 1 + i % 4), 500),
        rules: Dictionary::of(["ingest", "irrigate"]),
        kinds: Dictionary::of(["dynamoDBv2", "lambda"]),
        targets: Dictionary::of(["telemetry", "irrigation-controller-lambda"]),
        outcomes: Dictionary::of(["done"]),
        sources: Dictionary::of(["device"]),
        lost_reasons: Dictionary::of(["below_sensitivity", "collision"]),
        states: Dictionary::of(["fresh"]),
        detectors: Dictionary::of(["autoencoder"]),
        ..Dictionaries::standard()
    }
}

fn record(
    words: &Dictionaries,
    rows: &Rows,
    push: fn(&mut ShardRecorder, &Rows, u32),
) -> EncodedGroup {
    let mut recorder = ShardRecorder::new(0, words.clone());
    for i in 0..ROWS {
        push(&mut recorder, rows, i);
        // As often as a step of 60 s ends.
        if i % 1_250 == 0 {
            recorder.flush_if(ROWS_PER_BATCH).expect("valid rows");
        }
    }
    recorder.end_group().expect("valid rows")
}

const fn places(i: u32) -> (DeviceIx, SiteIx, Option<ZoneIx>) {
    let device = i % DEVICES;
    (DeviceIx::new(device), SiteIx::new(device % 125), Some(ZoneIx::new(device % 500)))
}

fn telemetry(recorder: &mut ShardRecorder, rows: &Rows, i: u32) {
    let (_, site, zone) = places(i);
    recorder.telemetry.push(&TelemetryRow {
        time: time(i),
        sampled_at: time(i) - Span::from_nanos(61_696_000),
        site,
        zone,
        gateway: Some(DeviceIx::new(i % 250)),
        reading: &rows.readings[i as usize],
    });
}

fn messages(recorder: &mut ShardRecorder, rows: &Rows, i: u32) {
    let key = Key::new(i % DEVICES);
    recorder.messages.push(&MessageRow {
        time: time(i),
        topic: key,
        principal: Some(key),
        payload: rows.payload(i),
        source: Key::new(0),
    });
}

fn shadows(recorder: &mut ShardRecorder, rows: &Rows, i: u32) {
    recorder.shadows.push(&ShadowRow {
        time: time(i),
        thing: places(i).0,
        version: u64::from(i / DEVICES),
        desired: None,
        reported: Some(rows.payload(i)),
        delta: None,
    });
}

fn actions(recorder: &mut ShardRecorder, rows: &Rows, i: u32) {
    recorder.actions.push(&ActionRow {
        time: time(i),
        rule: Key::new(i % 2),
        kind: Key::new(i % 2),
        target: Key::new(i % 2),
        resource: None,
        body: rows.payload(i),
        parameters: None,
        outcome: Key::new(0),
        error: None,
    });
}

fn rule_matches(recorder: &mut ShardRecorder, _: &Rows, i: u32) {
    let key = Key::new(i % DEVICES);
    recorder.rule_matches.push(&RuleMatchRow {
        time: time(i),
        rule: Key::new(i % 2),
        topic: key,
        principal: Some(key),
    });
}

fn uplinks(recorder: &mut ShardRecorder, rows: &Rows, i: u32) {
    let noise = rows.readings[i as usize].value(1) as f32;
    recorder.uplinks.push(&UplinkRow {
        time: time(i),
        device: places(i).0,
        frame_counter: i / DEVICES,
        frequency_hz: 868_100_000 + 200_000 * (i % 3),
        spreading_factor: 7 + (i % 6) as u8,
        airtime_ms: 61.7,
        gateway: Some(DeviceIx::new(i % 250)),
        copies: 1,
        rssi_dbm: Some(-110.0 + noise),
        snr_db: Some(noise),
        delivered: !i.is_multiple_of(100),
        lost: i.is_multiple_of(100).then_some(Key::new(0)),
    });
}

fn residuals(recorder: &mut ShardRecorder, rows: &Rows, i: u32) {
    let (device, site, zone) = places(i);
    let observed = rows.readings[i as usize].value(2);
    recorder.residuals.push(&ResidualRow {
        time: Timestamp::from_nanos(i64::from(i / DEVICES) * 3_600_000_000_000),
        device,
        class: Key::of_class(DeviceClass::SoilProbe),
        site,
        zone,
        gateway: Some(DeviceIx::new(i % 250)),
        metric: Key::of_metric(Metric::ALL[(i % 3) as usize]),
        observed: Some(observed),
        expected: Some(observed * 0.97),
        residual: Some(observed * 0.03),
        observed_sd: Some(observed * 0.001),
        observed_min: Some(observed - 0.5),
        observed_max: Some(observed + 0.5),
        samples: 6,
        repeats: i % 2,
        freshness_s: Some(f64::from(i % 600)),
        state: Key::new(0),
        context: None,
    });
}

fn scores(recorder: &mut ShardRecorder, rows: &Rows, i: u32) {
    recorder.scores.push(&ScoreRow {
        time: Timestamp::from_nanos(i64::from(i / DEVICES) * 3_600_000_000_000),
        device: places(i).0,
        detector: Key::new(0),
        score: rows.readings[i as usize].value(2) as f32 / 7.0,
        threshold: 9.0,
        alarm: false,
    });
}

/// A table's name with the function that pushes one of its rows.
type Case = (&'static str, fn(&mut ShardRecorder, &Rows, u32));

const CASES: [Case; 8] = [
    ("telemetry_rows", telemetry),
    ("message_rows", messages),
    ("shadow_rows", shadows),
    ("action_rows", actions),
    ("rule_match_rows", rule_matches),
    ("uplink_rows", uplinks),
    ("residual_rows", residuals),
    ("score_rows", scores),
];

fn record_rows(criterion: &mut Criterion) {
    let words = dictionaries();
    let rows = Rows::new(&words);
    let mut group = criterion.benchmark_group("tables/record");
    group.throughput(Throughput::Elements(ROWS.into())).sample_size(10);
    for (name, push) in CASES {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(record(&words, &rows, push)));
        });
    }
    group.finish();
}

criterion_group!(benches, record_rows);
criterion_main!(benches);

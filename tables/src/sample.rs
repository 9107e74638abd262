//! Made-up rows for tests: every table, nulls, words that come late, plain repetitions.

use crate::columns::actions::ActionRow;
use crate::columns::hydraulics::HydraulicsRow;
use crate::columns::messages::MessageRow;
use crate::columns::residuals::ResidualRow;
use crate::columns::rule_matches::RuleMatchRow;
use crate::columns::scores::ScoreRow;
use crate::columns::shadows::ShadowRow;
use crate::columns::soil::SoilRow;
use crate::columns::telemetry::TelemetryRow;
use crate::columns::truth::{TruthColumns, TruthRow};
use crate::columns::uplinks::UplinkRow;
use crate::dictionary::{Dictionaries, Dictionary, Key};
use crate::recorder::ShardRecorder;
use crate::schema::Table;
use crate::writer::{RunTables, TableEntry};
use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::time::{Span, Timestamp};
use std::path::Path;

pub(crate) const DEVICES: u32 = 40;

/// A recorder of farm number `shard`.
pub(crate) fn recorder(shard: u16) -> ShardRecorder {
    let names: Vec<String> = (0..DEVICES).map(|i| format!("farm{shard}-{}", 101 + i)).collect();
    let topics: Vec<String> =
        (0..DEVICES).map(|i| format!("farm{shard}/sensor/{}/data", 101 + i)).collect();
    let names = || names.iter().map(String::as_str);
    let site = format!("farm{shard}");
    let zones = [format!("{site}-zone-1"), format!("{site}-zone-2")];
    ShardRecorder::new(
        shard,
        Dictionaries {
            devices: Dictionary::of(names()),
            principals: Dictionary::of(names()),
            topics: Dictionary::of(topics.iter().map(String::as_str)),
            sites: Dictionary::of([site.as_str()]),
            zones: Dictionary::of(zones.iter().map(String::as_str)),
            rules: Dictionary::of(["ingest", "irrigate"]),
            kinds: Dictionary::of(["lambda", "republish"]),
            targets: Dictionary::of(["irrigation-controller-lambda"]),
            outcomes: Dictionary::of(["done"]),
            sources: Dictionary::of(["device", "function"]),
            lost_reasons: Dictionary::of(["below_sensitivity", "collision"]),
            states: Dictionary::of(["fresh", "silent"]),
            detectors: Dictionary::of(["autoencoder"]),
            ..Dictionaries::standard()
        },
    )
}

/// Appends rows `from..to` of each table; row `i` depends on `i` and the recorder's words alone.
pub(crate) fn fill(r: &mut ShardRecorder, from: u32, to: u32) {
    for i in from..to {
        let time = Timestamp::from_date(2018, 6, 1).expect("a date") + Span::from_seconds(i.into());
        let device = DeviceIx::new(i * 7 % DEVICES);
        let key = Key::from(device);
        let (site, zone) = (SiteIx::new(0), ZoneIx::new(i % 2));
        let x = f64::from(i * 37 % 101) / 8.0;
        let is = |n: u32| i.is_multiple_of(n);
        let lost = is(5).then(|| Key::new(i / 5 % 2));
        let mut reading = Reading::new(
            if is(4) { DeviceClass::PumpController } else { DeviceClass::SoilProbe },
            device,
        );
        reading.set_raw(1, i64::from(i % 2));
        reading.set(2, x);
        reading.set(4, 3.6);
        r.uplinks.push(&UplinkRow {
            time,
            device,
            frame_counter: i,
            frequency_hz: 868_100_000 + 200_000 * (i % 3),
            spreading_factor: 7 + (i % 6) as u8,
            airtime_ms: 61.7,
            gateway: (!is(3)).then_some(DeviceIx::new(1)),
            copies: (i % 3) as u8,
            rssi_dbm: (!is(3)).then_some(-100.5 - x as f32),
            snr_db: (!is(3)).then_some(x as f32),
            delivered: lost.is_none(),
            lost,
        });
        let payload = format!("{{\"humidity\":{x}}}");
        r.messages.push(&MessageRow {
            time,
            topic: key,
            principal: (!is(9)).then_some(key),
            payload: payload.as_bytes(),
            source: Key::new(u32::from(is(9))),
        });
        if is(2) {
            r.rule_matches.push(&RuleMatchRow {
                time,
                rule: Key::new(i % 2),
                topic: key,
                principal: Some(key),
            });
            let target = r.dictionaries.targets.intern(&format!("farm/pump/{}/cmd", i / 50));
            r.actions.push(&ActionRow {
                time,
                rule: Key::new(0),
                kind: Key::new(1),
                target,
                resource: is(8).then_some(b"farm/pump/1/cmd".as_slice()),
                body: b"{\"command\":\"ON\",\"duration\":600}",
                parameters: is(16).then_some(b"{\"key\":\"1\"}".as_slice()),
                outcome: Key::new(0),
                error: is(8).then_some(b"the item lacks its key".as_slice()),
            });
            r.shadows.push(&ShadowRow {
                time,
                thing: device,
                version: u64::from(i / DEVICES) + 1,
                desired: is(8).then_some(b"null".as_slice()),
                reported: Some(payload.as_bytes()),
                delta: None,
            });
        }
        if is(10) {
            r.soil.push(&SoilRow {
                time,
                site,
                zone,
                et0_mm: x,
                etc_mm: x,
                eta_mm: x,
                evaporation_mm: 0.0,
                transpiration_mm: x,
                rain_mm: 0.0,
                runoff_mm: 0.0,
                irrigation_mm: x,
                deep_percolation_mm: 0.0,
                depletion_mm: x,
                surface_depletion_mm: x,
                taw_mm: 140.0,
                root_depth_m: 0.9,
                stress: 1.0,
                theta: 0.25,
                available_pct: 50.0,
                residual_mm: -0.0,
            });
            r.hydraulics.push(&HydraulicsRow {
                time,
                duration_s: 60.0,
                site,
                zone,
                valve_open: is(20),
                zone_flow_lps: x,
                zone_pressure_kpa: x,
                pump_flow_lps: x,
                pump_head_m: x,
                pump_pressure_kpa: x,
                filter_pressure_kpa: x,
                power_kw: x,
                applied_mm: x,
            });
        }
        let observed = (!is(11)).then_some(x);
        r.residuals.push(&ResidualRow {
            time,
            device,
            class: Key::of_class(DeviceClass::SoilProbe),
            site,
            zone: (!is(6)).then_some(zone),
            gateway: Some(DeviceIx::new(1)),
            metric: Key::of_metric(Metric::Humidity),
            observed,
            expected: Some(x + 0.5),
            residual: observed.map(|_| -0.5),
            observed_sd: observed,
            observed_min: observed,
            observed_max: observed,
            samples: u32::from(observed.is_some()),
            repeats: 0,
            freshness_s: Some(x),
            state: Key::new(u32::from(observed.is_none())),
            context: None,
        });
        r.telemetry.push(&TelemetryRow {
            time,
            sampled_at: time - Span::from_nanos(1),
            site,
            zone: Some(zone),
            gateway: (!is(4)).then_some(DeviceIx::new(1)),
            reading: &reading,
        });
        r.scores.push(&ScoreRow {
            time,
            device,
            detector: Key::new(0),
            score: x as f32,
            threshold: 9.0,
            alarm: x > 9.0,
        });
    }
}

/// Writes a run of two shards and two groups of `rows` rows each, and one true fault.
pub(crate) fn run(dir: &Path, rows: u32, rows_per_batch: u32) -> Vec<TableEntry> {
    let mut tables = RunTables::create(dir).expect("writable");
    let mut shards = [recorder(0), recorder(1)];
    for group in 0..2 {
        for shard in &mut shards {
            let mut at = group * rows;
            while at < (group + 1) * rows {
                let to = (at + rows_per_batch).min((group + 1) * rows);
                fill(shard, at, to);
                shard.flush_if(rows_per_batch as usize).expect("valid rows");
                at = to;
            }
            tables.append(shard.end_group().expect("valid rows")).expect("in order");
        }
    }
    let mut truth = TruthColumns::default();
    let mut words = Dictionaries {
        devices: Dictionary::of(["farm0-filter"]),
        classes: Dictionary::of(["filter_clogging"]),
        ..Dictionaries::default()
    };
    truth.push(&TruthRow {
        fault_id: "clog",
        class: Key::new(0),
        device: Key::new(0),
        onset: Timestamp::from_nanos(5),
        end: None,
        severity: 0.5,
    });
    let batch = crate::columns::Columns::take(&mut truth, &mut words).expect("valid");
    tables.write_small(Table::Truth, &batch).expect("writable");
    tables.finish().expect("writable")
}

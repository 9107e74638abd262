//! The page of an invented run: complete, self-contained, escaped and repeatable.

use super::charts::Point;
use super::data::{
    CitedRow, Confounder, Evapotranspiration, Facts, Fault, ProbeTrack, Pumping, Radio, RunData,
    ScoreTrack, SoilQuantiles, Stale, ZoneDay, ZoneSoil,
};
use super::page::Page;
use super::render;
use super::tickets::{Cause, Evidence, Ticket};
use crate::clock::{Silent, Still};
use crate::manifest::{Manifest, TableRow};
use crate::run::{self, RunOptions};
use crate::scenario::{Overrides, Scenario};
use crate::summary::Summary;
use fieldmirror_core::time::{Span, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;

const DAYS: usize = 60;

fn day(day: f64) -> Timestamp {
    Timestamp::parse("2017-06-05").expect("a date") + Span::from_seconds_f64(day * 86_400.0)
}

fn facts(farms: usize) -> Facts {
    let probes = |z: usize| (1..=10).map(|p| format!("farmA-{z}{p:02}")).collect();
    let zones = (1..=4).map(|z| (format!("farmA-zone-{z}"), probes(z)));
    Facts {
        start: day(0.0),
        end: day(DAYS as f64),
        clean_until: day(20.0),
        farms,
        zones: if farms == 1 { zones.collect() } else { Vec::new() },
        zone_count: 4 * farms,
        confounders: vec![
            Confounder {
                id: "heat-wave".into(),
                kind: "heat_wave",
                from: day(40.0),
                to: day(44.0),
            },
            Confounder {
                id: "night-plan".into(),
                kind: "irrigation_plan",
                from: day(55.0),
                to: day(59.0),
            },
        ],
        record_et0_mm: (0..DAYS).map(|d| 5.0 + (d % 7) as f64 * 0.4).collect(),
    }
}

fn truth() -> Vec<Fault> {
    let fault = |class: &str, device: &str, onset: f64, end: f64| Fault {
        class: class.into(),
        device: device.into(),
        onset: day(onset),
        end: Some(day(end)),
    };
    vec![
        fault("filter_clogging", "farmA-filter", 24.0, 38.0),
        fault("probe_stuck", "farmA-203", 30.0, 38.0),
        fault("valve_stuck_closed", "farmA-valve-3", 45.0, 49.0),
        fault("gateway_outage", "farmA-gw-1", 53.0, 53.42),
    ]
}

fn ticket(label: &str, class: &str, device: &str, onset: f64, raised: f64) -> Ticket {
    let cause = |class: &str, probability| Cause { class: class.into(), probability };
    Ticket {
        label: label.into(),
        ticket_id: format!("{label}-3f2a9c"),
        device: device.into(),
        class: class.into(),
        causes: vec![cause(class, 0.83), cause("pump_wear", 0.11), cause("unknown", 0.06)],
        onset: day(onset),
        raised_at: day(raised),
        severity: 0.42,
        action: "clean".into(),
        part: Some("disc filter element <DF-120>".into()),
        evidence: vec![
            Evidence {
                table: "residuals".into(),
                rows: [120_431, 120_431],
                column: "residual".into(),
                value: -1.84,
                unit: "l/s".into(),
            },
            Evidence {
                table: "residuals".into(),
                rows: [120_432, 120_440],
                column: "repeats".into(),
                value: 6.0,
                unit: "1".into(),
            },
        ],
        text: format!("{device} needs a look. Hour to 2017-07-01T06:00:00Z: residual -1.8402 l/s."),
    }
}

fn hourly(of: impl Fn(f64) -> f64) -> Vec<Point> {
    (1..=DAYS * 24).map(|hour| hour as f64 / 24.0).map(|x| (x, of(x))).collect()
}

/// A saw tooth: soil dries for three days and is watered.
fn dries(x: f64) -> f64 {
    80.0 - 15.0 * (x % 3.0)
}

fn zones() -> Vec<ZoneSoil> {
    let wet = |d: usize| ZoneDay {
        irrigation_mm: if d % 3 == 2 { 12.0 } else { 0.0 },
        rain_mm: if d % 11 == 5 { 18.0 } else { 0.0 },
        eta_mm: 5.0,
        ..ZoneDay::default()
    };
    (1..=4)
        .map(|z| ZoneSoil {
            name: format!("farmA-zone-{z}"),
            available: hourly(|x| dries(x + f64::from(z))),
            days: (0..DAYS).map(wet).collect(),
        })
        .collect()
}

fn probes() -> Vec<ProbeTrack> {
    ["farmA-101", "farmA-203", "farmA-301", "farmA-401"]
        .into_iter()
        .enumerate()
        .map(|(i, device)| ProbeTrack {
            device: device.into(),
            zone: format!("farmA-zone-{}", i + 1),
            observed: hourly(|x| {
                let stuck = device == "farmA-203" && (30.0..38.0).contains(&x);
                if stuck { 62.0 } else { dries(x) + 2.0 }
            }),
            expected: hourly(dries),
        })
        .collect()
}

fn scores() -> Vec<ScoreTrack> {
    truth()
        .iter()
        .enumerate()
        .map(|(i, fault)| {
            let (from, to) = ((fault.onset - day(0.0)).days(), 24.0 + 12.0 * i as f64);
            let during = move |x: f64| if x >= from && x < to.max(from + 2.0) { 6.0 } else { 0.3 };
            ScoreTrack {
                device: fault.device.clone(),
                class: String::new(),
                tickets: vec![format!("T{}", i + 1)],
                explains: vec![fault.device.clone()],
                detectors: BTreeMap::from([
                    ("autoencoder".to_owned(), hourly(during)),
                    ("residual".to_owned(), hourly(|x| during(x) * 0.7)),
                ]),
            }
        })
        .collect()
}

fn data(farms: usize) -> RunData {
    let mut gateway = vec![0; DAYS * 24];
    gateway[53 * 24 + 1..53 * 24 + 10].fill(18);
    let stale = Stale::of(
        DAYS * 24,
        BTreeMap::from([("stale_gateway", gateway)]),
        BTreeMap::from([("farmA-gw-1".to_owned(), 162)]),
    );
    let pump = |open: u32| {
        (open, (0..DAYS).map(|d| [d as f64 + 0.5, 4.0 * f64::from(open), 5.0]).collect())
    };
    let is_farm = farms == 1;
    RunData {
        manifest: manifest(),
        summary: Summary {
            scenario: "first-farm".into(),
            seed: 42,
            devices: 47 * farms as u64,
            uplinks_sent: 354_240,
            uplinks_delivered: 350_000,
            uplinks_lost: BTreeMap::from([
                ("collision".into(), 3_000),
                ("gateway_down".into(), 1_240),
            ]),
            messages: 390_123,
            commands: 2_345,
            tickets: 4,
            faults: 4,
            ticket_precision: Some(1.0),
            ticket_recall: Some(0.75),
            found_by_detector: BTreeMap::from([(
                "autoencoder".into(),
                vec!["a".into(), "b".into()],
            )]),
            tickets_by_detector: BTreeMap::from([("autoencoder".into(), 3)]),
            ..Summary::default()
        },
        facts: facts(farms),
        truth: truth(),
        tickets: vec![
            ticket("T1", "filter_clogging", "farmA-filter", 25.0, 26.2),
            ticket("T2", "probe_stuck", "farmA-203", 30.2, 30.8),
            ticket("T3", "valve_stuck_closed", "farmA-valve-3", 45.3, 46.0),
            ticket("T4", "gateway_outage", "farmA-gw-1", 53.0, 53.1),
        ],
        cited: BTreeMap::from([(
            120_431,
            CitedRow {
                time: day(26.0),
                device: "farmA-pump-2".into(),
                class: "pump_controller".into(),
                metric: "zone_flow_lps".into(),
            },
        )]),
        zones: if is_farm { zones() } else { Vec::new() },
        quantiles: (!is_farm).then(|| SoilQuantiles {
            zones: 4 * farms,
            hours: (1..DAYS * 24)
                .map(|h| h as f64 / 24.0)
                .map(|x| (x, [-20.0, -8.0, 0.0, 6.0, 15.0].map(|d| dries(x) + d)))
                .collect(),
        }),
        et: Evapotranspiration {
            ours_mm: (0..DAYS).map(|d| 5.2 + (d % 7) as f64 * 0.4).collect(),
            record_mm: facts(farms).record_et0_mm,
            actual_mm: vec![4.5; DAYS],
        },
        radio: Radio {
            bucket_days: 1.0,
            sent: vec![5_904; DAYS],
            delivered: vec![5_830; DAYS],
            lost: BTreeMap::from([
                ("collision".into(), vec![50; DAYS]),
                ("gateway_down".into(), (0..DAYS).map(|d| if d == 53 { 900 } else { 0 }).collect()),
            ]),
        },
        probes: if is_farm { probes() } else { Vec::new() },
        stale,
        pumping: is_farm.then(|| Pumping {
            by_open_zones: (1..=4).map(pump).collect(),
            running_h: 310.0,
            energy_kwh: 1_234.0,
            volume_m3: 9_876.0,
        }),
        scores: scores(),
    }
}

fn manifest() -> Manifest {
    Manifest {
        format: 1,
        tool_version: "0.1.0".into(),
        scenario: "first-farm".into(),
        seed: 42,
        cpu: "a processor".into(),
        digest: "ab".repeat(32),
        digest_world: "cd".repeat(32),
        tables: vec![TableRow {
            name: "uplinks".into(),
            file: "uplinks.parquet".into(),
            rows: 354_240,
            sha256: "ef".repeat(32),
        }],
    }
}

fn html(data: &RunData) -> String {
    render(&Page::of(data).expect("drawn")).expect("rendered")
}

#[test]
fn a_farm_shows_its_tickets_zones_pump_and_radio() {
    let html = html(&data(1));
    for words in [
        "farmA-zone-4",
        "Lost uplinks by reason",
        "Pressure drop over the filter",
        "ground truth (not seen by the detectors)",
        "162 device hours by farmA-gw-1",
        "0.75",
        "valve stuck closed",
        "farmA-pump-2 zone_flow_lps</span>residual -1.84 l",
        "2 of 4",
    ] {
        assert!(html.contains(words), "{words}");
    }
    assert_eq!(html.matches("<article ").count(), 4);
    assert!(!html.contains("-1.8402"), "facts stand in the evidence, once");
}

#[test]
fn a_fleet_shows_quantiles_instead_of_zones() {
    let html = html(&data(1_000));
    assert!(html.contains("47\u{202f}000 devices on 1\u{202f}000 farms, 60 days from"));
    assert!(html.contains("4000 zones by the hour") && html.contains("id=\"soil\""));
    assert!(!html.contains("Pump flow"), "one farm's pump says nothing of a fleet");
}

#[test]
fn the_page_needs_nothing_outside_itself() {
    let html = html(&data(1));
    for outside in ["http:", "https:", "<script", "src=", "@import", "url("] {
        // The namespace of SVG is a name, not a place; inline SVG needs none.
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn words_from_the_run_are_escaped() {
    let mut data = data(1);
    data.facts.zones[0].0 = "<b>".into();
    data.zones[0].name = "<b>&".into();
    let html = html(&data);
    assert!(html.contains("&lt;DF-120&gt;") && !html.contains("<DF-120>"));
    assert!(html.contains("&lt;b&gt;&amp;") && !html.contains("<b>"));
}

#[test]
fn every_figure_has_a_title_and_a_description_of_its_own() {
    let html = html(&data(1));
    let figures = html.matches("<svg ").count();
    assert_eq!(html.matches("role=\"img\"").count(), figures);
    let mut ids: Vec<&str> =
        html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "ids repeat");
    assert!(figures >= 36 && figures.is_multiple_of(2), "each for wide screens and phones");
}

#[test]
fn the_same_run_gives_the_same_page() {
    assert_eq!(html(&data(1)), html(&data(1)));
}

#[test]
fn a_page_stays_below_a_megabyte() {
    assert!(html(&data(1)).len() < 1_000_000);
}

#[test]
fn a_run_without_faults_and_tickets_says_so() {
    let mut data = data(1);
    (data.truth, data.tickets, data.scores) = (Vec::new(), Vec::new(), Vec::new());
    let html = html(&data);
    assert!(html.contains("No ticket was raised.") && !html.contains("<article "));
}

/// Hours of first-farm, through the engine and the tables.
#[test]
fn a_recorded_run_gives_the_same_report_each_time() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/first-farm.toml");
    let until = Overrides { until: Some(Span::from_hours(30)), ..Overrides::default() };
    let scenario = Scenario::load(Path::new(scenario), &until).expect("sound");
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("run");
    let options = RunOptions { out: out.clone(), force: false, threads: 1, cpu: "test".into() };
    run::run(&scenario, &options, &Still, &Silent).expect("runs");
    let read = || std::fs::read_to_string(out.join("report.html")).expect("a report");
    let first = read();
    assert_eq!(super::write(&out).expect("written"), out.join("report.html"));
    assert_eq!(first, read());
    for words in ["farmA-101, farmA-zone-1", "mean absolute residual", "Delivered uplinks"] {
        assert!(first.contains(words), "{words}");
    }
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let error = super::write(dir.path()).expect_err("nothing there");
    assert!(error.is_bad_input() && error.to_string().contains("not a run directory"), "{error}");
}

//! Same scenario, same bytes: at any thread count, from TOML and from the compiled form, run and
//! replayed; another seed is another run; a further device changes nobody else's readings.

use fieldmirror_engine::clock::{Silent, Still};
use fieldmirror_engine::replay::{self, ReplayOptions};
use fieldmirror_engine::scenario::{Overrides, Scenario};
use fieldmirror_tests::{Rows, Run, load, load_path, run};
use std::collections::BTreeMap;

/// First-farm, shortened so that learning, findings and tickets fall inside.
const SHORT_FARM: &[(&str, &str)] = &[
    ("span", "13d"),
    ("learn.clean", "8d"),
    (
        "faults",
        r#"[
            { id = "stuck", class = "probe_stuck", device = "farmA-203", onset = "9d", severity = 1.0 },
            { id = "valve", class = "valve_stuck_closed", device = "farmA-valve-3", onset = "10d", severity = 1.0 },
        ]"#,
    ),
    (
        "confounders",
        r#"[{ kind = "irrigation_plan", id = "p", onset = "11d", lasts = "2d", zones = [1], at = "2h", duration = "600s" }]"#,
    ),
    (
        "foreign",
        r#"[{ at = "9d", client = "farmA-101", certificate = "soil_probe", topic = "farmA/pump/1/cmd", payload = '{"command":"ON","duration":600}' }]"#,
    ),
];

/// Six farms of fleet-100k in six shards: more shards than threads.
const SMALL_FLEET: &[(&str, &str)] =
    &[("fleet.farms", "6"), ("fleet.farms_per_shard", "1"), ("span", "24h"), ("faults", "[]")];

/// Every way to run a scenario gives one digest; returns a run of it.
fn one_digest(name: &str, sets: &[(&str, &str)]) -> Run {
    let scenario = load(name, sets);
    let one = run(&scenario, 1);
    let two = run(&scenario, 2);
    assert_eq!(one.summary.digest, two.summary.digest, "threads");

    let arrow = one.path().join("compiled.arrow");
    scenario.write_compiled(&arrow).expect("it compiles");
    let compiled = run(&load_path(&arrow), 2);
    assert_eq!(one.summary.digest, compiled.summary.digest, "TOML against Arrow");

    let options = ReplayOptions { out: None, verify: true, threads: 2, cpu: "test".to_owned() };
    let replayed = replay::replay(one.path(), &options, &Still, &Silent).expect("it replays");
    assert_eq!(replayed.difference, None);
    assert_eq!(one.summary.digest, replayed.digest, "run against replay");
    one
}

#[test]
fn a_farm_with_learning_a_finding_and_a_ticket_has_one_digest() {
    let run = one_digest("first-farm", SHORT_FARM);
    assert!(run.summary.findings > 0, "a finding falls inside");
    assert!(run.summary.tickets > 0, "a ticket falls inside");
    assert!(run.summary.commands > 0, "the loop is closed");
    assert_eq!(run.summary.denials, 1, "the compiled form holds the policies");
}

#[test]
fn a_fleet_with_more_shards_than_threads_has_one_digest() {
    let run = one_digest("fleet-100k", SMALL_FLEET);
    assert!(run.rows("scores") > 0, "a model scores");
    assert!(run.summary.commands > 0, "the loop is closed");
}

#[test]
fn another_seed_is_another_run() {
    let sets = &[("span", "2d"), ("learn.clean", "1d"), ("faults", "[]"), ("confounders", "[]")];
    let digest = |seed| {
        let overrides = Overrides {
            seed: Some(seed),
            set: sets.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            until: None,
        };
        let path = fieldmirror_tests::scenario_path("first-farm");
        run(&Scenario::load(&path, &overrides).expect("sound"), 2).summary.digest_world
    };
    assert_ne!(digest(1), digest(2));
    assert_eq!(digest(3), digest(3));
}

/// Telemetry of all devices but `without`: (device, time) to the values as text.
fn readings(run: &Run, without: &str) -> BTreeMap<(String, i64), String> {
    let metrics =
        ["temperature", "humidity", "battery_v", "relative_humidity", "zone_flow_lps", "power_kw"];
    let mut all = BTreeMap::new();
    let columns: Vec<&str> = ["time", "device"].into_iter().chain(metrics).collect();
    let rows = Rows::read(run.path(), "telemetry", &columns);
    for i in 0..rows.len() {
        let device = rows.text("device", i);
        // A gateway counts frames, so it may notice a new neighbour.
        if device == without || device.contains("-gw-") {
            continue;
        }
        let values = metrics.map(|metric| format!("{:?}", rows.number(metric, i)));
        all.insert((device.to_owned(), rows.time("time", i)), values.join(" "));
    }
    all
}

#[test]
fn a_further_device_changes_no_other_devices_readings() {
    let base = &[
        ("span", "2d"),
        ("learn.clean", "1d"),
        ("faults", "[]"),
        ("confounders", "[]"),
        ("radio.interference", "false"),
        ("rules", "[]"),
        ("functions", "{}"),
    ];
    let more: Vec<_> = base.iter().copied().chain([("zones.0.probes", "11")]).collect();
    let (few, many) = (run(&load("first-farm", base), 2), run(&load("first-farm", &more), 2));
    let added = "farmA-111";
    assert!(many.devices().contains(&added.to_owned()));
    assert_eq!(readings(&few, added), readings(&many, added));
}

#[test]
fn with_interference_and_rules_the_first_difference_has_a_recorded_cause() {
    let base = &[("span", "6d"), ("learn.clean", "1d"), ("faults", "[]"), ("confounders", "[]")];
    let more: Vec<_> = base.iter().copied().chain([("zones.0.probes", "11")]).collect();
    let (few, many) = (run(&load("first-farm", base), 2), run(&load("first-farm", &more), 2));
    let (a, b) = (readings(&few, "farmA-111"), readings(&many, "farmA-111"));
    let differing = a.keys().chain(b.keys()).filter(|key| a.get(*key) != b.get(*key));
    let Some((device, time)) = differing.min_by_key(|(_, time)| *time).cloned() else {
        return; // The new device disturbed nobody in six days: nothing to explain.
    };
    let lost = [&few, &many].iter().any(|run| {
        let rows = Rows::read(run.path(), "uplinks", &["time", "device", "delivered"]);
        // A frame is in the air for at most three seconds before it is heard.
        (0..rows.len()).any(|i| {
            rows.text("device", i) == device
                && (0..3_000_000_000).contains(&(time - rows.time("time", i)))
                && !rows.flag("delivered", i)
        })
    });
    let commands = |run: &Run| {
        let rows = Rows::read(run.path(), "messages", &["time", "topic", "payload"]);
        let of = |i| {
            format!(
                "{} {} {}",
                rows.time("time", i),
                rows.text("topic", i),
                rows.text("payload", i)
            )
        };
        let is_command =
            |i: &usize| rows.text("topic", *i).ends_with("/cmd") && rows.time("time", *i) <= time;
        (0..rows.len()).filter(is_command).map(of).collect::<Vec<_>>()
    };
    assert!(
        lost || commands(&few) != commands(&many),
        "{device} at {time} differs without a cause"
    );
}

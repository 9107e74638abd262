//! The closed loop seen from inside: what cloud and twin answer while a gateway is down.

use super::Shard;
use crate::clock::Still;
use crate::scenario::{Overrides, Scenario};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_twin::freshness::Freshness;
use std::path::Path;

fn scenario(set: &[(&str, &str)]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/first-farm.toml");
    let set = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Scenario::load(&path, &Overrides { set, ..Overrides::default() }).expect("a sound scenario")
}

/// Devices in a state, as the twin judges them now.
fn in_state(shard: &Shard, state: Freshness) -> Vec<fieldmirror_core::ids::DeviceIx> {
    let devices = shard.register.iter().take(shard.register.reporting);
    let judged = devices.filter_map(|(device, _)| shard.twin.state_of(device));
    judged.filter(|device| device.state == state).map(|device| device.device).collect()
}

fn run_to(shard: &mut Shard, until: Timestamp) {
    shard.run_until(until, &Still, &|| {}).expect("it runs");
}

#[test]
fn in_a_gateway_outage_shadows_answer_and_the_twin_explains_the_silence() {
    let outage = r#"[{ id = "o", class = "gateway_outage", device = "farmA-gw-1", onset = "49h", lasts = "6h", severity = 1.0 }]"#;
    let scenario = scenario(&[
        ("faults", outage),
        ("confounders", "[]"),
        // The second gateway is out of reach: every probe depends on the first.
        ("gateways.1.position_m", "[20000.0, 60.0]"),
        ("span", "4d"),
        ("learn.clean", "2d"),
    ]);
    let mut shard = Shard::new(&scenario, 0).expect("a sound shard");
    let at = |hours| scenario.start() + Span::from_hours(hours);

    run_to(&mut shard, at(49));
    assert_eq!(in_state(&shard, Freshness::StaleGateway), [], "before the outage");

    run_to(&mut shard, at(53));
    let silent = in_state(&shard, Freshness::StaleGateway);
    assert!(silent.len() >= 35, "probes depend on gateway 1: {}", silent.len());
    for &device in &silent {
        let name = shard.register.names.name(device);
        let known = shard.twin.state_of(device).expect("it reported before");
        let gateway = known.gateway.map(|gateway| shard.register.names.name(gateway));
        assert_eq!(gateway, Some("farmA-gw-1"), "{name}");
        let document = shard.cloud.shadow_document(device, at(53)).expect(name);
        let document: serde_json::Value = serde_json::from_slice(&document).expect("JSON");
        let temperature =
            known.reading.and_then(|reading| reading.metric(Metric::Temperature)).expect(name);
        assert_eq!(
            document["state"]["reported"]["temperature"].as_f64(),
            Some(temperature),
            "{name}"
        );
    }

    run_to(&mut shard, at(57));
    assert_eq!(in_state(&shard, Freshness::StaleGateway), [], "after the gateway is back");
    for device in silent {
        let state = shard.twin.state_of(device).expect("known").state;
        assert_eq!(state, Freshness::Fresh, "{}", shard.register.names.name(device));
    }
}

#[test]
fn a_dry_probe_starts_the_pump_and_a_new_command_restarts_the_time() {
    let scenario = scenario(&[
        ("faults", "[]"),
        ("confounders", "[]"),
        ("span", "3d"),
        ("learn.clean", "2d"),
        ("soil.initial", "0.14"),
    ]);
    let mut shard = Shard::new(&scenario, 0).expect("a sound shard");
    run_to(&mut shard, scenario.start() + Span::from_days(1));
    for zone in &shard.register.zones {
        let commands = shard.command_counts()[zone.controller.index()];
        // Each irrigates for ten minutes and a running one is not commanded again.
        assert!((1..=144).contains(&commands), "{}: {commands} commands in a day", zone.name);
    }
}

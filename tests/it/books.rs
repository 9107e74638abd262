//! The books close, recomputed from the recorded tables alone: water, frames and messages.

use fieldmirror_tests::{Rows, Run, load, run};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

/// Three weeks of first-farm with rain, irrigation, a clogging filter and a dead valve.
fn three_weeks() -> Run {
    let faults = r#"[
        { id = "clog", class = "filter_clogging", device = "farmA-filter", onset = "12d", severity = 0.9, growth = "linear", grows_for = "6d" },
        { id = "valve", class = "valve_stuck_closed", device = "farmA-valve-2", onset = "14d", severity = 1.0 },
        { id = "gateway", class = "gateway_outage", device = "farmA-gw-1", onset = "16d", lasts = "6h", severity = 1.0 },
    ]"#;
    run(&load("first-farm", &[("span", "20d"), ("learn.clean", "10d"), ("faults", faults)]), 2)
}

#[test]
fn water_and_frames_are_accounted_for() {
    let run = three_weeks();
    rain_equals_the_forcing(&run);
    irrigation_is_flow_by_time_by_efficiency_by_area(&run);
    soil_balances_close(&run);
    every_frame_is_delivered_or_has_one_reason(&run);
    a_clogged_filter_gives_less_water(&run);
}

fn rain_equals_the_forcing(run: &Run) {
    let soil = Rows::read(run.path(), "soil", &["time", "zone", "rain_mm"]);
    let mut fallen: BTreeMap<(String, i64), f64> = BTreeMap::new();
    for i in 0..soil.len() {
        // Rows name an hour by its end.
        let day = (soil.time("time", i) - 1).div_euclid(DAY);
        *fallen.entry((soil.text("zone", i).to_owned(), day)).or_default() +=
            soil.number("rain_mm", i);
    }
    let forcing = &run.scenario.forcing;
    let first = run.scenario.start().days();
    assert_eq!(fallen.len(), 4 * 20, "four zones, twenty days");
    let mut rainy = 0;
    for ((zone, day), mm) in &fallen {
        let expected = forcing[(day - first) as usize].rain_mm;
        assert!((mm - expected).abs() < 1e-9, "{zone}, day {day}: {mm} mm against {expected} mm");
        rainy += usize::from(expected > 0.0);
    }
    assert!(rainy > 0, "it rains in the period, or the test proves nothing");
}

fn irrigation_is_flow_by_time_by_efficiency_by_area(run: &Run) {
    let columns = ["time", "duration_s", "zone", "zone_flow_lps", "applied_mm"];
    let water = Rows::read(run.path(), "hydraulics", &columns);
    let text = &run.scenario.text;
    let mut given: BTreeMap<(String, i64), f64> = BTreeMap::new();
    for i in 0..water.len() {
        let zone = water.text("zone", i);
        let number: usize = zone.rsplit('-').next().expect("a number").parse().expect("a number");
        let area_m2 = text.zones[number - 1].area_m2;
        // A litre on a square metre is a millimetre.
        let applied = water.number("zone_flow_lps", i) * water.number("duration_s", i) / area_m2;
        assert!((applied - water.number("applied_mm", i)).abs() < 1e-9, "{zone}: {applied} mm");
        let hour_end = (water.time("time", i).div_euclid(HOUR) + 1) * HOUR;
        *given.entry((zone.to_owned(), hour_end)).or_default() +=
            applied * text.irrigation.efficiency;
    }
    let soil = Rows::read(run.path(), "soil", &["time", "zone", "irrigation_mm"]);
    let mut total = 0.0;
    for i in 0..soil.len() {
        let key = (soil.text("zone", i).to_owned(), soil.time("time", i));
        let expected = given.remove(&key).unwrap_or(0.0);
        let booked = soil.number("irrigation_mm", i);
        assert!((booked - expected).abs() < 1e-9, "{key:?}: {booked} mm against {expected} mm");
        total += booked;
    }
    assert!(given.is_empty(), "water that no soil row books: {given:?}");
    assert!(total > 10.0, "the farm is irrigated: {total} mm");
}

fn soil_balances_close(run: &Run) {
    let names = [
        "time",
        "zone",
        "rain_mm",
        "runoff_mm",
        "irrigation_mm",
        "eta_mm",
        "deep_percolation_mm",
        "depletion_mm",
    ];
    let soil = Rows::read(run.path(), "soil", &names);
    let mut before: BTreeMap<String, f64> = BTreeMap::new();
    let mut by_day: BTreeMap<(String, i64), f64> = BTreeMap::new();
    for i in 0..soil.len() {
        let zone = soil.text("zone", i).to_owned();
        let of = |name: &str| soil.number(name, i);
        let depletion = of("depletion_mm");
        if let Some(before) = before.insert(zone.clone(), depletion) {
            let change = of("eta_mm") + of("deep_percolation_mm") + of("runoff_mm")
                - of("rain_mm")
                - of("irrigation_mm");
            let day = (soil.time("time", i) - 1).div_euclid(DAY);
            *by_day.entry((zone, day)).or_default() += (depletion - before - change).abs();
        }
    }
    for (key, residual) in by_day {
        assert!(residual < 1e-6, "{key:?}: {residual} mm a day do not close");
    }
}

fn every_frame_is_delivered_or_has_one_reason(run: &Run) {
    let frames = Rows::read(run.path(), "uplinks", &["delivered", "lost"]);
    let mut lost: BTreeMap<String, u64> = BTreeMap::new();
    let mut delivered = 0;
    for i in 0..frames.len() {
        if frames.flag("delivered", i) {
            assert!(frames.is_null("lost", i), "a delivered frame has no reason of loss");
            delivered += 1;
        } else {
            assert!(!frames.is_null("lost", i), "a lost frame has a reason");
            *lost.entry(frames.text("lost", i).to_owned()).or_default() += 1;
        }
    }
    let summary = &run.summary;
    assert_eq!(summary.uplinks_sent, frames.len() as u64);
    assert_eq!(summary.uplinks_delivered, delivered);
    assert_eq!(summary.uplinks_lost, lost);
    assert_eq!(summary.uplinks_sent, delivered + lost.values().sum::<u64>());
    assert_eq!(summary.frames_refused, 0, "no frame is counted twice");
    assert!(lost.contains_key("gateway_down"), "the outage costs frames: {lost:?}");

    let messages = Rows::read(run.path(), "messages", &["topic", "source"]);
    let from_air = (0..messages.len())
        .filter(|&i| {
            messages.text("topic", i).ends_with("/data") && messages.text("source", i) == "device"
        })
        .count() as u64;
    assert_eq!(from_air, delivered, "each delivered frame is one message");
}

fn a_clogged_filter_gives_less_water(run: &Run) {
    let columns = ["time", "zone", "zone_flow_lps", "pump_flow_lps", "valve_open"];
    let water = Rows::read(run.path(), "hydraulics", &columns);
    let start = run.scenario.start().nanos();
    let mean_flow = |from_d: i64, to_d: i64| {
        let (mut sum, mut n) = (0.0, 0);
        for i in 0..water.len() {
            let day = (water.time("time", i) - start).div_euclid(DAY);
            let open = water.flag("valve_open", i);
            if (from_d..to_d).contains(&day) && open && water.text("zone", i) == "farmA-zone-1" {
                sum += water.number("zone_flow_lps", i);
                n += 1;
            }
        }
        assert!(n > 0, "zone 1 is watered on days {from_d} to {to_d}");
        sum / f64::from(n)
    };
    assert!(mean_flow(18, 20) < 0.7 * mean_flow(0, 12), "a filter at 0.9 costs more than 30 %");
}

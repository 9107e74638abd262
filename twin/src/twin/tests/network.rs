//! Pump rows: zero residual on the nominal network, each fault's own signature, settled samples
//! only.

use super::*;
use crate::candidates::Candidate;
use crate::hydraulics::{HydraulicState, NominalNetwork};

const METRICS: [Metric; 5] = [
    Metric::ZoneFlow,
    Metric::PumpFlow,
    Metric::PumpPressure,
    Metric::FilterPressure,
    Metric::Power,
];

/// Resolution of the five channels in the payload, halved.
const HALF_QUANTUM: [f64; 5] = [5e-4, 5e-4, 0.05, 0.05, 5e-4];

fn values(state: &HydraulicState, zone: usize) -> [(Metric, f64); 5] {
    [
        (Metric::ZoneFlow, state.zone_flow_lps[zone]),
        (Metric::PumpFlow, state.pump_flow_lps),
        (Metric::PumpPressure, state.pump_pressure_kpa),
        (Metric::FilterPressure, state.filter_pressure_kpa),
        (Metric::Power, state.power_kw),
    ]
}

/// Reports each minute of the controllers in `open` between two minutes of the first hour, with the
/// reports of change at both ends, on the network that `world` solves.
fn irrigate(
    farm: &Farm,
    plan: &[(usize, i64, i64)],
    world: impl Fn(u64) -> HydraulicState,
) -> Vec<Message> {
    let mut messages = Vec::new();
    for minute in 0..60 {
        let at = fixture::start() + Span::from_seconds(60 * minute);
        let open = plan
            .iter()
            .filter(|(_, from, to)| (*from..*to).contains(&minute))
            .fold(0, |open, (zone, ..)| open | 1 << zone);
        let state = world(open);
        for &(zone, from, to) in plan {
            if (from..=to).contains(&minute) {
                let on = minute < to;
                let values = values(&state, zone);
                messages.push(fixture::state(farm.controllers[zone], at, on, &values));
            }
        }
    }
    messages
}

/// Residuals over expected values of zone `zone` after an hour on the network that `world` solves.
fn residuals(
    plan: &[(usize, i64, i64)],
    zone: usize,
    world: impl Fn(&NominalNetwork, u64) -> HydraulicState,
) -> ([f64; 5], ResidualRow) {
    let mut bench = Bench::new(1, Spec::default());
    let network = NominalNetwork::new(&fixture::hydraulics()).expect("a network");
    let messages = irrigate(&bench.farm, plan, |open| world(&network, open));
    bench.hour(fixture::start() + Span::from_hours(1), messages);
    let device = bench.farm.controllers[zone];
    let row = bench.last_row(device, Metric::ZoneFlow);
    let relative = METRICS.map(|metric| {
        let row = bench.last_row(device, metric);
        row.residual.expect("a residual") / row.expected.expect("an expectation")
    });
    (relative, row)
}

const PLAN: [(usize, i64, i64); 3] = [(0, 5, 25), (1, 10, 30), (3, 20, 40)];

#[test]
fn the_nominal_network_leaves_no_residual() {
    let mut bench = Bench::new(1, Spec::default());
    let network = NominalNetwork::new(&fixture::hydraulics()).expect("a network");
    let mut messages = irrigate(&bench.farm, &PLAN, |open| network.solve(open));
    // The idle controller reports too: it has nothing to compare.
    let idle = fixture::start() + Span::from_seconds(3_000);
    messages.push(fixture::state(bench.farm.controllers[2], idle, false, &[]));
    let end = fixture::start() + Span::from_hours(1);
    bench.hour(end, messages);
    for zone in [0, 1, 3] {
        for (metric, tolerance) in METRICS.into_iter().zip(HALF_QUANTUM) {
            let row = bench.row(end, bench.farm.controllers[zone], metric).expect("a row");
            let residual = row.residual.expect("a residual");
            assert!(residual.abs() <= tolerance, "zone {zone} {metric}: {residual}");
            assert!(row.samples > 10, "{row:?}");
        }
    }
    assert_eq!(bench.row(end, bench.farm.controllers[2], Metric::PumpFlow), None);
}

#[test]
fn samples_near_a_change_of_any_controller_do_not_count() {
    // ON at minute 0, OFF at minute 10: minutes 1 to 9 are settled, and no other.
    let (_, alone) = residuals(&[(0, 0, 10)], 0, NominalNetwork::solve);
    assert_eq!((alone.samples, alone.context), (9, 1.0));
    // A neighbour switches at minutes 3 and 6: the samples of those minutes are not settled.
    let (_, shared) = residuals(&[(0, 0, 10), (1, 3, 6)], 0, NominalNetwork::solve);
    assert_eq!(shared.samples, 7);
    assert!((shared.context - (5.0 + 2.0 * 2.0) / 7.0).abs() < 1e-12, "{shared:?}");
}

#[test]
fn a_clogged_filter_shows_as_lost_flow_and_a_loss_over_the_filter() {
    let clog = Candidate::FilterClogging { added_loss: 300.0 };
    let ([own, pump, before, after, _], _) =
        residuals(&PLAN, 1, |network, open| network.solve_with(open, &clog).expect("a state"));
    assert!(own < -0.05 && pump < -0.05 && before > 0.01 && after < -0.1, "{own} {pump} {after}");
}

#[test]
fn a_stuck_valve_shows_at_its_own_controller_and_as_surplus_at_the_others() {
    let stuck = Candidate::ValveStuckClosed { zone: 1 };
    let world = |network: &NominalNetwork, open| network.solve_with(open, &stuck).expect("a state");
    let ([own, pump, before, after, _], _) = residuals(&PLAN, 1, world);
    assert_eq!(own, -1.0);
    assert!(pump < -0.1 && before > 0.01 && after > 0.01);
    let ([neighbour, ..], _) = residuals(&PLAN, 3, world);
    assert!(neighbour > 0.02, "{neighbour}");
}

#[test]
fn a_leak_shows_as_more_pump_flow_than_the_zones_get() {
    let leak = Candidate::PipeLeak { zone: 2, emitter_share: 0.7 };
    let ([own, pump, before, after, _], _) =
        residuals(&PLAN, 3, |network, open| network.solve_with(open, &leak).expect("a state"));
    assert!(own < -0.03 && pump > 0.02 && before < 0.0 && after < 0.0, "{own} {pump}");
}

#[test]
fn an_overdue_controller_has_rows_without_samples() {
    let mut bench = Bench::new(1, Spec::default());
    let end = fixture::start() + Span::from_hours(1);
    bench.hour(end, Vec::new());
    let row = bench.row(end, bench.farm.controllers[0], Metric::Power).expect("a row");
    assert_eq!((row.samples, row.observed, row.residual), (0, None, None));
    assert_eq!(row.state, freshness::Freshness::Silent);
}

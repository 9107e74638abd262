//! Each candidate leaves its own signature, that of the reference cases.

use super::*;
use crate::fixture;

fn faults() -> CandidateFaults {
    CandidateFaults::new(Arc::new(fixture::model())).expect("a design")
}

/// Relative changes as zone `zone` sees them: own flow, others' flow, pump flow, pump pressure,
/// filter pressure, power.
fn signature(candidate: Candidate, zone: usize) -> [f64; 6] {
    let answer = faults().what_if(0b1111, candidate).expect("an answer");
    let changes = answer.seen_from(zone).expect("a zone");
    changes.map(|change| change.relative().expect("a healthy value"))
}

/// Loss over the filter, kPa.
fn filter_loss(state: &HydraulicState) -> f64 {
    state.pump_pressure_kpa - state.filter_pressure_kpa
}

#[test]
fn a_clogged_filter_cuts_every_flow_and_raises_only_the_pressure_before_it() {
    let candidate = Candidate::FilterClogging { added_loss: 150.0 };
    let [own, others, pump, before, after, _] = signature(candidate, 1);
    assert!((pump + 0.198).abs() < 2e-3, "EPANET: -19.8 %, got {pump}");
    assert!(own < -0.15 && others < -0.15 && before > 0.05 && after < -0.2);
}

#[test]
fn a_closed_valve_stops_one_flow_and_leaves_more_to_the_others() {
    let candidate = Candidate::ValveStuckClosed { zone: 1 };
    let [own, others, pump, before, after, _] = signature(candidate, 1);
    assert_eq!(own, -1.0);
    assert!(others > 0.05 && pump < -0.1 && before > 0.05 && after > 0.05);
    let [neighbour, ..] = signature(candidate, 2);
    assert!(neighbour > 0.1);
}

#[test]
fn the_only_open_valve_stuck_leaves_the_pump_against_its_shutoff_head() {
    let candidate = Candidate::ValveStuckClosed { zone: 1 };
    let answer = faults().what_if(0b0010, candidate).expect("an answer");
    assert_eq!((answer.faulty.pump_flow_lps, answer.faulty.zone_flow_lps[1]), (0.0, 0.0));
    assert!((answer.faulty.pump_pressure_kpa - 45.0 * 9.806_65).abs() < 1e-6, "{answer:?}");
    assert!(answer.faulty.power_kw > 0.0 && answer.faulty.power_kw < answer.healthy.power_kw);
}

#[test]
fn a_leak_raises_the_pumps_flow_and_starves_the_zones_behind_it() {
    let candidate = Candidate::PipeLeak { zone: 2, emitter_share: 2.0 / 3.0 };
    let [own, _, pump, before, after, _] = signature(candidate, 3);
    assert!((pump - 0.0611).abs() < 2e-3, "EPANET: +6.1 %, got {pump}");
    assert!(own < -0.1 && before < 0.0 && after < 0.0);
    let [ahead, ..] = signature(candidate, 0);
    assert!(ahead > own);
}

#[test]
fn a_worn_pump_loses_flow_and_pressure_alike() {
    let [own, others, pump, before, after, _] = signature(Candidate::PumpWear { wear: 1.0 }, 0);
    assert!(own < -0.02 && others < -0.02 && pump < -0.02 && before < -0.05 && after < -0.05);
}

#[test]
fn only_a_clogged_filter_raises_the_loss_over_it() {
    for answer in faults().standard(0b0101).expect("answers") {
        let grows = filter_loss(&answer.faulty) > 1.2 * filter_loss(&answer.healthy);
        let clogs = matches!(answer.candidate, Candidate::FilterClogging { .. });
        let leak = matches!(answer.candidate, Candidate::PipeLeak { .. });
        assert!(grows == clogs || (leak && grows), "{answer:?}");
        if leak {
            assert!(answer.faulty.pump_flow_lps > answer.healthy.pump_flow_lps, "{answer:?}");
        }
    }
}

#[test]
fn a_severity_of_zero_changes_nothing() {
    for candidate in [
        Candidate::FilterClogging { added_loss: 0.0 },
        Candidate::PipeLeak { zone: 0, emitter_share: 0.0 },
        Candidate::PumpWear { wear: 0.0 },
    ] {
        let answer = faults().what_if(0b0011, candidate).expect("an answer");
        assert_eq!(answer.healthy, answer.faulty);
    }
}

#[test]
fn standard_candidates_try_only_open_valves() {
    let candidates = Candidate::standard(4, 0b0101);
    let valves: Vec<_> = candidates
        .iter()
        .filter_map(|candidate| match candidate {
            Candidate::ValveStuckClosed { zone } => Some(*zone),
            _ => None,
        })
        .collect();
    assert_eq!(valves, [0, 2]);
}

#[test]
fn impossible_faults_are_refused() {
    for candidate in [
        Candidate::ValveStuckClosed { zone: 4 },
        Candidate::FilterClogging { added_loss: -1.0 },
        Candidate::PipeLeak { zone: 0, emitter_share: f64::NAN },
        Candidate::PumpWear { wear: 1.5 },
    ] {
        assert!(faults().what_if(0b1111, candidate).is_err(), "{candidate:?}");
    }
}

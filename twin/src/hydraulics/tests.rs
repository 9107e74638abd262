//! The nominal network gives the reference answers, and open sets are solved once.

use super::*;
use crate::fixture;

fn healthy() -> NominalNetwork {
    NominalNetwork::new(&fixture::hydraulics()).expect("a network")
}

fn close(value: f64, expected: f64) -> bool {
    (value / expected - 1.0).abs() < 1e-3
}

#[test]
fn all_zones_open_give_the_reference_state() {
    let state = healthy().solve(0b1111);
    // EPANET 2.2, healthy case: l/s and m.
    for (flow, expected) in state.zone_flow_lps.iter().zip([3.884, 3.480, 3.259, 3.163]) {
        assert!(close(*flow, expected), "{flow} l/s, expected {expected}");
    }
    assert!(close(state.pump_flow_lps, 13.786), "{state:?}");
    assert!(close(state.pump_pressure_kpa, 35.969 * 9.806_65), "{state:?}");
    assert!(close(state.filter_pressure_kpa, 35.483 * 9.806_65), "{state:?}");
    assert!(close(state.power_kw, 7.705), "{state:?}");
}

#[test]
fn a_closed_zone_leaves_more_to_the_others() {
    let state = healthy().solve(0b1101);
    for (flow, expected) in state.zone_flow_lps.iter().zip([4.227, 0.0, 3.760, 3.664]) {
        assert!((flow - expected).abs() < 5e-3, "{flow} l/s, expected {expected}");
    }
    assert!(close(state.pump_pressure_kpa, 38.369 * 9.806_65), "{state:?}");
}

#[test]
fn nothing_flows_when_no_valve_is_open() {
    let state = healthy().solve(0);
    assert_eq!((state.pump_flow_lps, state.power_kw), (0.0, 0.0));
    assert_eq!(state.zone_flow_lps, [0.0; 4]);
}

#[test]
fn mains_that_branch_from_the_filter_share_no_loss() {
    let mut model = fixture::hydraulics();
    model.zone_elevation_m = vec![3.0, 3.0];
    model.zone_upstream = vec![None, None];
    let star = NominalNetwork::new(&model).expect("a network").solve(0b11);
    assert!((star.zone_flow_lps[0] - star.zone_flow_lps[1]).abs() < 1e-9, "{star:?}");
    model.zone_upstream = vec![None, Some(0)];
    let line = NominalNetwork::new(&model).expect("a network").solve(0b11);
    assert!(line.zone_flow_lps[1] < line.zone_flow_lps[0] - 0.05, "{line:?}");
}

#[test]
fn a_cycle_of_mains_is_refused() {
    let mut model = fixture::hydraulics();
    model.zone_upstream = vec![Some(3), Some(0), Some(1), Some(2)];
    assert!(matches!(NominalNetwork::new(&model), Err(Error::CyclicNetwork { .. })));
}

#[test]
fn farms_of_one_design_share_its_answers() {
    let (a, b) = (Arc::new(fixture::model()), Arc::new(fixture::model()));
    let mut designs = Designs::default();
    let first = designs.index(&a).expect("a design");
    assert_eq!(designs.index(&Arc::clone(&a)), Ok(first));
    assert_ne!(designs.index(&b), Ok(first));
    let fresh = healthy().solve(0b0110);
    assert_eq!(*designs.state(first, 0b0110), fresh);
    assert_eq!(*designs.state(first, 0b0110), fresh);
    assert_eq!(designs.designs[first].answers.len(), 1);
}

//! Five networks, healthy and faulty, have the flows and pressures of EPANET.

use fieldmirror_physics::hydraulics::{
    Efficiency, Network, NodeSpec, Pump, PumpCurve, Solution, Supply,
};

use crate::csv::{Row, Table};

/// Relative; flows in l/s and pressures in m of the fixture have four decimals.
const TOLERANCE: f64 = 5e-4;

/// Three zones need no names: `J1` to `J4` on the main, `Z1` to `Z4` at the ends of the laterals.
fn network() -> Network {
    let node =
        |name: String, parent: Option<&str>, length_m, diameter_m, minor_k, elevation_m| NodeSpec {
            name,
            parent: parent.map(str::to_owned),
            length_m,
            diameter_m,
            roughness_c: 130.0,
            minor_k,
            elevation_m,
            emitter: 0.0,
            closed: false,
        };
    let mut nodes = vec![node("JF".to_owned(), None, 5.0, 0.1, 2.0, 2.0)];
    let mut upstream = "JF".to_owned();
    for i in 1..=4 {
        let elevation_m = 2.0 + 0.5 * f64::from(i);
        let junction = format!("J{i}");
        nodes.push(node(junction.clone(), Some(&upstream), 150.0, 0.09, 0.0, elevation_m));
        let mut zone = node(format!("Z{i}"), Some(&junction), 2.0, 0.05, 5.0, elevation_m);
        zone.emitter = 0.003 / 15.0_f64.sqrt();
        nodes.push(zone);
        upstream = junction;
    }
    Network::new(&nodes).expect("the fixture's network is a tree")
}

fn pump() -> Pump {
    Pump {
        curve: PumpCurve::through(45.0, (0.012, 38.0), (0.024, 20.0)).expect("falling heads"),
        efficiency: Efficiency { max: 0.7, best_flow_m3s: 0.014 },
        motor_efficiency: 0.9,
        speed: 1.0,
        wear: 0.0,
    }
}

fn case(name: &str) -> (Network, Pump) {
    let (mut network, mut pump) = (network(), pump());
    let index = |network: &Network, name| network.index_of(name).expect("a node of the fixture");
    match name {
        "healthy" => {}
        "filter" => {
            let filter = index(&network, "JF");
            network.set_minor_k(filter, 152.0);
        }
        "leak" => {
            let junction = index(&network, "J3");
            network.set_emitter(junction, 0.002 / 15.0_f64.sqrt());
        }
        "valve2" => {
            let zone = index(&network, "Z2");
            network.set_closed(zone, true);
        }
        "wear" => pump.speed = 0.9,
        other => panic!("unknown case {other}"),
    }
    (network, pump)
}

#[test]
fn flows_and_pressures_agree_in_all_five_cases() {
    let table = Table::parse(include_str!("../fixtures/hydraulics_epanet.csv"));
    let mut cases = 0;
    let mut worst: f64 = 0.0;
    for row in table.rows() {
        let (network, pump) = case(row.text("case"));
        let solution = network.solve(&Supply::new(&pump, 2.0));
        worst = worst.max(worst_deviation(&row, &network, &solution));
        cases += 1;
    }
    assert_eq!(cases, 5);
    println!("largest relative deviation {worst:.2e}");
}

fn worst_deviation(row: &Row<'_>, network: &Network, solution: &Solution) -> f64 {
    let index = |name: &str| network.index_of(name).expect("a node of the fixture");
    let mut columns = vec![
        ("pump_flow_lps".to_owned(), 1000.0 * solution.pump_flow_m3s),
        ("pump_head_m".to_owned(), solution.pump_head_m),
        ("p_JF".to_owned(), solution.pressure_m[index("JF")]),
    ];
    for i in 1..=4 {
        let (junction, zone) = (index(&format!("J{i}")), index(&format!("Z{i}")));
        columns.push((format!("q_Z{i}"), 1000.0 * solution.emitter_m3s[zone]));
        columns.push((format!("p_J{i}"), solution.pressure_m[junction]));
        columns.push((format!("q_L{i}"), 1000.0 * solution.flow_m3s[junction]));
    }
    let mut worst: f64 = 0.0;
    for (name, value) in columns {
        let expected = row.number(&name);
        let deviation = (value - expected).abs() / expected.abs().max(1e-4);
        worst = worst.max(deviation);
        assert!(
            deviation <= TOLERANCE,
            "{} {name}: {value}, EPANET has {expected}",
            row.text("case")
        );
    }
    worst
}

#[test]
fn healthy_pump_takes_the_stated_power() {
    let pump = pump();
    // Best flow 13.785 l/s, so that the efficiency is the maximum of 70 %.
    let at_best = Pump { efficiency: Efficiency { max: 0.7, best_flow_m3s: 0.013_785 }, ..pump };
    // The stated powers took g as 9.81, ours are smaller by .034 %.
    let ratio = 9.806_65 / 9.81;
    assert!((at_best.shaft_kw(0.013_785, 35.969) - 6.935 * ratio).abs() < 1e-3, "kW");
    assert!((at_best.electric_kw(0.013_785, 35.969) - 7.705 * ratio).abs() < 1e-3, "kW");
}

#[test]
fn curve_goes_through_its_points_and_follows_the_affinity_laws() {
    let pump = pump();
    assert!((pump.curve.c - 1.836_501_3).abs() < 1e-7);
    assert!((pump.curve.b - 23_587.62).abs() < 5e-3);
    assert!((pump.head_m(0.013) - 36.892).abs() < 5e-4);
    let slow = Pump { speed: 0.9, ..pump }.effective_curve();
    assert!((slow.a_m - 36.45).abs() < 1e-9);
    assert!((slow.b - 23_184.77).abs() < 5e-3);
}

//! Networks: bad trees are named, flows and heads agree, filters choke, dry zones do not suck.

use super::*;
use crate::{draws::Draws, error::Error};

fn node(name: &str, parent: Option<&str>) -> NodeSpec {
    NodeSpec {
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        length_m: 150.0,
        diameter_m: 0.09,
        roughness_c: 130.0,
        minor_k: 0.0,
        elevation_m: 2.0,
        emitter: 0.0,
        closed: false,
    }
}

/// The reference farm: filter, main with four junctions that climb, a zone at each.
fn farm() -> Vec<NodeSpec> {
    let mut nodes =
        vec![NodeSpec { length_m: 5.0, diameter_m: 0.1, minor_k: 2.0, ..node("JF", None) }];
    for i in 1..=4 {
        let upstream = if i == 1 { "JF".to_owned() } else { format!("J{}", i - 1) };
        let elevation_m = 2.0 + 0.5 * f64::from(i);
        let junction = format!("J{i}");
        nodes.push(NodeSpec { elevation_m, ..node(&junction, Some(&upstream)) });
        nodes.push(NodeSpec {
            length_m: 2.0,
            diameter_m: 0.05,
            minor_k: 5.0,
            elevation_m,
            emitter: 0.003 / 15.0_f64.sqrt(),
            ..node(&format!("Z{i}"), Some(&junction))
        });
    }
    nodes
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

fn zones(network: &Network) -> Vec<usize> {
    (1..=4).map(|i| network.index_of(&format!("Z{i}")).expect("a zone")).collect()
}

/// Every emitter gives what its pressure asks for, nodes keep their balance, heads fall along
/// pipes.
fn assert_solved(network: &Network, supply: &Supply, solution: &Solution) {
    assert!(solution.error_m <= 1e-8, "{} m after {} steps", solution.error_m, solution.steps);
    let mut total_m3s = 0.0;
    for i in 0..network.len() {
        let mut balance_m3s = solution.flow_m3s[i] - solution.emitter_m3s[i];
        for (child, parent) in network.parents.iter().enumerate() {
            if *parent == Some(i) {
                balance_m3s -= solution.flow_m3s[child];
            }
        }
        assert!(balance_m3s.abs() < 1e-12, "{}: {balance_m3s} m3/s", network.name(i));
        assert!(solution.emitter_m3s[i] >= 0.0);
        let asked_m3s = network.pipes[i].emitter * solution.pressure_m[i].max(0.0).sqrt();
        let ratio = solution.emitter_m3s[i] / network.pipes[i].emitter.max(1e-12);
        assert!(
            (ratio * ratio - solution.pressure_m[i].max(0.0)).abs() < 1e-7 || asked_m3s == 0.0,
            "{}: {} m3/s at {} m",
            network.name(i),
            solution.emitter_m3s[i],
            solution.pressure_m[i]
        );
        if network.parents[i].is_none() {
            total_m3s += solution.flow_m3s[i];
        }
    }
    assert!((total_m3s - solution.pump_flow_m3s).abs() < 1e-12);
    let again = network.solve(supply);
    assert_eq!(&again, solution, "the answer depends on nothing but the question");
}

#[test]
fn bad_networks_are_refused_with_the_name_of_the_node() {
    let built = |change: fn(&mut Vec<NodeSpec>)| {
        let mut nodes = farm();
        change(&mut nodes);
        Network::new(&nodes).expect_err("a bad network")
    };
    assert_eq!(Network::new(&[]), Err(Error::EmptyNetwork));
    assert_eq!(
        built(|nodes| nodes[3].parent = Some("J9".to_owned())),
        Error::UnknownParent { node: "J2".to_owned(), parent: "J9".to_owned() }
    );
    assert_eq!(
        built(|nodes| nodes[1].parent = Some("J3".to_owned())),
        Error::CyclicNetwork { node: "J1".to_owned() }
    );
    assert_eq!(
        built(|nodes| nodes[0].parent = Some("JF".to_owned())),
        Error::CyclicNetwork { node: "JF".to_owned() }
    );
    assert_eq!(
        built(|nodes| nodes[5].name = "J1".to_owned()),
        Error::DuplicateNode { node: "J1".to_owned() }
    );
    for (diameter_m, name) in [(0.0, "Z1"), (-0.1, "Z1"), (f64::NAN, "Z1")] {
        let mut nodes = farm();
        nodes[2].diameter_m = diameter_m;
        let text = Network::new(&nodes).expect_err("no diameter").to_string();
        assert!(text.contains(name) && text.contains("diameter_m"), "{text}");
    }
}

#[test]
fn declaration_order_does_not_change_the_answer() {
    let supply = Supply::new(&pump(), 2.0);
    let network = Network::new(&farm()).expect("a tree");
    let mut nodes = farm();
    nodes.reverse();
    let reversed = Network::new(&nodes).expect("a tree");
    let (one, other) = (network.solve(&supply), reversed.solve(&supply));
    for i in 0..network.len() {
        let j = reversed.index_of(network.name(i)).expect("the same names");
        assert!((one.pressure_m[i] - other.pressure_m[j]).abs() < 1e-6, "{}", network.name(i));
    }
}

#[test]
fn flow_and_every_zone_fall_as_the_filter_clogs() {
    let mut network = Network::new(&farm()).expect("a tree");
    let supply = Supply::new(&pump(), 2.0);
    let filter = network.index_of("JF").expect("the filter");
    let healthy = network.solve(&supply);
    let zones = zones(&network);
    let mut before = healthy.clone();
    for step in 0..200 {
        network.set_minor_k(filter, 2.0 + libm::pow(10.0, 7.0 * f64::from(step) / 199.0));
        let now = network.solve(&supply);
        assert_solved(&network, &supply, &now);
        assert!(now.pump_flow_m3s < before.pump_flow_m3s);
        assert!(now.pump_head_m > before.pump_head_m);
        assert!(now.pressure_m[filter] < before.pressure_m[filter]);
        for &zone in &zones {
            let (was_m3s, is_m3s) = (before.emitter_m3s[zone], now.emitter_m3s[zone]);
            assert!(is_m3s < was_m3s || (is_m3s == 0.0 && was_m3s == 0.0));
        }
        before = now;
    }
    let share = |network: &mut Network, minor_k| {
        network.set_minor_k(filter, minor_k);
        let solution = network.solve(&supply);
        (solution.pump_flow_m3s / healthy.pump_flow_m3s, solution)
    };
    assert!((share(&mut network, 152.0).0 - 0.80).abs() < 0.01);
    assert!((share(&mut network, 1e4).0 - 0.16).abs() < 0.01);
    let (choked, solution) = share(&mut network, 1e5);
    assert!((choked - 0.05).abs() < 0.01, "{choked}");
    assert_eq!(solution.emitter_m3s[zones[3]], 0.0, "the highest zone is dry");
    assert!(solution.emitter_m3s[zones[0]] > 0.0, "the lowest zone still gets water");
}

#[test]
fn all_valves_closed_stop_the_flow_at_shutoff_head() {
    let mut network = Network::new(&farm()).expect("a tree");
    let supply = Supply::new(&pump(), 2.0);
    for zone in zones(&network) {
        network.set_closed(zone, true);
    }
    let solution = network.solve(&supply);
    assert_eq!(solution.pump_flow_m3s, 0.0);
    assert_eq!(solution.pump_head_m, 45.0);
    assert!((solution.pressure_m[0] - 45.0).abs() < 1e-12, "outlet level with the reservoir");
    assert_solved(&network, &supply, &solution);
}

#[test]
fn stopped_pump_moves_nothing() {
    let network = Network::new(&farm()).expect("a tree");
    let stopped = Pump { speed: 0.0, ..pump() };
    let solution = network.solve(&Supply::new(&stopped, 200.0));
    assert_eq!((solution.pump_flow_m3s, solution.pump_head_m), (0.0, 0.0));
    assert!(solution.pressure_m.iter().chain(&solution.emitter_m3s).all(|&value| value == 0.0));
    assert_eq!(stopped.electric_kw(0.0, 0.0), 0.0);
}

#[test]
fn zones_above_the_pumps_reach_stay_dry_without_sucking() {
    let mut nodes = farm();
    nodes[8].elevation_m = 60.0;
    nodes[6].elevation_m = 30.0;
    let network = Network::new(&nodes).expect("a tree");
    let supply = Supply::new(&pump(), 2.0);
    let solution = network.solve(&supply);
    assert_solved(&network, &supply, &solution);
    assert_eq!(solution.emitter_m3s[8], 0.0);
    assert!(solution.pressure_m[8] < 0.0);
    assert!(solution.emitter_m3s[2] > 0.0);
    let weak = Supply::new(&pump(), -100.0);
    let nothing = network.solve(&weak);
    assert_eq!(nothing.pump_flow_m3s, 0.0);
    assert_solved(&network, &weak, &nothing);
}

#[test]
fn random_trees_are_solved() {
    let mut draws = Draws::new(5);
    let mut steps_max = 0;
    for _ in 0..3000 {
        let count = 1 + (draws.uniform() * 24.0) as usize;
        let mut nodes: Vec<NodeSpec> = Vec::new();
        for i in 0..count {
            let parent = (draws.uniform() * (i as f64 + 0.3)) as usize;
            let parent = (parent < i).then(|| nodes[parent].name.clone());
            nodes.push(NodeSpec {
                name: format!("n{i}"),
                parent,
                length_m: draws.between(0.5, 400.0),
                diameter_m: draws.between(0.01, 0.2),
                roughness_c: draws.between(80.0, 150.0),
                minor_k: libm::pow(10.0, draws.between(-2.0, 6.5)),
                elevation_m: draws.between(-10.0, 60.0),
                emitter: if draws.uniform() < 0.6 {
                    libm::pow(10.0, draws.between(-7.0, -2.0))
                } else {
                    0.0
                },
                closed: draws.uniform() < 0.1,
            });
        }
        let network = Network::new(&nodes).expect("parents come first");
        let pump = Pump { speed: draws.between(0.2, 1.2), wear: draws.uniform(), ..pump() };
        let supply = Supply::new(&pump, draws.between(-5.0, 10.0));
        let solution = network.solve(&supply);
        steps_max = steps_max.max(solution.steps);
        assert_solved(&network, &supply, &solution);
    }
    println!("{steps_max} steps at most");
    assert!(steps_max < 100, "{steps_max} steps");
}

#[test]
fn power_at_no_flow_is_finite_and_efficiency_peaks_at_best_flow() {
    let pump = pump();
    let idle_kw = pump.shaft_kw(0.0, 45.0);
    let best_kw = pump.shaft_kw(0.014, pump.head_m(0.014));
    assert!(idle_kw > 0.4 * best_kw && idle_kw < best_kw, "{idle_kw} and {best_kw} kW");
    assert_eq!(pump.efficiency_at(0.014), 0.7);
    assert!(pump.efficiency_at(0.010) < 0.7 && pump.efficiency_at(0.020) < 0.7);
    assert_eq!(pump.efficiency_at(0.0), 0.0);
}

#[test]
fn wear_takes_flow_and_head_and_asks_more_energy_per_water() {
    let network = Network::new(&farm()).expect("a tree");
    let solve = |pump: &Pump| network.solve(&Supply::new(pump, 2.0));
    let worn = Pump { wear: 0.8, ..pump() };
    let (new_solution, worn_solution) = (solve(&pump()), solve(&worn));
    assert!(worn_solution.pump_flow_m3s < new_solution.pump_flow_m3s);
    assert!(worn_solution.pump_head_m < new_solution.pump_head_m);
    let energy = |pump: &Pump, solution: &Solution| {
        pump.electric_kw(solution.pump_flow_m3s, solution.pump_head_m)
            / solution.pump_flow_m3s
            / solution.pump_head_m
    };
    assert!(energy(&worn, &worn_solution) > 1.1 * energy(&pump(), &new_solution));
}

#[test]
fn rising_or_crossed_pump_curves_are_refused() {
    for (q1, h1, q2, h2) in
        [(0.012, 46.0, 0.024, 20.0), (0.012, 38.0, 0.01, 20.0), (0.0, 38.0, 0.02, 20.0)]
    {
        let refused = PumpCurve::through(45.0, (q1, h1), (q2, h2));
        assert!(matches!(refused, Err(Error::BadPumpCurve { .. })));
    }
}

//! Proves, on a synthetic farm, that each fault becomes one ticket with the right device and
//! cause, that nothing else becomes one, and that equal input gives equal bytes.

use super::*;
use crate::evaluation::{Evaluation, TicketRow, TruthRow};
use crate::finding::Detector;
use crate::synthetic::{Nominal, Outcome, PROBES, Trouble, day, run};
use fieldmirror_core::seed::{Purpose, Seed};

fn tickets(outcome: &Outcome, detectors: &[Detector]) -> Vec<Ticket> {
    let catalogue = Catalogue::parse(include_str!("../../../data/catalogue.toml")).unwrap();
    tickets_with(outcome, detectors, &catalogue)
}

fn tickets_with(outcome: &Outcome, detectors: &[Detector], catalogue: &Catalogue) -> Vec<Ticket> {
    let candidates = Nominal(outcome.topology.clone());
    let desk = Desk {
        topology: &outcome.topology,
        prototypes: outcome.model.prototypes(),
        catalogue,
        candidates: &candidates,
        locate: &|row| u64::from(row.row),
    };
    let findings: Vec<Finding> = outcome
        .findings
        .iter()
        .filter(|finding| detectors.contains(&finding.detector))
        .cloned()
        .collect();
    raise(&findings, &desk)
}

/// Tickets and findings, a line each, for messages of failing tests.
fn listing(outcome: &Outcome, tickets: &[Ticket]) -> String {
    let mut text = String::new();
    for t in tickets {
        text += &format!("{} {} {} {:?}\n", t.raised_at, t.device, t.severity, t.causes);
    }
    for f in &outcome.findings {
        let (name, end) = (outcome.topology.names.name(f.device), f.end.unwrap_or_default());
        text +=
            &format!("{}..{end} {name} {:?} {} {:?}\n", f.onset, f.detector, f.score, f.pattern);
    }
    text + &format!("{:?}", outcome.model.learned())
}

/// Runs 40 days after the clean ones and compares the tickets' classes and devices.
fn check(seed: u64, troubles: &[Trouble], expected: &[(&str, &str)]) -> Vec<Ticket> {
    let outcome = run(seed, 40, troubles);
    let tickets = tickets(&outcome, &Detector::ALL);
    let found: Vec<(&str, &str)> =
        tickets.iter().map(|t| (t.class.name(), t.device.as_str())).collect();
    assert_eq!(found, expected, "{}", listing(&outcome, &tickets));
    tickets
}

const CLOG: Trouble = Trouble::Clog { from: day(24), full: day(36), to: day(38), loss: 1_600.0 };

#[test]
fn clean_days_heat_and_a_new_plan_raise_nothing() {
    let outcome = run(1, 40, &[]);
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    let confounders = [
        Trouble::HeatWave { from: day(30), to: day(34) },
        Trouble::Plan { from: day(40), to: day(48) },
    ];
    check(2, &confounders, &[]);
}

#[test]
fn a_clogging_filter_is_one_ticket_of_the_filter_in_good_time() {
    let tickets = check(3, &[CLOG], &[("filter_clogging", "farmA-filter")]);
    let half = Timestamp::from_nanos(0) + Span::from_hours(day(30));
    assert!(tickets[0].raised_at < half, "{}", tickets[0].raised_at);
    assert_eq!(tickets[0].part.as_deref(), Some("filter.cartridge"));
    assert!((0.2..1.0).contains(&tickets[0].severity), "{}", tickets[0].severity);
}

#[test]
fn a_stuck_probe_is_one_ticket_within_a_day() {
    let probe = PROBES + 2;
    let stuck = Trouble::Stuck { probe, from: day(30), to: day(38) };
    let tickets = check(4, &[stuck], &[("probe_stuck", "farmA-203")]);
    let onset = Timestamp::from_nanos(0) + Span::from_hours(day(30));
    assert!(tickets[0].raised_at - onset <= Span::from_days(1));
    assert!((tickets[0].onset - onset).hours().abs() <= 3.0, "{}", tickets[0].onset);
    assert_eq!(tickets[0].severity, 1.0);
}

#[test]
fn a_valve_that_stays_closed_is_one_ticket_of_that_valve() {
    let valve = Trouble::Valve { zone: 2, from: day(40), to: day(44) };
    let tickets = check(5, &[valve], &[("valve_stuck_closed", "farmA-valve-3")]);
    assert!(tickets[0].severity > 0.9);
    assert!(tickets[0].causes[0].probability > 0.7, "{:?}", tickets[0].causes);
}

#[test]
fn a_gateway_outage_is_one_ticket_of_the_gateway() {
    let outage = Trouble::Outage { gateway: 0, from: day(50), to: day(50) + 10 };
    let tickets = check(6, &[outage], &[("gateway_outage", "farmA-gw-1")]);
    let onset = Timestamp::from_nanos(0) + Span::from_hours(day(50));
    assert!(tickets[0].raised_at - onset <= Span::from_hours(4));
}

#[test]
fn a_drifting_and_a_noisy_probe_are_told_apart() {
    let troubles = [
        Trouble::Drift { probe: 4, from: day(25), percent_per_day: 2.0 },
        Trouble::Noisy { probe: 2 * PROBES + 7, from: day(35), factor: 6.0 },
    ];
    let tickets =
        check(7, &troubles, &[("probe_drift", "farmA-105"), ("probe_noise", "farmA-308")]);
    assert_eq!(tickets[0].action, Action::Calibrate);
}

#[test]
fn faults_at_the_same_time_keep_their_own_tickets() {
    let troubles = [
        CLOG,
        Trouble::Stuck { probe: 33, from: day(28), to: day(40) },
        Trouble::Valve { zone: 1, from: day(34), to: day(37) },
        Trouble::Outage { gateway: 1, from: day(35), to: day(35) + 12 },
        Trouble::HeatWave { from: day(42), to: day(46) },
        Trouble::Plan { from: day(50), to: day(55) },
    ];
    let outcome = run(8, 40, &troubles);
    let tickets = tickets(&outcome, &Detector::ALL);
    let mut found: Vec<(&str, &str)> =
        tickets.iter().map(|t| (t.class.name(), t.device.as_str())).collect();
    found.sort_unstable();
    let expected = [
        ("filter_clogging", "farmA-filter"),
        ("gateway_outage", "farmA-gw-2"),
        ("probe_stuck", "farmA-404"),
        ("valve_stuck_closed", "farmA-valve-2"),
    ];
    assert_eq!(found, expected, "{}", listing(&outcome, &tickets));
}

#[test]
fn the_autoencoder_alone_finds_two_classes_and_residuals_alone_the_hydraulic_ones() {
    let troubles = [
        Trouble::Stuck { probe: 12, from: day(24), to: day(30) },
        Trouble::Valve { zone: 3, from: day(34), to: day(38) },
        Trouble::Clog { from: day(42), full: day(52), to: day(56), loss: 1_600.0 },
    ];
    let outcome = run(9, 40, &troubles);
    let classes = |detector| {
        tickets(&outcome, &[detector]).iter().map(|t| t.class.name()).collect::<Vec<_>>()
    };
    let observed = classes(Detector::Autoencoder);
    for class in ["probe_stuck", "valve_stuck_closed"] {
        assert!(observed.contains(&class), "{observed:?} {}", listing(&outcome, &[]));
    }
    let residual = classes(Detector::Residual);
    for class in ["valve_stuck_closed", "filter_clogging"] {
        assert!(residual.contains(&class), "{residual:?} {}", listing(&outcome, &[]));
    }
}

#[test]
fn equal_input_gives_equal_bytes() {
    let troubles = [CLOG, Trouble::Stuck { probe: 33, from: day(28), to: day(40) }];
    let bytes = || {
        let outcome = run(10, 20, &troubles);
        let bits: Vec<u32> = outcome.scores.score.iter().map(|score| score.to_bits()).collect();
        (serde_json::to_string(&tickets(&outcome, &Detector::ALL)).unwrap(), bits)
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn an_empty_catalogue_names_no_part_and_asks_to_inspect() {
    let outcome = run(11, 15, &[Trouble::Stuck { probe: 5, from: day(22), to: day(30) }]);
    let tickets = tickets_with(&outcome, &Detector::ALL, &Catalogue::default());
    assert_eq!(tickets.len(), 1);
    assert_eq!((tickets[0].action, &tickets[0].part), (Action::Inspect, &None));
}

#[test]
fn every_number_of_a_text_stands_in_its_evidence() {
    let troubles = [CLOG, Trouble::Stuck { probe: 33, from: day(28), to: day(40) }];
    let outcome = run(12, 20, &troubles);
    for ticket in tickets(&outcome, &Detector::ALL) {
        let facts = ticket.text.split("Hour to").skip(1);
        let mut numbers = 0;
        for word in facts.flat_map(|fact| fact.split_whitespace().skip(1)) {
            let word = word.trim_end_matches([',', '.']);
            if let Ok(value) = word.parse::<f64>() {
                numbers += 1;
                let stands = ticket.evidence.iter().any(|e| (e.value - value).abs() <= 5.1e-4);
                assert!(stands, "{value} of {}", ticket.text);
            }
        }
        assert_eq!(numbers, ticket.evidence.len(), "{}", ticket.text);
        assert!(numbers > 0);
    }
}

/// A random schedule of 40 days with all four faults, two confounders, and the truth about it.
fn schedule(seed: u64) -> (Vec<Trouble>, Vec<TruthRow>) {
    let draws = Seed::new(seed).draws(EntityKey::of("schedule"), Purpose::FaultGrowth);
    let hour = |counter, from: i64, to: i64| {
        day(from) + i64::from(draws.below(counter, (24 * (to - from)) as u32))
    };
    let below = |counter, bound| draws.below(counter, bound) as usize;
    let (clog, grows) = (hour(0, 21, 35), day(8) + i64::from(draws.below(1, 192)));
    let severity = 0.5 + 0.4 * draws.uniform(2);
    let loss = libm::expm1(severity * libm::log1p(1e4));
    let (probe, stuck) = (below(3, (4 * PROBES) as u32), hour(4, 21, 50));
    let (zone, valve) = (below(5, 4), hour(6, 21, 54));
    let (gateway, outage) = (below(7, 2), hour(8, 21, 56));
    let (heat, plan) = (hour(9, 21, 54), hour(10, 21, 54));
    let troubles = vec![
        Trouble::Clog { from: clog, full: clog + grows, to: clog + grows + day(3), loss },
        Trouble::Stuck { probe, from: stuck, to: stuck + day(8) },
        Trouble::Valve { zone, from: valve, to: valve + day(4) },
        Trouble::Outage { gateway, from: outage, to: outage + 10 },
        Trouble::HeatWave { from: heat, to: heat + day(5) },
        Trouble::Plan { from: plan, to: plan + day(5) },
    ];
    let row = |class: &str, device: String, from: i64, to: i64, deadline: i64| TruthRow {
        fault_id: class.to_owned(),
        class: class.to_owned(),
        device,
        onset: Timestamp::from_nanos(0) + Span::from_hours(from),
        end: Some(Timestamp::from_nanos(0) + Span::from_hours(to)),
        deadline: Timestamp::from_nanos(0) + Span::from_hours(deadline),
    };
    let name = format!("farmA-{}{:02}", probe / PROBES + 1, probe % PROBES + 1);
    let truth = vec![
        row(
            "filter_clogging",
            "farmA-filter".to_owned(),
            clog,
            clog + grows + day(3),
            clog + grows / 2,
        ),
        row("probe_stuck", name, stuck, stuck + day(8), stuck + day(1)),
        row(
            "valve_stuck_closed",
            format!("farmA-valve-{}", zone + 1),
            valve,
            valve + day(4),
            valve + day(1),
        ),
        row(
            "gateway_outage",
            format!("farmA-gw-{}", gateway + 1),
            outage,
            outage + 10,
            outage + day(1),
        ),
    ];
    (troubles, truth)
}

#[test]
fn random_schedules_keep_recall_causes_and_precision() {
    let (mut faults, mut found, mut right, mut wrong) = (0, 0, 0, 0);
    for seed in 100..107 {
        let (troubles, truth) = schedule(seed);
        let outcome = run(seed, 40, &troubles);
        let tickets = tickets(&outcome, &Detector::ALL);
        let rows: Vec<TicketRow> = tickets
            .iter()
            .map(|ticket| TicketRow {
                device: ticket.device.clone(),
                class: ticket.class.name().to_owned(),
                raised_at: ticket.raised_at,
            })
            .collect();
        let result = Evaluation::of(&rows, &truth);
        if result.found < 4 || result.tickets > 4 {
            let truth = truth.iter().map(|t| format!("{} {} by {}", t.device, t.onset, t.deadline));
            let truth: Vec<String> = truth.collect();
            eprintln!("{seed}: {result:?} {truth:#?} {}", listing(&outcome, &tickets));
        }
        faults += result.faults;
        found += result.found;
        right += result.right_cause;
        wrong += result.false_tickets + result.duplicates;
    }
    assert!(found * 10 >= faults * 9, "{found} of {faults} found");
    assert!(right * 10 >= found * 8, "{right} of {found} with the right cause first");
    assert!(wrong <= 1, "{wrong} false tickets");
}

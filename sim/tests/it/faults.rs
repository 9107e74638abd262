//! Faults act on the part they name, from their onset to their end, and on no other.

use crate::farm::{Plan, device, spec};
use crate::{collect, idle, on};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_sim::{Command, FaultClass, FaultSpec, Growth, Loss, Simulation, Spec, StepOutput};

/// A specification with a fault from 06:00 of the second day, repaired after `hours`.
fn faulty(class: FaultClass, name: &str, severity: f64, hours: i64) -> (Spec, DeviceIx) {
    let mut spec = spec(&Plan::SMALL, 11);
    let device = device(&spec.register, name);
    let onset = onset(&spec);
    spec.faults.push(FaultSpec {
        id: format!("{class}-1"),
        class,
        device,
        onset,
        end: Some(onset + Span::from_hours(hours)),
        severity,
        growth: Growth::Step,
    });
    (spec, device)
}

fn onset(spec: &Spec) -> Timestamp {
    spec.start + Span::from_hours(30)
}

/// Two days with both zones watered in the first 20 minutes of every hour.
fn watered(spec: &Spec) -> StepOutput {
    let controllers = ["farmA-pump-1", "farmA-pump-2"].map(|name| device(&spec.register, name));
    collect(spec.clone(), Span::from_days(2), |number| {
        let wanted = if number % 60 == 0 { controllers.as_slice() } else { &[] };
        wanted.iter().map(|&device| Command { device, kind: on(1_200) }).collect()
    })
}

/// Flow of the pump, of both zones, and loss over the filter: mean before the fault and during it.
fn flows(all: &StepOutput, spec: &Spec) -> [[f64; 4]; 2] {
    let fault = &spec.faults[0];
    let end = fault.end.expect("it ends");
    [false, true].map(|is_during| {
        let mut sums = [0.0; 5];
        for pair in all.hydraulics.chunks_exact(2) {
            if (fault.onset..end).contains(&pair[0].time) == is_during {
                let lost_kpa = pair[0].pump_pressure_kpa - pair[0].filter_pressure_kpa;
                let flows = [pair[0].pump_flow_lps, pair[0].zone_flow_lps, pair[1].zone_flow_lps];
                for (sum, value) in sums.iter_mut().zip(flows.into_iter().chain([lost_kpa, 1.0])) {
                    *sum += value;
                }
            }
        }
        [0, 1, 2, 3].map(|i| sums[i] / sums[4])
    })
}

fn readings(all: &StepOutput, device: DeviceIx) -> Vec<(Timestamp, Reading)> {
    let mut readings: Vec<_> = all
        .heard
        .iter()
        .filter(|uplink| uplink.device == device)
        .map(|uplink| {
            let bytes = uplink.payload.as_bytes();
            let reading = Reading::decode(DeviceClass::SoilProbe, device, bytes);
            (uplink.received_at, reading.expect("a probe's payload"))
        })
        .collect();
    readings.dedup_by_key(|(at, _)| *at);
    readings
}

#[test]
fn a_clogged_filter_takes_flow_from_all_zones_and_drops_pressure() {
    let (spec, _) = faulty(FaultClass::FilterClogging, "farmA-filter", 0.7, 12);
    let [before, during] = flows(&watered(&spec), &spec);
    assert!(during[0] < 0.75 * before[0], "{before:?} {during:?}");
    assert!(during[1] < 0.8 * before[1] && during[2] < 0.8 * before[2]);
    assert!(during[3] > 5.0 * before[3]);
}

#[test]
fn flow_falls_monotonically_as_the_filter_clogs() {
    let (mut spec, _) = faulty(FaultClass::FilterClogging, "farmA-filter", 1.0, 18);
    spec.faults[0].growth = Growth::Linear(Span::from_hours(18));
    let all = watered(&spec);
    let course: Vec<f64> = all
        .hydraulics
        .chunks_exact(2)
        .filter(|pair| pair[0].time >= onset(&spec))
        .map(|pair| pair[0].pump_flow_lps)
        .collect();
    assert!(course.len() >= 17 && course.windows(2).all(|pair| pair[1] < pair[0]), "{course:?}");
    assert!(course[course.len() - 1] < 0.35 * course[0], "{course:?}");
}

#[test]
fn a_leak_raises_pump_flow_and_starves_zones() {
    let (spec, _) = faulty(FaultClass::PipeLeak, "farmA-valve-1", 0.7, 12);
    let [before, during] = flows(&watered(&spec), &spec);
    assert!(during[0] > 1.1 * before[0], "{before:?} {during:?}");
    assert!(during[1] < before[1] && during[2] < before[2]);
}

#[test]
fn a_worn_pump_gives_less_everywhere() {
    let (spec, _) = faulty(FaultClass::PumpWear, "farmA-pump", 1.0, 12);
    let [before, during] = flows(&watered(&spec), &spec);
    assert!(during[0] < 0.98 * before[0] && during[1] < 0.98 * before[1], "{before:?} {during:?}");
    assert!(during[3] < before[3]);
}

#[test]
fn a_stuck_valve_gives_nothing_and_the_other_zone_more() {
    let (spec, _) = faulty(FaultClass::ValveStuckClosed, "farmA-valve-2", 1.0, 12);
    let all = watered(&spec);
    let [before, during] = flows(&all, &spec);
    assert_eq!(during[2], 0.0);
    assert!(during[1] > before[1], "{before:?} {during:?}");
    let fault = &spec.faults[0];
    for row in all.hydraulics.iter().skip(1).step_by(2) {
        let is_during = row.time >= fault.onset && Some(row.time) < fault.end;
        assert_eq!(row.valve_open, !is_during, "{}", row.time);
    }
}

#[test]
fn a_stuck_probe_repeats_its_last_values_exactly_and_recovers() {
    let (spec, probe) = faulty(FaultClass::ProbeStuck, "farmA-102", 1.0, 12);
    let all = watered(&spec);
    let fault = &spec.faults[0];
    let values = |reading: &Reading| (reading.raw(1), reading.raw(2));
    let readings = readings(&all, probe);
    let stuck: Vec<_> = readings
        .iter()
        .filter(|(at, _)| (fault.onset..fault.end.expect("it ends")).contains(at))
        .map(|(_, reading)| values(reading))
        .collect();
    let last = readings.iter().rfind(|(at, _)| *at < fault.onset).expect("before");
    assert!(stuck.len() > 40 && stuck.iter().all(|&pair| pair == values(&last.1)), "{stuck:?}");
    let after: Vec<_> =
        readings.iter().filter(|(at, _)| Some(*at) >= fault.end).map(|(_, r)| values(r)).collect();
    assert!(after.windows(2).filter(|pair| pair[0] != pair[1]).count() > after.len() / 2);
}

#[test]
fn a_drifting_probe_leaves_its_neighbours() {
    let (spec, probe) = faulty(FaultClass::ProbeDrift, "farmA-102", 1.0, 12);
    let healthy = Spec { faults: Vec::new(), ..spec.clone() };
    let (with, without) = (watered(&spec), watered(&healthy));
    let fault = &spec.faults[0];
    let mut moved = 0;
    for ((at, a), (_, b)) in readings(&with, probe).iter().zip(readings(&without, probe)) {
        let off = a.metric(Metric::Humidity).expect("h") - b.metric(Metric::Humidity).expect("h");
        if (fault.onset..fault.end.expect("it ends")).contains(at) {
            assert!(off.abs() > 20.0, "{off} % at {at}");
            moved += 1;
        } else {
            assert_eq!(off, 0.0, "at {at}");
        }
    }
    assert!(moved > 40);
    let other = device(&spec.register, "farmA-103");
    assert_eq!(readings(&with, other), readings(&without, other));
}

#[test]
fn a_gateway_that_is_down_neither_hears_nor_reports() {
    let (spec, gateway) = faulty(FaultClass::GatewayOutage, "farmA-gw-1", 1.0, 12);
    let all = collect(spec.clone(), Span::from_days(2), idle);
    let fault = &spec.faults[0];
    let is_during = |at: Timestamp| (fault.onset..fault.end.expect("it ends")).contains(&at);
    let heard = all.heard.iter().filter(|uplink| uplink.gateway == gateway);
    assert!(heard.clone().any(|uplink| uplink.received_at < fault.onset));
    assert!(heard.clone().any(|uplink| Some(uplink.received_at) > fault.end));
    assert_eq!(heard.filter(|uplink| is_during(uplink.received_at)).count(), 0);
    let stats = all.published.iter().filter(|message| message.device() == gateway);
    assert_eq!(stats.clone().filter(|message| is_during(message.received_at)).count(), 0);
    assert!(stats.count() > 100);
}

#[test]
fn frames_that_only_a_dead_gateway_could_hear_are_lost_to_it() {
    let plan = Plan { gateways: 1, ..Plan::SMALL };
    let mut spec = spec(&plan, 11);
    spec.faults.push(FaultSpec {
        id: "outage".to_owned(),
        class: FaultClass::GatewayOutage,
        device: device(&spec.register, "farmA-gw-1"),
        onset: onset(&spec),
        end: Some(onset(&spec) + Span::from_hours(2)),
        severity: 1.0,
        growth: Growth::Step,
    });
    let all = collect(spec.clone(), Span::from_days(2), idle);
    let down = all.frames.iter().filter(|row| row.lost == Some(Loss::GatewayDown)).count();
    let sent = all
        .frames
        .iter()
        .filter(|row| row.sent_at >= onset(&spec))
        .filter(|row| Some(row.sent_at) < spec.faults[0].end)
        .count();
    assert_eq!(down, sent);
    assert!(sent > 50);
}

#[test]
fn the_truth_table_lists_the_schedule() {
    let (spec, device) = faulty(FaultClass::PumpWear, "farmA-pump", 0.4, 12);
    let truth = Simulation::new(spec.clone()).expect("valid").truth();
    assert_eq!(truth.len(), 1);
    let row = &truth[0];
    assert_eq!((row.fault_id.as_str(), row.class.name()), ("pump_wear-1", "pump_wear"));
    assert_eq!((row.device, row.onset, row.severity), (device, onset(&spec), 0.4));
}

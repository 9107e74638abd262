//! Valves obey: durations restart, the pump runs while any valve is asked for, changes are told.

use crate::farm::{Plan, device, spec};
use crate::{collect, idle, on};
use fieldmirror_core::message::Message;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Command, CommandKind, Spec, StepOutput};

fn small() -> Spec {
    spec(&Plan::SMALL, 3)
}

/// Runs two hours, with these commands to the controller of the first zone by step (minute).
fn with_commands(commands: &[(usize, CommandKind)]) -> (StepOutput, Spec) {
    let spec = small();
    let controller = device(&spec.register, "farmA-pump-1");
    let given = |number: usize| {
        commands
            .iter()
            .filter(|(at, _)| *at == number)
            .map(|&(_, kind)| Command { device: controller, kind })
            .collect()
    };
    (collect(spec.clone(), Span::from_hours(2), given), spec)
}

fn changes(all: &StepOutput, spec: &Spec) -> Vec<(i64, bool, Span)> {
    let minute = |time| ((time - spec.start) as Span).nanos() / 60_000_000_000;
    all.shadow_reports.iter().map(|r| (minute(r.time), r.on, r.duration)).collect()
}

#[test]
fn on_runs_for_its_duration_and_is_reported_twice() {
    let (all, spec) = with_commands(&[(5, on(600))]);
    let expected = [(5, true, Span::from_seconds(600)), (15, false, Span::ZERO)];
    assert_eq!(changes(&all, &spec), expected);
    let run_s: f64 = all.hydraulics.iter().step_by(2).map(|row| row.duration.seconds()).sum();
    assert_eq!(run_s, 600.0);
}

#[test]
fn another_on_restarts_the_duration_and_never_adds() {
    let (all, spec) = with_commands(&[(5, on(600)), (9, on(600)), (14, on(600))]);
    assert_eq!(changes(&all, &spec), [(5, true, Span::from_seconds(600)), (24, false, Span::ZERO)]);
    // Also in the very moment in which the duration ends.
    let (all, spec) = with_commands(&[(5, on(600)), (15, on(600))]);
    assert_eq!(changes(&all, &spec), [(5, true, Span::from_seconds(600)), (25, false, Span::ZERO)]);
}

#[test]
fn off_closes_at_once_and_durations_may_end_within_a_step() {
    let (all, spec) = with_commands(&[(5, on(600)), (7, CommandKind::Off), (20, on(30))]);
    let times: Vec<f64> =
        all.shadow_reports.iter().map(|report| (report.time - spec.start).seconds()).collect();
    assert_eq!(times, [300.0, 420.0, 1_200.0, 1_230.0]);
    let run_s: f64 = all.hydraulics.iter().step_by(2).map(|row| row.duration.seconds()).sum();
    assert_eq!(run_s, 150.0);
}

#[test]
fn off_without_on_and_an_empty_duration_change_nothing() {
    let (all, _) = with_commands(&[(5, CommandKind::Off), (6, on(0)), (7, on(-60))]);
    assert!(all.shadow_reports.is_empty() && all.hydraulics.is_empty());
}

#[test]
fn controllers_publish_each_minute_while_on_and_at_each_change() {
    let (all, spec) = with_commands(&[(5, on(600))]);
    let controller = device(&spec.register, "farmA-pump-1");
    let on_at: Vec<f64> = all
        .published
        .iter()
        .filter(|message| message.device() == controller && message.reading.raw(1) == 1)
        .map(|message| (message.received_at - spec.start).seconds())
        .collect();
    let expected: Vec<f64> = (5..15).map(|minute| f64::from(minute) * 60.0).collect();
    assert_eq!(on_at, expected);
    let off = all.published.iter().filter(|message| message.device() == controller).count() - 10;
    // The change to OFF, and the slots of two hours less those that fell into the ten minutes.
    assert!((8..=9).contains(&off), "{off} publishes while OFF");
}

#[test]
fn meters_show_zero_when_off_and_the_world_when_on() {
    let (all, spec) = with_commands(&[(5, on(600))]);
    let (own, other) =
        (device(&spec.register, "farmA-pump-1"), device(&spec.register, "farmA-pump-2"));
    let truth = &all.hydraulics[0];
    let of =
        |device| all.published.iter().filter(move |message: &&Message| message.device() == device);
    let value = |message: &Message, metric| message.reading.metric(metric).expect("a channel");
    for message in of(own) {
        let is_on = message.reading.raw(1) == 1;
        let [flow, pump, before, after, power] = [
            Metric::ZoneFlow,
            Metric::PumpFlow,
            Metric::PumpPressure,
            Metric::FilterPressure,
            Metric::Power,
        ]
        .map(|metric| value(message, metric));
        if is_on {
            assert!((flow / truth.zone_flow_lps - 1.0).abs() < 0.03, "{flow} l/s");
            assert!((pump / truth.pump_flow_lps - 1.0).abs() < 0.03, "{pump} l/s");
            assert!((before - truth.pump_pressure_kpa).abs() < 6.0, "{before} kPa");
            assert!((after - truth.filter_pressure_kpa).abs() < 6.0, "{after} kPa");
            assert!((power / truth.power_kw - 1.0).abs() < 0.03, "{power} kW");
        } else {
            assert_eq!([flow, pump, before, after, power], [0.0; 5]);
        }
    }
    // The other zone's valve is closed; its meters see the shared pump, if they report meanwhile.
    assert!(of(other).all(|message| value(message, Metric::ZoneFlow) == 0.0));
}

#[test]
fn publishes_come_in_order_of_time_and_name_their_class() {
    let all = collect(small(), Span::from_hours(3), idle);
    assert!(all.published.windows(2).all(|pair| {
        (pair[0].received_at, pair[0].device()) <= (pair[1].received_at, pair[1].device())
            || pair[0].received_at.seconds() / 60 < pair[1].received_at.seconds() / 60
    }));
    let class = |class| all.published.iter().filter(|m| m.reading.class() == class).count();
    assert_eq!(class(DeviceClass::PumpController), 2 * 12);
    assert_eq!(class(DeviceClass::Gateway), 2 * 12);
}

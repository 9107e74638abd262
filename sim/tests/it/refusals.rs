//! What does not fit is refused with its name, and nothing has happened then.

use crate::farm::{Plan, device, spec};
use crate::on;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Command, FaultClass, FaultSpec, Growth, SimError, Simulation, StepOutput};
use std::sync::Arc;

#[test]
fn bad_specifications_are_refused_with_the_reason() {
    let good = || spec(&Plan::SMALL, 1);
    let message = |spec| Simulation::new(spec).expect_err("refused").to_string();

    let mut bad = good();
    bad.step = Span::from_seconds(7);
    assert_eq!(
        message(bad),
        "the step is 7s, expected a whole part of an hour, such as 60s or 10m"
    );

    let mut bad = good();
    bad.start = bad.start + Span::from_hours(1);
    assert!(message(bad).contains("expected a midnight"));

    let mut bad = good();
    let mut forcing = bad.forcing.to_vec();
    forcing[2].tmin_c = 40.0;
    bad.forcing = forcing.into();
    assert!(message(bad).starts_with("forcing of day 2: tmax_c is 31"));

    let mut bad = good();
    bad.forcing = Vec::new().into();
    assert!(message(bad).contains("0 days"));

    let mut bad = good();
    let register = Arc::make_mut(&mut bad.register);
    Arc::make_mut(&mut register.sites[0].model).hydraulics.zone_upstream = vec![Some(1), Some(0)];
    assert!(message(bad).contains("cycle"));

    let mut bad = good();
    Arc::make_mut(&mut bad.register).sites[0].gateways.clear();
    assert!(message(bad).contains("gateways"));
}

#[test]
fn faults_of_the_wrong_part_are_refused() {
    let good = spec(&Plan::SMALL, 1);
    let fault = |class, name: &str, severity| FaultSpec {
        id: "f7".to_owned(),
        class,
        device: device(&good.register, name),
        onset: good.start,
        end: None,
        severity,
        growth: Growth::Step,
    };
    for (fault, expected) in [
        (
            fault(FaultClass::FilterClogging, "farmA-101", 0.5),
            "fault `f7` (filter_clogging): `farmA-101` is not a filter",
        ),
        (
            fault(FaultClass::ProbeStuck, "farmA-gw-1", 0.5),
            "fault `f7` (probe_stuck): `farmA-gw-1` is not a soil probe",
        ),
        (
            fault(FaultClass::PumpWear, "farmA-pump", 1.5),
            "fault `f7` (pump_wear): severity is 1.5, expected above 0 to 1",
        ),
    ] {
        let mut bad = good.clone();
        bad.faults.push(fault);
        assert_eq!(Simulation::new(bad).expect_err("refused").to_string(), expected);
    }
}

#[test]
fn steps_must_follow_each_other_and_stay_within_the_forcing() {
    let spec = spec(&Plan { days: 0, ..Plan::SMALL }, 1);
    let (start, step) = (spec.start, spec.step);
    let mut simulation = Simulation::new(spec).expect("valid");
    let mut out = StepOutput::default();
    let early = simulation.step(start + step, &[], &mut out);
    assert_eq!(early, Err(SimError::Time { expected: start, given: start + step }));
    for minute in 0..24 * 60 {
        let now = start + Span::from_seconds(60 * minute);
        simulation.step(now, &[], &mut out).expect("within the day");
    }
    let now = start + Span::from_days(1);
    let beyond = simulation.step(now, &[], &mut out);
    assert_eq!(beyond, Err(SimError::ForcingEnds { days: 1, now }));
}

#[test]
fn commands_go_to_pump_controllers_only() {
    let spec = spec(&Plan::SMALL, 1);
    let probe = device(&spec.register, "farmA-101");
    let start = spec.start;
    let mut simulation = Simulation::new(spec).expect("valid");
    let mut out = StepOutput::default();
    for (device, name) in [(probe, "farmA-101"), (DeviceIx::new(9_999), "9999")] {
        let refused = simulation.step(start, &[Command { device, kind: on(60) }], &mut out);
        assert_eq!(refused, Err(SimError::Command { device: name.to_owned() }));
    }
    assert_eq!(simulation.now(), start);
}

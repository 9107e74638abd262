//! The controller commands a dry zone once, and both ways into it act alike.

use super::*;
use crate::farm;
use crate::registry::Registry;
use crate::shadow::{Shadows, UpdateRequest};
use proptest::prelude::*;
use std::sync::Arc;

const T0_S: i64 = 1_527_811_200;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((T0_S + seconds) * 1_000)
}

struct Fixture {
    register: Arc<Register>,
    registry: Registry,
    shadows: Shadows,
    irrigation: Irrigation,
}

impl Fixture {
    fn new(rest_s: Option<u32>) -> Self {
        let register = Arc::new(farm::register(1, 2, 2));
        let parameters = IrrigationParameters { duration_s: 600, rest_s };
        let topic = |topic: &str| topic.len() as u32;
        Self {
            registry: Registry::new(Arc::clone(&register), &[]).expect("no things"),
            shadows: Shadows::new(Arc::clone(&register), 0),
            irrigation: Irrigation::new("f", parameters, &register, topic).expect("valid"),
            register,
        }
    }

    fn find(&self, name: &str) -> DeviceIx {
        let i = self.register.names.iter().position(|known| known == name);
        DeviceIx::new(i.expect("a thing") as u32)
    }

    fn update(&mut self, seconds: i64, thing: &str, request: &str) {
        let request = UpdateRequest::parse(request.as_bytes()).expect("valid");
        let thing = self.find(thing);
        self.shadows.update(at(seconds), thing, &request, false).expect("accepted");
    }

    /// Calls the function; a command sets the desired state as the core does.
    fn call(&mut self, seconds: i64, device: &str, typed: bool) -> Reaction {
        let names = self.register.names.clone();
        let find = |name: &str| {
            names.iter().position(|known| known == name).map(|i| DeviceIx::new(i as u32))
        };
        let surroundings =
            Surroundings { registry: &self.registry, shadows: &self.shadows, find: &find };
        let reaction = if typed {
            let probe = find(device).expect("a thing");
            self.irrigation.on_probe(at(seconds), probe, &surroundings)
        } else {
            let event = format!(r#"{{"device":"{device}","humidity":20}}"#);
            self.irrigation.on_event(at(seconds), event.as_bytes(), &surroundings)
        };
        if let Reaction::Command(command) = reaction {
            let thing = names.name(command.pump).to_owned();
            self.update(seconds, &thing, r#"{"state":{"desired":{"state":"ON"}}}"#);
        }
        reaction
    }

    fn outcome(&mut self, seconds: i64, device: &str) -> Outcome {
        match self.call(seconds, device, true) {
            Reaction::Settled(outcome) => outcome,
            Reaction::Command(_) => Outcome::Commanded,
        }
    }
}

#[test]
fn a_zone_is_commanded_once_while_its_irrigation_runs() {
    let mut fixture = Fixture::new(None);
    assert_eq!(fixture.outcome(0, "farmA-101"), Outcome::Commanded);
    assert_eq!(fixture.outcome(10, "farmA-102"), Outcome::Running);
    assert_eq!(fixture.outcome(10, "farmA-201"), Outcome::Commanded, "another zone");
    assert_eq!(fixture.outcome(599, "farmA-101"), Outcome::Running);
    // The pump's reports got lost: our own record ends the irrigation.
    assert_eq!(fixture.outcome(600, "farmA-101"), Outcome::Commanded);
}

#[test]
fn a_pump_that_reports_off_has_ended_and_the_zone_rests() {
    let mut fixture = Fixture::new(Some(3_600));
    assert_eq!(fixture.outcome(0, "farmA-101"), Outcome::Commanded);
    let on = r#"{"state":{"reported":{"state":"ON","duration":600}}}"#;
    fixture.update(1, "farmA-pump-1", on);
    assert_eq!(fixture.outcome(30, "farmA-101"), Outcome::Running);
    let off = r#"{"state":{"desired":null,"reported":{"state":"OFF"}}}"#;
    fixture.update(300, "farmA-pump-1", off);
    assert_eq!(fixture.outcome(301, "farmA-101"), Outcome::Resting);
    assert_eq!(fixture.outcome(3_599, "farmA-101"), Outcome::Resting);
    assert_eq!(fixture.outcome(3_600, "farmA-101"), Outcome::Commanded);
    // An old OFF does not end what was asked for after it.
    assert_eq!(fixture.outcome(3_630, "farmA-102"), Outcome::Running);
}

#[test]
fn an_irrigation_that_others_started_is_respected() {
    let mut fixture = Fixture::new(None);
    fixture.update(0, "farmA-pump-1", r#"{"state":{"desired":{"state":"ON"}}}"#);
    assert_eq!(fixture.outcome(599, "farmA-101"), Outcome::Running);
    assert_eq!(fixture.outcome(600, "farmA-101"), Outcome::Commanded);
    let on = r#"{"state":{"reported":{"state":"ON","duration":7200}}}"#;
    fixture.update(0, "farmA-pump-2", on);
    assert_eq!(fixture.outcome(7_199, "farmA-201"), Outcome::Running);
    assert_eq!(fixture.outcome(7_200, "farmA-201"), Outcome::Commanded);
}

#[test]
fn events_that_name_no_probe_with_a_pump_settle_nothing() {
    let mut fixture = Fixture::new(None);
    for device in ["farmA-weather-1", "farmA-pump-1"] {
        assert_eq!(fixture.outcome(0, device), Outcome::UnknownDevice);
    }
    let unknown = Reaction::Settled(Outcome::UnknownDevice);
    assert_eq!(fixture.call(0, "nobody", false), unknown);
    let surroundings =
        Surroundings { registry: &fixture.registry, shadows: &fixture.shadows, find: &|_| None };
    let broken = fixture.irrigation.on_event(at(0), b"not JSON", &surroundings);
    assert_eq!(broken, Reaction::Settled(Outcome::NotAnObject));
}

#[test]
fn a_duration_of_zero_is_refused() {
    let register = farm::register(1, 1, 1);
    let parameters = IrrigationParameters { duration_s: 0, rest_s: None };
    let error = Irrigation::new("f", parameters, &register, |_| 0).expect_err("refused");
    assert!(error.to_string().contains("duration_s of function `f` is 0"), "{error}");
}

proptest! {
    #[test]
    fn both_ways_into_the_function_act_alike(
        rest_s in prop::option::of(0_u32..2_000),
        steps in prop::collection::vec((0_i64..500, 0_usize..8), 1..60),
    ) {
        let (mut typed, mut json) = (Fixture::new(rest_s), Fixture::new(rest_s));
        let mut seconds = 0;
        for (wait_s, step) in steps {
            seconds += wait_s;
            match step {
                0 | 1 => for fixture in [&mut typed, &mut json] {
                    let request = if step == 0 {
                        r#"{"state":{"desired":null,"reported":{"state":"OFF"}}}"#
                    } else {
                        r#"{"state":{"reported":{"state":"ON","duration":300}}}"#
                    };
                    fixture.update(seconds, "farmA-pump-1", request);
                },
                2 => for fixture in [&mut typed, &mut json] {
                    let (probe, pump) = (fixture.find("farmA-201"), fixture.find("farmA-pump-1"));
                    let attributes = [("pump", "farmA-pump-1")];
                    let find = |_: &str| Some(pump);
                    fixture.registry.update(probe, &attributes, true, find).expect("valid");
                },
                _ => {
                    let names = ["farmA-101", "farmA-102", "farmA-201", "farmA-202", "farmA-gw-1"];
                    let device = names[step - 3];
                    prop_assert_eq!(
                        typed.call(seconds, device, true),
                        json.call(seconds, device, false)
                    );
                }
            }
        }
    }
}

//! Pump controllers meter what they command, publish it, and report their state to their shadows.

use crate::components::{Controller, Due, Reporter};
use crate::plant::Plant;
use crate::resources::{Directory, Output, Switch, Switches, Tick};
use crate::rows::{ShadowReport, StepOutput};
use bevy_ecs::entity::Entity;
use bevy_ecs::system::{Query, Res, ResMut};
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::seed::Purpose;
use fieldmirror_core::time::{Span, Timestamp};

/// Time between publishes while ON.
const RUNNING_INTERVAL: Span = Span::from_seconds(60);

/// Noise of the meters, one standard deviation: part of a flow or a power, and kPa.
///
/// # Source
/// Data-sheet class: pulse flow meters .5 %, pressure transmitters .1 % of 10 bar.
const FLOW_NOISE: f64 = 0.005;
const PRESSURE_NOISE_KPA: f64 = 1.0;
const POWER_NOISE: f64 = 0.005;

/// Publishes every minute while ON, at the interval while OFF, and at each change; a change takes
/// the place of a publish that is due in the same moment.
pub(crate) fn report_pumps(
    tick: Res<'_, Tick>,
    directory: Res<'_, Directory>,
    switches: Res<'_, Switches>,
    mut output: ResMut<'_, Output>,
    plants: Query<'_, '_, &Plant>,
    mut controllers: Query<'_, '_, (Entity, &mut Due, &mut Reporter, &mut Controller)>,
) {
    let out = &mut output.0;
    for (entity, mut due, mut reporter, mut controller) in &mut controllers {
        if due.0 >= tick.end() && !controller.is_switched {
            continue;
        }
        let Ok(plant) = plants.get(directory.site(reporter.site)) else {
            continue;
        };
        let (reporter, controller) = (&mut *reporter, &mut *controller);
        if controller.is_switched {
            controller.is_switched = false;
            for switch in switches.0.iter().filter(|switch| switch.controller == entity) {
                publish_until(&tick, switch.at, &mut due.0, reporter, controller, plant, out);
                change(&tick, switch, &mut due.0, reporter, controller, plant, out);
            }
        }
        publish_until(&tick, tick.end(), &mut due.0, reporter, controller, plant, out);
    }
    out.shadow_reports.sort_by_key(|report| (report.time, report.device));
}

/// Publishes what is due before `end`.
fn publish_until(
    tick: &Tick,
    end: Timestamp,
    due: &mut Timestamp,
    reporter: &mut Reporter,
    controller: &Controller,
    plant: &Plant,
    out: &mut StepOutput,
) {
    while *due < end {
        out.published.push(meter(tick, *due, reporter, controller, plant));
        *due = if controller.reported_on {
            *due + running_interval(reporter)
        } else {
            reporter.slot_after(*due)
        };
    }
}

/// Publishes a change and reports it to the shadow.
fn change(
    tick: &Tick,
    switch: &Switch,
    due: &mut Timestamp,
    reporter: &mut Reporter,
    controller: &mut Controller,
    plant: &Plant,
    out: &mut StepOutput,
) {
    controller.reported_on = switch.on;
    out.published.push(meter(tick, switch.at, reporter, controller, plant));
    out.shadow_reports.push(ShadowReport {
        time: switch.at,
        device: reporter.device,
        on: switch.on,
        duration: switch.duration,
    });
    *due = if switch.on {
        switch.at + running_interval(reporter)
    } else {
        reporter.slot_after(switch.at)
    };
}

fn running_interval(reporter: &Reporter) -> Span {
    RUNNING_INTERVAL.min(reporter.interval)
}

/// What a controller's meters show at `at`.
fn meter(
    tick: &Tick,
    at: Timestamp,
    reporter: &mut Reporter,
    controller: &Controller,
    plant: &Plant,
) -> Message {
    let (point, zone_flow_lps) = plant.point_at(at, controller.position);
    let mut reading = Reading::new(DeviceClass::PumpController, reporter.device);
    reading.set_raw(1, i64::from(controller.reported_on));
    if point.is_running {
        let draws = tick.draws(reporter.key, Purpose::SensorNoise);
        let [z1, z2, z3, z4] = draws.normals4(2 * reporter.sequence);
        let [z5, ..] = draws.normals4(2 * reporter.sequence + 1);
        reading.set(2, zone_flow_lps * (1.0 + FLOW_NOISE * z1));
        reading.set(3, point.pump_flow_lps * (1.0 + FLOW_NOISE * z2));
        reading.set(4, (point.pump_pressure_kpa + PRESSURE_NOISE_KPA * z3).max(0.0));
        reading.set(5, (point.filter_pressure_kpa + PRESSURE_NOISE_KPA * z4).max(0.0));
        reading.set(6, point.power_kw * (1.0 + POWER_NOISE * z5));
    }
    reading.set_raw(7, at.millis());
    reporter.sequence += 1;
    Message {
        sampled_at: Timestamp::from_millis(at.millis()),
        received_at: at,
        reading,
        radio: None,
    }
}

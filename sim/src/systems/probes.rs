//! Soil probes sample and hand a frame to their radio.

use crate::components::{Due, Power, Probe, Reporter};
use crate::resources::{Deviations, Ground, Grounds, Outbox, Outgoing, Tick};
use bevy_ecs::entity::Entity;
use bevy_ecs::system::{Query, Res, ResMut};
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::seed::{Purpose, normal_of_word};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_physics::battery::DAYS_PER_YEAR;
use fieldmirror_physics::sensor::Transducer;

/// Range of a capacitive probe, m3/m3, and of its thermometer, degrees C.
///
/// # Source
/// Data-sheet class: 0 to 60 % VWC, -40 to 80 degrees C.
const WATER_RANGE: (f64, f64) = (0.0, 0.60);
const TEMPERATURE_RANGE_C: (f64, f64) = (-40.0, 80.0);

/// Lets every probe that is due in the step report. One block of draws serves a report: two words for
/// the noise of its readings, one for the delay of the next report.
pub(crate) fn sample_probes(
    tick: Res<'_, Tick>,
    deviations: Res<'_, Deviations>,
    grounds: Res<'_, Grounds>,
    mut outbox: ResMut<'_, Outbox>,
    mut probes: Query<'_, '_, (Entity, &mut Due, &mut Reporter, &mut Probe, &Power)>,
) {
    outbox.0.clear();
    let end = tick.end();
    let Ok(tables) = probes.contiguous_iter_mut() else {
        debug_assert!(false, "probes are made of table components only");
        return;
    };
    for (entities, mut dues, mut reporters, mut probes, powers) in tables {
        // Nobody asks which of them changed, so no ticks are written.
        let dues = dues.bypass_change_detection();
        let reporters = reporters.bypass_change_detection();
        let probes = probes.bypass_change_detection();
        for row in 0..dues.len() {
            while dues[row].0 < end {
                let (at, reporter) = (dues[row].0, &mut reporters[row]);
                let probe = &mut probes[row];
                let ground = &grounds.0[probe.zone.index()];
                let words = tick.draws(reporter.key, Purpose::SensorNoise).block(reporter.sequence);
                let noise = [words[0], words[1]];
                let moment = Moment { part: tick.part(at), years: years(&tick, at), at };
                if let Some(reading) = sample(&moment, reporter, probe, ground, &powers[row], noise)
                {
                    outbox.0.push(outgoing(at, entities[row], reporter, &reading));
                }
                reporter.sequence += 1;
                dues[row].0 = next_due(&deviations, reporter, words[2]);
            }
        }
    }
}

/// The report of `reporter` as it goes to the radio.
pub(crate) fn outgoing(
    at: Timestamp,
    node: Entity,
    reporter: &Reporter,
    reading: &Reading,
) -> Outgoing {
    Outgoing {
        at,
        node,
        key: reporter.key,
        site: reporter.site,
        device: reporter.device,
        frame_counter: reporter.sequence,
        is_blocked: false,
        payload: reading.encode(),
    }
}

/// When a radio device reports next: its slot and a random delay in whole milliseconds, from a word
/// of the draws of the report before it.
pub(crate) fn next_due(deviations: &Deviations, reporter: &Reporter, word: u32) -> Timestamp {
    let longest_ms = deviations.0.report_delay.nanos() / 1_000_000;
    let delay_ms = (i64::from(word) * longest_ms) >> 32;
    reporter.slot(reporter.sequence) + Span::from_nanos(delay_ms * 1_000_000)
}

/// When a probe samples.
struct Moment {
    at: Timestamp,
    /// How much of the step is over, 0 to 1.
    part: f64,
    /// Since the start of the run.
    years: f64,
}

fn years(tick: &Tick, at: Timestamp) -> f64 {
    (at - tick.start).days() / DAYS_PER_YEAR
}

/// What a probe reports; `None` if its battery is empty.
fn sample(
    moment: &Moment,
    reporter: &Reporter,
    probe: &mut Probe,
    ground: &Ground,
    power: &Power,
    noise: [u32; 2],
) -> Option<Reading> {
    let between = |[from, to]: [f64; 2]| from + (to - from) * moment.part;
    let (theta, soil_c) = (between(ground.theta), between(ground.temperature_c));
    let shown = f64::from(probe.shown);
    let shown = shown + (theta - shown) * f64::from(probe.follows);
    probe.shown = shown as f32;

    let cell = power.cell();
    let voltage_v = power.battery.voltage_v(&cell, soil_c);
    if voltage_v <= cell.empty_v {
        return None;
    }
    let mut reading = Reading::new(DeviceClass::SoilProbe, reporter.device);
    if probe.is_stuck && reporter.sequence > 0 {
        reading.set_raw(1, i64::from(probe.last[0]));
        reading.set_raw(2, i64::from(probe.last[1]));
    } else {
        let [water_noise, temperature_noise] = noise.map(normal_of_word);
        let drift = f64::from(probe.drift_per_year) * moment.years + f64::from(probe.fault_drift);
        let water = water_transducer(probe, ground).read(shown, drift, soil_c, water_noise);
        let thermometer = thermometer(probe, ground);
        reading.set(1, thermometer.read(soil_c, 0.0, soil_c, temperature_noise));
        reading.set(2, (water - ground.wilting_point) * ground.percent_per_water);
        probe.last = [reading.raw(1) as i16, reading.raw(2) as i16];
    }
    reading.set_raw(3, moment.at.millis());
    reading.set(4, voltage_v);
    Some(reading)
}

fn water_transducer(probe: &Probe, ground: &Ground) -> Transducer {
    Transducer {
        gain: f64::from(probe.gain),
        offset: f64::from(probe.offset),
        noise_sigma: ground.water_noise,
        min: WATER_RANGE.0,
        max: WATER_RANGE.1,
        ..Transducer::IDEAL
    }
}

fn thermometer(probe: &Probe, ground: &Ground) -> Transducer {
    Transducer {
        offset: f64::from(probe.temperature_offset_k),
        noise_sigma: ground.temperature_noise_k,
        min: TEMPERATURE_RANGE_C.0,
        max: TEMPERATURE_RANGE_C.1,
        ..Transducer::IDEAL
    }
}

//! Weather stations report over the air.

use crate::components::{Due, Power, Reporter, Station};
use crate::resources::{Deviations, Outbox, Skies, Tick};
use crate::sky::Sky;
use crate::systems::probes::{next_due, outgoing};
use bevy_ecs::entity::Entity;
use bevy_ecs::system::{Query, Res, ResMut};
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::seed::Purpose;
use fieldmirror_core::time::Timestamp;
use fieldmirror_physics::et0::relative_humidity_pct;

/// Noise of the instruments, one standard deviation each: K, percent, m/s, and part of the
/// radiation.
///
/// # Source
/// Data-sheet class: SHT-type air sensors, cup anemometer, second-class pyranometer.
const TEMPERATURE_NOISE_K: f64 = 0.1;
const HUMIDITY_NOISE_PCT: f64 = 0.8;
const WIND_NOISE_MS: f64 = 0.3;
const RADIATION_NOISE: f64 = 0.02;

/// What a tip of the rain gauge's bucket stands for, mm.
///
/// # Source
/// Tipping-bucket gauges of 200 cm2.
const TIP_MM: f64 = 0.2;

/// Lets every station that is due in the step report.
pub(crate) fn report_weather(
    tick: Res<'_, Tick>,
    deviations: Res<'_, Deviations>,
    skies: Res<'_, Skies>,
    mut outbox: ResMut<'_, Outbox>,
    mut stations: Query<'_, '_, (Entity, &mut Due, &mut Reporter, &mut Station, &Power)>,
) {
    for (entity, mut due, mut reporter, mut station, power) in &mut stations {
        while due.0 < tick.end() {
            let sky = &skies.0[station.sky];
            if let Some(reading) = observe(&tick, due.0, &reporter, &mut station, sky, power) {
                outbox.0.push(outgoing(due.0, entity, &reporter, &reading));
            }
            reporter.sequence += 1;
            let [word, ..] =
                tick.draws(reporter.key, Purpose::ReportJitter).block(reporter.sequence);
            due.0 = next_due(&deviations, &reporter, word);
        }
    }
}

/// What a station reports at `at`; `None` if its battery is empty.
fn observe(
    tick: &Tick,
    at: Timestamp,
    reporter: &Reporter,
    station: &mut Station,
    sky: &Sky,
    power: &Power,
) -> Option<Reading> {
    let air_c = sky.air_c(at);
    let cell = power.cell();
    let voltage_v = power.battery.voltage_v(&cell, air_c);
    if voltage_v <= cell.empty_v {
        return None;
    }
    let noise = tick.draws(reporter.key, Purpose::SensorNoise).normals4(reporter.sequence);
    let humidity = relative_humidity_pct(sky.ea_kpa(), air_c) + HUMIDITY_NOISE_PCT * noise[1];
    let wind = sky.wind_ms(at) + WIND_NOISE_MS * noise[2];
    let radiation_mj = sky.radiation_until_mj(at);
    let seconds = (at - station.reported_at).seconds();
    let radiation_wm2 = if seconds > 0.0 {
        1e6 * (radiation_mj - station.radiation_mj) / seconds * (1.0 + RADIATION_NOISE * noise[3])
    } else {
        0.0
    };
    // Rounding must not keep back a tip that is full.
    let tips = (sky.rain_until_mm(at) / TIP_MM + 1e-9) as i64;

    let mut reading = Reading::new(DeviceClass::WeatherStation, reporter.device);
    reading.set(1, air_c + station.temperature_offset_k + TEMPERATURE_NOISE_K * noise[0]);
    reading.set(2, humidity.clamp(0.0, 100.0));
    reading.set(3, wind.max(0.0));
    reading.set(4, radiation_wm2.max(0.0));
    reading.set(5, TIP_MM * (tips - station.tips) as f64);
    reading.set_raw(6, at.millis());
    reading.set(7, voltage_v);
    (station.reported_at, station.radiation_mj, station.tips) = (at, radiation_mj, tips);
    Some(reading)
}

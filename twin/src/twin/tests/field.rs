//! Soil: a twin on nominal soil follows a field with other soil, and a broken probe departs from
//! it.

use super::*;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_physics::et0::Standard;
use fieldmirror_physics::soil::{self as water, DayDemand, Irrigation, SoilState, StepInput};
use fieldmirror_physics::soil_temperature::{DIFFUSIVITY_M2S, SoilColumn};
use fieldmirror_physics::solar;
use fieldmirror_physics::weather::{DayRecord, DayWeather, RAIN_DRAWS};

const PROBES: usize = 7;

/// Flow into a zone while it is watered, l/s.
const FLOW_LPS: f64 = 3.4;

/// Available water below which a zone is watered, percent.
const DRY_PCT: f64 = 45.0;

/// A field whose soil holds `factor` times the nominal water and whose probes are calibrated on it.
struct World {
    factor: f64,
    stuck: Option<(DeviceIx, i64)>,
    soil: Vec<(SoilState, Option<water::DayFactors>)>,
    weather: Vec<DayWeather>,
    column: SoilColumn,
}

impl World {
    fn new(factor: f64, days: i64) -> Self {
        let model = fixture::model();
        let place = solar::Site {
            latitude_deg: model.latitude_deg,
            longitude_deg: 0.0,
            elevation_m: model.elevation_m,
            utc_offset_h: 0.0,
        };
        let draws = Seed::new(7).draws(EntityKey::of("sky"), Purpose::RainStorm);
        let weather = (0..days)
            .map(|day| {
                let doy = 152 + day as u16;
                let [warm, sun] = draws.uniforms(day as u32);
                let record = DayRecord {
                    doy,
                    tmin_c: 9.0 + 5.0 * warm,
                    tmax_c: 23.0 + 9.0 * warm,
                    rain_mm: if day % 9 == 4 { 14.0 } else { 0.0 },
                    rs_mj: 16.0 + 10.0 * sun,
                    wind_2m_ms: 2.5,
                    dew_point_c: 7.0,
                };
                let rain = [0.4; RAIN_DRAWS];
                DayWeather::downscale(&place, Standard::Fao56, None, &record, None, &rain)
            })
            .collect();
        let (soil, crop) = Self::params(factor);
        let mut state = SoilState::planted(&soil, &crop, model.soil.initial * factor);
        state.day = 20;
        Self {
            factor,
            stuck: None,
            soil: vec![(state, None); fixture::ZONES],
            weather,
            column: SoilColumn::new(DIFFUSIVITY_M2S, 16.0, 14.0),
        }
    }

    fn params(factor: f64) -> (water::SoilParams, water::CropParams) {
        let soil = fixture::model().soil;
        let params = water::SoilParams {
            theta_fc: soil.field_capacity * factor,
            theta_wp: soil.wilting_point * factor,
            ze_m: soil.evaporation_depth_m,
            rew_mm: soil.readily_evaporable_mm,
            curve_number: Some(soil.curve_number),
        };
        let crop = water::CropParams { zr_ini_m: 0.3, ..water::CropParams::MAIZE_GRAIN };
        (params, crop)
    }

    /// Moves the field on by the hour `hour` and returns the messages of it.
    fn hour(&mut self, farm: &Farm, hour: i64) -> Vec<Message> {
        let from = fixture::start() + Span::from_hours(hour);
        let (day, of_day) = ((hour / 24) as usize, (hour % 24) as usize);
        let air = self.weather[day].hours[of_day];
        let surface_c = air.temperature_c + 1.0;
        self.column.advance(3_600.0, surface_c);
        let soil_c = self.column.at_c(0.15);
        let mut messages = Vec::new();
        for quarter in 0..4 {
            let at = from + Span::from_seconds(900 * quarter + 450);
            let values = [
                (Metric::Temperature, air.temperature_c),
                (Metric::RelativeHumidity, air.rh_pct),
                (Metric::WindSpeed, air.wind_2m_ms),
                (Metric::Radiation, air.rs_mj / 3_600e-6),
                (Metric::Rain, air.rain_mm / 4.0),
                (Metric::BatteryVoltage, 3.6),
            ];
            let reading = fixture::reading(DeviceClass::WeatherStation, farm.station, &values);
            messages.push(fixture::radio(reading, at, farm.gateways[0], 1));
        }
        for zone in 0..fixture::ZONES {
            let before_pct = self.available_pct(zone);
            let seconds = if before_pct < DRY_PCT { 600.0 } else { 0.0 };
            if seconds > 0.0 {
                for minute in 0..=10 {
                    let at = from + Span::from_seconds(60 * minute);
                    let flow = [(Metric::ZoneFlow, if minute < 10 { FLOW_LPS } else { 0.0 })];
                    let controller = farm.controllers[zone];
                    messages.push(fixture::state(controller, at, minute < 10, &flow));
                }
            }
            self.advance(zone, day, of_day, FLOW_LPS * seconds / fixture::AREA_M2);
            let mean_pct = 0.5 * (before_pct + self.available_pct(zone));
            self.probe_messages(farm, zone, hour, (mean_pct, soil_c), &mut messages);
        }
        messages
    }

    fn available_pct(&self, zone: usize) -> f64 {
        let (state, factors) = &self.soil[zone];
        factors.map_or(70.0, |f| water::available_water_pct(state.dr_mm, f.taw_mm))
    }

    fn advance(&mut self, zone: usize, day: usize, hour: usize, gross_mm: f64) {
        let (soil, crop) = Self::params(self.factor);
        let weather = &self.weather[day];
        let (state, factors) = &mut self.soil[zone];
        if hour == 0 {
            let demand = DayDemand {
                et0_mm: weather.et0_daily_mm,
                wind_2m_ms: weather.record.wind_2m_ms,
                rh_min_pct: weather.record.rh_min_pct(),
            };
            *factors = Some(water::begin_day(&soil, &crop, state, &demand));
        }
        let factors = factors.expect("the day has begun");
        let input = StepInput {
            et0_mm: weather.hours[hour].et0_mm,
            rain_mm: weather.hours[hour].rain_mm,
            irrigation: if gross_mm > 0.0 {
                Irrigation { gross_mm, efficiency: 0.9, fw: 0.35 }
            } else {
                Irrigation::NONE
            },
        };
        water::advance_hour(&soil, &factors, state, &input);
        if hour == 23 {
            water::end_day(state);
        }
    }

    fn probe_messages(
        &self,
        farm: &Farm,
        zone: usize,
        hour: i64,
        (mean_pct, soil_c): (f64, f64),
        out: &mut Vec<Message>,
    ) {
        let from = fixture::start() + Span::from_hours(hour);
        for (i, &probe) in farm.probes[zone].iter().enumerate() {
            let key = EntityKey::of(farm.register.names.name(probe));
            let noise = Seed::new(3).draws(key, Purpose::SensorNoise);
            let [gain, offset] = Seed::new(3).draws(key, Purpose::ProbeTruth).normals(0);
            for quarter in 0..4 {
                let at = from + Span::from_seconds(900 * quarter + 10 + i as i64);
                let [z, heat] = noise.normals((4 * hour + quarter) as u32);
                let mut pct = (1.0 + 0.02 * gain) * mean_pct + 2.0 * offset + 2.0 * z;
                let mut temperature_c = soil_c + 0.2 * offset + 0.1 * heat;
                if self.stuck.is_some_and(|(stuck, since)| stuck == probe && hour >= since) {
                    (pct, temperature_c) = (58.3, 17.2);
                }
                let values = [
                    (Metric::Temperature, temperature_c),
                    (Metric::Humidity, pct),
                    (Metric::BatteryVoltage, 3.6),
                ];
                let reading = fixture::reading(DeviceClass::SoilProbe, probe, &values);
                out.push(fixture::radio(reading, at, farm.gateways[0], 1));
            }
        }
    }
}

fn run(world: &mut World, days: i64, spec: Spec) -> Bench {
    let mut bench = Bench::new(PROBES, spec);
    for hour in 0..24 * days {
        let messages = world.hour(&bench.farm, hour);
        bench.hour(fixture::start() + Span::from_hours(hour + 1), messages);
    }
    bench
}

/// Root mean square and greatest residual of a metric over the probes other than `except`, from a
/// day on.
fn spread(bench: &Bench, metric: Metric, from_day: i64, except: Option<DeviceIx>) -> (f64, f64) {
    let from = fixture::start() + Span::from_days(from_day);
    let residuals: Vec<f64> = bench
        .rows
        .iter()
        .filter(|row| row.metric == metric && row.time > from && Some(row.device) != except)
        .filter(|row| bench.farm.probes.iter().flatten().any(|&probe| probe == row.device))
        .map(|row| row.residual.expect("a residual"))
        .collect();
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let greatest = residuals.iter().fold(0.0_f64, |most, residual| most.max(residual.abs()));
    ((squares / residuals.len() as f64).sqrt(), greatest)
}

#[test]
fn nominal_soil_follows_a_field_of_other_soil() {
    for factor in [0.9, 1.0, 1.1] {
        let bench = run(&mut World::new(factor, 40), 40, Spec::default());
        let (rms, greatest) = spread(&bench, Metric::Humidity, 5, None);
        assert!(rms < 2.0 && greatest < 8.0, "soil x {factor}: rms {rms} %, greatest {greatest} %");
    }
}

#[test]
fn without_the_pull_of_the_probes_a_wrong_soil_would_lead_the_twin_astray() {
    let far = Spec { assimilation: Span::from_days(10_000), ..Spec::default() };
    let free = run(&mut World::new(0.9, 40), 40, far);
    let held = run(&mut World::new(0.9, 40), 40, Spec::default());
    let (free_rms, _) = spread(&free, Metric::Humidity, 5, None);
    let (held_rms, _) = spread(&held, Metric::Humidity, 5, None);
    assert!(free_rms > 1.5 * held_rms, "free {free_rms} %, held {held_rms} %");
}

#[test]
fn soil_temperature_is_expected_from_the_air() {
    let bench = run(&mut World::new(1.0, 20), 20, Spec::default());
    let (rms, greatest) = spread(&bench, Metric::Temperature, 7, None);
    assert!(rms < 0.7 && greatest < 2.5, "rms {rms} K, greatest {greatest} K");
    let first = bench.rows.iter().find(|row| row.metric == Metric::Temperature);
    assert_eq!(first.and_then(|row| row.expected), None);
}

#[test]
fn a_stuck_probe_departs_while_its_neighbours_stay() {
    let mut world = World::new(1.1, 30);
    let probe = fixture::farm(PROBES).probes[1][2];
    world.stuck = Some((probe, 20 * 24));
    let bench = run(&mut world, 30, Spec::default());
    let row = bench.last_row(probe, Metric::Humidity);
    assert_eq!((row.repeats, row.observed_sd), (row.samples, Some(0.0)));
    let departure = row.residual.expect("a residual").abs();
    let (rms, _) = spread(&bench, Metric::Humidity, 20, Some(probe));
    assert!(departure > 5.0 && rms < 2.0, "stuck {departure} %, others {rms} %");
    // Ten days are not learned away: the expectation still follows the zone.
    let neighbour = bench.last_row(bench.farm.probes[1][3], Metric::Humidity);
    let apart = row.expected.expect("expected") - neighbour.expected.expect("expected");
    assert!(apart.abs() < 12.0, "{apart} %");
}

#[test]
fn a_station_that_falls_silent_for_a_day_leaves_the_twin_close() {
    let mut world = World::new(1.0, 20);
    let mut bench = Bench::new(PROBES, Spec::default());
    for hour in 0..24 * 20 {
        let mut messages = world.hour(&bench.farm, hour);
        if (15 * 24..16 * 24).contains(&hour) {
            let station = bench.farm.station;
            messages.retain(|message| message.device() != station);
        }
        bench.hour(fixture::start() + Span::from_hours(hour + 1), messages);
    }
    let (rms, greatest) = spread(&bench, Metric::Humidity, 15, None);
    assert!(rms < 2.5 && greatest < 8.0, "rms {rms} %, greatest {greatest} %");
}

#[test]
fn the_same_messages_give_the_same_rows_in_batches_of_any_size() {
    let (mut whole, mut world) = (Bench::new(PROBES, Spec::default()), World::new(1.1, 3));
    let mut single = Bench::new(PROBES, Spec::default());
    for hour in 0..72 {
        let mut messages = world.hour(&whole.farm, hour);
        messages.sort_by_key(|message| (message.received_at, message.device()));
        for message in &messages {
            single.twin.observe(std::slice::from_ref(message));
        }
        let end = fixture::start() + Span::from_hours(hour + 1);
        single.hour(end, Vec::new());
        whole.hour(end, messages);
    }
    assert_eq!(whole.rows, single.rows);
    assert!(whole.rows.len() > 6_000);
}

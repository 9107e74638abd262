//! The weather over a shard: one day in hours for each distinct place, made once a day.
//!
//! Farms share the forcing, so farms at the same latitude and elevation share their sky. Demand is
//! FAO-56's daily value, spread over the hours in proportion to FAO-56's hourly equation, so that
//! the hours of a day add up to the daily value.

use crate::spec::{DailyForcing, Spec};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_physics::et0::Standard;
use fieldmirror_physics::solar;
use fieldmirror_physics::weather::{
    self, DayRecord, DayWeather, MissingData, RAIN_DRAWS, split_by_weights,
};

/// Hargreaves coefficient of inland places.
///
/// # Source
/// FAO-56 eq. 50.
const HARGREAVES_INLAND: f64 = 0.16;

/// How far the dew point lies below the night's minimum: a well-watered surface.
///
/// # Source
/// FAO-56 eq. 48.
const DEW_DEPRESSION_C: f64 = 0.0;

/// One place's weather: what has fallen so far, and today.
#[derive(Clone, Debug)]
pub(crate) struct Sky {
    place: solar::Site,
    day: DayWeather,
    midnight: Timestamp,
    /// FAO-56 reference evapotranspiration of each hour, mm.
    et0_mm: [f64; 24],
    /// Air temperature at the full hours, degrees C.
    air_c: [f64; 25],
    /// Rain before today since the start, mm.
    rain_before_mm: f64,
    /// Radiation before today since the start, MJ/m2.
    radiation_before_mj: f64,
}

impl Sky {
    /// The sky over a place on the first day of the forcing.
    pub(crate) fn new(
        place: solar::Site,
        seed: Seed,
        start: Timestamp,
        days: &[DailyForcing],
    ) -> Self {
        let mut sky = Self::of_day(place, seed, start, days, 0);
        (sky.rain_before_mm, sky.radiation_before_mj) = (0.0, 0.0);
        sky
    }

    /// Turns to the day that begins after today.
    pub(crate) fn turn(&mut self, seed: Seed, start: Timestamp, days: &[DailyForcing], day: usize) {
        let rain: f64 = self.day.hours.iter().map(|hour| hour.rain_mm).sum();
        let radiation: f64 = self.day.hours.iter().map(|hour| hour.rs_mj).sum();
        let (rain_mm, radiation_mj) =
            (self.rain_before_mm + rain, self.radiation_before_mj + radiation);
        *self = Self::of_day(self.place, seed, start, days, day);
        (self.rain_before_mm, self.radiation_before_mj) = (rain_mm, radiation_mj);
    }

    fn of_day(
        place: solar::Site,
        seed: Seed,
        start: Timestamp,
        days: &[DailyForcing],
        day: usize,
    ) -> Self {
        let neighbour =
            |index: usize| days.get(index).map(|forcing| record(&place, start, forcing, index));
        let weather = DayWeather::downscale(
            &place,
            Standard::Fao56,
            day.checked_sub(1).and_then(neighbour).as_ref(),
            // Within the forcing: a step beyond it is refused before any system runs.
            &record(&place, start, &days[day], day),
            neighbour(day + 1).as_ref(),
            &rain_draws(seed, day),
        );
        let hourly = weather.hours.map(|hour| hour.et0_mm);
        let mut air_c = [0.0; 25];
        for (hour, air) in air_c.iter_mut().enumerate() {
            *air = weather.temperature_at(hour as f64);
        }
        Self {
            place,
            midnight: start + Span::from_days(day as i64),
            et0_mm: split_by_weights(weather.et0_daily_mm, &hourly),
            air_c,
            rain_before_mm: 0.0,
            radiation_before_mj: 0.0,
            day: weather,
        }
    }

    /// Today in hours.
    pub(crate) fn today(&self) -> &DayWeather {
        &self.day
    }

    /// Demand of an hour of today, mm.
    pub(crate) fn et0_mm(&self, hour: usize) -> f64 {
        self.et0_mm[hour]
    }

    /// Air temperature in the middle of an hour of today, degrees C.
    pub(crate) fn air_mid_c(&self, hour: usize) -> f64 {
        self.day.hours[hour].temperature_c
    }

    /// Air temperature at a moment of today, linear between the full hours, degrees C.
    pub(crate) fn air_c(&self, at: Timestamp) -> f64 {
        let (hour, part) = self.hour_part(at);
        self.air_c[hour] + (self.air_c[hour + 1] - self.air_c[hour]) * part
    }

    /// Wind speed at a moment of today, m/s.
    pub(crate) fn wind_ms(&self, at: Timestamp) -> f64 {
        weather::wind_ms(self.day.record.wind_2m_ms, at.hour_of_day())
    }

    /// Actual vapour pressure today, kPa.
    pub(crate) fn ea_kpa(&self) -> f64 {
        self.day.record.ea_kpa()
    }

    /// Rain from the start of the run to a moment of today, mm, even within an hour.
    pub(crate) fn rain_until_mm(&self, at: Timestamp) -> f64 {
        self.until(at, self.rain_before_mm, |hour| hour.rain_mm)
    }

    /// Radiation from the start of the run to a moment of today, MJ/m2, even within an hour.
    pub(crate) fn radiation_until_mj(&self, at: Timestamp) -> f64 {
        self.until(at, self.radiation_before_mj, |hour| hour.rs_mj)
    }

    fn until(&self, at: Timestamp, before: f64, of: impl Fn(&weather::Hour) -> f64) -> f64 {
        let (hour, part) = self.hour_part(at);
        let full: f64 = self.day.hours[..hour].iter().map(&of).sum();
        before + full + of(&self.day.hours[hour]) * part
    }

    /// The hour of today that holds `at`, and how much of it is over.
    fn hour_part(&self, at: Timestamp) -> (usize, f64) {
        let since_h = (at - self.midnight).hours().clamp(0.0, 24.0);
        let hour = (since_h as usize).min(23);
        (hour, since_h - hour as f64)
    }
}

/// The place of a farm: UTC is local standard time and the sun is highest about noon, so the
/// longitude is 0.
pub(crate) fn place(latitude_deg: f64, elevation_m: f64) -> solar::Site {
    solar::Site { latitude_deg, longitude_deg: 0.0, elevation_m, utc_offset_h: 0.0 }
}

fn record(place: &solar::Site, start: Timestamp, forcing: &DailyForcing, day: usize) -> DayRecord {
    let midnight = start + Span::from_days(day as i64);
    let missing = MissingData {
        krs: HARGREAVES_INLAND,
        wind_2m_ms: forcing.wind_ms,
        dew_depression_c: DEW_DEPRESSION_C,
    };
    DayRecord::from_temperatures(
        place,
        midnight.day_of_year() as u16,
        forcing.tmin_c,
        forcing.tmax_c,
        forcing.rain_mm,
        &missing,
    )
}

/// The draws that spread a day's rain over storms: the forcing's own, shared by all farms under it.
fn rain_draws(seed: Seed, day: usize) -> [f64; RAIN_DRAWS] {
    let draws = seed.draws(EntityKey::of("weather"), Purpose::RainStorm);
    std::array::from_fn(|i| draws.uniforms((day * RAIN_DRAWS + i) as u32)[0])
}

/// A day's reference evapotranspiration, ours beside the record's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Et0Day {
    /// The day's midnight.
    pub day: Timestamp,
    /// FAO-56 Penman-Monteith with radiation and dew point estimated from temperatures, mm.
    pub et0_mm: f64,
    /// The record's own value, mm.
    pub reference_mm: f64,
}

/// Reference evapotranspiration of each day of a specification's forcing at its first farm, before
/// any confounder.
pub fn et0_by_day(spec: &Spec) -> Vec<Et0Day> {
    let Some(site) = spec.register.sites.first() else {
        return Vec::new();
    };
    let place = place(site.model.latitude_deg, site.model.elevation_m);
    spec.forcing
        .iter()
        .enumerate()
        .map(|(day, forcing)| Et0Day {
            day: spec.start + Span::from_days(day as i64),
            et0_mm: record(&place, spec.start, forcing, day).et0_mm(&place, Standard::Fao56),
            reference_mm: forcing.reference_et0_mm,
        })
        .collect()
}

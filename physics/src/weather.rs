//! One day's record turned into 24 hours: temperature, humidity, wind, radiation, rain and hourly
//! demand.
//!
//! Sums are kept: the hours' radiation and rain add up to the day's. Hours are clock hours of local
//! standard time; hour `i` runs from `i` to `i + 1`. Randomness (rain only) comes in as an array of
//! uniform draws.

mod rain;
mod temperature;
#[cfg(test)]
mod tests;

pub use rain::{RAIN_DRAWS, STORMS_MAX, split_rain_mm};
pub use temperature::{PARTON_LOGAN, PartonLogan, TemperatureCurve};

use crate::{
    et0::{self, Standard},
    solar::{self, Site},
};

/// One day as a weather station reports it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayRecord {
    /// Day of the year, 1..=366.
    pub doy: u16,
    /// Minimum air temperature, degrees C.
    pub tmin_c: f64,
    /// Maximum air temperature, degrees C.
    pub tmax_c: f64,
    /// Rain, mm.
    pub rain_mm: f64,
    /// Short-wave radiation, MJ m-2 d-1.
    pub rs_mj: f64,
    /// Mean wind speed at 2 m, m/s.
    pub wind_2m_ms: f64,
    /// Dew point, degrees C, constant through the day.
    pub dew_point_c: f64,
}

/// How the quantities that a station with thermometer and rain gauge lacks are stated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MissingData {
    /// Hargreaves radiation coefficient: .16 inland, .19 at the coast.
    pub krs: f64,
    /// Mean wind speed at 2 m, m/s.
    pub wind_2m_ms: f64,
    /// Dew point below the night's minimum, degrees C: 0 humid, 2 to 3 arid.
    pub dew_depression_c: f64,
}

impl DayRecord {
    /// A record from temperatures and rain alone.
    ///
    /// Radiation is Hargreaves' but at most that of a clear sky, the dew point follows the night's
    /// minimum, wind is as stated.
    ///
    /// # Source
    /// FAO-56 ch. 3 "estimating missing climatic data": eq. 48, 50 and the mean wind of 2 m/s.
    pub fn from_temperatures(
        site: &Site,
        doy: u16,
        tmin_c: f64,
        tmax_c: f64,
        rain_mm: f64,
        missing: &MissingData,
    ) -> Self {
        let ra_mj = solar::ra_daily_mj(site.latitude_deg, doy);
        let clear_mj = et0::rso_mj(ra_mj, site.elevation_m);
        Self {
            doy,
            tmin_c,
            tmax_c,
            rain_mm,
            rs_mj: et0::rs_hargreaves_mj(missing.krs, tmin_c, tmax_c, ra_mj).min(clear_mj),
            wind_2m_ms: missing.wind_2m_ms,
            dew_point_c: et0::dew_point_from_tmin_c(tmin_c, missing.dew_depression_c),
        }
    }

    /// Actual vapour pressure, kPa.
    pub fn ea_kpa(&self) -> f64 {
        et0::saturation_vapour_kpa(self.dew_point_c)
    }

    /// Least relative humidity of the day, at the maximum temperature, percent.
    pub fn rh_min_pct(&self) -> f64 {
        et0::relative_humidity_pct(self.ea_kpa(), self.tmax_c)
    }

    /// Reference evapotranspiration of the day by the daily equation, mm.
    pub fn et0_mm(&self, site: &Site, standard: Standard) -> f64 {
        let input = et0::DailyInput {
            tmin_c: self.tmin_c,
            tmax_c: self.tmax_c,
            ea_kpa: self.ea_kpa(),
            wind_2m_ms: self.wind_2m_ms,
            rs_mj: self.rs_mj,
            ra_mj: solar::ra_daily_mj(site.latitude_deg, self.doy),
            soil_heat_mj: 0.0,
            elevation_m: site.elevation_m,
        };
        et0::daily_mm(standard, &input)
    }
}

/// The weather of one clock hour.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hour {
    /// Air temperature in the middle of the hour, degrees C.
    pub temperature_c: f64,
    /// Relative humidity in the middle of the hour, percent.
    pub rh_pct: f64,
    /// Mean wind speed at 2 m, m/s.
    pub wind_2m_ms: f64,
    /// Extraterrestrial radiation, MJ m-2 h-1.
    pub ra_mj: f64,
    /// Short-wave radiation, MJ m-2 h-1.
    pub rs_mj: f64,
    /// Rain, mm.
    pub rain_mm: f64,
    /// Reference evapotranspiration by the hourly equation, mm, not below 0.
    pub et0_mm: f64,
}

/// A day in hours.
#[derive(Debug, Clone, PartialEq)]
pub struct DayWeather {
    /// The record it was made from.
    pub record: DayRecord,
    /// Reference evapotranspiration by the daily equation, mm.
    pub et0_daily_mm: f64,
    /// The hours, 0 to 23.
    pub hours: [Hour; 24],
    /// Air temperature as a function of the clock hour.
    pub curve: TemperatureCurve,
}

impl DayWeather {
    /// Makes the hours of a day.
    ///
    /// `previous` and `next` are the neighbouring days, which the early morning and the late
    /// evening lean on; without one the day is its own neighbour. `rain_draws` are uniform in `[0,
    /// 1)`; a dry day ignores them.
    ///
    /// # Source
    /// Temperature: Parton and Logan (1981). Radiation: FAO-56 eq. 28 scaled to the day's sum.
    /// Wind: least at 3 h, most at 15 h, 40 % around the mean. Demand: FAO-56 eq. 53.
    pub fn downscale(
        site: &Site,
        standard: Standard,
        previous: Option<&DayRecord>,
        record: &DayRecord,
        next: Option<&DayRecord>,
        rain_draws: &[f64; RAIN_DRAWS],
    ) -> Self {
        let curve =
            TemperatureCurve::new(site, previous.unwrap_or(record), record, next.unwrap_or(record));
        let mut ra_mj = [0.0; 24];
        for (ra, middle_h) in ra_mj.iter_mut().zip(HOUR_MIDDLES) {
            *ra = solar::ra_period_mj(site, record.doy, middle_h, 1.0);
        }
        let rs_mj = split_by_weights(record.rs_mj, &ra_mj);
        let rain_mm = split_rain_mm(record.rain_mm, rain_draws);
        let ea_kpa = record.ea_kpa();
        let clear_mj = et0::rso_mj(ra_mj.iter().sum(), site.elevation_m);
        let night_rs_rso = if clear_mj > 0.0 { (record.rs_mj / clear_mj).min(1.0) } else { 0.7 };

        let mut hours = [Hour::default(); 24];
        for (i, hour) in hours.iter_mut().enumerate() {
            let middle_h = HOUR_MIDDLES[i];
            let temperature_c = curve.at_c(middle_h);
            let wind_2m_ms = wind_ms(record.wind_2m_ms, middle_h);
            // Air cannot hold more than saturation: in hours colder than the dew point some of the
            // vapour is dew.
            let ea_hour_kpa = ea_kpa.min(et0::saturation_vapour_kpa(temperature_c));
            let input = et0::HourlyInput {
                temperature_c,
                ea_kpa: ea_hour_kpa,
                wind_2m_ms,
                rs_mj: rs_mj[i],
                ra_mj: ra_mj[i],
                night_rs_rso,
                elevation_m: site.elevation_m,
            };
            *hour = Hour {
                temperature_c,
                rh_pct: et0::relative_humidity_pct(ea_kpa, temperature_c),
                wind_2m_ms,
                ra_mj: ra_mj[i],
                rs_mj: rs_mj[i],
                rain_mm: rain_mm[i],
                et0_mm: et0::hourly_mm(standard, &input).max(0.0),
            };
        }
        Self { record: *record, et0_daily_mm: record.et0_mm(site, standard), hours, curve }
    }

    /// Air temperature at a clock hour with fraction, 0 to 24, degrees C.
    pub fn temperature_at(&self, clock_h: f64) -> f64 {
        self.curve.at_c(clock_h)
    }

    /// Relative humidity at a clock hour with fraction, percent, from the day's constant vapour
    /// pressure.
    pub fn rh_at(&self, clock_h: f64) -> f64 {
        et0::relative_humidity_pct(self.record.ea_kpa(), self.temperature_at(clock_h))
    }
}

/// Wind speed at a clock hour around a daily mean, m/s.
///
/// # Source
/// A sinusoid with its maximum at 15 h, an assumption of ours; the 24 hours have the daily mean.
pub fn wind_ms(mean_ms: f64, clock_h: f64) -> f64 {
    mean_ms * (1.0 + 0.4 * libm::sin(2.0 * std::f64::consts::PI * (clock_h - 9.0) / 24.0))
}

/// Splits a total over the hours in proportion to weights of at least 0, so that adding the hours
/// in order gives the total to the last bit. Weights below 1e-12 of their sum count as none;
/// without any weight all falls into hour 12.
pub fn split_by_weights(total: f64, weights: &[f64; 24]) -> [f64; 24] {
    let mut parts = [0.0; 24];
    if total <= 0.0 {
        return parts;
    }
    let sum: f64 = weights.iter().sum();
    let counts = |weight: f64| weight > WEIGHT_PART_MIN * sum;
    let Some(last) = weights.iter().rposition(|&weight| counts(weight)) else {
        parts[12] = total;
        return parts;
    };
    // On a binary grid of 2^-40 of the total every partial sum is exact, and so is what is missing
    // for the last part.
    let grid = libm::ldexp(1.0, libm::ilogb(total) - 40);
    for (part, &weight) in parts[..last].iter_mut().zip(weights).filter(|(_, w)| counts(**w)) {
        *part = (total * (weight / sum) / grid).floor() * grid;
    }
    parts[last] = total - parts[..last].iter().sum::<f64>();
    parts
}

/// Weights below this part of their sum are rounding errors of the clock at sunrise and sunset.
const WEIGHT_PART_MIN: f64 = 1e-12;

const HOUR_MIDDLES: [f64; 24] = {
    let mut middles = [0.0; 24];
    let mut i = 0;
    while i < 24 {
        middles[i] = i as f64 + 0.5;
        i += 1;
    }
    middles
};

//! Air temperature through the day after Parton and Logan (1981).

use std::f64::consts::PI;

use super::DayRecord;
use crate::solar::{self, Site};

/// Parameters of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartonLogan {
    /// Lag of the maximum after noon, h.
    pub max_lag_h: f64,
    /// Decay of the night, dimensionless.
    pub night_decay: f64,
    /// Lag of the minimum after sunrise, h.
    pub min_lag_h: f64,
}

/// Air at 1.5 m.
///
/// # Source
/// Parton and Logan (1981), Agricultural Meteorology 23, table of coefficients.
pub const PARTON_LOGAN: PartonLogan =
    PartonLogan { max_lag_h: 1.86, night_decay: 2.20, min_lag_h: -0.17 };

impl PartonLogan {
    /// The published curve for a day whose sun is highest at 12 h: `hour_h` within 0..24, hours
    /// before the minimum belong to the night that began the evening before, with the same
    /// extremes.
    ///
    /// The night does not quite reach `tmin_c`; [`TemperatureCurve`] closes it.
    pub fn at_c(&self, tmin_c: f64, tmax_c: f64, daylight_h: f64, hour_h: f64) -> f64 {
        let sunrise_h = 12.0 - 0.5 * daylight_h;
        let sunset_h = 12.0 + 0.5 * daylight_h;
        let day = |hour_h: f64| {
            self.day_c(tmin_c, tmax_c, daylight_h, hour_h - sunrise_h - self.min_lag_h)
        };
        if hour_h >= sunrise_h + self.min_lag_h && hour_h <= sunset_h {
            return day(hour_h);
        }
        let since_h = if hour_h > sunset_h { hour_h - sunset_h } else { hour_h + 24.0 - sunset_h };
        let sunset_c = day(sunset_h);
        tmin_c + (sunset_c - tmin_c) * libm::exp(-self.night_decay * since_h / (24.0 - daylight_h))
    }

    fn day_c(&self, tmin_c: f64, tmax_c: f64, daylight_h: f64, since_min_h: f64) -> f64 {
        tmin_c
            + (tmax_c - tmin_c) * libm::sin(PI * since_min_h / (daylight_h + 2.0 * self.max_lag_h))
    }

    /// The night's decay, stretched so that it starts at `from_c` and ends at `to_c`: `part` runs
    /// from 0 to 1.
    ///
    /// # Source
    /// Goudriaan and van Laar (1994), Modelling Potential Crop Growth Processes, ch. 3.
    fn night_c(&self, from_c: f64, to_c: f64, part: f64) -> f64 {
        let end = libm::exp(-self.night_decay);
        let now = libm::exp(-self.night_decay * part);
        to_c + (from_c - to_c) * (now - end) / (1.0 - end)
    }
}

/// Air temperature of one day as a continuous function of the clock hour, joined to its neighbours.
///
/// Before the minimum it is the night that the day before began; after sunset it falls towards the
/// minimum of the day after. Two neighbouring curves meet at midnight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TemperatureCurve {
    /// Clock hour of the minimum, h.
    pub min_h: f64,
    /// Clock hour of the sunset, h.
    pub sunset_h: f64,
    tmin_c: f64,
    tmax_c: f64,
    daylight_h: f64,
    sunset_c: f64,
    /// Sunset of the day before, h before this midnight as a negative clock hour.
    previous_sunset_h: f64,
    previous_sunset_c: f64,
    /// Minimum of the day after, clock hour beyond 24.
    next_min_h: f64,
    next_tmin_c: f64,
}

impl TemperatureCurve {
    /// The curve of `day` between its neighbours.
    pub fn new(site: &Site, previous: &DayRecord, day: &DayRecord, next: &DayRecord) -> Self {
        let before = Arc::new(site, previous);
        let today = Arc::new(site, day);
        let after = Arc::new(site, next);
        Self {
            min_h: today.min_h,
            sunset_h: today.sunset_h,
            tmin_c: day.tmin_c,
            tmax_c: day.tmax_c,
            daylight_h: today.daylight_h,
            sunset_c: today.sunset_c,
            previous_sunset_h: before.sunset_h - 24.0,
            previous_sunset_c: before.sunset_c,
            next_min_h: after.min_h + 24.0,
            next_tmin_c: next.tmin_c,
        }
    }

    /// Air temperature at a clock hour, 0 to 24, degrees C.
    pub fn at_c(&self, clock_h: f64) -> f64 {
        if clock_h < self.min_h {
            let part = (clock_h - self.previous_sunset_h) / (self.min_h - self.previous_sunset_h);
            return PARTON_LOGAN.night_c(self.previous_sunset_c, self.tmin_c, part);
        }
        if clock_h <= self.sunset_h {
            let since_min_h = clock_h - self.min_h;
            return PARTON_LOGAN.day_c(self.tmin_c, self.tmax_c, self.daylight_h, since_min_h);
        }
        let part = (clock_h - self.sunset_h) / (self.next_min_h - self.sunset_h);
        PARTON_LOGAN.night_c(self.sunset_c, self.next_tmin_c, part)
    }
}

/// The daylight part of one day.
struct Arc {
    min_h: f64,
    sunset_h: f64,
    sunset_c: f64,
    daylight_h: f64,
}

impl Arc {
    fn new(site: &Site, day: &DayRecord) -> Self {
        // Beyond the polar circles there is no sunrise; an arc of 4 to 20 hours keeps the curve
        // defined.
        let daylight_h = solar::daylight_h(site.latitude_deg, day.doy).clamp(4.0, 20.0);
        let noon_h = solar::solar_noon_h(site, day.doy);
        let min_h = noon_h - 0.5 * daylight_h + PARTON_LOGAN.min_lag_h;
        let sunset_h = noon_h + 0.5 * daylight_h;
        let sunset_c = PARTON_LOGAN.day_c(day.tmin_c, day.tmax_c, daylight_h, sunset_h - min_h);
        Self { min_h, sunset_h, sunset_c, daylight_h }
    }
}

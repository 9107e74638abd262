//! The weather of a site as its station reported it, closed hour by hour.
//!
//! An hour's temperature, humidity, wind and radiation are the means of the reports that arrived in
//! it. Rain is a sum over intervals: where reports of the hour are missing, the missing intervals
//! are taken to be like those that arrived. An hour without any report has the weather of the same
//! hour of the last day that had one, or else of the last hour that had one, and no rain.

use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::Reading;
use fieldmirror_core::register::SiteModel;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_physics::et0::{self, Standard};
use fieldmirror_physics::soil::DayDemand;
use fieldmirror_physics::soil_temperature::{DIFFUSIVITY_M2S, SoilColumn};
use fieldmirror_physics::solar::{self, Site};

/// Ratio of radiation to clear-sky radiation before a day was seen.
///
/// # Source
/// FAO-56 ch. 4: 0.7 to 0.8 for nights of arid and semi-arid climates.
const FIRST_SKY: f64 = 0.7;

/// Days of weather replayed to bring a new soil column into its daily course.
const SPIN_UP_DAYS: usize = 3;

/// What a day asks of the crop before one was seen.
///
/// # Source
/// FAO-56: the reference conditions of tables 12 and 22 (2 m/s, 45 %, 5 mm/d).
const FIRST_DEMAND: DayDemand = DayDemand { et0_mm: 5.0, wind_2m_ms: 2.0, rh_min_pct: 45.0 };

/// One closed hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HourWeather {
    /// Reference evapotranspiration of the window, mm.
    pub(crate) et0_mm: f64,
    /// Rain of the window, mm.
    pub(crate) rain_mm: f64,
    /// Mean soil temperature at the probes' depth, degrees C; `None` before a day of weather was
    /// seen.
    pub(crate) soil_c: Option<f64>,
}

/// Means over an hour.
#[derive(Clone, Copy, Debug, Default)]
struct Air {
    temperature_c: f32,
    rh_pct: f32,
    wind_ms: f32,
    radiation_wm2: f32,
}

/// The weather twin of a site.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    place: Site,
    depth_m: f64,
    interval: Span,
    reports: u32,
    sums: [f64; 4],
    rain_mm: f64,
    /// The last known weather of each hour of the day, and bits of those known.
    by_hour: [Air; 24],
    known_hours: u32,
    last: Option<Air>,
    /// Radiation and clear-sky radiation of the day so far and of the last whole day.
    day: DaySums,
    demand: DayDemand,
    sky: f64,
    column: Option<Column>,
}

#[derive(Clone, Copy, Debug)]
struct DaySums {
    day: i64,
    et0_mm: f64,
    wind_ms: f64,
    rh_min_pct: f64,
    hours: f64,
    rs_mj: f64,
    rso_mj: f64,
}

impl DaySums {
    const fn new(day: i64) -> Self {
        Self {
            day,
            et0_mm: 0.0,
            wind_ms: 0.0,
            rh_min_pct: 100.0,
            hours: 0.0,
            rs_mj: 0.0,
            rso_mj: 0.0,
        }
    }
}

/// The soil column under the station and its mean at depth over the open window.
#[derive(Clone, Debug)]
struct Column {
    soil: SoilColumn,
    advanced_to: Timestamp,
    air_c: f64,
    sum_c: f64,
    weight_s: f64,
}

impl Column {
    fn advance(&mut self, to: Timestamp, air_c: f64, depth_m: f64) {
        let dt_s = (to - self.advanced_to).seconds();
        if dt_s > 0.0 {
            let before_c = self.soil.at_c(depth_m);
            self.soil.advance(dt_s, 0.5 * (self.air_c + air_c));
            self.sum_c += 0.5 * (before_c + self.soil.at_c(depth_m)) * dt_s;
            self.weight_s += dt_s;
            self.advanced_to = to;
        }
        self.air_c = air_c;
    }
}

impl Weather {
    /// The weather of a site whose station reports every `interval`. Clock hours are those of the
    /// scenario, taken as mean solar time of the site: the register knows no longitude.
    pub(crate) fn new(model: &SiteModel, interval: Span, start: Timestamp) -> Self {
        Self {
            place: Site {
                latitude_deg: model.latitude_deg,
                longitude_deg: 0.0,
                elevation_m: model.elevation_m,
                utc_offset_h: 0.0,
            },
            depth_m: model.probe.depth_m,
            interval,
            reports: 0,
            sums: [0.0; 4],
            rain_mm: 0.0,
            by_hour: [Air::default(); 24],
            known_hours: 0,
            last: None,
            day: DaySums::new(start.days()),
            demand: FIRST_DEMAND,
            sky: FIRST_SKY,
            column: None,
        }
    }

    /// Takes in a report of the station.
    pub(crate) fn observe(&mut self, reading: &Reading, received_at: Timestamp) {
        let metrics =
            [Metric::Temperature, Metric::RelativeHumidity, Metric::WindSpeed, Metric::Radiation];
        for (sum, metric) in self.sums.iter_mut().zip(metrics) {
            *sum += reading.metric(metric).unwrap_or(0.0);
        }
        self.rain_mm += reading.metric(Metric::Rain).unwrap_or(0.0);
        self.reports += 1;
        if let (Some(column), Some(air_c)) = (&mut self.column, reading.metric(Metric::Temperature))
        {
            column.advance(received_at, air_c, self.depth_m);
        }
    }

    /// What the last whole day asked of the crop, as the forecast of the next.
    pub(crate) const fn demand(&self) -> DayDemand {
        self.demand
    }

    /// Closes the window from `start` to `end`; `None` before the first report.
    pub(crate) fn close(&mut self, start: Timestamp, end: Timestamp) -> Option<HourWeather> {
        let hours = (end - start).hours();
        let slot = start.hour_of_day() as usize;
        let reported = self.take_means();
        let air = match reported {
            Some(air) => air,
            None if self.known_hours & (1 << slot) != 0 => self.by_hour[slot],
            None => self.last?,
        };
        let rain_mm = self.take_rain(end - start);
        self.turn_day(start.days());
        let et0_mm = self.et0_mm(&air, start, hours);
        self.day.et0_mm += et0_mm;
        self.day.wind_ms += f64::from(air.wind_ms) * hours;
        self.day.rh_min_pct = self.day.rh_min_pct.min(f64::from(air.rh_pct));
        self.day.hours += hours;
        if reported.is_some() {
            self.by_hour[slot] = air;
            self.known_hours |= 1 << slot;
            self.last = Some(air);
        }
        let soil_c = self.close_column(&air, slot, end);
        Some(HourWeather { et0_mm, rain_mm, soil_c })
    }

    fn take_means(&mut self) -> Option<Air> {
        if self.reports == 0 {
            return None;
        }
        let n = f64::from(self.reports);
        let [temperature, rh, wind, radiation] = self.sums.map(|sum| (sum / n) as f32);
        self.sums = [0.0; 4];
        Some(Air {
            temperature_c: temperature,
            rh_pct: rh.clamp(1.0, 100.0),
            wind_ms: wind.max(0.0),
            radiation_wm2: radiation.max(0.0),
        })
    }

    fn take_rain(&mut self, window: Span) -> f64 {
        let due = window.seconds() / self.interval.seconds().max(1.0);
        let missing = if self.reports == 0 { 1.0 } else { due / f64::from(self.reports) };
        // Half an interval is a matter of phase, not of loss.
        let scale = if due - f64::from(self.reports) > 0.5 { missing.max(1.0) } else { 1.0 };
        let rain_mm = self.rain_mm * scale;
        self.rain_mm = 0.0;
        self.reports = 0;
        rain_mm
    }

    fn turn_day(&mut self, day: i64) {
        if day == self.day.day {
            return;
        }
        if self.day.hours > 0.0 {
            self.demand = DayDemand {
                et0_mm: self.day.et0_mm * 24.0 / self.day.hours,
                wind_2m_ms: self.day.wind_ms / self.day.hours,
                rh_min_pct: self.day.rh_min_pct,
            };
        }
        self.day = DaySums::new(day);
    }

    fn et0_mm(&mut self, air: &Air, start: Timestamp, hours: f64) -> f64 {
        let temperature_c = f64::from(air.temperature_c);
        let doy = start.day_of_year() as u16;
        let middle_h = start.hour_of_day() + 0.5 * hours;
        let ra_mj = solar::ra_period_mj(&self.place, doy, middle_h, hours) / hours;
        let rs_mj = f64::from(air.radiation_wm2) * 3_600e-6;
        let rso_mj = et0::rso_mj(ra_mj, self.place.elevation_m);
        if rso_mj > 0.0 {
            self.day.rs_mj += rs_mj * hours;
            self.day.rso_mj += rso_mj * hours;
            self.sky = (self.day.rs_mj / self.day.rso_mj).clamp(0.25, 1.0);
        }
        let saturation_kpa = et0::saturation_vapour_kpa(temperature_c);
        let hour = et0::HourlyInput {
            temperature_c,
            ea_kpa: saturation_kpa * f64::from(air.rh_pct) / 100.0,
            wind_2m_ms: f64::from(air.wind_ms),
            rs_mj,
            ra_mj,
            night_rs_rso: self.sky,
            elevation_m: self.place.elevation_m,
        };
        et0::hourly_mm(Standard::Fao56, &hour).max(0.0) * hours
    }

    fn close_column(&mut self, air: &Air, slot: usize, end: Timestamp) -> Option<f64> {
        const ALL_HOURS: u32 = (1 << 24) - 1;
        if let Some(column) = &mut self.column {
            column.advance(end, f64::from(air.temperature_c), self.depth_m);
            let mean_c = column.sum_c / column.weight_s.max(1e-9);
            (column.sum_c, column.weight_s) = (0.0, 0.0);
            return Some(mean_c);
        }
        if self.known_hours == ALL_HOURS {
            self.column = Some(self.spun_up(slot, end));
        }
        None
    }

    /// A column in the daily course of the day that was seen. Its bottom keeps that day's mean: the
    /// yearly mean is not in the register, and a probe's learned offset takes up the difference.
    fn spun_up(&self, slot: usize, end: Timestamp) -> Column {
        let hourly = self.by_hour.map(|air| f64::from(air.temperature_c));
        let mean_c = hourly.iter().sum::<f64>() / 24.0;
        let mut soil = SoilColumn::new(DIFFUSIVITY_M2S, mean_c, mean_c);
        for hour in 0..SPIN_UP_DAYS * 24 {
            soil.advance(3_600.0, hourly[(slot + 1 + hour) % 24]);
        }
        Column { soil, advanced_to: end, air_c: hourly[slot], sum_c: 0.0, weight_s: 0.0 }
    }
}

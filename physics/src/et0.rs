//! Reference evapotranspiration of a grass surface, daily and hourly, and the quantities it is made
//! of.
//!
//! Radiation that reaches the top of the air is in [`crate::solar`]; here is what the air leaves of
//! it.

/// Which set of constants the Penman-Monteith equation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standard {
    /// FAO Irrigation and Drainage Paper 56 (1998): Stefan-Boltzmann 4.903e-9, hourly Cd .34.
    #[default]
    Fao56,
    /// ASCE standardized short crop (2005): Stefan-Boltzmann 4.901e-9, cloud factor within .05..=1,
    /// hourly Cd .24 by day and .96 by night.
    Asce2005,
}

impl Standard {
    /// Stefan-Boltzmann constant, MJ K-4 m-2 d-1.
    ///
    /// # Source
    /// FAO-56 eq. 39; ASCE (2005) eq. 17.
    pub fn stefan_boltzmann_mj(self) -> f64 {
        match self {
            Self::Fao56 => 4.903e-9,
            Self::Asce2005 => 4.901e-9,
        }
    }

    /// Cloudiness factor of the net long-wave radiation for a ratio Rs/Rso.
    ///
    /// # Source
    /// FAO-56 eq. 39 (ratio at most 1); ASCE (2005) eq. 18 (ratio within .3..=1, factor within
    /// .05..=1).
    pub fn cloud_factor(self, rs_rso: f64) -> f64 {
        match self {
            Self::Fao56 => 1.35 * rs_rso.min(1.0) - 0.35,
            Self::Asce2005 => (1.35 * rs_rso.clamp(0.3, 1.0) - 0.35).clamp(0.05, 1.0),
        }
    }
}

/// Saturation vapour pressure at an air temperature in degrees C, kPa.
///
/// # Source
/// FAO-56 eq. 11.
pub fn saturation_vapour_kpa(temperature_c: f64) -> f64 {
    0.6108 * libm::exp(17.27 * temperature_c / (temperature_c + 237.3))
}

/// Mean of the saturation vapour pressures at a day's extremes, kPa.
///
/// # Source
/// FAO-56 eq. 12.
pub fn mean_saturation_vapour_kpa(tmin_c: f64, tmax_c: f64) -> f64 {
    0.5 * (saturation_vapour_kpa(tmin_c) + saturation_vapour_kpa(tmax_c))
}

/// Slope of the saturation vapour pressure curve, kPa per degree C.
///
/// # Source
/// FAO-56 eq. 13.
pub fn slope_kpa_per_c(temperature_c: f64) -> f64 {
    let t = temperature_c + 237.3;
    4098.0 * saturation_vapour_kpa(temperature_c) / (t * t)
}

/// Atmospheric pressure at an elevation in m, kPa.
///
/// # Source
/// FAO-56 eq. 7.
pub fn pressure_kpa(elevation_m: f64) -> f64 {
    101.3 * libm::pow((293.0 - 0.0065 * elevation_m) / 293.0, 5.26)
}

/// Psychrometric constant, kPa per degree C.
///
/// # Source
/// FAO-56 eq. 8.
pub fn psychrometric_kpa_per_c(pressure_kpa: f64) -> f64 {
    0.665e-3 * pressure_kpa
}

/// Actual vapour pressure from the wet and dry bulb of an aspirated psychrometer, kPa.
///
/// # Source
/// FAO-56 eq. 15-16, coefficient .000662 (Asmann type).
pub fn vapour_from_psychrometer_kpa(dry_c: f64, wet_c: f64, pressure_kpa: f64) -> f64 {
    saturation_vapour_kpa(wet_c) - 0.000_662 * pressure_kpa * (dry_c - wet_c)
}

/// Actual vapour pressure from a day's extreme temperatures and relative humidities in percent,
/// kPa.
///
/// # Source
/// FAO-56 eq. 17.
pub fn vapour_from_humidity_kpa(tmin_c: f64, tmax_c: f64, rh_max_pct: f64, rh_min_pct: f64) -> f64 {
    0.5 * (saturation_vapour_kpa(tmin_c) * rh_max_pct / 100.0
        + saturation_vapour_kpa(tmax_c) * rh_min_pct / 100.0)
}

/// Relative humidity of air holding `ea_kpa` at a temperature, percent, at most 100.
///
/// # Source
/// FAO-56 eq. 10.
pub fn relative_humidity_pct(ea_kpa: f64, temperature_c: f64) -> f64 {
    (100.0 * ea_kpa / saturation_vapour_kpa(temperature_c)).min(100.0)
}

/// Dew point assumed from the night's minimum, degrees C: `depression_c` is 0 in humid places, 2 to
/// 3 in arid ones.
///
/// # Source
/// FAO-56 eq. 48 and annex 6.
pub fn dew_point_from_tmin_c(tmin_c: f64, depression_c: f64) -> f64 {
    tmin_c - depression_c
}

/// Wind speed at 2 m from one measured at `height_m` above ground, m/s.
///
/// # Source
/// FAO-56 eq. 47.
pub fn wind_to_2m_ms(wind_ms: f64, height_m: f64) -> f64 {
    wind_ms * 4.87 / libm::log(67.8 * height_m - 5.42)
}

/// Short-wave radiation under a clear sky, of the same period as `ra_mj`, MJ m-2.
///
/// # Source
/// FAO-56 eq. 37.
pub fn rso_mj(ra_mj: f64, elevation_m: f64) -> f64 {
    (0.75 + 2e-5 * elevation_m) * ra_mj
}

/// Short-wave radiation from hours of sunshine, MJ m-2 d-1.
///
/// # Source
/// FAO-56 eq. 35 (Angstrom, a = .25, b = .50).
pub fn rs_from_sunshine_mj(ra_mj: f64, sunshine_h: f64, daylight_h: f64) -> f64 {
    (0.25 + 0.50 * sunshine_h / daylight_h) * ra_mj
}

/// Short-wave radiation from the daily temperature range, MJ m-2 d-1; `krs` is .16 inland and .19
/// at the coast.
///
/// # Source
/// FAO-56 eq. 50 (Hargreaves). The caller limits it to [`rso_mj`].
pub fn rs_hargreaves_mj(krs: f64, tmin_c: f64, tmax_c: f64, ra_mj: f64) -> f64 {
    krs * (tmax_c - tmin_c).max(0.0).sqrt() * ra_mj
}

/// Net short-wave radiation for the albedo .23 of grass, MJ m-2 of the period of `rs_mj`.
///
/// # Source
/// FAO-56 eq. 38.
pub fn rns_mj(rs_mj: f64) -> f64 {
    0.77 * rs_mj
}

/// Net outgoing long-wave radiation of a day, MJ m-2 d-1.
///
/// # Source
/// FAO-56 eq. 39.
pub fn rnl_daily_mj(standard: Standard, tmin_c: f64, tmax_c: f64, ea_kpa: f64, rs_rso: f64) -> f64 {
    let fourth = 0.5 * (kelvin_fourth(tmin_c) + kelvin_fourth(tmax_c));
    standard.stefan_boltzmann_mj()
        * fourth
        * (0.34 - 0.14 * ea_kpa.sqrt())
        * standard.cloud_factor(rs_rso)
}

/// Net outgoing long-wave radiation of an hour, MJ m-2 h-1.
///
/// # Source
/// FAO-56 eq. 39 with the constant divided by 24, as its example 19.
pub fn rnl_hourly_mj(standard: Standard, temperature_c: f64, ea_kpa: f64, rs_rso: f64) -> f64 {
    rnl_daily_mj(standard, temperature_c, temperature_c, ea_kpa, rs_rso) / 24.0
}

/// What the daily equation needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DailyInput {
    /// Minimum air temperature, degrees C.
    pub tmin_c: f64,
    /// Maximum air temperature, degrees C.
    pub tmax_c: f64,
    /// Actual vapour pressure, kPa.
    pub ea_kpa: f64,
    /// Mean wind speed at 2 m, m/s.
    pub wind_2m_ms: f64,
    /// Short-wave radiation, MJ m-2 d-1.
    pub rs_mj: f64,
    /// Extraterrestrial radiation, MJ m-2 d-1.
    pub ra_mj: f64,
    /// Soil heat flux, MJ m-2 d-1; 0 for single days.
    pub soil_heat_mj: f64,
    /// Elevation of the site, m.
    pub elevation_m: f64,
}

/// Reference evapotranspiration of a day, mm, never negative.
///
/// # Source
/// FAO-56 eq. 6; ASCE (2005) eq. 1 with Cn 900, Cd .34.
pub fn daily_mm(standard: Standard, day: &DailyInput) -> f64 {
    let t = 0.5 * (day.tmin_c + day.tmax_c);
    let rn = rn_daily_mj(standard, day);
    let es = mean_saturation_vapour_kpa(day.tmin_c, day.tmax_c);
    let gamma = psychrometric_kpa_per_c(pressure_kpa(day.elevation_m));
    let rates = Rates {
        energy_mj: rn - day.soil_heat_mj,
        deficit_kpa: es - day.ea_kpa,
        cn: 900.0,
        cd: 0.34,
    };
    penman_monteith_mm(t, gamma, day.wind_2m_ms, &rates).max(0.0)
}

/// Net radiation of a day, MJ m-2 d-1.
///
/// # Source
/// FAO-56 eq. 40.
pub fn rn_daily_mj(standard: Standard, day: &DailyInput) -> f64 {
    let rso = rso_mj(day.ra_mj, day.elevation_m);
    let ratio = if rso > 0.0 { day.rs_mj / rso } else { 1.0 };
    rns_mj(day.rs_mj) - rnl_daily_mj(standard, day.tmin_c, day.tmax_c, day.ea_kpa, ratio)
}

/// What the hourly equation needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HourlyInput {
    /// Mean air temperature, degrees C.
    pub temperature_c: f64,
    /// Actual vapour pressure, kPa.
    pub ea_kpa: f64,
    /// Mean wind speed at 2 m, m/s.
    pub wind_2m_ms: f64,
    /// Short-wave radiation, MJ m-2 h-1.
    pub rs_mj: f64,
    /// Extraterrestrial radiation, MJ m-2 h-1; 0 means night.
    pub ra_mj: f64,
    /// Rs/Rso that stands for the sky while the sun is down (the ratio of the hours before sunset;
    /// FAO-56 suggests .3 to .5 in humid and .7 to .8 in arid climates).
    pub night_rs_rso: f64,
    /// Elevation of the site, m.
    pub elevation_m: f64,
}

/// Reference evapotranspiration of an hour, mm. Slightly negative on nights with dew.
///
/// # Source
/// FAO-56 eq. 53; ASCE (2005) eq. 1 with the short-crop constants of its table 1.
pub fn hourly_mm(standard: Standard, hour: &HourlyInput) -> f64 {
    let rn = rn_hourly_mj(standard, hour);
    let is_day = match standard {
        Standard::Fao56 => hour.ra_mj > 0.0,
        Standard::Asce2005 => rn > 0.0,
    };
    let soil_heat_mj = if is_day { 0.1 * rn } else { 0.5 * rn };
    let cd = match (standard, is_day) {
        (Standard::Fao56, _) => 0.34,
        (Standard::Asce2005, true) => 0.24,
        (Standard::Asce2005, false) => 0.96,
    };
    let gamma = psychrometric_kpa_per_c(pressure_kpa(hour.elevation_m));
    let rates = Rates {
        energy_mj: rn - soil_heat_mj,
        deficit_kpa: saturation_vapour_kpa(hour.temperature_c) - hour.ea_kpa,
        cn: 37.0,
        cd,
    };
    penman_monteith_mm(hour.temperature_c, gamma, hour.wind_2m_ms, &rates)
}

/// Net radiation of an hour, MJ m-2 h-1.
///
/// # Source
/// FAO-56 eq. 40 with hourly values.
pub fn rn_hourly_mj(standard: Standard, hour: &HourlyInput) -> f64 {
    let rso = rso_mj(hour.ra_mj, hour.elevation_m);
    let ratio = if rso > 0.0 { hour.rs_mj / rso } else { hour.night_rs_rso };
    rns_mj(hour.rs_mj) - rnl_hourly_mj(standard, hour.temperature_c, hour.ea_kpa, ratio)
}

/// Reference evapotranspiration from temperatures alone, mm/d.
///
/// # Source
/// FAO-56 eq. 52 (Hargreaves), `ra_mj` turned into mm by .408.
pub fn hargreaves_mm(tmin_c: f64, tmax_c: f64, ra_mj: f64) -> f64 {
    let mean = 0.5 * (tmin_c + tmax_c);
    0.0023 * (mean + 17.8) * (tmax_c - tmin_c).max(0.0).sqrt() * 0.408 * ra_mj
}

struct Rates {
    energy_mj: f64,
    deficit_kpa: f64,
    cn: f64,
    cd: f64,
}

fn penman_monteith_mm(temperature_c: f64, gamma: f64, wind_2m_ms: f64, rates: &Rates) -> f64 {
    let delta = slope_kpa_per_c(temperature_c);
    let aerodynamic = gamma * rates.cn / (temperature_c + 273.0) * wind_2m_ms * rates.deficit_kpa;
    (0.408 * delta * rates.energy_mj + aerodynamic)
        / (delta + gamma * (1.0 + rates.cd * wind_2m_ms))
}

fn kelvin_fourth(temperature_c: f64) -> f64 {
    let k2 = (temperature_c + 273.16) * (temperature_c + 273.16);
    k2 * k2
}

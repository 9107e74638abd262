//! Where the sun stands: extraterrestrial radiation, day length and sunrise at a site.
//!
//! All clock hours are local standard time of [`Site::utc_offset_h`], 0 to 24.

use std::f64::consts::PI;

/// Solar constant, MJ m-2 min-1.
///
/// # Source
/// FAO-56 eq. 21; ASCE (2005) uses the same value as 4.92 MJ m-2 h-1.
pub const SOLAR_CONSTANT_MJ_M2_MIN: f64 = 0.0820;

/// A place on earth, as the radiation formulas need it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Site {
    /// Latitude, degrees, north positive.
    pub latitude_deg: f64,
    /// Longitude, degrees, east positive.
    pub longitude_deg: f64,
    /// Elevation above sea level, m.
    pub elevation_m: f64,
    /// Local standard time minus UTC, h.
    pub utc_offset_h: f64,
}

/// Inverse relative distance earth-sun on a day of the year (1..=366).
///
/// # Source
/// FAO-56 eq. 23.
pub fn inverse_distance(doy: u16) -> f64 {
    1.0 + 0.033 * libm::cos(2.0 * PI * f64::from(doy) / 365.0)
}

/// Solar declination, rad, on a day of the year (1..=366).
///
/// # Source
/// FAO-56 eq. 24.
pub fn declination_rad(doy: u16) -> f64 {
    0.409 * libm::sin(2.0 * PI * f64::from(doy) / 365.0 - 1.39)
}

/// Sunset hour angle, rad in 0..=pi (0 in polar night, pi under the midnight sun).
///
/// # Source
/// FAO-56 eq. 25.
pub fn sunset_angle_rad(latitude_deg: f64, doy: u16) -> f64 {
    let latitude = latitude_deg.to_radians();
    let cosine = -libm::tan(latitude) * libm::tan(declination_rad(doy));
    libm::acos(cosine.clamp(-1.0, 1.0))
}

/// Daylight hours, h.
///
/// # Source
/// FAO-56 eq. 34.
pub fn daylight_h(latitude_deg: f64, doy: u16) -> f64 {
    24.0 / PI * sunset_angle_rad(latitude_deg, doy)
}

/// Extraterrestrial radiation of a day, MJ m-2 d-1.
///
/// # Source
/// FAO-56 eq. 21.
pub fn ra_daily_mj(latitude_deg: f64, doy: u16) -> f64 {
    let latitude = latitude_deg.to_radians();
    let declination = declination_rad(doy);
    let sunset = sunset_angle_rad(latitude_deg, doy);
    24.0 * 60.0 / PI
        * SOLAR_CONSTANT_MJ_M2_MIN
        * inverse_distance(doy)
        * (sunset * libm::sin(latitude) * libm::sin(declination)
            + libm::cos(latitude) * libm::cos(declination) * libm::sin(sunset))
}

/// Seasonal correction of solar time, h.
///
/// # Source
/// FAO-56 eq. 32-33.
pub fn seasonal_correction_h(doy: u16) -> f64 {
    let b = 2.0 * PI * (f64::from(doy) - 81.0) / 364.0;
    0.1645 * libm::sin(2.0 * b) - 0.1255 * libm::cos(b) - 0.025 * libm::sin(b)
}

/// Solar hour angle, rad in -pi..=pi, 0 at solar noon, at a clock hour.
///
/// # Source
/// FAO-56 eq. 31 (its `Lz - Lm` in degrees west is `longitude - 15 utc_offset` in degrees east).
pub fn hour_angle_rad(site: &Site, doy: u16, clock_h: f64) -> f64 {
    let angle = PI / 12.0 * (solar_h(site, doy, clock_h) - 12.0);
    if angle > PI {
        angle - 2.0 * PI
    } else if angle < -PI {
        angle + 2.0 * PI
    } else {
        angle
    }
}

/// Clock hour of solar noon, h.
///
/// # Source
/// FAO-56 eq. 31 solved for the hour angle 0.
pub fn solar_noon_h(site: &Site, doy: u16) -> f64 {
    12.0 - (solar_h(site, doy, 12.0) - 12.0)
}

/// Extraterrestrial radiation of a period of `length_h` hours (24 or less) around the clock hour
/// `middle_h`, MJ m-2.
///
/// The hour angles at the ends are cut at sunrise and sunset, so that the hour in which the sun
/// rises counts for the part it has and the hours of a day add up to [`ra_daily_mj`].
///
/// # Source
/// FAO-56 eq. 28-30; the cut is ASCE (2005) eq. 56.
pub fn ra_period_mj(site: &Site, doy: u16, middle_h: f64, length_h: f64) -> f64 {
    let latitude = site.latitude_deg.to_radians();
    let declination = declination_rad(doy);
    let sunset = sunset_angle_rad(site.latitude_deg, doy);
    let middle = hour_angle_rad(site, doy, middle_h);
    let half = PI * length_h / 24.0;
    // A period around midnight sees the evening before and the morning after: the three copies
    // cover both.
    let mut sum = 0.0;
    for turn in [-2.0 * PI, 0.0, 2.0 * PI] {
        let from = (middle + turn - half).clamp(-sunset, sunset);
        let to = (middle + turn + half).clamp(-sunset, sunset);
        if to > from {
            sum += (to - from) * libm::sin(latitude) * libm::sin(declination)
                + libm::cos(latitude) * libm::cos(declination) * (libm::sin(to) - libm::sin(from));
        }
    }
    let ra = 12.0 * 60.0 / PI * SOLAR_CONSTANT_MJ_M2_MIN * inverse_distance(doy) * sum;
    ra.max(0.0)
}

fn solar_h(site: &Site, doy: u16, clock_h: f64) -> f64 {
    clock_h + 0.06667 * (site.longitude_deg - 15.0 * site.utc_offset_h) + seasonal_correction_h(doy)
}

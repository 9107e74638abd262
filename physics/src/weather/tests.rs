//! Downscaled hours keep the sums and extremes of the day they come from.

use super::*;
use crate::draws::Draws;

const SITE: Site =
    Site { latitude_deg: 40.4, longitude_deg: -101.7, elevation_m: 1020.0, utc_offset_h: -7.0 };

fn random_record(draws: &mut Draws, doy: u16) -> DayRecord {
    let tmin_c = draws.between(-5.0, 20.0);
    let missing = MissingData {
        krs: 0.16,
        wind_2m_ms: draws.between(0.5, 6.0),
        dew_depression_c: draws.between(0.0, 3.0),
    };
    let rain_mm = if draws.uniform() < 0.5 { draws.between(0.0, 60.0) } else { 0.0 };
    let tmax_c = tmin_c + draws.between(3.0, 20.0);
    DayRecord::from_temperatures(&SITE, doy, tmin_c, tmax_c, rain_mm, &missing)
}

fn rain_draws(draws: &mut Draws) -> [f64; RAIN_DRAWS] {
    std::array::from_fn(|_| draws.uniform())
}

fn season(seed: u64) -> (Vec<DayRecord>, Vec<DayWeather>) {
    let mut draws = Draws::new(seed);
    let records: Vec<_> = (1..=366).map(|doy| random_record(&mut draws, doy)).collect();
    let days = (0..records.len())
        .map(|i| {
            DayWeather::downscale(
                &SITE,
                Standard::Fao56,
                i.checked_sub(1).map(|before| &records[before]),
                &records[i],
                records.get(i + 1),
                &rain_draws(&mut draws),
            )
        })
        .collect();
    (records, days)
}

#[test]
fn rain_and_radiation_of_the_hours_add_up_to_the_day_to_the_last_bit() {
    for seed in 0..40 {
        for day in season(seed).1 {
            let rain_mm: f64 = day.hours.iter().map(|hour| hour.rain_mm).sum();
            let rs_mj: f64 = day.hours.iter().map(|hour| hour.rs_mj).sum();
            assert_eq!(rain_mm, day.record.rain_mm);
            assert_eq!(rs_mj, day.record.rs_mj);
            assert!(day.hours.iter().all(|hour| hour.rain_mm >= 0.0 && hour.rs_mj >= 0.0));
        }
    }
}

#[test]
fn hours_of_sun_add_up_to_the_radiation_above_the_air() {
    for doy in (1..=365).step_by(13) {
        for latitude_deg in [-60.0, -33.0, 0.0, 40.4, 66.0] {
            let site = Site { latitude_deg, ..SITE };
            let sum: f64 =
                HOUR_MIDDLES.iter().map(|&h| solar::ra_period_mj(&site, doy, h, 1.0)).sum();
            let day = solar::ra_daily_mj(latitude_deg, doy);
            assert!((sum - day).abs() < 1e-9 + 1e-9 * day, "{latitude_deg} {doy}: {sum} {day} MJ");
        }
    }
}

#[test]
fn temperature_touches_the_extremes_and_meets_at_midnight() {
    let (records, days) = season(3);
    for i in 1..days.len() - 1 {
        let (day, record) = (&days[i], &records[i]);
        let high_c = (0..=1440)
            .map(|minute| day.temperature_at(f64::from(minute) / 60.0))
            .fold(f64::MIN, f64::max);
        // Evenings of colder and warmer neighbours may lie outside the day's own extremes.
        assert!((day.temperature_at(day.curve.min_h) - record.tmin_c).abs() < 1e-9);
        assert!(high_c > record.tmax_c - 0.01, "{high_c} against {} degrees C", record.tmax_c);
        let (evening_c, morning_c) = (day.temperature_at(24.0), days[i + 1].temperature_at(0.0));
        assert!((evening_c - morning_c).abs() < 1e-9, "midnight: {evening_c} and {morning_c}");
    }
}

#[test]
fn hourly_demand_is_near_that_of_the_day() {
    let (_, days) = season(5);
    let hourly_mm: f64 = days.iter().flat_map(|day| &day.hours).map(|hour| hour.et0_mm).sum();
    let daily_mm: f64 = days.iter().map(|day| day.et0_daily_mm).sum();
    assert!(
        (hourly_mm - daily_mm).abs() < 0.1 * daily_mm,
        "demand of the year: {hourly_mm} mm by hours, {daily_mm} mm by days"
    );
}

#[test]
fn humidity_and_wind_stay_within_their_bounds() {
    for day in season(9).1 {
        let wind_ms: f64 = day.hours.iter().map(|hour| hour.wind_2m_ms).sum::<f64>() / 24.0;
        assert!((wind_ms - day.record.wind_2m_ms).abs() < 1e-12);
        for hour in &day.hours {
            assert!((0.0..=100.0).contains(&hour.rh_pct), "{hour:?}");
            assert!(hour.et0_mm >= 0.0 && hour.wind_2m_ms > 0.0);
        }
        let afternoon = day.rh_at(day.curve.min_h + 10.0);
        assert!(afternoon <= day.rh_at(day.curve.min_h) + 1e-9);
    }
}

#[test]
fn storms_are_one_to_four_and_differ_by_their_draws() {
    let mut draws = Draws::new(11);
    let mut wet_hours = Vec::new();
    for _ in 0..500 {
        let hours = split_rain_mm(10.0, &rain_draws(&mut draws));
        wet_hours.push(hours.iter().filter(|&&mm| mm > 0.0).count());
    }
    let mean = wet_hours.iter().sum::<usize>() as f64 / 500.0;
    assert!((3.0..12.0).contains(&mean), "{mean} wet hours a day");
    assert_eq!(split_rain_mm(0.0, &[0.5; RAIN_DRAWS]), [0.0; 24]);
}

#[test]
fn extreme_draws_give_a_rainy_day_too() {
    let largest = 1.0 - f64::EPSILON / 2.0;
    for draw in [0.0, 0.5, largest] {
        let hours = split_rain_mm(7.3, &[draw; RAIN_DRAWS]);
        assert_eq!(hours.iter().sum::<f64>(), 7.3);
        assert!(hours.iter().all(|mm| mm.is_finite()));
    }
}

#[test]
fn total_without_weights_falls_at_noon() {
    let parts = split_by_weights(5.0, &[0.0; 24]);
    assert_eq!(parts[12], 5.0);
    assert_eq!(parts.iter().sum::<f64>(), 5.0);
}

//! FAO-56's worked examples and other closed forms, as printed and to full precision.

use fieldmirror_physics::{
    et0::{self, DailyInput, HourlyInput, Standard},
    runoff, sensor,
    solar::{self, Site},
    weather::PARTON_LOGAN,
};
use serde_json::Value;

/// For values of our own from the same inputs.
const CALC: f64 = 1e-4;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/closed_form.json")).expect("valid JSON")
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("no number {key} in {value}"))
}

fn close(what: &str, value: f64, expected: f64, tolerance: f64) {
    let error = (value - expected).abs();
    assert!(error <= tolerance + 1e-12, "{what}: {value}, expected {expected} within {tolerance}");
}

fn example(name: &str) -> Value {
    let fixture = fixture();
    let all = fixture["eto"].as_array().expect("a list").clone();
    all.into_iter()
        .find(|one| one["name"].as_str().is_some_and(|text| text.contains(name)))
        .unwrap_or_else(|| panic!("no example {name}"))
}

fn check_daily(example: &Value, day: &DailyInput, eto_tolerance: f64) {
    let calc = &example["calc"];
    let rn = et0::rn_daily_mj(Standard::Fao56, day);
    let eto = et0::daily_mm(Standard::Fao56, day);
    let mean = 0.5 * (day.tmin_c + day.tmax_c);
    let pressure_kpa = et0::pressure_kpa(day.elevation_m);
    close("ra", day.ra_mj, number(calc, "ra"), CALC);
    close("rs", day.rs_mj, number(calc, "rs"), CALC);
    close("rso", et0::rso_mj(day.ra_mj, day.elevation_m), number(calc, "rso"), CALC);
    close("rns", et0::rns_mj(day.rs_mj), number(calc, "rns"), CALC);
    close("rn", rn, number(calc, "rn"), CALC);
    close("ea", day.ea_kpa, number(calc, "ea"), CALC);
    let es = et0::mean_saturation_vapour_kpa(day.tmin_c, day.tmax_c);
    close("es", es, number(calc, "es"), CALC);
    close("delta", et0::slope_kpa_per_c(mean), number(calc, "delta"), CALC);
    close("gamma", et0::psychrometric_kpa_per_c(pressure_kpa), number(calc, "gamma"), CALC);
    close("eto", eto, number(calc, "eto"), CALC);
    close("eto printed", eto, number(&example["printed"], "eto"), eto_tolerance);
}

#[test]
fn example_18_uccle_by_day() {
    let example = example("ex18");
    let ra_mj = solar::ra_daily_mj(50.8, 187);
    let daylight_h = solar::daylight_h(50.8, 187);
    let day = DailyInput {
        tmin_c: 12.3,
        tmax_c: 21.5,
        ea_kpa: et0::vapour_from_humidity_kpa(12.3, 21.5, 84.0, 63.0),
        wind_2m_ms: et0::wind_to_2m_ms(2.78, 10.0),
        rs_mj: et0::rs_from_sunshine_mj(ra_mj, 9.25, daylight_h),
        ra_mj,
        soil_heat_mj: 0.0,
        elevation_m: 100.0,
    };
    close("N", daylight_h, number(&example["calc"], "N"), CALC);
    close("u2", day.wind_2m_ms, number(&example["calc"], "u2"), CALC);
    close("rn printed", et0::rn_daily_mj(Standard::Fao56, &day), 13.28, 5e-3);
    close("ra printed", ra_mj, 41.09, 5e-3);
    close("rs printed", day.rs_mj, 22.07, 5e-3);
    check_daily(&example, &day, 0.05);
}

#[test]
fn example_17_bangkok_by_month() {
    let example = example("ex17");
    let ra_mj = solar::ra_daily_mj(13.73, 105);
    let day = DailyInput {
        tmin_c: 25.6,
        tmax_c: 34.8,
        ea_kpa: 2.85,
        wind_2m_ms: 2.0,
        rs_mj: et0::rs_from_sunshine_mj(ra_mj, 8.5, solar::daylight_h(13.73, 105)),
        ra_mj,
        soil_heat_mj: 0.14 * (30.2 - 29.2),
        elevation_m: 2.0,
    };
    check_daily(&example, &day, 5e-3);
}

#[test]
fn example_20_lyon_with_missing_data() {
    let example = example("ex20");
    let ra_mj = solar::ra_daily_mj(45.72, 196);
    let day = DailyInput {
        tmin_c: 14.8,
        tmax_c: 26.6,
        ea_kpa: et0::saturation_vapour_kpa(et0::dew_point_from_tmin_c(14.8, 0.0)),
        wind_2m_ms: 2.0,
        rs_mj: et0::rs_hargreaves_mj(0.16, 14.8, 26.6, ra_mj),
        ra_mj,
        soil_heat_mj: 0.0,
        elevation_m: 200.0,
    };
    check_daily(&example, &day, 0.05);
    let hargreaves = et0::hargreaves_mm(14.8, 26.6, ra_mj);
    close("hargreaves", hargreaves, number(&example["calc"], "hargreaves"), CALC);
    close("hargreaves printed", hargreaves, 5.0, 0.05);
}

#[test]
fn example_19_ndiaye_by_hour_at_night_and_by_day() {
    let site =
        Site { latitude_deg: 16.22, longitude_deg: -16.25, elevation_m: 8.0, utc_offset_h: -1.0 };
    for (name, printed) in [("02-03", 0.0), ("14-15", 0.63)] {
        let example = example(name);
        let (inp, calc) = (&example["inp"], &example["calc"]);
        let (middle_h, temperature_c) = (number(inp, "tmid"), number(inp, "T"));
        let hour = HourlyInput {
            temperature_c,
            ea_kpa: et0::saturation_vapour_kpa(temperature_c) * number(inp, "rh") / 100.0,
            wind_2m_ms: number(inp, "u2"),
            rs_mj: number(inp, "rs"),
            ra_mj: solar::ra_period_mj(&site, 274, middle_h, 1.0),
            night_rs_rso: 0.8,
            elevation_m: 8.0,
        };
        close("Sc", solar::seasonal_correction_h(274), number(calc, "Sc"), CALC);
        close("w", solar::hour_angle_rad(&site, 274, middle_h), number(calc, "w"), CALC);
        close("ra", hour.ra_mj, number(calc, "ra"), CALC);
        close("ea", hour.ea_kpa, number(calc, "ea"), CALC);
        close("rn", et0::rn_hourly_mj(Standard::Fao56, &hour), number(calc, "rn"), CALC);
        let eto = et0::hourly_mm(Standard::Fao56, &hour);
        close("eto", eto, number(calc, "eto"), CALC);
        close("eto printed", eto, printed, 5e-3);
    }
}

#[test]
fn examples_2_to_15_have_their_printed_parts() {
    let fixture = fixture();
    let parts = fixture["fao56_parts"].as_array().expect("a list");
    let ours = [
        et0::pressure_kpa(1800.0),
        et0::psychrometric_kpa_per_c(81.8),
        et0::mean_saturation_vapour_kpa(15.0, 24.5),
        et0::vapour_from_psychrometer_kpa(25.6, 19.5, et0::pressure_kpa(1200.0)),
        et0::vapour_from_humidity_kpa(18.0, 25.0, 82.0, 54.0),
        solar::ra_daily_mj(-20.0, 246),
        solar::daylight_h(-20.0, 246),
        et0::rs_from_sunshine_mj(25.1, 7.1, 10.9),
        et0::rnl_daily_mj(Standard::Fao56, 19.1, 25.1, 2.1, 14.5 / 18.8),
        0.07 * (18.8 - 14.1),
        et0::wind_to_2m_ms(3.2, 10.0),
        et0::rs_hargreaves_mj(0.16, 14.8, 26.6, 40.6),
    ];
    assert_eq!(parts.len(), ours.len());
    for (part, value) in parts.iter().zip(ours) {
        let what = part["fn"].as_str().expect("a name");
        close(what, value, number(part, "exp"), number(part, "tol"));
    }
}

#[test]
fn curve_number_topp_and_dew_point_have_their_stated_values() {
    let fixture = fixture();
    let scs = &fixture["soil"]["scs_cn"];
    close("S", runoff::storage_mm(75.0), number(scs, "S"), CALC);
    close("Q", runoff::scs_mm(50.0, 75.0), number(scs, "Q"), CALC);
    for pair in rows(&fixture["soil"]["topp"]) {
        close("topp", sensor::topp_theta(pair[0]), pair[1], CALC);
    }
    for row in rows(&fixture["misc"]["dewpoint_magnus"]) {
        close("dew point", sensor::dew_point_c(row[0], row[1]), row[2], 5e-4);
    }
    for pair in rows(&fixture["misc"]["nernst_mV_pH"]) {
        close("nernst", sensor::nernst_mv_per_ph(pair[0]), pair[1], 5e-4);
    }
}

#[test]
fn temperature_curve_has_the_published_course() {
    let fixture = fixture();
    for pair in rows(&fixture["misc"]["parton_logan"]["h_T"]) {
        close("temperature", PARTON_LOGAN.at_c(10.0, 25.0, 14.0, pair[0]), pair[1], 5e-4);
    }
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    let numbers = |row: &Value| {
        let cells = row.as_array().expect("a row");
        cells.iter().map(|cell| cell.as_f64().expect("a number")).collect()
    };
    value.as_array().expect("a list").iter().map(numbers).collect()
}

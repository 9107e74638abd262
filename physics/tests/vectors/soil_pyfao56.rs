//! The daily balance is pyfao56's, column by column, through a whole season.

use fieldmirror_physics::{
    et0::{self, DailyInput, Standard},
    soil::{self, CropParams, DayDemand, Irrigation, SoilParams, SoilState},
    solar,
};

use crate::csv::{Row, Table};

const TOLERANCE_MM: f64 = 1e-3;

const SOIL: SoilParams = SoilParams {
    theta_fc: 0.23,
    theta_wp: 0.10,
    ze_m: 0.10,
    rew_mm: 8.0,
    curve_number: Some(75.0),
};

const CROP: CropParams = CropParams {
    kcb_ini: 0.15,
    kcb_mid: 1.15,
    kcb_end: 0.5,
    initial_d: 20,
    development_d: 35,
    middle_d: 40,
    late_d: 25,
    height_ini_m: 0.05,
    height_max_m: 2.0,
    zr_ini_m: 0.2,
    zr_max_m: 1.0,
    p_base: 0.55,
};

#[test]
fn season_agrees_on_every_output_column() {
    let table = Table::parse(include_str!("../fixtures/soil_pyfao56_maize.csv"));
    let mut state = SoilState::planted(&SOIL, &CROP, 0.20);
    let mut worst: (f64, String) = (0.0, String::new());
    let mut days = 0;
    for row in table.rows() {
        let demand = demand(&row);
        let irrigation = Irrigation {
            gross_mm: row.number("irr_mm"),
            efficiency: row.number_or("irr_eff", 100.0) / 100.0,
            fw: row.number_or("irr_fw", 1.0),
        };
        let rain_mm = row.number("rain");
        let (factors, step) =
            soil::advance_day(&SOIL, &CROP, &mut state, &demand, rain_mm, irrigation);
        let kc = step.ke + factors.kcb;
        let columns = [
            ("ETref", step.et0_mm),
            ("Kcb", factors.kcb),
            ("h", factors.height_m),
            ("Kcmax", factors.kc_max),
            ("fc", factors.fc),
            ("fw", step.fw),
            ("few", step.few),
            ("De", step.de_mm),
            ("Kr", step.kr),
            ("Ke", step.ke),
            ("E", step.evaporation_mm),
            ("DPe", step.surface_percolation_mm),
            ("Kc", kc),
            ("ETc", step.etc_mm),
            ("TAW", step.taw_mm),
            ("Zr", step.zr_m),
            ("p", step.p),
            ("RAW", step.raw_mm),
            ("Ks", step.ks),
            ("ETa", step.eta_mm),
            ("T", step.transpiration_mm),
            ("DP", step.deep_percolation_mm),
            ("Dr", step.dr_mm),
            ("IrrLoss", step.irrigation_loss_mm),
            ("Runoff", step.runoff_mm),
        ];
        for (name, value) in columns {
            let expected = row.number(name);
            let error = (value - expected).abs();
            if error > worst.0 {
                worst = (error, format!("{name} on day {}", row.text("doy")));
            }
            assert!(
                error <= TOLERANCE_MM,
                "{name} on day {}: {value}, pyfao56 has {expected}",
                row.text("doy")
            );
        }
        assert!(step.residual_mm.abs() <= 1e-9);
        days += 1;
    }
    assert_eq!(days, 120);
    println!("largest deviation {:.2e}: {}", worst.0, worst.1);
}

/// The fixture's demand computed from its weather, wind brought to 2 m from 2 m as pyfao56 does.
fn demand(row: &Row<'_>) -> DayDemand {
    let (tmin_c, tmax_c) = (row.number("tmin"), row.number("tmax"));
    let doy = row.text("doy").parse().expect("a day of the year");
    let wind_2m_ms = et0::wind_to_2m_ms(row.number("u2"), 2.0);
    let day = DailyInput {
        tmin_c,
        tmax_c,
        ea_kpa: et0::vapour_from_humidity_kpa(
            tmin_c,
            tmax_c,
            row.number("rhmax"),
            row.number("rhmin"),
        ),
        wind_2m_ms,
        rs_mj: row.number("rs_mj"),
        ra_mj: solar::ra_daily_mj(40.0, doy),
        soil_heat_mj: 0.0,
        elevation_m: 100.0,
    };
    DayDemand {
        et0_mm: et0::daily_mm(Standard::Asce2005, &day),
        wind_2m_ms,
        rh_min_pct: row.number("rhmin"),
    }
}

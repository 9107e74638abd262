//! The balance closes by day and by hour, also at its limits.

use super::*;
use crate::draws::Draws;

const SOIL: SoilParams = SoilParams::SANDY_LOAM;
const CROP: CropParams = CropParams::MAIZE_GRAIN;
const RESIDUAL_MM: f64 = 1e-9;

/// A day's weather out of a hat: demand, rain and irrigation per hour.
struct Day {
    demand: DayDemand,
    hours: [StepInput; 24],
}

fn random_day(draws: &mut Draws) -> Day {
    let et0_mm = draws.between(0.0, 11.0);
    let demand = DayDemand {
        et0_mm,
        wind_2m_ms: draws.between(0.0, 9.0),
        rh_min_pct: draws.between(5.0, 100.0),
    };
    let wet = draws.uniform() < 0.3;
    let watered = draws.uniform() < 0.2;
    let mut hours = [StepInput { et0_mm: 0.0, rain_mm: 0.0, irrigation: Irrigation::NONE }; 24];
    for (i, hour) in hours.iter_mut().enumerate() {
        let height = libm::sin(std::f64::consts::PI * (i as f64 + 0.5) / 24.0);
        // The half sine of 24 midpoints adds up to 1 / sin(pi / 48).
        hour.et0_mm = et0_mm * height * libm::sin(std::f64::consts::PI / 48.0);
        if wet && draws.uniform() < 0.3 {
            hour.rain_mm = draws.between(0.0, 25.0);
        }
        if watered && draws.uniform() < 0.2 {
            hour.irrigation = Irrigation {
                gross_mm: draws.between(0.1, 15.0),
                efficiency: draws.between(0.5, 1.0),
                fw: draws.between(0.2, 1.0),
            };
        }
    }
    Day { demand, hours }
}

fn assert_sound(step: &Step, before_mm: f64) {
    let in_mm = step.rain_mm - step.runoff_mm + step.irrigation_net_mm;
    let out_mm = step.eta_mm + step.deep_percolation_mm + step.correction_mm;
    let open_mm = (step.dr_mm - before_mm) - (out_mm - in_mm);
    assert!(open_mm.abs() <= RESIDUAL_MM, "books are open by {open_mm} mm: {step:?}");
    assert!(step.residual_mm.abs() <= RESIDUAL_MM);
    assert!((0.0..=step.taw_mm).contains(&step.dr_mm), "{step:?}");
    assert!((0.0..=SOIL.tew_mm()).contains(&step.de_mm), "{step:?}");
    assert!((0.0..=1.0).contains(&step.ks) && (0.0..=1.0).contains(&step.kr), "{step:?}");
    assert!(step.correction_mm <= 0.0 && step.runoff_mm >= 0.0 && step.runoff_mm <= step.rain_mm);
    assert!(step.eta_mm >= 0.0 && step.eta_mm <= step.etc_mm + 1e-12, "{step:?}");
}

#[test]
fn books_close_every_day_under_random_weather() {
    for seed in 0..20 {
        let mut draws = Draws::new(seed);
        let mut state = SoilState::planted(&SOIL, &CROP, draws.between(0.11, 0.23));
        for _ in 0..170 {
            let day = random_day(&mut draws);
            let before_mm = state.dr_mm;
            let rain_mm = day.hours.iter().map(|hour| hour.rain_mm).sum();
            let irrigation = Irrigation {
                gross_mm: day.hours.iter().map(|hour| hour.irrigation.gross_mm).sum(),
                efficiency: 0.9,
                fw: 0.4,
            };
            let (_, step) = advance_day(&SOIL, &CROP, &mut state, &day.demand, rain_mm, irrigation);
            assert_sound(&step, before_mm);
        }
    }
}

#[test]
fn books_close_every_hour_under_random_weather() {
    for seed in 0..20 {
        let mut draws = Draws::new(1000 + seed);
        let mut state = SoilState::planted(&SOIL, &CROP, draws.between(0.11, 0.23));
        for _ in 0..170 {
            let day = random_day(&mut draws);
            let factors = begin_day(&SOIL, &CROP, &mut state, &day.demand);
            for hour in &day.hours {
                let before_mm = state.dr_mm;
                let step = advance_hour(&SOIL, &factors, &mut state, hour);
                assert_sound(&step, before_mm);
            }
            end_day(&mut state);
        }
    }
}

#[test]
fn hourly_runoff_adds_up_to_that_of_the_day() {
    let mut state = SoilState::planted(&SOIL, &CROP, 0.2);
    state.de_mm = 0.0;
    let demand = DayDemand { et0_mm: 0.0, wind_2m_ms: 2.0, rh_min_pct: 45.0 };
    let mut whole = state;
    let (_, day) = advance_day(&SOIL, &CROP, &mut whole, &demand, 48.0, Irrigation::NONE);
    let factors = begin_day(&SOIL, &CROP, &mut state, &demand);
    let input = StepInput { et0_mm: 0.0, rain_mm: 2.0, irrigation: Irrigation::NONE };
    let runoff_mm: f64 =
        (0..24).map(|_| advance_hour(&SOIL, &factors, &mut state, &input).runoff_mm).sum();
    assert!(day.runoff_mm > 10.0);
    assert!((runoff_mm - day.runoff_mm).abs() < 1e-9, "{runoff_mm} against {} mm", day.runoff_mm);
    assert!((state.dr_mm - whole.dr_mm).abs() < 1e-9);
}

#[test]
fn hours_follow_the_day_within_a_tenth_of_the_season() {
    let mut draws = Draws::new(7);
    let mut hourly = SoilState::planted(&SOIL, &CROP, 0.2);
    let mut daily = hourly;
    let (mut hourly_mm, mut daily_mm) = (0.0, 0.0);
    for _ in 0..150 {
        let day = random_day(&mut draws);
        let rain_mm = day.hours.iter().map(|hour| hour.rain_mm).sum();
        let (_, step) =
            advance_day(&SOIL, &CROP, &mut daily, &day.demand, rain_mm, Irrigation::NONE);
        daily_mm += step.eta_mm;
        let factors = begin_day(&SOIL, &CROP, &mut hourly, &day.demand);
        for hour in &day.hours {
            let dry = StepInput { irrigation: Irrigation::NONE, ..*hour };
            hourly_mm += advance_hour(&SOIL, &factors, &mut hourly, &dry).eta_mm;
        }
        end_day(&mut hourly);
    }
    // By hours, rain is there to evaporate on the day it falls; by days, only from the next one.
    assert!(
        (hourly_mm - daily_mm).abs() < 0.1 * daily_mm,
        "evapotranspiration of the season: {hourly_mm} mm by hours, {daily_mm} mm by days"
    );
}

#[test]
fn water_beyond_field_capacity_leaves_below_the_roots() {
    let mut state = SoilState::planted(&SOIL, &CROP, 0.2);
    let demand = DayDemand { et0_mm: 0.0, wind_2m_ms: 2.0, rh_min_pct: 45.0 };
    let irrigation = Irrigation { gross_mm: 100.0, efficiency: 0.8, fw: 1.0 };
    let before_mm = state.dr_mm;
    let (_, step) = advance_day(&SOIL, &CROP, &mut state, &demand, 0.0, irrigation);
    assert!((step.deep_percolation_mm - (80.0 - before_mm)).abs() < 1e-9);
    assert!((step.irrigation_loss_mm - 20.0).abs() < 1e-9);
    assert_eq!(step.dr_mm, 0.0);
    assert_eq!(available_water_pct(step.dr_mm, step.taw_mm), 100.0);
    assert_eq!(theta(&SOIL, step.dr_mm, step.zr_m), SOIL.theta_fc);
}

#[test]
fn dry_season_never_takes_more_than_the_roots_hold() {
    let mut state = SoilState::planted(&SOIL, &CROP, 0.15);
    let demand = DayDemand { et0_mm: 9.0, wind_2m_ms: 3.0, rh_min_pct: 25.0 };
    let mut stress = 1.0_f64;
    for _ in 0..CROP.season_d() {
        let (_, step) = advance_day(&SOIL, &CROP, &mut state, &demand, 0.0, Irrigation::NONE);
        stress = stress.min(step.ks);
        assert!(theta(&SOIL, step.dr_mm, step.zr_m) >= SOIL.theta_wp - 1e-12);
    }
    assert!(stress < 0.05, "stress coefficient {stress}");
}

#[test]
fn crop_coefficient_follows_its_stages() {
    for (day, kcb) in
        [(0, 0.15), (30, 0.15), (50, 0.65), (70, 1.15), (120, 1.15), (135, 0.65), (400, 0.15)]
    {
        assert!((CROP.kcb(day) - kcb).abs() < 1e-12, "day {day}");
    }
}

#[test]
fn impossible_soils_and_crops_are_refused_by_name() {
    let soil = SoilParams { theta_wp: 0.5, ..SOIL };
    let text = soil.check().expect_err("wilting above field capacity").to_string();
    assert!(text.contains("theta_wp"), "{text}");
    let crop = CropParams { kcb_mid: 0.1, ..CROP };
    let text = crop.check().expect_err("no growth").to_string();
    assert!(text.contains("kcb_mid"), "{text}");
    for soil in [SoilParams::SANDY_LOAM, SoilParams::LOAM, SoilParams::SILT_LOAM] {
        assert_eq!(soil.check(), Ok(()));
    }
    assert_eq!(CROP.check(), Ok(()));
}

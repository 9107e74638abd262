//! Soil water and soil temperature, hour by hour, and what the probes see of them in between.

use crate::components::{Field, Heat, Irrigated, RootZone};
use crate::resources::{Grounds, Output, Skies, Tick};
use crate::rows::SoilRow;
use crate::sky::Sky;
use bevy_ecs::system::{Query, Res, ResMut};
use fieldmirror_core::time::Timestamp;
use fieldmirror_physics::soil::{self, DayDemand, Irrigation, StepInput};

/// Begins days, books hours, and shows the probes the water content at the end of the step.
///
/// Rain and demand of an hour reach the ground when it ends; irrigation that runs is seen at once.
pub(crate) fn step_soil(
    tick: Res<'_, Tick>,
    skies: Res<'_, Skies>,
    mut grounds: ResMut<'_, Grounds>,
    mut output: ResMut<'_, Output>,
    mut zones: Query<'_, '_, (&Field, &mut RootZone, &mut Irrigated)>,
) {
    for (field, mut root_zone, mut irrigated) in &mut zones {
        let root_zone = &mut *root_zone;
        let sky = &skies.0[field.sky];
        if tick.opens_day() {
            begin_day(field, root_zone, sky, tick.day() as i64);
        }
        if tick.closes_hour() {
            let row = close_hour(field, root_zone, &mut irrigated, sky, &tick);
            output.0.soil.push(row);
        }
        let seen_mm = root_zone.state.dr_mm - field.efficiency * pending_mm(&irrigated, tick.end());
        let ground = &mut grounds.0[field.zone.index()];
        let theta = soil::theta(&field.soil, seen_mm.max(0.0), root_zone.factors.zr_m);
        ground.theta = [ground.theta[1], theta];
    }
}

/// Fixes a day's factors. Before planting the ground is as on the day of planting.
pub(crate) fn begin_day(field: &Field, root_zone: &mut RootZone, sky: &Sky, day: i64) {
    let today = sky.today();
    let demand = DayDemand {
        et0_mm: today.et0_daily_mm,
        wind_2m_ms: today.record.wind_2m_ms,
        rh_min_pct: today.record.rh_min_pct(),
    };
    root_zone.state.day = (day - field.planted_day).max(0) as u32;
    root_zone.factors = soil::begin_day(&field.soil, &field.crop, &mut root_zone.state, &demand);
}

/// Gross depth since the last booking, mm.
fn pending_mm(irrigated: &Irrigated, at: Timestamp) -> f64 {
    irrigated.applied_mm + irrigated.rate_mm_s * (at - irrigated.since).seconds()
}

fn close_hour(
    field: &Field,
    root_zone: &mut RootZone,
    irrigated: &mut Irrigated,
    sky: &Sky,
    tick: &Tick,
) -> SoilRow {
    let hour = tick.hour();
    let input = StepInput {
        et0_mm: sky.et0_mm(hour),
        rain_mm: sky.today().hours[hour].rain_mm,
        irrigation: Irrigation {
            gross_mm: irrigated.applied_mm,
            efficiency: field.efficiency,
            fw: field.wetted,
        },
    };
    irrigated.applied_mm = 0.0;
    let before_mm = root_zone.state.dr_mm;
    let step = soil::advance_hour(&field.soil, &root_zone.factors, &mut root_zone.state, &input);
    // Water that the root zone did not hold was not evaporated: the cut comes off what was counted.
    let cut_mm = -step.correction_mm;
    let evaporation_mm = (step.evaporation_mm - cut_mm).max(0.0);
    let transpiration_mm = step.transpiration_mm - (cut_mm - step.evaporation_mm).max(0.0);
    let eta_mm = evaporation_mm + transpiration_mm;
    let booked_mm =
        step.runoff_mm - step.rain_mm - step.irrigation_net_mm + eta_mm + step.deep_percolation_mm;
    SoilRow {
        time: tick.hour_began(),
        zone: field.zone,
        et0_mm: step.et0_mm,
        etc_mm: step.etc_mm,
        eta_mm,
        evaporation_mm,
        transpiration_mm,
        rain_mm: step.rain_mm,
        runoff_mm: step.runoff_mm,
        irrigation_mm: step.irrigation_net_mm,
        deep_percolation_mm: step.deep_percolation_mm,
        depletion_mm: step.dr_mm,
        surface_depletion_mm: step.de_mm,
        taw_mm: step.taw_mm,
        root_depth_m: step.zr_m,
        stress: step.ks,
        theta: soil::theta(&field.soil, step.dr_mm, step.zr_m),
        available_pct: soil::available_water_pct(step.dr_mm, step.taw_mm),
        residual_mm: (step.dr_mm - before_mm) - booked_mm,
    }
}

/// Conducts heat through the hour that begins, and shows the probes where it has come at the end of
/// the step. The surface follows the air.
pub(crate) fn step_heat(
    tick: Res<'_, Tick>,
    skies: Res<'_, Skies>,
    mut grounds: ResMut<'_, Grounds>,
    mut zones: Query<'_, '_, (&Field, &mut Heat)>,
) {
    let hours_over = (tick.end() - tick.hour_began()).hours();
    for (field, mut heat) in &mut zones {
        if tick.opens_hour() {
            let surface_c = skies.0[field.sky].air_mid_c(tick.hour());
            heat.column.advance(3_600.0, surface_c);
            heat.course_c = [heat.course_c[1], heat.column.at_c(heat.depth_m)];
        }
        let [from_c, to_c] = heat.course_c;
        let ground = &mut grounds.0[field.zone.index()];
        ground.temperature_c = [ground.temperature_c[1], from_c + (to_c - from_c) * hours_over];
    }
}

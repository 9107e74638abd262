//! Water in the root zone: the dual crop coefficient balance of FAO-56, by day or by hour.
//!
//! Both modes share one step. By day, [`advance_day`] takes a day's sums in the order of operations
//! of FAO-56 chapters 7-8. By hour, [`begin_day`] fixes what belongs to the day (crop coefficient,
//! height, roots, cover, depletion fraction, curve number) and [`advance_hour`] books rain and
//! irrigation in the hour they fall.
//!
//! Books: in every [`Step`], the change of the depletion equals what entered and left plus the
//! explicit `correction_mm`; `residual_mm` is what is left over and stays below 1e-9 mm.

mod params;
#[cfg(test)]
mod tests;

pub use params::{CropParams, SoilParams};

use crate::runoff;

/// A day's rain from which the whole surface counts as wetted, mm.
///
/// # Source
/// FAO-56 ch. 7 ("fw = 1 after rain of more than 3 mm"), as pyfao56 reads it.
pub const WETTING_RAIN_MM: f64 = 3.0;

/// What the balance carries from step to step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoilState {
    /// Days since planting; the day that is running, or the next one between days.
    pub day: u32,
    /// Depletion of the evaporating surface layer De, mm (0 at field capacity).
    pub de_mm: f64,
    /// Depletion of the root zone Dr, mm (0 at field capacity, TAW at the wilting point).
    pub dr_mm: f64,
    /// Fraction of the surface wetted last, 0..=1.
    pub fw: f64,
    /// Height of the crop, m; it never shrinks.
    pub height_m: f64,
    /// Depth of the roots, m; it never shrinks.
    pub zr_m: f64,
    /// Rain that fell since the day began, mm.
    pub rain_today_mm: f64,
}

impl SoilState {
    /// The state on the day of planting for a water content of `theta0` (m3/m3) over the root zone,
    /// with a dry surface layer.
    ///
    /// # Source
    /// pyfao56 1.4 starts so: De = TEW, Dr = 1000 (fc - theta0) Zr.
    pub fn planted(soil: &SoilParams, crop: &CropParams, theta0: f64) -> Self {
        let taw_mm = 1000.0 * (soil.theta_fc - soil.theta_wp) * crop.zr_ini_m;
        Self {
            day: 0,
            de_mm: soil.tew_mm(),
            dr_mm: (1000.0 * (soil.theta_fc - theta0) * crop.zr_ini_m).clamp(0.0, taw_mm),
            fw: 1.0,
            height_m: crop.height_ini_m,
            zr_m: crop.zr_ini_m,
            rain_today_mm: 0.0,
        }
    }
}

/// Water given in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Irrigation {
    /// Depth over the whole area as pumped, mm.
    pub gross_mm: f64,
    /// Part of the gross depth that reaches the root zone, 0..=1.
    pub efficiency: f64,
    /// Fraction of the surface it wets, 0..=1 (1 sprinkler, .3 to .4 drip).
    ///
    /// # Source
    /// FAO-56 table 20.
    pub fw: f64,
}

impl Irrigation {
    /// No water.
    pub const NONE: Self = Self { gross_mm: 0.0, efficiency: 1.0, fw: 1.0 };
}

/// What the air asks of the crop over a day, known (or forecast) when the day begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayDemand {
    /// Reference evapotranspiration of the day, mm.
    pub et0_mm: f64,
    /// Mean wind speed at 2 m, m/s.
    pub wind_2m_ms: f64,
    /// Minimum relative humidity, percent.
    pub rh_min_pct: f64,
}

/// What belongs to a day and stays fixed through its hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayFactors {
    /// Basal crop coefficient.
    pub kcb: f64,
    /// Height of the crop, m.
    pub height_m: f64,
    /// Depth of the roots, m.
    pub zr_m: f64,
    /// Upper limit of the crop coefficient.
    pub kc_max: f64,
    /// Fraction of the ground that the crop covers, 0..=.99.
    pub fc: f64,
    /// Total available water of the root zone, mm.
    pub taw_mm: f64,
    /// Fraction of the available water that the crop takes without stress, for the demand of the
    /// day.
    pub p: f64,
    /// Curve number for the wetness of the surface when the day began; none if runoff is not
    /// modelled.
    pub curve_number: Option<f64>,
}

/// What falls and is asked in one step, an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepInput {
    /// Reference evapotranspiration, mm.
    pub et0_mm: f64,
    /// Rain, mm.
    pub rain_mm: f64,
    /// Irrigation.
    pub irrigation: Irrigation,
}

/// One booked step. Depths in mm over the whole area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Reference evapotranspiration, mm.
    pub et0_mm: f64,
    /// Crop evapotranspiration without stress, mm.
    pub etc_mm: f64,
    /// Actual evapotranspiration, mm: `evaporation_mm + transpiration_mm`.
    pub eta_mm: f64,
    /// Evaporation from the soil, mm.
    pub evaporation_mm: f64,
    /// Transpiration, mm.
    pub transpiration_mm: f64,
    /// Rain, mm.
    pub rain_mm: f64,
    /// Part of the rain that ran off, mm.
    pub runoff_mm: f64,
    /// Irrigation that reached the root zone, mm.
    pub irrigation_net_mm: f64,
    /// Irrigation lost on the way, mm.
    pub irrigation_loss_mm: f64,
    /// Water that left below the roots, mm.
    pub deep_percolation_mm: f64,
    /// Water that left the surface layer downwards, mm over the wetted part. Internal to the root
    /// zone.
    pub surface_percolation_mm: f64,
    /// Depletion that would have exceeded TAW and was cut, mm, 0 or negative: water counted as
    /// evapotranspired that the root zone did not hold.
    pub correction_mm: f64,
    /// Root-zone depletion after the step, mm.
    pub dr_mm: f64,
    /// Surface-layer depletion after the step, mm.
    pub de_mm: f64,
    /// Total available water, mm.
    pub taw_mm: f64,
    /// Readily available water, mm.
    pub raw_mm: f64,
    /// Depth of the roots, m.
    pub zr_m: f64,
    /// Fraction of the available water that is free of stress.
    pub p: f64,
    /// Water stress coefficient, 1 without stress.
    pub ks: f64,
    /// Evaporation reduction coefficient.
    pub kr: f64,
    /// Soil evaporation coefficient.
    pub ke: f64,
    /// Fraction of the surface wetted last.
    pub fw: f64,
    /// Fraction of the surface that is wetted and exposed.
    pub few: f64,
    /// What the step's books do not explain, mm; below 1e-9.
    pub residual_mm: f64,
}

/// Fixes what belongs to the day that begins: crop stage, limits, stress fraction, curve number.
///
/// Between `begin_day` and the next one, call [`advance_hour`] for each hour; [`end_day`] closes
/// the day.
///
/// # Source
/// FAO-56 eq. 66 (Kcb), 72 (Kcmax), 76 (cover), 82 (TAW), table 22 note (p); hourly: the depletion
/// fraction takes the day's demand with the evaporation coefficient of the day's first moment.
pub fn begin_day(
    soil: &SoilParams,
    crop: &CropParams,
    state: &mut SoilState,
    demand: &DayDemand,
) -> DayFactors {
    let kcb = crop.kcb(state.day);
    let grown = crop.grown_fraction(kcb);
    let height_m = state
        .height_m
        .max(crop.height_ini_m + (crop.height_max_m - crop.height_ini_m) * grown)
        .max(0.001);
    let zr_m = state.zr_m.max(crop.zr_ini_m + (crop.zr_max_m - crop.zr_ini_m) * grown).max(0.001);
    let kc_max = kc_max(kcb, height_m, demand);
    let cover = ((kcb - crop.kcb_ini) / (kc_max - crop.kcb_ini)).max(0.0);
    let fc = libm::pow(cover, 1.0 + 0.5 * height_m).clamp(0.0, 0.99);
    let curve_number = soil
        .curve_number
        .map(|cn2| runoff::adjusted_curve_number(cn2, state.de_mm, soil.rew_mm, soil.tew_mm()));
    state.height_m = height_m;
    state.zr_m = zr_m;
    state.rain_today_mm = 0.0;
    let mut factors = DayFactors {
        kcb,
        height_m,
        zr_m,
        kc_max,
        fc,
        taw_mm: 1000.0 * (soil.theta_fc - soil.theta_wp) * zr_m,
        p: crop.p_base,
        curve_number,
    };
    let surface = surface(soil, &factors, state);
    factors.p = crop.depletion_fraction((surface.ke + kcb) * demand.et0_mm);
    factors
}

/// Books one hour under the factors of its day.
pub fn advance_hour(
    soil: &SoilParams,
    factors: &DayFactors,
    state: &mut SoilState,
    input: &StepInput,
) -> Step {
    let p = factors.p;
    advance(soil, factors, state, input, |_| p)
}

/// Ends a day that was stepped by hours.
pub fn end_day(state: &mut SoilState) {
    state.day += 1;
}

/// Books a whole day and moves to the next.
///
/// Returns the day's factors and its step.
///
/// # Source
/// FAO-56 ch. 7-8 in the order of operations of pyfao56 1.4.
pub fn advance_day(
    soil: &SoilParams,
    crop: &CropParams,
    state: &mut SoilState,
    demand: &DayDemand,
    rain_mm: f64,
    irrigation: Irrigation,
) -> (DayFactors, Step) {
    let mut factors = begin_day(soil, crop, state, demand);
    let input = StepInput { et0_mm: demand.et0_mm, rain_mm, irrigation };
    let step = advance(soil, &factors, state, &input, |etc_mm| crop.depletion_fraction(etc_mm));
    factors.p = step.p;
    end_day(state);
    (factors, step)
}

/// Plant-available water in percent: 100 at field capacity, 0 at the wilting point.
pub fn available_water_pct(dr_mm: f64, taw_mm: f64) -> f64 {
    100.0 * (1.0 - dr_mm / taw_mm)
}

/// Mean volumetric water content of the root zone, m3/m3.
///
/// # Source
/// FAO-56 eq. 82-87: Dr = 1000 (fc - theta) Zr.
pub fn theta(soil: &SoilParams, dr_mm: f64, zr_m: f64) -> f64 {
    soil.theta_fc - dr_mm / (1000.0 * zr_m)
}

fn advance(
    soil: &SoilParams,
    factors: &DayFactors,
    state: &mut SoilState,
    input: &StepInput,
    p_for: impl Fn(f64) -> f64,
) -> Step {
    let irrigation = &input.irrigation;
    let net_mm = irrigation.gross_mm * irrigation.efficiency;
    let runoff_mm = runoff_increment_mm(factors, state.rain_today_mm, input.rain_mm);
    state.rain_today_mm += input.rain_mm;
    if irrigation.gross_mm > 0.0 {
        state.fw = irrigation.fw;
    } else if input.rain_mm > 0.0 && state.rain_today_mm >= WETTING_RAIN_MM {
        state.fw = 1.0;
    }

    let Surface { few, kr, ke } = surface(soil, factors, state);
    let evaporation_mm = ke * input.et0_mm;
    let rain_in_mm = input.rain_mm - runoff_mm;
    let wetting_mm = rain_in_mm + net_mm / state.fw;
    let surface_percolation_mm = (wetting_mm - state.de_mm).max(0.0);
    state.de_mm = (state.de_mm - wetting_mm + evaporation_mm / few + surface_percolation_mm)
        .clamp(0.0, soil.tew_mm());

    let etc_mm = (ke + factors.kcb) * input.et0_mm;
    let p = p_for(etc_mm);
    let raw_mm = p * factors.taw_mm;
    let ks = ((factors.taw_mm - state.dr_mm) / (factors.taw_mm - raw_mm)).clamp(0.0, 1.0);
    let transpiration_mm = ks * factors.kcb * input.et0_mm;
    let eta_mm = evaporation_mm + transpiration_mm;

    let before_mm = state.dr_mm;
    let in_mm = rain_in_mm + net_mm;
    let deep_percolation_mm = (in_mm - eta_mm - before_mm).max(0.0);
    let open_mm = before_mm - in_mm + eta_mm + deep_percolation_mm;
    state.dr_mm = open_mm.clamp(0.0, factors.taw_mm);
    // A rounding error below zero is no correction: the percolation closes that side by
    // construction.
    let correction_mm = if open_mm > factors.taw_mm { factors.taw_mm - open_mm } else { 0.0 };
    let booked_mm = -in_mm + eta_mm + deep_percolation_mm + correction_mm;
    Step {
        et0_mm: input.et0_mm,
        etc_mm,
        eta_mm,
        evaporation_mm,
        transpiration_mm,
        rain_mm: input.rain_mm,
        runoff_mm,
        irrigation_net_mm: net_mm,
        irrigation_loss_mm: irrigation.gross_mm - net_mm,
        deep_percolation_mm,
        surface_percolation_mm,
        correction_mm,
        dr_mm: state.dr_mm,
        de_mm: state.de_mm,
        taw_mm: factors.taw_mm,
        raw_mm,
        zr_m: factors.zr_m,
        p,
        ks,
        kr,
        ke,
        fw: state.fw,
        few,
        residual_mm: (state.dr_mm - before_mm) - booked_mm,
    }
}

struct Surface {
    few: f64,
    kr: f64,
    ke: f64,
}

/// FAO-56 eq. 71, 74, 75.
fn surface(soil: &SoilParams, factors: &DayFactors, state: &SoilState) -> Surface {
    let tew_mm = soil.tew_mm();
    let few = (1.0 - factors.fc).min(state.fw).clamp(0.01, 1.0);
    let kr = ((tew_mm - state.de_mm) / (tew_mm - soil.rew_mm)).clamp(0.0, 1.0);
    let ke = (kr * (factors.kc_max - factors.kcb)).min(few * factors.kc_max);
    Surface { few, kr, ke }
}

/// FAO-56 eq. 72.
fn kc_max(kcb: f64, height_m: f64, demand: &DayDemand) -> f64 {
    let wind = demand.wind_2m_ms.clamp(1.0, 6.0);
    let rh = demand.rh_min_pct.clamp(20.0, 80.0);
    let climate = (0.04 * (wind - 2.0) - 0.004 * (rh - 45.0)) * libm::pow(height_m / 3.0, 0.3);
    (1.2 + climate).max(kcb + 0.05)
}

/// The curve number speaks of a day's rain: an hour gets what its rain adds to the day's runoff.
fn runoff_increment_mm(factors: &DayFactors, before_mm: f64, rain_mm: f64) -> f64 {
    match factors.curve_number {
        Some(cn) if rain_mm > 0.0 => {
            let added_mm =
                runoff::asce_mm(before_mm + rain_mm, cn) - runoff::asce_mm(before_mm, cn);
            added_mm.clamp(0.0, rain_mm)
        }
        _ => 0.0,
    }
}

//! The soil twin of a zone: the nominal water balance, held to what the probes report.
//!
//! The balance is FAO-56's dual crop coefficient method on the register's soil and crop, stepped
//! hour by hour with the weather that the station reported and the water that the zone's controller
//! reported. True soil differs from the nominal one, so the balance alone would run away; after
//! each hour the median of the zone's probes pulls it gently back (a Kalman filter with a constant
//! gain, its first steps with the gain of a plain mean).
//!
//! A probe is expected to show the zone's predicted available water plus its own constant offset
//! ([`Offset`]), learned in the first days and then all but frozen, so that a drifting or stuck
//! probe departs from its expectation and not the expectation from the truth.

use fieldmirror_core::register::{CropModel, SiteModel, SoilModel};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_physics::error::Error;
use fieldmirror_physics::soil::{
    self, CropParams, DayDemand, DayFactors, Irrigation, SoilParams, SoilState, StepInput,
};

/// The nominal soil and crop in the form that the formulas take.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    soil: SoilParams,
    crop: CropParams,
    planted_day: i64,
    initial_theta: f64,
    efficiency: f64,
    wetted_fraction: f64,
}

impl Ground {
    pub(crate) fn new(model: &SiteModel) -> Result<Self, Error> {
        let soil = soil_params(&model.soil);
        let crop = crop_params(&model.crop);
        soil.check()?;
        crop.check()?;
        Ok(Self {
            soil,
            crop,
            planted_day: model.crop.planted.days(),
            initial_theta: model.soil.initial,
            efficiency: model.irrigation.efficiency,
            wetted_fraction: model.irrigation.wetted_fraction,
        })
    }
}

const fn soil_params(soil: &SoilModel) -> SoilParams {
    SoilParams {
        theta_fc: soil.field_capacity,
        theta_wp: soil.wilting_point,
        ze_m: soil.evaporation_depth_m,
        rew_mm: soil.readily_evaporable_mm,
        curve_number: Some(soil.curve_number),
    }
}

const fn crop_params(crop: &CropModel) -> CropParams {
    CropParams {
        kcb_ini: crop.kcb[0],
        kcb_mid: crop.kcb[1],
        kcb_end: crop.kcb[2],
        initial_d: crop.stages_d[0],
        development_d: crop.stages_d[1],
        middle_d: crop.stages_d[2],
        late_d: crop.stages_d[3],
        height_ini_m: crop.height_m[0],
        height_max_m: crop.height_m[1],
        zr_ini_m: crop.root_depth_m[0],
        zr_max_m: crop.root_depth_m[1],
        p_base: crop.depletion_fraction,
    }
}

/// One zone's predicted soil water.
#[derive(Clone, Debug)]
pub(crate) struct ZoneSoil {
    state: SoilState,
    /// The running day and its factors; `None` before the first window.
    today: Option<(i64, DayFactors)>,
    /// Available water above field capacity that the probes insist on, in percent: a probe
    /// calibrated on another soil than the nominal one may read more than 100.
    excess_pct: f64,
    /// Corrections so far.
    corrections: u32,
}

impl ZoneSoil {
    pub(crate) fn new(ground: &Ground) -> Self {
        Self {
            state: SoilState::planted(&ground.soil, &ground.crop, ground.initial_theta),
            today: None,
            excess_pct: 0.0,
            corrections: 0,
        }
    }

    /// Books the window that begins at `start` and returns the mean available water expected of it,
    /// in percent. `gross_mm` is the water that was given, over the zone's area.
    pub(crate) fn advance(
        &mut self,
        ground: &Ground,
        start: Timestamp,
        demand: &DayDemand,
        et0_mm: f64,
        rain_mm: f64,
        gross_mm: f64,
    ) -> f64 {
        let factors = self.factors(ground, start, demand);
        let before_pct = self.available_pct(&factors);
        let irrigation = if gross_mm > 0.0 {
            let (efficiency, fw) = (ground.efficiency, ground.wetted_fraction);
            Irrigation { gross_mm, efficiency, fw }
        } else {
            Irrigation::NONE
        };
        let input = StepInput { et0_mm, rain_mm, irrigation };
        soil::advance_hour(&ground.soil, &factors, &mut self.state, &input);
        0.5 * (before_pct + self.available_pct(&factors))
    }

    /// Pulls the balance towards an observed zone mean, which was expected to be `expected_pct`, by
    /// the part that `hours` are of `time_constant`.
    pub(crate) fn correct(
        &mut self,
        observed_pct: f64,
        expected_pct: f64,
        hours: f64,
        time_constant: Span,
    ) {
        let Some((_, factors)) = &self.today else { return };
        let steady = 1.0 - libm::exp(-hours / time_constant.hours());
        let gain = steady.max(1.0 / f64::from(self.corrections + 1));
        self.corrections = self.corrections.saturating_add(1);
        let mut pull_pct = gain * (observed_pct - expected_pct);
        if pull_pct < 0.0 {
            let drained_pct = pull_pct.max(-self.excess_pct);
            self.excess_pct += drained_pct;
            pull_pct -= drained_pct;
        }
        let taw_mm = factors.taw_mm;
        let wanted_mm = self.state.dr_mm - pull_pct / 100.0 * taw_mm;
        self.state.dr_mm = wanted_mm.clamp(0.0, taw_mm);
        if wanted_mm < 0.0 {
            self.excess_pct -= 100.0 * wanted_mm / taw_mm;
        }
    }

    fn available_pct(&self, factors: &DayFactors) -> f64 {
        soil::available_water_pct(self.state.dr_mm, factors.taw_mm) + self.excess_pct
    }

    fn factors(&mut self, ground: &Ground, start: Timestamp, demand: &DayDemand) -> DayFactors {
        let day = start.days();
        if let Some((today, factors)) = self.today
            && today == day
        {
            return factors;
        }
        let first = self.today.is_none();
        self.state.day = u32::try_from(day - ground.planted_day).unwrap_or(0);
        let factors = soil::begin_day(&ground.soil, &ground.crop, &mut self.state, demand);
        if first {
            // A run may begin in mid-season: the water content on paper is that of the roots as
            // deep as they are by then.
            let dry = ground.soil.theta_fc - ground.initial_theta;
            self.state.dr_mm = (1_000.0 * dry * factors.zr_m).clamp(0.0, factors.taw_mm);
        }
        self.today = Some((day, factors));
        factors
    }
}

/// The constant by which a probe departs from what the zone is expected to show.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offset {
    value: f32,
    learned_h: f32,
}

impl Offset {
    pub(crate) fn get(&self) -> f64 {
        f64::from(self.value)
    }

    /// Takes in how far the probe was from the common value over `hours`. In its learning time the
    /// offset is a plain mean; afterwards it follows with the long memory, and not at all a
    /// departure of more than `fault`: that is for a detector to judge.
    pub(crate) fn learn(&mut self, departure: f64, hours: f64, pace: &Pace, fault: f64) {
        let change = departure - self.get();
        let step_h = hours as f32;
        let weight = if self.learned_h < pace.learning_h {
            self.learned_h += step_h;
            step_h / self.learned_h
        } else if change.abs() <= fault {
            step_h / pace.memory_h
        } else {
            0.0
        };
        self.value += weight * change as f32;
    }
}

/// How fast offsets are learned, in hours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) learning_h: f32,
    pub(crate) memory_h: f32,
}

/// Departure of a water reading from its offset beyond which it is not learned, in percent of the
/// available water: three times the noise of an hourly mean and more.
pub(crate) const WATER_FAULT_PCT: f64 = 8.0;

/// Departure of a soil temperature from its offset beyond which it is not learned, in kelvin.
pub(crate) const TEMPERATURE_FAULT_K: f64 = 3.0;

/// The median of `values`, which are left in another order; `None` without any.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return Some(upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(0.5 * (lower + upper))
}

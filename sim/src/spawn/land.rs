//! Zones: true soil, crop, and how wet and warm the ground is on the first day.

use super::factor;
use crate::components::{Field, Heat, Irrigated, Junction, RootZone};
use crate::error::SimError;
use crate::resources::Ground;
use crate::sky::Sky;
use crate::spec::Spec;
use crate::systems::ground::begin_day;
use bevy_ecs::entity::Entity;
use bevy_ecs::world::World;
use fieldmirror_core::ids::{EntityKey, ZoneIx};
use fieldmirror_core::register::{CropModel, SoilModel, Zone};
use fieldmirror_core::seed::Purpose;
use fieldmirror_physics::soil::{self, CropParams, DayDemand, SoilParams, SoilState};
use fieldmirror_physics::soil_temperature::{DIFFUSIVITY_M2S, SoilColumn};

/// Days of the first day's weather that warm the ground before the run.
const WARM_UP_DAYS: usize = 10;

/// Least difference between field capacity and wilting point, m3/m3.
const WATER_RANGE_MIN: f64 = 0.02;

/// What all zones under one sky share.
pub(super) struct Land<'a> {
    pub(super) spec: &'a Spec,
    pub(super) sky: &'a Sky,
    pub(super) sky_index: usize,
    /// Temperature of the soil at 2 m, degrees C.
    pub(super) bottom_c: f64,
}

impl Land<'_> {
    /// Spawns a zone, and tells what its ground is like.
    pub(super) fn spawn_zone(
        &self,
        world: &mut World,
        index: ZoneIx,
        zone: &Zone,
    ) -> Result<(Entity, Ground), SimError> {
        let physics = |source| SimError::Physics { asset: zone.name.clone(), source };
        let model = &self.spec.register.sites[zone.site.index()].model;
        let soil = self.true_soil(zone.key, &model.soil);
        soil.check().map_err(physics)?;
        let crop = crop(&model.crop);
        crop.check().map_err(physics)?;
        let field = Field {
            zone: index,
            sky: self.sky_index,
            soil,
            crop,
            planted_day: model.crop.planted.days() - self.spec.start.days(),
            efficiency: model.irrigation.efficiency,
            wetted: model.irrigation.wetted_fraction,
        };
        let root_zone = self.first_root_zone(&field, &model.soil);
        let heat = self.first_heat(zone.key, model.probe.depth_m);
        let theta = soil::theta(&soil, root_zone.state.dr_mm, root_zone.factors.zr_m);
        let ground = Ground {
            theta: [theta; 2],
            temperature_c: heat.course_c,
            wilting_point: soil.theta_wp,
            percent_per_water: 100.0 / (soil.theta_fc - soil.theta_wp),
            water_noise: model.probe.water_noise,
            temperature_noise_k: model.probe.temperature_noise_k,
        };
        let irrigated = Irrigated { since: self.spec.start, ..Irrigated::default() };
        let zone = (field, root_zone, heat, irrigated, Junction::default());
        Ok((world.spawn(zone).id(), ground))
    }

    fn true_soil(&self, key: EntityKey, nominal: &SoilModel) -> SoilParams {
        let draws = self.spec.seed.draws(key, Purpose::SoilTruth);
        let share = self.spec.uncertainty.soil;
        let theta_fc = nominal.field_capacity * factor(&draws, 0, share);
        let theta_wp =
            (nominal.wilting_point * factor(&draws, 1, share)).min(theta_fc - WATER_RANGE_MIN);
        let ze_m = nominal.evaporation_depth_m;
        // In a shallow or poor layer the easy water must stay below all the water there is.
        let evaporable_mm = 1_000.0 * (theta_fc - 0.5 * theta_wp) * ze_m;
        let rew_mm =
            (nominal.readily_evaporable_mm * factor(&draws, 2, share)).min(0.9 * evaporable_mm);
        SoilParams { theta_fc, theta_wp, ze_m, rew_mm, curve_number: Some(nominal.curve_number) }
    }

    /// The root zone on the first day, which may lie in mid-season: as full as the register says,
    /// relative to its true limits, over the depth that the roots have reached.
    fn first_root_zone(&self, field: &Field, nominal: &SoilModel) -> RootZone {
        let nominal_range = nominal.field_capacity - nominal.wilting_point;
        let available = ((nominal.initial - nominal.wilting_point) / nominal_range).clamp(0.0, 1.0);
        let theta = field.soil.theta_wp + available * (field.soil.theta_fc - field.soil.theta_wp);
        let mut state = SoilState::planted(&field.soil, &field.crop, theta);
        let idle = DayDemand { et0_mm: 0.0, wind_2m_ms: 2.0, rh_min_pct: 45.0 };
        let factors = soil::begin_day(&field.soil, &field.crop, &mut state, &idle);
        let mut root_zone = RootZone { state, factors };
        // Height and roots never shrink, so they must have lived through the days before.
        for day in field.planted_day.min(0)..=0 {
            begin_day(field, &mut root_zone, self.sky, day);
        }
        let taw_mm = root_zone.factors.taw_mm;
        root_zone.state.dr_mm = (taw_mm * (1.0 - available)).clamp(0.0, taw_mm);
        root_zone
    }

    fn first_heat(&self, key: EntityKey, depth_m: f64) -> Heat {
        let draws = self.spec.seed.draws(key, Purpose::SoilTruth);
        let diffusivity = DIFFUSIVITY_M2S * factor(&draws, 3, self.spec.uncertainty.soil);
        let mean_c = (0..24).map(|hour| self.sky.air_mid_c(hour)).sum::<f64>() / 24.0;
        let mut column = SoilColumn::new(diffusivity, mean_c, self.bottom_c);
        for hour in (0..WARM_UP_DAYS).flat_map(|_| 0..24) {
            column.advance(3_600.0, self.sky.air_mid_c(hour));
        }
        let now_c = column.at_c(depth_m);
        Heat { column, depth_m, course_c: [now_c; 2] }
    }
}

fn crop(model: &CropModel) -> CropParams {
    let [kcb_ini, kcb_mid, kcb_end] = model.kcb;
    let [initial_d, development_d, middle_d, late_d] = model.stages_d;
    CropParams {
        kcb_ini,
        kcb_mid,
        kcb_end,
        initial_d,
        development_d,
        middle_d,
        late_d,
        height_ini_m: model.height_m[0],
        height_max_m: model.height_m[1],
        zr_ini_m: model.root_depth_m[0],
        zr_max_m: model.root_depth_m[1],
        p_base: model.depletion_fraction,
    }
}

//! The first day: entities from the register, with true values drawn around its nominal ones.
//!
//! Every draw is keyed by the name of the thing it belongs to, so that another device, zone or farm
//! changes nobody's true values.

mod devices;
mod land;
mod plants;

use crate::components::Fault;
use crate::error::SimError;
use crate::fault::{FaultClass, FaultSpec};
use crate::resources::{
    Air, Deviations, Directory, Forcing, Grounds, Inbox, Links, Outbox, Output, Skies, Switches,
    Tick,
};
use crate::sky::{Sky, place};
use crate::spec::{DailyForcing, Spec};
use bevy_ecs::entity::Entity;
use bevy_ecs::world::World;
use fieldmirror_core::ids::{EntityKey, SiteIx, ZoneIx};
use fieldmirror_core::register::{AssetKind, Register, Site};
use fieldmirror_core::seed::{Draws, Purpose};

/// Spawns the world of a checked specification.
pub(crate) fn spawn(spec: &Spec) -> Result<World, SimError> {
    let mut world = World::new();
    let forcing = spec.effective_forcing();
    let (skies, sky_of_site) = skies(spec, &forcing);
    let devices = vec![Entity::PLACEHOLDER; spec.register.assets.len()];
    let mut directory = Directory { devices, ..Directory::default() };
    let mut grounds = Grounds::default();
    for (index, site) in spec.register.sites.iter().enumerate() {
        check_site(&spec.register, site)?;
        let site_ix = SiteIx::new(index as u32);
        let entity = plants::spawn_site(&mut world, spec, site_ix, site)?;
        directory.sites.push(entity);
    }
    let bottom_c = mean_temperature_c(&forcing);
    for (index, zone) in spec.register.zones.iter().enumerate() {
        let sky_index = sky_of_site[zone.site.index()];
        let land = land::Land { spec, sky: &skies[sky_index], sky_index, bottom_c };
        let (entity, ground) = land.spawn_zone(&mut world, ZoneIx::new(index as u32), zone)?;
        directory.zones.push(entity);
        grounds.0.push(ground);
    }
    let mut links = Links::default();
    devices::spawn_devices(&mut world, spec, &sky_of_site, &grounds, &mut links, &mut directory)?;
    for fault in &spec.faults {
        spawn_fault(&mut world, spec, &directory, fault);
    }

    world.insert_resource(Tick {
        seed: spec.seed,
        start: spec.start,
        step: spec.step,
        now: spec.start,
    });
    world.insert_resource(Deviations(spec.uncertainty));
    world.insert_resource(Forcing(forcing));
    world.insert_resource(Skies(skies));
    world.insert_resource(directory);
    world.insert_resource(grounds);
    world.insert_resource(links);
    world.init_resource::<Inbox>();
    world.init_resource::<Switches>();
    world.init_resource::<Outbox>();
    world.init_resource::<Air>();
    world.init_resource::<Output>();
    Ok(world)
}

/// One sky for each distinct place, and which one is over each site.
fn skies(spec: &Spec, forcing: &[DailyForcing]) -> (Vec<Sky>, Vec<usize>) {
    let mut places: Vec<(u64, u64)> = Vec::new();
    let mut skies = Vec::new();
    let mut sky_of_site = Vec::with_capacity(spec.register.sites.len());
    for site in &spec.register.sites {
        let model = &site.model;
        let key = (model.latitude_deg.to_bits(), model.elevation_m.to_bits());
        let index = places.iter().position(|&known| known == key).unwrap_or_else(|| {
            places.push(key);
            let place = place(model.latitude_deg, model.elevation_m);
            skies.push(Sky::new(place, spec.seed, spec.start, forcing));
            places.len() - 1
        });
        sky_of_site.push(index);
    }
    (skies, sky_of_site)
}

/// The soil's temperature at 2 m: the mean of the record.
fn mean_temperature_c(forcing: &[DailyForcing]) -> f64 {
    let sum: f64 = forcing.iter().map(|day| 0.5 * (day.tmin_c + day.tmax_c)).sum();
    sum / forcing.len() as f64
}

/// Checks that a site's zones, model and equipment belong together.
fn check_site(register: &Register, site: &Site) -> Result<(), SimError> {
    let fail = |why: String| Err(SimError::Register { asset: site.name.clone(), why });
    let first = site.first_zone.index();
    let Some(zones) = register.zones.get(first..first + site.zone_count) else {
        return fail("its zones lie beyond the register's".to_owned());
    };
    let hydraulics = &site.model.hydraulics;
    let (elevations, upstream) =
        (hydraulics.zone_elevation_m.len(), hydraulics.zone_upstream.len());
    if zones.len() != elevations || zones.len() != upstream {
        return fail(format!(
            "it has {} zones, but its model has {elevations} elevations and {upstream} upstream junctions",
            zones.len()
        ));
    }
    for (position, zone) in zones.iter().enumerate() {
        if zone.position != position {
            return fail(format!(
                "zone `{}` has position {}, expected {position}: zones are listed from the pump outwards",
                zone.name, zone.position
            ));
        }
        if !(zone.area_m2 > 0.0 && zone.area_m2.is_finite()) {
            return fail(format!("zone `{}` has {} m2, expected more", zone.name, zone.area_m2));
        }
    }
    let equipment = [(site.pump, AssetKind::Pump), (site.filter, AssetKind::Filter)]
        .into_iter()
        .chain(zones.iter().map(|zone| (zone.valve, AssetKind::Valve)));
    for (device, kind) in equipment {
        if register.assets.get(device.index()).map(|asset| asset.kind) != Some(kind) {
            return fail(format!("asset {} is not a {kind:?}", device.raw()));
        }
    }
    Ok(())
}

fn spawn_fault(world: &mut World, spec: &Spec, directory: &Directory, fault: &FaultSpec) {
    let asset = &spec.register.assets[fault.device.index()];
    let draws = spec.seed.draws(EntityKey::of(&fault.id), Purpose::FaultGrowth);
    let target = if fault.class == FaultClass::PipeLeak {
        let site = &spec.register.sites[asset.site.index()];
        // A leak at the pump's account is somewhere along the main.
        let zone = asset.zone.unwrap_or_else(|| {
            let position = draws.below(0, site.zone_count as u32);
            ZoneIx::new(site.first_zone.raw() + position)
        });
        directory.zone(zone)
    } else {
        directory.device(fault.device)
    };
    world.spawn(Fault {
        spec: fault.clone(),
        target,
        site: asset.site,
        sign: if draws.uniform(1) < 0.5 { -1.0 } else { 1.0 },
        severity: 0.0,
        has_changed: false,
    });
}

/// A factor uniform within `share` of 1.
fn factor(draws: &Draws, counter: u32, share: f64) -> f64 {
    1.0 + share * (2.0 * draws.uniform(counter) - 1.0)
}

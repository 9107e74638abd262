//! Sites: pump, filter and pipes as built, and the gateways' radio.

use super::factor;
use crate::components::{Farm, Parts, Receivers};
use crate::error::SimError;
use crate::plant::{Line, Plant};
use crate::spec::Spec;
use bevy_ecs::entity::Entity;
use bevy_ecs::world::World;
use fieldmirror_core::ids::{SiteIx, ZoneIx};
use fieldmirror_core::register::{HydraulicsModel, PipeModel, Site, Zone};
use fieldmirror_core::seed::{Draws, Purpose};
use fieldmirror_core::time::Timestamp;
use fieldmirror_lorawan::gateway::{Radio, RadioSpec};
use fieldmirror_lorawan::interference::Isolation;
use fieldmirror_physics::hydraulics::{Efficiency, Network, NodeSpec, Pump, PumpCurve, Solution};

/// Spawns a checked site with its plant and radio.
pub(super) fn spawn_site(
    world: &mut World,
    spec: &Spec,
    index: SiteIx,
    site: &Site,
) -> Result<Entity, SimError> {
    let first = site.first_zone.index();
    let zones = &spec.register.zones[first..first + site.zone_count];
    let parts = Parts {
        pump: site.pump,
        filter: site.filter,
        valves: zones.iter().map(|zone| zone.valve).collect(),
    };
    let plant = plant(spec, site, zones)?;
    let receivers = receivers(site)?;
    Ok(world.spawn((Farm { site: index }, parts, plant, receivers)).id())
}

/// The pipes with their true values: roughness, minor losses and emitters deviate each for itself.
fn plant(spec: &Spec, site: &Site, zones: &[Zone]) -> Result<Plant, SimError> {
    let physics = |source| SimError::Physics { asset: site.name.clone(), source };
    let model = &site.model.hydraulics;
    let draws = spec.seed.draws(site.key, Purpose::PipeTruth);
    let share = spec.uncertainty.pipe;
    let filter = true_pipe(&model.filter, &draws, 0, share);
    let mut nodes = vec![node("filter".to_owned(), None, &filter, model.pump_elevation_m)];
    let clean_minor_loss = filter.minor_loss;
    for (position, zone) in zones.iter().enumerate() {
        let draws = spec.seed.draws(zone.key, Purpose::PipeTruth);
        let elevation_m = model.zone_elevation_m[position];
        let upstream = match model.zone_upstream[position] {
            Some(upstream) => junction_name(upstream),
            None => "filter".to_owned(),
        };
        let main = true_pipe(&model.main, &draws, 0, share);
        nodes.push(node(junction_name(position), Some(upstream), &main, elevation_m));
        let lateral = true_pipe(&model.lateral, &draws, 2, share);
        let mut end = node(zone.name.clone(), Some(junction_name(position)), &lateral, elevation_m);
        end.emitter = model.emitter_coefficient * factor(&draws, 4, share);
        nodes.push(end);
    }
    let lines = zones.iter().enumerate().map(|(position, zone)| Line {
        zone: ZoneIx::new(site.first_zone.raw() + position as u32),
        area_m2: zone.area_m2,
        junction_node: 1 + 2 * position,
        zone_node: 2 + 2 * position,
        is_commanded_open: false,
        is_stuck_closed: false,
        leak: 0.0,
    });
    Ok(Plant {
        network: Network::new(&nodes).map_err(physics)?,
        pump: pump(model).map_err(physics)?,
        reservoir_head_m: model.reservoir_head_m,
        pump_elevation_m: model.pump_elevation_m,
        filter_node: 0,
        clean_minor_loss,
        zone_emitter: model.emitter_coefficient,
        lines: lines.collect(),
        is_stale: true,
        is_worn: false,
        since: Timestamp::default(),
        solution: Solution::default(),
        points: Vec::new(),
        flows_lps: Vec::new(),
    })
}

/// Pumps run as their data sheet says when new.
fn pump(model: &HydraulicsModel) -> Result<Pump, fieldmirror_physics::error::Error> {
    let [shutoff, design, largest] = model.pump_curve.map(|(lps, head_m)| (lps / 1_000.0, head_m));
    Ok(Pump {
        curve: PumpCurve::through(shutoff.1, design, largest)?,
        efficiency: Efficiency {
            max: model.pump_efficiency,
            best_flow_m3s: model.pump_best_flow_lps / 1_000.0,
        },
        motor_efficiency: model.motor_efficiency,
        speed: 1.0,
        wear: 0.0,
    })
}

fn junction_name(position: usize) -> String {
    format!("junction {position}")
}

fn true_pipe(nominal: &PipeModel, draws: &Draws, counter: u32, share: f64) -> PipeModel {
    PipeModel {
        roughness: nominal.roughness * factor(draws, counter, share),
        minor_loss: nominal.minor_loss * factor(draws, counter + 1, share),
        ..*nominal
    }
}

fn node(name: String, parent: Option<String>, pipe: &PipeModel, elevation_m: f64) -> NodeSpec {
    NodeSpec {
        name,
        parent,
        length_m: pipe.length_m,
        diameter_m: pipe.diameter_m,
        roughness_c: pipe.roughness,
        minor_k: pipe.minor_loss,
        elevation_m,
        emitter: 0.0,
        closed: false,
    }
}

/// SX1301 gateways. Without interference frames neither meet nor wait for a demodulator.
fn receivers(site: &Site) -> Result<Receivers, SimError> {
    let mut spec = RadioSpec::sx1301(site.gateways.len());
    if !site.model.radio.interference {
        spec.isolation = Isolation::Off;
        spec.demodulators = u32::MAX;
    }
    let radio =
        Radio::new(spec).map_err(|source| SimError::Radio { site: site.name.clone(), source })?;
    Ok(Receivers { radio, gateways: site.gateways.clone(), receptions: Vec::new() })
}

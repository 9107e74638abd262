//! The nominal pipe network of a site: what pump, filter and valves should show for a set of open
//! valves.
//!
//! A network has few open sets (16 for four zones), so each is solved once and kept; farms that
//! share a design share the answers. An open set is a bit mask by a zone's position along the main.

use crate::candidates::Candidate;
use crate::error::TwinError;
use fieldmirror_core::register::{HydraulicsModel, PipeModel, SiteModel};
use fieldmirror_core::units::Metres;
use fieldmirror_physics::error::Error;
use fieldmirror_physics::hydraulics::{
    Efficiency, Network, NodeSpec, Pump, PumpCurve, Solution, Supply,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most zones of a site: an open set is a 64-bit mask.
pub const ZONES_MAX: usize = 64;

/// Most open sets that are kept for a design; beyond it the oldest answers by mask are solved anew.
const ANSWERS_MAX: usize = 4_096;

/// The steady state of a network.
///
/// # Units
/// Those of the pump controllers' metrics: l/s, kPa, kW.
#[derive(Clone, Debug, PartialEq)]
pub struct HydraulicState {
    /// Flow into each zone, by its position along the main.
    pub zone_flow_lps: Vec<f64>,
    /// Flow through the pump.
    pub pump_flow_lps: f64,
    /// Pressure at the pump's outlet, before the filter.
    pub pump_pressure_kpa: f64,
    /// Pressure after the filter.
    pub filter_pressure_kpa: f64,
    /// Electric power of the motor.
    pub power_kw: f64,
}

/// A site's network as designed.
#[derive(Clone, Debug)]
pub struct NominalNetwork {
    network: Network,
    pump: Pump,
    reservoir_head_m: f64,
    pump_elevation_m: f64,
    filter: usize,
    filter_minor_loss: f64,
    /// Nodes by zone position: where the lateral leaves the main, and the zone behind its valve.
    junctions: Vec<usize>,
    zones: Vec<usize>,
    emitter: f64,
}

impl NominalNetwork {
    /// Builds the network of a design.
    ///
    /// # Errors
    /// What the formulas refuse: a pump curve that does not fall, a pipe without a diameter, a
    /// cycle of mains, no zones.
    pub fn new(model: &HydraulicsModel) -> Result<Self, Error> {
        let mut nodes = vec![node("filter", None, &model.filter, model.pump_elevation_m, 0.0)];
        let (mut junctions, mut zones) = (Vec::new(), Vec::new());
        for (position, &elevation_m) in model.zone_elevation_m.iter().enumerate() {
            let (junction, zone) = (format!("main-{position}"), format!("zone-{position}"));
            let upstream = match model.zone_upstream.get(position) {
                Some(Some(before)) => format!("main-{before}"),
                Some(None) | None => "filter".to_owned(),
            };
            junctions.push(nodes.len());
            nodes.push(node(&junction, Some(&upstream), &model.main, elevation_m, 0.0));
            zones.push(nodes.len());
            let emitter = model.emitter_coefficient;
            nodes.push(node(&zone, Some(&junction), &model.lateral, elevation_m, emitter));
        }
        if zones.is_empty() {
            return Err(Error::EmptyNetwork);
        }
        let [(_, shutoff_m), design, largest] = model.pump_curve;
        let si = |(flow_lps, head_m): (f64, f64)| (flow_lps / 1_000.0, head_m);
        Ok(Self {
            network: Network::new(&nodes)?,
            pump: Pump {
                curve: PumpCurve::through(shutoff_m, si(design), si(largest))?,
                efficiency: Efficiency {
                    max: model.pump_efficiency,
                    best_flow_m3s: model.pump_best_flow_lps / 1_000.0,
                },
                motor_efficiency: model.motor_efficiency,
                speed: 1.0,
                wear: 0.0,
            },
            reservoir_head_m: model.reservoir_head_m,
            pump_elevation_m: model.pump_elevation_m,
            filter: 0,
            filter_minor_loss: model.filter.minor_loss,
            junctions,
            zones,
            emitter: model.emitter_coefficient,
        })
    }

    /// How many zones it has.
    pub fn zone_count(&self) -> usize {
        self.zones.len()
    }

    /// The steady state with the valves in `open` open; everything rests without any.
    pub fn solve(&self, open: u64) -> HydraulicState {
        self.state(self.network.clone(), self.pump, open)
    }

    /// The steady state with the valves in `open` commanded open and one fault.
    ///
    /// # Errors
    /// [`TwinError::NoSuchZone`] and [`TwinError::Magnitude`] for a fault that it cannot have.
    pub fn solve_with(&self, open: u64, fault: &Candidate) -> Result<HydraulicState, TwinError> {
        fault.check(self.zone_count())?;
        let (mut network, mut pump, mut passing) = (self.network.clone(), self.pump, open);
        match *fault {
            Candidate::FilterClogging { added_loss } => {
                network.set_minor_k(self.filter, self.filter_minor_loss + added_loss);
            }
            Candidate::ValveStuckClosed { zone } => passing &= !(1 << zone),
            Candidate::PipeLeak { zone, emitter_share } => {
                network.set_emitter(self.junctions[zone], emitter_share * self.emitter);
            }
            Candidate::PumpWear { wear } => pump.wear = wear,
        }
        // The pump runs as long as any valve is commanded open, whether it obeys or not.
        if open == 0 {
            return Ok(self.state(network, pump, 0));
        }
        Ok(self.running(network, pump, passing))
    }

    fn state(&self, network: Network, pump: Pump, open: u64) -> HydraulicState {
        if open == 0 {
            let zone_flow_lps = vec![0.0; self.zone_count()];
            return HydraulicState {
                zone_flow_lps,
                pump_flow_lps: 0.0,
                pump_pressure_kpa: 0.0,
                filter_pressure_kpa: 0.0,
                power_kw: 0.0,
            };
        }
        self.running(network, pump, open)
    }

    fn running(&self, mut network: Network, pump: Pump, passing: u64) -> HydraulicState {
        for (position, &zone) in self.zones.iter().enumerate() {
            network.set_closed(zone, passing & (1 << position) == 0);
        }
        let solution: Solution = network.solve(&Supply::new(&pump, self.reservoir_head_m));
        let (flow_m3s, head_m) = (solution.pump_flow_m3s, solution.pump_head_m);
        let outlet_m = self.reservoir_head_m + head_m - self.pump_elevation_m;
        let kpa = |head_m: f64| Metres::new(head_m).to_kilopascals().get();
        HydraulicState {
            zone_flow_lps: self.zones.iter().map(|&z| 1_000.0 * solution.emitter_m3s[z]).collect(),
            pump_flow_lps: 1_000.0 * flow_m3s,
            pump_pressure_kpa: kpa(outlet_m),
            filter_pressure_kpa: kpa(solution.pressure_m[self.filter]),
            power_kw: pump.electric_kw(flow_m3s, head_m),
        }
    }
}

fn node(
    name: &str,
    parent: Option<&str>,
    pipe: &PipeModel,
    elevation_m: f64,
    emitter: f64,
) -> NodeSpec {
    NodeSpec {
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        length_m: pipe.length_m,
        diameter_m: pipe.diameter_m,
        roughness_c: pipe.roughness,
        minor_k: pipe.minor_loss,
        elevation_m,
        emitter,
        closed: false,
    }
}

/// The networks of a shard's designs, with the answers found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Designs {
    designs: Vec<Design>,
}

#[derive(Clone, Debug)]
struct Design {
    model: Arc<SiteModel>,
    network: NominalNetwork,
    answers: BTreeMap<u64, HydraulicState>,
}

impl Designs {
    /// The index of a design, built on first sight. Sites share it when they share the model.
    pub(crate) fn index(&mut self, model: &Arc<SiteModel>) -> Result<usize, Error> {
        if let Some(known) = self.designs.iter().position(|d| Arc::ptr_eq(&d.model, model)) {
            return Ok(known);
        }
        let network = NominalNetwork::new(&model.hydraulics)?;
        let model = Arc::clone(model);
        self.designs.push(Design { model, network, answers: BTreeMap::new() });
        Ok(self.designs.len() - 1)
    }

    /// The nominal state of design `index` with the valves in `open` open.
    pub(crate) fn state(&mut self, index: usize, open: u64) -> &HydraulicState {
        let Design { network, answers, .. } = &mut self.designs[index];
        if answers.len() >= ANSWERS_MAX && !answers.contains_key(&open) {
            answers.pop_first();
        }
        answers.entry(open).or_insert_with(|| network.solve(open))
    }
}

#[cfg(test)]
mod tests;

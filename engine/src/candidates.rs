//! What hydraulic faults would look like: the twin's nominal network, asked by analytics.

use crate::error::EngineError;
use fieldmirror_analytics::fault::FaultClass;
use fieldmirror_analytics::tickets::{CandidateFault, CandidateFaults};
use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::register::{Register, Site};
use fieldmirror_twin::candidates::{Candidate, WhatIf};
use std::sync::Arc;

/// Candidate faults of one shard's farms.
#[derive(Debug)]
pub(crate) struct Candidates {
    register: Arc<Register>,
    /// Distinct designs; farms of a fleet share one.
    designs: Vec<fieldmirror_twin::candidates::CandidateFaults>,
    design_of: Vec<usize>,
}

impl Candidates {
    pub(crate) fn new(register: &Arc<Register>) -> Result<Self, EngineError> {
        let mut designs: Vec<fieldmirror_twin::candidates::CandidateFaults> = Vec::new();
        let mut design_of = Vec::with_capacity(register.sites.len());
        for site in &register.sites {
            let known = designs.iter().position(|design| Arc::ptr_eq(design.model(), &site.model));
            let index = known.unwrap_or(designs.len());
            if known.is_none() {
                let model = Arc::clone(&site.model);
                designs.push(fieldmirror_twin::candidates::CandidateFaults::new(model)?);
            }
            design_of.push(index);
        }
        Ok(Self { register: Arc::clone(register), designs, design_of })
    }

    fn device(&self, site: &Site, candidate: Candidate) -> DeviceIx {
        match candidate {
            Candidate::FilterClogging { .. } => site.filter,
            Candidate::PipeLeak { .. } | Candidate::PumpWear { .. } => site.pump,
            Candidate::ValveStuckClosed { zone } => {
                self.register.zones[site.first_zone.index() + zone].valve
            }
        }
    }
}

impl CandidateFaults for Candidates {
    fn hydraulic(&self, site: SiteIx, open: &[ZoneIx]) -> Vec<CandidateFault> {
        let farm = &self.register.sites[site.index()];
        let position = |zone: ZoneIx| zone.index() - farm.first_zone.index();
        let mask = open.iter().fold(0_u64, |mask, zone| mask | 1 << position(*zone));
        let design = &self.designs[self.design_of[site.index()]];
        // The candidates are of the design's own making, so none is refused.
        let what_ifs = design.standard(mask).unwrap_or_default();
        let describe = |what_if: &WhatIf| {
            let relative = |healthy: f64, faulty: f64| {
                if healthy == 0.0 { 0.0 } else { faulty / healthy - 1.0 }
            };
            let (healthy, faulty) = (&what_if.healthy, &what_if.faulty);
            let zone_flow = |zone: &ZoneIx| {
                let at = position(*zone);
                (*zone, relative(healthy.zone_flow_lps[at], faulty.zone_flow_lps[at]))
            };
            Some(CandidateFault {
                class: FaultClass::named(what_if.candidate.class())?,
                device: self.device(farm, what_if.candidate),
                zone_flow: open.iter().map(zone_flow).collect(),
                pump_flow: relative(healthy.pump_flow_lps, faulty.pump_flow_lps),
                pump_pressure: relative(healthy.pump_pressure_kpa, faulty.pump_pressure_kpa),
                filter_pressure: relative(healthy.filter_pressure_kpa, faulty.filter_pressure_kpa),
                power: relative(healthy.power_kw, faulty.power_kw),
            })
        };
        what_ifs.iter().filter_map(describe).collect()
    }
}

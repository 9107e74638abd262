//! Nominal what-if: what a suspected fault would do to flows, pressures and power.
//!
//! Ranking root causes needs the signature of each candidate on the very network and open set on
//! which a finding was made: a clogged filter and a closed valve both cut a flow, but only one
//! raises the loss over the filter. The answers come from the nominal network with the fault
//! applied, so they state ratios and directions, not the true magnitude.

use crate::error::TwinError;
use crate::hydraulics::{HydraulicState, NominalNetwork};
use fieldmirror_core::register::SiteModel;
use std::sync::Arc;

/// A fault to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Candidate {
    /// The filter's minor loss coefficient has grown by this much.
    FilterClogging {
        /// Added K, 0 or more.
        added_loss: f64,
    },
    /// The valve of a zone does not open.
    ValveStuckClosed {
        /// The zone's position along the main.
        zone: usize,
    },
    /// Water escapes from the main where a zone's lateral leaves it.
    PipeLeak {
        /// The zone's position along the main.
        zone: usize,
        /// Size of the hole, as a share of a zone's emitter coefficient, 0 or more.
        emitter_share: f64,
    },
    /// Impeller and rings of the pump are worn.
    PumpWear {
        /// 0 new to 1 worn out.
        wear: f64,
    },
}

/// Added filter losses to try: from a few percent of flow to a nearly blocked filter.
const ADDED_LOSSES: [f64; 5] = [30.0, 100.0, 300.0, 1_000.0, 5_000.0];

/// Leak sizes to try.
const EMITTER_SHARES: [f64; 3] = [0.15, 0.4, 0.8];

/// Wear to try.
const WEARS: [f64; 3] = [0.25, 0.5, 1.0];

impl Candidate {
    /// The fault class as tickets and the truth table name it.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::FilterClogging { .. } => "filter_clogging",
            Self::ValveStuckClosed { .. } => "valve_stuck_closed",
            Self::PipeLeak { .. } => "pipe_leak",
            Self::PumpWear { .. } => "pump_wear",
        }
    }

    /// The faults worth trying when the zones in `open` are commanded open, of a design with
    /// `zone_count` zones: a few severities each, every open zone's valve, a leak at every zone.
    pub fn standard(zone_count: usize, open: u64) -> Vec<Self> {
        let mut all: Vec<Self> =
            ADDED_LOSSES.iter().map(|&added_loss| Self::FilterClogging { added_loss }).collect();
        for zone in (0..zone_count).filter(|zone| open & (1 << zone) != 0) {
            all.push(Self::ValveStuckClosed { zone });
        }
        for zone in 0..zone_count {
            all.extend(EMITTER_SHARES.map(|emitter_share| Self::PipeLeak { zone, emitter_share }));
        }
        all.extend(WEARS.map(|wear| Self::PumpWear { wear }));
        all
    }

    pub(crate) fn check(&self, designed: usize) -> Result<(), TwinError> {
        let (zone, magnitude, limit, expected) = match *self {
            Self::FilterClogging { added_loss } => (0, added_loss, f64::MAX, "K of 0 or more"),
            Self::ValveStuckClosed { zone } => (zone, 0.0, f64::MAX, ""),
            Self::PipeLeak { zone, emitter_share } => {
                (zone, emitter_share, f64::MAX, "a share of 0 or more")
            }
            Self::PumpWear { wear } => (0, wear, 1.0, "0 to 1"),
        };
        if zone >= designed {
            return Err(TwinError::NoSuchZone { zone, designed });
        }
        if !(0.0..=limit).contains(&magnitude) {
            return Err(TwinError::Magnitude { fault: self.class(), value: magnitude, expected });
        }
        Ok(())
    }
}

/// A quantity that a controller's own reports show of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Flow into the zone asked about, l/s.
    OwnZoneFlow,
    /// Flow into all other zones together, l/s.
    OtherZonesFlow,
    /// Flow through the pump, l/s.
    PumpFlow,
    /// Pressure before the filter, kPa.
    PumpPressure,
    /// Pressure after the filter, kPa.
    FilterPressure,
    /// Power of the motor, kW.
    Power,
}

/// A channel with and without the fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The channel.
    pub channel: Channel,
    /// Its nominal value, in the channel's unit.
    pub healthy: f64,
    /// Its value with the fault.
    pub faulty: f64,
}

impl Change {
    /// `faulty / healthy - 1`; 0 where both are 0, `None` where only the healthy value is.
    pub fn relative(&self) -> Option<f64> {
        if self.healthy != 0.0 {
            return Some(self.faulty / self.healthy - 1.0);
        }
        (self.faulty == 0.0).then_some(0.0)
    }
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// The fault.
    pub candidate: Candidate,
    /// The network as designed.
    pub healthy: HydraulicState,
    /// The network with the fault.
    pub faulty: HydraulicState,
}

impl WhatIf {
    /// The six channels as the controller of the zone at position `zone` sees them.
    ///
    /// # Errors
    /// [`TwinError::NoSuchZone`] if the design has no such zone.
    pub fn seen_from(&self, zone: usize) -> Result<[Change; 6], TwinError> {
        let designed = self.healthy.zone_flow_lps.len();
        if zone >= designed {
            return Err(TwinError::NoSuchZone { zone, designed });
        }
        let others = |state: &HydraulicState| {
            let flows = state.zone_flow_lps.iter().enumerate();
            flows.filter(|(i, _)| *i != zone).map(|(_, flow)| flow).sum::<f64>()
        };
        let change = |channel, value: &dyn Fn(&HydraulicState) -> f64| Change {
            channel,
            healthy: value(&self.healthy),
            faulty: value(&self.faulty),
        };
        Ok([
            change(Channel::OwnZoneFlow, &|state| state.zone_flow_lps[zone]),
            change(Channel::OtherZonesFlow, &others),
            change(Channel::PumpFlow, &|state| state.pump_flow_lps),
            change(Channel::PumpPressure, &|state| state.pump_pressure_kpa),
            change(Channel::FilterPressure, &|state| state.filter_pressure_kpa),
            change(Channel::Power, &|state| state.power_kw),
        ])
    }
}

/// Answers what-if questions about one design.
#[derive(Clone, Debug)]
pub struct CandidateFaults {
    model: Arc<SiteModel>,
    network: NominalNetwork,
}

impl CandidateFaults {
    /// Prepares the network of a design.
    ///
    /// # Errors
    /// [`TwinError::Design`] for a design that the formulas refuse.
    pub fn new(model: Arc<SiteModel>) -> Result<Self, TwinError> {
        let network = NominalNetwork::new(&model.hydraulics)
            .map_err(|source| TwinError::Design { site: "(design)".to_owned(), source })?;
        Ok(Self { model, network })
    }

    /// The design.
    pub const fn model(&self) -> &Arc<SiteModel> {
        &self.model
    }

    /// What `candidate` does while the zones in `open` (bits by position) are commanded open.
    ///
    /// # Errors
    /// [`TwinError::NoSuchZone`] and [`TwinError::Magnitude`] for a fault that the design cannot
    /// have.
    pub fn what_if(&self, open: u64, candidate: Candidate) -> Result<WhatIf, TwinError> {
        let faulty = self.network.solve_with(open, &candidate)?;
        Ok(WhatIf { candidate, healthy: self.network.solve(open), faulty })
    }

    /// The answers for all [`Candidate::standard`] faults.
    ///
    /// # Errors
    /// None of the standard candidates is refused; the type is that of [`Self::what_if`].
    pub fn standard(&self, open: u64) -> Result<Vec<WhatIf>, TwinError> {
        let candidates = Candidate::standard(self.network.zone_count(), open);
        candidates.into_iter().map(|candidate| self.what_if(open, candidate)).collect()
    }
}

#[cfg(test)]
mod tests;

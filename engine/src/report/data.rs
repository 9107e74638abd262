//! What the report shows, gathered from a run directory.
//!
//! Tables are read once each, batch by batch and only in the columns that are needed, and folded
//! into aggregates whose size follows from the number of hours and zones, not of messages.

mod facts;
mod pumping;
mod radio;
mod residuals;
mod scan;
mod scores;
mod soil;

#[cfg(test)]
pub(super) use facts::Confounder;
pub(super) use facts::{Facts, Fault};
pub(super) use pumping::Pumping;
pub(super) use radio::Radio;
pub(super) use residuals::{Cited, CitedRow, ProbeTrack, Stale};
pub(super) use scores::ScoreTrack;
pub(super) use soil::{Evapotranspiration, SoilQuantiles, ZoneDay, ZoneSoil};

use super::tickets::{self, Ticket};
use crate::error::EngineError;
use crate::manifest::Manifest;
use crate::summary::Summary;
use std::path::Path;

/// The most tickets that a report shows as cards; the others stand in `tickets.md`.
const CARDS_MAX: usize = 24;

/// The most devices whose scores are drawn.
const SCORED_MAX: usize = 12;

/// Everything of a run that its report needs.
#[derive(Clone, Debug)]
pub(super) struct RunData {
    pub(super) manifest: Manifest,
    pub(super) summary: Summary,
    pub(super) facts: Facts,
    pub(super) truth: Vec<Fault>,
    /// In the order in which they were raised.
    pub(super) tickets: Vec<Ticket>,
    /// The rows that shown tickets cite.
    pub(super) cited: Cited,
    /// Zone by zone for one farm; empty for a fleet.
    pub(super) zones: Vec<ZoneSoil>,
    /// Over all zones of a fleet.
    pub(super) quantiles: Option<SoilQuantiles>,
    pub(super) et: Evapotranspiration,
    pub(super) radio: Radio,
    pub(super) probes: Vec<ProbeTrack>,
    pub(super) stale: Stale,
    pub(super) pumping: Option<Pumping>,
    pub(super) scores: Vec<ScoreTrack>,
}

impl RunData {
    /// Reads the run directory `run`.
    ///
    /// # Errors
    /// [`EngineError::NotARun`] and [`EngineError::Tables`] if something is missing or damaged.
    pub(super) fn read(run: &Path) -> Result<Self, EngineError> {
        let manifest = Manifest::read(run)?;
        let summary = facts::summary(run)?;
        let facts = Facts::read(run)?;
        let truth = facts::truth(run)?;
        let tickets = tickets::read(run)?;
        let soil = soil::read(run, &facts)?;
        let is_farm = facts.farms == 1;
        let shown = gravest(&tickets, CARDS_MAX);
        let residuals = residuals::read(run, &facts, &shown)?;
        let scores = scores::read(run, &facts, &shown, &residuals.cited, SCORED_MAX)?;
        Ok(Self {
            radio: radio::read(run, &facts)?,
            pumping: if is_farm { Some(pumping::read(run, &facts)?) } else { None },
            zones: soil.zones,
            quantiles: soil.quantiles,
            et: soil.et,
            probes: residuals.probes,
            stale: residuals.stale,
            cited: residuals.cited,
            scores,
            manifest,
            summary,
            facts,
            truth,
            tickets,
        })
    }

    /// The tickets that become cards.
    pub(super) fn shown(&self) -> Vec<Ticket> {
        gravest(&self.tickets, CARDS_MAX)
    }
}

/// At most `most` tickets, the gravest ones, in the order in which they were raised.
fn gravest(tickets: &[Ticket], most: usize) -> Vec<Ticket> {
    let mut order: Vec<usize> = (0..tickets.len()).collect();
    order.sort_by(|a, b| tickets[*b].severity.total_cmp(&tickets[*a].severity).then(a.cmp(b)));
    order.truncate(most);
    order.sort_unstable();
    order.into_iter().map(|i| tickets[i].clone()).collect()
}

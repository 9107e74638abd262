//! Small things, read whole: the scenario, the summary, the truth table.

use super::scan::{Wanted, scan};
use crate::error::EngineError;
use crate::report::charts::TimeAxis;
use crate::scenario::file::ConfounderText;
use crate::scenario::{Overrides, Scenario};
use crate::summary::Summary;
use fieldmirror_core::time::Timestamp;
use fieldmirror_tables::Table;
use fieldmirror_tables::columns::ABSENT_TIME;
use std::path::Path;

/// What the scenario says.
#[derive(Clone, Debug)]
pub(in crate::report) struct Facts {
    pub(in crate::report) start: Timestamp,
    pub(in crate::report) end: Timestamp,
    /// When learning ended.
    pub(in crate::report) clean_until: Timestamp,
    pub(in crate::report) farms: usize,
    /// Name and probes of each zone of a single farm; empty for a fleet.
    pub(in crate::report) zones: Vec<(String, Vec<String>)>,
    pub(in crate::report) zone_count: usize,
    pub(in crate::report) confounders: Vec<Confounder>,
    /// The weather record's own reference evapotranspiration, mm, by day of the run.
    pub(in crate::report) record_et0_mm: Vec<f64>,
}

/// Something unusual that is no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report) struct Confounder {
    pub(in crate::report) id: String,
    pub(in crate::report) kind: &'static str,
    pub(in crate::report) from: Timestamp,
    pub(in crate::report) to: Timestamp,
}

/// A row of the truth table.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Fault {
    pub(in crate::report) class: String,
    pub(in crate::report) device: String,
    pub(in crate::report) onset: Timestamp,
    pub(in crate::report) end: Option<Timestamp>,
}

impl Facts {
    pub(super) fn read(run: &Path) -> Result<Self, EngineError> {
        let scenario = Scenario::load(&run.join("scenario.arrow"), &Overrides::default())?;
        let sites = || scenario.registers.iter().flat_map(|r| r.sites.iter().map(move |s| (r, s)));
        let farms = sites().count();
        let mut zones = Vec::new();
        if let (1, Some((register, _))) = (farms, sites().next()) {
            zones.extend(register.zones.iter().map(|zone| {
                let probes = zone.probes.iter().map(|probe| register.names.name(*probe).to_owned());
                (zone.name.clone(), probes.collect())
            }));
        }
        let days = scenario.text.span.0.days().ceil() as usize;
        Ok(Self {
            start: scenario.start(),
            end: scenario.end(),
            clean_until: scenario.clean_until().min(scenario.end()),
            farms,
            zones,
            zone_count: scenario.registers.iter().map(|register| register.zones.len()).sum(),
            confounders: confounders(&scenario),
            record_et0_mm: scenario.forcing.iter().take(days).map(|d| d.reference_et0_mm).collect(),
        })
    }

    pub(in crate::report) fn time_axis(&self) -> TimeAxis {
        TimeAxis { start: self.start, days: (self.end - self.start).days() }
    }

    /// Hours of the run, rounded up.
    pub(in crate::report) fn hours(&self) -> usize {
        (self.end - self.start).hours().ceil() as usize
    }
}

fn confounders(scenario: &Scenario) -> Vec<Confounder> {
    let start = scenario.start();
    let mut found: Vec<Confounder> = scenario
        .text
        .confounders
        .iter()
        .map(|confounder| {
            let (id, kind, onset, lasts) = match confounder {
                ConfounderText::HeatWave { id, onset, lasts, .. } => {
                    (id, "heat_wave", onset, lasts)
                }
                ConfounderText::IrrigationPlan { id, onset, lasts, .. } => {
                    (id, "irrigation_plan", onset, lasts)
                }
            };
            let from = start + onset.0;
            Confounder { id: id.clone(), kind, from, to: (from + lasts.0).min(scenario.end()) }
        })
        .collect();
    found.retain(|confounder| confounder.from < scenario.end());
    found
}

/// Reads `summary.json`.
pub(super) fn summary(run: &Path) -> Result<Summary, EngineError> {
    let not_a_run = |why: String| EngineError::NotARun { path: run.to_owned(), why };
    let text = std::fs::read_to_string(run.join("summary.json"))
        .map_err(|e| not_a_run(format!("summary.json: {e}")))?;
    serde_json::from_str(&text).map_err(|e| not_a_run(format!("summary.json: {e}")))
}

/// Reads the truth table.
pub(super) fn truth(run: &Path) -> Result<Vec<Fault>, EngineError> {
    let wanted =
        Wanted { times: &["onset", "end"], words: &["class", "device"], ..Wanted::default() };
    let mut faults = Vec::new();
    scan(run, Table::Truth, wanted, |batch| {
        let (onset, end) = (batch.times("onset"), batch.times("end"));
        let (class, device) = (batch.words("class"), batch.words("device"));
        faults.extend((0..onset.len()).map(|row| Fault {
            class: class.word(row).to_owned(),
            device: device.word(row).to_owned(),
            onset: Timestamp::from_nanos(onset[row]),
            end: (end[row] != ABSENT_TIME).then(|| Timestamp::from_nanos(end[row])),
        }));
    })?;
    faults.sort_by(|a, b| (a.onset, &a.device).cmp(&(b.onset, &b.device)));
    Ok(faults)
}

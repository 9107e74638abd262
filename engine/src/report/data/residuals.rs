//! What the twin made of the messages: probes beside their expectation, stale devices, and the
//! devices behind the rows that tickets cite.

use super::facts::Facts;
use super::scan::{Batch, Wanted, scan};
use crate::error::EngineError;
use crate::report::charts::Point;
use crate::report::tickets::Ticket;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::time::Timestamp;
use fieldmirror_tables::Table;
use std::collections::BTreeMap;
use std::path::Path;

/// One probe's soil water over the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct ProbeTrack {
    pub(in crate::report) device: String,
    pub(in crate::report) zone: String,
    /// Not a number in hours without a sample, here and below.
    pub(in crate::report) observed: Vec<Point>,
    pub(in crate::report) expected: Vec<Point>,
}

impl ProbeTrack {
    pub(in crate::report) fn mean_absolute_residual(&self) -> f64 {
        let (mut sum, mut count) = (0.0, 0_u32);
        for (observed, expected) in self.observed.iter().zip(&self.expected) {
            let residual = observed.1 - expected.1;
            if residual.is_finite() {
                sum += residual.abs();
                count += 1;
            }
        }
        sum / f64::from(count.max(1))
    }
}

/// Devices with overdue messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct Stale {
    /// By state, then hour.
    pub(in crate::report) by_state: BTreeMap<&'static str, Vec<u32>>,
    /// Device hours that each gateway's silence explains.
    pub(in crate::report) explained_h: BTreeMap<String, u64>,
    hours: usize,
}

impl Stale {
    /// The states that are not fresh, and what they say.
    pub(in crate::report) const STATES: [(&'static str, &'static str); 3] = [
        ("stale_gateway", "overdue, explained by a silent gateway"),
        ("stale_link", "overdue, though its gateways are well"),
        ("silent", "overdue with nothing in between to blame (gateways; devices never heard)"),
    ];

    #[cfg(test)]
    pub(in crate::report) const fn of(
        hours: usize,
        by_state: BTreeMap<&'static str, Vec<u32>>,
        explained_h: BTreeMap<String, u64>,
    ) -> Self {
        Self { by_state, explained_h, hours }
    }

    pub(in crate::report) const fn hours(&self) -> usize {
        self.hours
    }

    /// Device hours in a state.
    pub(in crate::report) fn device_hours(&self, state: &str) -> u64 {
        self.by_state.get(state).map_or(0, |counts| counts.iter().map(|n| u64::from(*n)).sum())
    }
}

/// All of it.
#[derive(Debug)]
pub(super) struct Residuals {
    pub(super) probes: Vec<ProbeTrack>,
    pub(super) stale: Stale,
    pub(super) cited: Cited,
}

/// The rows that tickets cite, by their place in the table.
pub(in crate::report) type Cited = BTreeMap<u64, CitedRow>;

/// A row that a ticket cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report) struct CitedRow {
    /// End of its hour.
    pub(in crate::report) time: Timestamp,
    pub(in crate::report) device: String,
    pub(in crate::report) class: String,
    pub(in crate::report) metric: String,
}

/// A device has a row an hour for each of its metrics; these count it once. Pump controllers have
/// rows only for hours in which they ran, and are left out.
const ONE_A_DEVICE: [Metric; 3] =
    [Metric::Humidity, Metric::RelativeHumidity, Metric::FramesReceived];

const WANTED: Wanted = Wanted {
    times: &["time"],
    reals: &["observed", "expected"],
    flags: &[],
    words: &["device", "class", "gateway", "metric", "state"],
};

/// Reads the residuals. `tickets` are those whose evidence is looked up.
pub(super) fn read(
    run: &Path,
    facts: &Facts,
    tickets: &[Ticket],
) -> Result<Residuals, EngineError> {
    let mut fold = Fold::new(facts, tickets);
    scan(run, Table::Residuals, WANTED, |batch| fold.add(batch))?;
    Ok(Residuals { probes: fold.probes, stale: fold.stale, cited: fold.cited })
}

#[derive(Debug)]
struct Fold<'a> {
    facts: &'a Facts,
    probes: Vec<ProbeTrack>,
    stale: Stale,
    cited: Cited,
    /// The rows to look up, ascending.
    citations: Vec<u64>,
    /// How many of the citations were met.
    met: usize,
    /// By key of `device`: its track. By key of `metric`: whether it counts devices, and whether it
    /// is soil water. By key of `state`: the state if it is not fresh.
    tracks: Vec<Option<usize>>,
    metrics: Vec<(bool, bool)>,
    states: Vec<Option<&'static str>>,
}

impl<'a> Fold<'a> {
    fn new(facts: &'a Facts, tickets: &[Ticket]) -> Self {
        let evidence = tickets.iter().flat_map(|ticket| &ticket.evidence);
        let cited = evidence.filter(|cell| cell.table == Table::Residuals.name());
        let mut citations: Vec<u64> = cited.map(|cell| cell.rows[0]).collect();
        citations.sort_unstable();
        citations.dedup();
        let hours = facts.hours();
        Self {
            facts,
            probes: facts.zones.iter().filter_map(|zone| pick(zone, tickets)).collect(),
            stale: Stale { hours, ..Stale::default() },
            cited: Cited::new(),
            citations,
            met: 0,
            tracks: Vec::new(),
            metrics: Vec::new(),
            states: Vec::new(),
        }
    }

    fn add(&mut self, batch: &Batch) {
        let times = batch.times("time");
        let (observed, expected) = (batch.reals("observed"), batch.reals("expected"));
        let (devices, gateways) = (batch.words("device"), batch.words("gateway"));
        let (metrics, states) = (batch.words("metric"), batch.words("state"));
        devices.extend(&mut self.tracks, |name| self.probes.iter().position(|p| p.device == name));
        metrics.extend(&mut self.metrics, |name| {
            let counts = ONE_A_DEVICE.iter().any(|metric| metric.name() == name);
            (counts, name == Metric::Humidity.name())
        });
        states.extend(&mut self.states, |name| {
            Stale::STATES.iter().map(|(state, _)| *state).find(|state| *state == name)
        });
        for row in 0..times.len() {
            let Some(metric) = metrics.key(row) else { continue };
            let (counts, is_water) = self.metrics[metric];
            if counts && let Some(state) = states.key(row).and_then(|key| self.states[key]) {
                self.overdue(times[row], state, gateways.word(row));
            }
            let track = devices.key(row).and_then(|key| self.tracks[key]);
            if is_water && let Some(track) = track {
                let day = (times[row] - self.facts.start.nanos()) as f64 / 86_400e9;
                self.probes[track].observed.push((day, observed[row]));
                self.probes[track].expected.push((day, expected[row]));
            }
        }
        let end = batch.first_row + times.len() as u64;
        while let Some(&place) = self.citations.get(self.met).filter(|place| **place < end) {
            let row = (place - batch.first_row) as usize;
            let cited = CitedRow {
                time: Timestamp::from_nanos(times[row]),
                device: devices.word(row).to_owned(),
                class: batch.words("class").word(row).to_owned(),
                metric: metrics.word(row).to_owned(),
            };
            self.cited.insert(place, cited);
            self.met += 1;
        }
    }

    fn overdue(&mut self, time: i64, state: &'static str, gateway: &str) {
        // A row is named by the end of its hour.
        let hour = (time - self.facts.start.nanos()) / 3_600_000_000_000 - 1;
        let hours = self.stale.hours;
        let counts = self.stale.by_state.entry(state).or_insert_with(|| vec![0; hours]);
        if let Some(count) = usize::try_from(hour).ok().and_then(|hour| counts.get_mut(hour)) {
            *count += 1;
        }
        if state == Stale::STATES[0].0 {
            *self.stale.explained_h.entry(gateway.to_owned()).or_default() += 1;
        }
    }
}

/// The probe that stands for a zone: one with a ticket, or the first.
fn pick((zone, probes): &(String, Vec<String>), tickets: &[Ticket]) -> Option<ProbeTrack> {
    let ticketed = probes.iter().find(|probe| tickets.iter().any(|t| t.device == **probe));
    let device = ticketed.or(probes.first())?.clone();
    Some(ProbeTrack { device, zone: zone.clone(), ..ProbeTrack::default() })
}

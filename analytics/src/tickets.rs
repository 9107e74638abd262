//! One ticket per event: findings of one farm put together, explained, and put into words.
//!
//! A ticket is raised when the first of its findings is, and kept up to date while its event
//! lasts: causes, severity and evidence are those of the event as a whole.

mod hydraulic;
mod probes;
mod silence;
mod text;

use crate::catalogue::{Action, Catalogue};
use crate::fault::FaultClass;
use crate::finding::{Cell, Finding};
use crate::signature::Prototypes;
use crate::topology::Topology;
use crate::window::RowRef;
use fieldmirror_core::ids::{DeviceIx, EntityKey, SiteIx, ZoneIx};
use fieldmirror_core::time::{Span, Timestamp};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// What a hydraulic fault would change on a farm while given zones are open.
pub trait CandidateFaults {
    /// The changes of every candidate fault on `site` while the zones in `open` are commanded
    /// open: clogging, leak and wear of some severities, and the valve of each open zone.
    fn hydraulic(&self, site: SiteIx, open: &[ZoneIx]) -> Vec<CandidateFault>;
}

/// A fault and the relative changes that it would cause: faulty / healthy - 1.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateFault {
    /// Its class.
    pub class: FaultClass,
    /// What would be at fault.
    pub device: DeviceIx,
    /// Change of each open zone's flow.
    pub zone_flow: Vec<(ZoneIx, f64)>,
    /// Change of the flow through the pump.
    pub pump_flow: f64,
    /// Change of the pressure before the filter.
    pub pump_pressure: f64,
    /// Change of the pressure behind the filter.
    pub filter_pressure: f64,
    /// Change of the motor's power.
    pub power: f64,
}

/// What tickets are made with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Who stands where.
    pub topology: &'a Topology,
    /// What probe faults look like: [`crate::model::Model::prototypes`].
    pub prototypes: &'a Prototypes,
    /// What to do, and with what part.
    pub catalogue: &'a Catalogue,
    /// What hydraulic faults would look like.
    pub candidates: &'a dyn CandidateFaults,
    /// The row of the written residuals table that a shard's row has become.
    pub locate: &'a dyn Fn(RowRef) -> u64,
}

/// A possible cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The class of fault.
    #[serde(serialize_with = "class_name")]
    pub class: FaultClass,
    /// How likely it is among the causes considered, 0 to 1.
    pub probability: f64,
}

/// A fact that a ticket rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The table.
    pub table: &'static str,
    /// First and last row.
    pub rows: [u64; 2],
    /// The column.
    pub column: &'static str,
    /// The value that stands there.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

/// What to do about one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// A hash of site, device, class and onset.
    pub ticket_id: String,
    /// Who is at fault.
    pub device: String,
    /// The likeliest cause.
    pub class: FaultClass,
    /// All causes considered, likeliest first.
    pub causes: Vec<Cause>,
    /// Begin of the first deviating window.
    pub onset: Timestamp,
    /// When the ticket was raised.
    pub raised_at: Timestamp,
    /// 0 to 1: the share of flow lost, or how far a sensor is from being useful.
    pub severity: f64,
    /// What to do.
    pub action: Action,
    /// What to bring, if the catalogue says so.
    pub part: Option<String>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// The same for people.
    pub text: String,
}

impl Serialize for Ticket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Ticket", 11)?;
        out.serialize_field("ticket_id", &self.ticket_id)?;
        out.serialize_field("device", &self.device)?;
        out.serialize_field("class", self.class.name())?;
        out.serialize_field("causes", &self.causes)?;
        out.serialize_field("onset", &self.onset.to_string())?;
        out.serialize_field("raised_at", &self.raised_at.to_string())?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("action", self.action.name())?;
        out.serialize_field("part", &self.part)?;
        out.serialize_field("evidence", &self.evidence)?;
        out.serialize_field("text", &self.text)?;
        out.end()
    }
}

fn class_name<S: Serializer>(class: &FaultClass, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(class.name())
}

/// Findings that belong together, and what explains them.
#[derive(Clone, Debug)]
struct Event<'a> {
    site: SiteIx,
    device: DeviceIx,
    /// Distance of each class considered, nearest first.
    distances: Vec<(FaultClass, f64)>,
    members: Vec<&'a Finding>,
    severity: f64,
    /// The cells that its ticket cites.
    cited: Vec<Cell>,
}

/// How long an event of one device and class may pause and still be one event: repairs take
/// longer than rain holds off irrigation.
const PAUSE_MAX: Span = Span::from_days(7);

/// An event that nothing known explains must last this long to be worth a visit.
const UNKNOWN_MIN: Span = Span::from_hours(12);

/// Raises the tickets of one shard's `findings` (of any order), in order of raising.
pub fn raise(findings: &[Finding], desk: &Desk<'_>) -> Vec<Ticket> {
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| (finding.onset, finding.device, finding.detector));
    let mut events = silence::events(&order, desk);
    events.extend(hydraulic::events(&order, desk));
    events.extend(probes::events(&order, desk));
    let mut tickets: Vec<Ticket> = merge(events)
        .iter()
        .filter(|event| event.class() != FaultClass::Unknown || event.length() >= UNKNOWN_MIN)
        .map(|event| text::ticket(event, desk))
        .collect();
    tickets
        .sort_by(|a, b| (a.raised_at, &a.device, a.class).cmp(&(b.raised_at, &b.device, b.class)));
    tickets
}

/// Joins events of one device and class that pause for at most [`PAUSE_MAX`].
fn merge(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    events.sort_by_key(|event| (event.device, event.class(), event.onset()));
    let mut merged: Vec<Event<'_>> = Vec::new();
    for event in events {
        if let Some(before) = merged.last_mut()
            && before.device == event.device
            && before.class() == event.class()
            && before.end().is_none_or(|end| event.onset() <= end + PAUSE_MAX)
        {
            before.members.extend(event.members);
            before.severity = before.severity.max(event.severity);
        } else {
            merged.push(event);
        }
    }
    merged
}

impl Event<'_> {
    fn class(&self) -> FaultClass {
        self.distances.first().map_or(FaultClass::Unknown, |entry| entry.0)
    }

    fn onset(&self) -> Timestamp {
        self.members.iter().map(|finding| finding.onset).min().unwrap_or_default()
    }

    fn raised_at(&self) -> Timestamp {
        self.members.iter().map(|finding| finding.raised_at).min().unwrap_or_default()
    }

    /// `None` while it lasts.
    fn end(&self) -> Option<Timestamp> {
        self.members
            .iter()
            .map(|finding| finding.end)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }

    /// From onset to end, or to the raising if it lasts.
    fn length(&self) -> Span {
        match self.end() {
            Some(end) => end - self.onset(),
            None => UNKNOWN_MIN,
        }
    }
}

/// Whether two findings overlap in time, give or take `slack`.
fn overlap(a: &Finding, b: &Finding, slack: Span) -> bool {
    let before = |x: &Finding, y: &Finding| x.end.is_some_and(|end| end + slack < y.onset);
    !before(a, b) && !before(b, a)
}

/// Groups findings of one device that pause for at most `pause`; `order` is by onset.
fn runs<'a>(order: &[&'a Finding], pause: Span) -> Vec<Vec<&'a Finding>> {
    let mut runs: Vec<Vec<&'a Finding>> = Vec::new();
    for &finding in order {
        let open = runs.iter_mut().rev().find(|run| run[0].device == finding.device);
        match open {
            Some(run) if run.iter().any(|other| overlap(other, finding, pause)) => {
                run.push(finding);
            }
            _ => runs.push(vec![finding]),
        }
    }
    runs
}

/// A stable name for an event.
fn ticket_id(site: &str, device: &str, class: FaultClass, onset: Timestamp) -> String {
    EntityKey::of(&format!("{site}/{device}/{}/{onset}", class.name())).to_string()
}

/// Probabilities from distances: a softmax of negative distances.
fn causes(distances: &[(FaultClass, f64)]) -> Vec<Cause> {
    // Chosen so that a distance of .25 more (about 15 degrees between unit vectors) makes a cause
    // five times less likely.
    const SHARPNESS: f64 = 0.155;
    let nearest = distances.first().map_or(0.0, |entry| entry.1);
    let weights: Vec<f64> =
        distances.iter().map(|entry| libm::exp((nearest - entry.1) / SHARPNESS)).collect();
    let sum: f64 = weights.iter().sum();
    distances
        .iter()
        .zip(weights)
        .map(|(&(class, _), weight)| Cause {
            class,
            probability: (weight / sum * 1e4).round() / 1e4,
        })
        .collect()
}

/// The distance between two directions: of unit vectors, 0 (same) to 2 (opposite); that of a
/// right angle if one of them has no direction.
fn direction_distance(a: &[f64], b: &[f64]) -> f64 {
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (size_a, size_b) = (norm(a), norm(b));
    if size_a < 1e-9 || size_b < 1e-9 {
        return std::f64::consts::SQRT_2;
    }
    let apart: f64 =
        a.iter().zip(b).map(|(x, y)| (x / size_a - y / size_b) * (x / size_a - y / size_b)).sum();
    apart.sqrt()
}

/// The distance at which nothing known fits any more: about 48 degrees between directions.
const UNKNOWN_DISTANCE: f64 = 0.8;

/// The nearest distance of each class, `unknown` included, nearest first; equal ones by class.
fn ranked(distances: impl Iterator<Item = (FaultClass, f64)>) -> Vec<(FaultClass, f64)> {
    let mut nearest: Vec<(FaultClass, f64)> = vec![(FaultClass::Unknown, UNKNOWN_DISTANCE)];
    for (class, distance) in distances {
        match nearest.iter_mut().find(|entry| entry.0 == class) {
            Some(entry) => entry.1 = entry.1.min(distance),
            None => nearest.push((class, distance)),
        }
    }
    nearest.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    nearest
}

#[cfg(test)]
mod tests;

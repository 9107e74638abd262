//! Pump controllers of one farm: what one fault does to all of them is one event.

use super::{CandidateFault, Desk, Event, direction_distance, overlap, ranked};
use crate::fault::FaultClass;
use crate::features::pump::{SIGNATURE, signature};
use crate::finding::{Cell, Column, Detector, Finding, Pattern};
use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::time::Span;
use std::collections::BTreeMap;

/// How far apart findings of one event may lie: a zone is watered once a day.
const SLACK: Span = Span::from_days(1);

/// A finding joins an event whose cause lies within this distance of its own shape.
const JOIN_DISTANCE: f64 = 0.7;

/// How much earlier than a closed valve's own controller others may notice it.
const VALVE_LEAD: Span = Span::from_hours(6);

/// What is left of a deviation must be this many tolerances to be a second fault's.
const LEFT_OVER_MIN: f64 = 5.0;

/// Most findings that a ticket cites.
const FINDINGS_CITED: usize = 2;

/// A finding with the size of its deviation, in tolerances, and the distance of every candidate.
struct Shaped<'a> {
    finding: &'a Finding,
    size: f64,
    seen: [f64; SIGNATURE],
    /// What each candidate would look like here, at its severities.
    shapes: BTreeMap<(FaultClass, DeviceIx), Vec<[f64; SIGNATURE]>>,
    distances: BTreeMap<(FaultClass, DeviceIx), f64>,
}

type Answers = BTreeMap<Vec<ZoneIx>, Vec<CandidateFault>>;

pub(super) fn events<'a>(order: &[&'a Finding], desk: &Desk<'_>) -> Vec<Event<'a>> {
    let mut by_site: BTreeMap<SiteIx, Vec<&'a Finding>> = BTreeMap::new();
    for &finding in order {
        if matches!(finding.pattern, Pattern::Hydraulic { .. }) {
            let site = desk.topology.places[finding.device.index()].site;
            by_site.entry(site).or_default().push(finding);
        }
    }
    by_site.into_iter().flat_map(|(site, findings)| site_events(site, findings, desk)).collect()
}

/// Explains residual findings, then adds what observations alone found of the same event, and
/// explains what is left of that.
fn site_events<'a>(site: SiteIx, findings: Vec<&'a Finding>, desk: &Desk<'_>) -> Vec<Event<'a>> {
    let mut answers = Answers::new();
    let mut shaped = |findings: Vec<&'a Finding>| -> Vec<Shaped<'a>> {
        findings.into_iter().filter_map(|f| shape(f, site, desk, &mut answers)).collect()
    };
    let (residual, observed): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(|finding| finding.detector == Detector::Residual);
    let mut events = explain(site, shaped(residual), desk);
    let mut left = Vec::new();
    for finding in observed {
        let shared = |event: &Event<'_>| {
            let own = event.members.iter().filter(|member| member.device == finding.device);
            own.map(|member| shared_s(member, finding)).fold(0.0, f64::max)
        };
        let best = events.iter_mut().map(|event| (shared(event), event));
        match best.filter(|e| e.0 > 0.0).max_by(|a, b| a.0.total_cmp(&b.0)).map(|e| e.1) {
            Some(event) => event.members.push(finding),
            None => left.push(finding),
        }
    }
    events.extend(explain(site, shaped(left), desk));
    events
}

/// How long two findings lie at the same time, in seconds; those that last, at least that long.
fn shared_s(a: &Finding, b: &Finding) -> f64 {
    let (start, far) = (a.onset.max(b.onset), a.raised_at.max(b.raised_at) + SLACK);
    (a.end.unwrap_or(far).min(b.end.unwrap_or(far)) - start).seconds()
}

/// Explains the largest deviation first, and with it all that its cause explains.
fn explain<'a>(site: SiteIx, mut left: Vec<Shaped<'a>>, desk: &Desk<'_>) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    while !left.is_empty() {
        left.sort_by(|a, b| b.size.total_cmp(&a.size));
        let seed = left.remove(0);
        let cause = nearest(std::slice::from_ref(&seed));
        let mut group = vec![seed];
        // Joining may widen the event's time, so look again until nobody joins.
        while let Some(i) = left.iter().position(|other| joins(other, &group, cause)) {
            group.push(left.remove(i));
        }
        if let Some(cause) = cause {
            let together = |other: &&mut Shaped<'_>| {
                group.iter().any(|member| overlap(member.finding, other.finding, Span::ZERO))
            };
            left.iter_mut().filter(together).for_each(|other| other.take_out(cause));
        }
        events.push(event(site, group, desk));
    }
    events
}

impl Shaped<'_> {
    /// Compares candidates also with what is left once the part that `cause` explains is taken
    /// out: two faults at a time look like neither.
    fn take_out(&mut self, cause: (FaultClass, DeviceIx)) {
        let dot = |a: &[f64; SIGNATURE], b: &[f64; SIGNATURE]| -> f64 {
            a.iter().zip(b).map(|(x, y)| x * y).sum()
        };
        let Some(shapes) = self.shapes.get(&cause) else {
            return;
        };
        let mut least: Option<(f64, [f64; SIGNATURE])> = None;
        for shape in shapes {
            let share = (dot(&self.seen, shape) / dot(shape, shape).max(1e-9)).clamp(0.0, 1.0);
            let left: [f64; SIGNATURE] = std::array::from_fn(|i| self.seen[i] - share * shape[i]);
            let size = dot(&left, &left);
            if least.is_none_or(|(smallest, _)| size < smallest) {
                least = Some((size, left));
            }
        }
        let Some((size, left)) = least.filter(|(size, _)| size.sqrt() >= LEFT_OVER_MIN) else {
            return;
        };
        for (candidate, distance) in &mut self.distances {
            for shape in self.shapes.get(candidate).into_iter().flatten() {
                *distance = distance.min(direction_distance(&left, shape));
            }
        }
        self.size = size.sqrt();
    }
}

fn joins(other: &Shaped<'_>, group: &[Shaped<'_>], cause: Option<(FaultClass, DeviceIx)>) -> bool {
    let in_time = group.iter().any(|member| overlap(member.finding, other.finding, SLACK));
    let seed = group[0].finding;
    // A valve closes at once, and its own controller is the first to see it.
    if cause.is_some_and(|cause| cause.0 == FaultClass::ValveStuckClosed)
        && other.finding.onset + VALVE_LEAD < seed.onset
    {
        return false;
    }
    let Some(cause) = cause else {
        // What nothing explains is one event of one controller.
        return in_time && seed.device == other.finding.device;
    };
    in_time && other.distances.get(&cause).is_some_and(|&distance| distance <= JOIN_DISTANCE)
}

/// The cause that fits `group` best, if one fits at all.
fn nearest(group: &[Shaped<'_>]) -> Option<(FaultClass, DeviceIx)> {
    joint(group)
        .into_iter()
        .filter(|entry| entry.1 < super::UNKNOWN_DISTANCE)
        .min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
        .map(|entry| entry.0)
}

/// Mean distance of each candidate over the group, weighted by the size of the deviations.
fn joint(group: &[Shaped<'_>]) -> BTreeMap<(FaultClass, DeviceIx), f64> {
    let mut sums: BTreeMap<(FaultClass, DeviceIx), f64> = BTreeMap::new();
    for member in group {
        for &cause in member.distances.keys() {
            sums.entry(cause).or_insert(0.0);
        }
    }
    let weight: f64 = group.iter().map(|member| member.size).sum();
    for (cause, sum) in &mut sums {
        for member in group {
            let far = std::f64::consts::SQRT_2;
            *sum += member.size * member.distances.get(cause).copied().unwrap_or(far);
        }
        *sum /= weight.max(1e-9);
    }
    sums
}

fn event<'a>(site: SiteIx, group: Vec<Shaped<'a>>, desk: &Desk<'_>) -> Event<'a> {
    let all = joint(&group);
    let distances = ranked(all.iter().map(|(cause, &distance)| (cause.0, distance)));
    let class = distances[0].0;
    let device = all
        .iter()
        .filter(|(cause, _)| cause.0 == class)
        .min_by(|a, b| a.1.total_cmp(b.1).then(a.0.cmp(b.0)))
        .map_or(group[0].finding.device, |(cause, _)| cause.1);
    let loss = group.iter().map(|member| member.finding.flow_loss).fold(0.0, f32::max);
    let cited = cite(&group, class, device, desk);
    Event {
        site,
        device,
        distances,
        members: group.into_iter().map(|member| member.finding).collect(),
        severity: f64::from(loss),
        cited,
    }
}

fn shape<'a>(
    finding: &'a Finding,
    site: SiteIx,
    desk: &Desk<'_>,
    answers: &mut Answers,
) -> Option<Shaped<'a>> {
    let Pattern::Hydraulic { signature, before, open_zones, companions } = &finding.pattern else {
        return None;
    };
    let own = desk.topology.places[finding.device.index()].zone?;
    let seen = signature.map(f64::from);
    let added: [f64; SIGNATURE] = std::array::from_fn(|i| seen[i] - f64::from(before[i]));
    let others = (open_zones.round() as usize).clamp(1, companions.len() + 1) - 1;
    let mut open: Vec<ZoneIx> = companions[..others].to_vec();
    open.push(own);
    let mut distances = BTreeMap::new();
    let mut shapes: BTreeMap<_, Vec<[f64; SIGNATURE]>> = BTreeMap::new();
    let mut compare = |open: Vec<ZoneIx>, only: Option<FaultClass>| {
        let mut open = open;
        open.sort_unstable();
        let candidates =
            answers.entry(open).or_insert_with_key(|open| desk.candidates.hydraulic(site, open));
        for candidate in candidates.iter().filter(|c| only.is_none_or(|class| class == c.class)) {
            // A candidate may explain all that is seen, or what is new since another fault began.
            let expected = expected(candidate, own);
            let distance =
                direction_distance(&seen, &expected).min(direction_distance(&added, &expected));
            let cause = (candidate.class, candidate.device);
            let entry = distances.entry(cause).or_insert(distance);
            *entry = entry.min(distance);
            shapes.entry(cause).or_default().push(expected);
        }
    };
    compare(open, None);
    // Any zone that ran at the same time may be the one whose valve did not open.
    for &companion in companions {
        compare(vec![own, companion], Some(FaultClass::ValveStuckClosed));
    }
    compare(vec![own], Some(FaultClass::ValveStuckClosed));
    let size = seen.iter().map(|x| x * x).sum::<f64>().sqrt();
    Some(Shaped { finding, size, seen, shapes, distances })
}

/// What the controller of zone `own` would see of `candidate`.
fn expected(candidate: &CandidateFault, own: ZoneIx) -> [f64; SIGNATURE] {
    let zone_flow =
        candidate.zone_flow.iter().find(|entry| entry.0 == own).map_or(0.0, |entry| entry.1);
    let loss = candidate.pump_pressure - candidate.filter_pressure;
    let change = [zone_flow, candidate.pump_flow, candidate.pump_pressure, loss, candidate.power];
    signature(&change.map(|change| change as f32)).map(f64::from)
}

/// The cells that show `class` best, of the controller nearest to `device` first.
fn cite(group: &[Shaped<'_>], class: FaultClass, device: DeviceIx, desk: &Desk<'_>) -> Vec<Cell> {
    let metrics: &[Metric] = match class {
        FaultClass::FilterClogging => {
            &[Metric::PumpPressure, Metric::FilterPressure, Metric::ZoneFlow]
        }
        FaultClass::ValveStuckClosed => &[Metric::ZoneFlow, Metric::PumpPressure],
        FaultClass::PipeLeak | FaultClass::PumpWear => &[Metric::PumpFlow, Metric::PumpPressure],
        _ => &[
            Metric::ZoneFlow,
            Metric::PumpFlow,
            Metric::PumpPressure,
            Metric::FilterPressure,
            Metric::Power,
        ],
    };
    let zone = desk.topology.places[device.index()].zone;
    let mut members: Vec<&Shaped<'_>> = group.iter().collect();
    // Same zone first, then the largest; the group is in order of size but for the seed.
    members.sort_by(|a, b| {
        let apart = |s: &Shaped<'_>| {
            zone.is_some() && desk.topology.places[s.finding.device.index()].zone != zone
        };
        apart(a).cmp(&apart(b)).then(b.size.total_cmp(&a.size))
    });
    let mut cited: Vec<Cell> = Vec::new();
    for member in members {
        let evidence = member.finding.evidence.iter();
        let cells: Vec<Cell> = evidence
            .filter(|cell| metrics.contains(&cell.metric))
            .filter(|cell| matches!(cell.column, Column::Observed | Column::Expected))
            .copied()
            .collect();
        let known = |cell: &Cell| cited.iter().any(|c| c.device == cell.device);
        if !cells.is_empty() && !cells.iter().any(known) {
            cited.extend(cells);
        }
        let mut devices: Vec<DeviceIx> = cited.iter().map(|cell| cell.device).collect();
        devices.dedup();
        if devices.len() >= FINDINGS_CITED {
            break;
        }
    }
    cited
}

//! Probes: each its own event, unless a whole zone deviates.

use super::{Desk, Event, direction_distance, overlap, ranked, runs};
use crate::fault::FaultClass;
use crate::features::probe::{LEVEL, REPEATS, SPREAD};
use crate::finding::{Cell, Column, Finding, Pattern};
use crate::scale::CLIP;
use fieldmirror_core::ids::ZoneIx;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::time::Span;
use std::collections::BTreeMap;

/// How long a probe may behave between two findings of one event.
const PAUSE: Span = Span::from_days(3);

/// Fewest probes of a zone, and their share in tenths, whose common deviation is the zone's.
const ZONE_PROBES_MIN: usize = 3;
const ZONE_TENTHS: usize = 4;

pub(super) fn events<'a>(order: &[&'a Finding], desk: &Desk<'_>) -> Vec<Event<'a>> {
    let probes: Vec<&Finding> = order
        .iter()
        .copied()
        .filter(|f| matches!(f.pattern, Pattern::Probe(_) | Pattern::ProbeResidual(_)))
        .collect();
    let mut by_zone: BTreeMap<Option<ZoneIx>, Vec<Vec<&'a Finding>>> = BTreeMap::new();
    for run in runs(&probes, PAUSE) {
        let zone = desk.topology.places[run[0].device.index()].zone;
        by_zone.entry(zone).or_default().push(run);
    }
    let mut events = Vec::new();
    for (zone, runs) in by_zone {
        for group in neighbours(runs) {
            let probes = zone.map_or(0, |zone| desk.topology.zones[zone.index()].probes.len());
            let many = group.len() >= ZONE_PROBES_MIN && group.len() * 10 >= probes * ZONE_TENTHS;
            match zone {
                Some(zone) if many => events.push(zone_event(zone, group, desk)),
                _ => events.extend(group.into_iter().map(|run| event(run, desk))),
            }
        }
    }
    events
}

/// Runs of one zone that overlap in time.
fn neighbours(runs: Vec<Vec<&Finding>>) -> Vec<Vec<Vec<&Finding>>> {
    let mut groups: Vec<Vec<Vec<&Finding>>> = Vec::new();
    for run in runs {
        let together = |group: &&mut Vec<Vec<&Finding>>| {
            group.iter().flatten().any(|a| run.iter().any(|b| overlap(a, b, Span::ZERO)))
        };
        match groups.iter_mut().find(together) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups
}

/// Probes that deviate from their zone's median all at once have no ordinary neighbours left: that
/// is no probe's fault, and no known one.
fn zone_event<'a>(zone: ZoneIx, group: Vec<Vec<&'a Finding>>, desk: &Desk<'_>) -> Event<'a> {
    let members: Vec<&Finding> = group.into_iter().flatten().collect();
    let assets = &desk.topology.zones[zone.index()];
    Event {
        site: assets.site,
        device: assets.controller,
        distances: ranked(std::iter::empty()),
        severity: 0.0,
        cited: members.iter().take(2).flat_map(|f| cite(f, FaultClass::Unknown)).collect(),
        members,
    }
}

fn event<'a>(members: Vec<&'a Finding>, desk: &Desk<'_>) -> Event<'a> {
    let device = members[0].device;
    // What the probe sent says more of it than what the twin expected.
    let shown = members.iter().find(|f| matches!(f.pattern, Pattern::Probe(_)));
    let shown = shown.copied().unwrap_or(members[0]);
    let distances = ranked(distances(&shown.pattern, desk).into_iter());
    let class = distances[0].0;
    Event {
        site: desk.topology.places[device.index()].site,
        device,
        severity: severity(&shown.pattern, class),
        cited: cite(shown, class),
        distances,
        members,
    }
}

fn distances(pattern: &Pattern, desk: &Desk<'_>) -> Vec<(FaultClass, f64)> {
    let wide = |v: &[f32]| v.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    match pattern {
        Pattern::Probe(seen) => desk
            .prototypes
            .observed
            .iter()
            .map(|(class, shape)| (*class, direction_distance(&wide(seen), &wide(shape))))
            .collect(),
        Pattern::ProbeResidual(seen) => desk
            .prototypes
            .residual
            .iter()
            .map(|(class, shape)| (*class, direction_distance(&wide(seen), &wide(shape))))
            .collect(),
        _ => Vec::new(),
    }
}

/// A stuck probe is useless; others in part, as far as their channel deviates.
fn severity(pattern: &Pattern, class: FaultClass) -> f64 {
    let share = |z: f32| f64::from((z.abs() / CLIP).min(1.0));
    match (class, pattern) {
        (FaultClass::ProbeStuck, _) => 1.0,
        (FaultClass::ProbeNoise, Pattern::Probe(z)) => share(z[SPREAD]),
        (FaultClass::ProbeDrift, Pattern::Probe(z)) => share(z[LEVEL]),
        (_, Pattern::Probe(z)) => share(z[LEVEL]).max(share(z[SPREAD])).max(share(z[REPEATS])),
        (_, Pattern::ProbeResidual(z)) => share(z[0]),
        _ => 0.0,
    }
}

fn cite(finding: &Finding, class: FaultClass) -> Vec<Cell> {
    let columns: &[Column] = match class {
        FaultClass::ProbeStuck => &[Column::Observed, Column::Repeats, Column::Samples],
        FaultClass::ProbeNoise => &[Column::ObservedSd, Column::Samples],
        _ => &[Column::Observed, Column::Residual],
    };
    finding
        .evidence
        .iter()
        .filter(|cell| cell.metric == Metric::Humidity && columns.contains(&cell.column))
        .copied()
        .collect()
}

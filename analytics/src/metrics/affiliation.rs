//! Affiliation: how near alarms and segments are to each other, against chance.
//!
//! The series is cut half-way between segments into zones, one for each. Within a zone a row of an
//! alarm is worth the probability that a row drawn at random is further from the segment
//! (precision), and a row of the segment the probability that a random row is further from it
//! than the nearest alarm (recall).
//!
//! **A random score reaches 0.5 to 0.69** or more: never show it without [`affiliation_of_chance`]
//! beside it.
//!
//! # Source
//! Huet, Navarro, Rossi, "Local Evaluation of Time Series Anomaly Detection Algorithms", KDD 2022.
//! Row `i` is the interval [i, i + 1). The integrals are piecewise linear and are computed exactly
//! by trapezia between their kinks, where the authors' code has a case for each order of the kinks.

use super::{Segment, check_lengths, harmonic, segments};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use serde::Serialize;

/// Precision and recall of affiliation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Affiliation {
    /// Mean over the zones with an alarm; `None` without any alarm.
    pub precision: Option<f64>,
    /// Mean over all zones, 0 for one without an alarm.
    pub recall: f64,
}

impl Affiliation {
    /// Harmonic mean; 0 without an alarm.
    pub fn f1(&self) -> f64 {
        harmonic(self.precision.unwrap_or(0.0), self.recall)
    }
}

/// Affiliation of alarms with segments, over the whole series. `None` without a positive row.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn affiliation(labels: &[bool], alarms: &[bool]) -> Result<Option<Affiliation>> {
    check_lengths(labels, alarms.len(), "alarms")?;
    let truths: Vec<Interval> = segments(labels).into_iter().map(Interval::from).collect();
    let alarms: Vec<Interval> = segments(alarms).into_iter().map(Interval::from).collect();
    if truths.is_empty() {
        return Ok(None);
    }
    let series = Interval { start: 0.0, end: labels.len() as f64 };
    let zones = zones(&truths, series);
    let (mut precisions, mut zones_with_alarm, mut recalls) = (0.0, 0_u32, 0.0);
    let mut from = 0;
    for (truth, zone) in truths.iter().zip(&zones) {
        while alarms.get(from).is_some_and(|alarm| alarm.end <= zone.start) {
            from += 1;
        }
        let inside = alarms[from..].iter().take_while(|alarm| alarm.start < zone.end);
        let inside: Vec<Interval> = inside.filter_map(|alarm| alarm.and(*zone)).collect();
        if !inside.is_empty() {
            precisions += precision(&inside, *truth, *zone);
            zones_with_alarm += 1;
            recalls += recall(&inside, *truth, *zone);
        }
    }
    let precision = (zones_with_alarm > 0).then(|| precisions / f64::from(zones_with_alarm));
    Ok(Some(Affiliation { precision, recall: recalls / truths.len() as f64 }))
}

/// What chance reaches: the mean over `draws` of alarms on rows drawn independently, each with the
/// share of `alarms` among all rows. `None` without a positive row or without a draw; draws without
/// an alarm count with precision 0.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn affiliation_of_chance(
    labels: &[bool],
    alarms: &[bool],
    draws: u32,
    seed: Seed,
) -> Result<Option<Affiliation>> {
    check_lengths(labels, alarms.len(), "alarms")?;
    let rate = alarms.iter().filter(|&&alarm| alarm).count() as f64 / alarms.len().max(1) as f64;
    let (mut precision, mut recall) = (0.0, 0.0);
    for draw in 0..draws {
        let entity = EntityKey::of("affiliation").pair(EntityKey::of(&draw.to_string()));
        let chance = seed.draws(entity, Purpose::RandomScore);
        let random: Vec<bool> =
            (0..labels.len()).map(|row| chance.uniform(row as u32) < rate).collect();
        let Some(reached) = affiliation(labels, &random)? else { return Ok(None) };
        precision += reached.precision.unwrap_or(0.0);
        recall += reached.recall;
    }
    let draws = f64::from(draws);
    let mean = Affiliation { precision: Some(precision / draws), recall: recall / draws };
    Ok((draws > 0.0).then_some(mean))
}

/// A stretch of the time axis, in rows.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start: f64,
    end: f64,
}

impl From<Segment> for Interval {
    fn from(segment: Segment) -> Self {
        Self { start: segment.start as f64, end: segment.end as f64 }
    }
}

impl Interval {
    fn length(self) -> f64 {
        self.end - self.start
    }

    /// What it shares with `other`, if anything.
    fn and(self, other: Self) -> Option<Self> {
        let shared = Self { start: self.start.max(other.start), end: self.end.min(other.end) };
        (shared.start < shared.end).then_some(shared)
    }

    /// The integral over it of a function that is linear between `kinks`.
    fn integral(self, mut kinks: Vec<f64>, value: impl Fn(f64) -> f64) -> f64 {
        kinks.retain(|&kink| self.start < kink && kink < self.end);
        kinks.extend([self.start, self.end]);
        kinks.sort_unstable_by(f64::total_cmp);
        let trapezium =
            |ends: &[f64]| (ends[1] - ends[0]) * (value(ends[0]) + value(ends[1])) / 2.0;
        kinks.windows(2).map(trapezium).sum()
    }
}

/// The zone of each of `events` within `whole`: up to half-way to its neighbours.
fn zones(events: &[Interval], whole: Interval) -> Vec<Interval> {
    let zone = |at: usize| Interval {
        start: if at == 0 { whole.start } else { (events[at - 1].end + events[at].start) / 2.0 },
        end: match events.get(at + 1) {
            Some(next) => (events[at].end + next.start) / 2.0,
            None => whole.end,
        },
    };
    (0..events.len()).map(zone).collect()
}

/// Mean over the rows of `alarms` of the probability that a random row of the zone is further from
/// the segment.
fn precision(alarms: &[Interval], truth: Interval, zone: Interval) -> f64 {
    // At a distance d outside: on the side with less room, the random row may be further at all
    // only up to `room`.
    let room = (truth.start - zone.start).min(zone.end - truth.end);
    let worth = |at: f64| {
        let distance = (truth.start - at).max(at - truth.end).max(0.0);
        1.0 - (distance.min(room) + distance + truth.length()) / zone.length()
    };
    let outside = |part: Option<Interval>| {
        part.map_or(0.0, |part| part.integral(vec![truth.start - room, truth.end + room], worth))
    };
    let of = |alarm: &Interval| {
        let before = alarm.and(Interval { start: f64::NEG_INFINITY, end: truth.start });
        let after = alarm.and(Interval { start: truth.end, end: f64::INFINITY });
        let within = alarm.and(truth).map_or(0.0, Interval::length);
        outside(before) + within + outside(after)
    };
    let lengths: f64 = alarms.iter().map(|alarm| alarm.length()).sum();
    alarms.iter().map(of).sum::<f64>() / lengths
}

/// Mean over the rows of the segment of the probability that a random row of the zone is further
/// from it than the nearest alarm.
fn recall(alarms: &[Interval], truth: Interval, zone: Interval) -> f64 {
    let middle = f64::midpoint(zone.start, zone.end);
    let outside = |part: Option<Interval>, pivot: f64| {
        let kinks = vec![middle, f64::midpoint(zone.start, pivot), f64::midpoint(zone.end, pivot)];
        let worth = |at: f64| {
            let distance = (at - pivot).abs();
            let room = (at - zone.start).min(zone.end - at);
            1.0 - (distance.min(room) + distance) / zone.length()
        };
        part.map_or(0.0, |part| part.integral(kinks, worth))
    };
    let mut sum = 0.0;
    for (alarm, near) in alarms.iter().zip(zones(alarms, zone)) {
        let Some(part) = truth.and(near) else { continue };
        let before = part.and(Interval { start: f64::NEG_INFINITY, end: alarm.start });
        let after = part.and(Interval { start: alarm.end, end: f64::INFINITY });
        let within = part.and(*alarm).map_or(0.0, Interval::length);
        sum += outside(before, alarm.start) + within + outside(after, alarm.end);
    }
    sum / truth.length()
}

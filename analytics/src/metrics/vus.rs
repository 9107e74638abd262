//! Volume under the surface: ranking with soft edges of the labelled segments, over all widths of
//! the edge up to a limit.
//!
//! For each width w of 0..=L every segment gets shoulders of h = floor(w/2) rows on both sides, with
//! weight sqrt(1 - d/w) at distance d. Shoulders add up, to 1 at most; segments whose shoulders
//! touch count as one. 250 thresholds are taken from the sorted scores.
//!
//! In O(n log n + n L): two observations replace the 250 passes for each width.
//! A weight is at least sqrt(1/2), since d <= w/2; so two shoulders on one row always make 1, and
//! of a row nothing but the distances to the two nearest edges matters, whatever w is. And a row is
//! alarmed from one threshold on; so weights are collected by that threshold and summed once.
//!
//! # Source
//! Paparrizos et al., "Volume Under the Surface", VLDB 2022; TSB-AD 1.5 (Liu and Paparrizos,
//! NeurIPS 2024), `generate_curve(version="opt", thre=250)`, to whose letter this keeps: in P + e/2
//! the e is the weight of the *alarmed* shoulder rows at the threshold, not of all.

use super::{Segment, check_scores, descending, segments};
use crate::error::Result;
use serde::Serialize;

/// Both volumes. `None` where undefined; see [`super`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Vus {
    /// Under the surface of precision and recall.
    pub pr: Option<f64>,
    /// Under the surface of recall and false alarms.
    pub roc: Option<f64>,
}

/// VUS-PR and VUS-ROC with widths 0..=`width` (L).
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`] and [`crate::AnalyticsError::ScoreIsNan`].
pub fn vus(labels: &[bool], scores: &[f64], width: usize) -> Result<Vus> {
    check_scores(labels, scores)?;
    let segments = segments(labels);
    if segments.is_empty() {
        return Ok(Vus::default());
    }
    let curve = Curve::new(labels, scores);
    let shoulders = Shoulders::new(&segments, labels, &curve.first, width / 2);
    let mut extents: Vec<Extent> =
        segments.iter().map(|segment| Extent::new(*segment, &curve.first)).collect();
    let (mut roc, mut pr) = (0.0, 0.0);
    for w in 0..=width {
        let reach = w / 2;
        if w % 2 == 0 && w > 0 {
            for extent in &mut extents {
                extent.grow(reach, &curve.first);
            }
        }
        let areas = curve.areas(&shoulders.weights(w), &existence(&extents, reach));
        roc += areas.0;
        pr += areas.1;
    }
    let widths = (width + 1) as f64;
    let normal = labels.len() > curve.positives;
    Ok(Vus { pr: Some(pr / widths), roc: normal.then_some(roc / widths) })
}

/// How many thresholds there are.
const THRESHOLDS: usize = 250;

/// What does not depend on the width.
struct Curve {
    rows: usize,
    positives: usize,
    /// Of each row the first threshold that it reaches. All rows reach the last.
    first: Vec<u8>,
    /// Alarmed rows at each threshold.
    alarmed: Vec<f64>,
    /// Alarmed positive rows at each threshold.
    hits: Vec<f64>,
}

impl Curve {
    fn new(labels: &[bool], scores: &[f64]) -> Self {
        let order = descending(scores);
        let thresholds: Vec<f64> =
            threshold_ranks(scores.len()).map(|rank| scores[order[rank]]).collect();
        let mut first = vec![0; scores.len()];
        let mut alarmed = vec![0.0; THRESHOLDS];
        let mut hits = vec![0.0; THRESHOLDS];
        let mut at = 0;
        for &row in &order {
            while scores[row] < thresholds[at] {
                at += 1;
            }
            // Below THRESHOLDS = 250, since the last threshold is the least score.
            first[row] = at as u8;
            alarmed[at] += 1.0;
            hits[at] += f64::from(u8::from(labels[row]));
        }
        accumulate(&mut alarmed);
        accumulate(&mut hits);
        let positives = labels.iter().filter(|&&label| label).count();
        Self { rows: labels.len(), positives, first, alarmed, hits }
    }

    /// The areas under both curves, (ROC, PR), given the weight of alarmed shoulder rows and the
    /// share of extended segments that were found, at each threshold.
    fn areas(&self, weights: &[f64], found: &[f64]) -> (f64, f64) {
        let (mut roc, mut pr) = (0.0, 0.0);
        let (mut last_recall, mut last_far) = (0.0, 0.0);
        for at in 0..THRESHOLDS {
            let hits = self.hits[at] + weights[at];
            let positives = self.positives as f64 + weights[at] / 2.0;
            let recall = (hits / positives).min(1.0) * found[at];
            let far = (self.alarmed[at] - hits) / (self.rows as f64 - positives);
            roc += (far - last_far) * (recall + last_recall) / 2.0;
            pr += (recall - last_recall) * (hits / self.alarmed[at]);
            (last_recall, last_far) = (recall, far);
        }
        (roc + (1.0 - last_far) * (1.0 + last_recall) / 2.0, pr)
    }
}

/// Ranks of the rows that give thresholds: `numpy.linspace(0, n - 1, 250).astype(int)`.
fn threshold_ranks(rows: usize) -> impl Iterator<Item = usize> {
    let last = rows - 1;
    let step = last as f64 / (THRESHOLDS - 1) as f64;
    let rank = move |k: usize| if k == THRESHOLDS - 1 { last } else { (k as f64 * step) as usize };
    (0..THRESHOLDS).map(rank)
}

/// Rows next to segments.
struct Shoulders {
    /// By distance to the nearest edge: the second nearest distance and the first threshold reached.
    by_distance: Vec<Vec<(u32, u8)>>,
}

impl Shoulders {
    fn new(segments: &[Segment], labels: &[bool], first: &[u8], reach: usize) -> Self {
        // The two nearest edges of each normal row. Edges to the left are ends of segments, and the
        // two nearest of them suffice; likewise to the right.
        let far = usize::MAX;
        let mut by_distance = vec![Vec::new(); reach + 1];
        let mut next = 0;
        for row in 0..labels.len() {
            while next < segments.len() && segments[next].start <= row {
                next += 1;
            }
            if labels[row] {
                continue;
            }
            let left =
                |back: usize| next.checked_sub(back).map_or(far, |at| row + 1 - segments[at].end);
            let right = |ahead: usize| {
                segments.get(next + ahead).map_or(far, |segment| segment.start - row)
            };
            let mut distances = [left(1), left(2), right(0), right(1)];
            distances.sort_unstable();
            if distances[0] <= reach {
                let second = u32::try_from(distances[1]).unwrap_or(u32::MAX);
                by_distance[distances[0]].push((second, first[row]));
            }
        }
        Self { by_distance }
    }

    /// Weight of the alarmed shoulder rows at each threshold, for the width `w`.
    fn weights(&self, w: usize) -> Vec<f64> {
        let mut weights = vec![0.0; THRESHOLDS];
        for distance in 1..=w / 2 {
            let alone = libm::sqrt(1.0 - distance as f64 / w as f64);
            for &(second, first) in &self.by_distance[distance] {
                weights[usize::from(first)] += if second as usize <= w / 2 { 1.0 } else { alone };
            }
        }
        accumulate(&mut weights);
        weights
    }
}

/// A segment with the shoulders that it has so far.
struct Extent {
    segment: Segment,
    /// The first threshold at which a row of it is alarmed.
    first: u8,
}

impl Extent {
    fn new(segment: Segment, first: &[u8]) -> Self {
        let least = first[segment.start..segment.end].iter().copied().min();
        Self { segment, first: least.unwrap_or(u8::MAX) }
    }

    /// Adds the rows at distance `reach` on both sides.
    fn grow(&mut self, reach: usize, first: &[u8]) {
        let left = self.segment.start.checked_sub(reach).map(|row| first[row]);
        let right = first.get(self.segment.end - 1 + reach).copied();
        for reached in [left, right].into_iter().flatten() {
            self.first = self.first.min(reached);
        }
    }
}

/// Share of extended segments with an alarmed row, at each threshold. Segments whose shoulders
/// touch or overlap are one.
fn existence(extents: &[Extent], reach: usize) -> Vec<f64> {
    let mut found = vec![0.0; THRESHOLDS];
    let mut groups = 0.0;
    let apart = |a: &Extent, b: &Extent| a.segment.end - 1 + reach + reach < b.segment.start;
    for group in extents.chunk_by(|a, b| !apart(a, b)) {
        groups += 1.0;
        if let Some(first) = group.iter().map(|extent| extent.first).min() {
            found[usize::from(first)] += 1.0;
        }
    }
    accumulate(&mut found);
    found.iter_mut().for_each(|count| *count /= groups);
    found
}

fn accumulate(values: &mut [f64]) {
    let mut sum = 0.0;
    for value in values {
        sum += *value;
        *value = sum;
    }
}

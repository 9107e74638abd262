//! Precision and recall of ranges: how much of each segment was found, and in how many pieces.
//!
//! # Source
//! Tatbul, Lee, Zdonik, Alam, Gottschlich, "Precision and Recall for Time Series", NeurIPS 2018;
//! cardinality factor 1/x, as the package `prts` has it.

use super::{Segment, check_lengths, harmonic, segments};
use crate::error::Result;
use serde::Serialize;

/// Which rows of a segment weigh more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    /// None.
    Flat,
    /// The earlier the more: `length - position` for positions from 0.
    Front,
}

/// Precision and recall of ranges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RangeScore {
    /// Mean share of an alarm that lies in segments; `None` without an alarm.
    pub precision: Option<f64>,
    /// Mean share of a segment that was found; `None` without a segment.
    pub recall: Option<f64>,
}

impl RangeScore {
    /// Harmonic mean; 0 without an alarm, `None` without a segment.
    pub fn f1(&self) -> Option<f64> {
        self.recall.map(|recall| harmonic(self.precision.unwrap_or(0.0), recall))
    }
}

/// Range precision (flat, no reward for existence) and recall. `alpha` in 0..=1 is the reward for
/// finding a segment at all, the rest is for overlap with the `bias`.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn range_score(labels: &[bool], alarms: &[bool], alpha: f64, bias: Bias) -> Result<RangeScore> {
    check_lengths(labels, alarms.len(), "alarms")?;
    let (truths, alarms) = (segments(labels), segments(alarms));
    Ok(RangeScore {
        precision: mean_reward(&alarms, &truths, 0.0, Bias::Flat),
        recall: mean_reward(&truths, &alarms, alpha, bias),
    })
}

/// The mean over `ranges` of what the `others` that overlap each are worth.
fn mean_reward(ranges: &[Segment], others: &[Segment], alpha: f64, bias: Bias) -> Option<f64> {
    let mut sum = 0.0;
    let mut from = 0;
    for range in ranges {
        while others.get(from).is_some_and(|other| other.end <= range.start) {
            from += 1;
        }
        let overlapping = others[from..].iter().take_while(|other| other.start < range.end);
        let (mut pieces, mut overlap) = (0_u32, 0.0);
        for other in overlapping {
            pieces += 1;
            overlap += weight(*range, range.start.max(other.start), range.end.min(other.end), bias);
        }
        if pieces > 0 {
            let whole = weight(*range, range.start, range.end, bias);
            sum += alpha + (1.0 - alpha) * (overlap / whole) / f64::from(pieces);
        }
    }
    (!ranges.is_empty()).then(|| sum / ranges.len() as f64)
}

/// What the rows `start..end` of `range` weigh together.
fn weight(range: Segment, start: usize, end: usize, bias: Bias) -> f64 {
    let rows = (end - start) as f64;
    match bias {
        Bias::Flat => rows,
        // An arithmetic series from `range.end - start` down to `range.end - end + 1`.
        Bias::Front => rows * ((range.end - start) + (range.end - end + 1)) as f64 / 2.0,
    }
}

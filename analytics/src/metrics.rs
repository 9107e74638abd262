//! How good scores and alarms are, against labels: pure functions on slices.
//!
//! One file a family. A row is an alarm where its score reaches the threshold (`score >=
//! threshold`); a segment is a maximal run of rows with one truth value ([`segments`]).
//!
//! What cannot be computed is `None` or an error and never NaN:
//!
//! | input | answer |
//! |---|---|
//! | scores and labels of unequal length, a score that is NaN | an error |
//! | no row at all, no positive row | `None` for what needs one (AUC, VUS, recalls, delays) |
//! | all rows positive | AUC-ROC, VUS-ROC and the false-alarm rate are `None`; AUC-PR and VUS-PR are 1 |
//! | no alarm at all | precisions are `None`, recalls 0, F scores 0 |
//! | constant scores | one threshold: AUC-ROC is 1/2, AUC-PR the share of positive rows |
//!
//! Infinite scores are scores: an infinite one ranks above all others.
//!
//! What it does not do: it chooses no threshold for anybody (but the sweep that NAB prescribes),
//! knows no data set ([`crate::datasets`]) and reads no file.

mod affiliation;
mod batadal;
mod events;
mod labels;
mod nab;
mod point;
mod range;
mod ranking;
mod segment;
mod summary;
mod vus;

pub use affiliation::{Affiliation, affiliation, affiliation_of_chance};
pub use batadal::{Batadal, batadal};
pub use events::{
    Adjustment, Delays, Events, composite_event_f1, delays, event_counts, per_device_day,
    point_adjust_f1,
};
pub use labels::{JoinedLabels, join_intervals, join_points};
pub use nab::{NabProfile, NabScore, NabSeries, nab_score, nab_sweep, probation_rows};
pub use point::Confusion;
pub use range::{Bias, RangeScore, range_score};
pub use ranking::{auc_pr, auc_roc};
pub use segment::{Segment, segments};
pub use summary::{Summary, summarise};
pub use vus::{Vus, vus};

use crate::error::{AnalyticsError, Result};

/// Alarms of a fixed threshold: where the score reaches it.
pub fn alarms(scores: &[f64], threshold: f64) -> Vec<bool> {
    scores.iter().map(|&score| score >= threshold).collect()
}

/// # Errors
/// [`AnalyticsError::Lengths`] unless there are as many labels as `rows`.
fn check_lengths(labels: &[bool], rows: usize, what: &'static str) -> Result<()> {
    if labels.len() == rows {
        return Ok(());
    }
    Err(AnalyticsError::Lengths { what, rows, labels: labels.len() })
}

/// # Errors
/// [`AnalyticsError::Lengths`] and [`AnalyticsError::ScoreIsNan`].
fn check_scores(labels: &[bool], scores: &[f64]) -> Result<()> {
    check_lengths(labels, scores.len(), "scores")?;
    match scores.iter().position(|score| score.is_nan()) {
        Some(row) => Err(AnalyticsError::ScoreIsNan { row }),
        None => Ok(()),
    }
}

/// The harmonic mean of two shares; 0 where either is.
fn harmonic(a: f64, b: f64) -> f64 {
    if a + b == 0.0 { 0.0 } else { 2.0 * a * b / (a + b) }
}

/// Row numbers from the largest score to the smallest; equal scores by row.
fn descending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order
}

#[cfg(test)]
mod tests;

//! Ranking of rows, whatever the threshold: areas under the two curves.

use super::{check_scores, descending};
use crate::error::Result;

/// Average precision: the sum over distinct thresholds of (R_k - R_{k-1}) P_k. Ties count as one
/// threshold and nothing is interpolated. `None` without a positive row.
///
/// # Source
/// `sklearn.metrics.average_precision_score`.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`] and [`crate::AnalyticsError::ScoreIsNan`].
pub fn auc_pr(labels: &[bool], scores: &[f64]) -> Result<Option<f64>> {
    check_scores(labels, scores)?;
    let positives = labels.iter().filter(|&&label| label).count();
    if positives == 0 {
        return Ok(None);
    }
    let (mut hits, mut taken, mut area) = (0_usize, 0_usize, 0.0);
    for_each_tie(scores, |rows| {
        let new = rows.iter().filter(|&&row| labels[row]).count();
        hits += new;
        taken += rows.len();
        area += new as f64 * (hits as f64 / taken as f64);
    });
    Ok(Some(area / positives as f64))
}

/// Probability that a positive row has the larger score than a normal one, ties counted half.
/// `None` unless there are rows of both kinds.
///
/// # Source
/// Mann and Whitney's U over the product of counts (Hanley and McNeil 1982).
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`] and [`crate::AnalyticsError::ScoreIsNan`].
pub fn auc_roc(labels: &[bool], scores: &[f64]) -> Result<Option<f64>> {
    check_scores(labels, scores)?;
    let positives = labels.iter().filter(|&&label| label).count();
    let negatives = labels.len() - positives;
    if positives == 0 || negatives == 0 {
        return Ok(None);
    }
    // Twice the number of pairs in the right order: a whole number, so that nothing is rounded.
    let (mut above, mut twice_right) = (0_u128, 0_u128);
    for_each_tie(scores, |rows| {
        let new = rows.iter().filter(|&&row| labels[row]).count() as u128;
        let normal = rows.len() as u128 - new;
        twice_right += normal * (2 * above + new);
        above += new;
    });
    Ok(Some(twice_right as f64 / (2.0 * positives as f64 * negatives as f64)))
}

/// Hands out rows of equal score, from the largest score down.
fn for_each_tie(scores: &[f64], mut take: impl FnMut(&[usize])) {
    let order = descending(scores);
    // Not by bits: 0 and -0 are one threshold.
    for rows in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        take(rows);
    }
}

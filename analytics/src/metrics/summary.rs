//! All figures of one series of scores at once.

use super::{
    Affiliation, Bias, Confusion, Delays, Events, RangeScore, Vus, affiliation,
    affiliation_of_chance, auc_pr, auc_roc, composite_event_f1, delays, event_counts,
    per_device_day, range_score, vus,
};
use crate::error::Result;
use fieldmirror_core::seed::Seed;
use serde::Serialize;

/// What the scores and alarms of a series are worth. Point-adjusted F1 is left out on purpose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Rows.
    pub rows: usize,
    /// Rows by label and alarm.
    pub confusion: Confusion,
    /// F1 of rows.
    pub f1: Option<f64>,
    /// False alarms among normal rows, in percent.
    pub far_percent: Option<f64>,
    /// Missed among anomalous rows, in percent.
    pub mar_percent: Option<f64>,
    /// Area under precision and recall.
    pub auc_pr: Option<f64>,
    /// Area under the receiver's curve.
    pub auc_roc: Option<f64>,
    /// Volumes under both surfaces, and L.
    pub vus: Vus,
    /// The width L of the volumes, in rows.
    pub vus_width: usize,
    /// Composite F1 of events.
    pub event_f1: Option<f64>,
    /// Precision and recall of ranges, alpha 1/2.
    pub range: RangeScore,
    /// Affiliation.
    pub affiliation: Option<Affiliation>,
    /// Affiliation of as many alarms at random.
    pub affiliation_of_chance: Option<Affiliation>,
    /// Segments and alarms.
    pub events: Events,
    /// How late each segment was found, in rows.
    pub delays: Delays,
    /// Alarms that touch no segment, per device and day; `None` without a period.
    pub false_alarms_per_device_day: Option<f64>,
}

/// Draws of random alarms that stand beside the affiliation.
const CHANCE_DRAWS: u32 = 10;

/// All figures of a series. `width` is L of the volumes; `period_s` the time between two rows.
///
/// Rows of several devices may follow one another: no metric knows, so a segment or an edge of one
/// may touch the next device's.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`] and [`crate::AnalyticsError::ScoreIsNan`].
pub fn summarise(
    labels: &[bool],
    scores: &[f64],
    alarms: &[bool],
    width: usize,
    period_s: Option<f64>,
    seed: Seed,
) -> Result<Summary> {
    let confusion = Confusion::count(labels, alarms)?;
    let events = event_counts(labels, alarms)?;
    Ok(Summary {
        rows: labels.len(),
        confusion,
        f1: confusion.f1(),
        far_percent: confusion.far_percent(),
        mar_percent: confusion.mar_percent(),
        auc_pr: auc_pr(labels, scores)?,
        auc_roc: auc_roc(labels, scores)?,
        vus: vus(labels, scores, width)?,
        vus_width: width,
        event_f1: composite_event_f1(labels, alarms)?,
        range: range_score(labels, alarms, 0.5, Bias::Flat)?,
        affiliation: affiliation(labels, alarms)?,
        affiliation_of_chance: affiliation_of_chance(labels, alarms, CHANCE_DRAWS, seed)?,
        events,
        delays: delays(labels, alarms)?,
        false_alarms_per_device_day: period_s
            .and_then(|period_s| per_device_day(events.false_alarms, labels.len(), period_s)),
    })
}

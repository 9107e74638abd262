//! Events instead of rows: what was found at all, how late, and how often in vain.

use super::{Confusion, Segment, check_lengths, harmonic, segments};
use crate::error::Result;
use serde::Serialize;

/// Harmonic mean of the share of segments with an alarm and the precision of rows; 0 without a
/// hit, `None` without a segment.
///
/// # Source
/// Garg et al., "An Evaluation of Anomaly Detection and Diagnosis in Multivariate Time Series",
/// IEEE TNNLS 2022 (composite F score).
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn composite_event_f1(labels: &[bool], alarms: &[bool]) -> Result<Option<f64>> {
    let precision = Confusion::count(labels, alarms)?.precision().unwrap_or(0.0);
    let truths = segments(labels);
    if truths.is_empty() {
        return Ok(None);
    }
    let hit = truths.iter().filter(|segment| first_alarm(**segment, alarms).is_some()).count();
    Ok(Some(harmonic(hit as f64 / truths.len() as f64, precision)))
}

/// How a hit is spread over its segment before rows are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// One alarm in a segment makes alarms of all its rows.
    Whole,
    /// The same, but row 0 of the series stays as it is unless it is alarmed itself: an oversight
    /// in a widespread implementation, kept to compare with its figures.
    AllButRowZero,
}

/// F1 of rows after point adjustment; `None` without a positive row. For comparison with published
/// figures only: a random score reaches .93.
///
/// # Source
/// Xu et al., WWW 2018; why not to trust it: Kim et al., "Towards a Rigorous Evaluation of
/// Time-Series Anomaly Detection", AAAI 2022. [`Adjustment::AllButRowZero`]: TSB-AD 1.5.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn point_adjust_f1(
    labels: &[bool],
    alarms: &[bool],
    adjustment: Adjustment,
) -> Result<Option<f64>> {
    check_lengths(labels, alarms.len(), "alarms")?;
    let mut adjusted = alarms.to_vec();
    for segment in segments(labels) {
        if first_alarm(segment, alarms).is_some() {
            let spare = adjustment == Adjustment::AllButRowZero && segment.start == 0;
            let start = segment.start + usize::from(spare);
            adjusted[start..segment.end].fill(true);
        }
    }
    Ok(Confusion::count(labels, &adjusted)?.f1())
}

/// How late segments were found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Delays {
    /// Rows from the start of each segment to its first alarm; `None` for a missed one.
    pub rows: Vec<Option<usize>>,
}

impl Delays {
    /// Segments without an alarm.
    pub fn missed(&self) -> usize {
        self.rows.iter().filter(|delay| delay.is_none()).count()
    }

    /// The least delay within which half of the *found* segments were; `None` if none was.
    pub fn median(&self) -> Option<usize> {
        self.quantile(0.5)
    }

    /// The least delay within which nine tenths of the found segments were.
    pub fn p90(&self) -> Option<usize> {
        self.quantile(0.9)
    }

    /// Nearest rank: an actual delay, never one between two.
    fn quantile(&self, share: f64) -> Option<usize> {
        let mut found: Vec<usize> = self.rows.iter().flatten().copied().collect();
        found.sort_unstable();
        let rank = libm::ceil(share * found.len() as f64) as usize;
        found.get(rank.saturating_sub(1)).copied()
    }
}

/// The delay of each segment, in order.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn delays(labels: &[bool], alarms: &[bool]) -> Result<Delays> {
    check_lengths(labels, alarms.len(), "alarms")?;
    let delay = |segment: Segment| first_alarm(segment, alarms).map(|row| row - segment.start);
    Ok(Delays { rows: segments(labels).into_iter().map(delay).collect() })
}

/// Alarms as an operator counts them: each run of alarmed rows is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// Segments of the labels.
    pub segments: usize,
    /// Those with at least one alarmed row.
    pub found: usize,
    /// Runs of alarmed rows.
    pub alarms: usize,
    /// Those that touch no segment.
    pub false_alarms: usize,
}

/// Counts segments and alarms.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn event_counts(labels: &[bool], alarms: &[bool]) -> Result<Events> {
    check_lengths(labels, alarms.len(), "alarms")?;
    let (truths, runs) = (segments(labels), segments(alarms));
    let touching = |ranges: &[Segment], truths: &[bool]| {
        ranges.iter().filter(|range| first_alarm(**range, truths).is_some()).count()
    };
    Ok(Events {
        segments: truths.len(),
        found: touching(&truths, alarms),
        alarms: runs.len(),
        false_alarms: runs.len() - touching(&runs, labels),
    })
}

/// Events per device-day: `events` over `rows` rows of `period_s` seconds each, whatever the number
/// of devices they belong to. `None` if that is no time at all.
pub fn per_device_day(events: usize, rows: usize, period_s: f64) -> Option<f64> {
    let days = rows as f64 * period_s / 86_400.0;
    (days > 0.0).then(|| events as f64 / days)
}

fn first_alarm(segment: Segment, alarms: &[bool]) -> Option<usize> {
    (segment.start..segment.end).find(|&row| alarms[row])
}

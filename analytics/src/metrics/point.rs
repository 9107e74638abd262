//! Rows as they are: the confusion matrix and what follows from it.

use super::{check_lengths, harmonic};
use crate::error::Result;
use serde::Serialize;

/// Counts of rows by label and alarm. Add those of several files to pool them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Anomalous rows with an alarm.
    pub true_positives: u64,
    /// Normal rows with an alarm.
    pub false_positives: u64,
    /// Anomalous rows without.
    pub false_negatives: u64,
    /// Normal rows without.
    pub true_negatives: u64,
}

impl Confusion {
    /// Counts rows.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Lengths`].
    pub fn count(labels: &[bool], alarms: &[bool]) -> Result<Self> {
        check_lengths(labels, alarms.len(), "alarms")?;
        let mut counts = Self::default();
        for (&label, &alarm) in labels.iter().zip(alarms) {
            match (label, alarm) {
                (true, true) => counts.true_positives += 1,
                (false, true) => counts.false_positives += 1,
                (true, false) => counts.false_negatives += 1,
                (false, false) => counts.true_negatives += 1,
            }
        }
        Ok(counts)
    }

    /// Share of alarmed rows that are anomalous; `None` without an alarm.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.false_positives)
    }

    /// Share of anomalous rows with an alarm; `None` without an anomalous row.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// Share of normal rows without an alarm; `None` without a normal row.
    pub fn specificity(&self) -> Option<f64> {
        share(self.true_negatives, self.false_positives)
    }

    /// Harmonic mean of precision and recall; 0 without a hit, `None` without an anomalous row.
    pub fn f1(&self) -> Option<f64> {
        self.recall().map(|recall| harmonic(self.precision().unwrap_or(0.0), recall))
    }

    /// Normal rows with an alarm, in percent; `None` without a normal row.
    pub fn far_percent(&self) -> Option<f64> {
        percent(self.false_positives, self.true_negatives)
    }

    /// Anomalous rows without an alarm, in percent; `None` without an anomalous row.
    pub fn mar_percent(&self) -> Option<f64> {
        percent(self.false_negatives, self.true_positives)
    }
}

impl std::ops::AddAssign for Confusion {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.true_negatives += other.true_negatives;
    }
}

fn share(part: u64, rest: u64) -> Option<f64> {
    (part + rest > 0).then(|| part as f64 / (part + rest) as f64)
}

fn percent(part: u64, rest: u64) -> Option<f64> {
    (part + rest > 0).then(|| 100.0 * part as f64 / (part + rest) as f64)
}

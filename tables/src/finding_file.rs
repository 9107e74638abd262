//! Findings as a file: one row an event, its channels and a small trace for a plot as nested lists.
//!
//! What it does not do: it decides nothing about findings. [`crate::columns`] has the findings of
//! recorded runs, another table.

mod read;
mod write;

pub use read::read_findings;
pub use write::{Ending, check_ending, write_findings};

/// An event that detectors raised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingRow {
    /// The name to ask for: `F-000001` and so on. One that goes on from earlier telemetry keeps the
    /// name that it was told under then.
    pub id: String,
    /// The device.
    pub device: String,
    /// The device's class, empty where there is none.
    pub class: String,
    /// When it began: microseconds since 1970, or the row, as [`crate::source::TimeKind`] says.
    pub onset: i64,
    /// When it ended, or was seen last.
    pub end: i64,
    /// Whether it was still going on when the telemetry ended.
    pub open: bool,
    /// When it was worst.
    pub peak: i64,
    /// In how many rows the alarm was on.
    pub rows: u64,
    /// How often it went on: an alarm that is soon back belongs to the same finding.
    pub alarms: u64,
    /// How grave it is: the peak score in thresholds.
    pub severity: f32,
    /// The highest score.
    pub peak_score: f32,
    /// The threshold that was crossed.
    pub threshold: f32,
    /// The detector that raised it.
    pub detector: String,
    /// The channels by their share, the largest first.
    pub channels: Vec<FindingChannel>,
    /// What happened around it, for a plot: few points, in the order of time.
    pub trace: Vec<TracePoint>,
}

/// A channel's part in a finding, at the peak.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingChannel {
    /// The channel.
    pub name: String,
    /// Its unit, empty where nobody stated one.
    pub unit: String,
    /// Its share of the score, 0 to 1.
    pub share: f32,
    /// What was observed, in its unit; NaN, and null in files, where nothing was sent.
    pub observed: f32,
    /// What was expected, in its unit.
    pub expected: f32,
}

/// A moment of a finding's trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TracePoint {
    /// When, as in [`FindingRow::onset`].
    pub time: i64,
    /// The score.
    pub score: f32,
    /// What was observed of the first channels of the finding, in their order and units; NaN, and
    /// null in files, where nothing was sent.
    pub observed: Vec<f32>,
    /// What was expected of them.
    pub expected: Vec<f32>,
}

#[cfg(test)]
mod tests;

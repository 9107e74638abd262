//! Detectors' scores.

use super::columns;
use crate::dictionary::Key;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One detector's view of one device in the window that ends at `time`.
    ScoreRow,
    /// Columns of [`Table::Scores`](crate::schema::Table::Scores).
    ScoreColumns of Scores;
    /// The end of the window.
    time: Timestamp => Vec<i64>;
    /// The device.
    device: DeviceIx => Vec<i32>, in devices;
    /// The detector.
    detector: Key => Vec<i32>, in detectors;
    /// How unusual, on the detector's own scale.
    score: f32 => Vec<f32>;
    /// The score above which it alarms.
    threshold: f32 => Vec<f32>;
    /// Whether it did.
    alarm: bool => Vec<bool>;
}

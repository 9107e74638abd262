//! Events that detectors raised.

use super::{Text, columns};
use crate::dictionary::Key;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One event with the rows that prove it. Keys count in the dictionaries that are given to
    /// `take`: findings of all shards are written together.
    FindingRow<'a>,
    /// Columns of [`Table::Findings`](crate::schema::Table::Findings).
    FindingColumns of Findings;
    /// Its identifier.
    finding_id: &'a str => Text;
    /// When it was raised.
    time: Timestamp => Vec<i64>;
    /// When the deviation began.
    onset: Timestamp => Vec<i64>;
    /// When it ended; absent while it lasts.
    end: Option<Timestamp> => Vec<i64>;
    /// The device or equipment.
    device: Key => Vec<i32>, in devices;
    /// The class of the device.
    class: Key => Vec<i32>, in classes;
    /// Its farm.
    site: Key => Vec<i32>, in sites;
    /// Its zone, if it has one.
    zone: Option<Key> => Vec<i32>, in zones;
    /// The detector that raised it.
    detector: Key => Vec<i32>, in detectors;
    /// The highest score.
    score: f64 => Vec<f64>;
    /// The channel that contributed most.
    metric: Option<Key> => Vec<i32>, in metrics;
    /// Its share of the score, 0 to 1.
    contribution: Option<f64> => Vec<f64>;
    /// All shares, as a JSON object of channel to share.
    contributions: &'a str => Text;
    /// The table of the evidence.
    evidence_table: &'a str => Text;
    /// The first row of the evidence.
    evidence_from: u64 => Vec<u64>;
    /// The last row of the evidence.
    evidence_to: u64 => Vec<u64>;
    /// The column of the evidence.
    evidence_column: &'a str => Text;
    /// The value that convinced.
    evidence_value: Option<f64> => Vec<f64>;
    /// Its unit.
    evidence_unit: &'a str => Text;
}

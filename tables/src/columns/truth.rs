//! The faults that the world really had.

use super::{Text, columns};
use crate::dictionary::Key;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One fault of the schedule. Keys count in the dictionaries that are given to `take`.
    TruthRow<'a>,
    /// Columns of [`Table::Truth`](crate::schema::Table::Truth).
    TruthColumns of Truth;
    /// Its identifier.
    fault_id: &'a str => Text;
    /// What kind of fault, such as `filter_clogging`.
    class: Key => Vec<i32>, in classes;
    /// The device or equipment.
    device: Key => Vec<i32>, in devices;
    /// When it began.
    onset: Timestamp => Vec<i64>;
    /// When it ended; absent if it never did.
    end: Option<Timestamp> => Vec<i64>;
    /// How bad at its worst, 0 to 1.
    severity: f64 => Vec<f64>;
}

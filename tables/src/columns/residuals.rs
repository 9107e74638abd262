//! What the twin observed, what it expected, and how fresh that is: the input of every detector.

use super::columns;
use crate::dictionary::Key;
use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::time::Timestamp;

columns! {
    /// One device and channel in the window that ends at `time`. Where no sample came in,
    /// `samples` is 0 and the observed values are absent.
    ResidualRow,
    /// Columns of [`Table::Residuals`](crate::schema::Table::Residuals).
    ///
    /// All vectors have one entry per row. Absent values are NaN, or
    /// [`Key::ABSENT`](crate::dictionary::Key::ABSENT) for keys.
    ResidualColumns of Residuals;
    /// The end of the window, ns since 1970.
    time: Timestamp => Vec<i64>;
    /// The device, or the equipment that a derived channel speaks of: a `DeviceIx`.
    device: DeviceIx => Vec<i32>, in devices;
    /// Its class: the position in `DeviceClass::ALL`.
    class: Key => Vec<i32>, in classes;
    /// Its farm: a `SiteIx`.
    site: SiteIx => Vec<i32>, in sites;
    /// Its zone, if it has one: a `ZoneIx`.
    zone: Option<ZoneIx> => Vec<i32>, in zones;
    /// The gateway that usually hears it, if it is on the air: a `DeviceIx`.
    gateway: Option<DeviceIx> => Vec<i32>, in devices;
    /// The channel: the position in `Metric::ALL`, or a key of a further measure.
    metric: Key => Vec<i32>, in metrics;
    /// Mean of the samples, in the channel's unit.
    observed: Option<f64> => Vec<f64>;
    /// What the twin expected for the same times.
    expected: Option<f64> => Vec<f64>;
    /// Observed minus expected.
    residual: Option<f64> => Vec<f64>;
    /// Standard deviation of the samples.
    observed_sd: Option<f64> => Vec<f64>;
    /// The smallest sample.
    observed_min: Option<f64> => Vec<f64>;
    /// The largest sample.
    observed_max: Option<f64> => Vec<f64>;
    /// How many samples there were.
    samples: u32 => Vec<u32>;
    /// How many of them repeated the one before exactly.
    repeats: u32 => Vec<u32>;
    /// Age of the newest sample at the end of the window, in s; absent before the first.
    freshness_s: Option<f64> => Vec<f64>;
    /// Fresh, or why not.
    state: Key => Vec<i32>, in states;
    /// What the values depend on: for pump channels the number of open zones.
    context: Option<f64> => Vec<f64>;
}

//! What a closed window yields: observed against expected, one row per device and metric.

use crate::freshness::Freshness;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::time::{Span, Timestamp};

/// One device's metric over one window.
///
/// # Units
/// Values in the metric's own unit ([`Metric::unit`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResidualRow {
    /// End of the window.
    pub time: Timestamp,
    /// The device.
    pub device: DeviceIx,
    /// The metric.
    pub metric: Metric,
    /// Mean of the samples; `None` if none came.
    pub observed: Option<f64>,
    /// What the twin expected of the mean; `None` where nothing on paper or in the past predicts
    /// it.
    pub expected: Option<f64>,
    /// `observed - expected`, where both are there.
    pub residual: Option<f64>,
    /// Standard deviation of the samples around their own mean (divided by their number, so 0 for
    /// one sample).
    pub observed_sd: Option<f64>,
    /// Least sample.
    pub observed_min: Option<f64>,
    /// Greatest sample.
    pub observed_max: Option<f64>,
    /// How many samples count. Pump metrics: only those under settled flow.
    pub samples: u32,
    /// How many samples repeat their predecessor exactly, the first one against the last of the
    /// window before.
    pub repeats: u32,
    /// Time since the last message of the device, at the end of the window.
    pub freshness: Span,
    /// How that is to be understood.
    pub state: Freshness,
    /// The gateway that usually hears it; `None` for clients with a link of their own and for
    /// devices that were never heard.
    pub gateway: Option<DeviceIx>,
    /// Pump metrics: mean number of open zones over the samples. Others: 0.
    pub context: f64,
}

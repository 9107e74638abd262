//! The hourly residual row of one device and metric: what everything in this crate starts from.

use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::{Span, Timestamp};

/// The length of a window.
pub const WINDOW: Span = Span::from_hours(1);

/// Where a row of the residuals table stands within its shard: the row group and the row in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef {
    /// The shard's row group, counted from 0.
    pub group: u32,
    /// The row within the group, counted from 0.
    pub row: u32,
}

/// How current a device's picture is, and what explains it if it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Heard within the expected time.
    Fresh,
    /// Not heard, though its gateway is alive: the link explains it.
    StaleLink,
    /// Not heard, and neither is its gateway.
    StaleGateway,
    /// Not heard for so long that no ordinary loss explains it.
    Silent,
}

impl Freshness {
    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::StaleLink => "stale_link",
            Self::StaleGateway => "stale_gateway",
            Self::Silent => "silent",
        }
    }
}

/// One row of the residuals table, parsed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The window's end.
    pub time: Timestamp,
    /// The device.
    pub device: DeviceIx,
    /// Its class.
    pub class: DeviceClass,
    /// Its farm.
    pub site: SiteIx,
    /// Its zone, if it has one.
    pub zone: Option<ZoneIx>,
    /// The gateway that usually hears it, for radio devices.
    pub gateway: Option<DeviceIx>,
    /// The channel.
    pub metric: Metric,
    /// Mean of the window's samples, in the metric's unit; `None` if no sample came.
    pub observed: Option<f64>,
    /// The twin's prediction of that mean, if it has one.
    pub expected: Option<f64>,
    /// Observed minus expected.
    pub residual: Option<f64>,
    /// Standard deviation of the samples within the window; 0 below two samples.
    pub observed_sd: f64,
    /// Least sample.
    pub observed_min: f64,
    /// Largest sample.
    pub observed_max: f64,
    /// How many samples came.
    pub samples: u32,
    /// How many of them repeat the value before them exactly.
    pub repeats: u32,
    /// Age of the newest sample at the window's end, in seconds.
    pub freshness_s: f64,
    /// Whether that age is normal, and what explains it if not.
    pub state: Freshness,
    /// For pump metrics: mean number of open zones while it ran. 0 otherwise.
    pub context: f64,
    /// Where the row stands in the table.
    pub row: RowRef,
}

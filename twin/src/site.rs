//! The twin of a farm: its weather, its gateways, its network's last change.

use crate::weather::{HourWeather, Weather};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Timestamp;

/// One farm.
#[derive(Clone, Debug)]
pub(crate) struct SiteTwin {
    /// `None` without a weather station.
    pub(crate) weather: Option<Weather>,
    /// Index of its pipe network's design.
    pub(crate) design: usize,
    /// Index of its soil and crop.
    pub(crate) ground: usize,
    /// Its gateways, by position.
    pub(crate) gateways: Vec<DeviceIx>,
    /// Its zones, as a range of zone indices.
    pub(crate) zones: std::ops::Range<usize>,
    /// When a controller of the site last switched.
    pub(crate) changed_at: Option<Timestamp>,
    /// Bits of the gateways that were silent when the last window closed.
    pub(crate) silent: u8,
    /// The weather of the window closed last.
    pub(crate) hour: Option<HourWeather>,
}

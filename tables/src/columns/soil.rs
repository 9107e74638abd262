//! The true water balance of each zone, hourly.

use super::columns;
use fieldmirror_core::ids::{SiteIx, ZoneIx};
use fieldmirror_core::time::Timestamp;

columns! {
    /// One zone in the hour that ends at `time`.
    SoilRow,
    /// Columns of [`Table::Soil`](crate::schema::Table::Soil).
    SoilColumns of Soil;
    /// The end of the hour.
    time: Timestamp => Vec<i64>;
    /// The farm.
    site: SiteIx => Vec<i32>, in sites;
    /// The zone.
    zone: ZoneIx => Vec<i32>, in zones;
    /// Reference evapotranspiration, in mm.
    et0_mm: f64 => Vec<f64>;
    /// Crop evapotranspiration without stress, in mm.
    etc_mm: f64 => Vec<f64>;
    /// Actual evapotranspiration, in mm.
    eta_mm: f64 => Vec<f64>;
    /// Evaporation from the soil, in mm.
    evaporation_mm: f64 => Vec<f64>;
    /// Transpiration of the crop, in mm.
    transpiration_mm: f64 => Vec<f64>;
    /// Rain, in mm.
    rain_mm: f64 => Vec<f64>;
    /// Rain that ran off, in mm.
    runoff_mm: f64 => Vec<f64>;
    /// Irrigation that infiltrated, in mm.
    irrigation_mm: f64 => Vec<f64>;
    /// Water lost below the roots, in mm.
    deep_percolation_mm: f64 => Vec<f64>;
    /// Root zone depletion Dr at the end, in mm.
    depletion_mm: f64 => Vec<f64>;
    /// Depletion De of the evaporating layer at the end, in mm.
    surface_depletion_mm: f64 => Vec<f64>;
    /// Total available water, in mm.
    taw_mm: f64 => Vec<f64>;
    /// Rooting depth, in m.
    root_depth_m: f64 => Vec<f64>;
    /// Stress coefficient Ks, 1 without stress.
    stress: f64 => Vec<f64>;
    /// Water content of the root zone, m3/m3.
    theta: f64 => Vec<f64>;
    /// Plant-available water, in percent.
    available_pct: f64 => Vec<f64>;
    /// What the balance of the hour fails to close by, in mm.
    residual_mm: f64 => Vec<f64>;
}

//! The true flows and pressures while a pump runs.

use super::columns;
use fieldmirror_core::ids::{SiteIx, ZoneIx};
use fieldmirror_core::time::Timestamp;

columns! {
    /// One zone in one interval in which its farm's pump ran.
    HydraulicsRow,
    /// Columns of [`Table::Hydraulics`](crate::schema::Table::Hydraulics).
    HydraulicsColumns of Hydraulics;
    /// The beginning of the interval.
    time: Timestamp => Vec<i64>;
    /// Its length, in s.
    duration_s: f64 => Vec<f64>;
    /// The farm.
    site: SiteIx => Vec<i32>, in sites;
    /// The zone.
    zone: ZoneIx => Vec<i32>, in zones;
    /// Whether the zone's valve really was open.
    valve_open: bool => Vec<bool>;
    /// Flow into the zone, in l/s.
    zone_flow_lps: f64 => Vec<f64>;
    /// Pressure at the zone's emitters, in kPa.
    zone_pressure_kpa: f64 => Vec<f64>;
    /// Flow through the pump, in l/s.
    pump_flow_lps: f64 => Vec<f64>;
    /// Head that the pump adds, in m.
    pump_head_m: f64 => Vec<f64>;
    /// Pressure before the filter, in kPa.
    pump_pressure_kpa: f64 => Vec<f64>;
    /// Pressure after the filter, in kPa.
    filter_pressure_kpa: f64 => Vec<f64>;
    /// Electric power, in kW.
    power_kw: f64 => Vec<f64>;
    /// Water that infiltrated in the zone, in mm.
    applied_mm: f64 => Vec<f64>;
}

//! A pump that feeds a tree of pipes, filters, valves and emitters.
//!
//! [`Pump`] gives head and power for a flow; [`Network`] is the tree behind it, checked when built;
//! [`Network::solve`] finds the one state in which both agree. Trees suffice for drip and sprinkler
//! laterals; loops are refused.

mod network;
mod pump;
mod solve;
#[cfg(test)]
mod tests;

pub use network::{Network, NodeSpec};
pub use pump::{Efficiency, Pump, PumpCurve};
pub use solve::{Solution, Supply};

/// Standard gravity, m/s2.
///
/// # Source
/// 3rd CGPM (1901).
pub const GRAVITY_MS2: f64 = 9.806_65;

/// Density of water at about 20 degrees C, kg/m3.
///
/// # Source
/// IAPWS-95 rounded.
pub const WATER_DENSITY_KGM3: f64 = 998.0;

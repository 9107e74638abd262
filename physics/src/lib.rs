//! Pure formulas of the farm, each with its source.
//!
//! Forcing comes first ([`solar`], [`weather`], [`et0`]), then what it does to the field
//! ([`runoff`], [`soil`], [`soil_temperature`]), then the water that people bring ([`hydraulics`])
//! and the instruments that look at it ([`sensor`], [`battery`]).
//!
//! Everything here is a function of its arguments: no clock, no randomness, no files, no statics
//! but constants. Random draws are arguments. Transcendental functions come from `libm`, so that
//! results are the same bits on every platform. Units stand last in names (`depth_mm`, `head_m`,
//! `flow_m3s`).

pub mod battery;
pub mod error;
pub mod et0;
pub mod hydraulics;
pub mod runoff;
pub mod sensor;
pub mod soil;
pub mod soil_temperature;
pub mod solar;
pub mod weather;

#[cfg(test)]
mod draws;

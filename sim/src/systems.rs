//! The systems, one file for each part of the farm; `schedule.rs` says in which order they run.

pub(crate) mod batteries;
pub(crate) mod commands;
pub(crate) mod faults;
pub(crate) mod gateways;
pub(crate) mod ground;
pub(crate) mod hydraulics;
pub(crate) mod probes;
pub(crate) mod pumps;
pub(crate) mod radio;
pub(crate) mod stations;
pub(crate) mod weather;

//! Tables in, findings and tickets out.
//!
//! The way of an hour through this crate: the twin's residual rows ([`window`]) become feature
//! vectors per device ([`features`]); during the clean stretch a [`collector::Collector`] keeps a
//! bounded sample of them; [`model::Model::train`] learns each class's normal behaviour from the
//! sample ([`baseline`]) and a threshold for a stated false-alarm rate ([`calibration`]);
//! afterwards a [`scorer::Scorer`] judges every hour and turns lasting deviations into findings
//! ([`finding`]); [`tickets`] makes one ticket of all findings of one event.
//!
//! What it does not do: no input or output, no clock, and no knowledge of the world: it sees what
//! messages told the twin, the places of devices ([`topology`]) and nothing of truth or schedule.
//! Only [`evaluation`], which no other module uses, compares tickets with truth afterwards.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

pub mod alarm;
pub mod baseline;
pub mod calibration;
pub mod catalogue;
pub mod collector;
pub mod datasets;
pub mod detector;
mod error;
pub mod evaluation;
pub mod fault;
pub mod features;
pub mod finding;
pub mod job;
pub mod metrics;
pub mod model;
pub mod scale;
pub mod scorer;
pub mod signature;
pub mod spec;
pub mod telemetry;
pub mod tickets;
pub mod topology;
pub mod window;

pub use error::{AnalyticsError, Result};

#[cfg(test)]
mod synthetic;

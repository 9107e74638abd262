//! The asset graph: mirrors shadows, tracks freshness, predicts, yields residuals.
//!
//! A [`twin::Twin`] stands for one shard of farms (site > zone > device). It is not the world: it
//! knows the asset register's nominal values and the messages that arrived over the link, nothing
//! else. From messages it keeps each device's last reported state ([`mirror`]), how stale that is
//! and whether link or gateway explains it ([`freshness`]). With the formulas of `physics` on
//! nominal design values it predicts soil water and soil temperature and what pump, filter and
//! valves should show ([`hydraulics`]); a smooth trend stands in where no design value exists. Each
//! closed hour yields one [`residual::ResidualRow`] per device and metric. [`candidates`] answers
//! what a suspected fault would do to the nominal network.
//!
//! Where weather reports are missing, rain of a partly reported hour is scaled up from the reports
//! that came, and an hour without any is taken to be like the same hour of the last day that had
//! one, without rain. Before the first report nothing is expected of soil water, before a day of
//! reports nothing of soil temperature.
//!
//! What it does not do: no clock, no randomness, no files, no scores; it takes no type that holds
//! true values or a fault schedule.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

pub mod candidates;
mod controller;
pub mod error;
pub mod freshness;
pub mod hydraulics;
pub mod mirror;
pub mod residual;
mod site;
mod soil;
pub mod spec;
mod trend;
pub mod twin;
mod weather;
mod zone;

#[cfg(test)]
mod fixture;

//! The composition root: the only place where farm, cloud, twin and analytics meet.
//!
//! ```text
//! scenario  TOML or compiled Arrow -> a checked Scenario with its shards' registers
//! run       shards -> steps -> row groups -> tables, tickets, report, manifest
//! shard     one group of farms and its step: the only place where feedback closes
//! replay    the same again from what a run directory holds, compared row by row
//! ```
//!
//! Entry points: [`run::run`], [`replay::replay`], [`report::write`], [`inspect::table`].
//!
//! What it does not do: it never asks the system for the time or for randomness (a
//! [`clock::Stopwatch`] is handed in, and measures only), and it opens no sockets.

pub mod backtest;
mod candidates;
mod clients;
pub mod clock;
mod commands;
pub mod cost;
pub mod error;
pub mod inspect;
mod learning;
pub mod manifest;
mod names;
mod network;
mod outcome;
mod plans;
mod record;
mod recorded;
pub mod replay;
pub mod report;
pub mod run;
pub mod scenario;
mod shard;
mod sinks;
mod stages;
pub mod summary;
pub mod synthesize;
pub mod trace;
mod worlds;

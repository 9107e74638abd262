//! The offline workbench: what a team does with its AWS IoT rules and policies before it deploys
//! them.
//!
//! ```text
//! files -> yaml/json -> inputs -> Deployment (rules, policies, things, certificates)
//!       -> suite: messages at virtual times -> the same IotCore that the simulation runs -> verdicts
//!       -> lint, mutation, explanation of the same compiled rules
//! ```
//!
//! What it does not do: it evaluates nothing itself. Every verdict comes from `rules` and `cloud`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

mod annotation;

pub mod access;
pub mod compatibility;
pub mod deployment;
pub mod error;
pub mod explain;
pub mod init;
pub mod inputs;
pub mod lint;
pub mod mutation;
pub mod problem;
pub mod report;
pub mod suite;
pub mod yaml;

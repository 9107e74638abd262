//! A sans-IO IoT Core: routing, sessions, registry, shadows, rule actions.
//!
//! [`iot_core::IotCore`] is one state machine with four verbs: it is built from a [`spec::Spec`],
//! takes inputs at a `now` that the caller gives, names its next deadline and is told when that has
//! come. Everything that happens lands as rows in [`outputs::Outputs`]. Typed readings of a
//! fleet's devices enter in batches ([`iot_core::IotCore::ingest`]); everything else enters one
//! input at a time ([`iot_core::IotCore::handle`]). Both ways give the same rows for the same
//! message, which a test holds.
//!
//! ```text
//! publish -> route (topic_trie, routes) -> sessions (session, retained)
//!                                       -> rules (rule_spec, actions) -> tables, republish, functions
//!         -> shadow (classic shadows)   -> responses, back into routing when somebody listens
//! ```
//!
//! Who may do what is [`policy`] (documents and decisions) and [`identity`] (whose policies apply).
//!
//! What it does not do: no sockets, no clock, no files, no locks, no Arrow; no MQTT wire format.
//! What it refuses is an output with a code, never a silent drop.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

mod actions;
pub mod bill;
pub mod catalogue;
pub mod dictionary;
pub mod error;
pub mod functions;
pub mod identity;
pub mod iot_core;
pub mod metrics;
pub mod outputs;
pub mod policy;
pub mod registry;
mod retained;
mod routes;
pub mod rule_spec;
mod session;
mod shadow;
pub mod spec;
pub mod table;
pub mod topic_trie;

#[cfg(test)]
#[path = "../tests/support/farm.rs"]
mod farm;

//! The vocabulary of fieldmirror: every word that more than one crate must spell alike.
//!
//! A reading goes from a device's transducer to a maintenance ticket through eight crates; this
//! one holds what they all say on the way: named times ([`time`]), dense identifiers ([`ids`]),
//! physical units ([`units`]), topics ([`topic`]), the typed reading that stands in for a JSON
//! payload ([`reading`]), the message that carries it ([`message`]), the only source of
//! randomness ([`seed`]), and the service limits ([`limits`]).
//!
//! What it does not do: no input or output, no clock, no Arrow, no async. Time and randomness are
//! arguments here as everywhere below the engine.

pub mod error;
pub mod ids;
pub mod limits;
pub mod message;
pub mod metric;
pub mod reading;
pub mod register;
pub mod seed;
pub mod time;
pub mod topic;
pub mod units;

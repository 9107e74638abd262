//! Whole jobs over files: learn from telemetry, score telemetry, judge scores.
//!
//! A job joins a source of [`fieldmirror_tables`] to the detection of [`crate::telemetry`] and writes
//! what comes out. It reads chunk by chunk in bounded memory, says how far it is through a
//! callback, and can be stopped and gone on with.
//!
//! What it does not do: it prints nothing and reads no clock.

mod columns;
pub mod judge;
pub mod method;
pub mod score;
pub mod train;

pub use columns::source_spec;

/// How far a job is: bytes done, bytes in all (0 where nobody knows), rows.
pub type Progress<'a> = &'a dyn Fn(u64, u64, u64);

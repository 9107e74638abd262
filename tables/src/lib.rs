//! What a run records: the only crate that knows column names, Arrow and Parquet.
//!
//! Data comes in as plain values, one row at a time, and leaves as files:
//!
//! ```text
//! rows --push--> columns::*Columns            plain Vecs, one set per shard
//!      --take--> RecordBatch                  the same memory, with a schema
//!      ------->  digest + column encoders     on the shard's own thread
//!      --------> recorder::EncodedGroup       one row group per shard and epoch
//!      --------> writer::RunTables            appends groups in order, closes the files
//! ```
//!
//! and comes back as batches ([`read`]), differences between runs ([`compare`]), text for people
//! ([`render`]) and typed views for consumers. The compiled scenario is an Arrow file of its own
//! ([`scenario_file`]).
//!
//! Telemetry of anybody is read by [`source`], and what was found in it stands in files of its own
//! ([`score_file`], [`finding_file`]); [`labels`] are what people know about it.
//!
//! What it does not do: it decides no values, draws nothing and asks no clock. Files hold neither
//! timestamps of writing nor facts about the machine.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

pub mod columns;
pub mod compare;
pub mod dictionary;
pub mod digest;
mod encode;
pub mod error;
pub mod finding_file;
pub mod labelled;
pub mod labels;
pub mod read;
pub mod recorder;
pub mod render;
#[cfg(test)]
mod sample;
pub mod scan;
pub mod scenario_file;
pub mod schema;
pub mod score_file;
pub mod source;
pub mod writer;

pub use encode::EncodedTable;
pub use error::{TablesError, TelemetryProblem};
pub use recorder::{EncodedGroup, RowRef, ShardRecorder};
pub use schema::Table;
pub use writer::{RunTables, TableEntry};

//! Detection on telemetry of any origin: everything between rows and findings.
//!
//! The way of a row: [`series`] puts a device's rows in order, cuts them into stretches at gaps and
//! fills what is missing; [`scaler`] puts every channel on a common scale; the detectors of
//! [`crate::detector`] score the rows; [`fusion`] makes one score of theirs; [`alarm`] makes alarms
//! of scores, and [`event`] tells them. [`training`] learns all of that from clean rows:
//! `crossfit` scores each of them by detectors that did not learn from it, from which [`fusion`]
//! takes scales and weights and [`budget`] the threshold. [`model_file`] keeps a [`Model`], and a
//! [`Scorer`] applies it, chunk by chunk.
//!
//! Everything is causal and looks at a bounded number of rows, so that telemetry larger than memory
//! is scored as it comes, with the same results in whatever chunks.
//!
//! What it does not do: read or write files, and know what channels mean.

pub mod alarm;
pub mod budget;
mod crossfit;
mod device;
mod engine;
pub mod event;
mod faults;
pub mod fusion;
mod learner;
pub mod model;
pub mod model_file;
pub mod report;
mod reservoir;
pub mod scaler;
pub mod schema;
pub mod scorer;
pub mod series;
pub mod settings;
mod state;
pub mod training;

pub use event::{Event, Origin};
pub use model::{Model, Provenance, Series};
pub use report::TrainingReport;
pub use schema::{Channel, Schema};
pub use scorer::{Scored, ScoredRow, Scorer, Silence};
pub use series::{Chunk, Counts, Devices};
pub use settings::Settings;
pub use training::Trainer;

#[cfg(test)]
mod tests;

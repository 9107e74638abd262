//! Detectors: each learns what is normal from standardised rows and scores new ones.
//!
//! A detector sees rows of numbers and nothing else: no times, no devices, no units. It looks at a
//! fixed number of rows before the one it scores ([`Detector::history`]) and at nothing later, so
//! that telemetry can be scored in blocks of any size, as it comes, with equal results. Scaling,
//! gaps, fusion, thresholds and alarms are not its business.
//!
//! One file each; [`Kind`] lists them.

pub mod autoregression;
pub mod clusters;
pub mod convolutional;
pub mod dense;
mod forms;
pub mod isolation_forest;
#[cfg(test)]
mod laws;
pub mod mahalanobis;
mod network;
mod registry;
mod residual;
pub mod robust_z;
mod stored;
pub mod sub_pca;
pub mod transformer;
pub mod var;
pub mod variational;
mod windows;

use crate::error::Result;
use fieldmirror_core::seed::Seed;
pub use registry::Choice;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a channel is to a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Something measured, which may be anomalous.
    Measured,
    /// A command or an outside influence: helps to predict, is never anomalous itself.
    Exogenous,
}

/// Standardised rows of one device, oldest first, at its sampling period and without a gap.
///
/// Values are finite; a typical one is within a few units of zero. Row-major, so that the windows
/// of `w` rows are overlapping slices and need no copy.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    values: &'a [f32],
    channels: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `channels` values each. A last incomplete row is left out.
    pub fn new(values: &'a [f32], channels: usize) -> Self {
        let whole = values.len() - values.len() % channels.max(1);
        Self { values: &values[..whole], channels }
    }

    /// How many rows.
    pub const fn len(&self) -> usize {
        match self.values.len().checked_div(self.channels) {
            Some(rows) => rows,
            None => 0,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Values of a row.
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// All values, row by row.
    pub const fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The row at `index`.
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.channels..(index + 1) * self.channels]
    }

    /// The `count` rows from `from` on, as one slice: a window.
    pub fn window(&self, from: usize, count: usize) -> &'a [f32] {
        &self.values[from * self.channels..(from + count) * self.channels]
    }
}

/// What a detector learns from.
#[derive(Clone, Copy, Debug)]
pub struct Training<'a> {
    /// Stretches of normal rows, in an order that does not depend on the order of files. A stretch
    /// ends at a gap or where another device begins: windows never reach across.
    pub stretches: &'a [Rows<'a>],
    /// What each channel is.
    pub roles: &'a [Role],
    /// Standard deviation that no channel is believed to fall below, in standardised units, such
    /// as the last digit that a sensor tells; empty where nothing is known.
    pub noise: &'a [f32],
    /// Where all draws come from.
    pub seed: Seed,
}

/// Numbers of a fitted detector, as they stand in a model file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Arrays with their shape, by name.
    pub tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    /// Whole numbers such as a window's length, by name.
    pub sizes: BTreeMap<String, usize>,
}

/// Something that has learned what is normal.
pub trait Detector: std::fmt::Debug + Send + Sync {
    /// Which one it is.
    fn kind(&self) -> Kind;

    /// Rows before the scored one that it looks at.
    fn history(&self) -> usize;

    /// Scores the rows from `history` on: `scores.len() == rows.len() - history`. A score is
    /// finite, at least 0, and the larger the stranger.
    ///
    /// The score of a row is the same bits in whatever block it is scored.
    ///
    /// # Errors
    /// [`crate::AnalyticsError`] if tensors cannot be computed.
    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()>;

    /// Explains the score of the last row: each channel's part in `parts` (at least 0 where it
    /// adds to the score; exogenous channels get 0) and what was expected in `expected`, in
    /// standardised units. `rows` holds `history` rows and the one to explain.
    ///
    /// # Errors
    /// [`crate::AnalyticsError`] if tensors cannot be computed.
    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()>;

    /// What most likely stood in the channels `missing` (ascending) of the last row, given the
    /// others of that row and the rows before: one value for each. None from a detector that cannot
    /// tell. `rows` holds `history` rows and the one to fill.
    fn impute(&self, rows: Rows<'_>, missing: &[usize]) -> Option<Vec<f32>> {
        let _ = (rows, missing);
        None
    }

    /// Its numbers. [`Kind::restore`] makes an equal detector of them.
    fn weights(&self) -> Weights;
}

/// The detectors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Residuals of a ridge vector autoregression.
    Var,
    /// Distance from the mean with a shrunk covariance.
    Mahalanobis,
    /// The channel furthest from its median.
    RobustZ,
    /// Residual and distance of windows in their principal subspace.
    SubPca,
    /// A dense autoencoder on windows.
    Dense,
    /// A convolutional autoencoder on windows.
    Convolutional,
    /// A variational autoencoder on windows.
    Variational,
    /// A small transformer that predicts the next row.
    Transformer,
    /// Autoregression of each channel, with suppression of echoes of a peak.
    Autoregression,
    /// Distance from the nearest cluster of windows.
    Clusters,
    /// Isolation forest.
    IsolationForest,
}

//! Residuals of a ridge vector autoregression: the next value of every measured channel is
//! predicted from the last rows of all channels and the current commands; a row is strange if the
//! errors together are unlike those of training.
//!
//! Exogenous channels help to predict and are never predicted themselves.

use super::residual::{Fit, Residual};
use super::{Detector, Kind, Role, Rows, Training, Weights, windows};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// How a vector autoregression is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Earlier rows to predict from, at least; fewer are taken if there are not twice as many
    /// training rows as coefficients.
    pub lags: usize,
    /// Few measured channels are predicted from more rows, as many as hold this many of their
    /// values. Exogenous ones never are.
    pub values: usize,
    /// Ridge, as a share of the inputs' mean variance.
    pub ridge: f64,
    /// Standard deviation, in units of the channel's, that is added to the residuals'.
    pub floor: f64,
    /// How much what wanders is forgiven: how many times the second moment of the mean errors of
    /// blocks, each predicted from the others, is added to the covariance.
    pub drift: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lags: 3, values: 24, ridge: 1e-2, floor: 0.01, drift: 10.0 }
    }
}

/// A fitted vector autoregression. Scores are squared Mahalanobis distances of the residual divided
/// by the number of measured channels that ever changed: about 1 on training rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Var(Residual);

impl Var {
    /// Learns from `training`.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if no two rows follow each other.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let Settings { lags, values, ridge, floor, drift } = *settings;
        let exogenous = lags.max(1) + 1;
        let lags =
            lags.max(1).max(values / windows::changing(training, Role::Measured).len().max(1));
        let fit = Fit { kind: Kind::Var, lags, least: 1, exogenous, ridge, floor, drift };
        Residual::fit(training, &fit).map(Self)
    }

    /// The one that [`Detector::weights`] came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(weights: &Weights) -> Result<Self> {
        Residual::restore(weights, Kind::Var).map(Self)
    }
}

impl Detector for Var {
    fn kind(&self) -> Kind {
        Kind::Var
    }

    fn history(&self) -> usize {
        self.0.lags()
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        self.0.score(rows, scores);
        Ok(())
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        self.0.explain(rows, parts, expected);
        Ok(())
    }

    fn impute(&self, rows: Rows<'_>, missing: &[usize]) -> Option<Vec<f32>> {
        self.0.impute(rows, missing)
    }

    fn weights(&self) -> Weights {
        self.0.weights()
    }
}

#[cfg(test)]
mod tests;

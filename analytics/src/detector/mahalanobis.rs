//! Mahalanobis distance of a row's levels with a Ledoit-Wolf covariance, if wanted after what the
//! current commands explain was taken off.
//!
//! No memory: a row is judged by itself.

use super::residual::{Fit, Residual};
use super::{Detector, Kind, Rows, Training, Weights};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// How the distance is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether levels are judged given the current commands, by regression on the exogenous
    /// channels. Without, a command that training rarely saw makes no level expected or strange.
    pub given_commands: bool,
    /// Ridge of that regression, as a share of the channels' mean variance.
    pub ridge: f64,
    /// Standard deviation, in units of the channel's, that is added to the channels'.
    pub floor: f64,
    /// How much what wanders is forgiven: how many times the second moment of the mean errors of
    /// blocks, each predicted from the others, is added to the covariance.
    pub drift: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { given_commands: false, ridge: 1e-3, floor: 0.01, drift: 3.0 }
    }
}

/// A fitted distance. Scores are squared distances divided by the number of measured channels that
/// ever changed: about 1 on training rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Mahalanobis(Residual);

impl Mahalanobis {
    /// Learns from `training`.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if there is no row.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let Settings { given_commands, ridge, floor, drift } = *settings;
        let exogenous = usize::from(given_commands);
        let fit =
            Fit { kind: Kind::Mahalanobis, lags: 0, least: 0, exogenous, ridge, floor, drift };
        Residual::fit(training, &fit).map(Self)
    }

    /// The one that [`Detector::weights`] came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(weights: &Weights) -> Result<Self> {
        Residual::restore(weights, Kind::Mahalanobis).map(Self)
    }
}

impl Detector for Mahalanobis {
    fn kind(&self) -> Kind {
        Kind::Mahalanobis
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

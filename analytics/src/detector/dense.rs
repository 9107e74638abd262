//! A dense autoencoder on windows: what it cannot rebuild after learning from clean ones is not
//! normal.
//!
//! It is trained by a step written by hand (`network/step.rs`) and its weights are those of four
//! `Linear` layers. Of each window only the newest row is rebuilt when it scores. Exogenous
//! channels go in and are not rebuilt.

use super::network::Course;
use super::network::kernel::Activation;
use super::network::layered::{Architecture, Layered, Shape, four_layers, widths};
use super::network::learned::{Learned, OfNetwork};
use super::network::newest::Newest;
use super::{Kind, Training, Weights};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// The network's sizes and its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window; fewer where the training rows have no room for it.
    pub window: usize,
    /// Width of the outer hidden layers.
    pub hidden: usize,
    /// Width of the middle; at most a quarter of a window's values.
    pub middle: usize,
    /// Training steps at most.
    pub steps: u32,
    /// Windows of a step.
    pub batch: usize,
    /// First learning rate; it falls to a tenth over the last half.
    pub rate: f64,
    /// Weight decay (AdamW).
    pub decay: f64,
    /// Errors beyond it count linearly in training.
    pub bend: f32,
    /// Looks at held-back windows without progress after which it stops; 0 never stops early.
    pub patience: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: 16,
            hidden: 64,
            middle: 16,
            steps: 1_200,
            batch: 256,
            rate: 3e-3,
            decay: 1e-4,
            bend: 1.0,
            patience: 6,
        }
    }
}

/// A trained dense autoencoder.
#[derive(Clone, Debug)]
pub struct Dense(Learned<Layered<Windowed>>);

impl Dense {
    /// Learns from clean rows, on the current rayon pool; the result does not depend on its size.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] without rows or measured channels.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let Settings { window, hidden, middle, steps, batch, rate, decay, bend, patience } =
            *settings;
        let course = Course { steps, batch, rate, decay, bend, patience };
        let learn = |windows: &_, newest: &Newest| {
            let widths = widths(newest, hidden, middle);
            let shapes = Windowed::shapes(newest, &|i| Ok(widths[i]))?;
            Ok(Layered::learn(windows, newest, shapes, &course, training.seed))
        };
        Learned::fit(training, window, learn).map(Self)
    }

    /// Makes one of its kept numbers.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if they are not those of such a network.
    pub fn restore(weights: &Weights) -> Result<Self> {
        Learned::restore(weights).map(Self)
    }
}

impl OfNetwork for Dense {
    type Network = Layered<Windowed>;

    fn learned(&self) -> &Learned<Self::Network> {
        &self.0
    }
}

/// Four layers from a window's values to its measured ones.
#[derive(Clone, Debug)]
pub(crate) struct Windowed;

impl Architecture for Windowed {
    const KIND: Kind = Kind::Dense;
    const NAME: &'static str = "detector/dense";

    fn shapes(newest: &Newest, columns: &dyn Fn(usize) -> Result<usize>) -> Result<Vec<Shape>> {
        // The middle is bounded, so that it cannot carry through a deviation that it never saw.
        four_layers(newest, columns, [Activation::Relu, Activation::Tanh])
    }
}

#[cfg(test)]
mod tests;

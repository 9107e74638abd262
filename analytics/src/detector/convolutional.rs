//! A convolutional autoencoder on windows: short shapes first, then all of them together.
//!
//! Two convolutions of four rows halve the window's length each; a narrow bounded layer joins what
//! is left; the way back mirrors it. It is trained by a step written by hand
//! (`network/step.rs`); when it scores, only the newest row is decoded. Exogenous channels go in
//! and are not rebuilt.

use super::network::Course;
use super::network::kernel::{Activation, WIDTH};
use super::network::layered::{Architecture, Layered, Shape};
use super::network::learned::{Learned, OfNetwork};
use super::network::newest::Newest;
use super::network::reach::Reach;
use super::{Kind, Training, Weights};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// The network's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window; fewer where there is no room for it.
    pub window: usize,
    /// Training steps at most.
    pub steps: u32,
    /// Windows of a step.
    pub batch: usize,
    /// First learning rate; it falls to a tenth over the last half.
    pub rate: f64,
    /// Looks at held-back windows without progress after which it stops; 0 never stops early.
    pub patience: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: 32, steps: 200, batch: 128, rate: 3e-3, patience: 4 }
    }
}

/// A trained convolutional autoencoder.
#[derive(Clone, Debug)]
pub struct Convolutional(Learned<Layered<Shapes>>);

impl Convolutional {
    /// Learns from clean rows, on the current rayon pool; the result does not depend on its size.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] without rows or measured channels.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let Settings { window, steps, batch, rate, patience } = *settings;
        let course = Course { steps, batch, rate, patience, ..Course::default() };
        let learn = |windows: &_, newest: &Newest| {
            let shapes = Shapes::shapes(newest, &|_| Ok(MIDDLE))?;
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

impl OfNetwork for Convolutional {
    type Network = Layered<Shapes>;

    fn learned(&self) -> &Learned<Self::Network> {
        &self.0
    }
}

/// Values of a row between convolutions: one panel, so that a dense layer can make the first rows
/// of the way back.
const INSIDE: usize = WIDTH;

/// Values of the middle.
const MIDDLE: usize = 12;

/// Two convolutions, a middle, and the way back.
#[derive(Clone, Debug)]
pub(crate) struct Shapes;

impl Architecture for Shapes {
    const KIND: Kind = Kind::Convolutional;
    const NAME: &'static str = "detector/convolutional";

    fn shapes(newest: &Newest, columns: &dyn Fn(usize) -> Result<usize>) -> Result<Vec<Shape>> {
        let Newest { window, channels, measured, .. } = newest;
        let wide = Reach::halved(*window);
        let narrow = Reach::halved(wide.places());
        let join = Reach::whole(narrow.places());
        let middle = columns(2)?;
        let rows = window.div_ceil(4);
        let back = Reach::doubled(rows, 2 * rows);
        let out = Reach::doubled(2 * rows, *window);
        let shape = |reach: Reach, each: usize, columns: usize, activation: Activation| Shape {
            inner: each * reach.width(),
            columns,
            reach,
            activation,
        };
        Ok(vec![
            shape(wide, *channels, INSIDE, Activation::Relu),
            shape(narrow, INSIDE, INSIDE, Activation::Relu),
            shape(join, INSIDE, middle, Activation::Tanh),
            Shape::dense(middle, rows * INSIDE, Activation::Relu),
            shape(back, INSIDE, INSIDE, Activation::Relu),
            shape(out, INSIDE, measured.len(), Activation::Identity),
        ])
    }
}

#[cfg(test)]
mod tests;

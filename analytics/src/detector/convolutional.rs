//! A convolutional autoencoder on windows: short shapes first, then all of them together.
//!
//! Two convolutions of four rows halve the window's length each; a narrow bounded layer joins what
//! is left; the way back mirrors it. When it scores, only the newest row is decoded. Exogenous
//! channels go in and are not rebuilt. A candle network, trained by its autograd.

use super::network::learned::{Learned, Network};
use super::network::newest::Newest;
use super::network::trainer::{Course, First, Source, huber, linear, linear_parameters, measured};
use super::{Detector, Kind, Rows, Training, Weights};
use crate::error::Result;
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

/// The network's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window, cut to a multiple of 4; fewer where there is no room for it.
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
        Self { window: 32, steps: 400, batch: 128, rate: 3e-3, patience: 4 }
    }
}

/// A trained convolutional autoencoder.
#[derive(Debug)]
pub struct Convolutional(Learned<Shapes>);

impl Convolutional {
    /// Learns from clean rows.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] without rows or measured channels,
    /// [`crate::AnalyticsError::Tensor`] if the tensor library fails.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let Settings { window, steps, batch, rate, patience } = *settings;
        Learned::fit(training, window, Course { steps, batch, rate, patience }).map(Self)
    }

    /// Makes one of its kept numbers.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if they are not those of such a network.
    pub fn restore(weights: &Weights) -> Result<Self> {
        Learned::restore(weights).map(Self)
    }
}

impl Detector for Convolutional {
    fn kind(&self) -> Kind {
        Kind::Convolutional
    }

    fn history(&self) -> usize {
        self.0.newest.window - 1
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        self.0.score(rows, scores)
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        self.0.explain(rows, parts, expected)
    }

    fn weights(&self) -> Weights {
        self.0.weights()
    }
}

/// Channels of the outer and of the inner convolutions, width of the middle.
const OUTER: usize = 24;
const INNER: usize = 12;
const MIDDLE: usize = 12;

/// The network. Tensors are `[batch, rows, channels]`.
#[derive(Debug)]
struct Shapes {
    /// Whether convolutions halve the length: not where the window is no multiple of 4.
    halves: bool,
    wide: (Tensor, Tensor),
    narrow: (Tensor, Tensor),
    join: (Tensor, Tensor),
    /// The way back from the middle, an own map for each row: `[rows, middle, inner]`.
    spread: Tensor,
    spread_bias: Tensor,
    back: (Tensor, Tensor),
    out: (Tensor, Tensor),
}

impl Network for Shapes {
    const KIND: Kind = Kind::Convolutional;
    const NAME: &'static str = "detector/convolutional";

    fn window(rows: usize) -> usize {
        if rows < 4 { rows } else { rows - rows % 4 }
    }

    fn build(source: &mut dyn Source, newest: &Newest) -> Result<Self> {
        let halves = newest.window.is_multiple_of(4);
        let (taps, rows) = if halves { (4, newest.window / 4) } else { (3, newest.window) };
        let spread = First::Spread(libm::sqrt(2.0 / MIDDLE as f64));
        Ok(Self {
            halves,
            wide: linear_parameters(source, "wide", [taps * newest.channels, OUTER], 2.0)?,
            narrow: linear_parameters(source, "narrow", [taps * OUTER, INNER], 2.0)?,
            join: linear_parameters(source, "join", [rows * INNER, MIDDLE], 1.0)?,
            spread: source.parameter("spread.weight", &[rows, MIDDLE, INNER], spread)?,
            spread_bias: source.parameter("spread.bias", &[rows, 1, INNER], First::Flat(0.0))?,
            back: linear_parameters(source, "back", [3 * INNER, OUTER], 2.0)?,
            out: linear_parameters(source, "out", [3 * OUTER, newest.measured.len()], 1.0)?,
        })
    }

    fn loss(&self, x: &Tensor, newest: &Newest) -> Result<Tensor> {
        huber(&self.decode(&self.encode(x)?, false)?, &measured(x, &newest.measured)?)
    }

    fn newest(&self, x: &Tensor) -> Result<Tensor> {
        let rebuilt = self.decode(&self.encode(x)?, true)?;
        let rows = rebuilt.dim(1)?;
        Ok(rebuilt.narrow(1, rows - 1, 1)?.squeeze(1)?)
    }
}

impl Shapes {
    fn encode(&self, x: &Tensor) -> Result<Tensor> {
        let unfold = |x: &Tensor| if self.halves { halved(x) } else { around(x) };
        let x = linear(&unfold(x)?, &self.wide)?.relu()?;
        let x = linear(&unfold(&x)?, &self.narrow)?.relu()?;
        Ok(linear(&x.flatten_from(1)?, &self.join)?.tanh()?)
    }

    /// The window again; its last rows only, where `newest` is all that is asked for.
    fn decode(&self, middle: &Tensor, newest: bool) -> Result<Tensor> {
        // Two rows of each stage reach into the newest row, and after doubling one makes two.
        let kept = if self.halves { 1 } else { 3 };
        let rows = self.spread.dim(0)?;
        let first = if newest { rows.saturating_sub(kept) } else { 0 };
        let weights = self.spread.narrow(0, first, rows - first)?;
        let bias = self.spread_bias.narrow(0, first, rows - first)?;
        // [rows, batch, inner], then as everywhere.
        let x = middle.unsqueeze(0)?.broadcast_matmul(&weights)?.broadcast_add(&bias)?;
        let x = x.relu()?.transpose(0, 1)?.contiguous()?;
        let double = |x: &Tensor| if self.halves { doubled(x) } else { Ok(x.clone()) };
        let x = linear(&around(&double(&x)?)?, &self.back)?.relu()?;
        // The first row of what was cut lacks its neighbour: it is dropped.
        let x = if newest && first > 0 { x.narrow(1, 1, x.dim(1)? - 1)? } else { x };
        linear(&around(&double(&x)?)?, &self.out)
    }
}

/// Windows of four rows, two apart, of `x` with a row of zeros at either end.
fn halved(x: &Tensor) -> Result<Tensor> {
    let (batch, rows, channels) = x.dims3()?;
    let pairs = x.pad_with_zeros(1, 1, 1)?.reshape((batch, rows / 2 + 1, 2 * channels))?;
    Ok(Tensor::cat(&[pairs.narrow(1, 0, rows / 2)?, pairs.narrow(1, 1, rows / 2)?], 2)?)
}

/// Windows of three rows around each row of `x`, zeros beyond its ends.
fn around(x: &Tensor) -> Result<Tensor> {
    let rows = x.dim(1)?;
    let x = x.pad_with_zeros(1, 1, 1)?;
    Ok(Tensor::cat(&[x.narrow(1, 0, rows)?, x.narrow(1, 1, rows)?, x.narrow(1, 2, rows)?], 2)?)
}

/// Each row twice.
fn doubled(x: &Tensor) -> Result<Tensor> {
    let (batch, rows, channels) = x.dims3()?;
    let twice = x.unsqueeze(2)?.broadcast_as((batch, rows, 2, channels))?;
    Ok(twice.reshape((batch, 2 * rows, channels))?)
}

#[cfg(test)]
mod tests;

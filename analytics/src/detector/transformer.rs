//! A small causal transformer that predicts the next row from the rows before it.
//!
//! One block of attention with four heads and one of two linear maps, each beside a skip, over rows
//! mapped to 32 values. In training every row of a window predicts its successor; when it scores,
//! only the last one is asked. Exogenous channels go in and are not predicted. A candle network,
//! trained by its autograd.
//!
//! # Source
//! Vaswani et al., "Attention is all you need" (2017); normalisation before each part (Xiong et al.
//! 2020) by root mean square (Zhang, Sennrich 2019).

use super::network::learned::{Learned, Network};
use super::network::newest::Newest;
use super::network::trainer::{Course, First, Source, huber, linear, linear_parameters, measured};
use super::{Detector, Kind, Rows, Training, Weights};
use crate::error::Result;
use candle_core::{D, Tensor};
use candle_nn::ops::softmax;
use serde::{Deserialize, Serialize};

/// The network's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window, the predicted one included; fewer where there is no room for it.
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
        Self { window: 17, steps: 400, batch: 32, rate: 3e-3, patience: 4 }
    }
}

/// A trained transformer.
#[derive(Debug)]
pub struct Transformer(Learned<Block>);

impl Transformer {
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

impl Detector for Transformer {
    fn kind(&self) -> Kind {
        Kind::Transformer
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

/// Values of a row inside, heads, and the width between the two linear maps.
const WIDTH: usize = 32;
const HEADS: usize = 4;
const BETWEEN: usize = 64;

/// The network. Tensors are `[batch, rows, values]`.
#[derive(Debug)]
struct Block {
    embed: (Tensor, Tensor),
    place: Tensor,
    attention_gain: Tensor,
    query: (Tensor, Tensor),
    key: (Tensor, Tensor),
    value: (Tensor, Tensor),
    join: (Tensor, Tensor),
    linear_gain: Tensor,
    wide: (Tensor, Tensor),
    narrow: (Tensor, Tensor),
    out_gain: Tensor,
    out: (Tensor, Tensor),
    /// Minus infinity, nearly, where a row would look ahead: `[rows, rows]`.
    mask: Tensor,
}

impl Network for Block {
    const KIND: Kind = Kind::Transformer;
    const NAME: &'static str = "detector/transformer";

    fn window(rows: usize) -> usize {
        rows.max(2)
    }

    fn build(source: &mut dyn Source, newest: &Newest) -> Result<Self> {
        let rows = newest.window - 1;
        let square = [WIDTH, WIDTH];
        let place = source.parameter("place", &[rows, WIDTH], First::Spread(0.1))?;
        let ahead = |i: usize| if i % rows > i / rows { -1e9_f32 } else { 0.0 };
        let mask: Vec<f32> = (0..rows * rows).map(ahead).collect();
        let mask = Tensor::from_vec(mask, (rows, rows), place.device())?;
        let mut gain = |name: &str| source.parameter(name, &[WIDTH], First::Flat(1.0));
        let attention_gain = gain("attention.gain")?;
        let linear_gain = gain("linear.gain")?;
        let out_gain = gain("out.gain")?;
        let outputs = newest.measured.len();
        Ok(Self {
            place,
            mask,
            attention_gain,
            linear_gain,
            out_gain,
            embed: linear_parameters(source, "embed", [newest.channels, WIDTH], 1.0)?,
            query: linear_parameters(source, "query", square, 1.0)?,
            key: linear_parameters(source, "key", square, 1.0)?,
            value: linear_parameters(source, "value", square, 1.0)?,
            join: linear_parameters(source, "join", square, 0.5)?,
            wide: linear_parameters(source, "wide", [WIDTH, BETWEEN], 2.0)?,
            narrow: linear_parameters(source, "narrow", [BETWEEN, WIDTH], 0.5)?,
            out: linear_parameters(source, "out", [WIDTH, outputs], 0.5)?,
        })
    }

    fn loss(&self, x: &Tensor, newest: &Newest) -> Result<Tensor> {
        let rows = x.dim(1)? - 1;
        let target = measured(&x.narrow(1, 1, rows)?, &newest.measured)?;
        huber(&self.predict(&x.narrow(1, 0, rows)?, rows)?, &target)
    }

    fn newest(&self, x: &Tensor) -> Result<Tensor> {
        let rows = x.dim(1)? - 1;
        Ok(self.predict(&x.narrow(1, 0, rows)?, 1)?.squeeze(1)?)
    }
}

impl Block {
    /// What the last `asked` rows of `x` predict to follow them.
    fn predict(&self, x: &Tensor, asked: usize) -> Result<Tensor> {
        let rows = x.dim(1)?;
        let x = linear(&x.contiguous()?, &self.embed)?.broadcast_add(&self.place)?;
        let all = normalised(&x, &self.attention_gain)?;
        let x = x.narrow(1, rows - asked, asked)?.contiguous()?;
        let x = (&x + self.attend(&all, asked)?)?;
        let inside = linear(&normalised(&x, &self.linear_gain)?, &self.wide)?.relu()?;
        let x = (&x + linear(&inside, &self.narrow)?)?;
        linear(&normalised(&x, &self.out_gain)?, &self.out)
    }

    fn attend(&self, all: &Tensor, asked: usize) -> Result<Tensor> {
        let (batch, rows, _) = all.dims3()?;
        let last = all.narrow(1, rows - asked, asked)?.contiguous()?;
        let heads = |x: Tensor| -> Result<Tensor> {
            let (_, rows, _) = x.dims3()?;
            let x = x.reshape((batch, rows, HEADS, WIDTH / HEADS))?;
            Ok(x.transpose(1, 2)?.contiguous()?)
        };
        let query = (heads(linear(&last, &self.query)?)? / ((WIDTH / HEADS) as f64).sqrt())?;
        let key = heads(linear(all, &self.key)?)?.transpose(2, 3)?.contiguous()?;
        let value = heads(linear(all, &self.value)?)?;
        let mask = self.mask.narrow(0, rows - asked, asked)?;
        let weights = softmax(&query.matmul(&key)?.broadcast_add(&mask)?, D::Minus1)?;
        let seen = weights.matmul(&value)?.transpose(1, 2)?.contiguous()?;
        linear(&seen.reshape((batch, asked, WIDTH))?, &self.join)
    }
}

/// Rows of root mean square 1, times a gain.
fn normalised(x: &Tensor, gain: &Tensor) -> Result<Tensor> {
    let square = (x.sqr()?.mean_keepdim(D::Minus1)? + 1e-6)?;
    Ok(x.broadcast_div(&square.sqrt()?)?.broadcast_mul(gain)?)
}

#[cfg(test)]
mod tests;

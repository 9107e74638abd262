//! A dense network that rebuilds windows, as a detector scores with it: kept numbers and a stack.

use super::kernel::Activation;
use super::newest::Newest;
use super::stack::{Plain, Stack};
use crate::detector::stored::Stored;
use crate::detector::{Rows, Weights};
use crate::error::Result;

/// Layers of such a network.
pub(crate) const LAYERS: usize = 4;

/// A network of four layers from a window's inputs to its measured values.
#[derive(Clone, Debug)]
pub(crate) struct Rebuilder {
    pub(crate) newest: Newest,
    pub(crate) layers: Vec<Plain>,
    stack: Stack,
}

impl Rebuilder {
    /// The network with these layers.
    pub(crate) fn new(newest: Newest, layers: Vec<Plain>) -> Self {
        let stack = Stack::new(&layers, newest.measured.len());
        Self { newest, layers, stack }
    }

    /// Reads one back whose layers have these activations.
    pub(crate) fn restore(stored: &Stored<'_>, activations: [Activation; LAYERS]) -> Result<Self> {
        let newest = Newest::restore(stored)?;
        let mut inner = newest.window * newest.channels;
        let mut layers = Vec::with_capacity(LAYERS);
        for (i, activation) in activations.into_iter().enumerate() {
            let (weight, bias) = (format!("layer{i}.weight"), format!("layer{i}.bias"));
            let columns = match i + 1 {
                LAYERS => newest.window * newest.measured.len(),
                _ => stored.length(&bias)?,
            };
            let weights = stored.tensor(&weight, &[columns, inner])?.to_vec();
            let bias = stored.tensor(&bias, &[columns])?.to_vec();
            layers.push(Plain { inner, columns, weights, bias, activation });
            inner = columns;
        }
        Ok(Self::new(newest, layers))
    }

    /// Its numbers: weights as `[outputs, inputs]`, as candle's `Linear` and torch keep them.
    pub(crate) fn weights(&self) -> Weights {
        let mut all = self.newest.kept(Weights::default());
        for (i, Plain { inner, columns, weights, bias, .. }) in self.layers.iter().enumerate() {
            all = all.with(&format!("layer{i}.weight"), &[*columns, *inner], weights).with(
                &format!("layer{i}.bias"),
                &[*columns],
                bias,
            );
        }
        all
    }

    /// Scores rows as a detector does.
    pub(crate) fn score(&self, rows: Rows<'_>, scores: &mut [f32]) {
        self.stack.score(&self.newest, rows, scores);
    }

    /// The newest row of each of `count` windows.
    pub(crate) fn rebuild(&self, rows: Rows<'_>, count: usize) -> Vec<f32> {
        self.stack.newest(&self.newest, rows, count)
    }

    /// Explains the last row as a detector does.
    pub(crate) fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) {
        let rebuilt = self.rebuild(rows, 1);
        self.newest.explain(rows.row(rows.len() - 1), &rebuilt, parts, expected);
    }
}

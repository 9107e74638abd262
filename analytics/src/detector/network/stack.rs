//! A trained dense network that scores: one pass over overlapping windows, newest row only.
//!
//! Windows are read in place from a clipped copy of a short block of rows; layers follow each other
//! while the block is in the first caches.

use super::kernel::{Activate, Activation, Line, Paneled, Product, Right, Strided, WIDTH, panels};
use super::{clip, newest::Newest};
use crate::detector::Rows;
use rayon::prelude::*;

/// Rows that go through the network together. A row's bits do not depend on it.
const BLOCK: usize = 96;

/// Rows of one task of the thread pool.
const TASK: usize = 16 * BLOCK;

/// Weights and bias of one layer as they are kept: `[columns, inner]`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plain {
    pub(crate) inner: usize,
    pub(crate) columns: usize,
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) activation: Activation,
}

/// A layer in panels.
#[derive(Clone, Debug)]
struct Packed {
    lines: usize,
    weights: Vec<Line>,
    bias: Vec<Line>,
    activation: Activation,
}

/// The layers of a network.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    layers: Vec<Packed>,
}

/// Memory of one task.
#[derive(Debug, Default)]
struct Scratch {
    values: Vec<f32>,
    lines: Vec<Vec<Line>>,
}

impl Right for &Packed {
    #[inline(always)]
    fn part(&self, panel: usize, part: usize, length: usize) -> &[Line] {
        &self.weights[panel * self.lines + part * length..][..length]
    }
}

impl Packed {
    /// The columns from `from` on of a layer.
    fn new(plain: &Plain, from: usize, hidden: bool) -> Self {
        let columns = plain.columns - from;
        let lines = if hidden { panels(plain.inner) * WIDTH } else { plain.inner };
        let mut weights = vec![Line::default(); panels(columns) * lines];
        let mut bias = vec![Line::default(); panels(columns)];
        for j in 0..columns {
            let row = &plain.weights[(from + j) * plain.inner..][..plain.inner];
            for (k, value) in row.iter().enumerate() {
                weights[j / WIDTH * lines + k].0[j % WIDTH] = *value;
            }
            bias[j / WIDTH].0[j % WIDTH] = plain.bias[from + j];
        }
        Self { lines, weights, bias, activation: plain.activation }
    }
}

impl Stack {
    /// The network whose last layer is cut down to its last `newest` outputs.
    pub(crate) fn new(layers: &[Plain], newest: usize) -> Self {
        let last = layers.len().saturating_sub(1);
        let from = |i: usize, plain: &Plain| if i == last { plain.columns - newest } else { 0 };
        let pack = |(i, plain)| Packed::new(plain, from(i, plain), i > 0);
        Self { layers: layers.iter().enumerate().map(pack).collect() }
    }

    /// Scores the rows after the first `window - 1`, spread over the current thread pool.
    pub(crate) fn score(&self, newest: &Newest, rows: Rows<'_>, scores: &mut [f32]) {
        let channels = rows.channels();
        scores.par_chunks_mut(TASK).enumerate().for_each_init(
            Scratch::default,
            |scratch, (task, scores)| {
                for (block, scores) in scores.chunks_mut(BLOCK).enumerate() {
                    let first = task * TASK + block * BLOCK;
                    let count = scores.len();
                    let values = rows.window(first, count + newest.window - 1);
                    self.rebuild(newest, values, channels, count, scratch);
                    let rebuilt = scratch.lines.last().map_or(&[][..], Vec::as_slice);
                    let mut row_rebuilt = vec![0.0; newest.measured.len()];
                    for (row, score) in scores.iter_mut().enumerate() {
                        let at = |j: usize| rebuilt[j / WIDTH * count + row].0[j % WIDTH];
                        for (j, value) in row_rebuilt.iter_mut().enumerate() {
                            *value = at(j);
                        }
                        *score =
                            newest.score(rows.row(first + row + newest.window - 1), &row_rebuilt);
                    }
                }
            },
        );
    }

    /// The newest row of each of `count` windows as the network rebuilds it, one after another.
    pub(crate) fn newest(&self, newest: &Newest, rows: Rows<'_>, count: usize) -> Vec<f32> {
        let mut scratch = Scratch::default();
        let mut all = Vec::with_capacity(count * newest.measured.len());
        for first in (0..count).step_by(BLOCK) {
            let some = BLOCK.min(count - first);
            let values = rows.window(first, some + newest.window - 1);
            self.rebuild(newest, values, rows.channels(), some, &mut scratch);
            let rebuilt = scratch.lines.last().map_or(&[][..], Vec::as_slice);
            for row in 0..some {
                let at = |j: usize| rebuilt[j / WIDTH * some + row].0[j % WIDTH];
                all.extend((0..newest.measured.len()).map(at));
            }
        }
        all
    }

    fn rebuild(
        &self,
        newest: &Newest,
        values: &[f32],
        stride: usize,
        rows: usize,
        scratch: &mut Scratch,
    ) {
        clip(values, &mut scratch.values);
        scratch.lines.resize_with(self.layers.len(), Vec::new);
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = scratch.lines.split_at_mut(i);
            after[0].resize(layer.bias.len() * rows, Line::default());
            let out = after[0].as_mut_slice();
            let finish = Activate { bias: &layer.bias, activation: layer.activation };
            match before.last() {
                None => {
                    let length = newest.window * stride;
                    let left = Strided { values: &scratch.values, stride, length };
                    Product { left, right: layer, rows, finish, out }.run();
                }
                Some(lines) => {
                    let left = Paneled { lines, rows };
                    Product { left, right: layer, rows, finish, out }.run();
                }
            }
        }
    }
}

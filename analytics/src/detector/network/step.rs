//! One training step of a dense network by hand: forward, backward and AdamW in one sweep.
//!
//! A batch is cut into chunks of rows of a fixed size; each runs forward and backward on its own.
//! Then each panel of weights sums its gradient over all chunks in their order and is updated from
//! registers, so that gradients are never stored and nothing depends on the number of threads. Work
//! is spread over the current rayon pool.

mod descend;

use super::kernel::{
    Activate, Activation, Finish, Line, Listed, Paneled, Product, Right, WIDTH, load, panels,
    slope, store,
};
use descend::{Descend, Update};
use pulp::Simd;
use rayon::prelude::*;

/// Rows of a batch that one task carries through the network.
const CHUNK: usize = 64;

/// A layer's sizes, first weights (`[inner, columns]`, row by row) and what follows its sums.
#[derive(Clone, Debug)]
pub(crate) struct LayerStart {
    pub(crate) inner: usize,
    pub(crate) columns: usize,
    pub(crate) weights: Vec<f32>,
    pub(crate) activation: Activation,
}

/// How weights follow their gradient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) rate: f64,
    pub(crate) decay: f64,
}

/// What the network is asked to give: `length` values from `starts[row] * stride` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) length: usize,
}

/// The windows of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) values: &'a [f32],
    /// Values of a row.
    pub(crate) stride: usize,
    /// Values of a window.
    pub(crate) length: usize,
    /// First row of each window.
    pub(crate) rows: &'a [usize],
    pub(crate) targets: Targets<'a>,
}

/// Sixteen columns of a layer with their optimiser's state. Lines past the layer's columns or
/// inner width are 0 and stay so, because their gradients are.
#[derive(Clone, Debug)]
struct Panel {
    weights: Vec<Line>,
    mean: Vec<Line>,
    square: Vec<Line>,
    bias: [Line; 1],
    bias_mean: Line,
    bias_square: Line,
    /// Weights again, inner index across, for the way back: line `16 * inner panel + column`.
    across: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Layer {
    inner: usize,
    columns: usize,
    activation: Activation,
    panels: Vec<Panel>,
}

/// What one chunk of rows leaves behind: per layer its outputs and the slope of the loss.
#[derive(Clone, Debug)]
struct Chunk {
    rows: usize,
    starts: Vec<usize>,
    targets: Vec<usize>,
    outputs: Vec<Vec<Line>>,
    slopes: Vec<Vec<Line>>,
}

/// A dense network in training.
#[derive(Clone, Debug)]
pub(crate) struct Trainee {
    layers: Vec<Layer>,
    chunks: Vec<Chunk>,
    steps: u32,
    /// Errors beyond it count linearly (Huber); infinite for plain squares.
    bend: f32,
}

impl Trainee {
    /// A network with these layers, the first of which reads the windows.
    pub(crate) fn new(starts: &[LayerStart], bend: f32) -> Self {
        let layers = starts.iter().enumerate().map(|(i, s)| Layer::new(s, i > 0)).collect();
        Self { layers, chunks: Vec::new(), steps: 0, bend }
    }

    /// Follows the mean loss of a batch once. Rows may have any number, the same each time at best.
    pub(crate) fn step(&mut self, batch: &Batch<'_>, rates: Rates) {
        self.load(batch);
        let layers = &self.layers;
        let count = batch.rows.len() * batch.targets.length;
        let loss = Loss { targets: batch.targets, bend: self.bend, scale: 1.0 / count as f32 };
        self.chunks.par_iter_mut().for_each(|chunk| {
            chunk.forward(layers, batch);
            chunk.backward(layers, &loss);
        });
        self.steps += 1;
        let update = Update::new(rates, self.steps);
        let chunks = &self.chunks;
        let mut tasks = Vec::new();
        for (index, layer) in self.layers.iter_mut().enumerate() {
            for (panel, weights) in layer.panels.iter_mut().enumerate() {
                tasks.push((index, panel, weights));
            }
        }
        tasks.into_par_iter().for_each(|(layer, panel, weights)| {
            Descend { chunks, batch, layer, panel, weights, update }.run();
        });
    }

    /// The gradients of the mean loss of a batch, per layer `[inner, columns]` and then the bias,
    /// found by the same code that descends.
    #[cfg(test)]
    pub(crate) fn gradients(&self, batch: &Batch<'_>) -> Vec<(Vec<f32>, Vec<f32>)> {
        // A step of plain descent at rate 1 moves weights by the gradient.
        let mut moved = self.clone();
        moved.load(batch);
        let count = batch.rows.len() * batch.targets.length;
        let loss = Loss { targets: batch.targets, bend: self.bend, scale: 1.0 / count as f32 };
        for chunk in &mut moved.chunks {
            chunk.forward(&self.layers, batch);
            chunk.backward(&self.layers, &loss);
        }
        let update = Update::plain();
        for (layer, weights) in moved.layers.iter_mut().enumerate() {
            for (panel, weights) in weights.panels.iter_mut().enumerate() {
                let chunks = &moved.chunks;
                Descend { chunks, batch, layer, panel, weights, update }.run();
            }
        }
        let before = self.weights();
        let minus = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        before
            .iter()
            .zip(moved.weights())
            .map(|(b, a)| (minus(&b.0, &a.0), minus(&b.1, &a.1)))
            .collect()
    }

    /// Mean loss over windows, without learning from them.
    pub(crate) fn loss(&mut self, batch: &Batch<'_>) -> f64 {
        self.load(batch);
        let layers = &self.layers;
        let bend = self.bend;
        let sums: Vec<f64> = self
            .chunks
            .par_iter_mut()
            .map(|chunk| {
                chunk.forward(layers, batch);
                chunk.loss(&batch.targets, bend)
            })
            .collect();
        sums.iter().sum::<f64>() / (batch.rows.len() * batch.targets.length).max(1) as f64
    }

    /// Weights (`[inner, columns]`) and bias of each layer.
    pub(crate) fn weights(&self) -> Vec<(Vec<f32>, Vec<f32>)> {
        self.layers.iter().map(Layer::plain).collect()
    }

    /// Lays a batch out in chunks, keeping their memory.
    fn load(&mut self, batch: &Batch<'_>) {
        let count = batch.rows.len().div_ceil(CHUNK);
        self.chunks.truncate(count);
        for (i, rows) in batch.rows.chunks(CHUNK).enumerate() {
            if self.chunks.get(i).is_some_and(|chunk| chunk.rows != rows.len()) {
                self.chunks.truncate(i);
            }
            if i == self.chunks.len() {
                self.chunks.push(Chunk::new(&self.layers, rows.len()));
            }
            let chunk = &mut self.chunks[i];
            chunk.starts.clear();
            chunk.starts.extend(rows.iter().map(|row| row * batch.stride));
            chunk.targets.clear();
            chunk.targets.extend(rows.iter().map(|row| row * batch.targets.stride));
        }
    }
}

impl Layer {
    fn new(start: &LayerStart, hidden: bool) -> Self {
        let lines = if hidden { panels(start.inner) * WIDTH } else { start.inner };
        let empty = Panel {
            weights: vec![Line::default(); lines],
            mean: vec![Line::default(); lines],
            square: vec![Line::default(); lines],
            bias: [Line::default()],
            bias_mean: Line::default(),
            bias_square: Line::default(),
            across: vec![Line::default(); if hidden { lines } else { 0 }],
        };
        let mut all = vec![empty; panels(start.columns)];
        for (i, row) in start.weights.chunks_exact(start.columns).enumerate() {
            for (j, value) in row.iter().enumerate() {
                all[j / WIDTH].weights[i].0[j % WIDTH] = *value;
            }
        }
        all.iter_mut().for_each(Panel::turn);
        let (inner, columns) = (start.inner, start.columns);
        Self { inner, columns, activation: start.activation, panels: all }
    }

    fn plain(&self) -> (Vec<f32>, Vec<f32>) {
        let mut weights = vec![0.0; self.inner * self.columns];
        for (i, row) in weights.chunks_exact_mut(self.columns).enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = self.panels[j / WIDTH].weights[i].0[j % WIDTH];
            }
        }
        let bias = (0..self.columns).map(|j| self.panels[j / WIDTH].bias[0].0[j % WIDTH]);
        (weights, bias.collect())
    }
}

impl Panel {
    /// Brings `across` up to date.
    fn turn(&mut self) {
        for (to, from) in self.across.chunks_exact_mut(WIDTH).zip(self.weights.chunks_exact(WIDTH))
        {
            for (i, line) in to.iter_mut().enumerate() {
                for (j, value) in line.0.iter_mut().enumerate() {
                    *value = from[j].0[i];
                }
            }
        }
    }
}

/// A layer's weights on the way forward.
struct Forward<'a>(&'a [Panel]);

impl Right for Forward<'_> {
    #[inline(always)]
    fn part(&self, panel: usize, part: usize, length: usize) -> &[Line] {
        &self.0[panel].weights[part * length..][..length]
    }
}

/// A layer's weights on the way back.
struct Backward<'a>(&'a [Panel]);

impl Right for Backward<'_> {
    #[inline(always)]
    fn part(&self, panel: usize, part: usize, length: usize) -> &[Line] {
        &self.0[part].across[panel * WIDTH..][..length]
    }
}

/// Bias and activation, taken from the panels themselves.
struct Own<'a> {
    panels: &'a [Panel],
    activation: Activation,
}

impl Finish for Own<'_> {
    #[inline(always)]
    fn finish<S: Simd, const V: usize>(
        &self,
        simd: S,
        panel: usize,
        row: usize,
        sums: [S::f32s; V],
    ) -> [S::f32s; V] {
        let activate = Activate { bias: &self.panels[panel].bias, activation: self.activation };
        activate.finish::<S, V>(simd, 0, row, sums)
    }
}

/// Slopes through an activation, of its outputs.
struct Through<'a> {
    outputs: &'a [Line],
    rows: usize,
    activation: Activation,
}

impl Finish for Through<'_> {
    #[inline(always)]
    fn finish<S: Simd, const V: usize>(
        &self,
        simd: S,
        panel: usize,
        row: usize,
        mut sums: [S::f32s; V],
    ) -> [S::f32s; V] {
        let outputs = load::<S, V>(&self.outputs[panel * self.rows + row]);
        for j in 0..V {
            sums[j] = slope(simd, self.activation, outputs[j], sums[j]);
        }
        sums
    }
}

impl Chunk {
    fn new(layers: &[Layer], rows: usize) -> Self {
        let lines = |layer: &Layer| vec![Line::default(); layer.panels.len() * rows];
        Self {
            rows,
            starts: Vec::with_capacity(rows),
            targets: Vec::with_capacity(rows),
            outputs: layers.iter().map(lines).collect(),
            slopes: layers.iter().map(lines).collect(),
        }
    }

    fn forward(&mut self, layers: &[Layer], batch: &Batch<'_>) {
        for (i, layer) in layers.iter().enumerate() {
            let (before, after) = self.outputs.split_at_mut(i);
            let (rows, out) = (self.rows, after[0].as_mut_slice());
            let right = Forward(&layer.panels);
            let finish = Own { panels: &layer.panels, activation: layer.activation };
            match before.last() {
                None => {
                    let left = listed(batch, &self.starts);
                    Product { left, right, rows, finish, out }.run();
                }
                Some(lines) => {
                    let left = Paneled { lines, rows };
                    Product { left, right, rows, finish, out }.run();
                }
            }
        }
    }

    fn backward(&mut self, layers: &[Layer], loss: &Loss<'_>) {
        let last = layers.len() - 1;
        let (rows, outputs) = (self.rows, &self.outputs[last]);
        let slopes = self.slopes[last].as_mut_slice();
        pulp::Arch::new().dispatch(Seed { loss, starts: &self.targets, rows, outputs, slopes });
        for i in (1..layers.len()).rev() {
            let (before, after) = self.slopes.split_at_mut(i);
            let left = Paneled { lines: &after[0], rows };
            let activation = layers[i - 1].activation;
            let finish = Through { outputs: &self.outputs[i - 1], rows, activation };
            let right = Backward(&layers[i].panels);
            Product { left, right, rows, finish, out: &mut before[i - 1] }.run();
        }
    }

    /// Slopes of a layer's panel, a line a row.
    #[inline(always)]
    fn slopes(&self, layer: usize, panel: usize) -> &[Line] {
        &self.slopes[layer][panel * self.rows..][..self.rows]
    }

    fn loss(&self, targets: &Targets<'_>, bend: f32) -> f64 {
        let Some(outputs) = self.outputs.last() else { return 0.0 };
        let mut sum = 0.0;
        for (row, start) in self.targets.iter().enumerate() {
            for (j, target) in targets.values[*start..][..targets.length].iter().enumerate() {
                let output = outputs[j / WIDTH * self.rows + row].0[j % WIDTH];
                let error = (output - target).abs();
                let inside = error.min(bend);
                sum += f64::from(inside) * f64::from(2.0 * error - inside);
            }
        }
        sum
    }
}

fn listed<'a>(batch: &Batch<'a>, starts: &'a [usize]) -> Listed<'a> {
    Listed { values: batch.values, starts, length: batch.length }
}

/// Where the slopes begin: error, held within the bend, times 2, over the number of values.
struct Loss<'a> {
    targets: Targets<'a>,
    bend: f32,
    scale: f32,
}

struct Seed<'a> {
    loss: &'a Loss<'a>,
    starts: &'a [usize],
    rows: usize,
    outputs: &'a [Line],
    slopes: &'a mut [Line],
}

impl Seed<'_> {
    #[inline(always)]
    fn all<S: Simd, const V: usize>(self, simd: S) {
        let Targets { values, length, .. } = self.loss.targets;
        let (above, below) = (simd.splat_f32s(self.loss.bend), simd.splat_f32s(-self.loss.bend));
        let scale = simd.splat_f32s(2.0 * self.loss.scale);
        for panel in 0..self.outputs.len() / self.rows.max(1) {
            let from = panel * WIDTH;
            let width = WIDTH.min(length - from);
            for (row, start) in self.starts.iter().enumerate() {
                let at = panel * self.rows + row;
                let mut target = Line::default();
                let asked = &values[start + from..][..width];
                if width == WIDTH {
                    target.0.copy_from_slice(asked);
                } else {
                    target.0[..width].copy_from_slice(asked);
                }
                let target = load::<S, V>(&target);
                let mut line = load::<S, V>(&self.outputs[at]);
                for j in 0..V {
                    let error = simd.sub_f32s(line[j], target[j]);
                    let error = simd.max_f32s(simd.min_f32s(error, above), below);
                    line[j] = simd.mul_f32s(error, scale);
                }
                store::<S, V>(&mut self.slopes[at], line);
            }
        }
    }
}

impl pulp::WithSimd for Seed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            8 => self.all::<S, 2>(simd),
            4 => self.all::<S, 4>(simd),
            _ => self.all::<S, 16>(simd),
        }
    }
}

#[cfg(test)]
mod tests;

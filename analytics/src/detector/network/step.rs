//! One training step of a chain of layers by hand: forward, backward and AdamW in one sweep.
//!
//! A batch is cut into chunks of rows of a fixed size; each runs forward and backward on its own.
//! Then each panel of weights sums its gradient over all chunks in their order and is updated from
//! registers, so that gradients are never stored and nothing depends on the number of threads. Work
//! is spread over the current rayon pool.

mod descend;
pub(crate) mod layer;
mod seed;

use super::kernel::{Activation, Line, Listed, WIDTH};
use super::reach::Reach;
use descend::{Descend, Span, Update};
use layer::Layer;
use rayon::prelude::*;
use seed::{Loss, Seed};

/// How layers follow each other.
pub(crate) trait Wiring: Clone + Send + Sync {
    /// Windows of a batch that one task carries through the network.
    const CHUNK: usize;
    /// What is kept between the way forward and the way back, beside what layers read.
    type Memory: Clone + Default + Send + Sync;

    /// Fills what each layer after the first reads, and what the last one gives.
    fn forward(&self, layers: &[Layer], batch: &Batch<'_>, chunk: &mut Chunk<Self::Memory>);

    /// Fills the slopes of each layer's sums; those of the last one's are there.
    fn backward(&self, layers: &[Layer], chunk: &mut Chunk<Self::Memory>);
}

/// Each layer reads what the one before gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain;

impl Wiring for Chain {
    const CHUNK: usize = 64;
    type Memory = ();

    fn forward(&self, layers: &[Layer], batch: &Batch<'_>, chunk: &mut Chunk<()>) {
        for (i, layer) in layers.iter().enumerate() {
            let (before, after) = chunk.inputs.split_at_mut(i);
            match before.last() {
                None => layer.first(batch, &chunk.starts, &mut after[0]),
                Some(lines) => layer.forward(lines, chunk.rows, &mut after[0]),
            }
        }
    }

    fn backward(&self, layers: &[Layer], chunk: &mut Chunk<()>) {
        for i in (1..layers.len()).rev() {
            let (before, after) = chunk.slopes.split_at_mut(i);
            let inputs = (chunk.inputs[i - 1].as_slice(), layers[i - 1].activation());
            layers[i].back(&after[0], chunk.rows, inputs, &mut before[i - 1]);
        }
    }
}

/// A layer's sizes, first weights (`[inner, columns]`, row by row) and what follows its sums.
#[derive(Clone, Debug)]
pub(crate) struct LayerStart {
    /// Values that a place reads: as many for each tap.
    pub(crate) inner: usize,
    /// Values of a place.
    pub(crate) columns: usize,
    pub(crate) reach: Reach,
    pub(crate) weights: Vec<f32>,
    pub(crate) activation: Activation,
}

/// How weights follow their gradient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) rate: f64,
    pub(crate) decay: f64,
}

/// What the network is asked to give: `length` values from `starts[row] * stride` on, place by
/// place.
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
    /// First row of each window.
    pub(crate) rows: &'a [usize],
    pub(crate) targets: Targets<'a>,
}

/// What one chunk of windows leaves behind.
#[derive(Clone, Debug)]
pub(crate) struct Chunk<M> {
    pub(crate) rows: usize,
    pub(crate) starts: Vec<usize>,
    targets: Vec<usize>,
    /// What each layer after the first reads, and last what the network gives.
    pub(crate) inputs: Vec<Vec<Line>>,
    /// The slopes of the loss at each layer's sums.
    pub(crate) slopes: Vec<Vec<Line>>,
    pub(crate) memory: M,
}

/// A network in training.
#[derive(Clone, Debug)]
pub(crate) struct Trainee<W: Wiring> {
    wiring: W,
    layers: Vec<Layer>,
    chunks: Vec<Chunk<W::Memory>>,
    steps: u32,
    /// Errors beyond it count linearly (Huber); infinite for plain squares.
    bend: f32,
}

impl<W: Wiring> Trainee<W> {
    /// A network with these layers, the first of which reads the windows.
    pub(crate) fn new(wiring: W, starts: &[LayerStart], bend: f32) -> Self {
        let layers = starts.iter().enumerate().map(|(i, s)| Layer::new(s, i > 0)).collect();
        Self { wiring, layers, chunks: Vec::new(), steps: 0, bend }
    }

    /// Follows the mean loss of a batch once. Rows may have any number, the same each time at best.
    pub(crate) fn step(&mut self, batch: &Batch<'_>, rates: Rates) {
        self.load(batch);
        let (wiring, layers, loss) = (&self.wiring, &self.layers, self.mean_loss(batch));
        self.chunks.par_iter_mut().for_each(|chunk| {
            wiring.forward(layers, batch, chunk);
            chunk.seed(layers, &loss);
            wiring.backward(layers, chunk);
        });
        self.steps += 1;
        let update = Update::new(rates, self.steps);
        let chunks = &self.chunks;
        let spans: Vec<Span> = self.layers.iter().map(Span::of).collect();
        let mut tasks = Vec::new();
        for (index, layer) in self.layers.iter_mut().enumerate() {
            for (panel, weights) in layer.panels.iter_mut().enumerate() {
                tasks.push((index, panel, weights));
            }
        }
        let spans = &spans;
        tasks.into_par_iter().for_each(|(layer, panel, weights)| {
            Descend { chunks, batch, span: &spans[layer], layer, panel, weights, update }.run();
        });
    }

    /// The gradients of the mean loss of a batch, per layer `[inner, columns]` and then the bias,
    /// found by the same code that descends.
    #[cfg(test)]
    pub(crate) fn gradients(&self, batch: &Batch<'_>) -> Vec<(Vec<f32>, Vec<f32>)> {
        // A step of plain descent at rate 1 moves weights by the gradient.
        let mut moved = self.clone();
        moved.load(batch);
        let loss = self.mean_loss(batch);
        for chunk in &mut moved.chunks {
            self.wiring.forward(&self.layers, batch, chunk);
            chunk.seed(&self.layers, &loss);
            self.wiring.backward(&self.layers, chunk);
        }
        let update = Update::plain();
        let spans: Vec<Span> = self.layers.iter().map(Span::of).collect();
        for (layer, weights) in moved.layers.iter_mut().enumerate() {
            for (panel, weights) in weights.panels.iter_mut().enumerate() {
                let chunks = &moved.chunks;
                let span = &spans[layer];
                Descend { chunks, batch, span, layer, panel, weights, update }.run();
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
        let (wiring, layers, bend) = (&self.wiring, &self.layers, self.bend);
        let sums: Vec<f64> = self
            .chunks
            .par_iter_mut()
            .map(|chunk| {
                wiring.forward(layers, batch, chunk);
                layers.last().map_or(0.0, |layer| chunk.loss(layer, &batch.targets, bend))
            })
            .collect();
        sums.iter().sum::<f64>() / (batch.rows.len() * batch.targets.length).max(1) as f64
    }

    /// Weights (`[inner, columns]`) and bias of each layer.
    pub(crate) fn weights(&self) -> Vec<(Vec<f32>, Vec<f32>)> {
        self.layers.iter().map(Layer::plain).collect()
    }

    fn mean_loss<'a>(&self, batch: &Batch<'a>) -> Loss<'a> {
        let count = batch.rows.len() * batch.targets.length;
        Loss { targets: batch.targets, bend: self.bend, scale: 1.0 / count as f32 }
    }

    /// Lays a batch out in chunks, keeping their memory.
    fn load(&mut self, batch: &Batch<'_>) {
        let count = batch.rows.len().div_ceil(W::CHUNK);
        self.chunks.truncate(count);
        for (i, rows) in batch.rows.chunks(W::CHUNK).enumerate() {
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

impl<M: Default> Chunk<M> {
    fn new(layers: &[Layer], rows: usize) -> Self {
        let empty = |lines: usize| vec![Line::default(); lines];
        let read = layers.iter().skip(1).map(|layer| layer.inputs(rows));
        let inputs = read.chain(layers.last().map(|layer| layer.outputs(rows)));
        Self {
            rows,
            starts: Vec::with_capacity(rows),
            targets: Vec::with_capacity(rows),
            inputs: inputs.map(empty).collect(),
            slopes: layers.iter().map(|layer| empty(layer.outputs(rows))).collect(),
            memory: M::default(),
        }
    }
}

impl<M> Chunk<M> {
    /// The slopes of what the last layer gave.
    fn seed(&mut self, layers: &[Layer], loss: &Loss<'_>) {
        let (Some(layer), Some(outputs), Some(slopes)) =
            (layers.last(), self.inputs.last(), self.slopes.last_mut())
        else {
            return;
        };
        let (places, columns, rows) = (layer.reach.places(), layer.columns, self.rows);
        let starts = &self.targets;
        pulp::Arch::new().dispatch(Seed { loss, starts, places, columns, rows, outputs, slopes });
    }

    /// A block of lines.
    #[inline(always)]
    fn block<'a>(&self, lines: &'a [Line], block: usize) -> &'a [Line] {
        &lines[block * self.rows..][..self.rows]
    }

    /// The sum of losses; `layer` is the last one.
    fn loss(&self, layer: &Layer, targets: &Targets<'_>, bend: f32) -> f64 {
        let Some(outputs) = self.inputs.last() else { return 0.0 };
        let places = layer.reach.places();
        let mut sum = 0.0;
        for (row, start) in self.targets.iter().enumerate() {
            for (i, target) in targets.values[*start..][..targets.length].iter().enumerate() {
                let (place, j) = (i / layer.columns, i % layer.columns);
                let block = self.block(outputs, j / WIDTH * places + place);
                let error = (block[row].0[j % WIDTH] - target).abs();
                let inside = error.min(bend);
                sum += f64::from(inside) * f64::from(2.0 * error - inside);
            }
        }
        sum
    }
}

/// What a place of the first layer reads: `length` values from a row of each window on.
fn listed<'a>(batch: &Batch<'a>, starts: &'a [usize], begin: usize, length: usize) -> Listed<'a> {
    Listed { values: &batch.values[begin * batch.stride..], starts, length }
}

#[cfg(test)]
mod tests;

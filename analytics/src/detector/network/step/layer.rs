//! A layer in training: weights in panels with their optimiser's state, the way forward and back.

use super::super::kernel::{
    Activate, Activation, Finish, Line, Product, Right, WIDTH, load, panels, slope,
};
use super::super::reach::{From, Picked, Picks, Reach, Whole};
use super::{Batch, LayerStart, listed};
use pulp::Simd;

/// Sixteen columns of a layer with their optimiser's state. Lines past the layer's columns or
/// inner width are 0 and stay so, because their gradients are.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(super) weights: Vec<Line>,
    pub(super) mean: Vec<Line>,
    pub(super) square: Vec<Line>,
    pub(super) bias: [Line; 1],
    pub(super) bias_mean: Line,
    pub(super) bias_square: Line,
    /// Weights again, inner index across, for the way back: line `16 * inner panel + column`.
    across: Vec<Line>,
}

#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(super) inner: usize,
    pub(super) columns: usize,
    activation: Activation,
    pub(super) panels: Vec<Panel>,
    pub(crate) reach: Reach,
    /// Values of a tap, and the lines of weights that it takes.
    tap: usize,
    pub(super) lines: usize,
    /// What each place reads, in a layer after the first.
    pub(super) picks: Vec<Picks>,
    /// What reads each block before it: blocks of slopes, panels, and lines of `across`.
    readers: Vec<Readers>,
}

/// Who reads a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readers {
    slopes: Vec<usize>,
    panels: Vec<usize>,
    lines: Vec<usize>,
}

impl Layer {
    pub(super) fn new(start: &LayerStart, hidden: bool) -> Self {
        let (inner, columns, reach) = (start.inner, start.columns, start.reach.clone());
        let tap = inner / reach.width().max(1);
        let lines = if hidden { panels(tap) * WIDTH } else { tap };
        let all = lines * reach.width();
        let empty = Panel {
            weights: vec![Line::default(); all],
            mean: vec![Line::default(); all],
            square: vec![Line::default(); all],
            bias: [Line::default()],
            bias_mean: Line::default(),
            bias_square: Line::default(),
            across: vec![Line::default(); if hidden { all } else { 0 }],
        };
        let mut all = vec![empty; panels(columns)];
        for (i, row) in start.weights.chunks_exact(columns).enumerate() {
            for (j, value) in row.iter().enumerate() {
                all[j / WIDTH].weights[i / tap * lines + i % tap].0[j % WIDTH] = *value;
            }
        }
        all.iter_mut().for_each(Panel::turn);
        let picks = if hidden { reach.picks(panels(tap)) } else { Vec::new() };
        let readers = readers(&reach, &picks, panels(tap), all.len());
        let activation = start.activation;
        Self { inner, columns, activation, panels: all, reach, tap, lines, picks, readers }
    }

    /// Lines of what it gives for so many windows.
    pub(crate) fn outputs(&self, rows: usize) -> usize {
        self.panels.len() * self.reach.places() * rows
    }

    /// Lines of what it reads, where it is not the first.
    pub(super) fn inputs(&self, rows: usize) -> usize {
        panels(self.tap) * self.reach.before * rows
    }

    /// What it gives for windows, of the rows themselves.
    pub(crate) fn first(&self, batch: &Batch<'_>, starts: &[usize], out: &mut [Line]) {
        let (rows, places, begins) = (starts.len(), self.reach.places(), self.reach.begins());
        for (block, out) in out.chunks_exact_mut(rows).enumerate() {
            let (panel, place) = (&self.panels[block / places], block % places);
            let finish = Activate { bias: &panel.bias, activation: self.activation };
            let left = listed(batch, starts, begins[place], self.inner);
            Product { left, right: Whole(&panel.weights), rows, finish, out }.run();
        }
    }

    /// What it gives for `rows` windows, of lines before it.
    pub(crate) fn forward(&self, lines: &[Line], rows: usize, out: &mut [Line]) {
        let places = self.reach.places();
        for (block, out) in out.chunks_exact_mut(rows).enumerate() {
            let (panel, place) = (&self.panels[block / places], block % places);
            let finish = Activate { bias: &panel.bias, activation: self.activation };
            let Picks { blocks, lines: from } = &self.picks[place];
            let left = Picked { lines, blocks, rows };
            let right = From { weights: &panel.weights, lines: from };
            Product { left, right, rows, finish, out }.run();
        }
    }

    /// From slopes of its sums to those of the sums before: what it read were `inputs`, which an
    /// activation made of them.
    pub(crate) fn back(
        &self,
        slopes: &[Line],
        rows: usize,
        (inputs, activation): (&[Line], Activation),
        out: &mut [Line],
    ) {
        let blocks = out.chunks_exact_mut(rows).zip(inputs.chunks_exact(rows));
        for (readers, (out, outputs)) in self.readers.iter().zip(blocks) {
            let left = Picked { lines: slopes, blocks: &readers.slopes, rows };
            let right = Backward(&self.panels, readers);
            Product { left, right, rows, finish: Through { outputs, activation }, out }.run();
        }
    }

    /// What follows its sums.
    pub(crate) const fn activation(&self) -> Activation {
        self.activation
    }

    pub(super) fn plain(&self) -> (Vec<f32>, Vec<f32>) {
        let mut weights = vec![0.0; self.inner * self.columns];
        for (i, row) in weights.chunks_exact_mut(self.columns).enumerate() {
            let line = i / self.tap * self.lines + i % self.tap;
            for (j, value) in row.iter_mut().enumerate() {
                *value = self.panels[j / WIDTH].weights[line].0[j % WIDTH];
            }
        }
        let bias = (0..self.columns).map(|j| self.panels[j / WIDTH].bias[0].0[j % WIDTH]);
        (weights, bias.collect())
    }
}

/// Turns what each place reads around, panels first.
fn readers(reach: &Reach, picks: &[Picks], before: usize, panels: usize) -> Vec<Readers> {
    let mut all =
        vec![Readers::default(); if picks.is_empty() { 0 } else { before * reach.before }];
    for panel in 0..panels {
        for (place, picks) in picks.iter().enumerate() {
            for (block, line) in picks.blocks.iter().zip(&picks.lines) {
                all[*block].slopes.push(panel * reach.places() + place);
                all[*block].panels.push(panel);
                all[*block].lines.push(*line);
            }
        }
    }
    all
}

impl Panel {
    /// Brings `across` up to date.
    pub(super) fn turn(&mut self) {
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

/// A layer's weights on the way back to a block.
struct Backward<'a>(&'a [Panel], &'a Readers);

impl Right for Backward<'_> {
    #[inline(always)]
    fn part(&self, _: usize, part: usize, length: usize) -> &[Line] {
        &self.0[self.1.panels[part]].across[self.1.lines[part]..][..length]
    }
}

/// Slopes through an activation, of its outputs.
struct Through<'a> {
    outputs: &'a [Line],
    activation: Activation,
}

impl Finish for Through<'_> {
    #[inline(always)]
    fn finish<S: Simd, const V: usize>(
        &self,
        simd: S,
        _: usize,
        row: usize,
        mut sums: [S::f32s; V],
    ) -> [S::f32s; V] {
        let outputs = load::<S, V>(&self.outputs[row]);
        for j in 0..V {
            sums[j] = slope(simd, self.activation, outputs[j], sums[j]);
        }
        sums
    }
}

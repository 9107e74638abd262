//! A trained chain of layers that scores: one pass over overlapping windows, newest row only.
//!
//! Windows are read in place from a clipped copy of a short block of rows; layers follow each other
//! while the block is in the first caches. Places that the newest row does not depend on are left
//! out.

use super::kernel::{Activate, Activation, Line, Product, Strided, WIDTH, panels};
use super::learned::Scratch;
use super::reach::{From, Picked, Picks, Reach, Whole};
use super::{clip, newest::Newest};
use crate::detector::Rows;

/// Weights and bias of one layer as they are kept: `[columns, inner]`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plain {
    pub(crate) inner: usize,
    pub(crate) columns: usize,
    pub(crate) reach: Reach,
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) activation: Activation,
}

/// A layer in panels, cut down to what the newest row needs.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    inner: usize,
    lines: usize,
    weights: Vec<Line>,
    bias: Vec<Line>,
    activation: Activation,
    places: usize,
    begins: Vec<usize>,
    picks: Vec<Picks>,
}

/// The layers of a network.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    layers: Vec<Packed>,
}

impl Packed {
    /// The columns from `from` on of a layer.
    pub(crate) fn new(plain: &Plain, reach: &Reach, from: usize, hidden: bool) -> Self {
        let columns = plain.columns - from;
        let tap = plain.inner / reach.width().max(1);
        let wide = if hidden { panels(tap) * WIDTH } else { tap };
        let lines = wide * reach.width();
        let mut weights = vec![Line::default(); panels(columns) * lines];
        let mut bias = vec![Line::default(); panels(columns)];
        for j in 0..columns {
            let row = &plain.weights[(from + j) * plain.inner..][..plain.inner];
            for (k, value) in row.iter().enumerate() {
                let line = j / WIDTH * lines + k / tap * wide + k % tap;
                weights[line].0[j % WIDTH] = *value;
            }
            bias[j / WIDTH].0[j % WIDTH] = plain.bias[from + j];
        }
        let (places, begins) = (reach.places(), reach.begins());
        let picks = if hidden { reach.picks(panels(tap)) } else { Vec::new() };
        let (inner, activation) = (plain.inner, plain.activation);
        Self { inner, lines, weights, bias, activation, places, begins, picks }
    }
}

impl Stack {
    /// The network whose last layer is cut down to its last place, and there to its last `newest`
    /// outputs.
    pub(crate) fn new(layers: &[Plain], newest: usize) -> Self {
        let mut packed = Vec::with_capacity(layers.len());
        let mut kept = layers.last().map_or(Vec::new(), |plain| vec![plain.reach.places() - 1]);
        let mut from = layers.last().map_or(0, |plain| plain.columns - newest);
        for (i, plain) in layers.iter().enumerate().rev() {
            let mut reach = plain.reach.only(&kept);
            if let Some(before) = i.checked_sub(1).map(|i| layers[i].reach.places()) {
                // Where places are a layer's columns, all of them stay.
                let same = before == reach.before;
                kept = if same { reach.forget() } else { (0..before).collect() };
            }
            packed.push(Packed::new(plain, &reach, from, i > 0));
            from = 0;
        }
        packed.reverse();
        Self { layers: packed }
    }

    /// Appends the newest row of each of `count` windows as the network rebuilds it.
    pub(crate) fn rebuild(
        &self,
        newest: &Newest,
        rows: Rows<'_>,
        count: usize,
        scratch: &mut Scratch,
        out: &mut Vec<f32>,
    ) {
        clip(rows.values(), &mut scratch.values);
        scratch.lines.resize_with(self.layers.len(), Vec::new);
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = scratch.lines.split_at_mut(i);
            after[0].resize(layer.bias.len() * layer.places * count, Line::default());
            let lines = before.last().map(Vec::as_slice);
            layer.forward(&scratch.values, rows.channels(), lines, count, &mut after[0]);
        }
        let rebuilt = scratch.lines.last().map_or(&[][..], Vec::as_slice);
        for row in 0..count {
            let at = |j: usize| rebuilt[j / WIDTH * count + row].0[j % WIDTH];
            out.extend((0..newest.measured.len()).map(at));
        }
    }
}

impl Packed {
    /// Panels of what it gives at a place.
    pub(crate) const fn panels(&self) -> usize {
        self.bias.len()
    }

    /// What the layer gives for `rows` windows, from `lines` before it or from the values.
    pub(crate) fn forward(
        &self,
        values: &[f32],
        stride: usize,
        lines: Option<&[Line]>,
        rows: usize,
        out: &mut [Line],
    ) {
        for (block, out) in out.chunks_exact_mut(rows).enumerate() {
            let (panel, place) = (block / self.places, block % self.places);
            let weights = &self.weights[panel * self.lines..][..self.lines];
            let finish = Activate { bias: &self.bias[panel..], activation: self.activation };
            match lines {
                None => {
                    let values = &values[self.begins[place] * stride..];
                    let left = Strided { values, stride, length: self.inner };
                    Product { left, right: Whole(weights), rows, finish, out }.run();
                }
                Some(lines) => {
                    let Picks { blocks, lines: from } = &self.picks[place];
                    let left = Picked { lines, blocks, rows };
                    Product { left, right: From { weights, lines: from }, rows, finish, out }.run();
                }
            }
        }
    }
}

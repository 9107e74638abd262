//! A small causal transformer that predicts the next row from the rows before it.
//!
//! One block of attention with four heads and one of two linear maps, each beside a skip, over rows
//! mapped to 32 values. Heads see near rows more than far ones, each with another slope; so keys
//! and values of a row are the same in all windows, and are computed once. In training every row of
//! a window predicts its successor; when it scores, only the last one is asked. Exogenous channels
//! go in and are not predicted. It is trained by hand (`transformer/attention.rs`).
//!
//! # Source
//! Vaswani et al., "Attention is all you need" (2017); normalisation before each part (Xiong et al.
//! 2020) by root mean square (Zhang, Sennrich 2019); nearness in the place of positions (Press,
//! Smith, Lewis, "Train short, test long", 2022).

mod attention;

use super::network::kernel::{Activation, Line, WIDTH as PANEL};
use super::network::layered::{Shape, descend, first, kept, plain, restored};
use super::network::learned::{Learned, Network, OfNetwork, Scratch};
use super::network::newest::Newest;
use super::network::reach::Reach;
use super::network::stack::{Packed, Plain};
use super::network::step::LayerStart;
use super::network::{Course, clip};
use super::stored::Stored;
use super::{Kind, Rows, Training, Weights};
use crate::error::Result;
use attention::{Attention, PANELS, add, normalise, see};
use fieldmirror_core::seed::Seed;
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
        Self { window: 9, steps: 150, batch: 32, rate: 3e-3, patience: 4 }
    }
}

/// A trained transformer.
#[derive(Clone, Debug)]
pub struct Transformer(Learned<Block>);

impl Transformer {
    /// Learns from clean rows, on the current rayon pool; the result does not depend on its size.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] without rows or measured channels.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let Settings { window, steps, batch, rate, patience } = *settings;
        let course = Course { steps, batch, rate, patience, ..Course::default() };
        let learn = |windows: &_, newest: &Newest| {
            let starts = starts(newest, training.seed);
            let found = descend(Attention, windows, 1, &starts, &course);
            Ok(Block::new(plain(starts, found)))
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

impl OfNetwork for Transformer {
    type Network = Block;

    fn learned(&self) -> &Learned<Block> {
        &self.0
    }
}

/// Values of a row inside, and between the two linear maps.
const WIDTH: usize = PANELS * PANEL;
const BETWEEN: usize = 64;

/// The layers: rows to values, values to queries, keys and values of heads, what heads saw, two
/// linear maps, values to the next row.
fn shapes(newest: &Newest) -> [(Shape, f64); 6] {
    let places = Reach::alone(newest.window - 1);
    let shape = |inner: usize, columns: usize, activation: Activation, gain: f64| {
        (Shape { inner, columns, reach: places.clone(), activation }, gain)
    };
    [
        shape(newest.channels, WIDTH, Activation::Identity, 1.0),
        shape(WIDTH, 3 * WIDTH, Activation::Identity, 1.0),
        shape(WIDTH, WIDTH, Activation::Identity, 0.5),
        shape(WIDTH, BETWEEN, Activation::Relu, 2.0),
        shape(BETWEEN, WIDTH, Activation::Identity, 0.5),
        shape(WIDTH, newest.measured.len(), Activation::Identity, 0.5),
    ]
}

fn starts(newest: &Newest, seed: Seed) -> Vec<LayerStart> {
    let all = shapes(newest).into_iter().enumerate();
    all.map(|(i, (shape, gain))| first(Block::NAME, i, gain, shape, seed)).collect()
}

/// The layers that score.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    layers: Vec<Plain>,
    packed: Vec<Packed>,
}

impl Block {
    fn new(layers: Vec<Plain>) -> Self {
        let one = Reach::alone(1);
        let pack = |(i, plain)| Packed::new(plain, &one, 0, i > 0);
        let packed = layers.iter().enumerate().map(pack).collect();
        Self { layers, packed }
    }

    /// What a layer gives for so many rows.
    fn layer(&self, layer: usize, lines: &[Line], rows: usize) -> Vec<Line> {
        let mut out = vec![Line::default(); self.packed[layer].panels() * rows];
        self.packed[layer].forward(&[], 0, Some(lines), rows, &mut out);
        out
    }
}

impl Network for Block {
    const KIND: Kind = Kind::Transformer;
    const NAME: &'static str = "detector/transformer";
    const LEAST: usize = 2;

    fn restore(stored: &Stored<'_>, newest: &Newest) -> Result<Self> {
        if newest.window < Self::LEAST {
            return Err(stored.wrong("window", format!("at least {}", Self::LEAST)));
        }
        let shapes = shapes(newest).into_iter().map(|(shape, _)| shape).collect();
        Ok(Self::new(restored(stored, shapes)?))
    }

    fn kept(&self, weights: Weights) -> Weights {
        kept(&self.layers, weights)
    }

    fn rebuild(
        &self,
        newest: &Newest,
        rows: Rows<'_>,
        count: usize,
        scratch: &mut Scratch,
        out: &mut Vec<f32>,
    ) {
        let (seen, all) = (newest.window - 1, count + newest.window - 2);
        clip(rows.window(0, all), &mut scratch.values);
        let mut x = vec![Line::default(); PANELS * all];
        self.packed[0].forward(&scratch.values, newest.channels, None, all, &mut x);
        let heads = self.layer(1, &normalised(&x), all);
        let mut attended = vec![Line::default(); PANELS * count];
        let mut weights = [vec![0.0; seen], vec![0.0; seen]];
        for panel in 0..PANELS {
            let part = |part: usize| &heads[(part * PANELS + panel) * all..][..all];
            for (i, out) in attended[panel * count..][..count].iter_mut().enumerate() {
                let [one, other] = &mut weights;
                let query = &part(0)[i + seen - 1];
                let (keys, values) = (&part(1)[i..i + seen], &part(2)[i..i + seen]);
                see(panel, query, (keys, values), [one, other], out);
            }
        }
        // From here on the last row of each window goes alone.
        let last = (0..PANELS).flat_map(|panel| &x[panel * all + seen - 1..][..count]);
        let mut x = last.copied().collect::<Vec<_>>();
        add(&mut x, &self.layer(2, &attended, count));
        let inside = self.layer(3, &normalised(&x), count);
        add(&mut x, &self.layer(4, &inside, count));
        let found = self.layer(5, &normalised(&x), count);
        for row in 0..count {
            let at = |j: usize| found[j / PANEL * count + row].0[j % PANEL];
            out.extend((0..newest.measured.len()).map(at));
        }
    }
}

fn normalised(x: &[Line]) -> Vec<Line> {
    let mut out = vec![Line::default(); x.len()];
    normalise(x, &mut out);
    out
}

#[cfg(test)]
mod tests;

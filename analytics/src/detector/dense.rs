//! A dense autoencoder on windows: what it cannot rebuild after learning from clean ones is not
//! normal.
//!
//! It is trained by a step written by hand (`network/step.rs`) and its weights are those of four
//! `Linear` layers. Of each window only the newest row is rebuilt when it scores. Exogenous
//! channels go in and are not rebuilt.

use super::network::kernel::Activation;
use super::network::newest::Newest;
use super::network::rebuilder::{LAYERS, Rebuilder};
use super::network::stack::Plain;
use super::network::step::{Batch, LayerStart, Rates, Targets, Trainee};
use super::network::windows::{Windows, window_for};
use super::network::{Patience, rate_at};
use super::stored::Stored;
use super::{Detector, Kind, Rows, Training, Weights};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use serde::{Deserialize, Serialize};

/// The network's sizes and its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window; fewer where the training rows have no room for it.
    pub window: usize,
    /// Width of the outer hidden layers.
    pub hidden: usize,
    /// Width of the middle; at most a quarter of a window's values.
    pub middle: usize,
    /// Training steps at most.
    pub steps: u32,
    /// Windows of a step.
    pub batch: usize,
    /// First learning rate; it falls to a tenth over the last half.
    pub rate: f64,
    /// Weight decay (AdamW).
    pub decay: f64,
    /// Errors beyond it count linearly in training.
    pub bend: f32,
    /// Looks at held-back windows without progress after which it stops; 0 never stops early.
    pub patience: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: 16,
            hidden: 64,
            middle: 16,
            steps: 1_200,
            batch: 256,
            rate: 3e-3,
            decay: 1e-4,
            bend: 1.0,
            patience: 6,
        }
    }
}

/// A trained dense autoencoder.
#[derive(Clone, Debug)]
pub struct Dense(Rebuilder);

/// The middle is bounded, so that it cannot carry through a deviation that it never saw.
const ACTIVATIONS: [Activation; LAYERS] =
    [Activation::Relu, Activation::Tanh, Activation::Relu, Activation::Identity];

/// What its draws are keyed by.
const NAME: &str = "detector/dense";

impl Dense {
    /// Learns from clean rows, on the current rayon pool; the result does not depend on its size.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] without rows or measured channels.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let window = window_for(training, settings.window, Kind::Dense)?;
        let newest = Newest::new(window, training);
        let windows = Windows::new(training, &newest, NAME);
        let layers = descend(&windows, settings, training.seed);
        let mut rebuilder = Rebuilder::new(newest, layers);
        let mut newest = rebuilder.newest.clone();
        newest.learn(training, |rows, count| Ok(rebuilder.rebuild(rows, count)))?;
        rebuilder.newest = newest;
        Ok(Self(rebuilder))
    }

    /// Makes one of its kept numbers.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if they are not those of such a network.
    pub fn restore(weights: &Weights) -> Result<Self> {
        Rebuilder::restore(&Stored::new(weights, Kind::Dense), ACTIVATIONS).map(Self)
    }
}

impl Detector for Dense {
    fn kind(&self) -> Kind {
        Kind::Dense
    }

    fn history(&self) -> usize {
        self.0.newest.window - 1
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        self.0.score(rows, scores);
        Ok(())
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        self.0.explain(rows, parts, expected);
        Ok(())
    }

    fn weights(&self) -> Weights {
        self.0.weights()
    }
}

fn descend(windows: &Windows, settings: &Settings, seed: Seed) -> Vec<Plain> {
    let mut trainee = Trainee::new(&first_layers(windows, settings, seed), settings.bend);
    let mut patience = Patience::new(settings.patience, windows.held.is_empty());
    let count = windows.batch(settings.batch);
    let mut rows = Vec::with_capacity(count);
    let steps = if windows.is_empty() { 0 } else { settings.steps };
    for step in 0..steps {
        windows.draw(step, count, &mut rows);
        let rate = rate_at(settings.rate, step, steps);
        trainee.step(&batch(windows, &rows), Rates { rate, decay: settings.decay });
        if patience.is_time(step) {
            let loss = trainee.loss(&batch(windows, &windows.held));
            if patience.look(loss, || trainee.weights()) {
                break;
            }
        }
    }
    let weights = patience.best().unwrap_or_else(|| trainee.weights());
    let widths = widths(windows, settings);
    let layer = |(i, (weights, bias)): (usize, (Vec<f32>, Vec<f32>))| Plain {
        inner: widths[i],
        columns: widths[i + 1],
        weights: turned(&weights, widths[i + 1]),
        bias,
        activation: ACTIVATIONS[i],
    };
    weights.into_iter().enumerate().map(layer).collect()
}

fn batch<'a>(windows: &'a Windows, rows: &'a [usize]) -> Batch<'a> {
    let (stride, length) = (windows.targets, windows.window * windows.targets);
    Batch {
        values: &windows.values,
        stride: windows.channels,
        length: windows.window * windows.channels,
        rows,
        targets: Targets { values: windows.measured(), stride, length },
    }
}

/// `[inner, columns]` as `[columns, inner]`.
fn turned(weights: &[f32], columns: usize) -> Vec<f32> {
    let inner = weights.len() / columns;
    (0..columns).flat_map(|j| (0..inner).map(move |i| weights[i * columns + j])).collect()
}

fn widths(windows: &Windows, settings: &Settings) -> [usize; LAYERS + 1] {
    let inputs = windows.window * windows.channels;
    let hidden = settings.hidden.max(1);
    let middle = settings.middle.min(inputs / 4).max(1);
    [inputs, hidden, middle, hidden, windows.window * windows.targets]
}

/// # Source
/// He initialisation (He, Zhang, Ren, Sun 2015) from counter-based draws.
fn first_layers(windows: &Windows, settings: &Settings, seed: Seed) -> Vec<LayerStart> {
    let widths = widths(windows, settings);
    let layer = |i: usize| {
        let (inner, columns) = (widths[i], widths[i + 1]);
        let gain = if ACTIVATIONS[i] == Activation::Relu { 2.0 } else { 1.0 };
        let spread = libm::sqrt(gain / inner as f64);
        let draws = seed.draws(EntityKey::of(&format!("{NAME}/{i}")), Purpose::ModelWeights);
        let draw = |k: u32| (spread * draws.normal(k)) as f32;
        let weights = (0..(inner * columns) as u32).map(draw).collect();
        LayerStart { inner, columns, weights, activation: ACTIVATIONS[i] }
    };
    (0..LAYERS).map(layer).collect()
}

#[cfg(test)]
mod tests;

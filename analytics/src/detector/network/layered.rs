//! Networks that are a chain of layers: what they rebuild, how their numbers are kept, and their
//! training by hand.

use super::kernel::Activation;
use super::learned::{Network, Scratch};
use super::newest::Newest;
use super::reach::Reach;
use super::stack::{Plain, Stack};
use super::step::{Batch, Chain, LayerStart, Rates, Targets, Trainee, Wiring};
use super::windows::Windows;
use super::{Course, Patience, rate_at};
use crate::detector::stored::Stored;
use crate::detector::{Kind, Rows, Weights};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use std::marker::PhantomData;

/// A layer before it has weights.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Values that a place reads.
    pub(crate) inner: usize,
    /// Values of a place.
    pub(crate) columns: usize,
    pub(crate) reach: Reach,
    pub(crate) activation: Activation,
}

impl Shape {
    /// A layer that reads all values before it at once.
    pub(crate) fn dense(inner: usize, columns: usize, activation: Activation) -> Self {
        Self { inner, columns, reach: Reach::whole(1), activation }
    }
}

/// What the layers of a kind of network are.
pub(crate) trait Architecture: std::fmt::Debug + Clone + Send + Sync {
    /// Which detector it makes.
    const KIND: Kind;
    /// What its draws are keyed by.
    const NAME: &'static str;

    /// Its layers; `columns` of a layer that may have any number of them are asked for by its
    /// place.
    ///
    /// # Errors
    /// Those of `columns`.
    fn shapes(newest: &Newest, columns: &dyn Fn(usize) -> Result<usize>) -> Result<Vec<Shape>>;
}

/// Four dense layers from a window's values to its measured ones; the first two with these
/// activations, the third as the first.
///
/// # Errors
/// Those of `columns`.
pub(crate) fn four_layers(
    newest: &Newest,
    columns: &dyn Fn(usize) -> Result<usize>,
    [outer, middle]: [Activation; 2],
) -> Result<Vec<Shape>> {
    let Newest { window, channels, measured, .. } = newest;
    let widths = [columns(0)?, columns(1)?, columns(2)?];
    let first = Shape {
        inner: window * channels,
        columns: widths[0],
        reach: Reach::whole(*window),
        activation: outer,
    };
    Ok(vec![
        first,
        Shape::dense(widths[0], widths[1], middle),
        Shape::dense(widths[1], widths[2], outer),
        Shape::dense(widths[2], window * measured.len(), Activation::Identity),
    ])
}

/// Widths of their three hidden layers; the middle is at most a quarter of a window's values.
pub(crate) fn widths(newest: &Newest, hidden: usize, middle: usize) -> [usize; 3] {
    let hidden = hidden.max(1);
    [hidden, middle.min(newest.window * newest.channels / 4).max(1), hidden]
}

/// A trained chain of layers.
#[derive(Clone, Debug)]
pub(crate) struct Layered<A> {
    layers: Vec<Plain>,
    stack: Stack,
    architecture: PhantomData<A>,
}

impl<A: Architecture> Layered<A> {
    /// The network with these layers, of which the last gives the newest row's values last.
    pub(crate) fn new(newest: &Newest, layers: Vec<Plain>) -> Self {
        let stack = Stack::new(&layers, newest.measured.len());
        Self { layers, stack, architecture: PhantomData }
    }

    /// Trains layers of these shapes by hand, on the current rayon pool; the result does not
    /// depend on its size.
    pub(crate) fn learn(
        windows: &Windows,
        newest: &Newest,
        shapes: Vec<Shape>,
        course: &Course,
        seed: Seed,
    ) -> Self {
        let gain = |shape: &Shape| if shape.activation == Activation::Relu { 2.0 } else { 1.0 };
        let starts = shapes.into_iter().enumerate();
        let starts = starts.map(|(i, shape)| first(A::NAME, i, gain(&shape), shape, seed));
        let starts: Vec<LayerStart> = starts.collect();
        let found = descend(Chain, windows, 0, &starts, course);
        Self::new(newest, plain(starts, found))
    }
}

impl<A: Architecture> Network for Layered<A> {
    const KIND: Kind = A::KIND;
    const NAME: &'static str = A::NAME;

    fn restore(stored: &Stored<'_>, newest: &Newest) -> Result<Self> {
        let shapes = A::shapes(newest, &|i| stored.length(&format!("layer{i}.bias")))?;
        Ok(Self::new(newest, restored(stored, shapes)?))
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
        self.stack.rebuild(newest, rows, count, scratch, out);
    }
}

/// Reads layers of these shapes back.
///
/// # Errors
/// If one is not there as it should be.
pub(crate) fn restored(stored: &Stored<'_>, shapes: Vec<Shape>) -> Result<Vec<Plain>> {
    let layer = |(i, Shape { inner, columns, reach, activation })| {
        let weights = stored.tensor(&format!("layer{i}.weight"), &[columns, inner])?.to_vec();
        let bias = stored.tensor(&format!("layer{i}.bias"), &[columns])?.to_vec();
        Ok(Plain { inner, columns, reach, weights, bias, activation })
    };
    shapes.into_iter().enumerate().map(layer).collect()
}

/// With the numbers of layers: weights as `[outputs, inputs]`, as candle's `Linear` and torch keep
/// them.
pub(crate) fn kept(layers: &[Plain], mut all: Weights) -> Weights {
    for (i, Plain { inner, columns, weights, bias, .. }) in layers.iter().enumerate() {
        all = all.with(&format!("layer{i}.weight"), &[*columns, *inner], weights).with(
            &format!("layer{i}.bias"),
            &[*columns],
            bias,
        );
    }
    all
}

/// Trained layers with the weights that were found.
pub(crate) fn plain(starts: Vec<LayerStart>, found: Vec<(Vec<f32>, Vec<f32>)>) -> Vec<Plain> {
    let layer = |(start, (weights, bias)): (LayerStart, (Vec<f32>, Vec<f32>))| {
        let LayerStart { inner, columns, reach, activation, .. } = start;
        Plain { inner, columns, reach, weights: turned(&weights, columns), bias, activation }
    };
    starts.into_iter().zip(found).map(layer).collect()
}

/// Trains layers to give the measured channels of windows, all but the `ahead` first rows; gives
/// weights (`[inner, columns]`) and bias of each.
pub(crate) fn descend<W: Wiring>(
    wiring: W,
    windows: &Windows,
    ahead: usize,
    starts: &[LayerStart],
    course: &Course,
) -> Vec<(Vec<f32>, Vec<f32>)> {
    let mut trainee = Trainee::new(wiring, starts, course.bend);
    let mut patience = Patience::new(course.patience, windows.held.is_empty());
    let count = windows.batch(course.batch);
    let mut rows = Vec::with_capacity(count);
    let steps = if windows.is_empty() { 0 } else { course.steps };
    for step in 0..steps {
        windows.draw(step, count, &mut rows);
        let rate = rate_at(course.rate, step, steps);
        trainee.step(&batch(windows, ahead, &rows), Rates { rate, decay: course.decay });
        if patience.is_time(step) {
            let loss = trainee.loss(&batch(windows, ahead, &windows.held));
            if patience.look(loss, || trainee.weights()) {
                break;
            }
        }
    }
    patience.best().unwrap_or_else(|| trainee.weights())
}

fn batch<'a>(windows: &'a Windows, ahead: usize, rows: &'a [usize]) -> Batch<'a> {
    let stride = windows.targets;
    let (values, length) =
        (&windows.measured()[ahead * stride..], (windows.window - ahead) * stride);
    let targets = Targets { values, stride, length };
    Batch { values: &windows.values, stride: windows.channels, rows, targets }
}

/// `[inner, columns]` as `[columns, inner]`.
fn turned(weights: &[f32], columns: usize) -> Vec<f32> {
    let inner = weights.len() / columns;
    (0..columns).flat_map(|j| (0..inner).map(move |i| weights[i * columns + j])).collect()
}

/// A layer before its training; `gain` is 2 before a relu, else 1, less where its sums are added to
/// what is there.
///
/// # Source
/// He initialisation (He, Zhang, Ren, Sun 2015) from counter-based draws.
pub(crate) fn first(name: &str, i: usize, gain: f64, shape: Shape, seed: Seed) -> LayerStart {
    let Shape { inner, columns, reach, activation } = shape;
    let spread = libm::sqrt(gain / inner as f64);
    let draws = seed.draws(EntityKey::of(&format!("{name}/{i}")), Purpose::ModelWeights);
    let draw = |k: u32| (spread * draws.normal(k)) as f32;
    let weights = (0..(inner * columns) as u32).map(draw).collect();
    LayerStart { inner, columns, reach, weights, activation }
}

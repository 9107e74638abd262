//! A detector around a candle network: fit, restore, score and explain.

use super::newest::Newest;
use super::trainer::{Course, Fresh, Restored, Source, alone, descend, device, newest_rows};
use super::windows::{Windows, window_for};
use crate::detector::stored::Stored;
use crate::detector::{Kind, Rows, Training, Weights};
use crate::error::Result;
use candle_core::{Device, Tensor};

/// A network from windows to newest rows.
pub(crate) trait Network: std::fmt::Debug + Sized + Send + Sync {
    /// Which detector it makes.
    const KIND: Kind;
    /// What its draws are keyed by.
    const NAME: &'static str;

    /// A window's rows, from those that there is room for.
    fn window(rows: usize) -> usize;

    /// The network on parameters from `source`.
    ///
    /// # Errors
    /// If a parameter is not there as it should be.
    fn build(source: &mut dyn Source, newest: &Newest) -> Result<Self>;

    /// The loss of windows `[batch, window, channels]`.
    ///
    /// # Errors
    /// If tensors cannot be computed.
    fn loss(&self, x: &Tensor, newest: &Newest) -> Result<Tensor>;

    /// Newest rows `[batch, measured]` of windows.
    ///
    /// # Errors
    /// If tensors cannot be computed.
    fn newest(&self, x: &Tensor) -> Result<Tensor>;
}

/// A network with what its detector needs.
#[derive(Debug)]
pub(crate) struct Learned<N> {
    pub(crate) newest: Newest,
    network: N,
    weights: Weights,
    device: Device,
}

impl<N: Network> Learned<N> {
    /// Learns from clean rows.
    pub(crate) fn fit(training: &Training<'_>, window: usize, course: Course) -> Result<Self> {
        let window = N::window(window_for(training, window, N::KIND)?);
        let newest = Newest::new(window, training);
        let windows = Windows::new(training, &newest, N::NAME);
        alone(|| {
            let device = device()?;
            let mut fresh = Fresh::new(N::NAME, training.seed, device.clone());
            let network = N::build(&mut fresh, &newest)?;
            let loss = |x: &Tensor, _| network.loss(x, &newest);
            descend(&windows, course, &fresh.vars(), &device, loss)?;
            let weights = newest.kept(fresh.kept(Weights::default())?);
            let mut learned = Self::restored(&weights, device)?;
            let mut newest = learned.newest.clone();
            newest.learn(training, |rows, count| learned.rebuild(rows, count))?;
            learned.weights = newest.kept(learned.weights);
            learned.newest = newest;
            Ok(learned)
        })
    }

    /// Makes one of kept numbers.
    pub(crate) fn restore(weights: &Weights) -> Result<Self> {
        alone(|| Self::restored(weights, device()?))
    }

    fn restored(weights: &Weights, device: Device) -> Result<Self> {
        let stored = Stored::new(weights, N::KIND);
        let newest = Newest::restore(&stored)?;
        let network = N::build(&mut Restored { stored, device: device.clone() }, &newest)?;
        Ok(Self { newest, network, weights: weights.clone(), device })
    }

    fn rebuild(&self, rows: Rows<'_>, count: usize) -> Result<Vec<f32>> {
        let forward = |x: &Tensor| self.network.newest(x);
        newest_rows(rows, self.newest.window, count, &self.device, forward)
    }

    /// Scores rows as a detector does.
    pub(crate) fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        /// Rows whose rebuilt values are held at a time.
        const HELD: usize = 16_384;
        let (window, width) = (self.newest.window, self.newest.measured.len());
        alone(|| {
            for (i, scores) in scores.chunks_mut(HELD).enumerate() {
                let first = i * HELD;
                let values = rows.window(first, scores.len() + window - 1);
                let rebuilt = self.rebuild(Rows::new(values, rows.channels()), scores.len())?;
                for (j, (score, rebuilt)) in
                    scores.iter_mut().zip(rebuilt.chunks_exact(width)).enumerate()
                {
                    *score = self.newest.score(rows.row(first + j + window - 1), rebuilt);
                }
            }
            Ok(())
        })
    }

    /// Explains the last row as a detector does.
    pub(crate) fn explain(
        &self,
        rows: Rows<'_>,
        parts: &mut [f32],
        expected: &mut [f32],
    ) -> Result<()> {
        let rebuilt = alone(|| self.rebuild(rows, 1))?;
        self.newest.explain(rows.row(rows.len() - 1), &rebuilt, parts, expected);
        Ok(())
    }

    /// Its numbers.
    pub(crate) fn weights(&self) -> Weights {
        self.weights.clone()
    }
}

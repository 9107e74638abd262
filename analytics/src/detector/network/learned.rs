//! A detector around a network: fit, restore, score and explain.
//!
//! The networks differ in how they learn and how they rebuild a newest row; all else is here.

use super::kernel::Line;
use super::newest::Newest;
use super::windows::{Windows, window_for};
use crate::detector::stored::Stored;
use crate::detector::{Detector, Kind, Rows, Training, Weights};
use crate::error::Result;
use rayon::prelude::*;

/// Windows that go through a network together. A row's bits do not depend on it.
const BLOCK: usize = 96;

/// Rows of one task of the thread pool.
const TASK: usize = 16 * BLOCK;

/// Memory of one task.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) values: Vec<f32>,
    pub(crate) lines: Vec<Vec<Line>>,
}

/// A trained network from windows to newest rows.
pub(crate) trait Network: std::fmt::Debug + Clone + Send + Sync {
    /// Which detector it makes.
    const KIND: Kind;
    /// What its draws are keyed by.
    const NAME: &'static str;
    /// Rows of its shortest window.
    const LEAST: usize = 1;

    /// The network of kept numbers.
    ///
    /// # Errors
    /// If a parameter is not there as it should be.
    fn restore(stored: &Stored<'_>, newest: &Newest) -> Result<Self>;

    /// A detector's numbers with its own.
    fn kept(&self, weights: Weights) -> Weights;

    /// Appends the newest row, measured channels only, of each of the `count` windows in `rows`,
    /// as it rebuilds or predicts it: the same bits whatever windows are computed with it.
    fn rebuild(
        &self,
        newest: &Newest,
        rows: Rows<'_>,
        count: usize,
        scratch: &mut Scratch,
        out: &mut Vec<f32>,
    );
}

/// A network with what judges its newest rows.
#[derive(Clone, Debug)]
pub(crate) struct Learned<N> {
    pub(crate) newest: Newest,
    pub(crate) network: N,
}

impl<N: Network> Learned<N> {
    /// Learns from clean rows: `learn` trains the network on windows of `window` rows, or of as
    /// many as there is room for.
    pub(crate) fn fit(
        training: &Training<'_>,
        window: usize,
        learn: impl FnOnce(&Windows, &Newest) -> Result<N>,
    ) -> Result<Self> {
        let newest = Newest::new(window_for(training, window, N::KIND)?.max(N::LEAST), training);
        let windows = Windows::new(training, &newest, N::NAME);
        let network = learn(&windows, &newest)?;
        let mut learned = Self { newest, network };
        let mut newest = learned.newest.clone();
        newest.learn(training, |rows, count| learned.rebuild(rows, count));
        learned.newest = newest;
        Ok(learned)
    }

    /// Makes one of kept numbers.
    pub(crate) fn restore(weights: &Weights) -> Result<Self> {
        let stored = Stored::new(weights, N::KIND);
        let newest = Newest::restore(&stored)?;
        let network = N::restore(&stored, &newest)?;
        Ok(Self { newest, network })
    }

    /// The newest row of each of the first `count` windows, one after another.
    pub(crate) fn rebuild(&self, rows: Rows<'_>, count: usize) -> Vec<f32> {
        let mut scratch = Scratch::default();
        let mut all = Vec::with_capacity(count * self.newest.measured.len());
        for first in (0..count).step_by(BLOCK) {
            let some = BLOCK.min(count - first);
            let rows = self.windows(rows, first, some);
            self.network.rebuild(&self.newest, rows, some, &mut scratch, &mut all);
        }
        all
    }

    /// The rows of `count` windows.
    fn windows<'a>(&self, rows: Rows<'a>, first: usize, count: usize) -> Rows<'a> {
        Rows::new(rows.window(first, count + self.newest.window - 1), rows.channels())
    }

    /// Scores windows from `first` on.
    fn task(
        &self,
        rows: Rows<'_>,
        first: usize,
        scores: &mut [f32],
        (scratch, rebuilt): &mut (Scratch, Vec<f32>),
    ) {
        let (window, width) = (self.newest.window, self.newest.measured.len());
        for (block, scores) in scores.chunks_mut(BLOCK).enumerate() {
            let rows = self.windows(rows, first + block * BLOCK, scores.len());
            rebuilt.clear();
            self.network.rebuild(&self.newest, rows, scores.len(), scratch, rebuilt);
            for (i, (score, rebuilt)) in scores.iter_mut().zip(rebuilt.chunks(width)).enumerate() {
                *score = self.newest.score(rows.row(i + window - 1), rebuilt);
            }
        }
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) {
        if scores.len() <= TASK {
            // Too little to wait for another thread.
            return self.task(rows, 0, scores, &mut Default::default());
        }
        let tasks = scores.par_chunks_mut(TASK).enumerate();
        tasks.for_each_init(Default::default, |memory, (task, scores)| {
            self.task(rows, task * TASK, scores, memory);
        });
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) {
        let rebuilt = self.rebuild(rows, 1);
        self.newest.explain(rows.row(rows.len() - 1), &rebuilt, parts, expected);
    }
}

/// A detector that is a trained network and nothing else.
pub(crate) trait OfNetwork: std::fmt::Debug + Send + Sync {
    /// Its network.
    type Network: Network;

    /// The network with what judges it.
    fn learned(&self) -> &Learned<Self::Network>;
}

impl<D: OfNetwork> Detector for D {
    fn kind(&self) -> Kind {
        D::Network::KIND
    }

    fn history(&self) -> usize {
        self.learned().newest.window - 1
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        self.learned().score(rows, scores);
        Ok(())
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        self.learned().explain(rows, parts, expected);
        Ok(())
    }

    fn weights(&self) -> Weights {
        let Learned { newest, network } = self.learned();
        network.kept(newest.kept(Weights::default()))
    }
}

//! From a rebuilt or predicted newest row to a score: what the networks have in common.

use crate::detector::stored::Stored;
use crate::detector::{Rows, Training, Weights, windows};
use crate::error::Result;

/// The least clean squared error that an error is compared with: a tenth of a channel's own
/// spread, so that a channel that never moved does not outweigh all others.
const LEAST_SQUARE: f32 = 0.01;

/// Errors are held within it, so that a score is finite whatever the input.
const LARGEST_ERROR: f32 = 1e6;

/// Judges newest rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Newest {
    /// Rows of a window, the newest included.
    pub(crate) window: usize,
    /// Values of a row.
    pub(crate) channels: usize,
    /// Which of them are rebuilt.
    pub(crate) measured: Vec<usize>,
    /// Mean squared error of each measured channel on clean rows, at least [`LEAST_SQUARE`].
    pub(crate) squares: Vec<f32>,
}

impl Newest {
    /// For windows of `window` rows, before anything was learned.
    pub(crate) fn new(window: usize, training: &Training<'_>) -> Self {
        let channels = training.roles.len();
        let measured = windows::measured(training.roles);
        let squares = vec![1.0; measured.len()];
        Self { window, channels, measured, squares }
    }

    /// Learns what error is usual: `rebuild` gives the newest rows of the windows of some rows.
    pub(crate) fn learn(
        &mut self,
        training: &Training<'_>,
        rebuild: impl Fn(Rows<'_>, usize) -> Vec<f32>,
    ) {
        /// Windows of a look, and about how many looks.
        const LOOK: usize = 256;
        const LOOKS: usize = 64;
        let count = |rows: &Rows<'_>| (rows.len() + 1).saturating_sub(self.window);
        let all: usize = training.stretches.iter().map(count).sum();
        let apart = (all / LOOKS).max(LOOK);
        let mut sums = vec![0.0_f64; self.measured.len()];
        let mut seen = 0_usize;
        for rows in training.stretches {
            for first in (0..count(rows)).step_by(apart) {
                let some = LOOK.min(count(rows) - first);
                let values = rows.window(first, some + self.window - 1);
                let rebuilt = rebuild(Rows::new(values, self.channels), some);
                for (i, rebuilt) in rebuilt.chunks_exact(self.measured.len().max(1)).enumerate() {
                    let row = rows.row(first + i + self.window - 1);
                    for (sum, error) in sums.iter_mut().zip(self.errors(row, rebuilt)) {
                        *sum += f64::from(error) * f64::from(error);
                    }
                }
                seen += some;
            }
        }
        for (square, sum) in self.squares.iter_mut().zip(sums) {
            *square = ((sum / seen.max(1) as f64) as f32).max(LEAST_SQUARE);
        }
    }

    /// The score of a row: squared error over what is usual, mean of the measured channels.
    pub(crate) fn score(&self, row: &[f32], rebuilt: &[f32]) -> f32 {
        let squares = self.errors(row, rebuilt).zip(&self.squares).map(|(e, s)| e * e / s);
        squares.sum::<f32>() / self.measured.len().max(1) as f32
    }

    /// Parts of the score and expected values of one row.
    pub(crate) fn explain(
        &self,
        row: &[f32],
        rebuilt: &[f32],
        parts: &mut [f32],
        expected: &mut [f32],
    ) {
        parts.fill(0.0);
        expected.copy_from_slice(row);
        let count = self.measured.len().max(1) as f32;
        for (j, error) in self.errors(row, rebuilt).enumerate() {
            parts[self.measured[j]] = error * error / self.squares[j] / count;
            expected[self.measured[j]] = rebuilt[j];
        }
    }

    fn errors<'a>(&'a self, row: &'a [f32], rebuilt: &'a [f32]) -> impl Iterator<Item = f32> {
        self.measured
            .iter()
            .zip(rebuilt)
            .map(|(i, y)| (row[*i] - y).clamp(-LARGEST_ERROR, LARGEST_ERROR))
    }

    /// A detector's numbers with what it knows.
    pub(crate) fn kept(&self, weights: Weights) -> Weights {
        weights
            .with_size("window", self.window)
            .with_size("channels", self.channels)
            .with_places("measured", &self.measured)
            .with("usual_squares", &[self.squares.len()], &self.squares)
    }

    /// Reads it back.
    pub(crate) fn restore(stored: &Stored<'_>) -> Result<Self> {
        let window = stored.size("window", 1..=LONGEST_WINDOW)?;
        let channels = stored.size("channels", 1..=MOST_CHANNELS)?;
        let measured = stored.places("measured", channels)?;
        let squares = stored.tensor("usual_squares", &[measured.len()])?;
        if measured.is_empty() || squares.iter().any(|square| *square < LEAST_SQUARE) {
            let expected = format!("a number from {LEAST_SQUARE} for each measured channel");
            return Err(stored.wrong("usual_squares", expected));
        }
        Ok(Self { window, channels, measured, squares: squares.to_vec() })
    }
}

/// What a model file may ask for.
const LONGEST_WINDOW: usize = 1 << 16;
const MOST_CHANNELS: usize = 1 << 16;

//! Windows of the training rows: where they start, which are held back, random batches of them.

use super::{CLIP, newest::Newest};
use crate::detector::{Kind, Role, Training};
use crate::error::{AnalyticsError, Result};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Draws, Purpose};

/// Of a stretch's windows, one in so many at its end is held back to stop the training in time.
const HELD_BACK: usize = 10;

/// Held-back windows that are looked at.
const LOOKED_AT: usize = 512;

/// A run of windows that start at successive rows of the copy.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Windows before it.
    before: usize,
    first: usize,
}

/// The training rows, clipped, with the windows in them. Windows are ranges, never copies.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    /// All stretches one after another.
    pub(crate) values: Vec<f32>,
    /// Measured channels alone, where there are others too.
    measured: Option<Vec<f32>>,
    /// Values of a row, and those that are measured.
    pub(crate) channels: usize,
    pub(crate) targets: usize,
    /// Rows of a window.
    pub(crate) window: usize,
    runs: Vec<Run>,
    count: usize,
    /// First rows of held-back windows.
    pub(crate) held: Vec<usize>,
    draws: Draws,
}

/// The window that the training rows have room for: the one asked for, or a quarter of the longest
/// stretch.
///
/// # Errors
/// [`AnalyticsError::TooFewRows`] where there are no rows or no measured channel.
pub(crate) fn window_for(training: &Training<'_>, asked: usize, detector: Kind) -> Result<usize> {
    let longest = training.stretches.iter().map(|rows| rows.len()).max().unwrap_or(0);
    let measured = training.roles.contains(&Role::Measured);
    if longest == 0 || !measured {
        return Err(AnalyticsError::TooFewRows { detector, longest, needed: 1 });
    }
    Ok(asked.min(longest / 4).max(1))
}

impl Windows {
    /// Windows as `newest` wants them; `name` keys the order in which they are drawn.
    pub(crate) fn new(training: &Training<'_>, newest: &Newest, name: &str) -> Self {
        let (channels, window) = (newest.channels, newest.window);
        let total = training.stretches.iter().map(|rows| rows.values().len()).sum();
        let mut values = Vec::with_capacity(total);
        let (mut runs, mut count, mut held) = (Vec::new(), 0, Vec::new());
        for rows in training.stretches {
            let first = values.len() / channels;
            values.extend(rows.values().iter().map(|x| x.clamp(-CLIP, CLIP)));
            let all = (rows.len() + 1).saturating_sub(window);
            let back = all / HELD_BACK;
            // A window that overlaps a held-back one would give it away.
            let learnt = match all.checked_sub(back + window) {
                Some(learnt) if learnt > 4 * back => {
                    held.extend(first + all - back..first + all);
                    learnt
                }
                _ => all,
            };
            if learnt > 0 {
                runs.push(Run { before: count, first });
                count += learnt;
            }
        }
        let apart = held.len().div_ceil(LOOKED_AT).max(1);
        let held = held.into_iter().step_by(apart).collect();
        let targets = newest.measured.len();
        let pick = |row: &[f32]| newest.measured.iter().map(|i| row[*i]).collect::<Vec<_>>();
        let measured =
            (targets < channels).then(|| values.chunks_exact(channels).flat_map(pick).collect());
        let draws = training.seed.draws(EntityKey::of(name), Purpose::TrainingOrder);
        Self { values, measured, channels, targets, window, runs, count, held, draws }
    }

    /// What is to be rebuilt: the measured channels of all rows.
    pub(crate) fn measured(&self) -> &[f32] {
        self.measured.as_deref().unwrap_or(&self.values)
    }

    /// Whether there is no window to learn from.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Windows of a batch: as asked, or as many as there are.
    pub(crate) fn batch(&self, asked: usize) -> usize {
        asked.min(self.count).max(1)
    }

    /// First rows of the windows of a training step, drawn with replacement.
    pub(crate) fn draw(&self, step: u32, batch: usize, rows: &mut Vec<usize>) {
        rows.clear();
        rows.extend((0..batch as u32).map(|i| {
            let drawn = self
                .draws
                .below(step.wrapping_mul(batch as u32).wrapping_add(i), self.count as u32);
            self.row(drawn as usize)
        }));
    }

    fn row(&self, index: usize) -> usize {
        let run = self.runs.partition_point(|run| run.before <= index) - 1;
        self.runs[run].first + index - self.runs[run].before
    }

    /// A copy of windows, one after another.
    pub(crate) fn gather(&self, rows: &[usize]) -> Vec<f32> {
        let length = self.window * self.channels;
        let mut all = Vec::with_capacity(rows.len() * length);
        for row in rows {
            all.extend_from_slice(&self.values[row * self.channels..][..length]);
        }
        all
    }
}

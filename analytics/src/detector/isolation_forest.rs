//! Isolation forest: rows that few random cuts set apart from the rest are strange.
//!
//! Looks at measured values of one row. Every tree is stored as a full one of a fixed depth, so
//! that a row takes the same number of steps without branches wherever it ends.
//!
//! # Source
//! Liu, Ting, Zhou, "Isolation forest", ICDM 2008; path lengths of leaves with more than one row as
//! there. An attribute is drawn among those that differ in the node, as scikit-learn does.

use super::stored::Stored;
use super::{Detector, Kind, Rows, Training, Weights, windows};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Draws, Purpose};
use serde::{Deserialize, Serialize};

/// Steps from the root to a leaf; a tree of 256 rows goes no deeper.
const DEPTH: usize = 8;

/// Leaves of a tree, and nodes with the unused one at 0.
const LEAVES: usize = 1 << DEPTH;

/// Rows that go down a tree together, to hide the wait for memory.
const TOGETHER: usize = 8;

/// Values of a block of rows: a power of two, so that places in it need no check.
const ROOM: usize = 1 << 12;

/// Rows of which medians are taken.
const MEDIAN_ROWS: usize = 1 << 14;

/// How the forest is grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Trees.
    pub trees: usize,
    /// Rows of which each tree is grown, 256 at most.
    pub sample: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { trees: 100, sample: LEAVES }
    }
}

/// A cut: values above go right.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    above: f32,
    channel: u32,
}

/// A full tree. The children of node i are 2i and 2i + 1; the root is 1.
#[derive(Clone, Debug, PartialEq)]
struct Tree {
    cuts: [Cut; LEAVES],
    lengths: [f32; LEAVES],
}

/// A grown forest. Scores are 2^(-mean path length / expected path length): about 0.5 for usual
/// rows, towards 1 for strange ones.
#[derive(Clone, Debug, PartialEq)]
pub struct IsolationForest {
    channels: usize,
    measured: Vec<usize>,
    medians: Vec<f32>,
    sample: usize,
    trees: Vec<Tree>,
}

impl IsolationForest {
    /// Learns from `training`.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if there is no row.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        windows::require(training, 1, Kind::IsolationForest)?;
        let measured = windows::measured(training.roles);
        let total = windows::count(training, 1);
        let sample = settings.sample.clamp(1, LEAVES).min(total);
        let mut starts = Vec::with_capacity(training.stretches.len());
        let mut rows = 0;
        for stretch in training.stretches {
            starts.push(rows);
            rows += stretch.len();
        }
        let grow = |tree: usize| {
            let name = format!("tree-{tree}");
            let mut values = Vec::with_capacity(sample * measured.len());
            for place in windows::distinct(training.seed, &name, total, sample) {
                let stretch = starts.partition_point(|&start| start <= place) - 1;
                let row = training.stretches[stretch].row(place - starts[stretch]);
                values.extend(measured.iter().map(|&c| row[c]));
            }
            let draws = training.seed.draws(EntityKey::of(&name), Purpose::ModelWeights);
            Growth { values: &values, width: measured.len(), draws, used: 0 }.tree(sample)
        };
        let picks = windows::sample(training, 1, MEDIAN_ROWS, "medians");
        let median = |c: usize| {
            let mut values: Vec<f32> =
                picks.iter().map(|&(s, row)| training.stretches[s].row(row)[c]).collect();
            windows::quantile(&mut values, 0.5)
        };
        Ok(Self {
            channels: training.roles.len(),
            medians: measured.iter().map(|&c| median(c)).collect(),
            trees: (0..settings.trees.max(1)).map(grow).collect(),
            sample,
            measured,
        })
    }

    /// The one that [`Detector::weights`] came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(weights: &Weights) -> Result<Self> {
        let stored = Stored::new(weights, Kind::IsolationForest);
        let channels = stored.size("channels", 1..=1 << 16)?;
        let measured = stored.places("measured", channels)?;
        let sample = stored.size("sample", 1..=LEAVES)?;
        let count = stored.size("trees", 1..=1 << 16)?;
        let shape = [count, LEAVES];
        let above = stored.tensor("cuts", &shape)?.chunks_exact(LEAVES);
        let cut = stored.tensor("cut_channels", &shape)?.chunks_exact(LEAVES);
        let lengths = stored.tensor("lengths", &shape)?.chunks_exact(LEAVES);
        let trees: Vec<Tree> = above
            .zip(cut)
            .zip(lengths)
            .map(|((above, cut), lengths)| Tree {
                cuts: std::array::from_fn(|i| Cut { above: above[i], channel: cut[i] as u32 }),
                lengths: std::array::from_fn(|i| lengths[i]),
            })
            .collect();
        let width = measured.len().max(1) as u32;
        if trees.iter().any(|tree| tree.cuts.iter().any(|cut| cut.channel >= width)) {
            return Err(stored.wrong("cut_channels", format!("places below {width}")));
        }
        let medians = stored.tensor("medians", &[measured.len()])?.to_vec();
        Ok(Self { channels, measured, medians, sample, trees })
    }

    /// Scores of rows of the measured values.
    fn score_values(&self, values: &[f32], scores: &mut [f32]) {
        let width = self.measured.len();
        let together = (ROOM / width.max(1)) & !(TOGETHER - 1);
        let expected = path_length(self.sample).max(1.0) * self.trees.len() as f64;
        if width == 0 || together == 0 {
            // Rows of more than 512 values do not fit the block: one at a time, all the same.
            for (row, score) in values.chunks_exact(width.max(1)).zip(scores) {
                let sum: f32 = self.trees.iter().map(|tree| tree.descend(row)).sum();
                *score = strangeness(sum, expected);
            }
            return;
        }
        let mut block = Box::new([0.0_f32; ROOM]);
        for (values, scores) in values.chunks(together * width).zip(scores.chunks_mut(together)) {
            block[..values.len()].copy_from_slice(values);
            scores.fill(0.0);
            for tree in &self.trees {
                for (i, scores) in scores.chunks_mut(TOGETHER).enumerate() {
                    let lengths = tree.descend_together(&block, i * TOGETHER * width, width);
                    for (score, length) in scores.iter_mut().zip(lengths) {
                        *score += length;
                    }
                }
            }
            for score in scores {
                *score = strangeness(*score, expected);
            }
        }
    }
}

/// 2^(-lengths / expected).
fn strangeness(lengths: f32, expected: f64) -> f32 {
    libm::exp2(-f64::from(lengths) / expected) as f32
}

/// The mean path length of an unsuccessful search in a binary tree of `count` rows.
fn path_length(count: usize) -> f64 {
    match count {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = count as f64;
            2.0 * (libm::log(n - 1.0) + 0.577_215_664_901_532_9) - 2.0 * (n - 1.0) / n
        }
    }
}

impl Tree {
    /// The path lengths of rows that begin at `from` in `block`.
    #[inline(always)]
    fn descend_together(&self, block: &[f32; ROOM], from: usize, width: usize) -> [f32; TOGETHER] {
        let starts: [usize; TOGETHER] = std::array::from_fn(|r| from + r * width);
        let mut places = [1_usize; TOGETHER];
        for _ in 0..DEPTH {
            for (place, start) in places.iter_mut().zip(&starts) {
                let cut = self.cuts[*place % LEAVES];
                let value = block[(start + cut.channel as usize) % ROOM];
                *place = 2 * *place + usize::from(value > cut.above);
            }
        }
        places.map(|place| self.lengths[place % LEAVES])
    }

    /// The path length of one row.
    fn descend(&self, row: &[f32]) -> f32 {
        let mut place = 1;
        for _ in 0..DEPTH {
            let cut = self.cuts[place % LEAVES];
            let value = row.get(cut.channel as usize).copied().unwrap_or(0.0);
            place = 2 * place + usize::from(value > cut.above);
        }
        self.lengths[place % LEAVES]
    }
}

/// A tree being grown on rows of `width` values.
struct Growth<'a> {
    values: &'a [f32],
    width: usize,
    draws: Draws,
    used: u32,
}

impl Growth<'_> {
    fn tree(mut self, rows: usize) -> Tree {
        // Nothing is above the largest number, so unused cuts lead left.
        let cuts = [Cut { above: f32::MAX, channel: 0 }; LEAVES];
        let mut tree = Tree { cuts, lengths: [0.0; LEAVES] };
        let deepest = rows.max(2).next_power_of_two().ilog2() as usize;
        let mut all: Vec<usize> = (0..rows).collect();
        self.grow(&mut tree, &mut all, 1, 0, deepest);
        tree
    }

    fn grow(
        &mut self,
        tree: &mut Tree,
        rows: &mut [usize],
        place: usize,
        depth: usize,
        deepest: usize,
    ) {
        let cut = if depth < deepest && rows.len() > 1 { self.cut(rows) } else { None };
        let Some(cut) = cut else {
            let first = (place << (DEPTH - depth)) - LEAVES;
            let length = depth as f64 + path_length(rows.len());
            tree.lengths[first..first + (1 << (DEPTH - depth))].fill(length as f32);
            return;
        };
        tree.cuts[place] = cut;
        let right = |row: usize| self.values[row * self.width + cut.channel as usize] > cut.above;
        rows.sort_by_key(|&row| right(row));
        let left = rows.partition_point(|&row| !right(row));
        let (left, right) = rows.split_at_mut(left);
        self.grow(tree, left, 2 * place, depth + 1, deepest);
        self.grow(tree, right, 2 * place + 1, depth + 1, deepest);
    }

    /// A random cut of a random channel, if any channel differs among `rows`.
    fn cut(&mut self, rows: &[usize]) -> Option<Cut> {
        let range = |channel: usize| {
            let own = rows.iter().map(|&row| self.values[row * self.width + channel]);
            own.fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let different: Vec<(usize, (f32, f32))> = (0..self.width)
            .map(|channel| (channel, range(channel)))
            .filter(|(_, (least, most))| most > least)
            .collect();
        if different.is_empty() {
            return None;
        }
        let [which, share] = self.draws.uniforms(self.used);
        self.used += 1;
        let pick = (which * different.len() as f64) as usize;
        let (channel, (least, most)) = different[pick.min(different.len() - 1)];
        let at = (f64::from(least) + share * (f64::from(most) - f64::from(least))) as f32;
        // Rounding may reach the largest value, which must stay above the cut.
        let above = if at < most { at } else { least };
        Some(Cut { above, channel: channel as u32 })
    }
}

impl Detector for IsolationForest {
    fn kind(&self) -> Kind {
        Kind::IsolationForest
    }

    fn history(&self) -> usize {
        0
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        if self.measured.is_empty() {
            scores.fill(0.0);
        } else {
            self.score_values(&windows::columns(rows, &self.measured), scores);
        }
        Ok(())
    }

    /// Parts are what the score loses if the channel alone is put at its median.
    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        parts.fill(0.0);
        let last = rows.row(rows.len() - 1);
        expected.copy_from_slice(last);
        let width = self.measured.len();
        if width == 0 {
            return Ok(());
        }
        let row: Vec<f32> = self.measured.iter().map(|&c| last[c]).collect();
        let mut tried = row.repeat(width + 1);
        for (k, median) in self.medians.iter().enumerate() {
            tried[(k + 1) * width + k] = *median;
        }
        let mut scores = vec![0.0; width + 1];
        self.score_values(&tried, &mut scores);
        for (k, &c) in self.measured.iter().enumerate() {
            parts[c] = (scores[0] - scores[k + 1]).max(0.0);
            expected[c] = self.medians[k];
        }
        Ok(())
    }

    fn weights(&self) -> Weights {
        let shape = [self.trees.len(), LEAVES];
        let cuts = || self.trees.iter().flat_map(|tree| tree.cuts.iter());
        let above: Vec<f32> = cuts().map(|cut| cut.above).collect();
        let channels: Vec<f32> = cuts().map(|cut| cut.channel as f32).collect();
        let lengths: Vec<f32> =
            self.trees.iter().flat_map(|tree| tree.lengths.iter().copied()).collect();
        Weights::default()
            .with_size("channels", self.channels)
            .with_size("sample", self.sample)
            .with_size("trees", self.trees.len())
            .with_places("measured", &self.measured)
            .with("medians", &[self.medians.len()], &self.medians)
            .with("cuts", &shape, &above)
            .with("cut_channels", &shape, &channels)
            .with("lengths", &shape, &lengths)
    }
}

#[cfg(test)]
mod tests;

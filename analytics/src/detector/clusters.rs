//! Distance of a window from the nearest cluster of training windows.
//!
//! For machines that repeat themselves. Windows are taken of all measured channels together or of
//! each by itself, as they are or z-normalised (shape alone). k-means is linfa's, started from
//! seeded k-means++.

use super::forms::vectorised;
use super::stored::Stored;
use super::{Detector, Kind, Rows, Training, Weights, windows};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array2, ArrayView1, Axis};
use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// Values of a window beyond which it is shortened.
const MOST_VALUES: usize = 512;

/// Training windows that are put into clusters at most.
const MOST_WINDOWS: usize = 1 << 12;

/// The quantile of training distances that makes a score of 1.
const QUANTILE: f64 = 0.95;

/// The least distance that makes a score of 1, and the least deviation in z-normalisation.
const FLOOR: f32 = 0.05;

/// Centroids compared together, and windows.
const LANES: usize = 8;
const BATCH: usize = 4;

/// A place so far off that it is never nearest.
const NOWHERE: f32 = 1e15;

/// How clusters are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window; fewer are taken if a window would hold more than 512 values.
    pub window: usize,
    /// Clusters of a group of channels.
    pub clusters: usize,
    /// Whether every channel is a group of its own; otherwise all together are one.
    pub per_channel: bool,
    /// Whether windows are centred and divided by their standard deviation, channel by channel.
    pub normalise: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: 16, clusters: 16, per_channel: false, normalise: false }
    }
}

/// Centroids of one group of channels.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    channels: Vec<usize>,
    /// `[clusters, window * channels]`.
    centroids: Vec<f32>,
    /// The distance that makes a score of 1.
    usual: f32,
    /// Values of a window.
    values: usize,
    /// The centroids in lanes of eight, `[clusters / 8][values]`.
    lanes: Vec<[f32; LANES]>,
}

/// Centroids of windows. Scores are distances over the 95 % quantile of training distances, of the
/// group of channels furthest off.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    channels: usize,
    measured: Vec<usize>,
    window: usize,
    per_channel: bool,
    normalise: bool,
    groups: Vec<Group>,
}

impl Clusters {
    /// Learns from `training`.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if no stretch is as long as a window.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let measured = windows::measured(training.roles);
        let width = if settings.per_channel { 1 } else { measured.len() };
        let mut window = settings.window.min(MOST_VALUES / width.max(1)).max(1);
        while window > 1 && windows::count(training, window) < 2 * settings.clusters {
            window -= window.div_ceil(4);
        }
        windows::require(training, window, Kind::Clusters)?;
        let picks = windows::sample(training, window, MOST_WINDOWS, "clusters");
        let channels = training.roles.len();
        let (per_channel, normalise) = (settings.per_channel, settings.normalise);
        let mut found =
            Self { channels, measured, window, per_channel, normalise, groups: Vec::new() };
        for of in found.grouping() {
            let mut observations = Array2::<f32>::zeros((picks.len(), window * of.len()));
            for (&(stretch, row), mut into) in picks.iter().zip(observations.rows_mut()) {
                let window = training.stretches[stretch].window(row, window);
                let values = window.chunks_exact(channels).flat_map(|r| of.iter().map(|&c| r[c]));
                let mut values: Vec<f32> = values.collect();
                if normalise {
                    normalise_window(&mut values, of.len());
                }
                into.assign(&ArrayView1::from(&values));
            }
            let centroids = centroids(&observations, settings.clusters, training.seed, of[0])?;
            let mut group = Group::new(of, centroids, observations.ncols(), 1.0);
            let mut distances = vec![0.0; observations.nrows()];
            for (row, distance) in observations.rows().into_iter().zip(&mut distances) {
                *distance = vectorised(Nearest { group: &group, window: &row.to_vec() });
            }
            group.usual = windows::quantile(&mut distances, QUANTILE).max(FLOOR);
            found.groups.push(group);
        }
        Ok(found)
    }

    /// Channels that have windows together.
    fn grouping(&self) -> Vec<Vec<usize>> {
        match (self.per_channel, self.measured.is_empty()) {
            (_, true) => Vec::new(),
            (true, _) => self.measured.iter().map(|&c| vec![c]).collect(),
            (false, _) => vec![self.measured.clone()],
        }
    }

    /// The one that [`Detector::weights`] came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(weights: &Weights) -> Result<Self> {
        let stored = Stored::new(weights, Kind::Clusters);
        let channels = stored.size("channels", 1..=1 << 16)?;
        let measured = stored.places("measured", channels)?;
        let window = stored.size("window", 1..=1 << 16)?;
        let per_channel = stored.size("per_channel", 0..=1)? == 1;
        let normalise = stored.size("normalise", 0..=1)? == 1;
        let mut found =
            Self { channels, measured, window, per_channel, normalise, groups: Vec::new() };
        let grouping = found.grouping();
        let usual = stored.tensor("usual", &[grouping.len()])?;
        for (i, (of, &usual)) in grouping.into_iter().zip(usual).enumerate() {
            let count = stored.size(&format!("clusters_{i}"), 1..=1 << 16)?;
            let shape = [count, window * of.len()];
            let centroids = stored.tensor(&format!("centroids_{i}"), &shape)?.to_vec();
            if usual <= 0.0 {
                return Err(stored.wrong("usual", "positive numbers".to_owned()));
            }
            found.groups.push(Group::new(of, centroids, shape[1], usual));
        }
        Ok(found)
    }

    /// A value of a centroid in the units of the channel in the window `raw`.
    fn restored(&self, value: f32, raw: &[f32], channel: usize, width: usize) -> f32 {
        if !self.normalise {
            return value;
        }
        let n = self.window as f32;
        let own = || raw.iter().skip(channel).step_by(width);
        let mean = own().sum::<f32>() / n;
        let variance = own().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
        mean + value * variance.sqrt().max(FLOOR)
    }

    /// Adds a group's scores where they are larger.
    #[inline(always)]
    fn raise<S: Simd>(&self, simd: S, group: &Group, rows: Rows<'_>, scores: &mut [f32]) {
        let values = windows::columns(rows, &group.channels);
        let width = group.channels.len();
        let length = self.window * width;
        let mut room = vec![0.0; if self.normalise { BATCH * length } else { 0 }];
        for (i, scores) in scores.chunks_mut(BATCH).enumerate() {
            let from = &values[i * BATCH * width..];
            let normalised = self.normalise.then(|| {
                for (r, window) in room.chunks_exact_mut(length).enumerate().take(scores.len()) {
                    window.copy_from_slice(&from[r * width..][..length]);
                    normalise_window(window, width);
                }
                &room[..]
            });
            let window = |r: usize| match normalised {
                Some(room) => &room[r * length..][..length],
                None => &from[r * width..][..length],
            };
            if scores.len() == BATCH {
                let found = nearest::<S, BATCH>(simd, group, std::array::from_fn(window));
                for (score, distance) in scores.iter_mut().zip(found) {
                    *score = score.max(distance / group.usual);
                }
            } else {
                for (r, score) in scores.iter_mut().enumerate() {
                    let [distance] = nearest(simd, group, [window(r)]);
                    *score = score.max(distance / group.usual);
                }
            }
        }
    }
}

impl Group {
    /// A group with windows of so many `values`.
    fn new(channels: Vec<usize>, centroids: Vec<f32>, values: usize, usual: f32) -> Self {
        let count = centroids.len() / values;
        let mut lanes = Vec::with_capacity(count.div_ceil(LANES) * values);
        for from in (0..count).step_by(LANES) {
            lanes.extend((0..values).map(|d| {
                std::array::from_fn(|l| {
                    if from + l < count { centroids[(from + l) * values + d] } else { NOWHERE }
                })
            }));
        }
        Self { channels, centroids, usual, values, lanes }
    }
}

/// Raises scores to those of a group.
struct Raise<'a> {
    clusters: &'a Clusters,
    group: &'a Group,
    rows: Rows<'a>,
    scores: &'a mut [f32],
}

impl WithSimd for Raise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.clusters.raise(simd, self.group, self.rows, self.scores);
    }
}

/// The distance of one window.
struct Nearest<'a> {
    group: &'a Group,
    window: &'a [f32],
}

impl WithSimd for Nearest<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let [distance] = nearest(simd, self.group, [self.window]);
        distance
    }
}

/// Root mean square distances of windows from their nearest centroid.
#[inline(always)]
fn nearest<S: Simd, const N: usize>(simd: S, group: &Group, windows: [&[f32]; N]) -> [f32; N] {
    let windows = windows.map(|window| &window[..group.values]);
    let mut least = [f32::MAX; N];
    for lanes in group.lanes.chunks_exact(group.values) {
        for part in 0..LANES / S::F32_LANES {
            let mut sums = [simd.splat_f32s(0.0); N];
            for (d, centres) in lanes.iter().enumerate() {
                let centres = S::as_simd_f32s(centres).0[part];
                for r in 0..N {
                    let off = simd.sub_f32s(simd.splat_f32s(windows[r][d]), centres);
                    sums[r] = simd.mul_add_f32s(off, off, sums[r]);
                }
            }
            for (least, sum) in least.iter_mut().zip(sums) {
                *least = least.min(simd.reduce_min_f32s(sum));
            }
        }
    }
    least.map(|square| (square / group.values as f32).sqrt())
}

/// Centres each channel of a window and divides it by its standard deviation.
#[inline(always)]
fn normalise_window(window: &mut [f32], width: usize) {
    let n = (window.len() / width) as f32;
    for c in 0..width {
        let mean = window.iter().skip(c).step_by(width).sum::<f32>() / n;
        let squares = window.iter().skip(c).step_by(width).map(|v| (v - mean) * (v - mean));
        let deviation = (squares.sum::<f32>() / n).sqrt().max(FLOOR);
        for value in window.iter_mut().skip(c).step_by(width) {
            *value = (*value - mean) / deviation;
        }
    }
}

/// Centroids of `observations`, row by row: fewer than asked for where there are fewer different
/// observations.
///
/// # Source
/// First centroids: Arthur, Vassilvitskii, "k-means++: the advantages of careful seeding", SODA
/// 2007.
fn centroids(
    observations: &Array2<f32>,
    clusters: usize,
    seed: Seed,
    channel: usize,
) -> Result<Vec<f32>> {
    let draws = seed.draws(EntityKey::of(&format!("clusters-{channel}")), Purpose::ModelWeights);
    let count = observations.nrows();
    let mut chosen = vec![draws.below(0, count as u32) as usize];
    let mut squares = vec![f64::INFINITY; count];
    while chosen.len() < clusters.max(1) {
        let latest = observations.row(chosen[chosen.len() - 1]);
        for (row, square) in observations.rows().into_iter().zip(&mut squares) {
            let off = row.iter().zip(latest).map(|(a, b)| f64::from(a - b) * f64::from(a - b));
            *square = square.min(off.sum());
        }
        let total: f64 = squares.iter().sum();
        if total <= f64::EPSILON {
            break;
        }
        let mut left = draws.uniform(chosen.len() as u32) * total;
        let pick = squares.iter().position(|square| {
            left -= square;
            left < 0.0
        });
        chosen.push(pick.unwrap_or(count - 1));
    }
    let first = observations.select(Axis(0), &chosen);
    let dataset = DatasetBase::from(observations.view());
    let model = KMeans::params(chosen.len())
        .init_method(KMeansInit::Precomputed(first))
        .n_runs(1)
        .max_n_iterations(50)
        .tolerance(1e-4)
        .fit(&dataset)?;
    Ok(model.centroids().iter().copied().collect())
}

impl Detector for Clusters {
    fn kind(&self) -> Kind {
        Kind::Clusters
    }

    fn history(&self) -> usize {
        self.window - 1
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        scores.fill(0.0);
        for group in &self.groups {
            vectorised(Raise { clusters: self, group, rows, scores });
        }
        Ok(())
    }

    /// Parts are the score of a channel's group, shared by each channel's squared distance from
    /// the nearest centroid in the newest row and, to the same weight, in the mean of all rows.
    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        parts.fill(0.0);
        let last = rows.row(rows.len() - 1);
        expected.copy_from_slice(last);
        for group in &self.groups {
            let width = group.channels.len();
            let values = windows::columns(rows, &group.channels);
            let raw = &values[values.len() - group.values..];
            let mut window = raw.to_vec();
            if self.normalise {
                normalise_window(&mut window, width);
            }
            let squares = |centroid: &[f32]| -> f32 {
                centroid.iter().zip(&window).map(|(c, x)| (c - x) * (c - x)).sum()
            };
            let all = group.centroids.chunks_exact(group.values);
            let Some(centroid) = all.min_by(|a, b| squares(a).total_cmp(&squares(b))) else {
                continue;
            };
            let newest = group.values - width;
            let mut shares = vec![0.0_f64; width];
            for (d, (c, x)) in centroid.iter().zip(&window).enumerate() {
                let weight = 1.0 / self.window as f64 + if d >= newest { 1.0 } else { 0.0 };
                shares[d % width] += weight * f64::from(c - x) * f64::from(c - x);
            }
            let total = shares.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            let distance = vectorised(Nearest { group, window: &window });
            for (k, &c) in group.channels.iter().enumerate() {
                parts[c] = distance / group.usual * (shares[k] / total) as f32;
                expected[c] = self.restored(centroid[newest + k], raw, k, width);
            }
        }
        Ok(())
    }

    fn weights(&self) -> Weights {
        let usual: Vec<f32> = self.groups.iter().map(|group| group.usual).collect();
        let mut weights = Weights::default()
            .with_size("channels", self.channels)
            .with_size("window", self.window)
            .with_size("per_channel", usize::from(self.per_channel))
            .with_size("normalise", usize::from(self.normalise))
            .with_places("measured", &self.measured)
            .with("usual", &[usual.len()], &usual);
        for (i, group) in self.groups.iter().enumerate() {
            let count = group.centroids.len() / group.values;
            weights = weights.with_size(&format!("clusters_{i}"), count).with(
                &format!("centroids_{i}"),
                &[count, group.values],
                &group.centroids,
            );
        }
        weights
    }
}

#[cfg(test)]
mod tests;

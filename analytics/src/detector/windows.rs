//! What the detectors share about rows: the measured columns, draws of rows, and second moments of
//! windows.
//!
//! Nothing here knows a detector; all draws come from the seed of the training.

use super::{Kind, Role, Rows, Training};
use crate::error::{AnalyticsError, Result};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use ndarray::{Array1, Array2, ArrayView2, ShapeBuilder};
use std::borrow::Cow;

/// Windows multiplied at once.
const BLOCK: usize = 512;

/// Places of the measured channels.
pub(crate) fn measured(roles: &[Role]) -> Vec<usize> {
    let places = roles.iter().enumerate();
    places.filter(|(_, role)| **role == Role::Measured).map(|(i, _)| i).collect()
}

/// Places of the channels of this role that ever change.
pub(crate) fn changing(training: &Training<'_>, role: Role) -> Vec<usize> {
    let changes = |&channel: &usize| {
        let mut values = training
            .stretches
            .iter()
            .flat_map(|rows| rows.values().iter().skip(channel).step_by(rows.channels()));
        let first = values.next();
        training.roles[channel] == role && values.any(|value| Some(value) != first)
    };
    (0..training.roles.len()).filter(changes).collect()
}

/// The values of `channels` of all rows, row by row: a copy only if some are left out.
pub(crate) fn columns<'a>(rows: Rows<'a>, channels: &[usize]) -> Cow<'a, [f32]> {
    if channels.len() == rows.channels() {
        return Cow::Borrowed(rows.values());
    }
    let mut values = Vec::with_capacity(rows.len() * channels.len());
    if !channels.is_empty() {
        for row in rows.values().chunks_exact(rows.channels()) {
            values.extend(channels.iter().map(|&c| row[c]));
        }
    }
    Cow::Owned(values)
}

/// How many windows of `length` rows there are in all stretches.
pub(crate) fn count(training: &Training<'_>, length: usize) -> usize {
    training.stretches.iter().map(|rows| (rows.len() + 1).saturating_sub(length.max(1))).sum()
}

/// Whether there is at least one window of `length` rows.
///
/// # Errors
/// [`AnalyticsError::TooFewRows`] if there is not.
pub(crate) fn require(training: &Training<'_>, length: usize, detector: Kind) -> Result<()> {
    if count(training, length) > 0 {
        return Ok(());
    }
    let longest = training.stretches.iter().map(Rows::len).max().unwrap_or(0);
    Err(AnalyticsError::TooFewRows { detector, longest, needed: length })
}

/// Up to `most` windows of `length` rows, as (stretch, first row) in order: all of them, or one
/// drawn from each of `most` equal shares.
pub(crate) fn sample(
    training: &Training<'_>,
    length: usize,
    most: usize,
    name: &str,
) -> Vec<(usize, usize)> {
    let total = count(training, length);
    let taken = total.min(most);
    let draws = training.seed.draws(EntityKey::of(name), Purpose::TrainingSample);
    let picks = (0..taken).map(|i| {
        let (from, to) = (i * total / taken, (i + 1) * total / taken);
        from + draws.below(i as u32, (to - from) as u32) as usize
    });
    let mut found = Vec::with_capacity(taken);
    let (mut stretch, mut before) = (0, 0);
    for pick in picks {
        while pick - before >= windows_of(training, stretch, length) {
            before += windows_of(training, stretch, length);
            stretch += 1;
        }
        found.push((stretch, pick - before));
    }
    found
}

fn windows_of(training: &Training<'_>, stretch: usize, length: usize) -> usize {
    (training.stretches[stretch].len() + 1).saturating_sub(length)
}

/// `count` different numbers below `total`, in rising order.
///
/// # Source
/// Floyd's algorithm: Bentley, Floyd, "A sample of brilliance", Communications of the ACM 30
/// (1987).
pub(crate) fn distinct(seed: Seed, name: &str, total: usize, count: usize) -> Vec<usize> {
    let draws = seed.draws(EntityKey::of(name), Purpose::TrainingSample);
    let mut found = std::collections::BTreeSet::new();
    for (i, last) in (total - count..total).enumerate() {
        let pick = draws.below(i as u32, last as u32 + 1) as usize;
        if !found.insert(pick) {
            found.insert(last);
        }
    }
    found.into_iter().collect()
}

/// Mean and covariance of windows.
pub(crate) struct Moments {
    pub(crate) mean: Array1<f64>,
    pub(crate) covariance: Array2<f64>,
}

/// Sums over windows of which their moments are made.
#[derive(Clone)]
pub(crate) struct Sums {
    pub(crate) count: usize,
    sums: Array1<f64>,
    products: Array2<f64>,
}

impl Sums {
    /// Of windows of `width` values.
    fn new(width: usize) -> Self {
        Self { count: 0, sums: Array1::zeros(width), products: Array2::zeros((width, width)) }
    }

    /// Adds `count` windows, each `step` rows after the one before; `values` begin with the first.
    fn add(&mut self, values: &[f32], channels: usize, count: usize, step: usize) {
        let width = self.sums.len();
        let mut block = Vec::new();
        let mut done = 0;
        while done < count && width > 0 {
            let taken = (count - done).min(BLOCK);
            let from = done * step * channels;
            let values = &values[from..from + (taken - 1) * step * channels + width];
            block.clear();
            block.extend(values.iter().map(|&v| f64::from(v)));
            let shape = (taken, width).strides((step * channels, 1));
            if let Ok(view) = ArrayView2::from_shape(shape, &block) {
                self.sums += &view.sum_axis(ndarray::Axis(0));
                self.products += &view.t().dot(&view);
            }
            done += taken;
        }
        self.count += count;
    }

    /// These and others together.
    pub(crate) fn with(mut self, other: &Self) -> Self {
        self.count += other.count;
        self.sums += &other.sums;
        self.products += &other.products;
        self
    }

    /// These without some of them.
    pub(crate) fn without(mut self, some: &Self) -> Self {
        self.count -= some.count;
        self.sums -= &some.sums;
        self.products -= &some.products;
        self
    }

    /// Their mean and covariance, divided by their number.
    pub(crate) fn moments(&self) -> Moments {
        let n = self.count.max(1) as f64;
        let mean = &self.sums / n;
        let mut covariance = &self.products / n;
        for ((i, j), value) in covariance.indexed_iter_mut() {
            *value -= mean[i] * mean[j];
        }
        Moments { mean, covariance }
    }
}

fn windows_in(values: &[f32], channels: usize, length: usize) -> usize {
    (values.len() / channels.max(1) + 1).saturating_sub(length)
}

/// Mean and covariance of the windows of `length` rows of all `stretches`, each of which is the
/// values of rows of `channels`. Every n-th window is taken where there would be more than `most`.
pub(crate) fn moments(
    stretches: &[Cow<'_, [f32]>],
    channels: usize,
    length: usize,
    most: usize,
) -> Moments {
    let total: usize = stretches.iter().map(|v| windows_in(v, channels, length)).sum();
    let step = total.div_ceil(most).max(1);
    let mut sums = Sums::new(length * channels);
    for values in stretches {
        let count = windows_in(values, channels, length).div_ceil(step);
        sums.add(values, channels, count, step);
    }
    sums.moments()
}

/// The sums of all windows of `length` rows, in `blocks` equal parts in order.
pub(crate) fn sums_of_blocks(
    stretches: &[Cow<'_, [f32]>],
    channels: usize,
    length: usize,
    blocks: usize,
) -> Vec<Sums> {
    let total: usize = stretches.iter().map(|v| windows_in(v, channels, length)).sum();
    let block = |number: usize| {
        let (from, to) = (total * number / blocks, total * (number + 1) / blocks);
        let mut sums = Sums::new(length * channels);
        let mut before = 0;
        for values in stretches {
            let count = windows_in(values, channels, length);
            let first = from.clamp(before, before + count) - before;
            let last = to.clamp(before, before + count) - before;
            sums.add(&values[first * channels..], channels, last - first, 1);
            before += count;
        }
        sums
    };
    (0..blocks).map(block).collect()
}

/// The value at `share` (0 to 1) of the sorted `values`, which are reordered; 0 of none.
pub(crate) fn quantile(values: &mut [f32], share: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let place = (share * (values.len() - 1) as f64).round() as usize;
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_all_windows_and_do_not_reach_across_stretches() {
        let values: Vec<f32> = (0..2 * 1_200).map(|i| ((i * i) % 17) as f32 - 8.0).collect();
        let stretches = [Cow::Borrowed(&values[..1_800]), Cow::Borrowed(&values[1_800..])];
        let found = moments(&stretches, 2, 3, usize::MAX);
        let windows: Vec<&[f32]> =
            stretches.iter().flat_map(|s| (0..s.len() / 2 - 2).map(|i| &s[2 * i..][..6])).collect();
        let mean = |f: &dyn Fn(&[f32]) -> f64| {
            windows.iter().map(|w| f(w)).sum::<f64>() / windows.len() as f64
        };
        let (a, b) = (mean(&|w| f64::from(w[1])), mean(&|w| f64::from(w[4])));
        let both = mean(&|w| f64::from(w[1]) * f64::from(w[4]));
        assert!((found.mean[4] - b).abs() < 1e-9);
        assert!((found.covariance[(1, 4)] - (both - a * b)).abs() < 1e-9);
        let blocks = sums_of_blocks(&stretches, 2, 3, 4);
        assert!(blocks.iter().all(|block| (298..=300).contains(&block.count)));
        let all = blocks[1..].iter().fold(blocks[0].clone(), Sums::with);
        assert!((all.moments().covariance[(1, 4)] - found.covariance[(1, 4)]).abs() < 1e-9);
        let three = all.without(&blocks[0]).moments();
        let again = blocks[2..].iter().fold(blocks[1].clone(), Sums::with).moments();
        assert!((three.covariance[(1, 4)] - again.covariance[(1, 4)]).abs() < 1e-9);
        let some = moments(&stretches, 2, 3, 100);
        assert!((some.covariance[(1, 4)] - found.covariance[(1, 4)]).abs() < 8.0);
    }

    #[test]
    fn a_sample_is_all_windows_or_one_of_each_share() {
        let values = vec![0.0_f32; 60];
        let stretches =
            [Rows::new(&values[..10], 1), Rows::new(&values[..2], 1), Rows::new(&values, 1)];
        let training = Training {
            noise: &[],
            stretches: &stretches,
            roles: &[Role::Measured],
            seed: Seed::new(3),
        };
        assert_eq!(count(&training, 4), 7 + 57);
        let all = sample(&training, 4, 1_000, "x");
        assert_eq!((all.len(), all[6], all[7], all[63]), (64, (0, 6), (2, 0), (2, 56)));
        let some = sample(&training, 4, 8, "x");
        assert!(some.len() == 8 && some.iter().is_sorted() && some[0].0 == 0 && some[7].0 == 2);
        assert!(require(&training, 61, Kind::Var).is_err());
        let picked = distinct(Seed::new(1), "x", 300, 256);
        assert!(picked.len() == 256 && picked.is_sorted() && picked[255] < 300);
    }
}

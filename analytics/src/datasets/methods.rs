//! Two methods that need no model, to compare with: what chance reaches, and what one line of
//! arithmetic does.

use super::{Case, Method, Scored, Threshold};
use crate::detector::Role;
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

/// A score that looks at nothing: uniform in 0..1, with alarms on one row in a hundred.
#[derive(Clone, Copy, Debug)]
pub struct RandomScore {
    /// Of its draws.
    pub seed: Seed,
}

impl Method for RandomScore {
    fn name(&self) -> &'static str {
        "random score"
    }

    fn run(&mut self, case: &Case) -> Result<Scored> {
        let draws = self.seed.draws(EntityKey::of(&case.name), Purpose::RandomScore);
        let score = |row: usize| draws.uniform(row as u32) as f32;
        Ok(alarmed((0..case.test_rows()).map(score).collect(), 0.99))
    }
}

/// The largest deviation of a measured channel from its training mean, in training standard
/// deviations; alarms above the 99th percentile of the training rows' own scores.
///
/// A channel that never moved in training has no deviation: any other value counts [`ZScore::MOVED`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ZScore;

impl ZScore {
    /// The score of a channel that moves for the first time.
    pub const MOVED: f64 = 10.0;
}

impl Method for ZScore {
    fn name(&self) -> &'static str {
        "z-score"
    }

    fn run(&mut self, case: &Case) -> Result<Scored> {
        let mut train = vec![0.0_f32; case.train_rows()];
        let mut test = vec![0.0_f32; case.test_rows()];
        for (at, role) in case.roles.iter().enumerate() {
            if *role == Role::Measured {
                let (mean, deviation) = moments(&case.train[at]);
                let score = |value: f64| z(value, mean, deviation) as f32;
                raise(&mut train, &case.train[at], score);
                raise(&mut test, &case.test[at], score);
            }
        }
        train.sort_unstable_by(f32::total_cmp);
        let rank = libm::ceil(0.99 * train.len() as f64) as usize;
        let threshold = train.get(rank.saturating_sub(1)).copied().unwrap_or(0.0);
        // Above, not at: a tenth of all training rows may share the largest score.
        Ok(alarmed(test, threshold.next_up()))
    }
}

fn alarmed(scores: Vec<f32>, threshold: f32) -> Scored {
    let alarms = scores.iter().map(|&score| score >= threshold).collect();
    Scored { scores, threshold: Threshold::Fixed(threshold), alarms }
}

fn raise(scores: &mut [f32], values: &[f64], score: impl Fn(f64) -> f32) {
    for (best, &value) in scores.iter_mut().zip(values) {
        *best = best.max(score(value));
    }
}

/// A missing value deviates from nothing.
fn z(value: f64, mean: f64, deviation: f64) -> f64 {
    if value.is_nan() {
        0.0
    } else if deviation > 0.0 {
        (value - mean).abs() / deviation
    } else if value == mean {
        0.0
    } else {
        ZScore::MOVED
    }
}

/// Mean and standard deviation of the values that are there. The deviation of equal values is
/// exactly 0, and their mean is the value.
fn moments(values: &[f64]) -> (f64, f64) {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let Some(&first) = known.first() else { return (0.0, 0.0) };
    let count = known.len() as f64;
    // From the first value on: large offsets cancel.
    let shift = known.iter().map(|value| value - first).sum::<f64>() / count;
    let spread: f64 = known.iter().map(|value| (value - first - shift).powi(2)).sum();
    (first + shift, libm::sqrt(spread / count))
}

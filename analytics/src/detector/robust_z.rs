//! Distance of every channel from its median in units of its median absolute deviation.
//!
//! Looks at no correlation and no history: the channel furthest off speaks for the row, or the mean
//! of all does.

use super::forms::vectorised;
use super::stored::Stored;
use super::{Detector, Kind, Rows, Training, Weights, windows};
use crate::error::Result;
use pulp::NullaryFnOnce;
use serde::{Deserialize, Serialize};

/// Rows of which medians are taken; of more, one is drawn from each of as many equal shares.
const MOST_ROWS: usize = 1 << 18;

/// Median absolute deviations of a normal distribution in a standard deviation.
const DEVIATIONS: f64 = 1.482_602_218_505_602;

/// How distances of channels make a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combination {
    /// The largest.
    Max,
    /// Their mean.
    Mean,
}

/// How medians and deviations are learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How distances of channels make a score.
    pub combination: Combination,
    /// The least deviation, as a share of the channel's standard deviation (of 1 for a channel
    /// that never changed).
    pub floor: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { combination: Combination::Max, floor: 0.1 }
    }
}

/// Medians and deviations of all channels.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustZ {
    channels: usize,
    measured: Vec<usize>,
    combination: Combination,
    medians: Vec<f32>,
    deviations: Vec<f32>,
    /// Reciprocal deviations of all channels times their weight in the score, 0 of exogenous ones.
    scales: Vec<f32>,
    /// Medians of all channels, 0 of exogenous ones.
    centres: Vec<f32>,
}

impl RobustZ {
    /// Learns from `training`.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if there is no row.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        windows::require(training, 1, Kind::RobustZ)?;
        let measured = windows::measured(training.roles);
        let picks = windows::sample(training, 1, MOST_ROWS, "robust z");
        let (mut medians, mut deviations) = (Vec::new(), Vec::new());
        let mut values = Vec::with_capacity(picks.len());
        for &c in &measured {
            values.clear();
            values.extend(picks.iter().map(|&(s, row)| training.stretches[s].row(row)[c]));
            let least = settings.floor.max(1e-6) * deviation(&values);
            let median = windows::quantile(&mut values, 0.5);
            for value in &mut values {
                *value = (*value - median).abs();
            }
            let spread = DEVIATIONS * f64::from(windows::quantile(&mut values, 0.5));
            medians.push(median);
            deviations.push(spread.max(least) as f32);
        }
        let channels = training.roles.len();
        Ok(Self::new(channels, measured, settings.combination, medians, deviations))
    }

    fn new(
        channels: usize,
        measured: Vec<usize>,
        combination: Combination,
        medians: Vec<f32>,
        deviations: Vec<f32>,
    ) -> Self {
        let weight = match combination {
            Combination::Max => 1.0,
            Combination::Mean => 1.0 / measured.len().max(1) as f32,
        };
        let (mut scales, mut centres) = (vec![0.0; channels], vec![0.0; channels]);
        for (k, &c) in measured.iter().enumerate() {
            scales[c] = weight / deviations[k];
            centres[c] = medians[k];
        }
        Self { channels, measured, combination, medians, deviations, scales, centres }
    }

    /// The one that [`Detector::weights`] came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(weights: &Weights) -> Result<Self> {
        let stored = Stored::new(weights, Kind::RobustZ);
        let channels = stored.size("channels", 1..=1 << 16)?;
        let measured = stored.places("measured", channels)?;
        let combination = match stored.size("mean", 0..=1)? {
            0 => Combination::Max,
            _ => Combination::Mean,
        };
        let medians = stored.tensor("medians", &[measured.len()])?.to_vec();
        let deviations = stored.tensor("deviations", &[measured.len()])?.to_vec();
        if deviations.iter().any(|&d| d <= 0.0) {
            return Err(stored.wrong("deviations", "positive numbers".to_owned()));
        }
        Ok(Self::new(channels, measured, combination, medians, deviations))
    }
}

/// The standard deviation of `values`, 1 if they are all but equal.
fn deviation(values: &[f32]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let squares = values.iter().map(|&v| (f64::from(v) - mean) * (f64::from(v) - mean));
    let found = (squares.sum::<f64>() / n).sqrt();
    if found > 1e-3 { found } else { 1.0 }
}

/// Scores of rows: the largest scaled distance, or the sum.
struct ScoreRows<'a, const LARGEST: bool> {
    detector: &'a RobustZ,
    values: &'a [f32],
    scores: &'a mut [f32],
}

impl<const LARGEST: bool> NullaryFnOnce for ScoreRows<'_, LARGEST> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let scales = &self.detector.scales[..];
        let centres = &self.detector.centres[..scales.len()];
        for (row, score) in self.values.chunks_exact(scales.len()).zip(self.scores) {
            let mut found = 0.0_f32;
            for c in 0..scales.len() {
                let z = (row[c] - centres[c]).abs() * scales[c];
                found = match LARGEST {
                    true if z > found => z,
                    true => found,
                    false => found + z,
                };
            }
            *score = found;
        }
    }
}

impl Detector for RobustZ {
    fn kind(&self) -> Kind {
        Kind::RobustZ
    }

    fn history(&self) -> usize {
        0
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        let values = rows.values();
        match self.combination {
            Combination::Max => vectorised(ScoreRows::<true> { detector: self, values, scores }),
            Combination::Mean => vectorised(ScoreRows::<false> { detector: self, values, scores }),
        }
        Ok(())
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        let row = rows.row(rows.len() - 1);
        for c in 0..self.channels {
            parts[c] = (row[c] - self.centres[c]).abs() * self.scales[c];
        }
        expected.copy_from_slice(row);
        for &c in &self.measured {
            expected[c] = self.centres[c];
        }
        Ok(())
    }

    fn weights(&self) -> Weights {
        Weights::default()
            .with_size("channels", self.channels)
            .with_size("mean", usize::from(self.combination == Combination::Mean))
            .with_places("measured", &self.measured)
            .with("medians", &[self.medians.len()], &self.medians)
            .with("deviations", &[self.deviations.len()], &self.deviations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Role;
    use fieldmirror_core::seed::Seed;

    fn fit(values: &[f32], combination: Combination) -> RobustZ {
        let rows = Rows::new(values, 2);
        let roles = [Role::Measured; 2];
        let training =
            Training { noise: &[], stretches: &[rows], roles: &roles, seed: Seed::new(1) };
        RobustZ::fit(&training, &Settings { combination, floor: 0.1 }).unwrap()
    }

    #[test]
    fn distances_are_from_the_median_and_outliers_do_not_widen_them() {
        let mut values: Vec<f32> = (0..101).flat_map(|i| [i as f32, 7.0]).collect();
        values[0] = -1e4;
        let detector = fit(&values, Combination::Max);
        let mut scores = [0.0; 2];
        detector
            .score(Rows::new(&[50.0 + 3.0 * 37.065_056, 7.0, 50.0, 7.5], 2), &mut scores)
            .unwrap();
        // The tenth of the standard deviation, about 100, is more than 1.48 times the MAD of 25.
        let spread = f64::from(detector.deviations[0]);
        assert!((f64::from(scores[0]) - 3.0 * 37.065_056 / spread).abs() < 1e-5, "{scores:?}");
        assert!((scores[1] - 5.0).abs() < 1e-6, "a change of a dead channel by its size");
        let quiet: Vec<f32> = (0..101).flat_map(|i| [i as f32, 7.0]).collect();
        assert!((fit(&quiet, Combination::Max).deviations[0] - 37.065_056).abs() < 1e-4);
    }

    #[test]
    fn the_mean_is_over_measured_channels() {
        let values: Vec<f32> = (0..101).flat_map(|i| [i as f32, (i % 11) as f32]).collect();
        let (max, mean) = (fit(&values, Combination::Max), fit(&values, Combination::Mean));
        let row = Rows::new(&[0.0, 9.0], 2);
        let (mut largest, mut middle) = ([0.0], [0.0]);
        max.score(row, &mut largest).unwrap();
        mean.score(row, &mut middle).unwrap();
        let mut parts = [0.0; 2];
        max.explain(row, &mut parts, &mut [0.0; 2]).unwrap();
        assert_eq!(largest[0], parts[0].max(parts[1]));
        assert!((middle[0] - (parts[0] + parts[1]) / 2.0).abs() < 1e-6);
    }
}

//! Autoregression of each channel by itself, with suppression of echoes: a peak spoils the
//! predictions of the rows after it, and what its echo can explain of a later error is taken off.
//!
//! Nothing is learned across channels, and commands are not used.

use super::forms::vectorised;
use super::residual::{DEAD, DEAD_DEVIATION, regress};
use super::robust_z::Combination;
use super::stored::Stored;
use super::{Detector, Kind, Rows, Training, Weights, windows};
use crate::error::Result;
use pulp::NullaryFnOnce;
use serde::{Deserialize, Serialize};

/// Windows of which a channel's coefficients are taken at most.
const MOST_WINDOWS: usize = 1 << 18;

/// Rows scored together.
const BLOCK: usize = 1024;

/// Errors beyond so many standard deviations are peaks.
const PEAK: f32 = 3.0;

/// The largest score.
const MOST: f32 = 1e30;

/// How coefficients are fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Earlier values to predict from; fewer are taken if there are not four times as many
    /// training rows.
    pub lags: usize,
    /// Ridge, as a share of the channel's variance.
    pub ridge: f64,
    /// Standard deviation, in units of the channel's, that is added to the errors'.
    pub floor: f64,
    /// How errors of channels make a score.
    pub combination: Combination,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lags: 24, ridge: 1e-3, floor: 0.01, combination: Combination::Max }
    }
}

/// Coefficients of all channels. Scores are errors in standard deviations.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoregression {
    channels: usize,
    measured: Vec<usize>,
    lags: usize,
    combination: Combination,
    /// `[measured, lags]`, the latest first.
    coefficients: Vec<f32>,
    intercepts: Vec<f32>,
    deviations: Vec<f32>,
}

/// One channel's numbers.
#[derive(Clone, Copy)]
struct Channel<'a> {
    coefficients: &'a [f32],
    intercept: f32,
    deviation: f32,
}

impl Autoregression {
    /// Learns from `training`.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if no two rows follow each other.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let most = settings.lags.max(1);
        let enough = |&lags: &usize| windows::count(training, lags + 1) >= 4 * (lags + 1);
        let lags = (1..=most).rev().find(enough).unwrap_or(1);
        windows::require(training, lags + 1, Kind::Autoregression)?;
        let mut found = Self {
            channels: training.roles.len(),
            measured: windows::measured(training.roles),
            lags,
            combination: settings.combination,
            coefficients: Vec::new(),
            intercepts: Vec::new(),
            deviations: Vec::new(),
        };
        for i in 0..found.measured.len() {
            found.learn(training, found.measured[i], settings)?;
        }
        Ok(found)
    }

    fn learn(&mut self, training: &Training<'_>, c: usize, settings: &Settings) -> Result<()> {
        let stretches: Vec<_> =
            training.stretches.iter().map(|rows| windows::columns(*rows, &[c])).collect();
        let lags = self.lags;
        let moments = windows::moments(&stretches, 1, lags + 1, MOST_WINDOWS);
        let variance = moments.covariance[(lags, lags)];
        if variance <= DEAD * DEAD {
            self.coefficients.extend(std::iter::repeat_n(0.0, lags));
            self.intercepts.push(moments.mean[lags] as f32);
            self.deviations.push(DEAD_DEVIATION as f32);
            return Ok(());
        }
        let inputs: Vec<usize> = (0..lags).rev().collect();
        let weights = regress(&moments, &inputs, &[lags], settings.ridge)?;
        let (mut intercept, mut error) = (moments.mean[lags], variance);
        for (i, &d) in inputs.iter().enumerate() {
            let weight = weights[(i, 0)];
            intercept -= weight * moments.mean[d];
            error -= 2.0 * weight * moments.covariance[(d, lags)];
            for (j, &other) in inputs.iter().enumerate() {
                error += weight * weights[(j, 0)] * moments.covariance[(d, other)];
            }
        }
        self.coefficients.extend(weights.iter().map(|&w| w as f32));
        self.intercepts.push(intercept as f32);
        let floor = settings.floor.max(1e-4);
        self.deviations.push((error.max(0.0) + floor * floor).sqrt() as f32);
        Ok(())
    }

    /// The one that [`Detector::weights`] came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(weights: &Weights) -> Result<Self> {
        let stored = Stored::new(weights, Kind::Autoregression);
        let channels = stored.size("channels", 1..=1 << 16)?;
        let measured = stored.places("measured", channels)?;
        let lags = stored.size("lags", 1..=1 << 16)?;
        let combination = match stored.size("mean", 0..=1)? {
            0 => Combination::Max,
            _ => Combination::Mean,
        };
        let count = measured.len();
        let deviations = stored.tensor("deviations", &[count])?.to_vec();
        if deviations.iter().any(|&d| d <= 0.0) {
            return Err(stored.wrong("deviations", "positive numbers".to_owned()));
        }
        Ok(Self {
            channels,
            measured,
            lags,
            combination,
            coefficients: stored.tensor("coefficients", &[count, lags])?.to_vec(),
            intercepts: stored.tensor("intercepts", &[count])?.to_vec(),
            deviations,
        })
    }

    fn channel(&self, k: usize) -> Channel<'_> {
        Channel {
            coefficients: &self.coefficients[k * self.lags..(k + 1) * self.lags],
            intercept: self.intercepts[k],
            deviation: self.deviations[k],
        }
    }

    /// What a channel's distance counts in the score.
    fn weight(&self) -> f32 {
        match self.combination {
            Combination::Max => 1.0,
            Combination::Mean => 1.0 / self.measured.len().max(1) as f32,
        }
    }
}

/// Room for a block of one channel.
#[derive(Default)]
struct Room {
    values: Vec<f32>,
    errors: Vec<f32>,
    peaks: Vec<f32>,
    distances: Vec<f32>,
}

struct Distances<'a> {
    channel: Channel<'a>,
    room: &'a mut Room,
}

impl NullaryFnOnce for Distances<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        distances(self.channel, self.room);
    }
}

/// Distances of a channel's values from `2 * lags` on, in standard deviations, less what echoes of
/// peaks among the errors of the last `lags` rows explain: a peak of the error e adds up to
/// |coefficient_j| e to the error j rows later.
#[inline(always)]
fn distances(channel: Channel<'_>, room: &mut Room) {
    let lags = channel.coefficients.len();
    let Room { values, errors, peaks, distances } = room;
    errors.clear();
    errors.extend(values[lags..].iter().map(|v| v - channel.intercept));
    for (j, &coefficient) in channel.coefficients.iter().enumerate() {
        for (error, value) in errors.iter_mut().zip(&values[lags - 1 - j..]) {
            *error = (-coefficient).mul_add(*value, *error);
        }
    }
    let usual = PEAK * channel.deviation;
    peaks.clear();
    peaks.extend(errors.iter().map(|error| (error.abs() - usual).max(0.0)));
    distances.clear();
    distances.extend(errors[lags..].iter().map(|error| error.abs()));
    for (j, &coefficient) in channel.coefficients.iter().enumerate() {
        for (distance, peak) in distances.iter_mut().zip(&peaks[lags - 1 - j..]) {
            *distance = (-coefficient.abs()).mul_add(*peak, *distance);
        }
    }
    for distance in distances.iter_mut() {
        *distance = (distance.max(0.0) / channel.deviation).min(MOST);
    }
}

impl Detector for Autoregression {
    fn kind(&self) -> Kind {
        Kind::Autoregression
    }

    fn history(&self) -> usize {
        2 * self.lags
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        scores.fill(0.0);
        let mut room = Room::default();
        let weight = self.weight();
        for (i, scores) in scores.chunks_mut(BLOCK).enumerate() {
            let block = rows.window(i * BLOCK, scores.len() + self.history());
            for (k, &c) in self.measured.iter().enumerate() {
                room.values.clear();
                room.values.extend(block.iter().skip(c).step_by(self.channels));
                vectorised(Distances { channel: self.channel(k), room: &mut room });
                for (score, distance) in scores.iter_mut().zip(&room.distances) {
                    *score = match self.combination {
                        Combination::Max => score.max(*distance),
                        Combination::Mean => distance.mul_add(weight, *score),
                    };
                }
            }
        }
        Ok(())
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        parts.fill(0.0);
        let last = rows.row(rows.len() - 1);
        expected.copy_from_slice(last);
        let mut room = Room::default();
        let block = rows.window(rows.len() - 1 - self.history(), self.history() + 1);
        for (k, &c) in self.measured.iter().enumerate() {
            room.values.clear();
            room.values.extend(block.iter().skip(c).step_by(self.channels));
            vectorised(Distances { channel: self.channel(k), room: &mut room });
            parts[c] = room.distances[0] * self.weight();
            expected[c] = last[c] - room.errors[self.lags];
        }
        Ok(())
    }

    fn weights(&self) -> Weights {
        let count = self.measured.len();
        Weights::default()
            .with_size("channels", self.channels)
            .with_size("lags", self.lags)
            .with_size("mean", usize::from(self.combination == Combination::Mean))
            .with_places("measured", &self.measured)
            .with("coefficients", &[count, self.lags], &self.coefficients)
            .with("intercepts", &[count], &self.intercepts)
            .with("deviations", &[count], &self.deviations)
    }
}

#[cfg(test)]
mod tests;

//! Principal components of windows: a window is strange if it lies outside the subspace of the
//! training windows (residual), or far out within it (T2).
//!
//! Windows of the measured channels only, overlapping, without a copy where every channel is
//! measured. Components are those of the covariance, not of correlation: rows are standardised.

use super::forms::{Forms, vectorised};
use super::stored::Stored;
use super::{Detector, Kind, Role, Rows, Training, Weights, windows};
use crate::error::Result;
use linfa_linalg::eigh::EigSort;
use linfa_linalg::eigh::Eigh;
use ndarray::{Array2, ArrayView2};
use pulp::NullaryFnOnce;
use serde::{Deserialize, Serialize};

/// Values of a window beyond which it is shortened: what fitting costs grows with the cube.
const MOST_VALUES: usize = 512;

/// Windows of which the covariance is taken at most.
const MOST_WINDOWS: usize = 1 << 16;

/// Rows whose lengths are summed together.
const BLOCK: usize = 256;

/// The least variance a component or a channel's residual is given.
const FLOOR: f64 = 1e-4;

/// The least curvature of the score along a value.
const LEAST_PULL: f64 = 1e-6;

/// The largest score.
const MOST: f32 = 1e30;

/// How components are learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window, at least. Fewer are taken if a window would hold more than 512 values or
    /// if there are not twice as many windows as values.
    pub window: usize,
    /// Windows of few measured channels are longer, as many rows as hold this many values.
    pub values: usize,
    /// Share of the variance that the subspace holds.
    pub variance: f64,
    /// Weight of T2 in the score, 0 to 1; the residual has the rest.
    pub t2: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: 16, values: 64, variance: 0.95, t2: 0.5 }
    }
}

/// A learned subspace. Scores are residual and T2, each over its expectation: about 1 on training
/// windows.
#[derive(Clone, Debug, PartialEq)]
pub struct SubPca {
    channels: usize,
    measured: Vec<usize>,
    window: usize,
    means: Vec<f32>,
    /// `[components, window * measured]`.
    components: Vec<f32>,
    variances: Vec<f32>,
    /// The squared residual to expect.
    residual: f32,
    t2: f32,
    forms: Forms,
}

impl SubPca {
    /// Learns from `training`.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if there is no row.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let measured = windows::measured(training.roles);
        let width = measured.len();
        let changing = windows::changing(training, Role::Measured).len();
        let window = settings.window.max(settings.values / changing.max(1));
        let window = affordable(training, window, width);
        windows::require(training, window, Kind::SubPca)?;
        let stretches: Vec<_> =
            training.stretches.iter().map(|rows| windows::columns(*rows, &measured)).collect();
        let moments = windows::moments(&stretches, width, window, MOST_WINDOWS);
        let mut means = vec![0.0_f32; width];
        for (c, mean) in means.iter_mut().enumerate() {
            let all = (0..window).map(|row| moments.mean[row * width + c]);
            *mean = (all.sum::<f64>() / window as f64) as f32;
        }
        let values = window * width;
        let total = moments.covariance.diag().sum();
        let (mut components, mut variances) = (Vec::new(), Vec::new());
        let mut held = 0.0;
        if total > FLOOR * FLOOR * values as f64 {
            let (eigenvalues, vectors) = moments.covariance.eigh()?.sort_eig_desc();
            for (k, &variance) in eigenvalues.iter().enumerate().take(values - 1) {
                if held >= settings.variance * total || variance < FLOOR {
                    break;
                }
                held += variance;
                variances.push(variance as f32);
                components.extend(vectors.column(k).iter().map(|&v| v as f32));
            }
        }
        let noise = measured.iter().map(|&channel| {
            training.noise.get(channel).map_or(0.0, |&noise| f64::from(noise * noise))
        });
        let noise = noise.sum::<f64>() * window as f64;
        let residual = (total - held + noise).max(FLOOR * values.max(1) as f64) as f32;
        let t2 = settings.t2.clamp(0.0, 1.0) as f32;
        let channels = training.roles.len();
        let forms = Forms::new(ArrayView2::from(&[[0.0; 0]; 0]), &[], &[]);
        let found =
            Self { channels, measured, window, means, components, variances, residual, t2, forms };
        Ok(found.folded())
    }

    /// With forms whose gains give a component's share of T2 and take its part of the residual off.
    fn folded(mut self) -> Self {
        let values = self.window * self.measured.len();
        let count = self.variances.len();
        let matrix = Array2::from_shape_fn((count, values), |(k, d)| {
            f64::from(self.components[k * values + d])
        });
        let centre: Vec<f64> =
            (0..values).map(|d| f64::from(self.means[d % self.means.len()])).collect();
        let bias: Vec<f64> = matrix
            .rows()
            .into_iter()
            .map(|row| -row.iter().zip(&centre).map(|(a, b)| a * b).sum::<f64>())
            .collect();
        let t2 = f64::from(self.t2) / count.max(1) as f64;
        let outside = f64::from(1.0 - self.t2) / f64::from(self.residual);
        let gains: Vec<f64> =
            self.variances.iter().map(|&variance| t2 / f64::from(variance) - outside).collect();
        self.forms = Forms::new(matrix.view(), &bias, &gains);
        self
    }

    /// The one that [`Detector::weights`] came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(weights: &Weights) -> Result<Self> {
        let stored = Stored::new(weights, Kind::SubPca);
        let channels = stored.size("channels", 1..=1 << 16)?;
        let measured = stored.places("measured", channels)?;
        let window = stored.size("window", 1..=1 << 16)?;
        let count = stored.length("variances")?;
        let variances = stored.tensor("variances", &[count])?.to_vec();
        let shares = stored.tensor("shares", &[2])?;
        if variances.iter().any(|&v| v <= 0.0) || shares[0] <= 0.0 {
            return Err(stored.wrong("variances", "positive numbers".to_owned()));
        }
        let components = stored.tensor("components", &[count, window * measured.len()])?.to_vec();
        let found = Self {
            channels,
            window,
            means: stored.tensor("means", &[measured.len()])?.to_vec(),
            components,
            variances,
            residual: shares[0],
            t2: shares[1],
            forms: Forms::new(ArrayView2::from(&[[0.0; 0]; 0]), &[], &[]),
            measured,
        };
        Ok(found.folded())
    }

    /// With the score written as x' M x of the centred window x: M x and the diagonal of M.
    fn pull(&self, window: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let centred: Vec<f64> = window
            .iter()
            .enumerate()
            .map(|(d, &x)| f64::from(x) - f64::from(self.means[d % self.means.len()]))
            .collect();
        let outside = f64::from(1.0 - self.t2) / f64::from(self.residual);
        let t2 = f64::from(self.t2) / self.variances.len().max(1) as f64;
        let mut pulled: Vec<f64> = centred.iter().map(|x| outside * x).collect();
        let mut diagonal = vec![outside; centred.len()];
        for (component, &variance) in
            self.components.chunks_exact(centred.len()).zip(&self.variances)
        {
            let gain = t2 / f64::from(variance) - outside;
            let along: f64 = component.iter().zip(&centred).map(|(&w, x)| f64::from(w) * x).sum();
            for ((pulled, diagonal), &weight) in pulled.iter_mut().zip(&mut diagonal).zip(component)
            {
                *pulled += gain * along * f64::from(weight);
                *diagonal += gain * f64::from(weight) * f64::from(weight);
            }
        }
        (pulled, diagonal)
    }
}

/// As many rows as asked for, as far as size and number of windows allow.
fn affordable(training: &Training<'_>, asked: usize, width: usize) -> usize {
    let mut window = asked.min(MOST_VALUES / width.max(1)).max(1);
    while window > 1 && windows::count(training, window) < 2 * window * width {
        window -= window.div_ceil(4);
    }
    window
}

/// Adds the weighted squared length of each centred window to its score.
struct AddLengths<'a> {
    detector: &'a SubPca,
    values: &'a [f32],
    /// Room for a number of each row.
    squares: &'a mut [f32],
    scores: &'a mut [f32],
}

impl NullaryFnOnce for AddLengths<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let means = &self.detector.means[..];
        for (row, square) in self.values.chunks_exact(means.len()).zip(self.squares.iter_mut()) {
            let mut sum = 0.0_f32;
            for c in 0..means.len() {
                let off = row[c] - means[c];
                sum = off.mul_add(off, sum);
            }
            *square = sum;
        }
        let weight = (1.0 - self.detector.t2) / self.detector.residual;
        let mut sums = [0.0_f32; BLOCK];
        for (i, scores) in self.scores.chunks_mut(BLOCK).enumerate() {
            let sums = &mut sums[..scores.len()];
            sums.fill(0.0);
            for row in 0..self.detector.window {
                for (sum, square) in sums.iter_mut().zip(&self.squares[i * BLOCK + row..]) {
                    *sum += square;
                }
            }
            for (score, sum) in scores.iter_mut().zip(sums) {
                *score = sum.mul_add(weight, *score).clamp(0.0, MOST);
            }
        }
    }
}

impl Detector for SubPca {
    fn kind(&self) -> Kind {
        Kind::SubPca
    }

    fn history(&self) -> usize {
        self.window - 1
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        if self.measured.is_empty() || scores.is_empty() {
            scores.fill(0.0);
            return Ok(());
        }
        let values = windows::columns(rows, &self.measured);
        self.forms.squares(&values, self.measured.len(), scores);
        let mut squares = vec![0.0; rows.len()];
        vectorised(AddLengths { detector: self, values: &values, squares: &mut squares, scores });
        Ok(())
    }

    /// Parts are the score, shared by how much of it goes away if a value alone is put where it
    /// makes the score least: that of the newest row and, to the same weight, the mean of all rows.
    /// Expected is where the newest value would be put.
    ///
    /// # Source
    /// Yue, Qin, "Reconstruction-based fault identification using a combined index", Industrial &
    /// Engineering Chemistry Research 40 (2001); Alcala, Qin, Automatica 45 (2009).
    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        parts.fill(0.0);
        let last = rows.row(rows.len() - 1);
        expected.copy_from_slice(last);
        if self.measured.is_empty() {
            return Ok(());
        }
        let values = windows::columns(rows, &self.measured);
        let (width, length) = (self.measured.len(), self.window * self.measured.len());
        let window = &values[values.len() - length..];
        let (pulled, diagonal) = self.pull(window);
        let newest = length - width;
        let mut shares = vec![0.0; width];
        for (d, (pull, diagonal)) in pulled.iter().zip(&diagonal).enumerate() {
            let weight = 1.0 / self.window as f64 + if d >= newest { 1.0 } else { 0.0 };
            shares[d % width] += weight * pull * pull / diagonal.max(LEAST_PULL);
        }
        let total = shares.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut score = [0.0];
        self.score(rows, &mut score)?;
        for (k, &c) in self.measured.iter().enumerate() {
            parts[c] = score[0] * (shares[k] / total) as f32;
            let off = pulled[newest + k] / diagonal[newest + k].max(LEAST_PULL);
            expected[c] = (f64::from(last[c]) - off) as f32;
        }
        Ok(())
    }

    fn weights(&self) -> Weights {
        let values = self.window * self.measured.len();
        let count = self.variances.len();
        Weights::default()
            .with_size("channels", self.channels)
            .with_size("window", self.window)
            .with_places("measured", &self.measured)
            .with("means", &[self.means.len()], &self.means)
            .with("components", &[count, values], &self.components)
            .with("variances", &[count], &self.variances)
            .with("shares", &[2], &[self.residual, self.t2])
    }
}

#[cfg(test)]
mod tests;

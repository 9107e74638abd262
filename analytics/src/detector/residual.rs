//! Residuals of a linear prediction and their Mahalanobis distance, as one matrix: the common part
//! of [`super::var`] and [`super::mahalanobis`].
//!
//! Measured channels are regressed on earlier rows of all channels and on the current values of
//! the exogenous ones. The residuals' covariance is shrunk and inverted. Prediction and whitening
//! are folded, so that a row's score is the sum of squares of a few affine forms of its window.
//! What to regress on is the callers' choice.

use super::forms::Forms;
use super::stored::Stored;
use super::{Kind, Role, Rows, Training, Weights, windows};
use crate::baseline::mahalanobis::LedoitWolf;
use crate::error::{AnalyticsError, Result};
use linfa_linalg::cholesky::{Cholesky, SolveC};
use linfa_linalg::triangular::{SolveTriangular, UPLO};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

/// A channel that varied less than this in training is dead: nothing is predicted from it.
pub(crate) const DEAD: f64 = 1e-3;

/// The deviation that a dead channel is given, so that a change of it counts by its size.
pub(crate) const DEAD_DEVIATION: f64 = 0.1;

/// The largest score.
const MOST: f32 = 1e30;

/// How to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    pub(crate) kind: Kind,
    /// Earlier rows to regress on, and the fewest.
    pub(crate) lags: usize,
    pub(crate) least: usize,
    /// Rows of exogenous channels to regress on, the current one among them, at most.
    pub(crate) exogenous: usize,
    /// Ridge as a share of the inputs' mean variance.
    pub(crate) ridge: f64,
    /// Standard deviation that is added to each residual's.
    pub(crate) floor: f64,
    /// How many times the second moment of the blocks' mean errors is added to the covariance.
    pub(crate) drift: f64,
}

/// Blocks of the training rows, each of which is predicted from the others.
const BLOCKS: usize = 4;

/// A prediction and the shape of its errors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Residual {
    kind: Kind,
    lags: usize,
    channels: usize,
    measured: Vec<usize>,
    /// How many of the measured channels ever changed: what the distance is divided by.
    live: usize,
    /// `[measured, window + 1]`, the intercept last.
    prediction: Vec<f32>,
    /// `[measured, measured]`, lower triangular: it makes the residuals' covariance the identity.
    whitening: Vec<f32>,
    forms: Forms,
}

impl Residual {
    pub(crate) fn fit(training: &Training<'_>, fit: &Fit) -> Result<Self> {
        let channels = training.roles.len();
        let lags = affordable(training, fit);
        windows::require(training, lags + 1, fit.kind)?;
        let measured = windows::measured(training.roles);
        let stretches: Vec<_> = training.stretches.iter().map(|r| r.values().into()).collect();
        let blocks = windows::sums_of_blocks(&stretches, channels, lags + 1, BLOCKS);
        let all = blocks[1..].iter().fold(blocks[0].clone(), windows::Sums::with);
        let moments = all.moments();
        let oldest = (lags + 1).saturating_sub(fit.exogenous);
        let varies = |&d: &usize| moments.covariance[(d, d)] > DEAD * DEAD;
        let inputs = (0..channels * (lags + 1)).filter(varies);
        let inputs = inputs.filter(|&d| match training.roles[d % channels] {
            Role::Exogenous => d >= channels * oldest,
            _ => d < channels * lags,
        });
        let inputs: Vec<usize> = inputs.collect();
        let targets: Vec<usize> = measured.iter().map(|&c| channels * lags + c).collect();
        let own = |&&d: &&usize| training.roles[d % channels] != Role::Exogenous;
        let own: Vec<usize> = inputs.iter().filter(own).copied().collect();
        let mut learned = Learned::fit(&all, &blocks, (inputs, &targets), fit)?;
        if own.len() < learned.inputs.len() {
            learned = learned.or(Learned::fit(&all, &blocks, (own, &targets), fit)?);
        }
        let width = channels * (lags + 1);
        let mut prediction = Array2::<f64>::zeros((targets.len(), width + 1));
        for (k, &target) in targets.iter().enumerate() {
            let mut intercept = moments.mean[target];
            for (i, &d) in learned.inputs.iter().enumerate() {
                prediction[(k, d)] = learned.weights[(i, k)];
                intercept -= learned.weights[(i, k)] * moments.mean[d];
            }
            prediction[(k, width)] = intercept;
        }
        let wandering = learned.wandering(fit.drift);
        let prediction: Vec<f32> = prediction.iter().map(|&v| v as f32).collect();
        let live = |&k: &usize| moments.covariance[(targets[k], targets[k])] > DEAD * DEAD;
        let live: Vec<usize> = (0..targets.len()).filter(live).collect();
        let mut found = Self {
            kind: fit.kind,
            lags,
            channels,
            whitening: identity(measured.len()),
            measured,
            live: 1,
            prediction,
            forms: Forms::new(ArrayView2::from(&[[0.0; 0]; 0]), &[], &[]),
        };
        found.fold();
        found.whitening = found.learn_whitening(training, &live, fit.floor, &wandering)?;
        found.live = live.len().max(1);
        found.fold();
        Ok(found)
    }

    /// The inverse Cholesky factor of the training residuals' covariance, to which `wandering` is
    /// added.
    fn learn_whitening(
        &self,
        training: &Training<'_>,
        live: &[usize],
        floor: f64,
        wandering: &Array2<f64>,
    ) -> Result<Vec<f32>> {
        let outputs = self.measured.len();
        let mut sums = LedoitWolf::new(live.len());
        let (mut all, mut some) = (vec![0.0; outputs], vec![0.0; live.len()]);
        for rows in training.stretches.iter().filter(|_| !live.is_empty()) {
            for window in rows.values().windows(self.width()).step_by(self.channels) {
                self.forms.outputs(window, &mut all);
                for (value, &k) in some.iter_mut().zip(live) {
                    *value = all[k];
                }
                sums.add(&some);
            }
        }
        let mut covariance = Array2::<f64>::eye(outputs) * (DEAD_DEVIATION * DEAD_DEVIATION);
        if !live.is_empty() {
            let (shrunk, _) = sums.shrunk();
            for (i, &a) in live.iter().enumerate() {
                for (j, &b) in live.iter().enumerate() {
                    let noise = training.noise.get(self.measured[a]).copied().unwrap_or(0.0);
                    let noise = floor * floor + f64::from(noise * noise);
                    let added = if a == b { noise } else { 0.0 };
                    covariance[(a, b)] = shrunk[(i, j)] + added + wandering[(a, b)];
                }
            }
        }
        if outputs == 0 {
            return Ok(Vec::new());
        }
        let lower = covariance.cholesky()?;
        let inverse = lower.solve_triangular(&Array2::eye(outputs), UPLO::Lower)?;
        Ok(inverse.iter().map(|&v| v as f32).collect())
    }

    /// Makes the forms of the stored numbers: whitening times (current values - prediction), so
    /// that the sum of squares is the distance divided by the live channels.
    fn fold(&mut self) {
        let (outputs, width) = (self.measured.len(), self.width());
        let scale = 1.0 / (self.live as f64).sqrt();
        let mut residual = Array2::<f64>::zeros((outputs, width + 1));
        for (k, prediction) in self.prediction.chunks_exact(width + 1).enumerate() {
            for (d, &weight) in prediction.iter().enumerate() {
                residual[(k, d)] = -f64::from(weight);
            }
            residual[(k, self.channels * self.lags + self.measured[k])] += 1.0;
        }
        let whitening = Array2::from_shape_fn((outputs, outputs), |(i, j)| {
            scale * f64::from(self.whitening[i * outputs + j])
        });
        let folded = whitening.dot(&residual);
        let bias: Vec<f64> = folded.column(width).to_vec();
        self.forms = Forms::new(folded.slice(s![.., ..width]), &bias, &vec![1.0; outputs]);
    }

    fn width(&self) -> usize {
        self.channels * (self.lags + 1)
    }

    pub(crate) const fn lags(&self) -> usize {
        self.lags
    }

    pub(crate) fn score(&self, rows: Rows<'_>, scores: &mut [f32]) {
        self.forms.squares(rows.values(), self.channels, scores);
        for score in scores {
            *score = score.min(MOST);
        }
    }

    /// Parts by reconstruction: how much of the distance goes away if the channel alone is put
    /// where it makes the distance least.
    ///
    /// # Source
    /// Alcala, Qin, "Reconstruction-based contribution for process monitoring", Automatica 45
    /// (2009): (S^-1 z)_i^2 / (S^-1)_ii, which is largest for the faulty channel.
    pub(crate) fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) {
        let (outputs, width) = (self.measured.len(), self.width());
        let window = &rows.values()[rows.values().len() - width..];
        let row = &window[self.channels * self.lags..];
        expected.copy_from_slice(row);
        parts.fill(0.0);
        let mut residual = Array1::<f64>::zeros(outputs);
        for (k, prediction) in self.prediction.chunks_exact(width + 1).enumerate() {
            let weighted = prediction.iter().zip(window);
            let sum: f64 = weighted.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
            let value = sum + f64::from(prediction[width]);
            residual[k] = f64::from(row[self.measured[k]]) - value;
            expected[self.measured[k]] = value as f32;
        }
        let whitening = Array2::from_shape_fn((outputs, outputs), |(i, j)| {
            f64::from(self.whitening[i * outputs + j])
        });
        let pulled = whitening.t().dot(&whitening.dot(&residual));
        for (k, &channel) in self.measured.iter().enumerate() {
            let precision: f64 = whitening.column(k).iter().map(|w| w * w).sum();
            let part = pulled[k] * pulled[k] / precision / self.live as f64;
            parts[channel] = part.min(f64::from(MOST)) as f32;
        }
    }

    /// The values of the channels `missing` in the last row with which its score is least: what the
    /// others of the row and the rows before make most likely. Of an exogenous channel it is what
    /// stands there. None if the covariance does not tell.
    ///
    /// # Source
    /// The mean of a normal given some of its variables: Bishop, "Pattern Recognition and Machine
    /// Learning", 2006, equation 2.75, by the precision matrix.
    pub(crate) fn impute(&self, rows: Rows<'_>, missing: &[usize]) -> Option<Vec<f32>> {
        let (outputs, width) = (self.measured.len(), self.width());
        let window = &rows.values()[rows.values().len() - width..];
        let row = &window[self.channels * self.lags..];
        let mut filled: Vec<f32> = missing.iter().map(|&channel| row[channel]).collect();
        let place = |channel: usize| self.measured.binary_search(&channel).ok();
        let lost: Vec<usize> = missing.iter().filter_map(|&channel| place(channel)).collect();
        if lost.is_empty() {
            return Some(filled);
        }
        let mut error = Array1::<f64>::zeros(outputs);
        for (k, prediction) in self.prediction.chunks_exact(width + 1).enumerate() {
            let weighted = prediction.iter().zip(window);
            let sum: f64 = weighted.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
            error[k] = f64::from(row[self.measured[k]]) - sum - f64::from(prediction[width]);
        }
        // Errors of the missing channels are taken from what stands there: 0 first.
        let stood: Vec<f64> = lost.iter().map(|&k| std::mem::take(&mut error[k])).collect();
        let whitening = Array2::from_shape_fn((outputs, outputs), |(i, j)| {
            f64::from(self.whitening[i * outputs + j])
        });
        let own = whitening.select(Axis(1), &lost);
        let pulled = own.t().dot(&whitening.dot(&error)).mapv(|pull| -pull);
        let likely = own.t().dot(&own).solvec(&pulled.insert_axis(Axis(1))).ok()?;
        for ((&k, stood), likely) in lost.iter().zip(stood).zip(&likely) {
            let at = missing.iter().position(|&channel| channel == self.measured[k])?;
            filled[at] = (f64::from(row[self.measured[k]]) - stood + likely) as f32;
        }
        filled.iter().all(|value| value.is_finite()).then_some(filled)
    }

    pub(crate) fn weights(&self) -> Weights {
        let outputs = self.measured.len();
        Weights::default()
            .with_size("lags", self.lags)
            .with_size("channels", self.channels)
            .with_size("live", self.live)
            .with_places("measured", &self.measured)
            .with("prediction", &[outputs, self.width() + 1], &self.prediction)
            .with("whitening", &[outputs, outputs], &self.whitening)
    }

    pub(crate) fn restore(weights: &Weights, kind: Kind) -> Result<Self> {
        let stored = Stored::new(weights, kind);
        let lags = stored.size("lags", 0..=1 << 16)?;
        let channels = stored.size("channels", 1..=1 << 16)?;
        let measured = stored.places("measured", channels)?;
        let outputs = measured.len();
        let width = channels * (lags + 1);
        let mut found = Self {
            kind,
            lags,
            channels,
            live: stored.size("live", 1..=outputs.max(1))?,
            prediction: stored.tensor("prediction", &[outputs, width + 1])?.to_vec(),
            whitening: stored.tensor("whitening", &[outputs, outputs])?.to_vec(),
            measured,
            forms: Forms::new(ArrayView2::from(&[[0.0; 0]; 0]), &[], &[]),
        };
        found.fold();
        Ok(found)
    }
}

/// As many lags as asked for, fewer if the rows do not outnumber the coefficients twice.
fn affordable(training: &Training<'_>, fit: &Fit) -> usize {
    let measured = windows::changing(training, Role::Measured).len();
    let exogenous = windows::changing(training, Role::Exogenous).len();
    let enough = |lags: usize| {
        let coefficients = lags * measured + fit.exogenous.min(lags + 1) * exogenous + 1;
        windows::count(training, lags + 1) >= 2 * coefficients
    };
    (fit.least..=fit.lags).rev().find(|&lags| enough(lags)).unwrap_or(fit.least)
}

/// Coefficients, with what blocks that did not teach them say of them.
struct Learned {
    inputs: Vec<usize>,
    /// `[inputs, targets]`.
    weights: Array2<f64>,
    /// Each block's mean error when it is predicted from the others; none where they are too few.
    errors: Vec<Vec<f64>>,
    /// Each target's squared errors in all blocks, predicted so.
    squares: Vec<f64>,
}

impl Learned {
    fn fit(
        all: &windows::Sums,
        blocks: &[windows::Sums],
        (inputs, targets): (Vec<usize>, &[usize]),
        fit: &Fit,
    ) -> Result<Self> {
        let weights = regress(&all.moments(), &inputs, targets, fit.ridge)?;
        let (mut errors, mut squares) = (Vec::new(), vec![0.0; targets.len()]);
        for block in blocks.iter().filter(|block| block.count > 0) {
            let rest = all.clone().without(block);
            if rest.count < 2 * (inputs.len() + 1) {
                errors.clear();
                break;
            }
            let (here, rest) = (block.moments(), rest.moments());
            let weights = regress(&rest, &inputs, targets, fit.ridge)?;
            let apart = |d: usize| here.mean[d] - rest.mean[d];
            let error = |k: usize| {
                let told = inputs.iter().enumerate().map(|(i, &d)| weights[(i, k)] * apart(d));
                apart(targets[k]) - told.sum::<f64>()
            };
            let own: Vec<f64> = (0..targets.len()).map(error).collect();
            let of_inputs = here.covariance.select(Axis(0), &inputs);
            let shared = of_inputs.select(Axis(1), targets);
            let told = of_inputs.select(Axis(1), &inputs).dot(&weights);
            for (k, &target) in targets.iter().enumerate() {
                let column = weights.column(k);
                let variance = here.covariance[(target, target)]
                    - 2.0 * column.dot(&shared.column(k))
                    + column.dot(&told.column(k));
                squares[k] += block.count as f64 * (variance + own[k] * own[k]);
            }
            errors.push(own);
        }
        Ok(Self { inputs, weights, errors, squares })
    }

    /// Takes over, for each target, the coefficients of `other`, which knows some of these inputs,
    /// where they predict blocks better that did not teach them.
    fn or(mut self, other: Self) -> Self {
        if self.errors.is_empty() || other.errors.len() != self.errors.len() {
            return self;
        }
        for k in 0..self.squares.len() {
            if self.squares[k] <= other.squares[k] {
                continue;
            }
            self.weights.column_mut(k).fill(0.0);
            for (i, d) in other.inputs.iter().enumerate() {
                if let Ok(place) = self.inputs.binary_search(d) {
                    self.weights[(place, k)] = other.weights[(i, k)];
                }
            }
            for (own, other) in self.errors.iter_mut().zip(&other.errors) {
                own[k] = other[k];
            }
        }
        self
    }

    /// What to add to the residuals' covariance for what does not stay as it was: the second
    /// moment of the blocks' mean errors, `times` over.
    ///
    /// Errors within training say how far a channel strays from row to row. What tomorrow adds is
    /// a level that none of today's rows had, as far as today's blocks had levels that the others
    /// did not have: a random effect of the block. Directions that wander so count for less, and
    /// the others keep all their weight.
    ///
    /// # Source
    /// Variance components of a one-way layout (Searle, Casella, McCulloch, "Variance Components",
    /// 1992); the factor stands for a level that goes on wandering.
    fn wandering(&self, times: f64) -> Array2<f64> {
        let targets = self.squares.len();
        let mut found = Array2::<f64>::zeros((targets, targets));
        for errors in &self.errors {
            for ((a, b), sum) in found.indexed_iter_mut() {
                *sum += times / self.errors.len() as f64 * errors[a] * errors[b];
            }
        }
        found
    }
}

fn identity(size: usize) -> Vec<f32> {
    Array2::<f32>::eye(size).into_raw_vec_and_offset().0
}

/// Ridge coefficients of `targets` on `inputs` (`[inputs, targets]`), around the means.
pub(crate) fn regress(
    moments: &windows::Moments,
    inputs: &[usize],
    targets: &[usize],
    ridge: f64,
) -> Result<Array2<f64>> {
    if inputs.is_empty() || targets.is_empty() {
        return Ok(Array2::zeros((inputs.len(), targets.len())));
    }
    let of_inputs = moments.covariance.select(Axis(0), inputs);
    let mut square = of_inputs.select(Axis(1), inputs);
    let mean_variance = (square.diag().sum() / inputs.len() as f64).max(DEAD * DEAD);
    for i in 0..inputs.len() {
        square[(i, i)] += ridge.max(1e-9) * mean_variance;
    }
    square.solvec(&of_inputs.select(Axis(1), targets)).map_err(AnalyticsError::from)
}

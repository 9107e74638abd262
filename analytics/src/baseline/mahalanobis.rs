//! Mahalanobis distance with a shrunk covariance, and each channel's part in it.

use crate::error::Result;
use linfa_linalg::cholesky::InverseC;
use ndarray::Array2;

/// A centred multivariate baseline in units of tolerance.
#[derive(Clone, Debug, PartialEq)]
pub struct Mahalanobis {
    /// Inverse covariance, the tolerance included.
    inverse: Array2<f64>,
    shrinkage: f64,
}

impl Mahalanobis {
    /// Learns from `rows` of standardised, centred values (`[rows, channels]`). Unit variance is
    /// added to every channel: deviations are measured in tolerances, and a clean stretch quieter
    /// than its tolerance does not make small deviations large.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Covariance`] if the matrix is not positive definite, which
    /// finite rows cannot make it.
    pub fn fit(rows: &[f32], channels: usize) -> Result<Self> {
        let (mut covariance, shrinkage) = ledoit_wolf(rows, channels);
        for i in 0..channels {
            covariance[(i, i)] += 1.0;
        }
        let inverse = covariance.invc()?;
        Ok(Self { inverse, shrinkage })
    }

    /// The squared distance of `row`. Writes each channel's part, which sum to it, to `parts`.
    ///
    /// # Source
    /// c_i = z_i (S^-1 z)_i.
    pub fn score(&self, row: &[f32], parts: &mut [f32]) -> f32 {
        let mut sum = 0.0;
        for i in 0..row.len() {
            let mut product = 0.0;
            for (j, &z) in row.iter().enumerate() {
                product += self.inverse[(i, j)] * f64::from(z);
            }
            let part = f64::from(row[i]) * product;
            parts[i] = part as f32;
            sum += part;
        }
        sum as f32
    }

    /// How far the covariance was shrunk to its mean variance, 0 to 1.
    pub const fn shrinkage(&self) -> f64 {
        self.shrinkage
    }
}

/// Covariance of `rows` around zero, shrunk towards its mean variance, and the share of shrinkage.
fn ledoit_wolf(rows: &[f32], channels: usize) -> (Array2<f64>, f64) {
    let mut sums = LedoitWolf::new(channels);
    for row in rows.chunks_exact(channels) {
        sums.add(row);
    }
    sums.shrunk()
}

/// Sums over rows of which the shrunk covariance around zero is made, so that rows need not be
/// kept.
///
/// # Source
/// Ledoit, Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal
/// of Multivariate Analysis 88 (2004), with known mean.
#[derive(Clone, Debug)]
pub(crate) struct LedoitWolf {
    covariance: Array2<f64>,
    fourth: f64,
    count: usize,
}

impl LedoitWolf {
    /// Of rows of `channels` values.
    pub(crate) fn new(channels: usize) -> Self {
        Self { covariance: Array2::zeros((channels, channels)), fourth: 0.0, count: 0 }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, row: &[f32]) {
        let square: f64 = row.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
        self.fourth += square * square;
        for (mut sums, &a) in self.covariance.rows_mut().into_iter().zip(row) {
            for (sum, &b) in sums.iter_mut().zip(row) {
                *sum += f64::from(a) * f64::from(b);
            }
        }
        self.count += 1;
    }

    /// The covariance, shrunk towards its mean variance, and the share of shrinkage.
    pub(crate) fn shrunk(self) -> (Array2<f64>, f64) {
        let mut covariance = self.covariance;
        let channels = covariance.nrows();
        let count = self.count.max(1) as f64;
        covariance /= count;
        let width = channels as f64;
        let mean_variance = (0..channels).map(|i| covariance[(i, i)]).sum::<f64>() / width;
        let norm: f64 = covariance.iter().map(|c| c * c).sum();
        // Frobenius norms divided by the width, as in the paper's section 3.2.
        let spread = (norm / width - mean_variance * mean_variance).max(0.0);
        let error = ((self.fourth / count - norm) / (width * count)).max(0.0).min(spread);
        let shrinkage = if spread > 0.0 { error / spread } else { 1.0 };
        covariance *= 1.0 - shrinkage;
        for i in 0..channels {
            covariance[(i, i)] += shrinkage * mean_variance;
        }
        (covariance, shrinkage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldmirror_core::ids::EntityKey;
    use fieldmirror_core::seed::{Purpose, Seed};

    fn correlated(n: u32, spread: f64) -> Vec<f32> {
        let draws = Seed::new(5).draws(EntityKey::of("rows"), Purpose::SensorNoise);
        (0..n)
            .flat_map(|i| {
                let [a, b] = draws.normals(i);
                [spread * a, spread * (0.9 * a + 0.43 * b)].map(|v| v as f32)
            })
            .collect()
    }

    #[test]
    fn parts_sum_to_the_distance_and_broken_correlation_is_farther() {
        let baseline = Mahalanobis::fit(&correlated(2_000, 10.0), 2).unwrap();
        let mut parts = [0.0; 2];
        let along = baseline.score(&[10.0, 10.0], &mut parts);
        assert!((parts[0] + parts[1] - along).abs() < 1e-4);
        let across = baseline.score(&[10.0, -10.0], &mut parts);
        assert!(across > 8.0 * along, "{across} {along}");
    }

    #[test]
    fn a_quiet_clean_stretch_does_not_make_small_deviations_large() {
        let baseline = Mahalanobis::fit(&correlated(500, 1e-3), 2).unwrap();
        let distance = baseline.score(&[2.0, 0.0], &mut [0.0; 2]);
        assert!((distance - 4.0).abs() < 1e-3, "{distance}");
    }

    #[test]
    fn shrinkage_falls_with_the_sample() {
        let few = Mahalanobis::fit(&correlated(8, 1.0), 2).unwrap().shrinkage();
        let many = Mahalanobis::fit(&correlated(4_000, 1.0), 2).unwrap().shrinkage();
        assert!(few > many && many < 0.01, "{few} {many}");
    }

    #[test]
    fn without_rows_the_distance_is_in_tolerances() {
        let baseline = Mahalanobis::fit(&[], 2).unwrap();
        assert_eq!(baseline.score(&[3.0, 4.0], &mut [0.0; 2]), 25.0);
    }
}

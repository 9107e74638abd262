//! From the scores of several detectors to one.
//!
//! A detector's score becomes log(1 + score), then the mean of the last rows, and is then put on
//! the scale of its own out-of-fold scores: the median is 0 and a high quantile is 1. Ends are cut
//! off, and the weighted mean is the fused score. Everything looks at a fixed number of rows of the
//! same stretch and sums them anew, so that chunks of any size give the same bits.

use super::settings::{Fusion as Settings, Weighing};
use crate::detector::Kind;
use serde::{Deserialize, Serialize};

/// What puts a detector's scores on the common scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normaliser {
    /// Median log score: what rows before the stretch's first count as.
    pub rest: f64,
    /// Median of the trailing mean.
    pub median: f64,
    /// The high quantile of the trailing mean, from the median on.
    pub unit: f64,
    /// How much the detector counts; the weights of a model add up to 1.
    pub weight: f64,
    /// Rows of the trailing mean.
    pub rows: usize,
}

/// The log of a score, as it is kept.
pub(super) fn log_score(score: f32) -> f32 {
    libm::log1p(f64::from(score.max(0.0))) as f32
}

/// The trailing mean over `rows` log scores at the end of `logs`; what lies before them is `rest`.
pub(super) fn trailing_mean(logs: &[f32], rows: usize, rest: f64) -> f64 {
    let logs = &logs[logs.len().saturating_sub(rows)..];
    let before = rest * (rows - logs.len()) as f64;
    logs.iter().fold(before, |sum, &log| sum + f64::from(log)) / rows as f64
}

impl Normaliser {
    /// Learns from the log scores of stretches, each without the rows that have none.
    pub(super) fn learn(stretches: &[&[f32]], rows: usize, settings: &Settings) -> Self {
        let mut logs: Vec<f64> =
            stretches.iter().flat_map(|logs| logs.iter().map(|&log| f64::from(log))).collect();
        let rest = super::scaler::median(&mut logs);
        let mut means: Vec<f64> = Vec::with_capacity(logs.len());
        for logs in stretches {
            means.extend((1..=logs.len()).map(|end| {
                let from = end.saturating_sub(rows);
                trailing_mean(&logs[from..end], rows, rest)
            }));
        }
        let high = quantile(&mut means, settings.quantile);
        let median = quantile(&mut means, 0.5);
        Self { rest, median, unit: (high - median).max(UNIT_MIN), weight: 0.0, rows }
    }

    /// The detector's score of a row on the common scale, of the log scores that end with the
    /// row's.
    pub(super) fn normal(&self, logs: &[f32], settings: &Settings) -> f32 {
        self.on_scale(trailing_mean(logs, self.rows, self.rest), settings)
    }

    /// A trailing mean on the common scale.
    pub(super) fn on_scale(&self, mean: f64, settings: &Settings) -> f32 {
        let normal = ((mean - self.median) / self.unit) as f32;
        let beyond = normal - settings.clip_high;
        if beyond > 0.0 {
            settings.clip_high + libm::log1pf(beyond)
        } else {
            normal.max(settings.clip_low)
        }
    }
}

/// Fuses a row's scores on the common scale, each with its weight: [`Settings::strongest`] of the
/// one that is most alarmed, the rest of their weighted mean. Tells each one's part and
/// returns the sum of parts. None stands for a detector that has too few rows as yet; the
/// others then share its weight.
///
/// The mean is calm where detectors disagree by chance; the strongest sees what only one can see.
pub(super) fn fuse(row: &[(Option<f32>, f64)], strongest: f32, mut part: impl FnMut(f32)) -> f32 {
    let present = row.iter().filter_map(|&(normal, weight)| Some((normal?, weight)));
    let total = present.map(|(_, weight)| weight).sum::<f64>() as f32;
    let mut top: Option<(usize, f32)> = None;
    for (index, (normal, _)) in row.iter().enumerate() {
        let Some(normal) = *normal else { continue };
        if top.is_none_or(|(_, most)| normal > most) {
            top = Some((index, normal));
        }
    }
    let mut fused = 0.0;
    for (index, &(normal, weight)) in row.iter().enumerate() {
        let mut own = 0.0;
        if let Some(normal) = normal {
            own = (1.0 - strongest) * normal * (weight as f32 / total);
            if top.is_some_and(|(top, _)| top == index) {
                own += strongest * normal;
            }
        }
        part(own);
        fused += own;
    }
    fused
}

/// Least distance between median and high quantile, in log scores: a detector that always says the
/// same is not made a hair trigger.
const UNIT_MIN: f64 = 1e-3;

/// The quantile `share` of `values`, which are put in another order; 0 of none.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f64 * share) as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// What training rows tell of a detector without labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which detector.
    pub kind: Kind,
    /// Median of the smoothed out-of-fold scores of each block, on the common scale.
    pub block_medians: Vec<f64>,
    /// Share of each block's rows above the high quantile of all.
    pub block_exceedance: Vec<f64>,
    /// Area under the ROC curve against each kind of injected fault, mean over blocks; empty where
    /// none was injected.
    pub faults: Vec<(String, f64)>,
    /// Share of the rows with each kind of injected fault that the detector alone would alarm on, at
    /// the threshold that keeps its own clean rows within the budget.
    pub power: Vec<(String, f64)>,
}

impl Evidence {
    /// How far the block furthest above lies above the median of all, on the common scale: drift
    /// that the detector takes for anomaly.
    pub fn shift(&self) -> f64 {
        self.block_medians.iter().copied().fold(0.0, f64::max)
    }

    /// Mean area under the curve over the kinds of faults; chance where none was injected.
    pub fn area(&self) -> f64 {
        if self.faults.is_empty() {
            return 0.5;
        }
        self.faults.iter().map(|fault| fault.1).sum::<f64>() / self.faults.len() as f64
    }
}

impl Evidence {
    /// Mean power over the kinds of faults.
    pub fn mean_power(&self) -> f64 {
        self.power.iter().map(|fault| fault.1).sum::<f64>() / self.power.len().max(1) as f64
    }
}

/// How much each detector counts, adding up to 1; 0 leaves one out.
///
/// A detector counts by the share of injected faults that it alone would alarm on at its own
/// threshold for the budget, and less the more unlike each other clean blocks look to it: what one
/// block does not tell of the next will not be told of tomorrow. Where several channels are
/// `measured`, [`Weighing::prior`] comes on top. Those far below the best are faded out: evidence
/// from another few rows would not turn them on or off.
pub fn weigh(evidence: &[Evidence], measured: usize, settings: &Weighing) -> Vec<f64> {
    let raw = |one: &Evidence| {
        if !settings.by_evidence || one.faults.is_empty() {
            return 1.0;
        }
        let prior = settings.prior.get(one.kind.name()).copied().filter(|_| measured > 1);
        let prior = prior.unwrap_or(1.0);
        prior * libm::pow(one.mean_power(), settings.power)
            / libm::pow(1.0 + one.shift(), settings.shift)
    };
    let mut weights: Vec<f64> = evidence.iter().map(raw).collect();
    let best = weights.iter().copied().fold(0.0, f64::max);
    if best <= 0.0 {
        weights.fill(1.0);
    }
    let best = weights.iter().copied().fold(0.0, f64::max);
    let (least, full) = (settings.least_share * best, settings.full_share * best);
    let fade = |weight: f64| ((weight - least) / (full - least)).clamp(0.0, 1.0);
    weights.iter_mut().for_each(|weight| *weight *= fade(*weight));
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(area: f64, shift: f64) -> Evidence {
        Evidence {
            kind: Kind::Var,
            block_medians: vec![-shift, shift],
            block_exceedance: vec![0.05, 0.05],
            faults: vec![("spike".to_owned(), area)],
            power: vec![("spike".to_owned(), area)],
        }
    }

    #[test]
    fn the_trailing_mean_is_the_same_bits_wherever_a_chunk_ends() {
        let logs: Vec<f32> = (0..100).map(|i| libm::sinf(i as f32) + 1.0).collect();
        for end in 1..=100 {
            let short = &logs[usize::saturating_sub(end, 10)..end];
            let (a, b) = (trailing_mean(&logs[..end], 10, 0.7), trailing_mean(short, 10, 0.7));
            assert_eq!(a.to_bits(), b.to_bits());
        }
        assert!((trailing_mean(&[1.0], 4, 0.5) - 2.5 / 4.0).abs() < 1e-12);
    }

    #[test]
    fn scores_lie_on_the_scale_of_the_training_rows() {
        let settings = Settings::default();
        let logs: Vec<f32> = (0..=100).map(|i| i as f32 / 100.0).collect();
        let found = Normaliser::learn(&[&logs], 1, &settings);
        assert!((found.normal(&[0.5], &settings)).abs() < 1e-6);
        assert!((found.normal(&[0.95], &settings) - 1.0).abs() < 1e-6);
        assert!((8.0..60.0).contains(&found.normal(&[1e9], &settings)));
        assert_eq!(found.normal(&[-1e9], &settings), -1.0);
        let flat = Normaliser::learn(&[&[0.3; 50]], 1, &settings);
        assert!(flat.unit > 0.0);
    }

    #[test]
    fn part_of_a_score_is_the_most_alarmed_and_absent_detectors_leave_no_hole() {
        let mut parts = Vec::new();
        let mut row = [(Some(1.0), 0.5), (Some(4.0), 0.25), (Some(0.0), 0.25)];
        let fused = fuse(&row, 0.5, |part| parts.push(part));
        assert_eq!((fused, &parts[..]), (2.75, &[0.25, 2.5, 0.0][..]));
        row[0].0 = None;
        assert_eq!(fuse(&row, 0.5, |_| ()), 3.0);
        assert_eq!(fuse(&row, 0.0, |_| ()), 2.0);
        assert_eq!(fuse(&[(Some(3.0), 1.0)], 0.5, |_| ()), 3.0);
        assert_eq!(fuse(&[(None, 1.0)], 0.5, |_| ()), 0.0);
    }

    #[test]
    fn a_detector_counts_by_what_it_sees_and_how_calm_it_is() {
        let settings = Weighing::default();
        let weights =
            weigh(&[evidence(0.9, 0.0), evidence(0.9, 0.15), evidence(0.35, 0.0)], 3, &settings);
        assert!(weights[0] > 1.1 * weights[1] && weights[1] > 0.0, "{weights:?}");
        assert_eq!(weights[2], 0.0);
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let faded = |power| weigh(&[evidence(0.9, 0.0), evidence(power, 0.0)], 3, &settings)[1];
        assert!(faded(0.37) < 0.03 && faded(0.45) > 0.1 && faded(0.6) > 0.39);
        let alike = Weighing { by_evidence: false, ..settings };
        assert_eq!(weigh(&[evidence(0.9, 0.0), evidence(0.5, 9.0)], 3, &alike), [0.5, 0.5]);
        assert_eq!(weigh(&[evidence(0.4, 0.0)], 3, &Weighing::default()), [1.0]);
    }
}

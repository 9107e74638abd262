//! Made-up rows, and the laws that each detector with a network is held to in its tests.

use crate::detector::{Detector, Role, Rows, Training, Weights};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

/// Rows of sines that share a phase, with a little noise.
pub(crate) fn waves(rows: usize, channels: usize, seed: u64) -> Vec<f32> {
    let draws = Seed::new(seed).draws(EntityKey::of("waves"), Purpose::SensorNoise);
    let mut values = Vec::with_capacity(rows * channels);
    for t in 0..rows {
        for c in 0..channels {
            let phase = t as f64 * 0.21 + c as f64 * 0.9;
            let noise = 0.1 * draws.normal((t * channels + c) as u32);
            values.push((1.4 * libm::sin(phase) + noise) as f32);
        }
    }
    values
}

/// Training on one stretch of `values`, with `roles`, handed to `fit`.
pub(crate) fn fitted<T>(
    values: &[f32],
    roles: &[Role],
    fit: impl FnOnce(&Training<'_>) -> Result<T>,
) -> Result<T> {
    let stretches = [Rows::new(values, roles.len())];
    fit(&Training { noise: &[], stretches: &stretches, roles, seed: Seed::new(7) })
}

/// Scores of all rows that have their history.
pub(crate) fn scores(detector: &dyn Detector, values: &[f32], channels: usize) -> Vec<f32> {
    let rows = Rows::new(values, channels);
    let mut scores = vec![0.0; rows.len() - detector.history()];
    detector.score(rows, &mut scores).unwrap();
    scores
}

/// Bits of scores.
pub(crate) fn bits(scores: &[f32]) -> Vec<u32> {
    scores.iter().map(|score| score.to_bits()).collect()
}

/// The largest difference of `found` from a tensor, relative to the largest magnitude of either.
pub(crate) fn apart(found: &[f32], tensor: &candle_core::Tensor) -> f32 {
    let expected = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(found.len(), expected.len());
    let all = found.iter().chain(&expected);
    let largest = all.fold(0.0_f32, |largest, x| largest.max(x.abs()));
    assert!(largest > 0.0, "all are 0");
    let apart = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
    apart.fold(0.0_f32, f32::max) / largest
}

/// The median.
pub(crate) fn median(scores: &[f32]) -> f32 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted[sorted.len() / 2]
}

/// The tests that each detector with a network passes, made for one with so many steps of its
/// training (for the laws, and where it need only survive).
macro_rules! laws {
    ($detector:ident, $long:literal, $short:literal) => {
        mod laws {
            use super::super::{Settings, $detector};
            use crate::detector::network::examples::*;
            use crate::detector::{Detector, Role, Training};
            use crate::error::Result;

            fn boxed(training: &Training<'_>) -> Result<Box<dyn Detector>> {
                let settings = Settings { steps: $short, ..Settings::default() };
                Ok(Box::new($detector::fit(training, &settings)?))
            }

            #[test]
            fn waves_are_learned_and_the_laws_hold() {
                let settings = Settings { steps: $long, ..Settings::default() };
                let fit = |training: &Training<'_>| $detector::fit(training, &settings);
                let detector = fitted(&waves(1_000, 4, 1), &[Role::Measured; 4], fit).unwrap();
                hold_to_the_laws(&detector, |weights| Ok(Box::new($detector::restore(weights)?)));
            }

            #[test]
            fn poor_data_is_survived() {
                survives_poor_data(boxed);
            }

            #[test]
            fn outside_influences_are_not_judged() {
                ignores_outside_influence(boxed);
            }

            #[test]
            fn the_number_of_threads_changes_no_bit() {
                let run = |threads: usize| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    pool.build().unwrap().install(|| {
                        let rows = waves(4_000, 3, 1);
                        let detector = fitted(&rows, &[Role::Measured; 3], boxed).unwrap();
                        (detector.weights(), bits(&scores(detector.as_ref(), &rows, 3)))
                    })
                };
                assert_eq!(run(1), run(3));
            }
        }
    };
}
pub(crate) use laws;

/// What must hold of a detector that learned [`waves`] of four channels.
pub(crate) fn hold_to_the_laws(
    detector: &dyn Detector,
    restore: impl Fn(&Weights) -> Result<Box<dyn Detector>>,
) {
    let clean = waves(700, 4, 2);
    let all = scores(detector, &clean, 4);
    assert!(all.iter().all(|score| score.is_finite() && *score >= 0.0));

    let history = detector.history();
    // From which row on in chunks of how many.
    for (first, chunk) in [(680, 1), (600, 7), (history, 97), (history, 300)] {
        let mut pieces = Vec::new();
        for from in (first..700).step_by(chunk) {
            let until = (from + chunk).min(700);
            pieces.extend(scores(detector, &clean[(from - history) * 4..until * 4], 4));
        }
        assert_eq!(bits(&all[first - history..]), bits(&pieces), "in chunks of {chunk}");
    }

    let weights = detector.weights();
    let restored = restore(&weights).unwrap();
    assert_eq!(weights, restored.weights());
    assert_eq!(bits(&all), bits(&scores(restored.as_ref(), &clean, 4)));
    let mut broken = weights;
    broken.tensors.remove("measured");
    assert!(restore(&broken).unwrap_err().to_string().contains("measured"));

    // One channel stops while the others go on.
    let mut stuck = waves(700, 4, 3);
    let held = stuck[400 * 4 + 2];
    for row in stuck.chunks_exact_mut(4).skip(400) {
        row[2] = held;
    }
    let after = scores(detector, &stuck, 4);
    let (before, after) = after.split_at(400 - history);
    assert!(
        median(&after[30..]) > 3.0 * median(before),
        "{} after, {} before",
        median(&after[30..]),
        median(before)
    );

    // A jump of one channel is explained by that channel.
    let mut jump = clean[..(history + 1) * 4].to_vec();
    jump[history * 4 + 1] += 6.0;
    let (mut parts, mut expected) = ([0.0; 4], [0.0; 4]);
    detector.explain(Rows::new(&jump, 4), &mut parts, &mut expected).unwrap();
    let score = scores(detector, &jump, 4)[0];
    assert!((parts.iter().sum::<f32>() - score).abs() <= 1e-4 * score);
    assert!(parts[1] > parts[0].max(parts[2]).max(parts[3]), "{parts:?}");
    assert!(jump[history * 4 + 1] - expected[1] > 2.0, "{expected:?}");

    // Nothing that can be measured makes a score that is not a number.
    let wild: Vec<f32> = clean.iter().map(|x| x * 1e30).collect();
    assert!(scores(detector, &wild, 4).iter().all(|score| score.is_finite()));
}

/// What `fit` must survive.
pub(crate) fn survives_poor_data(fit: impl Fn(&Training<'_>) -> Result<Box<dyn Detector>>) {
    for (rows, channels) in [(30, 2), (9, 1), (2, 3), (1, 1), (300, 1)] {
        let values = waves(rows, channels, 4);
        let roles = vec![Role::Measured; channels];
        let detector = fitted(&values, &roles, &fit).unwrap();
        let long = waves(60, channels, 5);
        assert!(scores(detector.as_ref(), &long, channels).iter().all(|s| s.is_finite()));
    }
    let constant = vec![0.0; 200 * 2];
    let detector = fitted(&constant, &[Role::Measured; 2], &fit).unwrap();
    let quiet = scores(detector.as_ref(), &constant, 2);
    assert!(quiet.iter().all(|s| *s < 1.0), "{}", quiet[0]);
    let mut moved = constant;
    moved[199 * 2] = 1.0;
    assert!(scores(detector.as_ref(), &moved, 2)[quiet.len() - 1] > 10.0 * (quiet[0] + 0.1));
    assert!(fitted(&[], &[Role::Measured], &fit).is_err());
    assert!(fitted(&waves(99, 1, 1), &[Role::Exogenous], &fit).is_err());
}

/// An exogenous channel is never anomalous itself.
pub(crate) fn ignores_outside_influence(fit: impl Fn(&Training<'_>) -> Result<Box<dyn Detector>>) {
    let roles = [Role::Measured, Role::Exogenous, Role::Measured];
    let detector = fitted(&waves(600, 3, 6), &roles, &fit).unwrap();
    let history = detector.history();
    let rows = waves(history + 1, 3, 8);
    let (mut parts, mut expected) = ([0.0; 3], [0.0; 3]);
    detector.explain(Rows::new(&rows, 3), &mut parts, &mut expected).unwrap();
    assert_eq!(parts[1], 0.0);
    assert_eq!(expected[1], rows[history * 3 + 1]);
    assert!(parts[0] > 0.0 && parts[2] > 0.0);
}

//! What holds of every detector without a network: equal bits in any block and after a restart,
//! finite scores of anything, sense on degenerate training, and the right channel named.

use super::autoregression::{self, Autoregression};
use super::clusters::{self, Clusters};
use super::isolation_forest::{self, IsolationForest};
use super::mahalanobis::{self, Mahalanobis};
use super::robust_z::{self, Combination, RobustZ};
use super::sub_pca::{self, SubPca};
use super::var::{self, Var};
use super::{Detector, Kind, Role, Rows, Training, Weights};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use proptest::prelude::*;
use std::sync::OnceLock;

/// Rows of two temperatures, a pressure that follows the first, a command and a flow that follows
/// the command.
pub(crate) fn plant(seed: u64, rows: usize) -> Vec<f32> {
    let draws = Seed::new(seed).draws(EntityKey::of("plant"), Purpose::SensorNoise);
    let (mut a, mut b) = (0.0_f64, 0.0_f64);
    let mut values = Vec::with_capacity(rows * 5);
    for i in 0..rows {
        let [u, v, w, x] = draws.normals4(i as u32);
        let command = f64::from(u8::from(i % 40 >= 20));
        a = 0.8 * a + 0.6 * u;
        b = 0.5 * b + 0.3 * a + 0.6 * v;
        let row = [a, b, 0.9 * a - 0.3 * b + 0.2 * w, command, 1.5 * command - 0.75 + 0.3 * x];
        values.extend(row.map(|v| v as f32));
    }
    values
}

pub(crate) const ROLES: [Role; 5] =
    [Role::Measured, Role::Measured, Role::Measured, Role::Exogenous, Role::Measured];

type Made = (&'static str, Box<dyn Detector>);

/// One of each, and their variants, fitted on `training`.
fn all(training: &Training<'_>) -> Result<Vec<Made>> {
    let mean = Combination::Mean;
    Ok(vec![
        ("var", Box::new(Var::fit(training, &var::Settings::default())?)),
        ("mahalanobis", Box::new(Mahalanobis::fit(training, &mahalanobis::Settings::default())?)),
        ("robust z", Box::new(RobustZ::fit(training, &robust_z::Settings::default())?)),
        (
            "mean robust z",
            Box::new(RobustZ::fit(
                training,
                &robust_z::Settings { combination: mean, floor: 0.1 },
            )?),
        ),
        ("sub-pca", Box::new(SubPca::fit(training, &sub_pca::Settings::default())?)),
        (
            "autoregression",
            Box::new(Autoregression::fit(training, &autoregression::Settings::default())?),
        ),
        (
            "mean autoregression",
            Box::new(Autoregression::fit(
                training,
                &autoregression::Settings { combination: mean, ..Default::default() },
            )?),
        ),
        ("clusters", Box::new(Clusters::fit(training, &clusters::Settings::default())?)),
        (
            "clusters of shapes",
            Box::new(Clusters::fit(
                training,
                &clusters::Settings { per_channel: true, normalise: true, ..Default::default() },
            )?),
        ),
        (
            "isolation forest",
            Box::new(IsolationForest::fit(training, &isolation_forest::Settings::default())?),
        ),
    ])
}

fn restore(kind: Kind, weights: &Weights) -> Result<Box<dyn Detector>> {
    Ok(match kind {
        Kind::Var => Box::new(Var::restore(weights)?),
        Kind::Mahalanobis => Box::new(Mahalanobis::restore(weights)?),
        Kind::RobustZ => Box::new(RobustZ::restore(weights)?),
        Kind::SubPca => Box::new(SubPca::restore(weights)?),
        Kind::Autoregression => Box::new(Autoregression::restore(weights)?),
        Kind::Clusters => Box::new(Clusters::restore(weights)?),
        Kind::IsolationForest => Box::new(IsolationForest::restore(weights)?),
        other => panic!("{other:?} has a network"),
    })
}

/// All detectors, fitted on two stretches of the plant.
fn fitted() -> &'static [Made] {
    static FITTED: OnceLock<Vec<Made>> = OnceLock::new();
    FITTED.get_or_init(|| {
        let values = plant(1, 2_400);
        let stretches = [Rows::new(&values[..5 * 1_000], 5), Rows::new(&values[5_000..], 5)];
        let training =
            Training { noise: &[], stretches: &stretches, roles: &ROLES, seed: Seed::new(9) };
        all(&training).unwrap()
    })
}

fn score(detector: &dyn Detector, values: &[f32], channels: usize) -> Vec<f32> {
    let rows = Rows::new(values, channels);
    let mut scores = vec![f32::NAN; rows.len().saturating_sub(detector.history())];
    detector.score(rows, &mut scores).unwrap();
    scores
}

fn bits(scores: &[f32]) -> Vec<u32> {
    scores.iter().map(|score| score.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_score_is_the_same_bits_in_any_block(
        seed in 0_u64..1_000,
        mut cuts in proptest::collection::vec(0_usize..500, 0..8),
        wild in proptest::option::of((0_usize..2_500, -1e6_f32..1e6)),
    ) {
        let mut values = plant(seed, 500);
        if let Some((place, value)) = wild {
            values[place] = value;
        }
        cuts.extend([0, 500]);
        cuts.sort_unstable();
        for (name, detector) in fitted() {
            let whole = score(detector.as_ref(), &values, 5);
            let mut pieces = Vec::new();
            for cut in cuts.windows(2) {
                let from = cut[0].saturating_sub(detector.history());
                pieces.extend(score(detector.as_ref(), &values[5 * from..5 * cut[1]], 5));
                // The first piece that is longer than the history begins to score late.
                if cut[1] <= detector.history() {
                    pieces.clear();
                } else if cut[0] < detector.history() {
                    let late = cut[1] - detector.history();
                    pieces.drain(..pieces.len() - late);
                }
            }
            prop_assert_eq!(bits(&whole), bits(&pieces), "{}", name);
        }
    }
}

#[test]
fn a_restored_detector_scores_and_explains_the_same_bits() {
    let values = plant(7, 300);
    for (name, detector) in fitted() {
        let again = restore(detector.kind(), &detector.weights()).unwrap();
        assert_eq!(again.weights(), detector.weights(), "{name}");
        assert_eq!(again.history(), detector.history(), "{name}");
        let scores = score(detector.as_ref(), &values, 5);
        assert_eq!(bits(&scores), bits(&score(again.as_ref(), &values, 5)), "{name}");
        let rows = Rows::new(&values[..5 * (detector.history() + 1)], 5);
        let mut found = [[f32::NAN; 5]; 4];
        let [a, b, c, d] = &mut found;
        detector.explain(rows, a, b).unwrap();
        again.explain(rows, c, d).unwrap();
        assert_eq!((bits(a), bits(b)), (bits(c), bits(d)), "{name}");
    }
}

#[test]
fn damaged_numbers_are_refused() {
    for (name, detector) in fitted() {
        let weights = detector.weights();
        for size in weights.sizes.keys() {
            let mut damaged = weights.clone();
            damaged.sizes.remove(size);
            assert!(restore(detector.kind(), &damaged).is_err(), "{name} without {size}");
            damaged.sizes.insert(size.clone(), usize::MAX);
            assert!(restore(detector.kind(), &damaged).is_err(), "{name} with a large {size}");
        }
        for tensor in weights.tensors.keys() {
            let mut damaged = weights.clone();
            damaged.tensors.remove(tensor);
            let error = restore(detector.kind(), &damaged).unwrap_err().to_string();
            assert!(error.contains(tensor), "{name} without {tensor}: {error}");
            let mut damaged = weights.clone();
            let data = &mut damaged.tensors.get_mut(tensor).unwrap().1;
            data[0] = f32::NAN;
            assert!(restore(detector.kind(), &damaged).is_err(), "{name} with NaN in {tensor}");
        }
    }
}

#[test]
fn scores_are_finite_and_not_negative_whatever_comes() {
    let mut values = plant(3, 400);
    for (i, value) in values.iter_mut().enumerate().skip(5 * 150) {
        *value = match i / 5 % 7 {
            0 => 1e6,
            1 => -1e6,
            2 => 30.0,
            3 => *value * 1e-30,
            4 => f32::MIN_POSITIVE,
            _ => *value,
        };
    }
    for (name, detector) in fitted() {
        let scores = score(detector.as_ref(), &values, 5);
        assert!(scores.iter().all(|score| score.is_finite() && *score >= 0.0), "{name}");
        let (mut parts, mut expected) = ([0.0; 5], [0.0; 5]);
        for end in 150..170 {
            let from = end - detector.history();
            let rows = Rows::new(&values[5 * from..5 * (end + 1)], 5);
            detector.explain(rows, &mut parts, &mut expected).unwrap();
            assert!(parts.iter().all(|part| part.is_finite() && *part >= 0.0), "{name} {parts:?}");
            assert!(expected.iter().all(|value| value.is_finite()), "{name} {expected:?}");
            assert_eq!(parts[3], 0.0, "{name}: a command has no part");
        }
    }
}

#[test]
fn a_fault_is_seen_and_its_channel_named() {
    for channel in [0, 1, 2, 4] {
        // The shapes of noise are many: a peak among them is none the stranger. The clusters' own
        // tests have shapes that repeat.
        for (name, detector) in fitted().iter().filter(|(name, _)| !name.contains("shapes")) {
            let mut values = plant(11 + channel as u64, 300);
            let clean = score(detector.as_ref(), &values, 5);
            values[5 * 250 + channel] += 8.0;
            let scores = score(detector.as_ref(), &values, 5);
            let at = 250 - detector.history();
            let usual = clean.iter().sum::<f32>() / clean.len() as f32;
            assert!(scores[at] > 1.1 * usual && scores[at] > clean[at], "{name} {channel}");
            let (mut parts, mut expected) = ([0.0; 5], [0.0; 5]);
            let rows = Rows::new(&values[5 * at..5 * 251], 5);
            detector.explain(rows, &mut parts, &mut expected).unwrap();
            let first = (0..5).max_by(|&a, &b| parts[a].total_cmp(&parts[b])).unwrap();
            assert_eq!(first, channel, "{name}: {parts:?}");
            let observed = values[5 * 250 + channel];
            assert!(
                (expected[channel] - (observed - 8.0)).abs() < (expected[channel] - observed).abs(),
                "{name}: expected {} beside {observed}",
                expected[channel]
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_detector_and_another_one_another() {
    let values = plant(1, 1_000);
    let stretches = [Rows::new(&values, 5)];
    let with = |seed| {
        let training =
            Training { noise: &[], stretches: &stretches, roles: &ROLES, seed: Seed::new(seed) };
        all(&training).unwrap().into_iter().map(|(_, d)| (d.kind(), d.weights())).collect()
    };
    let (first, again, other): (Vec<(Kind, Weights)>, Vec<_>, Vec<_>) = (with(1), with(1), with(2));
    assert_eq!(first, again);
    for (a, b) in first.iter().zip(&other) {
        let drawn = matches!(a.0, Kind::Clusters | Kind::IsolationForest);
        assert_eq!(a != b, drawn, "{:?}", a.0);
    }
}

#[test]
fn poor_training_gives_a_detector_all_the_same() {
    let few = plant(2, 9);
    let constant = vec![0.0; 5 * 300];
    let one: Vec<f32> = plant(4, 300).into_iter().step_by(5).collect();
    let mut mixed = plant(5, 300);
    for row in mixed.chunks_exact_mut(5) {
        row[1] = 0.0;
    }
    let cases: [(&str, &[f32], &[Role]); 5] = [
        ("few rows", &few, &ROLES),
        ("constant channels", &constant, &ROLES),
        ("one channel", &one, &[Role::Measured]),
        ("one constant channel", &mixed, &ROLES),
        ("nothing measured", &one, &[Role::Exogenous]),
    ];
    for (case, values, roles) in cases {
        let channels = roles.len();
        let stretches = [Rows::new(values, channels), Rows::new(&values[..channels], channels)];
        let training = Training { noise: &[], stretches: &stretches, roles, seed: Seed::new(1) };
        for (name, detector) in all(&training).unwrap() {
            let again = restore(detector.kind(), &detector.weights()).unwrap();
            let mut probe: Vec<f32> = plant(6, 100)[..100 * channels].to_vec();
            probe[80 * channels] = 1e6;
            let scores = score(detector.as_ref(), &probe, channels);
            assert!(scores.iter().all(|s| s.is_finite() && *s >= 0.0), "{case}, {name}");
            assert_eq!(bits(&scores), bits(&score(again.as_ref(), &probe, channels)), "{case}");
            let at = 80 - detector.history();
            let usual = scores[..at].iter().sum::<f32>() / at as f32;
            let flat = matches!(detector.kind(), Kind::IsolationForest) || name.contains("shapes");
            if roles[0] == Role::Measured && !flat {
                assert!(scores[at] > 3.0 * usual, "{case}, {name}: {} {usual}", scores[at]);
            }
        }
    }
}

#[test]
fn a_dead_channel_changes_no_score() {
    let values = plant(1, 1_500);
    let wider: Vec<f32> =
        values.chunks_exact(5).flat_map(|row| row.iter().copied().chain([0.0])).collect();
    let roles: Vec<Role> = ROLES.into_iter().chain([Role::Measured]).collect();
    let with = |values: &[f32], roles: &[Role]| {
        let stretches = [Rows::new(&values[..1_000 * roles.len()], roles.len())];
        let training = Training { noise: &[], stretches: &stretches, roles, seed: Seed::new(1) };
        let detectors = all(&training).unwrap().into_iter();
        // A mean over channels is over one more.
        let detectors = detectors.filter(|(name, _)| !name.contains("mean"));
        let scored = detectors.map(|(name, d)| (name, score(d.as_ref(), values, roles.len())));
        scored.collect::<Vec<_>>()
    };
    for ((name, narrow), (_, wide)) in with(&values, &ROLES).iter().zip(with(&wider, &roles)) {
        assert_eq!(narrow.len(), wide.len(), "{name}");
        for (a, b) in narrow.iter().zip(wide) {
            assert!((a - b).abs() <= 1e-3 * a.abs().max(0.01), "{name}: {a} {b}");
        }
    }
}

#[test]
fn training_without_rows_is_refused_with_what_is_needed() {
    let training = Training { noise: &[], stretches: &[], roles: &ROLES, seed: Seed::new(1) };
    let error = all(&training).unwrap_err().to_string();
    assert!(error.contains("Var") && error.contains("expected at least 2"), "{error}");
    let one = Rows::new(&[1.0; 5], 5);
    let stretches = [one, one];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &ROLES, seed: Seed::new(1) };
    assert!(Var::fit(&training, &var::Settings::default()).is_err(), "no row follows another");
    assert!(Mahalanobis::fit(&training, &mahalanobis::Settings::default()).is_ok());
}

//! A known autoregression is found again, and a row's score is the distance of its error.

use super::*;
use crate::detector::Role;
use crate::detector::mahalanobis::{self, Mahalanobis};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

/// x_t = A x_(t-1) + B x_(t-2) + c u_t + noise of deviation .1, with a command u.
const A: [[f64; 2]; 2] = [[0.5, 0.2], [-0.3, 0.4]];
const B: [[f64; 2]; 2] = [[0.2, 0.0], [0.1, -0.2]];
const C: [f64; 2] = [0.7, -0.4];

fn known(rows: usize) -> Vec<f32> {
    let draws = Seed::new(2).draws(EntityKey::of("var"), Purpose::SensorNoise);
    let mut values = vec![0.0_f64; 6];
    for t in 2..rows {
        let [e, f, g, _] = draws.normals4(t as u32);
        let past = |lag: usize, c: usize| values[3 * (t - lag) + c];
        let next: [f64; 2] = std::array::from_fn(|i| {
            let own: f64 = (0..2).map(|j| A[i][j] * past(1, j) + B[i][j] * past(2, j)).sum();
            own + C[i] * g + 0.1 * [e, f][i] + 0.3
        });
        values.extend([next[0], next[1], g]);
    }
    values.into_iter().map(|v| v as f32).collect()
}

const ROLES: [Role; 3] = [Role::Measured, Role::Measured, Role::Exogenous];

fn fit(values: &[f32], lags: usize) -> Var {
    let stretches = [Rows::new(&values[..3_000], 3), Rows::new(&values[3_000..], 3)];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &ROLES, seed: Seed::new(1) };
    Var::fit(&training, &Settings { lags, values: 0, ridge: 1e-7, floor: 0.0, drift: 0.0 }).unwrap()
}

fn level(values: &[f32]) -> Mahalanobis {
    let stretches = [Rows::new(values, 3)];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &ROLES, seed: Seed::new(1) };
    Mahalanobis::fit(&training, &mahalanobis::Settings::default()).unwrap()
}

#[test]
fn known_coefficients_are_found() {
    let weights = fit(&known(20_000), 2).weights();
    let (shape, found) = &weights.tensors["prediction"];
    assert_eq!(shape, &[2, 10]);
    for i in 0..2 {
        let row = &found[10 * i..10 * (i + 1)];
        // Oldest row first: lag 2, lag 1, the current command, the intercept.
        let expected = [B[i][0], B[i][1], 0.0, A[i][0], A[i][1], 0.0, 0.0, 0.0, C[i], 0.3];
        for (d, (found, expected)) in row.iter().zip(expected).enumerate() {
            assert!((f64::from(*found) - expected).abs() < 0.02, "{i} {d}: {found} {expected}");
        }
    }
}

#[test]
fn a_score_is_the_distance_of_the_error() {
    let values = known(20_000);
    let detector = fit(&values, 2);
    let mut window = values[3 * 500..3 * 503].to_vec();
    // Make the error exactly (.3, .4): the noise has deviation .1 and no correlation.
    let mut expected = [0.0; 3];
    detector.explain(Rows::new(&window, 3), &mut [0.0; 3], &mut expected).unwrap();
    window[6] = expected[0] + 0.3;
    window[7] = expected[1] + 0.4;
    let mut scores = [0.0];
    detector.score(Rows::new(&window, 3), &mut scores).unwrap();
    assert!((scores[0] - (9.0 + 16.0) / 2.0).abs() < 0.6, "{scores:?}");
    let mut parts = [0.0; 3];
    detector.explain(Rows::new(&window, 3), &mut parts, &mut expected).unwrap();
    assert!((parts[0] - 4.5).abs() < 0.4 && (parts[1] - 8.0).abs() < 0.4, "{parts:?}");
    let mut all = vec![0.0; 19_998];
    detector.score(Rows::new(&values, 3), &mut all).unwrap();
    let mean = all.iter().sum::<f32>() / all.len() as f32;
    assert!((mean - 1.0).abs() < 0.02, "mean {mean}");
}

#[test]
fn lags_shrink_to_what_the_rows_afford() {
    let values = known(40);
    let stretches = [Rows::new(&values, 3)];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &ROLES, seed: Seed::new(1) };
    let found = Var::fit(&training, &Settings { lags: 10, ..Settings::default() }).unwrap();
    assert!((1..10).contains(&found.history()), "{}", found.history());
}

#[test]
fn a_level_distance_is_the_closed_form() {
    let draws = Seed::new(3).draws(EntityKey::of("levels"), Purpose::SensorNoise);
    let values: Vec<f32> = (0..50_000)
        .flat_map(|i| {
            let [a, b] = draws.normals(i);
            [1.0 + a, 2.0 + 0.8 * a + 0.6 * b].map(|v| v as f32)
        })
        .collect();
    let roles = [Role::Measured; 2];
    let stretches = [Rows::new(&values, 2)];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let settings = mahalanobis::Settings { floor: 0.0, ..Default::default() };
    let detector = Mahalanobis::fit(&training, &settings).unwrap();
    // z' S^-1 z / 2 with S = [[1, .8], [.8, 1]] and z = (2, -1).
    let exact = (4.0 + 2.0 * 0.8 * 2.0 + 1.0) / (1.0 - 0.64) / 2.0;
    let mut scores = [0.0];
    detector.score(Rows::new(&[3.0, 1.0], 2), &mut scores).unwrap();
    assert!((scores[0] / exact as f32 - 1.0).abs() < 0.03, "{scores:?} {exact}");
}

#[test]
fn a_command_explains_a_level() {
    let draws = Seed::new(4).draws(EntityKey::of("commanded"), Purpose::SensorNoise);
    let values: Vec<f32> = (0..4_000)
        .flat_map(|i| {
            let command = f64::from(i / 50 % 2);
            [3.0 * command + 0.1 * draws.normal(i), command].map(|v| v as f32)
        })
        .collect();
    let stretches = [Rows::new(&values, 2)];
    let roles = [Role::Measured, Role::Exogenous];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let given = mahalanobis::Settings { given_commands: true, ..Default::default() };
    let detector = Mahalanobis::fit(&training, &given).unwrap();
    let mut scores = [0.0; 3];
    let rows = Rows::new(&[3.0, 1.0, 0.0, 0.0, 3.0, 0.0], 2);
    detector.score(rows, &mut scores).unwrap();
    assert!(scores[0] < 1.0 && scores[1] < 1.0 && scores[2] > 500.0, "{scores:?}");
    let detector = Mahalanobis::fit(&training, &mahalanobis::Settings::default()).unwrap();
    detector.score(rows, &mut scores).unwrap();
    assert!(scores[2] < 3.0, "either level is usual: {scores:?}");
}

/// Two channels of noise, the first on a level that changes every thousand rows.
fn wandering() -> Vec<f32> {
    let draws = Seed::new(6).draws(EntityKey::of("wandering"), Purpose::SensorNoise);
    let level = |i: u32| [0.0, 1.5, -0.5, 2.0][(i / 1_000) as usize];
    let row = |i: u32| [level(i) + 0.2 * draws.normals4(i)[0], draws.normals4(i)[1]];
    (0..4_000).flat_map(row).map(|v| v as f32).collect()
}

#[test]
fn a_channel_that_wanders_counts_less_and_the_others_as_before() {
    let values = wandering();
    let stretches = [Rows::new(&values, 2)];
    let roles = [Role::Measured; 2];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let score = |drift: f64, row: [f32; 2]| {
        let settings = mahalanobis::Settings { drift, ..Default::default() };
        let mut scores = [0.0];
        let detector = Mahalanobis::fit(&training, &settings).unwrap();
        detector.score(Rows::new(&row, 2), &mut scores).unwrap();
        scores[0]
    };
    let (before, after) = (score(0.0, [6.0, 0.0]), score(3.0, [6.0, 0.0]));
    assert!(after < 0.5 * before, "{before} {after}");
    let (before, after) = (score(0.0, [0.75, 6.0]), score(3.0, [0.75, 6.0]));
    assert!((after / before - 1.0).abs() < 0.05, "{before} {after}");
}

#[test]
fn a_command_is_used_only_where_it_predicts_what_did_not_teach_it() {
    // The second command happens to agree with the level of each half.
    let draws = Seed::new(5).draws(EntityKey::of("chance"), Purpose::SensorNoise);
    let row = |i: u32| {
        let (told, half) = (f64::from(i / 7 % 2), f64::from(i / 1_000 % 2));
        let chance = if i / 2_000 == 0 { half } else { 1.0 - half };
        [2.0 * told + 0.1 * draws.normal(i), half + 0.1 * draws.normal(i + 4_000), told, chance]
    };
    let values: Vec<f32> = (0..4_000).flat_map(row).map(|v| v as f32).collect();
    let stretches = [Rows::new(&values, 4)];
    let roles = [Role::Measured, Role::Measured, Role::Exogenous, Role::Exogenous];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let given = mahalanobis::Settings { given_commands: true, ..Default::default() };
    let weights = Mahalanobis::fit(&training, &given).unwrap().weights();
    let prediction = &weights.tensors["prediction"].1;
    assert!((prediction[2] - 2.0).abs() < 0.05, "the first follows its command: {prediction:?}");
    assert_eq!(prediction[5 + 2..5 + 4], [0.0; 2], "the second follows none: {prediction:?}");
}

#[test]
fn few_channels_are_predicted_from_more_rows() {
    let history = |channels: usize| {
        let draws = Seed::new(7).draws(EntityKey::of("few"), Purpose::SensorNoise);
        let values: Vec<f32> =
            (0..2_000 * channels as u32).map(|i| draws.normal(i) as f32).collect();
        let stretches = [Rows::new(&values, channels)];
        let roles = vec![Role::Measured; channels];
        let training =
            Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
        Var::fit(&training, &Settings::default()).unwrap().history()
    };
    assert_eq!([1, 2, 8, 12].map(history), [24, 12, 3, 3]);
}

#[test]
fn what_is_missing_is_filled_with_what_makes_the_score_least() {
    let values = known(20_000);
    for (detector, history) in [
        (Box::new(fit(&values, 2)) as Box<dyn Detector>, 2),
        (Box::new(level(&values)) as Box<dyn Detector>, 0),
    ] {
        let window = &values[3 * 700..3 * (701 + history)];
        let score = |at: usize, value: f32| {
            let mut window = window.to_vec();
            window[3 * history + at] = value;
            let mut score = [0.0];
            detector.score(Rows::new(&window, 3), &mut score).unwrap();
            score[0]
        };
        for at in 0..2 {
            // Whatever stands in the place of the missing value.
            let mut odd = window.to_vec();
            odd[3 * history + at] = 17.0;
            let filled = detector.impute(Rows::new(&odd, 3), &[at]).unwrap();
            let again = detector.impute(Rows::new(window, 3), &[at]).unwrap();
            assert!((filled[0] - again[0]).abs() < 1e-4, "{filled:?} {again:?}");
            let least = score(at, filled[0]);
            for other in [-1.0, -0.1, -0.01, 0.01, 0.1, 1.0] {
                assert!(score(at, filled[0] + other) > least, "{at} {other}");
            }
            let mut parts = [0.0; 3];
            odd[3 * history + at] = filled[0];
            detector.explain(Rows::new(&odd, 3), &mut parts, &mut [0.0; 3]).unwrap();
            assert!(parts[at] < 1e-6, "it has no part in the score: {parts:?}");
        }
        // An exogenous channel keeps what stands there.
        let filled = detector.impute(Rows::new(window, 3), &[0, 2]).unwrap();
        assert_eq!(filled[1], window[3 * history + 2]);
    }
}

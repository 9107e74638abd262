//! Known coefficients are found again, and a peak is told once.

use super::*;
use crate::detector::Role;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

/// x_t = 1.2 x_(t-1) - .5 x_(t-2) + noise of deviation .2
fn known(rows: u32) -> Vec<f32> {
    let draws = Seed::new(2).draws(EntityKey::of("ar"), Purpose::SensorNoise);
    let (mut before, mut last) = (0.0, 0.0);
    (0..rows)
        .map(|i| {
            let next = 1.2 * last - 0.5 * before + 0.2 * draws.normal(i);
            (before, last) = (last, next);
            (next + 3.0) as f32
        })
        .collect()
}

fn fit(values: &[f32], settings: &Settings) -> Autoregression {
    let stretches = [Rows::new(values, 1)];
    let training = Training {
        noise: &[],
        stretches: &stretches,
        roles: &[Role::Measured],
        seed: Seed::new(1),
    };
    Autoregression::fit(&training, settings).unwrap()
}

#[test]
fn known_coefficients_are_found() {
    let settings = Settings { lags: 2, ridge: 1e-6, floor: 0.0, ..Settings::default() };
    let found = fit(&known(40_000), &settings);
    assert!((found.coefficients[0] - 1.2).abs() < 0.02, "{found:?}");
    assert!((found.coefficients[1] + 0.5).abs() < 0.02, "{found:?}");
    assert!((found.deviations[0] - 0.2).abs() < 0.005, "{found:?}");
}

#[test]
fn a_peak_is_told_once_and_its_echoes_are_not() {
    let values = known(6_000);
    let found = fit(&values, &Settings::default());
    let mut probe = values[..400].to_vec();
    probe[200] += 6.0;
    let mut scores = vec![0.0; 400 - found.history()];
    found.score(Rows::new(&probe, 1), &mut scores).unwrap();
    let at = 200 - found.history();
    assert!(scores[at] > 20.0, "{}", scores[at]);
    // Without suppression the next error is 1.2 * 6 / .2 = 36 deviations.
    assert!(scores[at + 1..at + 30].iter().all(|&score| score < 5.0), "{:?}", &scores[at..at + 9]);
    // A second peak as large is still seen.
    probe[205] += 9.0;
    found.score(Rows::new(&probe, 1), &mut scores).unwrap();
    assert!(scores[at + 5] > 10.0, "{}", scores[at + 5]);
}

#[test]
fn few_rows_have_fewer_lags() {
    let found = fit(&known(40), &Settings::default());
    assert!((1..24).contains(&found.lags), "{}", found.lags);
    assert_eq!(found.history(), 2 * found.lags);
}

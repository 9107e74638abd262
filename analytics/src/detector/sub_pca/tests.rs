//! The subspace of a known signal is found, and scores are what projection in full gives.

use super::*;
use crate::detector::Role;
use crate::detector::laws::{ROLES, plant};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

fn fit(values: &[f32], roles: &[Role], settings: &Settings) -> SubPca {
    let stretches = [Rows::new(values, roles.len())];
    SubPca::fit(
        &Training { noise: &[], stretches: &stretches, roles, seed: Seed::new(1) },
        settings,
    )
    .unwrap()
}

fn waves(rows: u32) -> Vec<f32> {
    let draws = Seed::new(8).draws(EntityKey::of("waves"), Purpose::SensorNoise);
    (0..rows)
        .flat_map(|i| {
            let [a, b] = draws.normals(i);
            let phase = 0.31 * f64::from(i);
            let wave = [1.4 * libm::sin(phase), 1.4 * libm::cos(phase) + 0.5];
            [(wave[0] + 0.05 * a) as f32, (wave[1] + 0.05 * b) as f32]
        })
        .collect()
}

#[test]
fn a_wave_is_two_components_and_its_noise_is_the_residual() {
    let settings = Settings { t2: 0.0, values: 0, ..Settings::default() };
    let detector = fit(&waves(3_000), &[Role::Measured; 2], &settings);
    assert_eq!(detector.variances.len(), 2);
    // 32 values less 2 components of noise of variance .0025.
    assert!((detector.residual / (30.0 * 0.0025) - 1.0).abs() < 0.1, "{}", detector.residual);
    assert!((detector.means[1] - 0.5).abs() < 0.01);
    let mut stuck = waves(200);
    for row in 150..200 {
        stuck[2 * row] = stuck[300];
    }
    let mut scores = vec![0.0; 200 - 15];
    detector.score(Rows::new(&stuck, 2), &mut scores).unwrap();
    assert!(scores[..135].iter().all(|&score| score < 3.0));
    assert!(scores[150 - 15 + 8] > 50.0, "{}", scores[150 - 15 + 8]);
}

#[test]
fn scores_are_those_of_a_full_projection() {
    let values = plant(1, 2_000);
    let detector = fit(&values, &ROLES, &Settings::default());
    let mut scores = vec![0.0; 2_000 - 15];
    detector.score(Rows::new(&values, 5), &mut scores).unwrap();
    let mean = scores.iter().sum::<f32>() / scores.len() as f32;
    assert!((mean - 1.0).abs() < 0.02, "mean {mean}");
    for at in [0, 17, 900] {
        let rows = Rows::new(&values[5 * at..5 * (at + 16)], 5);
        let window = windows::columns(rows, &[0, 1, 2, 4]);
        let centred = |d: usize| f64::from(window[d] - detector.means[d % 4]);
        let along = |component: &[f32]| -> f64 {
            component.iter().enumerate().map(|(d, &w)| f64::from(w) * centred(d)).sum()
        };
        let mut residual: Vec<f64> = (0..64).map(centred).collect();
        let mut t2 = 0.0;
        for (component, &variance) in detector.components.chunks_exact(64).zip(&detector.variances)
        {
            t2 += along(component) * along(component) / f64::from(variance);
            for (left, &weight) in residual.iter_mut().zip(component) {
                *left -= along(component) * f64::from(weight);
            }
        }
        let residual: f64 = residual.iter().map(|left| left * left).sum();
        let count = detector.variances.len() as f64;
        let exact = 0.5 * residual / f64::from(detector.residual) + 0.5 * t2 / count;
        assert!((f64::from(scores[at]) / exact - 1.0).abs() < 1e-4, "{} {exact}", scores[at]);
        let mut parts = [0.0; 5];
        detector.explain(rows, &mut parts, &mut [0.0; 5]).unwrap();
        assert!((parts.iter().sum::<f32>() / scores[at] - 1.0).abs() < 1e-4);
    }
}

#[test]
fn many_channels_shorten_the_window() {
    let values: Vec<f32> = plant(1, 16_000);
    let roles = [Role::Measured; 40];
    let detector = fit(&values, &roles, &Settings::default());
    assert_eq!(detector.window, 12);
    assert!(detector.variances.len() < 480);
}

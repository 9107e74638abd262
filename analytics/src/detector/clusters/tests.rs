//! A machine that repeats a few shapes: they are found, and another shape is strange.

use super::*;
use crate::detector::Role;
use crate::detector::laws::{ROLES, plant};
use rayon::ThreadPoolBuilder;

/// A triangle of 8 rows, over and over.
fn triangle(rows: usize, height: f32) -> Vec<f32> {
    (0..rows).map(|i| height * (4 - (i % 8) as i32).abs() as f32 / 2.0).collect()
}

fn fit(values: &[f32], roles: &[Role], settings: &Settings) -> Clusters {
    let stretches = [Rows::new(values, roles.len())];
    let training = Training { noise: &[], stretches: &stretches, roles, seed: Seed::new(1) };
    Clusters::fit(&training, settings).unwrap()
}

#[test]
fn eight_phases_are_eight_clusters() {
    let detector = fit(&triangle(2_000, 1.0), &[Role::Measured], &Settings::default());
    assert_eq!(detector.groups[0].centroids.len(), 8 * 16);
    let mut probe = triangle(200, 1.0);
    probe[100] = probe[98];
    let mut scores = vec![0.0; 200 - 15];
    detector.score(Rows::new(&probe, 1), &mut scores).unwrap();
    assert!(scores[..80].iter().all(|&score| score < 0.1), "{scores:?}");
    assert!(scores[85..101].iter().all(|&score| score > 1.0), "{scores:?}");
}

#[test]
fn a_shape_counts_whatever_its_height() {
    let settings = Settings { normalise: true, ..Settings::default() };
    let shapes = fit(&triangle(2_000, 1.0), &[Role::Measured], &settings);
    let levels = fit(&triangle(2_000, 1.0), &[Role::Measured], &Settings::default());
    let probe = triangle(100, 3.0);
    let (mut of_shapes, mut of_levels) = (vec![0.0; 85], vec![0.0; 85]);
    shapes.score(Rows::new(&probe, 1), &mut of_shapes).unwrap();
    levels.score(Rows::new(&probe, 1), &mut of_levels).unwrap();
    assert!(of_shapes.iter().all(|&score| score < 0.1), "{of_shapes:?}");
    assert!(of_levels.iter().all(|&score| score > 5.0), "{of_levels:?}");
}

#[test]
fn the_channel_that_loses_its_shape_is_named() {
    let one = triangle(2_000, 1.0);
    let values: Vec<f32> = (0..1_990).flat_map(|i| [one[i], one[i + 3], one[i + 5]]).collect();
    let roles = [Role::Measured; 3];
    for (per_channel, normalise) in [(false, false), (true, false), (false, true), (true, true)] {
        let settings = Settings { per_channel, normalise, ..Settings::default() };
        let detector = fit(&values, &roles, &settings);
        let mut window = values[3 * 100..3 * 116].to_vec();
        let observed = window[3 * 15 + 1];
        window[3 * 15 + 1] += 1.5;
        let (mut parts, mut expected) = ([0.0; 3], [0.0; 3]);
        detector.explain(Rows::new(&window, 3), &mut parts, &mut expected).unwrap();
        assert!(parts[1] > 2.0 * parts[0].max(parts[2]), "{settings:?} {parts:?}");
        assert!((expected[1] - observed).abs() < 0.5, "{settings:?} {expected:?} {observed}");
        let mut scores = [0.0];
        detector.score(Rows::new(&window, 3), &mut scores).unwrap();
        assert!(scores[0] > 2.0, "{settings:?} {scores:?}");
    }
}

#[test]
fn threads_change_nothing() {
    let values = plant(1, 3_000);
    let with = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&values, &ROLES, &Settings::default()).weights())
    };
    assert_eq!(with(1), with(3));
}

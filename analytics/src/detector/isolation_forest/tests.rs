//! Agreement with scikit-learn and with the definition of path lengths.

use super::*;
use crate::detector::Role;
use fieldmirror_core::seed::Seed;

/// Rows and mean scores of scikit-learn; its origin is in the file.
const SKLEARN: &str = include_str!("sklearn.csv");

fn rows_of(name: &str) -> Vec<Vec<f32>> {
    let lines = SKLEARN.lines().filter_map(|line| line.strip_prefix(name));
    lines.map(|line| line.split(',').filter_map(|value| value.parse().ok()).collect()).collect()
}

fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, place) in order.into_iter().enumerate() {
        ranks[place] = rank as f64;
    }
    ranks
}

#[test]
fn scores_agree_with_those_of_scikit_learn() {
    let train: Vec<f32> = rows_of("train,").concat();
    let test = rows_of("test,");
    let values: Vec<f32> = test.iter().flat_map(|row| row[..3].to_vec()).collect();
    let theirs: Vec<f32> = test.iter().map(|row| row[3]).collect();
    assert_eq!((train.len(), theirs.len()), (1_800, 240));
    let stretches = [Rows::new(&train, 3)];
    let mut ours = vec![0.0_f32; theirs.len()];
    for seed in 0..10 {
        let roles = [Role::Measured; 3];
        let training =
            Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(seed) };
        let forest = IsolationForest::fit(&training, &Settings::default()).unwrap();
        let mut scores = vec![0.0; theirs.len()];
        forest.score(Rows::new(&values, 3), &mut scores).unwrap();
        for (sum, score) in ours.iter_mut().zip(scores) {
            *sum += score / 10.0;
        }
    }
    let (a, b) = (ranks(&ours), ranks(&theirs));
    let mean = (a.len() - 1) as f64 / 2.0;
    let cross: f64 = a.iter().zip(&b).map(|(a, b)| (a - mean) * (b - mean)).sum();
    let square: f64 = a.iter().map(|a| (a - mean) * (a - mean)).sum();
    assert!(cross / square > 0.98, "rank correlation {}", cross / square);
    let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < 0.02, "largest difference {off}");
}

#[test]
fn path_lengths_are_those_of_the_paper() {
    assert_eq!((path_length(1), path_length(2)), (0.0, 1.0));
    // c(256) of the paper's expression.
    assert!((path_length(256) - 10.244_770_92).abs() < 1e-6, "{}", path_length(256));
}

#[test]
fn one_row_together_and_alone_take_the_same_way() {
    let values: Vec<f32> = (0..3_000).map(|i| ((i * i) % 101) as f32 * 0.1).collect();
    let stretches = [Rows::new(&values, 3)];
    let roles = [Role::Measured; 3];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let forest = IsolationForest::fit(&training, &Settings::default()).unwrap();
    let mut scores = vec![0.0; 1_000];
    forest.score(Rows::new(&values, 3), &mut scores).unwrap();
    let expected = path_length(256) * 100.0;
    for (row, score) in values.chunks_exact(3).zip(scores) {
        let sum: f32 = forest.trees.iter().map(|tree| tree.descend(row)).sum();
        assert_eq!(strangeness(sum, expected).to_bits(), score.to_bits());
    }
}

#[test]
fn more_channels_than_the_block_holds_are_scored() {
    let values: Vec<f32> = (0..700 * 40).map(|i| ((i * 7) % 31) as f32).collect();
    let stretches = [Rows::new(&values, 700)];
    let roles = [Role::Measured; 700];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let forest = IsolationForest::fit(&training, &Settings::default()).unwrap();
    let mut scores = vec![0.0; 40];
    forest.score(Rows::new(&values, 700), &mut scores).unwrap();
    assert!(scores.iter().all(|&score| score > 0.3 && score < 0.9));
}

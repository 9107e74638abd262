//! The detector learns waves, keeps the laws of detectors, survives poor data, and its weights are
//! those of a candle model.

use super::*;
use crate::detector::Role;
use crate::detector::network::examples::{
    bits, fitted, hold_to_the_laws, ignores_outside_influence, scores, survives_poor_data, waves,
};
use candle_core::{Device, Tensor};
use candle_nn::{Linear, Module};

fn boxed(training: &Training<'_>) -> Result<Box<dyn Detector>> {
    let settings = Settings { steps: 60, ..Settings::default() };
    Ok(Box::new(Dense::fit(training, &settings)?))
}

#[test]
fn waves_are_learned_and_the_laws_hold() {
    let settings = Settings { steps: 400, ..Settings::default() };
    let fit = |training: &Training<'_>| Dense::fit(training, &settings);
    let detector = fitted(&waves(1_000, 4, 1), &[Role::Measured; 4], fit).unwrap();
    hold_to_the_laws(&detector, |weights| Ok(Box::new(Dense::restore(weights)?)));
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
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let rows = waves(4_000, 3, 1);
            let detector = fitted(&rows, &[Role::Measured; 3], boxed).unwrap();
            (detector.weights(), bits(&scores(detector.as_ref(), &rows, 3)))
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn the_weights_are_those_of_a_candle_model() {
    let roles = [Role::Measured, Role::Exogenous, Role::Measured];
    let rows = waves(500, 3, 1);
    let fit = |training: &Training<'_>| {
        Dense::fit(training, &Settings { steps: 60, ..Settings::default() })
    };
    let detector = fitted(&rows, &roles, fit).unwrap();
    let weights = detector.weights();
    let mut layers = Vec::new();
    for i in 0..LAYERS {
        let tensor = |part: &str| {
            let (shape, values) = &weights.tensors[&format!("layer{i}.{part}")];
            Tensor::from_slice(values, shape.as_slice(), &Device::Cpu).unwrap()
        };
        layers.push(Linear::new(tensor("weight"), Some(tensor("bias"))));
    }
    let window = detector.history() + 1;
    let rebuilt = detector.0.rebuild(Rows::new(&rows, 3), 400);
    for (first, ours) in rebuilt.chunks_exact(2).enumerate() {
        let values = &rows[first * 3..(first + window) * 3];
        let mut x = Tensor::from_slice(values, (1, window * 3), &Device::Cpu).unwrap();
        x = layers[0].forward(&x).unwrap().relu().unwrap();
        x = layers[1].forward(&x).unwrap().tanh().unwrap();
        x = layers[2].forward(&x).unwrap().relu().unwrap();
        x = layers[3].forward(&x).unwrap();
        let all = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (ours, theirs) in ours.iter().zip(&all[all.len() - 2..]) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
        }
    }
}

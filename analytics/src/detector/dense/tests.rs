//! The laws of detectors with networks hold, and the weights are those of a candle model.

use super::*;
use crate::detector::network::examples::{fitted, laws, waves};
use crate::detector::{Detector, Role, Rows};
use candle_core::{Device, Tensor};
use candle_nn::{Linear, Module};

laws!(Dense, 400, 60);

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
    for i in 0..4 {
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

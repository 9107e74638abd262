//! The laws of detectors with networks hold; the step by hand is that of autograd, and what scores
//! predicts as what learned.

use super::*;
use crate::detector::network::examples::{apart, fitted, laws, waves};
use crate::detector::network::step::{Batch, Targets, Trainee};
use crate::detector::network::trainer::{huber, linear};
use crate::detector::{Detector, Role};
use candle_core::{D, Device, Tensor, Var};
use candle_nn::ops::softmax;

laws!(Transformer, 250, 30);

const ROLES: [Role; 3] = [Role::Measured, Role::Exogenous, Role::Measured];

/// Rows of root mean square 1.
fn normal(x: &Tensor) -> Tensor {
    let square = (x.sqr().unwrap().mean_keepdim(D::Minus1).unwrap() + 1e-6).unwrap();
    x.broadcast_div(&square.sqrt().unwrap()).unwrap()
}

/// What all rows of `x` (`[batch, rows, channels]`) predict to follow them, in candle.
fn predict(layers: &[(Tensor, Tensor)], x: &Tensor) -> Tensor {
    let (batch, rows, _) = x.dims3().unwrap();
    let x = linear(x, &layers[0]).unwrap();
    let all = linear(&normal(&x), &layers[1]).unwrap();
    let heads = |part: usize| {
        let x = all.narrow(2, part * WIDTH, WIDTH).unwrap().contiguous().unwrap();
        let x = x.reshape((batch, rows, 4, WIDTH / 4)).unwrap();
        x.transpose(1, 2).unwrap().contiguous().unwrap()
    };
    let keys = heads(1).transpose(2, 3).unwrap().contiguous().unwrap();
    let alike = (heads(0).matmul(&keys).unwrap() / 8.0_f64.sqrt()).unwrap();
    let away = |i: usize| {
        let (head, from, to) = (i / (rows * rows), i / rows % rows, i % rows);
        let slope = 0.25_f32.powi(head as i32 + 1);
        if to > from { -1e9 } else { -slope * (from - to) as f32 }
    };
    let away: Vec<f32> = (0..4 * rows * rows).map(away).collect();
    let away = Tensor::from_vec(away, (1, 4, rows, rows), &Device::Cpu).unwrap();
    let weights = softmax(&alike.broadcast_add(&away).unwrap(), D::Minus1).unwrap();
    let seen = weights.matmul(&heads(2)).unwrap().transpose(1, 2).unwrap().contiguous().unwrap();
    let seen = seen.reshape((batch, rows, WIDTH)).unwrap();
    let x = (x + linear(&seen, &layers[2]).unwrap()).unwrap();
    let inside = linear(&normal(&x), &layers[3]).unwrap().relu().unwrap();
    let x = (&x + linear(&inside, &layers[4]).unwrap()).unwrap();
    linear(&normal(&x), &layers[5]).unwrap()
}

#[test]
fn gradients_are_those_of_autograd() {
    let values = waves(200, 3, 1);
    for window in [9, 2] {
        let seed = Seed::new(3);
        let stretches = [Rows::new(&values, 3)];
        let training = Training { noise: &[], stretches: &stretches, roles: &ROLES, seed };
        let newest = Newest::new(window, &training);
        let starts = starts(&newest, seed);
        let measured: Vec<f32> = values.chunks_exact(3).flat_map(|r| [r[0], r[2]]).collect();
        let rows: Vec<usize> = (0..40).map(|i| (i * 37) % 180).collect();
        let (later, length) = (&measured[2..], (window - 1) * 2);
        let targets = Targets { values: later, stride: 2, length };
        let batch = Batch { values: &values, stride: 3, rows: &rows, targets };
        let ours = Trainee::new(Attention, &starts, 0.7).gradients(&batch);
        let var = |start: &LayerStart| {
            let shape = (start.inner, start.columns);
            let weights = Var::from_slice(&start.weights, shape, &Device::Cpu).unwrap();
            let bias = Var::zeros(start.columns, candle_core::DType::F32, &Device::Cpu);
            (weights, bias.unwrap())
        };
        let vars: Vec<(Var, Var)> = starts.iter().map(var).collect();
        let layers = vars.iter().map(|(w, b)| (w.as_tensor().clone(), b.as_tensor().clone()));
        let gather = |values: &[f32], width: usize| {
            let length = (window - 1) * width;
            let windows = rows.iter().flat_map(|row| &values[row * width..][..length]);
            let windows: Vec<f32> = windows.copied().collect();
            Tensor::from_vec(windows, (rows.len(), window - 1, width), &Device::Cpu).unwrap()
        };
        let found = predict(&layers.collect::<Vec<_>>(), &gather(&values, 3));
        let loss = huber(&found, &gather(later, 2), 0.7).unwrap();
        let theirs = loss.backward().unwrap();
        for (i, ((weights, bias), vars)) in ours.iter().zip(&vars).enumerate() {
            let weights = apart(weights, theirs.get(&vars.0).unwrap());
            let bias = apart(bias, theirs.get(&vars.1).unwrap());
            assert!(weights < 1e-4 && bias < 1e-4, "{window}, layer {i}: {weights} {bias}");
        }
    }
}

#[test]
fn the_last_row_alone_predicts_what_it_does_among_all() {
    let values = waves(300, 3, 1);
    let settings = Settings { window: 9, steps: 20, ..Settings::default() };
    let fit = |training: &Training<'_>| Transformer::fit(training, &settings);
    let detector = fitted(&values, &ROLES, fit).unwrap();
    let kept = detector.weights();
    let layer = |i: usize| {
        let tensor = |part: &str| {
            let (shape, values) = &kept.tensors[&format!("layer{i}.{part}")];
            Tensor::from_slice(values, shape.as_slice(), &Device::Cpu).unwrap()
        };
        (tensor("weight").t().unwrap().contiguous().unwrap(), tensor("bias"))
    };
    let layers: Vec<_> = (0..6).map(layer).collect();
    let ours = detector.0.rebuild(Rows::new(&values, 3), 100);
    for (first, ours) in ours.chunks_exact(2).enumerate() {
        let x = Tensor::from_slice(&values[first * 3..][..24], (1, 8, 3), &Device::Cpu).unwrap();
        let all = predict(&layers, &x).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (one, other) in ours.iter().zip(&all[14..]) {
            assert!((one - other).abs() < 1e-5, "{one} {other}");
        }
    }
}

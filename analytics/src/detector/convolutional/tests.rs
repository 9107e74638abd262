//! The laws of detectors with networks hold; the step by hand is that of autograd, and the newest
//! row alone is what a whole window's decoding gives.

use super::*;
use crate::detector::network::examples::{apart, fitted, laws, waves};
use crate::detector::network::layered::first;
use crate::detector::network::step::{Batch, Chain, LayerStart, Targets, Trainee};
use crate::detector::{Detector, Role, Rows};
use candle_core::{Device, Tensor, Var};
use fieldmirror_core::seed::Seed;

laws!(Convolutional, 250, 30);

/// What layers of these shapes give for windows `[batch, rows, channels]`, all of it, in candle.
fn forward(shapes: &[Shape], vars: &[(Var, Var)], x: &Tensor) -> Tensor {
    let mut x = x.clone();
    for (shape, (weights, bias)) in shapes.iter().zip(vars) {
        let (batch, rows, width) = x.dims3().unwrap();
        let before = shape.reach.before;
        let x_of = x.reshape((batch, before, rows * width / before)).unwrap();
        let zeros = x_of.narrow(1, 0, 1).unwrap().zeros_like().unwrap();
        let tap = |tap: &Option<usize>| match tap {
            Some(place) => x_of.narrow(1, *place, 1).unwrap(),
            None => zeros.clone(),
        };
        let place = |taps: &Vec<Option<usize>>| {
            let all: Vec<Tensor> = taps.iter().map(tap).collect();
            let read = Tensor::cat(&all, 2).unwrap().squeeze(1).unwrap();
            let sums = read.matmul(weights).unwrap().broadcast_add(bias).unwrap();
            match shape.activation {
                Activation::Identity => sums,
                Activation::Relu => sums.relu().unwrap(),
                Activation::Tanh => sums.tanh().unwrap(),
            }
        };
        let places: Vec<Tensor> = shape.reach.taps.iter().map(place).collect();
        x = Tensor::stack(&places, 1).unwrap();
    }
    x
}

fn vars(starts: &[LayerStart]) -> Vec<(Var, Var)> {
    let layer = |start: &LayerStart| {
        let shape = (start.inner, start.columns);
        let weights = Var::from_slice(&start.weights, shape, &Device::Cpu).unwrap();
        (weights, Var::zeros(start.columns, candle_core::DType::F32, &Device::Cpu).unwrap())
    };
    starts.iter().map(layer).collect()
}

const ROLES: [Role; 3] = [Role::Measured, Role::Exogenous, Role::Measured];

#[test]
fn gradients_are_those_of_autograd() {
    for window in [16, 7, 2] {
        let values = waves(200, 3, 1);
        let seed = Seed::new(3);
        let stretches = [Rows::new(&values, 3)];
        let training = Training { noise: &[], stretches: &stretches, roles: &ROLES, seed };
        let newest = Newest::new(window, &training);
        let shapes = Shapes::shapes(&newest, &|_| Ok(MIDDLE)).unwrap();
        let starts = shapes.iter().cloned().enumerate();
        let starts: Vec<_> = starts.map(|(i, s)| first("test", i, 2.0, s, seed)).collect();
        let measured: Vec<f32> = values.chunks_exact(3).flat_map(|r| [r[0], r[2]]).collect();
        let rows: Vec<usize> = (0..90).map(|i| (i * 37) % 180).collect();
        let targets = Targets { values: &measured, stride: 2, length: window * 2 };
        let batch = Batch { values: &values, stride: 3, rows: &rows, targets };
        let ours = Trainee::new(Chain, &starts, 0.7).gradients(&batch);
        let vars = vars(&starts);
        let gather = |values: &[f32], width: usize| {
            let windows = rows.iter().flat_map(|row| &values[row * width..][..window * width]);
            let windows: Vec<f32> = windows.copied().collect();
            Tensor::from_vec(windows, (rows.len(), window, width), &Device::Cpu).unwrap()
        };
        let rebuilt = forward(&shapes, &vars, &gather(&values, 3));
        let loss = crate::detector::network::trainer::huber(&rebuilt, &gather(&measured, 2), 0.7);
        let theirs = loss.unwrap().backward().unwrap();
        for ((weights, bias), vars) in ours.iter().zip(&vars) {
            let weights = apart(weights, theirs.get(&vars.0).unwrap());
            let bias = apart(bias, theirs.get(&vars.1).unwrap());
            assert!(weights < 1e-4 && bias < 1e-4, "{window}: {weights} {bias}");
        }
    }
}

#[test]
fn decoding_the_newest_row_alone_gives_what_decoding_all_rows_does() {
    let values = waves(300, 3, 1);
    for window in [16, 7] {
        let settings = Settings { window, steps: 20, ..Settings::default() };
        let fit = |training: &Training<'_>| Convolutional::fit(training, &settings);
        let detector = fitted(&values, &ROLES, fit).unwrap();
        let kept = detector.weights();
        let shapes = Shapes::shapes(&detector.0.newest, &|_| Ok(MIDDLE)).unwrap();
        let layer = |i: usize| {
            let tensor = |part: &str| {
                let (shape, values) = &kept.tensors[&format!("layer{i}.{part}")];
                Tensor::from_slice(values, shape.as_slice(), &Device::Cpu).unwrap()
            };
            let weights = tensor("weight").t().unwrap().contiguous().unwrap();
            (Var::from_tensor(&weights).unwrap(), Var::from_tensor(&tensor("bias")).unwrap())
        };
        let vars: Vec<_> = (0..shapes.len()).map(layer).collect();
        let ours = detector.0.rebuild(Rows::new(&values, 3), 100);
        for (first, ours) in ours.chunks_exact(2).enumerate() {
            let x = &values[first * 3..][..window * 3];
            let x = Tensor::from_slice(x, (1, window, 3), &Device::Cpu).unwrap();
            let all = forward(&shapes, &vars, &x).flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(all.len(), window * 2);
            for (one, other) in ours.iter().zip(&all[(window - 1) * 2..]) {
                assert!((one - other).abs() < 1e-5, "{one} {other}");
            }
        }
    }
}

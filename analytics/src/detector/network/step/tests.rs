//! The step by hand is the step of autograd: same gradients, same weights after AdamW.

use super::*;
use crate::baseline::autoencoder::single_thread;
use crate::detector::network::examples::{apart, waves};
use crate::detector::network::kernel::{Activate, Product, panels};
use crate::detector::network::reach::Whole;
use candle_core::{Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

const WINDOW: usize = 7;
const CHANNELS: usize = 5;
const BEND: f32 = 0.7;

/// Widths that fill no panel, so that what pads them takes part.
const WIDTHS: [usize; 5] = [WINDOW * CHANNELS, 37, 9, 21, WINDOW * CHANNELS];
const ACTIVATIONS: [Activation; 4] =
    [Activation::Relu, Activation::Tanh, Activation::Relu, Activation::Identity];

fn starts() -> Vec<LayerStart> {
    let start = |i: usize| {
        let draws = Seed::new(5).draws(EntityKey::of(&format!("{i}")), Purpose::ModelWeights);
        let count = (WIDTHS[i] * WIDTHS[i + 1]) as u32;
        let spread = 1.4 / (WIDTHS[i] as f32).sqrt();
        let weights = (0..count).map(|k| spread * draws.normal(k) as f32).collect();
        let activation = ACTIVATIONS[i];
        let reach = Reach::whole(if i == 0 { WINDOW } else { 1 });
        LayerStart { inner: WIDTHS[i], columns: WIDTHS[i + 1], reach, weights, activation }
    };
    (0..4).map(start).collect()
}

fn batch<'a>(values: &'a [f32], rows: &'a [usize]) -> Batch<'a> {
    let (stride, length) = (CHANNELS, WINDOW * CHANNELS);
    Batch { values, stride, rows, targets: Targets { values, stride, length } }
}

/// The same network in candle.
struct Theirs {
    vars: Vec<(Var, Var)>,
}

impl Theirs {
    fn new() -> Self {
        let layer = |start: LayerStart| {
            let shape = (start.inner, start.columns);
            let weights = Var::from_vec(start.weights, shape, &Device::Cpu).unwrap();
            (weights, Var::zeros(start.columns, candle_core::DType::F32, &Device::Cpu).unwrap())
        };
        Self { vars: starts().into_iter().map(layer).collect() }
    }

    fn loss(&self, values: &[f32], rows: &[usize]) -> Tensor {
        let length = WINDOW * CHANNELS;
        let windows = rows.iter().flat_map(|row| &values[row * CHANNELS..][..length]);
        let windows: Vec<f32> = windows.copied().collect();
        let target = Tensor::from_vec(windows, (rows.len(), length), &Device::Cpu).unwrap();
        let mut x = target.clone();
        for ((weights, bias), activation) in self.vars.iter().zip(ACTIVATIONS) {
            x = x.matmul(weights).unwrap().broadcast_add(bias).unwrap();
            x = match activation {
                Activation::Identity => x,
                Activation::Relu => x.relu().unwrap(),
                Activation::Tanh => x.tanh().unwrap(),
            };
        }
        let error = (x - target).unwrap().abs().unwrap();
        let inside = error.minimum(f64::from(BEND)).unwrap();
        let squares = (&inside * ((error * 2.0).unwrap() - &inside).unwrap()).unwrap();
        squares.mean_all().unwrap()
    }
}

#[test]
fn gradients_are_those_of_autograd() {
    single_thread().unwrap().install(|| {
        let values = waves(400, CHANNELS, 1);
        let rows: Vec<usize> = (0..150).map(|i| (i * 37) % 390).collect();
        let trainee = Trainee::new(Chain, &starts(), BEND);
        let ours = trainee.gradients(&batch(&values, &rows));
        let theirs = Theirs::new();
        let gradients = theirs.loss(&values, &rows).backward().unwrap();
        for ((weights, bias), vars) in ours.iter().zip(&theirs.vars) {
            let weights = apart(weights, gradients.get(&vars.0).unwrap());
            let bias = apart(bias, gradients.get(&vars.1).unwrap());
            assert!(weights < 1e-4 && bias < 1e-4, "{weights} {bias}");
        }
    });
}

#[test]
fn steps_are_those_of_candles_adamw() {
    single_thread().unwrap().install(|| {
        let values = waves(400, CHANNELS, 1);
        let mut trainee = Trainee::new(Chain, &starts(), BEND);
        let theirs = Theirs::new();
        let vars = theirs.vars.iter().flat_map(|(w, b)| [w.clone(), b.clone()]).collect();
        let params = ParamsAdamW { lr: 2e-3, weight_decay: 0.05, ..ParamsAdamW::default() };
        let mut optimizer = AdamW::new(vars, params).unwrap();
        let rates = Rates { rate: 2e-3, decay: 0.05 };
        for step in 0..8_usize {
            let rows: Vec<usize> = (0..100).map(|i| (i * 31 + step * 7) % 390).collect();
            let loss = theirs.loss(&values, &rows);
            let ours = trainee.loss(&batch(&values, &rows));
            let both = (ours, f64::from(loss.to_scalar::<f32>().unwrap()));
            assert!((both.0 - both.1).abs() < 1e-4 * both.1, "{both:?}");
            trainee.step(&batch(&values, &rows), rates);
            optimizer.backward_step(&loss).unwrap();
        }
        for ((weights, bias), vars) in trainee.weights().iter().zip(&theirs.vars) {
            let (weights, bias) = (apart(weights, &vars.0), apart(bias, &vars.1));
            assert!(weights < 1e-4 && bias < 1e-3, "{weights} {bias}");
        }
    });
}

#[test]
fn products_agree_with_sums_written_out() {
    for (rows, inner, columns) in [(1, 3, 5), (13, 40, 16), (70, 129, 33)] {
        let values = waves(rows, inner, 2);
        let weights = waves(inner, columns, 3);
        let lines = inner;
        let mut packed = vec![Line::default(); panels(columns) * lines];
        for (i, row) in weights.chunks_exact(columns).enumerate() {
            for (j, value) in row.iter().enumerate() {
                packed[j / WIDTH * lines + i].0[j % WIDTH] = *value;
            }
        }
        let bias = vec![Line([0.25; WIDTH]); panels(columns)];
        let left = crate::detector::network::kernel::Strided {
            values: &values,
            stride: inner,
            length: inner,
        };
        let mut out = Vec::new();
        for (bias, weights) in bias.chunks_exact(1).zip(packed.chunks_exact(lines)) {
            let finish = Activate { bias, activation: Activation::Tanh };
            let mut panel = vec![Line::default(); rows];
            Product { left, right: Whole(weights), rows, finish, out: &mut panel }.run();
            out.extend(panel);
        }
        for i in 0..rows {
            for j in 0..columns {
                let sum: f64 = (0..inner)
                    .map(|k| f64::from(values[i * inner + k]) * f64::from(weights[k * columns + j]))
                    .sum();
                let expected = libm::tanh(sum + 0.25) as f32;
                let found = out[j / WIDTH * rows + i].0[j % WIDTH];
                assert!((found - expected).abs() < 1e-5, "{i} {j}: {found} {expected}");
            }
        }
    }
}

//! A dense autoencoder: what it cannot rebuild after learning from clean windows is not normal.
//!
//! Inputs are standardised and clipped. The narrow middle layer is bounded by tanh, so that the
//! network cannot carry a deviation that it never saw through to its output.

use crate::error::Result;
use candle_core::{Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

/// Rows of one matrix product when scoring.
const SCORE_ROWS: usize = 1_024;

/// Largest training batch: beyond it, matrix kernels split the work by thread count.
const BATCH_MAX: usize = 512;

/// The network's widths and its training.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What it is trained for; keys the draws of its weights.
    pub name: String,
    /// Inputs of a row.
    pub inputs: usize,
    /// The first `outputs` inputs are rebuilt; the others only inform.
    pub outputs: usize,
    /// Width of the outer hidden layers.
    pub hidden: usize,
    /// Width of the middle.
    pub middle: usize,
    /// Training steps.
    pub steps: u32,
    /// Rows of a training batch.
    pub batch: usize,
}

/// A trained autoencoder.
#[derive(Debug)]
pub struct Autoencoder {
    inputs: usize,
    outputs: usize,
    /// Weights `[in, out]` and bias `[out]` of the four layers.
    layers: Vec<(Tensor, Tensor)>,
}

/// A pool of one thread in which tensors are computed, so that no result depends on the number of
/// threads.
pub fn single_thread() -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(1).build()?)
}

impl Autoencoder {
    /// Trains on `rows` (`[rows, inputs]`, row by row), at least one. Call it inside
    /// [`single_thread`].
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Tensor`] if the tensor library fails.
    ///
    /// # Source
    /// He initialisation (He, Zhang, Ren, Sun 2015) from counter-based draws; Adam (Kingma, Ba
    /// 2015) without weight decay; the learning rate falls to a tenth over the last half.
    pub fn train(rows: &[f32], shape: &Shape, seed: Seed) -> Result<Self> {
        let widths = [shape.inputs, shape.hidden, shape.middle, shape.hidden, shape.outputs];
        let mut vars = Vec::with_capacity(8);
        for layer in 0..4 {
            let (weights, bias) = first_weights(&shape.name, layer, &widths, seed)?;
            vars.extend([weights, bias]);
        }
        let layers = vars
            .chunks_exact(2)
            .map(|pair| (pair[0].as_tensor().clone(), pair[1].as_tensor().clone()))
            .collect();
        let network = Self { inputs: shape.inputs, outputs: shape.outputs, layers };
        network.descend(rows, shape, seed, vars)?;
        let frozen = network.layers.iter().map(|(w, b)| (w.detach(), b.detach())).collect();
        Ok(Self { layers: frozen, ..network })
    }

    fn descend(&self, rows: &[f32], shape: &Shape, seed: Seed, vars: Vec<Var>) -> Result<()> {
        const RATE: f64 = 3e-3;
        let count = rows.len() / self.inputs;
        let batch = shape.batch.clamp(1, BATCH_MAX).min(count);
        let order = seed.draws(EntityKey::of(&shape.name), Purpose::TrainingOrder);
        let params = ParamsAdamW { lr: RATE, weight_decay: 0.0, ..ParamsAdamW::default() };
        let mut optimizer = AdamW::new(vars, params)?;
        for step in 0..shape.steps {
            let late = 2.0 * f64::from(step) / f64::from(shape.steps.max(1)) - 1.0;
            optimizer.set_learning_rate(RATE * (1.0 - 0.9 * late.max(0.0)));
            let mut x = Vec::with_capacity(batch * self.inputs);
            for i in 0..batch as u32 {
                let row = order.below(step * batch as u32 + i, count as u32) as usize;
                x.extend_from_slice(&rows[row * self.inputs..(row + 1) * self.inputs]);
            }
            let x = Tensor::from_vec(x, (batch, self.inputs), &Device::Cpu)?;
            let target = x.narrow(1, 0, self.outputs)?;
            let loss = (self.forward(&x)? - target)?.sqr()?.mean_all()?;
            optimizer.backward_step(&loss)?;
        }
        Ok(())
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, (weights, bias)) in self.layers.iter().enumerate() {
            x = x.matmul(weights)?.broadcast_add(bias)?;
            x = match i {
                1 => x.tanh()?,
                3 => x,
                _ => x.relu()?,
            };
        }
        Ok(x)
    }

    /// Rebuilds `rows` (`[rows, inputs]`) and appends what is left over, input minus
    /// reconstruction, to `errors` (`[rows, outputs]`). Call it inside [`single_thread`].
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Tensor`] if the tensor library fails.
    pub fn errors(&self, rows: &[f32], errors: &mut Vec<f32>) -> Result<()> {
        for chunk in rows.chunks(SCORE_ROWS * self.inputs) {
            let count = chunk.len() / self.inputs;
            let x = Tensor::from_slice(chunk, (count, self.inputs), &Device::Cpu)?;
            let rebuilt = self.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
            for (row, rebuilt) in
                chunk.chunks_exact(self.inputs).zip(rebuilt.chunks_exact(self.outputs))
            {
                errors.extend(row.iter().zip(rebuilt).map(|(x, y)| x - y));
            }
        }
        Ok(())
    }

    /// Outputs of a row.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }
}

fn first_weights(name: &str, layer: usize, widths: &[usize; 5], seed: Seed) -> Result<(Var, Var)> {
    let (from, to) = (widths[layer], widths[layer + 1]);
    let draws = seed.draws(EntityKey::of(&format!("{name}/layer{layer}")), Purpose::ModelWeights);
    let spread = (2.0 / from as f64).sqrt();
    let weights: Vec<f32> =
        (0..(from * to) as u32).map(|i| (spread * draws.normal(i)) as f32).collect();
    let weights = Var::from_vec(weights, (from, to), &Device::Cpu)?;
    let bias = Var::from_vec(vec![0.0_f32; to], to, &Device::Cpu)?;
    Ok((weights, bias))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            name: "test".to_owned(),
            inputs: 6,
            outputs: 6,
            hidden: 12,
            middle: 2,
            steps: 400,
            batch: 64,
        }
    }

    /// Rows whose six channels follow two hidden causes.
    fn rows(n: u32) -> Vec<f32> {
        let draws = Seed::new(3).draws(EntityKey::of("rows"), Purpose::SensorNoise);
        (0..n)
            .flat_map(|i| {
                let [a, b] = draws.normals(i).map(|z| z as f32);
                [a, b, 0.7 * (a + b), 0.7 * (a - b), a, b]
            })
            .collect()
    }

    fn mean_square(errors: &[f32]) -> f32 {
        errors.iter().map(|e| e * e).sum::<f32>() / errors.len() as f32
    }

    #[test]
    fn what_follows_the_learned_relation_is_rebuilt_and_what_breaks_it_is_not() {
        let pool = single_thread().unwrap();
        pool.install(|| {
            let network = Autoencoder::train(&rows(500), &shape(), Seed::new(1)).unwrap();
            let (mut clean, mut broken) = (Vec::new(), Vec::new());
            network.errors(&rows(100), &mut clean).unwrap();
            network.errors(&[8.0, -8.0, 8.0, 8.0, -8.0, 8.0], &mut broken).unwrap();
            assert!(mean_square(&clean) < 0.2, "{}", mean_square(&clean));
            assert!(mean_square(&broken) > 20.0, "{}", mean_square(&broken));
        });
    }

    #[test]
    fn training_twice_gives_the_same_bits_and_another_seed_gives_others() {
        let pool = single_thread().unwrap();
        pool.install(|| {
            let errors = |seed| {
                let network = Autoencoder::train(&rows(300), &shape(), Seed::new(seed)).unwrap();
                let mut errors = Vec::new();
                network.errors(&rows(50), &mut errors).unwrap();
                errors.iter().map(|e| e.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(errors(1), errors(1));
            assert_ne!(errors(1), errors(2));
        });
    }
}

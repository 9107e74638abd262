//! Networks trained by candle: parameters by name, and the loop that follows a loss.
//!
//! All of it runs in a pool of one thread, because matrix kernels split sums by thread count.

use super::windows::Windows;
use super::{Course, Patience, rate_at};
use crate::baseline::autoencoder::single_thread;
use crate::error::Result;
use candle_core::{D, Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

/// Held-back windows that are looked at.
const LOOKED_AT: usize = 256;

/// New parameters from draws.
#[derive(Debug)]
pub(crate) struct Fresh {
    name: &'static str,
    seed: Seed,
    device: Device,
    all: Vec<Var>,
}

impl Fresh {
    /// Parameters whose draws are keyed by `name`.
    pub(crate) const fn new(name: &'static str, seed: Seed, device: Device) -> Self {
        Self { name, seed, device, all: Vec::new() }
    }

    /// Those made so far, to be trained.
    pub(crate) fn vars(&self) -> Vec<Var> {
        self.all.clone()
    }

    /// A new parameter: normal draws with this standard deviation, all 0 without one.
    fn parameter(&mut self, name: &str, shape: &[usize], spread: Option<f64>) -> Result<Tensor> {
        let count = shape.iter().product::<usize>() as u32;
        let values: Vec<f32> = match spread {
            None => vec![0.0; count as usize],
            Some(spread) => {
                let key = EntityKey::of(&format!("{}/{name}", self.name));
                let draws = self.seed.draws(key, Purpose::ModelWeights);
                (0..count).map(|i| (spread * draws.normal(i)) as f32).collect()
            }
        };
        let var = Var::from_vec(values, shape, &self.device)?;
        let tensor = var.as_tensor().clone();
        self.all.push(var);
        Ok(tensor)
    }

    /// Weights and bias of a linear map, drawn for what follows: a gain of 2 before a relu, else 1.
    pub(crate) fn linear(
        &mut self,
        name: &str,
        [inner, columns]: [usize; 2],
        gain: f64,
    ) -> Result<(Tensor, Tensor)> {
        let spread = libm::sqrt(gain / inner as f64);
        let weights = self.parameter(&format!("{name}.weight"), &[inner, columns], Some(spread))?;
        Ok((weights, self.parameter(&format!("{name}.bias"), &[columns], None)?))
    }
}

/// Where tensors are computed.
#[cfg(not(feature = "cuda"))]
pub(crate) fn device() -> Result<Device> {
    Ok(Device::Cpu)
}

/// Where tensors are computed: the first GPU, where there is one.
#[cfg(feature = "cuda")]
pub(crate) fn device() -> Result<Device> {
    Ok(Device::cuda_if_available(0)?)
}

/// Runs `work` in a pool of one thread.
pub(crate) fn alone<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    single_thread()?.install(work)
}

/// Follows `loss` (of windows `[batch, window, channels]`, at a step) down. Call it inside
/// [`alone`].
pub(crate) fn descend(
    windows: &Windows,
    course: &Course,
    vars: &[Var],
    device: &Device,
    loss: impl Fn(&Tensor, Option<u32>) -> Result<Tensor>,
) -> Result<()> {
    if windows.is_empty() {
        return Ok(());
    }
    let params =
        ParamsAdamW { lr: course.rate, weight_decay: course.decay, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vars.to_vec(), params)?;
    let held = &windows.held[..windows.held.len().min(LOOKED_AT)];
    let mut patience: Patience<Vec<Tensor>> = Patience::new(course.patience, held.is_empty());
    let count = windows.batch(course.batch);
    let mut rows = Vec::with_capacity(count);
    for step in 0..course.steps {
        optimizer.set_learning_rate(rate_at(course.rate, step, course.steps));
        windows.draw(step, count, &mut rows);
        optimizer.backward_step(&loss(&batch(windows, &rows, device)?, Some(step))?)?;
        if patience.is_time(step) {
            let seen = loss(&batch(windows, held, device)?, None)?.to_scalar::<f32>()?;
            let copies = vars.iter().map(|var| var.as_tensor().copy());
            let copies = copies.collect::<candle_core::Result<Vec<_>>>()?;
            if patience.look(f64::from(seen), || copies) {
                break;
            }
        }
    }
    for (var, best) in vars.iter().zip(patience.best().unwrap_or_default()) {
        var.set(&best.detach())?;
    }
    Ok(())
}

fn batch(windows: &Windows, rows: &[usize], device: &Device) -> Result<Tensor> {
    let shape = (rows.len(), windows.window, windows.channels);
    Ok(Tensor::from_vec(windows.gather(rows), shape, device)?)
}

/// Mean Huber loss between tensors of one shape.
///
/// # Source
/// Huber, "Robust estimation of a location parameter" (1964), times 2.
pub(crate) fn huber(rebuilt: &Tensor, target: &Tensor, bend: f32) -> Result<Tensor> {
    let error = (rebuilt - target)?.abs()?;
    let inside = error.minimum(f64::from(bend))?;
    Ok((&inside * ((error * 2.0)? - &inside)?)?.mean_all()?)
}

/// The measured channels of windows `[batch, window, channels]`.
pub(crate) fn measured(x: &Tensor, measured: &[usize]) -> Result<Tensor> {
    if measured.len() == x.dim(D::Minus1)? {
        return Ok(x.clone());
    }
    let index: Vec<u32> = measured.iter().map(|i| *i as u32).collect();
    let index = Tensor::from_vec(index, measured.len(), x.device())?;
    Ok(x.contiguous()?.index_select(&index, 2)?)
}

/// `x` (`[.., inner]`) times `weights` (`[inner, columns]`) plus `bias`.
pub(crate) fn linear(x: &Tensor, (weights, bias): &(Tensor, Tensor)) -> Result<Tensor> {
    let (inner, columns) = weights.dims2()?;
    let mut shape = x.dims().to_vec();
    let flat = x.reshape(((), inner))?.matmul(weights)?.broadcast_add(bias)?;
    if let Some(last) = shape.last_mut() {
        *last = columns;
    }
    Ok(flat.reshape(shape)?)
}

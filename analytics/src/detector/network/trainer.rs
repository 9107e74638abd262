//! Networks trained by candle: parameters by name, and the loop that follows a loss.
//!
//! All of it runs in a pool of one thread, because matrix kernels split sums by thread count.

use super::windows::Windows;
use super::{Patience, rate_at};
use crate::baseline::autoencoder::single_thread;
use crate::detector::stored::Stored;
use crate::detector::{Rows, Weights};
use crate::error::Result;
use candle_core::{D, Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};

/// Errors beyond it count linearly in training.
const BEND: f64 = 1.0;

/// Windows that are scored together: always as many, the last ones filled up, so that shapes and
/// with them the order of sums never change.
pub(crate) const SCORED: usize = 256;

/// How long and how a network learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    pub(crate) steps: u32,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
    pub(crate) patience: u32,
}

/// Where a network's parameters come from.
pub(crate) trait Source {
    /// The parameter of this name and shape; `first` says what it is where it is new.
    ///
    /// # Errors
    /// If it is not there as it should be.
    fn parameter(&mut self, name: &str, shape: &[usize], first: First) -> Result<Tensor>;
}

/// What a parameter is before training.
#[derive(Clone, Copy, Debug)]
pub(crate) enum First {
    /// The same value everywhere.
    Flat(f32),
    /// Normal draws with this standard deviation.
    Spread(f64),
}

/// New parameters from draws.
#[derive(Debug)]
pub(crate) struct Fresh {
    name: &'static str,
    seed: Seed,
    device: Device,
    all: Vec<(String, Var)>,
}

impl Fresh {
    /// Parameters whose draws are keyed by `name`.
    pub(crate) const fn new(name: &'static str, seed: Seed, device: Device) -> Self {
        Self { name, seed, device, all: Vec::new() }
    }

    /// Those made so far, to be trained.
    pub(crate) fn vars(&self) -> Vec<Var> {
        self.all.iter().map(|(_, var)| var.clone()).collect()
    }

    /// A detector's numbers with their values.
    pub(crate) fn kept(&self, mut weights: Weights) -> Result<Weights> {
        for (name, var) in &self.all {
            weights = weights.with(name, var.dims(), &var.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(weights)
    }
}

impl Source for Fresh {
    fn parameter(&mut self, name: &str, shape: &[usize], first: First) -> Result<Tensor> {
        let count = shape.iter().product::<usize>() as u32;
        let values: Vec<f32> = match first {
            First::Flat(value) => vec![value; count as usize],
            First::Spread(spread) => {
                let key = EntityKey::of(&format!("{}/{name}", self.name));
                let draws = self.seed.draws(key, Purpose::ModelWeights);
                (0..count).map(|i| (spread * draws.normal(i)) as f32).collect()
            }
        };
        let var = Var::from_vec(values, shape, &self.device)?;
        let tensor = var.as_tensor().clone();
        self.all.push((name.to_owned(), var));
        Ok(tensor)
    }
}

/// Parameters read back.
pub(crate) struct Restored<'a> {
    pub(crate) stored: Stored<'a>,
    pub(crate) device: Device,
}

impl Source for Restored<'_> {
    fn parameter(&mut self, name: &str, shape: &[usize], _: First) -> Result<Tensor> {
        Ok(Tensor::from_slice(self.stored.tensor(name, shape)?, shape, &self.device)?)
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
    course: Course,
    vars: &[Var],
    device: &Device,
    loss: impl Fn(&Tensor, Option<u32>) -> Result<Tensor>,
) -> Result<()> {
    if windows.is_empty() {
        return Ok(());
    }
    let params = ParamsAdamW { lr: course.rate, weight_decay: 1e-4, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vars.to_vec(), params)?;
    let held = &windows.held[..windows.held.len().min(SCORED)];
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
pub(crate) fn huber(rebuilt: &Tensor, target: &Tensor) -> Result<Tensor> {
    let error = (rebuilt - target)?.abs()?;
    let inside = error.minimum(BEND)?;
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

/// The newest rows `[windows, measured]` that `forward` gives for the windows of `rows`, each
/// computed in a batch of [`SCORED`]. Call it inside [`alone`].
pub(crate) fn newest_rows(
    rows: Rows<'_>,
    window: usize,
    count: usize,
    device: &Device,
    forward: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Vec<f32>> {
    let mut all = Vec::new();
    let mut clipped = Vec::new();
    for first in (0..count).step_by(SCORED) {
        let some = SCORED.min(count - first);
        let channels = rows.channels();
        super::clip(rows.window(first, some + window - 1), &mut clipped);
        let mut values = Vec::with_capacity(SCORED * window * channels);
        for row in 0..some {
            values.extend_from_slice(&clipped[row * channels..][..window * channels]);
        }
        values.resize(SCORED * window * channels, 0.0);
        let x = Tensor::from_vec(values, (SCORED, window, channels), device)?;
        let rebuilt = forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
        all.extend_from_slice(&rebuilt[..rebuilt.len() / SCORED * some]);
    }
    Ok(all)
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

/// Weights and bias of a linear map, drawn for what follows: a gain of 2 before a relu, else 1.
pub(crate) fn linear_parameters(
    source: &mut dyn Source,
    name: &str,
    [inner, columns]: [usize; 2],
    gain: f64,
) -> Result<(Tensor, Tensor)> {
    let spread = First::Spread(libm::sqrt(gain / inner as f64));
    let weights = source.parameter(&format!("{name}.weight"), &[inner, columns], spread)?;
    Ok((weights, source.parameter(&format!("{name}.bias"), &[columns], First::Flat(0.0))?))
}

//! A variational autoencoder on windows, of dense layers.
//!
//! It learns with noise on its narrow middle, which keeps near a standard normal, and scores
//! without: then it is four dense layers, which run like those of the dense autoencoder, newest row
//! only. Exogenous channels go in and are not rebuilt. A candle network, trained by its autograd.
//!
//! # Source
//! Kingma, Welling, "Auto-encoding variational Bayes" (2014), with a weight on the divergence
//! (Higgins et al. 2017).

use super::network::kernel::Activation;
use super::network::newest::Newest;
use super::network::rebuilder::{LAYERS, Rebuilder};
use super::network::stack::Plain;
use super::network::trainer::{
    Course, Fresh, Source, alone, descend, device, huber, linear, linear_parameters, measured,
};
use super::network::windows::{Windows, window_for};
use super::stored::Stored;
use super::{Detector, Kind, Rows, Training, Weights};
use crate::error::Result;
use candle_core::Tensor;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Draws, Purpose};
use serde::{Deserialize, Serialize};

/// The network's sizes and its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of a window; fewer where the training rows have no room for it.
    pub window: usize,
    /// Width of the outer hidden layers.
    pub hidden: usize,
    /// Width of the middle; at most a quarter of a window's values.
    pub middle: usize,
    /// Training steps at most.
    pub steps: u32,
    /// Windows of a step.
    pub batch: usize,
    /// First learning rate; it falls to a tenth over the last half.
    pub rate: f64,
    /// Weight of the middle's divergence from a standard normal.
    pub divergence: f64,
    /// Looks at held-back windows without progress after which it stops; 0 never stops early.
    pub patience: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: 16,
            hidden: 64,
            middle: 12,
            steps: 800,
            batch: 128,
            rate: 3e-3,
            divergence: 1e-3,
            patience: 4,
        }
    }
}

/// A trained variational autoencoder.
#[derive(Clone, Debug)]
pub struct Variational(Rebuilder);

const ACTIVATIONS: [Activation; LAYERS] =
    [Activation::Relu, Activation::Identity, Activation::Relu, Activation::Identity];

/// What its draws are keyed by.
const NAME: &str = "detector/variational";

/// Logarithms of the middle's variance stay within it, so that their exponential stays finite.
const LARGEST_LOGARITHM: f64 = 8.0;

impl Variational {
    /// Learns from clean rows.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] without rows or measured channels,
    /// [`crate::AnalyticsError::Tensor`] if the tensor library fails.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let window = window_for(training, settings.window, Kind::Variational)?;
        let newest = Newest::new(window, training);
        let windows = Windows::new(training, &newest, NAME);
        let layers = alone(|| {
            let device = device()?;
            let mut fresh = Fresh::new(NAME, training.seed, device.clone());
            let network = Halves::build(&mut fresh, settings, &newest)?;
            let noise = training
                .seed
                .draws(EntityKey::of("detector/variational/noise"), Purpose::TrainingOrder);
            let loss = |x: &Tensor, step| network.loss(x, step, &newest, settings, &noise);
            let Settings { steps, batch, rate, patience, .. } = *settings;
            let course = Course { steps, batch, rate, patience };
            descend(&windows, course, &fresh.vars(), &device, loss)?;
            network.layers()
        })?;
        let mut rebuilder = Rebuilder::new(newest, layers);
        let mut newest = rebuilder.newest.clone();
        newest.learn(training, |rows, count| Ok(rebuilder.rebuild(rows, count)))?;
        rebuilder.newest = newest;
        Ok(Self(rebuilder))
    }

    /// Makes one of its kept numbers.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if they are not those of such a network.
    pub fn restore(weights: &Weights) -> Result<Self> {
        Rebuilder::restore(&Stored::new(weights, Kind::Variational), ACTIVATIONS).map(Self)
    }
}

impl Detector for Variational {
    fn kind(&self) -> Kind {
        Kind::Variational
    }

    fn history(&self) -> usize {
        self.0.newest.window - 1
    }

    fn score(&self, rows: Rows<'_>, scores: &mut [f32]) -> Result<()> {
        self.0.score(rows, scores);
        Ok(())
    }

    fn explain(&self, rows: Rows<'_>, parts: &mut [f32], expected: &mut [f32]) -> Result<()> {
        self.0.explain(rows, parts, expected);
        Ok(())
    }

    fn weights(&self) -> Weights {
        self.0.weights()
    }
}

/// The network in training: the middle has a mean and a logarithm of its variance.
#[derive(Debug)]
struct Halves {
    first: (Tensor, Tensor),
    mean: (Tensor, Tensor),
    logarithm: (Tensor, Tensor),
    third: (Tensor, Tensor),
    last: (Tensor, Tensor),
}

impl Halves {
    fn build(source: &mut dyn Source, settings: &Settings, newest: &Newest) -> Result<Self> {
        let inputs = newest.window * newest.channels;
        let outputs = newest.window * newest.measured.len();
        let hidden = settings.hidden.max(1);
        let middle = settings.middle.min(inputs / 4).max(1);
        Ok(Self {
            first: linear_parameters(source, "first", [inputs, hidden], 2.0)?,
            mean: linear_parameters(source, "mean", [hidden, middle], 1.0)?,
            logarithm: linear_parameters(source, "logarithm", [hidden, middle], 0.01)?,
            third: linear_parameters(source, "third", [middle, hidden], 2.0)?,
            last: linear_parameters(source, "last", [hidden, outputs], 1.0)?,
        })
    }

    /// With noise where there is a step to draw it for.
    fn loss(
        &self,
        x: &Tensor,
        step: Option<u32>,
        newest: &Newest,
        settings: &Settings,
        noise: &Draws,
    ) -> Result<Tensor> {
        let target = measured(x, &newest.measured)?.flatten_from(1)?;
        let inside = linear(&x.flatten_from(1)?, &self.first)?.relu()?;
        let mean = linear(&inside, &self.mean)?;
        let logarithm = linear(&inside, &self.logarithm)?;
        let logarithm = logarithm.clamp(-LARGEST_LOGARITHM, LARGEST_LOGARITHM)?;
        let middle = match step {
            None => mean.clone(),
            Some(step) => {
                let (batch, width) = mean.dims2()?;
                let count = (batch * width) as u32;
                let draw = |i| noise.normal(step.wrapping_mul(count).wrapping_add(i)) as f32;
                let noise: Vec<f32> = (0..count).map(draw).collect();
                let noise = Tensor::from_vec(noise, (batch, width), x.device())?;
                (&mean + ((&logarithm * 0.5)?.exp()? * noise)?)?
            }
        };
        let rebuilt = linear(&linear(&middle, &self.third)?.relu()?, &self.last)?;
        let divergence = ((mean.sqr()? + logarithm.exp()?)? - (logarithm + 1.0)?)?;
        let divergence = (divergence.sum(1)?.mean_all()? * (0.5 * settings.divergence))?;
        Ok((huber(&rebuilt, &target)? + divergence)?)
    }

    /// The layers that score.
    fn layers(&self) -> Result<Vec<Plain>> {
        let all = [&self.first, &self.mean, &self.third, &self.last];
        all.into_iter()
            .zip(ACTIVATIONS)
            .map(|((weights, bias), activation)| {
                let (inner, columns) = weights.dims2()?;
                let weights = weights.t()?.contiguous()?.flatten_all()?.to_vec1()?;
                let bias = bias.to_vec1()?;
                Ok(Plain { inner, columns, weights, bias, activation })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;

//! A variational autoencoder on windows, of dense layers.
//!
//! It learns with noise on its narrow middle, which keeps near a standard normal, and scores
//! without: then it is four dense layers, which run like those of the dense autoencoder, newest row
//! only. Exogenous channels go in and are not rebuilt. A candle network, trained by its autograd.
//!
//! # Source
//! Kingma, Welling, "Auto-encoding variational Bayes" (2014), with a weight on the divergence
//! (Higgins et al. 2017).

use super::network::Course;
use super::network::kernel::Activation;
use super::network::layered::{Architecture, Layered, Shape, four_layers, widths};
use super::network::learned::{Learned, OfNetwork};
use super::network::newest::Newest;
use super::network::stack::Plain;
use super::network::trainer::{Fresh, alone, descend, device, huber, linear, measured};
use super::network::windows::Windows;
use super::{Kind, Training, Weights};
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
pub struct Variational(Learned<Layered<Mean>>);

/// Logarithms of the middle's variance stay within it, so that their exponential stays finite.
const LARGEST_LOGARITHM: f64 = 8.0;

impl Variational {
    /// Learns from clean rows.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] without rows or measured channels,
    /// [`crate::AnalyticsError::Tensor`] if the tensor library fails.
    pub fn fit(training: &Training<'_>, settings: &Settings) -> Result<Self> {
        let learn = |windows: &Windows, newest: &Newest| {
            let layers = alone(|| Halves::learn(windows, newest, training, settings))?;
            Ok(Layered::new(newest, layers))
        };
        Learned::fit(training, settings.window, learn).map(Self)
    }

    /// Makes one of its kept numbers.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if they are not those of such a network.
    pub fn restore(weights: &Weights) -> Result<Self> {
        Learned::restore(weights).map(Self)
    }
}

impl OfNetwork for Variational {
    type Network = Layered<Mean>;

    fn learned(&self) -> &Learned<Self::Network> {
        &self.0
    }
}

/// The network that scores: the middle is its mean.
#[derive(Clone, Debug)]
pub(crate) struct Mean;

impl Architecture for Mean {
    const KIND: Kind = Kind::Variational;
    const NAME: &'static str = "detector/variational";

    fn shapes(newest: &Newest, columns: &dyn Fn(usize) -> Result<usize>) -> Result<Vec<Shape>> {
        four_layers(newest, columns, [Activation::Relu, Activation::Identity])
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
    /// The layers of a trained network.
    fn learn(
        windows: &Windows,
        newest: &Newest,
        training: &Training<'_>,
        settings: &Settings,
    ) -> Result<Vec<Plain>> {
        let device = device()?;
        let mut fresh = Fresh::new(Mean::NAME, training.seed, device.clone());
        let network = Self::build(&mut fresh, settings, newest)?;
        let noise = EntityKey::of("detector/variational/noise");
        let noise = training.seed.draws(noise, Purpose::TrainingOrder);
        let loss = |x: &Tensor, step| network.loss(x, step, newest, settings, &noise);
        let Settings { steps, batch, rate, patience, .. } = *settings;
        let course = Course { steps, batch, rate, patience, ..Course::default() };
        descend(windows, &course, &fresh.vars(), &device, loss)?;
        network.layers(newest)
    }

    fn build(fresh: &mut Fresh, settings: &Settings, newest: &Newest) -> Result<Self> {
        let [hidden, middle, _] = widths(newest, settings.hidden, settings.middle);
        let inputs = newest.window * newest.channels;
        let outputs = newest.window * newest.measured.len();
        Ok(Self {
            first: fresh.linear("first", [inputs, hidden], 2.0)?,
            mean: fresh.linear("mean", [hidden, middle], 1.0)?,
            logarithm: fresh.linear("logarithm", [hidden, middle], 0.01)?,
            third: fresh.linear("third", [middle, hidden], 2.0)?,
            last: fresh.linear("last", [hidden, outputs], 1.0)?,
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
        Ok((huber(&rebuilt, &target, Course::default().bend)? + divergence)?)
    }

    /// The layers that score.
    fn layers(&self, newest: &Newest) -> Result<Vec<Plain>> {
        let all = [&self.first, &self.mean, &self.third, &self.last];
        let shapes = Mean::shapes(newest, &|i| Ok(all[i].1.elem_count()))?;
        let layer = |(shape, (weights, bias)): (Shape, &(Tensor, Tensor))| {
            let Shape { inner, columns, reach, activation } = shape;
            let weights = weights.t()?.contiguous()?.flatten_all()?.to_vec1()?;
            Ok(Plain { inner, columns, reach, weights, bias: bias.to_vec1()?, activation })
        };
        shapes.into_iter().zip(all).map(layer).collect()
    }
}

#[cfg(test)]
mod tests;

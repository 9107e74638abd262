//! What the detectors with networks share: windows and batches, parameters, the training loops.
//!
//! [`layered`] holds networks that are a chain of layers: [`step`] trains them by hand, [`stack`]
//! scores. [`trainer`] trains others through candle. [`learned`] makes a detector of either, and
//! [`newest`] turns a rebuilt newest row into a score. No architecture here.

#[cfg(test)]
pub(crate) mod examples;
pub(crate) mod kernel;
pub(crate) mod layered;
pub(crate) mod learned;
pub(crate) mod newest;
pub(crate) mod reach;
pub(crate) mod stack;
pub(crate) mod step;
pub(crate) mod trainer;
pub(crate) mod windows;

/// Inputs are held within it: what a network never saw it need not carry further.
const CLIP: f32 = 10.0;

/// A copy of `values` held within the bounds of a network's input.
pub(crate) fn clip(values: &[f32], out: &mut Vec<f32>) {
    out.clear();
    out.extend(values.iter().map(|x| x.clamp(-CLIP, CLIP)));
}

/// How long and how a network learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    /// Steps at most, and windows of each.
    pub(crate) steps: u32,
    pub(crate) batch: usize,
    /// First learning rate, and weight decay (AdamW).
    pub(crate) rate: f64,
    pub(crate) decay: f64,
    /// Errors beyond it count linearly.
    pub(crate) bend: f32,
    /// Looks without progress after which it stops; 0 never stops early.
    pub(crate) patience: u32,
}

impl Default for Course {
    fn default() -> Self {
        Self { steps: 400, batch: 128, rate: 3e-3, decay: 1e-4, bend: 1.0, patience: 4 }
    }
}

/// The learning rate of a step: it falls to a tenth over the last half of the steps.
pub(crate) fn rate_at(first: f64, step: u32, steps: u32) -> f64 {
    let late = 2.0 * f64::from(step) / f64::from(steps.max(1)) - 1.0;
    first * (1.0 - 0.9 * late.max(0.0))
}

/// Stops a training in time and keeps the best of what it saw.
#[derive(Debug)]
pub(crate) struct Patience<T> {
    allowed: u32,
    blind: bool,
    waited: u32,
    best: Option<(f64, T)>,
}

/// Steps between two looks at held-back windows.
const LOOK_EVERY: u32 = 50;

/// What a loss must fall below, of the best, to count as progress.
const PROGRESS: f64 = 0.999;

impl<T> Patience<T> {
    /// Waits for so many looks; never looks where nothing is held back.
    pub(crate) const fn new(allowed: u32, nothing_held: bool) -> Self {
        Self { allowed, blind: nothing_held || allowed == 0, waited: 0, best: None }
    }

    /// Whether to look after this step.
    pub(crate) const fn is_time(&self, step: u32) -> bool {
        !self.blind && step % LOOK_EVERY == LOOK_EVERY - 1
    }

    /// Takes note of a loss on what was held back; `keep` gives the weights. True: stop.
    pub(crate) fn look(&mut self, loss: f64, keep: impl FnOnce() -> T) -> bool {
        match &self.best {
            Some((best, _)) if loss >= best * PROGRESS => self.waited += 1,
            _ => {
                self.waited = 0;
                self.best = Some((loss, keep()));
            }
        }
        self.waited >= self.allowed
    }

    /// The weights of the best look.
    pub(crate) fn best(self) -> Option<T> {
        self.best.map(|(_, kept)| kept)
    }
}

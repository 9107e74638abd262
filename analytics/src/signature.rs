//! What each probe fault would look like, derived from the fleet's own clean windows.
//!
//! A sample of clean windows is changed the way a fault changes a probe's readings, and goes
//! through the same scaling as any window; the mean of the outcome is the fault's prototype.

use crate::collector::ProbeSample;
use crate::fault::FaultClass;
use crate::features::probe::{
    CHANNELS, HOURS, LEVEL, REPEATS, RESIDUALS, SPREAD, TOLERANCE, Typical, log_spread,
    repeat_share,
};
use crate::scale::Scale;

/// Most clean windows behind a prototype.
const WINDOWS_MAX: usize = 256;

/// How many tolerances a drift has moved in its prototype; only the direction matters.
const DRIFT_TOLERANCES: f32 = 6.0;

/// How many times the ordinary spread a noisy probe has in its prototype.
const NOISE_FACTOR: f32 = 6.0;

/// Shapes of probe faults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prototypes {
    /// In standardised observed channels, mean over the hours.
    pub observed: Vec<(FaultClass, [f32; CHANNELS])>,
    /// In tolerances of the residuals.
    pub residual: Vec<(FaultClass, [f32; RESIDUALS])>,
}

impl Prototypes {
    /// Derives them from clean windows, each with its device's scale.
    pub(crate) fn derive<'a>(
        windows: impl Iterator<Item = (&'a ProbeSample, &'a Scale<CHANNELS>)>,
        typical: &Typical,
    ) -> Self {
        let windows: Vec<_> = windows.take(WINDOWS_MAX).collect();
        let mean = |change: &dyn Fn(&mut [f32; CHANNELS])| {
            let mut sum = [0.0_f32; CHANNELS];
            for (sample, scale) in &windows {
                for hour in &sample.window.channels {
                    let mut hour = *hour;
                    change(&mut hour);
                    for (i, sum) in sum.iter_mut().enumerate() {
                        *sum += scale.standardise(i, hour[i]);
                    }
                }
            }
            sum.map(|s| s / (windows.len().max(1) * HOURS) as f32)
        };
        let spread = typical.spread as f32;
        let stuck = [
            log_spread(0.0, spread),
            repeat_share(typical.samples as f32, typical.samples as f32) - typical.repeats as f32,
        ];
        let variance = typical.humidity_square - typical.humidity * typical.humidity;
        let wander = variance.max(0.0).sqrt() as f32;
        let drift = DRIFT_TOLERANCES * TOLERANCE.absolute[LEVEL];
        let noise = log_spread(NOISE_FACTOR * spread, spread);
        let mut observed = Vec::new();
        // A stuck value is left behind by its neighbours, to either side or not at all.
        for away in [0.0, wander, -wander, 2.0 * wander, -2.0 * wander] {
            let shape = mean(&|hour| {
                [hour[SPREAD], hour[REPEATS]] = stuck;
                hour[LEVEL] += away;
            });
            observed.push((FaultClass::ProbeStuck, shape));
        }
        for away in [drift, -drift] {
            observed.push((FaultClass::ProbeDrift, mean(&|hour| hour[LEVEL] += away)));
        }
        observed.push((FaultClass::ProbeNoise, mean(&|hour| hour[SPREAD] += noise)));
        // Residuals alone cannot tell a stuck probe from a drifting one: both leave their peers.
        let residual = [FaultClass::ProbeStuck, FaultClass::ProbeDrift]
            .into_iter()
            .flat_map(|class| [(class, [1.0, 0.0]), (class, [-1.0, 0.0])])
            .collect();
        Self { observed, residual }
    }
}

//! What a scenario may set about learning and alarming.

use serde::{Deserialize, Serialize};

/// The analytics section of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Stated rate of false alarms per device and day, of each detector.
    pub false_alarms_per_device_day: f64,
    /// Most training windows of a class that one shard keeps (a uniform sample of the clean
    /// stretch; further windows replace earlier ones at random).
    pub training_windows_max: usize,
    /// Steps of gradient descent for each autoencoder.
    pub training_steps: u32,
    /// Windows in a training batch, at most 512 (larger ones would depend on the thread count).
    pub training_batch: usize,
    /// The least autoencoder score of a probe worth an alarm: mean squared error in tolerances.
    pub probe_threshold_min: f64,
    /// The same of a pump controller: its ratios also move when other zones open than before.
    pub pump_threshold_min: f64,
    /// The least squared Mahalanobis distance worth an alarm, in tolerances.
    pub residual_threshold_min: f64,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            false_alarms_per_device_day: 1e-4,
            training_windows_max: 4_096,
            training_steps: 400,
            training_batch: 256,
            probe_threshold_min: 4.0,
            pump_threshold_min: 8.0,
            residual_threshold_min: 36.0,
        }
    }
}

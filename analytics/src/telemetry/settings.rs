//! All that can be set between rows of telemetry and findings, with its defaults: the tables of
//! `detector.toml`. What a single detector can be set to stands with the detector.
//!
//! Lengths are in rows and sizes in standardised units or shares, so that one configuration fits
//! telemetry of any period and unit.

mod check;

use crate::detector::Choice;
use crate::error::{AnalyticsError, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The default configuration, or what a `detector.toml` says instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The detectors to fit; evidence decides how much each counts.
    pub detectors: Vec<Choice>,
    /// Which columns are what.
    pub columns: Columns,
    /// Time and missing values.
    pub time: Time,
    /// Standardisation.
    pub scaler: Scaler,
    /// Memory of training.
    pub training: Memory,
    /// From scores of detectors to one score.
    pub fusion: Fusion,
    /// How much a detector counts.
    pub weighing: Weighing,
    /// From a stated number of false alarms to a threshold.
    pub budget: Budget,
    /// From scores to alarms.
    pub alarm: Alarm,
    /// Quiet after a confirmed level shift.
    pub shift: Shift,
    /// Slow re-calibration of the threshold.
    pub drift: Drift,
    /// What a finding holds.
    pub finding: Finding,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            detectors: Choice::defaults(),
            columns: Columns::default(),
            time: Time::default(),
            scaler: Scaler::default(),
            training: Memory::default(),
            fusion: Fusion::default(),
            weighing: Weighing::default(),
            budget: Budget::default(),
            alarm: Alarm::default(),
            shift: Shift::default(),
            drift: Drift::default(),
            finding: Finding::default(),
        }
    }
}

/// Which columns of telemetry are what. A model remembers them, so that what is scored is read as
/// what was learned from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// The column of times; found out where it is not given.
    pub time: Option<String>,
    /// The column that tells devices apart.
    pub device: Option<String>,
    /// Whether each file is a device.
    pub device_from_file: bool,
    /// The column of the class of a device.
    pub class: Option<String>,
    /// Channels; every numeric column but the others where they are not given.
    pub channels: Option<Vec<String>>,
    /// Channels that are commands or outside influences.
    pub exogenous: Vec<String>,
    /// Columns that are no channels.
    pub ignore: Vec<String>,
    /// Units, by channel.
    pub units: BTreeMap<String, String>,
    /// Rows of one value each: the column of the channel's name.
    pub metric: Option<String>,
    /// The column of its value.
    pub value: String,
    /// The format of inputs: csv, parquet, arrow, jsonl or senml.
    pub format: Option<String>,
    /// What stands between the fields of CSV.
    pub delimiter: Option<char>,
    /// Whether numbers are written with a decimal comma.
    pub decimal_comma: bool,
    /// How times are written.
    pub time_format: Option<String>,
    /// The order of day and month in dates that can be read either way: `day/month/year` or
    /// `month/day/year`. A model remembers that of what it learned from.
    pub date_order: Option<String>,
}

/// What becomes of a row that is older than the rows which may still be put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// An error with its place.
    Refuse,
    /// It is counted and gets the neutral score; nothing else sees it.
    Skip,
}

/// Time and missing values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Time {
    /// The sampling period; inferred as the median difference of times where it is not given.
    pub period_seconds: Option<f64>,
    /// A difference of more periods than this begins a new stretch.
    pub gap_periods: f64,
    /// Rows of a device that wait so that later ones can be put before them.
    pub reorder_rows: usize,
    /// Rows that come later still.
    pub late: Late,
    /// Rows for which a missing value is the last one known; after that it is the centre in
    /// training, and in scoring what `var`, or else `mahalanobis`, holds for most likely.
    pub fill_rows: usize,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            period_seconds: None,
            gap_periods: 3.0,
            reorder_rows: 8,
            late: Late::Refuse,
            fill_rows: 8,
        }
    }
}

/// How a channel's centre and scale are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalerKind {
    /// Median and 1.4826 times the median absolute deviation, at least `floor` sd.
    Robust,
    /// Mean and standard deviation.
    Standard,
}

/// Standardisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scaler {
    /// How centre and scale are found.
    pub kind: ScalerKind,
    /// Standardised values grow with the logarithm from here on.
    pub clip: f64,
    /// The share of a channel's typical size, in its unit, below which no difference is believed:
    /// digits that no sensor tells.
    pub digits: f64,
    /// Least scale: this share of the range. What is rare in training is no wonder at every time.
    pub range: f64,
    /// Least scale: this share of the standard deviation, and of the class's scale.
    pub floor: f64,
    /// Rows over which a device that the model has not seen finds its own centre; 0: it keeps its
    /// class's. A new centre begins a stretch.
    pub adopt_rows: usize,
    /// Rows of its own from which a device has a scale of its own, and not its class's.
    pub own_rows: usize,
}

impl Default for Scaler {
    fn default() -> Self {
        Self {
            kind: ScalerKind::Standard,
            clip: 4.0,
            digits: 1e-3,
            range: 0.1,
            floor: 0.1,
            adopt_rows: 256,
            own_rows: 64,
        }
    }
}

/// Memory of training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// Most rows of a class that are kept, in blocks chosen by the seed.
    pub rows_max: usize,
    /// Rows of a block.
    pub block_rows: usize,
    /// Most values kept for centres and scales, over all devices; but 256 rows of each device in
    /// any case.
    pub scaler_values_max: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self { rows_max: 1 << 18, block_rows: 1_024, scaler_values_max: 1 << 23 }
    }
}

/// From scores of detectors to one score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fusion {
    /// Blocks of the training rows; each is scored by detectors that learned from the others.
    pub blocks: usize,
    /// Whether centres and scales, too, are learned from the other blocks alone.
    pub refit_scaler: bool,
    /// Rows of the trailing mean of every detector's score; without it as many as its history
    /// leaves of the span.
    pub smooth_rows: Option<usize>,
    /// The span: rows that a score looks back at in all, the detector's history and the trailing
    /// mean together. At least these.
    pub span_rows: usize,
    /// And as many as hold this many values of measured channels: few channels need more rows.
    pub span_values: usize,
    /// Rows of the trailing mean of a detector whose history leaves fewer of the span.
    pub smooth_least: usize,
    /// Share of the detector that is most alarmed in a score; the weighted mean has the rest.
    pub strongest: f32,
    /// The high quantile that becomes 1; the median becomes 0.
    pub quantile: f64,
    /// Normalised scores begin here.
    pub clip_low: f32,
    /// Normalised scores grow with the logarithm from here on. A channel that was constant and
    /// changes counts this much.
    pub clip_high: f32,
}

impl Default for Fusion {
    fn default() -> Self {
        Self {
            blocks: 4,
            refit_scaler: true,
            smooth_rows: None,
            span_rows: 13,
            span_values: 50,
            smooth_least: 5,
            strongest: 0.3,
            quantile: 0.95,
            clip_low: -1.0,
            clip_high: 8.0,
        }
    }
}

/// How much a detector counts, from out-of-fold evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weighing {
    /// False: all detectors count alike, and no faults are injected.
    pub by_evidence: bool,
    /// Power of the share of injected faults that a detector finds.
    pub power: f64,
    /// Power of the shift between blocks, which counts against it.
    pub shift: f64,
    /// What a detector counts for before any evidence, where more than one channel is measured; 1
    /// where it is not named. It is less for those that judge levels, of which normal telemetry of
    /// tomorrow has others than that of today, while channels go on to explain each other.
    pub prior: BTreeMap<String, f64>,
    /// How often faults are injected, each time into other channels.
    pub rounds: usize,
    /// A detector with less than this share of the best one's weight is left out.
    pub least_share: f64,
    /// One with this share counts in full; in between it fades.
    pub full_share: f64,
    /// Rows of each block into which faults are injected, at most.
    pub rows_max: usize,
    /// Size of the faults in standardised units.
    pub size: f64,
}

impl Default for Weighing {
    fn default() -> Self {
        Self {
            by_evidence: true,
            power: 1.0,
            shift: 1.5,
            prior: ["mahalanobis", "robust_z", "sub_pca"]
                .map(|kind| (kind.to_owned(), 0.35))
                .into(),
            rounds: 4,
            least_share: 0.4,
            full_share: 0.6,
            rows_max: 4_096,
            size: 3.0,
        }
    }
}

/// From a stated number of false alarms to a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// False-alarm events per device and day; without it one in `rows`.
    pub per_device_day: Option<f64>,
    /// Rows of normal telemetry with one false alarm.
    pub rows: f64,
    /// Events from which a tail is extrapolated.
    pub peaks: usize,
    /// Margin on an extrapolated tail.
    pub margin: f64,
    /// The threshold is at least this many normalised units.
    pub least: f32,
    /// A threshold to use instead of the calibrated one.
    pub threshold: Option<f32>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            per_device_day: None,
            rows: 500.0,
            peaks: 50,
            margin: 1.0,
            least: 0.5,
            threshold: None,
        }
    }
}

/// From scores to alarms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alarm {
    /// The low threshold as a share of the high one.
    pub low_share: f32,
    /// Rows in a row at the high threshold that raise an alarm.
    pub rows_min: usize,
    /// Rows in a row below the low threshold that end it.
    pub hold_rows: usize,
    /// An alarm that is back within so many rows of its end is more of the same event: the budget
    /// and findings count it once.
    pub apart_rows: usize,
    /// The least deviation worth an alarm, in standardised units of some channel; 0: any.
    pub effect_min: f32,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { low_share: 0.9, rows_min: 1, hold_rows: 1, apart_rows: 50, effect_min: 0.0 }
    }
}

/// Quiet after a confirmed level shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// Rows of an open alarm after which a level that stays is the new centre; 0: never.
    pub rows: usize,
    /// The level stays where each channel varies, over the latter half of these rows, by at most
    /// this many times its scale.
    pub spread: f64,
}

impl Default for Shift {
    fn default() -> Self {
        Self { rows: 512, spread: 4.0 }
    }
}

/// Slow re-calibration of the threshold on rows without an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drift {
    /// Rows of the trailing window; 0: the threshold stays as trained.
    pub rows: usize,
    /// A mean score within this of the training's moves nothing.
    pub dead_band: f32,
    /// The threshold rises by at most this.
    pub most: f32,
}

impl Default for Drift {
    fn default() -> Self {
        Self { rows: 2_048, dead_band: 0.5, most: 2.0 }
    }
}

/// What a finding holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Finding {
    /// Rows before the alarm that explanations are compared with and plots begin with.
    pub before_rows: usize,
    /// Rows between onset and alarm that are kept at most.
    pub onset_rows: usize,
    /// Rows of an alarm that are explained and plotted, its first ones.
    pub alarm_rows: usize,
    /// Channels in a plot.
    pub trace_channels: usize,
}

impl Default for Finding {
    fn default() -> Self {
        Self { before_rows: 32, onset_rows: 32, alarm_rows: 64, trace_channels: 4 }
    }
}

impl Fusion {
    /// The span in rows, of a class with so many measured channels.
    pub fn span(&self, measured: usize) -> usize {
        self.span_rows.max(self.span_values / measured.max(1))
    }

    /// Rows of the trailing mean of a detector that looks back at `history` rows.
    pub fn smooth(&self, history: usize, measured: usize) -> usize {
        let left = self.span(measured).saturating_sub(history).max(self.smooth_least);
        self.smooth_rows.unwrap_or(left)
    }
}

impl Settings {
    /// Reads a `detector.toml`. What it does not say has its default.
    ///
    /// # Errors
    /// [`AnalyticsError::Settings`] with line and column.
    pub fn from_toml(text: &str) -> Result<Self> {
        let settings: Self = toml::from_str(text)
            .map_err(|source| AnalyticsError::Settings { problem: source.to_string() })?;
        settings.check()?;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_toml_over_their_defaults() {
        let read = Settings::from_toml("[budget]\nper_device_day = 2.0\n").unwrap();
        assert_eq!(read.budget.per_device_day, Some(2.0));
        assert_eq!(read.alarm, Alarm::default());
        let text = toml::to_string(&read).unwrap();
        assert_eq!(Settings::from_toml(&text).unwrap(), read);
    }

    #[test]
    fn a_wrong_key_and_a_wrong_value_are_named() {
        let wrong = Settings::from_toml("[alarm]\nhold = 3\n").unwrap_err().to_string();
        assert!(wrong.contains("hold") && wrong.contains("line 2"), "{wrong}");
        let text = "[alarm]\nlow_share = 2.0\n[fusion]\nblocks = 1\n";
        let wrong = Settings::from_toml(text).unwrap_err().to_string();
        assert!(wrong.contains("alarm.low_share") && wrong.contains("fusion.blocks"), "{wrong}");
    }
}

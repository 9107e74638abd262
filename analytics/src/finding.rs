//! A finding: one device behaved differently for long enough that chance does not explain it.

use crate::window::{RowRef, Window};
use fieldmirror_core::ids::{DeviceIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Timestamp;

/// Who raised a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detector {
    /// The autoencoder, on observations alone.
    Autoencoder,
    /// Mahalanobis distance of the twin's residuals.
    Residual,
    /// The age of a device's newest sample.
    Freshness,
}

impl Detector {
    /// All detectors.
    pub const ALL: [Self; 3] = [Self::Autoencoder, Self::Residual, Self::Freshness];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Autoencoder => "autoencoder",
            Self::Residual => "residual",
            Self::Freshness => "freshness",
        }
    }
}

/// The shape of a deviation, as it is compared with what each fault would look like.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// A pump controller.
    Hydraulic {
        /// Mean [`crate::features::pump::signature`] of the first windows of the alarm.
        signature: [f32; 6],
        /// The signature of a deviation that was there before and goes on; zero without one.
        before: [f32; 6],
        /// Mean number of open zones in those windows.
        open_zones: f32,
        /// Other zones that ran in the same hours, most frequent first.
        companions: Vec<ZoneIx>,
    },
    /// A probe's observed channels in standard deviations: see
    /// [`crate::features::probe::CHANNELS`].
    Probe([f32; 6]),
    /// A probe's residuals against its peers, in tolerances: humidity, temperature.
    ProbeResidual([f32; 2]),
    /// Nothing came.
    Silence {
        /// The gateway that usually hears the device, if it is a radio device.
        gateway: Option<DeviceIx>,
        /// Whether the twin explains the silence by that gateway.
        explained: bool,
    },
}

/// A cell of the residuals table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The row.
    pub row: RowRef,
    /// The row's window end.
    pub time: Timestamp,
    /// The row's device.
    pub device: DeviceIx,
    /// The row's metric.
    pub metric: Metric,
    /// The column's name.
    pub column: Column,
    /// The cell's value.
    pub value: f64,
}

/// A column of the residuals table that a ticket may cite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Mean of the samples.
    Observed,
    /// The twin's prediction of it.
    Expected,
    /// Observed minus expected.
    Residual,
    /// Standard deviation within the window.
    ObservedSd,
    /// How many samples came.
    Samples,
    /// How many repeat the value before them.
    Repeats,
    /// Age of the newest sample.
    FreshnessS,
}

impl Column {
    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Expected => "expected",
            Self::Residual => "residual",
            Self::ObservedSd => "observed_sd",
            Self::Samples => "samples",
            Self::Repeats => "repeats",
            Self::FreshnessS => "freshness_s",
        }
    }

    /// The unit of the column in a row of `metric`.
    pub const fn unit(self, metric: Metric) -> &'static str {
        match self {
            Self::Observed | Self::Expected | Self::Residual | Self::ObservedSd => metric.unit(),
            Self::Samples | Self::Repeats => "1",
            Self::FreshnessS => "s",
        }
    }
}

impl Cell {
    /// The cell of `column` in the row of `window`, if it holds a value.
    pub fn of(window: &Window, column: Column) -> Option<Self> {
        let value = match column {
            Column::Observed => window.observed?,
            Column::Expected => window.expected?,
            Column::Residual => window.residual?,
            Column::ObservedSd => window.observed_sd,
            Column::Samples => f64::from(window.samples),
            Column::Repeats => f64::from(window.repeats),
            Column::FreshnessS => window.freshness_s,
        };
        Some(Self {
            row: window.row,
            time: window.time,
            device: window.device,
            metric: window.metric,
            column,
            value,
        })
    }
}

/// One lasting deviation of one device, seen by one detector.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Begin of the first deviating window.
    pub onset: Timestamp,
    /// When the alarm was raised: the end of the window that made the deviation lasting.
    pub raised_at: Timestamp,
    /// End of the last deviating window; `None` while it lasts.
    pub end: Option<Timestamp>,
    /// The device.
    pub device: DeviceIx,
    /// Its class.
    pub class: DeviceClass,
    /// Who raised it.
    pub detector: Detector,
    /// The largest score.
    pub score: f32,
    /// The score from which on a window counts as deviating.
    pub threshold: f32,
    /// Shares of the score by metric, largest first; they sum to 1.
    pub contributions: Vec<(Metric, f32)>,
    /// The shape of the deviation.
    pub pattern: Pattern,
    /// Cells of the most deviating window.
    pub evidence: Vec<Cell>,
    /// The largest share of its flow that the zone lost (pump controllers), 0 to 1.
    pub flow_loss: f32,
}

/// Hourly scores, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoreRows {
    /// Window end.
    pub time: Vec<Timestamp>,
    /// Device.
    pub device: Vec<DeviceIx>,
    /// Detector.
    pub detector: Vec<Detector>,
    /// Score, in the detector's own unit.
    pub score: Vec<f32>,
    /// The score from which on a window counts as deviating.
    pub threshold: Vec<f32>,
    /// Whether an alarm is open after this window.
    pub alarm: Vec<bool>,
}

impl ScoreRows {
    /// Adds a row.
    pub fn push(
        &mut self,
        time: Timestamp,
        device: DeviceIx,
        detector: Detector,
        score: f32,
        threshold: f32,
        alarm: bool,
    ) {
        self.time.push(time);
        self.device.push(device);
        self.detector.push(detector);
        self.score.push(score);
        self.threshold.push(threshold);
        self.alarm.push(alarm);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Removes all rows and keeps the room.
    pub fn clear(&mut self) {
        self.time.clear();
        self.device.clear();
        self.detector.clear();
        self.score.clear();
        self.threshold.clear();
        self.alarm.clear();
    }
}

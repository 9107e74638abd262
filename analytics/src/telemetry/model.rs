//! A model: what was learned of one or more classes of devices, and all that scoring needs.

use super::budget::Calibration;
use super::fusion::Normaliser;
use super::report::TrainingReport;
use super::scaler::ClassScaler;
use super::schema::Schema;
use super::series::{Chunk, Devices};
use super::settings::Settings;
use super::training::Trainer;
use crate::detector::Detector;
use crate::error::{AnalyticsError, Result};
use fieldmirror_core::seed::Seed;
use serde::{Deserialize, Serialize};

/// Where a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// SHA-256 of the training data, as whoever read it made it.
    pub data_digest: String,
    /// Whether its rows had times; they were numbered where they had none, or where they came
    /// from memory.
    pub timed: bool,
    /// The seed of all draws.
    pub seed: u64,
    /// The processor's model: results of matrix kernels may differ by it in the last bits.
    pub cpu: String,
    /// Version of this crate.
    pub version: String,
}

/// A trained model.
#[derive(Debug)]
pub struct Model {
    /// What it was trained with.
    pub settings: Settings,
    /// Its channels.
    pub schema: Schema,
    /// The sampling period, in microseconds.
    pub period_us: i64,
    /// Classes, by name.
    pub classes: Vec<ClassModel>,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// What was learned of a class of devices.
#[derive(Debug)]
pub struct ClassModel {
    /// The class; empty where there is only one and nobody named it.
    pub name: String,
    /// How its devices' values are standardised.
    pub scaler: ClassScaler,
    /// The detectors that count, each with its place on the common scale.
    pub detectors: Vec<(Box<dyn Detector>, Normaliser)>,
    /// The threshold.
    pub calibration: Calibration,
    /// The most rows in succession in which each channel had no value.
    pub silent_rows: Vec<u64>,
}

/// A device's telemetry, for [`Model::train`].
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The device.
    pub device: &'a str,
    /// Its class.
    pub class: &'a str,
    /// Times; see [`Chunk::time`].
    pub time: &'a [i64],
    /// Values of each channel, in the schema's order.
    pub columns: &'a [&'a [f64]],
}

impl Model {
    /// Learns from telemetry that is in memory. [`Trainer`] takes it chunk by chunk.
    ///
    /// # Errors
    /// As [`Trainer`]'s.
    pub fn train(
        schema: Schema,
        series: &[Series<'_>],
        settings: &Settings,
        seed: Seed,
    ) -> Result<(Self, TrainingReport)> {
        let mut trainer = Trainer::new(schema, settings.clone(), seed)?;
        for one in series {
            let device = trainer.device(one.device, one.class);
            let device = Devices::One(device);
            trainer.push(&Chunk { time: one.time, device, columns: one.columns })?;
        }
        trainer.finish()
    }

    /// The class called `name`, by its place.
    ///
    /// # Errors
    /// [`AnalyticsError::DeviceClass`] if it was not learned.
    pub fn class(&self, name: &str) -> Result<usize> {
        self.classes.iter().position(|class| class.name == name).ok_or_else(|| {
            AnalyticsError::DeviceClass {
                device: String::new(),
                devices: 0,
                class: name.to_owned(),
                expected: self
                    .classes
                    .iter()
                    .map(|class| format!("`{}`", class.name))
                    .collect::<Vec<_>>()
                    .join(", "),
            }
        })
    }

    /// Where the model's channels stand among columns `found` (names with units): see
    /// [`Schema::check`].
    ///
    /// # Errors
    /// [`AnalyticsError::Schema`] that names all differences.
    pub fn check_schema(&self, found: &[(String, Option<String>)]) -> Result<super::schema::Fit> {
        self.schema.check(found)
    }

    /// Rows of a stretch, or after a new centre, that some detector has no score for, and those
    /// that its trailing mean then needs: the warm-up, outside of which scores do not depend on
    /// what came before.
    pub fn warm_up_rows(&self) -> usize {
        let detectors = self.classes.iter().flat_map(|class| &class.detectors);
        let rows = detectors.map(|(detector, normaliser)| detector.history() + normaliser.rows);
        rows.max().unwrap_or(1) - 1
    }
}

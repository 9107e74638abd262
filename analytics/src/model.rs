//! What was learned: scales of every device, and one baseline per class and detector.

use crate::baseline::autoencoder::{Autoencoder, Shape, single_thread};
use crate::baseline::mahalanobis::Mahalanobis;
use crate::calibration::{BLOCKS, Threshold, block, threshold};
use crate::collector::Collector;
use crate::error::Result;
use crate::features::probe::{self, Typical};
use crate::features::pump::{self, OpenZoneTrend};
use crate::finding::Detector;
use crate::scale::{Scale, pooled_variance};
use crate::signature::Prototypes;
use crate::spec::Spec;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::seed::Seed;

/// Fewest clean windows that a class is learned from.
const WINDOWS_MIN: usize = 40;

/// How many times its longest clean silence a device must be silent.
const SILENCE_FACTOR: f32 = 1.5;

/// The baselines of a fleet. It is shared by all shards' scorers.
#[derive(Debug)]
pub struct Model {
    pub(crate) probe: ClassModel,
    pub(crate) pump: ClassModel,
    pub(crate) shards: Vec<ShardScales>,
    pub(crate) open_zones: OpenZoneTrend,
    prototypes: Prototypes,
    learned: Vec<Learned>,
}

/// What was learned of one class by one detector.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The class.
    pub class: DeviceClass,
    /// The detector.
    pub detector: Detector,
    /// Its threshold.
    pub threshold: Threshold,
}

/// The baselines of one class; `None` where the clean stretch had too few windows.
#[derive(Debug, Default)]
pub(crate) struct ClassModel {
    pub(crate) observed: Option<ObservedBaseline>,
    pub(crate) residual: Option<ResidualBaseline>,
}

/// An autoencoder with its calibration.
#[derive(Debug)]
pub(crate) struct ObservedBaseline {
    autoencoder: Autoencoder,
    /// Expected squared error of each output, at least one squared tolerance.
    expectation: Vec<f32>,
    /// Channels of a window hour.
    channels: usize,
    pub(crate) threshold: f32,
}

/// A Mahalanobis baseline with its calibration.
#[derive(Debug)]
pub(crate) struct ResidualBaseline {
    pub(crate) mahalanobis: Mahalanobis,
    pub(crate) threshold: f32,
}

/// Scales of one shard's devices, by slot.
#[derive(Debug)]
pub(crate) struct ShardScales {
    /// The shard's first farm, by which it is found again.
    pub(crate) site: String,
    pub(crate) probe: Vec<Scale<{ probe::CHANNELS }>>,
    pub(crate) probe_residual: Vec<[f32; probe::RESIDUALS]>,
    pub(crate) pump: Vec<Scale<{ pump::CHANNELS }>>,
    pub(crate) change: Vec<[f32; pump::CHANGES]>,
    /// Silence from which on a device counts as gone, by device, in seconds.
    pub(crate) silence_s: Vec<f32>,
}

/// Standardised clean windows of one class.
struct CleanRows {
    /// `[windows, inputs]`.
    rows: Vec<f32>,
    inputs: usize,
    /// The calibration block of each window.
    blocks: Vec<usize>,
    /// Stated probability that one clean window deviates.
    rate: f64,
}

impl Model {
    /// Learns from the clean stretches of all shards, in the order of shards.
    ///
    /// A class with fewer than 40 clean windows gets no baseline; [`Self::learned`] tells which.
    ///
    /// # Errors
    /// [`crate::AnalyticsError`] if tensors or matrices cannot be computed.
    pub fn train(collectors: Vec<Collector>, seed: Seed, spec: &Spec) -> Result<Self> {
        let pool = single_thread()?;
        let shards = scales(&collectors);
        pool.install(|| {
            let mut learned = Vec::new();
            let probe = ClassModel {
                observed: learn_observed(
                    &probe_rows(&collectors, &shards, spec),
                    &Shape {
                        name: "soil_probe".to_owned(),
                        inputs: probe::INPUTS,
                        outputs: probe::INPUTS,
                        hidden: 16,
                        middle: 6,
                        steps: spec.training_steps,
                        batch: spec.training_batch,
                    },
                    (probe::CHANNELS, DeviceClass::SoilProbe),
                    (seed, spec.probe_threshold_min as f32),
                    &mut learned,
                )?,
                residual: learn_residual(
                    &probe_residual_rows(&collectors, &shards, spec),
                    DeviceClass::SoilProbe,
                    spec,
                    &mut learned,
                )?,
            };
            let pump = ClassModel {
                observed: learn_observed(
                    &pump_rows(&collectors, &shards, spec),
                    &Shape {
                        name: "pump_controller".to_owned(),
                        inputs: pump::CHANNELS,
                        outputs: pump::SCORED,
                        hidden: 12,
                        middle: 2,
                        steps: spec.training_steps,
                        batch: spec.training_batch,
                    },
                    (pump::SCORED, DeviceClass::PumpController),
                    (seed, spec.pump_threshold_min as f32),
                    &mut learned,
                )?,
                residual: learn_residual(
                    &change_rows(&collectors, &shards, spec),
                    DeviceClass::PumpController,
                    spec,
                    &mut learned,
                )?,
            };
            let prototypes = Prototypes::derive(
                collectors.iter().zip(&shards).flat_map(|(collector, scales)| {
                    collector
                        .probe_sample
                        .kept
                        .iter()
                        .map(|sample| (sample, &scales.probe[sample.slot as usize]))
                }),
                &typical(&collectors),
            );
            let open_zones = open_zone_trend(&collectors, &shards);
            Ok(Self { probe, pump, shards, open_zones, prototypes, learned })
        })
    }

    /// What was learned, by class and detector.
    pub fn learned(&self) -> &[Learned] {
        &self.learned
    }

    /// What probe faults would look like.
    pub const fn prototypes(&self) -> &Prototypes {
        &self.prototypes
    }
}

impl ObservedBaseline {
    /// What the autoencoder leaves over of `rows`, appended to `errors`.
    pub(crate) fn errors(&self, rows: &[f32], errors: &mut Vec<f32>) -> Result<()> {
        self.autoencoder.errors(rows, errors)
    }

    /// Outputs of a window.
    pub(crate) const fn outputs(&self) -> usize {
        self.autoencoder.outputs()
    }

    /// The score of one window's errors: mean squared error over its clean expectation. Adds each
    /// channel's part to `parts`.
    pub(crate) fn score(&self, errors: &[f32], parts: &mut [f32]) -> f32 {
        let share = 1.0 / errors.len() as f32;
        let mut sum = 0.0;
        for (i, (&error, &expected)) in errors.iter().zip(&self.expectation).enumerate() {
            let part = share * error * error / expected;
            parts[i % self.channels] += part;
            sum += part;
        }
        sum
    }
}

fn learn_observed(
    clean: &CleanRows,
    shape: &Shape,
    (channels, class): (usize, DeviceClass),
    (seed, least): (Seed, f32),
    learned: &mut Vec<Learned>,
) -> Result<Option<ObservedBaseline>> {
    if clean.blocks.len() < WINDOWS_MIN {
        return Ok(None);
    }
    let mut errors = Vec::new();
    for fold in 0..BLOCKS {
        let (inside, outside) = clean.split(fold);
        if outside.is_empty() || inside.is_empty() {
            continue;
        }
        let shape = Shape { name: format!("{}/fold{fold}", shape.name), ..shape.clone() };
        Autoencoder::train(&outside, &shape, seed)?.errors(&inside, &mut errors)?;
    }
    let autoencoder = Autoencoder::train(&clean.rows, shape, seed)?;
    if errors.is_empty() {
        autoencoder.errors(&clean.rows, &mut errors)?;
    }
    let outputs = shape.outputs;
    let mut expectation = vec![0.0_f64; outputs];
    for row in errors.chunks_exact(outputs) {
        for (sum, &error) in expectation.iter_mut().zip(row) {
            *sum += f64::from(error) * f64::from(error);
        }
    }
    let windows = (errors.len() / outputs) as f64;
    let mut baseline = ObservedBaseline {
        autoencoder,
        expectation: expectation.iter().map(|sum| (sum / windows).max(1.0) as f32).collect(),
        channels,
        threshold: 0.0,
    };
    let mut parts = vec![0.0; channels];
    let mut scores: Vec<f32> =
        errors.chunks_exact(outputs).map(|row| baseline.score(row, &mut parts)).collect();
    let found = threshold(&mut scores, clean.rate, least);
    baseline.threshold = found.value;
    learned.push(Learned { class, detector: Detector::Autoencoder, threshold: found });
    Ok(Some(baseline))
}

fn learn_residual(
    clean: &CleanRows,
    class: DeviceClass,
    spec: &Spec,
    learned: &mut Vec<Learned>,
) -> Result<Option<ResidualBaseline>> {
    if clean.blocks.len() < WINDOWS_MIN {
        return Ok(None);
    }
    let mut parts = vec![0.0; clean.inputs];
    let mut scores = Vec::with_capacity(clean.blocks.len());
    for fold in 0..BLOCKS {
        let (inside, outside) = clean.split(fold);
        let baseline = Mahalanobis::fit(&outside, clean.inputs)?;
        scores.extend(inside.chunks_exact(clean.inputs).map(|row| baseline.score(row, &mut parts)));
    }
    let mahalanobis = Mahalanobis::fit(&clean.rows, clean.inputs)?;
    let found = threshold(&mut scores, clean.rate, spec.residual_threshold_min as f32);
    learned.push(Learned { class, detector: Detector::Residual, threshold: found });
    Ok(Some(ResidualBaseline { mahalanobis, threshold: found.value }))
}

impl CleanRows {
    fn new(inputs: usize, collectors: &[Collector], spec: &Spec, class: DeviceClass) -> Self {
        let (mut device_days, mut windows) = (0.0, 0.0);
        for collector in collectors {
            let Some((start, end)) = collector.stretch else {
                continue;
            };
            let (devices, seen) = match class {
                DeviceClass::SoilProbe => {
                    (collector.probes.devices.len(), collector.probe_sample.seen)
                }
                _ => (collector.pumps.devices.len(), collector.pump_sample.seen),
            };
            device_days += devices as f64 * (end - start).days();
            windows += f64::from(seen);
        }
        let rate = spec.false_alarms_per_device_day * device_days / f64::max(windows, 1.0);
        Self { rows: Vec::new(), inputs, blocks: Vec::new(), rate: rate.clamp(1e-12, 0.5) }
    }

    /// The rows of block `fold`, and those of all others.
    fn split(&self, fold: usize) -> (Vec<f32>, Vec<f32>) {
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for (row, &block) in self.rows.chunks_exact(self.inputs).zip(&self.blocks) {
            if block == fold { &mut inside } else { &mut outside }.extend_from_slice(row);
        }
        (inside, outside)
    }
}

fn probe_rows(collectors: &[Collector], shards: &[ShardScales], spec: &Spec) -> CleanRows {
    let mut clean = CleanRows::new(probe::INPUTS, collectors, spec, DeviceClass::SoilProbe);
    for (collector, scales) in collectors.iter().zip(shards) {
        for sample in &collector.probe_sample.kept {
            sample.window.standardise(&scales.probe[sample.slot as usize], &mut clean.rows);
            clean.blocks.push(collector.block(sample.time));
        }
    }
    clean
}

fn probe_residual_rows(collectors: &[Collector], shards: &[ShardScales], spec: &Spec) -> CleanRows {
    let mut clean = CleanRows::new(probe::RESIDUALS, collectors, spec, DeviceClass::SoilProbe);
    for (collector, scales) in collectors.iter().zip(shards) {
        for sample in &collector.probe_sample.kept {
            let centre = &scales.probe_residual[sample.slot as usize];
            if let Some(row) = probe_residual(&sample.window.residual(), centre) {
                clean.rows.extend(row);
                clean.blocks.push(collector.block(sample.time));
            }
        }
    }
    clean
}

fn pump_rows(collectors: &[Collector], shards: &[ShardScales], spec: &Spec) -> CleanRows {
    let mut clean = CleanRows::new(pump::CHANNELS, collectors, spec, DeviceClass::PumpController);
    for (collector, scales) in collectors.iter().zip(shards) {
        for sample in &collector.pump_sample.kept {
            let scale = &scales.pump[sample.slot as usize];
            let observed = sample.observed.iter().enumerate();
            clean.rows.extend(observed.map(|(i, &value)| scale.standardise(i, value)));
            clean.blocks.push(collector.block(sample.time));
        }
    }
    clean
}

fn change_rows(collectors: &[Collector], shards: &[ShardScales], spec: &Spec) -> CleanRows {
    let mut clean = CleanRows::new(pump::CHANGES, collectors, spec, DeviceClass::PumpController);
    for (collector, scales) in collectors.iter().zip(shards) {
        for sample in &collector.pump_sample.kept {
            let centre = &scales.change[sample.slot as usize];
            if let Some(change) = change_from_clean(&sample.change, centre) {
                clean.rows.extend(in_tolerances(&change));
                clean.blocks.push(collector.block(sample.time));
            }
        }
    }
    clean
}

/// Residuals of a probe in tolerances around its clean `centre`; `None` without humidity.
pub(crate) fn probe_residual(
    residual: &[f32; probe::RESIDUALS],
    centre: &[f32; probe::RESIDUALS],
) -> Option<[f32; probe::RESIDUALS]> {
    if residual[0].is_nan() {
        return None;
    }
    let mut row = [0.0; probe::RESIDUALS];
    for (i, out) in row.iter_mut().enumerate() {
        if !residual[i].is_nan() {
            *out = (residual[i] - centre[i]) / probe::RESIDUAL_TOLERANCE[i];
        }
    }
    Some(row)
}

/// Changes of a controller around its clean `centre`; `None` without a prediction.
pub(crate) fn change_from_clean(
    change: &[f32; pump::CHANGES],
    centre: &[f32; pump::CHANGES],
) -> Option<[f32; pump::CHANGES]> {
    let mut row = [0.0; pump::CHANGES];
    for (i, out) in row.iter_mut().enumerate() {
        *out = change[i] - centre[i];
        if out.is_nan() {
            return None;
        }
    }
    Some(row)
}

/// Changes in units of their tolerances.
pub(crate) fn in_tolerances(change: &[f32; pump::CHANGES]) -> [f32; pump::CHANGES] {
    let mut row = [0.0; pump::CHANGES];
    for (i, out) in row.iter_mut().enumerate() {
        *out = change[i] / pump::CHANGE_TOLERANCE[i];
    }
    row
}

impl Collector {
    fn block(&self, time: fieldmirror_core::time::Timestamp) -> usize {
        self.stretch.map_or(0, |(start, end)| block(time, start, end - start))
    }
}

fn scales(collectors: &[Collector]) -> Vec<ShardScales> {
    let probe_pool = pooled_variance(collectors.iter().flat_map(|c| &c.probe_moments));
    let pump_pool = pooled_variance(collectors.iter().flat_map(|c| &c.pump_moments));
    collectors
        .iter()
        .map(|collector| ShardScales {
            site: collector.topology.first_site().to_owned(),
            probe: collector
                .probe_moments
                .iter()
                .map(|own| Scale::of(own, &probe_pool, &probe::TOLERANCE))
                .collect(),
            probe_residual: collector
                .residual_moments
                .iter()
                .map(|own| [own.mean(0), own.mean(1)])
                .collect(),
            pump: collector
                .pump_moments
                .iter()
                .map(|own| Scale::of(own, &pump_pool, &pump::TOLERANCE))
                .collect(),
            change: collector
                .change_moments
                .iter()
                .map(|own| std::array::from_fn(|i| own.mean(i)))
                .collect(),
            silence_s: collector.silence_s.iter().map(|longest| SILENCE_FACTOR * longest).collect(),
        })
        .collect()
}

fn open_zone_trend(collectors: &[Collector], shards: &[ShardScales]) -> OpenZoneTrend {
    let mut trend = OpenZoneTrend::default();
    for (collector, scales) in collectors.iter().zip(shards) {
        for sample in &collector.pump_sample.kept {
            trend.add(&sample.observed, &scales.pump[sample.slot as usize].centre);
        }
    }
    trend
}

fn typical(collectors: &[Collector]) -> Typical {
    let mut all = Typical::default();
    for collector in collectors {
        let one = collector.probes.typical();
        all.hours += one.hours;
        if all.hours == 0.0 {
            continue;
        }
        let share = one.hours / all.hours;
        for (mean, own) in [
            (&mut all.samples, one.samples),
            (&mut all.spread, one.spread),
            (&mut all.repeats, one.repeats),
            (&mut all.humidity, one.humidity),
            (&mut all.humidity_square, one.humidity_square),
        ] {
            *mean += (own - *mean) * share;
        }
    }
    all
}

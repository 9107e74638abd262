//! Training: telemetry in, chunk by chunk; a model and what there is to say about it out.
//!
//! Memory is bounded by [`Memory`](super::settings::Memory); what is learned depends on each
//! device's rows and the seed, and not on the order of devices or the size of chunks.

use super::learner::Learner;
use super::model::{ClassModel, Model, Provenance};
use super::report::{ChannelReport, TrainingReport};
use super::reservoir::{Block, Blocks, Sample, sample_rows};
use super::scaler::State;
use super::schema::Schema;
use super::series::{Chunk, Counts, Order, Ordered, period};
use super::settings::Settings;
use crate::error::{AnalyticsError, Result};
use fieldmirror_core::seed::Seed;
use std::collections::BTreeMap;

/// Takes telemetry and learns.
#[derive(Debug)]
pub struct Trainer {
    schema: Schema,
    settings: Settings,
    seed: Seed,
    devices: Vec<Device>,
    /// By class and name.
    numbers: BTreeMap<(String, String), u32>,
    classes: BTreeMap<String, Rowset>,
    counts: Counts,
    missing: Vec<u64>,
    rows: u64,
    ordered: Ordered,
    provenance: Provenance,
}

#[derive(Debug)]
pub(super) struct Device {
    pub(super) name: String,
    class: String,
    /// Its number within the class.
    number: u32,
    order: Order,
    pub(super) sample: Sample,
}

#[derive(Debug, Default)]
struct Rowset {
    blocks: Blocks,
    devices: u32,
}

impl Trainer {
    /// A trainer of telemetry of this schema.
    ///
    /// # Errors
    /// [`AnalyticsError::Settings`] if settings are out of range.
    pub fn new(schema: Schema, settings: Settings, seed: Seed) -> Result<Self> {
        settings.check()?;
        let channels = schema.channels.len();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self {
            schema,
            settings,
            seed,
            devices: Vec::new(),
            numbers: BTreeMap::new(),
            classes: BTreeMap::new(),
            counts: Counts::default(),
            missing: vec![0; channels],
            rows: 0,
            ordered: Ordered::default(),
            provenance: Provenance { seed: seed.bits(), version, ..Provenance::default() },
        })
    }

    /// The number of a device, for [`Chunk::device`]; a new one at its first mention.
    pub fn device(&mut self, name: &str, class: &str) -> u32 {
        let key = (class.to_owned(), name.to_owned());
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        let number = self.devices.len() as u32;
        let rowset = self.classes.entry(class.to_owned()).or_default();
        self.devices.push(Device {
            name: name.to_owned(),
            class: class.to_owned(),
            number: rowset.devices,
            order: Order::new(),
            sample: Sample::new(class, name, self.seed),
        });
        rowset.devices += 1;
        self.numbers.insert(key, number);
        number
    }

    /// Takes rows.
    ///
    /// # Errors
    /// [`AnalyticsError::Late`] for a row that comes too late, if settings refuse it;
    /// [`AnalyticsError::Schema`] if there are not as many columns as channels.
    pub fn push(&mut self, chunk: &Chunk<'_>) -> Result<()> {
        let channels = self.schema.channels.len();
        chunk.check(channels, self.devices.len())?;
        for (missing, column) in self.missing.iter_mut().zip(chunk.columns) {
            *missing += column.iter().filter(|value| !value.is_finite()).count() as u64;
        }
        for (device, rows) in chunk.by_device() {
            for row in rows {
                let row = row as usize;
                let device = &mut self.devices[device as usize];
                let at = (chunk.time[row], self.rows + row as u64);
                let values = chunk.columns.iter().map(|column| column[row]);
                let (time, counts) = (&self.settings.time, &mut self.counts);
                let late = device.order.push(at, values, time, counts, &mut self.ordered);
                late.map_err(|late| AnalyticsError::Late {
                    device: device.name.clone(),
                    row: at.1 + 1,
                    time: at.0,
                    before: late.released,
                    reorder_rows: time.reorder_rows,
                })?;
            }
            self.keep(device);
        }
        self.rows += chunk.time.len() as u64;
        Ok(())
    }

    /// Moves what is in order to the rows kept.
    fn keep(&mut self, device: u32) {
        let channels = self.schema.channels.len();
        let memory = &self.settings.training;
        let most = sample_rows(memory, self.devices.len(), channels);
        let device = &mut self.devices[device as usize];
        if let Some(rowset) = self.classes.get_mut(&device.class) {
            let values = self.ordered.values.chunks_exact(channels);
            let rows = self.ordered.time.iter().zip(&self.ordered.late).zip(values);
            for ((&time, _), values) in rows.filter(|((_, late), _)| !**late) {
                let row = (time, values);
                device.sample.push(row, device.number, &mut rowset.blocks, (memory, most));
            }
        }
        self.ordered = Ordered::default();
    }

    /// Says where the telemetry came from, whether its rows had times, and what it is scored on.
    pub fn provenance(&mut self, data_digest: &str, timed: bool, cpu: &str) {
        self.provenance.data_digest = data_digest.to_owned();
        self.provenance.timed = timed;
        self.provenance.cpu = cpu.to_owned();
    }

    /// Learns.
    ///
    /// # Errors
    /// [`AnalyticsError::NoRows`], [`AnalyticsError::NoValues`], [`AnalyticsError::NothingVaries`]
    /// or [`AnalyticsError::NoDetector`] where telemetry does not suffice.
    pub fn finish(mut self) -> Result<(Model, TrainingReport)> {
        for device in 0..self.devices.len() {
            self.devices[device].order.flush(&mut self.ordered);
            self.keep(device as u32);
        }
        if self.counts.rows == 0 {
            return Err(AnalyticsError::NoRows);
        }
        let channels = self.schema.channels.len();
        let most = sample_rows(&self.settings.training, self.devices.len(), channels);
        self.devices.iter_mut().for_each(|device| device.sample.trim(most));
        let mut classes = Vec::new();
        for (name, rowset) in std::mem::take(&mut self.classes) {
            // In the order of their numbers within the class.
            let members = self.devices.iter().filter(|device| device.class == name);
            let kept = rowset.blocks.rows();
            let blocks = rowset.blocks.by_device(rowset.devices as usize);
            let mut members: Vec<(&Device, BTreeMap<u32, Block>)> = members.zip(blocks).collect();
            members.retain(|(device, _)| device.sample.rows() > 0);
            members.sort_by(|a, b| a.0.name.cmp(&b.0.name));
            classes.push((name, kept, members));
        }
        classes.retain(|class| !class.2.is_empty());
        let blocks = classes.iter().flat_map(|c| c.2.iter().flat_map(|member| member.1.values()));
        let period_us = infer_period(&self.settings, blocks)?;
        let mut counts = self.counts;
        let (mut models, mut reports) = (Vec::new(), Vec::new());
        for (name, kept, members) in classes {
            let learner = Learner {
                name: &name,
                schema: &self.schema,
                settings: &self.settings,
                seed: self.seed,
                period_us,
            };
            let (model, report) = learner.learn(members, kept, &mut counts)?;
            models.push(model);
            reports.push(report);
        }
        let report = TrainingReport {
            period_seconds: period_us as f64 / 1e6,
            period_inferred: self.settings.time.period_seconds.is_none(),
            counts: Counts { missing: self.missing.iter().sum(), ..counts },
            channels: channel_reports(&self.schema, &self.missing, &models)?,
            classes: reports,
        };
        let (schema, settings) = (self.schema, self.settings);
        let provenance = self.provenance;
        Ok((Model { settings, schema, period_us, classes: models, provenance }, report))
    }
}

/// The period that settings give or times tell.
fn infer_period<'a>(settings: &Settings, blocks: impl Iterator<Item = &'a Block>) -> Result<i64> {
    if let Some(seconds) = settings.time.period_seconds {
        return Ok(((seconds * 1e6) as i64).max(1));
    }
    let mut differences = Vec::new();
    for block in blocks {
        let pairs = block.time.windows(2).map(|pair| pair[1] - pair[0]);
        differences.extend(pairs.filter(|&difference| difference > 0));
    }
    period(&mut differences).ok_or(AnalyticsError::NoPeriod)
}

fn channel_reports(
    schema: &Schema,
    missing: &[u64],
    classes: &[ClassModel],
) -> Result<Vec<ChannelReport>> {
    let in_state = |channel: usize, state: State| -> Vec<String> {
        let found = classes.iter().filter(|class| class.scaler.states[channel] == state);
        found.map(|class| class.name.clone()).collect()
    };
    let channels = schema.channels.iter().zip(missing).enumerate();
    let reports: Vec<ChannelReport> = channels
        .map(|(index, (channel, &missing))| ChannelReport {
            channel: channel.clone(),
            missing,
            constant_in: in_state(index, State::Constant),
            absent_in: in_state(index, State::Absent),
        })
        .collect();
    let empty = reports.iter().filter(|report| report.absent_in.len() == classes.len());
    let empty: Vec<&str> = empty.map(|report| report.channel.name.as_str()).collect();
    if empty.is_empty() {
        return Ok(reports);
    }
    Err(AnalyticsError::NoValues { channels: empty.join(", ") })
}

/// The longest difference of times within a stretch.
pub(super) fn gap(settings: &Settings, period_us: i64) -> i64 {
    (settings.time.gap_periods * period_us as f64) as i64
}

//! Scoring: telemetry in, chunk by chunk; a row for each row, and events, out.
//!
//! What comes out depends on each device's rows alone: not on the size of chunks, on other
//! devices, on the number of threads, or on whether the state was saved and restored in between.

use super::device::{Context, Device, Output};
use super::engine::Engine;
use super::event::Event;
use super::model::Model;
use super::series::{Chunk, Counts, Ordered, Silent};
use super::state;
use crate::error::{AnalyticsError, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What scoring says of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredRow {
    /// The device's number.
    pub device: u32,
    /// How many rows had come before this one, over all devices.
    pub row: u64,
    /// Its time.
    pub time: i64,
    /// The fused score: 0 is the median of clean rows, 1 their high quantile.
    pub score: f32,
    /// The threshold at this row.
    pub threshold: f32,
    /// Whether an alarm is open.
    pub alarm: bool,
    /// Whether anything could judge the row. Nothing can at the begin of a stretch, without a value
    /// of a measured channel, and too late; the score is 0 there.
    pub judged: bool,
}

/// For how long a channel of a device had no value, where that is longer than in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The device's number.
    pub device: u32,
    /// The channel, by its place in the schema.
    pub channel: usize,
    /// Time of the first row without a value of it.
    pub from: i64,
    /// Time of the last such row so far.
    pub until: i64,
    /// How many rows.
    pub rows: u64,
}

impl Silence {
    pub(super) const fn new(device: u32, channel: usize, silent: Silent) -> Self {
        let Silent { rows, from, until } = silent;
        Self { device, channel, from, until, rows }
    }
}

/// What comes out of scoring.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// A row for each row that went in. Rows come out when nothing can be put before them any
    /// more; so some come out of a later call than they went into.
    pub rows: Vec<ScoredRow>,
    /// Alarms that ended.
    pub events: Vec<Event>,
    /// Silences that ended.
    pub silences: Vec<Silence>,
}

/// Scores telemetry by a model.
#[derive(Debug)]
pub struct Scorer<'a> {
    model: &'a Model,
    contexts: Vec<Context>,
    devices: Vec<Device>,
    /// By class and name.
    numbers: BTreeMap<(usize, String), u32>,
    rows: u64,
}

impl<'a> Scorer<'a> {
    /// A scorer that has seen nothing.
    pub fn new(model: &'a Model) -> Self {
        let contexts = model.classes.iter().map(|class| Context::new(model, class)).collect();
        Self { model, contexts, devices: Vec::new(), numbers: BTreeMap::new(), rows: 0 }
    }

    /// The number of a device, for [`Chunk::device`]; a new one at its first mention. Devices that
    /// the model has not seen are welcome if it has learned their class.
    ///
    /// # Errors
    /// [`AnalyticsError::DeviceClass`] if it has not.
    pub fn device(&mut self, name: &str, class: &str) -> Result<u32> {
        let class = self.model.class(class)?;
        if let Some(&number) = self.numbers.get(&(class, name.to_owned())) {
            return Ok(number);
        }
        Ok(self.add(Device::new(name, class, self.model)))
    }

    fn add(&mut self, device: Device) -> u32 {
        let number = self.devices.len() as u32;
        self.numbers.insert((device.class, device.name.clone()), number);
        self.devices.push(device);
        number
    }

    /// The name of a device.
    pub fn name(&self, device: u32) -> &str {
        &self.devices[device as usize].name
    }

    /// The class of a device.
    pub fn class(&self, device: u32) -> &str {
        &self.model.classes[self.devices[device as usize].class].name
    }

    /// Whether the model has not learned from the device.
    pub fn is_new(&self, device: u32) -> bool {
        let device = &self.devices[device as usize];
        !self.model.classes[device.class].scaler.devices.contains_key(&device.name)
    }

    /// Rows of a device that went in.
    pub fn rows_of(&self, device: u32) -> u64 {
        self.devices[device as usize].counts.rows
    }

    /// Devices that were announced.
    pub const fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Rows that went in.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// What was found among the rows so far.
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        self.devices.iter().for_each(|device| all.add(&device.counts));
        all
    }

    /// Takes rows, columns in the order of the model's schema.
    ///
    /// # Errors
    /// [`AnalyticsError::Late`] for a row that comes too late, if settings refuse it;
    /// [`AnalyticsError::Schema`] if there are not as many columns as channels. The scorer is of
    /// no use afterwards.
    pub fn push(&mut self, chunk: &Chunk<'_>) -> Result<Scored> {
        chunk.check(self.model.schema.channels.len(), self.devices.len())?;
        let groups = chunk.by_device();
        let first = self.rows;
        self.rows += chunk.time.len() as u64;
        let mut rows = vec![None; self.devices.len()];
        for (device, group) in groups {
            rows[device as usize] = Some(group);
        }
        let time = &self.model.settings.time;
        self.each(|number, device| {
            let Some(group) = &rows[number as usize] else { return Ok(Ordered::default()) };
            let mut ordered = Ordered::default();
            for &row in group {
                let row = row as usize;
                let at = (chunk.time[row], first + row as u64);
                let values = chunk.columns.iter().map(|column| column[row]);
                let taken = device.order.push(at, values, time, &mut device.counts, &mut ordered);
                taken.map_err(|late| AnalyticsError::Late {
                    device: device.name.clone(),
                    row: at.1 + 1,
                    time: at.0,
                    before: late.released,
                    reorder_rows: time.reorder_rows,
                })?;
            }
            Ok(ordered)
        })
    }

    /// Lets out all rows of the devices of which a row with a number below `before` waits, so that
    /// whoever puts rows back into their order need not wait for a silent device.
    ///
    /// # Errors
    /// [`AnalyticsError`] if a detector cannot compute.
    pub fn release(&mut self, before: u64) -> Result<Scored> {
        self.each(|_, device| {
            let mut ordered = Ordered::default();
            if device.order.keeps(before) {
                device.order.flush(&mut ordered);
            }
            Ok(ordered)
        })
    }

    /// Ends the telemetry: lets out the rows that wait, and the alarms and silences that go on.
    ///
    /// # Errors
    /// [`AnalyticsError`] if a detector cannot compute.
    pub fn finish(&mut self) -> Result<Scored> {
        let mut scored = self.each(|_, device| {
            let mut ordered = Ordered::default();
            device.order.flush(&mut ordered);
            Ok(ordered)
        })?;
        let (model, contexts) = (self.model, &self.contexts);
        for (number, device) in self.devices.iter_mut().enumerate() {
            let mut engine = engine(model, contexts, number as u32, device);
            engine.close(u64::MAX, false, true)?;
            scored.events.extend(engine.out.events.into_iter().map(|event| event.1));
            let most = &contexts[device.class].silent_rows;
            let silent = device.fill.silent.iter().enumerate();
            let silent = silent.filter(|(channel, silent)| silent.rows > most[*channel]);
            let told = silent.map(|(at, silent)| Silence::new(number as u32, at, *silent));
            scored.silences.extend(told);
        }
        Ok(scored)
    }

    /// Lets each device take the rows that `order` makes for it, and puts what comes out in order.
    fn each(
        &mut self,
        order: impl Fn(u32, &mut Device) -> Result<Ordered> + Sync,
    ) -> Result<Scored> {
        let (model, contexts) = (self.model, &self.contexts);
        let one = |(number, device): (usize, &mut Device)| -> Result<Output> {
            let ordered = order(number as u32, device)?;
            if ordered.time.is_empty() {
                return Ok(Output::default());
            }
            let mut engine = engine(model, contexts, number as u32, device);
            engine.take(ordered)?;
            Ok(engine.out)
        };
        // Errors in the order of devices, so that the same one is told whatever thread is first.
        let outputs: Vec<Result<Output>> =
            self.devices.par_iter_mut().enumerate().map(one).collect();
        let mut all = Output::default();
        for output in outputs {
            let output = output?;
            all.rows.extend(output.rows);
            all.events.extend(output.events);
            all.silences.extend(output.silences);
        }
        all.rows.sort_by_key(|(trigger, row)| (*trigger, row.row));
        all.events.sort_by_key(|(trigger, _)| *trigger);
        all.silences.sort_by_key(|(trigger, _)| *trigger);
        Ok(Scored {
            rows: all.rows.into_iter().map(|row| row.1).collect(),
            events: all.events.into_iter().map(|event| event.1).collect(),
            silences: all.silences.into_iter().map(|silence| silence.1).collect(),
        })
    }

    /// Everything that scoring has to remember, for [`Self::restore_state`]. The same rows give
    /// the same bytes in whatever chunks they came.
    pub fn save_state(&mut self) -> Vec<u8> {
        for device in &mut self.devices {
            device.compact(&self.contexts[device.class], &self.model.classes[device.class]);
        }
        state::write(self.model, self.rows, &self.devices)
    }

    /// A scorer that goes on where [`Self::save_state`] left off.
    ///
    /// # Errors
    /// [`AnalyticsError::State`] if the bytes are no state, or that of another model.
    pub fn restore_state(model: &'a Model, bytes: &[u8]) -> Result<Self> {
        let mut scorer = Self::new(model);
        let (rows, devices) = state::read(model, bytes)?;
        scorer.rows = rows;
        for device in devices {
            scorer.add(device);
        }
        Ok(scorer)
    }
}

fn engine<'a>(
    model: &'a Model,
    contexts: &'a [Context],
    number: u32,
    device: &'a mut Device,
) -> Engine<'a> {
    let class = device.class;
    let (class, context) = (&model.classes[class], &contexts[class]);
    Engine { model, class, context, number, device, out: Output::default() }
}

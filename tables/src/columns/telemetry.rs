//! Measurements as they arrived, one row a message and one column a channel.

use super::store::BatchBuilder;
use super::{Cell, Columns};
use crate::dictionary::{Dictionaries, Key};
use crate::error::TablesError;
use crate::schema::Table;
use arrow::array::RecordBatch;
use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::time::Timestamp;

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct TelemetryRow<'a> {
    /// When the cloud stored it.
    pub time: Timestamp,
    /// When the device sampled, by its own clock.
    pub sampled_at: Timestamp,
    /// The device's farm.
    pub site: SiteIx,
    /// The device's zone, if it has one.
    pub zone: Option<ZoneIx>,
    /// The gateway that heard it best, if it came over the air.
    pub gateway: Option<DeviceIx>,
    /// Sender, class and values.
    pub reading: &'a Reading,
}

/// Columns of [`Table::Telemetry`].
#[derive(Clone, Debug)]
pub struct TelemetryColumns {
    /// When the cloud stored each message, ns since 1970.
    pub time: Vec<i64>,
    /// When the device sampled, by its own clock, ns since 1970.
    pub sampled_at: Vec<i64>,
    /// The device: a [`DeviceIx`].
    pub device: Vec<i32>,
    /// The class: the position in [`DeviceClass::ALL`].
    pub class: Vec<i32>,
    /// The farm: a [`SiteIx`].
    pub site: Vec<i32>,
    /// The zone: a [`ZoneIx`], or [`Key::ABSENT`].
    pub zone: Vec<i32>,
    /// The gateway: a [`DeviceIx`], or [`Key::ABSENT`].
    pub gateway: Vec<i32>,
    /// The values of each channel of [`Metric::ALL`]; NaN where the message has none. A column may
    /// be shorter than there are rows: the rest have none.
    pub values: [Vec<f64>; Metric::COUNT],
    /// For each class its channels and where in the payload they stand.
    channels: [Vec<(Metric, usize)>; DeviceClass::ALL.len()],
}

impl Default for TelemetryColumns {
    fn default() -> Self {
        Self {
            time: Vec::new(),
            sampled_at: Vec::new(),
            device: Vec::new(),
            class: Vec::new(),
            site: Vec::new(),
            zone: Vec::new(),
            gateway: Vec::new(),
            values: Default::default(),
            channels: DeviceClass::ALL.map(|class| {
                let fields = class.schema().fields.iter().enumerate();
                fields.filter_map(|(at, field)| field.metric.map(|metric| (metric, at))).collect()
            }),
        }
    }
}

impl TelemetryColumns {
    /// Appends a row.
    pub fn push(&mut self, row: &TelemetryRow<'_>) {
        let at = self.time.len();
        let class = row.reading.class();
        row.time.append(&mut self.time);
        row.sampled_at.append(&mut self.sampled_at);
        row.reading.device().append(&mut self.device);
        Key::of_class(class).append(&mut self.class);
        row.site.append(&mut self.site);
        row.zone.append(&mut self.zone);
        row.gateway.append(&mut self.gateway);
        // Most channels stay empty for most classes: they are filled up when a value comes.
        for &(metric, position) in &self.channels[class as usize] {
            let values = &mut self.values[metric.index()];
            if values.len() < at {
                values.resize(at, f64::NAN);
            }
            values.push(row.reading.value(position));
        }
    }
}

impl Columns for TelemetryColumns {
    const TABLE: Table = Table::Telemetry;

    fn len(&self) -> usize {
        self.time.len()
    }

    fn take(&mut self, dictionaries: &mut Dictionaries) -> Result<RecordBatch, TablesError> {
        let rows = self.len();
        let mut batch = BatchBuilder::new(Self::TABLE);
        batch.column(&mut self.time, None);
        batch.column(&mut self.sampled_at, None);
        batch.column(&mut self.device, Some(dictionaries.devices.words()));
        batch.column(&mut self.class, Some(dictionaries.classes.words()));
        batch.column(&mut self.site, Some(dictionaries.sites.words()));
        batch.column(&mut self.zone, Some(dictionaries.zones.words()));
        batch.column(&mut self.gateway, Some(dictionaries.devices.words()));
        for values in &mut self.values {
            if values.is_empty() {
                batch.absent(rows);
            } else {
                values.resize(rows, f64::NAN);
                batch.column(values, None);
            }
        }
        batch.finish()
    }
}

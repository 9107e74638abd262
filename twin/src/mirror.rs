//! Last reported states and the running sums of the open window.
//!
//! One mirror and a few tallies a device, in dense arrays by device index: a message
//! touches only its own. Sums are kept in the payload's raw integers, so they are exact and do not
//! depend on the order of messages.

use crate::freshness::{Freshness, Hearing};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::message::Message;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, FieldKind, Reading};
use fieldmirror_core::time::{Span, Timestamp};

/// What the twin holds of a device: its shadow's reported side, and how current that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceState {
    /// The device.
    pub device: DeviceIx,
    /// The last reading that it reported; `None` before the first.
    pub reading: Option<Reading>,
    /// When the device sampled it, by its own clock.
    pub sampled_at: Option<Timestamp>,
    /// When it was received.
    pub received_at: Option<Timestamp>,
    /// How many of its messages arrived.
    pub reports: u32,
    /// Time since the last one, or since the start.
    pub age: Span,
    /// How that is to be understood.
    pub state: Freshness,
    /// The gateway that usually hears it.
    pub gateway: Option<DeviceIx>,
}

/// One device's mirror.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mirror {
    /// The last reading; all zero before the first.
    reading: Reading,
    sampled_at: Timestamp,
    received_at: Timestamp,
    interval: Span,
    hearing: Hearing,
    /// Messages since the start; 0 tells that the fields above hold nothing yet.
    reports: u32,
    /// Messages in the open window.
    samples: u32,
    /// Its first cell among the tallies.
    pub(crate) first_tally: u32,
}

impl Mirror {
    /// The empty mirror of a device that reports every `interval`.
    pub(crate) fn new(
        class: DeviceClass,
        device: DeviceIx,
        interval: Span,
        first_tally: u32,
    ) -> Self {
        Self {
            reading: Reading::new(class, device),
            sampled_at: Timestamp::default(),
            received_at: Timestamp::default(),
            interval,
            hearing: Hearing::default(),
            reports: 0,
            samples: 0,
            first_tally,
        }
    }

    /// Takes a message over into the mirror and the tallies of its channels.
    ///
    /// A message that was received before the newest one still counts in the window, but does not
    /// turn the mirrored state back.
    pub(crate) fn observe(
        &mut self,
        message: &Message,
        channels: &[Channel],
        tallies: &mut [Tally],
        gateway_slot: Option<usize>,
    ) {
        let known = self.reports > 0;
        for (channel, tally) in channels.iter().zip(tallies) {
            let raw = message.reading.raw(channel.position);
            let repeats = known && raw == self.reading.raw(channel.position);
            tally.add(raw, repeats, self.samples == 0);
        }
        if let (Some(radio), Some(slot)) = (&message.radio, gateway_slot) {
            self.hearing.heard(slot, radio.copies);
        }
        self.samples += 1;
        self.reports = self.reports.saturating_add(1);
        if !known || message.received_at >= self.received_at {
            self.reading = message.reading;
            self.sampled_at = message.sampled_at;
            self.received_at = message.received_at;
        }
    }

    pub(crate) const fn class(&self) -> DeviceClass {
        self.reading.class()
    }

    pub(crate) fn reading(&self) -> Option<Reading> {
        (self.reports > 0).then_some(self.reading)
    }

    pub(crate) fn sampled_at(&self) -> Option<Timestamp> {
        (self.reports > 0).then_some(self.sampled_at)
    }

    pub(crate) fn received_at(&self) -> Option<Timestamp> {
        (self.reports > 0).then_some(self.received_at)
    }

    pub(crate) const fn interval(&self) -> Span {
        self.interval
    }

    pub(crate) const fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    pub(crate) const fn reports(&self) -> u32 {
        self.reports
    }

    pub(crate) const fn samples(&self) -> u32 {
        self.samples
    }

    /// Opens the next window.
    pub(crate) const fn open_window(&mut self) {
        self.samples = 0;
    }
}

/// A measured field of a class's payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channel {
    /// Position in the schema.
    pub(crate) position: usize,
    pub(crate) metric: Metric,
    /// Powers of ten between the raw integer and the value.
    scale: f64,
}

impl Channel {
    /// The measured fields of `class`, in payload order.
    pub(crate) fn of(class: DeviceClass) -> Vec<Self> {
        let fields = class.schema().fields.iter().enumerate();
        fields
            .filter_map(|(position, field)| match (field.kind, field.metric) {
                (FieldKind::Decimal { scale }, Some(metric)) => {
                    let scale = (0..scale).fold(1.0, |power, _| power * 10.0);
                    Some(Self { position, metric, scale })
                }
                _ => None,
            })
            .collect()
    }
}

/// Running sums of one channel over the open window, in raw integers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    sum: i64,
    squares: u64,
    min: i32,
    max: i32,
    repeats: u32,
}

/// What a closed window says of a channel, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) mean: f64,
    pub(crate) sd: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Tally {
    pub(crate) fn add(&mut self, raw: i64, repeats: bool, first: bool) {
        // No channel's raw value comes near 32 bits; one that does saturates.
        let value = raw.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        let (narrow, magnitude) = (value as i32, value.unsigned_abs());
        if first {
            *self = Self { min: narrow, max: narrow, ..Self::default() };
        }
        self.sum += value;
        self.squares = self.squares.saturating_add(magnitude * magnitude);
        self.min = self.min.min(narrow);
        self.max = self.max.max(narrow);
        self.repeats += u32::from(repeats);
    }

    /// The window's statistics over `samples` of them; `None` without any.
    pub(crate) fn statistics(&self, channel: &Channel, samples: u32) -> Option<Statistics> {
        if samples == 0 {
            return None;
        }
        let n = i128::from(samples);
        // n^2 times the variance, in integers: exactly 0 for a constant.
        let spread = n * i128::from(self.squares) - i128::from(self.sum) * i128::from(self.sum);
        Some(Statistics {
            mean: self.sum as f64 / f64::from(samples) / channel.scale,
            sd: (spread.max(0) as f64).sqrt() / f64::from(samples) / channel.scale,
            min: f64::from(self.min) / channel.scale,
            max: f64::from(self.max) / channel.scale,
        })
    }

    /// Exact repeats of the preceding value among `samples`.
    pub(crate) const fn repeats(&self, samples: u32) -> u32 {
        if samples == 0 { 0 } else { self.repeats }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(raws: &[i64]) -> (Tally, u32) {
        let mut tally = Tally { sum: 77, squares: 77, min: -77, max: 77, repeats: 77 };
        let mut last = None;
        for (i, &raw) in raws.iter().enumerate() {
            tally.add(raw, last == Some(raw), i == 0);
            last = Some(raw);
        }
        (tally, raws.len() as u32)
    }

    #[test]
    fn statistics_of_a_window_are_those_of_its_samples() {
        let humidity = Channel::of(DeviceClass::SoilProbe)[1];
        let (sums, n) = tally(&[350, 370, 370, 390]);
        let found = sums.statistics(&humidity, n).expect("samples");
        assert!((found.mean - 37.0).abs() < 1e-12, "{found:?}");
        assert!((found.sd - 2.0_f64.sqrt()).abs() < 1e-12, "{found:?}");
        assert_eq!((found.min, found.max, sums.repeats(n)), (35.0, 39.0, 1));
        assert_eq!(sums.statistics(&humidity, 0), None);
    }

    #[test]
    fn a_constant_has_no_spread_at_all() {
        let humidity = Channel::of(DeviceClass::SoilProbe)[1];
        let (sums, n) = tally(&[333; 59]);
        let found = sums.statistics(&humidity, n).expect("samples");
        assert_eq!((found.sd, sums.repeats(n)), (0.0, 58));
    }

    #[test]
    fn channels_are_the_measured_fields_in_payload_order() {
        let metrics = |class| Channel::of(class).iter().map(|c| c.metric).collect::<Vec<_>>();
        assert_eq!(
            metrics(DeviceClass::SoilProbe),
            [Metric::Temperature, Metric::Humidity, Metric::BatteryVoltage]
        );
        assert_eq!(metrics(DeviceClass::Gateway), [Metric::FramesReceived]);
    }

    #[test]
    fn a_mirror_with_its_tallies_stays_within_its_memory() {
        let bytes = size_of::<Mirror>() + 3 * size_of::<Tally>();
        assert!(bytes <= 248, "{bytes}");
    }
}

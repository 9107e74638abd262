//! A scorer's state as bytes: what a job needs to go on where it was stopped.
//!
//! Little-endian numbers one after the other, behind a mark, a version and the model's
//! fingerprint. It is no exchange format: another version or model refuses it.

use super::alarm::Hysteresis;
use super::device::{Device, Monitor, Open, Verdict};
use super::event::{Explained, Origin, Part, Recent, Trace};
use super::model::Model;
use super::scaler::DeviceScaler;
use super::series::{Counts, Fill, Order, Silent};
use crate::detector::Kind;
use crate::error::{AnalyticsError, Result};

const MARK: &[u8; 8] = b"fmstate\0";
const VERSION: u32 = 3;

/// The state of a scorer that took `rows` rows.
pub(super) fn write(model: &Model, rows: u64, devices: &[Device]) -> Vec<u8> {
    let mut out = Out(Vec::new());
    out.0.extend_from_slice(MARK);
    out.u32(VERSION);
    out.u64(model.fingerprint());
    out.u64(rows);
    out.size(devices.len());
    devices.iter().for_each(|device| out.device(device));
    out.0
}

/// What [`write`] wrote.
pub(super) fn read(model: &Model, bytes: &[u8]) -> Result<(u64, Vec<Device>)> {
    let refuse = |problem: &str| Err(AnalyticsError::State { problem: problem.to_owned() });
    let Some(rest) = bytes.strip_prefix(MARK) else {
        return refuse("it is no state of a scorer");
    };
    let mut from = In { rest, model };
    match from.u32() {
        Some(VERSION) => {}
        _ => return refuse("it was written by another version"),
    }
    if from.u64() != Some(model.fingerprint()) {
        return refuse("it belongs to another model");
    }
    let all = || -> Option<(u64, Vec<Device>)> {
        let rows = from.u64()?;
        let count = from.size(1)?;
        let devices = (0..count).map(|_| from.device()).collect::<Option<Vec<Device>>>()?;
        from.rest.is_empty().then_some((rows, devices))
    }();
    all.map_or_else(|| refuse("it is damaged"), Ok)
}

struct Out(Vec<u8>);

impl Out {
    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.u64(value as u64);
    }

    fn size(&mut self, value: usize) {
        self.u64(value as u64);
    }

    fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }

    fn f32s(&mut self, values: &[f32]) {
        self.size(values.len());
        values.iter().for_each(|&value| self.f32(value));
    }

    fn f64s(&mut self, values: &[f64]) {
        self.size(values.len());
        values.iter().for_each(|&value| self.u64(value.to_bits()));
    }

    fn i64s(&mut self, values: &[i64]) {
        self.size(values.len());
        values.iter().for_each(|&value| self.i64(value));
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn device(&mut self, device: &Device) {
        self.size(device.name.len());
        self.0.extend_from_slice(device.name.as_bytes());
        self.size(device.class);
        self.option(device.order.released, Self::i64);
        let waiting = device.order.waiting();
        self.size(waiting.len());
        for (time, row, values) in waiting {
            self.i64(time);
            self.u64(row);
            self.f64s(values);
        }
        let counts = &device.counts;
        let counts = [
            counts.rows,
            counts.reordered,
            counts.late,
            counts.duplicates,
            counts.gaps,
            counts.missing,
            counts.held,
            counts.empty,
            counts.warm_up,
        ];
        counts.iter().for_each(|&count| self.u64(count));
        self.option(device.fill.last_time, Self::i64);
        self.f64s(&device.fill.last);
        for &(value, age) in &device.fill.known {
            self.u64(value.to_bits());
            self.u32(age);
        }
        for silent in &device.fill.silent {
            self.u64(silent.rows);
            self.i64(silent.from);
            self.i64(silent.until);
        }
        self.f64s(&device.scaler.centre);
        self.f64s(&device.scaler.scale);
        self.option(device.own.as_ref(), |out, own| out.f64s(own));
        let recent = &device.recent;
        self.i64s(&recent.time);
        self.f32s(&recent.score);
        self.f64s(&recent.raw);
        self.size(recent.sent.len());
        recent.sent.iter().for_each(|&sent| self.flag(sent));
        self.f32s(&recent.z);
        self.f32s(&recent.parts);
        device.logs.iter().for_each(|logs| self.f32s(logs));
        self.flag(device.alarm.open);
        self.u32(device.alarm.over);
        self.u32(device.alarm.below);
        self.option(device.open.as_ref(), Self::open);
        self.f64s(&device.level);
        self.size(device.monitor.window.len());
        device.monitor.window.iter().for_each(|&steps| self.u32(steps as u32));
        self.f32(device.last.score);
        self.f32(device.last.threshold);
        self.flag(device.last.alarm);
        self.flag(device.last.judged);
    }

    fn open(&mut self, open: &Open) {
        // Of no use once it is explained, and then not the same in all chunks.
        let awaited = open.explained.is_none();
        for place in [open.onset, open.raised, open.over] {
            self.size(if awaited { place } else { 0 });
        }
        for time in [open.onset_time, open.raised_time, open.last_over, open.peak_time] {
            self.i64(time);
        }
        self.u64(open.raised_row);
        self.f32(open.peak);
        self.f32(open.threshold);
        for count in [open.age, open.rows, open.alarms, open.run, open.quiet] {
            self.u64(count);
        }
        self.option(open.explained.as_ref(), |out, explained| {
            match explained.origin {
                Origin::ConstantChannel => out.size(Kind::ALL.len()),
                Origin::Detector(kind) => {
                    let place = Kind::ALL.iter().position(|&other| other == kind);
                    out.size(place.unwrap_or(Kind::ALL.len()));
                }
            }
            out.size(explained.channels.len());
            for part in &explained.channels {
                out.size(part.channel);
                out.f32(part.share);
                out.i64(part.time);
                out.f64s(&[part.observed, part.expected]);
            }
            let trace = &explained.trace;
            out.size(trace.channels.len());
            trace.channels.iter().for_each(|&channel| out.size(channel));
            out.i64s(&trace.time);
            out.f32s(&trace.score);
            trace.observed.iter().chain(&trace.expected).for_each(|row| out.f64s(row));
        });
    }
}

struct In<'a> {
    rest: &'a [u8],
    model: &'a Model,
}

impl<'a> In<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn i64(&mut self) -> Option<i64> {
        self.u64().map(|bits| bits as i64)
    }

    fn f64(&mut self) -> Option<f64> {
        self.u64().map(f64::from_bits)
    }

    fn f32(&mut self) -> Option<f32> {
        self.u32().map(f32::from_bits)
    }

    fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? != [0])
    }

    /// A number of things that take at least `bytes` each, and so can be no larger than the rest.
    fn size(&mut self, bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.u64()?).ok()?;
        (count.checked_mul(bytes)? <= self.rest.len()).then_some(count)
    }

    fn many<T>(&mut self, bytes: usize, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.size(bytes)?;
        (0..count).map(|_| one(self)).collect()
    }

    fn f64s(&mut self, count: usize) -> Option<Vec<f64>> {
        self.many(8, Self::f64).filter(|values| values.len() == count)
    }

    fn option<T>(&mut self, one: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { Some(Some(one(self)?)) } else { Some(None) }
    }

    fn device(&mut self) -> Option<Device> {
        let channels = self.model.schema.channels.len();
        let length = self.size(1)?;
        let name = std::str::from_utf8(self.take(length)?).ok()?.to_owned();
        let class = self.u64()? as usize;
        let learned = self.model.classes.get(class)?;
        let mut device = Device::new(&name, class, self.model);
        let released = self.option(Self::i64)?;
        let row = |from: &mut Self| Some((from.i64()?, from.u64()?, from.f64s(channels)?));
        device.order = Order::restore(released, self.many(24, row)?);
        device.counts = Counts {
            rows: self.u64()?,
            reordered: self.u64()?,
            late: self.u64()?,
            duplicates: self.u64()?,
            gaps: self.u64()?,
            missing: self.u64()?,
            held: self.u64()?,
            empty: self.u64()?,
            warm_up: self.u64()?,
        };
        let last_time = self.option(Self::i64)?;
        let last = self.f64s(channels)?;
        let known = (0..channels).map(|_| Some((self.f64()?, self.u32()?)));
        let known = known.collect::<Option<_>>()?;
        let silent = (0..channels)
            .map(|_| Some(Silent { rows: self.u64()?, from: self.i64()?, until: self.i64()? }));
        device.fill = Fill { last_time, last, known, silent: silent.collect::<Option<_>>()? };
        device.scaler = DeviceScaler { centre: self.f64s(channels)?, scale: self.f64s(channels)? };
        device.own = self.option(|from| from.many(8, Self::f64))?;
        device.recent =
            self.recent((channels, learned.scaler.live().len(), learned.detectors.len() + 1))?;
        for logs in &mut device.logs {
            *logs = self.many(4, Self::f32)?;
        }
        device.alarm = Hysteresis { open: self.flag()?, over: self.u32()?, below: self.u32()? };
        let rows = device.recent.len();
        device.open = self.option(Self::open)?;
        let inside = |open: &Open| open.onset.max(open.raised).max(open.over) < rows;
        if device.open.as_ref().is_some_and(|open| open.explained.is_none() && !inside(open)) {
            return None;
        }
        device.level = self.many(8, Self::f64)?;
        let window = self.many(4, |from| from.u32().map(|steps| steps as i32))?;
        let sum = window.iter().map(|&steps| i64::from(steps)).sum();
        device.monitor = Monitor { window: window.into(), sum };
        device.last = Verdict {
            score: self.f32()?,
            threshold: self.f32()?,
            alarm: self.flag()?,
            judged: self.flag()?,
        };
        Some(device)
    }

    fn recent(&mut self, (channels, live, parts): (usize, usize, usize)) -> Option<Recent> {
        let recent = Recent {
            time: self.many(8, Self::i64)?,
            score: self.many(4, Self::f32)?,
            raw: self.many(8, Self::f64)?,
            sent: self.many(1, Self::flag)?,
            z: self.many(4, Self::f32)?,
            parts: self.many(4, Self::f32)?,
        };
        let rows = recent.len();
        let whole = recent.time.len() == rows
            && recent.raw.len() == rows * channels
            && recent.sent.len() == rows * channels
            && recent.z.len() == rows * live
            && recent.parts.len() == rows * parts;
        whole.then_some(recent)
    }

    fn open(&mut self) -> Option<Open> {
        let (onset, raised, over) =
            (self.u64()? as usize, self.u64()? as usize, self.u64()? as usize);
        let [onset_time, raised_time, last_over, peak_time] =
            [self.i64()?, self.i64()?, self.i64()?, self.i64()?];
        Some(Open {
            onset,
            raised,
            over,
            onset_time,
            raised_time,
            last_over,
            peak_time,
            raised_row: self.u64()?,
            peak: self.f32()?,
            threshold: self.f32()?,
            age: self.u64()?,
            rows: self.u64()?,
            alarms: self.u64()?,
            run: self.u64()?,
            quiet: self.u64()?,
            explained: self.option(Self::explained)?,
        })
    }

    fn explained(&mut self) -> Option<Explained> {
        let place = self.u64()? as usize;
        let origin = Kind::ALL.get(place).map_or(Origin::ConstantChannel, |&k| Origin::Detector(k));
        let part = |from: &mut Self| {
            let (channel, share, time) = (from.u64()? as usize, from.f32()?, from.i64()?);
            let values = from.f64s(2)?;
            Some(Part { channel, share, time, observed: values[0], expected: values[1] })
        };
        let channels = self.many(20, part)?;
        let shown = self.many(8, |from| from.u64().map(|channel| channel as usize))?;
        let time = self.many(8, Self::i64)?;
        let score = self.many(4, Self::f32)?;
        let mut rows = || (0..time.len()).map(|_| self.f64s(shown.len())).collect::<Option<_>>();
        let (observed, expected) = (rows()?, rows()?);
        let trace = Trace { channels: shown, time, score, observed, expected };
        Some(Explained { origin, channels, trace })
    }
}

//! How a row changes a device's state in scoring, and what comes out: scores, alarms, events, new
//! centres.

use super::alarm::Change;
use super::device::{Context, Device, Open, Output, Verdict};
use super::event::{Event, Explained, Explainer, Origin, Span, Trace};
use super::fusion::{fuse, log_score};
use super::model::{ClassModel, Model};
use super::scaler::moments;
use super::scorer::{ScoredRow, Silence};
use super::series::{Limits, Ordered, Silent, Step};
use crate::detector::{Detector, Role, Rows};
use crate::error::Result;
use rayon::prelude::*;

/// Rows after which a new device's centre first moves: a power of two.
const FIRST_ROWS: usize = 16;

/// Rows scored at once.
const RUN_ROWS: usize = 16_384;

/// What stands in for a missing value lies within what is usual. It is predicted from what stood in
/// before, and would run away where other channels lie where they never lay in training.
const LIKELY_MOST: f32 = 2.0;

/// Rows scored by one task.
const TASK_ROWS: usize = 4_096;

/// A device with all that it needs to take rows.
pub(super) struct Engine<'a> {
    pub(super) model: &'a Model,
    pub(super) class: &'a ClassModel,
    pub(super) context: &'a Context,
    pub(super) number: u32,
    pub(super) device: &'a mut Device,
    pub(super) out: Output,
}

impl Engine<'_> {
    /// Takes rows in order.
    pub(super) fn take(&mut self, mut rows: Ordered) -> Result<()> {
        let channels = self.context.widths.channels;
        let limits = Limits {
            gap: self.context.gap,
            fill_rows: self.model.settings.time.fill_rows,
            measured: &self.context.measured,
        };
        rows.sent = rows.values.iter().map(|value| value.is_finite()).collect();
        let mut steps = Vec::with_capacity(rows.time.len());
        for (row, values) in rows.values.chunks_exact_mut(channels).enumerate() {
            if rows.late[row] {
                steps.push(None);
                continue;
            }
            let (trigger, device) = (rows.trigger[row], &mut *self.device);
            let (number, most, silences) =
                (self.number, &self.context.silent_rows, &mut self.out.silences);
            let spoke = |channel: usize, silent: Silent| {
                if silent.rows > most[channel] {
                    silences.push((trigger, Silence::new(number, channel, silent)));
                }
            };
            let counts = &mut device.counts;
            steps.push(Some(device.fill.step(rows.time[row], values, limits, counts, spoke)));
        }
        let mut begin = 0;
        while begin < steps.len() {
            if steps[begin] == Some(Step::Starts) {
                self.close(rows.trigger[begin], false, false)?;
                self.begin_stretch();
            }
            let more = steps[begin + 1..].iter().take(RUN_ROWS - 1);
            let run = 1 + more.take_while(|step| **step != Some(Step::Starts)).count();
            begin += self.run(&rows, &steps, begin..begin + run)?;
        }
        Ok(())
    }

    fn begin_stretch(&mut self) {
        self.device.recent.clear();
        self.device.logs.iter_mut().for_each(Vec::clear);
    }

    /// Scores rows of one stretch and takes them one by one, up to one that changes the centre.
    /// Returns how many were taken.
    fn run(
        &mut self,
        rows: &Ordered,
        steps: &[Option<Step>],
        range: std::ops::Range<usize>,
    ) -> Result<usize> {
        let channels = self.context.widths.channels;
        let before = self.device.recent.len();
        let clip = self.model.settings.scaler.clip;
        let value = |row: usize| &rows.values[row * channels..(row + 1) * channels];
        let new = |row: &usize| matches!(steps[*row], Some(Step::Starts | Step::Follows));
        for row in range.clone().filter(new) {
            let device = &mut *self.device;
            device.recent.time.push(rows.time[row]);
            device.recent.raw.extend_from_slice(value(row));
            device.recent.sent.extend_from_slice(&rows.sent[row * channels..(row + 1) * channels]);
            let out = &mut device.recent.z;
            device.scaler.standardise(value(row), &self.context.live, clip, out);
            if self.context.live.iter().any(|&channel| value(row)[channel].is_nan()) {
                self.impute();
            }
        }
        let logs_before: Vec<usize> = self.device.logs.iter().map(Vec::len).collect();
        self.score(before)?;
        let mut taken = 0;
        for row in range.clone() {
            let (trigger, number) = (rows.trigger[row], rows.row[row]);
            let mut centred = false;
            match steps[row] {
                None => {
                    let verdict = Verdict::none(self.device.last.threshold, false);
                    self.emit(trigger, (rows.time[row], number), verdict);
                    continue;
                }
                // An alarm stays as it is, as long as the stretch can go on.
                Some(Step::Empty) => {
                    let last = (before + taken).checked_sub(1);
                    let last = last.map(|last| rows.time[row] - self.device.recent.time[last]);
                    let goes_on = last.is_some_and(|since| since <= self.context.gap);
                    let Verdict { threshold, alarm, .. } = self.device.last;
                    let verdict = Verdict::none(threshold, alarm && goes_on);
                    self.emit(trigger, (rows.time[row], number), verdict);
                    continue;
                }
                Some(Step::Duplicate) => {
                    let judged = self.device.last.judged;
                    self.device.counts.warm_up += u64::from(!judged);
                }
                Some(Step::Starts | Step::Follows) => {
                    self.advance(taken, &logs_before, (trigger, number))?;
                    taken += 1;
                    centred = self.adopt(trigger)?;
                }
            }
            self.emit(trigger, (rows.time[row], number), self.device.last);
            if centred {
                self.begin_stretch();
                return Ok(row + 1 - range.start);
            }
        }
        self.forget();
        Ok(range.len())
    }

    /// Puts what is most likely in the place of the newest row's missing values, where enough rows
    /// are before it; else the centre stays there.
    fn impute(&mut self) {
        let Some(filler) = self.context.filler else { return };
        let detector = &self.class.detectors[filler].0;
        let (width, recent) = (self.context.widths.live, &mut self.device.recent);
        let place = recent.time.len() - 1;
        let Some(first) = place.checked_sub(detector.history()) else { return };
        let raw = &recent.raw[place * self.context.widths.channels..];
        let live = self.context.live.iter().enumerate();
        let missing: Vec<usize> =
            live.filter(|(_, channel)| raw[**channel].is_nan()).map(|(at, _)| at).collect();
        let rows = Rows::new(&recent.z[first * width..(place + 1) * width], width);
        let Some(filled) = detector.impute(rows, &missing) else { return };
        for (at, value) in missing.into_iter().zip(filled) {
            recent.z[place * width + at] = value.clamp(-LIKELY_MOST, LIKELY_MOST);
        }
    }

    fn emit(&mut self, trigger: u64, (time, row): (i64, u64), verdict: Verdict) {
        let Verdict { score, threshold, alarm, judged } = verdict;
        let device = self.number;
        let row = ScoredRow { device, row, time, score, threshold, alarm, judged };
        self.out.rows.push((trigger, row));
    }

    /// Appends the log scores of the recent rows from `before` on.
    fn score(&mut self, before: usize) -> Result<()> {
        let width = self.context.widths.live;
        let recent = &self.device.recent;
        let end = recent.time.len();
        let one = |(detector, _): &(Box<dyn Detector>, _)| -> Result<Vec<f32>> {
            let history = detector.history();
            let first = before.max(history);
            if first >= end {
                return Ok(Vec::new());
            }
            let mut scores = vec![0.0; end - first];
            let task = |(index, scores): (usize, &mut [f32])| -> Result<()> {
                let from = first + index * TASK_ROWS;
                let values = &recent.z[(from - history) * width..(from + scores.len()) * width];
                detector.score(Rows::new(values, width), scores)?;
                scores.iter_mut().for_each(|score| *score = log_score(*score));
                Ok(())
            };
            if scores.len() <= TASK_ROWS {
                task((0, &mut scores))?;
            } else {
                scores.par_chunks_mut(TASK_ROWS).enumerate().try_for_each(task)?;
            }
            Ok(scores)
        };
        let detectors = &self.class.detectors;
        let found: Result<Vec<Vec<f32>>> = if end - before > TASK_ROWS / 8 {
            detectors.par_iter().map(one).collect()
        } else {
            detectors.iter().map(one).collect()
        };
        for (logs, found) in self.device.logs.iter_mut().zip(found?) {
            logs.extend(found);
        }
        Ok(())
    }

    /// Takes the run's row number `taken`, whose log scores are there.
    fn advance(&mut self, taken: usize, before: &[usize], at: (u64, u64)) -> Result<()> {
        let place = self.device.recent.len();
        let (fused, judged) = self.fuse(place, taken, before);
        self.device.counts.warm_up += u64::from(!judged);
        let settings = &self.model.settings;
        let calibration = &self.class.calibration;
        let rise = self.device.monitor.rise(calibration.mean, &settings.drift);
        // No higher than a score can be, so that there are alarms.
        let most = settings.fusion.clip_high.max(calibration.threshold);
        let high = (calibration.threshold + rise).min(most);
        self.device.recent.score.push(fused);
        let mut worth = Ok(true);
        let mut alarm = self.device.alarm;
        let change = alarm.step(fused, high, &settings.alarm, || {
            if settings.alarm.effect_min <= 0.0 {
                return true;
            }
            let parts = self.context.widths.parts;
            let parts = &self.device.recent.parts[place * parts..];
            worth = self.explainer().effect(place, parts).map(|e| e >= settings.alarm.effect_min);
            *worth.as_ref().unwrap_or(&false)
        });
        worth?;
        self.device.alarm = alarm;
        if change == Change::Raised {
            self.raise(place, high, at.1);
        }
        if alarm.open {
            self.absorb(place, fused);
        } else if fused < high && place >= self.context.history && settings.drift.rows > 0 {
            self.device.monitor.push(fused, settings.drift.rows);
        }
        self.age(at.0)?;
        self.device.last = Verdict { score: fused, threshold: high, alarm: alarm.open, judged };
        Ok(())
    }

    /// The fused score of a recent row, and whether anything could judge it; its parts are
    /// appended.
    fn fuse(&mut self, place: usize, taken: usize, before: &[usize]) -> (f32, bool) {
        let fusion = &self.model.settings.fusion;
        let device = &mut *self.device;
        // Rows of this run that came before the detector had enough of them have no score.
        let first = place - taken;
        for (index, (detector, normaliser)) in self.class.detectors.iter().enumerate() {
            let history = detector.history();
            let normal = (place >= history).then(|| {
                let end = before[index] + place + 1 - first.max(history);
                let from = end.saturating_sub(normaliser.rows);
                normaliser.normal(&device.logs[index][from..end], fusion)
            });
            device.normal.push((normal, normaliser.weight));
        }
        let parts = &mut device.recent.parts;
        let fused = fuse(&device.normal, fusion.strongest, |part| parts.push(part));
        let judged = device.normal.iter().any(|(normal, _)| normal.is_some());
        device.normal.clear();
        let row = &device.recent.raw[place * self.context.widths.channels..];
        let mut constant = 0.0;
        for &channel in &self.context.constants {
            if device.scaler.changed(channel, row[channel]) {
                constant = fusion.clip_high;
            }
        }
        device.recent.parts.push(constant);
        (fused.max(constant), judged || constant > 0.0)
    }

    fn explainer(&self) -> Explainer<'_> {
        Explainer {
            class: self.class,
            live: &self.context.live,
            constants: &self.context.constants,
            roles: &self.context.roles,
            widths: self.context.widths,
            scaler: &self.device.scaler,
            recent: &self.device.recent,
            settings: &self.model.settings,
        }
    }

    /// An alarm begins: an event, or more of the one before.
    fn raise(&mut self, place: usize, high: f32, row: u64) {
        self.device.level.clear();
        if let Some(open) = self.device.open.as_mut() {
            (open.alarms, open.run, open.quiet) = (open.alarms + 1, 0, 0);
            return;
        }
        let settings = &self.model.settings;
        let low = settings.alarm.low_share * high;
        let recent = &self.device.recent;
        let most = place.saturating_sub(settings.finding.onset_rows);
        let over = (most..place).rev().take_while(|&row| recent.score[row] >= low);
        let onset = over.last().unwrap_or(place);
        self.device.open = Some(Open {
            onset,
            raised: place,
            over: place,
            explained: None,
            onset_time: recent.time[onset],
            raised_time: recent.time[place],
            raised_row: row,
            last_over: recent.time[place],
            peak_time: recent.time[place],
            peak: f32::NEG_INFINITY,
            threshold: high,
            age: 0,
            rows: 0,
            alarms: 1,
            run: 0,
            quiet: 0,
        });
    }

    /// A row in which the alarm is open.
    fn absorb(&mut self, place: usize, score: f32) {
        let settings = &self.model.settings;
        let device = &mut *self.device;
        let time = device.recent.time[place];
        let Some(open) = device.open.as_mut() else { return };
        (open.rows, open.run) = (open.rows + 1, open.run + 1);
        if score >= settings.alarm.low_share * open.threshold {
            (open.over, open.last_over) = (place, time);
        }
        if score > open.peak {
            (open.peak, open.peak_time) = (score, time);
        }
        let half = (settings.shift.rows / 2) as u64;
        if half > 0 && (open.run - 1) % (2 * half) >= half {
            let channels = self.context.widths.channels;
            let row = &device.recent.raw[place * channels..(place + 1) * channels];
            device.level.extend_from_slice(row);
        }
    }

    /// The open event, if there is one, is a row older: explained when it is old enough, and over
    /// when its alarm has been quiet for long enough.
    fn age(&mut self, trigger: u64) -> Result<()> {
        let settings = &self.model.settings;
        let device = &mut *self.device;
        let Some(open) = device.open.as_mut() else { return Ok(()) };
        open.age += 1;
        if !device.alarm.open {
            open.quiet += 1;
            device.level.clear();
        }
        let over = open.quiet > settings.alarm.apart_rows as u64;
        if open.age == settings.finding.alarm_rows as u64 {
            self.explain()?;
        }
        if over { self.close(trigger, false, false) } else { Ok(()) }
    }

    /// Explains the open event by its rows so far.
    fn explain(&mut self) -> Result<()> {
        let Some(open) = self.device.open.as_ref().filter(|open| open.explained.is_none()) else {
            return Ok(());
        };
        let low = self.model.settings.alarm.low_share * open.threshold;
        let finding = &self.model.settings.finding;
        // However many rows happen to be there.
        let first = open.raised.saturating_sub(finding.before_rows + finding.onset_rows);
        let span = Span { first, onset: open.onset, end: open.over + 1, low };
        let explained = self.explainer().explain(span)?;
        if let Some(open) = self.device.open.as_mut() {
            open.explained = Some(explained);
        }
        Ok(())
    }

    /// Ends the open event, if there is one, and tells it.
    pub(super) fn close(&mut self, trigger: u64, adopted: bool, at_end: bool) -> Result<()> {
        self.explain()?;
        let on = self.device.alarm.end();
        self.device.level.clear();
        let Some(open) = self.device.open.take() else { return Ok(()) };
        let none = || Explained {
            origin: Origin::ConstantChannel,
            channels: Vec::new(),
            trace: Trace::default(),
        };
        let Explained { origin, channels, trace } = open.explained.unwrap_or_else(none);
        let most = self.model.settings.fusion.clip_high;
        let event = Event {
            device: self.number,
            onset: open.onset_time,
            raised: open.raised_time,
            end: open.last_over,
            peak: open.peak_time,
            raised_row: open.raised_row,
            rows: open.rows,
            alarms: open.alarms,
            score: open.peak,
            threshold: open.threshold,
            severity: ((open.peak - open.threshold) / (most - open.threshold)).clamp(0.0, 1.0),
            origin,
            channels,
            trace,
            adopted,
            open: at_end && on,
        };
        self.out.events.push((trigger, event));
        Ok(())
    }

    /// Gives the device a new centre where it is due. Returns whether it did: the next row then
    /// begins a stretch.
    fn adopt(&mut self, trigger: u64) -> Result<bool> {
        let channels = self.context.widths.channels;
        let settings = &self.model.settings;
        if let Some(own) = &mut self.device.own {
            let raw = &self.device.recent.raw;
            let place = self.device.recent.score.len() - 1;
            own.extend_from_slice(&raw[place * channels..(place + 1) * channels]);
            let rows = own.len() / channels;
            let known = rows >= settings.scaler.adopt_rows;
            if !known && (rows < FIRST_ROWS || !rows.is_power_of_two()) {
                return Ok(false);
            }
            let centre = |channel: usize| {
                let mut values = own.iter().skip(channel).step_by(channels).copied().collect();
                moments(&mut values, &settings.scaler).map(|moments| moments.centre)
            };
            let centre: Vec<Option<f64>> = (0..channels).map(centre).collect();
            // An event goes on over a new centre; what was before it cannot be looked at any more.
            self.explain()?;
            let before = &self.device.scaler;
            self.device.scaler = self.class.scaler.adopted(before, &centre, rows);
            if known {
                self.device.own = None;
            }
            return Ok(true);
        }
        let half = settings.shift.rows / 2;
        if half == 0 || self.device.level.len() < half * channels {
            return Ok(false);
        }
        let level = std::mem::take(&mut self.device.level);
        let Some(centre) = self.level(&level) else { return Ok(false) };
        self.close(trigger, true, false)?;
        self.device.scaler.centre = centre;
        Ok(true)
    }

    /// The centre that the rows of an alarm's latter half stay at, if they do, and if it is
    /// another than before.
    fn level(&self, rows: &[f64]) -> Option<Vec<f64>> {
        let channels = self.context.widths.channels;
        let settings = &self.model.settings;
        let column = |channel: usize| -> Vec<f64> {
            rows.iter().skip(channel).step_by(channels).copied().collect()
        };
        let mut centre = self.device.scaler.centre.clone();
        let mut moved = false;
        for (&channel, role) in self.context.live.iter().zip(&self.context.roles) {
            let Some(now) = moments(&mut column(channel), &settings.scaler) else { continue };
            let scale = self.device.scaler.scale[channel];
            if *role == Role::Measured && now.scale > settings.shift.spread * scale {
                return None;
            }
            moved |= (now.centre - centre[channel]).abs() > scale;
            centre[channel] = now.centre;
        }
        for &channel in &self.context.constants {
            let Some(now) = moments(&mut column(channel), &settings.scaler) else { continue };
            if now.scale > 0.0 {
                return None;
            }
            moved |= self.device.scaler.clone().changed(channel, now.centre);
            centre[channel] = now.centre;
        }
        moved.then_some(centre)
    }

    /// Forgets recent rows that nothing looks at any more, when there are many.
    fn forget(&mut self) {
        if self.device.recent.len() > 2 * self.context.keep {
            self.device.compact(self.context, self.class);
        }
    }
}

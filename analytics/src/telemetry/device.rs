//! The state of one device in scoring.
//!
//! It depends on a bounded number of rows before: the detectors' histories and trailing means
//! within the stretch, the open event, the rows that await a new centre, and the window of the
//! drift monitor. How a row changes it: [`super::engine`].

use super::alarm::Hysteresis;
use super::event::{Event, Explained, Recent, Widths};
use super::model::{ClassModel, Model};
use super::scaler::{DeviceScaler, State};
use super::scorer::{ScoredRow, Silence};
use super::series::{Counts, Fill, Order};
use crate::detector::{Kind, Role};
use std::collections::VecDeque;

/// What all devices of a class share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) live: Vec<usize>,
    pub(super) roles: Vec<Role>,
    pub(super) constants: Vec<usize>,
    pub(super) widths: Widths,
    /// The longest history.
    pub(super) history: usize,
    /// Rows kept of a stretch.
    pub(super) keep: usize,
    /// The longest difference of times within a stretch.
    pub(super) gap: i64,
    /// Channels that are measured and had values in training.
    pub(super) measured: Vec<bool>,
    /// The detector that says what most likely stands in for missing values.
    pub(super) filler: Option<usize>,
    /// More rows than these in which a channel has no value are a silence of it.
    pub(super) silent_rows: Vec<u64>,
}

impl Context {
    pub(super) fn new(model: &Model, class: &ClassModel) -> Self {
        let channels = &model.schema.channels;
        let live = class.scaler.live();
        let history = class.detectors.iter().map(|one| one.0.history()).max().unwrap_or(0);
        let finding = &model.settings.finding;
        let known = class.scaler.states.iter().map(|state| *state != State::Absent);
        Self {
            roles: live.iter().map(|&channel| channels[channel].role).collect(),
            constants: (0..channels.len())
                .filter(|&channel| channels[channel].role == Role::Measured)
                .filter(|&channel| class.scaler.is_constant(channel))
                .collect(),
            widths: Widths {
                channels: channels.len(),
                live: live.len(),
                parts: class.detectors.len() + 1,
            },
            live,
            history,
            keep: history + finding.before_rows + finding.onset_rows + 1,
            gap: super::training::gap(&model.settings, model.period_us),
            measured: known.zip(model.schema.measured()).map(|(a, b)| a && b).collect(),
            filler: filler(class),
            silent_rows: silent_rows(model, class),
        }
    }
}

/// The detector of a class that knows most of what stands in for a missing value.
fn filler(class: &ClassModel) -> Option<usize> {
    let kinds = || class.detectors.iter().map(|one| one.0.kind());
    [Kind::Var, Kind::Mahalanobis].into_iter().find_map(|kind| kinds().position(|one| one == kind))
}

/// How long each channel of a class may have no value without that being told: as long as it had
/// none in training, and as its last value stands in for it.
fn silent_rows(model: &Model, class: &ClassModel) -> Vec<u64> {
    let least = model.settings.time.fill_rows as u64;
    let channels = class.silent_rows.iter().zip(&class.scaler.states);
    let rows = channels.map(|(&rows, state)| match state {
        State::Absent => u64::MAX,
        State::Live | State::Constant => rows.max(least),
    });
    rows.collect()
}

/// An event that may still go on: its alarm is open, or ended a few rows ago and may come back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Open {
    /// Places among the recent rows; of no use once the event is explained.
    pub(super) onset: usize,
    pub(super) raised: usize,
    /// The last row over the low threshold.
    pub(super) over: usize,
    pub(super) explained: Option<Explained>,
    pub(super) onset_time: i64,
    pub(super) raised_time: i64,
    pub(super) raised_row: u64,
    pub(super) last_over: i64,
    pub(super) peak_time: i64,
    pub(super) peak: f32,
    pub(super) threshold: f32,
    /// Rows since it was raised.
    pub(super) age: u64,
    /// Those in which the alarm is open.
    pub(super) rows: u64,
    /// How often the alarm went on.
    pub(super) alarms: u64,
    /// Rows of the latest alarm.
    pub(super) run: u64,
    /// Rows since its end; 0 while it is open.
    pub(super) quiet: u64,
}

/// The drift monitor's window: scores in whole steps, so that its sum is exact.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Monitor {
    pub(super) window: VecDeque<i32>,
    pub(super) sum: i64,
}

/// Steps of a unit in the monitor's window.
const STEPS: f32 = 65_536.0;

impl Monitor {
    pub(super) fn push(&mut self, score: f32, rows: usize) {
        let steps = (score * STEPS) as i32;
        self.window.push_back(steps);
        self.sum += i64::from(steps);
        if self.window.len() > rows
            && let Some(oldest) = self.window.pop_front()
        {
            self.sum -= i64::from(oldest);
        }
    }

    /// How much the threshold rises.
    pub(super) fn rise(&self, mean: f32, settings: &super::settings::Drift) -> f32 {
        if settings.rows == 0 || self.window.len() < settings.rows {
            return 0.0;
        }
        let now = (self.sum as f64 / settings.rows as f64) as f32 / STEPS;
        (now - mean - settings.dead_band).clamp(0.0, settings.most)
    }
}

/// The state of one device.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) class: usize,
    pub(super) order: Order,
    pub(super) counts: Counts,
    pub(super) fill: Fill,
    pub(super) scaler: DeviceScaler,
    /// Rows of a device that the model has not seen, until it gets a centre of its own.
    pub(super) own: Option<Vec<f64>>,
    pub(super) recent: Recent,
    /// Log scores of each detector, the last ones.
    pub(super) logs: Vec<Vec<f32>>,
    /// Room for the detectors' scores of a row, with their weights.
    pub(super) normal: Vec<(Option<f32>, f64)>,
    pub(super) alarm: Hysteresis,
    pub(super) open: Option<Open>,
    /// Rows of an open alarm's latter half.
    pub(super) level: Vec<f64>,
    pub(super) monitor: Monitor,
    /// What was said of the last row, for duplicates.
    pub(super) last: Verdict,
}

/// What is said of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) score: f32,
    pub(super) threshold: f32,
    pub(super) alarm: bool,
    pub(super) judged: bool,
}

impl Verdict {
    /// Nothing can be said.
    pub(super) const fn none(threshold: f32, alarm: bool) -> Self {
        Self { score: 0.0, threshold, alarm, judged: false }
    }
}

/// What comes out, each with the number of the row that let it.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) rows: Vec<(u64, ScoredRow)>,
    pub(super) events: Vec<(u64, Event)>,
    pub(super) silences: Vec<(u64, Silence)>,
}

impl Device {
    pub(super) fn new(name: &str, class: usize, model: &Model) -> Self {
        let channels = model.schema.channels.len();
        let learned = &model.classes[class];
        let known = learned.scaler.devices.get(name);
        let adopts = known.is_none() && model.settings.scaler.adopt_rows > 0;
        Self {
            name: name.to_owned(),
            class,
            order: Order::new(),
            counts: Counts::default(),
            fill: Fill::new(channels),
            scaler: known.cloned().unwrap_or_else(|| learned.scaler.unseen()),
            own: adopts.then(Vec::new),
            recent: Recent::default(),
            logs: vec![Vec::new(); learned.detectors.len()],
            normal: Vec::new(),
            alarm: Hysteresis::default(),
            open: None,
            level: Vec::new(),
            monitor: Monitor::default(),
            last: Verdict::none(learned.calibration.threshold, false),
        }
    }

    /// Forgets all recent rows that nothing looks at any more.
    pub(super) fn compact(&mut self, context: &Context, class: &ClassModel) {
        let awaited = self.open.as_mut().filter(|open| open.explained.is_none());
        let last = awaited.as_ref().map_or(self.recent.len(), |open| open.raised);
        let count = last.saturating_sub(context.keep);
        if let Some(open) = awaited {
            open.onset -= count;
            open.raised -= count;
            open.over -= count;
        }
        self.recent.forget(count, context.widths);
        for (logs, (_, normaliser)) in self.logs.iter_mut().zip(&class.detectors) {
            let count = logs.len().saturating_sub(normaliser.rows - 1);
            logs.drain(..count);
        }
    }
}

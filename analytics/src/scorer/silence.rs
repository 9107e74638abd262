//! Devices that are no longer heard, by the age of their newest sample.

use super::{Cell, Column, Detector, DeviceClass, DeviceIx, Finding, Freshness, Metric, Pattern};
use super::{ScoreRows, Span, Timestamp, Topology, WINDOW, Window};

/// Silent windows that make an alarm.
const NEEDED: u8 = 2;

/// Heard windows that end one.
const HEARD: u8 = 2;

/// A gateway reports for itself over its own backhaul: half an hour is long.
const GATEWAY_SILENCE_S: f32 = 1_800.0;

/// A probe whose gateway is gone needs no further explanation.
const EXPLAINED_SILENCE_S: f32 = 1_800.0;

/// A lossy link explains hours, not a day.
const UNEXPLAINED_SILENCE_S: f32 = 86_400.0;

/// One device's silence.
#[derive(Clone, Debug, Default)]
struct Silence {
    windows: u8,
    heard: u8,
    raised_at: Option<Timestamp>,
    onset: Timestamp,
    last: Timestamp,
    score: f32,
    threshold: f32,
    explained: bool,
    gateway: Option<DeviceIx>,
    evidence: Option<Cell>,
}

/// The freshness detector of one shard.
#[derive(Debug)]
pub(super) struct Silences {
    classes: Vec<Option<DeviceClass>>,
    /// Silence that the clean stretch makes ordinary, in seconds.
    ordinary_s: Vec<f32>,
    silences: Vec<Option<Box<Silence>>>,
    /// Scratch: the hour's first row of each device, and whether any row has samples.
    first: Vec<u32>,
    heard: Vec<bool>,
}

impl Silences {
    pub(super) fn new(topology: &Topology, ordinary_s: &[f32]) -> Self {
        let n = topology.places.len();
        Self {
            classes: topology.places.iter().map(|place| place.class).collect(),
            ordinary_s: ordinary_s.to_vec(),
            silences: vec![None; n],
            first: vec![u32::MAX; n],
            heard: vec![false; n],
        }
    }

    pub(super) fn score(
        &mut self,
        time: Timestamp,
        windows: &[Window],
        scores: &mut ScoreRows,
        findings: &mut Vec<Finding>,
    ) {
        self.first.fill(u32::MAX);
        self.heard.fill(false);
        for (row, window) in windows.iter().enumerate() {
            let device = window.device.index();
            self.heard[device] |= window.samples > 0 || window.state == Freshness::Fresh;
            if self.first[device] == u32::MAX {
                self.first[device] = row as u32;
            }
        }
        for device in 0..self.first.len() {
            let Some(window) = windows.get(self.first[device] as usize) else {
                continue;
            };
            let index = DeviceIx::new(device as u32);
            if self.heard[device] {
                findings.extend(self.note_heard(index));
            } else if self.silences[device].is_some() || window.freshness_s > 0.0 {
                self.note_silent(index, window, time, scores);
            }
        }
    }

    fn threshold_s(&self, device: DeviceIx, window: &Window) -> f32 {
        let least = match (window.class, window.state) {
            (DeviceClass::Gateway, _) => GATEWAY_SILENCE_S,
            (_, Freshness::StaleGateway) => EXPLAINED_SILENCE_S,
            _ => UNEXPLAINED_SILENCE_S,
        };
        least.max(self.ordinary_s[device.index()])
    }

    fn note_silent(
        &mut self,
        device: DeviceIx,
        window: &Window,
        time: Timestamp,
        scores: &mut ScoreRows,
    ) {
        let threshold = self.threshold_s(device, window);
        let score = window.freshness_s as f32;
        let silence = &mut self.silences[device.index()];
        if score >= threshold {
            let silence = silence.get_or_insert_with(Box::default);
            if silence.windows == 0 {
                silence.onset = time - Span::from_seconds_f64(window.freshness_s);
            }
            silence.windows = silence.windows.saturating_add(1);
            silence.heard = 0;
            silence.last = time;
            silence.score = silence.score.max(score);
            silence.threshold = threshold;
            silence.explained |= window.state == Freshness::StaleGateway;
            silence.gateway = window.gateway;
            silence.evidence = Cell::of(window, Column::FreshnessS);
            if silence.windows >= NEEDED && silence.raised_at.is_none() {
                silence.raised_at = Some(time);
            }
        }
        let raised = silence.as_ref().is_some_and(|s| s.raised_at.is_some());
        scores.push(time, device, Detector::Freshness, score, threshold, raised);
    }

    fn note_heard(&mut self, device: DeviceIx) -> Option<Finding> {
        let class = self.classes[device.index()]?;
        let slot = &mut self.silences[device.index()];
        let silence = slot.as_deref_mut()?;
        silence.heard += 1;
        if silence.raised_at.is_some() && silence.heard < HEARD {
            return None;
        }
        slot.take().and_then(|silence| finding(*silence, device, class, false))
    }

    pub(super) fn finish(&mut self, findings: &mut Vec<Finding>) {
        for (i, slot) in self.silences.iter_mut().enumerate() {
            if let (Some(silence), Some(class)) = (slot.take(), self.classes[i]) {
                findings.extend(finding(*silence, DeviceIx::new(i as u32), class, true));
            }
        }
    }
}

fn finding(silence: Silence, device: DeviceIx, class: DeviceClass, open: bool) -> Option<Finding> {
    Some(Finding {
        onset: silence.onset,
        raised_at: silence.raised_at?,
        end: (!open).then_some(silence.last.max(silence.onset + WINDOW)),
        device,
        class,
        detector: Detector::Freshness,
        score: silence.score,
        threshold: silence.threshold,
        contributions: vec![(silence.evidence.map_or(Metric::FramesReceived, |c| c.metric), 1.0)],
        pattern: Pattern::Silence { gateway: silence.gateway, explained: silence.explained },
        evidence: silence.evidence.into_iter().collect(),
        flow_loss: 0.0,
    })
}

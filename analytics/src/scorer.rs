//! The hourly judgement of one shard.

use crate::alarm::{Alarm, CHANNELS_MAX, Episode, Observation, Policy};
use crate::baseline::autoencoder::single_thread;
use crate::error::{AnalyticsError, Result};
use crate::features::probe::{self, ProbeHours, Recent};
use crate::features::pump::{self, PumpHours, Running};
use crate::finding::{Cell, Column, Detector, Finding, Pattern, ScoreRows};
use crate::model::{Model, change_from_clean, in_tolerances, probe_residual};
use crate::topology::Topology;
use crate::window::{Freshness, WINDOW, Window};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::{Span, Timestamp};
use std::sync::Arc;

mod silence;

/// A probe must deviate for hours on end: its window already spans six of them.
const PROBE_POLICY: Policy = Policy { needed: 3, of: 4, quiet: 12, splits: false };

/// Residuals of soil water wander for longer than sensors misbehave.
const PROBE_RESIDUAL_POLICY: Policy = Policy { needed: 10, of: 12, quiet: 24, splits: false };

/// Hours in which the pump runs for a zone are few.
const PUMP_POLICY: Policy = Policy { needed: 3, of: 4, quiet: 4, splits: true };

/// Scores one shard, hour by hour, and turns what lasts into findings.
#[derive(Debug)]
pub struct Scorer {
    model: Arc<Model>,
    shard: usize,
    topology: Arc<Topology>,
    probes: ProbeHours,
    recent: Vec<Recent>,
    probe_alarms: Vec<[Alarm; 2]>,
    pumps: PumpHours,
    running: Vec<Running>,
    pump_alarms: Vec<[Alarm; 2]>,
    silences: silence::Silences,
    pool: rayon::ThreadPool,
    /// Standardised windows of the hour, their slots and what the autoencoder leaves over.
    rows: Vec<f32>,
    slots: Vec<u32>,
    errors: Vec<f32>,
}

impl Scorer {
    /// A scorer for the shard of `topology`, which must be one that `model` was trained on.
    ///
    /// # Errors
    /// [`AnalyticsError::UnknownShard`] if it is none of them; [`AnalyticsError::Pool`] if the
    /// scoring thread cannot be started.
    pub fn new(model: Arc<Model>, topology: Arc<Topology>) -> Result<Self> {
        let site = topology.first_site();
        let shard = model
            .shards
            .iter()
            .position(|shard| shard.site == site)
            .ok_or_else(|| AnalyticsError::UnknownShard { site: site.to_owned() })?;
        let mut probes = ProbeHours::new(&topology);
        let pumps = PumpHours::new(&topology);
        let scales = &model.shards[shard];
        probes.set_offsets(&scales.probe, scales.probe_residual.iter().map(|centre| centre[0]));
        Ok(Self {
            recent: vec![Recent::default(); probes.devices.len()],
            probe_alarms: vec![Default::default(); probes.devices.len()],
            running: vec![Running::default(); pumps.devices.len()],
            pump_alarms: vec![Default::default(); pumps.devices.len()],
            silences: silence::Silences::new(&topology, &scales.silence_s),
            pool: single_thread()?,
            rows: Vec::new(),
            slots: Vec::new(),
            errors: Vec::new(),
            model,
            shard,
            topology,
            probes,
            pumps,
        })
    }

    /// Judges the residual rows of one hour, in any order. Appends a score row per device and
    /// detector (freshness: only for silent devices), and the findings whose deviation ended.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Tensor`] if the tensor library fails.
    pub fn score(
        &mut self,
        windows: &[Window],
        scores: &mut ScoreRows,
        findings: &mut Vec<Finding>,
    ) -> Result<()> {
        let Some(time) = windows.iter().map(|window| window.time).max() else {
            return Ok(());
        };
        self.probes.advance(windows);
        self.pumps.advance(windows);
        self.score_probes(time, windows, scores, findings)?;
        self.score_pumps(time, windows, scores, findings)?;
        self.silences.score(time, windows, scores, findings);
        Ok(())
    }

    /// Appends the findings whose deviation lasts at the end of the run.
    pub fn finish(&mut self, findings: &mut Vec<Finding>) {
        for (slot, alarms) in self.probe_alarms.iter_mut().enumerate() {
            for (alarm, detector) in alarms.iter_mut().zip(Detector::ALL) {
                if let Some(episode) = alarm.finish() {
                    findings.extend(probe_finding(
                        *episode,
                        self.probes.devices[slot],
                        detector,
                        true,
                    ));
                }
            }
        }
        for (slot, alarms) in self.pump_alarms.iter_mut().enumerate() {
            for (alarm, detector) in alarms.iter_mut().zip(Detector::ALL) {
                if let Some(episode) = alarm.finish() {
                    findings.extend(pump_finding(
                        *episode,
                        self.pumps.devices[slot],
                        detector,
                        true,
                    ));
                }
            }
        }
        self.silences.finish(findings);
    }

    fn score_probes(
        &mut self,
        time: Timestamp,
        windows: &[Window],
        scores: &mut ScoreRows,
        findings: &mut Vec<Finding>,
    ) -> Result<()> {
        let model = Arc::clone(&self.model);
        let scales = &model.shards[self.shard];
        self.rows.clear();
        self.slots.clear();
        for (slot, vector) in self.probes.vectors().iter().enumerate() {
            if self.recent[slot].push(vector) {
                self.slots.push(slot as u32);
                self.recent[slot].standardise(&scales.probe[slot], &mut self.rows);
            }
        }
        if let Some(baseline) = &model.probe.observed {
            self.errors.clear();
            self.pool.install(|| baseline.errors(&self.rows, &mut self.errors))?;
            for i in 0..self.slots.len() {
                let slot = self.slots[i] as usize;
                let mut parts = [0.0; CHANNELS_MAX];
                let outputs = baseline.outputs();
                let score =
                    baseline.score(&self.errors[i * outputs..(i + 1) * outputs], &mut parts);
                let window = &self.rows[i * probe::INPUTS..(i + 1) * probe::INPUTS];
                let observation = Observation {
                    time,
                    score,
                    threshold: baseline.threshold,
                    parts,
                    pattern: mean_hour(window),
                    open_zones: 0.0,
                    flow_loss: 0.0,
                    blocked: false,
                };
                self.advance_probe(slot, 0, &observation, windows, scores, findings);
            }
        }
        if let Some(baseline) = &model.probe.residual {
            for i in 0..self.slots.len() {
                let slot = self.slots[i] as usize;
                let residual = self.recent[slot].residual();
                let Some(row) = probe_residual(&residual, &scales.probe_residual[slot]) else {
                    continue;
                };
                let (mut parts, mut pattern) = ([0.0; CHANNELS_MAX], [0.0; CHANNELS_MAX]);
                let score = baseline.mahalanobis.score(&row, &mut parts);
                pattern[..row.len()].copy_from_slice(&row);
                let observation = Observation {
                    time,
                    score,
                    threshold: baseline.threshold,
                    parts,
                    pattern,
                    open_zones: 0.0,
                    flow_loss: 0.0,
                    blocked: false,
                };
                self.advance_probe(slot, 1, &observation, windows, scores, findings);
            }
        }
        Ok(())
    }

    fn advance_probe(
        &mut self,
        slot: usize,
        detector: usize,
        observation: &Observation,
        windows: &[Window],
        scores: &mut ScoreRows,
        findings: &mut Vec<Finding>,
    ) {
        let policy = if detector == 0 { &PROBE_POLICY } else { &PROBE_RESIDUAL_POLICY };
        let alarm = &mut self.probe_alarms[slot][detector];
        let change = alarm.advance(policy, observation);
        let device = self.probes.devices[slot];
        let detector = Detector::ALL[detector];
        if change.strongest
            && let Some(episode) = alarm.episode_mut()
        {
            let rows = self.probes.vectors()[slot].rows;
            episode.evidence = probe_evidence(&rows, windows);
        }
        push_score(scores, observation, device, detector, alarm.raised());
        findings.extend(
            change.closed.and_then(|episode| probe_finding(*episode, device, detector, false)),
        );
    }

    fn score_pumps(
        &mut self,
        time: Timestamp,
        windows: &[Window],
        scores: &mut ScoreRows,
        findings: &mut Vec<Finding>,
    ) -> Result<()> {
        let model = Arc::clone(&self.model);
        let scales = &model.shards[self.shard];
        self.rows.clear();
        self.slots.clear();
        for (slot, vector) in self.pumps.vectors().iter().enumerate() {
            if vector.ran {
                self.slots.push(slot as u32);
                let observed = vector.observed.iter().enumerate();
                self.rows
                    .extend(observed.map(|(i, &value)| scales.pump[slot].standardise(i, value)));
            }
        }
        if let Some(baseline) = &model.pump.observed {
            self.errors.clear();
            self.pool.install(|| baseline.errors(&self.rows, &mut self.errors))?;
            for i in 0..self.slots.len() {
                let slot = self.slots[i] as usize;
                let errors = &self.errors[i * pump::SCORED..(i + 1) * pump::SCORED];
                let mut parts = [0.0; CHANNELS_MAX];
                let score = baseline.score(errors, &mut parts);
                let vector = &self.pumps.vectors()[slot];
                let change = model.open_zones.changes(&vector.observed, &scales.pump[slot].centre);
                let (threshold, open_zones) = (baseline.threshold, vector.open_zones);
                let observation =
                    pump_observation(time, (score, threshold), parts, &change, open_zones);
                self.advance_pump(slot, 0, &observation, windows, scores, findings);
            }
        }
        if let Some(baseline) = &model.pump.residual {
            for i in 0..self.slots.len() {
                let slot = self.slots[i] as usize;
                let vector = &self.pumps.vectors()[slot];
                let own = vector.change[0] - scales.change[slot][0];
                let changes = self.running[slot].push(vector, own <= pump::BLOCKED);
                let Some(change) = change_from_clean(&changes, &scales.change[slot]) else {
                    continue;
                };
                let mut parts = [0.0; CHANNELS_MAX];
                let score = baseline.mahalanobis.score(&in_tolerances(&change), &mut parts);
                let (threshold, open_zones) = (baseline.threshold, vector.open_zones);
                let observation =
                    pump_observation(time, (score, threshold), parts, &change, open_zones);
                self.advance_pump(slot, 1, &observation, windows, scores, findings);
            }
        }
        Ok(())
    }

    fn advance_pump(
        &mut self,
        slot: usize,
        detector: usize,
        observation: &Observation,
        windows: &[Window],
        scores: &mut ScoreRows,
        findings: &mut Vec<Finding>,
    ) {
        let device = self.pumps.devices[slot];
        let alarm = &mut self.pump_alarms[slot][detector];
        let change = alarm.advance(&PUMP_POLICY, observation);
        let detector = Detector::ALL[detector];
        if let Some(episode) = alarm.episode_mut() {
            let site = self.topology.places[device.index()].site;
            for &zone in &self.topology.sites[site.index()].zones {
                let other = self.topology.zones[zone.index()].controller;
                let runs = self.pumps.slot(other).is_some_and(|s| self.pumps.vectors()[s].ran);
                if runs && other != device {
                    episode.accompany(zone);
                }
            }
            if change.strongest {
                episode.evidence = pump_evidence(&self.pumps.vectors()[slot].rows, windows);
            }
        }
        push_score(scores, observation, device, detector, alarm.raised());
        findings.extend(
            change.closed.and_then(|episode| pump_finding(*episode, device, detector, false)),
        );
    }
}

fn push_score(
    scores: &mut ScoreRows,
    observation: &Observation,
    device: DeviceIx,
    detector: Detector,
    alarm: bool,
) {
    let Observation { time, score, threshold, .. } = *observation;
    scores.push(time, device, detector, score, threshold, alarm);
}

/// The mean over the hours of a standardised window.
fn mean_hour(window: &[f32]) -> [f32; CHANNELS_MAX] {
    let mut mean = [0.0; CHANNELS_MAX];
    for hour in window.chunks_exact(probe::CHANNELS) {
        for (mean, value) in mean.iter_mut().zip(hour) {
            *mean += value / probe::HOURS as f32;
        }
    }
    mean
}

fn pump_observation(
    time: Timestamp,
    (score, threshold): (f32, f32),
    parts: [f32; CHANNELS_MAX],
    change: &[f32; pump::CHANGES],
    open_zones: f32,
) -> Observation {
    Observation {
        time,
        score,
        threshold,
        parts,
        pattern: pump::signature(change),
        open_zones,
        flow_loss: (-change[0]).clamp(0.0, 1.0),
        blocked: change[0] <= pump::BLOCKED,
    }
}

fn probe_evidence(rows: &[u32; 3], windows: &[Window]) -> Vec<Cell> {
    let humidity = windows.get(rows[0] as usize);
    let temperature = windows.get(rows[1] as usize);
    let of_humidity =
        [Column::Observed, Column::Residual, Column::ObservedSd, Column::Repeats, Column::Samples];
    let cells = |window: Option<&Window>, columns: &[Column]| {
        window
            .map(|w| columns.iter().filter_map(|&c| Cell::of(w, c)).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let mut evidence = cells(humidity, &of_humidity);
    evidence.extend(cells(temperature, &[Column::Residual]));
    evidence
}

fn pump_evidence(rows: &[u32; pump::SCORED], windows: &[Window]) -> Vec<Cell> {
    rows.iter()
        .filter_map(|&row| windows.get(row as usize))
        .flat_map(|w| [Column::Observed, Column::Expected].map(|column| Cell::of(w, column)))
        .flatten()
        .collect()
}

/// Shares of the score by metric, largest first, equal ones in metric order.
fn shares(parts: &[f32], metrics: &[Metric]) -> Vec<(Metric, f32)> {
    let mut by_metric: Vec<(Metric, f32)> = Vec::new();
    for (&metric, &part) in metrics.iter().zip(parts) {
        // A part is negative where a channel makes the others' deviation less surprising.
        let part = part.max(0.0);
        match by_metric.iter_mut().find(|entry| entry.0 == metric) {
            Some(entry) => entry.1 += part,
            None => by_metric.push((metric, part)),
        }
    }
    let sum: f32 = by_metric.iter().map(|entry| entry.1).sum();
    if sum > 0.0 {
        by_metric.iter_mut().for_each(|entry| entry.1 /= sum);
    }
    by_metric.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    by_metric
}

fn probe_finding(
    episode: Episode,
    device: DeviceIx,
    detector: Detector,
    open: bool,
) -> Option<Finding> {
    let pattern = episode.pattern();
    let (pattern, metrics) = match detector {
        Detector::Autoencoder => (Pattern::Probe(pattern), &probe::METRICS[..]),
        _ => (Pattern::ProbeResidual([pattern[0], pattern[1]]), &probe::RESIDUAL_METRICS[..]),
    };
    finding(episode, device, (DeviceClass::SoilProbe, detector), pattern, metrics, open)
}

fn pump_finding(
    mut episode: Episode,
    device: DeviceIx,
    detector: Detector,
    open: bool,
) -> Option<Finding> {
    episode.companions.sort_by(|x, y| y.1.cmp(&x.1).then(x.0.cmp(&y.0)));
    let pattern = Pattern::Hydraulic {
        signature: episode.pattern(),
        before: episode.before,
        open_zones: episode.open_zones(),
        companions: episode.companions.iter().map(|entry| entry.0).collect(),
    };
    let class = DeviceClass::PumpController;
    finding(episode, device, (class, detector), pattern, &pump::METRICS, open)
}

fn finding(
    episode: Episode,
    device: DeviceIx,
    (class, detector): (DeviceClass, Detector),
    pattern: Pattern,
    metrics: &[Metric],
    open: bool,
) -> Option<Finding> {
    Some(Finding {
        onset: episode.onset,
        raised_at: episode.raised_at?,
        end: (!open).then_some(episode.last),
        device,
        class,
        detector,
        score: episode.score,
        threshold: episode.threshold,
        contributions: shares(&episode.parts, metrics),
        pattern,
        evidence: episode.evidence,
        flow_loss: episode.flow_loss,
    })
}

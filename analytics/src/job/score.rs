//! Scoring files: a row for each row, and findings.

use super::train::{hex, row_us, scale_rows};
use super::{Progress, source_spec};
use crate::error::{AnalyticsError, Result};
use crate::telemetry::{Chunk, Counts, Devices, Event, Model, ScoredRow, Scorer, Settings};
use fieldmirror_tables::finding_file::{
    FindingChannel, FindingRow, TracePoint, read_findings, write_findings,
};
use fieldmirror_tables::score_file::{ScoreRows, ScoreSpec, ScoreWriter};
use fieldmirror_tables::source::{self, Source, TimeKind};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// What to score, and where to.
#[derive(Clone, Debug)]
pub struct ScoreJob {
    /// Files, folders, globs, or `-`.
    pub inputs: Vec<String>,
    /// How to read them: the model's settings, or with other columns.
    pub settings: Settings,
    /// The file of scores, by its ending.
    pub out: PathBuf,
    /// The file of findings.
    pub findings: Option<PathBuf>,
    /// Whether findings are wanted even if no file of them is; without either only the first few
    /// are kept, and the others counted.
    pub keep_findings: bool,
    /// Threads that read.
    pub threads: usize,
    /// A checkpoint after at least this many rows; 0: none.
    pub checkpoint_rows: u64,
    /// Whether to begin anew even if there is a checkpoint.
    pub anew: bool,
    /// What the devices were doing when earlier telemetry ended: [`Scored::state`] of then.
    pub state: Option<Vec<u8>>,
}

/// What scoring found.
#[derive(Debug)]
pub struct Scored {
    /// Rows.
    pub rows: u64,
    /// Rows that an earlier, interrupted job had done already.
    pub resumed_rows: u64,
    /// Devices.
    pub devices: usize,
    /// Rows times the period, over all devices.
    pub device_days: f64,
    /// How many findings.
    pub alarms: u64,
    /// The findings, or the first few of them.
    pub findings: Vec<FindingRow>,
    /// How the times of the telemetry were written.
    pub time_kind: TimeKind,
    /// What was odd in the rows.
    pub counts: Counts,
    /// What was odd in the files, since this job began.
    pub source: source::Counts,
    /// The columns as they were read.
    pub channels: Vec<source::Channel>,
    /// Columns that the model does not know.
    pub extra: Vec<String>,
    /// What the devices are doing now, for telemetry that goes on.
    pub state: Vec<u8>,
}

impl Scored {
    /// Alarms for each device and day.
    pub fn alarms_per_device_day(&self) -> f64 {
        if self.device_days > 0.0 { self.alarms as f64 / self.device_days } else { 0.0 }
    }
}

/// Rows that may wait for an earlier one before the earlier one's device is asked to let go.
const WAITING_MAX: usize = 1 << 20;

/// Scores.
///
/// # Errors
/// Those of reading, scoring and writing. Nothing half-written stays; a checkpoint does, if there
/// was one.
pub fn score(model: &Model, job: &ScoreJob, progress: Progress<'_>) -> Result<Scored> {
    let spec = source_spec(&job.settings, &job.inputs, job.threads)?;
    let mut source = Source::open(&spec)?;
    let found: Vec<(String, Option<String>)> = source
        .channels()
        .iter()
        .map(|channel| {
            let unit = (!channel.unit.is_empty()).then(|| channel.unit.clone());
            (channel.name.clone(), unit)
        })
        .collect();
    let fit = model.check_schema(&found)?;
    let outputs = [Some(&job.out), job.findings.as_ref()];
    refuse_inputs_as_outputs(&source, outputs.into_iter().flatten())?;
    let mut output = Output::open(model, job, &source)?;
    let skip = output.rows_in;
    let row_us = row_us(&model.settings);
    let mut seen = 0;
    while let Some(chunk) = source.next_chunk()? {
        let rows = chunk.len() as u64;
        let from = skip.saturating_sub(seen).min(rows) as usize;
        seen += rows;
        output.announce(&source)?;
        if from < chunk.len() {
            output.take(&source, chunk, from, (&fit.order, row_us))?;
        }
        output.checkpoint(&job.checkpoint_rows)?;
        progress(source.bytes_done(), source.bytes_total(), source.counts().rows);
    }
    output.finish(&source, fit.extra, job)
}

/// Rows that came out before one that came in earlier; none where that one is still missing.
type Waiting = VecDeque<Option<ScoredRow>>;

/// Scoring with what was scored and not yet written.
struct Output<'a> {
    model: &'a Model,
    scorer: Scorer<'a>,
    writer: ScoreWriter,
    /// Of each device of the source.
    numbers: Vec<u32>,
    /// Of each device of the scorer.
    names: Vec<String>,
    /// Rows that came out before one that came in earlier, by their distance from `next`.
    waiting: Waiting,
    next: u64,
    kind: TimeKind,
    row_us: i64,
    alarms: u64,
    findings: Vec<FindingRow>,
    /// How many findings are kept.
    most: usize,
    /// The checkpoint's findings.
    kept: PathBuf,
    rows_in: u64,
    resumed: u64,
    checkpointed: u64,
}

impl<'a> Output<'a> {
    fn open(model: &'a Model, job: &ScoreJob, source: &Source) -> Result<Self> {
        let kind = source.time_kind();
        let state = job.state.as_deref().map_or(0, fingerprint);
        let key = format!(
            "{:016x} {} {} {state:016x}",
            model.fingerprint(),
            hex(source.identity()),
            job.settings.time.reorder_rows
        );
        let spec = ScoreSpec { kind, more: Vec::new(), key };
        let kept = beside(&job.out);
        let resumed = if job.anew { None } else { ScoreWriter::resume(&job.out, spec.clone())? };
        let fresh = || match &job.state {
            Some(state) => Scorer::restore_state(model, state),
            None => Ok(Scorer::new(model)),
        };
        let (writer, scorer, (alarms, findings), rows_in, waiting) = match resumed {
            Some((writer, state, rows)) => {
                let (_, findings) = read_findings(&kept)?;
                let (alarms, waiting, state) =
                    unpack(&state).ok_or_else(|| AnalyticsError::State {
                        problem: "the checkpoint is damaged; begin anew with --force".to_owned(),
                    })?;
                let scorer = Scorer::restore_state(model, state)?;
                (writer, scorer, (alarms, findings), rows, waiting)
            }
            None => {
                let writer = ScoreWriter::create(&job.out, spec)?;
                (writer, fresh()?, (0, Vec::new()), 0, VecDeque::new())
            }
        };
        let next = if rows_in > 0 { writer.rows() } else { scorer.rows() };
        Ok(Self {
            model,
            scorer,
            writer,
            numbers: Vec::new(),
            names: Vec::new(),
            waiting,
            next,
            kind,
            row_us: row_us(&model.settings),
            alarms,
            findings,
            most: if job.keep_findings || job.findings.is_some() { usize::MAX } else { FEW },
            kept,
            rows_in,
            resumed: rows_in,
            checkpointed: rows_in,
        })
    }

    /// Gives numbers to devices that are new in the source.
    fn announce(&mut self, source: &Source) -> Result<()> {
        for device in self.numbers.len()..source.devices().len() {
            let number =
                self.scorer.device(&source.devices()[device], &source.classes()[device])?;
            self.numbers.push(number);
        }
        for number in self.names.len()..self.scorer.devices() {
            self.names.push(self.scorer.name(number as u32).to_owned());
        }
        Ok(())
    }

    fn take(
        &mut self,
        source: &Source,
        mut chunk: source::Chunk,
        from: usize,
        (order, row_us): (&[usize], i64),
    ) -> Result<()> {
        scale_rows(&mut chunk.time, source.time_kind(), row_us);
        let device: Vec<u32> =
            chunk.device[from..].iter().map(|&device| self.numbers[device as usize]).collect();
        let columns: Vec<&[f64]> = order.iter().map(|&at| &chunk.values[at][from..]).collect();
        let scored = self.scorer.push(&Chunk {
            time: &chunk.time[from..],
            device: Devices::Each(&device),
            columns: &columns,
        })?;
        self.rows_in += device.len() as u64;
        self.write(scored.rows, scored.events)?;
        if self.waiting.len() > WAITING_MAX {
            let before = self.next + (self.waiting.len() - WAITING_MAX / 2) as u64;
            let scored = self.scorer.release(before)?;
            self.write(scored.rows, scored.events)?;
        }
        Ok(())
    }

    /// Puts rows back into the order in which they came, and writes those that lack none.
    fn write(&mut self, rows: Vec<ScoredRow>, events: Vec<Event>) -> Result<()> {
        for row in rows {
            let at = (row.row - self.next) as usize;
            if at >= self.waiting.len() {
                self.waiting.resize(at + 1, None);
            }
            self.waiting[at] = Some(row);
        }
        let mut ready = ScoreRows::default();
        while let Some(Some(row)) = self.waiting.front().copied() {
            self.waiting.pop_front();
            self.next += 1;
            ready.time.push(self.time(row.time));
            ready.device.push(row.device);
            ready.score.push(row.score);
            ready.threshold.push(row.threshold);
            ready.alarm.push(row.alarm);
        }
        self.writer.append(&ready, &self.names)?;
        for event in events {
            self.alarms += 1;
            if self.findings.len() < self.most {
                let row = self.finding(&event);
                self.findings.push(row);
            }
        }
        Ok(())
    }

    fn time(&self, time: i64) -> i64 {
        if self.kind == TimeKind::Row { time / self.row_us } else { time }
    }

    fn checkpoint(&mut self, every: &u64) -> Result<()> {
        if *every == 0 || self.rows_in < self.checkpointed + every {
            return Ok(());
        }
        write_findings(&self.kept, self.kind, &self.findings)?;
        let state = pack(self.alarms, &self.waiting, &self.scorer.save_state());
        self.writer.checkpoint(&state, self.rows_in)?;
        self.checkpointed = self.rows_in;
        Ok(())
    }

    fn finish(mut self, source: &Source, extra: Vec<String>, job: &ScoreJob) -> Result<Scored> {
        // Rows that wait belong to this telemetry, alarms that are open to both.
        let rest = self.scorer.release(u64::MAX)?;
        self.write(rest.rows, rest.events)?;
        let state = self.scorer.save_state();
        let rest = self.scorer.finish()?;
        self.write(rest.rows, rest.events)?;
        self.refuse_silent_channels(source)?;
        if let Some(path) = &job.findings {
            write_findings(path, self.kind, &self.findings)?;
        }
        let devices = self.scorer.devices();
        let counts = self.scorer.counts();
        let rows = self.writer.finish()?;
        Ok(Scored {
            rows,
            resumed_rows: self.resumed,
            devices,
            device_days: (rows - counts.duplicates.min(rows)) as f64 * self.model.period_us as f64
                / 86_400e6,
            alarms: self.alarms,
            findings: self.findings,
            time_kind: self.kind,
            counts,
            source: source.counts().clone(),
            channels: source.channels().to_vec(),
            extra,
            state,
        })
    }

    /// An error where a channel of the model had no number at all.
    fn refuse_silent_channels(&self, source: &Source) -> Result<()> {
        let counts = source.counts();
        let silent = source.channels().iter().zip(&counts.channels).filter(|(_, channel)| {
            counts.rows > 0 && channel.missing.count + channel.text.count >= counts.rows
        });
        let known = |name: &str| self.model.schema.channels.iter().any(|one| one.name == name);
        let silent = silent.map(|(channel, _)| channel.name.as_str()).filter(|name| known(name));
        let silent: Vec<&str> = silent.collect();
        if silent.is_empty() {
            return Ok(());
        }
        Err(AnalyticsError::NoValues { channels: silent.join(", ") })
    }

    fn finding(&self, event: &Event) -> FindingRow {
        let channel = |at: usize| &self.model.schema.channels[at];
        let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        let trace = &event.trace;
        FindingRow {
            id: format!("F-{:06}", self.alarms),
            device: self.scorer.name(event.device).to_owned(),
            class: self.scorer.class(event.device).to_owned(),
            onset: self.time(event.onset),
            end: self.time(event.end),
            peak: self.time(event.peak),
            rows: event.rows,
            severity: event.score / event.threshold,
            peak_score: event.score,
            threshold: event.threshold,
            detector: event.origin.name().to_owned(),
            channels: event
                .channels
                .iter()
                .map(|part| FindingChannel {
                    name: channel(part.channel).name.clone(),
                    unit: channel(part.channel).unit.clone().unwrap_or_default(),
                    share: part.share,
                    observed: part.observed as f32,
                    expected: part.expected as f32,
                })
                .collect(),
            trace: (0..trace.time.len())
                .map(|at| TracePoint {
                    time: self.time(trace.time[at]),
                    score: trace.score[at],
                    observed: narrow(&trace.observed[at]),
                    expected: narrow(&trace.expected[at]),
                })
                .collect(),
        }
    }
}

/// Findings that are kept where nobody asked for them.
const FEW: usize = 10;

/// An error if a file that is to be written is one that is read.
pub(super) fn refuse_inputs_as_outputs<'p>(
    source: &Source,
    outputs: impl Iterator<Item = &'p PathBuf>,
) -> Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let inputs: Vec<PathBuf> = source.files().iter().filter_map(|path| real(path)).collect();
    for output in outputs {
        if real(output).is_some_and(|output| inputs.contains(&output)) {
            return Err(AnalyticsError::OutputIsInput { path: output.clone() });
        }
    }
    Ok(())
}

/// Where findings stand while the scores of `out` are being made.
fn beside(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name).join("findings.arrow")
}

/// The count of alarms, rows that wait and a scorer's state, for a checkpoint.
fn pack(alarms: u64, waiting: &Waiting, state: &[u8]) -> Vec<u8> {
    let mut bytes = alarms.to_le_bytes().to_vec();
    bytes.extend((waiting.len() as u64).to_le_bytes());
    for row in waiting {
        let Some(row) = row else {
            bytes.push(0);
            continue;
        };
        bytes.push(1 + u8::from(row.alarm));
        bytes.extend(row.device.to_le_bytes());
        bytes.extend(row.row.to_le_bytes());
        bytes.extend(row.time.to_le_bytes());
        bytes.extend(row.score.to_le_bytes());
        bytes.extend(row.threshold.to_le_bytes());
    }
    bytes.extend_from_slice(state);
    bytes
}

/// What [`pack`] packed; `None` of other bytes.
fn unpack(mut bytes: &[u8]) -> Option<(u64, Waiting, &[u8])> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (first, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*first)
    }
    let alarms = u64::from_le_bytes(take(&mut bytes)?);
    let count = u64::from_le_bytes(take(&mut bytes)?);
    let mut waiting = VecDeque::new();
    for _ in 0..count {
        let [mark] = take(&mut bytes)?;
        if mark == 0 {
            waiting.push_back(None);
            continue;
        }
        waiting.push_back(Some(ScoredRow {
            alarm: mark == 2,
            device: u32::from_le_bytes(take(&mut bytes)?),
            row: u64::from_le_bytes(take(&mut bytes)?),
            time: i64::from_le_bytes(take(&mut bytes)?),
            score: f32::from_le_bytes(take(&mut bytes)?),
            threshold: f32::from_le_bytes(take(&mut bytes)?),
        }));
    }
    Some((alarms, waiting, bytes))
}

/// FNV-1a, to tell states apart.
fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

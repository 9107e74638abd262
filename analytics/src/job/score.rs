//! Scoring files: a row for each row, and findings.

use super::carry::{Halfway, Numbers, Waiting, pack_state, unpack_state};
use super::findings::{Told, keep_gravest};
use super::pace::Pace;
use super::refuse::{
    refuse_inputs_as_outputs, refuse_silent_channels, refuse_unknown_classes, refuse_untimed,
};
use super::silences::{Silences, SilentChannel};
use super::train::{hex, row_us, scale_rows, untimed};
use super::{Follower, Notes, source_spec, told};
use crate::error::{AnalyticsError, Result};
use crate::telemetry::{self, Chunk, Counts, Devices, Event, Model, Scorer, Settings};
use fieldmirror_tables::finding_file::{FindingRow, read_findings, write_findings};
use fieldmirror_tables::score_file::{Resume, ScoreRows, ScoreSpec, ScoreWriter};
use fieldmirror_tables::source::{self, Source, SourceSpec, TimeKind};
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
    /// Whether findings are wanted even if no file of them is; without either only the gravest few
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
    /// Whether this telemetry is one piece of many: then a channel without any value is told and no
    /// error, since the others are to be watched all the same.
    pub goes_on: bool,
    /// Other files that will be written, none of which may be one that is read.
    pub others: Vec<PathBuf>,
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
    /// Rows times the period, over all devices. Rows that stand for no time of their own or hold
    /// nothing do not count: duplicates, those without a value, those that came too late.
    pub device_days: f64,
    /// How many findings.
    pub alarms: u64,
    /// Those of them that began before this telemetry and had been told then.
    pub continued: u64,
    /// Those of them that go on when the telemetry ends.
    pub open: u64,
    /// The findings, or the gravest few of them.
    pub findings: Vec<FindingRow>,
    /// How the times of the telemetry were written.
    pub time_kind: TimeKind,
    /// Devices of this telemetry that the model has not learned from.
    pub new_devices: Vec<String>,
    /// The period of the rows, by the median of the first ones; none where rows have no time or are
    /// too few.
    pub period_us: Option<i64>,
    /// What the user should know, a sentence each.
    pub notes: Vec<String>,
    /// What was odd in the rows.
    pub counts: Counts,
    /// Channels of devices that had no value for longer than in training: how often, and the
    /// longest.
    pub silences: (u64, Vec<SilentChannel>),
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
    /// Alarms for each device and day. One that goes on counts where it began.
    pub fn alarms_per_device_day(&self) -> f64 {
        let alarms = (self.alarms - self.continued) as f64;
        if self.device_days > 0.0 { alarms / self.device_days } else { 0.0 }
    }
}

/// Rows that may wait for an earlier one before the earlier one's device is asked to let go, and with
/// that refuses what may still come before. They take 160 MiB.
const WAITING_MAX: usize = 1 << 22;

/// Scores.
///
/// # Errors
/// Those of reading, scoring and writing. Nothing half-written stays; a checkpoint does, if there
/// was one.
pub fn score(model: &Model, job: &ScoreJob, follower: Follower<'_>) -> Result<Scored> {
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
    refuse_untimed(model, &source)?;
    let outputs = [Some(&job.out), job.findings.as_ref()];
    refuse_inputs_as_outputs(&source, outputs.into_iter().flatten().chain(&job.others))?;
    let mut notes = Notes::new(follower);
    let mut output = Output::open(model, job, &source, &spec, &mut notes)?;
    let skip = output.rows_in;
    let row_us = row_us(&model.settings);
    let kind = source.time_kind();
    untimed(kind).into_iter().for_each(|note| notes.tell(note));
    told::dates(&source, spec.date_order).into_iter().for_each(|note| notes.tell(note));
    let ignore = &job.settings.columns.ignore;
    // What a model ignored need not be there any more, such as labels.
    if *ignore != model.settings.columns.ignore && job.settings.columns.metric.is_none() {
        told::ignored(&source, ignore).into_iter().for_each(|note| notes.tell(note));
    }
    let (mut seen, mut pace) = (0, Pace::default());
    let mut ahead = source.next_chunk()?;
    while let Some(chunk) = ahead {
        let rows = chunk.len() as u64;
        let from = skip.saturating_sub(seen).min(rows) as usize;
        seen += rows;
        output.announce(&source)?;
        if kind != TimeKind::Row {
            pace.take(&chunk, source.devices().len());
            if seen == rows {
                output.check(&pace, &source, &mut notes);
            }
        }
        // The next rows are read while these are scored; what is wrong with these is told first.
        let (taken, next) =
            rayon::join(|| output.take(chunk, from, (&fit.order, row_us)), || source.next_chunk());
        taken?;
        ahead = next?;
        output.checkpoint(&job.checkpoint_rows)?;
        (follower.progress)(source.bytes_done(), source.bytes_total(), source.counts().rows);
    }
    output.check(&pace, &source, &mut notes);
    told::mixed(&source).into_iter().for_each(|note| notes.tell(note));
    let scored = output.finish(&source, fit.extra, job)?;
    Ok(Scored { period_us: pace.median(), notes: notes.told, ..scored })
}

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
    /// Rows that the scorer took before this job.
    first: u64,
    kind: TimeKind,
    row_us: i64,
    alarms: u64,
    continued: u64,
    numbering: Numbers,
    silences: Silences,
    findings: Vec<FindingRow>,
    /// Whether all findings are kept.
    all: bool,
    /// Where checkpoints are.
    folder: PathBuf,
    /// Whether telemetry comes from a stream, which has no checkpoints.
    stream: bool,
    rows_in: u64,
    resumed: u64,
    checkpointed: u64,
    /// What had been counted before this telemetry.
    before: Counts,
    /// Rows that each device had before, where rows have no times but numbers.
    numbered: Vec<i64>,
    /// Whether another period was told.
    paced: bool,
}

impl<'a> Output<'a> {
    fn open(
        model: &'a Model,
        job: &ScoreJob,
        source: &Source,
        spec: &SourceSpec,
        notes: &mut Notes<'_>,
    ) -> Result<Self> {
        let kind = source.time_kind();
        let all = job.keep_findings || job.findings.is_some();
        let spec = ScoreSpec { kind, more: Vec::new(), key: key(model, job, source, spec, all) };
        let folder = beside(&job.out);
        // A stream cannot be told from another, nor read once more.
        let stream = job.inputs.iter().any(|input| input == "-");
        // What is wrong with the state is to be known before a checkpoint is removed.
        let (mut scorer, mut numbering) = begin(model, job.state.as_deref())?;
        let (before, first) = (scorer.counts(), scorer.rows());
        let numbered = (0..scorer.devices()).map(|device| scorer.rows_of(device as u32) as i64);
        let numbered = numbered.collect();
        let resumed = if job.anew || stream {
            Resume::Nothing
        } else {
            ScoreWriter::resume(&job.out, spec.clone())?
        };
        let (mut alarms, mut continued, mut rows_in) = (0, 0, 0);
        let (mut findings, mut waiting) = (Vec::new(), Waiting::new());
        let mut silences = Silences::default();
        let writer = match resumed {
            Resume::Here { writer, state, rows_in: rows } => {
                findings = read_findings(&kept(&folder, rows))?.1;
                let halfway = Halfway::unpack(&state).ok_or_else(|| AnalyticsError::State {
                    problem: "the checkpoint is damaged; begin anew with --force".to_owned(),
                })?;
                scorer = Scorer::restore_state(model, halfway.scorer)?;
                (alarms, continued, rows_in) = (halfway.alarms, halfway.continued, rows);
                (numbering, waiting) = (halfway.numbers, halfway.waiting);
                silences = halfway.silences;
                *writer
            }
            Resume::Nothing => ScoreWriter::create(&job.out, spec)?,
            Resume::Useless { folder, rows_in, differs } => {
                notes.tell(useless(&folder, rows_in, &differs));
                ScoreWriter::create(&job.out, spec)?
            }
        };
        let next = first + writer.rows();
        Ok(Self {
            model,
            scorer,
            writer,
            numbers: Vec::new(),
            names: Vec::new(),
            waiting,
            next,
            first,
            kind,
            row_us: row_us(&model.settings),
            alarms,
            continued,
            numbering,
            silences,
            findings,
            all,
            folder,
            stream,
            rows_in,
            resumed: rows_in,
            checkpointed: rows_in,
            before,
            numbered,
            paced: false,
        })
    }

    /// Gives numbers to devices that are new in the source.
    fn announce(&mut self, source: &Source) -> Result<()> {
        refuse_unknown_classes(self.model, source, self.numbers.len())?;
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

    /// Tells once if rows come at another period than in training.
    fn check(&mut self, pace: &Pace, source: &Source, notes: &mut Notes<'_>) {
        if self.paced {
            return;
        }
        if let Some(note) = pace.note(source.devices(), self.model.period_us) {
            self.paced = true;
            notes.tell(note);
        }
    }

    fn take(
        &mut self,
        mut chunk: source::Chunk,
        from: usize,
        (order, row_us): (&[usize], i64),
    ) -> Result<()> {
        if from == chunk.len() {
            return Ok(());
        }
        if self.kind == TimeKind::Row && !self.numbered.is_empty() {
            // Numbers of rows go on as well.
            for (time, &device) in chunk.time.iter_mut().zip(&chunk.device) {
                let number = self.numbers[device as usize];
                *time += self.numbered.get(number as usize).copied().unwrap_or(0);
            }
        }
        scale_rows(&mut chunk.time, self.kind, row_us);
        let device: Vec<u32> =
            chunk.device[from..].iter().map(|&device| self.numbers[device as usize]).collect();
        let columns: Vec<&[f64]> = order.iter().map(|&at| &chunk.values[at][from..]).collect();
        let scored = self.scorer.push(&Chunk {
            time: &chunk.time[from..],
            device: Devices::Each(&device),
            columns: &columns,
        });
        let scored = scored.map_err(|error| self.of_this_job(error))?;
        self.rows_in += device.len() as u64;
        self.write(scored)?;
        if self.waiting.len() > WAITING_MAX {
            let before = self.next + (self.waiting.len() - WAITING_MAX / 2) as u64;
            let scored = self.scorer.release(before)?;
            self.write(scored)?;
        }
        Ok(())
    }

    /// An error with its row counted from the first of this job.
    fn of_this_job(&self, mut error: AnalyticsError) -> AnalyticsError {
        if let AnalyticsError::Late { row, .. } = &mut error {
            *row -= self.first;
        }
        error
    }

    /// Puts rows back into the order in which they came, and writes those that lack none.
    fn write(&mut self, scored: telemetry::Scored) -> Result<()> {
        self.silences.add(&scored.silences);
        for row in scored.rows {
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
            ready.judged.push(row.judged);
        }
        self.writer.append(&ready, &self.names)?;
        scored.events.iter().for_each(|event| {
            self.tell(event);
        });
        Ok(())
    }

    /// Makes a finding of an event. Returns its number.
    fn tell(&mut self, event: &Event) -> u64 {
        self.alarms += 1;
        let (number, told) = self.numbering.of(event.device);
        self.continued += u64::from(told);
        let told = Told {
            number,
            device: self.scorer.name(event.device),
            class: self.scorer.class(event.device),
            schema: &self.model.schema,
        };
        let row = told.row(event, |time| self.time(time));
        self.findings.push(row);
        if !self.all && self.findings.len() > 2 * FEW {
            keep_gravest(&mut self.findings, FEW);
        }
        number
    }

    fn time(&self, time: i64) -> i64 {
        if self.kind == TimeKind::Row { time / self.row_us } else { time }
    }

    fn checkpoint(&mut self, every: &u64) -> Result<()> {
        if *every == 0 || self.stream || self.rows_in < self.checkpointed + every {
            return Ok(());
        }
        // Beside those of the checkpoint before, which stands until this one does.
        write_findings(&kept(&self.folder, self.rows_in), self.kind, &self.findings)?;
        let scorer = self.scorer.save_state();
        let halfway = Halfway {
            alarms: self.alarms,
            continued: self.continued,
            numbers: self.numbering.clone(),
            silences: self.silences.clone(),
            waiting: std::mem::take(&mut self.waiting),
            scorer: &scorer,
        };
        self.writer.checkpoint(&halfway.pack(), self.rows_in)?;
        self.waiting = halfway.waiting;
        // If it stays, nobody reads it.
        let _ = std::fs::remove_file(kept(&self.folder, self.checkpointed));
        self.checkpointed = self.rows_in;
        Ok(())
    }

    fn finish(mut self, source: &Source, extra: Vec<String>, job: &ScoreJob) -> Result<Scored> {
        // Rows that wait belong to this telemetry, events that are open to both.
        let rest = self.scorer.release(u64::MAX)?;
        self.write(rest)?;
        let state = self.scorer.save_state();
        let mut rest = self.scorer.finish()?;
        let open = rest.events.iter().filter(|event| event.open).count() as u64;
        let events = std::mem::take(&mut rest.events);
        self.write(rest)?;
        // Telemetry that goes on tells what becomes of them, under the same numbers.
        for event in events {
            let number = self.tell(&event);
            self.numbering.open.insert(event.device, number);
        }
        if !self.all {
            keep_gravest(&mut self.findings, FEW);
        }
        let state = pack_state(&self.numbering, &state);
        if !job.goes_on {
            refuse_silent_channels(self.model, source)?;
        }
        if let Some(path) = &job.findings {
            write_findings(path, self.kind, &self.findings)?;
        }
        let counts = self.scorer.counts().since(&self.before);
        let new = self.numbers.iter().filter(|&&number| self.scorer.is_new(number));
        let new_devices = new.map(|&number| self.scorer.name(number).to_owned()).collect();
        let silences = (self.silences.count, self.silent_channels());
        let rows = self.writer.finish()?;
        let idle = (counts.duplicates + counts.empty + counts.late).min(rows);
        Ok(Scored {
            rows,
            resumed_rows: self.resumed,
            devices: self.numbers.len(),
            device_days: (rows - idle) as f64 * self.model.period_us as f64 / 86_400e6,
            alarms: self.alarms,
            continued: self.continued,
            open,
            new_devices,
            period_us: None,
            notes: Vec::new(),
            findings: self.findings,
            time_kind: self.kind,
            counts,
            silences,
            source: source.counts().clone(),
            channels: source.channels().to_vec(),
            extra,
            state,
        })
    }

    /// The longest silences, by names.
    fn silent_channels(&mut self) -> Vec<SilentChannel> {
        let longest = self.silences.longest().to_vec();
        let named = longest.iter().map(|one| SilentChannel {
            device: self.scorer.name(one.device).to_owned(),
            channel: self.model.schema.channels[one.channel].name.clone(),
            from: self.time(one.from),
            until: self.time(one.until),
            rows: one.rows,
        });
        named.collect()
    }
}

/// Findings that are kept where nobody asked for them.
const FEW: usize = 10;

/// Where things stand while the scores of `out` are being made.
fn beside(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// The findings of the checkpoint after `rows` rows.
fn kept(folder: &Path, rows: u64) -> PathBuf {
    folder.join(format!("findings-{rows}.arrow"))
}

/// A scorer at the begin of telemetry, with the numbers of findings so far.
fn begin<'a>(model: &'a Model, state: Option<&[u8]>) -> Result<(Scorer<'a>, Numbers)> {
    let Some(state) = state else { return Ok((Scorer::new(model), Numbers::default())) };
    let (numbers, state) = unpack_state(state)?;
    Ok((Scorer::restore_state(model, state)?, numbers))
}

/// What makes a job the same as another, by what is said where they differ.
fn key(
    model: &Model,
    job: &ScoreJob,
    source: &Source,
    spec: &SourceSpec,
    all: bool,
) -> Vec<(String, String)> {
    let plain = SourceSpec { inputs: Vec::new(), threads: 0, ..spec.clone() };
    let flags = fingerprint(format!("{plain:?} {all} {:?}", job.settings.time).as_bytes());
    let state = job.state.as_deref().map_or(0, fingerprint);
    let parts = [
        ("model", format!("{:016x}", model.fingerprint())),
        ("input", hex(source.identity())),
        ("flags", format!("{flags:016x}")),
        ("--state", format!("{state:016x}")),
    ];
    parts.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// What is told of a checkpoint that is of no use.
fn useless(folder: &Path, rows_in: Option<u64>, differs: &[String]) -> String {
    let after = rows_in.map_or_else(String::new, |rows| format!(" after {rows} rows"));
    let why = if differs.is_empty() {
        "is damaged or of another version".to_owned()
    } else {
        format!("belongs to another job: other {}", differs.join(", other "))
    };
    format!(
        "{} holds a checkpoint{after} that {why}; it is removed, and scoring starts from the first \
         row",
        folder.display()
    )
}

/// FNV-1a, to tell states apart.
fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

//! Learning from files.

use super::refuse::refuse_inputs_as_outputs;
use super::suspects::Suspects;
use super::{Follower, Notes, source_spec, told};
use crate::detector::Role;
use crate::error::{AnalyticsError, Result};
use crate::telemetry::budget::Method;
use crate::telemetry::report::{ChannelReport, ClassReport, rounded};
use crate::telemetry::{Channel, Chunk, Devices, Model, Schema, Settings, Trainer, TrainingReport};
use fieldmirror_core::seed::Seed;
use fieldmirror_tables::source::{self, Source, TimeKind};
use std::path::PathBuf;

/// What to learn from, and how.
#[derive(Clone, Debug)]
pub struct TrainJob {
    /// Files, folders, globs, or `-`.
    pub inputs: Vec<String>,
    /// Settings, the columns among them.
    pub settings: Settings,
    /// The first moment that is learned from, in microseconds since 1970 UTC.
    pub from: Option<i64>,
    /// The first moment that is not learned from any more.
    pub until: Option<i64>,
    /// The file that the model goes to, which must not be one that is read.
    pub out: PathBuf,
    /// Where all draws come from.
    pub seed: Seed,
    /// Threads that read.
    pub threads: usize,
    /// The processor's model, for the manifest.
    pub cpu: String,
}

/// What was learned.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// What there is to say about it.
    pub report: TrainingReport,
    /// What was odd in the files.
    pub counts: source::Counts,
    /// The channels as they were read, in the order of `counts.channels`.
    pub channels: Vec<source::Channel>,
    /// What the user should know, a sentence each.
    pub notes: Vec<String>,
}

/// Learns.
///
/// # Errors
/// Those of reading and of training.
pub fn train(job: &TrainJob, follower: Follower<'_>) -> Result<Trained> {
    let mut spec = source_spec(&job.settings, &job.inputs, job.threads)?;
    spec.digest = true;
    let mut source = Source::open(&spec)?;
    refuse_inputs_as_outputs(&source, std::iter::once(&job.out))?;
    let channels: Vec<Channel> = source.channels().iter().map(channel).collect();
    // Whoever names channels means them.
    let named = job.settings.columns.channels.is_some();
    let mut suspects = Suspects::among(if named { &[] } else { source.channels() });
    let mut settings = job.settings.clone();
    // Scoring reads the same columns, whatever else a file has.
    let names = channels.iter().map(|channel| channel.name.clone());
    settings.columns.channels = Some(names.collect());
    // And dates in the same order.
    if let Some(dates) = source.dates() {
        settings.columns.date_order = Some(dates.order.name().to_owned());
    }
    let row_us = row_us(&settings);
    let mut trainer = Trainer::new(Schema::new(channels)?, settings, job.seed)?;
    let (mut first, mut last, mut kept) = (i64::MAX, i64::MIN, 0);
    let mut numbers = Vec::new();
    while let Some(mut chunk) = source.next_chunk()? {
        for device in numbers.len()..source.devices().len() {
            numbers.push(trainer.device(&source.devices()[device], &source.classes()[device]));
        }
        let times = chunk.time.iter();
        (first, last) = times.fold((first, last), |(a, b), &time| (time.min(a), time.max(b)));
        keep_between(&mut chunk, job.from, job.until);
        kept += chunk.len() as u64;
        suspects.take(&chunk);
        scale_rows(&mut chunk.time, source.time_kind(), row_us);
        let device: Vec<u32> = chunk.device.iter().map(|&d| numbers[d as usize]).collect();
        let columns: Vec<&[f64]> = chunk.values.iter().map(Vec::as_slice).collect();
        trainer.push(&Chunk {
            time: &chunk.time,
            device: Devices::Each(&device),
            columns: &columns,
        })?;
        (follower.progress)(source.bytes_done(), source.bytes_total(), source.counts().rows);
    }
    if kept == 0 && (job.from.is_some() || job.until.is_some()) {
        let (from, until) = (job.from, job.until);
        return Err(AnalyticsError::NoRowsBetween { from, until, first, last });
    }
    let timed = source.time_kind() != TimeKind::Row;
    trainer.provenance(&source.digest().map(hex).unwrap_or_default(), timed, &job.cpu);
    let mut notes = Notes::new(follower);
    untimed(source.time_kind()).into_iter().for_each(|note| notes.tell(note));
    told::mixed(&source).into_iter().for_each(|note| notes.tell(note));
    told::dates(&source, None).into_iter().for_each(|note| notes.tell(note));
    if !named {
        told::left_out(&source).into_iter().for_each(|note| notes.tell(note));
    }
    suspects.notes(source.channels()).into_iter().for_each(|note| notes.tell(note));
    let (model, report) = trainer.finish()?;
    let fill_rows = model.settings.time.fill_rows;
    missing(&report, fill_rows)
        .into_iter()
        .chain(uneven(&report))
        .for_each(|note| notes.tell(note));
    let channels = source.channels().to_vec();
    let counts = source.counts().clone();
    Ok(Trained { model, report, counts, channels, notes: notes.told })
}

/// Leaves out rows before `from`, and those from `until` on.
fn keep_between(chunk: &mut source::Chunk, from: Option<i64>, until: Option<i64>) {
    if from.is_none() && until.is_none() {
        return;
    }
    let kept: Vec<usize> = (0..chunk.len())
        .filter(|&row| from.is_none_or(|from| chunk.time[row] >= from))
        .filter(|&row| until.is_none_or(|until| chunk.time[row] < until))
        .collect();
    chunk.time = kept.iter().map(|&row| chunk.time[row]).collect();
    chunk.device = kept.iter().map(|&row| chunk.device[row]).collect();
    for column in &mut chunk.values {
        *column = kept.iter().map(|&row| column[row]).collect();
    }
}

fn channel(found: &source::Channel) -> Channel {
    Channel {
        name: found.name.clone(),
        unit: (!found.unit.is_empty()).then(|| found.unit.clone()),
        role: if found.exogenous { Role::Exogenous } else { Role::Measured },
    }
}

/// What is to be said where no column of times was found.
pub(super) fn untimed(kind: TimeKind) -> Option<String> {
    let note = "no column of times was found, so rows are numbered and come at even steps; --time \
                names one, --period says how long a step is";
    (kind == TimeKind::Row).then(|| note.to_owned())
}

/// A channel that lacks more than this share of its values is told.
const MISSING: f64 = 0.05;

/// What is to be said of channels that lack many values.
fn missing(report: &TrainingReport, fill_rows: usize) -> Option<String> {
    let share = |one: &&ChannelReport| one.missing as f64 / report.counts.rows.max(1) as f64;
    let mut found: Vec<&ChannelReport> =
        report.channels.iter().filter(|one| share(one) > MISSING).collect();
    found.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let named = found.iter().take(NAMED);
    let named = named.map(|one| format!("`{}` {:.0} %", one.channel.name, 100.0 * share(one)));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = found.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!found.is_empty()).then(|| {
        format!(
            "of the values of {named}{more} are missing: each counts as the last one known for \
             {fill_rows} rows and then as the channel's centre, and is learned as if it had been \
             sent; leave out the time in which a channel is silent, or join rows so that most have \
             a value"
        )
    })
}

/// Channels that a note names.
const NAMED: usize = 5;

/// More false alarms than were asked for are told if chance would not give as many once in twenty
/// times: so many standard deviations.
const UNEVEN: f64 = 1.65;

/// What is to be said of classes whose parts of the time differ too much for the budget.
fn uneven(report: &TrainingReport) -> Vec<String> {
    let found = report.classes.iter().filter(|class| {
        let found = &class.calibration;
        let [achieved, asked] =
            [found.achieved, found.nominal].map(|rate| rate * found.device_days);
        found.method != Method::Given && achieved > asked + UNEVEN * asked.sqrt()
    });
    let note = |class: &ClassReport| {
        let found = &class.calibration;
        let of = if class.class.is_empty() {
            String::new()
        } else {
            format!(" of class `{}`", class.class)
        };
        format!(
            "parts of the training telemetry{of} differ: {} false alarms per device-day came out of \
             fold where {} were asked for, and on days that differ as much as these more are likely; \
             it is {} device-days, more and other ones even that out",
            rounded(found.achieved),
            rounded(found.nominal),
            rounded(found.device_days)
        )
    };
    found.map(note).collect()
}

/// The time from one row to the next where rows have no time.
pub(super) fn row_us(settings: &Settings) -> i64 {
    settings.time.period_seconds.map_or(1_000_000, |seconds| (seconds * 1e6) as i64)
}

/// Makes times of row numbers.
pub(super) fn scale_rows(time: &mut [i64], kind: TimeKind, row_us: i64) {
    if kind == TimeKind::Row {
        time.iter_mut().for_each(|time| *time *= row_us);
    }
}

pub(super) fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::budget::Calibration;

    fn report(method: Method, achieved: f64, device_days: f64) -> TrainingReport {
        let calibration = Calibration {
            threshold: 1.0,
            method,
            capped: false,
            nominal: 3.0,
            achieved,
            device_days,
            mean: 0.0,
        };
        let class = ClassReport {
            class: "pump".to_owned(),
            devices: 1,
            rows: 0,
            rows_kept: 0,
            stretches: 1,
            detectors: Vec::new(),
            calibration,
        };
        TrainingReport {
            period_seconds: 60.0,
            period_inferred: true,
            counts: Default::default(),
            channels: Vec::new(),
            classes: vec![class],
        }
    }

    #[test]
    fn more_alarms_than_chance_gives_are_told_as_parts_that_differ() {
        assert!(uneven(&report(Method::Counted, 5.75, 1.0)).is_empty(), "6 of 3 may be chance");
        let told = uneven(&report(Method::Counted, 5.75, 4.0));
        let words =
            "of class `pump` differ: 5.75 false alarms per device-day came out of fold where 3";
        assert!(told[0].contains(words), "{told:?}");
        assert!(uneven(&report(Method::Counted, 3.3, 4.0)).is_empty());
        assert!(uneven(&report(Method::Given, 50.0, 4.0)).is_empty());
    }
}

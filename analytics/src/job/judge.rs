//! Scores of a file against labels of a file.
//!
//! Rows are judged in the order of device and time, so that rows of a device follow one another in
//! whatever order they stand.

use crate::error::Result;
use crate::metrics::{Affiliation, JoinedLabels, Summary, join_intervals, join_points, summarise};
use fieldmirror_core::seed::Seed;
use fieldmirror_tables::labels::{Labels, read_labels};
use fieldmirror_tables::score_file::read_scores;
use fieldmirror_tables::source::TimeKind;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What scores are worth against labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Devices.
    pub devices: usize,
    /// Rows that no label speaks of, where labels are given row by row; they count as normal.
    pub unlabelled: usize,
    /// How many labels met no row.
    pub unused_labels: usize,
    /// Seconds between two rows, by the median.
    pub period_seconds: Option<f64>,
    /// All figures.
    #[serde(flatten)]
    pub summary: Summary,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
        let found = &self.summary;
        writeln!(f, "rows        {} of {} devices", found.rows, self.devices)?;
        if self.unlabelled > 0 || self.unused_labels > 0 {
            writeln!(
                f,
                "labels      {} rows have none and count as normal; {} labels met no row",
                self.unlabelled, self.unused_labels
            )?;
        }
        let rows = &found.confusion;
        writeln!(
            f,
            "rows        F1 {}, false alarms {} %, missed {} % (TP {}, FP {}, FN {}, TN {})",
            one(found.f1),
            one(found.far_percent),
            one(found.mar_percent),
            rows.true_positives,
            rows.false_positives,
            rows.false_negatives,
            rows.true_negatives
        )?;
        writeln!(
            f,
            "scores      AUC-PR {}, AUC-ROC {}, VUS-PR {}, VUS-ROC {} (L {})",
            one(found.auc_pr),
            one(found.auc_roc),
            one(found.vus.pr),
            one(found.vus.roc),
            found.vus_width
        )?;
        writeln!(
            f,
            "events      {} of {} found, {} of {} alarms false, composite F1 {}, range F1 {}",
            found.events.found,
            found.events.segments,
            found.events.false_alarms,
            found.events.alarms,
            one(found.event_f1),
            one(found.range.f1())
        )?;
        let of = |one: &Option<Affiliation>| {
            one.as_ref().map_or("-".to_owned(), |found| format!("{:.4}", found.f1()))
        };
        writeln!(
            f,
            "affiliation F1 {}; as many alarms at random {}",
            of(&found.affiliation),
            of(&found.affiliation_of_chance)
        )?;
        let median = found.delays.median().map_or("-".to_owned(), |rows| rows.to_string());
        write!(f, "delay       median {median} rows, {} events missed", found.delays.missed())?;
        if let Some(rate) = found.false_alarms_per_device_day {
            write!(f, "; {rate:.4} false alarms per device-day")?;
        }
        writeln!(f)
    }
}

/// Rows of a score file.
#[derive(Debug, Default)]
struct Rows {
    time: Vec<i64>,
    device: Vec<u32>,
    score: Vec<f64>,
    alarm: Vec<bool>,
}

/// Judges the scores of a file by the labels of another. `width` is L of the volumes under the
/// surfaces, in rows; without it the median length of the labelled events, at most 100.
///
/// # Errors
/// Those of reading; [`crate::AnalyticsError::LabelsElsewhere`] if the labels overlap the scores nowhere.
pub fn judge(scores: &Path, labels: &Path, width: Option<usize>, seed: Seed) -> Result<Judged> {
    let (rows, devices, kind) = read(scores)?;
    let (label_kind, found) = read_labels(labels)?;
    let joined = join(&rows, &devices, &found)?;
    let numbered = kind == TimeKind::Row || label_kind == TimeKind::Row;
    let period = if numbered { None } else { period_seconds(&rows) };
    let width = width.unwrap_or_else(|| default_width(&joined.labels));
    let summary = summarise(&joined.labels, &rows.score, &rows.alarm, width, period, seed)?;
    Ok(Judged {
        devices: devices.len(),
        unlabelled: joined.unlabelled,
        unused_labels: joined.unused.len(),
        period_seconds: period,
        summary,
    })
}

/// All rows, by device and time; devices by name.
fn read(path: &Path) -> Result<(Rows, Vec<String>, TimeKind)> {
    let mut reader = read_scores(path)?;
    let mut rows = Rows::default();
    while let Some(chunk) = reader.next_chunk()? {
        rows.time.extend(chunk.time);
        rows.device.extend(chunk.device);
        rows.score.extend(chunk.score.iter().map(|&score| f64::from(score)));
        rows.alarm.extend(chunk.alarm);
    }
    let names = reader.devices().to_vec();
    let mut by_name: Vec<u32> = (0..names.len() as u32).collect();
    by_name.sort_by(|&a, &b| names[a as usize].cmp(&names[b as usize]));
    let mut place = vec![0_u32; names.len()];
    for (at, &device) in by_name.iter().enumerate() {
        place[device as usize] = at as u32;
    }
    let mut order: Vec<usize> = (0..rows.time.len()).collect();
    order.sort_by_key(|&row| (place[rows.device[row] as usize], rows.time[row]));
    let sorted = Rows {
        time: order.iter().map(|&row| rows.time[row]).collect(),
        device: order.iter().map(|&row| place[rows.device[row] as usize]).collect(),
        score: order.iter().map(|&row| rows.score[row]).collect(),
        alarm: order.iter().map(|&row| rows.alarm[row]).collect(),
    };
    let names = by_name.iter().map(|&device| names[device as usize].clone()).collect();
    Ok((sorted, names, reader.time_kind()))
}

fn join(rows: &Rows, devices: &[String], labels: &Labels) -> Result<JoinedLabels> {
    match labels {
        Labels::Spans(spans) => join_intervals(&rows.time, &rows.device, devices, spans),
        Labels::Points(points) => join_points(&rows.time, &rows.device, devices, points),
    }
}

/// The median difference of times within a device.
fn period_seconds(rows: &Rows) -> Option<f64> {
    let pairs = rows.time.windows(2).zip(rows.device.windows(2));
    let mut steps: Vec<i64> = pairs
        .filter(|(time, device)| device[0] == device[1] && time[1] > time[0])
        .map(|(time, _)| time[1] - time[0])
        .collect();
    if steps.is_empty() {
        return None;
    }
    let middle = steps.len() / 2;
    let (_, &mut step, _) = steps.select_nth_unstable(middle);
    Some(step as f64 / 1e6)
}

/// The most that [`judge`] takes as width by itself, as the published figures on long events do.
const WIDTH_MAX: usize = 100;

/// The median length of the labelled events, at most [`WIDTH_MAX`].
fn default_width(labels: &[bool]) -> usize {
    let events = labels.chunk_by(|a, b| a == b).filter(|run| run.first() == Some(&true));
    let mut lengths: Vec<usize> = events.map(<[bool]>::len).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0).min(WIDTH_MAX)
}

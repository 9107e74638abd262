//! One finding as text and as JSON.

use super::words;
use crate::error::EngineError;
use fieldmirror_tables::finding_file::{FindingRow, TracePoint};
use fieldmirror_tables::source::TimeKind;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Columns of a sparkline.
const WIDTH: usize = 40;

/// Characters of a channel's name beside its sparkline.
const NAME: usize = 24;

/// Channels with sparklines.
const MOST_CHANNELS: usize = 3;

/// The finding `id`, in any case, or by its number alone.
///
/// # Errors
/// [`EngineError::NoFinding`] with what is there.
pub fn find<'a>(findings: &'a [FindingRow], id: &str) -> Result<&'a FindingRow, EngineError> {
    let by_name = || findings.iter().find(|finding| finding.id.eq_ignore_ascii_case(id));
    let by_number = || {
        let number: u64 = id.parse().ok()?;
        let of = |finding: &FindingRow| finding.id.rsplit('-').next()?.parse::<u64>().ok();
        findings.iter().find(|finding| of(finding) == Some(number))
    };
    let exact = findings.iter().find(|finding| finding.id == id);
    exact.or_else(by_name).or_else(by_number).ok_or_else(|| EngineError::NoFinding {
        id: words::plain(id),
        there: match findings {
            [] => "the file has no findings".to_owned(),
            [one] => format!("the file has only {}", words::plain(&one.id)),
            [first, .., last] => format!(
                "the file has {}, {} to {}",
                findings.len(),
                words::plain(&first.id),
                words::plain(&last.id)
            ),
        },
    })
}

/// A finding as text for people, with the course of its first channels. Names lose their control
/// characters, which a terminal would obey.
pub fn to_text(kind: TimeKind, finding: &FindingRow) -> String {
    let mut out = String::new();
    let class = words::plain(&finding.class);
    let class = if class.is_empty() { class } else { format!(" ({class})") };
    let (id, device) = (words::plain(&finding.id), words::device(&finding.device));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{id}  {device}{class}");
    let score = words::value(f64::from(finding.peak_score));
    let threshold = words::value(f64::from(finding.threshold));
    let facts = [
        ("onset", kind.text(finding.onset)),
        ("end", format!("{} ({})", words::end(kind, finding), words::length(kind, finding))),
        ("peak", kind.text(finding.peak)),
        ("severity", format!("{}: score {score}, threshold {threshold}", words::severity(finding))),
        ("detector", words::detector(&finding.detector)),
    ];
    for (name, value) in facts {
        let _ = writeln!(out, "{name:<10}{value}");
    }
    if !finding.channels.is_empty() {
        out.push('\n');
        out.push_str(&channels(finding));
    }
    if !finding.trace.is_empty() {
        out.push('\n');
        out.push_str(&course(kind, finding));
    }
    out
}

/// The ranked channels as a table.
fn channels(finding: &FindingRow) -> String {
    let head = ["channel", "share", "observed", "expected"].map(str::to_owned);
    let rows = finding.channels.iter().map(|channel| {
        let unit = words::plain(&channel.unit);
        [
            words::plain(&channel.name),
            words::percent(channel.share),
            words::observed(channel.observed, &unit),
            words::measured(channel.expected, &unit),
        ]
    });
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let [name, share, observed, expected] = [0, 1, 2, 3].map(width);
    let mut out = String::new();
    for [a, b, c, d] in &rows {
        let _ = writeln!(out, "{a:<name$}  {b:>share$}  {c:>observed$}  {d:>expected$}");
    }
    out
}

/// What happened around the finding, in lines of blocks on a scale that observed and expected of a
/// channel share.
fn course(kind: TimeKind, finding: &FindingRow) -> String {
    let mut lines: Vec<(String, String, String)> = Vec::new();
    let picks = picks(&finding.trace);
    let points = || picks.iter().map(|pick| &finding.trace[*pick]);
    for (at, channel) in finding.channels.iter().take(MOST_CHANNELS).enumerate() {
        let of = |list: &[f32]| list.get(at).copied().unwrap_or(f32::NAN);
        let observed: Vec<f32> = points().map(|point| of(&point.observed)).collect();
        let expected: Vec<f32> = points().map(|point| of(&point.expected)).collect();
        let Some((low, high)) = extent(observed.iter().chain(&expected)) else { continue };
        let unit = words::plain(&channel.unit);
        let range = format!("{} to {}", words::measured(low, ""), words::measured(high, &unit));
        let name = words::cut(&words::plain(&channel.name), NAME);
        lines.push((format!("{name} observed"), blocks(&observed, low, high), range));
        lines.push((format!("{name} expected"), blocks(&expected, low, high), String::new()));
    }
    let scores: Vec<f32> = points().map(|point| point.score).collect();
    if let Some((low, high)) = extent(scores.iter()) {
        let low = low.min(0.0);
        let range = format!("{} to {}", words::measured(low, ""), words::measured(high, ""));
        lines.push(("score".to_owned(), blocks(&scores, low, high), range));
    }
    let inside = |point: &TracePoint| (finding.onset..=finding.end).contains(&point.time);
    let alarm: String = points().map(|point| if inside(point) { '▔' } else { ' ' }).collect();
    let (first, last) = (finding.trace.first(), finding.trace.last());
    let time = |point: Option<&TracePoint>| point.map_or_else(String::new, |p| kind.text(p.time));
    lines.push(("alarm".to_owned(), alarm, String::new()));
    lines.push(("shown".to_owned(), String::new(), format!("{} to {}", time(first), time(last))));
    let width = lines.iter().map(|line| line.0.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, blocks, range) in lines {
        let line = format!("{name:<width$}  {blocks:<0$}  {range}", picks.len());
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// The points that are shown: of each column the one with the highest score, so that the peak is
/// among them.
fn picks(trace: &[TracePoint]) -> Vec<usize> {
    let columns = trace.len().min(WIDTH);
    let score = |i: usize| if trace[i].score.is_nan() { f32::MIN } else { trace[i].score };
    let pick = |column: usize| {
        let range = column * trace.len() / columns..(column + 1) * trace.len() / columns;
        // The first of equals.
        range.rev().max_by(|a, b| score(*a).total_cmp(&score(*b)))
    };
    (0..columns).filter_map(pick).collect()
}

fn extent<'a>(values: impl Iterator<Item = &'a f32>) -> Option<(f32, f32)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| {
        let (low, high) = range.unwrap_or((*value, *value));
        Some((value.min(low), value.max(high)))
    })
}

/// Values as blocks of eight heights; what is not a number is a gap, and a constant lies low.
fn blocks(values: &[f32], low: f32, high: f32) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (low, high) = (f64::from(low), f64::from(high));
    let block = |value: &f32| {
        if value.is_nan() {
            return ' ';
        }
        let share = if high > low { (f64::from(*value) - low) / (high - low) } else { 0.0 };
        BLOCKS[(share.clamp(0.0, 1.0) * 7.0).round() as usize]
    };
    values.iter().map(block).collect()
}

/// A finding as one JSON object with `schema_version`. Times are as in the input: texts, or numbers
/// where they were numbers. What is not a number is null.
pub fn to_json(kind: TimeKind, finding: &FindingRow) -> Value {
    let reals = |values: &[f32]| values.iter().map(|value| real(*value)).collect::<Vec<_>>();
    json!({
        "schema_version": 1,
        "id": finding.id,
        "device": finding.device,
        "class": finding.class,
        "onset": time(kind, finding.onset),
        "end": time(kind, finding.end),
        "open": finding.open,
        "peak": time(kind, finding.peak),
        "seconds": words::micros(kind, finding).map(|micros| micros as f64 / 1e6),
        "rows": finding.rows,
        "alarms": finding.alarms,
        "severity": real(finding.severity),
        "peak_score": real(finding.peak_score),
        "threshold": real(finding.threshold),
        "detector": finding.detector,
        "channels": finding.channels.iter().map(|channel| json!({
            "name": channel.name,
            "unit": channel.unit,
            "share": real(channel.share),
            "observed": real(channel.observed),
            "expected": real(channel.expected),
        })).collect::<Vec<_>>(),
        "trace": finding.trace.iter().map(|point| json!({
            "time": time(kind, point.time),
            "score": real(point.score),
            "observed": reals(&point.observed),
            "expected": reals(&point.expected),
        })).collect::<Vec<_>>(),
    })
}

/// The shortest number that is this one: 0.1 and not 0.10000000149.
fn real(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

fn time(kind: TimeKind, micros: i64) -> Value {
    let text = kind.text(micros);
    match kind {
        TimeKind::Naive | TimeKind::Zoned => Value::from(text),
        TimeKind::EpochSeconds => Value::from(micros as f64 / 1e6),
        TimeKind::Row | TimeKind::Epoch(_) => text.parse::<i64>().map_or(Value::Null, Value::from),
    }
}

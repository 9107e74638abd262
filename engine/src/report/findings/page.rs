//! The page: headline numbers, the timeline, cards, the model, what was read.

use super::cards::{Card, shown};
use super::lanes::{self, TALLEST};
use super::timeline::Timeline;
use super::{Facts, MOST_CARDS, picture, words};
use crate::report::charts::Key;
use crate::report::page::numbers::{grouped, percent, plural};
use fieldmirror_tables::finding_file::FindingRow;
use fieldmirror_tables::source::TimeKind;
use serde::Serialize;

/// What the template shows.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Page {
    title: String,
    subtitle: String,
    tool_version: String,
    headline: Vec<Number>,
    timeline_lead: String,
    timeline_legend: Vec<Key>,
    /// SVG for wide screens and for phones; nothing without rows.
    timeline_wide: Option<String>,
    timeline_narrow: Option<String>,
    findings_lead: String,
    findings_legend: Vec<Key>,
    cards: Vec<Card>,
    model_lead: String,
    model: Vec<(String, String)>,
    detectors: Vec<[String; 3]>,
    /// Whether a detector is for a class.
    has_classes: bool,
    counts: Vec<(String, String)>,
    notes: Vec<String>,
    zone: &'static str,
}

/// A headline number.
#[derive(Clone, Debug, Serialize)]
struct Number {
    name: &'static str,
    value: String,
    note: String,
}

impl Page {
    pub(super) fn of(facts: &Facts, findings: &[FindingRow], timeline: &Timeline) -> Self {
        let shown = shown(findings);
        let picture = |size, id| lanes::inline(timeline, facts.kind, &shown, size, id);
        let detectors = facts.model.detectors.iter().map(|detector| {
            [&detector.name, &detector.class].map(|text| words::plain(text)).into_iter()
        });
        let weights = facts.model.detectors.iter().map(|d| words::value(d.weight));
        let detectors = detectors.zip(weights).map(|(mut names, weight)| {
            [names.next().unwrap_or_default(), names.next().unwrap_or_default(), weight]
        });
        Self {
            title: words::plain(&facts.title),
            subtitle: subtitle(facts, timeline),
            tool_version: facts.tool_version.clone(),
            headline: headline(facts, findings, timeline),
            timeline_lead: timeline_lead(facts, timeline),
            timeline_legend: vec![
                Key::filled(lanes::SCORE, "highest score of a column"),
                Key::band(picture::ALARM, "alarm"),
                Key::line(picture::ALARM, "threshold (dashed); marks on top lead to findings"),
            ],
            timeline_wide: picture((1_112.0, super::timeline::MOST_COLUMNS), "timeline-w"),
            timeline_narrow: picture((358.0, 150), "timeline-n"),
            findings_lead: findings_lead(findings, shown.len()),
            findings_legend: vec![
                Key::line(picture::OBSERVED, "observed"),
                Key::line(picture::EXPECTED, "expected"),
                Key::line(picture::SCORE, "score"),
                Key::band(picture::ALARM, "alarm"),
                Key::line(picture::ALARM, "threshold (dashed)"),
            ],
            cards: shown.iter().enumerate().map(|(at, f)| Card::of(f, facts, at + 1)).collect(),
            model_lead: model_lead(facts),
            model: facts.model.more.iter().map(|(name, v)| (name.clone(), v.clone())).collect(),
            has_classes: facts.model.detectors.iter().any(|detector| !detector.class.is_empty()),
            detectors: detectors.collect(),
            counts: counts(facts),
            notes: facts.notes.clone(),
            zone: match facts.kind {
                TimeKind::Row => "Rows have no times: they are numbered from 0.",
                TimeKind::Naive => "Times have no zone: they are as the input wrote them.",
                TimeKind::Zoned => "All times are UTC.",
                _ => "Times in words are numbers since 1970, as in the input; axes are in UTC.",
            },
        }
    }
}

fn subtitle(facts: &Facts, timeline: &Timeline) -> String {
    let devices = plural(facts.devices, "device", "devices");
    match timeline.range {
        None => format!("{devices}, no rows"),
        Some((first, last)) if facts.kind == TimeKind::Row => {
            format!("{devices}, rows {first} to {last}")
        }
        Some((first, last)) => {
            format!("{devices}, {} to {}", facts.kind.text(first), facts.kind.text(last))
        }
    }
}

fn headline(facts: &Facts, findings: &[FindingRow], timeline: &Timeline) -> Vec<Number> {
    let number = |name, value, note| Number { name, value, note };
    let odd = &facts.counts;
    let cells = odd.missing + odd.text;
    let (achieved, beside) = rate(facts);
    let model = &facts.model;
    let in_alarm = percent(timeline.alarm_rows, timeline.rows);
    vec![
        number("Devices", grouped(facts.devices), plural(odd.gaps, "gap", "gaps")),
        number(
            "Rows",
            grouped(facts.rows),
            format!(
                "{}, {} late",
                plural(odd.duplicates, "duplicate", "duplicates"),
                grouped(odd.out_of_order)
            ),
        ),
        number(
            "Device-days",
            facts.device_days.map_or_else(|| "n/a".to_owned(), words::value),
            match facts.device_days {
                Some(_) => "watched, all devices together".to_owned(),
                None => "rows have no times".to_owned(),
            },
        ),
        number("Findings", grouped(findings.len() as u64), format!("{in_alarm} of rows in alarm")),
        number("Events a device-day", achieved, beside),
        number(
            "Threshold",
            facts.threshold.map_or_else(|| "several".to_owned(), words::value),
            "calibrated on the training data".to_owned(),
        ),
        number(
            "Detectors",
            grouped(model.detectors.len() as u64),
            format!("of {}", words::plain(&model.name)),
        ),
        number(
            "Odd cells",
            grouped(cells),
            format!("{} missing, {} text", grouped(odd.missing), grouped(odd.text)),
        ),
    ]
}

/// Events per device-day, and what is said of the budget.
fn rate(facts: &Facts) -> (String, String) {
    let achieved = facts.device_days.filter(|days| *days > 0.0);
    let achieved = achieved.map(|days| facts.alarms as f64 / days);
    let alarms = plural(facts.alarms, "event", "events");
    let beside = match (achieved, facts.budget_per_device_day) {
        (Some(achieved), Some(budget)) if budget > 0.0 => format!(
            "{alarms}; nominal {}, achieved {} times that",
            words::value(budget),
            words::value(achieved / budget)
        ),
        (_, Some(budget)) => format!("{alarms}; nominal {}", words::value(budget)),
        (_, None) => alarms,
    };
    (achieved.map_or_else(|| "n/a".to_owned(), words::value), beside)
}

fn timeline_lead(facts: &Facts, timeline: &Timeline) -> String {
    if timeline.range.is_none() {
        return "No row was scored.".to_owned();
    }
    let length = 1_u64 << timeline.power.min(63);
    let column = match facts.kind {
        TimeKind::Row => plural(length, "row", "rows"),
        _ => words::span(length),
    };
    let lanes = match timeline.others {
        0 => String::new(),
        others => format!(
            " The {} devices with the most findings have a line each; {} together.",
            timeline.lanes.len() - 1,
            plural(others as u64, "other is drawn", "others are drawn")
        ),
    };
    format!(
        "Each column is the highest score of {column}, in thresholds, and is cut at {TALLEST:.0}; \
         on narrow screens neighbours are put together.{lanes}"
    )
}

fn findings_lead(findings: &[FindingRow], shown: usize) -> String {
    if findings.is_empty() {
        return "Nothing was found.".to_owned();
    }
    let most = if shown < findings.len() {
        format!(
            " The {MOST_CARDS} gravest of {} are shown; the file of findings has all.",
            grouped(findings.len() as u64)
        )
    } else {
        String::new()
    };
    format!(
        "A finding is an event: a stretch in which the score reached the threshold and stayed close \
         to it, or was soon back. It is drawn from where the score began to rise. Channels are \
         ranked by their share of the score at its peak, with what was observed beside what \
         the detectors expected. The gravest come first.{most}"
    )
}

fn model_lead(facts: &Facts) -> String {
    let detectors = plural(facts.model.detectors.len() as u64, "detector", "detectors");
    format!("{}: {detectors}.", words::plain(&facts.model.name))
}

fn counts(facts: &Facts) -> Vec<(String, String)> {
    let odd = &facts.counts;
    let named = [
        ("cells without a value", odd.missing),
        ("cells with text among numbers", odd.text),
        ("rows out of order", odd.out_of_order),
        ("rows that repeat a device and time", odd.duplicates),
        ("gaps, after which detectors begin anew", odd.gaps),
    ];
    let named = named.map(|(name, count)| (name.to_owned(), grouped(count)));
    let more = odd.more.iter().map(|(name, count)| (words::plain(name), grouped(*count)));
    named.into_iter().chain(more).collect()
}

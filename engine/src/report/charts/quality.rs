//! Charts that farms and fleets share: the radio, freshness, and detectors' scores.

use super::axis::TimeAxis;
use super::farm::{TRUTH_LABEL, is_shared, truth_bands};
use super::palette::{AMBER, BLUE, CLEAN, GREEN, INK, PURPLE, SLATE, TRUTH};
use super::{Color, Key, Mark, Plot, Point, Room, ValueAxis};
use crate::report::data::{Facts, Fault, Radio, ScoreTrack, Stale};
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Span;

/// The fault-free stretch.
pub(super) fn clean_band(facts: &Facts) -> Mark {
    let to = facts.time_axis().at(facts.clean_until);
    Mark::Band { from: 0.0, to, color: CLEAN, label: None }
}

pub(super) fn clean_key() -> Key {
    Key::band(CLEAN, "clean stretch that the models learn from")
}

/// Share of uplinks that arrived.
pub(in crate::report) fn delivered(facts: &Facts, radio: &Radio) -> Plot {
    let share = |i: usize| 100.0 * radio.delivered[i] as f64 / radio.sent[i] as f64;
    let sent: Vec<usize> = (0..radio.sent.len()).filter(|i| radio.sent[*i] > 0).collect();
    let middle = |i: usize| (i as f64 + 0.5) * radio.bucket_days;
    let points: Vec<Point> = sent.iter().map(|i| (middle(*i), share(*i))).collect();
    let low = points.iter().map(|point| point.1).fold(100.0, f64::min);
    Plot {
        title: "Delivered uplinks".to_owned(),
        caption: String::new(),
        description: format!(
            "Share of sent frames that reached the network server, {}; the least is {low:.2} %.",
            radio.bucket_name()
        ),
        unit: "% of sent frames".to_owned(),
        time: facts.time_axis(),
        values: ValueAxis::around(low.min(99.0), 100.0),
        marks: vec![Mark::Line { points, color: BLUE, width: 1.5 }],
        legend: vec![Key::line(BLUE, "delivered by at least one gateway")],
        room: Room::Half,
        height: 230,
    }
}

/// Lost uplinks, stacked by reason.
pub(in crate::report) fn losses(facts: &Facts, radio: &Radio) -> Plot {
    let mut base = vec![0.0_f64; radio.sent.len()];
    let mut marks = Vec::new();
    let mut legend = Vec::new();
    for (i, (reason, counts)) in radio.lost.iter().enumerate() {
        let color = reason_color(i);
        let mut boxes = Vec::new();
        for (bucket, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let share = 100.0 * *count as f64 / radio.sent[bucket].max(1) as f64;
            let (from, to) = (bucket as f64 + 0.1, bucket as f64 + 0.9);
            let width = radio.bucket_days;
            boxes.push([from * width, to * width, base[bucket], base[bucket] + share]);
            base[bucket] += share;
        }
        marks.push(Mark::Boxes { boxes, color, opacity: 0.95 });
        legend.push(Key::filled(color, &reason.replace('_', " ")));
    }
    let highest = base.iter().copied().fold(0.0, f64::max);
    Plot {
        title: "Lost uplinks by reason".to_owned(),
        caption: "Every lost frame has exactly one reason.".to_owned(),
        description: format!(
            "Lost frames in percent of those sent, {}; every lost frame has one reason.",
            radio.bucket_name()
        ),
        unit: "% of sent frames".to_owned(),
        time: facts.time_axis(),
        values: ValueAxis::from_zero(highest),
        marks,
        legend,
        room: Room::Half,
        height: 230,
    }
}

fn reason_color(i: usize) -> Color {
    [SLATE, BLUE, AMBER, PURPLE, GREEN].get(i).copied().unwrap_or(INK)
}

/// How many devices are stale, hour by hour, by what explains it, in the days around the first and
/// last of them.
pub(in crate::report) fn stale(facts: &Facts, stale: &Stale, truth: &[Fault]) -> Plot {
    let (first_day, days) = window(stale);
    let time = TimeAxis { start: facts.start + Span::from_days(first_day), days };
    let outages = truth.iter().filter(|fault| fault.class == "gateway_outage");
    let mut marks: Vec<Mark> = truth_bands(time, outages.clone()).collect();
    let mut legend = Vec::new();
    let mut base = vec![0.0_f64; stale.hours()];
    for ((state, meaning), color) in Stale::STATES.iter().zip([BLUE, AMBER, SLATE]) {
        let counts = stale.by_state.get(*state).map_or(&[][..], Vec::as_slice);
        let mut boxes: Vec<[f64; 4]> = Vec::new();
        for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let x = at as f64 / 24.0 - first_day as f64;
            let (end, top) = (x + 1.0 / 24.0, base[at] + f64::from(*count));
            // Neighbouring hours of equal height make one box.
            match boxes.last_mut() {
                Some(last)
                    if (last[1] - x).abs() < 1e-9 && [last[2], last[3]] == [base[at], top] =>
                {
                    last[1] = end;
                }
                _ => boxes.push([x, end, base[at], top]),
            }
            base[at] = top;
        }
        marks.push(Mark::Boxes { boxes, color, opacity: 0.95 });
        legend.push(Key::filled(color, meaning));
    }
    legend.extend(outages.take(1).map(|_| Key::band(TRUTH, TRUTH_LABEL)));
    let highest = base.iter().copied().fold(0.0, f64::max);
    Plot {
        title: "Stale devices".to_owned(),
        caption: "Devices whose newest message is overdue, hour by hour, as the twin explains it; \
                  days without any are left out on both sides."
            .to_owned(),
        description: format!("Overdue devices by the hour; at most {highest:.0} at once."),
        unit: "devices".to_owned(),
        time,
        values: ValueAxis::from_zero(highest.max(4.0)),
        marks,
        legend,
        room: Room::Full,
        height: 210,
    }
}

/// First day and number of days that hold all stale hours, with half a day or more around them.
fn window(stale: &Stale) -> (i64, f64) {
    let is_stale =
        |hour: &usize| stale.by_state.values().any(|counts| counts.get(*hour) > Some(&0));
    let first = (0..stale.hours()).find(is_stale).unwrap_or(0);
    let last = (0..stale.hours()).rev().find(is_stale).unwrap_or(0);
    let first_day = first.saturating_sub(12) / 24;
    let end_hour = ((last + 12).div_ceil(24) * 24).min(stale.hours());
    (first_day as i64, end_hour as f64 / 24.0 - first_day as f64)
}

/// Scores of one device against their thresholds.
pub(in crate::report) fn scores(facts: &Facts, track: &ScoreTrack, truth: &[Fault]) -> Plot {
    let time = facts.time_axis();
    let faults = truth.iter().filter(|fault| concerns(fault, track));
    let mut marks = vec![clean_band(facts)];
    marks.extend(truth_bands(time, faults));
    let (mut low, mut high) = (-1.0_f64, 0.5_f64);
    for (detector, points) in &track.detectors {
        // Two decades below the threshold nothing is of interest.
        let points: Vec<Point> = points.iter().map(|p| (p.0, log_ratio(p.1))).collect();
        for (_, y) in points.iter().filter(|point| point.1.is_finite()) {
            (low, high) = (low.min(*y), high.max(*y));
        }
        marks.push(Mark::Line { points, color: detector_color(detector), width: 1.25 });
    }
    marks.push(Mark::Rule { at: 0.0, color: INK });
    Plot {
        title: format!("{}: {}", track.device, track.tickets.join(", ")),
        caption: String::new(),
        description: format!(
            "Hourly scores of {} over their thresholds, on a logarithmic axis: above 1 a window \
             deviates.",
            track.device
        ),
        unit: "score / threshold".to_owned(),
        time,
        values: ValueAxis::decades(low, high),
        marks,
        legend: Vec::new(),
        room: Room::Half,
        height: 210,
    }
}

/// Whether a fault should show in a device's scores: it is blamed for them, or it changes what
/// every pump controller of its farm sees.
fn concerns(fault: &Fault, track: &ScoreTrack) -> bool {
    let site = |device: &str| device.split('-').next().unwrap_or_default().to_owned();
    track.explains.contains(&fault.device)
        || track.class == DeviceClass::PumpController.name()
            && is_shared(fault)
            && site(&fault.device) == site(&track.device)
}

/// The legend that all score charts share.
pub(in crate::report) fn score_legend(tracks: &[ScoreTrack]) -> Vec<Key> {
    let names = tracks.iter().flat_map(|track| track.detectors.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let mut legend: Vec<Key> =
        names.into_iter().map(|name| Key::line(detector_color(name), name)).collect();
    legend.push(Key::line(INK, "threshold"));
    legend.push(Key::band(TRUTH, TRUTH_LABEL));
    legend.push(clean_key());
    legend
}

fn detector_color(detector: &str) -> Color {
    match detector {
        "autoencoder" => BLUE,
        "residual" => GREEN,
        "freshness" => PURPLE,
        _ => SLATE,
    }
}

fn log_ratio(ratio: f64) -> f64 {
    if ratio.is_finite() { libm::log10(ratio.max(0.01)) } else { ratio }
}

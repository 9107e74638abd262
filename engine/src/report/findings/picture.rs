//! One finding as a picture: a panel for each of its first channels, and one for the score, over a
//! common axis of time, with the alarm as a band over all of them.

use super::axis::{Ticks, TimeAxis, ValueAxis};
use super::svg::{Anchor, Area, CHARACTER_PX, LABEL_PX, Shapes};
use super::words;
use crate::report::charts::palette::{AXIS, GRID, INK, MUTED, PURPLE, SKY, TRUTH};
use crate::report::charts::{Color, Point, thin};
use fieldmirror_tables::finding_file::FindingRow;
use fieldmirror_tables::source::TimeKind;

/// The most channels that are drawn.
pub(super) const MOST_CHANNELS: usize = 3;

/// Colours, for a legend.
pub(super) const OBSERVED: Color = SKY;
pub(super) const EXPECTED: Color = INK;
pub(super) const SCORE: Color = PURPLE;
pub(super) const ALARM: Color = TRUTH;

const HEAD_PX: f64 = 20.0;
const PANEL_PX: f64 = 62.0;
const FOOT_PX: f64 = 26.0;
const RIGHT_PX: f64 = 12.0;

/// A line through a panel.
struct Line {
    points: Vec<Point>,
    color: Color,
    width: f64,
}

/// What a panel shows.
struct Panel {
    title: String,
    axis: ValueAxis,
    lines: Vec<Line>,
    /// The height of a dashed rule.
    rule: Option<f64>,
}

/// The picture inside a page, `width` pixels wide, or nothing where there is no trace.
pub(super) fn inline(kind: TimeKind, finding: &FindingRow, width: f64, id: &str) -> Option<String> {
    (!finding.trace.is_empty()).then(|| {
        let mut shapes = Shapes::default();
        let height = paint(&mut shapes, kind, finding, width, 0.0);
        shapes.inline((width, height), id, &title(finding), &about(kind, finding))
    })
}

/// The picture as a file of its own, with a headline and a legend.
pub(super) fn standalone(kind: TimeKind, finding: &FindingRow) -> String {
    const WIDTH_PX: f64 = 700.0;
    let mut shapes = Shapes::default();
    shapes.strong(&words::cut(&title(finding), 90), (0.0, 20.0), INK);
    let line = format!(
        "{}, {}; {}",
        kind.text(finding.onset),
        words::length(kind, finding),
        words::severity(finding)
    );
    shapes.words(&words::cut(&line, 100), (0.0, 38.0), Anchor::Start, MUTED);
    let mut x = 0.0;
    let keys = [
        (OBSERVED, "observed"),
        (EXPECTED, "expected"),
        (SCORE, "score"),
        (ALARM, "alarm, threshold"),
    ];
    for (color, label) in keys {
        let band = Area { left: x, right: x + 16.0, top: 52.0, bottom: 55.0 };
        shapes.rect(band, color, 1.0);
        shapes.words(label, (x + 22.0, 54.0), Anchor::Start, MUTED);
        x += 40.0 + label.chars().count() as f64 * CHARACTER_PX;
    }
    let height = if finding.trace.is_empty() {
        shapes.words("This finding has no trace.", (0.0, 84.0), Anchor::Start, INK);
        104.0
    } else {
        paint(&mut shapes, kind, finding, WIDTH_PX, 66.0)
    };
    shapes.file((WIDTH_PX, height + 4.0), &title(finding), &about(kind, finding))
}

fn title(finding: &FindingRow) -> String {
    format!("{}, {}", words::plain(&finding.id), words::device(&finding.device))
}

fn about(kind: TimeKind, finding: &FindingRow) -> String {
    let names = finding.channels.iter().take(drawn(finding)).map(|channel| &*channel.name);
    let names: Vec<&str> = names.collect();
    let channels = if names.is_empty() {
        String::new()
    } else {
        format!("Observed and expected of {} and the score. ", names.join(", "))
    };
    format!(
        "{channels}The alarm lasts from {} to {}; its score is {}.",
        kind.text(finding.onset),
        kind.text(finding.end),
        words::severity(finding)
    )
}

/// How many channels have a panel: those of the trace that have a name.
fn drawn(finding: &FindingRow) -> usize {
    let widest = finding.trace.iter().map(|point| point.observed.len().max(point.expected.len()));
    widest.max().unwrap_or(0).min(finding.channels.len()).min(MOST_CHANNELS)
}

/// Draws all panels from `top` down, and returns where the picture ends.
fn paint(shapes: &mut Shapes, kind: TimeKind, finding: &FindingRow, width: f64, top: f64) -> f64 {
    let times = || finding.trace.iter().map(|point| point.time);
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    let time = TimeAxis::new(kind, first, last);
    let mut panels: Vec<Panel> =
        (0..drawn(finding)).map(|at| channel(finding, &time, at)).collect();
    panels.push(score(finding, &time));
    let ticks: Vec<Ticks> = panels.iter().map(|panel| panel.axis.ticks()).collect();
    let labels = ticks.iter().flatten().map(|(_, label)| label.chars().count());
    let left = (labels.max().unwrap_or(0) as f64 * CHARACTER_PX + 12.0).max(34.0);
    let mut area = Area { left, right: width - RIGHT_PX, top, bottom: top };
    for (panel, ticks) in panels.iter().zip(&ticks) {
        let most = (area.right / CHARACTER_PX) as usize;
        shapes.strong(&words::cut(&panel.title, most), (0.0, area.bottom + 11.0), INK);
        area.top = area.bottom + HEAD_PX;
        area.bottom = area.top + PANEL_PX;
        frame(shapes, area, ticks);
        band(shapes, area, &time, finding, (first, last));
        content(shapes, area, panel);
        area.bottom += 6.0;
    }
    area.bottom -= 6.0;
    let most = ((area.right - area.left) / 80.0) as usize;
    time_labels(shapes, area, time.ticks(most));
    area.bottom + FOOT_PX
}

fn channel(finding: &FindingRow, time: &TimeAxis, at: usize) -> Panel {
    let named = &finding.channels[at];
    let line = |of: &dyn Fn(usize) -> Option<f32>| -> Vec<Point> {
        let value = |i: usize| of(i).map_or(f64::NAN, f64::from);
        finding.trace.iter().enumerate().map(|(i, p)| (time.at(p.time), value(i))).collect()
    };
    let observed = line(&|i| finding.trace[i].observed.get(at).copied());
    let expected = line(&|i| finding.trace[i].expected.get(at).copied());
    Panel {
        title: words::channel(&named.name, &named.unit),
        axis: ValueAxis::around(observed.iter().chain(&expected).map(|point| point.1)),
        // The thin line on top of the thick one: both show where they agree.
        lines: vec![
            Line { points: observed, color: OBSERVED, width: 3.0 },
            Line { points: expected, color: EXPECTED, width: 1.2 },
        ],
        rule: None,
    }
}

fn score(finding: &FindingRow, time: &TimeAxis) -> Panel {
    let points: Vec<Point> =
        finding.trace.iter().map(|p| (time.at(p.time), f64::from(p.score))).collect();
    let threshold = f64::from(finding.threshold);
    Panel {
        title: format!("score; threshold {}", words::value(threshold)),
        axis: ValueAxis::of_scores(points.iter().map(|point| point.1), threshold),
        lines: vec![Line { points, color: SCORE, width: 1.6 }],
        rule: Some(threshold),
    }
}

fn frame(shapes: &mut Shapes, area: Area, ticks: &Ticks) {
    for (at, label) in ticks {
        let y = area.y(*at);
        shapes.rule((area.left, y), (area.right, y), GRID, false);
        shapes.words(label, (area.left - 7.0, y), Anchor::End, MUTED);
    }
    shapes.rule((area.left, area.bottom), (area.right, area.bottom), AXIS, false);
}

/// The alarm, where it is inside of what the trace shows.
fn band(
    shapes: &mut Shapes,
    area: Area,
    time: &TimeAxis,
    finding: &FindingRow,
    (first, last): (i64, i64),
) {
    let (onset, end) = (finding.onset, finding.end.max(finding.onset));
    if end < first || onset > last {
        return;
    }
    let left = area.x(time.at(onset)).min(area.right - 2.0);
    let right = area.x(time.at(end)).max(left + 2.0);
    shapes.rect(Area { left, right, ..area }, ALARM, 0.14);
}

fn content(shapes: &mut Shapes, area: Area, panel: &Panel) {
    let columns = (area.right - area.left) as usize / 3;
    for line in &panel.lines {
        let mut path = Vec::new();
        let runs = line.points.split(|point| !point.1.is_finite()).filter(|run| !run.is_empty());
        for run in runs {
            let place =
                |point: &Point| panel.axis.at(point.1).map(|y| (area.x(point.0), area.y(y)));
            path.extend(thin(run, 1.0, columns).iter().map(place));
            path.push(None);
        }
        shapes.line(&path, line.color, line.width);
    }
    if let Some(y) = panel.rule.filter(|at| at.is_finite()).and_then(|at| panel.axis.at(at)) {
        let y = area.y(y);
        shapes.rule((area.left, y), (area.right, y), ALARM, true);
    }
}

/// Labels of the time below `area`.
pub(super) fn time_labels(shapes: &mut Shapes, area: Area, ticks: Ticks) {
    let mut free = 0.0;
    for (at, label) in ticks {
        let x = area.x(at);
        shapes.rule((x, area.bottom), (x, area.bottom + 4.0), AXIS, false);
        let half = label.chars().count() as f64 * CHARACTER_PX / 2.0;
        // At the edges a label would leave the picture, and in a crowd it would hit the last.
        let x = x.min(area.right + RIGHT_PX - half).max(half);
        if x - half >= free {
            shapes.words(&label, (x, area.bottom + 6.0 + LABEL_PX / 2.0), Anchor::Middle, MUTED);
            free = x + half + 4.0;
        }
    }
}

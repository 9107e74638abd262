//! The timeline as a picture: a lane a device, its height the score in thresholds.

use super::axis::TimeAxis;
use super::picture::{ALARM, time_labels};
use super::svg::{Anchor, Area, CHARACTER_PX, Shapes, number, pair};
use super::timeline::{Column, Lane, Timeline};
use super::words;
use crate::report::charts::Color;
use crate::report::charts::palette::{AXIS, BLUE, GRID, INK, MUTED};
use fieldmirror_tables::finding_file::FindingRow;
use fieldmirror_tables::source::TimeKind;

/// Scores above so many thresholds are cut.
pub(super) const TALLEST: f32 = 3.0;

/// Pixels of a name's character: short names may be of wide ones alone.
const NAME_PX: f64 = 1.25 * CHARACTER_PX;

/// Colour of scores, for a legend.
pub(super) const SCORE: Color = BLUE;

/// The picture, `width` pixels wide with at most `most` columns; findings on `cards` are links.
pub(super) fn inline(
    timeline: &Timeline,
    kind: TimeKind,
    cards: &[&FindingRow],
    (width, most): (f64, usize),
    id: &str,
) -> Option<String> {
    let (first, last) = timeline.range?;
    let names: Vec<String> = (0..timeline.lanes.len()).map(|at| timeline.name(at)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let room = if names.len() > 1 { width * 0.2 } else { 0.0 };
    let left = (longest as f64 * NAME_PX + 12.0).min(room);
    let height = if names.len() > 1 { 30.0 } else { 110.0 };
    let time = TimeAxis::new(kind, first, last);
    let mut shapes = Shapes::default();
    let mut area = Area { left, right: width - 12.0, top: 0.0, bottom: 10.0 };
    for (at, lane) in timeline.lanes.iter().enumerate() {
        area.top = area.bottom + 6.0;
        area.bottom = area.top + height;
        if names.len() > 1 {
            let cut = words::cut(&names[at], ((left - 12.0) / NAME_PX) as usize);
            shapes.hint(&names[at]);
            let middle = f64::midpoint(area.top, area.bottom);
            shapes.words(&cut, (left - 8.0, middle), Anchor::End, INK);
            shapes.end_hint();
        }
        paint(&mut shapes, timeline, lane, &time, area, most);
        let is_shared = timeline.others > 0 && at + 1 == timeline.lanes.len();
        for finding in cards.iter().filter(|card| !is_shared && card.device == lane.device) {
            link(&mut shapes, finding, &time, area);
        }
    }
    time_labels(&mut shapes, area, time.ticks(((area.right - left) / 90.0) as usize));
    let about = format!(
        "The highest score over time of {} and when there was an alarm.",
        if names.len() > 1 { format!("{} lanes", names.len()) } else { "the device".to_owned() }
    );
    Some(shapes.inline((width, area.bottom + 26.0), id, "Scores over time", &about))
}

impl Timeline {
    /// What a lane is called.
    pub(super) fn name(&self, at: usize) -> String {
        if self.others > 0 && at + 1 == self.lanes.len() {
            format!("{} others", self.others)
        } else {
            words::device(&self.lanes[at].device)
        }
    }
}

fn paint(
    shapes: &mut Shapes,
    timeline: &Timeline,
    lane: &Lane,
    time: &TimeAxis,
    area: Area,
    most: usize,
) {
    let together = timeline.width().div_ceil(most).max(1);
    // Columns of the picture: neighbours of the timeline's own, their numbers as far as they go.
    let columns: Vec<Column> = lane.columns.chunks(together).map(sum).collect();
    let edge = |at: usize| area.x(time.at(timeline.begin(at * together)));
    for (from, to) in runs(&columns, |column| column.alarm) {
        let (left, right) = (edge(from), edge(to).max(edge(from) + 1.5));
        shapes.rect(Area { left, right, ..area }, ALARM, 0.22);
    }
    shapes.rule((area.left, area.bottom), (area.right, area.bottom), AXIS, false);
    let height = |column: &Column| {
        area.y(f64::from((column.score.unwrap_or(0.0) / TALLEST).clamp(0.0, 1.0)))
    };
    let mut path = String::new();
    for (from, to) in runs(&columns, |column| column.score.is_some()) {
        path.push_str(&format!("M{}", pair(edge(from), area.bottom)));
        for (at, column) in columns.iter().enumerate().take(to).skip(from) {
            let right = edge(at + 1).max(edge(at) + 0.5);
            path.push_str(&format!("V{}H{}", number(height(column)), number(right)));
        }
        path.push_str(&format!("V{}Z", number(area.bottom)));
    }
    shapes.filled(&path, SCORE);
    let threshold = area.y(1.0 / f64::from(TALLEST));
    shapes.rule((area.left, threshold), (area.right, threshold), ALARM, true);
    shapes.rule((area.left, area.top), (area.right, area.top), GRID, false);
    if area.left == 0.0 {
        shapes.words("threshold", (4.0, threshold - 8.0), Anchor::Start, MUTED);
    }
}

fn sum(columns: &[Column]) -> Column {
    columns.iter().fold(Column::default(), |mut sum, column| {
        sum.add(*column);
        sum
    })
}

/// Stretches of columns that are so, as (first, one after the last).
fn runs(columns: &[Column], is: impl Fn(&Column) -> bool) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in columns.iter().enumerate().filter(|(_, column)| is(column)) {
        match found.last_mut() {
            Some(run) if run.1 == at => run.1 = at + 1,
            _ => found.push((at, at + 1)),
        }
    }
    found
}

/// A mark at the top of the lane that leads to the finding's card.
fn link(shapes: &mut Shapes, finding: &FindingRow, time: &TimeAxis, area: Area) {
    let left = area.x(time.at(finding.onset)).min(area.right - 4.0);
    let right = area.x(time.at(finding.end)).max(left + 4.0);
    let mark = Area { left, right, top: area.top - 3.0, bottom: area.top + 3.0 };
    let title = format!("{}: {}", finding.id, words::severity(finding));
    shapes.link(&finding.id, &title, mark, ALARM);
}

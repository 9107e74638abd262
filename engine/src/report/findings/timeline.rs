//! Scores of any number of rows, folded into a picture's worth of columns.
//!
//! A column is a stretch of time whose length is a power of two of the unit of time: it doubles
//! whenever the columns would become too many. Memory is bounded by the count of lanes, whatever
//! the count of rows, and the result does not depend on how rows come in chunks.

use super::MOST_LANES;
use crate::error::EngineError;
use fieldmirror_tables::finding_file::FindingRow;
use fieldmirror_tables::score_file::{ScoreChunk, ScoreReader};
use fieldmirror_tables::source::TimeKind;
use std::collections::BTreeMap;

/// The most columns of a timeline.
pub(super) const MOST_COLUMNS: usize = 600;

/// Scores over time, of the devices with the most findings and of all others together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    pub(super) lanes: Vec<Lane>,
    /// How many devices share the last lane; 0 where it is one device's.
    pub(super) others: usize,
    /// The number of the first column.
    pub(super) first: i64,
    /// The length of a column is two to this power.
    pub(super) power: u32,
    /// The first and last time of any row.
    pub(super) range: Option<(i64, i64)>,
    pub(super) rows: u64,
    pub(super) alarm_rows: u64,
}

/// A line of the timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lane {
    /// The device; of the lane of all others, nothing.
    pub(super) device: String,
    /// Fewer than the columns of the timeline where the last ones are empty.
    pub(super) columns: Vec<Column>,
}

/// What happened in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Column {
    /// The highest score in thresholds; `None` without a score.
    pub(super) score: Option<f32>,
    /// Whether a row was in alarm.
    pub(super) alarm: bool,
}

impl Column {
    pub(super) fn add(&mut self, other: Self) {
        self.score = match (self.score, other.score) {
            (Some(mine), Some(others)) => Some(mine.max(others)),
            (mine, others) => mine.or(others),
        };
        self.alarm |= other.alarm;
    }
}

impl Timeline {
    /// Reads all rows of a score file whose times are of `kind`. Devices with the most findings get
    /// lanes of their own, at most [`MOST_LANES`]; what room is left goes to devices in the order
    /// of the file.
    ///
    /// # Errors
    /// [`EngineError::Tables`] with what the reader says.
    pub fn read(
        scores: &mut ScoreReader,
        kind: TimeKind,
        findings: &[FindingRow],
    ) -> Result<Self, EngineError> {
        let mut fold = Fold::new(findings);
        // The reader takes numbers of rows for seconds.
        let unit = if kind == TimeKind::Row { 1_000_000 } else { 1 };
        while let Some(chunk) = scores.next_chunk()? {
            fold.add(&chunk, scores.devices(), unit);
        }
        Ok(fold.finish())
    }

    /// The columns that the picture has, from [`Self::first`] on.
    pub(super) fn width(&self) -> usize {
        self.lanes.iter().map(|lane| lane.columns.len()).max().unwrap_or(0)
    }

    /// The time at which column `at` begins.
    pub(super) fn begin(&self, at: usize) -> i64 {
        let begin = (i128::from(self.first) + at as i128) << self.power;
        begin.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

/// A timeline in the making.
pub(super) struct Fold {
    timeline: Timeline,
    /// The lane of each device of the file, as far as they are known.
    lane_of: Vec<usize>,
    /// Lanes of devices with findings, by name.
    chosen: BTreeMap<String, usize>,
}

impl Fold {
    pub(super) fn new(findings: &[FindingRow]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in findings {
            *counts.entry(&finding.device).or_default() += 1;
        }
        let mut devices: Vec<(&str, usize)> = counts.into_iter().collect();
        // By name where counts are equal: the sort is stable.
        devices.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        devices.truncate(MOST_LANES);
        let lane = |(device, _): &(&str, usize)| Lane {
            device: (*device).to_owned(),
            columns: Vec::new(),
        };
        let lanes: Vec<Lane> = devices.iter().map(lane).collect();
        let chosen = lanes.iter().enumerate().map(|(at, lane)| (lane.device.clone(), at)).collect();
        Self { timeline: Timeline { lanes, ..Timeline::default() }, lane_of: Vec::new(), chosen }
    }

    pub(super) fn add(&mut self, chunk: &ScoreChunk, devices: &[String], unit: i64) {
        for device in &devices[self.lane_of.len().min(devices.len())..] {
            let lane = self.lane(device);
            self.lane_of.push(lane);
        }
        for row in 0..chunk.time.len() {
            let (score, threshold) = (chunk.score[row], chunk.threshold[row]);
            let in_thresholds = score / threshold;
            let has_scale = threshold > 0.0 && in_thresholds.is_finite();
            let alarm = chunk.alarm[row];
            let column = Column { score: has_scale.then_some(in_thresholds), alarm };
            let lane = self.lane_of[chunk.device[row] as usize];
            self.put(chunk.time[row].div_euclid(unit), lane, column);
            self.timeline.rows += 1;
            self.timeline.alarm_rows += u64::from(alarm);
        }
    }

    /// The lane of a device that was not seen before.
    fn lane(&mut self, device: &str) -> usize {
        if let Some(lane) = self.chosen.get(device) {
            return *lane;
        }
        let lanes = &mut self.timeline.lanes;
        if self.timeline.others == 0 && lanes.len() < MOST_LANES {
            lanes.push(Lane { device: device.to_owned(), columns: Vec::new() });
            return lanes.len() - 1;
        }
        self.timeline.others += 1;
        if lanes.len() == MOST_LANES {
            lanes.push(Lane::default());
        }
        MOST_LANES
    }

    fn put(&mut self, time: i64, lane: usize, column: Column) {
        let (low, high) = self.timeline.range.unwrap_or((time, time));
        let range = (low.min(time), high.max(time));
        if self.timeline.range != Some(range) {
            self.timeline.range = Some(range);
            self.make_room(range);
        }
        let at = ((time >> self.timeline.power) - self.timeline.first) as usize;
        let columns = &mut self.timeline.lanes[lane].columns;
        if columns.len() <= at {
            columns.resize(at + 1, Column::default());
        }
        columns[at].add(column);
    }

    /// Makes columns for all times of a range that holds the one before.
    fn make_room(&mut self, (low, high): (i64, i64)) {
        let timeline = &mut self.timeline;
        let (before, mut power) = (timeline.power, timeline.power);
        while (high >> power).abs_diff(low >> power) >= MOST_COLUMNS as u64 {
            power += 1;
        }
        let first = low >> power;
        let begun = timeline.lanes.iter().any(|lane| !lane.columns.is_empty());
        if begun && (power != before || first != timeline.first) {
            for lane in &mut timeline.lanes {
                let mut columns = Vec::new();
                for (at, column) in lane.columns.iter().enumerate() {
                    let number = (timeline.first + at as i64) >> (power - before);
                    let at = (number - first) as usize;
                    if columns.len() <= at {
                        columns.resize(at + 1, Column::default());
                    }
                    columns[at].add(*column);
                }
                lane.columns = columns;
            }
        }
        (timeline.first, timeline.power) = (first, power);
    }

    pub(super) fn finish(mut self) -> Timeline {
        // A device of the findings that has no row has nothing to show.
        self.timeline.lanes.retain(|lane| !lane.columns.is_empty());
        self.timeline
    }
}

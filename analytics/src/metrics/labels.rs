//! Labels from elsewhere, joined to the rows of scores by time and device.
//!
//! Times are microseconds since 1970 UTC, or row numbers where the scores have no time. Labels
//! without a device hold for all devices. What it does not do: it reads no file.

use crate::error::{AnalyticsError, Result};
use fieldmirror_tables::labels::{LabelPoint, LabelSpan};
use std::collections::BTreeMap;

/// The label of each row of the scores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinedLabels {
    /// Whether each row is anomalous.
    pub labels: Vec<bool>,
    /// Rows that no label speaks of; they count as normal. 0 for intervals, which speak of all.
    pub unlabelled: usize,
    /// Labels that speak of no row, by their position among those given.
    pub unused: Vec<usize>,
}

/// Labels rows by intervals: anomalous where the time lies in one, both ends included.
///
/// `devices` holds for each row a position in `names`.
///
/// # Errors
/// [`AnalyticsError::Lengths`] if there are not as many devices as times;
/// [`AnalyticsError::LabelsElsewhere`] if there are intervals and rows, and no interval touches the
/// time range of the rows of its device; [`AnalyticsError::LabelDevice`] for a device that the
/// scores do not know; [`AnalyticsError::IntervalBackwards`].
pub fn join_intervals(
    times: &[i64],
    devices: &[u32],
    names: &[String],
    intervals: &[LabelSpan],
) -> Result<JoinedLabels> {
    check(times, devices)?;
    if let Some(at) = intervals.iter().position(|interval| interval.end < interval.start) {
        let LabelSpan { start, end, .. } = intervals[at];
        return Err(AnalyticsError::IntervalBackwards { row: at + 1, start, end });
    }
    let rows = by_device(times, devices);
    let mut joined = JoinedLabels { labels: vec![false; times.len()], ..JoinedLabels::default() };
    for (at, interval) in intervals.iter().enumerate() {
        let mut used = false;
        for of_device in chosen(&rows, names, interval.device.as_deref())? {
            let from = of_device.partition_point(|&row| times[row] < interval.start);
            let inside = of_device[from..].iter().take_while(|&&row| times[row] <= interval.end);
            for &row in inside {
                joined.labels[row] = true;
                used = true;
            }
        }
        if !used {
            joined.unused.push(at);
        }
    }
    // An interval that falls into a gap of the scores is no error; all outside of them is one.
    let span = span(times.iter().copied());
    let overlaps = |interval: &LabelSpan| {
        span.is_some_and(|(first, last)| interval.start <= last && first <= interval.end)
    };
    let given = span_of_intervals(intervals);
    if let (Some(scores), Some(labels)) = (span, given)
        && !intervals.iter().any(overlaps)
    {
        return Err(AnalyticsError::LabelsElsewhere { scores, labels });
    }
    Ok(joined)
}

/// Labels rows by labelled points in time: a row has the label of its own time, exactly.
///
/// # Errors
/// As [`join_intervals`]; [`AnalyticsError::LabelsElsewhere`] if no point meets a row.
pub fn join_points(
    times: &[i64],
    devices: &[u32],
    names: &[String],
    points: &[LabelPoint],
) -> Result<JoinedLabels> {
    check(times, devices)?;
    let rows = by_device(times, devices);
    let mut joined = JoinedLabels { labels: vec![false; times.len()], ..JoinedLabels::default() };
    let mut known = vec![false; times.len()];
    for (at, point) in points.iter().enumerate() {
        let mut used = false;
        for of_device in chosen(&rows, names, point.device.as_deref())? {
            let from = of_device.partition_point(|&row| times[row] < point.time);
            for &row in of_device[from..].iter().take_while(|&&row| times[row] == point.time) {
                // Two labels for one row: anomalous if either says so.
                joined.labels[row] |= point.anomalous;
                known[row] = true;
                used = true;
            }
        }
        if !used {
            joined.unused.push(at);
        }
    }
    joined.unlabelled = known.iter().filter(|&&known| !known).count();
    let given = span(points.iter().map(|point| point.time));
    if let (Some(scores), Some(labels)) = (span(times.iter().copied()), given)
        && joined.unused.len() == points.len()
    {
        return Err(AnalyticsError::LabelsElsewhere { scores, labels });
    }
    Ok(joined)
}

fn check(times: &[i64], devices: &[u32]) -> Result<()> {
    if times.len() == devices.len() {
        return Ok(());
    }
    Err(AnalyticsError::Lengths { what: "times", rows: times.len(), labels: devices.len() })
}

/// The rows of each device, by time.
fn by_device(times: &[i64], devices: &[u32]) -> BTreeMap<u32, Vec<usize>> {
    let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, &device) in devices.iter().enumerate() {
        rows.entry(device).or_default().push(row);
    }
    for of_device in rows.values_mut() {
        of_device.sort_by_key(|&row| times[row]);
    }
    rows
}

/// The rows of the device called `name`, or of all.
fn chosen<'a>(
    rows: &'a BTreeMap<u32, Vec<usize>>,
    names: &[String],
    name: Option<&str>,
) -> Result<Vec<&'a [usize]>> {
    let Some(name) = name else { return Ok(rows.values().map(Vec::as_slice).collect()) };
    let Some(device) = names.iter().position(|known| known == name) else {
        let known = names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(AnalyticsError::LabelDevice { device: name.to_owned(), known });
    };
    Ok(rows.get(&(device as u32)).map(Vec::as_slice).into_iter().collect())
}

fn span(times: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    times.fold(None, |span, time| match span {
        Some((first, last)) => Some((time.min(first), time.max(last))),
        None => Some((time, time)),
    })
}

fn span_of_intervals(intervals: &[LabelSpan]) -> Option<(i64, i64)> {
    span(intervals.iter().flat_map(|interval| [interval.start, interval.end]))
}

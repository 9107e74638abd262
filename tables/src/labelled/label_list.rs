//! Lists of labels: `[device,]start,end` or `[device,]time,label`.

use super::delimited::Delimited;
use crate::error::TablesError;
use std::path::Path;

/// A stretch of time that is anomalous, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelInterval {
    /// The device; `None` for all.
    pub device: Option<String>,
    /// Its first moment in microseconds since 1970 UTC, or a row's number.
    pub start: i64,
    /// Its last moment.
    pub end: i64,
}

/// The label of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelPoint {
    /// The device; `None` for all.
    pub device: Option<String>,
    /// The moment in microseconds since 1970 UTC, or a row's number.
    pub time: i64,
    /// Whether it is anomalous.
    pub label: bool,
}

/// What a list of labels holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelFile {
    /// `[device,]start,end`.
    Intervals(Vec<LabelInterval>),
    /// `[device,]time,label`. Rows whose label says that there is none are left out.
    Points(Vec<LabelPoint>),
}

/// Reads a list of labels. Its header says which form it has; other columns are not looked at.
/// [`super::parse_moment`] says how times may be written.
///
/// # Errors
/// [`TablesError::Column`] for a header of neither form, [`TablesError::Cell`] for a cell that is
/// neither time nor label.
pub fn read_labels(path: &Path) -> Result<LabelFile, TablesError> {
    let file = Delimited::read(path)?;
    let find = |name: &str| file.names.iter().position(|known| known.eq_ignore_ascii_case(name));
    let device = find("device");
    let name = |cells: &[&str]| {
        device.map(|at| cells[at]).filter(|name| !name.is_empty()).map(str::to_owned)
    };
    if let (Some(start), Some(end)) = (find("start"), find("end")) {
        let mut intervals = Vec::new();
        file.for_each_row(|row, cells| {
            intervals.push(LabelInterval {
                device: name(cells),
                start: file.moment(row, start, cells[start])?,
                end: file.moment(row, end, cells[end])?,
            });
            Ok(())
        })?;
        return Ok(LabelFile::Intervals(intervals));
    }
    if let (Some(time), Some(label)) = (find("time"), find("label")) {
        let mut points = Vec::new();
        file.for_each_row(|row, cells| {
            let moment = file.moment(row, time, cells[time])?;
            if let Some(label) = file.truth(row, label, cells[label])? {
                points.push(LabelPoint { device: name(cells), time: moment, label });
            }
            Ok(())
        })?;
        return Ok(LabelFile::Points(points));
    }
    Err(TablesError::Column {
        path: path.to_owned(),
        what: "pair of columns".to_owned(),
        column: "start,end or time,label".to_owned(),
        expected: format!("one of the pairs in the header `{}`", file.names.join(",")),
        advice: "begin the file with `start,end` or `time,label`, and `device,` before if labels \
                 differ by device",
    })
}

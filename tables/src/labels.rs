//! What people know about telemetry: spans that were anomalous, or a label for each moment.
//!
//! What it does not do: it compares nothing with scores.

use crate::error::{TablesError, TelemetryProblem};
use crate::source::time::{TIME_FORMS, TimeFormat};
use crate::source::{Cell, TimeKind, cell, message, nearest};
use std::path::Path;

/// Labels; times are microseconds since 1970. Whole numbers are read as everywhere: small ones,
/// such as row numbers, count as seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// `[device,]start,end`: spans, both ends included. Two columns of times need no header.
    Spans(Vec<LabelSpan>),
    /// `[device,]time,label`: moments.
    Points(Vec<LabelPoint>),
}

/// A span that was anomalous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSpan {
    /// The device; none if the file has no such column, which means all.
    pub device: Option<String>,
    /// The first moment.
    pub start: i64,
    /// The last moment.
    pub end: i64,
}

/// What a moment was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelPoint {
    /// The device; none if the file has no such column, which means all.
    pub device: Option<String>,
    /// The moment.
    pub time: i64,
    /// Whether it was anomalous: the label is 1, `true`, `anomaly`, `anomalous`, `abnormal`, `yes` or
    /// `fault`; and not if it is 0, `false`, `normal`, `no` or `ok`.
    pub anomalous: bool,
}

/// Reads labels and what their times are.
///
/// # Errors
/// [`TablesError::Telemetry`] with file, row and column, [`TablesError::Io`].
pub fn read_labels(path: &Path) -> Result<(TimeKind, Labels), TablesError> {
    let text = std::fs::read(path).map_err(|e| TablesError::io("read", path, e))?;
    Reading { name: path.display().to_string() }.labels(&text)
}

struct Reading {
    name: String,
}

impl Reading {
    fn labels(&self, text: &[u8]) -> Result<(TimeKind, Labels), TablesError> {
        let expected = "a header `start,end` or `time,label`, with `device,` before it for many \
                        devices, and rows";
        crate::source::check_text(text, &self.name)?;
        let Some((mut names, mut rows)) = crate::source::csv_rows(text) else {
            return Err(message(&self.name, "the file is empty", expected, "check the file"));
        };
        // Two times in the first line are a span and no header: so Lookout for Equipment has it.
        let is_text = |name: &String| name.trim().parse::<f64>().is_err();
        let is_span = names.len() == 2 && names.iter().all(is_text);
        if is_span && TimeFormat::found(&[names.clone()], None, None).is_ok() {
            rows.insert(
                0,
                std::mem::replace(&mut names, ["start", "end"].map(str::to_owned).into()),
            );
        }
        if let Some(at) = rows.iter().position(|row| row.len() != names.len()) {
            let (found, wanted) = (rows[at].len(), names.len());
            let problem = format!("the row has {found} cells");
            return Err(self.wrong(
                at,
                None,
                problem,
                format!("{wanted}, as the header has names"),
            ));
        }
        let find = |wanted: &[&str]| {
            names.iter().position(|name| wanted.iter().any(|w| name.eq_ignore_ascii_case(w)))
        };
        let device = find(&["device"]);
        let device = |row: &Vec<String>| device.map(|at| row[at].clone());
        if let (Some(start), Some(end)) = (find(&["start"]), find(&["end"])) {
            let (kind, times) = self.times(&rows, &names, &[start, end])?;
            let spans = rows.iter().zip(times).enumerate().map(|(at, (row, times))| {
                let (start, end) = (times[0], times[1]);
                if end < start {
                    let problem = "the span ends before it starts".to_owned();
                    return Err(self.wrong(at, Some("end"), problem, "a later end".to_owned()));
                }
                Ok(LabelSpan { device: device(row), start, end })
            });
            return Ok((kind, Labels::Spans(spans.collect::<Result<_, _>>()?)));
        }
        let time = find(&["time", "timestamp", "datetime", "ts", "date"]);
        let label = find(&["label", "anomaly", "is_anomaly"]);
        let (Some(time), Some(label)) = (time, label) else {
            let wanted = ["start", "end", "time", "label"];
            let near = wanted.iter().find_map(|w| nearest(w, names.iter().map(String::as_str)));
            let near = near.map_or_else(String::new, |near| format!(" (`{near}` is near)"));
            let problem = format!("the columns are {}{near}", names.join(", "));
            return Err(message(&self.name, &problem, expected, "rename the columns"));
        };
        let (kind, times) = self.times(&rows, &names, &[time])?;
        let points = rows.iter().zip(times).enumerate().map(|(at, (row, times))| {
            let anomalous = match cell(row[label].as_bytes(), b'.') {
                Cell::Number(number) if number == 0.0 || number == 1.0 => number == 1.0,
                Cell::Text if is_one_of(&NORMAL, &row[label]) => false,
                Cell::Text if is_one_of(&ANOMALOUS, &row[label]) => true,
                Cell::Number(_) | Cell::Text => {
                    let problem = format!("`{}` is no label", row[label]);
                    let expected = "0 or 1, or words such as normal and anomaly".to_owned();
                    return Err(self.wrong(at, Some(&names[label]), problem, expected));
                }
                Cell::Missing => {
                    let problem = "there is no label".to_owned();
                    let expected = "0 or 1 in each row".to_owned();
                    return Err(self.wrong(at, Some(&names[label]), problem, expected));
                }
            };
            Ok(LabelPoint { device: device(row), time: times[0], anomalous })
        });
        Ok((kind, Labels::Points(points.collect::<Result<_, _>>()?)))
    }

    /// The times of each row in `columns`.
    fn times(
        &self,
        rows: &[Vec<String>],
        names: &[String],
        columns: &[usize],
    ) -> Result<(TimeKind, Vec<Vec<i64>>), TablesError> {
        let texts = |&column: &usize| rows.iter().map(|row| row[column].clone()).collect();
        let samples: Vec<Vec<String>> = columns.iter().map(texts).collect();
        let wrong = |text: &str| {
            let at = |row: &Vec<String>| columns.iter().position(|&c| row[c].trim() == text);
            let place = rows.iter().enumerate().find_map(|(row, cells)| Some((row, at(cells)?)));
            let (row, at) = place.unwrap_or_default();
            let name = columns.get(at).map(|&column| names[column].as_str());
            self.wrong(row, name, format!("`{text}` is no time"), TIME_FORMS.to_owned())
        };
        let found = TimeFormat::found(&samples, None, None).map_err(|text| wrong(&text))?;
        let parse = |text: &String| {
            found.format.parse(text.trim().as_bytes()).ok_or_else(|| wrong(text.trim()))
        };
        let row = |row: &Vec<String>| columns.iter().map(|&column| parse(&row[column])).collect();
        Ok((found.kind, rows.iter().map(row).collect::<Result<_, _>>()?))
    }

    fn wrong(
        &self,
        row: usize,
        column: Option<&str>,
        problem: String,
        expected: String,
    ) -> TablesError {
        TablesError::telemetry(TelemetryProblem {
            file: self.name.clone(),
            row: Some(row as u64 + 1),
            column: column.map(str::to_owned),
            problem,
            expected,
            advice: "mend the row".to_owned(),
        })
    }
}

/// Words for what is not anomalous.
const NORMAL: [&str; 4] = ["false", "normal", "no", "ok"];

/// Words for what is.
const ANOMALOUS: [&str; 6] = ["true", "anomaly", "anomalous", "abnormal", "yes", "fault"];

fn is_one_of(words: &[&str], text: &str) -> bool {
    words.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;

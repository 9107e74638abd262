//! Figures beside one another: rows of a table, as text and as JSON.

use super::Dataset;
use serde::Serialize;
use std::fmt::Write;

/// What a figure measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// NAB's score, standard profile.
    NabStandard,
    /// NAB's score, false alarms dearer.
    NabLowFalsePositives,
    /// NAB's score, missed windows dearer.
    NabLowFalseNegatives,
    /// BATADAL's score.
    S,
    /// Its part for time to detection.
    Sttd,
    /// Its part for classification.
    Scm,
    /// F1 of rows, pooled over files.
    F1,
    /// False alarms among normal rows, in percent, pooled.
    Far,
    /// Missed among anomalous rows, in percent, pooled.
    Mar,
    /// Average precision, mean over files.
    AucPr,
    /// Volume under precision and recall, mean over files.
    VusPr,
    /// Area under the receiver's curve, mean over files.
    AucRoc,
    /// Volume under the receiver's surface, mean over files.
    VusRoc,
    /// Labelled segments.
    Segments,
    /// Those with an alarm.
    Found,
    /// Rows from the start of a found segment to its first alarm: the median.
    MedianDelay,
    /// Alarms that touch no segment, per day of telemetry that counted.
    FalseAlarmsPerDay,
}

impl Measure {
    /// The head of its column.
    pub const fn head(self) -> &'static str {
        match self {
            Self::NabStandard => "NAB",
            Self::NabLowFalsePositives => "low FP",
            Self::NabLowFalseNegatives => "low FN",
            Self::S => "S",
            Self::Sttd => "S_TTD",
            Self::Scm => "S_CM",
            Self::F1 => "F1",
            Self::Far => "FAR %",
            Self::Mar => "MAR %",
            Self::AucPr => "AUC-PR",
            Self::VusPr => "VUS-PR",
            Self::AucRoc => "AUC-ROC",
            Self::VusRoc => "VUS-ROC",
            Self::Segments => "segments",
            Self::Found => "found",
            Self::MedianDelay => "delay",
            Self::FalseAlarmsPerDay => "false/day",
        }
    }

    const fn decimals(self) -> usize {
        match self {
            Self::Segments | Self::Found | Self::MedianDelay => 0,
            Self::NabStandard | Self::NabLowFalsePositives | Self::NabLowFalseNegatives => 1,
            Self::Far | Self::Mar | Self::FalseAlarmsPerDay => 2,
            _ => 3,
        }
    }
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it measures.
    pub measure: Measure,
    /// The value.
    pub value: f64,
}

/// Whose figures a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Measured here.
    Measured,
    /// Published by others, on the whole of the data set.
    Published,
}

/// A method on a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableRow {
    /// The benchmark.
    pub dataset: Dataset,
    /// `standard`, or `position-blind` with its seed.
    pub protocol: String,
    /// The method.
    pub method: String,
    /// Over how many files, if known.
    pub files: Option<usize>,
    /// What there is; a figure that is undefined or was not published is left out.
    pub figures: Vec<Figure>,
    /// Whose figures these are.
    pub origin: Origin,
    /// Where published figures stand.
    pub source: Option<String>,
}

impl TableRow {
    /// The figure for `measure`, if there is one.
    pub fn figure(&self, measure: Measure) -> Option<f64> {
        self.figures.iter().find(|figure| figure.measure == measure).map(|figure| figure.value)
    }

    /// The mean of rows of several seeds, figure by figure; a figure that one of them lacks is left
    /// out. `None` without rows.
    pub fn mean(rows: &[Self], protocol: &str) -> Option<Self> {
        let first = rows.first()?;
        let mean = |figure: &Figure| {
            let values = rows.iter().map(|row| row.figure(figure.measure));
            let sum: Option<f64> = values.sum();
            sum.map(|sum| Figure { measure: figure.measure, value: sum / rows.len() as f64 })
        };
        let figures = first.figures.iter().filter_map(mean).collect();
        Some(Self { protocol: protocol.to_owned(), figures, ..first.clone() })
    }
}

/// Rows of several benchmarks and methods.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// The rows, in the order in which they are shown within their benchmark.
    pub rows: Vec<TableRow>,
}

impl Table {
    /// As text: a part for each benchmark, a column for each measure that occurs in it, published
    /// figures marked by `*` with their sources below.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for dataset in Dataset::ALL {
            let rows: Vec<&TableRow> =
                self.rows.iter().filter(|row| row.dataset == dataset).collect();
            if rows.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&part(dataset, &rows));
        }
        text
    }

    /// As JSON, an object with `rows`.
    ///
    /// # Errors
    /// None that is known: the rows hold finite numbers and text.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

fn part(dataset: Dataset, rows: &[&TableRow]) -> String {
    let mut measures: Vec<Measure> =
        rows.iter().flat_map(|row| row.figures.iter().map(|figure| figure.measure)).collect();
    measures.sort_unstable();
    measures.dedup();
    let mut lines =
        vec![vec![dataset.name().to_owned(), "protocol".to_owned(), "files".to_owned()]];
    lines[0].extend(measures.iter().map(|measure| measure.head().to_owned()));
    for row in rows {
        let mark = if row.origin == Origin::Published { " *" } else { "" };
        let files = row.files.map_or_else(|| "-".to_owned(), |files| files.to_string());
        let mut line = vec![format!("{}{mark}", row.method), row.protocol.clone(), files];
        line.extend(measures.iter().map(|&measure| match row.figure(measure) {
            Some(value) => format!("{value:.*}", measure.decimals()),
            None => "-".to_owned(),
        }));
        lines.push(line);
    }
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in &lines {
        let cell = |(at, cell): (usize, &String)| match at {
            0 | 1 => format!("{cell:<width$}", width = widths[at]),
            _ => format!("{cell:>width$}", width = widths[at]),
        };
        let cells: Vec<String> = line.iter().enumerate().map(cell).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    let mut sources: Vec<&str> = rows.iter().filter_map(|row| row.source.as_deref()).collect();
    sources.dedup();
    for source in sources {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "* {source}");
    }
    text
}

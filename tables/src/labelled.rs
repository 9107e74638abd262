//! Telemetry with labels, as public benchmarks come: small files, read whole, as plain columns.
//!
//! CSV (the delimiter is found: comma, semicolon or tab) or Parquet, one device a file, and which
//! files a folder holds. Labels of one's own telemetry are read by [`crate::labels`].
//!
//! What it does not do: it is not for files bigger than memory, nor for many devices, and it does
//! not guess: which column is the time and which the label is told by a [`LabelledLayout`].

mod delimited;
mod moment;

pub use moment::parse_moment;

use crate::error::TablesError;
use crate::scan::{Scan, ScanColumn, ScanKind, ScanValues};
use delimited::Delimited;
use std::path::{Path, PathBuf};

/// A file as plain columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelledTable {
    /// Time of each row in microseconds since 1970 UTC; `None` where the file has none.
    pub times: Vec<Option<i64>>,
    /// All columns but time, label and those to ignore, in the file's order. NaN is missing.
    pub columns: Vec<(String, Vec<f64>)>,
    /// Whether each row is anomalous, if the layout names a label. False where unlabelled.
    pub labels: Option<Vec<bool>>,
    /// Rows whose label says that there is none: -999, or nothing.
    pub unlabelled: Vec<usize>,
}

impl LabelledTable {
    /// How many rows.
    pub const fn rows(&self) -> usize {
        self.times.len()
    }
}

/// Where the label stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelColumn<'a> {
    /// Nowhere.
    None,
    /// In the column of that name, spaces around it apart.
    Named(&'a str),
    /// In the last column.
    Last,
}

/// What the columns of a file are.
#[derive(Clone, Copy, Debug)]
pub struct LabelledLayout<'a> {
    /// The column with the time, if there is one.
    pub time: Option<&'a str>,
    /// Where the label stands.
    pub label: LabelColumn<'a>,
    /// Columns that are left out.
    pub ignore: &'a [&'a str],
}

/// Reads a `.parquet` file, or any other as delimited text with a header.
///
/// # Errors
/// [`TablesError::Missing`], [`TablesError::Column`] if time or label are not there,
/// [`TablesError::Cell`] for a text among numbers, [`TablesError::Foreign`] for a file without rows
/// or channels.
pub fn read_labelled(
    path: &Path,
    layout: &LabelledLayout<'_>,
) -> Result<LabelledTable, TablesError> {
    let parquet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
    let table = if parquet { read_parquet(path, layout)? } else { read_text(path, layout)? };
    if table.times.is_empty() || table.columns.is_empty() {
        return Err(TablesError::Foreign {
            path: path.to_owned(),
            expected: "a table with at least one row and one channel".to_owned(),
            advice: "see whether the file was cut off or is another one than meant",
        });
    }
    Ok(table)
}

/// The files of a folder and its subfolders whose name ends in `.{ending}`, in the order of their
/// paths.
///
/// # Errors
/// [`TablesError::Io`] for a folder that cannot be read.
pub fn files_below(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, TablesError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let list = |source| TablesError::io("read", &folder, source);
        for entry in std::fs::read_dir(&folder).map_err(list)? {
            let path = entry.map_err(list)?.path();
            let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
            if path.is_dir() && !hidden && depth < DEEPEST {
                folders.push((path, depth + 1));
            } else if path.is_file() && !hidden && has_ending(&path, ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The text of a file.
///
/// # Errors
/// [`TablesError::Io`].
pub fn text_of(path: &Path) -> Result<String, TablesError> {
    std::fs::read_to_string(path).map_err(|source| TablesError::io("read", path, source))
}

/// Folders within folders that are looked into: benchmarks have two levels, and links may turn in
/// circles.
const DEEPEST: u32 = 4;

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Which columns are what, by position.
struct Roles {
    time: Option<usize>,
    label: Option<usize>,
    channels: Vec<usize>,
}

impl Roles {
    fn new(
        path: &Path,
        names: &[String],
        layout: &LabelledLayout<'_>,
    ) -> Result<Self, TablesError> {
        let find = |wanted: &str| {
            names.iter().position(|name| name == wanted).ok_or_else(|| TablesError::Column {
                path: path.to_owned(),
                what: "column".to_owned(),
                column: wanted.to_owned(),
                expected: format!("it among {}", shortened(names)),
                advice: "see whether this is the file of the data set that was meant",
            })
        };
        let time = layout.time.map(find).transpose()?;
        let label = match layout.label {
            LabelColumn::None => None,
            LabelColumn::Named(name) => Some(find(name)?),
            LabelColumn::Last => names.len().checked_sub(1),
        };
        let is_channel = |at: &usize| {
            Some(*at) != time && Some(*at) != label && !layout.ignore.contains(&&*names[*at])
        };
        Ok(Self { time, label, channels: (0..names.len()).filter(is_channel).collect() })
    }
}

/// The first names of many.
fn shortened(names: &[String]) -> String {
    let first = names.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 12 { format!("{first}, ...") } else { first }
}

fn read_text(path: &Path, layout: &LabelledLayout<'_>) -> Result<LabelledTable, TablesError> {
    let file = Delimited::read(path)?;
    let roles = Roles::new(path, &file.names, layout)?;
    let mut table = LabelledTable {
        columns: roles.channels.iter().map(|&at| (file.names[at].clone(), Vec::new())).collect(),
        labels: roles.label.map(|_| Vec::new()),
        ..LabelledTable::default()
    };
    file.for_each_row(|row, cells| {
        let time = roles.time.map(|at| file.moment(row, at, cells[at])).transpose()?;
        table.times.push(time);
        for ((_, values), &at) in table.columns.iter_mut().zip(&roles.channels) {
            values.push(file.number(row, at, cells[at])?);
        }
        if let (Some(labels), Some(at)) = (&mut table.labels, roles.label) {
            let value = file.truth(row, at, cells[at])?;
            if value.is_none() {
                table.unlabelled.push(labels.len());
            }
            labels.push(value.unwrap_or(false));
        }
        Ok(())
    })?;
    Ok(table)
}

fn read_parquet(path: &Path, layout: &LabelledLayout<'_>) -> Result<LabelledTable, TablesError> {
    let scan = Scan::open(path)?;
    let names: Vec<String> = scan.columns().iter().map(|(name, _)| name.clone()).collect();
    let mut roles = Roles::new(path, &names, layout)?;
    let numeric = |at: &usize| !matches!(scan.columns()[*at].1, ScanKind::Text | ScanKind::Json);
    roles.channels.retain(numeric);
    let mut table = LabelledTable {
        columns: roles.channels.iter().map(|&at| (names[at].clone(), Vec::new())).collect(),
        labels: roles.label.map(|_| Vec::new()),
        ..LabelledTable::default()
    };
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    for group in scan.groups() {
        scan.read::<TablesError>(group, &all, |_, batch| {
            let columns = batch.columns();
            let first = table.times.len();
            match roles.time {
                Some(at) => {
                    let millis = scan.columns()[at].1 == ScanKind::Millis;
                    table.times.extend(moments(&columns[at], batch.rows(), millis));
                }
                None => table.times.resize(first + batch.rows(), None),
            }
            for ((_, values), &at) in table.columns.iter_mut().zip(&roles.channels) {
                values.extend(numbers(&columns[at], batch.rows()));
            }
            if let (Some(labels), Some(at)) = (&mut table.labels, roles.label) {
                for (row, value) in numbers(&columns[at], batch.rows()).enumerate() {
                    if value.is_nan() || value == UNLABELLED {
                        table.unlabelled.push(first + row);
                    }
                    labels.push(value > 0.0);
                }
            }
            Ok(())
        })?;
    }
    Ok(table)
}

/// The number that says that a row has no label (BATADAL).
const UNLABELLED: f64 = -999.0;

/// The values of a column; NaN where one is missing or no number.
fn numbers(column: &ScanColumn, rows: usize) -> impl Iterator<Item = f64> + '_ {
    (0..rows).map(|row| {
        if column.valid.as_ref().is_some_and(|valid| valid[row] == 0) {
            return f64::NAN;
        }
        match &column.values {
            ScanValues::Int64(values) => values[row] as f64,
            ScanValues::Float64(values) => values[row],
            ScanValues::Float32(values) => f64::from(values[row]),
            ScanValues::Bool(values) => f64::from(values[row]),
            ScanValues::Text { .. } | ScanValues::Json(_) => f64::NAN,
        }
    })
}

/// Times of a column. Timestamps come in milliseconds; other numbers and texts are read as in text
/// files.
fn moments(column: &ScanColumn, rows: usize, millis: bool) -> Vec<Option<i64>> {
    let moment = |row: usize| {
        if column.valid.as_ref().is_some_and(|valid| valid[row] == 0) {
            return None;
        }
        match &column.values {
            ScanValues::Int64(values) if millis => values[row].checked_mul(1000),
            ScanValues::Int64(values) => parse_moment(&values[row].to_string()),
            ScanValues::Float64(values) => parse_moment(&values[row].to_string()),
            ScanValues::Float32(values) => parse_moment(&values[row].to_string()),
            ScanValues::Text { codes, words } => parse_moment(words.value(codes[row] as usize)),
            ScanValues::Bool(_) | ScanValues::Json(_) => None,
        }
    };
    (0..rows).map(moment).collect()
}

#[cfg(test)]
mod tests;

//! Delimited text with a header: cells with their places.

use super::{UNLABELLED, parse_moment, text_of};
use crate::error::TablesError;
use std::path::{Path, PathBuf};

/// A file in memory.
pub(super) struct Delimited {
    path: PathBuf,
    text: String,
    delimiter: char,
    /// The header, without spaces around names.
    pub(super) names: Vec<String>,
}

impl Delimited {
    /// Reads the file and its header.
    pub(super) fn read(path: &Path) -> Result<Self, TablesError> {
        let text = text_of(path)?;
        let header = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
        // The one that occurs most: a header has no decimal commas.
        let count = |delimiter: &char| header.matches(*delimiter).count();
        let delimiter = [',', ';', '\t'].into_iter().rev().max_by_key(count).unwrap_or(',');
        let names = split(header, delimiter).into_iter().map(str::to_owned).collect();
        Ok(Self { path: path.to_owned(), delimiter, names, text })
    }

    /// Hands out the cells of each row below the header with the line's number in the file.
    pub(super) fn for_each_row(
        &self,
        mut take: impl FnMut(usize, &[&str]) -> Result<(), TablesError>,
    ) -> Result<(), TablesError> {
        for (at, line) in self.text.lines().enumerate().skip(1) {
            if line.trim().is_empty() {
                continue;
            }
            let cells = split(line, self.delimiter);
            if cells.len() != self.names.len() {
                return Err(TablesError::Cell {
                    path: self.path.clone(),
                    row: at + 1,
                    found: format!("{} cells", cells.len()),
                    expected: format!("{}, as in the header", self.names.len()),
                    advice: "see whether the file was cut off",
                });
            }
            take(at + 1, &cells)?;
        }
        Ok(())
    }

    /// A number; NaN for an empty cell.
    pub(super) fn number(&self, row: usize, at: usize, cell: &str) -> Result<f64, TablesError> {
        if is_missing(cell) {
            return Ok(f64::NAN);
        }
        let number = cell.parse::<f64>();
        number.map_err(|_| self.wrong(row, at, cell, "a number, or nothing where one is missing"))
    }

    /// A label; `None` where it says that there is none.
    pub(super) fn truth(
        &self,
        row: usize,
        at: usize,
        cell: &str,
    ) -> Result<Option<bool>, TablesError> {
        if is_missing(cell) {
            return Ok(None);
        }
        if cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false") {
            return Ok(Some(cell.eq_ignore_ascii_case("true")));
        }
        match cell.parse::<f64>() {
            Ok(number) if number == 0.0 || number == 1.0 => Ok(Some(number == 1.0)),
            Ok(number) if number == UNLABELLED => Ok(None),
            _ => Err(self.wrong(row, at, cell, "a label: 0, 1, true, false, or -999 for none")),
        }
    }

    /// A time in microseconds.
    pub(super) fn moment(&self, row: usize, at: usize, cell: &str) -> Result<i64, TablesError> {
        parse_moment(cell).ok_or_else(|| {
            self.wrong(row, at, cell, "a time such as 2024-05-31 13:45:00, or a number")
        })
    }

    /// The error about a cell.
    pub(super) fn wrong(&self, row: usize, at: usize, cell: &str, expected: &str) -> TablesError {
        TablesError::Cell {
            path: self.path.clone(),
            row,
            found: format!("column `{}`: found `{cell}`", self.names[at]),
            expected: expected.to_owned(),
            advice: "correct the cell, or name another column",
        }
    }
}

fn is_missing(cell: &str) -> bool {
    ["", "nan", "null", "na"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The cells of a line, without spaces and quotes around them. Quotes may hold delimiters, but no
/// line breaks.
fn split(line: &str, delimiter: char) -> Vec<&str> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    let line = line.trim_start_matches('\u{feff}').trim_end_matches('\r');
    for (at, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if character == delimiter && !quoted => {
                cells.push(&line[start..at]);
                start = at + delimiter.len_utf8();
            }
            _ => {}
        }
    }
    cells.push(&line[start..]);
    cells.into_iter().map(|cell| cell.trim().trim_matches('"').trim()).collect()
}

//! Values separated by a character: what the head tells, and rows to blocks.
//!
//! Cells that nobody asked for are passed over, numbers and times are parsed where they stand.
//! Quotes are those of RFC 4180.

use super::block::{Block, Words, shown};
use super::number::{Cell, cell, number};
use super::plan::{Plan, Role};
use super::time::{TIME_FORMS, TimeFormat, TimeParser};
use crate::error::{TablesError, TelemetryProblem};
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// How a file separates cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// The decimal point.
    pub(super) point: u8,
}

/// The names of the columns, and where the first row begins. `None` if there is no line.
pub(super) fn header(text: &[u8], delimiter: Option<u8>) -> Option<(Vec<String>, usize, u8)> {
    let mut at = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    while matches!(text.get(at), Some(b'\n' | b'\r')) {
        at += 1;
    }
    if at == text.len() {
        return None;
    }
    let line_end = memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n);
    let delimiter = delimiter.unwrap_or_else(|| sniff(&text[at..line_end]));
    let mut cells = Cells { text, at, delimiter };
    let mut names = Vec::new();
    loop {
        let (name, ended) = cells.next();
        names.push(String::from_utf8_lossy(name.trim_ascii()).into_owned());
        if ended {
            return Some((names, cells.at, delimiter));
        }
    }
}

/// The delimiter of a header line: the candidate that occurs most outside quotes.
fn sniff(line: &[u8]) -> u8 {
    let mut inside = false;
    let mut counts = [0_usize; CANDIDATES.len()];
    for &byte in line {
        inside ^= byte == b'"';
        if let Some(at) = CANDIDATES.iter().position(|&c| c == byte && !inside) {
            counts[at] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.iter().position(|&count| count == most).map_or(b',', |at| CANDIDATES[at])
}

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Up to `most` whole rows of the text as cells, for a look at them.
pub(super) fn sample(text: &[u8], delimiter: u8, most: usize) -> Vec<Vec<String>> {
    let mut cells = Cells { text, at: 0, delimiter };
    let mut rows = Vec::new();
    while rows.len() < most && cells.skip_blank() {
        let mut row = Vec::new();
        loop {
            let (cell, ended) = cells.next();
            row.push(String::from_utf8_lossy(cell.trim_ascii()).into_owned());
            if ended {
                break;
            }
        }
        rows.push(row);
    }
    rows
}

/// Where the last whole row of `text` ends, if there is one.
pub(super) fn whole_rows(text: &[u8]) -> Option<usize> {
    let mut end = memchr::memrchr(b'\n', text)? + 1;
    let mut quotes = memchr::memchr_iter(b'"', &text[..end]).count();
    while quotes % 2 == 1 {
        // The last line break stands inside quotes.
        let before = memchr::memrchr(b'\n', &text[..end - 1])? + 1;
        quotes -= memchr::memchr_iter(b'"', &text[before..end]).count();
        end = before;
    }
    Some(end)
}

/// Cells one after the other.
struct Cells<'a> {
    text: &'a [u8],
    at: usize,
    delimiter: u8,
}

impl<'a> Cells<'a> {
    /// Passes over empty lines; whether there is a row.
    fn skip_blank(&mut self) -> bool {
        while matches!(self.text.get(self.at), Some(b'\n' | b'\r')) {
            self.at += 1;
        }
        self.at < self.text.len()
    }

    /// The next cell, without quotes, and whether it was the last of its row.
    fn next(&mut self) -> (Cow<'a, [u8]>, bool) {
        let rest = &self.text[self.at..];
        let blanks = rest.iter().take_while(|&&b| b == b' ').count();
        if rest.get(blanks) == Some(&b'"') {
            self.at += blanks + 1;
            return self.quoted();
        }
        let length = memchr2(self.delimiter, b'\n', rest).unwrap_or(rest.len());
        let mut cell = &rest[..length];
        let ended = rest.get(length) != Some(&self.delimiter);
        self.at += (length + 1).min(rest.len());
        if ended {
            cell = cell.strip_suffix(b"\r").unwrap_or(cell);
        }
        (Cow::Borrowed(cell), ended)
    }

    /// As [`Self::next`] after an opening quote.
    fn quoted(&mut self) -> (Cow<'a, [u8]>, bool) {
        let mut cell: Cow<'a, [u8]> = Cow::Borrowed(&[]);
        loop {
            let rest = &self.text[self.at..];
            let length = memchr(b'"', rest).unwrap_or(rest.len());
            match cell {
                Cow::Borrowed(_) => cell = Cow::Borrowed(&rest[..length]),
                Cow::Owned(ref mut bytes) => bytes.extend_from_slice(&rest[..length]),
            }
            self.at += (length + 1).min(rest.len());
            if self.text.get(self.at) != Some(&b'"') {
                break;
            }
            cell.to_mut().push(b'"');
            self.at += 1;
        }
        let rest = &self.text[self.at..];
        let length = memchr2(self.delimiter, b'\n', rest).unwrap_or(rest.len());
        let ended = rest.get(length) != Some(&self.delimiter);
        self.at += (length + 1).min(rest.len());
        (cell, ended)
    }
}

/// Decodes whole rows. Errors name the row from 0 in the block.
pub(super) fn decode(text: &[u8], dialect: Dialect, plan: &Plan) -> Result<Block, TablesError> {
    let mut rows = Rows {
        cells: Cells { text, at: 0, delimiter: dialect.delimiter },
        point: dialect.point,
        plan,
        time: plan.time.clone().map(TimeParser::new),
        block: Block::new(plan.value_columns()),
    };
    rows.block.bytes = text.len() as u64;
    rows.reserve();
    if plan.has(Role::Device) {
        rows.block.device = Some(Words::default());
    }
    if plan.has(Role::Class) {
        rows.block.class = Some(Words::default());
    }
    if plan.has(Role::Metric) {
        rows.block.metric = Some(Words::default());
    }
    // Without quotes a row ends at the line's end, wherever the last wanted column is.
    let plain = memchr(b'"', text).is_none();
    while rows.cells.skip_blank() {
        rows.row(plain)?;
        rows.block.rows += 1;
    }
    Ok(rows.block)
}

struct Rows<'a> {
    cells: Cells<'a>,
    point: u8,
    plan: &'a Plan,
    time: Option<TimeParser>,
    block: Block,
}

impl Rows<'_> {
    /// Room for as many rows as the first few lines let expect.
    fn reserve(&mut self) {
        let text = self.cells.text;
        let lines = memchr::memchr_iter(b'\n', &text[..text.len().min(4096)]).count().max(1);
        let rows = text.len() / (text.len().min(4096) / lines).max(1) + 16;
        self.block.values.iter_mut().for_each(|column| column.reserve(rows));
        if self.time.is_some() {
            self.block.time.reserve(rows);
        }
    }

    fn row(&mut self, plain: bool) -> Result<(), TablesError> {
        let last = self.plan.roles.len() - 1;
        for (column, &role) in self.plan.roles.iter().enumerate() {
            let ended = match role {
                Role::Skip if plain && column > self.plan.last => {
                    let rest = &self.cells.text[self.cells.at..];
                    self.cells.at += memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
                    return Ok(());
                }
                Role::Skip => self.cells.next().1,
                Role::Value(to) => self.value(to as usize),
                Role::Time => self.time_cell()?,
                Role::Device | Role::Class | Role::Metric => self.word(role),
            };
            if ended != (column == last) {
                return Err(self.ragged(column, ended));
            }
        }
        Ok(())
    }

    #[inline]
    fn value(&mut self, to: usize) -> bool {
        let mut start = self.cells.at;
        while self.cells.text.get(start) == Some(&b' ') {
            start += 1;
        }
        let rest = &self.cells.text[start..];
        if let Some((value, used)) = number(rest, self.point) {
            let ended = match rest.get(used) {
                Some(&byte) if byte == self.cells.delimiter => Some((false, 1)),
                Some(b'\n') => Some((true, 1)),
                Some(b'\r') if rest.get(used + 1) == Some(&b'\n') => Some((true, 2)),
                None => Some((true, 0)),
                _ => None,
            };
            if let Some((ended, further)) = ended {
                self.cells.at = start + used + further;
                self.block.values[to].push(value);
                return ended;
            }
        }
        self.odd_value(to)
    }

    /// A value that is quoted, padded, missing or none.
    fn odd_value(&mut self, to: usize) -> bool {
        let (text, ended) = self.cells.next();
        let row = self.block.rows as u64;
        let value = match cell(&text, self.point) {
            Cell::Number(value) => value,
            Cell::Missing => {
                self.block.odd[to].missing.add(row, &text);
                f64::NAN
            }
            Cell::Text => {
                self.block.odd[to].text.add(row, &text);
                f64::NAN
            }
        };
        self.block.values[to].push(value);
        ended
    }

    fn time_cell(&mut self) -> Result<bool, TablesError> {
        // The layout that nearly everybody writes has a known length.
        let rest = &self.cells.text[self.cells.at..];
        if rest.get(19) == Some(&self.cells.delimiter)
            && let Some(time) = self.time.as_mut().and_then(|time| time.fixed(&rest[..19]))
        {
            self.cells.at += 20;
            self.block.time.push(time);
            return Ok(false);
        }
        let (text, ended) = self.cells.next();
        let parsed = self.time.as_mut().and_then(|time| time.parse(text.trim_ascii()));
        let Some(time) = parsed else {
            return Err(wrong_time(self.block.rows as u64, &text, self.plan));
        };
        self.block.time.push(time);
        Ok(ended)
    }

    fn word(&mut self, role: Role) -> bool {
        let (text, ended) = self.cells.next();
        let words = match role {
            Role::Device => &mut self.block.device,
            Role::Class => &mut self.block.class,
            _ => &mut self.block.metric,
        };
        words.get_or_insert_default().push(&String::from_utf8_lossy(text.trim_ascii()));
        ended
    }

    #[cold]
    fn ragged(&self, column: usize, ended: bool) -> TablesError {
        let count = self.plan.roles.len();
        let found = if ended { (column + 1).to_string() } else { format!("more than {count}") };
        TablesError::telemetry(TelemetryProblem {
            file: String::new(),
            row: Some(self.block.rows as u64),
            column: None,
            problem: format!("the row has {found} cells"),
            expected: format!("{count}, as the header has names"),
            advice: "mend the row; a cell that holds the delimiter needs quotes".to_owned(),
        })
    }
}

/// The error of a time that cannot be read.
pub(super) fn wrong_time(row: u64, text: &[u8], plan: &Plan) -> TablesError {
    let expected = match &plan.time {
        Some(TimeFormat::Custom(pattern)) => format!("a time as `{pattern}`"),
        Some(TimeFormat::DayFirst) => "day, month, year, as other rows were read".to_owned(),
        Some(TimeFormat::MonthFirst) => "month, day, year, as other rows were read".to_owned(),
        _ => format!("a time as in the first rows, one of: {TIME_FORMS}"),
    };
    TablesError::telemetry(TelemetryProblem {
        file: String::new(),
        row: Some(row),
        column: Some(plan.time_name.clone()),
        problem: match shown(text).as_str() {
            "" => "there is no time".to_owned(),
            text => format!("`{text}` is no time"),
        },
        expected,
        advice: "mend the row, name another column with --time, or say how times are written with \
                 --time-format, such as %d.%m.%Y %H:%M"
            .to_owned(),
    })
}

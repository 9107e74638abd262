//! Times as people write them: found out from samples, parsed, written again.
//!
//! What it does not do: it knows no time zones but offsets. Naive times are taken as UTC, so that
//! differences are right wherever the clock was never changed.

use chrono::{NaiveDate, NaiveDateTime};
use std::fmt::Write;

/// What the times of a source were, which is how they are written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    /// No times: rows of a device are numbered from 0.
    Row,
    /// A date and time of day without a zone.
    Naive,
    /// An instant with a zone; written in UTC.
    Zoned,
    /// A whole number since 1970.
    Epoch(EpochUnit),
    /// Seconds since 1970 with a fraction.
    EpochSeconds,
}

/// The unit of whole numbers since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochUnit {
    /// Seconds.
    Second,
    /// Milliseconds.
    Millisecond,
    /// Microseconds.
    Microsecond,
    /// Nanoseconds. Fractions of a microsecond are dropped.
    Nanosecond,
}

impl EpochUnit {
    /// The unit that puts a number of the magnitude of `number` into the centuries around now.
    pub(crate) fn of_magnitude(number: i64) -> Self {
        match number.unsigned_abs() {
            // The year 5138 in seconds, and so on.
            0..100_000_000_000 => Self::Second,
            100_000_000_000..100_000_000_000_000 => Self::Millisecond,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Microsecond,
            _ => Self::Nanosecond,
        }
    }

    pub(crate) fn micros(self, number: i64) -> Option<i64> {
        match self {
            Self::Second => number.checked_mul(1_000_000),
            Self::Millisecond => number.checked_mul(1_000),
            Self::Microsecond => Some(number),
            Self::Nanosecond => Some(number.div_euclid(1_000)),
        }
    }

    const fn of_micros(self, micros: i64) -> i64 {
        match self {
            Self::Second => micros.div_euclid(1_000_000),
            Self::Millisecond => micros.div_euclid(1_000),
            Self::Microsecond => micros,
            Self::Nanosecond => micros.saturating_mul(1_000),
        }
    }
}

impl TimeKind {
    /// `micros` as a number of this kind: what stands in a column of whole numbers.
    pub(crate) const fn number(self, micros: i64) -> i64 {
        match self {
            Self::Epoch(unit) => unit.of_micros(micros),
            _ => micros,
        }
    }

    /// A time of a chunk as text: `2020-03-09 10:14:33`, `2020-03-09T10:14:33Z`, or a number.
    pub fn text(self, micros: i64) -> String {
        let mut text = String::new();
        self.write(micros, &mut text);
        text
    }

    /// Appends [`Self::text`] to `text`.
    pub(crate) fn write(self, micros: i64, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Row | Self::Epoch(_) => write!(text, "{}", self.number(micros)),
            Self::EpochSeconds => write!(text, "{}", micros as f64 / 1e6),
            Self::Naive | Self::Zoned => {
                let (days, within) =
                    (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
                let (year, month, day) = civil_from_days(days);
                let seconds = within / 1_000_000;
                let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
                let between = if self == Self::Zoned { 'T' } else { ' ' };
                let _ = write!(text, "{year:04}-{month:02}-{day:02}{between}{h:02}:{m:02}:{s:02}");
                let fraction = within % 1_000_000;
                if fraction != 0 {
                    let digits = format!("{fraction:06}");
                    text.push('.');
                    text.push_str(digits.trim_end_matches('0'));
                }
                write!(text, "{}", if self == Self::Zoned { "Z" } else { "" })
            }
        };
    }
}

/// How times are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// Year first: ISO 8601 and its relatives.
    YearFirst,
    /// `31/12/2020 23:59`, also with `.` or `-`, two digits of the year, AM and PM.
    DayFirst,
    /// `12/31/2020 23:59`.
    MonthFirst,
    /// A whole number since 1970.
    Epoch(EpochUnit),
    /// A number of seconds since 1970.
    EpochSeconds,
    /// As the user said.
    Custom(String),
}

/// In which order the date of a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Year, month, day.
    YearFirst,
    /// Day, month, year.
    DayFirst,
    /// Month, day, year.
    MonthFirst,
}

impl DateOrder {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::YearFirst, Self::DayFirst, Self::MonthFirst];

    /// The name for people and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::YearFirst => "year/month/day",
            Self::DayFirst => "day/month/year",
            Self::MonthFirst => "month/day/year",
        }
    }

    /// The order called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.name() == name)
    }
}

/// How the dates of texts were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The order that was taken.
    pub order: DateOrder,
    /// Where day and month could be told from each other by no date that was looked at, one of
    /// them; none where somebody said which comes first.
    pub ambiguous: Option<String>,
}

/// What samples tell about times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) format: TimeFormat,
    pub(crate) kind: TimeKind,
    /// How dates were read, where the texts had any and nobody said how.
    pub(crate) dates: Option<Dates>,
}

/// What a message may say that times can look like.
pub(crate) const TIME_FORMS: &str = "RFC 3339 or ISO (2020-03-09 10:14:33), DD/MM/YYYY HH:MM, \
     M/D/YYYY H:MM, or seconds, milliseconds, microseconds or nanoseconds since 1970";

impl TimeFormat {
    /// The format that fits all of `samples`, each the first times of a file; the first text that
    /// fits none is the error. Where day and month cannot be told from each other, `order` tells
    /// them, and without it the order with which times jump least.
    pub(crate) fn found(
        samples: &[Vec<String>],
        custom: Option<&str>,
        order: Option<DateOrder>,
    ) -> Result<Found, String> {
        let texts = || samples.iter().flatten().map(|text| text.trim());
        if let Some(pattern) = custom {
            let format = Self::Custom(pattern.to_owned());
            let zoned = pattern.contains("%z") || pattern.contains("%:z") || pattern.contains("%+");
            let kind = if zoned { TimeKind::Zoned } else { TimeKind::Naive };
            let wrong = texts().find(|text| format.parse(text.as_bytes()).is_none());
            return wrong.map_or(Ok(Found { format, kind, dates: None }), |w| Err(w.to_owned()));
        }
        if let Ok(numbers) = texts().map(str::parse::<i64>).collect::<Result<Vec<_>, _>>() {
            let largest = numbers.iter().copied().max_by_key(|n| n.unsigned_abs()).unwrap_or(0);
            let unit = EpochUnit::of_magnitude(largest);
            let kind = TimeKind::Epoch(unit);
            return Ok(Found { format: Self::Epoch(unit), kind, dates: None });
        }
        // Whole numbers written with a point, as tables of floats are: large ones are no seconds.
        let whole = |text: &str| text.parse::<f64>().ok().filter(|number| number.fract() == 0.0);
        if let Some(numbers) = texts().map(whole).collect::<Option<Vec<f64>>>() {
            let largest = numbers.iter().fold(0.0_f64, |most, number| most.max(number.abs()));
            let unit = EpochUnit::of_magnitude(largest as i64);
            if unit != EpochUnit::Second && largest < 9e15 {
                let kind = TimeKind::Epoch(unit);
                return Ok(Found { format: Self::Epoch(unit), kind, dates: None });
            }
        }
        let fits = |format: &Self| texts().find(|text| format.parse(text.as_bytes()).is_none());
        if fits(&Self::EpochSeconds).is_none() {
            let (format, kind) = (Self::EpochSeconds, TimeKind::EpochSeconds);
            return Ok(Found { format, kind, dates: None });
        }
        let zoned = texts().next().is_some_and(has_zone);
        let kind = if zoned { TimeKind::Zoned } else { TimeKind::Naive };
        let of = |order, ambiguous| {
            let format = match order {
                DateOrder::YearFirst => Self::YearFirst,
                DateOrder::DayFirst => Self::DayFirst,
                DateOrder::MonthFirst => Self::MonthFirst,
            };
            Ok(Found { format, kind, dates: Some(Dates { order, ambiguous }) })
        };
        let year_first = fits(&Self::YearFirst);
        match (year_first, fits(&Self::DayFirst), fits(&Self::MonthFirst)) {
            (None, _, _) => of(DateOrder::YearFirst, None),
            (_, None, Some(_)) => of(DateOrder::DayFirst, None),
            (_, Some(_), None) => of(DateOrder::MonthFirst, None),
            (Some(wrong), Some(_), Some(_)) => Err(wrong.to_owned()),
            (Some(_), None, None) => {
                if let Some(order) = order.filter(|&order| order != DateOrder::YearFirst) {
                    return of(order, None);
                }
                let (day, month) = (Self::DayFirst.span(samples), Self::MonthFirst.span(samples));
                let order = if month < day { DateOrder::MonthFirst } else { DateOrder::DayFirst };
                // One that the two orders read differently tells more.
                let differs = |text: &&str| {
                    Self::DayFirst.parse(text.as_bytes()) != Self::MonthFirst.parse(text.as_bytes())
                };
                let example = texts().find(differs).or_else(|| texts().next());
                of(order, example.map(str::to_owned))
            }
        }
    }

    /// How far the times of the samples jump in all: the right reading jumps least.
    fn span(&self, samples: &[Vec<String>]) -> u128 {
        let parse = |text: &String| self.parse(text.trim().as_bytes());
        let of_file = |texts: &Vec<String>| -> u128 {
            let times: Vec<i64> = texts.iter().filter_map(parse).collect();
            times.windows(2).map(|pair| u128::from(pair[1].abs_diff(pair[0]))).sum()
        };
        samples.iter().map(of_file).sum()
    }

    /// `text` in microseconds since 1970.
    pub(crate) fn parse(&self, text: &[u8]) -> Option<i64> {
        match self {
            Self::YearFirst => year_first(text),
            Self::DayFirst => year_last(text, true),
            Self::MonthFirst => year_last(text, false),
            Self::Epoch(unit) => {
                let text = std::str::from_utf8(text).ok()?;
                let whole = text.parse().ok().and_then(|number| unit.micros(number));
                whole.or_else(|| {
                    // `1583748873.0`, as programs write whole numbers of a column with gaps.
                    let number = text.parse::<f64>().ok().filter(|n| n.fract() == 0.0)?;
                    (number.abs() < 9e15).then(|| unit.micros(number as i64))?
                })
            }
            Self::EpochSeconds => {
                let seconds = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?;
                micros_of_seconds(seconds)
            }
            Self::Custom(pattern) => custom(std::str::from_utf8(text).ok()?, pattern),
        }
    }
}

/// The first directive of a pattern that is none, such as `%Q`.
pub(crate) fn unknown_directive(pattern: &str) -> Option<&str> {
    use chrono::format::{Item, StrftimeItems};
    let wrong = |text: &str| StrftimeItems::new(text).any(|item| matches!(item, Item::Error));
    if !wrong(pattern) {
        return None;
    }
    // The shortest beginning that is wrong and stays so with what follows ends in it.
    let ends = pattern.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.clone().find(|&end| wrong(&pattern[..end]) && !pattern[..end].ends_with('%'));
    let end = end.unwrap_or(pattern.len());
    let begin = pattern[..end].rfind('%').unwrap_or(0);
    Some(&pattern[begin..end])
}

/// Seconds with a fraction in whole microseconds.
pub(crate) fn micros_of_seconds(seconds: f64) -> Option<i64> {
    let micros = (seconds * 1e6).round();
    (micros.abs() < 9.2e18).then_some(micros as i64)
}

/// Parses many times of one format; remembers the last date, since most rows share it.
#[derive(Clone, Debug)]
pub(crate) struct TimeParser {
    format: TimeFormat,
    date: [u8; 10],
    days: i64,
}

impl TimeParser {
    pub(crate) const fn new(format: TimeFormat) -> Self {
        Self { format, date: [0; 10], days: 0 }
    }

    /// `text` in microseconds since 1970.
    pub(crate) fn parse(&mut self, text: &[u8]) -> Option<i64> {
        self.fixed(text).or_else(|| self.format.parse(text))
    }

    /// `2020-03-09 10:14:33`, which is what nearly everybody writes; `None` for all else.
    pub(crate) fn fixed(&mut self, text: &[u8]) -> Option<i64> {
        if !matches!(self.format, TimeFormat::YearFirst) {
            return None;
        }
        let text: &[u8; 19] = text.try_into().ok()?;
        if text[13] != b':' || text[16] != b':' || !matches!(text[10], b' ' | b'T') {
            return None;
        }
        if self.date != text[..10] {
            if text[4] != b'-' || text[7] != b'-' {
                return None;
            }
            let year = i64::from(pair(text, 0)?) * 100 + i64::from(pair(text, 2)?);
            self.days = days(year, pair(text, 5)?, pair(text, 8)?)?;
            self.date.copy_from_slice(&text[..10]);
        }
        let (h, m, s) = (pair(text, 11)?, pair(text, 14)?, pair(text, 17)?);
        if h > 23 || m > 59 || s > 59 {
            return None;
        }
        let seconds = self.days * 86_400 + i64::from(h * 3600 + m * 60 + s);
        Some(seconds * 1_000_000)
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

fn pair(text: &[u8; 19], at: usize) -> Option<u32> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// The days from 1970-01-01 to a date of the proleptic Gregorian calendar.
///
/// # Source
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > last {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Year, month and day of a number of days since 1970-01-01.
///
/// # Source
/// As [`days`], `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Whether an offset or `Z` follows the time of day.
fn has_zone(text: &str) -> bool {
    let Some((_, clock)) = text.split_once(':') else { return text.ends_with('Z') };
    clock.ends_with(['Z', 'z']) || clock.ends_with("UTC") || clock.contains(['+', '-'])
}

/// A text that is eaten from the front.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.0.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        if digits < least {
            return None;
        }
        let value = self.0[..digits].iter().fold(0, |n, &b| n * 10 + u32::from(b - b'0'));
        self.0 = &self.0[digits..];
        Some(value)
    }

    fn one_of(&mut self, choices: &[u8]) -> Option<u8> {
        let &first = self.0.first().filter(|b| choices.contains(b))?;
        self.0 = &self.0[1..];
        Some(first)
    }

    /// `10:14:33.25 PM +02:00` and its beginnings, in microseconds since midnight UTC; or nothing.
    fn clock(&mut self) -> Option<i64> {
        if self.0.is_empty() {
            return Some(0);
        }
        self.one_of(b"T t")?;
        while self.one_of(b" ").is_some() {}
        let mut hour = self.number(1, 2)?;
        let (mut minute, mut second, mut micros) = (0, 0, 0);
        if self.one_of(b":").is_some() {
            minute = self.number(2, 2)?;
            if self.one_of(b":").is_some() {
                second = self.number(2, 2)?;
                if self.one_of(b".,").is_some() {
                    micros = self.fraction()?;
                }
            }
        }
        while self.one_of(b" ").is_some() {}
        if let Some(half) = self.one_of(b"AaPp") {
            self.one_of(b"Mm")?;
            if hour == 0 || hour > 12 {
                return None;
            }
            hour = hour % 12 + if half.eq_ignore_ascii_case(&b'p') { 12 } else { 0 };
        }
        let offset = self.zone()?;
        // A leap second is the last of its minute.
        if hour > 23 || minute > 59 || second > 60 || !self.0.is_empty() {
            return None;
        }
        let seconds = i64::from(hour * 3600 + minute * 60 + second.min(59)) - offset;
        Some(seconds * 1_000_000 + micros)
    }

    /// Digits after the point in microseconds; more than six are dropped.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 || digits > 12 {
            return None;
        }
        let digit = |at: usize| if at < digits { i64::from(self.0[at] - b'0') } else { 0 };
        let micros = (0..6).fold(0, |n, at| n * 10 + digit(at));
        self.0 = &self.0[digits..];
        Some(micros)
    }

    /// The offset from UTC in seconds.
    fn zone(&mut self) -> Option<i64> {
        if self.0.is_empty() {
            return Some(0);
        }
        if matches!(self.0, b"Z" | b"z" | b"UTC" | b"GMT") {
            self.0 = &[];
            return Some(0);
        }
        let sign = if self.one_of(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.number(2, 2)?;
        let _ = self.one_of(b":");
        let minutes = if self.0.is_empty() { 0 } else { self.number(2, 2)? };
        (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
    }
}

fn year_first(text: &[u8]) -> Option<i64> {
    let mut cursor = Cursor(text);
    let year = cursor.number(4, 4)?;
    let between = cursor.one_of(b"-/.")?;
    let month = cursor.number(1, 2)?;
    cursor.one_of(&[between])?;
    let day = cursor.number(1, 2)?;
    let days = days(i64::from(year), month, day)?;
    Some(days * MICROS_PER_DAY + cursor.clock()?)
}

fn year_last(text: &[u8], day_first: bool) -> Option<i64> {
    let mut cursor = Cursor(text);
    let first = cursor.number(1, 2)?;
    let between = cursor.one_of(b"/.-")?;
    let second = cursor.number(1, 2)?;
    cursor.one_of(&[between])?;
    let before = cursor.0.len();
    let year = cursor.number(2, 4)?;
    let year = match before - cursor.0.len() {
        4 => year,
        // As POSIX has it for `%y`.
        2 if year < 69 => 2000 + year,
        2 => 1900 + year,
        _ => return None,
    };
    let (day, month) = if day_first { (first, second) } else { (second, first) };
    let days = days(i64::from(year), month, day)?;
    Some(days * MICROS_PER_DAY + cursor.clock()?)
}

fn custom(text: &str, pattern: &str) -> Option<i64> {
    if let Ok(time) = chrono::DateTime::parse_from_str(text, pattern) {
        return Some(time.timestamp_micros());
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, pattern) {
        return Some(time.and_utc().timestamp_micros());
    }
    // Patterns without minutes or without a time of day at all.
    let (text, pattern) = (format!("{text} 00"), format!("{pattern} %M"));
    if let Ok(time) = NaiveDateTime::parse_from_str(&text, &pattern) {
        return Some(time.and_utc().timestamp_micros());
    }
    let (text, pattern) = (text.strip_suffix(" 00")?, pattern.strip_suffix(" %M")?);
    let date = NaiveDate::parse_from_str(text, pattern).ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests;

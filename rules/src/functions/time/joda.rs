//! Printing with a pattern of Joda-Time.
//!
//! # Source
//! Joda-Time 2, `DateTimeFormat`.

use super::words;
use super::zone::{Local, Zone, written};
use std::fmt::Write as _;

/// A pattern that was understood.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// A letter and how often it stands there.
    Field(char, usize),
}

/// The letters that mean something.
const LETTERS: &str = "GCYxwweEyDMdaKhHkmsSzZ";

impl Printer {
    /// Reads a pattern; `None` if it has a letter that means nothing.
    pub(crate) fn new(pattern: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut is_quoted = false;
        let mut chars = pattern.chars().peekable();
        while let Some(next) = chars.next() {
            if next == '\'' {
                match chars.next_if_eq(&'\'') {
                    Some(_) => text.push('\''),
                    None => is_quoted = !is_quoted,
                }
            } else if is_quoted || !next.is_ascii_alphabetic() {
                text.push(next);
            } else {
                if !LETTERS.contains(next) {
                    return None;
                }
                let mut count = 1;
                while chars.next_if_eq(&next).is_some() {
                    count += 1;
                }
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(Part::Field(next, count));
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Some(Self { parts }).filter(|printer| !printer.parts.is_empty())
    }

    /// The instant as text; `None` beyond the years that are supported.
    pub(crate) fn print(&self, millis: i64, zone: &Zone) -> Option<String> {
        let local = zone.local(millis)?;
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(letter, count) => field(&local, *letter, *count, &mut out),
            }
        }
        Some(out)
    }
}

fn field(local: &Local, letter: char, count: usize, out: &mut String) {
    let (date, time) = (local.clock.date(), local.clock.time());
    let year = i64::from(date.year());
    let hour = i64::from(time.hour());
    let in_half = hour % 12;
    // From 1 where the other letter counts from 0.
    let from_one = |hour: i64, last: i64| if hour == 0 { last } else { hour };
    let mut word = |word: &str| out.push_str(word);
    let month = usize::from(date.month().unsigned_abs()) - 1;
    let day = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    let number = match letter {
        'G' => return word(words::ERAS[usize::from(year > 0)]),
        'M' if count >= 4 => return word(words::MONTHS[month]),
        'M' if count == 3 => return word(words::short(words::MONTHS[month])),
        'E' if count >= 4 => return word(words::DAYS[day]),
        'E' => return word(words::short(words::DAYS[day])),
        'a' => return word(words::HALVES[usize::from(hour >= 12)]),
        'z' if count >= 4 => return word(&local.long_name),
        'z' => return word(&local.name),
        'Z' if count >= 3 => return word(&local.id),
        'Z' => return word(&written(local.offset_s, if count == 2 { ":" } else { "" })),
        'S' => {
            // Milliseconds are all there is; further digits are zero.
            let digits = format!("{:0<count$}", format!("{:03}", time.millisecond()));
            return word(&digits[..count]);
        }
        'C' => year.abs() / 100,
        'y' if count == 2 => year.abs() % 100,
        'Y' if count == 2 => year.abs() % 100,
        'x' if count == 2 => i64::from(date.iso_week_date().year()).abs() % 100,
        'y' => year,
        'Y' => {
            if year > 0 {
                year
            } else {
                1 - year
            }
        }
        'x' => i64::from(date.iso_week_date().year()),
        'w' => i64::from(date.iso_week_date().week()),
        'e' => day as i64 + 1,
        'D' => i64::from(date.day_of_year()),
        'M' => month as i64 + 1,
        'd' => i64::from(date.day()),
        'K' => in_half,
        'h' => from_one(in_half, 12),
        'H' => hour,
        'k' => from_one(hour, 24),
        'm' => i64::from(time.minute()),
        // Only `s` is left: `Printer::new` knows no other letter.
        _ => i64::from(time.second()),
    };
    let sign = if number < 0 { "-" } else { "" };
    // Writing to a String cannot fail.
    let _ = write!(out, "{sign}{:0count$}", number.abs());
}

//! A pattern of Java's `DateTimeFormatter`, as elements to read.
//!
//! # Source
//! Java 11, `java.time.format.DateTimeFormatterBuilder.appendPattern`.

use super::reader::{Names, Presence, Shape};
use super::resolve::Field;
use super::words;
use std::iter::Peekable;
use std::str::Chars;

/// One thing to read.
#[derive(Clone, Debug)]
pub(super) enum Element {
    Literal(Box<str>),
    /// A number of some digits; `reserved` digits belong to the numbers directly behind.
    Number {
        field: Field,
        least: usize,
        most: usize,
        sign: Sign,
        reserved: usize,
    },
    /// The last two digits of a year from 2000 to 2099.
    TwoDigitYear(Field),
    /// This many digits of a second's fraction.
    Fraction(usize),
    /// A word of a list, and the value of the first.
    Word(Field, &'static [&'static str], i64),
    /// An offset from UTC, and the text for none.
    Offset {
        shape: Shape,
        zero: &'static str,
    },
    /// `GMT` and an offset.
    LocalOffset {
        is_full: bool,
    },
    /// A zone's identifier, or one of its names.
    Zone(Names),
    /// What may be missing.
    Optional(Vec<Self>),
    /// What is filled up with blanks to this width.
    Padded(usize, Box<Self>),
}

/// When a number may have a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Minus only.
    Normal,
    /// Plus where it has more digits than it needs, and only there.
    ExceedsPad,
    Never,
}

/// The most digits of a number whose width is open.
const DIGITS_MAX: usize = 19;

const MONTHS_SHORT: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS_SHORT: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const QUARTERS_NARROW: [&str; 4] = ["1", "2", "3", "4"];

/// The elements of `pattern`; `None` if Java refuses it.
pub(super) fn elements(pattern: &str) -> Option<Vec<Element>> {
    let mut builder = Builder { open: vec![Sequence::default()], padding: None };
    let mut chars = pattern.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            'A'..='Z' | 'a'..='z' => {
                let count = run(&mut chars, next);
                builder.letter(next, count, &mut chars)?;
            }
            '\'' => builder.push(Element::Literal(quoted(&mut chars)?.into())),
            '[' => builder.open.push(Sequence::default()),
            ']' => builder.close()?,
            '{' | '}' | '#' => return None,
            other => builder.push(Element::Literal(other.to_string().into())),
        }
    }
    while builder.open.len() > 1 {
        builder.close()?;
    }
    builder.open.pop().map(|sequence| sequence.elements).filter(|_| builder.padding.is_none())
}

/// How often `letter`, which was read once, stands here.
fn run(chars: &mut Peekable<Chars<'_>>, letter: char) -> usize {
    let mut count = 1;
    while chars.next_if_eq(&letter).is_some() {
        count += 1;
    }
    count
}

/// What stands in quotes; a quote if nothing does.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\'' if chars.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' if text.is_empty() => return Some("'".to_owned()),
            '\'' => return Some(text),
            other => text.push(other),
        }
    }
}

#[derive(Default)]
struct Sequence {
    elements: Vec<Element>,
    /// The number to which the next number is adjacent.
    adjacent: Option<usize>,
}

struct Builder {
    /// The pattern itself, and the optional parts that are open.
    open: Vec<Sequence>,
    /// The width to which the next element is filled up.
    padding: Option<usize>,
}

impl Builder {
    fn push(&mut self, element: Element) {
        let element = match self.padding.take() {
            Some(width) => Element::Padded(width, Box::new(element)),
            None => element,
        };
        if let Some(sequence) = self.open.last_mut() {
            sequence.elements.push(element);
            sequence.adjacent = None;
        }
    }

    fn close(&mut self) -> Option<()> {
        if self.open.len() == 1 {
            return None;
        }
        let sequence = self.open.pop()?;
        self.push(Element::Optional(sequence.elements));
        Some(())
    }

    /// A number that shares a run of digits with its neighbours: those of a fixed width keep their
    /// digits, which an open one before them leaves.
    fn number(&mut self, field: Field, least: usize, most: usize, sign: Sign) {
        let is_fixed = least == most && sign == Sign::Never;
        self.adjacent(Element::Number { field, least, most, sign, reserved: 0 }, is_fixed, most);
    }

    fn adjacent(&mut self, element: Element, is_fixed: bool, width: usize) {
        let is_padded = self.padding.is_some();
        let first = self.open.last().and_then(|sequence| sequence.adjacent);
        self.push(element);
        let Some(sequence) = self.open.last_mut().filter(|_| !is_padded) else { return };
        match first {
            Some(first) if is_fixed => {
                if let Element::Number { reserved, .. } = &mut sequence.elements[first] {
                    *reserved += width;
                }
                sequence.adjacent = Some(first);
            }
            _ => sequence.adjacent = Some(sequence.elements.len() - 1),
        }
    }

    /// A year of four digits by default.
    fn year(&mut self, field: Field, count: usize) {
        match count {
            2 => self.adjacent(Element::TwoDigitYear(field), true, 2),
            0..4 => self.number(field, count, DIGITS_MAX, Sign::Normal),
            _ => self.number(field, count, DIGITS_MAX, Sign::ExceedsPad),
        }
    }

    fn letter(
        &mut self,
        letter: char,
        count: usize,
        chars: &mut Peekable<Chars<'_>>,
    ) -> Option<()> {
        match letter {
            'p' => {
                // It must be followed by a letter, which it is about.
                let next = chars.next_if(char::is_ascii_alphabetic)?;
                if next == 'p' || self.padding.is_some() {
                    return None;
                }
                self.padding = Some(count);
                let count = run(chars, next);
                self.letter(next, count, chars)?;
            }
            'u' if count <= DIGITS_MAX => self.year(Field::Year, count),
            'y' if count <= DIGITS_MAX => self.year(Field::YearOfEra, count),
            'Y' if count == 2 => self.push(Element::TwoDigitYear(Field::WeekYear)),
            'Y' if count <= DIGITS_MAX => {
                let sign = if count < 4 { Sign::Normal } else { Sign::ExceedsPad };
                self.alone(Field::WeekYear, count, DIGITS_MAX, sign);
            }
            'w' if count <= 2 => self.alone(Field::WeekOfWeekYear, count, 2, Sign::Never),
            'W' if count == 1 => self.alone(Field::WeekOfMonth, 1, 2, Sign::Never),
            'e' if count <= 2 => self.alone(Field::LocalDayOfWeek, count, 2, Sign::Never),
            'c' if count == 1 => self.alone(Field::LocalDayOfWeek, 1, 2, Sign::Never),
            'G' | 'Q' | 'q' | 'M' | 'L' | 'E' | 'e' | 'c' | 'a' => self.word(letter, count)?,
            'D' if count == 1 => self.number(Field::DayOfYear, 1, DIGITS_MAX, Sign::Normal),
            'D' if count <= 3 => self.number(Field::DayOfYear, count, 3, Sign::Never),
            'F' if count == 1 => {
                self.number(Field::AlignedDayOfWeek, 1, DIGITS_MAX, Sign::Normal);
            }
            'd' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' if count <= 2 => self.unit(letter, count),
            'S' if count <= 9 => self.adjacent(Element::Fraction(count), true, count),
            'A' if count <= DIGITS_MAX => {
                self.number(Field::MilliOfDay, count, DIGITS_MAX, Sign::Never);
            }
            'n' if count <= DIGITS_MAX => {
                self.number(Field::NanoOfSecond, count, DIGITS_MAX, Sign::Never);
            }
            'N' if count <= DIGITS_MAX => {
                self.number(Field::NanoOfDay, count, DIGITS_MAX, Sign::Never);
            }
            'g' if count <= DIGITS_MAX => {
                self.number(Field::ModifiedJulianDay, count, DIGITS_MAX, Sign::Normal);
            }
            'V' if count == 2 => self.push(Element::Zone(Names::None)),
            'z' if count <= 4 => {
                self.push(Element::Zone(if count == 4 { Names::Long } else { Names::Short }));
            }
            'v' if count == 1 => self.push(Element::Zone(Names::Short)),
            'v' if count == 4 => self.push(Element::Zone(Names::Long)),
            'O' if count == 1 || count == 4 => {
                self.push(Element::LocalOffset { is_full: count == 4 });
            }
            'Z' if count == 4 => self.push(Element::LocalOffset { is_full: true }),
            'X' | 'x' | 'Z' => self.offset(letter, count)?,
            _ => return None,
        }
        Some(())
    }

    /// A number that takes no part in the runs of its neighbours.
    fn alone(&mut self, field: Field, least: usize, most: usize, sign: Sign) {
        self.push(Element::Number { field, least, most, sign, reserved: 0 });
    }

    fn unit(&mut self, letter: char, count: usize) {
        let field = match letter {
            'd' => Field::DayOfMonth,
            'h' => Field::ClockHourOfHalf,
            'H' => Field::HourOfDay,
            'k' => Field::ClockHourOfDay,
            'K' => Field::HourOfHalf,
            'm' => Field::MinuteOfHour,
            _ => Field::SecondOfMinute,
        };
        match count {
            1 => self.number(field, 1, DIGITS_MAX, Sign::Normal),
            _ => self.number(field, count, count, Sign::Never),
        }
    }

    /// Months, days and the like: numbers for one or two letters, words for more.
    fn word(&mut self, letter: char, count: usize) -> Option<()> {
        let (field, short, long): (_, &'static [&'static str], &'static [&'static str]) =
            match letter {
                'G' => (Field::Era, &words::ERAS, &words::ERAS_LONG),
                'a' => (Field::HalfOfDay, &words::HALVES, &[]),
                'M' | 'L' => (Field::MonthOfYear, &MONTHS_SHORT, &words::MONTHS),
                'Q' | 'q' => (Field::QuarterOfYear, &words::QUARTERS, &words::QUARTERS_LONG),
                _ => (Field::DayOfWeek, &DAYS_SHORT, &words::DAYS),
            };
        let first = i64::from(!matches!(letter, 'G' | 'a'));
        match (letter, count) {
            ('a', 1) | ('G' | 'E', 1..=3) => self.push(Element::Word(field, short, first)),
            ('a', _) | ('c', 2) => return None,
            ('M' | 'L' | 'Q' | 'q', 1) => self.number(field, 1, DIGITS_MAX, Sign::Normal),
            ('M' | 'L' | 'Q' | 'q', 2) => self.number(field, 2, 2, Sign::Never),
            (_, 3) => self.push(Element::Word(field, short, first)),
            (_, 4) => self.push(Element::Word(field, long, first)),
            ('G', 5) => self.push(Element::Word(field, &words::ERAS_NARROW, first)),
            ('Q' | 'q', 5) => self.push(Element::Word(field, &QUARTERS_NARROW, first)),
            // Single letters are not unique, so that Java reads the number.
            (_, 5) => self.alone(field, 1, DIGITS_MAX, Sign::Normal),
            _ => return None,
        }
        Some(())
    }

    fn offset(&mut self, letter: char, count: usize) -> Option<()> {
        use Presence::{MayBe, Must, Never};
        let (has_colons, minutes, seconds) = match (letter, count) {
            ('X' | 'x', 1) => (false, MayBe, Never),
            ('X' | 'x', 2) | ('Z', 1..=3) => (false, Must, Never),
            ('X' | 'x', 3) => (true, Must, Never),
            ('X' | 'x', 4) => (false, Must, MayBe),
            ('X' | 'x' | 'Z', 5) => (true, Must, MayBe),
            _ => return None,
        };
        let zero = match (letter, count) {
            ('X', _) | ('Z', 5) => "Z",
            ('x', 1) => "+00",
            _ if has_colons => "+00:00",
            _ => "+0000",
        };
        self.push(Element::Offset { shape: Shape { has_colons, minutes, seconds }, zero });
        Some(())
    }
}

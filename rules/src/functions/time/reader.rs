//! Reading text with a pattern of Java's `DateTimeFormatter`.
//!
//! # Source
//! Java 11, `java.time.format.DateTimeFormatterBuilder`: strict parsing, English, smart resolution.

use super::java::{Element, Sign, elements};
use super::resolve::{Field, Parsed};
use super::words;
use super::zone::Zone;

/// A pattern that was understood.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    elements: Vec<Element>,
}

impl Reader {
    /// Reads a pattern; `None` if Java refuses it.
    pub(crate) fn new(pattern: &str) -> Option<Self> {
        elements(pattern).map(|elements| Self { elements })
    }

    /// The milliseconds since 1970 that `text` names; UTC if it names no zone. `None` if it does
    /// not fit the pattern or names no day.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        let mut parsed = Parsed::default();
        let rest = sequence(&self.elements, text, &mut parsed)?;
        if rest.is_empty() { parsed.millis() } else { None }
    }
}

/// Reads elements one after another; what is left of the text.
fn sequence<'t>(elements: &[Element], text: &'t str, parsed: &mut Parsed) -> Option<&'t str> {
    elements.iter().try_fold(text, |text, element| read(element, text, parsed))
}

fn read<'t>(element: &Element, text: &'t str, parsed: &mut Parsed) -> Option<&'t str> {
    match element {
        Element::Literal(literal) => text.strip_prefix(&**literal),
        Element::Number { field, least, most, sign, reserved } => {
            let (value, rest) = number(text, *least, *most, *sign, *reserved)?;
            parsed.set(*field, value)?;
            Some(rest)
        }
        Element::TwoDigitYear(field) => {
            let (value, rest) = number(text, 2, 2, Sign::Never, 0)?;
            parsed.set(*field, 2_000 + value)?;
            Some(rest)
        }
        Element::Fraction(digits) => {
            let part =
                text.get(..*digits).filter(|part| part.bytes().all(|b| b.is_ascii_digit()))?;
            let nanos = format!("{part:0<9}").parse().ok()?;
            parsed.set(Field::NanoOfSecond, nanos)?;
            Some(&text[*digits..])
        }
        Element::Word(field, words, first) => {
            let longest = words
                .iter()
                .enumerate()
                .filter(|(_, word)| text.starts_with(**word))
                .max_by_key(|(_, word)| word.len());
            let (index, word) = longest?;
            parsed.set(*field, index as i64 + first)?;
            Some(&text[word.len()..])
        }
        Element::Offset { shape, zero } => {
            let (seconds, rest) = match text.strip_prefix(zero) {
                Some(rest) => (0, rest),
                None => shape.read(text)?,
            };
            parsed.set(Field::OffsetSeconds, seconds.into())?;
            Some(rest)
        }
        Element::LocalOffset { is_full } => {
            let (seconds, rest) = local_offset(text.strip_prefix("GMT")?, *is_full)?;
            parsed.set(Field::OffsetSeconds, seconds.into())?;
            Some(rest)
        }
        Element::Zone(names) => {
            let (zone, rest) = zone(text, *names)?;
            parsed.zone = Some(zone);
            Some(rest)
        }
        Element::Optional(inner) => {
            let mut tried = parsed.clone();
            match sequence(inner, text, &mut tried) {
                Some(rest) => {
                    *parsed = tried;
                    Some(rest)
                }
                None => Some(text),
            }
        }
        Element::Padded(width, inner) => {
            let padded = text.get(..*width)?;
            let rest = read(inner, padded.trim_start_matches(' '), parsed)?;
            if rest.is_empty() { Some(&text[*width..]) } else { None }
        }
    }
}

/// Java's strict `NumberPrinterParser`: `reserved` digits belong to the numbers behind.
fn number(
    text: &str,
    least: usize,
    most: usize,
    sign: Sign,
    reserved: usize,
) -> Option<(i64, &str)> {
    let (negative, positive) = (text.starts_with('-'), text.starts_with('+'));
    let allowed = match sign {
        Sign::Normal => !positive,
        Sign::ExceedsPad => true,
        Sign::Never => !(negative || positive),
    };
    if !allowed {
        return None;
    }
    let digits = &text[usize::from(negative || positive)..];
    let run = digits.bytes().take(most + reserved).take_while(u8::is_ascii_digit).count();
    if run < least {
        return None;
    }
    let length = if reserved > 0 { least.max(run.saturating_sub(reserved)) } else { run };
    let value: i64 = digits[..length].parse().ok()?;
    if negative && value == 0 {
        return None;
    }
    if sign == Sign::ExceedsPad && !negative && positive != (length > least) {
        return None;
    }
    Some((if negative { -value } else { value }, &digits[length..]))
}

/// The shape of a numeric offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) has_colons: bool,
    pub(super) minutes: Presence,
    pub(super) seconds: Presence,
}

/// Whether a part of an offset must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Never,
    MayBe,
    Must,
}

impl Shape {
    /// That of the offsets in zone identifiers.
    const ID: Self = Self { has_colons: true, minutes: Presence::Must, seconds: Presence::MayBe };

    /// The seconds, and what is left of the text.
    fn read(self, text: &str) -> Option<(i32, &str)> {
        let sign = match text.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, mut rest) = two_digits(&text[1..], 23)?;
        let mut seconds = hours * 3_600;
        for (presence, unit) in [(self.minutes, 60), (self.seconds, 1)] {
            if presence == Presence::Never {
                break;
            }
            let part = if self.has_colons { rest.strip_prefix(':') } else { Some(rest) };
            match part.and_then(|part| two_digits(part, 59)) {
                Some((value, behind)) => {
                    seconds += value * unit;
                    rest = behind;
                }
                None if presence == Presence::Must => return None,
                None => break,
            }
        }
        Some((sign * seconds, rest))
    }
}

fn two_digits(text: &str, most: i32) -> Option<(i32, &str)> {
    let digits = text.get(..2).filter(|pair| pair.bytes().all(|byte| byte.is_ascii_digit()))?;
    let value = digits.parse().ok().filter(|value| *value <= most)?;
    Some((value, &text[2..]))
}

/// What follows `GMT`: nothing, `+8`, `+8:30`, or in full `+08:00`.
fn local_offset(text: &str, is_full: bool) -> Option<(i32, &str)> {
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((0, text)),
    };
    if is_full {
        return Shape::ID.read(text);
    }
    let digits = text[1..].bytes().take(2).take_while(u8::is_ascii_digit).count();
    let hours: i32 = text[1..=digits].parse().ok()?;
    let mut seconds = hours * 3_600;
    let mut rest = &text[1 + digits..];
    for unit in [60, 1] {
        let Some((value, behind)) = rest.strip_prefix(':').and_then(|part| two_digits(part, 59))
        else {
            break;
        };
        seconds += value * unit;
        rest = behind;
    }
    Some((sign * seconds, rest))
}

/// Which names of zones are read beside identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    None,
    Short,
    Long,
}

/// Names in the time zone database that Java does not take for regions.
const NO_REGIONS: [&str; 3] = ["EST", "HST", "MST"];

/// A zone at the start of `text`: an offset, an offset behind UTC, UT or GMT, or the longest
/// identifier or name that fits.
fn zone(text: &str, names: Names) -> Option<(Zone, &str)> {
    if text.starts_with(['+', '-']) {
        let (seconds, rest) = Shape::ID.read(text)?;
        return Some((Zone::fixed(seconds)?, rest));
    }
    if let Some(rest) = ["UTC", "UT", "GMT"].iter().find_map(|prefix| text.strip_prefix(prefix)) {
        return match Shape::ID.read(rest) {
            Some((seconds, rest)) => Some((Zone::fixed(seconds)?, rest)),
            None => Some((Zone::utc(), rest)),
        };
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(byte);
    let end = text.bytes().take_while(is_part).count();
    let region = |end: usize| {
        let id = Some(&text[..end]).filter(|id| !NO_REGIONS.contains(id))?;
        Some((Zone::region(id)?, end))
    };
    let id = (1..=end).rev().find_map(region);
    let name = words::ZONES
        .iter()
        .map(|zone| (if names == Names::Short { zone.short } else { zone.long }, zone.region))
        .filter(|(name, _)| names != Names::None && text.starts_with(name))
        .max_by_key(|(name, _)| name.len());
    match (id, name) {
        (Some((_, end)), Some((name, region))) if name.len() >= end => {
            Some((Zone::region(region)?, &text[name.len()..]))
        }
        (Some((zone, end)), _) => Some((zone, &text[end..])),
        (None, Some((name, region))) => Some((Zone::region(region)?, &text[name.len()..])),
        (None, None) => Some((Zone::utc(), text.strip_prefix('Z')?)),
    }
}

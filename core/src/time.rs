//! Time as an argument: instants and spans in integer nanoseconds.
//!
//! Four named times cross the crates: `now` (the engine's clock), `sampled_at` (the device's own
//! clock), `received_at` (the gateway) and `stored_at` (the cloud).

use crate::error::CoreError;
use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use std::fmt;
use std::ops::{Add, Sub};

const NS_PER_S: i64 = 1_000_000_000;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Timestamp {
    /// The instant `nanos` nanoseconds after the epoch.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The instant `millis` milliseconds after the epoch.
    #[inline]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Midnight UTC of a date of the proleptic Gregorian calendar; `None` if there is no such date.
    #[inline]
    pub fn from_date(year: i32, month: u32, day: u32) -> Option<Self> {
        let date = NaiveDate::from_ymd_opt(year, month, day)?;
        Some(Self(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp() * NS_PER_S))
    }

    /// Reads RFC 3339 (`2018-06-01T00:00:00Z`) or a bare date, which means midnight UTC.
    ///
    /// # Errors
    /// [`CoreError::Time`] if it is neither.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        let wrong = || CoreError::Time { text: text.to_owned() };
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Self::from_date(date.year(), date.month(), date.day()).ok_or_else(wrong);
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
        time.timestamp_nanos_opt().map(Self).ok_or_else(wrong)
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[inline]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole seconds since the epoch, rounded down.
    #[inline]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(NS_PER_S)
    }

    /// Whole days since the epoch, rounded down.
    #[inline]
    pub const fn days(self) -> i64 {
        self.0.div_euclid(86_400 * NS_PER_S)
    }

    /// Hours since midnight UTC, in [0, 24).
    #[inline]
    pub fn hour_of_day(self) -> f64 {
        self.0.rem_euclid(86_400 * NS_PER_S) as f64 / (3_600 * NS_PER_S) as f64
    }

    /// Day of the year, 1 to 366, in UTC.
    #[inline]
    pub fn day_of_year(self) -> u32 {
        self.utc().ordinal()
    }

    /// Year, month (1..), day (1..), hour, minute, second in UTC.
    pub fn civil(self) -> (i32, u32, u32, u32, u32, u32) {
        let t = self.utc();
        (t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
    }

    fn utc(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_nanos(self.0)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, mo, d, h, mi, s) = self.civil();
        write!(f, "{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}")?;
        let millis = self.millis().rem_euclid(1_000);
        if millis != 0 {
            write!(f, ".{millis:03}")?;
        }
        f.write_str("Z")
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `nanos` nanoseconds.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// `seconds` seconds.
    #[inline]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * NS_PER_S)
    }

    /// The span closest to `seconds` seconds.
    #[inline]
    pub fn from_seconds_f64(seconds: f64) -> Self {
        Self((seconds * NS_PER_S as f64).round() as i64)
    }

    /// `hours` hours.
    #[inline]
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_seconds(hours * 3_600)
    }

    /// `days` days of 24 hours.
    #[inline]
    pub const fn from_days(days: i64) -> Self {
        Self::from_hours(days * 24)
    }

    /// Reads `90s`, `15m`, `36h`, `10d` (a non-negative number, decimals allowed, and a unit).
    ///
    /// # Errors
    /// [`CoreError::Duration`] otherwise.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        let wrong = || CoreError::Duration { text: text.to_owned() };
        let unit_at =
            text.len().checked_sub(1).filter(|&i| text.is_char_boundary(i)).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let seconds_per_unit = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(wrong()),
        };
        let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let value: f64 =
            if plain { number.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
        let seconds = value * seconds_per_unit;
        // 200 years: beyond it nanoseconds since 1970 leave 64 bits.
        if seconds > 200.0 * 365.25 * 86_400.0 {
            return Err(wrong());
        }
        Ok(Self::from_seconds_f64(seconds))
    }

    /// Nanoseconds.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds, as a real number.
    #[inline]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }

    /// Hours, as a real number.
    #[inline]
    pub fn hours(self) -> f64 {
        self.seconds() / 3_600.0
    }

    /// Days of 24 hours, as a real number.
    #[inline]
    pub fn days(self) -> f64 {
        self.hours() / 24.0
    }
}

impl fmt::Display for Span {
    /// The largest unit that divides the span: `10d`, `36h`, `15m`, `90s`, `0.25s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
            if self.0 % (seconds * NS_PER_S) == 0 && (self.0 != 0 || unit == "s") {
                return write!(f, "{}{unit}", self.0 / (seconds * NS_PER_S));
            }
        }
        write!(f, "{}s", self.seconds())
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    #[inline]
    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    #[inline]
    fn sub(self, span: Span) -> Self {
        Self(self.0 - span.0)
    }
}

impl Sub for Timestamp {
    type Output = Span;
    #[inline]
    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_alike() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("36h", 129_600), ("10d", 864_000), ("0s", 0)]
        {
            let span = Span::parse(text).expect(text);
            assert_eq!(span, Span::from_seconds(seconds));
            assert_eq!(Span::parse(&span.to_string()), Ok(span));
        }
        assert_eq!(Span::parse("1.5h"), Ok(Span::from_seconds(5_400)));
    }

    #[test]
    fn malformed_durations_are_refused() {
        for text in ["", "s", "10", "10w", "-5s", "1e3s", "ten d", "5µ", "inf s", "99999999d"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_read_and_print_alike() {
        let t = Timestamp::parse("2018-06-01T12:30:00Z").expect("valid");
        assert_eq!(t.to_string(), "2018-06-01T12:30:00Z");
        assert_eq!(t.day_of_year(), 152);
        assert!((t.hour_of_day() - 12.5).abs() < 1e-12, "hours");
        assert_eq!(Timestamp::parse("2018-06-01"), Ok(t - Span::from_seconds(45_000)));
        assert_eq!((t + Span::from_nanos(7_000_000)).to_string(), "2018-06-01T12:30:00.007Z");
        assert!(Timestamp::parse("2018-13-01").is_err());
    }
}

//! From the fields that were read to an instant.
//!
//! # Source
//! Java 11, `java.time.format.Parsed` and `java.time.chrono.IsoChronology` in the smart style;
//! weeks as in the United States: they begin on Sunday, and 1 January is in the first.

use super::zone::{OFFSET_S_MAX, Zone};
use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan as _};
use std::collections::BTreeMap;

/// A field of a date, a time or an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Era,
    Year,
    YearOfEra,
    QuarterOfYear,
    MonthOfYear,
    DayOfMonth,
    DayOfYear,
    DayOfWeek,
    AlignedDayOfWeek,
    WeekYear,
    WeekOfWeekYear,
    WeekOfMonth,
    LocalDayOfWeek,
    ModifiedJulianDay,
    HalfOfDay,
    HourOfHalf,
    ClockHourOfHalf,
    HourOfDay,
    ClockHourOfDay,
    MinuteOfHour,
    SecondOfMinute,
    NanoOfSecond,
    MilliOfDay,
    NanoOfDay,
    OffsetSeconds,
}

/// What was read so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    fields: BTreeMap<Field, i64>,
    pub(super) zone: Option<Zone>,
}

const NANOS_A_SECOND: i64 = 1_000_000_000;
const NANOS_A_DAY: i64 = 86_400 * NANOS_A_SECOND;

/// The Modified Julian Day of 1 January 1970.
const EPOCH_MODIFIED_JULIAN_DAY: i64 = 40_587;

impl Parsed {
    /// Sets a field; `None` if it has another value already.
    pub(super) fn set(&mut self, field: Field, value: i64) -> Option<()> {
        (*self.fields.entry(field).or_insert(value) == value).then_some(())
    }

    fn get(&self, field: Field) -> Option<i64> {
        self.fields.get(&field).copied()
    }

    /// Takes a field out; `None` inside if its value is not in `range`.
    fn take(&mut self, field: Field, range: std::ops::RangeInclusive<i64>) -> Option<Option<i64>> {
        match self.fields.remove(&field) {
            Some(value) if !range.contains(&value) => None,
            value => Some(value),
        }
    }

    /// The instant in milliseconds since 1970.
    pub(super) fn millis(mut self) -> Option<i64> {
        let (time, excess_days) = self.time()?;
        let date = self.date()?;
        self.agrees_with(date)?;
        let date = date.checked_add(excess_days.days()).ok()?;
        let clock = DateTime::from_parts(date, time);
        match self.get(Field::OffsetSeconds) {
            Some(seconds) => {
                let seconds = i32::try_from(seconds).ok().filter(|s| s.abs() <= OFFSET_S_MAX)?;
                Zone::fixed(seconds)?.instant(clock)
            }
            None => self.zone.unwrap_or_else(Zone::utc).instant(clock),
        }
    }

    /// The time of day, midnight if there is none, and days beyond it.
    fn time(&mut self) -> Option<(Time, i64)> {
        if let Some(hour) = self.take(Field::ClockHourOfDay, 0..=24)? {
            self.set(Field::HourOfDay, hour % 24)?;
        }
        if let Some(hour) = self.take(Field::ClockHourOfHalf, 0..=12)? {
            self.set(Field::HourOfHalf, hour % 12)?;
        }
        if let (Some(half), Some(hour)) = (self.get(Field::HalfOfDay), self.get(Field::HourOfHalf))
        {
            self.take(Field::HourOfHalf, 0..=11)?;
            self.fields.remove(&Field::HalfOfDay);
            self.set(Field::HourOfDay, half * 12 + hour)?;
        }
        if let Some(millis) = self.take(Field::MilliOfDay, 0..=NANOS_A_DAY / 1_000_000 - 1)? {
            self.set_nano_of_day(millis * 1_000_000)?;
        }
        if let Some(nanos) = self.take(Field::NanoOfDay, 0..=NANOS_A_DAY - 1)? {
            self.set_nano_of_day(nanos)?;
        }
        let hour = self.take(Field::HourOfDay, 0..=24)?;
        let minute = self.take(Field::MinuteOfHour, 0..=59)?;
        let second = self.take(Field::SecondOfMinute, 0..=59)?;
        let nano = self.take(Field::NanoOfSecond, 0..=NANOS_A_SECOND - 1)?;
        // A half of a day without its hour, or the reverse, says no time.
        if self.get(Field::HalfOfDay).is_some() || self.get(Field::HourOfHalf).is_some() {
            return None;
        }
        let Some(hour) = hour else {
            let is_bare = minute.is_none() && second.is_none() && nano.is_none();
            return is_bare.then_some((Time::midnight(), 0));
        };
        // Only what is smaller than the smallest may be left out.
        let has_gap = minute.is_none() && (second.is_some() || nano.is_some())
            || second.is_none() && nano.is_some();
        if has_gap {
            return None;
        }
        let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
        let nano = nano.unwrap_or(0);
        if hour == 24 {
            let is_midnight = minute == 0 && second == 0 && nano == 0;
            return is_midnight.then_some((Time::midnight(), 1));
        }
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, nano.try_into().ok()?);
        Some((time.ok()?, 0))
    }

    fn set_nano_of_day(&mut self, nanos: i64) -> Option<()> {
        let seconds = nanos / NANOS_A_SECOND;
        self.set(Field::HourOfDay, seconds / 3_600)?;
        self.set(Field::MinuteOfHour, seconds / 60 % 60)?;
        self.set(Field::SecondOfMinute, seconds % 60)?;
        self.set(Field::NanoOfSecond, nanos % NANOS_A_SECOND)
    }

    /// The day; `None` if the fields name none.
    fn date(&mut self) -> Option<Date> {
        self.year()?;
        if let Some(day) = self.get(Field::LocalDayOfWeek) {
            // Sunday is the first; ISO counts it as the last.
            let day = Some(day).filter(|day| (1..=7).contains(day))?;
            self.set(Field::DayOfWeek, (day + 5) % 7 + 1)?;
        }
        if let Some(day) = self.get(Field::ModifiedJulianDay) {
            let days = day.checked_sub(EPOCH_MODIFIED_JULIAN_DAY)?;
            let days = Span::new().try_days(days).ok()?;
            return Date::constant(1970, 1, 1).checked_add(days).ok();
        }
        let year = self.get(Field::Year);
        let month = self.get(Field::MonthOfYear);
        if let (Some(year), Some(month), Some(day)) = (year, month, self.get(Field::DayOfMonth)) {
            let first = Date::new(year.try_into().ok()?, small(month)?, 1).ok()?;
            // A day that this month does not have, but others, is its last.
            let day = Some(day).filter(|day| (1..=31).contains(day))?;
            return Date::new(first.year(), first.month(), small(day)?.min(first.days_in_month()))
                .ok();
        }
        if let (Some(year), Some(day)) = (year, self.get(Field::DayOfYear)) {
            let first = Date::new(year.try_into().ok()?, 1, 1).ok()?;
            return first.with().day_of_year(day.try_into().ok()?).build().ok();
        }
        self.date_of_week()
    }

    /// The proleptic year of an era's year. Without an era it is that of our own.
    fn year(&mut self) -> Option<()> {
        let Some(of_era) = self.take(Field::YearOfEra, 1..=i64::MAX)? else { return Some(()) };
        let is_ours = match self.get(Field::Era) {
            Some(era) => era == 1,
            None => self.get(Field::Year).is_none_or(|year| year > 0),
        };
        self.set(Field::Year, if is_ours { of_era } else { 1 - of_era })
    }

    /// The day of a week of a week-based year, or of a month.
    fn date_of_week(&self) -> Option<Date> {
        let day = self.get(Field::DayOfWeek)? % 7;
        if let (Some(year), Some(week)) =
            (self.get(Field::WeekYear), self.get(Field::WeekOfWeekYear))
        {
            let first = Date::new(year.try_into().ok()?, 1, 1).ok()?;
            let begins = i64::from(first.weekday().to_sunday_zero_offset());
            // Week 1 holds 1 January; the week that holds the next one is the next year's.
            let last = (begins + i64::from(first.days_in_year())) / 7;
            let week = Some(week).filter(|week| (1..=53).contains(week))?.min(last);
            return first.checked_add(((week - 1) * 7 + day - begins).days()).ok();
        }
        let (year, month) = (self.get(Field::Year)?, self.get(Field::MonthOfYear)?);
        let week = self.get(Field::WeekOfMonth).filter(|week| (0..=6).contains(week))?;
        let first = Date::new(year.try_into().ok()?, small(month)?, 1).ok()?;
        let begins = i64::from(first.weekday().to_sunday_zero_offset());
        first.checked_add(((week - 1) * 7 + day - begins).days()).ok()
    }

    /// `None` if any other field says something else than `date`.
    fn agrees_with(&self, date: Date) -> Option<()> {
        let year = i64::from(date.year());
        let month = i64::from(date.month());
        let of_month = i64::from(date.day());
        let sunday = i64::from(date.weekday().to_sunday_zero_offset());
        for (field, value) in &self.fields {
            let expected = match field {
                Field::Era => i64::from(year > 0),
                Field::Year => year,
                Field::QuarterOfYear => (month - 1) / 3 + 1,
                Field::MonthOfYear => month,
                Field::DayOfYear => i64::from(date.day_of_year()),
                Field::DayOfWeek => (sunday + 6) % 7 + 1,
                Field::AlignedDayOfWeek => (of_month - 1) % 7 + 1,
                // The day is brought into its month, and these were used or say nothing alone.
                _ => continue,
            };
            if *value != expected {
                return None;
            }
        }
        Some(())
    }
}

fn small(number: i64) -> Option<i8> {
    number.try_into().ok()
}

//! Times as benchmarks and label lists spell them.

use fieldmirror_core::time::Timestamp;

/// Microseconds since 1970 UTC of a time in text:
///
/// - `2024-05-31`, `2024-05-31 13:45`, `2024-05-31T13:45:00.25Z`, `...+02:00` (without a zone: UTC);
/// - `31/05/24 13` or `31/05/2024 13:45:00`: the day first, as BATADAL has it;
/// - a number: below 100 million it stands for itself (a row's number), below 10^11 it is seconds,
///   below 10^14 milliseconds, below 10^17 microseconds, and above nanoseconds since 1970.
pub fn parse_moment(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return from_whole(number);
    }
    if let Ok(number) = text.parse::<f64>() {
        return from_fraction(number);
    }
    let (date, rest) = match text.find([' ', 'T', 't']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let day = day_of(date)?;
    let (clock, zone) = split_zone(rest)?;
    day.checked_add(clock_of(clock)?)?.checked_sub(zone)
}

const SECOND: i64 = 1_000_000;

fn from_whole(number: i64) -> Option<i64> {
    match number.unsigned_abs() {
        0..100_000_000 => Some(number),
        100_000_000..100_000_000_000 => number.checked_mul(SECOND),
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number),
        _ => Some(number / 1000),
    }
}

fn from_fraction(number: f64) -> Option<i64> {
    let size = number.abs();
    if !number.is_finite() || size >= 1e17 {
        return None;
    }
    let factor = if size < 1e8 {
        1.0
    } else if size < 1e11 {
        1e6
    } else if size < 1e14 {
        1e3
    } else {
        1.0
    };
    Some((number * factor).round() as i64)
}

fn day_of(date: &str) -> Option<i64> {
    let parts: Vec<&str> = date.split(['-', '/']).collect();
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = if date.contains('/') && first.len() <= 2 {
        let year: i32 = last.parse().ok()?;
        (if last.len() <= 2 { 2000 + year } else { year }, first)
    } else {
        (first.parse().ok()?, last)
    };
    let date = Timestamp::from_date(year, month.parse().ok()?, day.parse().ok()?)?;
    Some(date.nanos() / 1000)
}

/// The clock's text, and what its zone is ahead of UTC in microseconds.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock.trim(), 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    let zone = text[at + 1..].replace(':', "");
    let digits: i64 = zone.parse().ok()?;
    let (hours, minutes) = if zone.len() <= 2 { (digits, 0) } else { (digits / 100, digits % 100) };
    Some((text[..at].trim(), sign * (hours * 3_600 + minutes * 60) * SECOND))
}

fn clock_of(clock: &str) -> Option<i64> {
    if clock.is_empty() {
        return Some(0);
    }
    let mut parts = clock.split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next().map_or(Ok(0), str::parse).ok()?;
    let seconds: f64 = parts.next().map_or(Ok(0.0), str::parse).ok()?;
    let within = (0..24).contains(&hours) && (0..60).contains(&minutes);
    if !within || !(0.0..61.0).contains(&seconds) || parts.next().is_some() {
        return None;
    }
    let micros = (seconds * SECOND as f64).round() as i64;
    Some((hours * 3_600 + minutes * 60) * SECOND + micros)
}

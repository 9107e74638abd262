//! Ticks that people like: round numbers and the beginnings of days.

use super::ValueAxis;
use fieldmirror_core::time::{Span, Timestamp};

/// The horizontal axis: days since the run's start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct TimeAxis {
    /// When the run began.
    pub(in crate::report) start: Timestamp,
    /// How long it lasted, in days.
    pub(in crate::report) days: f64,
}

/// Months in short.
pub(in crate::report) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl TimeAxis {
    /// Days from the start to `time`.
    pub(in crate::report) fn at(&self, time: Timestamp) -> f64 {
        (time - self.start).days()
    }

    /// Ticks at round distances, at most `most` of them, as (day, label).
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        const STEPS_H: [i64; 13] = [1, 2, 3, 6, 12, 24, 48, 120, 240, 360, 720, 1_440, 2_880];
        let hours = self.days * 24.0;
        let fits = |step: &&i64| hours / **step as f64 <= most as f64;
        let step = STEPS_H.iter().find(fits).copied().unwrap_or(8_760);
        let count = (hours / step as f64 + 1e-9).floor() as i64;
        (0..=count)
            .map(|i| {
                let time = self.start + Span::from_hours(i * step);
                (self.at(time), label(time, step < 24))
            })
            .collect()
    }
}

fn label(time: Timestamp, by_hour: bool) -> String {
    let (_, month, day, hour, ..) = time.civil();
    if by_hour && hour != 0 { format!("{hour:02}:00") } else { date(month, day) }
}

fn date(month: u32, day: u32) -> String {
    format!("{day} {}", MONTHS[month as usize - 1])
}

/// A time for people, such as `29 Jun 2017, 14:00`.
pub(in crate::report) fn spoken(time: Timestamp) -> String {
    let (year, month, day, hour, minute, _) = time.civil();
    format!("{} {year}, {hour:02}:{minute:02}", date(month, day))
}

impl ValueAxis {
    /// An axis from zero that holds `max`.
    pub(super) fn from_zero(max: f64) -> Self {
        Self::around(0.0, if max > 0.0 { max } else { 1.0 })
    }

    /// An axis with about five round ticks that holds `low` and `high`.
    pub(super) fn around(low: f64, high: f64) -> Self {
        let (low, high) = if high > low { (low, high) } else { (low - 1.0, low + 1.0) };
        let step = round_step((high - low) / 4.0);
        let (from, to) = ((low / step).floor() * step, (high / step).ceil() * step);
        let count = ((to - from) / step).round() as i64;
        let digits = digits(step);
        let ticks = (0..=count)
            .map(|i| from + i as f64 * step)
            .map(|value| (value, format!("{:.digits$}", value + 0.0)))
            .collect();
        Self { from, to, ticks, grid: true }
    }

    /// A logarithmic axis: values are base-10 logarithms.
    pub(super) fn decades(low: f64, high: f64) -> Self {
        let (from, to) = (low.floor(), high.ceil().max(low.floor() + 1.0));
        let step = (((to - from) / 5.0).ceil() as i64).max(1);
        let ticks = (from as i64..=to as i64)
            .filter(|power| power % step == 0)
            .map(|power| (power as f64, decade(power)))
            .collect();
        Self { from, to, ticks, grid: true }
    }

    /// Rows with names, the first on top.
    pub(super) fn rows(names: &[String]) -> Self {
        let count = names.len() as f64;
        let ticks =
            names.iter().enumerate().map(|(i, name)| (count - i as f64 - 0.5, name.clone()));
        Self { from: 0.0, to: count.max(1.0), ticks: ticks.collect(), grid: false }
    }
}

/// How many digits after the point it takes to print multiples of `step`.
fn digits(step: f64) -> usize {
    let is_whole = |digits: &usize| {
        let shifted = step * libm::exp10(*digits as f64);
        (shifted - shifted.round()).abs() < 1e-6
    };
    (0..9).find(is_whole).unwrap_or(9)
}

fn decade(power: i64) -> String {
    match power {
        -3..=-1 => format!("{:.*}", -power as usize, libm::exp10(power as f64)),
        0..=4 => format!("{:.0}", libm::exp10(power as f64)),
        _ => format!("1e{power}"),
    }
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `rough`.
pub(in crate::report) fn round_step(rough: f64) -> f64 {
    let power = libm::exp10(libm::log10(rough).floor());
    let lead = rough / power;
    let round = [1.0, 2.0, 2.5, 5.0].into_iter().find(|round| lead <= round + 1e-9);
    round.unwrap_or(10.0) * power
}

//! Axes of small pictures: values of any size, and times of any kind.
//!
//! The report's own axes know days and values of ordinary size; telemetry of anybody may be rows
//! without times, fractions of a second or decades.

use crate::report::charts::{MONTHS, round_step};
use fieldmirror_core::time::Timestamp;
use fieldmirror_tables::source::{EpochUnit, TimeKind};

/// Labelled positions, from 0 to 1.
pub(super) type Ticks = Vec<(f64, String)>;

/// A vertical axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValueAxis {
    from: f64,
    to: f64,
    /// Whether `from` and `to` are base-10 logarithms.
    is_log: bool,
}

impl ValueAxis {
    /// An axis that holds all that is finite of `values`, with a little room.
    pub(super) fn around(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extent(values).unwrap_or((0.0, 1.0));
        let size = low.abs().max(high.abs());
        // A constant gets an axis too, whatever its size.
        let least = if size > 0.0 { size * 1e-6 } else { 1.0 };
        let room = if high - low > least { (high - low) * 0.08 } else { least };
        Self { from: low - room, to: high + room, is_log: false }
    }

    /// An axis for scores with their threshold: from zero, or by decades where the scores leave
    /// the threshold far behind.
    pub(super) fn of_scores(scores: impl Iterator<Item = f64>, threshold: f64) -> Self {
        let (low, high) = extent(scores.chain([threshold])).unwrap_or((0.0, 1.0));
        if threshold > 0.0 && high > 30.0 * threshold {
            let from = libm::log10(threshold) - 1.0;
            return Self { from, to: libm::log10(high) + 0.1, is_log: true };
        }
        let high = if high > low.min(0.0) { high } else { low.min(0.0) + 1.0 };
        let room = (high - low.min(0.0)) * 0.08;
        Self { from: if low < 0.0 { low - room } else { 0.0 }, to: high + room, is_log: false }
    }

    /// Where `value` stands, from 0 to 1; `None` for what is not a number.
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        let value = match self.is_log {
            true if value <= 0.0 => self.from,
            true => libm::log10(value),
            false => value,
        };
        let at = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        at.is_finite().then_some(at)
    }

    /// A few round ticks.
    pub(super) fn ticks(&self) -> Ticks {
        if self.is_log {
            let (first, last) = (self.from.ceil() as i64, self.to.floor() as i64);
            let step = ((last - first) / 3).max(1);
            let powers = (first..=last).filter(|power| (power - first) % step == 0);
            let value = |power: i64| libm::exp10(power as f64);
            let tick =
                |power: i64| (self.at(value(power)), value_label(value(power), value(power)));
            return powers.filter_map(|p| at_label(tick(p))).collect();
        }
        let step = round_step((self.to - self.from) / 3.0);
        multiples(self.from, self.to, step)
            .filter_map(|value| at_label((self.at(value), value_label(value, step))))
            .collect()
    }
}

fn at_label((at, label): (Option<f64>, String)) -> Option<(f64, String)> {
    at.map(|at| (at, label))
}

/// Least and greatest of what is finite.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((value.min(low), value.max(high)))
    })
}

/// Multiples of `step` in a range; a bound keeps a degenerate range from many.
fn multiples(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    const MOST: usize = 32;
    let first = (from / step).ceil();
    // Adding zero makes 0 of -0.
    let values = (0..MOST).map(move |i| (first + i as f64) * step + 0.0);
    values.take_while(move |value| *value <= to && value.is_finite())
}

/// A multiple of `step` with the digits that tell it from its neighbours.
fn value_label(value: f64, step: f64) -> String {
    // Of 2.5 times a power of ten, one digit more is needed.
    let power = libm::log10(step * 1.000_001).floor();
    let lead = step / libm::exp10(power);
    let last = power as i64 - i64::from((lead - lead.round()).abs() > 1e-3);
    if value == 0.0 {
        return "0".to_owned();
    }
    let first = libm::log10(value.abs()).floor() as i64;
    if first >= 6 || last < -5 {
        let digits = (first - last).clamp(0, 8) as usize;
        return format!("{value:.digits$e}");
    }
    let digits = (-last).max(0) as usize;
    format!("{value:.digits$}")
}

/// A horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeAxis {
    kind: TimeKind,
    from: i64,
    to: i64,
}

const DAY_S: i64 = 86_400;

impl TimeAxis {
    /// An axis from a time to another, as [`TimeKind::text`] takes them.
    pub(super) const fn new(kind: TimeKind, from: i64, to: i64) -> Self {
        Self { kind, from, to: if to > from { to } else { from.saturating_add(1) } }
    }

    /// Where `time` stands, from 0 to 1.
    pub(super) fn at(&self, time: i64) -> f64 {
        self.position(i128::from(time)).clamp(0.0, 1.0)
    }

    fn position(&self, time: i128) -> f64 {
        (time - i128::from(self.from)) as f64 / self.length() as f64
    }

    fn length(&self) -> i128 {
        i128::from(self.to) - i128::from(self.from)
    }

    /// At most about `most` round ticks.
    pub(super) fn ticks(&self, most: usize) -> Ticks {
        let most = most.max(2) as f64;
        if !self.is_calendar() {
            return self.numbers(most);
        }
        const STEPS_S: [i64; 20] = [
            1,
            2,
            5,
            10,
            15,
            30,
            60,
            120,
            300,
            600,
            900,
            1_800,
            3_600,
            2 * 3_600,
            3 * 3_600,
            6 * 3_600,
            12 * 3_600,
            DAY_S,
            2 * DAY_S,
            7 * DAY_S,
        ];
        let seconds = self.length() as f64 / 1e6;
        if seconds < most {
            let step = (round_step(self.length() as f64 / most) as i64).max(1);
            return self.every(step, true);
        }
        let step = STEPS_S.iter().find(|step| seconds / (**step as f64) <= most);
        step.map_or_else(|| self.months(most), |step| self.every(step * 1_000_000, false))
    }

    /// Whether times are dates: not rows, not numbers that only look like times, and of our age.
    fn is_calendar(&self) -> bool {
        // The year 1973: smaller numbers count something else.
        const EARLIEST: i64 = 100_000_000 * 1_000_000;
        let numbers = matches!(self.kind, TimeKind::Epoch(_) | TimeKind::EpochSeconds);
        let fits = [self.from, self.to].iter().all(|time| time.checked_mul(1_000).is_some());
        self.kind != TimeKind::Row && fits && !(numbers && self.from < EARLIEST)
    }

    /// Plain numbers, in the unit of the input.
    fn numbers(&self, most: f64) -> Ticks {
        let unit = match self.kind {
            TimeKind::Epoch(EpochUnit::Millisecond) => 1e3,
            TimeKind::Epoch(EpochUnit::Nanosecond) => 1e-3,
            TimeKind::Row | TimeKind::Epoch(EpochUnit::Microsecond) => 1.0,
            _ => 1e6,
        };
        let (from, to) = (self.from as f64 / unit, self.to as f64 / unit);
        let step = round_step((to - from) / most).max(if unit == 1.0 { 1.0 } else { 0.0 });
        multiples(from, to, step)
            .map(|value| (((value - from) / (to - from)).clamp(0.0, 1.0), value_label(value, step)))
            .collect()
    }

    /// Every `step` microseconds.
    fn every(&self, step: i64, with_fraction: bool) -> Ticks {
        let first = self.from.div_euclid(step) + i64::from(self.from.rem_euclid(step) > 0);
        let times = (first..).take(64).map(|i| i.saturating_mul(step));
        let times = times.take_while(|time| *time <= self.to);
        times.map(|time| (self.at(time), moment(time, step, with_fraction))).collect()
    }

    /// The beginnings of months or years.
    fn months(&self, most: f64) -> Ticks {
        const STEPS: [i64; 11] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200];
        let (year, month, ..) = stamp(self.from).civil();
        let months = self.length() as f64 / 1e6 / (30.44 * DAY_S as f64);
        let step = STEPS.iter().copied().find(|step| months / (*step as f64) <= most);
        let step = step.unwrap_or(6_000);
        let first = (i64::from(year) * 12 + i64::from(month) - 1).div_euclid(step);
        let tick = |i: i64| {
            let (year, month) = ((i * step).div_euclid(12), (i * step).rem_euclid(12));
            // What a timestamp holds ends in these years.
            if !(1_678..=2_261).contains(&year) {
                return None;
            }
            let time = Timestamp::from_date(year as i32, month as u32 + 1, 1)?;
            let name = MONTHS[month as usize];
            let label = if month == 0 { year.to_string() } else { name.to_owned() };
            Some((self.position(i128::from(time.nanos()) / 1_000), label))
        };
        let inside = |tick: &(f64, String)| (0.0..=1.0).contains(&tick.0);
        (first..first + 64).filter_map(tick).filter(inside).collect()
    }
}

/// Times of a calendar axis fit, which was asked before.
const fn stamp(micros: i64) -> Timestamp {
    Timestamp::from_nanos(micros.saturating_mul(1_000))
}

/// The label of a tick, one of those every `step` microseconds.
fn moment(micros: i64, step: i64, with_fraction: bool) -> String {
    let (_, month, day, hour, minute, second) = stamp(micros).civil();
    if with_fraction {
        let is_enough = |digits: &u32| step % 10_i64.pow(6 - digits) == 0;
        let digits = (0..=6).find(is_enough).unwrap_or(6) as usize;
        let fraction = format!("{:06}", micros.rem_euclid(1_000_000));
        let point = if digits == 0 { "" } else { "." };
        return format!("{minute:02}:{second:02}{point}{}", &fraction[..digits]);
    }
    if (hour, minute, second) == (0, 0, 0) {
        format!("{day} {}", MONTHS[month as usize - 1])
    } else if step < 60_000_000 {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{hour:02}:{minute:02}")
    }
}

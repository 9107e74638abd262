//! From rows as they come to stretches: one device's rows in order of time, without duplicates,
//! cut at gaps, with missing values filled.
//!
//! All of it is causal but for the few rows that wait to be put in order, and all of it is the
//! same in whatever chunks rows come. Nothing is dropped in silence: [`Counts`] has it.

use super::settings::{Late, Time};
use crate::error::{AnalyticsError, Result};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Rows of telemetry, column by column, in the order in which they were read.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Microseconds since 1970 UTC. Where there is no time: the row number times the period.
    pub time: &'a [i64],
    /// Whose rows they are.
    pub device: Devices<'a>,
    /// Values of each channel, in the schema's order; NaN where one is missing.
    pub columns: &'a [&'a [f64]],
}

/// Whose rows a chunk holds: numbers that the receiver of the chunk has given to devices.
#[derive(Clone, Copy, Debug)]
pub enum Devices<'a> {
    /// All are of this device.
    One(u32),
    /// The device of each row.
    Each(&'a [u32]),
}

impl Chunk<'_> {
    /// Checks that there are as many columns as channels, all of one length, and known devices.
    pub(super) fn check(&self, channels: usize, devices: usize) -> Result<()> {
        let rows = self.time.len();
        let known = match self.device {
            Devices::One(device) => (device as usize) < devices,
            Devices::Each(each) => {
                each.len() == rows && each.iter().all(|&device| (device as usize) < devices)
            }
        };
        let whole = self.columns.iter().all(|column| column.len() == rows);
        if self.columns.len() == channels && whole && known && rows < u32::MAX as usize {
            return Ok(());
        }
        let found = self.columns.len();
        let problem = format!(
            "a chunk of {rows} rows has {found} columns; expected {channels} columns of that many \
             rows, of devices that were announced"
        );
        Err(AnalyticsError::Schema { problem })
    }

    /// Row numbers of each device that occurs, in order of first appearance.
    pub(super) fn by_device(&self) -> Vec<(u32, Vec<u32>)> {
        match self.device {
            Devices::One(device) => vec![(device, (0..self.time.len() as u32).collect())],
            Devices::Each(devices) => {
                let most = devices.iter().max().map_or(0, |&most| most as usize + 1);
                let mut place = vec![u32::MAX; most];
                let mut found: Vec<(u32, Vec<u32>)> = Vec::new();
                for (row, &device) in devices.iter().enumerate() {
                    let place = &mut place[device as usize];
                    if *place == u32::MAX {
                        *place = found.len() as u32;
                        found.push((device, Vec::new()));
                    }
                    found[*place as usize].1.push(row as u32);
                }
                found
            }
        }
    }
}

/// What was found among the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Rows that were put before earlier ones.
    pub reordered: u64,
    /// Rows that came too late to be put in order.
    pub late: u64,
    /// Rows equal to the one before in time and all values.
    pub duplicates: u64,
    /// Stretches begun after a gap.
    pub gaps: u64,
    /// Missing values.
    pub missing: u64,
    /// Missing values filled with the last one known. The others count as the centre, or as what a
    /// detector holds for most likely.
    pub held: u64,
    /// Rows in which no measured channel has a value: they are as if they were not there.
    pub empty: u64,
    /// Rows at the begin of a stretch that no detector has a score for.
    pub warm_up: u64,
}

impl Counts {
    /// Adds those of another device.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.reordered += other.reordered;
        self.late += other.late;
        self.duplicates += other.duplicates;
        self.gaps += other.gaps;
        self.missing += other.missing;
        self.held += other.held;
        self.empty += other.empty;
        self.warm_up += other.warm_up;
    }

    /// What was found after `earlier`, which is what had been found by then.
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            rows: self.rows - earlier.rows,
            reordered: self.reordered - earlier.reordered,
            late: self.late - earlier.late,
            duplicates: self.duplicates - earlier.duplicates,
            gaps: self.gaps - earlier.gaps,
            missing: self.missing - earlier.missing,
            held: self.held - earlier.held,
            empty: self.empty - earlier.empty,
            warm_up: self.warm_up - earlier.warm_up,
        }
    }
}

/// Rows in order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Ordered {
    pub(super) time: Vec<i64>,
    /// The number each row had when it came.
    pub(super) row: Vec<u64>,
    /// The number of the row that let it go.
    pub(super) trigger: Vec<u64>,
    /// Whether the row came too late and only has a place in what comes out.
    pub(super) late: Vec<bool>,
    /// Row by row.
    pub(super) values: Vec<f64>,
    /// Whether each value was sent, once missing ones are filled.
    pub(super) sent: Vec<bool>,
}

impl Ordered {
    fn add(&mut self, (time, row, trigger): (i64, u64, u64), late: bool) {
        self.time.push(time);
        self.row.push(row);
        self.trigger.push(trigger);
        self.late.push(late);
    }
}

/// Puts a device's rows in order within a bounded number of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    waiting: VecDeque<Waiting>,
    /// Time of the last row let go.
    pub(super) released: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
struct Waiting {
    time: i64,
    row: u64,
    values: Box<[f64]>,
}

/// A row that came too late, after one of this time had been let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLate {
    pub(super) released: i64,
}

impl Order {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), released: None }
    }

    /// Takes a row and lets go what need not wait.
    pub(super) fn push(
        &mut self,
        (time, row): (i64, u64),
        values: impl Iterator<Item = f64>,
        settings: &Time,
        counts: &mut Counts,
        out: &mut Ordered,
    ) -> std::result::Result<(), TooLate> {
        counts.rows += 1;
        if let Some(released) = self.released.filter(|&released| time < released) {
            counts.late += 1;
            return match settings.late {
                Late::Refuse => Err(TooLate { released }),
                Late::Skip => {
                    out.add((time, row, row), true);
                    out.values.extend(values);
                    Ok(())
                }
            };
        }
        if settings.reorder_rows == 0 {
            out.add((time, row, row), false);
            out.values.extend(values);
            self.released = Some(time);
            return Ok(());
        }
        let at = self.waiting.iter().rposition(|other| other.time <= time).map_or(0, |at| at + 1);
        counts.reordered += u64::from(at < self.waiting.len());
        if self.waiting.len() < settings.reorder_rows {
            self.waiting.insert(at, Waiting { time, row, values: values.collect() });
            return Ok(());
        }
        // The oldest goes, and its memory serves for the new row; which may be the oldest itself.
        if at == 0 {
            out.add((time, row, row), false);
            out.values.extend(values);
            self.released = Some(time);
            return Ok(());
        }
        if let Some(mut oldest) = self.waiting.pop_front() {
            self.let_go(&oldest, row, out);
            oldest.time = time;
            oldest.row = row;
            for (slot, value) in oldest.values.iter_mut().zip(values) {
                *slot = value;
            }
            self.waiting.insert(at - 1, oldest);
        }
        Ok(())
    }

    /// Whether a row with a number below `before` waits.
    pub(super) fn keeps(&self, before: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.row < before)
    }

    fn let_go(&mut self, oldest: &Waiting, trigger: u64, out: &mut Ordered) {
        out.add((oldest.time, oldest.row, trigger), false);
        out.values.extend_from_slice(&oldest.values);
        self.released = Some(oldest.time);
    }

    /// Lets go all that waits.
    pub(super) fn flush(&mut self, out: &mut Ordered) {
        while let Some(oldest) = self.waiting.pop_front() {
            self.let_go(&oldest, oldest.row, out);
        }
    }

    /// What waits: time, number and values.
    pub(super) fn waiting(&self) -> impl ExactSizeIterator<Item = (i64, u64, &[f64])> {
        self.waiting.iter().map(|row| (row.time, row.row, &*row.values))
    }

    /// An order in which these rows wait.
    pub(super) fn restore(released: Option<i64>, waiting: Vec<(i64, u64, Vec<f64>)>) -> Self {
        let row = |(time, row, values): (i64, u64, Vec<f64>)| Waiting {
            time,
            row,
            values: values.into_boxed_slice(),
        };
        Self { waiting: waiting.into_iter().map(row).collect(), released }
    }
}

/// What a row is to the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Equal to the row before in time and values.
    Duplicate,
    /// No measured channel has a value: as if the row were not there.
    Empty,
    /// The first of a stretch.
    Starts,
    /// It follows in the stretch.
    Follows,
}

/// What [`Fill`] is to know of a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'a> {
    /// The longest difference of times within a stretch.
    pub(super) gap: i64,
    /// Rows for which a missing value is the last one known.
    pub(super) fill_rows: usize,
    /// Whether each channel is measured: a row without a value of any such is empty.
    pub(super) measured: &'a [bool],
}

/// Rows in succession in which a channel had no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Silent {
    pub(super) rows: u64,
    /// Times of the first and the last of them.
    pub(super) from: i64,
    pub(super) until: i64,
}

/// Finds duplicates, gaps and empty rows, and fills missing values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fill {
    pub(super) last_time: Option<i64>,
    /// The last row as it came.
    pub(super) last: Vec<f64>,
    /// The last known value of each channel in this stretch, and how many rows ago.
    pub(super) known: Vec<(f64, u32)>,
    /// For how long each channel has had no value, whatever stretch that began in.
    pub(super) silent: Vec<Silent>,
}

impl Fill {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            last_time: None,
            last: vec![f64::NAN; channels],
            known: vec![(f64::NAN, 0); channels],
            silent: vec![Silent::default(); channels],
        }
    }

    /// Forgets the stretch: what follows begins a new one.
    pub(super) fn cut(&mut self) {
        self.known.fill((f64::NAN, 0));
    }

    /// Takes the next row in order and fills its missing values in place with the last ones known:
    /// NaN remains where that is too long ago. `spoke` hears of each channel that has a value again.
    pub(super) fn step(
        &mut self,
        time: i64,
        values: &mut [f64],
        limits: Limits<'_>,
        counts: &mut Counts,
        mut spoke: impl FnMut(usize, Silent),
    ) -> Step {
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        if self.last_time == Some(time) && self.last.iter().zip(&*values).all(same) {
            counts.duplicates += 1;
            return Step::Duplicate;
        }
        let missing = values.iter().filter(|value| !value.is_finite()).count() as u64;
        counts.missing += missing;
        for (channel, (value, silent)) in values.iter().zip(&mut self.silent).enumerate() {
            if !value.is_finite() {
                silent.from = if silent.rows == 0 { time } else { silent.from };
                (silent.rows, silent.until) = (silent.rows + 1, time);
            } else if silent.rows > 0 {
                spoke(channel, std::mem::take(silent));
            }
        }
        let sent = |(value, measured): (&f64, &bool)| *measured && value.is_finite();
        if missing > 0 && !values.iter().zip(limits.measured).any(sent) {
            counts.empty += 1;
            return Step::Empty;
        }
        let step = match self.last_time {
            None => Step::Starts,
            Some(last) if time.saturating_sub(last) > limits.gap => {
                counts.gaps += 1;
                self.cut();
                Step::Starts
            }
            Some(_) => Step::Follows,
        };
        self.last_time = Some(time);
        self.last.copy_from_slice(values);
        for (value, (known, age)) in values.iter_mut().zip(&mut self.known) {
            if value.is_finite() {
                (*known, *age) = (*value, 0);
                continue;
            }
            *age = age.saturating_add(1);
            *value = if *age as usize <= limits.fill_rows { *known } else { f64::NAN };
            counts.held += u64::from(value.is_finite());
        }
        step
    }
}

/// The median of positive differences of times, sampled evenly where there are many.
pub(super) fn period(differences: &mut [i64]) -> Option<i64> {
    if differences.is_empty() {
        return None;
    }
    let middle = differences.len() / 2;
    Some(*differences.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(times: &[i64], reorder_rows: usize, late: Late) -> (Vec<u64>, Counts, bool) {
        let settings = Time { reorder_rows, late, ..Time::default() };
        let (mut order, mut counts) = (Order::new(), Counts::default());
        let mut out = Ordered::default();
        let mut refused = false;
        for (row, &time) in times.iter().enumerate() {
            let values = std::iter::once(time as f64);
            let row = (time, row as u64);
            refused |= order.push(row, values, &settings, &mut counts, &mut out).is_err();
        }
        order.flush(&mut out);
        assert!(out.values.iter().zip(&out.time).all(|(v, t)| *v == *t as f64));
        assert_eq!(
            out.late.iter().filter(|&&late| late).count() as u64,
            counts.late * u64::from(!refused)
        );
        let kept = |i: &usize| !out.late[*i];
        let kept: Vec<usize> = (0..out.time.len()).filter(kept).collect();
        assert!(kept.iter().map(|&i| out.time[i]).is_sorted());
        (kept.iter().map(|&i| out.row[i]).collect(), counts, refused)
    }

    #[test]
    fn rows_within_the_buffer_are_put_in_order() {
        let (rows, counts, refused) = run(&[0, 3, 1, 2, 4, 6, 5], 2, Late::Refuse);
        assert_eq!(rows, [0, 2, 3, 1, 4, 6, 5]);
        assert_eq!((counts.reordered, counts.late, refused), (3, 0, false));
        assert_eq!(run(&[0, 1, 2], 0, Late::Refuse).0, [0, 1, 2]);
    }

    #[test]
    fn rows_beyond_the_buffer_are_refused_or_counted() {
        assert!(run(&[0, 10, 20, 30, 5], 2, Late::Refuse).2);
        let (rows, counts, refused) = run(&[0, 10, 20, 30, 5], 2, Late::Skip);
        assert_eq!((rows, counts.late, refused), (vec![0, 1, 2, 3], 1, false));
    }

    #[test]
    fn gaps_duplicates_and_missing_values_are_found_and_filled() {
        let mut counts = Counts::default();
        let mut fill = Fill::new(2);
        let limits = Limits { gap: 30, fill_rows: 2, measured: &[true, true] };
        let mut step = |time: i64, value: f64| {
            let mut values = [value, 1.0];
            let step = fill.step(time, &mut values, limits, &mut counts, |_, _| ());
            (step, values[0])
        };
        assert_eq!(step(0, 5.0), (Step::Starts, 5.0));
        assert_eq!(step(0, 5.0), (Step::Duplicate, 5.0));
        assert_eq!(step(10, f64::NAN), (Step::Follows, 5.0));
        assert_eq!(step(20, f64::NAN), (Step::Follows, 5.0));
        assert!(step(30, f64::NAN).1.is_nan());
        assert_eq!(step(60, 6.0), (Step::Follows, 6.0));
        assert!(matches!(step(91, f64::NAN), (Step::Starts, value) if value.is_nan()));
        assert_eq!((counts.duplicates, counts.gaps), (1, 1));
        assert_eq!((counts.missing, counts.held), (4, 2));
    }

    #[test]
    fn a_row_in_which_nothing_measured_was_sent_is_as_if_it_were_not_there() {
        let (mut counts, mut fill) = (Counts::default(), Fill::new(2));
        let limits = Limits { gap: 30, fill_rows: 2, measured: &[true, false] };
        let mut step = |time: i64, value: f64| {
            fill.step(time, &mut [value, 1.0], limits, &mut counts, |_, _| ())
        };
        let steps = [step(0, 5.0), step(10, f64::NAN), step(20, 5.0), step(30, f64::NAN)];
        assert_eq!(steps, [Step::Starts, Step::Empty, Step::Follows, Step::Empty]);
        assert_eq!([step(50, f64::NAN), step(60, 5.0)], [Step::Empty, Step::Starts]);
        assert_eq!((counts.empty, counts.gaps, counts.missing), (3, 1, 3));
    }

    #[test]
    fn a_silence_is_told_when_it_ends_and_is_not_cut_by_a_gap() {
        let (mut counts, mut fill, mut told) = (Counts::default(), Fill::new(2), Vec::new());
        let limits = Limits { gap: 30, fill_rows: 2, measured: &[true, true] };
        for (time, value) in [(0, 5.0), (10, f64::NAN), (80, f64::NAN), (90, 6.0), (100, 6.0)] {
            let spoke = |channel, silent| told.push((channel, silent));
            fill.step(time, &mut [value, 1.0], limits, &mut counts, spoke);
        }
        assert_eq!(told, [(0, Silent { rows: 2, from: 10, until: 80 })]);
    }

    #[test]
    fn the_period_is_the_median_difference() {
        assert_eq!(period(&mut [1, 1, 60, 1, 2]), Some(1));
        assert_eq!(period(&mut []), None);
    }
}

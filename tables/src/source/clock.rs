//! The order of a device's times: what is late, what comes twice, and when the clock went back.

use std::collections::VecDeque;

/// What a row is to the rows of its device before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Newer than all.
    Next,
    /// As new as one of the newest.
    Duplicate,
    /// Older than the newest, within what may be reordered.
    Late,
    /// Older than what may be reordered.
    Back,
}

/// The times of a device.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// How many rows it had.
    pub(super) rows: u64,
    /// Its newest time.
    pub(super) newest: i64,
    oldest: i64,
    /// The newest times, ascending, as many as may be reordered.
    recent: VecDeque<i64>,
    /// The newest time that is not among them any more.
    settled: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            rows: 0,
            newest: i64::MIN,
            oldest: i64::MAX,
            recent: VecDeque::new(),
            settled: i64::MIN,
        }
    }
}

impl Clock {
    /// Takes the time of the next row. What can be put right by a consumer that holds back `window`
    /// rows of each device is late; a time before all that the device told, by more than that many
    /// of its mean steps, is a clock that was set back even where only few rows came yet.
    #[inline]
    pub(super) fn see(&mut self, time: i64, window: usize) -> Seen {
        if time > self.newest {
            self.newest = time;
            self.oldest = self.oldest.min(time);
            self.rows += 1;
            if window < usize::MAX {
                self.recent.push_back(time);
                self.settle(window);
            }
            return Seen::Next;
        }
        self.odd(time, window)
    }

    fn settle(&mut self, window: usize) {
        if self.recent.len() > window
            && let Some(time) = self.recent.pop_front()
        {
            self.settled = time;
        }
    }

    #[cold]
    fn odd(&mut self, time: i64, window: usize) -> Seen {
        let twice = time == self.newest;
        if window == usize::MAX {
            self.rows += 1;
            return if twice { Seen::Duplicate } else { Seen::Late };
        }
        let span = i128::from(self.newest) - i128::from(self.oldest);
        let step = span / i128::from(self.rows.max(2) - 1);
        let before = i128::from(self.oldest) - i128::from(time);
        if time < self.settled || (step > 0 && before > step * window as i128) {
            return Seen::Back;
        }
        let at = self.recent.partition_point(|&recent| recent < time);
        let known = self.recent.get(at) == Some(&time) || time == self.settled || twice;
        self.recent.insert(at, time);
        self.settle(window);
        self.oldest = self.oldest.min(time);
        self.rows += 1;
        if known { Seen::Duplicate } else { Seen::Late }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(times: &[i64], window: usize) -> Vec<Seen> {
        let mut clock = Clock::default();
        times.iter().map(|&time| clock.see(time, window)).collect()
    }

    #[test]
    fn rows_are_late_as_far_as_a_window_can_sort_them() {
        use Seen::{Back, Duplicate, Late, Next};
        assert_eq!(see(&[1, 2, 3, 2, 4], 2), [Next, Next, Next, Duplicate, Next]);
        assert_eq!(see(&[10, 20, 30, 25, 40], 2), [Next, Next, Next, Late, Next]);
        assert_eq!(see(&[10, 20, 30, 40, 15], 2), [Next, Next, Next, Next, Back]);
        assert_eq!(see(&[10, 20, 30, 20], 0), [Next, Next, Next, Back]);
        assert_eq!(see(&[10, 10], 0), [Next, Duplicate]);
        assert_eq!(see(&[10, 20, 30, 1], usize::MAX), [Next, Next, Next, Late]);
    }

    #[test]
    fn a_clock_set_back_far_is_noticed_among_few_rows() {
        use Seen::{Back, Late, Next};
        assert_eq!(see(&[1000, 1010, 1020, 900], 16), [Next, Next, Next, Late]);
        assert_eq!(see(&[1000, 1010, 1020, 500], 16), [Next, Next, Next, Back]);
    }
}

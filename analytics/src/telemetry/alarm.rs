//! From scores to alarms: hysteresis. A pure state machine, which counts false alarms in
//! calibration and raises true ones in scoring.

use super::settings::Alarm as Settings;

/// What a row changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Stays,
    /// An alarm begins with this row.
    Raised,
    /// The alarm ended: this row is no longer part of it.
    Ended,
}

/// The alarm of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hysteresis {
    /// Whether an alarm is open.
    pub open: bool,
    /// Rows in a row at the high threshold.
    pub over: u32,
    /// Rows in a row below the low one.
    pub below: u32,
}

impl Hysteresis {
    /// Takes the next row. `worth` says whether a row that would raise an alarm deviates enough.
    pub fn step(
        &mut self,
        score: f32,
        high: f32,
        settings: &Settings,
        worth: impl FnOnce() -> bool,
    ) -> Change {
        self.over = if score >= high { self.over.saturating_add(1) } else { 0 };
        if self.open {
            let below = score < settings.low_share * high;
            self.below = if below { self.below + 1 } else { 0 };
            if self.below as usize >= settings.hold_rows.max(1) {
                *self = Self { over: self.over, ..Self::default() };
                return Change::Ended;
            }
        } else if self.over as usize >= settings.rows_min && worth() {
            self.open = true;
            self.below = 0;
            return Change::Raised;
        }
        Change::Stays
    }

    /// Ends an open alarm, as a gap does.
    pub fn end(&mut self) -> bool {
        std::mem::take(self).open
    }
}

/// An event in a row of scores: an alarm, or several in close succession.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// The row that raised the first.
    pub from: usize,
    /// The largest score.
    pub peak: f32,
    /// Rows with the alarm.
    pub rows: usize,
}

/// The events that `scores` of one stretch would give at `high`.
pub fn episodes(scores: &[f32], high: f32, settings: &Settings) -> Vec<Episode> {
    let mut state = Hysteresis::default();
    let mut found: Vec<Episode> = Vec::new();
    let mut apart = usize::MAX;
    for (from, &score) in scores.iter().enumerate() {
        let change = state.step(score, high, settings, || true);
        if change == Change::Raised && apart > settings.apart_rows {
            found.push(Episode { from, peak: score, rows: 0 });
        }
        apart = if state.open { 0 } else { apart.saturating_add(1) };
        if let Some(last) = found.last_mut().filter(|_| state.open) {
            last.peak = last.peak.max(score);
            last.rows += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(scores: &[f32], settings: &Settings) -> String {
        let mut state = Hysteresis::default();
        let mut flag = |&score: &f32| {
            state.step(score, 1.0, settings, || true);
            if state.open { '#' } else { '.' }
        };
        scores.iter().map(&mut flag).collect()
    }

    #[test]
    fn an_alarm_ends_after_rows_below_the_low_threshold() {
        let settings = Settings { low_share: 0.4, hold_rows: 2, ..Settings::default() };
        let scores = [0.9, 1.0, 0.3, 0.5, 0.3, 0.3, 0.9, 0.3];
        assert_eq!(flags(&scores, &settings), ".####...");
        let patient = Settings { hold_rows: 1, rows_min: 2, ..settings.clone() };
        assert_eq!(flags(&[1.0, 0.9, 1.0, 1.0, 0.1, 1.0], &patient), "...#..");
    }

    #[test]
    fn episodes_are_counted_with_their_peaks() {
        let found = |apart_rows: usize| -> Vec<(usize, f32, usize)> {
            let settings = Settings { hold_rows: 1, apart_rows, ..Settings::default() };
            let scores = [0.0, 1.5, 3.0, 0.0, 1.0, 0.0, 0.0, 2.0];
            let found = episodes(&scores, 1.0, &settings);
            found.iter().map(|e| (e.from, e.peak, e.rows)).collect()
        };
        assert_eq!(found(0), [(1, 3.0, 2), (4, 1.0, 1), (7, 2.0, 1)]);
        assert_eq!(found(1), [(1, 3.0, 3), (7, 2.0, 1)]);
        assert_eq!(found(2), [(1, 3.0, 4)]);
    }
}

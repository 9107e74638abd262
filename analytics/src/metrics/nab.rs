//! The score of the Numenta Anomaly Benchmark: early alarms in windows, one threshold for a corpus.
//!
//! A row in a window is worth 1 at the window's first row, falling to about 0 at its last; a window
//! counts with its best alarmed row alone, and a missed one costs. A row outside costs little soon
//! after a window and fully long after it or before the first. The first rows are probation and do
//! not count: neither as false alarms, nor as hits, nor does a window that ends within them.
//!
//! A window of one row has no width to fall off over (the authors' code divides by zero there):
//! rows after it cost fully.
//!
//! # Source
//! Lavin and Ahmad, "Evaluating Real-Time Anomaly Detection Algorithms - the Numenta Anomaly
//! Benchmark", ICMLA 2015; code of numenta/NAB (`nab/sweeper.py`), whose weights are divided by
//! the sigmoid's value at -1 so that a first row is worth exactly 1.

use super::Segment;
use crate::error::{AnalyticsError, Result};
use serde::Serialize;

/// What false alarms and missed windows cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NabProfile {
    /// False alarm .11, missed window 1.
    Standard,
    /// False alarm .22, missed window 1.
    LowFalsePositives,
    /// False alarm .11, missed window 2.
    LowFalseNegatives,
}

impl NabProfile {
    /// All of them, in the order of the published tables.
    pub const ALL: [Self; 3] = [Self::Standard, Self::LowFalsePositives, Self::LowFalseNegatives];

    const fn false_alarm(self) -> f64 {
        match self {
            Self::LowFalsePositives => 0.22,
            Self::Standard | Self::LowFalseNegatives => 0.11,
        }
    }

    const fn missed(self) -> f64 {
        match self {
            Self::LowFalseNegatives => 2.0,
            Self::Standard | Self::LowFalsePositives => 1.0,
        }
    }
}

/// One file of a corpus.
#[derive(Clone, Copy, Debug)]
pub struct NabSeries<'a> {
    /// The score of each row; those of the probation mean nothing.
    pub scores: &'a [f64],
    /// The windows, in order, as rows of `scores`.
    pub windows: &'a [Segment],
    /// How many of the first rows do not count; see [`probation_rows`].
    pub probation: usize,
}

/// The score of a corpus at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NabScore {
    /// 100 (raw - null) / (perfect - null); `None` if no window counts.
    pub normalised: Option<f64>,
    /// Sum of all that was gained and lost.
    pub raw: f64,
    /// What no alarm at all gives.
    pub null: f64,
    /// What an alarm in the first row of each window alone gives.
    pub perfect: f64,
    /// The threshold.
    pub threshold: f64,
    /// Alarmed rows in windows.
    pub true_positives: u64,
    /// Alarmed rows outside.
    pub false_positives: u64,
    /// Rows of windows without alarm.
    pub false_negatives: u64,
    /// Rows outside without alarm.
    pub true_negatives: u64,
}

/// How many rows of a file of `rows` rows are probation: 15 %, at most 750.
pub const fn probation_rows(rows: usize) -> usize {
    let share = rows * 15 / 100;
    if share < 750 { share } else { 750 }
}

/// The score of the corpus at a threshold: a row is an alarm where its score reaches it.
///
/// # Errors
/// [`AnalyticsError::ScoreIsNan`], and [`AnalyticsError::Window`] for a window beyond the rows or
/// not after the one before it.
pub fn nab_score(
    corpus: &[NabSeries<'_>],
    profile: NabProfile,
    threshold: f64,
) -> Result<NabScore> {
    let mut tally = Tally::new(corpus, profile)?;
    tally.rows.retain(|row| row.score >= threshold);
    tally.rows.iter().for_each(|row| tally.standing.take(row));
    Ok(tally.standing.score(threshold))
}

/// The best score of the corpus over one threshold for all of its files. Where no alarm at all is
/// best, the threshold is infinite.
///
/// # Errors
/// As [`nab_score`].
pub fn nab_sweep(corpus: &[NabSeries<'_>], profile: NabProfile) -> Result<NabScore> {
    let Tally { mut rows, mut standing } = Tally::new(corpus, profile)?;
    // Stable: rows of equal score stay in the corpus's order, so that sums are repeatable.
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut best = standing.score(f64::INFINITY);
    for tie in rows.chunk_by(|a, b| a.score == b.score) {
        tie.iter().for_each(|row| standing.take(row));
        if standing.raw > best.raw {
            best = standing.score(tie[0].score);
        }
    }
    Ok(best)
}

/// A row that counts.
struct Row {
    score: f64,
    worth: f64,
    /// The window that it lies in, among all that count.
    window: Option<usize>,
}

/// What the alarms so far add up to.
struct Standing {
    profile: NabProfile,
    /// What each window counts for.
    windows: Vec<f64>,
    raw: f64,
    score: NabScore,
}

impl Standing {
    /// Makes `row` an alarm.
    fn take(&mut self, row: &Row) {
        if let Some(window) = row.window {
            self.score.true_positives += 1;
            self.score.false_negatives -= 1;
            let gain = (row.worth - self.windows[window]).max(0.0);
            self.windows[window] += gain;
            self.raw += gain;
        } else {
            self.score.false_positives += 1;
            self.score.true_negatives -= 1;
            self.raw += row.worth;
        }
    }

    fn score(&self, threshold: f64) -> NabScore {
        let windows = self.windows.len() as f64;
        let (null, perfect) = (-self.profile.missed() * windows, windows);
        let normalised = (windows > 0.0).then(|| 100.0 * (self.raw - null) / (perfect - null));
        NabScore { normalised, raw: self.raw, null, perfect, threshold, ..self.score }
    }
}

struct Tally {
    rows: Vec<Row>,
    standing: Standing,
}

impl Tally {
    fn new(corpus: &[NabSeries<'_>], profile: NabProfile) -> Result<Self> {
        let mut rows = Vec::new();
        let mut windows = 0;
        for series in corpus {
            series.check()?;
            series.add(profile, &mut windows, &mut rows);
        }
        let inside = rows.iter().filter(|row| row.window.is_some()).count() as u64;
        let raw = -profile.missed() * windows as f64;
        let score = NabScore {
            normalised: None,
            raw,
            null: raw,
            perfect: windows as f64,
            threshold: f64::INFINITY,
            true_positives: 0,
            false_positives: 0,
            false_negatives: inside,
            true_negatives: rows.len() as u64 - inside,
        };
        let windows = vec![-profile.missed(); windows];
        Ok(Self { rows, standing: Standing { profile, windows, raw, score } })
    }
}

impl NabSeries<'_> {
    fn check(&self) -> Result<()> {
        let counted = self.scores.iter().enumerate().skip(self.probation);
        if let Some((row, _)) = counted.into_iter().find(|(_, score)| score.is_nan()) {
            return Err(AnalyticsError::ScoreIsNan { row });
        }
        let mut least = 0;
        for window in self.windows {
            if window.start < least || window.is_empty() || window.end > self.scores.len() {
                let (start, end, rows) = (window.start, window.end, self.scores.len());
                return Err(AnalyticsError::Window { start, end, rows });
            }
            least = window.end;
        }
        Ok(())
    }

    /// Adds its rows after the probation, and its windows that reach beyond it.
    fn add(&self, profile: NabProfile, windows: &mut usize, rows: &mut Vec<Row>) {
        let counts = |window: &&Segment| window.end > self.probation;
        let (mut next, mut last) = (0, None::<Segment>);
        let first = *windows;
        let skipped = self.windows.iter().filter(|window| !counts(window)).count();
        for (row, &score) in self.scores.iter().enumerate() {
            while self.windows.get(next).is_some_and(|window| window.end <= row) {
                last = Some(self.windows[next]);
                next += 1;
            }
            if row < self.probation {
                continue;
            }
            rows.push(match self.windows.get(next) {
                Some(window) if window.start <= row => {
                    let position = (window.end - row) as f64 / window.len() as f64;
                    let worth = sigmoid(-position) / sigmoid(-1.0);
                    Row { score, worth, window: Some(first + next - skipped) }
                }
                _ => Row { score, worth: profile.false_alarm() * after(last, row), window: None },
            });
        }
        *windows += self.windows.iter().filter(counts).count();
    }
}

/// What a false alarm at `row` is worth, the window before it having been `last`: -1..0.
fn after(last: Option<Segment>, row: usize) -> f64 {
    match last {
        Some(window) if window.len() > 1 => {
            sigmoid((row - (window.end - 1)) as f64 / (window.len() - 1) as f64)
        }
        _ => -1.0,
    }
}

/// 2 / (1 + exp(5 x)) - 1, and -1 beyond x = 3.
fn sigmoid(x: f64) -> f64 {
    if x > 3.0 { -1.0 } else { 2.0 / (1.0 + libm::exp(5.0 * x)) - 1.0 }
}

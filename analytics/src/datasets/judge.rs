//! From answers to the row of a table.

use super::{Dataset, Figure, Folder, Measure, Method, Options, Origin, Scored, TableRow, Trial};
use crate::error::{AnalyticsError, Result};
use crate::metrics::{
    Batadal, Confusion, NabProfile, NabSeries, Segment, auc_pr, auc_roc, batadal, delays,
    event_counts, nab_sweep, vus,
};

/// Runs a method over a benchmark.
///
/// # Errors
/// What reading and the method give; [`AnalyticsError::Method`] for answers of the wrong length and
/// [`AnalyticsError::ScoreIsNan`].
pub fn evaluate(folder: &Folder, method: &mut dyn Method, options: &Options) -> Result<TableRow> {
    evaluate_with(folder, method, options, &mut |_, _| {})
}

/// As [`evaluate`]; tells `progress` before each trial which one it is, from 0, and its name.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with(
    folder: &Folder,
    method: &mut dyn Method,
    options: &Options,
    progress: &mut dyn FnMut(usize, &str),
) -> Result<TableRow> {
    let mut judge = Judge::default();
    for index in 0..folder.len() {
        let trial = folder.trial(index, options)?;
        progress(index, &trial.case.name);
        let scored = method.run(&trial.case)?;
        check(method.name(), &trial, &scored)?;
        judge.take(folder.dataset(), &trial, &scored)?;
    }
    let blind = folder.dataset() == Dataset::Skab && options.position_blind;
    Ok(TableRow {
        dataset: folder.dataset(),
        protocol: if blind {
            format!("position-blind, seed {}", options.seed.bits())
        } else {
            "standard".to_owned()
        },
        method: method.name().to_owned(),
        files: Some(folder.len()),
        figures: judge.figures(folder.dataset())?,
        origin: Origin::Measured,
        source: None,
    })
}

/// Rows within which a second alarm of NAB is the first one still: three days of its 5 minutes.
const NAB_ALARM_ROWS: usize = 864;

/// What is left of `scores` where alarms begin: a row that no row of the [`NAB_ALARM_ROWS`] before
/// it reaches keeps its score, all others fall below every score. NAB charges each row over the
/// threshold as an alarm of its own, as if somebody were called anew every five minutes; every
/// method is judged by the begins of its alarms.
fn onsets(scores: &[f64]) -> Vec<f64> {
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min) - 1.0;
    // Rows whose scores fall, the first one of them the largest within the window.
    let mut falling: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
    let mut kept = vec![least; scores.len()];
    for (row, &score) in scores.iter().enumerate() {
        while falling.front().is_some_and(|&first| first + NAB_ALARM_ROWS < row) {
            falling.pop_front();
        }
        if falling.front().is_none_or(|&first| score > scores[first]) {
            kept[row] = score;
        }
        while falling.back().is_some_and(|&last| scores[last] <= score) {
            falling.pop_back();
        }
        falling.push_back(row);
    }
    kept
}

fn check(method: &str, trial: &Trial, scored: &Scored) -> Result<()> {
    let rows = trial.labels.len();
    let mut given = vec![("scores", scored.scores.len()), ("alarms", scored.alarms.len())];
    if let super::Threshold::PerRow(thresholds) = &scored.threshold {
        given.push(("thresholds", thresholds.len()));
    }
    match given.into_iter().find(|(_, given)| *given != rows) {
        None => Ok(()),
        Some((what, given)) => Err(AnalyticsError::Method {
            method: method.to_owned(),
            what,
            given,
            rows,
            case: trial.case.name.clone(),
        }),
    }
}

/// What the trials so far add up to.
#[derive(Default)]
struct Judge {
    confusion: Confusion,
    segments: usize,
    found: usize,
    false_alarms: usize,
    delays: Vec<usize>,
    days: f64,
    auc_pr: Mean,
    auc_roc: Mean,
    vus_pr: Mean,
    vus_roc: Mean,
    contest: Option<Batadal>,
    /// Of each file of NAB: scores of all rows, windows, rows of the probation.
    corpus: Vec<Series>,
}

type Series = (Vec<f64>, Vec<Segment>, usize);

/// A mean of what there is.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn take(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

impl Judge {
    fn take(&mut self, dataset: Dataset, trial: &Trial, scored: &Scored) -> Result<()> {
        let kept = |row: &usize| trial.counted[*row];
        let rows: Vec<usize> = (0..trial.labels.len()).filter(kept).collect();
        let labels: Vec<bool> = rows.iter().map(|&row| trial.labels[row]).collect();
        let alarms: Vec<bool> = rows.iter().map(|&row| scored.alarms[row]).collect();
        let scores: Vec<f64> = rows.iter().map(|&row| f64::from(scored.scores[row])).collect();
        self.confusion += Confusion::count(&labels, &alarms)?;
        let events = event_counts(&labels, &alarms)?;
        self.segments += events.segments;
        self.found += events.found;
        self.false_alarms += events.false_alarms;
        self.delays.extend(delays(&labels, &alarms)?.rows.into_iter().flatten());
        self.days += trial.case.period_s.unwrap_or(0.0) * rows.len() as f64 / 86_400.0;
        self.auc_pr.take(auc_pr(&labels, &scores)?);
        self.auc_roc.take(auc_roc(&labels, &scores)?);
        let volumes = vus(&labels, &scores, trial.width)?;
        self.vus_pr.take(volumes.pr);
        self.vus_roc.take(volumes.roc);
        match dataset {
            Dataset::Batadal => self.contest = batadal(&labels, &alarms)?,
            Dataset::Nab => {
                // Rows of the probation are not asked for; they come before all others.
                let probation = trial.case.train_rows();
                let mut whole = vec![f64::NEG_INFINITY; probation];
                whole.extend(scores);
                self.corpus.push((whole, trial.windows.clone(), probation));
            }
            Dataset::Skab | Dataset::Msl | Dataset::Tsb => {}
        }
        Ok(())
    }

    /// What only this benchmark asks for.
    fn own_figures(&self, dataset: Dataset) -> Result<Vec<(Measure, Option<f64>)>> {
        let mut figures = Vec::new();
        match dataset {
            Dataset::Nab => {
                let mut corpus = Vec::new();
                let onsets: Vec<Vec<f64>> =
                    self.corpus.iter().map(|(scores, _, _)| onsets(scores)).collect();
                for ((_, windows, probation), scores) in self.corpus.iter().zip(&onsets) {
                    corpus.push(NabSeries { scores, windows, probation: *probation });
                }
                for (measure, profile) in [
                    (Measure::NabStandard, NabProfile::Standard),
                    (Measure::NabLowFalsePositives, NabProfile::LowFalsePositives),
                    (Measure::NabLowFalseNegatives, NabProfile::LowFalseNegatives),
                ] {
                    figures.push((measure, nab_sweep(&corpus, profile)?.normalised));
                }
            }
            Dataset::Batadal => {
                figures.push((Measure::S, self.contest.map(|contest| contest.s)));
                figures.push((Measure::Sttd, self.contest.map(|contest| contest.s_ttd)));
                figures.push((Measure::Scm, self.contest.map(|contest| contest.s_cm)));
            }
            Dataset::Skab | Dataset::Msl | Dataset::Tsb => {}
        }
        Ok(figures)
    }

    fn figures(mut self, dataset: Dataset) -> Result<Vec<Figure>> {
        let mut figures = self.own_figures(dataset)?;
        self.delays.sort_unstable();
        let median = self.delays.get(self.delays.len().saturating_sub(1) / 2);
        figures.extend([
            (Measure::F1, self.confusion.f1()),
            (Measure::Far, self.confusion.far_percent()),
            (Measure::Mar, self.confusion.mar_percent()),
            (Measure::AucPr, self.auc_pr.value()),
            (Measure::VusPr, self.vus_pr.value()),
            (Measure::AucRoc, self.auc_roc.value()),
            (Measure::VusRoc, self.vus_roc.value()),
            (Measure::Segments, Some(self.segments as f64)),
            (Measure::Found, Some(self.found as f64)),
            (Measure::MedianDelay, median.map(|&rows| rows as f64)),
            (
                Measure::FalseAlarmsPerDay,
                (self.days > 0.0).then(|| self.false_alarms as f64 / self.days),
            ),
        ]);
        let figure =
            |(measure, value): (Measure, Option<f64>)| value.map(|value| Figure { measure, value });
        Ok(figures.into_iter().filter_map(figure).collect())
    }
}

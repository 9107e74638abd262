//! Out-of-fold scores: every training row scored by detectors that did not learn from it.
//!
//! Each device's rows are cut into blocks of time; a block of all devices is held out together.
//! Rows next to it, as many as a detector looks back, teach nothing either: they are the held-out
//! rows' own past. What detectors see of faults is measured in held-out rows, too.

use super::budget::Position;
use super::faults::{Fault, Injected, Place, area, inject};
use super::fusion::{log_score, trailing_mean};
use super::scaler::{ClassScaler, DeviceScaler, Moments, moments};
use super::settings::Settings;
use crate::detector::{Choice, Detector, Role, Rows, Training};
use crate::error::{AnalyticsError, Result};
use fieldmirror_core::seed::Seed;
use rayon::prelude::*;
use std::ops::Range;

/// A device's rows without a gap, duplicates or missing values but those that are the centre.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) device: usize,
    /// Row by row, all channels.
    pub(super) values: Vec<f64>,
    pub(super) rows: usize,
}

/// All that a class learns from.
pub(super) struct Class<'a> {
    pub(super) devices: &'a [String],
    pub(super) stretches: &'a [Stretch],
    pub(super) channels: usize,
    pub(super) scaler: &'a ClassScaler,
    pub(super) live: &'a [usize],
    /// Of the live channels.
    pub(super) roles: &'a [Role],
    /// Of the live channels; see [`Training::noise`].
    pub(super) noise: &'a [f32],
    pub(super) settings: &'a Settings,
    pub(super) seed: Seed,
}

/// A detector that could be fitted to all rows.
pub(super) struct Candidate<'a> {
    pub(super) choice: &'a Choice,
    pub(super) detector: Box<dyn Detector>,
}

/// What cross-fitting found out about a candidate.
#[derive(Default)]
pub(super) struct OutOfFold {
    /// Log scores of each stretch, of the rows after the first `history` ones.
    pub(super) logs: Vec<Vec<f32>>,
    /// The area under the curve of each fault in each block.
    pub(super) faults: Vec<(Fault, f64)>,
    /// Trailing means of rows with each fault.
    pub(super) faulty: Vec<(Fault, Vec<f32>)>,
    /// Why there is nothing.
    pub(super) failed: Option<String>,
}

impl Class<'_> {
    /// How many channels are measured.
    pub(super) fn measured(&self) -> usize {
        self.roles.iter().filter(|&&role| role == Role::Measured).count()
    }

    /// Rows of the trailing mean of a detector's scores.
    pub(super) fn smooth(&self, detector: &dyn Detector) -> usize {
        self.settings.fusion.smooth(detector.history(), self.measured())
    }

    /// Where each stretch lies among its device's rows: how many come before, and how many there
    /// are.
    pub(super) fn positions(&self) -> Vec<Position> {
        let mut of = vec![0; self.devices.len()];
        let begin = |stretch: &Stretch| {
            let before = of[stretch.device];
            of[stretch.device] += stretch.rows;
            before
        };
        let before: Vec<usize> = self.stretches.iter().map(begin).collect();
        let stretches = self.stretches.iter().zip(before);
        stretches.map(|(stretch, before)| Position { before, of: of[stretch.device] }).collect()
    }

    /// The rows of each stretch that lie in each block.
    pub(super) fn blocks(&self) -> Vec<Vec<Range<usize>>> {
        let count = self.settings.fusion.blocks;
        let mut blocks = vec![Vec::new(); count];
        for (stretch, place) in self.stretches.iter().zip(self.positions()) {
            let cut = |block: usize| {
                (place.of * block / count).saturating_sub(place.before).min(stretch.rows)
            };
            for (block, ranges) in blocks.iter_mut().enumerate() {
                ranges.push(cut(block)..cut(block + 1));
            }
        }
        blocks
    }

    /// All rows, standardised with these scalers.
    pub(super) fn standardise(&self, scalers: &[DeviceScaler]) -> Vec<Vec<f32>> {
        let clip = self.settings.scaler.clip;
        let one = |stretch: &Stretch| {
            let mut out = Vec::with_capacity(stretch.rows * self.live.len());
            for row in stretch.values.chunks_exact(self.channels) {
                scalers[stretch.device].standardise(row, self.live, clip, &mut out);
            }
            out
        };
        self.stretches.par_iter().map(one).collect()
    }

    /// The scalers of all devices as all rows teach them.
    pub(super) fn scalers(&self) -> Vec<DeviceScaler> {
        let known = |name: &String| self.scaler.devices.get(name).cloned();
        self.devices.iter().map(|d| known(d).unwrap_or_else(|| self.scaler.unseen())).collect()
    }

    /// The scalers of all devices as the rows outside a block teach them.
    fn scalers_without(&self, held: &[Range<usize>]) -> Vec<DeviceScaler> {
        if !self.settings.fusion.refit_scaler {
            return self.scalers();
        }
        let settings = &self.settings.scaler;
        let mut own: Vec<Vec<usize>> = vec![Vec::new(); self.devices.len()];
        for (place, stretch) in self.stretches.iter().enumerate() {
            own[stretch.device].push(place);
        }
        let device = |device: usize| {
            let column = |channel: usize| -> Option<Moments> {
                let mut column = Vec::new();
                for &place in &own[device] {
                    let (stretch, held) = (&self.stretches[place], &held[place]);
                    let rows = (0..held.start).chain(held.end..stretch.rows);
                    column.extend(rows.map(|row| stretch.values[row * self.channels + channel]));
                }
                moments(&mut column, settings)
            };
            let found: Vec<Option<Moments>> = (0..self.channels).map(column).collect();
            self.scaler.device(&found, settings)
        };
        (0..self.devices.len()).into_par_iter().map(device).collect()
    }

    /// Scores every row out of fold with each candidate.
    pub(super) fn cross_fit(&self, candidates: &[Candidate<'_>]) -> Result<Vec<OutOfFold>> {
        let history = candidates.iter().map(|c| c.detector.history()).max().unwrap_or(0);
        let mut found: Vec<OutOfFold> = candidates
            .iter()
            .map(|candidate| OutOfFold {
                logs: self
                    .stretches
                    .iter()
                    .map(|s| vec![0.0; s.rows.saturating_sub(candidate.detector.history())])
                    .collect(),
                ..OutOfFold::default()
            })
            .collect();
        for (block, held) in self.blocks().iter().enumerate() {
            let rows = self.standardise(&self.scalers_without(held));
            let fold = Fold { class: self, block, held, rows: &rows, history };
            let pieces = fold.training();
            let training = Training {
                stretches: &pieces,
                roles: self.roles,
                noise: self.noise,
                seed: self.seed,
            };
            candidates
                .par_iter()
                .zip(found.par_iter_mut())
                .try_for_each(|(candidate, found)| fold.run(candidate, &training, found))?;
        }
        Ok(found)
    }
}

struct Fold<'a> {
    class: &'a Class<'a>,
    block: usize,
    held: &'a [Range<usize>],
    rows: &'a [Vec<f32>],
    history: usize,
}

impl<'a> Fold<'a> {
    fn slice(&self, stretch: usize, range: Range<usize>) -> Rows<'a> {
        let width = self.class.live.len();
        Rows::new(&self.rows[stretch][range.start * width..range.end * width], width)
    }

    /// The rows to learn from.
    fn training(&self) -> Vec<Rows<'a>> {
        let mut pieces = Vec::new();
        for (index, held) in self.held.iter().enumerate() {
            let rows = self.class.stretches[index].rows;
            if held.is_empty() {
                pieces.push(self.slice(index, 0..rows));
                continue;
            }
            // Not more than half a block: short telemetry would teach nothing.
            let embargo = self.history.min(held.len() / 2);
            pieces.push(self.slice(index, 0..held.start.saturating_sub(embargo)));
            pieces.push(self.slice(index, (held.end + embargo).min(rows)..rows));
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    fn run(
        &self,
        candidate: &Candidate<'_>,
        training: &Training<'_>,
        found: &mut OutOfFold,
    ) -> Result<()> {
        if found.failed.is_some() {
            return Ok(());
        }
        let detector = match candidate.choice.fit(training) {
            Ok(detector) => detector,
            Err(AnalyticsError::TooFewRows { .. }) => {
                found.failed = Some(TOO_FEW.to_owned());
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        // Fewer rows may leave room for less history only.
        let (history, own) = (candidate.detector.history(), detector.history());
        if own > history {
            found.failed = Some(TOO_FEW.to_owned());
            return Ok(());
        }
        for (index, held) in self.held.iter().enumerate() {
            let first = held.start.max(history);
            if first >= held.end {
                continue;
            }
            let out = &mut found.logs[index][first - history..held.end - history];
            detector.score(self.slice(index, first - own..held.end), out)?;
            out.iter_mut().for_each(|score| *score = log_score(*score));
        }
        if self.class.settings.weighing.by_evidence {
            let smooth = self.class.smooth(&*candidate.detector);
            self.measure(&*detector, smooth, found)?;
        }
        Ok(())
    }

    /// Measures what the detector sees of faults in the longest held-out piece.
    fn measure(&self, detector: &dyn Detector, smooth: usize, found: &mut OutOfFold) -> Result<()> {
        let (class, settings) = (self.class, self.class.settings);
        let span = settings.fusion.span(class.measured());
        // The first of the longest.
        let longest = self.held.iter().enumerate().rev().max_by_key(|(_, held)| held.len());
        let Some((index, held)) = longest else { return Ok(()) };
        let end = held.end.min(held.start + settings.weighing.rows_max);
        let begin = held.start.saturating_sub(detector.history());
        let rows = self.slice(index, begin..end);
        let segment = (held.len() / 12).clamp(span.max(16), span.max(64));
        let width = class.live.len();
        let measured: Vec<usize> =
            (0..width).filter(|&channel| class.roles[channel] == Role::Measured).collect();
        for round in 0..settings.weighing.rounds {
            let place = Place {
                seed: class.seed,
                block: self.block + round * settings.fusion.blocks,
                from: held.start - begin,
                segment,
                size: settings.weighing.size as f32,
                clip: settings.scaler.clip as f32 + 2.0,
            };
            for fault in Fault::ALL {
                if let Some(made) = inject(rows.values(), width, &measured, fault, &place) {
                    see(detector, &made, (width, smooth), fault, found)?;
                }
            }
        }
        Ok(())
    }
}

/// Scores rows with a fault in them.
fn see(
    detector: &dyn Detector,
    made: &Injected,
    (width, smooth): (usize, usize),
    fault: Fault,
    found: &mut OutOfFold,
) -> Result<()> {
    let rows = Rows::new(&made.values, width);
    let history = detector.history();
    if rows.len() <= history {
        return Ok(());
    }
    let mut scores = vec![0.0; rows.len() - history];
    detector.score(rows, &mut scores)?;
    scores.iter_mut().for_each(|score| *score = log_score(*score));
    // Rows whose mean reaches into a fault that is over are neither.
    let mut since = smooth;
    let mut scored = Vec::with_capacity(scores.len());
    for (at, &faulty) in made.faulty[history..].iter().enumerate() {
        since = if faulty { 0 } else { since + 1 };
        if at + 1 >= smooth && (faulty || since >= smooth + history) {
            let logs = &scores[at + 1 - smooth..=at];
            scored.push((trailing_mean(logs, smooth, 0.0) as f32, faulty));
        }
    }
    let faulty = scored.iter().filter(|row| row.1).map(|row| row.0).collect();
    found.faulty.push((fault, faulty));
    found.faults.extend(area(&mut scored).map(|area| (fault, area)));
    Ok(())
}

const TOO_FEW: &str = "a block of the training rows leaves too few rows to learn from";

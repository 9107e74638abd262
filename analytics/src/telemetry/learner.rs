//! Learning one class: detectors fitted and scored out of fold, weighed by what they see of
//! injected faults, fused, and the threshold for the budget.

use super::budget::{Clean, calibrate};
use super::crossfit::{Candidate, Class, OutOfFold, Stretch};
use super::faults::Fault;
use super::fusion::{Evidence, Normaliser, fuse, quantile, trailing_mean, weigh};
use super::model::ClassModel;
use super::report::{ClassReport, DetectorReport};
use super::reservoir::Block;
use super::scaler::{ClassScaler, State, moments};
use super::schema::Schema;
use super::series::{Counts, Fill, Limits, Step};
use super::settings::{Budget, Settings};
use super::training::{Device, gap};
use crate::detector::{Detector, Kind, Role, Rows, Training};
use crate::error::{AnalyticsError, Result};
use fieldmirror_core::seed::Seed;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Learns one class.
pub(super) struct Learner<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Schema,
    pub(super) settings: &'a Settings,
    pub(super) seed: Seed,
    pub(super) period_us: i64,
}

/// A fitted detector with what cross-fitting found, or why there is none.
struct Tried {
    report: DetectorReport,
    fitted: Option<(Box<dyn Detector>, OutOfFold, Normaliser)>,
}

impl Learner<'_> {
    /// Learns it from its devices and their kept rows, `kept` in all.
    pub(super) fn learn(
        &self,
        members: Vec<(&Device, BTreeMap<u32, Block>)>,
        kept: usize,
        counts: &mut Counts,
    ) -> Result<(ClassModel, ClassReport)> {
        let channels = self.schema.channels.len();
        let found: Vec<_> = members
            .par_iter()
            .map(|(device, _)| {
                let column = |channel| {
                    let mut column = device.sample.column(channel, channels);
                    moments(&mut column, &self.settings.scaler)
                };
                (device.name.as_str(), (0..channels).map(column).collect())
            })
            .collect();
        let scaler = ClassScaler::new(&found, channels, &self.settings.scaler);
        let live = scaler.live();
        let roles: Vec<Role> = live.iter().map(|&c| self.schema.channels[c].role).collect();
        self.check(&scaler, &roles)?;
        let noise: Vec<f32> = live.iter().map(|&channel| scaler.noise[channel] as f32).collect();
        let needed = ROWS_MIN * self.settings.fusion.blocks;
        if kept < needed {
            let class = self.name.to_owned();
            return Err(AnalyticsError::FewRows { class, rows: kept, needed });
        }
        let names: Vec<String> = members.iter().map(|member| member.0.name.clone()).collect();
        let rows = members.iter().map(|member| u64::from(member.0.sample.rows())).sum();
        let mut stretches = Vec::new();
        let mut silent_rows = vec![0; channels];
        for (device, (_, blocks)) in members.into_iter().enumerate() {
            self.cut(device, blocks, (&mut stretches, &mut silent_rows), counts);
        }
        let class = Class {
            devices: &names,
            stretches: &stretches,
            channels,
            scaler: &scaler,
            live: &live,
            roles: &roles,
            noise: &noise,
            settings: self.settings,
            seed: self.seed,
        };
        let mut tried = self.try_detectors(&class)?;
        let scores = self.fuse(&class, &mut tried)?;
        let days = scores.iter().map(Vec::len).sum::<usize>() as f64 * self.period_us as f64
            / MICROSECONDS_PER_DAY;
        let clean = Clean::all(&scores, &class.positions());
        let fusion = &self.settings.fusion;
        let with = (&self.settings.budget, &self.settings.alarm);
        let calibration = calibrate(&clean, days, fusion.clip_high, with);
        let report = ClassReport {
            class: self.name.to_owned(),
            devices: names.len(),
            rows,
            rows_kept: kept as u64,
            stretches: stretches.len(),
            detectors: tried.iter().map(|one| one.report.clone()).collect(),
            calibration,
        };
        let detectors = tried.into_iter().filter_map(|one| one.fitted);
        let detectors = detectors.filter(|(_, _, normaliser)| normaliser.weight > 0.0);
        let detectors = detectors.map(|(detector, _, normaliser)| (detector, normaliser)).collect();
        let name = self.name.to_owned();
        Ok((ClassModel { name, scaler, detectors, calibration, silent_rows }, report))
    }

    /// An error where no measured channel ever changes.
    fn check(&self, scaler: &ClassScaler, roles: &[Role]) -> Result<()> {
        if roles.contains(&Role::Measured) {
            return Ok(());
        }
        let names = self.schema.channels.iter().zip(&scaler.states);
        let empty = |state: &State| *state == State::Absent;
        if scaler.states.iter().all(empty) {
            let all: Vec<&str> = names.map(|(channel, _)| channel.name.as_str()).collect();
            return Err(AnalyticsError::NoValues { channels: all.join(", ") });
        }
        Err(AnalyticsError::NothingVaries { class: self.name.to_owned() })
    }

    /// Cuts a device's kept blocks into stretches, and finds for how many rows in succession each
    /// channel had no value at most.
    fn cut(
        &self,
        device: usize,
        blocks: BTreeMap<u32, Block>,
        (stretches, silent_rows): (&mut Vec<Stretch>, &mut [u64]),
        counts: &mut Counts,
    ) {
        let channels = self.schema.channels.len();
        let measured = self.schema.measured();
        let limits = Limits {
            gap: gap(self.settings, self.period_us),
            fill_rows: self.settings.time.fill_rows,
            measured: &measured,
        };
        let mut fill = Fill::new(channels);
        let mut next = None;
        for (place, mut block) in blocks {
            if next != Some(place) {
                fill = Fill::new(channels);
            }
            next = Some(place + 1);
            for (&time, row) in block.time.iter().zip(block.values.chunks_exact_mut(channels)) {
                let step = fill.step(time, row, limits, counts, |_, _| ());
                for (most, silent) in silent_rows.iter_mut().zip(&fill.silent) {
                    *most = silent.rows.max(*most);
                }
                match step {
                    Step::Duplicate | Step::Empty => continue,
                    Step::Starts => stretches.push(Stretch { device, values: vec![], rows: 0 }),
                    Step::Follows => {}
                }
                if let Some(last) = stretches.last_mut() {
                    last.values.extend_from_slice(row);
                    last.rows += 1;
                }
            }
        }
    }

    /// Fits all detectors to all rows, and scores the rows out of fold.
    fn try_detectors(&self, class: &Class<'_>) -> Result<Vec<Tried>> {
        let rows = class.standardise(&class.scalers());
        let pieces: Vec<Rows<'_>> =
            rows.iter().map(|rows| Rows::new(rows, class.live.len())).collect();
        let training = Training {
            stretches: &pieces,
            roles: class.roles,
            noise: class.noise,
            seed: self.seed,
        };
        let choices = &self.settings.detectors;
        let fits: Vec<_> = choices.par_iter().map(|choice| choice.fit(&training)).collect();
        let (mut tried, mut candidates) = (Vec::new(), Vec::new());
        let levels = choices.iter().any(|choice| choice.kind() == Kind::Mahalanobis);
        for (choice, fit) in choices.iter().zip(fits) {
            let mut report = DetectorReport {
                kind: choice.kind(),
                history: 0,
                weight: 0.0,
                evidence: None,
                left_out: None,
            };
            match fit {
                Ok(_) if levels && choice.kind() == Kind::RobustZ && class.measured() == 1 => {
                    report.left_out = Some(TWICE.to_owned());
                }
                Ok(detector) => {
                    report.history = detector.history();
                    candidates.push(Candidate { choice, detector });
                }
                Err(error @ AnalyticsError::TooFewRows { .. }) => {
                    report.left_out = Some(error.to_string());
                }
                Err(error) => return Err(error),
            }
            tried.push(Tried { report, fitted: None });
        }
        let found = class.cross_fit(&candidates)?;
        let places: Vec<usize> =
            (0..tried.len()).filter(|&i| tried[i].report.left_out.is_none()).collect();
        for (place, (candidate, found)) in places.into_iter().zip(candidates.into_iter().zip(found))
        {
            let tried = &mut tried[place];
            if let Some(why) = found.failed {
                tried.report.left_out = Some(why);
                continue;
            }
            let logs: Vec<&[f32]> = found.logs.iter().map(Vec::as_slice).collect();
            let rows = class.smooth(&*candidate.detector);
            let normaliser = Normaliser::learn(&logs, rows, &self.settings.fusion);
            tried.report.evidence = Some(self.evidence(class, &candidate, &found, &normaliser));
            tried.fitted = Some((candidate.detector, found, normaliser));
        }
        Ok(tried)
    }

    fn evidence(
        &self,
        class: &Class<'_>,
        candidate: &Candidate<'_>,
        found: &OutOfFold,
        normaliser: &Normaliser,
    ) -> Evidence {
        let history = candidate.detector.history();
        let normal = |stretch: usize, row: usize| {
            let logs = &found.logs[stretch][..=row - history];
            (trailing_mean(logs, normaliser.rows, normaliser.rest) - normaliser.median)
                / normaliser.unit
        };
        let block = |held: &Vec<std::ops::Range<usize>>| -> (f64, f64) {
            let rows = held.iter().enumerate().flat_map(|(stretch, held)| {
                (held.start.max(history)..held.end).map(move |row| (stretch, row))
            });
            let mut scores: Vec<f64> = rows.map(|(stretch, row)| normal(stretch, row)).collect();
            let above = scores.iter().filter(|&&score| score >= 1.0).count() as f64;
            (quantile(&mut scores, 0.5), above / scores.len().max(1) as f64)
        };
        let (block_medians, block_exceedance) = class.blocks().iter().map(block).unzip();
        let mean = |fault: &Fault| {
            let areas = found.faults.iter().filter(|one| one.0 == *fault).map(|one| one.1);
            let areas: Vec<f64> = areas.collect();
            let mean = areas.iter().sum::<f64>() / areas.len() as f64;
            (!areas.is_empty()).then(|| (fault.name().to_owned(), mean))
        };
        Evidence {
            kind: candidate.detector.kind(),
            block_medians,
            block_exceedance,
            faults: Fault::ALL.iter().filter_map(mean).collect(),
            power: self.power(class, found, (normaliser, history)),
        }
    }

    /// The share of rows with each fault that the detector alone would alarm on.
    fn power(
        &self,
        class: &Class<'_>,
        found: &OutOfFold,
        (normaliser, history): (&Normaliser, usize),
    ) -> Vec<(String, f64)> {
        let fusion = &self.settings.fusion;
        let scores: Vec<Vec<f32>> = found
            .logs
            .iter()
            .map(|logs| {
                (1..=logs.len()).map(|end| normaliser.normal(&logs[..end], fusion)).collect()
            })
            .collect();
        let rows = scores.iter().map(|scores| scores.len() + history).sum::<usize>() as f64;
        let days = rows * self.period_us as f64 / MICROSECONDS_PER_DAY;
        let budget = Budget { threshold: None, ..self.settings.budget.clone() };
        let with = (&budget, &self.settings.alarm);
        let clean = Clean::all(&scores, &class.positions());
        let threshold = calibrate(&clean, days, f32::MAX, with).threshold;
        let share = |fault: &Fault| {
            let of_fault = found.faulty.iter().filter(|one| one.0 == *fault);
            let rows: Vec<f32> = of_fault.flat_map(|one| one.1.iter().copied()).collect();
            let over = |mean: &&f32| normaliser.on_scale(f64::from(**mean), fusion) >= threshold;
            let over = rows.iter().filter(over).count();
            (!rows.is_empty()).then(|| (fault.name().to_owned(), over as f64 / rows.len() as f64))
        };
        Fault::ALL.iter().filter_map(share).collect()
    }

    /// Weighs the detectors and returns the fused out-of-fold scores of each stretch.
    fn fuse(&self, class: &Class<'_>, tried: &mut [Tried]) -> Result<Vec<Vec<f32>>> {
        let evidence: Vec<Evidence> =
            tried.iter().filter_map(|one| one.report.evidence.clone()).collect();
        if evidence.is_empty() {
            let why = tried.iter().filter_map(|one| {
                let why = one.report.left_out.as_ref()?;
                Some(format!("{}: {why}", one.report.kind.name()))
            });
            let why = why.collect::<Vec<_>>().join("; ");
            return Err(AnalyticsError::NoDetector { class: self.name.to_owned(), why });
        }
        let mut weights = weigh(&evidence, class.measured(), &self.settings.weighing).into_iter();
        for one in tried.iter_mut() {
            if let Some((_, _, normaliser)) = &mut one.fitted {
                normaliser.weight = weights.next().unwrap_or(0.0);
                one.report.weight = normaliser.weight;
            }
        }
        let fitted = tried.iter().filter_map(|one| one.fitted.as_ref());
        let fitted: Vec<_> = fitted.filter(|(_, _, found)| found.weight > 0.0).collect();
        let fusion = &self.settings.fusion;
        let one = |(index, stretch): (usize, &Stretch)| -> Vec<f32> {
            let normal = |row: usize| {
                let of = fitted.iter().map(|(detector, found, normaliser)| {
                    let logs = &found.logs[index];
                    let end = (row + 1).checked_sub(detector.history()).filter(|&end| end > 0);
                    let normal = end.map(|end| normaliser.normal(&logs[..end], fusion));
                    (normal, normaliser.weight)
                });
                of.collect::<Vec<_>>()
            };
            (0..stretch.rows).map(|row| fuse(&normal(row), fusion.strongest, |_| ())).collect()
        };
        Ok(class.stretches.par_iter().enumerate().map(one).collect())
    }
}

/// Fewest rows of a block.
const ROWS_MIN: usize = 16;

const TWICE: &str = "of a single channel it says what mahalanobis says";

const MICROSECONDS_PER_DAY: f64 = 86_400e6;

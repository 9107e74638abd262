//! The product's own detection as a method that benchmarks can judge.
//!
//! Nothing here knows which benchmark it is: a case is learned from and scored as files would be.

use crate::datasets::{Case, Method, Scored, Threshold};
use crate::detector::{Choice, Kind, Role};
use crate::error::{AnalyticsError, Result};
use crate::telemetry::{Channel, Chunk, Devices, Model, Schema, Scorer, Series, Settings};
use fieldmirror_core::seed::Seed;

/// The detection of `train` and `score` with given settings.
#[derive(Clone, Debug)]
pub struct Detection {
    name: String,
    settings: Settings,
    seed: Seed,
}

impl Detection {
    /// The whole of it, with `settings`.
    pub fn new(settings: Settings, seed: Seed) -> Self {
        Self { name: "fieldmirror".to_owned(), settings, seed }
    }

    /// One detector alone, with the same scaling, calibration and alarms.
    pub fn only(kind: Kind, settings: Settings, seed: Seed) -> Self {
        let settings = Settings { detectors: vec![Choice::of(kind)], ..settings };
        Self { name: kind.name().to_owned(), settings, seed }
    }
}

/// What there is to say of a case in which no measured channel ever varied, which `train` refuses:
/// how many of the last rows differ from what had always been.
fn changes(case: &Case, settings: &Settings) -> Scored {
    let differs = |row: usize| {
        let mut channels = case.roles.iter().zip(case.train.iter().zip(&case.test));
        channels.any(|(role, (train, test))| {
            *role == Role::Measured && train.first().is_some_and(|first| test[row] != *first)
        })
    };
    let changed: Vec<bool> = (0..case.test_rows()).map(differs).collect();
    let measured = case.roles.iter().filter(|&&role| role == Role::Measured).count();
    // Whether a constant changes is sure in each row: half a span is enough.
    let smooth = settings.fusion.smooth(settings.fusion.span(measured) / 2, measured);
    let share = |row: usize| {
        let recent = &changed[(row + 1).saturating_sub(smooth)..=row];
        recent.iter().filter(|&&changed| changed).count() as f32 / smooth as f32
    };
    let full = settings.fusion.clip_high;
    let scores: Vec<f32> = (0..changed.len()).map(|row| full * share(row)).collect();
    Scored { scores, threshold: Threshold::Fixed(full / smooth as f32), alarms: changed }
}

/// The device of a case, which has but one.
const DEVICE: &str = "device";

impl Method for Detection {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&mut self, case: &Case) -> Result<Scored> {
        let mut settings = self.settings.clone();
        if settings.time.period_seconds.is_none() {
            settings.time.period_seconds = Some(case.period_s.unwrap_or(1.0));
        }
        let period_us = settings.time.period_seconds.map_or(1_000_000, |s| (s * 1e6) as i64);
        let names = case.channels.iter().zip(&case.roles);
        let channels = names.map(|(name, &role)| Channel { role, ..Channel::measured(name) });
        let schema = Schema::new(channels.collect())?;
        let times = |from: usize, rows: usize| -> Vec<i64> {
            (from..from + rows).map(|row| row as i64 * period_us).collect()
        };
        let (learned, rows) = (case.train_rows(), case.test_rows());
        let time = times(0, learned);
        let columns: Vec<&[f64]> = case.train.iter().map(Vec::as_slice).collect();
        let series = Series { device: DEVICE, class: "", time: &time, columns: &columns };
        let model = match Model::train(schema, &[series], &settings, self.seed) {
            Ok((model, _)) => model,
            Err(AnalyticsError::NothingVaries { .. }) => return Ok(changes(case, &settings)),
            Err(other) => return Err(other),
        };
        let before = if case.continues { learned.min(model.warm_up_rows()) } else { 0 };
        let first = learned - before;
        let whole: Vec<Vec<f64>> = case
            .train
            .iter()
            .zip(&case.test)
            .map(|(train, test)| [&train[first..], test.as_slice()].concat())
            .collect();
        let columns: Vec<&[f64]> = whole.iter().map(Vec::as_slice).collect();
        let time = times(first, before + rows);
        let mut scorer = Scorer::new(&model);
        let device = Devices::One(scorer.device(DEVICE, "")?);
        let mut scored = scorer.push(&Chunk { time: &time, device, columns: &columns })?.rows;
        scored.extend(scorer.finish()?.rows);
        scored.sort_by_key(|row| row.row);
        let scored = &scored[before..];
        Ok(Scored {
            scores: scored.iter().map(|row| row.score).collect(),
            threshold: Threshold::PerRow(scored.iter().map(|row| row.threshold).collect()),
            alarms: scored.iter().map(|row| row.alarm).collect(),
        })
    }
}

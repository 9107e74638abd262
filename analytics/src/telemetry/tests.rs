//! The way from rows to findings as a whole: its laws, what it finds, and what it says of bad
//! input.

mod files;
mod findings;
mod laws;

use super::settings::Settings;
use super::*;
use crate::detector::{Choice, Kind, Role};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use std::sync::OnceLock;

/// Telemetry of a made-up pump: columns `heat`, `pressure`, `flow` (which follows `command`),
/// `command` (exogenous) and `site` (constant).
#[derive(Clone, Debug)]
struct Plant {
    name: String,
    time: Vec<i64>,
    columns: Vec<Vec<f64>>,
}

const SECOND: i64 = 1_000_000;

fn plant(name: &str, seed: u64, rows: usize) -> Plant {
    let draws = Seed::new(seed).draws(EntityKey::of(name), Purpose::SensorNoise);
    let (mut a, mut b) = (0.0_f64, 0.0_f64);
    let mut columns = vec![Vec::new(); 5];
    for i in 0..rows {
        let [u, v, w, x] = draws.normals4(i as u32);
        let command = f64::from(u8::from(i % 40 >= 20));
        a = 0.8 * a + 0.6 * u;
        b = 0.5 * b + 0.3 * a + 0.6 * v;
        let row =
            [60.0 + 4.0 * a, 2.5 + 0.3 * (0.9 * a - 0.3 * b + 0.2 * w), 3.0 * command + 0.2 * x];
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
        columns[3].push(command);
        columns[4].push(17.0);
    }
    Plant { name: name.to_owned(), time: (0..rows as i64).map(|i| i * SECOND).collect(), columns }
}

impl Plant {
    fn rows(&self) -> usize {
        self.time.len()
    }

    fn columns(&self) -> Vec<&[f64]> {
        self.columns.iter().map(Vec::as_slice).collect()
    }

    /// In other units.
    fn scaled(mut self, units: &[f64]) -> Self {
        for (column, unit) in self.columns.iter_mut().zip(units) {
            column.iter_mut().for_each(|value| *value *= unit);
        }
        self
    }

    /// Adds `by` to a channel in these rows.
    fn shifted(mut self, channel: usize, rows: std::ops::Range<usize>, by: f64) -> Self {
        self.columns[channel][rows].iter_mut().for_each(|value| *value += by);
        self
    }

    /// With all that may be wrong with rows: a gap, duplicates, disorder, missing values.
    fn spoilt(mut self) -> Self {
        let rows = self.rows();
        for (row, time) in self.time.iter_mut().enumerate() {
            *time += if row > rows / 2 { 100 * SECOND } else { 0 };
        }
        let again = |row: usize| if row > rows / 4 { row - 1 } else { row };
        self.time = (0..rows).map(|row| self.time[again(row)]).collect();
        for column in &mut self.columns {
            *column = (0..rows).map(|row| column[again(row)]).collect();
        }
        for row in (10..rows - 10).step_by(37) {
            self.time.swap(row, row + 2);
            self.columns.iter_mut().for_each(|column| column.swap(row, row + 2));
        }
        for row in (0..rows).filter(|row| row % 29 == 0 || row % 100 > 85) {
            self.columns[row % 3][row] = f64::NAN;
        }
        for row in (0..rows).filter(|row| row % 97 < 2 || row % 211 > 206) {
            [0, 1, 2, 4].into_iter().for_each(|at| self.columns[at][row] = f64::NAN);
        }
        self
    }
}

fn schema() -> Schema {
    let mut channels: Vec<Channel> =
        ["heat", "pressure", "flow", "command", "site"].map(Channel::measured).to_vec();
    channels[3].role = Role::Exogenous;
    Schema::new(channels).unwrap()
}

fn settings() -> Settings {
    let detectors =
        [Kind::Var, Kind::Mahalanobis, Kind::RobustZ, Kind::SubPca].map(Choice::of).to_vec();
    let mut settings = Settings { detectors, ..Settings::default() };
    settings.budget.per_device_day = Some(20.0);
    settings.shift.rows = 400;
    settings.drift.rows = 300;
    settings.scaler.adopt_rows = 100;
    settings
}

fn train_with(plants: &[Plant], settings: &Settings) -> (Model, TrainingReport) {
    let columns: Vec<Vec<&[f64]>> = plants.iter().map(Plant::columns).collect();
    let series = plants.iter().zip(&columns).map(|(plant, columns)| Series {
        device: &plant.name,
        class: "",
        time: &plant.time,
        columns,
    });
    let series: Vec<Series<'_>> = series.collect();
    Model::train(schema(), &series, settings, Seed::new(1)).unwrap()
}

fn train(plants: &[Plant]) -> Model {
    train_with(plants, &settings()).0
}

/// A model of two pumps that several tests share.
fn shared() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| train(&[plant("p1", 1, 1_500), plant("p2", 2, 1_500)]))
}

/// Scores a plant in chunks of `size` rows; with `resume`, saves and restores after each.
fn score_in(model: &Model, plant: &Plant, size: usize, resume: bool) -> Scored {
    let mut scorer = Scorer::new(model);
    let mut all = Scored::default();
    let mut begin = 0;
    while begin < plant.rows() {
        let end = (begin + size).min(plant.rows());
        let columns: Vec<&[f64]> = plant.columns.iter().map(|column| &column[begin..end]).collect();
        let device = Devices::One(scorer.device(&plant.name, "").unwrap());
        let time = &plant.time[begin..end];
        let found = scorer.push(&Chunk { time, device, columns: &columns }).unwrap();
        all.rows.extend(found.rows);
        all.events.extend(found.events);
        all.silences.extend(found.silences);
        if resume {
            let bytes = scorer.save_state();
            scorer = Scorer::restore_state(model, &bytes).unwrap();
        }
        begin = end;
    }
    let found = scorer.finish().unwrap();
    all.rows.extend(found.rows);
    all.events.extend(found.events);
    all.silences.extend(found.silences);
    all
}

fn score(model: &Model, plant: &Plant) -> Scored {
    score_in(model, plant, usize::MAX / 2, false)
}

/// All of it as text: NaN is equal to NaN, and a float to no other.
fn exactly(scored: &Scored) -> String {
    format!("{scored:?}")
}

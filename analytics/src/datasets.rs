//! Public benchmarks: what to train on, what to score, and how the answer is judged.
//!
//! A [`Folder`] is a benchmark on disk, as its authors lay it out; it hands out one [`Trial`] after
//! the other. A [`Method`] sees a trial's [`Case`], which holds no label, and [`evaluate`] judges what it
//! answers. The protocols:
//!
//! | set | trained on | judged |
//! |---|---|---|
//! | SKAB | rows 0..400 of each file | the rest; rows of all files in one confusion matrix; VUS with L = 60 |
//! | SKAB, position-blind | the same | the same, after 0, 300, 600 or 900 more normal rows ([`position_blind`](Options::position_blind)) |
//! | NAB | the first 15 %, at most 750 rows, of each file | the rest; one threshold over the corpus; L = 100 |
//! | BATADAL | the clean year | the year with attacks: S, attacks found; L = 24 |
//! | MSL | `*_train` of each channel; c00 is measured, c01.. are commands | `*_test`; means over channels; L = 100 |
//! | TSB-AD | the first N rows (`tr_N` in the name) | *all* rows, as TSB-AD does; L by autocorrelation |
//!
//! Rows that are fed but must not count (inserted ones, those without a label) are taken out before
//! any figure is computed. Means over files leave out files without an anomalous row, for which
//! there is no AUC.
//!
//! Position-blind, because in SKAB every anomaly starts near the same row, so that a clock which
//! looks at no sensor does well.
//!
//! What it does not do: it tunes nothing, and no protocol passes a label to a method.

mod batadal;
mod judge;
mod methods;
mod msl;
mod nab;
mod published;
mod skab;
mod table;
mod tsb;

pub use judge::{evaluate, evaluate_with};
pub use methods::{RandomScore, ZScore};
pub use published::published;
pub use table::{Figure, Measure, Origin, Table, TableRow};

use crate::detector::Role;
use crate::error::{AnalyticsError, Result};
use crate::metrics::Segment;
use fieldmirror_core::seed::Seed;
use fieldmirror_tables::labelled::LabelledTable;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    /// A water-pump bench with faults brought about by hand (waico/SKAB).
    Skab,
    /// The Numenta Anomaly Benchmark (numenta/NAB).
    Nab,
    /// Attacks on a simulated water network (BATADAL).
    Batadal,
    /// Telemetry of a Mars rover (telemanom's MSL).
    Msl,
    /// TSB-AD's curated series.
    Tsb,
}

impl Dataset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Skab, Self::Nab, Self::Batadal, Self::Msl, Self::Tsb];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skab => "skab",
            Self::Nab => "nab",
            Self::Batadal => "batadal",
            Self::Msl => "msl",
            Self::Tsb => "tsb",
        }
    }

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.name() == name)
    }
}

/// What a method sees: what to learn from and what to score, without a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The file, relative to the folder.
    pub name: String,
    /// Names of the channels.
    pub channels: Vec<String>,
    /// What each channel is.
    pub roles: Vec<Role>,
    /// Seconds between two rows, if known.
    pub period_s: Option<f64>,
    /// Values to learn from, channel by channel. NaN is missing.
    pub train: Vec<Vec<f64>>,
    /// Values to score, channel by channel.
    pub test: Vec<Vec<f64>>,
    /// Whether the first row to score comes right after the last to learn from.
    pub continues: bool,
}

impl Case {
    /// Rows to learn from.
    pub fn train_rows(&self) -> usize {
        self.train.first().map_or(0, Vec::len)
    }

    /// Rows to score.
    pub fn test_rows(&self) -> usize {
        self.test.first().map_or(0, Vec::len)
    }
}

/// What a method answers: one score, threshold and alarm for each row of [`Case::test`].
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The larger the stranger; not NaN.
    pub scores: Vec<f32>,
    /// Where an alarm would begin, for show.
    pub threshold: Threshold,
    /// The alarms. They need not follow from scores and threshold: a method may hold or delay them.
    pub alarms: Vec<bool>,
}

/// A threshold.
#[derive(Clone, Debug, PartialEq)]
pub enum Threshold {
    /// One for all rows.
    Fixed(f32),
    /// One for each row.
    PerRow(Vec<f32>),
}

/// Something that learns from a case's training rows and scores its test rows. Each case starts
/// afresh: nothing may be carried over from another.
pub trait Method {
    /// Its name in tables.
    fn name(&self) -> &str;

    /// Learns and scores.
    ///
    /// # Errors
    /// [`AnalyticsError`] if it cannot.
    fn run(&mut self, case: &Case) -> Result<Scored>;
}

/// A case with what is true about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What the method sees.
    pub case: Case,
    /// Whether each row to score is anomalous.
    pub labels: Vec<bool>,
    /// Whether each row to score counts.
    pub counted: Vec<bool>,
    /// NAB's windows, as rows of the whole file: training rows first.
    pub windows: Vec<Segment>,
    /// L of the volumes under the surface.
    pub width: usize,
}

/// How a benchmark is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// SKAB only: puts 0, 300, 600 or 900 normal rows between training and test rows, drawn for each
    /// file. They are blocks of the file's own training rows in random order. The method is fed
    /// with them and has to stay calm, but they do not count: what counts is the rows that counted before.
    pub position_blind: bool,
    /// Of the draws.
    pub seed: Seed,
}

/// A benchmark on disk.
#[derive(Clone, Debug)]
pub struct Folder {
    dataset: Dataset,
    root: PathBuf,
    entries: Vec<Entry>,
}

/// The files of one trial.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    train: PathBuf,
    test: PathBuf,
    windows: Vec<(i64, i64)>,
}

impl Folder {
    /// Looks which trials the folder holds.
    ///
    /// # Errors
    /// [`AnalyticsError::DataSet`] if it is laid out in another way, and what reading gives.
    pub fn open(dataset: Dataset, root: &Path) -> Result<Self> {
        if !root.is_dir() {
            return Err(AnalyticsError::DataSet {
                path: root.to_owned(),
                found: "is no folder".to_owned(),
                expected: "the folder that holds a copy of the data set",
            });
        }
        let entries = match dataset {
            Dataset::Skab => skab::list(root)?,
            Dataset::Nab => nab::list(root)?,
            Dataset::Batadal => batadal::list(root)?,
            Dataset::Msl => msl::list(root)?,
            Dataset::Tsb => tsb::list(root)?,
        };
        Ok(Self { dataset, root: root.to_owned(), entries })
    }

    /// The benchmark.
    pub const fn dataset(&self) -> Dataset {
        self.dataset
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How many trials it has; at least 1.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none; never.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reads the trial at `index`.
    ///
    /// # Errors
    /// [`AnalyticsError::Tables`] for files that cannot be read, and [`AnalyticsError::DataSet`] for
    /// those with too few rows.
    pub fn trial(&self, index: usize, options: &Options) -> Result<Trial> {
        let entry = &self.entries[index];
        match self.dataset {
            Dataset::Skab => skab::load(entry, options),
            Dataset::Nab => nab::load(entry),
            Dataset::Batadal => batadal::load(entry),
            Dataset::Msl => msl::load(entry),
            Dataset::Tsb => tsb::load(entry),
        }
    }
}

/// A path below the root, with `/` on every platform.
fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts = below.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

fn nothing(root: &Path, expected: &'static str) -> AnalyticsError {
    let found = "holds none of the files of this data set".to_owned();
    AnalyticsError::DataSet { path: root.to_owned(), found, expected }
}

/// The middle of the steps between neighbouring times, in seconds.
fn period_of(table: &LabelledTable) -> Option<f64> {
    let step = |pair: &[Option<i64>]| Some(pair[1]?.saturating_sub(pair[0]?));
    let mut steps: Vec<i64> =
        table.times.windows(2).filter_map(step).filter(|&step| step > 0).collect();
    steps.sort_unstable();
    let middle = steps.get(steps.len() / 2)?;
    Some(*middle as f64 / 1e6)
}

/// A trial of one file: its rows `from_train` to learn from and those from `from` on to score.
fn of_one_file(entry: &Entry, table: LabelledTable, train: usize, from: usize) -> Result<Trial> {
    if table.rows() <= train.max(from) || train == 0 {
        return Err(AnalyticsError::DataSet {
            path: entry.test.clone(),
            found: format!("has {} rows, {train} of them to learn from", table.rows()),
            expected: "more rows than are learnt from; see whether the file was cut off",
        });
    }
    let period_s = period_of(&table);
    let labels = table.labels.unwrap_or_else(|| vec![false; table.times.len()]);
    let mut counted = vec![true; labels.len()];
    table.unlabelled.iter().for_each(|&row| counted[row] = false);
    let (channels, columns): (Vec<String>, Vec<Vec<f64>>) = table.columns.into_iter().unzip();
    Ok(Trial {
        case: Case {
            name: entry.name.clone(),
            roles: vec![Role::Measured; channels.len()],
            channels,
            period_s,
            train: columns.iter().map(|values| values[..train].to_vec()).collect(),
            test: columns.iter().map(|values| values[from..].to_vec()).collect(),
            continues: from == train,
        },
        labels: labels[from..].to_vec(),
        counted: counted[from..].to_vec(),
        windows: Vec::new(),
        width: 100,
    })
}

/// A trial of two files with the same channels.
fn of_two_files(entry: &Entry, train: LabelledTable, test: LabelledTable) -> Result<Trial> {
    let names = |table: &LabelledTable| -> Vec<String> {
        table.columns.iter().map(|(name, _)| name.clone()).collect()
    };
    if names(&train) != names(&test) {
        return Err(AnalyticsError::DataSet {
            path: entry.test.clone(),
            found: format!("has other channels than {}", entry.train.display()),
            expected: "the same channels in both files, in one order",
        });
    }
    let mut trial = of_one_file(entry, test, 1, 0)?;
    trial.case.train = train.columns.into_iter().map(|(_, values)| values).collect();
    trial.case.continues = false;
    Ok(trial)
}

#[cfg(test)]
mod tests;

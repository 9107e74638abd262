//! SKAB: one fault a file, `;`-separated, labels in `anomaly`.
//!
//! Takes every CSV of every subfolder except `anomaly-free`; the root of the repository, where they
//! are below `data`, works as well.

use super::{Entry, Options, Trial, nothing, of_one_file, relative};
use crate::error::Result;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_tables::labelled::{LabelColumn, LabelledLayout, files_below, read_labelled};
use std::path::Path;

/// Rows that are learnt from.
const TRAIN_ROWS: usize = 400;

/// L of the volumes.
const WIDTH: usize = 60;

/// Rows of a block of the bootstrap: long enough for the dynamics of the bench at 1 s, short
/// enough for many different ones in 400 rows.
const BLOCK_ROWS: usize = 50;

/// Rows that may be inserted.
const INSERTED: [usize; 4] = [0, 300, 600, 900];

pub(super) fn list(root: &Path) -> Result<Vec<Entry>> {
    let data = root.join("data");
    let root = if data.is_dir() { data.as_path() } else { root };
    let mut entries = Vec::new();
    for path in files_below(root, "csv")? {
        let name = relative(root, &path);
        if name.contains('/') && !name.split('/').any(|part| part == "anomaly-free") {
            entries.push(Entry { name, train: path.clone(), test: path, windows: Vec::new() });
        }
    }
    if entries.is_empty() {
        return Err(nothing(root, "subfolders such as valve1 with one CSV file an experiment"));
    }
    Ok(entries)
}

pub(super) fn load(entry: &Entry, options: &Options) -> Result<Trial> {
    let layout = LabelledLayout {
        time: Some("datetime"),
        label: LabelColumn::Named("anomaly"),
        ignore: &["changepoint"],
    };
    let table = read_labelled(&entry.test, &layout)?;
    let mut trial = of_one_file(entry, table, TRAIN_ROWS, TRAIN_ROWS)?;
    trial.width = WIDTH;
    if options.position_blind {
        insert(&mut trial, options.seed);
    }
    Ok(trial)
}

/// Puts normal rows before the rows to score.
fn insert(trial: &mut Trial, seed: Seed) {
    let rows = inserted_rows(&trial.case.name, trial.case.train_rows(), seed);
    for (train, test) in trial.case.train.iter().zip(&mut trial.case.test) {
        let mut values: Vec<f64> = rows.iter().map(|&row| train[row]).collect();
        values.append(test);
        *test = values;
    }
    trial.labels.splice(0..0, rows.iter().map(|_| false));
    trial.counted.splice(0..0, rows.iter().map(|_| false));
}

/// Which training rows are inserted into the file called `name`.
fn inserted_rows(name: &str, train_rows: usize, seed: Seed) -> Vec<usize> {
    let draws = seed.draws(EntityKey::of(name), Purpose::Bootstrap);
    let count = INSERTED[draws.below(0, INSERTED.len() as u32) as usize];
    let starts = (train_rows - BLOCK_ROWS + 1) as u32;
    let block = |at: usize| {
        let start = draws.below(1 + at as u32, starts) as usize;
        start..start + BLOCK_ROWS
    };
    (0..count.div_ceil(BLOCK_ROWS)).flat_map(block).take(count).collect()
}

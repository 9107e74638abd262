//! MSL: `<channel>_train` and `<channel>_test`, Parquet or CSV, labels in `label` of the test.
//!
//! The first column is telemetry; the others are commands, one-hot, which are never anomalous
//! themselves.

use super::{Entry, Trial, nothing, of_two_files};
use crate::detector::Role;
use crate::error::Result;
use fieldmirror_tables::labelled::{LabelColumn, LabelledLayout, files_below, read_labelled};
use std::path::Path;

/// L of the volumes.
const WIDTH: usize = 100;

pub(super) fn list(root: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for ending in ["parquet", "csv"] {
        for test in files_below(root, ending)? {
            let stem = test.file_stem().unwrap_or_default().to_string_lossy();
            let Some(channel) = stem.strip_suffix("_test") else { continue };
            let name = channel.to_owned();
            let train = test.with_file_name(format!("{name}_train.{ending}"));
            if !train.is_file() {
                return Err(nothing(&train, "the training half of the channel beside its test"));
            }
            entries.push(Entry { name, train, test, windows: Vec::new() });
        }
    }
    if entries.is_empty() {
        return Err(nothing(root, "pairs such as C-1_train.parquet and C-1_test.parquet"));
    }
    Ok(entries)
}

pub(super) fn load(entry: &Entry) -> Result<Trial> {
    let without = LabelledLayout { time: None, label: LabelColumn::None, ignore: &["label"] };
    let with = LabelledLayout { label: LabelColumn::Named("label"), ..without };
    let train = read_labelled(&entry.train, &without)?;
    let mut trial = of_two_files(entry, train, read_labelled(&entry.test, &with)?)?;
    trial.case.roles.iter_mut().skip(1).for_each(|role| *role = Role::Exogenous);
    trial.width = WIDTH;
    Ok(trial)
}

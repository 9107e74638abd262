//! BATADAL: a clean year, and a year with attacks.
//!
//! Which is which is told by the labels in `ATT_FLAG`: the clean file has only 0, the other has 1.
//! A file without that column is left alone. -999 says that a row has no label; of files with attacks the one with the fewest such rows is
//! taken, so that full labels win over those that were given to the contestants.

use super::{Entry, Trial, nothing, of_two_files, relative};
use crate::error::Result;
use fieldmirror_tables::TablesError;
use fieldmirror_tables::labelled::{
    LabelColumn, LabelledLayout, LabelledTable, files_below, read_labelled,
};
use std::path::Path;

const LAYOUT: LabelledLayout<'static> =
    LabelledLayout { time: Some("DATETIME"), label: LabelColumn::Named("ATT_FLAG"), ignore: &[] };

/// L of the volumes: a day.
const WIDTH: usize = 24;

pub(super) fn list(root: &Path) -> Result<Vec<Entry>> {
    let (mut clean, mut attacked) = (None, None);
    for path in files_below(root, "csv")? {
        let table = match read_labelled(&path, &LAYOUT) {
            // The contest's test set, as it was given out.
            Err(TablesError::Column { .. }) => continue,
            table => table?,
        };
        let attacks = table.labels.iter().flatten().filter(|&&label| label).count();
        let unlabelled = table.unlabelled.len();
        let place = if attacks > 0 {
            &mut attacked
        } else if unlabelled == 0 {
            &mut clean
        } else {
            continue;
        };
        if place.as_ref().is_none_or(|(least, _)| unlabelled < *least) {
            *place = Some((unlabelled, path));
        }
    }
    let expected = "a CSV file without attacks and one with, with labels in ATT_FLAG";
    let pair = clean.zip(attacked);
    let ((_, train), (_, test)) = pair.ok_or_else(|| nothing(root, expected))?;
    Ok(vec![Entry { name: relative(root, &test), train, test, windows: Vec::new() }])
}

pub(super) fn load(entry: &Entry) -> Result<Trial> {
    let read = |path: &Path| -> Result<LabelledTable> { Ok(read_labelled(path, &LAYOUT)?) };
    let mut trial = of_two_files(entry, read(&entry.train)?, read(&entry.test)?)?;
    trial.width = WIDTH;
    Ok(trial)
}

//! A table going by, batch by batch, in the columns that somebody asked for.

use crate::error::EngineError;
use fieldmirror_tables::dictionary::{Dictionary, Key};
use fieldmirror_tables::read::{self, TableReader};
use fieldmirror_tables::{Table, TablesError};
use std::collections::BTreeMap;
use std::path::Path;

/// The columns of a scan, by what they hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    pub(super) times: &'static [&'static str],
    pub(super) reals: &'static [&'static str],
    pub(super) flags: &'static [&'static str],
    pub(super) words: &'static [&'static str],
}

/// Rows that follow one another.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Row of the table that comes first.
    pub(super) first_row: u64,
    times: BTreeMap<&'static str, Vec<i64>>,
    reals: BTreeMap<&'static str, Vec<f64>>,
    flags: BTreeMap<&'static str, Vec<bool>>,
    words: BTreeMap<&'static str, Words>,
}

/// A column of repeated strings. Keys keep their meaning from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Words {
    dictionary: Dictionary,
    keys: Vec<i32>,
}

impl Words {
    /// The key of a row, if it has a value.
    pub(super) fn key(&self, row: usize) -> Option<usize> {
        usize::try_from(self.keys[row]).ok()
    }

    /// The string of a row; empty where there is none.
    pub(super) fn word(&self, row: usize) -> &str {
        self.key(row).map_or("", |key| self.name(key))
    }

    /// The string behind a key.
    pub(super) fn name(&self, key: usize) -> &str {
        self.dictionary.word(Key::new(key as u32)).unwrap_or_default()
    }

    /// How many keys there are so far.
    pub(super) fn count(&self) -> usize {
        self.dictionary.len()
    }

    /// Brings `values`, one a key, up to date with the keys met since the last call.
    pub(super) fn extend<T>(&self, values: &mut Vec<T>, of: impl Fn(&str) -> T) {
        for key in values.len()..self.count() {
            values.push(of(self.name(key)));
        }
    }
}

/// Columns are asked for by the names of [`Wanted`]: another name is a mistake in the caller, which
/// an empty column makes visible in every report.
impl Batch {
    pub(super) fn times(&self, column: &str) -> &[i64] {
        self.times.get(column).map_or(&[], Vec::as_slice)
    }

    /// Not a number where there is no value.
    pub(super) fn reals(&self, column: &str) -> &[f64] {
        self.reals.get(column).map_or(&[], Vec::as_slice)
    }

    pub(super) fn flags(&self, column: &str) -> &[bool] {
        self.flags.get(column).map_or(&[], Vec::as_slice)
    }

    pub(super) fn words(&self, column: &str) -> &Words {
        &self.words[column]
    }
}

/// Hands every batch of `table` to `each`, in file order.
pub(super) fn scan(
    run: &Path,
    table: Table,
    wanted: Wanted,
    mut each: impl FnMut(&Batch),
) -> Result<(), EngineError> {
    let names: Vec<&str> = [wanted.times, wanted.reals, wanted.flags, wanted.words].concat();
    let reader = TableReader::open_table(run, table)?.project(&names)?;
    let mut batch = Batch::default();
    for name in wanted.words {
        batch.words.insert(name, Words::default());
    }
    for rows in reader.batches() {
        let rows = rows?;
        fill(&mut batch.times, wanted.times, |name| read::times(&rows, name))?;
        fill(&mut batch.reals, wanted.reals, |name| read::reals(&rows, name))?;
        fill(&mut batch.flags, wanted.flags, |name| read::flags(&rows, name))?;
        for (name, words) in &mut batch.words {
            words.keys = read::keys(&rows, name, &mut words.dictionary)?;
        }
        each(&batch);
        batch.first_row += rows.num_rows() as u64;
    }
    Ok(())
}

fn fill<T>(
    columns: &mut BTreeMap<&'static str, Vec<T>>,
    names: &[&'static str],
    read: impl Fn(&str) -> Result<Vec<T>, TablesError>,
) -> Result<(), TablesError> {
    for name in names {
        columns.insert(name, read(name)?);
    }
    Ok(())
}

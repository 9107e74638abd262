//! A table's columns as plain values.

use fieldmirror_tables::Table;
use fieldmirror_tables::read::{self, TableReader};
use std::collections::BTreeMap;
use std::path::Path;

/// A column of one kind.
#[derive(Debug)]
enum Column {
    Times(Vec<i64>),
    Reals(Vec<f64>),
    Counts(Vec<u64>),
    Flags(Vec<bool>),
    Texts(Vec<Option<String>>),
}

/// Some columns of a table, all rows.
#[derive(Debug)]
pub struct Rows {
    columns: BTreeMap<String, Column>,
    rows: usize,
}

impl Rows {
    /// Reads `names` of `table` of the run directory `run`.
    ///
    /// # Panics
    /// If there is no such table or column.
    pub fn read(run: &Path, table: &str, names: &[&str]) -> Self {
        let table = Table::named(table).expect("a table");
        let reader = TableReader::open_table(run, table).and_then(|r| r.project(names));
        let reader = reader.unwrap_or_else(|e| panic!("{e}"));
        let mut columns: BTreeMap<String, Column> = BTreeMap::new();
        let mut rows = 0;
        for batch in reader.batches() {
            let batch = batch.unwrap_or_else(|e| panic!("{e}"));
            rows += batch.num_rows();
            for name in names {
                let more = if let Ok(times) = read::times(&batch, name) {
                    Column::Times(times)
                } else if let Ok(reals) = read::reals(&batch, name) {
                    Column::Reals(reals)
                } else if let Ok(counts) = read::counts(&batch, name) {
                    Column::Counts(counts)
                } else if let Ok(flags) = read::flags(&batch, name) {
                    Column::Flags(flags)
                } else {
                    let texts = read::texts(&batch, name).unwrap_or_else(|e| panic!("{e}"));
                    Column::Texts(texts.into_iter().map(|t| t.map(str::to_owned)).collect())
                };
                match (columns.get_mut(*name), more) {
                    (Some(Column::Times(all)), Column::Times(more)) => all.extend(more),
                    (Some(Column::Reals(all)), Column::Reals(more)) => all.extend(more),
                    (Some(Column::Counts(all)), Column::Counts(more)) => all.extend(more),
                    (Some(Column::Flags(all)), Column::Flags(more)) => all.extend(more),
                    (Some(Column::Texts(all)), Column::Texts(more)) => all.extend(more),
                    (_, more) => {
                        columns.insert((*name).to_owned(), more);
                    }
                }
            }
        }
        Self { columns, rows }
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The time in `row`, nanoseconds since 1970.
    ///
    /// # Panics
    /// If the column holds no times.
    pub fn time(&self, column: &str, row: usize) -> i64 {
        match &self.columns[column] {
            Column::Times(times) => times[row],
            other => panic!("{column} holds no times but {other:?}"),
        }
    }

    /// The number in `row`; NaN if it is absent.
    ///
    /// # Panics
    /// If the column holds no numbers.
    pub fn number(&self, column: &str, row: usize) -> f64 {
        match &self.columns[column] {
            Column::Reals(reals) => reals[row],
            Column::Counts(counts) => counts[row] as f64,
            other => panic!("{column} holds no numbers but {other:?}"),
        }
    }

    /// The flag in `row`.
    ///
    /// # Panics
    /// If the column holds no flags.
    pub fn flag(&self, column: &str, row: usize) -> bool {
        match &self.columns[column] {
            Column::Flags(flags) => flags[row],
            other => panic!("{column} holds no flags but {other:?}"),
        }
    }

    /// The text in `row`; empty if it is absent.
    ///
    /// # Panics
    /// If the column holds no texts.
    pub fn text(&self, column: &str, row: usize) -> &str {
        match &self.columns[column] {
            Column::Texts(texts) => texts[row].as_deref().unwrap_or_default(),
            other => panic!("{column} holds no texts but {other:?}"),
        }
    }

    /// Whether `row` has no text.
    ///
    /// # Panics
    /// If the column holds no texts.
    pub fn is_null(&self, column: &str, row: usize) -> bool {
        match &self.columns[column] {
            Column::Texts(texts) => texts[row].is_none(),
            other => panic!("{column} holds no texts but {other:?}"),
        }
    }
}

//! Where two runs first differ.

use crate::error::TablesError;
use crate::read::TableReader;
use crate::schema::Table;
use arrow::array::{Array, RecordBatch};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::fmt;
use std::path::Path;

/// The first difference between two runs: causes before effects, since it looks at the tables in
/// the order of [`Table::ALL`] and at each row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: Table,
    /// The row, from 0.
    pub row: u64,
    /// The first column that differs in that row; `rows` if one table ends there.
    pub column: String,
    /// The value on the left; the number of rows if one table ends.
    pub left: String,
    /// The value on the right; the number of rows if one table ends.
    pub right: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, row, column, left, right } = self;
        write!(f, "table {}, row {row}, column {column}: {left} against {right}", table.name())
    }
}

/// Compares the tables of the run directories `left` and `right`; `None` if they hold the same
/// rows. How rows are cut into batches and groups does not matter, nor does compression.
///
/// # Errors
/// Those of [`TableReader::open`] for a table of either side, and [`TablesError::Damaged`].
pub fn first_difference(left: &Path, right: &Path) -> Result<Option<Difference>, TablesError> {
    for table in Table::ALL {
        let sides = [TableReader::open_table(left, table)?, TableReader::open_table(right, table)?];
        let difference = first_difference_of(table, &sides)?;
        if difference.is_some() {
            return Ok(difference);
        }
    }
    Ok(None)
}

fn first_difference_of(
    table: Table,
    [left, right]: &[TableReader; 2],
) -> Result<Option<Difference>, TablesError> {
    let (mut a, mut b) = (left.batches(), right.batches());
    let (mut rest_a, mut rest_b) = (None, None);
    let mut row = 0;
    loop {
        refill(&mut rest_a, &mut a)?;
        refill(&mut rest_b, &mut b)?;
        let (Some(x), Some(y)) = (rest_a.take(), rest_b.take()) else { break };
        let rows = x.num_rows().min(y.num_rows());
        let found = first_unequal(&x.slice(0, rows), &y.slice(0, rows));
        let found = found.map_err(|source| TablesError::Render { table, source })?;
        if let Some((at, column, left, right)) = found {
            return Ok(Some(Difference { table, row: row + at as u64, column, left, right }));
        }
        row += rows as u64;
        rest_a = Some(x.slice(rows, x.num_rows() - rows));
        rest_b = Some(y.slice(rows, y.num_rows() - rows));
    }
    if left.rows() == right.rows() {
        return Ok(None);
    }
    let rows_of = |reader: &TableReader| format!("{} rows", reader.rows());
    Ok(Some(Difference {
        table,
        row,
        column: "rows".to_owned(),
        left: rows_of(left),
        right: rows_of(right),
    }))
}

/// Takes the next batch with rows, once the current one is used up.
fn refill(
    rest: &mut Option<RecordBatch>,
    batches: &mut impl Iterator<Item = Result<RecordBatch, TablesError>>,
) -> Result<(), TablesError> {
    while rest.as_ref().is_none_or(|batch| batch.num_rows() == 0) {
        *rest = batches.next().transpose()?;
        if rest.is_none() {
            break;
        }
    }
    Ok(())
}

/// Row, column and both values.
type Unequal = (usize, String, String, String);

fn first_unequal(a: &RecordBatch, b: &RecordBatch) -> Result<Option<Unequal>, ArrowError> {
    let mut first: Option<(usize, usize)> = None;
    for (column, (x, y)) in a.columns().iter().zip(b.columns()).enumerate() {
        let rows = first.map_or(a.num_rows(), |(row, _)| row);
        let equal = not_distinct(&x.slice(0, rows), &y.slice(0, rows))?;
        if let Some(row) = equal.values().iter().position(|equal| !equal) {
            first = Some((row, column));
        }
    }
    let Some((row, column)) = first else { return Ok(None) };
    let options = FormatOptions::new().with_null("null");
    let show = |batch: &RecordBatch| {
        let array = crate::render::printable(batch.column(column));
        ArrayFormatter::try_new(&array, &options)?.value(row).try_to_string()
    };
    let name = a.schema().field(column).name().clone();
    Ok(Some((row, name, show(a)?, show(b)?)))
}

#[cfg(test)]
mod tests;

//! Tables for eyes and for other programs: aligned text, CSV, JSON.
//!
//! Times are RFC 3339 in UTC, dictionary columns plain strings, nulls empty (`null` in JSON).

use crate::error::TablesError;
use crate::read::TableReader;
use crate::schema::UNIT;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::csv::WriterBuilder as CsvBuilder;
use arrow::datatypes::{DataType, Field, Schema, TimestampNanosecondType};
use arrow::error::ArrowError;
use arrow::json::writer::{JsonArray, WriterBuilder as JsonBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::io::Write;
use std::sync::Arc;

/// Writes the first `limit` rows as aligned columns under a header of names and units, and a line
/// that says how many rows there are. Long values are cut.
///
/// # Errors
/// Those of reading, and [`TablesError::Render`] if `out` refuses.
pub fn text(reader: &TableReader, limit: u64, out: &mut dyn Write) -> Result<(), TablesError> {
    let failed = |source: ArrowError| TablesError::Render { table: reader.table(), source };
    let schema = reader.schema();
    let mut columns: Vec<Vec<String>> =
        schema.fields().iter().map(|field| vec![header(field)]).collect();
    let mut shown = 0;
    for batch in first_rows(reader, limit) {
        let batch = batch?;
        shown += batch.num_rows() as u64;
        for (cells, array) in columns.iter_mut().zip(batch.columns()) {
            append_cells(array, cells).map_err(failed)?;
        }
    }
    let widths: Vec<usize> = columns
        .iter()
        .map(|cells| cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let rights: Vec<bool> =
        schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
    for row in 0..=shown as usize {
        let mut line = String::new();
        for ((cells, &width), &right) in columns.iter().zip(&widths).zip(&rights) {
            let cell = &cells[row];
            if right {
                line.push_str(&format!("{cell:>width$}  "));
            } else {
                line.push_str(&format!("{cell:<width$}  "));
            }
        }
        writeln!(out, "{}", line.trim_end()).map_err(|e| failed(e.into()))?;
    }
    writeln!(out, "({shown} of {} rows)", reader.rows()).map_err(|e| failed(e.into()))
}

/// Writes the first `limit` rows as CSV with a header.
///
/// # Errors
/// Those of reading, and [`TablesError::Render`] if `out` refuses.
pub fn csv(reader: &TableReader, limit: u64, out: &mut dyn Write) -> Result<(), TablesError> {
    let failed = |source| TablesError::Render { table: reader.table(), source };
    let mut writer = CsvBuilder::new().with_header(true).build(out);
    // An empty batch first: it writes the header of a table without rows.
    let empty = printable_batch(&RecordBatch::new_empty(reader.schema())).map_err(failed)?;
    writer.write(&empty).map_err(failed)?;
    for batch in first_rows(reader, limit) {
        let batch = printable_batch(&batch?).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
    }
    Ok(())
}

/// Writes the first `limit` rows as a JSON array of objects.
///
/// # Errors
/// Those of reading, and [`TablesError::Render`] if `out` refuses.
pub fn json(reader: &TableReader, limit: u64, out: &mut dyn Write) -> Result<(), TablesError> {
    let failed = |source| TablesError::Render { table: reader.table(), source };
    let mut writer = JsonBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut *out);
    for batch in first_rows(reader, limit) {
        let batch = printable_batch(&batch?).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
    }
    writer.finish().map_err(failed)
}

/// Values longer than this are cut in aligned text.
const CELL_CHARS_MAX: usize = 60;

fn header(field: &Field) -> String {
    match field.metadata().get(UNIT).filter(|unit| *unit != "1") {
        Some(unit) => format!("{} [{unit}]", field.name()),
        None => field.name().clone(),
    }
}

fn append_cells(array: &ArrayRef, cells: &mut Vec<String>) -> Result<(), ArrowError> {
    let array = printable(array);
    let options = FormatOptions::new();
    let formatter = ArrayFormatter::try_new(&array, &options)?;
    for row in 0..array.len() {
        let cell = formatter.value(row).try_to_string()?;
        cells.push(match cell.char_indices().nth(CELL_CHARS_MAX) {
            Some((at, _)) => format!("{}…", &cell[..at]),
            None => cell,
        });
    }
    Ok(())
}

fn first_rows(
    reader: &TableReader,
    limit: u64,
) -> impl Iterator<Item = Result<RecordBatch, TablesError>> + '_ {
    let mut left = limit;
    let mut batches = reader.batches();
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        Some(batches.next()?.map(|batch| {
            let rows = left.min(batch.num_rows() as u64);
            left -= rows;
            batch.slice(0, rows as usize)
        }))
    })
}

/// Arrow prints times only of zones given as an offset, unless it carries the whole database of
/// time zones; tables say `UTC`, which is what other programs expect.
pub(crate) fn printable(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Timestamp(_, Some(_)) => {
            let times = array.as_primitive::<TimestampNanosecondType>().clone();
            Arc::new(times.with_timezone("+00:00"))
        }
        _ => Arc::clone(array),
    }
}

fn printable_batch(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let arrays: Vec<ArrayRef> = batch.columns().iter().map(printable).collect();
    let fields: Vec<Field> = batch
        .schema()
        .fields()
        .iter()
        .zip(&arrays)
        .map(|(field, array)| field.as_ref().clone().with_data_type(array.data_type().clone()))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

#[cfg(test)]
mod tests;

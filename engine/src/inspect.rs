//! Showing what a run directory holds.

use crate::error::EngineError;
use fieldmirror_tables::read::TableReader;
use fieldmirror_tables::{Table, render};
use std::io::{self, Write};
use std::path::Path;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Aligned columns.
    Text,
    /// One JSON object with `schema_version`, `table` and `rows`.
    Json,
    /// Comma-separated values with a header.
    Csv,
}

/// Prints the table `name` of the run directory `run`: the first `rows` rows, or all. Rows go out
/// as they are read, so a table may be larger than memory (aligned text keeps what it shows).
///
/// # Errors
/// [`EngineError::NoTable`] for an unknown name, [`EngineError::Tables`] if the file is missing or
/// damaged, [`EngineError::Output`] if `out` refuses.
pub fn table(
    run: &Path,
    name: &str,
    form: Form,
    rows: Option<usize>,
    out: &mut dyn Write,
) -> Result<(), EngineError> {
    let table = Table::named(name).ok_or_else(|| EngineError::NoTable { name: name.to_owned() })?;
    let reader = TableReader::open_table(run, table)?;
    let limit = rows.map_or(u64::MAX, |rows| rows as u64);
    let mut out = Watched { out, refused: None };
    let printed = print(&reader, form, limit, &mut out);
    match out.refused {
        Some(source) => Err(EngineError::Output { source }),
        None => printed,
    }
}

fn print(
    reader: &TableReader,
    form: Form,
    limit: u64,
    out: &mut Watched<'_>,
) -> Result<(), EngineError> {
    let refused = |source| EngineError::Output { source };
    match form {
        Form::Text => render::text(reader, limit, out)?,
        Form::Csv => render::csv(reader, limit, out)?,
        Form::Json => {
            let name = reader.table().name();
            write!(out, r#"{{"schema_version":1,"table":"{name}","rows":"#).map_err(refused)?;
            render::json(reader, limit, out)?;
            writeln!(out, "}}").map_err(refused)?;
        }
    }
    out.flush().map_err(refused)
}

/// Remembers why its writer refused: some renderers keep only the words of it.
struct Watched<'a> {
    out: &'a mut dyn Write,
    refused: Option<io::Error>,
}

impl Watched<'_> {
    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| {
            let copy = io::Error::new(error.kind(), error.to_string());
            // Interrupted writes are tried again.
            if error.kind() != io::ErrorKind::Interrupted {
                self.refused.get_or_insert(copy);
            }
        })
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.watch(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.watch(result)
    }
}

#[cfg(test)]
mod tests;

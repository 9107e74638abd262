//! Reading recorded tables back: batches, projections and typed columns.

mod columns;

pub use columns::{counts, flags, keys, reals, residuals, texts, times};

use crate::error::TablesError;
use crate::schema::{SCHEMA_VERSION, TABLE, Table, VERSION};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// An open table file whose schema was checked. Rows come in file order; how they are cut into
/// batches means nothing, except that no batch spans two row groups.
#[derive(Debug)]
pub struct TableReader {
    table: Table,
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    /// Column positions in the wanted order; all if `None`.
    projection: Option<Vec<usize>>,
}

impl TableReader {
    /// Opens the table file at `path`, whichever table it holds.
    ///
    /// # Errors
    /// [`TablesError::Missing`], [`TablesError::Truncated`], [`TablesError::Foreign`] (no Parquet,
    /// or of something else), [`TablesError::Damaged`], [`TablesError::Version`] and
    /// [`TablesError::Column`], each with the path and what to do.
    pub fn open(path: &Path) -> Result<Self, TablesError> {
        let expected = "a Parquet table of a fieldmirror run";
        let file = open_parquet(path, expected)?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|source| damaged(path, source))?;
        let schema = metadata.schema();
        let table = schema.metadata().get(TABLE).and_then(|name| Table::named(name));
        let table = table.ok_or_else(|| TablesError::Foreign {
            path: path.to_owned(),
            expected: expected.to_owned(),
            advice: "name a file of a run directory, such as messages.parquet",
        })?;
        check_schema(path, table, schema)?;
        Ok(Self { table, path: path.to_owned(), file, metadata, projection: None })
    }

    /// Opens `table` of the run directory `run`.
    ///
    /// # Errors
    /// Those of [`Self::open`], and [`TablesError::Foreign`] if the file holds another table.
    pub fn open_table(run: &Path, table: Table) -> Result<Self, TablesError> {
        let reader = Self::open(&run.join(table.file()))?;
        if reader.table != table {
            return Err(TablesError::Foreign {
                expected: format!("table {} but table {}", table.name(), reader.table.name()),
                path: reader.path,
                advice: "restore the file, or run the scenario again",
            });
        }
        Ok(reader)
    }

    /// Narrows what is read to the columns `names`, in that order.
    ///
    /// # Errors
    /// [`TablesError::Column`] if the table has no such column.
    pub fn project(mut self, names: &[&str]) -> Result<Self, TablesError> {
        let schema = self.table.schema();
        let position = |name: &&str| {
            schema.index_of(name).map_err(|_| TablesError::Column {
                path: self.path.clone(),
                what: "column".to_owned(),
                column: (*name).to_owned(),
                expected: column_names(&schema),
                advice: "name one of these",
            })
        };
        self.projection = Some(names.iter().map(position).collect::<Result<_, _>>()?);
        Ok(self)
    }

    /// Which table it is.
    pub const fn table(&self) -> Table {
        self.table
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows() as u64
    }

    /// How many row groups it has.
    pub fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        let schema = self.table.schema();
        match &self.projection {
            None => schema,
            // The positions were found in this schema.
            Some(positions) => schema.project(positions).map_or(schema, SchemaRef::new),
        }
    }

    /// The batches of row group `group`.
    ///
    /// # Errors
    /// [`TablesError::Io`] if the file cannot be read any more, [`TablesError::Damaged`] if it
    /// contradicts itself.
    pub fn group(&self, group: usize) -> Result<Batches, TablesError> {
        // A handle of its own: duplicates of one share their position.
        let file = File::open(&self.path).map_err(|e| TablesError::io("read", &self.path, e))?;
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![group])
                .with_batch_size(ROWS_PER_BATCH);
        let mut order = None;
        if let Some(positions) = &self.projection {
            let mask = ProjectionMask::roots(builder.parquet_schema(), positions.iter().copied());
            builder = builder.with_projection(mask);
            let mut sorted = positions.clone();
            sorted.sort_unstable();
            sorted.dedup();
            // Each position was put into the sorted list.
            let place = |p: &usize| sorted.binary_search(p).unwrap_or_default();
            order = Some(positions.iter().map(place).collect());
        }
        let reader = builder.build().map_err(|source| damaged(&self.path, source))?;
        Ok(Batches { reader, order, path: self.path.clone() })
    }

    /// All batches of the table.
    pub fn batches(&self) -> impl Iterator<Item = Result<RecordBatch, TablesError>> + '_ {
        (0..self.groups()).flat_map(|group| {
            let (batches, failed) = match self.group(group) {
                Ok(batches) => (Some(batches), None),
                Err(error) => (None, Some(Err(error))),
            };
            failed.into_iter().chain(batches.into_iter().flatten())
        })
    }
}

/// The batches of one row group.
#[derive(Debug)]
pub struct Batches {
    reader: ParquetRecordBatchReader,
    order: Option<Vec<usize>>,
    path: PathBuf,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, TablesError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        let batch = batch.and_then(|batch| match &self.order {
            Some(order) => batch.project(order),
            None => Ok(batch),
        });
        Some(batch.map_err(|source| damaged(&self.path, source)))
    }
}

/// Rows per batch: some hundred kilobytes, which stays in cache.
const ROWS_PER_BATCH: usize = 16 * 1024;

/// Opens `path` after a look at both ends, so that the message says what is wrong.
pub(crate) fn open_parquet(path: &Path, expected: &str) -> Result<File, TablesError> {
    const MAGIC: &[u8; 4] = b"PAR1";
    let mut file = File::open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => TablesError::Missing {
            path: path.to_owned(),
            expected: expected.to_owned(),
            advice: "name a finished run directory, or run the scenario first",
        },
        _ => TablesError::io("read", path, source),
    })?;
    let read = |source| TablesError::io("read", path, source);
    let len = file.metadata().map_err(read)?.len();
    let (mut head, mut tail) = ([0; 4], [0; 4]);
    if len >= 4 {
        file.read_exact(&mut head).map_err(read)?;
        file.seek(SeekFrom::End(-4)).map_err(read)?;
        file.read_exact(&mut tail).map_err(read)?;
    }
    if len >= 4 && &head != MAGIC {
        return Err(TablesError::Foreign {
            path: path.to_owned(),
            expected: expected.to_owned(),
            advice: "name a file of a run directory, such as messages.parquet",
        });
    }
    // Magic, empty footer, its length, magic.
    if len < 12 || &tail != MAGIC {
        return Err(TablesError::Truncated {
            path: path.to_owned(),
            expected: expected.to_owned(),
            advice: "copy it again, or run the scenario again",
        });
    }
    Ok(file)
}

fn check_schema(path: &Path, table: Table, found: &Schema) -> Result<(), TablesError> {
    let version = found.metadata().get(VERSION).and_then(|text| text.parse().ok()).unwrap_or(0);
    if version > SCHEMA_VERSION {
        let (path, supported) = (path.to_owned(), SCHEMA_VERSION);
        return Err(TablesError::Version { path, found: version, supported });
    }
    let wanted = table.schema();
    let fits = |i: usize| {
        let (want, have) = (wanted.field(i), found.fields().get(i));
        have.is_some_and(|have| want.name() == have.name() && want.data_type() == have.data_type())
    };
    let Some(i) = (0..wanted.fields().len()).find(|&i| !fits(i)) else { return Ok(()) };
    Err(TablesError::Column {
        path: path.to_owned(),
        what: format!("column of type {}", wanted.field(i).data_type()),
        column: wanted.field(i).name().clone(),
        expected: column_names(&wanted),
        advice: "run the scenario again with this version of fieldmirror",
    })
}

fn column_names(schema: &Schema) -> String {
    schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ")
}

pub(crate) fn damaged(
    path: &Path,
    source: impl std::error::Error + Send + Sync + 'static,
) -> TablesError {
    TablesError::Damaged { path: path.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests;

//! Parquet of any origin, column by column: for rules and scores over telemetry that somebody else
//! recorded.
//!
//! Unlike [`crate::read`], which reads tables that a run wrote, this takes any schema: a file's
//! columns become slices of a few plain kinds, row group by row group, in bounded memory. What has
//! no plain kind (lists, structs, decimals, dates) is handed out as JSON text.
//!
//! What it does not do: it interprets no value and computes nothing.

mod column;

pub use column::{ScanBatch, ScanColumn, ScanValues};

use crate::error::TablesError;
use crate::read::{damaged, open_parquet};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a column of a foreign file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanKind {
    /// Whole numbers that fit 64 bits with a sign.
    Int64,
    /// Points in time, read as whole milliseconds since 1970.
    Millis,
    /// 64-bit floats.
    Float64,
    /// 32-bit floats.
    Float32,
    /// Truth values.
    Bool,
    /// Texts.
    Text,
    /// Anything else; read as JSON text.
    Json,
}

/// Parquet files that are read as one table.
#[derive(Debug)]
pub struct Scan {
    files: Vec<ScanFile>,
    columns: Vec<(String, ScanKind)>,
}

#[derive(Debug)]
struct ScanFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

/// A row group of a scan: the unit in which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScanGroup {
    /// The file, by its position.
    pub file: usize,
    /// The row group in the file.
    pub group: usize,
    /// Its rows.
    pub rows: u64,
}

/// Rows of a batch: enough for vectors, few enough to stay in the cache.
const ROWS_PER_BATCH: usize = 16 * 1024;

impl Scan {
    /// Opens a Parquet file, or all `*.parquet` files of a directory in the order of their names.
    ///
    /// # Errors
    /// [`TablesError::Missing`], [`TablesError::Foreign`], [`TablesError::Truncated`] and
    /// [`TablesError::Damaged`]; [`TablesError::Column`] if a file's columns are not those of the
    /// first.
    pub fn open(path: &Path) -> Result<Self, TablesError> {
        let paths = if path.is_dir() { parquet_files(path)? } else { vec![path.to_owned()] };
        let files = paths.iter().map(|path| ScanFile::open(path)).collect::<Result<Vec<_>, _>>()?;
        let columns = files.first().map(ScanFile::columns).unwrap_or_default();
        for file in &files {
            let differing = file.columns().into_iter().find(|column| !columns.contains(column));
            let lacking = columns.iter().find(|column| !file.columns().contains(column));
            if let Some((name, kind)) = differing.as_ref().or(lacking) {
                return Err(TablesError::Column {
                    path: file.path.clone(),
                    what: format!("column of kind {kind:?} in common with the first file:"),
                    column: name.clone(),
                    expected: names(&columns),
                    advice: "scan files of one schema at a time",
                });
            }
        }
        Ok(Self { files, columns })
    }

    /// The columns in the order of the first file.
    pub fn columns(&self) -> &[(String, ScanKind)] {
        &self.columns
    }

    /// What the column called `name` holds, if there is one.
    pub fn kind(&self, name: &str) -> Option<ScanKind> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, kind)| *kind)
    }

    /// All row groups in order.
    pub fn groups(&self) -> Vec<ScanGroup> {
        let of_file = |(file, scan): (usize, &ScanFile)| {
            let groups = scan.metadata.metadata().row_groups();
            let group = |(group, meta): (usize, &parquet::file::metadata::RowGroupMetaData)| {
                ScanGroup { file, group, rows: meta.num_rows() as u64 }
            };
            groups.iter().enumerate().map(group).collect::<Vec<_>>()
        };
        self.files.iter().enumerate().flat_map(of_file).collect()
    }

    /// The file that `group` stands in.
    pub fn path(&self, group: ScanGroup) -> &Path {
        &self.files[group.file].path
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.groups().iter().map(|group| group.rows).sum()
    }

    /// Reads the columns `names` of a row group and hands `take` one batch after the other, with
    /// the number of the batch's first row in the group.
    ///
    /// # Errors
    /// [`TablesError::Column`] for a name that is no column, [`TablesError::Damaged`] if the file
    /// contradicts itself, and whatever `take` returns.
    pub fn read<E: From<TablesError>>(
        &self,
        group: ScanGroup,
        names: &[&str],
        mut take: impl FnMut(u64, &ScanBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = &self.files[group.file];
        let positions =
            names.iter().map(|name| file.position(name)).collect::<Result<Vec<_>, _>>()?;
        // A file of its own: duplicates of one handle share their position, and groups are read on
        // several threads.
        let handle = File::open(&file.path).map_err(|e| TablesError::io("read", &file.path, e))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(handle, file.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), positions.iter().copied());
        let reader = builder
            .with_projection(mask)
            .with_row_groups(vec![group.group])
            .with_batch_size(ROWS_PER_BATCH)
            .build()
            .map_err(|source| damaged(&file.path, source))?;
        let mut first = 0;
        for batch in reader {
            let batch = batch.map_err(|source| damaged(&file.path, source))?;
            let batch = ScanBatch::new(&batch, names, &file.path)?;
            take(first, &batch)?;
            first += batch.rows() as u64;
        }
        Ok(())
    }
}

impl ScanFile {
    fn open(path: &Path) -> Result<Self, TablesError> {
        let file = open_parquet(path, "a Parquet file")?;
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|source| damaged(path, source))?;
        // Texts are asked for as dictionaries: most files hold them so, and codes are cheap.
        let hinted = hinted(plain.schema());
        let options = ArrowReaderOptions::new().with_schema(hinted);
        let metadata = ArrowReaderMetadata::load(&file, options).unwrap_or(plain);
        Ok(Self { path: path.to_owned(), metadata })
    }

    fn columns(&self) -> Vec<(String, ScanKind)> {
        let fields = self.metadata.schema().fields();
        fields.iter().map(|field| (field.name().clone(), kind_of(field.data_type()))).collect()
    }

    fn position(&self, name: &str) -> Result<usize, TablesError> {
        self.metadata.schema().index_of(name).map_err(|_| TablesError::Column {
            path: self.path.clone(),
            what: "column".to_owned(),
            column: name.to_owned(),
            expected: names(&self.columns()),
            advice: "name one of these",
        })
    }
}

/// The schema with texts as dictionaries.
pub(crate) fn hinted(schema: &SchemaRef) -> SchemaRef {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let field = Field::new(field.name(), dictionary.clone(), field.is_nullable());
            Arc::new(field)
        }
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

fn kind_of(data_type: &DataType) -> ScanKind {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => ScanKind::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => ScanKind::Int64,
        DataType::Timestamp(..) => ScanKind::Millis,
        DataType::Float64 => ScanKind::Float64,
        DataType::Float32 => ScanKind::Float32,
        DataType::Boolean => ScanKind::Bool,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ScanKind::Text,
        DataType::Dictionary(_, values)
            if matches!(**values, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) =>
        {
            ScanKind::Text
        }
        _ => ScanKind::Json,
    }
}

fn parquet_files(directory: &Path) -> Result<Vec<PathBuf>, TablesError> {
    let list = |source| TablesError::io("read", directory, source);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(list)? {
        let path = entry.map_err(list)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(TablesError::Missing {
            path: directory.join("*.parquet"),
            expected: "at least one Parquet file".to_owned(),
            advice: "name a Parquet file, or a directory that holds some",
        });
    }
    Ok(paths)
}

fn names(columns: &[(String, ScanKind)]) -> String {
    columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

//! Encoding batches into Parquet column chunks, on the thread of the shard that recorded them.
//!
//! The Parquet library's own column writers look at every value on its own: they hash the string
//! of each dictionary row and copy each text. A shard's columns lie end to end in memory and hold
//! keys already, so that the pages are put together here from whole columns, from the same bytes
//! that the digest takes; the library writes page headers and the file around them.

mod packing;
mod pages;

use crate::digest::{Codes, ColumnHasher, GroupDigest, Scratch, combine, nulls};
use crate::error::TablesError;
use crate::schema::Table;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use bytes::Bytes;
use pages::Pages;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::SchemaDescriptor;
use std::io::Write;
use std::sync::Arc;

/// The rows of one table in one row group, encoded and digested.
#[derive(Debug)]
pub struct EncodedTable {
    pub(crate) rows: u64,
    pub(crate) digest: GroupDigest,
    columns: Vec<(Bytes, ColumnCloseResult)>,
}

impl EncodedTable {
    /// How many rows there are.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// How many bytes they take in the file.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|(bytes, _)| bytes.len()).sum()
    }

    /// Copies the encoded chunks into a file.
    pub(crate) fn append_to<W: Write + Send>(
        self,
        mut group: SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        for (bytes, close) in self.columns {
            group.append_column(&bytes, close)?;
        }
        group.close().map(|_| ())
    }
}

/// Encodes one table of one shard, row group after row group.
#[derive(Debug)]
pub(crate) struct TableEncoder {
    table: Table,
    schema: SchemaRef,
    parquet: SchemaDescriptor,
    rows: u64,
    /// None as long as the group has no rows.
    columns: Vec<ColumnEncoder>,
    scratch: Scratch,
}

impl TableEncoder {
    pub(crate) fn new(table: Table) -> Result<Self, TablesError> {
        let schema = table.schema();
        let parquet = ArrowSchemaConverter::new()
            .convert(&schema)
            .map_err(|source| TablesError::Encode { table, source })?;
        let scratch = Scratch::default();
        Ok(Self { table, schema, parquet, rows: 0, columns: Vec::new(), scratch })
    }

    /// Rows of the open group that were written.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Digests and encodes a batch.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), TablesError> {
        let table = self.table;
        let failed = |source| TablesError::Encode { table, source };
        if batch.schema().fields() != self.schema.fields() {
            let what = format!("its columns are not those of table {}", table.name());
            return Err(failed(ParquetError::General(what)));
        }
        if self.columns.is_empty() {
            self.open_group();
        }
        self.rows += batch.num_rows() as u64;
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            let mut from = 0;
            while from < array.len() {
                let rows = ROWS_PER_PAGE.min(array.len() - from);
                column.write(&array.slice(from, rows), &mut self.scratch).map_err(failed)?;
                from += rows;
            }
        }
        Ok(())
    }

    /// Closes the open group, if it has rows.
    pub(crate) fn close(&mut self) -> Result<Option<EncodedTable>, TablesError> {
        let (rows, columns) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.columns));
        if rows == 0 {
            return Ok(None);
        }
        let table = self.table;
        let (mut hashers, mut chunks) = (Vec::new(), Vec::new());
        for column in columns {
            let ColumnEncoder { mut hasher, pages, codes } = column;
            if let Some(codes) = &codes {
                hasher.update_words(codes);
            }
            hashers.push(hasher);
            let chunk = pages.close(codes.as_ref());
            chunks.push(chunk.map_err(|source| TablesError::Encode { table, source })?);
        }
        Ok(Some(EncodedTable { rows, digest: combine(rows, hashers), columns: chunks }))
    }

    fn open_group(&mut self) {
        let columns = self.schema.fields().iter().zip(self.parquet.columns());
        self.columns = columns
            .map(|(field, parquet)| ColumnEncoder {
                hasher: ColumnHasher::new(field.data_type(), field.is_nullable()),
                pages: Pages::new(Arc::clone(parquet), field.data_type()),
                codes: matches!(field.data_type(), DataType::Dictionary(..)).then(Codes::by_key),
            })
            .collect();
    }
}

/// Digests and encodes one column of the open group.
#[derive(Debug)]
struct ColumnEncoder {
    hasher: ColumnHasher,
    pages: Pages,
    /// The strings of a dictionary column.
    codes: Option<Codes>,
}

impl ColumnEncoder {
    /// Writes one page.
    fn write(&mut self, array: &ArrayRef, scratch: &mut Scratch) -> Result<(), ParquetError> {
        let nulls = nulls(array);
        if let Some(codes) = &mut self.codes {
            self.hasher.update_codes(codes.of(array.as_dictionary()));
            return self.pages.write_codes(codes, nulls);
        }
        self.hasher.update_present(array.len(), nulls);
        let cells = scratch.cells(array);
        self.hasher.update(&cells);
        self.pages.write(array.len(), nulls, &cells)
    }
}

/// A page of text stays in the second-level cache from digest to compression.
const ROWS_PER_PAGE: usize = 4 * 1024;

/// A Parquet file writer for `table` into `sink`.
pub(crate) fn file_writer<W: Write + Send>(
    table: Table,
    sink: W,
) -> Result<SerializedFileWriter<W>, TablesError> {
    let schema = table.schema();
    // Also beside the embedded Arrow schema, where other programs look and what they keep.
    let mut labels: Vec<_> = schema
        .metadata()
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect();
    labels.sort_by(|a, b| a.key.cmp(&b.key));
    let mut properties = WriterProperties::builder()
        .set_key_value_metadata(Some(labels))
        // The library's own text would name its version.
        .set_created_by("fieldmirror".to_owned())
        .set_offset_index_disabled(true)
        .build();
    add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
    ArrowSchemaConverter::new()
        .convert(&schema)
        .and_then(|parquet| {
            SerializedFileWriter::new(sink, parquet.root_schema_ptr(), Arc::new(properties))
        })
        .map_err(|source| TablesError::Encode { table, source })
}

#[cfg(test)]
mod tests;

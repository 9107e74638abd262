//! Encoding batches into Parquet column chunks, on the thread of the shard that recorded them.
//!
//! Two kinds of columns: dictionary columns go through [`keys`], which writes the shard's keys
//! without looking at a string again; all others through the Parquet library's column writers.

mod keys;

use crate::digest::{Codes, ColumnHasher, GroupDigest, combine};
use crate::error::TablesError;
use crate::schema::Table;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, SchemaRef};
use bytes::Bytes;
use keys::KeyPages;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;
use std::io::Write;
use std::sync::Arc;

/// The rows of one table in one row group, encoded and digested.
#[derive(Debug)]
pub struct EncodedTable {
    pub(crate) rows: u64,
    pub(crate) digest: GroupDigest,
    columns: Vec<EncodedColumn>,
}

#[derive(Debug)]
enum EncodedColumn {
    Values(Box<ArrowColumnChunk>),
    Keys(Bytes, Box<ColumnCloseResult>),
}

impl EncodedTable {
    /// How many rows there are.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Copies the encoded chunks into a file.
    pub(crate) fn append_to<W: Write + Send>(
        self,
        mut group: SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        for column in self.columns {
            match column {
                EncodedColumn::Values(chunk) => chunk.append_to_row_group(&mut group)?,
                EncodedColumn::Keys(bytes, close) => group.append_column(&bytes, *close)?,
            }
        }
        group.close().map(|_| ())
    }
}

/// Encodes one table of one shard, row group after row group.
#[derive(Debug)]
pub(crate) struct TableEncoder {
    table: Table,
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
    open: Option<OpenGroup>,
    /// Kept between groups for their memory.
    codes: Vec<Codes>,
}

#[derive(Debug)]
struct OpenGroup {
    rows: u64,
    columns: Vec<(ColumnHasher, ColumnEncoder)>,
}

#[derive(Debug)]
enum ColumnEncoder {
    Values(Box<ArrowColumnWriter>),
    Keys(Box<KeyPages>),
}

impl TableEncoder {
    pub(crate) fn new(table: Table) -> Result<Self, TablesError> {
        let schema = table.schema();
        // The library makes column writers only from a file writer; this one never gets a group.
        let file = file_writer(table, std::io::sink())?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        let codes = schema.fields().iter().map(|_| Codes::by_key()).collect();
        Ok(Self { table, schema, factory, open: None, codes })
    }

    /// Rows of the open group that were written.
    pub(crate) fn rows(&self) -> u64 {
        self.open.as_ref().map_or(0, |group| group.rows)
    }

    /// Digests and encodes a batch of the table's schema.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), TablesError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let table = self.table;
        let failed = |source| TablesError::Encode { table, source };
        if self.open.is_none() {
            self.open = Some(self.open_group().map_err(failed)?);
        }
        let Some(group) = &mut self.open else { return Ok(()) };
        group.rows += batch.num_rows() as u64;
        for (((hasher, encoder), codes), (field, array)) in group
            .columns
            .iter_mut()
            .zip(&mut self.codes)
            .zip(self.schema.fields().iter().zip(batch.columns()))
        {
            match encoder {
                ColumnEncoder::Keys(pages) => {
                    hasher.update_codes(codes.of(array.as_dictionary()));
                    pages.write(codes, array.nulls()).map_err(failed)?;
                }
                ColumnEncoder::Values(writer) => {
                    hasher.update(array);
                    for leaf in compute_leaves(field, array).map_err(failed)? {
                        writer.write(&leaf).map_err(failed)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Closes the open group, if it has rows.
    pub(crate) fn close(&mut self) -> Result<Option<EncodedTable>, TablesError> {
        let Some(group) = self.open.take() else { return Ok(None) };
        let table = self.table;
        let rows = group.rows;
        let (mut hashers, mut columns) = (Vec::new(), Vec::new());
        for ((mut hasher, encoder), codes) in group.columns.into_iter().zip(&mut self.codes) {
            hasher.update_words(codes);
            hashers.push(hasher);
            let encoded = match encoder {
                ColumnEncoder::Values(writer) => {
                    writer.close().map(|chunk| EncodedColumn::Values(Box::new(chunk)))
                }
                ColumnEncoder::Keys(pages) => pages
                    .close(codes)
                    .map(|(bytes, close)| EncodedColumn::Keys(bytes, Box::new(close))),
            };
            columns.push(encoded.map_err(|source| TablesError::Encode { table, source })?);
            codes.reset();
        }
        Ok(Some(EncodedTable { rows, digest: combine(rows, hashers), columns }))
    }

    fn open_group(&self) -> Result<OpenGroup, ParquetError> {
        // The index only matters to encryption.
        let writers = self.factory.create_column_writers(0)?;
        let descriptor = ArrowSchemaConverter::new().convert(&self.schema)?;
        let mut columns = Vec::with_capacity(writers.len());
        for ((field, writer), column) in
            self.schema.fields().iter().zip(writers).zip(descriptor.columns())
        {
            let hasher = ColumnHasher::new(field.data_type(), field.is_nullable());
            let encoder = if is_dictionary(field) {
                ColumnEncoder::Keys(Box::new(KeyPages::new(Arc::clone(column))))
            } else {
                ColumnEncoder::Values(Box::new(writer))
            };
            columns.push((hasher, encoder));
        }
        Ok(OpenGroup { rows: 0, columns })
    }
}

/// A Parquet file writer for `table` into `sink`.
pub(crate) fn file_writer<W: Write + Send>(
    table: Table,
    sink: W,
) -> Result<SerializedFileWriter<W>, TablesError> {
    let schema = table.schema();
    let mut properties = properties(table);
    add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
    ArrowSchemaConverter::new()
        .convert(&schema)
        .and_then(|parquet| {
            SerializedFileWriter::new(sink, parquet.root_schema_ptr(), Arc::new(properties))
        })
        .map_err(|source| TablesError::Encode { table, source })
}

/// How the columns of `table` are written.
fn properties(table: Table) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        // The library's own text would name its version.
        .set_created_by("fieldmirror".to_owned())
        .set_compression(Compression::LZ4_RAW)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for field in table.schema().fields() {
        let path = ColumnPath::from(field.name().as_str());
        properties = match field.data_type() {
            DataType::Timestamp(..) => {
                properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
            }
            // Nobody prunes by the order of JSON texts, and finding it costs a comparison a row.
            DataType::Utf8 => {
                properties.set_column_statistics_enabled(path, EnabledStatistics::None)
            }
            _ => properties,
        };
    }
    properties.build()
}

fn is_dictionary(field: &Field) -> bool {
    matches!(field.data_type(), DataType::Dictionary(..))
}

//! The pages of one column chunk.
//!
//! # Source
//! Parquet format 2.11, Encodings.md and "Data Pages": dictionary columns are RLE_DICTIONARY, times
//! DELTA_BINARY_PACKED, text DELTA_LENGTH_BYTE_ARRAY, all others PLAIN.

use super::packing::{deltas, literal_header, literals, run};
use crate::digest::{Cells, Codes};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// Collects the pages of one column in one row group.
#[derive(Debug)]
pub(super) struct Pages {
    column: ColumnDescPtr,
    encoding: Encoding,
    nullable: bool,
    /// The finished pages with their headers.
    data: Vec<u8>,
    uncompressed_len: usize,
    rows: u64,
    nulls: u64,
    /// The earliest and the latest time.
    span: Option<(i64, i64)>,
    /// The open page before compression.
    page: Vec<u8>,
    integers: Vec<i64>,
}

impl Pages {
    pub(super) fn new(column: ColumnDescPtr, data_type: &DataType) -> Self {
        let nullable = column.max_def_level() > 0;
        let encoding = match data_type {
            DataType::Dictionary(..) => Encoding::RLE_DICTIONARY,
            DataType::Timestamp(..) => Encoding::DELTA_BINARY_PACKED,
            DataType::Utf8 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            _ => Encoding::PLAIN,
        };
        Self {
            column,
            encoding,
            nullable,
            data: Vec::new(),
            uncompressed_len: 0,
            rows: 0,
            nulls: 0,
            span: None,
            page: Vec::new(),
            integers: Vec::new(),
        }
    }

    /// Writes the last codes as a page.
    pub(super) fn write_codes(
        &mut self,
        codes: &Codes,
        nulls: Option<&NullBuffer>,
    ) -> Result<(), ParquetError> {
        let rows = codes.last().len();
        self.begin(rows, nulls);
        let width = u32::BITS - codes.count().saturating_sub(1).leading_zeros();
        self.page.push(width as u8);
        let present = || codes.last().iter().copied().filter(|&code| code != Codes::NONE);
        let count = rows - codes.nulls();
        match present().next() {
            None => {}
            Some(first) if width == 0 || present().all(|code| code == first) => {
                run(count, first, width, &mut self.page);
            }
            Some(_) if codes.nulls() == 0 => {
                literals(count, codes.last().iter().copied(), width, &mut self.page);
            }
            Some(_) => literals(count, present(), width, &mut self.page),
        }
        self.end(rows)
    }

    /// Writes `rows` rows as a page; `cells` holds those that are not null.
    pub(super) fn write(
        &mut self,
        rows: usize,
        nulls: Option<&NullBuffer>,
        cells: &Cells<'_>,
    ) -> Result<(), ParquetError> {
        self.begin(rows, nulls);
        match cells {
            Cells::Flags(flags) => {
                self.page.extend_from_slice(&flags.sliced().as_slice()[..rows.div_ceil(8)]);
            }
            Cells::Fixed { bytes, .. } if self.encoding == Encoding::DELTA_BINARY_PACKED => {
                self.integers.clear();
                // Eight bytes a time: the remainder is empty.
                let times = bytes.as_chunks().0.iter().map(|time| i64::from_le_bytes(*time));
                self.integers.extend(times);
                self.extend_span();
                deltas(&self.integers, &mut self.page);
            }
            // Parquet has no integers of one byte.
            Cells::Fixed { bytes, width: 1 } => {
                self.page.extend(bytes.iter().flat_map(|&byte| [byte, 0, 0, 0]));
            }
            Cells::Fixed { bytes, .. } => self.page.extend_from_slice(bytes),
            Cells::Text { lengths, bytes } => {
                self.integers.clear();
                self.integers.extend(lengths.iter().map(|&len| i64::from(len)));
                deltas(&self.integers, &mut self.page);
                self.page.extend_from_slice(bytes);
            }
        }
        self.end(rows)
    }

    /// The whole chunk; `codes` are those of a dictionary column, whose page comes first.
    pub(super) fn close(
        self,
        codes: Option<&Codes>,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let (mut bytes, mut uncompressed_len) = (Vec::new(), self.uncompressed_len);
        if let Some(codes) = codes {
            let dictionary = Page::DictionaryPage {
                buf: Bytes::copy_from_slice(codes.plain()),
                num_values: codes.count(),
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            let len = codes.plain().len();
            uncompressed_len += append(&mut bytes, dictionary, len)?.uncompressed_size;
        }
        let data_at = bytes.len() as i64;
        bytes.extend_from_slice(&self.data);
        let mut metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(compression(self.encoding))
            .set_encodings(match codes {
                Some(_) => vec![Encoding::PLAIN, Encoding::RLE, self.encoding],
                None => vec![Encoding::RLE, self.encoding],
            })
            .set_num_values(self.rows as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(uncompressed_len as i64)
            .set_dictionary_page_offset(codes.map(|_| 0))
            .set_data_page_offset(data_at);
        if let Some(codes) = codes {
            let bound = |word: Option<&[u8]>| word.map(|word| ByteArray::from(word.to_vec()));
            let (least, most) = (bound(codes.words().min()), bound(codes.words().max()));
            let distinct = Some(u64::from(codes.count()));
            metadata = metadata.set_statistics(Statistics::new(
                least,
                most,
                distinct,
                Some(self.nulls),
                false,
            ));
        } else if let Some((first, last)) = self.span {
            metadata = metadata.set_statistics(Statistics::new(
                Some(first),
                Some(last),
                None,
                Some(self.nulls),
                false,
            ));
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(bytes), close))
    }

    /// Begins a page with its definition levels: one bit per row, which is Arrow's bitmap.
    fn begin(&mut self, rows: usize, nulls: Option<&NullBuffer>) {
        self.rows += rows as u64;
        self.nulls += nulls.map_or(0, |nulls| nulls.null_count() as u64);
        self.page.clear();
        if !self.nullable {
            return;
        }
        self.page.extend_from_slice(&[0; LEVELS_LEN_BYTES]);
        match nulls {
            None => run(rows, 1, 1, &mut self.page),
            Some(nulls) if nulls.null_count() == rows => run(rows, 0, 1, &mut self.page),
            Some(nulls) => {
                literal_header(rows, &mut self.page);
                let bits = nulls.inner().sliced();
                self.page.extend_from_slice(&bits.as_slice()[..rows.div_ceil(8)]);
            }
        }
        let len = (self.page.len() - LEVELS_LEN_BYTES) as u32;
        self.page[..LEVELS_LEN_BYTES].copy_from_slice(&len.to_le_bytes());
    }

    /// Compresses the open page and puts it behind the others.
    fn end(&mut self, rows: usize) -> Result<(), ParquetError> {
        let page_len = self.page.len();
        let stored = match compression(self.encoding) {
            Compression::UNCOMPRESSED => self.page.clone(),
            _ => lz4_flex::block::compress(&self.page),
        };
        let page = Page::DataPage {
            buf: Bytes::from(stored),
            num_values: rows as u32,
            encoding: self.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.uncompressed_len += append(&mut self.data, page, page_len)?.uncompressed_size;
        Ok(())
    }

    fn extend_span(&mut self) {
        for &time in &self.integers {
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
        }
    }
}

/// The length that stands before definition levels.
const LEVELS_LEN_BYTES: usize = 4;

/// Packed keys do not shrink much, so that they stay as they are. LZ4 for the rest: measured on
/// probes' payloads, zstd's first level takes 1.7 times as long for pages that are 45 % smaller,
/// and `snap` is slower than `lz4_flex` for pages of the same size.
const fn compression(encoding: Encoding) -> Compression {
    match encoding {
        Encoding::RLE_DICTIONARY => Compression::UNCOMPRESSED,
        _ => Compression::LZ4_RAW,
    }
}

/// Appends a page with its header; `len` is its length before compression.
fn append(chunk: &mut Vec<u8>, page: Page, len: usize) -> Result<PageWriteSpec, ParquetError> {
    let mut sink = TrackedWrite::new(chunk);
    let mut writer = SerializedPageWriter::new(&mut sink);
    let spec = writer.write_page(CompressedPage::new(page, len))?;
    writer.close()?;
    Ok(spec)
}

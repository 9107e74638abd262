//! Column chunks of dictionary columns.
//!
//! The library's writer hashes the string of every row to find its place in the chunk's
//! dictionary. A shard's columns hold keys already, so that a table look-up does: this writer
//! takes the codes that the digest needs anyway and packs their bits.
//!
//! # Source
//! Parquet format 2.11, "Dictionary Encoding" (PLAIN_DICTIONARY = 2 and RLE_DICTIONARY = 8) and
//! "Run Length Encoding / Bit-Packing Hybrid" (RLE = 3).

use crate::digest::Codes;
use arrow::buffer::NullBuffer;
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

/// The pages of one dictionary column in one row group: one data page per batch, uncompressed,
/// since packed bits do not shrink much.
#[derive(Debug)]
pub(crate) struct KeyPages {
    column: ColumnDescPtr,
    nullable: bool,
    data: Vec<u8>,
    uncompressed: usize,
    rows: u64,
    nulls: u64,
}

impl KeyPages {
    pub(crate) fn new(column: ColumnDescPtr) -> Self {
        let nullable = column.max_def_level() > 0;
        Self { column, nullable, data: Vec::new(), uncompressed: 0, rows: 0, nulls: 0 }
    }

    /// Writes the last codes as a page.
    pub(crate) fn write(
        &mut self,
        codes: &Codes,
        nulls: Option<&NullBuffer>,
    ) -> Result<(), ParquetError> {
        let rows = codes.last().len();
        let mut page = Vec::with_capacity(rows * 2 + 64);
        if self.nullable {
            page.extend_from_slice(&[0; 4]);
            encode_levels(rows, nulls, &mut page);
            let len = (page.len() - 4) as u32;
            page[..4].copy_from_slice(&len.to_le_bytes());
        }
        let width = u32::BITS - codes.count().saturating_sub(1).leading_zeros();
        page.push(width as u8);
        encode_codes(codes, width, &mut page);
        let num_values = rows as u32;
        let page = Page::DataPage {
            buf: Bytes::from(page),
            num_values,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.uncompressed += write_page(&mut self.data, page)?.uncompressed_size;
        self.rows += rows as u64;
        self.nulls += codes.nulls() as u64;
        Ok(())
    }

    /// The whole chunk, dictionary first.
    pub(crate) fn close(self, codes: &Codes) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let mut bytes = Vec::new();
        let dictionary = Page::DictionaryPage {
            buf: Bytes::copy_from_slice(codes.plain()),
            num_values: codes.count(),
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let spec = write_page(&mut bytes, dictionary)?;
        let data_offset = bytes.len() as i64;
        bytes.extend_from_slice(&self.data);
        let bound = |word: Option<&[u8]>| word.map(|word| ByteArray::from(word.to_vec()));
        let metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(Compression::UNCOMPRESSED)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
            .set_num_values(self.rows as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size((spec.uncompressed_size + self.uncompressed) as i64)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(data_offset)
            .set_statistics(Statistics::new(
                bound(codes.words().min()),
                bound(codes.words().max()),
                Some(u64::from(codes.count())),
                Some(self.nulls),
                false,
            ))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(bytes), close))
    }
}

/// Appends a page with its header.
fn write_page(chunk: &mut Vec<u8>, page: Page) -> Result<PageWriteSpec, ParquetError> {
    let size = page.buffer().len();
    let mut sink = TrackedWrite::new(chunk);
    let mut writer = SerializedPageWriter::new(&mut sink);
    let spec = writer.write_page(CompressedPage::new(page, size))?;
    writer.close()?;
    Ok(spec)
}

/// Definition levels: one bit per row, which is Arrow's bitmap where it begins at a byte.
fn encode_levels(rows: usize, nulls: Option<&NullBuffer>, out: &mut Vec<u8>) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => run(rows, 1, 1, out),
        Some(nulls) if nulls.null_count() == rows => run(rows, 0, 1, out),
        Some(nulls) => {
            literal_header(rows, out);
            let bits = nulls.inner().sliced();
            let bytes = rows.div_ceil(8);
            out.extend_from_slice(&bits.as_slice()[..bytes]);
        }
    }
}

/// The codes of the rows that are not null: one run if all are equal, packed bits otherwise.
fn encode_codes(codes: &Codes, width: u32, out: &mut Vec<u8>) {
    let count = codes.last().len() - codes.nulls();
    let mut present = codes.last().iter().copied().filter(|&code| code != Codes::NONE);
    let Some(first) = present.clone().next() else { return };
    if width == 0 || present.all(|code| code == first) {
        run(count, first, width, out);
        return;
    }
    literal_header(count, out);
    let (mut open, mut open_len) = (0_u64, 0);
    for &code in codes.last() {
        if code == Codes::NONE {
            continue;
        }
        open |= u64::from(code) << open_len;
        open_len += width;
        if open_len >= 32 {
            out.extend_from_slice(&(open as u32).to_le_bytes());
            open >>= 32;
            open_len -= 32;
        }
    }
    // Groups of eight values fill whole bytes; the last group is padded with zeros.
    let padding = (count.next_multiple_of(8) - count) as u32 * width;
    let bytes = (open_len + padding).div_ceil(8) as usize;
    let mut tail = open.to_le_bytes().to_vec();
    tail.resize(bytes.max(8), 0);
    out.extend_from_slice(&tail[..bytes]);
}

/// `count` times the same value.
fn run(count: usize, value: u32, width: u32, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// Announces `count` packed values.
fn literal_header(count: usize, out: &mut Vec<u8>) {
    varint((count.div_ceil(8) as u64) << 1 | 1, out);
}

/// Unsigned LEB128.
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

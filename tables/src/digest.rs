//! The canonical digest of a table: a SHA-256 that depends on schema, rows and row groups, and on
//! nothing else: not on compression, encodings, batch sizes or the order of dictionaries.
//!
//! ```text
//! table  = SHA-256(schema text, group, group, ...)             groups in file order
//! group  = SHA-256(rows: u64, column, column, ...)             columns in schema order
//! column = SHA-256(part, ...)                                  parts as below
//! ```
//! Parts, each the SHA-256 of a stream of little-endian values: *numbers and times* their bytes;
//! *flags* one bit each, the first in the lowest bit; *text* the lengths (u32), then the bytes;
//! *dictionary strings* a u32 per row (the string's position in order of first appearance within
//! the group, `u32::MAX` for null), then each string's length (u32) and bytes. A column that may
//! hold nulls has as its first part one bit per row, set where there is a value, and its other
//! parts skip the nulls; dictionary columns need none.

mod cells;
mod codes;

pub(crate) use cells::{Cells, Scratch, nulls};
pub(crate) use codes::Codes;

use crate::error::TablesError;
use crate::read::TableReader;
use crate::schema::{Table, schema_text};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Schema};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The SHA-256 of a row group in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupDigest(pub(crate) [u8; 32]);

/// Collects the digests of a table's row groups in file order.
#[derive(Clone, Debug)]
pub struct TableDigest(Sha256);

impl TableDigest {
    /// The digest of `table` without rows.
    pub fn new(table: Table) -> Self {
        Self(Sha256::new().chain_update(schema_text(&table.schema())))
    }

    /// Appends a row group.
    pub fn append(&mut self, group: &GroupDigest) {
        self.0.update(group.0);
    }

    /// The digest in lower-case hexadecimal.
    pub fn finish(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The digest of the Parquet file at `path`, recomputed from its rows alone. It equals the one of
/// the writer as long as the rows and their row groups are the same.
///
/// # Errors
/// Those of [`TableReader::open`], and [`TablesError::Damaged`] if a page cannot be read.
pub fn digest_of_file(path: &Path) -> Result<String, TablesError> {
    let reader = TableReader::open(path)?;
    let table = reader.table();
    let mut digest = TableDigest::new(table);
    for group in 0..reader.groups() {
        let mut hasher = GroupHasher::new(&table.schema());
        for batch in reader.group(group)? {
            hasher.update(&batch?);
        }
        digest.append(&hasher.finish());
    }
    Ok(digest.finish())
}

/// Digests one row group from its batches in order.
pub(crate) struct GroupHasher {
    columns: Vec<ColumnHasher>,
    /// For each dictionary column the strings it met; used when no encoder has them already.
    codes: Vec<Codes>,
    scratch: Scratch,
    rows: u64,
}

impl GroupHasher {
    pub(crate) fn new(schema: &Schema) -> Self {
        let columns: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| ColumnHasher::new(field.data_type(), field.is_nullable()))
            .collect();
        let codes = columns.iter().map(|_| Codes::by_word()).collect();
        Self { columns, codes, scratch: Scratch::default(), rows: 0 }
    }

    pub(crate) fn update(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        for ((hasher, codes), array) in
            self.columns.iter_mut().zip(&mut self.codes).zip(batch.columns())
        {
            if matches!(array.data_type(), DataType::Dictionary(..)) {
                hasher.update_codes(codes.of(array.as_dictionary()));
            } else {
                hasher.update_present(array.len(), nulls(array));
                hasher.update(&self.scratch.cells(array));
            }
        }
    }

    pub(crate) fn finish(mut self) -> GroupDigest {
        for (hasher, codes) in self.columns.iter_mut().zip(&self.codes) {
            hasher.update_words(codes);
        }
        combine(self.rows, self.columns)
    }
}

/// The digest of a group from its columns.
pub(crate) fn combine(rows: u64, columns: impl IntoIterator<Item = ColumnHasher>) -> GroupDigest {
    let mut group = Sha256::new().chain_update(rows.to_le_bytes());
    for column in columns {
        group.update(column.finish());
    }
    GroupDigest(group.finalize().into())
}

/// Digests one column of one row group.
#[derive(Clone, Debug)]
pub(crate) struct ColumnHasher {
    present: Option<Bits>,
    flags: Option<Bits>,
    lengths: Option<Sha256>,
    values: Sha256,
    is_dictionary: bool,
    scratch: Vec<u8>,
}

impl ColumnHasher {
    pub(crate) fn new(data_type: &DataType, nullable: bool) -> Self {
        let is_dictionary = matches!(data_type, DataType::Dictionary(..));
        Self {
            present: (nullable && !is_dictionary).then(Bits::default),
            flags: matches!(data_type, DataType::Boolean).then(Bits::default),
            lengths: matches!(data_type, DataType::Utf8).then(Sha256::new),
            values: Sha256::new(),
            is_dictionary,
            scratch: Vec::new(),
        }
    }

    /// Appends which of `rows` rows hold a value; no concern of dictionary columns.
    pub(crate) fn update_present(&mut self, rows: usize, nulls: Option<&NullBuffer>) {
        if let Some(present) = &mut self.present {
            match nulls {
                Some(nulls) => present.append(nulls.inner()),
                None => present.append(&BooleanBuffer::new_set(rows)),
            }
        }
    }

    /// Appends the values of rows that hold one.
    pub(crate) fn update(&mut self, cells: &Cells<'_>) {
        match cells {
            Cells::Flags(flags) => {
                if let Some(bits) = &mut self.flags {
                    bits.append(flags);
                }
            }
            Cells::Fixed { bytes, .. } => self.values.update(bytes),
            Cells::Text { lengths, bytes } => {
                self.scratch.clear();
                self.scratch.extend(lengths.iter().flat_map(|len| len.to_le_bytes()));
                if let Some(hash) = &mut self.lengths {
                    hash.update(&self.scratch);
                }
                self.values.update(bytes);
            }
        }
    }

    /// Appends rows of a dictionary column by their codes.
    pub(crate) fn update_codes(&mut self, codes: &[u32]) {
        self.scratch.clear();
        self.scratch.extend(codes.iter().flat_map(|code| code.to_le_bytes()));
        self.values.update(&self.scratch);
    }

    /// Closes a dictionary column with its strings.
    pub(crate) fn update_words(&mut self, codes: &Codes) {
        if self.is_dictionary {
            self.values.update(codes.plain());
        }
    }

    fn finish(self) -> [u8; 32] {
        let mut column = Sha256::new();
        for part in [self.present, self.flags].into_iter().flatten() {
            column.update(part.finish());
        }
        if let Some(lengths) = self.lengths {
            column.update(lengths.finalize());
        }
        column.update(self.values.finalize());
        column.finalize().into()
    }
}

/// Digests bits whatever the lengths in which they come.
#[derive(Clone, Debug, Default)]
struct Bits {
    hash: Sha256,
    /// Bits that do not fill a word yet, the first in the lowest bit.
    open: u64,
    open_len: u32,
    scratch: Vec<u8>,
}

impl Bits {
    fn append(&mut self, bits: &BooleanBuffer) {
        let chunks = bits.bit_chunks();
        self.scratch.clear();
        for word in chunks.iter() {
            let filled = self.open | word << self.open_len;
            self.scratch.extend_from_slice(&filled.to_le_bytes());
            // A shift by 64 is none: nothing was open, so nothing of the word is left.
            self.open = word.checked_shr(64 - self.open_len).unwrap_or(0);
        }
        let (rest, rest_len) = (chunks.remainder_bits(), chunks.remainder_len() as u32);
        if rest_len > 0 {
            let filled = self.open | rest << self.open_len;
            if self.open_len + rest_len >= 64 {
                self.scratch.extend_from_slice(&filled.to_le_bytes());
                self.open = rest.checked_shr(64 - self.open_len).unwrap_or(0);
                self.open_len = self.open_len + rest_len - 64;
            } else {
                self.open = filled;
                self.open_len += rest_len;
            }
        }
        self.hash.update(&self.scratch);
    }

    fn finish(mut self) -> [u8; 32] {
        let bytes = self.open_len.div_ceil(8) as usize;
        self.hash.update(&self.open.to_le_bytes()[..bytes]);
        self.hash.finalize().into()
    }
}

#[cfg(test)]
mod tests;

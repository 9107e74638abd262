//! The files of a run: encoded groups are appended in order, nothing is encoded here.

use crate::digest::TableDigest;
use crate::encode::{EncodedTable, TableEncoder, file_writer};
use crate::error::TablesError;
use crate::recorder::{EncodedGroup, RowRef};
use crate::schema::Table;
use arrow::array::RecordBatch;
use parquet::file::writer::SerializedFileWriter;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// What the manifest says of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// The table's name.
    pub name: String,
    /// The file in the run directory.
    pub file: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of its canonical form ([`crate::digest`]), in lower-case hexadecimal.
    pub sha256: String,
}

/// The tables of a run while they are written.
#[derive(Debug)]
pub struct RunTables {
    tables: Vec<OpenTable>,
    last: Option<(u32, u16)>,
}

#[derive(Debug)]
struct OpenTable {
    table: Table,
    path: PathBuf,
    writer: SerializedFileWriter<BufWriter<File>>,
    digest: TableDigest,
    rows: u64,
    /// Where each shard's group lies, ascending.
    groups: Vec<GroupPlace>,
}

#[derive(Clone, Copy, Debug)]
struct GroupPlace {
    group: u32,
    shard: u16,
    first_row: u64,
    rows: u64,
}

impl RunTables {
    /// Creates the directory `dir` and the file of every table in it, replacing files of that name.
    ///
    /// # Errors
    /// [`TablesError::Io`] if the directory or a file cannot be created.
    pub fn create(dir: &Path) -> Result<Self, TablesError> {
        std::fs::create_dir_all(dir).map_err(|source| TablesError::io("create", dir, source))?;
        let tables = Table::ALL.into_iter().map(|table| {
            let path = dir.join(table.file());
            let file =
                File::create(&path).map_err(|source| TablesError::io("create", &path, source))?;
            // Chunks come in pages of some ten kilobytes: larger writes than the default 8 KiB.
            let writer = file_writer(table, BufWriter::with_capacity(256 * 1024, file))?;
            let digest = TableDigest::new(table);
            Ok(OpenTable { table, path, writer, digest, rows: 0, groups: Vec::new() })
        });
        Ok(Self { tables: tables.collect::<Result<_, _>>()?, last: None })
    }

    /// Appends the rows of one shard and epoch. The order makes the file: (group, shard) must rise.
    ///
    /// # Errors
    /// [`TablesError::Order`] if it does not, [`TablesError::Io`] if the disk refuses. Both are
    /// fatal to the recording.
    pub fn append(&mut self, group: EncodedGroup) -> Result<(), TablesError> {
        let EncodedGroup { shard, group, tables } = group;
        if let Some((last_group, last_shard)) = self.last.filter(|&last| last >= (group, shard)) {
            return Err(TablesError::Order { shard, group, last_shard, last_group });
        }
        self.last = Some((group, shard));
        for (table, encoded) in tables {
            let open = &mut self.tables[table.index()];
            let (first_row, rows) = (open.rows, encoded.rows());
            open.groups.push(GroupPlace { group, shard, first_row, rows });
            open.append(encoded)?;
        }
        Ok(())
    }

    /// Writes all rows of a table that belongs to no shard (findings, truth) as one row group.
    ///
    /// # Errors
    /// [`TablesError::Encode`] if the batch does not have the table's schema,
    /// [`TablesError::Io`] if the disk refuses.
    pub fn write_small(&mut self, table: Table, batch: &RecordBatch) -> Result<(), TablesError> {
        let mut encoder = TableEncoder::new(table)?;
        encoder.write(batch)?;
        match encoder.close()? {
            Some(encoded) => self.tables[table.index()].append(encoded),
            None => Ok(()),
        }
    }

    /// How many rows `table` has so far.
    pub fn rows_so_far(&self, table: Table) -> u64 {
        self.tables[table.index()].rows
    }

    /// The row of the file in which `row` of a shard stands, counted from 0; `None` as long as its
    /// group was not appended, or if the group has no such row.
    pub fn resolve(&self, table: Table, row: RowRef) -> Option<u64> {
        let groups = &self.tables[table.index()].groups;
        let at = groups
            .binary_search_by_key(&(row.group, row.shard), |place| (place.group, place.shard))
            .ok()?;
        let place = groups[at];
        (u64::from(row.row) < place.rows).then(|| place.first_row + u64::from(row.row))
    }

    /// Closes all files and says what they hold, in the order of [`Table::ALL`].
    ///
    /// # Errors
    /// [`TablesError::Io`] if the disk refuses; the files are not complete then.
    pub fn finish(self) -> Result<Vec<TableEntry>, TablesError> {
        self.tables.into_iter().map(OpenTable::finish).collect()
    }
}

impl OpenTable {
    fn append(&mut self, encoded: EncodedTable) -> Result<(), TablesError> {
        self.rows += encoded.rows;
        self.digest.append(&encoded.digest);
        let done = self.writer.next_row_group().and_then(|group| encoded.append_to(group));
        done.map_err(|source| self.failed(source))
    }

    fn finish(mut self) -> Result<TableEntry, TablesError> {
        if let Err(source) = self.writer.finish() {
            return Err(self.failed(source));
        }
        Ok(TableEntry {
            name: self.table.name().to_owned(),
            file: self.table.file(),
            rows: self.rows,
            sha256: self.digest.finish(),
        })
    }

    /// Parquet wraps what the disk says.
    fn failed(&self, source: parquet::errors::ParquetError) -> TablesError {
        use parquet::errors::ParquetError;
        match source {
            ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
                Ok(source) => TablesError::io("write", &self.path, *source),
                Err(cause) => {
                    TablesError::Encode { table: self.table, source: ParquetError::External(cause) }
                }
            },
            source => TablesError::Encode { table: self.table, source },
        }
    }
}

#[cfg(test)]
mod tests;

//! The compiled scenario: one Arrow IPC file that holds everything a run needs.
//!
//! One record batch of one row. Plain facts are plain columns, lists are lists of structs, so that
//! `pyarrow.ipc.open_file(path).read_all().to_pylist()[0]` is the whole scenario. Equal contents
//! give equal bytes. The file carries a checksum of itself in its footer's metadata.

mod rows;

pub use rows::{ConfounderRow, FaultRow, ForcingRow, FunctionRow, PolicyRow, RosterRow, RuleRow};

use crate::digest::hexadecimal;
use crate::error::TablesError;
use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, StringArray, UInt32Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Schema, UInt32Type};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use rows::Row;
use sha2::{Digest, Sha256};
use std::io::Cursor;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The newest format that [`ScenarioFile::read`] understands.
pub const FORMAT: u32 = 1;

/// A compiled scenario. Times are relative to the run's start where they end in `_s`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioFile {
    /// Version of this format.
    pub format: u32,
    /// The scenario's name.
    pub name: String,
    /// The checked spec as text: what has no column of its own.
    pub spec: String,
    /// The weather, a row a day.
    pub forcing: Vec<ForcingRow>,
    /// Every device and piece of equipment.
    pub roster: Vec<RosterRow>,
    /// Faults by schedule.
    pub faults: Vec<FaultRow>,
    /// What looks like a fault and is none.
    pub confounders: Vec<ConfounderRow>,
    /// Rules in AWS's JSON.
    pub rules: Vec<RuleRow>,
    /// Policies in AWS's JSON.
    pub policies: Vec<PolicyRow>,
    /// Functions that rules may call.
    pub functions: Vec<FunctionRow>,
}

impl ScenarioFile {
    /// Writes the file at `path`, replacing one that is there.
    ///
    /// # Errors
    /// [`TablesError::Io`] if the disk refuses, [`TablesError::Scenario`] if a list is too long for
    /// Arrow.
    pub fn write(&self, path: &Path) -> Result<(), TablesError> {
        let bytes = self.to_bytes()?;
        std::fs::write(path, bytes).map_err(|source| TablesError::io("write", path, source))
    }

    /// The contents of the file.
    ///
    /// # Errors
    /// [`TablesError::Scenario`] if a list is too long for Arrow.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TablesError> {
        self.encode().map_err(|source| TablesError::Scenario { source })
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// Each with the path, what was expected and what to do: [`TablesError::Missing`],
    /// [`TablesError::Truncated`], [`TablesError::Foreign`] (no Arrow file, or not of one row),
    /// [`TablesError::Damaged`], [`TablesError::Version`] (a newer format) and
    /// [`TablesError::Column`] (an Arrow file of something else).
    pub fn read(path: &Path) -> Result<Self, TablesError> {
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => TablesError::Missing {
                path: path.to_owned(),
                expected: EXPECTED.to_owned(),
                advice: COMPILE,
            },
            _ => TablesError::io("read", path, source),
        })?;
        Self::from_bytes(&bytes, path)
    }

    /// Reads a file's contents; `path` is for messages.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, TablesError> {
        check_ends(bytes, path)?;
        check_seal(bytes, path)?;
        let batch = read_batch(bytes, path)?;
        let columns = Columns { batch: &batch, path };
        // The version first: a newer file may have other columns.
        let format = columns.plain("format", &DataType::UInt32)?.as_primitive::<UInt32Type>();
        let format = format.value(0);
        if format > FORMAT {
            let path = path.to_owned();
            return Err(TablesError::Version { path, found: format, supported: FORMAT });
        }
        Ok(Self {
            format,
            name: columns.text("name")?,
            spec: columns.text("spec")?,
            forcing: columns.list("forcing")?,
            roster: columns.list("roster")?,
            faults: columns.list("faults")?,
            confounders: columns.list("confounders")?,
            rules: columns.list("rules")?,
            policies: columns.list("policies")?,
            functions: columns.list("functions")?,
        })
    }

    fn encode(&self) -> Result<Vec<u8>, ArrowError> {
        let text = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let columns = [
            ("format", Arc::new(UInt32Array::from(vec![self.format])) as ArrayRef),
            ("name", text(&self.name)),
            ("spec", text(&self.spec)),
            ("forcing", one_list(&self.forcing)?),
            ("roster", one_list(&self.roster)?),
            ("faults", one_list(&self.faults)?),
            ("confounders", one_list(&self.confounders)?),
            ("rules", one_list(&self.rules)?),
            ("policies", one_list(&self.policies)?),
            ("functions", one_list(&self.functions)?),
        ];
        let fields: Vec<_> = columns
            .iter()
            .map(|(name, array)| Field::new(*name, array.data_type().clone(), false))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
        let mut writer = FileWriter::try_new(Vec::new(), &schema)?;
        writer.write_metadata("seal", format!("{SEAL}{}", "0".repeat(SEAL_DIGITS)));
        writer.write(&batch)?;
        writer.finish()?;
        let mut bytes = writer.into_inner()?;
        if let Some(digits) = find_seal(&bytes) {
            let seal = seal(&bytes, &digits);
            bytes[digits].copy_from_slice(seal.as_bytes());
        }
        Ok(bytes)
    }
}

const EXPECTED: &str = "a compiled scenario (Arrow IPC file)";
const COMPILE: &str =
    "compile it from TOML with `fieldmirror scenario compile IN.toml -o OUT.arrow`";

fn check_ends(bytes: &[u8], path: &Path) -> Result<(), TablesError> {
    const MAGIC: &[u8] = b"ARROW1";
    let (path, expected) = (path.to_owned(), EXPECTED.to_owned());
    if !bytes.starts_with(&MAGIC[..bytes.len().min(MAGIC.len())]) {
        return Err(TablesError::Foreign { path, expected, advice: COMPILE });
    }
    if bytes.len() < 2 * MAGIC.len() || !bytes.ends_with(MAGIC) {
        let advice = "copy it again, or compile it from TOML again";
        return Err(TablesError::Truncated { path, expected, advice });
    }
    Ok(())
}

/// Arrow's reader trusts lengths within a file and panics where they lie, so that a damaged file
/// must be known before it is decoded: the footer's metadata hold the SHA-256 of the file with the
/// digits themselves as zeros. A file that another program wrote has none and is decoded as it is.
fn check_seal(bytes: &[u8], path: &Path) -> Result<(), TablesError> {
    let Some(digits) = find_seal(bytes) else { return Ok(()) };
    if seal(bytes, &digits).as_bytes() == &bytes[digits] {
        return Ok(());
    }
    let source = "its contents do not match its checksum".into();
    Err(TablesError::Damaged { path: path.to_owned(), source })
}

const SEAL: &str = "fieldmirror-sha256:";
const SEAL_DIGITS: usize = 64;

/// Where the digits of the seal stand: the last ones, since the footer ends the file.
fn find_seal(bytes: &[u8]) -> Option<Range<usize>> {
    let at = bytes.windows(SEAL.len()).rposition(|window| window == SEAL.as_bytes())? + SEAL.len();
    (at + SEAL_DIGITS <= bytes.len()).then_some(at..at + SEAL_DIGITS)
}

fn seal(bytes: &[u8], digits: &Range<usize>) -> String {
    let hash = Sha256::new()
        .chain_update(&bytes[..digits.start])
        .chain_update([b'0'; SEAL_DIGITS])
        .chain_update(&bytes[digits.end..]);
    hexadecimal(&hash.finalize())
}

fn read_batch(bytes: &[u8], path: &Path) -> Result<RecordBatch, TablesError> {
    let damaged = |source: ArrowError| TablesError::Damaged {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let mut batches = FileReader::try_new(Cursor::new(bytes), None).map_err(damaged)?;
    let first = batches.next().transpose().map_err(damaged)?;
    match first.filter(|batch| batch.num_rows() == 1 && batches.next().is_none()) {
        Some(batch) => Ok(batch),
        None => Err(TablesError::Foreign {
            path: path.to_owned(),
            expected: "a compiled scenario (an Arrow IPC file of one row)".to_owned(),
            advice: COMPILE,
        }),
    }
}

/// A column that holds `rows` as its only list.
fn one_list<R: Row>(rows: &[R]) -> Result<ArrayRef, ArrowError> {
    let items = R::to_struct(rows)?;
    let len = i32::try_from(rows.len()).map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, len]));
    let item = Arc::new(Field::new("item", items.data_type().clone(), false));
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(items), None)?))
}

/// The columns of the one row, by name.
struct Columns<'a> {
    batch: &'a RecordBatch,
    path: &'a Path,
}

impl Columns<'_> {
    fn plain(&self, name: &str, wanted: &DataType) -> Result<&ArrayRef, TablesError> {
        let column = self.batch.column_by_name(name);
        column
            .filter(|column| column.data_type() == wanted && column.is_valid(0))
            .ok_or_else(|| self.missing(name, &wanted.to_string()))
    }

    fn text(&self, name: &str) -> Result<String, TablesError> {
        Ok(self.plain(name, &DataType::Utf8)?.as_string::<i32>().value(0).to_owned())
    }

    fn list<R: Row>(&self, name: &str) -> Result<Vec<R>, TablesError> {
        let list = self.batch.column_by_name(name).and_then(|column| column.as_list_opt::<i32>());
        let list = list.filter(|list| list.is_valid(0));
        let list = list.ok_or_else(|| self.missing(name, "list<struct>"))?;
        let items = list.value(0);
        let items = items.as_struct_opt().ok_or_else(|| self.missing(name, "list<struct>"))?;
        R::from_struct(items)
            .map_err(|wrong| self.missing(&format!("{name}.{}", wrong.column), wrong.expected))
    }

    fn missing(&self, column: &str, data_type: &str) -> TablesError {
        TablesError::Column {
            path: self.path.to_owned(),
            what: format!("column of type {data_type}"),
            column: column.to_owned(),
            expected: EXPECTED.to_owned(),
            advice: COMPILE,
        }
    }
}

#[cfg(test)]
mod tests;

//! Scores as a file: one row for each row of the input, as Parquet, CSV or Arrow by the ending.
//!
//! Rows are cut into pieces of a fixed count, each encoded by itself, so that the bytes depend on
//! the rows alone and not on when they came or how often the job was stopped. Pieces gather in the
//! folder `<out>.partial`; the finished file takes its place at the very end. A job that was
//! stopped after a [checkpoint](ScoreWriter::checkpoint) goes on from there.
//!
//! What it does not do: it computes no score, and keeps rows in the order in which they come.

mod piece;
mod read;
mod state;

pub(crate) use piece::{quoted, time_array, time_type};
pub use read::{ScoreChunk, ScoreReader, read_scores};

use crate::error::TablesError;
use crate::source::{TimeKind, message};
use piece::{Encoder, OutputFormat};
use state::{Found, Saved};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Rows to append, column by column; all columns are of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoreRows {
    /// When, as in the chunks of a source.
    pub time: Vec<i64>,
    /// The device, by its position in the list that comes with the rows.
    pub device: Vec<u32>,
    /// How anomalous the row is.
    pub score: Vec<f32>,
    /// The threshold at that time.
    pub threshold: Vec<f32>,
    /// Whether there is an alarm.
    pub alarm: Vec<bool>,
    /// Whether anything could judge the row.
    pub judged: Vec<bool>,
    /// Further columns, in the order of their names at [`ScoreWriter::create`].
    pub more: Vec<Vec<f32>>,
}

impl ScoreRows {
    /// How many rows.
    pub const fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Whether all columns have the length of the first.
    fn is_even(&self, more: usize) -> bool {
        let rows = self.len();
        self.device.len() == rows
            && self.score.len() == rows
            && self.threshold.len() == rows
            && self.alarm.len() == rows
            && self.judged.len() == rows
            && self.more.len() == more
            && self.more.iter().all(|column| column.len() == rows)
    }

    /// Appends the rows `range` of `other`.
    fn extend(&mut self, other: &Self, range: std::ops::Range<usize>) {
        self.more.resize_with(other.more.len(), Vec::new);
        self.time.extend_from_slice(&other.time[range.clone()]);
        self.device.extend_from_slice(&other.device[range.clone()]);
        self.score.extend_from_slice(&other.score[range.clone()]);
        self.threshold.extend_from_slice(&other.threshold[range.clone()]);
        self.alarm.extend_from_slice(&other.alarm[range.clone()]);
        self.judged.extend_from_slice(&other.judged[range.clone()]);
        for (mine, others) in self.more.iter_mut().zip(&other.more) {
            mine.extend_from_slice(&others[range.clone()]);
        }
    }

    fn clear(&mut self) {
        self.time.clear();
        self.device.clear();
        self.score.clear();
        self.threshold.clear();
        self.alarm.clear();
        self.judged.clear();
        self.more.iter_mut().for_each(Vec::clear);
    }
}

/// What a score file holds, and which job writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreSpec {
    /// How times are written: as they were in the input.
    pub kind: TimeKind,
    /// Names of further columns.
    pub more: Vec<String>,
    /// What the job is: what each part of it is called, and a digest of it. Only a job with an equal
    /// key goes on where another stopped.
    pub key: Vec<(String, String)>,
}

/// Writes a score file. Dropped without [`finish`](Self::finish) it leaves nothing behind, unless
/// there was a checkpoint.
#[derive(Debug)]
pub struct ScoreWriter {
    out: PathBuf,
    folder: PathBuf,
    spec: ScoreSpec,
    encoder: Encoder,
    pieces: File,
    /// The bytes of each piece so far.
    lengths: Vec<u64>,
    pending: ScoreRows,
    devices: Vec<String>,
    rows: u64,
    keep: bool,
}

/// What [`ScoreWriter::resume`] found.
#[derive(Debug)]
pub enum Resume {
    /// No checkpoint.
    Nothing,
    /// One of this job, which goes on.
    Here {
        /// Where it goes on.
        writer: Box<ScoreWriter>,
        /// The caller's state.
        state: Vec<u8>,
        /// How many rows of the input the checkpoint covers.
        rows_in: u64,
    },
    /// One that is of no use to this job. It stays until [`ScoreWriter::create`].
    Useless {
        /// The folder that holds it.
        folder: PathBuf,
        /// How many rows of the input it covers, where that can be read.
        rows_in: Option<u64>,
        /// Names of the parts of the key in which it differs; none if it is damaged or of another
        /// version.
        differs: Vec<String>,
    },
}

/// Rows of a piece: a row group of Parquet, some megabytes in memory.
const ROWS_PER_PIECE: usize = 256 * 1024;

impl ScoreWriter {
    /// Begins the file `out`, whose ending says the format. What is left of an earlier job with
    /// the same output is removed; an existing file stays until it is replaced at the end.
    ///
    /// # Errors
    /// [`TablesError::Telemetry`] for another ending, [`TablesError::Io`].
    pub fn create(out: &Path, spec: ScoreSpec) -> Result<Self, TablesError> {
        let format = OutputFormat::of_path(out)?;
        let folder = partial(out);
        remove(&folder)?;
        std::fs::create_dir_all(&folder).map_err(|e| TablesError::io("create", &folder, e))?;
        let path = folder.join(PIECES);
        let opened = OpenOptions::new().write(true).read(true).create_new(true).open(&path);
        let pieces = opened.map_err(|e| TablesError::io("create", &path, e))?;
        let encoder = Encoder::new(format, &spec);
        let mut writer = Self {
            out: out.to_owned(),
            folder,
            spec,
            encoder,
            pieces,
            lengths: Vec::new(),
            pending: ScoreRows::default(),
            devices: Vec::new(),
            rows: 0,
            keep: false,
        };
        let header = writer.encoder.header();
        writer.write_piece(&header)?;
        Ok(writer)
    }

    /// Goes on with the file `out` where a job with the same spec made its last checkpoint, if there
    /// is one.
    ///
    /// # Errors
    /// [`TablesError::Telemetry`] for another ending, [`TablesError::Io`].
    pub fn resume(out: &Path, spec: ScoreSpec) -> Result<Resume, TablesError> {
        let format = OutputFormat::of_path(out)?;
        let folder = partial(out);
        let useless =
            |folder: PathBuf, rows_in, differs| Ok(Resume::Useless { folder, rows_in, differs });
        let saved = match Saved::load(&folder.join(STATE), &spec)? {
            Found::Nothing => return Ok(Resume::Nothing),
            Found::Damaged => return useless(folder, None, Vec::new()),
            Found::Other { rows_in, differs } => return useless(folder, Some(rows_in), differs),
            Found::Here(saved) => *saved,
        };
        let path = folder.join(PIECES);
        let mut pieces = match OpenOptions::new().write(true).read(true).open(&path) {
            Ok(pieces) => pieces,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return useless(folder, None, Vec::new());
            }
            Err(error) => return Err(TablesError::io("read", &path, error)),
        };
        let end = saved.lengths.iter().sum::<u64>();
        let io = |e| TablesError::io("read", &path, e);
        if pieces.metadata().map_err(io)?.len() < end {
            return useless(folder, None, Vec::new());
        }
        pieces.set_len(end).map_err(io)?;
        pieces.seek(SeekFrom::Start(end)).map_err(io)?;
        let encoder = Encoder::new(format, &spec);
        let writer = Self {
            out: out.to_owned(),
            folder,
            spec,
            encoder,
            pieces,
            lengths: saved.lengths,
            pending: saved.pending,
            devices: saved.devices,
            rows: saved.rows,
            keep: true,
        };
        Ok(Resume::Here { writer: Box::new(writer), state: saved.state, rows_in: saved.rows_in })
    }

    /// Appends rows. `devices` are the names behind the numbers: a list that only ever grows.
    ///
    /// # Errors
    /// [`TablesError::Io`], [`TablesError::Output`].
    pub fn append(&mut self, rows: &ScoreRows, devices: &[String]) -> Result<(), TablesError> {
        let known = rows.device.iter().all(|&device| (device as usize) < devices.len());
        if !known || !rows.is_even(self.spec.more.len()) {
            let text = "columns of unequal length or a device without a name";
            return Err(TablesError::output(&self.out, text));
        }
        self.devices.extend_from_slice(devices.get(self.devices.len()..).unwrap_or_default());
        let mut from = 0;
        while from < rows.len() {
            let room = ROWS_PER_PIECE - self.pending.len();
            let to = rows.len().min(from + room);
            self.pending.extend(rows, from..to);
            from = to;
            if self.pending.len() == ROWS_PER_PIECE {
                self.flush()?;
            }
        }
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// How many rows were appended.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Makes all rows so far durable, together with `state`, which is the caller's, and the count
    /// of input rows that it covers. From now on the partial file survives an error.
    ///
    /// # Errors
    /// [`TablesError::Io`].
    pub fn checkpoint(&mut self, state: &[u8], rows_in: u64) -> Result<(), TablesError> {
        let path = self.folder.join(PIECES);
        self.pieces.sync_data().map_err(|e| TablesError::io("write", &path, e))?;
        let saved = Saved {
            state: state.to_vec(),
            rows_in,
            rows: self.rows,
            lengths: self.lengths.clone(),
            devices: self.devices.clone(),
            pending: self.pending.clone(),
        };
        saved.store(&self.folder, STATE, &self.spec)?;
        self.keep = true;
        Ok(())
    }

    /// Completes the file and puts it in its place; returns the count of rows.
    ///
    /// # Errors
    /// [`TablesError::Io`], [`TablesError::Output`].
    pub fn finish(mut self) -> Result<u64, TablesError> {
        if !self.pending.is_empty() {
            self.flush()?;
        }
        let whole = self.folder.join(PIECES);
        let whole = if self.encoder.is_plain() {
            whole
        } else {
            let path = self.folder.join(WHOLE);
            self.encoder.assemble(&mut self.pieces, &self.lengths, &path)?;
            path
        };
        let file = File::open(&whole).map_err(|e| TablesError::io("read", &whole, e))?;
        file.sync_all().map_err(|e| TablesError::io("write", &whole, e))?;
        std::fs::rename(&whole, &self.out).map_err(|e| TablesError::io("write", &self.out, e))?;
        self.keep = false;
        Ok(self.rows)
    }

    /// Gives up: nothing stays, not even a checkpoint.
    pub fn discard(mut self) {
        self.keep = false;
    }

    fn flush(&mut self) -> Result<(), TablesError> {
        let piece = self.encoder.encode(&self.pending, &self.devices);
        let piece =
            piece.map_err(|source| TablesError::Output { path: self.out.clone(), source })?;
        self.pending.clear();
        self.write_piece(&piece)
    }

    fn write_piece(&mut self, piece: &[u8]) -> Result<(), TablesError> {
        let path = self.folder.join(PIECES);
        self.pieces.write_all(piece).map_err(|e| TablesError::io("write", &path, e))?;
        self.lengths.push(piece.len() as u64);
        Ok(())
    }
}

impl Drop for ScoreWriter {
    fn drop(&mut self) {
        if !self.keep {
            // There is nobody to tell, and a next job clears the folder again.
            let _ = remove(&self.folder);
        }
    }
}

const PIECES: &str = "pieces";
const STATE: &str = "state";
const WHOLE: &str = "whole";

/// The folder in which `out` is made.
fn partial(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Removes what an earlier job left, if it was one.
fn remove(folder: &Path) -> Result<(), TablesError> {
    let own = |name: &str| {
        [PIECES, STATE, WHOLE, "state.new"].contains(&name) || name.starts_with("findings")
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    if let Some(name) = names.into_iter().find(|name| !own(name)) {
        return Err(message(
            &folder.display().to_string(),
            &format!("`{name}` lies where scores are made and is none of theirs"),
            "no such folder, or that of an interrupted job",
            "move it away, or name another output",
        ));
    }
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(TablesError::io("remove", folder, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

//! Files to jobs: text in pieces of whole rows, Parquet by row groups, Arrow by batches.

use super::block::Block;
use super::csv::{Dialect, whole_rows};
use super::inputs::{Batches, parquet_metadata, placed};
use super::plan::{Head, Plan, message};
use super::pool::{Job, Owed, Pool, Work};
use super::spec::{Format, SourceSpec};
use crate::error::TablesError;
use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of text in a job: some ten thousand rows.
const TEXT_BYTES: usize = 2 << 20;

/// The longest row of text. More is most likely a quote that is never closed.
const ROW_BYTES: usize = 64 << 20;

/// Values in a block of Parquet or Arrow: 4 MiB.
const VALUES_PER_BLOCK: usize = 512 << 10;

/// Rows in a block of Parquet or Arrow.
const ROWS_PER_BLOCK: usize = 64 << 10;

/// What is read of standard input instead of a file.
pub(super) enum Stdin {
    /// From the first byte on.
    Text(Box<dyn Read + Send>),
    /// The batch that was looked at, and the others.
    Arrow(Option<RecordBatch>, Batches),
}

/// Blocks of all files, in order.
pub(super) struct Feeder {
    heads: Vec<Head>,
    plans: Vec<Arc<Plan>>,
    pool: Pool,
    open: Option<Open>,
    next_file: usize,
    stdin: Option<Stdin>,
    point: u8,
    /// Rows (or lines) of each file that were delivered.
    rows: Vec<u64>,
    /// Bytes of files that were delivered.
    pub(super) bytes: u64,
}

/// A file that is being read.
enum Open {
    Text { reader: Box<dyn Read + Send>, rest: Vec<u8>, ended: bool },
    Parquet { path: PathBuf, metadata: ArrowReaderMetadata, next: usize },
    Arrow { batches: Box<Batches>, first: Option<RecordBatch>, rest: Option<RecordBatch> },
}

impl Feeder {
    pub(super) fn new(
        spec: &SourceSpec,
        mut heads: Vec<Head>,
        plans: Vec<Plan>,
        stdin: Option<Stdin>,
    ) -> Self {
        // They said how times are written and which file comes first.
        heads.iter_mut().for_each(|head| head.times = Vec::new());
        Self {
            rows: vec![0; heads.len()],
            heads,
            plans: plans.into_iter().map(Arc::new).collect(),
            pool: Pool::new(spec.threads),
            open: None,
            next_file: 0,
            stdin,
            point: if spec.decimal_comma { b',' } else { b'.' },
            bytes: 0,
        }
    }

    pub(super) fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// The next block, its file, and how many rows or lines of the file came before.
    pub(super) fn next(&mut self) -> Result<Option<(usize, u64, Block)>, TablesError> {
        loop {
            while self.pool.has_room() {
                let Some(job) = self.job()? else { break };
                self.pool.submit(job);
            }
            match self.pool.next() {
                Owed::Nothing => return Ok(None),
                Owed::JobDone => {}
                Owed::Failed(file, error) => {
                    return Err(placed(error, &self.heads[file].name, self.rows[file]));
                }
                Owed::Block(file, block) => {
                    let base = self.rows[file];
                    self.rows[file] += block.lines.unwrap_or(block.rows as u64);
                    self.bytes += block.bytes;
                    return Ok(Some((file, base, *block)));
                }
            }
        }
    }

    /// The next job; `None` once all files are read.
    fn job(&mut self) -> Result<Option<Job>, TablesError> {
        loop {
            if self.open.is_none() {
                if self.next_file == self.heads.len() {
                    return Ok(None);
                }
                self.open = Some(self.open_file(self.next_file)?);
                self.next_file += 1;
            }
            let file = self.next_file - 1;
            if let Some(open) = &mut self.open {
                let plan = &self.plans[file];
                if let Some(work) = open.work(&self.heads[file], plan, self.point)? {
                    return Ok(Some(Job { file, plan: Arc::clone(plan), work }));
                }
                self.open = None;
            }
        }
    }

    fn open_file(&mut self, file: usize) -> Result<Open, TablesError> {
        let head = &self.heads[file];
        match self.stdin.take() {
            Some(Stdin::Text(mut reader)) => {
                let skipped =
                    std::io::copy(&mut (&mut reader).take(head.body), &mut std::io::sink());
                skipped.map_err(|e| TablesError::io("read", Path::new(&head.name), e))?;
                return Ok(Open::Text { reader, rest: Vec::new(), ended: false });
            }
            Some(Stdin::Arrow(first, batches)) => {
                return Ok(Open::Arrow { batches: Box::new(batches), first, rest: None });
            }
            None => {}
        }
        let path = head.path.clone();
        let io = |source| TablesError::io("read", &head.path, source);
        match head.format {
            Format::Parquet => {
                let metadata = parquet_metadata(&path)?;
                Ok(Open::Parquet { path, metadata, next: 0 })
            }
            Format::Arrow => {
                let mut start = Vec::new();
                File::open(&path).map_err(io)?.take(8).read_to_end(&mut start).map_err(io)?;
                let batches = Box::new(Batches::open(&path, &start)?);
                Ok(Open::Arrow { batches, first: None, rest: None })
            }
            _ => {
                let mut file = File::open(&path).map_err(io)?;
                file.seek(SeekFrom::Start(head.body)).map_err(io)?;
                Ok(Open::Text { reader: Box::new(file), rest: Vec::new(), ended: false })
            }
        }
    }
}

impl Open {
    /// What of the file is to be decoded next.
    fn work(&mut self, head: &Head, plan: &Plan, point: u8) -> Result<Option<Work>, TablesError> {
        let rows = (VALUES_PER_BLOCK / plan.value_columns().max(1)).clamp(4096, ROWS_PER_BLOCK);
        match self {
            Self::Text { reader, rest, ended } => {
                let Some(text) = piece(reader, rest, ended, head)? else { return Ok(None) };
                Ok(Some(match head.format {
                    Format::JsonLines => Work::Json { text, preset: head.preset.clone() },
                    Format::SenMl => Work::SenMl { text },
                    _ => Work::Csv { text, dialect: Dialect { delimiter: head.delimiter, point } },
                }))
            }
            Self::Parquet { path, metadata, next } => {
                if *next == metadata.metadata().num_row_groups() {
                    return Ok(None);
                }
                let (path, metadata, group) = (path.clone(), metadata.clone(), *next);
                *next += 1;
                Ok(Some(Work::Group { path, metadata, group, rows }))
            }
            Self::Arrow { batches, first, rest } => {
                let whole = match rest.take().or_else(|| first.take()) {
                    Some(batch) => batch,
                    None => match batches.next(&head.name)? {
                        Some(batch) => batch,
                        None => return Ok(None),
                    },
                };
                let count = whole.num_rows().min(rows);
                if count < whole.num_rows() {
                    *rest = Some(whole.slice(count, whole.num_rows() - count));
                }
                let batch = whole.slice(0, count);
                let bytes = batch.columns().iter().map(|c| c.data_type().primitive_width());
                let width: usize = bytes.map(|width| width.unwrap_or(8)).sum();
                Ok(Some(Work::Batch { batch, bytes: (width * count) as u64 }))
            }
        }
    }
}

/// About [`TEXT_BYTES`] of whole rows.
fn piece(
    reader: &mut (impl Read + ?Sized),
    rest: &mut Vec<u8>,
    ended: &mut bool,
    head: &Head,
) -> Result<Option<Vec<u8>>, TablesError> {
    let mut text = std::mem::take(rest);
    let mut wanted = TEXT_BYTES;
    while !*ended {
        let missing = wanted.saturating_sub(text.len()) as u64;
        let count = reader.take(missing).read_to_end(&mut text);
        let count = count.map_err(|e| TablesError::io("read", Path::new(&head.name), e))?;
        *ended = (count as u64) < missing;
        if *ended {
            break;
        }
        let end = match head.format {
            Format::Csv => whole_rows(&text),
            _ => memchr::memrchr(b'\n', &text).map(|at| at + 1),
        };
        if let Some(end) = end {
            *rest = text.split_off(end);
            return Ok(Some(text));
        }
        wanted *= 2;
        if wanted > ROW_BYTES {
            return Err(message(
                &head.name,
                "a row is longer than 64 MiB",
                "rows that end",
                "look for a quote that is never closed",
            ));
        }
    }
    Ok((!text.is_empty()).then_some(text))
}

//! Threads that decode, and the order in which their blocks are delivered.
//!
//! Jobs are handed out in file order and their blocks taken in the same order, so that neither the
//! blocks nor where they are cut depends on the number of threads. Memory is bounded by
//! [`JOBS_PER_THREAD`] and [`BLOCKS_PER_JOB`].

use super::batch;
use super::block::Block;
use super::csv::{self, Dialect};
use super::json;
use super::plan::{Plan, Preset, Role, message};
use super::senml;
use crate::error::TablesError;
use crate::read::damaged;
use arrow::array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};

/// How many jobs wait or run for each thread.
const JOBS_PER_THREAD: usize = 2;

/// How many blocks of a job wait to be delivered; a thread that made more waits. A row group of a
/// million rows is sixteen blocks of 64 Ki.
const BLOCKS_PER_JOB: usize = 16;

/// Something to decode.
#[derive(Debug)]
pub(super) struct Job {
    /// Which file it is of.
    pub(super) file: usize,
    pub(super) plan: Arc<Plan>,
    pub(super) work: Work,
}

#[derive(Debug)]
pub(super) enum Work {
    Csv { text: Vec<u8>, dialect: Dialect },
    Json { text: Vec<u8>, preset: Preset },
    SenMl { text: Vec<u8> },
    Batch { batch: RecordBatch, bytes: u64 },
    Group { path: PathBuf, metadata: ArrowReaderMetadata, group: usize, rows: usize },
}

/// Blocks, and nothing at the end.
type Out = SyncSender<Result<Option<Block>, TablesError>>;
type In = Receiver<Result<Option<Block>, TablesError>>;

/// The threads and what they still owe.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: Sender<(Job, Out)>,
    owed: VecDeque<(usize, In)>,
    depth: usize,
}

impl Pool {
    /// Starts `threads` threads, at least one. They end when the pool is dropped.
    pub(super) fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let (jobs, queue) = channel::<(Job, Out)>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || {
                loop {
                    // A thread that panicked while it held the lock leaves the queue as it was.
                    let job =
                        queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
                    let Ok((job, out)) = job else { return };
                    job.run(&out);
                }
            });
        }
        Self { jobs, owed: VecDeque::new(), depth: threads * JOBS_PER_THREAD }
    }

    /// Whether another job may be handed in.
    pub(super) fn has_room(&self) -> bool {
        self.owed.len() < self.depth
    }

    /// Hands in a job.
    pub(super) fn submit(&mut self, job: Job) {
        let (out, blocks) = sync_channel(BLOCKS_PER_JOB);
        self.owed.push_back((job.file, blocks));
        // The threads live as long as the pool; if all had died, the block would not come.
        let _ = self.jobs.send((job, out));
    }

    /// What is owed next, in order.
    pub(super) fn next(&mut self) -> Owed {
        let Some((file, blocks)) = self.owed.front() else { return Owed::Nothing };
        match blocks.recv() {
            Ok(Ok(Some(block))) => Owed::Block(*file, Box::new(block)),
            Ok(Ok(None)) => {
                self.owed.pop_front();
                Owed::JobDone
            }
            Ok(Err(error)) => Owed::Failed(*file, error),
            // The thread panicked: its rows must not be missing in silence.
            Err(_) => Owed::Failed(
                *file,
                message(
                    "",
                    "a thread that decoded it stopped",
                    "a readable file",
                    "report this with the file",
                ),
            ),
        }
    }
}

/// What a pool delivers.
#[derive(Debug)]
pub(super) enum Owed {
    /// A block and its file.
    Block(usize, Box<Block>),
    /// All blocks of a job were delivered: there is room for another.
    JobDone,
    /// A file cannot be read.
    Failed(usize, TablesError),
    /// No job is left.
    Nothing,
}

impl Job {
    fn run(self, out: &Out) {
        let Self { plan, work, .. } = self;
        let block = match work {
            Work::Csv { text, dialect } => csv::decode(&text, dialect, &plan),
            Work::Json { text, preset } => json::decode(&text, &plan, &preset),
            Work::SenMl { text } => senml::decode(&text, &plan),
            Work::Batch { batch, bytes } => {
                batch::decode(&batch, &plan).map(|block| Block { bytes, ..block })
            }
            Work::Group { path, metadata, group, rows } => {
                let done = decode_group(&path, metadata, group, rows, &plan, out);
                // Whoever does not take blocks any more does not want the end either.
                let _ = out.send(done.map(|()| None));
                return;
            }
        };
        let failed = block.is_err();
        let sent = out.send(block.map(Some));
        if sent.is_ok() && !failed {
            let _ = out.send(Ok(None));
        }
    }
}

/// Decodes a row group of Parquet, `rows` rows a block.
fn decode_group(
    path: &Path,
    metadata: ArrowReaderMetadata,
    group: usize,
    rows: usize,
    plan: &Plan,
    out: &Out,
) -> Result<(), TablesError> {
    let file = File::open(path).map_err(|e| TablesError::io("read", path, e))?;
    // The whole group counts as done with its first block.
    let mut bytes = metadata.metadata().row_group(group).compressed_size().max(0) as u64;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted(plan));
    let reader = builder.with_projection(mask).with_row_groups(vec![group]).with_batch_size(rows);
    for batch in reader.build().map_err(|source| damaged(path, source))? {
        let batch = batch.map_err(|source| damaged(path, source))?;
        let block = Block { bytes: std::mem::take(&mut bytes), ..batch::decode(&batch, plan)? };
        if out.send(Ok(Some(block))).is_err() {
            break;
        }
    }
    Ok(())
}

/// The positions of the columns that are read.
pub(super) fn wanted(plan: &Plan) -> Vec<usize> {
    let roles = plan.roles.iter().enumerate();
    roles.filter(|(_, role)| **role != Role::Skip).map(|(at, _)| at).collect()
}

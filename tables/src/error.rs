//! What can go wrong with recorded tables and scenario files.

use crate::schema::Table;
use std::path::{Path, PathBuf};

/// A failure of this crate. None leaves a file half replaced: files of a run are written once, in
/// a directory that is only complete when every table was closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TablesError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `create`, `read`, `write`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such file.
    #[error("{} does not exist; expected {expected}; {advice}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What should have been there.
        expected: String,
        /// What to do.
        advice: &'static str,
    },
    /// The file ends too early: its writer was interrupted or the copy is incomplete.
    #[error("{} is truncated; expected {expected}; {advice}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What should have been there.
        expected: String,
        /// What to do.
        advice: &'static str,
    },
    /// The file is something else altogether.
    #[error("{} is not {expected}; {advice}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What should have been there.
        expected: String,
        /// What to do.
        advice: &'static str,
    },
    /// The file has the right format but not the columns that it needs.
    #[error("{} has no {what} `{column}`; expected {expected}; {advice}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// `column` or `column of type utf8`.
        what: String,
        /// The name, dotted where nested.
        column: String,
        /// What should have been there.
        expected: String,
        /// What to do.
        advice: &'static str,
    },
    /// A cell of a text file is not what it should be.
    #[error(
        "{}, row {row}, {found}; expected {expected}; {advice}", path.display()
    )]
    Cell {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        row: usize,
        /// Which column, and what stands there.
        found: String,
        /// What should.
        expected: String,
        /// What to do.
        advice: &'static str,
    },
    /// The file was written by a newer version of the tool.
    #[error(
        "{} has format version {found}; expected at most {supported}; update fieldmirror or make \
         the file again with this version", path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        found: u32,
        /// The newest version that this program reads.
        supported: u32,
    },
    /// The contents contradict the format, such as a damaged page.
    #[error("{} is damaged: {source}; make the file again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Rows cannot be made into a batch, such as a key beyond its dictionary.
    #[error("cannot build a batch of table {}: {source}", table.name())]
    Batch {
        /// The table.
        table: Table,
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
    /// A scenario does not fit Arrow's lists.
    #[error("cannot compile the scenario: {source}")]
    Scenario {
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
    /// A batch cannot be encoded.
    #[error("cannot encode table {}: {source}", table.name())]
    Encode {
        /// The table.
        table: Table,
        /// What Parquet said.
        source: parquet::errors::ParquetError,
    },
    /// Groups came in another order than (group, shard), which would make the file depend on
    /// thread timing. A bug of the caller; the run cannot go on.
    #[error(
        "group {group} of shard {shard} came after group {last_group} of shard {last_shard}; \
         expected (group, shard) to rise"
    )]
    Order {
        /// The shard that came.
        shard: u16,
        /// The group that came.
        group: u32,
        /// The shard before it.
        last_shard: u16,
        /// The group before it.
        last_group: u32,
    },
    /// A batch was asked for a column that it does not hold. A bug of the caller.
    #[error("the batch has no column `{column}` of {expected}; project or name another one")]
    Projection {
        /// The name.
        column: String,
        /// What type it should have.
        expected: &'static str,
    },
    /// Telemetry, labels or scores that cannot be used as they are.
    #[error("{0}")]
    Telemetry(Box<TelemetryProblem>),
    /// A file of scores or findings cannot be encoded.
    #[error("cannot write {}: {source}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Rows cannot be shown as text.
    #[error("cannot render table {}: {source}", table.name())]
    Render {
        /// The table.
        table: Table,
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
}

/// What is wrong with telemetry, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryProblem {
    /// The file, or what stands for it, such as `standard input`.
    pub file: String,
    /// The row, the first being 1; a header is no row.
    pub row: Option<u64>,
    /// The column.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What should have been there.
    pub expected: String,
    /// What to do.
    pub advice: String,
}

impl std::fmt::Display for TelemetryProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(row) = self.row {
            write!(f, " row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, " column `{column}`")?;
        }
        let Self { problem, expected, advice, .. } = self;
        write!(f, ": {problem}; expected {expected}; {advice}")
    }
}

impl TablesError {
    pub(crate) fn telemetry(problem: TelemetryProblem) -> Self {
        Self::Telemetry(Box::new(problem))
    }

    pub(crate) fn output(
        path: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Output { path: path.to_owned(), source: source.into() }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

//! Scores read back, by the reader of telemetry: a score file is telemetry with two channels.

use crate::error::TablesError;
use crate::source::{ColumnMap, Source, SourceSpec, TimeKind};
use std::path::Path;

/// Rows of a score file; all columns are of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoreChunk {
    /// When, in microseconds since 1970. Numbered rows count as seconds, as in labels.
    pub time: Vec<i64>,
    /// The device, by its position in [`ScoreReader::devices`].
    pub device: Vec<u32>,
    /// How anomalous the row is.
    pub score: Vec<f32>,
    /// The threshold at that time; NaN where the file has none.
    pub threshold: Vec<f32>,
    /// Whether there is an alarm.
    pub alarm: Vec<bool>,
}

/// A score file that is being read.
#[derive(Debug)]
pub struct ScoreReader {
    source: Source,
}

/// Opens the score file `path`, of any format that [`super::ScoreWriter`] writes. Rows come in file
/// order.
///
/// # Errors
/// [`TablesError::Telemetry`] with the file and the column that is missing, and those of
/// [`Source::open`].
pub fn read_scores(path: &Path) -> Result<ScoreReader, TablesError> {
    let columns = ColumnMap {
        time: Some("time".to_owned()),
        device: Some("device".to_owned()),
        channels: Some(["score", "threshold", "alarm"].map(str::to_owned).to_vec()),
        ..ColumnMap::default()
    };
    // Scores are in the order of the telemetry that was scored, whatever it was.
    let reorder_rows = usize::MAX;
    let inputs = vec![path.display().to_string()];
    let spec = SourceSpec { inputs, columns, reorder_rows, threads: 2, ..SourceSpec::default() };
    Ok(ScoreReader { source: Source::open(&spec)? })
}

impl ScoreReader {
    /// What times are. Rows that were numbered read as [`TimeKind::Epoch`].
    pub const fn time_kind(&self) -> TimeKind {
        self.source.time_kind()
    }

    /// The devices so far. The list only grows.
    pub fn devices(&self) -> &[String] {
        self.source.devices()
    }

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// Those of [`Source::next_chunk`].
    pub fn next_chunk(&mut self) -> Result<Option<ScoreChunk>, TablesError> {
        let Some(chunk) = self.source.next_chunk()? else { return Ok(None) };
        let narrow = |at: usize| chunk.values[at].iter().map(|&value| value as f32).collect();
        Ok(Some(ScoreChunk {
            score: narrow(0),
            threshold: narrow(1),
            alarm: chunk.values[2].iter().map(|&value| value > 0.5).collect(),
            time: chunk.time,
            device: chunk.device,
        }))
    }
}

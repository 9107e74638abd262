//! One shard's recorder: columns that fill, digests and encoded chunks that leave.

use crate::columns::Columns;
use crate::columns::actions::ActionColumns;
use crate::columns::hydraulics::HydraulicsColumns;
use crate::columns::messages::MessageColumns;
use crate::columns::rejections::RejectionColumns;
use crate::columns::residuals::ResidualColumns;
use crate::columns::rule_matches::RuleMatchColumns;
use crate::columns::scores::ScoreColumns;
use crate::columns::shadows::ShadowColumns;
use crate::columns::soil::SoilColumns;
use crate::columns::telemetry::TelemetryColumns;
use crate::columns::uplinks::UplinkColumns;
use crate::dictionary::Dictionaries;
use crate::encode::{EncodedTable, TableEncoder};
use crate::error::TablesError;
use crate::schema::Table;

/// A row of one shard, named before it has a place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef {
    /// The shard.
    pub shard: u16,
    /// The row group, counted by the shard from 0.
    pub group: u32,
    /// The row within the group.
    pub row: u32,
}

/// Everything that one shard recorded in one epoch, ready to be appended to the files.
#[derive(Debug)]
pub struct EncodedGroup {
    /// The shard.
    pub shard: u16,
    /// Counted by the shard from 0.
    pub group: u32,
    pub(crate) tables: Vec<(Table, EncodedTable)>,
}

impl EncodedGroup {
    /// How many rows of `table` the group holds.
    pub fn rows(&self, table: Table) -> u64 {
        self.tables.iter().find(|(t, _)| *t == table).map_or(0, |(_, encoded)| encoded.rows())
    }
}

/// Records one shard. It fills its columns by `push` on the public fields, calls
/// [`flush_if`](Self::flush_if) after each step and [`end_group`](Self::end_group) after each
/// epoch. Findings and truth concern the whole run: see
/// [`RunTables::write_small`](crate::writer::RunTables::write_small).
#[derive(Debug)]
pub struct ShardRecorder {
    /// The strings behind the keys; it may grow at any time.
    pub dictionaries: Dictionaries,
    /// Frames sent.
    pub uplinks: UplinkColumns,
    /// Publishes accepted.
    pub messages: MessageColumns,
    /// What was refused.
    pub rejections: RejectionColumns,
    /// Rules that fired.
    pub rule_matches: RuleMatchColumns,
    /// Actions of rules that fired.
    pub actions: ActionColumns,
    /// Shadow updates accepted.
    pub shadows: ShadowColumns,
    /// Hourly water balances.
    pub soil: SoilColumns,
    /// Flows and pressures.
    pub hydraulics: HydraulicsColumns,
    /// What the twin observed and expected.
    pub residuals: ResidualColumns,
    /// Measurements as they arrived.
    pub telemetry: TelemetryColumns,
    /// Detectors' scores.
    pub scores: ScoreColumns,
    shard: u16,
    group: u32,
    /// By table index, once a table has rows.
    encoders: [Option<Box<TableEncoder>>; Table::COUNT],
}

impl ShardRecorder {
    /// An empty recorder of `shard`.
    pub fn new(shard: u16, dictionaries: Dictionaries) -> Self {
        Self {
            dictionaries,
            uplinks: UplinkColumns::default(),
            messages: MessageColumns::default(),
            rejections: RejectionColumns::default(),
            rule_matches: RuleMatchColumns::default(),
            actions: ActionColumns::default(),
            shadows: ShadowColumns::default(),
            soil: SoilColumns::default(),
            hydraulics: HydraulicsColumns::default(),
            residuals: ResidualColumns::default(),
            telemetry: TelemetryColumns::default(),
            scores: ScoreColumns::default(),
            shard,
            group: 0,
            encoders: Default::default(),
        }
    }

    /// Digests and encodes the columns that hold at least `rows` rows. Batches of 8,000 to 32,000
    /// rows are cheapest.
    ///
    /// # Errors
    /// [`TablesError::Batch`] if a key is not in its dictionary, [`TablesError::Encode`] if Parquet
    /// cannot encode a column. Both are fatal to the recording.
    pub fn flush_if(&mut self, rows: usize) -> Result<(), TablesError> {
        let (words, encoders) = (&mut self.dictionaries, &mut self.encoders);
        flush(&mut self.uplinks, rows, words, encoders)?;
        flush(&mut self.messages, rows, words, encoders)?;
        flush(&mut self.rejections, rows, words, encoders)?;
        flush(&mut self.rule_matches, rows, words, encoders)?;
        flush(&mut self.actions, rows, words, encoders)?;
        flush(&mut self.shadows, rows, words, encoders)?;
        flush(&mut self.soil, rows, words, encoders)?;
        flush(&mut self.hydraulics, rows, words, encoders)?;
        flush(&mut self.residuals, rows, words, encoders)?;
        flush(&mut self.telemetry, rows, words, encoders)?;
        flush(&mut self.scores, rows, words, encoders)
    }

    /// Encodes what is left and closes the row group; the next row begins a new one.
    ///
    /// # Errors
    /// Those of [`Self::flush_if`].
    pub fn end_group(&mut self) -> Result<EncodedGroup, TablesError> {
        self.flush_if(1)?;
        let mut tables = Vec::new();
        for (table, encoder) in Table::ALL.into_iter().zip(&mut self.encoders) {
            if let Some(encoder) = encoder
                && let Some(encoded) = encoder.close()?
            {
                tables.push((table, encoded));
            }
        }
        let group = self.group;
        self.group += 1;
        Ok(EncodedGroup { shard: self.shard, group, tables })
    }

    /// Rows of `table` that the open group has so far, encoded or not.
    pub fn rows_in_group(&self, table: Table) -> u64 {
        let waiting = match table {
            Table::Uplinks => self.uplinks.len(),
            Table::Messages => self.messages.len(),
            Table::Rejections => self.rejections.len(),
            Table::RuleMatches => self.rule_matches.len(),
            Table::Actions => self.actions.len(),
            Table::Shadows => self.shadows.len(),
            Table::Soil => self.soil.len(),
            Table::Hydraulics => self.hydraulics.len(),
            Table::Residuals => self.residuals.len(),
            Table::Telemetry => self.telemetry.len(),
            Table::Scores => self.scores.len(),
            Table::Findings | Table::Truth => 0,
        };
        self.encoders[table.index()].as_ref().map_or(0, |encoder| encoder.rows()) + waiting as u64
    }

    /// The name of the row of `table` that is pushed next.
    pub fn next_row(&self, table: Table) -> RowRef {
        let row = self.rows_in_group(table) as u32;
        RowRef { shard: self.shard, group: self.group, row }
    }
}

fn flush<C: Columns>(
    columns: &mut C,
    rows: usize,
    dictionaries: &mut Dictionaries,
    encoders: &mut [Option<Box<TableEncoder>>; Table::COUNT],
) -> Result<(), TablesError> {
    if columns.len() < rows.max(1) {
        return Ok(());
    }
    let batch = columns.take(dictionaries)?;
    let slot = &mut encoders[C::TABLE.index()];
    match slot {
        Some(encoder) => encoder.write(&batch),
        None => slot.insert(Box::new(TableEncoder::new(C::TABLE)?)).write(&batch),
    }
}

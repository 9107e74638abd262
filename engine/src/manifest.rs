//! `manifest.json`: what a run directory holds, and the digests that a replay must meet.

use crate::error::EngineError;
use fieldmirror_tables::{Table, TableEntry};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Version of the run directory's layout.
pub const FORMAT: u32 = 1;

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// Version of the program that wrote it.
    pub tool_version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed.
    pub seed: u64,
    /// Model name of the CPU: model-derived tables repeat bit for bit on the same one.
    pub cpu: String,
    /// Over all tables and the tickets.
    pub digest: String,
    /// Over the world's tables: everything before analytics.
    pub digest_world: String,
    /// The tables in order.
    pub tables: Vec<TableRow>,
}

/// One table of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRow {
    /// Name.
    pub name: String,
    /// File in the run directory.
    pub file: String,
    /// Rows.
    pub rows: u64,
    /// SHA-256 of the canonical Arrow form, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of a finished run.
    pub(crate) fn new(
        scenario: &str,
        seed: u64,
        cpu: &str,
        entries: &[TableEntry],
        tickets_jsonl: &[u8],
    ) -> Self {
        let digest_of = |keep: &dyn Fn(&TableEntry) -> bool, tickets: Option<&[u8]>| {
            let mut hash = Sha256::new();
            for entry in entries.iter().filter(|entry| keep(entry)) {
                hash.update(format!("{} {} {}\n", entry.name, entry.rows, entry.sha256));
            }
            if let Some(tickets) = tickets {
                hash.update(b"tickets\n");
                hash.update(tickets);
            }
            hex(&hash.finalize())
        };
        let is_world = |entry: &TableEntry| {
            Table::ALL.iter().any(|table| table.name() == entry.name && table.is_world())
        };
        Self {
            format: FORMAT,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.to_owned(),
            seed,
            cpu: cpu.to_owned(),
            digest: digest_of(&|_| true, Some(tickets_jsonl)),
            digest_world: digest_of(&is_world, None),
            tables: entries
                .iter()
                .map(|entry| TableRow {
                    name: entry.name.to_string(),
                    file: entry.file.to_string(),
                    rows: entry.rows,
                    sha256: entry.sha256.clone(),
                })
                .collect(),
        }
    }

    /// Reads the manifest of the run directory `run`.
    ///
    /// # Errors
    /// [`EngineError::NotARun`] if there is none or it is damaged.
    pub fn read(run: &Path) -> Result<Self, EngineError> {
        let not_a_run = |why: String| EngineError::NotARun { path: run.to_owned(), why };
        let text = std::fs::read_to_string(run.join("manifest.json"))
            .map_err(|e| not_a_run(format!("manifest.json: {e}")))?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|e| not_a_run(format!("manifest.json: {e}")))?;
        if manifest.format > FORMAT {
            return Err(not_a_run(format!(
                "its format is {}, the newest known here is {FORMAT}",
                manifest.format
            )));
        }
        Ok(manifest)
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

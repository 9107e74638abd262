//! The harness of the integration tests: scenarios with changes, runs in temporary folders, and
//! tables as plain columns.

use fieldmirror_engine::clock::{Silent, Still};
use fieldmirror_engine::run::{self, RunOptions};
use fieldmirror_engine::scenario::{Overrides, Scenario};
use fieldmirror_engine::summary::Summary;
use std::path::{Path, PathBuf};

mod rows;

pub use rows::Rows;

/// The repository.
///
/// # Panics
/// Never: this crate stands in a folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder above").to_owned()
}

/// A scenario of the repository, by name.
pub fn scenario_path(name: &str) -> PathBuf {
    root().join("scenarios").join(format!("{name}.toml"))
}

/// A scenario of the repository with changed values.
///
/// # Panics
/// If it is not sound.
pub fn load(name: &str, sets: &[(&str, &str)]) -> Scenario {
    let set = sets.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let overrides = Overrides { seed: None, until: None, set };
    Scenario::load(&scenario_path(name), &overrides).unwrap_or_else(|e| panic!("{e}"))
}

/// A scenario from a file.
///
/// # Panics
/// If it is not sound.
pub fn load_path(path: &Path) -> Scenario {
    Scenario::load(path, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// A finished run in a temporary folder, removed when dropped.
#[derive(Debug)]
pub struct Run {
    /// What it says of itself.
    pub summary: Summary,
    /// What was run.
    pub scenario: Scenario,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

/// Runs a scenario.
///
/// # Panics
/// If it does not run.
pub fn run(scenario: &Scenario, threads: usize) -> Run {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run");
    let options = RunOptions { out: path.clone(), force: false, threads, cpu: "test".to_owned() };
    let summary = run::run(scenario, &options, &Still, &Silent).unwrap_or_else(|e| panic!("{e}"));
    Run { summary, scenario: scenario.clone(), path, _folder: folder }
}

impl Run {
    /// The run directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows a table has, by the manifest.
    ///
    /// # Panics
    /// If there is no such table.
    pub fn rows(&self, table: &str) -> u64 {
        let manifest =
            fieldmirror_engine::manifest::Manifest::read(self.path()).expect("a manifest");
        manifest.tables.iter().find(|row| row.name == table).expect("a table").rows
    }

    /// The tickets.
    ///
    /// # Panics
    /// If a line is no JSON.
    pub fn tickets(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.path().join("tickets.jsonl")).expect("tickets");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// All things and equipment.
    pub fn devices(&self) -> Vec<String> {
        let registers = self.scenario.registers.iter();
        registers.flat_map(|r| r.names.iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

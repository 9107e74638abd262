//! The proof: the scenario runs again under the policies, and its tables are compared.

use super::observe::{self, Seen};
use super::{ClassPolicies, SynthesisOptions};
use crate::clock::{Progress, Stopwatch};
use crate::error::EngineError;
use crate::manifest::Manifest;
use crate::recorded::Recorded;
use crate::run::{self, RunOptions};
use crate::scenario::Scenario;
use crate::scenario::file::CertificateText;
use fieldmirror_cloud::policy::PolicyDocument;
use fieldmirror_tables::Table;
use std::path::{Path, PathBuf};

/// What running the scenario again under the policies gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Messages of the run that it is compared with.
    pub messages: u64,
    /// Tables of the world that were compared, by their digests.
    pub compared: Vec<String>,
    /// Those of them that differ.
    pub differing: Vec<String>,
    /// What was denied to clients of the farm and was not in the recording: client and request.
    pub denied: Vec<String>,
    /// Foreign publishes that the recording accepted. If there are any, the comparison is with a
    /// run without them.
    pub foreign_accepted: u64,
}

impl Proof {
    /// Whether the farm did just the same.
    pub fn holds(&self) -> bool {
        self.differing.is_empty() && self.denied.is_empty()
    }
}

/// Runs the scenario of `recorded` under `classes`.
pub(super) fn prove(
    run: &Path,
    recorded: &Recorded,
    seen: &Seen,
    classes: &[ClassPolicies],
    options: &SynthesisOptions,
    stopwatch: &dyn Stopwatch,
    progress: &dyn Progress,
) -> Result<Proof, EngineError> {
    let mut scenario = recorded.scenario.clone();
    let mut baseline = Manifest::read(run)?;
    let make = |scenario: &Scenario, suffix: &str| {
        let out = beside(run, suffix);
        let cpu = baseline.cpu.clone();
        let options = RunOptions { out: out.clone(), force: true, threads: options.threads, cpu };
        run::run(scenario, &options, stopwatch, progress).map(|_| out)
    };
    let without_foreign = if seen.foreign_accepted > 0 {
        scenario.text.foreign.clear();
        Some(make(&scenario, "undisturbed")?)
    } else {
        None
    };
    put_under(&mut scenario, classes)?;
    let again = make(&scenario, "proof")?;
    if let Some(without) = &without_foreign {
        baseline = Manifest::read(without)?;
    }
    let repeated = Manifest::read(&again)?;
    let denied = observe::denials(&again, recorded)?;
    for folder in without_foreign.iter().chain([&again]) {
        run::remove(folder)?;
    }
    let rows = |manifest: &Manifest, table: Table| {
        let row = manifest.tables.iter().find(|row| row.name == table.name());
        row.map(|row| (row.rows, row.sha256.clone()))
    };
    // Refusals name the policies; scores and findings follow from the rest.
    let compared: Vec<Table> = Table::ALL
        .into_iter()
        .filter(|table| table.is_world() && *table != Table::Rejections)
        .collect();
    let differs = |table: &&Table| rows(&baseline, **table) != rows(&repeated, **table);
    let names = |tables: Vec<&Table>| tables.iter().map(|t| t.name().to_owned()).collect();
    let denied = denied.difference(&seen.denied);
    Ok(Proof {
        messages: rows(&baseline, Table::Messages).map_or(0, |(rows, _)| rows),
        differing: names(compared.iter().filter(differs).collect()),
        compared: names(compared.iter().collect()),
        denied: denied.map(|(who, asked)| format!("{who}: {asked}")).collect(),
        foreign_accepted: seen.foreign_accepted,
    })
}

/// Gives each class its certificate with the documents, and nobody else one.
fn put_under(scenario: &mut Scenario, classes: &[ClassPolicies]) -> Result<(), EngineError> {
    scenario.policies.clear();
    scenario.text.certificates.clear();
    for class in classes {
        let files = class.files();
        for (file, document) in files.iter().zip(&class.documents) {
            let name = crate::scenario::access::policy_name(file);
            scenario.policies.push((name, PolicyDocument::from_value(document)?));
        }
        let (devices, client) = match class.is_devices {
            true => (Some(class.class.clone()), None),
            false => (None, Some(class.class.clone())),
        };
        scenario.text.certificates.push(CertificateText {
            class: devices,
            client,
            policy: None,
            policies: files,
            subject: Default::default(),
        });
    }
    Ok(())
}

/// A run directory beside `run`, for a run that nobody keeps.
fn beside(run: &Path, suffix: &str) -> PathBuf {
    let name = run.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    run.with_file_name(format!("{name}.{suffix}"))
}

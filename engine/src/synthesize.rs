//! `policy synthesize`: the least policies that would have allowed what each class of devices did in
//! a recorded run, proved by running it again under them.
//!
//! ```text
//! scenario     who connects under which id, what it subscribes to
//! messages     who published on which topic; what was delivered to a subscription
//! rejections   what was not allowed then, and is not asked for now
//!                              -> observations -> cloud::policy::synthesize -> documents
//! documents -> the same scenario again -> its tables, compared with the recorded ones
//! ```
//!
//! Foreign publishes of the scenario are nobody's doing here: what they did is left out, and if the
//! recording accepted any, it is compared with a run without them.

mod observe;
mod prove;
mod render;

use crate::clock::{Progress, Stopwatch};
use crate::error::EngineError;
use crate::recorded::Recorded;
use fieldmirror_cloud::policy::synthesize::synthesize as write_policies;
use serde_json::Value;
use std::path::{Path, PathBuf};

pub use prove::Proof;

/// How the proof's run is made.
#[derive(Clone, Debug)]
pub struct SynthesisOptions {
    /// How many threads run shards.
    pub threads: usize,
    /// Whether to run the scenario again under the policies.
    pub prove: bool,
}

/// The least policies of a recorded run.
#[derive(Clone, Debug)]
pub struct Synthesis {
    /// The scenario's name.
    pub scenario: String,
    /// Classes of devices and other clients, by name.
    pub classes: Vec<ClassPolicies>,
    /// What running the scenario again under them gave; `None` if that was not asked for.
    pub proof: Option<Proof>,
}

/// The policies of a class of devices, or of another client.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPolicies {
    /// The class, such as `soil_probe`, or the client id.
    pub class: String,
    /// Whether it is a class of devices.
    pub is_devices: bool,
    /// How many clients it has.
    pub clients: usize,
    /// Its documents: one, or as many as the size limit asks for.
    pub documents: Vec<Value>,
    /// What a reader should know: wildcards, names that are listed, limits.
    pub notes: Vec<String>,
}

/// Writes the least policies for the run in the directory `run`, and proves them.
///
/// # Errors
/// [`EngineError::NotARun`], [`EngineError::Scenario`] and [`EngineError::Tables`] if the directory
/// does not hold a finished run; those of [`crate::run::run`] for the proof.
pub fn synthesize(
    run: &Path,
    options: &SynthesisOptions,
    stopwatch: &dyn Stopwatch,
    progress: &dyn Progress,
) -> Result<Synthesis, EngineError> {
    let recorded = Recorded::open(run)?;
    let seen = observe::observe(run, &recorded)?;
    let observations: Vec<_> = seen.observations().collect();
    let mut classes = Vec::new();
    for one in write_policies(&observations) {
        let clients = seen.clients_of(&one.class);
        classes.push(ClassPolicies {
            is_devices: clients.iter().all(|client| client.facts.thing.is_some()),
            clients: clients.len(),
            class: one.class,
            documents: one.documents,
            notes: one.notes,
        });
    }
    let proof = match options.prove {
        true => Some(prove::prove(run, &recorded, &seen, &classes, options, stopwatch, progress)?),
        false => None,
    };
    Ok(Synthesis { scenario: recorded.scenario.text.name.clone(), classes, proof })
}

impl ClassPolicies {
    /// File names of its documents: `soil_probe.json`, then `soil_probe-2.json` and so on.
    pub fn files(&self) -> Vec<String> {
        let name = |n: usize| match n {
            0 => format!("{}.json", self.class),
            n => format!("{}-{}.json", self.class, n + 1),
        };
        (0..self.documents.len()).map(name).collect()
    }
}

impl Synthesis {
    /// Whether the proof, if there is one, holds.
    pub fn holds(&self) -> bool {
        self.proof.as_ref().is_none_or(Proof::holds)
    }

    /// Writes each document into a file of the folder `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// [`EngineError::Foreign`] if a file is there already, [`EngineError::Write`].
    pub fn write(&self, dir: &Path) -> Result<Vec<PathBuf>, EngineError> {
        let documents = self.classes.iter().flat_map(|c| c.files().into_iter().zip(&c.documents));
        let files: Vec<_> = documents.map(|(name, document)| (dir.join(name), document)).collect();
        if let Some((path, _)) = files.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
            let why = "this file is there already".to_owned();
            return Err(EngineError::Foreign { path: path.clone(), why });
        }
        std::fs::create_dir_all(dir)
            .map_err(|source| EngineError::Write { path: dir.to_owned(), source })?;
        let mut written = Vec::new();
        for (path, document) in files {
            let text = format!("{document:#}\n");
            std::fs::write(&path, text)
                .map_err(|source| EngineError::Write { path: path.clone(), source })?;
            written.push(path);
        }
        Ok(written)
    }
}

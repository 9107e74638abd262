//! The scenario: one file in, everything a run needs out.
//!
//! TOML is what people write; the compiled Arrow file is what a run keeps. Both take the same way:
//! TOML is compiled first, and a [`Scenario`] is only ever made from the compiled form, so that
//! either gives the same run.

pub(crate) mod access;
mod check;
pub mod file;
mod read;
mod roster;

use fieldmirror_cloud::policy::PolicyDocument;
use fieldmirror_core::register::Register;
use fieldmirror_core::seed::Seed;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_tables::scenario_file::ScenarioFile;
use std::sync::Arc;

pub use read::Overrides;

/// A checked scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file it came from, for messages.
    pub origin: std::path::PathBuf,
    /// What the author wrote, with overrides applied.
    pub text: file::ScenarioText,
    /// The compiled form, as kept in the run directory, without its roster.
    pub compiled: ScenarioFile,
    /// Daily forcing; day 0 begins at `start`, and there is a day beyond the span.
    pub forcing: Arc<[fieldmirror_sim::DailyForcing]>,
    /// Asset registers by shard.
    pub registers: Vec<Arc<Register>>,
    /// Rules in file order: name and AWS rule JSON.
    pub rules: Vec<(String, String)>,
    /// Policies that certificates name, by the stem of their file.
    pub policies: Vec<(String, PolicyDocument)>,
}

impl Scenario {
    /// The cloud of its first shard: what rules, policies and things a suite finds in it.
    ///
    /// # Errors
    /// [`crate::error::EngineError`] if its rules cannot be read.
    pub fn cloud_spec(&self) -> Result<fieldmirror_cloud::spec::Spec, crate::error::EngineError> {
        crate::worlds::cloud_spec(self, &self.registers[0])
    }

    /// Seed of every draw.
    pub const fn seed(&self) -> Seed {
        Seed::new(self.text.seed)
    }

    /// When the run begins.
    pub const fn start(&self) -> Timestamp {
        self.text.start.0
    }

    /// When it ends.
    pub fn end(&self) -> Timestamp {
        self.text.start.0 + self.text.span.0
    }

    /// When learning ends.
    pub fn clean_until(&self) -> Timestamp {
        self.text.start.0 + self.text.learn.clean.0
    }

    /// Step of the loop.
    pub const fn step(&self) -> Span {
        self.text.step.0
    }

    /// How many things report.
    pub fn devices(&self) -> usize {
        self.registers.iter().map(|register| register.reporting).sum()
    }
}

impl Scenario {
    /// Writes the compiled form.
    ///
    /// # Errors
    /// [`crate::error::EngineError::Tables`] if the file cannot be written.
    pub fn write_compiled(&self, path: &std::path::Path) -> Result<(), crate::error::EngineError> {
        let mut compiled = self.compiled.clone();
        for day in &mut compiled.forcing {
            day.wind_ms = self.text.weather.wind_ms;
        }
        compiled.roster = self.registers.iter().flat_map(|r| read::roster_rows(r)).collect();
        Ok(compiled.write(path)?)
    }
}

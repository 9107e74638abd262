//! Suites: messages at virtual times, and what must come of them.
//!
//! ```text
//! suite.yaml -> load (rules, things, policies: a Spec; cases) -> for each case a fresh IotCore
//!            -> play (steps in, rows out) -> judge (expected against actual) -> report
//! ```
//!
//! A suite is a YAML file, or an AWS-style case file (`suite/aws_case.rs`). Each case runs in a fresh
//! [`fieldmirror_cloud::iot_core::IotCore`], the one that the simulation runs, at times that the
//! case gives: nothing waits, and nothing is left over for the next case.
//!
//! # What a case must say
//! Everything that happens: each action of each rule, each message delivered to a client that
//! subscribed, each denial and each refusal. What happens and is not expected fails the case, so
//! that `expect: []` means silence. `only: [rule, ...]`, for a case or the whole suite, looks at the
//! actions of these rules alone; denials, refusals and deliveries are looked at always. A shadow or
//! a table is looked at where an expectation names it.
//!
//! # The version of inline SQL
//! Statements under `sql:` are compiled for version 2016-03-23 unless `awsIotSqlVersion` says
//! otherwise. That is **not** what the service does with a rule that names no version, which it
//! takes as 2015-10-08: whoever writes a statement today means the current version, and a rule file
//! under `rules:` keeps the service's meaning.
//!
//! What it does not do: it evaluates nothing itself, reads no clock, and writes no file.

mod aws_case;
mod case;
mod declared;
mod expect;
mod fields;
mod files;
mod identity;
mod judge;
mod load;
mod play;
pub mod policies;
pub(crate) mod values;
mod why;
mod world;

pub(crate) use identity::of_deployment as identity_of;

pub use case::{Act, Case, DEFAULT_CLIENT, Step};
pub use expect::{Expectation, Kind};

use crate::deployment::Settings;
use crate::problem::Problem;
use crate::report::{CaseResult, Results, SuiteResult};
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::Spec;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens a scenario file and gives the cloud that it describes, for suites that name one. The
/// command fills it in: scenarios are the engine's.
pub type OpenScenario<'a> = &'a dyn Fn(&Path) -> Result<Spec, Vec<String>>;

/// What a run of suites is given from outside.
#[derive(Clone, Default)]
pub struct Options<'a> {
    /// Parameters of templates, region and account; its base is each suite's own folder.
    pub settings: Settings,
    /// What opens scenarios.
    pub scenario: Option<OpenScenario<'a>>,
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("settings", &self.settings)
            .field("scenario", &self.scenario.is_some())
            .finish()
    }
}

/// A suite that was read and checked: its rules compile, its cases can run.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The file as it was named.
    pub file: String,
    /// The cases in the order of the file.
    pub cases: Vec<Case>,
    /// What the reader of a verdict should know: what its inputs have that is not evaluated.
    pub notes: Vec<String>,
    /// What the core of each case is made from.
    spec: Spec,
    /// Rules of `sql:`, whose output is looked at as it is.
    inline: BTreeSet<String>,
    /// The certificate that each client shows.
    certificates: BTreeMap<String, String>,
    /// Shadow updates before each case: the thing and the request.
    shadows: Vec<(String, Vec<u8>)>,
    /// Items that tables hold before each case.
    items: Vec<(String, String)>,
    start: Timestamp,
    /// The rules that its cases look at, unless they say otherwise.
    only: Option<Vec<String>>,
    /// Other files that the suite names.
    uses: Vec<PathBuf>,
}

/// Runs all suites and case files that `paths` name: files, and folders with everything below.
///
/// # Errors
/// Every [`Problem`] of every file. Nothing has run then.
pub fn run(paths: &[PathBuf], options: &Options<'_>) -> Result<Results, Vec<Problem>> {
    let suites = load_all(paths, options)?;
    Ok(Results { suites: suites.iter().map(Suite::run).collect() })
}

/// Reads all suites and case files that `paths` name, as [`run`] does, in the order of their names.
///
/// # Errors
/// Every [`Problem`] of every file.
pub fn load_all(paths: &[PathBuf], options: &Options<'_>) -> Result<Vec<Suite>, Vec<Problem>> {
    files::load_all(paths, options)
}

impl Suite {
    /// A suite without anything.
    fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            cases: Vec::new(),
            notes: Vec::new(),
            spec: Spec::new(Arc::new(Register::empty())),
            inline: BTreeSet::new(),
            certificates: BTreeMap::new(),
            shadows: Vec::new(),
            items: Vec::new(),
            start: Timestamp::default(),
            only: None,
            uses: Vec::new(),
        }
    }

    /// Reads one suite or AWS-style case file.
    ///
    /// # Errors
    /// Every [`Problem`] of the file and of the files that it names.
    pub fn load(path: &Path, options: &Options<'_>) -> Result<Self, Vec<Problem>> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            vec![Problem::of_file(&file, error.to_string(), "a readable file of UTF-8")]
        })?;
        let base = path.parent().unwrap_or_else(|| Path::new(""));
        Self::read(&file, &text, base, options)
    }

    /// Reads a suite's text; paths in it are relative to `base`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn read(
        file: &str,
        text: &str,
        base: &Path,
        options: &Options<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let root = crate::yaml::parse(file, text)?;
        if policies::is_one(&root) {
            let expected = "a suite of rules; `fieldmirror policy test` runs this one";
            return Err(vec![Problem::of_file(file, "a suite of policies", expected)]);
        }
        if aws_case::is_one(&root) {
            return aws_case::read(file, &root, options);
        }
        load::read(file, &root, base, options)
    }

    /// The rules by name, in order.
    pub fn rules(&self) -> &[(String, RuleSpec)] {
        &self.spec.rules
    }

    /// Whether a rule is a statement of `sql:`, whose action only shows its output.
    pub(crate) fn is_inline(&self, name: &str) -> bool {
        self.inline.contains(name)
    }

    /// The same suite over other rules, as a mutation test needs it.
    ///
    /// # Errors
    /// [`CloudError`] if the rules do not load.
    pub fn with_rules(&self, rules: Vec<(String, RuleSpec)>) -> Result<Self, CloudError> {
        let spec = Spec { rules, ..self.spec.clone() };
        world::core(&spec, &self.items)?;
        Ok(Self { spec, ..self.clone() })
    }

    /// Runs every case.
    pub fn run(&self) -> SuiteResult {
        SuiteResult {
            suite: self.file.clone(),
            cases: self.cases.iter().map(|case| self.run_case(case)).collect(),
            notes: self.notes.clone(),
        }
    }

    /// Runs one case in a fresh core.
    pub fn run_case(&self, case: &Case) -> CaseResult {
        judge::judge(self, case, &play::play(self, case))
    }
}

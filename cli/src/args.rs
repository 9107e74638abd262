//! The command line.

mod detect;
mod workbench;

pub(crate) use detect::*;
pub(crate) use workbench::*;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use fieldmirror_core::time::Span;
use std::path::PathBuf;

/// Digital-twin simulation and anomaly analytics for IoT fleets that speak AWS IoT.
///
/// Exit codes: 0 fine, 1 an assertion or threshold failed, 2 usage, 3 bad or missing input,
/// 4 runtime failure.
#[derive(Debug, Parser)]
#[command(name = "fieldmirror", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Args {
    /// How results are printed.
    #[arg(long, value_enum, default_value = "text", global = true)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object with `schema_version`.
    Json,
    /// Comma-separated rows (`inspect RUN TABLE` only).
    Csv,
    /// JUnit's XML (`rules test` and `policy test` only).
    Junit,
    /// Annotations of GitHub Actions (`rules test`, `rules lint` and `policy test` only).
    Github,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a scenario and write its run directory.
    Run(RunArgs),
    /// Run again from what a run directory or scenario holds, and compare.
    Replay(ReplayArgs),
    /// Compile or check scenario files.
    #[command(subcommand)]
    Scenario(ScenarioVerb),
    /// Write a run's report.html anew from its tables.
    Report(ReportArgs),
    /// Show what a run directory holds, or the rows of one table.
    Inspect(InspectArgs),
    /// Test, explain, lint and try AWS IoT rules, offline.
    #[command(subcommand)]
    Rules(RulesVerb),
    /// Test, explain and write AWS IoT policies, offline.
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// The bill that AWS would write for a recorded run.
    Cost(CostArgs),
    /// Learn from telemetry of normal days what normal is.
    Train(TrainArgs),
    /// Score telemetry by a model: a score for each row, and findings.
    Score(ScoreArgs),
    /// Judge scores by labels, or detectors by public benchmarks.
    Eval(EvalArgs),
    /// Tell what is known about a finding.
    Explain(FindingArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// Scenario file: TOML, or the compiled Arrow form.
    pub(crate) scenario: PathBuf,
    /// Run directory; by default `runs/<scenario>-s<seed>`.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the run directory if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// Seed, instead of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Change a value of the scenario, such as radio.interference=false. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_set)]
    pub(crate) set: Vec<(String, String)>,
    /// Threads; by default one a core. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Stop with the step that reaches this much simulated time: 90s, 36h, 10d.
    #[arg(long, value_name = "DURATION", value_parser = parse_span)]
    pub(crate) until: Option<Span>,
    /// No progress bar and no summary.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReplayArgs {
    /// Run directory, or scenario file.
    #[arg(value_name = "RUN_OR_SCENARIO")]
    pub(crate) source: PathBuf,
    /// Compare every table; exit 1 and name the first table and row that differ.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Where to keep the replayed run; by default it is compared and removed.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Threads; by default one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioVerb {
    /// Compile TOML into the one Arrow file that holds everything a run needs.
    Compile {
        /// Scenario in TOML.
        input: PathBuf,
        /// Arrow file to write.
        #[arg(short, long, value_name = "OUT.arrow")]
        output: PathBuf,
    },
    /// Say whether a scenario file is sound, and what it holds.
    Check {
        /// Scenario file: TOML, or the compiled Arrow form.
        file: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReportArgs {
    /// Run directory.
    pub(crate) run: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InspectArgs {
    /// Run directory.
    pub(crate) run: PathBuf,
    /// Table: uplinks, messages, rule_matches, actions, shadows, soil, hydraulics, residuals,
    /// telemetry, scores, findings, truth.
    pub(crate) table: Option<String>,
    /// Most rows to print; 20 for text, all for json and csv.
    #[arg(long, value_name = "N")]
    pub(crate) rows: Option<usize>,
}

fn parse_span(text: &str) -> Result<Span, String> {
    Span::parse(text).map_err(|e| e.to_string())
}

fn parse_set(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected KEY=VALUE, such as radio.interference=false".to_owned())
}

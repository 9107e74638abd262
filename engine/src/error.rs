//! Everything that can stop a verb, and how a user mends it.

use std::path::PathBuf;

/// What went wrong. Bad input leaves nothing behind; a failed run leaves only its `.partial`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The scenario is not what it should be; every problem found is listed.
    #[error("{}: {}", path.display(), problems.join("\n  "))]
    Scenario {
        /// The file.
        path: PathBuf,
        /// Each with its place, what was expected and what to do.
        problems: Vec<String>,
    },
    /// A file that the run needs cannot be read.
    #[error("{}: cannot read it: {source}; {hint}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
        /// What to do.
        hint: String,
    },
    /// A file of the run directory cannot be written.
    #[error("{}: cannot write it: {source}; check space and permissions", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The run directory is there already.
    #[error(
        "{}: this run directory exists; pass --force to replace it, or --out DIR to write elsewhere",
        path.display()
    )]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// Something else stands where a run is to be written.
    #[error("{}: {why}; expected a new directory or an earlier run, choose another with --out DIR", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// What stands there.
        why: String,
    },
    /// Not a run directory.
    #[error("{}: not a run directory ({why}); expected the output of `fieldmirror run`", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// A table or scenario file is damaged or foreign.
    #[error(transparent)]
    Tables(#[from] fieldmirror_tables::TablesError),
    /// The simulated world cannot be built or advanced.
    #[error("simulation: {0}")]
    Sim(#[from] fieldmirror_sim::SimError),
    /// The cloud cannot be built.
    #[error("cloud: {0}")]
    Cloud(#[from] fieldmirror_cloud::error::CloudError),
    /// The twin cannot be built.
    #[error("twin: {0}")]
    Twin(#[from] fieldmirror_twin::error::TwinError),
    /// Learning or scoring failed.
    #[error("analytics: {0}")]
    Analytics(#[from] fieldmirror_analytics::AnalyticsError),
    /// There is no such table.
    #[error("there is no table `{name}`; expected one of {}", table_names())]
    NoTable {
        /// What was asked for.
        name: String,
    },
    /// What is to be traced is not in the run.
    #[error("{why}")]
    NoTrace {
        /// What is not there, and what was expected.
        why: String,
    },
    /// There is no such finding.
    #[error("there is no finding `{id}`: {there}; name one of them")]
    NoFinding {
        /// What was asked for.
        id: String,
        /// Which there are.
        there: String,
    },
    /// The price list is not what it should be; every problem found is listed.
    #[error("{}: {why}", path.display())]
    Prices {
        /// The file.
        path: PathBuf,
        /// Each problem with its place, what stands there and what was expected.
        why: String,
    },
    /// The reader of our output refuses it.
    #[error("cannot print: {source}")]
    Output {
        /// What the system says.
        source: std::io::Error,
    },
    /// A backtest's options do not fit what is read.
    #[error("backtest: {why}")]
    Backtest {
        /// What is wrong, what was expected and what to do.
        why: String,
    },
    /// The report cannot be drawn.
    #[error("report: {why}")]
    Report {
        /// What the drawing library says.
        why: String,
    },
}

impl EngineError {
    /// What a part refused while it was built, said of the scenario that asked for it.
    pub(crate) fn of_scenario(self, path: &std::path::Path) -> Self {
        match self {
            Self::Sim(_) | Self::Cloud(_) | Self::Twin(_) => {
                Self::Scenario { path: path.to_owned(), problems: vec![self.to_string()] }
            }
            other => other,
        }
    }

    /// Whether the user's input is to blame (exit code 3) rather than the run itself (exit code 4).
    pub fn is_bad_input(&self) -> bool {
        use fieldmirror_tables::TablesError as Tables;
        if let Self::Tables(tables) = self {
            // Reading a damaged or foreign file is the input's fault, writing and encoding are not.
            return match tables {
                Tables::Io { action, .. } => !["create", "write", "finish"].contains(action),
                Tables::Telemetry(_)
                | Tables::Missing { .. }
                | Tables::Truncated { .. }
                | Tables::Foreign { .. }
                | Tables::Column { .. }
                | Tables::Version { .. }
                | Tables::Damaged { .. } => true,
                _ => false,
            };
        }
        matches!(
            self,
            Self::Scenario { .. }
                | Self::Read { .. }
                | Self::Exists { .. }
                | Self::Foreign { .. }
                | Self::NotARun { .. }
                | Self::NoTable { .. }
                | Self::Prices { .. }
                | Self::NoTrace { .. }
                | Self::NoFinding { .. }
                | Self::Backtest { .. }
                | Self::Sim(_)
                | Self::Cloud(_)
                | Self::Twin(_)
        )
    }

    /// Whether whoever read our output went away, which is no failure of ours.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output { source } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

fn table_names() -> String {
    fieldmirror_tables::Table::ALL.map(fieldmirror_tables::Table::name).join(", ")
}

//! The same run again, and whether it is the same.

use crate::clock::{Progress, Stopwatch};
use crate::error::EngineError;
use crate::manifest::Manifest;
use crate::run::{self, RunOptions};
use crate::scenario::{Overrides, Scenario};
use fieldmirror_tables::compare;
use std::path::{Path, PathBuf};

/// Where and how a replay is made.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// Where to keep the replayed run; `None` removes it after the comparison.
    pub out: Option<PathBuf>,
    /// Whether to compare every row, and not the digests alone.
    pub verify: bool,
    /// How many threads run shards.
    pub threads: usize,
    /// The CPU's model name.
    pub cpu: String,
}

/// The first place where two runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Table, or `tickets`.
    pub table: String,
    /// Row, from 0.
    pub row: u64,
    /// Column.
    pub column: String,
    /// The recorded value.
    pub left: String,
    /// The replayed value.
    pub right: String,
}

/// What a replay gave.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The replayed run, if it was kept.
    pub run: Option<PathBuf>,
    /// Its digest.
    pub digest: String,
    /// The digest that it had to meet; of a scenario, that of a first run of its own.
    pub recorded: String,
    /// The first difference, if there is one.
    pub difference: Option<Difference>,
}

/// Replays a run directory from the scenario that it holds, or runs a scenario twice, first on one
/// thread and then on `threads`.
///
/// # Errors
/// As [`run::run`], and [`EngineError::NotARun`] for a directory that holds no run.
pub fn replay(
    source: &Path,
    options: &ReplayOptions,
    stopwatch: &dyn Stopwatch,
    progress: &dyn Progress,
) -> Result<Replayed, EngineError> {
    let is_run = source.is_dir();
    let beside = match &options.out {
        Some(out) => {
            run::may_replace(out, false)?;
            out.clone()
        }
        None => scratch(source),
    };
    let make = |scenario: &Scenario, out: PathBuf, threads: usize| {
        let options = RunOptions { out, force: true, threads, cpu: options.cpu.clone() };
        run::run(scenario, &options, stopwatch, progress)
    };
    let (scenario, recorded_run) = if is_run {
        // The manifest is read first: it says best what a wrong directory lacks.
        Manifest::read(source)?;
        let scenario = Scenario::load(&source.join("scenario.arrow"), &Overrides::default())?;
        (scenario, source.to_owned())
    } else {
        let scenario = Scenario::load(source, &Overrides::default())?;
        let first = with_suffix(&beside, "-first");
        make(&scenario, first.clone(), 1)?;
        (scenario, first)
    };
    let recorded = Manifest::read(&recorded_run)?;
    let summary = make(&scenario, beside.clone(), options.threads)?;
    let mut difference = None;
    if options.verify || summary.digest != recorded.digest {
        difference = first_difference(&recorded_run, &beside)?;
    }
    if difference.is_none() {
        // Every row is equal, so the row groups or the manifest itself were changed.
        difference = manifest_difference(&recorded, &Manifest::read(&beside)?);
    }
    if !is_run {
        run::remove(&recorded_run)?;
    }
    let kept = options.out.is_some();
    if !kept {
        run::remove(&beside)?;
        if !is_run && let Some(folder) = beside.parent() {
            // Succeeds only if the folder is empty, that is if it was made for this replay.
            let _ = std::fs::remove_dir(folder);
        }
    }
    Ok(Replayed {
        run: kept.then_some(beside),
        digest: summary.digest,
        recorded: recorded.digest,
        difference,
    })
}

/// The first row in which two run directories differ: tables in their order, then tickets.
///
/// # Errors
/// [`EngineError::Tables`] or [`EngineError::Read`] if a file of either is missing or damaged.
pub fn first_difference(
    recorded: &Path,
    replayed: &Path,
) -> Result<Option<Difference>, EngineError> {
    if let Some(found) = compare::first_difference(recorded, replayed)? {
        return Ok(Some(Difference {
            table: found.table.name().to_owned(),
            row: found.row,
            column: found.column,
            left: found.left,
            right: found.right,
        }));
    }
    let read = |run: &Path| {
        let path = run.join("tickets.jsonl");
        std::fs::read_to_string(&path).map_err(|source| EngineError::Read {
            path,
            source,
            hint: "a run directory has one, empty if there are no tickets".to_owned(),
        })
    };
    let (left, right) = (read(recorded)?, read(replayed)?);
    let (mut left, mut right) = (left.lines(), right.lines());
    for row in 0.. {
        let (a, b) = (left.next(), right.next());
        if a.is_none() && b.is_none() {
            break;
        }
        if a != b {
            let text = |line: Option<&str>| line.unwrap_or("(no such ticket)").to_owned();
            return Ok(Some(Difference {
                table: "tickets".to_owned(),
                row,
                column: "(line)".to_owned(),
                left: text(a),
                right: text(b),
            }));
        }
    }
    Ok(None)
}

/// The first entry of two manifests that differs; who wrote them, on what CPU, is no difference.
fn manifest_difference(recorded: &Manifest, replayed: &Manifest) -> Option<Difference> {
    let differs = |row: u64, column: &str, left: String, right: String| {
        (left != right).then(|| Difference {
            table: "manifest".to_owned(),
            row,
            column: column.to_owned(),
            left,
            right,
        })
    };
    let (a, b) = (recorded, replayed);
    let tables = a.tables.iter().map(Some).chain(std::iter::repeat(None));
    let mut rows = tables.zip(b.tables.iter().map(Some).chain(std::iter::repeat(None))).enumerate();
    let mut first_table = || {
        let length = a.tables.len().max(b.tables.len());
        let text = |row: Option<&crate::manifest::TableRow>| {
            row.map_or("(absent)".to_owned(), |t| {
                format!("{} {} {} {}", t.name, t.file, t.rows, t.sha256)
            })
        };
        rows.by_ref()
            .take(length)
            .find_map(|(row, (left, right))| differs(row as u64, "tables", text(left), text(right)))
    };
    differs(0, "scenario", a.scenario.clone(), b.scenario.clone())
        .or_else(|| differs(0, "seed", a.seed.to_string(), b.seed.to_string()))
        .or_else(&mut first_table)
        .or_else(|| differs(0, "digest_world", a.digest_world.clone(), b.digest_world.clone()))
        .or_else(|| differs(0, "digest", a.digest.clone(), b.digest.clone()))
}

/// A directory beside the source for a replay that nobody keeps.
fn scratch(source: &Path) -> PathBuf {
    let name = source.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = if source.is_dir() { source.with_file_name("") } else { PathBuf::from("runs") };
    beside.join(format!("{name}.replay"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(suffix);
    path.with_file_name(name)
}

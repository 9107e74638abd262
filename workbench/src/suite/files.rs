//! From paths to suites, in an order that does not depend on the system.

use super::{Options, Suite};
use crate::problem::Problem;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Most files that one run reads. Source: ours.
const FILES_MAX: usize = 10_000;

/// Deepest folder that is looked into. Source: ours.
const FOLDERS_DEEP_MAX: usize = 32;

/// Reads every suite and case file that `paths` name, each once, in the order of their names.
pub(super) fn load_all(
    paths: &[PathBuf],
    options: &Options<'_>,
) -> Result<Vec<Suite>, Vec<Problem>> {
    let mut problems = Vec::new();
    let (mut named, mut found) = (BTreeSet::new(), BTreeSet::new());
    if paths.is_empty() {
        let expected = "at least one suite or folder of suites";
        problems.push(Problem::of_file("rules test", "no path", expected));
    }
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            collect(path, 0, &mut found);
            if found.len() == before {
                let expected = "a `.yaml` or `.yml` suite or a `.json` case file below it";
                let name = path.display().to_string();
                problems.push(Problem::of_file(name, "a folder without suites", expected));
            }
        } else {
            named.insert(path.clone());
        }
    }
    if found.len() > FILES_MAX {
        let name = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        let expected = format!("at most {FILES_MAX}; name a smaller folder");
        problems.push(Problem::of_file(name, "more files", expected));
        return Err(problems);
    }
    let mut suites = Vec::new();
    let mut foreign = Vec::new();
    for path in named.union(&found) {
        if !named.contains(path) {
            match kind(path) {
                Kind::Suite => {}
                Kind::OfPolicies => continue,
                Kind::Foreign => {
                    foreign.push(path);
                    continue;
                }
            }
        }
        match Suite::load(path, options) {
            Ok(suite) => suites.push(suite),
            Err(more) => problems.extend(more),
        }
    }
    // A suite that cannot be read has not said what it uses.
    if problems.is_empty() {
        let used: BTreeSet<PathBuf> =
            suites.iter().flat_map(|suite| &suite.uses).map(|path| real(path)).collect();
        for path in foreign.into_iter().filter(|path| !used.contains(&real(path))) {
            let found = "neither a suite nor a case file, and no suite beside it uses it";
            let expected = "a mapping with `tests`, or an object with `inputSql`";
            problems.push(Problem::of_file(path.display().to_string(), found, expected));
        }
    }
    if problems.is_empty() { Ok(suites) } else { Err(problems) }
}

/// The candidates below a folder: YAML and JSON, without what is hidden.
pub(super) fn collect(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || files.len() > FILES_MAX {
            continue;
        }
        // Links could lead back up.
        if path.is_dir() && !path.is_symlink() && depth < FOLDERS_DEEP_MAX {
            collect(&path, depth + 1, files);
        } else if is_candidate(&path) {
            files.insert(path);
        }
    }
}

fn is_candidate(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    path.is_file() && ["yaml", "yml", "json"].contains(&extension.as_str())
}

/// What a file in a folder is.
enum Kind {
    Suite,
    /// A suite that `policy test` runs.
    OfPolicies,
    Foreign,
}

/// Whether the file is for us. One that cannot be read as YAML or JSON is: its error must be told.
fn kind(path: &Path) -> Kind {
    let name = path.display().to_string();
    let Ok(text) = std::fs::read_to_string(path) else { return Kind::Suite };
    match crate::yaml::parse(&name, &text) {
        Ok(root) if super::policies::is_one(&root) => Kind::OfPolicies,
        Ok(root) if root.get("tests").is_some() || super::aws_case::is_one(&root) => Kind::Suite,
        Ok(_) => Kind::Foreign,
        Err(_) => Kind::Suite,
    }
}

/// One spelling of a path, for comparing.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

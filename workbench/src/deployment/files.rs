//! From paths, folders and patterns to files, in an order that does not depend on the system.

use super::{Builder, Deployment, Settings};
use crate::inputs;
use crate::problem::Problem;
use crate::yaml::TEXT_BYTES_MAX;
use std::path::{Path, PathBuf};

/// Reads everything that `patterns` name: files, folders (the `.json`, `.yaml`, `.yml` and
/// `.template` files in and below them, without what is hidden), and paths with `*`, `?` (inside a name) and `**` (any folders), relative to
/// [`Settings::base`]. Each file counts once. Suites and case files in folders and behind patterns are
/// passed over; one that is named is a problem.
///
/// # Errors
/// Every [`Problem`] of every file, a pattern that names no file, and parameters that no template
/// has.
pub fn load(patterns: &[String], settings: &Settings) -> Result<Deployment, Vec<Problem>> {
    let mut builder = Builder::new(settings);
    let mut seen: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        match expand(&settings.base, pattern) {
            Ok((files, is_named)) => {
                let mut suites = 0;
                for file in &files {
                    if !seen.contains(file) {
                        suites +=
                            usize::from(read(file, is_named, &mut builder) == Read::PassedOver);
                        seen.push(file.clone());
                    }
                }
                if suites == files.len() {
                    let found = "nothing but suites";
                    builder.problems.push(Problem::of_file(pattern, found, EXPECTED));
                }
            }
            Err(problem) => builder.problems.push(problem),
        }
    }
    builder.finish()
}

/// What became of a file.
#[derive(PartialEq, Eq)]
enum Read {
    Taken,
    PassedOver,
}

const EXPECTED: &str = "at least one `.json`, `.yaml`, `.yml` or `.template` file";

fn read(path: &Path, is_named: bool, builder: &mut Builder<'_>) -> Read {
    let name = path.display().to_string();
    let size = std::fs::metadata(path).map(|metadata| metadata.len());
    if size.is_ok_and(|size| size > TEXT_BYTES_MAX as u64) {
        let expected = format!("at most {TEXT_BYTES_MAX} bytes");
        builder.problems.push(Problem::of_file(name, "a larger file", expected));
        return Read::Taken;
    }
    match std::fs::read_to_string(path) {
        Ok(text) if !is_named && inputs::is_suite(&name, &text) => return Read::PassedOver,
        Ok(text) => inputs::read(&name, &text, builder),
        Err(error) => {
            let problem = Problem::of_file(name, error.to_string(), "a readable file of UTF-8");
            builder.problems.push(problem);
        }
    }
    Read::Taken
}

/// The files that a pattern names, sorted, and whether it names just that file.
fn expand(base: &Path, pattern: &str) -> Result<(Vec<PathBuf>, bool), Problem> {
    let is_base = matches!(pattern, "" | "." | "./") && !base.as_os_str().is_empty();
    let path = if is_base { base.to_owned() } else { base.join(pattern) };
    let path = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
    let mut files = Vec::new();
    let mut is_named = false;
    if path.is_dir() {
        below(&path, 0, &mut files);
        files.sort();
    } else if pattern.contains(['*', '?']) {
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        let root = if pattern.starts_with('/') { Path::new("/") } else { base };
        walk(root, &parts, 0, &mut files);
        files.sort();
        files.dedup();
    } else {
        files.push(path);
        is_named = true;
    }
    if files.is_empty() {
        return Err(Problem::of_file(pattern, "no file", EXPECTED));
    }
    Ok((files, is_named))
}

/// The inputs in a folder and below it.
fn below(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for path in children(folder) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || depth > FOLDERS_DEEP_MAX || files.len() > FILES_MAX {
            continue;
        }
        // Links could lead back up.
        if path.is_dir() && !path.is_symlink() {
            below(&path, depth + 1, files);
        } else if is_input(&path) {
            files.push(path);
        }
    }
}

fn walk(folder: &Path, parts: &[&str], depth: usize, files: &mut Vec<PathBuf>) {
    let Some((part, rest)) = parts.split_first() else { return };
    if depth > FOLDERS_DEEP_MAX || files.len() > FILES_MAX {
        return;
    }
    if *part == "**" {
        walk(folder, rest, depth, files);
    } else if !part.contains(['*', '?']) {
        return step(&folder.join(part), rest, depth, files);
    }
    for child in children(folder) {
        let name = child.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if *part == "**" {
            // Links could lead back up.
            if child.is_dir() && !child.is_symlink() && !name.starts_with('.') {
                walk(&child, parts, depth + 1, files);
            }
        } else if matches(part.as_bytes(), name.as_bytes()) {
            step(&child, rest, depth, files);
        }
    }
}

fn step(path: &Path, rest: &[&str], depth: usize, files: &mut Vec<PathBuf>) {
    if !rest.is_empty() {
        walk(path, rest, depth + 1, files);
    } else if path.is_file() {
        files.push(path.to_owned());
    }
}

/// What stands in a folder, by name.
fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn is_input(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    path.is_file() && ["json", "yaml", "yml", "template"].contains(&extension.as_str())
}

/// Whether `name` fits a pattern of one level, in which `*` is any run and `?` any byte. A name
/// that begins with `.` needs a pattern that does.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    // The classic scan with one place to come back to: a later star makes an earlier one settle.
    let (mut p, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => (p, n) = (p + 1, n + 1),
            _ => match back {
                Some((star, from)) => {
                    (p, n) = (star + 1, from + 1);
                    back = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Folders below each other that `**` looks into.
const FOLDERS_DEEP_MAX: usize = 32;

/// Files that a pattern may name; more are not looked for.
const FILES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_of_one_level() {
        for (pattern, name, fits) in [
            ("*.json", "a.json", true),
            ("*.json", "a.yaml", false),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("a?c*", "abcd", true),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbx", false),
            ("a", "a", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn folders_patterns_and_files_name_each_file_once_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        std::fs::create_dir_all(base.join("rules/deep")).unwrap();
        for name in ["rules/b.json", "rules/a.json", "rules/x.txt", "rules/deep/c.yaml"] {
            std::fs::write(base.join(name), "{}").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let (files, _) = expand(base, pattern).unwrap();
            let cut = |file: &PathBuf| file.strip_prefix(base).unwrap().display().to_string();
            files.iter().map(cut).collect()
        };
        assert_eq!(names("rules"), ["rules/a.json", "rules/b.json", "rules/deep/c.yaml"]);
        assert_eq!(names("rules/*.json"), ["rules/a.json", "rules/b.json"]);
        assert_eq!(names("**/*.yaml"), ["rules/deep/c.yaml"]);
        assert_eq!(
            names("rules/**/?.*"),
            ["rules/a.json", "rules/b.json", "rules/deep/c.yaml", "rules/x.txt"]
        );
        let problem = expand(base, "none/*.json").unwrap_err().to_string();
        assert!(problem.starts_with("none/*.json: no file; expected at least one"), "{problem}");
    }
}

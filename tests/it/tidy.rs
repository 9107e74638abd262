//! The house keeps its shape: crate edges, homes of heavy dependencies, licences, file lengths, no
//! clock and no unseeded randomness below the command line, and no truth in twin or analytics.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which crate may use which, beside `core`, which all may.
const EDGES: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("tables", &[]),
    ("physics", &[]),
    ("lorawan", &[]),
    ("rules", &[]),
    ("cloud", &["rules"]),
    ("sim", &["physics", "lorawan"]),
    ("twin", &["physics"]),
    ("analytics", &["tables"]),
    ("engine", &["sim", "twin", "cloud", "rules", "lorawan", "analytics", "tables"]),
    ("workbench", &["cloud", "rules"]),
    ("cli", &["workbench", "engine", "rules", "cloud", "analytics", "tables"]),
];

/// Heavy dependencies and their one home.
const HOMES: &[(&str, &str)] = &[
    ("bevy_ecs", "sim"),
    ("arrow", "tables"),
    ("parquet", "tables"),
    ("candle-core", "analytics"),
    ("candle-nn", "analytics"),
    ("ndarray", "analytics"),
    ("linfa", "analytics"),
    ("linfa-clustering", "analytics"),
    ("linfa-linalg", "analytics"),
    ("pulp", "analytics"),
    ("safetensors", "analytics"),
    ("clap", "cli"),
    ("indicatif", "cli"),
];

/// Licence terms that may be chosen; an expression must offer a way through these alone.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "Zlib",
    "CC0-1.0",
    "0BSD",
    "Unlicense",
    "Unicode-3.0",
    "MIT-0",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The platform of this toolchain: packages of others need not be on the machine.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

fn metadata(extra: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()])
        .args(extra)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// Normal dependencies of each crate of the house, by folder name.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let packages = metadata(&["--no-deps"])["packages"].clone();
    let packages = packages.as_array().expect("packages").clone();
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().expect("name").replace("fieldmirror-", "");
            let normal = package["dependencies"].as_array().expect("dependencies").iter();
            let normal = normal.filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|d| d["name"].as_str().expect("name").to_owned()).collect();
            (name, names)
        })
        .collect()
}

/// Rust sources of the house with their text, without build output.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "runs" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                found.push((path.strip_prefix(root()).expect("inside").to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// The code of a source: without its trailing `mod tests { ... }` and without comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn crates_use_only_the_crates_below_them() {
    let edges: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    for (name, dependencies) in dependencies() {
        if name == "tests" {
            continue;
        }
        let allowed =
            edges.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no row in EDGES"));
        for dependency in dependencies.iter().filter_map(|d| d.strip_prefix("fieldmirror-")) {
            assert!(
                dependency == "core" || allowed.contains(&dependency),
                "{name} may not use {dependency}"
            );
        }
    }
}

#[test]
fn the_map_shows_the_same_edges() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("a map");
    let layers: Vec<&str> = map.lines().filter(|line| line.starts_with('L')).collect();
    let mut shown: Vec<&str> = layers.iter().flat_map(|line| line[2..].split("   ")).collect();
    shown.retain(|entry| !entry.trim().is_empty());
    let mut shown: Vec<&str> = shown.into_iter().map(str::trim).collect();
    let entry = |(name, dependencies): &(&str, &[&str])| match dependencies {
        [] => (*name).to_owned(),
        _ => format!("{name} -> {}", dependencies.join(", ")),
    };
    let mut expected: Vec<String> = EDGES.iter().map(entry).collect();
    shown.sort_unstable();
    expected.sort_unstable();
    assert_eq!(shown, expected, "the layers of ARCHITECTURE.md");
}

#[test]
fn heavy_dependencies_have_one_home() {
    for (name, dependencies) in dependencies() {
        for (heavy, home) in HOMES {
            assert!(
                name == *home || name == "tests" || !dependencies.iter().any(|d| d == heavy),
                "{heavy} belongs in {home}, {name} uses it"
            );
        }
    }
}

#[test]
fn every_dependency_offers_a_permissive_licence() {
    let metadata = metadata(&[]);
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("name");
        let licence = package["license"].as_str().unwrap_or_default();
        // `A OR B` needs one side, `A AND B` and the old `A/B` need all; brackets do not matter to
        // this reading because AND binds closer and every bracket here closes an OR.
        let plain = licence.replace(['(', ')'], "").replace('/', " OR ");
        let offered = plain
            .split(" OR ")
            .any(|choice| choice.split(" AND ").all(|term| LICENCES.contains(&term.trim())));
        assert!(offered, "{name}: `{licence}`");
    }
}

#[test]
fn sources_stay_short() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 800, "{} has {lines} lines, split it", path.display());
    }
}

#[test]
fn every_crate_says_what_it_is() {
    for (path, text) in sources() {
        if path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") {
            assert!(text.starts_with("//! "), "{} has no crate documentation", path.display());
        }
    }
}

#[test]
fn nothing_below_the_command_line_asks_the_system_for_time_or_chance() {
    let banned = [
        "Instant::now",
        "SystemTime::now",
        "Utc::now",
        "Local::now",
        "thread_rng",
        "rand::rng(",
        "thread::sleep",
        "RandomState",
    ];
    for (path, text) in sources() {
        let top = path.components().next().expect("a folder").as_os_str().to_string_lossy();
        if top == "cli" || top == "tests" || path.components().any(|c| c.as_os_str() == "benches") {
            continue;
        }
        for word in banned {
            assert!(!code(&text).contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn twin_and_analytics_see_neither_the_world_nor_the_truth() {
    let dependencies = dependencies();
    for name in ["twin", "analytics"] {
        assert!(!dependencies[name].iter().any(|d| d == "fieldmirror-sim"), "{name} uses sim");
    }
    for (path, text) in sources() {
        let inside = path.starts_with("twin/src") || path.starts_with("analytics/src");
        // Scoring tickets against the truth is its own module, which nothing else in the crate names.
        if !inside
            || path.starts_with("analytics/src/evaluation")
            || path.ends_with("evaluation.rs")
            // Tests of the crate may compare with what they made up themselves.
            || path.ends_with("tests.rs")
        {
            continue;
        }
        for word in
            ["TruthRow", "TruthColumns", "FaultSpec", "FaultRow", "Table::Truth", "evaluation::"]
        {
            assert!(!code(&text).contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn no_loose_ends_are_left_in_the_code() {
    for (path, text) in sources() {
        if path.ends_with("tests/it/tidy.rs") {
            continue;
        }
        // Not `XXX`, which is a zone in the time patterns of Java.
        for word in ["TODO", "FIXME", "unimplemented!", "todo!", "#[ignore"] {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}

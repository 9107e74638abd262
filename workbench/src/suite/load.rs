//! From a suite's file to rules that run and cases that can be played.

use super::case::{self, Case};
use super::declared::{self, Declared};
use super::expect::Kind;
use super::fields::{Reader, quoted};
use super::world::{self, World};
use super::{Options, Suite};
use crate::deployment::{self, Deployment, Settings};
use crate::problem::Problem;
use crate::yaml::{Mapping, Node};
use fieldmirror_cloud::spec::Spec;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::rule::SqlVersion;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The version of statements under `sql:`. See [`super`] on why it is not the service's default.
pub(super) const INLINE_VERSION: SqlVersion = SqlVersion::V2016_03_23;

/// The name of the one statement under `sql:`.
pub(super) const INLINE_NAME: &str = "sql";

/// When cases begin, unless the suite says so. Source: ours; a Monday, so that weekdays are known.
const START: &str = "2024-01-01";

const OWN_KEYS: [&str; 10] = [
    "rules",
    "sql",
    "awsIotSqlVersion",
    "sqlVersion",
    "policies",
    "scenario",
    "parameters",
    "start",
    "only",
    "tests",
];

/// Reads a suite whose tree is `root`.
pub(super) fn read(
    file: &str,
    root: &Node,
    base: &Path,
    options: &Options<'_>,
) -> Result<Suite, Vec<Problem>> {
    let mut reader = Reader::new(file);
    let known = [&OWN_KEYS[..], &declared::KEYS[..]].concat();
    let Some(mapping) = reader.mapping(root, "a suite", &known) else {
        return Err(reader.problems);
    };
    let mut loader = Loader { reader, mapping, base, options, uses: Vec::new() };
    let inline = loader.inline();
    let declared = declared::read(&mut loader.reader, mapping);
    let deployment = loader.deployment();
    let scenario = loader.scenario();
    let cases = loader.cases(root);
    let start = mapping.get("start").and_then(|at| case::read_start(&mut loader.reader, at));
    let only = mapping.get("only").map(|at| loader.reader.texts(at, "`only`"));
    let Loader { reader, uses, .. } = loader;
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    // An empty list says that none are checked, not even those of a scenario.
    let enforced = mapping.get("policies").is_some_and(|at| at.as_sequence() != Some(&[]));
    let parts = Parts { scenario, deployment, inline, declared, enforced };
    let suite =
        Suite { start: start.unwrap_or_else(default_start), only, uses, cases, ..Suite::new(file) };
    parts.complete(suite, root, reader, &options.settings)
}

struct Loader<'a> {
    reader: Reader<'a>,
    mapping: &'a Mapping,
    base: &'a Path,
    options: &'a Options<'a>,
    uses: Vec<PathBuf>,
}

/// What a suite is put together from.
pub(super) struct Parts {
    pub(super) scenario: Option<Spec>,
    pub(super) deployment: Deployment,
    /// Statements by name.
    pub(super) inline: Vec<(String, String, SqlVersion)>,
    pub(super) declared: Declared,
    /// Whether the suite names policies, so that clients need them.
    pub(super) enforced: bool,
}

impl Loader<'_> {
    /// The statements of `sql:`: one, or several by name.
    fn inline(&mut self) -> Vec<(String, String, SqlVersion)> {
        let mut version = INLINE_VERSION;
        for key in ["awsIotSqlVersion", "sqlVersion"] {
            if let Some(at) = self.mapping.get(key) {
                match at.as_written().and_then(SqlVersion::parse) {
                    Some(given) => version = given,
                    None => {
                        let expected = "2016-03-23, 2015-10-08 or beta";
                        self.reader.wrong(at, format!("{} as `{key}`", at.kind()), expected);
                    }
                }
                if self.mapping.get("sql").is_none() {
                    let expected = "`sql:` beside it; rule files have their own version";
                    self.reader.wrong(at, format!("`{key}` without `sql`"), expected);
                }
            }
        }
        let Some(sql) = self.mapping.get("sql") else { return Vec::new() };
        if let Some(statements) = sql.as_mapping() {
            let text = |entry: &crate::yaml::Entry| {
                let text = self.reader.text(&entry.value, "a statement")?;
                Some((entry.key.clone(), text, version))
            };
            return statements.iter().filter_map(text).collect();
        }
        let text = self.reader.text(sql, "`sql`");
        text.into_iter().map(|text| (INLINE_NAME.to_owned(), text, version)).collect()
    }

    /// Everything that `rules:` and `policies:` name.
    fn deployment(&mut self) -> Deployment {
        let mut patterns = Vec::new();
        for key in ["rules", "policies"] {
            if let Some(at) = self.mapping.get(key) {
                patterns.extend(self.reader.texts(at, &format!("`{key}`")));
            }
        }
        let mut parameters = self.options.settings.parameters.clone();
        if let Some(at) = self.mapping.get("parameters")
            && let Some(mapping) = self.reader.any_mapping(at, "`parameters`")
        {
            for entry in mapping {
                if let Some(text) = self.reader.text(&entry.value, &entry.key) {
                    // What the command is given goes before what the suite says.
                    parameters.entry(entry.key.clone()).or_insert(text);
                }
            }
        }
        if patterns.is_empty() {
            return Deployment::default();
        }
        let settings =
            Settings { base: self.base.to_owned(), parameters, ..self.options.settings.clone() };
        match deployment::load(&patterns, &settings) {
            Ok(deployment) => {
                self.uses.extend(world::files_of(&deployment));
                deployment
            }
            Err(problems) => {
                self.reader.problems.extend(problems);
                Deployment::default()
            }
        }
    }

    fn scenario(&mut self) -> Option<Spec> {
        let at = self.mapping.get("scenario")?;
        let name = self.reader.text(at, "`scenario`")?;
        let path = self.base.join(&name);
        let Some(open) = self.options.scenario else {
            let expected = "the command, which opens scenarios; this caller gave no way to";
            self.reader.wrong(at, format!("the scenario `{name}`"), expected);
            return None;
        };
        self.uses.push(path.clone());
        match open(&path) {
            Ok(spec) => Some(spec),
            Err(problems) => {
                for problem in problems {
                    self.reader.wrong(at, problem, "a scenario that `fieldmirror check` accepts");
                }
                None
            }
        }
    }

    fn cases(&mut self, root: &Node) -> Vec<Case> {
        let Some(at) = self.mapping.get("tests") else {
            self.reader.wrong(root, "a suite without `tests`", "`tests: [...]`");
            return Vec::new();
        };
        let mut names = BTreeSet::new();
        let mut cases = Vec::new();
        for node in self.reader.list(at, "`tests`") {
            if let Some(case) = case::read(&mut self.reader, node) {
                if !names.insert(case.name.clone()) {
                    let found = format!("a second test called `{}`", case.name);
                    self.reader.wrong(node, found, "a name of its own");
                }
                cases.push(case);
            }
        }
        cases
    }
}

impl Parts {
    /// Builds the cloud of `suite`, and checks that a core can be made from it and that every rule
    /// that it names is there.
    pub(super) fn complete(
        self,
        suite: Suite,
        root: &Node,
        mut reader: Reader<'_>,
        settings: &Settings,
    ) -> Result<Suite, Vec<Problem>> {
        let inline = self.inline.iter().map(|(name, ..)| name.clone()).collect();
        let World { spec, certificates, shadows, items, notes, problems } =
            world::build(self, settings);
        for (found, expected) in problems {
            reader.wrong(root, found, &expected);
        }
        let suite = Suite { spec, inline, certificates, shadows, items, notes, ..suite };
        check_names(&mut reader, &suite, root);
        if reader.problems.is_empty()
            && let Err(error) = world::core(&suite.spec, &suite.items)
        {
            reader.wrong(root, error.to_string(), "a cloud that the service would make");
        }
        if reader.problems.is_empty() { Ok(suite) } else { Err(reader.problems) }
    }
}

/// A name of a rule that is not there would make a case that cannot pass, or looks at nothing.
fn check_names(reader: &mut Reader<'_>, suite: &Suite, root: &Node) {
    let only_line = root.get("only").map_or(root.line, |at| at.line);
    let rules: Vec<&str> = suite.rules().iter().map(|(name, _)| name.as_str()).collect();
    let expected = match rules[..] {
        [] => "`rules`, `sql` or `scenario`, since there is no rule at all".to_owned(),
        _ => format!("one of {}", quoted(&rules)),
    };
    let mut check = |line: usize, name: &str| {
        if !rules.contains(&name) {
            let problem =
                Problem::of_file(reader.file, format!("the rule `{name}`"), expected.clone());
            reader.problems.push(problem.at(line, 0));
        }
    };
    suite.only.iter().flatten().for_each(|name| check(only_line, name));
    for case in &suite.cases {
        case.only.iter().flatten().for_each(|name| check(case.line, name));
        let rules = case.expect.iter().filter(|expectation| expectation.kind == Kind::Rule);
        for expectation in rules {
            if let Some(name) = expectation.named("rule") {
                check(expectation.line, name);
            }
        }
    }
}

/// When the `0s` of cases is, unless they say.
pub(super) fn default_start() -> Timestamp {
    // Invariant: the constant is a date.
    Timestamp::parse(START).unwrap_or_default()
}

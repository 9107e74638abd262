//! From a suite's file to rules that run and cases that can be played.

use super::case::{self, Case};
use super::declared::{self, Declared};
use super::expect::Kind;
use super::fields::{Reader, quoted};
use super::world::{self, World};
use super::{Options, Suite};
use crate::deployment::{self, Deployment, Origin, Settings};
use crate::problem::Problem;
use crate::yaml::{Mapping, Node, Style, Value};
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::spec::Spec;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::rule::{Rule, SqlVersion, Strictness};
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
    let enforced = mapping.get("policies").map(|at| at.as_sequence() != Some(&[]));
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

/// A statement of a suite's own.
pub(super) struct Inline {
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) version: SqlVersion,
    /// Where it begins in the suite's file: line and column from 1.
    pub(super) at: (usize, usize),
}

/// What a suite is put together from.
pub(super) struct Parts {
    pub(super) scenario: Option<Spec>,
    pub(super) deployment: Deployment,
    pub(super) inline: Vec<Inline>,
    pub(super) declared: Declared,
    /// Whether clients need the policies that the suite names; `None` leaves a scenario's.
    pub(super) enforced: Option<bool>,
}

impl Loader<'_> {
    /// The statements of `sql:`: one, or several by name.
    fn inline(&mut self) -> Vec<Inline> {
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
                let sql = self.reader.text(&entry.value, "a statement")?;
                let at = statement_at(&entry.value);
                Some(Inline { name: entry.key.clone(), sql, version, at })
            };
            return statements.iter().filter_map(text).collect();
        }
        let text = self.reader.text(sql, "`sql`");
        let at = statement_at(sql);
        let inline = |sql| Inline { name: INLINE_NAME.to_owned(), sql, version, at };
        text.into_iter().map(inline).collect()
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
                let placed = problems.into_iter().map(|problem| self.at_name(problem));
                let placed: Vec<Problem> = placed.collect();
                self.reader.problems.extend(placed);
                Deployment::default()
            }
        }
    }

    /// A problem of a whole file, or of a pattern without files, at the place where the suite names
    /// it.
    fn at_name(&self, problem: Problem) -> Problem {
        if problem.line > 0 {
            return problem;
        }
        for key in ["rules", "policies"] {
            let Some(at) = self.mapping.get(key) else { continue };
            for item in at.as_sequence().unwrap_or(std::slice::from_ref(at)) {
                let Some(name) = item.as_written() else { continue };
                let path = self.base.join(name).display().to_string();
                if problem.file == name || problem.file == path {
                    let found = format!("`{name}`: {}", problem.found);
                    return item.problem(self.reader.file, found, &problem.expected);
                }
            }
        }
        problem
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
                    self.reader.wrong(
                        at,
                        problem,
                        "a scenario that `fieldmirror scenario check` accepts",
                    );
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
        if at.as_sequence().is_some_and(<[Node]>::is_empty) {
            self.reader.wrong(at, "no test under `tests`", "at least one: nothing would be tested");
        }
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
        let inline = self.inline.iter().map(|inline| inline.name.clone()).collect();
        let origins: Vec<(String, Origin)> = self
            .deployment
            .rules
            .iter()
            .map(|rule| (rule.name.clone(), rule.origin.clone()))
            .collect();
        let places: Vec<(String, (usize, usize))> =
            self.inline.iter().map(|inline| (inline.name.clone(), inline.at)).collect();
        let is_empty = self.scenario.is_none();
        let compile = self.sql_problems(reader.file, settings.strictness);
        let compiles = compile.is_empty();
        reader.problems.extend(compile);
        let World { spec, certificates, shadows, items, notes, problems } =
            world::build(self, reader.file, settings);
        for (found, expected) in problems {
            reader.wrong(root, found, &expected);
        }
        let is_silent = suite.cases.iter().all(|case| case.expect.is_empty());
        if is_empty && is_silent && spec.rules.is_empty() && spec.identity.is_none() {
            let expected = "`rules`, `sql`, `scenario` or `policies`: nothing would be tested";
            reader.wrong(root, "a suite without any rule or policy", expected);
        }
        let suite = Suite { spec, inline, certificates, shadows, items, notes, ..suite };
        check_names(&mut reader, &suite, root);
        if compiles
            && reader.problems.is_empty()
            && let Err(error) = world::core(&suite.spec, &suite.items)
        {
            let errors = match error {
                CloudError::Several(errors) => errors,
                one => vec![one],
            };
            for error in &errors {
                let problem = core_problem(error, root, reader.file, &origins, &places);
                reader.problems.push(problem);
            }
        }
        if reader.problems.is_empty() { Ok(suite) } else { Err(reader.problems) }
    }

    /// What is wrong with statements, at the places of the files that have them.
    fn sql_problems(&self, file: &str, strictness: Strictness) -> Vec<Problem> {
        let mut problems = Vec::new();
        for inline in &self.inline {
            let compiled = Rule::compile_with(&inline.sql, inline.version, strictness);
            let wrong = compiled.err().unwrap_or_default();
            problems.extend(wrong.iter().map(|diagnostic| {
                Problem::of_sql(file, inline.at, &inline.sql, diagnostic)
                    .about(format!("rule `{}`", inline.name))
            }));
        }
        for rule in &self.deployment.rules {
            let wrong = rule.spec.compile().err().unwrap_or_default();
            problems.extend(rule.sql_problems(&wrong));
        }
        problems
    }
}

/// Where a statement begins, such that the column of its first character is one more: behind a
/// quote, or at the word itself. Lines of a block begin anywhere, so that their column is unknown.
pub(super) fn statement_at(node: &Node) -> (usize, usize) {
    let style = match &node.value {
        Value::Scalar(scalar) => scalar.style,
        _ => Style::Plain,
    };
    match style {
        Style::Plain => (node.line, node.column.saturating_sub(1)),
        Style::Block => (node.line, 0),
        _ => (node.line, node.column),
    }
}

/// Why no core can be made, at the place of the rule that it is about, if it is about one.
fn core_problem(
    error: &CloudError,
    root: &Node,
    file: &str,
    origins: &[(String, Origin)],
    places: &[(String, (usize, usize))],
) -> Problem {
    let name = match error {
        CloudError::RuleSql { rule, .. }
        | CloudError::RuleTemplate { rule, .. }
        | CloudError::UndeclaredFunction { rule, .. } => rule.as_str(),
        _ => "",
    };
    if let Some((_, origin)) = origins.iter().find(|(rule, _)| rule == name) {
        return Problem::of_file(&origin.file, error.to_string(), "").at(origin.line, 0);
    }
    let place = places.iter().find(|(rule, _)| rule == name);
    let (line, column) = place.map_or((root.line, root.column), |(_, at)| *at);
    Problem::of_file(file, error.to_string(), "").at(line, column)
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

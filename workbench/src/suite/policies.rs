//! Suites of policies: who asks for what, and whether that is allowed.
//!
//! ```yaml
//! policies: [policies/*.json]          # files as for rules; or `documents: {name: {...}}` inline
//! things: [{name: probe-1, type: probe, groups: [farmA]}]
//! groups: [{name: farmA, policies: [read]}]
//! certificates: [{id: c1, policies: [probe], things: [probe-1]}]
//! tests:
//!   - {name: its own data, principal: c1, client: probe-1,
//!      action: iot:Publish, resource: topic/farmA/probe-1/data, expect: allow}
//! ```
//!
//! `principal` is a certificate: its policies apply, and those of its thing's groups where the
//! client id names a thing that it is attached to. A test without one names `policies`, or means
//! all of them; the thing that its client id names counts as attached then. `resource` is an ARN or
//! what follows `arn:aws:iot:REGION:ACCOUNT:`. `expect` is `allow`, `deny` (either kind),
//! `explicit_deny` or `implicit_deny`.
//!
//! What it does not do: it publishes nothing. What a denial does to a connection is looked at by a
//! suite of rules.

use super::declared::{self, Declared};
use super::fields::Reader;
use super::files;
use super::identity;
use super::values::object;
use crate::deployment::{self, DeployedPolicy, Deployment, Origin, Settings};
use crate::problem::Problem;
use crate::report::{CaseResult, Results, SuiteResult};
use crate::yaml::{Mapping, Node};
use fieldmirror_cloud::identity::{Connection, Identity, IdentitySpec};
use fieldmirror_cloud::policy::{
    Action, Decision, Facts, PolicyDocument, PolicySet, Request, SessionPolicy, ThingFacts,
};
use fieldmirror_cloud::spec::ThingSpec;
use fieldmirror_rules::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A suite of policies that was read and checked.
#[derive(Clone, Debug)]
pub struct PolicySuite {
    file: String,
    identity: Identity,
    policies: BTreeMap<String, PolicyDocument>,
    things: Vec<ThingSpec>,
    place: (String, String),
    notes: Vec<String>,
    cases: Vec<PolicyCase>,
}

#[derive(Clone, Debug)]
struct PolicyCase {
    name: String,
    line: usize,
    principal: Option<String>,
    client: Option<String>,
    policies: Option<Vec<String>>,
    source_ip: Option<IpAddr>,
    persistent: bool,
    last_will: bool,
    action: Action,
    resource: String,
    /// Where the resource stands, for what is found when everything has been read.
    resource_at: (usize, usize),
    expect: Expect,
}

/// What a case expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Allow,
    Deny,
    ExplicitDeny,
    ImplicitDeny,
}

/// What a suite of rules declares beside these would have no effect here.
const KEYS: [&str; 6] = ["policies", "documents", "tests", "things", "certificates", "groups"];

const CASE_KEYS: [&str; 10] = [
    "name",
    "principal",
    "client",
    "policies",
    "source_ip",
    "persistent",
    "last_will",
    "action",
    "resource",
    "expect",
];

/// Runs every suite of policies that `paths` name: files, and folders with everything below.
///
/// # Errors
/// Every [`Problem`] of every file. Nothing has run then.
pub fn run(paths: &[PathBuf], settings: &Settings) -> Result<Results, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut results = Results::default();
    let mut files = Vec::new();
    for path in paths {
        match suites_of(path) {
            Ok(more) => files.extend(more),
            Err(problem) => problems.push(problem),
        }
    }
    for file in &files {
        match PolicySuite::load(file, settings) {
            Ok(suite) => results.suites.push(suite.run()),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(results) } else { Err(problems) }
}

impl PolicySuite {
    /// Reads one suite file.
    ///
    /// # Errors
    /// Every [`Problem`] of the file and of the files that it names.
    pub fn load(path: &Path, settings: &Settings) -> Result<Self, Vec<Problem>> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            vec![Problem::of_file(&file, error.to_string(), "a readable file of UTF-8")]
        })?;
        let base = path.parent().unwrap_or_else(|| Path::new(""));
        Self::read(&file, &text, base, settings)
    }

    /// Reads a suite's text; paths in it are relative to `base`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn read(
        file: &str,
        text: &str,
        base: &Path,
        settings: &Settings,
    ) -> Result<Self, Vec<Problem>> {
        let root = crate::yaml::parse(file, text)?;
        let mut reader = Reader::new(file);
        let Some(mapping) = reader.mapping(&root, "a suite of policies", &KEYS) else {
            return Err(reader.problems);
        };
        let declared = declared::read(&mut reader, mapping);
        let mut deployment = deployed(&mut reader, mapping, base, settings);
        documents(&mut reader, mapping, &mut deployment, &root);
        let things = things(&declared, &deployment);
        let spec = identity::build(&deployment, &declared).unwrap_or_else(|wrong| {
            for (found, expected) in wrong {
                reader.wrong(&root, found, &expected);
            }
            IdentitySpec::default()
        });
        let place = (settings.region.clone(), settings.account.clone());
        let cases = cases(&mut reader, mapping, &root);
        check_resources(&mut reader, &cases, settings);
        if reader.problems.is_empty() {
            check_names(&mut reader, &cases, &spec, &deployment);
            check_things(&mut reader, mapping, &declared, &things);
        }
        let identity = Identity::new(&spec, &place.0, &place.1);
        if let (Err(error), true) = (&identity, reader.problems.is_empty()) {
            reader.wrong(&root, without_set_up(&error.to_string()), "");
        }
        match identity {
            Ok(identity) if reader.problems.is_empty() => Ok(Self {
                file: file.to_owned(),
                identity,
                // Without what a suite of rules needs to bring shadows into their first state.
                policies: spec
                    .policies
                    .into_iter()
                    .filter(|(name, _)| deployment.policies.iter().any(|own| own.name == *name))
                    .collect(),
                things,
                place,
                notes: deployment.notes.iter().map(ToString::to_string).collect(),
                cases,
            }),
            _ => Err(reader.problems),
        }
    }

    /// Decides every case.
    pub fn run(&self) -> SuiteResult {
        SuiteResult {
            suite: self.file.clone(),
            cases: self.cases.iter().map(|case| self.judge(case)).collect(),
            notes: self.notes.clone(),
        }
    }

    fn judge(&self, case: &PolicyCase) -> CaseResult {
        let (verdict, sentence) = self.decide(case);
        let passed = case.expect.holds(verdict);
        let (wanted, found) = (case.expect.as_str(), word(verdict));
        let difference = if passed { String::new() } else { format!("- {wanted}\n+ {found}\n") };
        CaseResult {
            suite: self.file.clone(),
            line: case.line,
            name: case.name.clone(),
            passed,
            expected: Value::from(wanted),
            actual: object([("verdict", Value::from(found)), ("why", Value::from(&*sentence))]),
            explanation: if passed { Vec::new() } else { vec![sentence] },
            difference,
        }
    }

    /// The verdict, and the statement that decided in words.
    fn decide(&self, case: &PolicyCase) -> (Decision, String) {
        let thing = self.things.iter().find(|thing| Some(&thing.name) == case.client.as_ref());
        let (set, facts) = match &case.principal {
            Some(id) => {
                let connection = Connection {
                    certificate: id,
                    client_id: case.client.as_deref(),
                    thing,
                    source_ip: case.source_ip,
                    persistent: case.persistent,
                    last_will: case.last_will,
                    ..Connection::default()
                };
                match self.identity.collect(&connection) {
                    Ok(found) => found,
                    Err(refused) => return (Decision::ImplicitDeny, refused.to_string()),
                }
            }
            None => (self.set(case), self.facts(case, thing)),
        };
        let request = match Request::parse(case.action, &case.resource, &facts) {
            Ok(request) => request,
            // Reading the suite refused such a case.
            Err(expected) => return (Decision::ImplicitDeny, format!("expected {expected}")),
        };
        let session = SessionPolicy::new(Arc::new(set), &facts);
        let decision = session.decide_request(request);
        (decision, session.sentence(request, decision))
    }

    fn set(&self, case: &PolicyCase) -> PolicySet {
        let named =
            |name: &&String| case.policies.as_ref().is_none_or(|policies| policies.contains(name));
        let kept = self.policies.iter().filter(|(name, _)| named(name));
        PolicySet::new(kept.map(|(name, document)| (name.clone(), document.clone())))
    }

    fn facts(&self, case: &PolicyCase, thing: Option<&ThingSpec>) -> Facts {
        Facts {
            client_id: case.client.clone(),
            thing: thing.map(|thing| ThingFacts {
                name: thing.name.clone(),
                thing_type: thing.thing_type.clone(),
                attributes: thing.attributes.clone(),
                attached: true,
            }),
            source_ip: case.source_ip,
            persistent: case.persistent,
            last_will: case.last_will,
            ..Facts::new(self.place.0.clone(), self.place.1.clone())
        }
    }
}

impl Expect {
    const ALL: [(&str, Self); 4] = [
        ("allow", Self::Allow),
        ("deny", Self::Deny),
        ("explicit_deny", Self::ExplicitDeny),
        ("implicit_deny", Self::ImplicitDeny),
    ];

    const fn holds(self, decision: Decision) -> bool {
        match self {
            Self::Allow => decision.is_allowed(),
            Self::Deny => !decision.is_allowed(),
            Self::ExplicitDeny => matches!(decision, Decision::ExplicitDeny(_)),
            Self::ImplicitDeny => matches!(decision, Decision::ImplicitDeny),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::ExplicitDeny => "explicit_deny",
            Self::ImplicitDeny => "implicit_deny",
        }
    }
}

const fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed(_) => "allow",
        Decision::ExplicitDeny(_) => "explicit_deny",
        Decision::ImplicitDeny => "implicit_deny",
    }
}

fn deployed(
    reader: &mut Reader<'_>,
    mapping: &Mapping,
    base: &Path,
    settings: &Settings,
) -> Deployment {
    let Some(at) = mapping.get("policies") else { return Deployment::default() };
    let patterns = reader.texts(at, "`policies`");
    let settings = Settings { base: base.to_owned(), ..settings.clone() };
    match deployment::load(&patterns, &settings) {
        Ok(deployment) => deployment,
        Err(problems) => {
            reader.problems.extend(problems);
            Deployment::default()
        }
    }
}

/// Adds the policies that the suite writes itself.
fn documents(reader: &mut Reader<'_>, mapping: &Mapping, deployment: &mut Deployment, root: &Node) {
    if let Some(at) = mapping.get("documents")
        && let Some(inline) = reader.any_mapping(at, "`documents`")
    {
        for entry in inline {
            match entry.value.to_json(reader.file) {
                Ok(document) => deployment.policies.push(DeployedPolicy {
                    name: entry.key.clone(),
                    document,
                    places: BTreeMap::new(),
                    origin: Origin {
                        file: reader.file.to_owned(),
                        line: entry.line,
                        logical_id: None,
                    },
                }),
                Err(problem) => reader.problems.push(problem),
            }
        }
    }
    if deployment.policies.is_empty() && reader.problems.is_empty() {
        reader.wrong(root, "a suite without policies", "`policies: [FILE...]` or `documents:`");
    }
}

/// The things of files; one that the suite declares takes the place of another of its name.
fn things(declared: &Declared, deployment: &Deployment) -> Vec<ThingSpec> {
    let mut things: Vec<ThingSpec> =
        declared.things.iter().map(|thing| thing.spec.clone()).collect();
    for thing in &deployment.things {
        if things.iter().all(|known| known.name != thing.spec.name) {
            things.push(thing.spec.clone());
        }
    }
    things
}

fn cases(reader: &mut Reader<'_>, mapping: &Mapping, root: &Node) -> Vec<PolicyCase> {
    let Some(at) = mapping.get("tests") else {
        reader.wrong(root, "a suite without `tests`", "`tests: [...]`");
        return Vec::new();
    };
    let list = reader.list(at, "`tests`").to_vec();
    if at.as_sequence().is_some_and(<[Node]>::is_empty) {
        reader.wrong(at, "no test under `tests`", "at least one: nothing would be tested");
    }
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for node in &list {
        let Some(case) = case(reader, node) else { continue };
        if !names.insert(case.name.clone()) {
            let found = format!("a second test called `{}`", case.name);
            reader.wrong(node, found, "a name of its own");
        }
        cases.push(case);
    }
    cases
}

fn case(reader: &mut Reader<'_>, node: &Node) -> Option<PolicyCase> {
    let mapping = reader.mapping(node, "a test", &CASE_KEYS)?;
    let mut required = |key: &str| match mapping.get(key) {
        Some(at) => reader.text(at, &format!("`{key}`")),
        None => {
            reader.wrong(node, format!("a test without `{key}`"), &format!("`{key}: ...`"));
            None
        }
    };
    let (name, action) = (required("name"), required("action"));
    let (resource, expect) = (required("resource"), required("expect"));
    let action = action.and_then(|text| {
        let known = Action::parse(&text);
        if known.is_none() {
            let names: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
            let at = mapping.get("action").unwrap_or(node);
            reader.wrong(
                at,
                format!("the action `{text}`"),
                &format!("one of {}", names.join(", ")),
            );
        }
        known
    });
    let expect = expect.and_then(|text| {
        let known = Expect::ALL.into_iter().find(|(word, _)| *word == text);
        if known.is_none() {
            let at = mapping.get("expect").unwrap_or(node);
            let expected = "allow, deny, explicit_deny or implicit_deny";
            reader.wrong(at, format!("`{text}`"), expected);
        }
        known.map(|(_, expect)| expect)
    });
    let mut optional =
        |key: &str| mapping.get(key).and_then(|at| reader.text(at, &format!("`{key}`")));
    let (principal, client) = (optional("principal"), optional("client"));
    let source_ip = optional("source_ip").and_then(|text| {
        let address = text.parse::<IpAddr>().ok();
        if address.is_none() {
            let at = mapping.get("source_ip").unwrap_or(node);
            reader.wrong(at, format!("`{text}`"), "an address such as 192.0.2.1");
        }
        address
    });
    let policies = mapping.get("policies").map(|at| reader.texts(at, "`policies`"));
    let mut flag = |key: &str| mapping.get(key).is_some_and(|at| reader.flag(at, key));
    let resource_at = mapping.get("resource").map_or((node.line, 0), |at| (at.line, at.column));
    Some(PolicyCase {
        resource_at,
        persistent: flag("persistent"),
        last_will: flag("last_will"),
        name: name?,
        line: node.line,
        principal,
        client,
        policies,
        source_ip,
        action: action?,
        resource: resource?,
        expect: expect?,
    })
}

/// A request that no client can make is denied whatever the policies say.
fn check_resources(reader: &mut Reader<'_>, cases: &[PolicyCase], settings: &Settings) {
    let facts = Facts::new(settings.region.clone(), settings.account.clone());
    for case in cases {
        if let Err(expected) = Request::parse(case.action, &case.resource, &facts) {
            let found = format!("`{}` as a resource of {}", case.resource, case.action);
            let (line, column) = case.resource_at;
            reader.problems.push(Problem::of_file(reader.file, found, expected).at(line, column));
        }
    }
}

/// A principal or policy that is not there would make a case that tells nothing.
fn check_names(
    reader: &mut Reader<'_>,
    cases: &[PolicyCase],
    spec: &IdentitySpec,
    deployment: &Deployment,
) {
    for case in cases {
        let mut tell = |found: String, known: Vec<&str>| {
            let expected = format!("one of {}", super::fields::quoted(&known));
            reader.problems.push(Problem::of_file(reader.file, found, expected).at(case.line, 0));
        };
        let known = || spec.certificates.iter().map(|one| one.id.as_str()).collect::<Vec<_>>();
        if let Some(id) = case.principal.as_ref().filter(|id| !known().contains(&id.as_str())) {
            tell(format!("the principal `{id}`"), known());
        }
        let known: Vec<&str> = deployment.policies.iter().map(|one| one.name.as_str()).collect();
        for name in case.policies.iter().flatten().filter(|name| !known.contains(&name.as_str())) {
            tell(format!("the policy `{name}`"), known.clone());
        }
        if case.principal.is_some() && case.policies.is_some() {
            let problem = Problem::of_file(
                reader.file,
                "a test with `principal` and `policies`",
                "one of the two: a principal has its own policies",
            );
            reader.problems.push(problem.at(case.line, 0));
        }
    }
}

/// The message without the policy that only suites have.
fn without_set_up(message: &str) -> String {
    let own = format!("`{}`", super::world::SETUP_CLIENT);
    message.replace(&format!(", {own}"), "").replace(&own, "none")
}

/// A certificate of a thing that is not there, and a thing's certificate that nobody declares.
fn check_things(
    reader: &mut Reader<'_>,
    mapping: &Mapping,
    declared: &Declared,
    things: &[ThingSpec],
) {
    let Some(list) = mapping.get("certificates").and_then(Node::as_sequence) else { return };
    let names: Vec<&str> = things.iter().map(|thing| thing.name.as_str()).collect();
    for (certificate, node) in declared.certificates.iter().zip(list) {
        for thing in certificate.things.iter().filter(|thing| !names.contains(&thing.as_str())) {
            let expected = match names[..] {
                [] => "a thing under `things:`".to_owned(),
                _ => format!("one of {}", super::fields::quoted(&names)),
            };
            let at = node.get("things").unwrap_or(node);
            let found = format!("the thing `{thing}` of certificate `{}`", certificate.id);
            reader.wrong(at, found, &expected);
        }
    }
}

/// The suites of policies that a path names: itself, or those in and below a folder.
fn suites_of(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = BTreeSet::new();
    files::collect(path, 0, &mut files);
    files.retain(|file| {
        let name = file.display().to_string();
        std::fs::read_to_string(file).is_ok_and(|text| {
            // One that cannot be read as YAML is for us if it may be a suite: its error is told.
            match crate::yaml::parse(&name, &text) {
                Ok(root) => is_one(&root),
                Err(_) => text.contains("tests:"),
            }
        })
    });
    if files.is_empty() {
        let expected = "a `.yaml`, `.yml` or `.json` suite of policies below it: `tests` with \
                        `action` and `resource`";
        let name = path.display().to_string();
        return Err(Problem::of_file(name, "a folder without suites of policies", expected));
    }
    Ok(files.into_iter().collect())
}

/// Whether the tree is a suite of policies and not one of rules.
pub(super) fn is_one(root: &Node) -> bool {
    let tests = root.get("tests").and_then(Node::as_sequence).unwrap_or_default();
    root.get("documents").is_some()
        || tests.iter().any(|test| test.get("action").is_some() && test.get("resource").is_some())
}

#[cfg(test)]
mod tests;

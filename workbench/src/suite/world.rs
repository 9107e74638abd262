//! The cloud that a suite describes, and what its rows mean.

use super::declared::{Declared, DeclaredFunction};
use super::identity;
use super::load::{Inline, Parts};
use crate::deployment::{Deployment, Settings, of_inline};
use crate::lint::Finding;
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::functions::FunctionSpec;
use fieldmirror_cloud::identity::IdentitySpec;
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::{ActionRow, Outputs, Rejection};
use fieldmirror_cloud::rule_spec::{RuleSpec, Strictness};
use fieldmirror_cloud::spec::{Secret, Spec, TableSpec, Undeclared};
use fieldmirror_core::register::Register;
use fieldmirror_rules::rule::SqlVersion;
use fieldmirror_rules::value::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// The client, and its certificate, that brings shadows into their first state.
pub(super) const SETUP_CLIENT: &str = "suite-setup";

/// The stream that statements under `sql:` write into, so that their output is an action's body. A
/// stream takes any bytes, as `SELECT *` may pass on.
const INLINE_TARGET: &str = "output";

/// What the cases of a suite run in.
pub(super) struct World {
    pub(super) spec: Spec,
    /// The certificate that each client shows.
    pub(super) certificates: BTreeMap<String, String>,
    /// First updates of shadows, by thing.
    pub(super) shadows: Vec<(String, Vec<u8>)>,
    /// First items of tables, by table.
    pub(super) items: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
    /// What is wrong, and what was expected.
    pub(super) problems: Vec<(String, String)>,
}

/// Puts a scenario, deployed files and what the suite declares on top of each other.
pub(super) fn build(parts: Parts, file: &str, settings: &Settings) -> World {
    let Parts { scenario, deployment, inline, declared, enforced } = parts;
    let bare = || {
        let mut spec = Spec::new(Arc::new(Register::empty()));
        spec.region.clone_from(&settings.region);
        spec.account.clone_from(&settings.account);
        spec
    };
    let mut world = World {
        spec: scenario.unwrap_or_else(bare),
        certificates: BTreeMap::new(),
        shadows: Vec::new(),
        items: Vec::new(),
        notes: deployment.notes.iter().map(ToString::to_string).collect(),
        problems: Vec::new(),
    };
    // A suite is about rules: a function that nobody declares is invoked, recorded, and no more.
    world.spec.undeclared_functions = Undeclared::Record;
    world.deploy(&deployment);
    world.notes.extend(deployment.warning_lines());
    for Inline { name, sql, version, at } in inline {
        match inline_rule(&world.spec, &sql, version, settings.strictness) {
            Ok(rule) => {
                let warnings = of_inline(&name, (file, at), &rule);
                world.notes.extend(warnings.iter().map(Finding::to_line));
                world.spec.rules.push((name, rule));
            }
            Err(why) => world.problem(format!("the statement `{name}`: {why}"), "a statement"),
        }
    }
    world.declare(&declared);
    world.authorise(&deployment, &declared, enforced);
    world
}

impl World {
    fn problem(&mut self, found: String, expected: &str) {
        self.problems.push((found, expected.to_owned()));
    }

    /// Takes over what files deploy.
    fn deploy(&mut self, deployment: &Deployment) {
        let spec = &mut self.spec;
        spec.rules.extend(deployment.rules.iter().map(|r| (r.name.clone(), r.spec.clone())));
        spec.things.extend(deployment.things.iter().map(|thing| thing.spec.clone()));
        spec.tables.extend(deployment.tables.iter().map(|table| TableSpec {
            name: table.name.clone(),
            hash_key: table.hash_key.clone(),
            range_key: table.range_key.clone(),
            ..TableSpec::default()
        }));
    }

    /// Takes over what the suite declares; a thing or table of a file's is replaced by one of the
    /// same name.
    fn declare(&mut self, declared: &Declared) {
        for thing in &declared.things {
            self.spec.things.retain(|other| other.name != thing.spec.name);
            self.spec.things.push(thing.spec.clone());
            if let Some(certificate) = &thing.certificate {
                self.certificates.insert(thing.spec.name.clone(), certificate.clone());
            }
            if let Some(shadow) = &thing.shadow {
                self.shadows.push((thing.spec.name.clone(), shadow.clone()));
            }
        }
        self.certificates.extend(declared.clients.clone());
        for (name, function) in &declared.functions {
            match function {
                DeclaredFunction::Builtin(builtin) => {
                    self.spec.functions.retain(|other| other.name != *name);
                    let builtin = builtin.clone();
                    self.spec.functions.push(FunctionSpec { name: name.clone(), builtin });
                }
                DeclaredFunction::Returns(answer) => {
                    self.spec.answers.insert(name.clone(), answer.clone());
                }
            }
        }
        for (name, text) in &declared.secrets {
            self.spec.secrets.insert(name.clone(), Secret::Text(text.clone()));
        }
        for table in &declared.tables {
            let items = table.items.iter().map(|item| (table.name.clone(), item.clone()));
            self.items.extend(items);
            self.spec.tables.retain(|other| other.name != table.name);
            self.spec.tables.push(TableSpec {
                name: table.name.clone(),
                hash_key: table.hash_key.clone(),
                range_key: table.range_key.clone(),
                ..TableSpec::default()
            });
        }
    }

    /// Puts policies, certificates and groups together. A suite that names no policies checks
    /// none, even if a template among its rules has some.
    fn authorise(&mut self, deployment: &Deployment, declared: &Declared, enforced: Option<bool>) {
        if enforced != Some(true) {
            let known = deployment.certificates.iter().map(|one| one.id.as_str());
            let known = known.chain(declared.certificates.iter().map(|one| one.id.as_str()));
            let own = self.spec.identity.iter().flat_map(|identity| &identity.certificates);
            let known: Vec<&str> = known.chain(own.map(|one| one.id.as_str())).collect();
            let wrong = identity::undeclared(&known, declared);
            wrong.into_iter().for_each(|(found, expected)| {
                self.problems.push((found, expected));
            });
            if enforced == Some(false) {
                self.spec.identity = None;
            } else if let Some(identity) = &mut self.spec.identity {
                // A scenario's own.
                identity::set_up(identity);
                show_own(&mut self.certificates, identity);
            }
            if !deployment.policies.is_empty() {
                let deployed = match deployment.policies.len() {
                    1 => "1 policy is".to_owned(),
                    number => format!("{number} policies are"),
                };
                self.notes.push(format!(
                    "{deployed} deployed and not enforced; name the files under `policies:` as well"
                ));
            }
            return;
        }
        let identity = identity::build(deployment, declared);
        match identity {
            Ok(identity) => {
                show_own(&mut self.certificates, &identity);
                self.spec.identity = Some(identity);
            }
            Err(problems) => problems.into_iter().for_each(|(found, expected)| {
                self.problem(found, &expected);
            }),
        }
    }
}

/// A thing's client shows the certificate that the thing is attached to, unless the suite says
/// another.
fn show_own(shown: &mut BTreeMap<String, String>, identity: &IdentitySpec) {
    for certificate in &identity.certificates {
        for thing in &certificate.things {
            shown.entry(thing.clone()).or_insert_with(|| certificate.id.clone());
        }
    }
}

/// A core in the suite's first state, but for the shadows.
///
/// # Errors
/// What no core can be made from.
pub(super) fn core(spec: &Spec, items: &[(String, String)]) -> Result<IotCore, CloudError> {
    let mut core = IotCore::new(spec.clone())?;
    for (table, item) in items {
        core.hold_item(table, item.as_bytes())?;
    }
    Ok(core)
}

/// A rule that hands the statement's output over as it is.
fn inline_rule(
    spec: &Spec,
    sql: &str,
    version: SqlVersion,
    strictness: Strictness,
) -> Result<RuleSpec, String> {
    let role = format!("arn:aws:iam::{}:role/{INLINE_TARGET}", spec.account);
    let payload = serde_json::json!({
        "sql": sql,
        "awsIotSqlVersion": version.as_str(),
        "actions": [{ "kinesis": {
            "streamName": INLINE_TARGET,
            "partitionKey": "1",
            "roleArn": role,
        } }],
    });
    let read = RuleSpec::read(&payload, strictness);
    read.map(|(rule, _)| rule).map_err(|error| error.to_string())
}

/// The files that a deployment came from.
pub(super) fn files_of(deployment: &Deployment) -> BTreeSet<PathBuf> {
    let rules = deployment.rules.iter().map(|rule| &rule.origin);
    let policies = deployment.policies.iter().map(|policy| &policy.origin);
    let things = deployment.things.iter().map(|thing| &thing.origin);
    let others = deployment.others.iter().map(|other| &other.origin);
    let all = rules.chain(policies).chain(things).chain(others);
    all.map(|origin| PathBuf::from(&origin.file)).collect()
}

/// A denial: what was asked, and why not.
pub(super) struct Denial<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) reason: &'a str,
}

/// The denial, if policies are why this was refused.
pub(super) fn denial<'a>(row: &Rejection, detail: &'a str) -> Option<Denial<'a>> {
    if row.code.name() != "not_authorized" {
        return None;
    }
    // `iot:Publish on topic/a: denied by ...`; a connection that gets no session has no such words.
    let Some((action, rest)) = detail.split_once(" on ") else {
        return Some(Denial { action: "iot:Connect", resource: "", reason: detail });
    };
    let (resource, reason) = rest.split_once(": ").unwrap_or((rest, ""));
    Some(Denial { action, resource, reason })
}

/// What an action acts on: what its templates gave, or what the rule names.
pub(super) fn target(row: &ActionRow, core: &IotCore, out: &Outputs) -> String {
    match row.resource {
        Some(resource) => out.text(resource).into_owned(),
        None => core.targets().text(u32::from(row.target)).to_owned(),
    }
}

/// Why an action failed.
pub(super) fn failure(row: &ActionRow, out: &Outputs) -> String {
    let code = row.outcome.name();
    row.error.map_or_else(|| code.to_owned(), |error| out.text(error).into_owned())
}

/// A table's items, under `rows`.
pub(super) fn table(core: &IotCore, name: &str) -> Value {
    let mut object = Object::new();
    object.insert("table", Value::from(name));
    if let Some(table) = core.table(name) {
        object.insert("items", Value::Int(table.keys() as i128));
        object.insert("puts", Value::Int(table.puts().into()));
        let mut rows: Vec<&[u8]> = table.items().map(|(_, item)| item).collect();
        // A table without a key keeps its last item alone.
        if rows.is_empty() && !table.last().is_empty() {
            rows.push(table.last());
        }
        let rows = rows.into_iter().filter_map(|row| Value::from_json(row).ok());
        object.insert("rows", Value::Array(rows.collect()));
    }
    Value::Object(object)
}

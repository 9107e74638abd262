//! The cloud that a suite describes, and what its rows mean.

use super::declared::{Declared, DeclaredFunction};
use super::load::Parts;
use crate::deployment::{Deployment, Settings};
use fieldmirror_cloud::functions::FunctionSpec;
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::{ActionRow, Outputs, Rejection};
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::{Spec, TableSpec};
use fieldmirror_core::register::Register;
use fieldmirror_rules::rule::SqlVersion;
use fieldmirror_rules::value::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// The client, and its certificate, that brings shadows into their first state.
pub(super) const SETUP_CLIENT: &str = "suite-setup";

/// The function that statements under `sql:` invoke, so that their output is an action's body.
const INLINE_TARGET: &str = "output";

/// What the cases of a suite run in.
pub(super) struct World {
    pub(super) spec: Spec,
    /// The certificate that each client shows.
    pub(super) certificates: BTreeMap<String, String>,
    /// First updates of shadows, by thing.
    pub(super) shadows: Vec<(String, Vec<u8>)>,
    pub(super) notes: Vec<String>,
    /// What is wrong, and what was expected.
    pub(super) problems: Vec<(String, String)>,
}

/// Puts a scenario, deployed files and what the suite declares on top of each other.
pub(super) fn build(parts: Parts, settings: &Settings) -> World {
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
        notes: deployment.notes.iter().map(ToString::to_string).collect(),
        problems: Vec::new(),
    };
    world.deploy(&deployment);
    for (name, sql, version) in inline {
        match inline_rule(&world.spec, &sql, version) {
            Ok(rule) => world.spec.rules.push((name, rule)),
            Err(why) => world.problem(format!("the statement `{name}`: {why}"), "a statement"),
        }
    }
    world.declare(&declared);
    // TEMPORARY
    for (_, rule) in &world.spec.rules.clone() {
        for action in &rule.actions {
            if let fieldmirror_cloud::rule_spec::ActionSpec::Lambda { function_arn } = action {
                let name = function_arn.rsplit(':').next().unwrap_or_default().to_owned();
                if !world.spec.functions.iter().any(|f| f.name == name) {
                    let builtin = fieldmirror_cloud::functions::Builtin::Irrigation(Default::default());
                    world.spec.functions.push(FunctionSpec { name, builtin });
                }
            }
        }
    }
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
                DeclaredFunction::Returns(_) => {
                    self.problem(format!("`returns` of `{name}`"), "a builtin");
                }
            }
        }
        for table in &declared.tables {
            self.spec.tables.retain(|other| other.name != table.name);
            self.spec.tables.push(TableSpec {
                name: table.name.clone(),
                hash_key: table.hash_key.clone(),
            });
        }
    }

    fn authorise(&mut self, _deployment: &Deployment, _declared: &Declared, enforced: bool) {
        if enforced {
            self.problem("policies".to_owned(), "none");
        }
    }
}

/// A rule that hands the statement's output over as it is.
fn inline_rule(spec: &Spec, sql: &str, version: SqlVersion) -> Result<RuleSpec, String> {
    let (region, account) = (&spec.region, &spec.account);
    let arn = format!("arn:aws:lambda:{region}:{account}:function:{INLINE_TARGET}");
    let payload = serde_json::json!({
        "sql": sql,
        "awsIotSqlVersion": version.as_str(),
        "actions": [{ "lambda": { "functionArn": arn } }],
    });
    RuleSpec::parse(&payload.to_string()).map_err(|error| error.to_string())
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

/// The denied action and resource, if policies are why this was refused.
pub(super) fn denial<'a>(_row: &Rejection, _detail: &'a str) -> Option<(&'a str, &'a str)> {
    None
}

/// What an action acts on.
pub(super) fn target(row: &ActionRow, core: &IotCore, _out: &Outputs) -> String {
    core.targets().text(u32::from(row.target)).to_owned()
}

/// Why an action failed.
pub(super) fn failure(row: &ActionRow, _out: &Outputs) -> String {
    row.outcome.name().to_owned()
}

/// A table's items.
pub(super) fn table(core: &IotCore, name: &str) -> Value {
    let mut object = Object::new();
    object.insert("table", Value::from(name));
    if let Some(table) = core.table(name) {
        if let Ok(last) = Value::from_json(table.last()) {
            object.insert("item", last);
        }
        object.insert("items", Value::Int(table.keys() as i128));
        object.insert("puts", Value::Int(table.puts().into()));
    }
    Value::Object(object)
}

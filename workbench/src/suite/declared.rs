//! What a suite declares around its rules: things, certificates, groups, clients, functions, tables
//! and secrets, read strictly.

use super::fields::Reader;
use crate::yaml::{Mapping, Node};
use fieldmirror_cloud::functions::{Builtin, IrrigationParameters};
use fieldmirror_cloud::spec::ThingSpec;
use fieldmirror_core::time::Span;
use std::collections::BTreeMap;

/// What a suite declares, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Declared {
    pub(super) things: Vec<DeclaredThing>,
    pub(super) certificates: Vec<DeclaredCertificate>,
    pub(super) groups: Vec<DeclaredGroup>,
    /// The certificate that each client shows.
    pub(super) clients: BTreeMap<String, String>,
    pub(super) functions: Vec<(String, DeclaredFunction)>,
    pub(super) tables: Vec<DeclaredTable>,
    /// Secrets by name: their text.
    pub(super) secrets: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub(super) struct DeclaredThing {
    pub(super) spec: ThingSpec,
    pub(super) certificate: Option<String>,
    /// The first update of its shadow.
    pub(super) shadow: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(super) struct DeclaredCertificate {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) subject: BTreeMap<String, String>,
    pub(super) policies: Vec<String>,
    pub(super) things: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct DeclaredGroup {
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) policies: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum DeclaredFunction {
    Builtin(Builtin),
    /// What `aws_lambda` gets back.
    Returns(serde_json::Value),
}

#[derive(Clone, Debug)]
pub(super) struct DeclaredTable {
    pub(super) name: String,
    pub(super) hash_key: String,
    pub(super) range_key: Option<String>,
    /// What it holds at the start, as JSON.
    pub(super) items: Vec<String>,
}

/// The keys that [`read`] takes.
pub(super) const KEYS: [&str; 7] =
    ["things", "certificates", "groups", "clients", "functions", "tables", "secrets"];

/// Reads what of [`KEYS`] `suite` has.
pub(super) fn read(reader: &mut Reader<'_>, suite: &Mapping) -> Declared {
    let mut declared = Declared::default();
    let each = |reader: &mut Reader<'_>, key: &str| -> Vec<Node> {
        suite.get(key).map_or_else(Vec::new, |at| reader.list(at, &format!("`{key}`")).to_vec())
    };
    for node in each(reader, "things") {
        declared.things.extend(thing(reader, &node));
    }
    for node in each(reader, "certificates") {
        declared.certificates.extend(certificate(reader, &node));
    }
    for node in each(reader, "groups") {
        declared.groups.extend(group(reader, &node));
    }
    for (key, into) in [("clients", &mut declared.clients), ("secrets", &mut declared.secrets)] {
        if let Some(at) = suite.get(key) {
            *into = texts_by_name(reader, at, &format!("`{key}`"));
        }
    }
    if let Some(mapping) =
        suite.get("functions").and_then(|at| reader.any_mapping(at, "`functions`"))
    {
        for entry in mapping {
            let function = function(reader, &entry.value);
            declared.functions.extend(function.map(|function| (entry.key.clone(), function)));
        }
    }
    if let Some(mapping) = suite.get("tables").and_then(|at| reader.any_mapping(at, "`tables`")) {
        for entry in mapping {
            declared.tables.extend(table(reader, &entry.key, &entry.value));
        }
    }
    declared
}

/// `thing-1`, or a mapping.
fn thing(reader: &mut Reader<'_>, node: &Node) -> Option<DeclaredThing> {
    if node.as_mapping().is_none() {
        let name = reader.text(node, "a thing")?;
        let spec = ThingSpec { name, ..ThingSpec::default() };
        return Some(DeclaredThing { spec, certificate: None, shadow: None });
    }
    let known = ["name", "type", "attributes", "groups", "certificate", "shadow"];
    let mapping = reader.mapping(node, "a thing", &known)?;
    let name = required(reader, node, mapping, "name", "a thing")?;
    let attributes = mapping.get("attributes");
    let spec = ThingSpec {
        name,
        thing_type: mapping.get("type").and_then(|at| reader.text(at, "`type`")),
        attributes: attributes
            .map(|at| texts_by_name(reader, at, "`attributes`"))
            .unwrap_or_default(),
        groups: mapping.get("groups").map(|at| reader.texts(at, "`groups`")).unwrap_or_default(),
    };
    let certificate = mapping.get("certificate").and_then(|at| reader.text(at, "`certificate`"));
    let shadow = mapping.get("shadow").and_then(|at| shadow(reader, at));
    Some(DeclaredThing { spec, certificate, shadow })
}

/// An update that brings a shadow into the state of `{reported, desired}`.
fn shadow(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<u8>> {
    let mapping = reader.mapping(node, "`shadow`", &["reported", "desired"])?;
    let mut sections = Vec::new();
    for entry in mapping {
        sections.push(format!("\"{}\":{}", entry.key, reader.json(&entry.value)?));
    }
    Some(format!("{{\"state\":{{{}}}}}", sections.join(",")).into_bytes())
}

fn certificate(reader: &mut Reader<'_>, node: &Node) -> Option<DeclaredCertificate> {
    let known = ["id", "status", "subject", "policies", "things"];
    let mapping = reader.mapping(node, "a certificate", &known)?;
    let id = required(reader, node, mapping, "id", "a certificate")?;
    let status = mapping.get("status").and_then(|at| reader.text(at, "`status`"));
    let subject = mapping.get("subject");
    let mut texts = |key: &str| {
        mapping.get(key).map(|at| reader.texts(at, &format!("`{key}`"))).unwrap_or_default()
    };
    let (policies, things) = (texts("policies"), texts("things"));
    Some(DeclaredCertificate {
        id,
        status: status.unwrap_or_else(|| "ACTIVE".to_owned()),
        subject: subject.map(|at| texts_by_name(reader, at, "`subject`")).unwrap_or_default(),
        policies,
        things,
    })
}

fn group(reader: &mut Reader<'_>, node: &Node) -> Option<DeclaredGroup> {
    let mapping = reader.mapping(node, "a group", &["name", "parent", "policies"])?;
    Some(DeclaredGroup {
        name: required(reader, node, mapping, "name", "a group")?,
        parent: mapping.get("parent").and_then(|at| reader.text(at, "`parent`")),
        policies: mapping
            .get("policies")
            .map(|at| reader.texts(at, "`policies`"))
            .unwrap_or_default(),
    })
}

fn function(reader: &mut Reader<'_>, node: &Node) -> Option<DeclaredFunction> {
    let known = ["returns", "builtin", "duration", "rest"];
    let mapping = reader.mapping(node, "a function", &known)?;
    match (mapping.get("returns"), mapping.get("builtin")) {
        (Some(value), None) => match value.to_json(reader.file) {
            Ok(answer) => Some(DeclaredFunction::Returns(answer)),
            Err(problem) => {
                reader.problems.push(problem);
                None
            }
        },
        (None, Some(at)) => {
            let name = reader.text(at, "`builtin`")?;
            let Some(Builtin::Irrigation(defaults)) = Builtin::named(&name) else {
                let names = super::fields::quoted(&Builtin::NAMES);
                reader.wrong(at, format!("the builtin `{name}`"), &format!("one of {names}"));
                return None;
            };
            let mut seconds = |key: &str| {
                let at = mapping.get(key)?;
                let span = reader.span(at, key);
                let seconds = (span.nanos() / Span::from_seconds(1).nanos()) as u32;
                if span != Span::from_seconds(seconds.into()) {
                    reader.wrong(at, at.kind(), "whole seconds");
                }
                Some(seconds)
            };
            let duration_s = seconds("duration").unwrap_or(defaults.duration_s);
            let rest_s = seconds("rest").or(defaults.rest_s);
            let parameters = IrrigationParameters { duration_s, rest_s };
            Some(DeclaredFunction::Builtin(Builtin::Irrigation(parameters)))
        }
        _ => {
            let expected = "`returns: VALUE` or `builtin: NAME`";
            reader.wrong(node, "a function that is neither one nor the other", expected);
            None
        }
    }
}

fn table(reader: &mut Reader<'_>, name: &str, node: &Node) -> Option<DeclaredTable> {
    let known = ["hash_key", "range_key", "items"];
    let mapping = reader.mapping(node, "a table", &known)?;
    let items = mapping.get("items");
    let items = items.map_or(&[][..], |at| reader.list(at, "`items`"));
    Some(DeclaredTable {
        name: name.to_owned(),
        hash_key: required(reader, node, mapping, "hash_key", "a table")?,
        range_key: mapping.get("range_key").and_then(|at| reader.text(at, "`range_key`")),
        items: items.iter().filter_map(|item| reader.json(item)).collect(),
    })
}

fn required(
    reader: &mut Reader<'_>,
    node: &Node,
    mapping: &Mapping,
    key: &str,
    what: &str,
) -> Option<String> {
    match mapping.get(key) {
        Some(at) => reader.text(at, &format!("`{key}`")),
        None => {
            reader.wrong(node, format!("{what} without `{key}`"), &format!("`{key}: ...`"));
            None
        }
    }
}

fn texts_by_name(reader: &mut Reader<'_>, node: &Node, what: &str) -> BTreeMap<String, String> {
    let Some(mapping) = reader.any_mapping(node, what) else { return BTreeMap::new() };
    let text = |entry: &crate::yaml::Entry| {
        Some((entry.key.clone(), reader.text(&entry.value, &entry.key)?))
    };
    mapping.iter().filter_map(text).collect()
}

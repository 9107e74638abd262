//! AWS-style case files: `{sqlVersion, topic, inputPayload, inputSql, expectedOutput}`, one JSON
//! object a file, as teams keep them beside their rules.
//!
//! Payload and output are JSON, or a string of JSON; a payload that is a string of anything else is
//! that text. No `expectedOutput`, `null` or an empty string means that the rule stays silent: a
//! rule whose output is JSON's null is `"null"`. Without `sqlVersion` it is 2016-03-23, as for
//! statements under `sql:`.

use super::case::{Act, Case, DEFAULT_CLIENT, Step};
use super::declared::Declared;
use super::expect::Expectation;
use super::fields::Reader;
use super::load::{INLINE_NAME, INLINE_VERSION, Inline, Parts, default_start, statement_at};
use super::{Options, Suite};
use crate::deployment::Deployment;
use crate::problem::Problem;
use crate::yaml::Node;
use fieldmirror_core::time::Span;
use fieldmirror_rules::rule::SqlVersion;
use fieldmirror_rules::value::Value;

const KEYS: [&str; 7] = [
    "sqlVersion",
    "topic",
    "inputPayload",
    "inputSql",
    "expectedOutput",
    // Not of AWS's form, but people name and comment things.
    "name",
    "description",
];

/// Whether the tree is such a case and not a suite.
pub(super) fn is_one(root: &Node) -> bool {
    root.get("inputSql").is_some() || root.get("expectedOutput").is_some()
}

/// Reads a case file as a suite of one case.
pub(super) fn read(file: &str, root: &Node, options: &Options<'_>) -> Result<Suite, Vec<Problem>> {
    let mut reader = Reader::new(file);
    let Some(mapping) = reader.mapping(root, "a case file", &KEYS) else {
        return Err(reader.problems);
    };
    let mut required = |key: &str| match mapping.get(key) {
        Some(at) => reader.text(at, &format!("`{key}`")),
        None => {
            reader.wrong(root, format!("a case file without `{key}`"), &format!("`{key}`"));
            None
        }
    };
    let (sql, topic) = (required("inputSql"), required("topic"));
    let version = mapping.get("sqlVersion").map_or(Some(INLINE_VERSION), |at| {
        let version = at.as_written().and_then(SqlVersion::parse);
        if version.is_none() {
            let expected = "2016-03-23, 2015-10-08 or beta";
            reader.wrong(at, format!("{} as `sqlVersion`", at.kind()), expected);
        }
        version
    });
    let payload = match mapping.get("inputPayload") {
        Some(at) => match at.as_text() {
            Some(text) => Some(text.as_bytes().to_vec()),
            None => reader.json(at).map(String::into_bytes),
        },
        None => {
            reader.wrong(root, "a case file without `inputPayload`", "`inputPayload`");
            None
        }
    };
    let output = mapping.get("expectedOutput");
    let line = output.map_or(root.line, |at| at.line);
    let output = output.and_then(|at| expected(&mut reader, at));
    let (Some(sql), Some(topic), Some(version), Some(payload)) = (sql, topic, version, payload)
    else {
        return Err(reader.problems);
    };
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let stem = std::path::Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    let name = mapping.get("name").and_then(Node::as_written).unwrap_or(&stem);
    let publish = Act::Publish { topic, payload, qos: 0, retain: false, properties: None };
    let case = Case {
        name: name.to_owned(),
        line: root.line,
        start: None,
        only: None,
        ordered: false,
        steps: vec![Step {
            line: mapping.get("inputPayload").map_or(root.line, |at| at.line),
            at: Span::ZERO,
            client: DEFAULT_CLIENT.to_owned(),
            act: publish,
        }],
        expect: output
            .map(|output| Expectation::output(line, INLINE_NAME, output))
            .into_iter()
            .collect(),
    };
    let at = mapping.get("inputSql").map_or((0, 0), statement_at);
    let parts = Parts {
        scenario: None,
        deployment: Deployment::default(),
        inline: vec![Inline { name: INLINE_NAME.to_owned(), sql, version, at }],
        declared: Declared::default(),
        enforced: None,
    };
    let suite = Suite { start: default_start(), cases: vec![case], ..Suite::new(file) };
    parts.complete(suite, root, reader, &options.settings)
}

/// The output, if there is to be one: a value, or a text that is no JSON.
fn expected(reader: &mut Reader<'_>, at: &Node) -> Option<Value> {
    match at.as_text() {
        _ if at.is_null() => None,
        Some("") => None,
        Some(text) => {
            let value = Value::from_json(text.as_bytes());
            if value.is_err() {
                let expected = "JSON, or a string of JSON: a text as output is \"\\\"text\\\"\"";
                reader.wrong(at, format!("`expectedOutput` {}", at.kind()), expected);
            }
            value.ok()
        }
        None => reader.value(at),
    }
}

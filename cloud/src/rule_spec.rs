//! A rule as people write it: AWS rule JSON, exactly as `--topic-rule-payload` takes it.
//!
//! Reading is strict: an unknown field, action or version is an error that names its place and
//! what was expected, since a field that is silently ignored is a rule that silently does less.
//! [`Strictness::Lenient`] turns what is unknown into warnings. All problems of a rule are found,
//! not the first. What an action takes is a table (`kinds`), read by one checker (`read`).
//!
//! What the SQL says is compiled later ([`RuleSpec::compile`]), as strictly as the rule was read:
//! by the core, which knows the declared functions, or by [`RuleSpec::check`] and
//! [`RuleSpec::warnings`] together with every template, for those who have no core.
//!
//! # Source
//! AWS IoT API, `CreateTopicRule` and the shapes `TopicRulePayload` and `Action`.

pub mod fields;
pub mod kinds;

mod check;
mod cross;
mod read;

use crate::error::CloudError;
use crate::outputs::ActionKind;
pub(crate) use check::compile as compile_template;
use fieldmirror_core::limits::{RULE_ACTIONS_MAX, SQL_BYTES_MAX};
use fieldmirror_rules::diagnostic::Diagnostic;
pub use fieldmirror_rules::rule::Strictness;
use fieldmirror_rules::rule::{Rule, SqlVersion};

use read::Reader;
use serde_json::{Map, Value};

/// One rule, read but not compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSpec {
    /// The `ruleName` of a wrapped payload.
    pub name: Option<String>,
    /// The statement.
    pub sql: String,
    /// The language version; AWS's default where the field is absent is `2015-10-08`.
    pub version: SqlVersion,
    /// Whether the rule takes no messages.
    pub disabled: bool,
    /// What people say it is for.
    pub description: Option<String>,
    /// What it does, in order.
    pub actions: Vec<ActionSpec>,
    /// What it does once for a message if any action failed.
    pub error_action: Option<ActionSpec>,
    /// How strictly it was read, and how its statement and templates are compiled.
    pub strictness: Strictness,
}

/// One action, read and checked but not resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionSpec {
    /// Its position among the rule's actions as they were written, from 0: a lenient reading leaves
    /// some out. 0 for an error action.
    pub position: usize,
    /// What it does.
    pub kind: ActionKind,
    /// Its fields as they were written.
    pub fields: Map<String, Value>,
}

impl RuleSpec {
    /// Reads a `TopicRulePayload`: alone, wrapped as `{"ruleName", "topicRulePayload"}`, or in the
    /// answer of `GetTopicRule`, `{"ruleArn", "rule"}`.
    ///
    /// # Errors
    /// [`CloudError::RuleJson`] if it is no JSON; otherwise all fields that are missing, unknown or
    /// wrong: [`CloudError::RuleField`], or [`CloudError::Several`] where there is more than one.
    pub fn parse(text: &str) -> Result<Self, CloudError> {
        Self::parse_with(text, Strictness::Strict).map(|(rule, _)| rule)
    }

    /// Reads a rule as [`Self::parse`] does. Where reading is lenient, actions and fields that are
    /// not known are left out, and the list has them.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with(
        text: &str,
        strictness: Strictness,
    ) -> Result<(Self, Vec<CloudError>), CloudError> {
        let value: Value = serde_json::from_str(text).map_err(|error| CloudError::RuleJson {
            why: error.to_string(),
            line: error.line(),
            column: error.column(),
        })?;
        Self::read(&value, strictness)
    }

    /// Reads a rule that is JSON already, as a template's resource is.
    ///
    /// # Errors
    /// As [`Self::parse`], but for the JSON.
    pub fn from_value(value: &Value) -> Result<Self, CloudError> {
        Self::read(value, Strictness::Strict).map(|(rule, _)| rule)
    }

    /// Reads a rule as [`Self::from_value`] does; the list holds what was only worth a warning.
    ///
    /// # Errors
    /// As [`Self::from_value`].
    pub fn read(
        value: &Value,
        strictness: Strictness,
    ) -> Result<(Self, Vec<CloudError>), CloudError> {
        let mut reader = Reader::new(strictness);
        let rule = read_root(&mut reader, value);
        let Reader { problems, warnings, .. } = reader;
        match rule {
            Some(rule) if problems.is_empty() => Ok((Self { strictness, ..rule }, warnings)),
            _ => Err(CloudError::of(problems)),
        }
    }

    /// Compiles the statement as strictly as the rule was read; the list has what was only worth a
    /// warning.
    ///
    /// # Errors
    /// Everything that is wrong with the statement.
    pub fn compile(&self) -> Result<(Rule, Vec<Diagnostic>), Vec<Diagnostic>> {
        Rule::compile_with(&self.sql, self.version, self.strictness)
    }

    /// The path and text of every field that takes substitution templates, such as
    /// `actions[0].republish.topic`.
    pub fn templates(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (place, action) in self.places() {
            let templates = action.templates().into_iter();
            found.extend(templates.map(|(path, text)| (format!("{place}.{path}"), text)));
        }
        found
    }

    /// All actions with the places where they were written: `actions[i]` and `errorAction`.
    pub fn places(&self) -> impl Iterator<Item = (String, &ActionSpec)> {
        let place = |action: &ActionSpec| format!("actions[{}]", action.position);
        let actions = self.actions.iter().map(move |action| (place(action), action));
        actions.chain(self.error_action.iter().map(|action| ("errorAction".to_owned(), action)))
    }
}

impl ActionSpec {
    /// The path and text of every field that takes substitution templates, such as
    /// `republish.topic`, whether or not there is one in it.
    pub fn templates(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut visit = |path: String, text: &str| found.push((path, text.to_owned()));
        let fields = kinds::fields(self.kind);
        fields::visit_templates(fields, &self.fields, self.kind.name(), &mut visit);
        found
    }

    /// The text at a path of keys, such as `["putItem", "tableName"]`.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.value(path)?.as_str()
    }

    /// The truth value of a field; false where it is absent.
    pub fn flag(&self, name: &str) -> bool {
        self.value(&[name]).and_then(Value::as_bool).unwrap_or_default()
    }

    fn value(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.fields.get(*first)?, |value, key| value.get(key))
    }
}

const PAYLOAD_FIELDS: [&str; 6] =
    ["sql", "awsIotSqlVersion", "ruleDisabled", "description", "actions", "errorAction"];

fn read_root(reader: &mut Reader, root: &Value) -> Option<RuleSpec> {
    let fields = reader.object("", root)?;
    if let Some(payload) = fields.get("topicRulePayload") {
        reader.only("", fields, &["ruleName", "topicRulePayload", "tags"]);
        let name = fields.get("ruleName").and_then(|name| read_name(reader, "ruleName", name));
        let rule = read_payload(reader, "topicRulePayload", payload, &PAYLOAD_FIELDS)?;
        return Some(RuleSpec { name, ..rule });
    }
    if let Some(rule) = fields.get("rule") {
        reader.only("", fields, &["ruleArn", "rule"]);
        let known = [&PAYLOAD_FIELDS[..], &["ruleName", "createdAt"]].concat();
        let name = rule.get("ruleName").and_then(|name| read_name(reader, "rule.ruleName", name));
        return Some(RuleSpec { name, ..read_payload(reader, "rule", rule, &known)? });
    }
    read_payload(reader, "", root, &PAYLOAD_FIELDS)
}

fn read_name(reader: &mut Reader, path: &str, name: &Value) -> Option<String> {
    let name = reader.text(path, name)?;
    rule_name(name).map_err(|problem| reader.problems.push(problem)).ok()
}

fn read_payload(
    reader: &mut Reader,
    path: &str,
    payload: &Value,
    known: &[&str],
) -> Option<RuleSpec> {
    let fields = reader.object(path, payload)?;
    reader.only(path, fields, known);
    let below = |name: &str| read::below(path, name);
    let sql = reader.required(path, fields, "sql").and_then(|sql| {
        let text = reader.text(&below("sql"), sql)?;
        if text.len() > SQL_BYTES_MAX {
            let most = format!("at most {SQL_BYTES_MAX} bytes");
            reader.refuse(&below("sql"), "a longer text", most);
        }
        Some(text.to_owned())
    });
    let version = fields.get("awsIotSqlVersion").and_then(|version| {
        let place = below("awsIotSqlVersion");
        let text = reader.text(&place, version)?;
        let version = SqlVersion::parse(text);
        if version.is_none() {
            let expected = "`2016-03-23`, `2015-10-08` or `beta`";
            reader.refuse(&place, format!("`{text}`"), expected);
        }
        version
    });
    let disabled =
        fields.get("ruleDisabled").and_then(|at| reader.flag(&below("ruleDisabled"), at));
    let description = fields
        .get("description")
        .and_then(|at| reader.text(&below("description"), at))
        .map(str::to_owned);
    let actions = reader.required(path, fields, "actions").and_then(|list| {
        let place = below("actions");
        let items = reader.array(&place, list)?;
        if items.len() > RULE_ACTIONS_MAX {
            let found = format!("{} actions", items.len());
            reader.refuse(&place, found, format!("at most {RULE_ACTIONS_MAX}"));
        }
        let read = |(position, item)| {
            let action = read_action(reader, &format!("{place}[{position}]"), item)?;
            Some(ActionSpec { position, ..action })
        };
        Some(items.iter().enumerate().filter_map(read).collect())
    });
    let error_action =
        fields.get("errorAction").and_then(|at| read_action(reader, &below("errorAction"), at));
    Some(RuleSpec {
        name: None,
        sql: sql?,
        version: version.unwrap_or(SqlVersion::V2015_10_08),
        disabled: disabled.unwrap_or_default(),
        description,
        actions: actions?,
        error_action,
        strictness: Strictness::Strict,
    })
}

/// Reads an action; `None` if it has problems, or is unknown and reading is lenient.
fn read_action(reader: &mut Reader, path: &str, action: &Value) -> Option<ActionSpec> {
    let keys = reader.object(path, action)?;
    let expected = || {
        let names: Vec<String> =
            ActionKind::ALL.iter().map(|kind| format!("`{}`", kind.name())).collect();
        format!("exactly one of {}", names.join(", "))
    };
    let mut entries = keys.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        reader.refuse(path, format!("an object with {} keys", keys.len()), expected());
        return None;
    };
    let place = read::below(path, key);
    let Some(kind) = ActionKind::named(key) else {
        reader.unknown(&place, "an unknown action", expected());
        return None;
    };
    let fields = reader.object(&place, value)?;
    reader.fields(&place, fields, kinds::fields(kind));
    cross::check(reader, &place, kind, fields);
    Some(ActionSpec { position: 0, kind, fields: fields.clone() })
}

/// Checks a rule's name.
///
/// # Errors
/// [`CloudError::RuleName`] unless it is 1 to 128 of `[a-zA-Z0-9_]`.
pub(crate) fn rule_name(name: &str) -> Result<String, CloudError> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || name.is_empty() || name.len() > RULE_NAME_BYTES_MAX {
        return Err(CloudError::RuleName { name: name.to_owned() });
    }
    Ok(name.to_owned())
}

/// Longest rule name, in bytes. Source: AWS IoT API, `CreateTopicRule`.
const RULE_NAME_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests;

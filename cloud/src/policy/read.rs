//! Reads a policy document, strictly: what is not known is a problem with its place, and all
//! problems are told at once. What the service accepts and hardly anybody means is a warning.
//!
//! # Source
//! AWS IoT API, `CreatePolicy`; AWS IAM user guide, "Grammar of the IAM JSON policy language".

use super::action::{Action, CONTROL_VERBS};
use super::condition::{Comparison, Condition, OPERATORS, Operator, cidr, number};
use super::document::{
    ActionPattern, Effect, PolicyDocument, PolicyProblem, PolicyVersion, PolicyWarning, Scope,
    Statement, WarningKind,
};
use super::pattern::{Syntax, Template};
use super::variable::{Pick, Variable};
use crate::error::CloudError;
use serde_json::{Map, Value};

pub(super) mod resource;

/// Longest document, in characters that are not white space. Source: AWS IoT Core endpoints and
/// quotas, "Maximum policy document size".
pub(crate) const DOCUMENT_CHARS_MAX: usize = 2048;

/// Reads a document whose text has `chars` characters that are not white space.
pub(super) fn document(value: &Value, chars: usize) -> Result<PolicyDocument, CloudError> {
    let mut reader = Reader::default();
    let document = reader.document(value, chars);
    match document {
        Some(document) if reader.problems.is_empty() => {
            Ok(PolicyDocument { warnings: reader.warnings, ..document })
        }
        _ => Err(CloudError::Policy { problems: reader.problems }),
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<PolicyProblem>,
    warnings: Vec<PolicyWarning>,
    /// Whether `${...}` means a variable.
    variables: bool,
}

impl Reader {
    fn document(&mut self, value: &Value, chars: usize) -> Option<PolicyDocument> {
        if chars > DOCUMENT_CHARS_MAX {
            self.wrong(
                ROOT,
                format!("{chars} characters that are not white space"),
                format!("at most {DOCUMENT_CHARS_MAX}; split the document into two policies"),
            );
        }
        let fields = self.object(value, ROOT)?;
        self.only(fields, "", &["Version", "Id", "Statement"]);
        let version = self.version(fields.get("Version"), value);
        self.variables = version == PolicyVersion::V2012_10_17;
        let id = fields.get("Id").and_then(|id| self.text(id, "Id"));
        let list: Vec<(String, &Value)> = match fields.get("Statement") {
            Some(Value::Array(list)) => {
                let place = |(i, s)| (format!("Statement[{i}]"), s);
                list.iter().enumerate().map(place).collect()
            }
            Some(one @ Value::Object(_)) => vec![("Statement".to_owned(), one)],
            Some(other) => {
                self.wrong("Statement", kind(other), "a list of statements");
                return None;
            }
            None => Vec::new(),
        };
        if list.is_empty() {
            self.wrong("Statement", "nothing", "at least one statement");
        }
        let read = |(path, value): (String, &Value)| self.statement(&path, value);
        let statements = list.into_iter().filter_map(read).collect();
        Some(PolicyDocument {
            version,
            id: id.map(str::to_owned),
            statements,
            warnings: Vec::new(),
            source: value.clone(),
        })
    }

    fn version(&mut self, version: Option<&Value>, document: &Value) -> PolicyVersion {
        let variables = document.to_string().contains("${");
        let mean = "so each `${...}` is plain text and matches no value";
        match version {
            None => {
                let text = if variables {
                    format!("no `Version`: it means 2008-10-17, {mean}; add \"2012-10-17\"")
                } else {
                    "no `Version`: it means 2008-10-17, without variables; add \"2012-10-17\""
                        .to_owned()
                };
                self.warn(WarningKind::NoVersion, "Version", text);
                PolicyVersion::V2008_10_17
            }
            Some(Value::String(text)) if text == "2012-10-17" => PolicyVersion::V2012_10_17,
            Some(Value::String(text)) if text == "2008-10-17" => {
                if variables {
                    let text = format!("`Version` is 2008-10-17, {mean}; write \"2012-10-17\"");
                    self.warn(WarningKind::OldVersion, "Version", text);
                }
                PolicyVersion::V2008_10_17
            }
            Some(other) => {
                self.wrong("Version", shown(other), "\"2012-10-17\" (or the old \"2008-10-17\")");
                PolicyVersion::V2012_10_17
            }
        }
    }

    fn statement(&mut self, path: &str, value: &Value) -> Option<Statement> {
        let fields = self.object(value, path)?;
        for principal in ["Principal", "NotPrincipal"] {
            if fields.contains_key(principal) {
                let who = "no such field: an IoT policy is for whom it is attached to";
                self.wrong(&format!("{path}.{principal}"), "a principal", who);
            }
        }
        self.only(fields, path, &FIELDS);
        let sid = fields.get("Sid").and_then(|sid| self.text(sid, &format!("{path}.Sid")));
        let effect = self.effect(fields, path);
        let foreign = self.warnings.len();
        let actions = self.scope(fields, path, "Action", "NotAction", Self::action);
        let foreign = self.warnings[foreign..].iter().any(|w| w.kind == WarningKind::ForeignAction);
        let resources =
            self.scope(fields, path, "Resource", "NotResource", |reader, path, text| {
                reader.resource(path, text, foreign)
            });
        let conditions = self.conditions(fields.get("Condition"), &format!("{path}.Condition"));
        let statement = Statement {
            sid: sid.map(str::to_owned),
            effect: effect?,
            actions: actions?,
            resources: resources?,
            conditions: conditions?,
        };
        self.judge(path, &statement);
        Some(statement)
    }

    fn effect(&mut self, fields: &Map<String, Value>, path: &str) -> Option<Effect> {
        let path = format!("{path}.Effect");
        match fields.get("Effect") {
            Some(Value::String(text)) if text == "Allow" => return Some(Effect::Allow),
            Some(Value::String(text)) if text == "Deny" => return Some(Effect::Deny),
            Some(other) => self.wrong(&path, shown(other), "\"Allow\" or \"Deny\""),
            None => self.wrong(&path, "nothing", "\"Allow\" or \"Deny\""),
        }
        None
    }

    /// Reads one of two fields, a text or a list of texts.
    fn scope<T>(
        &mut self,
        fields: &Map<String, Value>,
        path: &str,
        only: &str,
        all_but: &str,
        mut read: impl FnMut(&mut Self, &str, &str) -> Option<T>,
    ) -> Option<Scope<T>> {
        let (name, value, negated) = match (fields.get(only), fields.get(all_but)) {
            (Some(value), None) => (only, value, false),
            (None, Some(value)) => (all_but, value, true),
            (both, _) => {
                let found = if both.is_some() { "both" } else { "neither" };
                self.wrong(path, found, format!("one of `{only}` and `{all_but}`"));
                return None;
            }
        };
        let path = format!("{path}.{name}");
        let items: Vec<(String, &Value)> = match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(i, v)| (format!("{path}[{i}]"), v)).collect()
            }
            one => vec![(path.clone(), one)],
        };
        if items.is_empty() {
            self.wrong(&path, "an empty list", "at least one");
            return None;
        }
        let mut list = Vec::with_capacity(items.len());
        let mut sound = true;
        for (path, item) in &items {
            match self.text(item, path).and_then(|text| read(self, path, text)) {
                Some(one) => list.push(one),
                None => sound = false,
            }
        }
        sound.then_some(if negated { Scope::AllBut(list) } else { Scope::Only(list) })
    }

    fn action(&mut self, path: &str, text: &str) -> Option<ActionPattern> {
        let found = |mask| Some(ActionPattern { text: text.to_owned(), mask });
        if text == "*" {
            return found(Action::ALL.iter().fold(0, |mask, a| mask | a.bit()));
        }
        let Some((service, verb)) = text.split_once(':') else {
            self.wrong(path, format!("`{text}`"), "an action such as `iot:Publish`");
            return None;
        };
        if service == "greengrass" {
            let text = format!("`{text}` is an action of another service: it grants nothing here");
            self.warn(WarningKind::ForeignAction, path, text);
            return found(0);
        }
        let glob = Template::parse(text, ACTION).ok()?.plain_glob();
        let matched = Action::ALL.iter().filter(|action| glob.matches(action.name()));
        let mask = matched.fold(0, |mask, action| mask | action.bit());
        if mask != 0 {
            return found(mask);
        }
        let close = Action::ALL.iter().find(|action| action.name().eq_ignore_ascii_case(text));
        let expected = match close {
            Some(action) => format!("`{action}`, in just these letters"),
            None if service == "iot" && CONTROL_VERBS.iter().any(|v| verb.starts_with(v)) => {
                "an action of the data plane: managing AWS IoT is allowed by IAM policies, and an \
                 IoT policy that names it grants nothing"
                    .to_owned()
            }
            None => {
                let names = Action::ALL.map(Action::name).join(", ");
                format!("one of {names}, or a pattern of these such as `iot:Get*`")
            }
        };
        self.wrong(path, format!("the unknown action `{text}`"), expected);
        None
    }

    fn conditions(&mut self, value: Option<&Value>, path: &str) -> Option<Vec<Condition>> {
        let Some(value) = value else { return Some(Vec::new()) };
        let before = self.problems.len();
        let mut conditions = Vec::new();
        for (name, keys) in self.object(value, path)? {
            let path = format!("{path}.{name}");
            let operator = self.operator(&path, name);
            let Some(keys) = self.object(keys, &path) else { continue };
            for (key, values) in keys {
                let path = format!("{path}.{key}");
                let key = match Variable::parse(key) {
                    Ok(key) => key,
                    Err(expected) => {
                        self.wrong(&path, "an unknown key", expected);
                        continue;
                    }
                };
                let Some(operator) = operator else { continue };
                self.judge_key(&path, operator, &key);
                let values = self.values(&path, operator.base, values);
                conditions.push(Condition { operator, key, values });
            }
        }
        (self.problems.len() == before).then_some(conditions)
    }

    fn operator(&mut self, path: &str, name: &str) -> Option<Operator> {
        let operator = Operator::parse(name);
        if operator.is_none() {
            let plain = name.rsplit_once(':').map_or(name, |(_, plain)| plain);
            let expected = if plain.starts_with("Date") || plain.starts_with("Binary") {
                "an operator on texts, numbers, addresses or Bool: no key of a connection holds a \
                 date or bytes"
                    .to_owned()
            } else {
                let names = OPERATORS.map(|(name, ..)| name).join(", ");
                format!(
                    "one of {names}; all but Null also with `ForAllValues:` or `ForAnyValue:` \
                     before and `IfExists` behind"
                )
            };
            self.wrong(path, format!("the unknown operator `{name}`"), expected);
        }
        operator
    }

    fn values(&mut self, path: &str, base: Comparison, value: &Value) -> Vec<Template> {
        let items: Vec<(String, &Value)> = match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(i, v)| (format!("{path}[{i}]"), v)).collect()
            }
            one => vec![(path.to_owned(), one)],
        };
        if items.is_empty() {
            self.wrong(path, "an empty list", "at least one value");
        }
        let mut values = Vec::with_capacity(items.len());
        for (path, item) in items {
            let text = match item {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => item.to_string(),
                other => {
                    self.wrong(&path, kind(other), "a text, a number, true or false");
                    continue;
                }
            };
            let wildcards = matches!(base, Comparison::StringLike | Comparison::Arn);
            let Some(template) = self.template(&path, &text, wildcards) else { continue };
            let fixed = template.variables().next().is_none();
            if fixed && let Some(expected) = unfit(base, &text) {
                self.wrong(&path, format!("`{text}`"), expected);
            }
            values.push(template);
        }
        values
    }

    /// Reads a pattern and warns of variables that never have a value.
    fn template(&mut self, path: &str, text: &str, wildcards: bool) -> Option<Template> {
        match Template::parse(text, Syntax { variables: self.variables, wildcards }) {
            Ok(template) => {
                for variable in template.variables() {
                    if let Variable::Foreign(name) = variable {
                        let text =
                            format!("`${{{name}}}` never has a value here, so this never matches");
                        self.warnings.push(PolicyWarning {
                            kind: WarningKind::ForeignVariable,
                            path: path.to_owned(),
                            text,
                        });
                    }
                }
                Some(template)
            }
            Err(bad) => {
                self.wrong(path, bad.found, bad.expected);
                None
            }
        }
    }

    fn judge_key(&mut self, path: &str, operator: Operator, key: &Variable) {
        if let Variable::Foreign(name) = key {
            let text = format!("`{name}` never has a value here");
            self.warn(WarningKind::ForeignVariable, path, text);
        }
        let many = matches!(
            key,
            Variable::Certificate(_, Pick::List)
                | Variable::AvailableKeys
                | Variable::ConnectAttributes
        );
        if many && operator.set.is_none() && operator.base != Comparison::Null {
            let text = format!(
                "`{key}` may have several values: write `ForAllValues:{operator}` or \
                 `ForAnyValue:{operator}`"
            );
            self.warn(WarningKind::NoSetOperator, path, text);
        }
    }

    fn object<'v>(&mut self, value: &'v Value, path: &str) -> Option<&'v Map<String, Value>> {
        if value.as_object().is_none() {
            self.wrong(path, kind(value), "an object");
        }
        value.as_object()
    }

    fn text<'v>(&mut self, value: &'v Value, path: &str) -> Option<&'v str> {
        if value.as_str().is_none() {
            self.wrong(path, kind(value), "a text");
        }
        value.as_str()
    }

    fn only(&mut self, fields: &Map<String, Value>, path: &str, known: &[&str]) {
        for key in fields.keys() {
            if known.contains(&key.as_str()) || key.ends_with("Principal") {
                continue;
            }
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            self.wrong(&path, "an unknown field", format!("one of {}", names.join(", ")));
        }
    }

    fn wrong(&mut self, path: &str, found: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(PolicyProblem {
            path: path.to_owned(),
            found: found.into(),
            expected: expected.into(),
        });
    }

    fn warn(&mut self, kind: WarningKind, path: &str, text: impl Into<String>) {
        self.warnings.push(PolicyWarning { kind, path: path.to_owned(), text: text.into() });
    }
}

/// What a fixed value of a condition should be, if it is not.
fn unfit(base: Comparison, text: &str) -> Option<&'static str> {
    let logical = || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
    match base {
        Comparison::NumericEquals
        | Comparison::NumericLessThan
        | Comparison::NumericLessThanEquals
        | Comparison::NumericGreaterThan
        | Comparison::NumericGreaterThanEquals => number(text).is_none().then_some("a number"),
        Comparison::Bool | Comparison::Null => (!logical()).then_some("true or false"),
        Comparison::IpAddress => {
            cidr(text).is_none().then_some("an address or a range, such as 203.0.113.0/24")
        }
        Comparison::StringEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringLike
        | Comparison::Arn => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        other => kind(other).to_owned(),
    }
}

const ROOT: &str = "the document";

const ACTION: Syntax = Syntax { variables: false, wildcards: true };

const FIELDS: [&str; 7] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

//! Rules ready to run: statements compiled, bound to the schemas they can be bound to, and actions
//! resolved to the functions, tables and topics that they name.

pub(crate) mod bodies;
pub(crate) mod calls;
pub(crate) mod fields;

use crate::dictionary::Dictionary;
use crate::error::CloudError;
use crate::metrics::Meter;
use crate::outputs::{ActionKind, Outcome};
use crate::rule_spec::{ActionSpec, RuleSpec, compile_template, rule_name};
use crate::spec::{KeyType, Undeclared};
use crate::table::{KeyAttribute, Table, TableKey};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_rules::bound::BoundRule;
use fieldmirror_rules::rule::{Rule, SqlVersion};
use fieldmirror_rules::template::Template;
use fieldmirror_rules::value::Object;
use fields::{Fields, target_fields};

/// One rule of the specification.
#[derive(Clone, Debug)]
pub(crate) struct LoadedRule {
    pub(crate) name: String,
    /// Where its draws come from.
    pub(crate) key: EntityKey,
    pub(crate) disabled: bool,
    pub(crate) version: SqlVersion,
    pub(crate) rule: Rule,
    /// The rule over typed readings, by class.
    pub(crate) bound: [Option<BoundRule>; DeviceClass::ALL.len()],
    pub(crate) actions: Vec<Action>,
    pub(crate) error_action: Option<Action>,
    /// Principal id of what its republish actions publish.
    pub(crate) principal: u32,
    pub(crate) meter: Meter,
}

/// An action with its targets resolved.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) kind: ActionKind,
    /// Where its draws come from.
    pub(crate) key: EntityKey,
    /// Target id in tables.
    pub(crate) target: u16,
    /// Whether the target is the same for every message.
    pub(crate) is_fixed: bool,
    pub(crate) work: Work,
}

#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// A declared function.
    Lambda { function: usize },
    /// A table that is the same for every message.
    DynamoDbV2 { table: usize },
    /// `headers` holds all fields where there are headers.
    Republish { topic: Template, qos: u8, headers: Option<Box<Fields>> },
    /// Anything else: what its fields make of a message is sent.
    Send(Box<Fields>),
}

impl LoadedRule {
    /// The action at a position, or the error action.
    pub(crate) fn action(&self, at: Option<usize>) -> Option<&Action> {
        match at {
            Some(i) => self.actions.get(i),
            None => self.error_action.as_ref(),
        }
    }
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionFailure {
    pub(crate) outcome: Outcome,
    /// For people.
    pub(crate) why: String,
}

impl ActionFailure {
    pub(crate) const fn new(outcome: Outcome, why: String) -> Self {
        Self { outcome, why }
    }
}

/// What rules may name while they are loaded.
pub(crate) struct Loader<'a> {
    /// Names of the declared functions.
    pub(crate) functions: &'a [String],
    pub(crate) undeclared: Undeclared,
    pub(crate) tables: &'a mut Vec<Table>,
    pub(crate) targets: &'a mut Dictionary,
    pub(crate) principals: &'a mut Dictionary,
}

impl Loader<'_> {
    /// Compiles a rule and resolves its actions.
    ///
    /// # Errors
    /// Everything that is wrong with the rule.
    pub(crate) fn load(&mut self, name: &str, spec: &RuleSpec) -> Result<LoadedRule, CloudError> {
        let name = rule_name(name)?;
        let mut problems = Vec::new();
        let rule = spec.compile().map(|(rule, _)| rule).map_err(|diagnostics| {
            problems.push(CloudError::RuleSql { rule: name.clone(), diagnostics });
        });
        problems.extend(spec.check_templates(&name, rule.as_ref().ok()));
        let mut actions = Vec::new();
        if let (Ok(rule), true) = (&rule, problems.is_empty()) {
            for (place, action) in spec.places() {
                match self.resolve(&name, &place, rule, action) {
                    Ok(action) => actions.push(action),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        let (Ok(rule), true) = (rule, problems.is_empty()) else {
            return Err(CloudError::of(problems));
        };
        // The error action is the last of the places.
        let error_action = if spec.error_action.is_some() { actions.pop() } else { None };
        Ok(LoadedRule {
            key: EntityKey::of(&name),
            disabled: spec.disabled,
            version: spec.version,
            bound: DeviceClass::ALL.map(|class| rule.bind(class.schema())),
            rule,
            meter: Meter::new(actions.len()),
            actions,
            error_action,
            principal: self.principals.intern(&name),
            name,
        })
    }

    fn resolve(
        &mut self,
        rule: &str,
        place: &str,
        statement: &Rule,
        action: &ActionSpec,
    ) -> Result<Action, CloudError> {
        let written = written_target(action);
        let is_fixed = !written.contains("${");
        let fields = || Fields::compile(rule, place, statement, action).map(Box::new);
        let (target, work) = match action.kind {
            ActionKind::Lambda if is_fixed => {
                let name = function_name(&written).to_owned();
                let declared = self.functions.iter().position(|known| *known == name);
                match (declared, self.undeclared) {
                    (Some(function), _) => (name, Work::Lambda { function }),
                    (None, Undeclared::Record) => (name, Work::Send(fields()?)),
                    (None, Undeclared::Refuse) => {
                        return Err(self.undeclared(rule, name, written));
                    }
                }
            }
            ActionKind::DynamoDbV2 if is_fixed => {
                let table = find_or_add(self.tables, &written);
                (written, Work::DynamoDbV2 { table })
            }
            ActionKind::Republish => {
                let path = format!("{place}.republish.topic");
                let topic = compile_template(rule, &path, &written, statement)?;
                let qos = action.fields.get("qos").and_then(serde_json::Value::as_u64);
                let has_headers = action.fields.contains_key("headers");
                let headers = if has_headers { Some(fields()?) } else { None };
                let target = if is_fixed { published_topic(&written) } else { &written };
                (
                    target.to_owned(),
                    Work::Republish { topic, qos: qos.unwrap_or_default() as u8, headers },
                )
            }
            ActionKind::DynamoDb => {
                if is_fixed && let Some(key) = written_key(action) {
                    let table = find_or_add(self.tables, &written);
                    self.tables[table].assume_key(&key);
                }
                (written, Work::Send(fields()?))
            }
            _ => (written, Work::Send(fields()?)),
        };
        let target = self.targets.intern(&target);
        let target = u16::try_from(target).map_err(|_| CloudError::Parameter {
            what: "the number of different action targets".to_owned(),
            found: (target + 1).to_string(),
            expected: format!("at most {}", u32::from(u16::MAX) + 1),
        })?;
        Ok(Action { kind: action.kind, key: EntityKey::of(place), target, is_fixed, work })
    }

    fn undeclared(&self, rule: &str, function: String, arn: String) -> CloudError {
        let declared = match self.functions {
            [] => "none is declared".to_owned(),
            names => names.join(", "),
        };
        CloudError::UndeclaredFunction { rule: rule.to_owned(), function, arn, declared }
    }
}

/// The table called `name`, which is made if there is none.
pub(crate) fn find_or_add(tables: &mut Vec<Table>, name: &str) -> usize {
    tables.iter().position(|table| table.name() == name).unwrap_or_else(|| {
        tables.push(Table::new(name, None));
        tables.len() - 1
    })
}

/// The target as the rule names it, with its templates.
fn written_target(action: &ActionSpec) -> String {
    let names = target_fields(action.kind);
    match action.kind {
        ActionKind::DynamoDbV2 => action.text(names).unwrap_or_default().to_owned(),
        ActionKind::IotAnalytics => {
            let arn = || Some(action.text(&["channelArn"])?.rsplit('/').next()?.to_owned());
            let name = action.text(names).map(str::to_owned);
            name.or_else(arn).unwrap_or_default()
        }
        ActionKind::IotSiteWise => "asset properties".to_owned(),
        _ => {
            let texts: Vec<&str> = names.iter().filter_map(|name| action.text(&[name])).collect();
            texts.join("/")
        }
    }
}

/// The topic that a republish action publishes on: one of AWS is written with two dollar signs in
/// the rule, and has one.
pub(crate) fn published_topic(written: &str) -> &str {
    if written.starts_with("$$") { &written[1..] } else { written }
}

/// The target that a message's fields name.
pub(crate) fn rendered_target(kind: ActionKind, fields: &Object) -> String {
    let names = target_fields(kind);
    if kind == ActionKind::DynamoDbV2 {
        let item = fields.get("putItem").and_then(|item| item.get("tableName"));
        return item.and_then(|name| name.as_str()).unwrap_or_default().to_owned();
    }
    let texts: Vec<&str> = names.iter().map(|name| bodies::text(fields, name)).collect();
    let target = texts.join("/");
    match kind {
        ActionKind::Lambda => function_name(&target).to_owned(),
        _ => target,
    }
}

/// The key that a `dynamoDB` action writes under, where no template changes its names.
fn written_key(action: &ActionSpec) -> Option<TableKey> {
    let fixed = |name| action.text(&[name]).filter(|text| !text.contains("${"));
    let attribute = |name, kind| {
        let name = fixed(name)?.to_owned();
        let kind = if action.fields.contains_key(kind) { fixed(kind)? } else { "STRING" };
        Some(KeyAttribute { name, kind: Some(key_type(kind)) })
    };
    let range = match action.fields.contains_key("rangeKeyField") {
        true => Some(attribute("rangeKeyField", "rangeKeyType")?),
        false => None,
    };
    Some(TableKey { hash: attribute("hashKeyField", "hashKeyType")?, range })
}

/// The type that `hashKeyType` and `rangeKeyType` name; the service's default is STRING.
pub(crate) fn key_type(text: &str) -> KeyType {
    if text == "NUMBER" { KeyType::Number } else { KeyType::Text }
}

/// The function that an ARN names: its last segment, or the one before a version or alias in
/// `…:function:<name>:<version>`.
pub(crate) fn function_name(arn: &str) -> &str {
    let mut segments = arn.rsplit(':');
    let last = segments.next().unwrap_or(arn);
    match (segments.next(), segments.next()) {
        (Some(name), Some("function")) => name,
        _ => last,
    }
}

/// Appends `bytes` as base64 with padding.
///
/// # Source
/// RFC 4648, section 4.
pub(crate) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let at = |i| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            out.push(if digit <= chunk.len() {
                ALPHABET[(group >> (18 - 6 * digit)) as usize & 63]
            } else {
                b'='
            });
        }
    }
}

/// The bytes of a base64 text with padding; `None` if it is none.
pub(crate) fn read_base64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    if padding > 2 {
        return None;
    }
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in body.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_the_standards_examples() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = Vec::new();
            write_base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, expected.as_bytes());
            assert_eq!(read_base64(expected).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn a_function_is_named_by_the_arns_last_segment() {
        for arn in [
            "arn:aws:lambda:eu-west-1:123456789012:function:irrigate",
            "arn:aws:lambda:eu-west-1:123456789012:function:irrigate:$LATEST",
            "arn:aws:lambda:eu-west-1:123456789012:function:irrigate:7",
            "irrigate",
        ] {
            assert_eq!(function_name(arn), "irrigate", "{arn}");
        }
    }
}

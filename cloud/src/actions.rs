//! Rules ready to run: statements compiled, bound to the schemas they can be bound to, and actions
//! resolved to the functions, tables and topics that they name.

use crate::dictionary::Dictionary;
use crate::error::CloudError;
use crate::outputs::{ActionKind, Outcome};
use crate::rule_spec::{ActionSpec, RuleSpec, rule_name};
use crate::table::Table;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_rules::bound::BoundRule;
use fieldmirror_rules::rule::{Rule, SqlVersion};
use fieldmirror_rules::template::Template;

/// One rule of the specification.
#[derive(Clone, Debug)]
pub(crate) struct LoadedRule {
    pub(crate) name: String,
    pub(crate) disabled: bool,
    pub(crate) version: SqlVersion,
    pub(crate) rule: Rule,
    /// The rule over typed readings, by class.
    pub(crate) bound: [Option<BoundRule>; DeviceClass::ALL.len()],
    pub(crate) actions: Vec<Action>,
    pub(crate) error_action: Option<Action>,
    /// Principal id of what its republish actions publish.
    pub(crate) principal: u32,
}

/// An action with its targets resolved.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    /// Target id in tables.
    pub(crate) target: u16,
    pub(crate) work: Work,
}

#[derive(Clone, Debug)]
pub(crate) enum Work {
    Lambda { function: usize },
    DynamoDbV2 { table: usize },
    Republish { topic: Template, qos: u8 },
}

/// What rules may name while they are loaded.
pub(crate) struct Loader<'a> {
    /// Names of the declared functions.
    pub(crate) functions: &'a [String],
    pub(crate) tables: &'a mut Vec<Table>,
    pub(crate) targets: &'a mut Dictionary,
    pub(crate) principals: &'a mut Dictionary,
}

impl Loader<'_> {
    /// Compiles a rule and resolves its actions.
    pub(crate) fn load(&mut self, name: &str, spec: &RuleSpec) -> Result<LoadedRule, CloudError> {
        let name = rule_name(name)?;
        let refuse = |diagnostics| CloudError::RuleSql { rule: name.clone(), diagnostics };
        let rule = Rule::compile(&spec.sql, spec.version).map_err(refuse)?;
        let actions = spec
            .actions
            .iter()
            .map(|action| self.resolve(&name, spec.version, action))
            .collect::<Result<_, _>>()?;
        let error_action = match &spec.error_action {
            Some(action) => Some(self.resolve(&name, spec.version, action)?),
            None => None,
        };
        Ok(LoadedRule {
            disabled: spec.disabled,
            version: spec.version,
            bound: DeviceClass::ALL.map(|class| rule.bind(class.schema())),
            rule,
            actions,
            error_action,
            principal: self.principals.intern(&name),
            name,
        })
    }

    fn resolve(
        &mut self,
        rule: &str,
        version: SqlVersion,
        action: &ActionSpec,
    ) -> Result<Action, CloudError> {
        let (target, work) = match action {
            ActionSpec::Lambda { function_arn } => {
                let name = function_name(function_arn);
                let function =
                    self.functions.iter().position(|known| known == name).ok_or_else(|| {
                        CloudError::UndeclaredFunction {
                            rule: rule.to_owned(),
                            function: name.to_owned(),
                            arn: function_arn.clone(),
                            declared: match self.functions {
                                [] => "none is declared".to_owned(),
                                names => names.join(", "),
                            },
                        }
                    })?;
                (name, Work::Lambda { function })
            }
            ActionSpec::DynamoDbV2 { table: name, .. } => {
                let known = self.tables.iter().position(|table| table.name() == name);
                let table = known.unwrap_or_else(|| {
                    self.tables.push(Table::new(name, None));
                    self.tables.len() - 1
                });
                (name.as_str(), Work::DynamoDbV2 { table })
            }
            ActionSpec::Republish { topic, qos, .. } => {
                let refuse = |diagnostics| CloudError::RuleSql {
                    rule: format!("{rule} (republish topic)"),
                    diagnostics,
                };
                let template = Template::compile_for(topic, version).map_err(refuse)?;
                (topic.as_str(), Work::Republish { topic: template, qos: *qos })
            }
        };
        let target = self.targets.intern(target);
        let target = u16::try_from(target).map_err(|_| CloudError::Parameter {
            what: "the number of different action targets".to_owned(),
            found: (target + 1).to_string(),
            expected: format!("at most {}", u32::from(u16::MAX) + 1),
        })?;
        Ok(Action { target, work })
    }
}

/// The function that an ARN names: its last segment, or the one before a version or alias in
/// `…:function:<name>:<version>`.
fn function_name(arn: &str) -> &str {
    let mut segments = arn.rsplit(':');
    let last = segments.next().unwrap_or(arn);
    match (segments.next(), segments.next()) {
        (Some(name), Some("function")) => name,
        _ => last,
    }
}

impl Work {
    pub(crate) const fn kind(&self) -> ActionKind {
        match self {
            Self::Lambda { .. } => ActionKind::Lambda,
            Self::DynamoDbV2 { .. } => ActionKind::DynamoDbV2,
            Self::Republish { .. } => ActionKind::Republish,
        }
    }

    /// The name that an error action's message uses.
    pub(crate) const fn failed_action(&self) -> &'static str {
        match self {
            Self::Lambda { .. } => "LambdaAction",
            Self::DynamoDbV2 { .. } => "DynamoDBv2Action",
            Self::Republish { .. } => "RepublishAction",
        }
    }
}

/// An action that failed, for the rule's error action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) action: &'static str,
    pub(crate) resource: &'a str,
    pub(crate) outcome: Outcome,
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

//! `Parameters`: values by flag, defaults, types, and what the template allows.
//!
//! A parameter without a value is a problem where something that is evaluated needs it, and not
//! before: nobody has to name the memory of a function to test a rule. `AllowedPattern` is not
//! checked, since it is a pattern of another language; a note says so where a value is given.

use super::super::intrinsics::{Intrinsics, Outcome, quoted};
use super::{Stack, sequence};
use crate::yaml::Node;

impl Stack<'_, '_, '_> {
    /// Tells the deployment which parameters there are, and checks those that were given.
    pub(super) fn declare_parameters(&mut self) {
        for entry in self.parameters {
            self.builder.parameters.insert(entry.key.clone());
            if self.settings().parameters.contains_key(&entry.key) {
                self.parameter(&entry.key, &entry.value, &entry.value);
                if entry.value.get("AllowedPattern").is_some() {
                    let origin = crate::deployment::Origin {
                        line: entry.line,
                        logical_id: Some(entry.key.clone()),
                        ..self.origin.clone()
                    };
                    self.builder.note(&origin, "`AllowedPattern` is not checked");
                }
            }
        }
    }

    /// The value of a parameter.
    pub(super) fn parameter(&mut self, name: &str, declared: &Node, at: &Node) -> Outcome {
        let kind = declared.get("Type").and_then(Node::as_text).unwrap_or_default().to_owned();
        if kind.is_empty() {
            let found = format!("the parameter `{name}` without a type");
            return self.fail(declared, found, "`Type`, such as `String`");
        }
        let stored = kind.starts_with("AWS::SSM::Parameter::Value<");
        let given = self.settings().parameters.get(name).cloned();
        let default = declared.get("Default").and_then(Node::as_written).map(str::to_owned);
        let value = match (given, default) {
            (Some(value), _) => value,
            (None, Some(default)) if !stored => default,
            (None, default) => {
                let found = match default {
                    Some(key) => {
                        format!("the parameter `{name}`, which is in the parameter store (`{key}`)")
                    }
                    None => format!("the parameter `{name}`, which has no default"),
                };
                let expected = format!("its value among the parameters: `{name}=VALUE`");
                return self.fail(at, found, &expected);
            }
        };
        let inner = kind.strip_prefix("AWS::SSM::Parameter::Value<").unwrap_or(&kind);
        let is_list = inner.starts_with("List<") || inner == "CommaDelimitedList";
        let items: Vec<&str> = match is_list {
            true => value.split(',').map(str::trim).collect(),
            false => vec![&value],
        };
        let numbers = matches!(inner.trim_end_matches('>'), "Number" | "List<Number");
        for item in &items {
            if let Some((found, expected)) = refused(name, item, numbers, declared) {
                return self.fail(declared, found, &expected);
            }
        }
        let mut nodes: Vec<Node> = items.iter().map(|item| quoted(at, *item)).collect();
        match (is_list, nodes.len()) {
            (false, 1) => Outcome::Value(nodes.swap_remove(0)),
            _ => Outcome::Value(sequence(at, nodes)),
        }
    }
}

/// What is wrong with a value, and what the template allows.
fn refused(name: &str, value: &str, number: bool, declared: &Node) -> Option<(String, String)> {
    let found = format!("`{value}` for the parameter `{name}`");
    if let Some(allowed) = declared.get("AllowedValues").and_then(Node::as_sequence) {
        let allowed: Vec<&str> = allowed.iter().filter_map(Node::as_written).collect();
        if !allowed.contains(&value) {
            return Some((found, format!("one of `{}`", allowed.join("`, `"))));
        }
    }
    let bound = |key: &str| declared.get(key)?.as_written()?.parse::<f64>().ok();
    let measured = match (number, value.trim().parse::<f64>()) {
        (true, Err(_)) => return Some((found, "a number".to_owned())),
        (true, Ok(number)) => number,
        (false, _) => value.chars().count() as f64,
    };
    let (least, most, unit) = match number {
        true => (bound("MinValue"), bound("MaxValue"), ""),
        false => (bound("MinLength"), bound("MaxLength"), " characters"),
    };
    if least.is_some_and(|least| measured < least) || most.is_some_and(|most| measured > most) {
        let least = least.map(|least| format!("at least {least}"));
        let most = most.map(|most| format!("at most {most}"));
        let bounds: Vec<String> = [least, most].into_iter().flatten().collect();
        return Some((found, format!("{}{unit}", bounds.join(" and "))));
    }
    None
}

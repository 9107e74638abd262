//! References that name nothing, wherever they stand: the service refuses the whole template.

use super::super::intrinsics::{Intrinsics, Piece, attribute_of, function_of, pieces};
use super::Stack;
use crate::deployment::Origin;
use crate::yaml::{Mapping, Node, Value};

impl Stack<'_, '_, '_> {
    /// Reports every name of a parameter, resource or condition that the template does not have.
    ///
    /// Not for templates with a transform: a macro may add what they name.
    pub(super) fn check_references(&mut self) {
        let whole = self.origin.clone();
        for entry in self.resources {
            let (line, logical_id) = (entry.line, Some(entry.key.clone()));
            self.origin = Origin { line, logical_id, ..whole.clone() };
            self.check(&entry.value);
        }
        self.origin = whole;
        for name in ["Conditions", "Outputs"] {
            if let Some(node) = self.root.get(name) {
                self.check(node);
            }
        }
    }

    fn check(&mut self, node: &Node) {
        if let Some((function, argument)) = function_of(node) {
            match function.as_str() {
                "Ref" => {
                    if let Some(name) = argument.as_text() {
                        self.check_name(name, node);
                    }
                    return;
                }
                "Fn::GetAtt" => {
                    if let Some((name, _, _)) = attribute_of(&argument) {
                        self.check_resource(name, node);
                    }
                    return;
                }
                "Fn::Sub" => self.check_sub(&argument, node),
                "Condition" => return self.check_condition(&argument),
                "Fn::If" => {
                    if let Some(name) = argument.as_sequence().and_then(<[Node]>::first) {
                        self.check_condition(name);
                    }
                }
                _ => {}
            }
            return self.check(&argument);
        }
        match &node.value {
            Value::Sequence(items) => items.iter().for_each(|item| self.check(item)),
            Value::Mapping(mapping) => mapping.iter().for_each(|entry| self.check(&entry.value)),
            Value::Scalar(_) => {}
        }
    }

    fn check_sub(&mut self, argument: &Node, at: &Node) {
        let nothing = Mapping::default();
        let (text, variables) = match argument.as_sequence() {
            Some([text, variables]) => (text.as_text(), variables.as_mapping()),
            _ => (argument.as_text(), None),
        };
        let variables = variables.unwrap_or(&nothing);
        for piece in pieces(text.unwrap_or_default()) {
            match piece {
                Piece::Variable(name) if variables.get(name).is_none() => {
                    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:".contains(c);
                    match name.split_once('.') {
                        // What is no name at all is said where it is evaluated.
                        _ if !name.chars().all(plain) || name.is_empty() => {}
                        Some((resource, _)) => self.check_resource(resource, at),
                        None => self.check_name(name, at),
                    }
                }
                _ => {}
            }
        }
    }

    fn check_name(&mut self, name: &str, at: &Node) {
        let known = self.parameters.get(name).is_some() || self.resources.get(name).is_some();
        if !known && self.pseudo(name, at).is_none() {
            self.unknown(name, at);
        }
    }

    fn check_resource(&mut self, name: &str, at: &Node) {
        if self.resources.get(name).is_none() {
            self.unknown(name, at);
        }
    }

    fn check_condition(&mut self, at: &Node) {
        if let Some(name) = at.as_text()
            && self.conditions.get(name).is_none()
        {
            self.unknown_condition(name, at);
        }
    }

    /// Reports a name that neither a parameter nor a resource has.
    pub(super) fn unknown(&mut self, name: &str, at: &Node) {
        let found = format!("`{name}`, which names nothing in this template");
        self.fail(at, found, "the name of a parameter or resource, or one such as `AWS::Region`");
    }

    /// Reports a condition that is not declared.
    pub(super) fn unknown_condition(&mut self, name: &str, at: &Node) {
        let found = format!("the condition `{name}`, which is not declared");
        self.fail(at, found, "a name in `Conditions`");
    }
}

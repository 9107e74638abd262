//! Templates of CloudFormation, of SAM, and those that the CDK synthesises.
//!
//! Functions are evaluated as far as resources of AWS IoT need them; everything else is looked at
//! for its name and for references that name nothing. Names that the service would make up are
//! made up here so that they are the same each time:
//!
//! - a resource without a name has its logical id as name, where the service would write
//!   `<stack>_<logicalId>_<hash>` or the like;
//! - a certificate's id is the hash of stack and logical id.
//!
//! `DependsOn`, `Metadata`, `Rules`, `Outputs`, `DeletionPolicy` and the like change no value and
//! are not read, but for the references in `Outputs`. A resource whose `Condition` is false is
//! left out.
//!
//! # Source
//! AWS CloudFormation user guide, "Template reference"; AWS SAM developer guide, "IoTRule".

mod check;
mod conditions;
mod iot;
mod parameters;
mod resources;

mod sam;

pub(super) use iot::SUPPORTED;
pub(super) use resources::{kinds, made_up_id};

use super::intrinsics::{Broken, Budget, Intrinsics, Outcome, attribute_of, quoted};
use crate::deployment::{Builder, Deployment, Origin, OtherResource, Settings};
use crate::problem::Problem;
use crate::yaml::{Mapping, Node, Style, Value};
use std::collections::BTreeMap;

/// The functions of values, as messages list them.
pub(super) const FUNCTIONS: &str = "one of `Ref`, `Fn::Sub`, `Fn::GetAtt`, `Fn::Join`, \
    `Fn::Select`, `Fn::Split`, `Fn::FindInMap`, `Fn::If`, `Fn::ImportValue`, `Fn::Base64`, \
    `Fn::GetAZs`, `Fn::Length`, `Fn::ToJsonString`";

/// Reads a template.
pub(super) fn read(file: &str, root: &Node, builder: &mut Builder<'_>) {
    let nothing = Mapping::default();
    let section = |name: &str| root.get(name).and_then(Node::as_mapping).unwrap_or(&nothing);
    let mut stack = Stack {
        file,
        root,
        resources: section("Resources"),
        parameters: section("Parameters"),
        mappings: section("Mappings"),
        conditions: section("Conditions"),
        transforms: transforms(root),
        builder,
        budget: Budget::default(),
        names: BTreeMap::new(),
        decided: BTreeMap::new(),
        visiting: Vec::new(),
        origin: Origin { file: file.to_owned(), line: root.line, logical_id: None },
    };
    stack.read();
}

/// A template while it is read.
struct Stack<'n, 'b, 's> {
    file: &'n str,
    root: &'n Node,
    resources: &'n Mapping,
    parameters: &'n Mapping,
    mappings: &'n Mapping,
    conditions: &'n Mapping,
    transforms: Vec<String>,
    builder: &'b mut Builder<'s>,
    budget: Budget,
    /// Names of resources that were evaluated.
    names: BTreeMap<String, Result<String, Broken>>,
    /// Conditions that were evaluated.
    decided: BTreeMap<String, Result<bool, Broken>>,
    /// Resources and conditions that are being evaluated, to refuse those that need themselves.
    visiting: Vec<String>,
    /// What is being read, for messages.
    origin: Origin,
}

impl<'n> Stack<'n, '_, '_> {
    fn read(&mut self) {
        self.check_shape();
        self.declare_parameters();
        if self.transforms.is_empty() {
            self.check_references();
        }
        for transform in self.transforms.clone() {
            if ![SERVERLESS, LANGUAGE_EXTENSIONS].contains(&transform.as_str()) {
                let text = format!("the transform `{transform}` is not applied");
                self.builder.note(&self.origin.clone(), text);
            }
        }
        for entry in self.resources {
            self.origin = Origin {
                file: self.file.to_owned(),
                line: entry.line,
                logical_id: Some(entry.key.clone()),
            };
            let Some(kind) = entry.value.get("Type").and_then(Node::as_text) else {
                self.fail(&entry.value, "no `Type`".to_owned(), "a resource with its type");
                continue;
            };
            match self.is_there(&entry.key, &entry.value) {
                Ok(true) => self.resource(&entry.key, kind, &entry.value),
                Ok(false) => {
                    let condition = entry.value.get("Condition").and_then(Node::as_text);
                    let condition = condition.unwrap_or_default();
                    let text = format!("left out, since the condition `{condition}` is false");
                    self.builder.note(&self.origin.clone(), text);
                }
                Err(Broken) => {}
            }
        }
    }

    fn check_shape(&mut self) {
        for name in ["Resources", "Parameters", "Mappings", "Conditions", "Globals", "Outputs"] {
            let node = self.root.get(name).filter(|node| !node.is_null());
            if let Some(node) = node.filter(|node| node.as_mapping().is_none()) {
                self.fail(node, format!("{} as `{name}`", node.kind()), "a mapping by name");
            }
        }
        if self.resources.is_empty() {
            self.fail(self.root, "no `Resources`".to_owned(), "at least one resource");
        }
    }

    fn resource(&mut self, id: &str, kind: &str, node: &'n Node) {
        let origin = self.origin.clone();
        if kind.starts_with("AWS::IoT::") {
            if !self.iot(id, kind, node) {
                self.builder.note(&origin, format!("`{kind}` is not supported and not evaluated"));
                self.other(id, kind, node);
            }
            return;
        }
        if kind.starts_with("AWS::Serverless::") && !self.is_serverless() {
            let expected = "`Transform: AWS::Serverless-2016-10-31` at the top of the template";
            self.fail(node, format!("`{kind}` in a template that is not SAM's"), expected);
        }
        if kind == "AWS::CloudFormation::Stack" {
            let text = "a nested stack is not read: rules and policies in it are missing here; \
                        name its template as well";
            self.builder.note(&origin, text);
        }
        self.table(id, kind, node);
        self.other(id, kind, node);
        if kind == "AWS::Serverless::Function" {
            self.events(id, node);
        }
    }

    /// Lists a resource. Its name is only for reading, so that one that cannot be known is the
    /// logical id.
    fn other(&mut self, id: &str, kind: &str, node: &Node) {
        let problems = self.builder.problems.len();
        let name = self.name_of(id, kind, node).unwrap_or_else(|Broken| id.to_owned());
        self.builder.problems.truncate(problems);
        self.names.remove(id);
        let origin = self.origin.clone();
        let other = OtherResource { kind: kind.to_owned(), name, origin };
        self.builder.deployment.others.push(other);
    }

    fn is_serverless(&self) -> bool {
        self.transforms.iter().any(|transform| transform == SERVERLESS)
    }

    /// Whether a resource's condition holds.
    fn is_there(&mut self, _id: &str, node: &Node) -> Result<bool, Broken> {
        match node.get("Condition") {
            None => Ok(true),
            Some(condition) => match condition.as_text() {
                Some(name) => self.condition(name, condition),
                None => {
                    self.fail(condition, condition.kind(), "the name of a condition");
                    Err(Broken)
                }
            },
        }
    }

    /// Runs with `key` marked as being evaluated; a `key` that needs itself is a problem.
    fn once<T>(
        &mut self,
        key: String,
        at: &Node,
        evaluate: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        if self.visiting.contains(&key) || self.visiting.len() >= CHAIN_MAX {
            let chain = self.visiting.join(" -> ");
            let found = format!("`{key}` needs itself: {chain} -> {key}");
            self.fail(at, found, "references without a circle");
            return Err(Broken);
        }
        self.visiting.push(key);
        let result = evaluate(self);
        self.visiting.pop();
        result
    }
}

impl Intrinsics for Stack<'_, '_, '_> {
    fn fail(&mut self, at: &Node, found: String, expected: &str) -> Outcome {
        let subject = self.origin.logical_id.clone().unwrap_or_default();
        let problem = Problem::of_file(self.file, found, expected).about(subject);
        let problem = problem.at(at.line, at.column);
        // The same place is met by each reference to it.
        let many = self.builder.problems.len() >= PROBLEMS_MAX;
        if !many && !self.builder.problems.contains(&problem) {
            self.builder.problems.push(problem);
        }
        Outcome::Broken
    }

    fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    fn reference(&mut self, name: &str, at: &Node) -> Outcome {
        if let Some(outcome) = self.pseudo(name, at) {
            return outcome;
        }
        if let Some(parameter) = self.parameters.get(name) {
            return self.parameter(name, parameter, at);
        }
        match self.resources.get(name) {
            Some(resource) => self.resource_reference(name, resource, at),
            None => self.generated(name, at),
        }
    }

    fn attribute(&mut self, name: &str, attribute: &str, at: &Node) -> Outcome {
        match self.resources.get(name) {
            Some(resource) => self.resource_attribute(name, resource, attribute, at),
            None => self.generated(name, at),
        }
    }

    fn map_entry(&mut self, map: &str, key: &str, name: &str) -> Option<Node> {
        self.mappings.get(map)?.get(key)?.get(name).cloned()
    }

    fn further(&mut self, function: &str, argument: &Node, at: &Node) -> Option<Outcome> {
        Some(match function {
            "Fn::GetAtt" => match attribute_of(argument) {
                Some((name, place, attribute)) if attribute.is_empty() => match self.text(place) {
                    Ok(attribute) => self.attribute(name, &attribute, at),
                    Err(Broken) => Outcome::Broken,
                },
                Some((name, _, attribute)) => self.attribute(name, &attribute, at),
                None => {
                    let expected = "`LogicalId.Attribute`, or a list of both, after `Fn::GetAtt`";
                    self.fail(argument, argument.kind(), expected)
                }
            },
            "Fn::If" => self.choose(argument),
            "Fn::ImportValue" => match self.text(argument) {
                Ok(name) => self.import(&name, at),
                Err(Broken) => Outcome::Broken,
            },
            "Fn::Base64" => match self.text(argument) {
                Ok(text) if self.spend(at, text.len() * 2) => {
                    Outcome::Value(quoted(at, base64(text.as_bytes())))
                }
                _ => Outcome::Broken,
            },
            "Fn::GetAZs" => {
                let region = self.text(argument).unwrap_or_default();
                let region =
                    if region.is_empty() { self.settings().region.clone() } else { region };
                let zones = ["a", "b", "c"].map(|zone| quoted(at, format!("{region}{zone}")));
                Outcome::Value(sequence(at, zones.to_vec()))
            }
            "Fn::Length" => match self.list(argument) {
                Ok(items) => {
                    let count = items.len().to_string();
                    Outcome::Value(Node::scalar(count, Style::Plain, at.line, at.column))
                }
                Err(Broken) => Outcome::Broken,
            },
            "Fn::ToJsonString" => match self.evaluate(argument) {
                Outcome::Value(value) => match value.to_json_text(self.file) {
                    Ok(text) => Outcome::Value(quoted(at, text)),
                    Err(problem) => {
                        self.builder.problems.push(problem);
                        Outcome::Broken
                    }
                },
                outcome => outcome,
            },
            _ => return None,
        })
    }

    fn known(&self) -> &'static str {
        FUNCTIONS
    }
}

impl Stack<'_, '_, '_> {
    fn settings(&self) -> &Settings {
        self.builder.settings
    }

    /// What an export of another stack is: nobody here can know.
    fn import(&mut self, name: &str, at: &Node) -> Outcome {
        self.builder.parameters.insert(name.to_owned());
        match self.settings().parameters.get(name) {
            Some(value) => Outcome::Value(quoted(at, value.clone())),
            None => {
                let found = format!("the import `{name}`, whose value is in another stack");
                let expected = format!("its value among the parameters: `{name}=VALUE`");
                self.fail(at, found, &expected)
            }
        }
    }

    fn partition(&self) -> &'static str {
        match self.settings().region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.settings().region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    fn pseudo(&mut self, name: &str, at: &Node) -> Option<Outcome> {
        let settings = self.settings();
        let text = match name {
            "AWS::Region" => settings.region.clone(),
            "AWS::AccountId" => settings.account.clone(),
            "AWS::Partition" => self.partition().to_owned(),
            "AWS::StackName" => settings.stack.clone(),
            "AWS::StackId" => format!(
                "arn:{}:cloudformation:{}:{}:stack/{}/00000000-0000-0000-0000-000000000000",
                self.partition(),
                settings.region,
                settings.account,
                settings.stack
            ),
            "AWS::URLSuffix" if self.partition() == "aws-cn" => "amazonaws.com.cn".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::NotificationARNs" => return Some(Outcome::Value(sequence(at, Vec::new()))),
            "AWS::NoValue" => return Some(Outcome::Absent),
            _ => return None,
        };
        Some(Outcome::Value(quoted(at, text)))
    }
}

/// The transforms that a template names.
fn transforms(root: &Node) -> Vec<String> {
    let Some(node) = root.get("Transform") else { return Vec::new() };
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    let name =
        |item: &Node| item.as_text().or_else(|| item.get("Name")?.as_text()).map(str::to_owned);
    items.iter().map(|item| name(item).unwrap_or_else(|| item.kind())).collect()
}

fn sequence(at: &Node, items: Vec<Node>) -> Node {
    Node { line: at.line, column: at.column, tag: None, value: Value::Sequence(items) }
}

/// Standard base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

const SERVERLESS: &str = "AWS::Serverless-2016-10-31";
const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// Problems of one run after which a template's further ones are not kept.
const PROBLEMS_MAX: usize = 1000;

/// References one inside the other that are followed.
const CHAIN_MAX: usize = 64;

/// Reads `bytes` as a template: never panics, whatever they are. The body of a fuzz target.
pub fn fuzz(bytes: &[u8]) -> Result<Deployment, Vec<Problem>> {
    let text = String::from_utf8_lossy(bytes);
    Deployment::read("fuzz.yaml", &text, &Settings::default())
}

#[cfg(test)]
mod tests;

//! Values that a plan does not know yet.

use super::super::cloudformation::made_up_id;
use super::super::intrinsics::quoted;
use crate::deployment::Settings;
use crate::yaml::{Entry, Mapping, Node, Value};
use std::collections::BTreeMap;

/// Which values are unknown, what they refer to, and the resources by address.
pub(super) struct Unknown<'n> {
    /// `after_unknown` by address.
    changes: BTreeMap<&'n str, &'n Node>,
    /// `expressions` by address, of the root module: those of others refer to variables.
    expressions: BTreeMap<&'n str, &'n Node>,
    /// Type and values by address.
    resources: BTreeMap<&'n str, (&'n str, &'n Node)>,
}

/// The id of a certificate that will be made.
pub(super) fn certificate_id(address: &str) -> String {
    made_up_id(address)
}

impl<'n> Unknown<'n> {
    pub(super) fn new(root: &'n Node, planned: &[&'n Node]) -> Self {
        let list = |node: Option<&'n Node>| node.and_then(Node::as_sequence).unwrap_or_default();
        let address = |node: &'n Node| node.get("address").and_then(Node::as_text);
        let changes = list(root.get("resource_changes")).iter().filter_map(|change| {
            Some((address(change)?, change.get("change")?.get("after_unknown")?))
        });
        let configured = root.get("configuration").and_then(|node| node.get("root_module"));
        let configured = list(configured.and_then(|module| module.get("resources")));
        let expressions =
            configured.iter().filter_map(|one| Some((address(one)?, one.get("expressions")?)));
        let resources = planned.iter().filter_map(|one| {
            Some((address(one)?, (one.get("type")?.as_text()?, one.get("values")?)))
        });
        Self {
            changes: changes.collect(),
            expressions: expressions.collect(),
            resources: resources.collect(),
        }
    }

    /// The values of a resource with those that are unknown made up, and the paths of these.
    ///
    /// Only texts that a rule or an attachment needs are made up: an unknown `id` is nobody's
    /// business.
    pub(super) fn complete(
        &self,
        kind: &str,
        address: &str,
        resource: &Node,
        settings: &Settings,
    ) -> (Node, Vec<String>) {
        let empty = Node { value: Value::Mapping(Mapping::default()), ..resource.clone() };
        let values = resource.get("values").unwrap_or(&empty);
        let Some(after) = self.changes.get(address) else { return (values.clone(), Vec::new()) };
        // The configuration has no indices: one entry stands for all of `count` and `for_each`.
        let plain = address.split('[').next().unwrap_or(address);
        let expressions = self.expressions.get(plain).copied();
        let mut filler = Filler { unknown: self, settings, address, made_up: Vec::new() };
        let wanted = |key: &str| match kind {
            "aws_iot_topic_rule" => !matches!(key, "arn" | "id" | "tags_all" | "tags" | "region"),
            "aws_iot_policy_attachment" => matches!(key, "policy" | "target"),
            "aws_iot_thing_principal_attachment" => matches!(key, "thing" | "principal"),
            "aws_iot_thing_group_membership" => matches!(key, "thing_name" | "thing_group_name"),
            "aws_iot_thing" => matches!(key, "name" | "thing_type_name"),
            "aws_iot_thing_group" => matches!(key, "name" | "parent_group_name"),
            _ => false,
        };
        let mut entries: Vec<Entry> = values.as_mapping().into_iter().flatten().cloned().collect();
        for unknown in after.as_mapping().into_iter().flatten() {
            if !wanted(&unknown.key) {
                continue;
            }
            let known = values.get(&unknown.key);
            let expression = expressions.and_then(|node| node.get(&unknown.key));
            let value = filler.fill(&unknown.key, &unknown.value, known, expression, values);
            if let Some(value) = value {
                entries.retain(|entry| entry.key != unknown.key);
                entries.push(Entry { value, ..unknown.clone() });
            }
        }
        let value = Value::Mapping(entries.into_iter().collect());
        (Node { value, ..values.clone() }, filler.made_up)
    }
}

/// Makes up the unknown values of one resource.
struct Filler<'u, 'n> {
    unknown: &'u Unknown<'n>,
    settings: &'u Settings,
    address: &'u str,
    made_up: Vec<String>,
}

impl Filler<'_, '_> {
    /// The value with what is `true` in `after` made up; `None` if nothing of it is unknown.
    fn fill(
        &mut self,
        path: &str,
        after: &Node,
        known: Option<&Node>,
        expression: Option<&Node>,
        at: &Node,
    ) -> Option<Node> {
        match &after.value {
            Value::Scalar(_) if after.as_bool() == Some(true) => {
                self.made_up.push(path.to_owned());
                let field = path.rsplit('.').next().unwrap_or(path);
                Some(quoted(known.unwrap_or(at), self.make_up(field, expression)))
            }
            Value::Scalar(_) => None,
            Value::Sequence(items) => {
                let mut list = known?.as_sequence()?.to_vec();
                let mut filled = false;
                for (i, item) in items.iter().enumerate().take(list.len()) {
                    let expression = expression
                        .and_then(|node| node.as_sequence().map_or(Some(node), |list| list.get(i)));
                    let value = self.fill(path, item, Some(&list[i]), expression, at);
                    filled |= value.is_some();
                    value.into_iter().for_each(|value| list[i] = value);
                }
                filled.then(|| Node { value: Value::Sequence(list), ..known.unwrap_or(at).clone() })
            }
            Value::Mapping(mapping) => {
                let known = known?;
                let mut entries: Vec<Entry> = known.as_mapping()?.iter().cloned().collect();
                let mut filled = false;
                for unknown in mapping {
                    let inner = format!("{path}.{}", unknown.key);
                    let expression = expression.and_then(|node| node.get(&unknown.key));
                    let before = known.get(&unknown.key);
                    if let Some(value) =
                        self.fill(&inner, &unknown.value, before, expression, known)
                    {
                        filled = true;
                        entries.retain(|entry| entry.key != unknown.key);
                        entries.push(Entry { value, ..unknown.clone() });
                    }
                }
                let value = Value::Mapping(entries.into_iter().collect());
                filled.then(|| Node { value, ..known.clone() })
            }
        }
    }

    /// A text for a field, from what it refers to, or else from what such fields hold.
    fn make_up(&self, field: &str, expression: Option<&Node>) -> String {
        let references = expression.and_then(|node| node.get("references")?.as_sequence());
        for reference in references.unwrap_or_default().iter().filter_map(Node::as_text) {
            let mut steps = reference.split('.');
            let (Some(kind), Some(name), Some(attribute)) =
                (steps.next(), steps.next(), steps.next())
            else {
                continue;
            };
            let address = format!("{kind}.{name}");
            let Some((kind, values)) = self.unknown.resources.get(address.as_str()) else {
                continue;
            };
            if let Some(text) = values.get(attribute).and_then(Node::as_written) {
                return text.to_owned();
            }
            if let Some(text) = self.attribute(kind, &address, values, attribute) {
                return text;
            }
        }
        let kind = match field {
            "role_arn" => "aws_iam_role",
            "function_arn" => "aws_lambda_function",
            "target_arn" => "aws_sns_topic",
            "queue_url" => "aws_sqs_queue",
            "destination_arn" => "aws_iot_topic_rule_destination",
            "target" | "principal" => "aws_iot_certificate",
            _ => return "known-after-apply".to_owned(),
        };
        let attribute = if field == "queue_url" { "url" } else { "arn" };
        let nothing = quoted(&Node::scalar("", yaml_style(), 0, 0), "");
        self.attribute(kind, self.address, &nothing, attribute).unwrap_or_default()
    }

    /// What an attribute of a planned resource will be, made from its name.
    fn attribute(
        &self,
        kind: &str,
        address: &str,
        values: &Node,
        attribute: &str,
    ) -> Option<String> {
        let Settings { region, account, .. } = self.settings;
        let plain: String = address
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' })
            .collect();
        let named = values.get("name").or_else(|| values.get("function_name"));
        let named = named.or_else(|| values.get("bucket")).and_then(Node::as_written);
        let name = named.unwrap_or(&plain);
        let certificate = certificate_id(address);
        Some(match (kind, attribute) {
            ("aws_iot_certificate", "arn") => {
                format!("arn:aws:iot:{region}:{account}:cert/{certificate}")
            }
            ("aws_iot_certificate", _) => certificate,
            ("aws_iot_thing_group", "arn") => {
                format!("arn:aws:iot:{region}:{account}:thinggroup/{name}")
            }
            ("aws_iot_topic_rule_destination", _) => {
                format!("arn:aws:iot:{region}:{account}:ruledestination/vpc/{name}")
            }
            ("aws_iam_role", "arn") => format!("arn:aws:iam::{account}:role/{name}"),
            ("aws_lambda_function" | "aws_lambda_alias", "arn" | "qualified_arn") => {
                format!("arn:aws:lambda:{region}:{account}:function:{name}")
            }
            ("aws_sqs_queue", "url" | "id") => {
                format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
            }
            ("aws_sqs_queue", "arn") => format!("arn:aws:sqs:{region}:{account}:{name}"),
            ("aws_sns_topic", "arn" | "id") => format!("arn:aws:sns:{region}:{account}:{name}"),
            (_, "id" | "name" | "bucket" | "function_name") => name.to_owned(),
            _ => return None,
        })
    }
}

/// The style of a text that was never written.
const fn yaml_style() -> crate::yaml::Style {
    crate::yaml::Style::Quoted
}

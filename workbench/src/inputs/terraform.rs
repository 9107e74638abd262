//! A plan or state of Terraform, as `terraform show -json` prints it.
//!
//! Values that are only known after `apply` are missing in a plan. Where the plan's configuration
//! says what they refer to, they are made from the name of that resource; else they are made up.
//! Either way a note says so. A policy whose text is not known is named in a note and left out.
//!
//! # Source
//! Terraform, "JSON Output Format"; Terraform AWS provider, resources `aws_iot_*`.

mod unknown;

use super::{names, provisioning::ProvisioningTemplate};
use crate::deployment::{Builder, DeployedTable, Origin, OtherResource};
use crate::yaml::{self, Node};
use unknown::Unknown;

/// Reads a plan.
pub(super) fn read(file: &str, root: &Node, builder: &mut Builder<'_>) {
    let values = root.get("planned_values").or_else(|| root.get("values"));
    let Some(module) = values.and_then(|values| values.get("root_module")) else {
        let origin = Origin { file: file.to_owned(), line: root.line, logical_id: None };
        let expected = "`planned_values.root_module`, as `terraform show -json` prints it";
        return builder.problem(&origin, root, "a plan without planned values", expected);
    };
    let mut resources = Vec::new();
    collect(module, 0, &mut resources);
    let unknown = Unknown::new(root, &resources);
    for resource in &resources {
        let text = |key: &str| resource.get(key).and_then(Node::as_text);
        let (Some(kind), Some(address)) = (text("type"), text("address")) else {
            let origin = Origin { file: file.to_owned(), line: resource.line, logical_id: None };
            builder.problem(&origin, resource, "a resource without type or address", "both");
            continue;
        };
        if text("mode") == Some("data") {
            continue;
        }
        let origin = Origin {
            file: file.to_owned(),
            line: resource.line,
            logical_id: Some(address.to_owned()),
        };
        let (values, made_up) = unknown.complete(kind, address, resource, builder.settings);
        for path in made_up {
            builder.note(&origin, format!("`{path}` is known after apply only: it is made up"));
        }
        Resource { kind, address, values: &values, origin }.add(builder);
    }
}

/// The resources of a module and of those in it.
fn collect<'n>(module: &'n Node, depth: usize, resources: &mut Vec<&'n Node>) {
    let list = |key: &str| module.get(key).and_then(Node::as_sequence).unwrap_or_default();
    resources.extend(list("resources"));
    if depth < MODULES_DEEP_MAX {
        list("child_modules").iter().for_each(|child| collect(child, depth + 1, resources));
    }
}

/// Modules inside each other that are looked into; the reader's own bound on nesting is lower.
const MODULES_DEEP_MAX: usize = 64;

/// A resource with its values.
struct Resource<'n> {
    kind: &'n str,
    address: &'n str,
    values: &'n Node,
    origin: Origin,
}

impl Resource<'_> {
    fn add(&self, builder: &mut Builder<'_>) {
        let at = self.values;
        let origin = self.origin.clone();
        match self.kind {
            "aws_iot_topic_rule" => {
                let Some(name) = self.required("name", builder) else { return };
                builder.rule(&name, &names::from_terraform(self.values), origin);
            }
            "aws_iot_policy" => {
                let Some(name) = self.required("name", builder) else { return };
                match self.values.get("policy").filter(|node| !node.is_null()) {
                    Some(document) => builder.policy(&name, document, origin),
                    None => builder.note(
                        &origin,
                        format!("the policy `{name}` is left out: its text is known after apply"),
                    ),
                }
            }
            "aws_iot_thing" => {
                let Some(name) = self.required("name", builder) else { return };
                let attributes = self.values.get("attributes").filter(|node| !node.is_null());
                builder.thing(&name, self.text("thing_type_name"), attributes, at, origin);
            }
            "aws_iot_thing_type" => {
                let Some(name) = self.required("name", builder) else { return };
                let block = self.values.get("properties").and_then(first);
                let list =
                    block.and_then(|block| block.get("searchable_attributes")?.as_sequence());
                let texts = list.unwrap_or_default().iter().filter_map(Node::as_text);
                builder.thing_type(&name, texts.map(str::to_owned).collect(), at, origin);
            }
            "aws_iot_thing_group" => {
                let Some(name) = self.required("name", builder) else { return };
                builder.group(&name, self.text("parent_group_name"), None, at, origin);
            }
            "aws_iot_certificate" => {
                let arn = self.text("arn").unwrap_or_default();
                let id = arn.rsplit_once(":cert/").map(|(_, id)| id.to_owned());
                let id = id.unwrap_or_else(|| unknown::certificate_id(self.address));
                let active = self.text("active").as_deref() == Some("true");
                let status = if active { "ACTIVE" } else { "INACTIVE" };
                builder.certificate(id, status, at, origin);
            }
            _ => self.add_attachment(builder),
        }
    }

    fn add_attachment(&self, builder: &mut Builder<'_>) {
        let origin = self.origin.clone();
        match self.kind {
            "aws_iot_policy_attachment" => {
                let policy = self.required("policy", builder);
                let target = self.required("target", builder);
                if let (Some(policy), Some(target)) = (policy, target) {
                    builder.attach_policy(policy, &target, origin);
                }
            }
            "aws_iot_thing_principal_attachment" => {
                let thing = self.required("thing", builder);
                let principal = self.required("principal", builder);
                if let (Some(thing), Some(principal)) = (thing, principal) {
                    builder.attach_thing(thing, &principal, origin);
                }
            }
            "aws_iot_thing_group_membership" => {
                let thing = self.required("thing_name", builder);
                let group = self.required("thing_group_name", builder);
                if let (Some(thing), Some(group)) = (thing, group) {
                    builder.memberships.push((thing, group, origin));
                }
            }
            "aws_iot_provisioning_template" => {
                let Some(name) = self.required("name", builder) else { return };
                let Some(body) = self.required("template_body", builder) else { return };
                let file = format!("{origin}, `template_body`");
                let parsed = yaml::parse(&file, &body)
                    .and_then(|root| ProvisioningTemplate::parse(&file, &root));
                match parsed {
                    Ok(body) => builder.template(&name, body, self.values, origin),
                    Err(problems) => builder.problems.extend(problems),
                }
            }
            kind => {
                if kind.starts_with("aws_iot_") {
                    let text = format!("`{kind}` is not supported and not evaluated");
                    builder.note(&origin, text);
                }
                self.add_other(builder);
            }
        }
    }

    fn add_other(&self, builder: &mut Builder<'_>) {
        let origin = self.origin.clone();
        let name = self.text("name").or_else(|| self.text("function_name"));
        let name = name.unwrap_or_else(|| self.address.to_owned());
        if self.kind == "aws_dynamodb_table"
            && let Some(hash_key) = self.text("hash_key")
        {
            let (name, range_key) = (name.clone(), self.text("range_key"));
            let table = DeployedTable { name, hash_key, range_key, origin: origin.clone() };
            builder.deployment.tables.push(table);
        }
        let kind = self.kind.to_owned();
        builder.deployment.others.push(OtherResource { kind, name, origin });
    }

    fn text(&self, key: &str) -> Option<String> {
        self.values.get(key).and_then(Node::as_written).map(str::to_owned)
    }

    fn required(&self, key: &str, builder: &mut Builder<'_>) -> Option<String> {
        let text = self.text(key);
        if text.is_none() {
            builder.problem(&self.origin, self.values, format!("no `{key}`"), "this value");
        }
        text
    }
}

/// The block, of one that comes once and is therefore a list of one.
fn first(node: &Node) -> Option<&Node> {
    node.as_sequence().map_or(Some(node), <[Node]>::first)
}

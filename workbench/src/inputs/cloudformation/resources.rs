//! What `Ref` and `Fn::GetAtt` give for resources: names, ids and ARNs.
//!
//! An attribute that only the service can know (an output of a nested stack, of a custom resource)
//! must be given among the parameters as `LogicalId.Attribute`; any other may be.
//!
//! # Source
//! AWS CloudFormation user guide, "Return values" of each resource type.

use super::super::intrinsics::{Broken, Intrinsics, Outcome, quoted};
use super::Stack;
use crate::deployment::{DeployedTable, Origin};
use crate::yaml::{Mapping, Node, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What is known of a type: the property with its name, what `Ref` gives, and its attributes.
struct Kind {
    kind: &'static str,
    name: &'static str,
    reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
}

impl Stack<'_, '_, '_> {
    pub(super) fn resource_reference(&mut self, id: &str, node: &Node, at: &Node) -> Outcome {
        let Some(kind) = self.referred(id, node, at) else { return Outcome::Broken };
        let Ok(name) = self.name_of(id, &kind, node) else { return Outcome::Broken };
        let form = known(&kind).map_or("{name}", |known| known.reference);
        Outcome::Value(quoted(at, self.fill(form, &name)))
    }

    pub(super) fn resource_attribute(
        &mut self,
        id: &str,
        node: &Node,
        attribute: &str,
        at: &Node,
    ) -> Outcome {
        let key = format!("{id}.{attribute}");
        self.builder.parameters.insert(key.clone());
        if let Some(value) = self.settings().parameters.get(&key) {
            return Outcome::Value(quoted(at, value.clone()));
        }
        let Some(kind) = self.referred(id, node, at) else { return Outcome::Broken };
        if ["AWS::CloudFormation::", "Custom::"].iter().any(|start| kind.starts_with(start)) {
            let found = format!("`{key}`, which only a running stack knows");
            let expected = format!("its value among the parameters: `{key}=VALUE`");
            return self.fail(at, found, &expected);
        }
        let Ok(name) = self.name_of(id, &kind, node) else { return Outcome::Broken };
        let Some(known) = known(&kind) else {
            return Outcome::Value(self.made_up(id, &kind, &name, attribute, at));
        };
        match known.attributes.iter().find(|(name, _)| *name == attribute) {
            Some((_, form)) => Outcome::Value(quoted(at, self.fill(form, &name))),
            None => {
                let names: Vec<_> =
                    known.attributes.iter().map(|(name, _)| format!("`{name}`")).collect();
                let expected =
                    format!("one of {}, or `{key}=VALUE` as parameter", names.join(", "));
                self.fail(
                    at,
                    format!("the attribute `{attribute}` of `{id}` (`{kind}`)"),
                    &expected,
                )
            }
        }
    }

    /// What a transform may add: SAM makes roles, versions and APIs that templates refer to.
    pub(super) fn generated(&mut self, name: &str, at: &Node) -> Outcome {
        let mut owners = self.resources.iter().filter(|entry| {
            let kind = entry.value.get("Type").and_then(Node::as_text).unwrap_or_default();
            kind.starts_with("AWS::Serverless::")
        });
        let made = self.is_serverless()
            && (owners.any(|owner| name.starts_with(&owner.key)) || name.starts_with("Serverless"));
        if !made {
            self.unknown(name, at);
            return Outcome::Broken;
        }
        let origin = self.origin.clone();
        self.builder.note(&origin, format!("`{name}` is made by SAM: its value is made up"));
        let form = if name.ends_with("Role") { ROLE_ARN } else { "{name}" };
        Outcome::Value(quoted(at, self.fill(form, name)))
    }

    /// The type of a resource that is there, while something refers to it.
    fn referred(&mut self, id: &str, node: &Node, at: &Node) -> Option<String> {
        let Some(kind) = node.get("Type").and_then(Node::as_text) else {
            // Said where the resource is read.
            self.fail(node, "no `Type`".to_owned(), "a resource with its type");
            return None;
        };
        match self.is_there(id, node) {
            Ok(true) => Some(kind.to_owned()),
            Ok(false) => {
                let found = format!("`{id}`, which its condition leaves out");
                self.fail(at, found, "a resource that is there, or `Fn::If`");
                None
            }
            Err(Broken) => None,
        }
    }

    /// The name of a resource: its property, or the logical id.
    pub(super) fn name_of(&mut self, id: &str, kind: &str, node: &Node) -> Result<String, Broken> {
        if let Some(name) = self.names.get(id) {
            return name.clone();
        }
        let property = known(kind).map_or("Name", |known| known.name);
        let given = node.get("Properties").and_then(|properties| properties.get(property));
        let name = match given {
            Some(given) if !property.is_empty() => {
                self.once(id.to_owned(), given, |stack| match stack.evaluate(given) {
                    Outcome::Absent => Ok(id.to_owned()),
                    Outcome::Broken => Err(Broken),
                    Outcome::Value(value) => match value.as_written() {
                        Some(text) => Ok(text.to_owned()),
                        None => {
                            stack.fail(given, value.kind(), "a name");
                            Err(Broken)
                        }
                    },
                })
            }
            _ if kind == "AWS::IoT::Certificate" => Ok(self.certificate_id(id)),
            _ => Ok(id.to_owned()),
        };
        self.names.insert(id.to_owned(), name.clone());
        name
    }

    /// 64 hexadecimal digits, as the service's ids have, that are the same each time.
    fn certificate_id(&self, id: &str) -> String {
        made_up_id(&format!("{}/{id}", self.settings().stack))
    }

    fn fill(&self, form: &str, name: &str) -> String {
        let settings = self.settings();
        form.replace("{partition}", self.partition())
            .replace("{region}", &settings.region)
            .replace("{account}", &settings.account)
            // Last, since a name may hold anything.
            .replace("{name}", name)
    }

    /// An attribute of a type that is not known.
    fn made_up(&mut self, id: &str, kind: &str, name: &str, attribute: &str, at: &Node) -> Node {
        let origin = self.origin.clone();
        let text = format!("`{id}.{attribute}` (`{kind}`) is made up");
        self.builder.note(&origin, text);
        let service = kind.split("::").nth(1).unwrap_or("other").to_lowercase();
        match attribute.ends_with("Arn") {
            true => {
                let place = "{region}:{account}:{name}";
                let form = format!("arn:{{partition}}:{service}:{place}");
                quoted(at, self.fill(&form, name))
            }
            false => quoted(at, format!("{name}.{attribute}")),
        }
    }

    /// Adds a DynamoDB table with its keys.
    pub(super) fn table(&mut self, id: &str, kind: &str, node: &Node) {
        let keys = match kind {
            "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" => self.key_schema(node),
            "AWS::Serverless::SimpleTable" => {
                let key = node.get("Properties").and_then(|p| p.get("PrimaryKey")?.get("Name"));
                match key.map(|key| self.text(key)) {
                    None => Some(("id".to_owned(), None)),
                    Some(Ok(name)) => Some((name, None)),
                    Some(Err(Broken)) => None,
                }
            }
            _ => None,
        };
        let Some((hash_key, range_key)) = keys else { return };
        if let Ok(name) = self.name_of(id, kind, node) {
            let origin: Origin = self.origin.clone();
            let table = DeployedTable { name, hash_key, range_key, origin };
            self.builder.deployment.tables.push(table);
        }
    }

    fn key_schema(&mut self, node: &Node) -> Option<(String, Option<String>)> {
        let Some(schema) = node.get("Properties").and_then(|p| p.get("KeySchema")) else {
            self.fail(node, "no `KeySchema`".to_owned(), "the table's keys");
            return None;
        };
        let (mut hash, mut range) = (None, None);
        for element in self.list(schema).ok()? {
            let field = |name: &str| element.get(name).and_then(Node::as_written);
            match (field("AttributeName"), field("KeyType")) {
                (Some(name), Some("HASH")) => hash = Some(name.to_owned()),
                (Some(name), Some("RANGE")) => range = Some(name.to_owned()),
                _ => {
                    let expected = "`AttributeName`, and `HASH` or `RANGE` as `KeyType`";
                    self.fail(&element, element.kind(), expected);
                    return None;
                }
            }
        }
        if hash.is_none() {
            self.fail(schema, "no hash key".to_owned(), "an element with `KeyType: HASH`");
        }
        Some((hash?, range))
    }
}

/// 64 hexadecimal digits that depend on `seed` alone.
pub(in crate::inputs) fn made_up_id(seed: &str) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(seed.as_bytes()) {
        // Writing to a text cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The properties of a resource as they stand, or an empty mapping.
pub(super) fn properties(resource: &Node) -> Node {
    let nothing = || Node { value: Value::Mapping(Mapping::default()), ..resource.clone() };
    resource.get("Properties").filter(|node| !node.is_null()).cloned().unwrap_or_else(nothing)
}

/// Types whose names and attributes are known, so that others may refer to them.
pub(in crate::inputs) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|known| known.kind)
}

fn known(kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|known| known.kind == kind)
}

const ROLE_ARN: &str = "arn:{partition}:iam::{account}:role/{name}";

macro_rules! arn {
    ($service:literal, $resource:literal) => {
        concat!("arn:{partition}:", $service, ":{region}:{account}:", $resource)
    };
}

macro_rules! kinds {
    ($($kind:literal, $name:literal, $reference:expr, [$($attribute:literal = $form:expr),*];)*)
    => {
        &[$(Kind {
            kind: $kind,
            name: $name,
            reference: $reference,
            attributes: &[$(($attribute, $form)),*],
        }),*]
    };
}

const KINDS: &[Kind] = kinds! {
    "AWS::IoT::TopicRule", "RuleName", "{name}", ["Arn" = arn!("iot", "rule/{name}")];
    "AWS::IoT::Policy", "PolicyName", "{name}",
        ["Arn" = arn!("iot", "policy/{name}"), "Id" = "{name}"];
    "AWS::IoT::Thing", "ThingName", "{name}",
        ["Arn" = arn!("iot", "thing/{name}"), "Id" = "{name}"];
    "AWS::IoT::ThingType", "ThingTypeName", "{name}",
        ["Arn" = arn!("iot", "thingtype/{name}"), "Id" = "{name}"];
    "AWS::IoT::ThingGroup", "ThingGroupName", "{name}",
        ["Arn" = arn!("iot", "thinggroup/{name}"), "Id" = "{name}"];
    "AWS::IoT::Certificate", "", "{name}",
        ["Arn" = arn!("iot", "cert/{name}"), "Id" = "{name}"];
    "AWS::IoT::ProvisioningTemplate", "TemplateName", "{name}",
        ["TemplateArn" = arn!("iot", "provisioningtemplate/{name}")];
    "AWS::IoT::PolicyPrincipalAttachment", "", "{name}", ["Id" = "{name}"];
    "AWS::IoT::ThingPrincipalAttachment", "", "{name}", ["Id" = "{name}"];
    "AWS::IoT::RoleAlias", "RoleAlias", "{name}",
        ["RoleAliasArn" = arn!("iot", "rolealias/{name}")];
    "AWS::IoT::TopicRuleDestination", "", arn!("iot", "ruledestination/http/{name}"),
        ["Arn" = arn!("iot", "ruledestination/http/{name}"), "StatusReason" = ""];
    "AWS::Lambda::Function", "FunctionName", "{name}",
        ["Arn" = arn!("lambda", "function:{name}")];
    "AWS::Serverless::Function", "FunctionName", "{name}",
        ["Arn" = arn!("lambda", "function:{name}")];
    "AWS::IAM::Role", "RoleName", "{name}", ["Arn" = ROLE_ARN, "RoleId" = "{name}"];
    "AWS::IAM::ManagedPolicy", "ManagedPolicyName", "arn:{partition}:iam::{account}:policy/{name}",
        ["PolicyArn" = "arn:{partition}:iam::{account}:policy/{name}"];
    "AWS::DynamoDB::Table", "TableName", "{name}",
        ["Arn" = arn!("dynamodb", "table/{name}"),
         "StreamArn" = arn!("dynamodb", "table/{name}/stream/2020-01-01T00:00:00.000")];
    "AWS::Serverless::SimpleTable", "TableName", "{name}",
        ["Arn" = arn!("dynamodb", "table/{name}")];
    "AWS::SQS::Queue", "QueueName", "https://sqs.{region}.amazonaws.com/{account}/{name}",
        ["Arn" = arn!("sqs", "{name}"), "QueueName" = "{name}",
         "QueueUrl" = "https://sqs.{region}.amazonaws.com/{account}/{name}"];
    "AWS::SNS::Topic", "TopicName", arn!("sns", "{name}"),
        ["TopicArn" = arn!("sns", "{name}"), "TopicName" = "{name}"];
    "AWS::S3::Bucket", "BucketName", "{name}",
        ["Arn" = "arn:{partition}:s3:::{name}", "DomainName" = "{name}.s3.amazonaws.com",
         "RegionalDomainName" = "{name}.s3.{region}.amazonaws.com"];
    "AWS::Kinesis::Stream", "Name", "{name}", ["Arn" = arn!("kinesis", "stream/{name}")];
    "AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", "{name}",
        ["Arn" = arn!("firehose", "deliverystream/{name}")];
    "AWS::Logs::LogGroup", "LogGroupName", "{name}",
        ["Arn" = arn!("logs", "log-group:{name}:*")];
    "AWS::CloudWatch::Alarm", "AlarmName", "{name}",
        ["Arn" = arn!("cloudwatch", "alarm:{name}")];
    "AWS::StepFunctions::StateMachine", "StateMachineName", arn!("states", "stateMachine:{name}"),
        ["Arn" = arn!("states", "stateMachine:{name}"), "Name" = "{name}"];
    "AWS::Serverless::StateMachine", "Name", arn!("states", "stateMachine:{name}"),
        ["Arn" = arn!("states", "stateMachine:{name}"), "Name" = "{name}"];
    "AWS::Timestream::Database", "DatabaseName", "{name}",
        ["Arn" = arn!("timestream", "database/{name}")];
    "AWS::Location::Tracker", "TrackerName", "{name}",
        ["Arn" = arn!("geo", "tracker/{name}"), "TrackerArn" = arn!("geo", "tracker/{name}")];
    "AWS::IoTEvents::Input", "InputName", "{name}", [];
    "AWS::OpenSearchService::Domain", "DomainName", "{name}",
        ["Arn" = arn!("es", "domain/{name}"), "DomainArn" = arn!("es", "domain/{name}"),
         "DomainEndpoint" = "search-{name}.{region}.es.amazonaws.com"];
    "AWS::KMS::Key", "", "{name}", ["Arn" = arn!("kms", "key/{name}"), "KeyId" = "{name}"];
    "AWS::SecretsManager::Secret", "Name", arn!("secretsmanager", "secret:{name}"),
        ["Id" = arn!("secretsmanager", "secret:{name}")];
};

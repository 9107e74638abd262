//! An action's fields with their templates compiled, and what a message makes of them.

use super::ActionFailure;
use crate::error::CloudError;
use crate::outputs::Outcome;
use crate::rule_spec::fields::{Field, FieldKind};
use crate::rule_spec::{compile_template, kinds};
use crate::{outputs::ActionKind, rule_spec::ActionSpec};
use fieldmirror_rules::context::Context;
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::rule::Rule;
use fieldmirror_rules::template::Template;
use fieldmirror_rules::value::{Object, Value};
use serde_json::{Map, Value as Json};

/// Fields that say how the service reaches the target, which is not part of what it sends: roles,
/// destinations, credentials, batching.
const NOT_SENT: [&str; 9] = [
    "roleArn",
    "clientProperties",
    "destinationArn",
    "token",
    "auth",
    "confirmationUrl",
    "enableBatching",
    "batchConfig",
    "channelArn",
];

/// What templates see: the message as it came, and the SET variables of the rule that fired.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) payload: &'a Value,
    pub(crate) context: &'a Context<'a>,
    pub(crate) variables: &'a [Value],
}

impl Seen<'_> {
    /// What a template makes of it.
    pub(crate) fn text(self, template: &Template) -> Result<String, RulesError> {
        template.render_with(self.payload, self.context, self.variables)
    }
}

/// The compiled fields of one action.
#[derive(Clone, Debug)]
pub(crate) struct Fields(Vec<(&'static str, Node)>);

#[derive(Clone, Debug)]
enum Node {
    Template { template: Template, path: String, required: bool },
    Fixed(Value),
    Object(Vec<(Box<str>, Self)>),
    List(Vec<Self>),
}

impl Fields {
    /// Compiles what is sent of an action at `place` (`actions[0]`).
    ///
    /// # Errors
    /// Every template that does not compile.
    pub(crate) fn compile(
        rule: &str,
        place: &str,
        statement: &Rule,
        action: &ActionSpec,
    ) -> Result<Self, CloudError> {
        let mut compiler = Compiler { rule, statement, problems: Vec::new() };
        let path = format!("{place}.{}", action.kind.name());
        let mut nodes = Vec::new();
        for field in kinds::fields(action.kind) {
            if let Some(value) = action.fields.get(field.name)
                && !NOT_SENT.contains(&field.name)
            {
                nodes.push((field.name, compiler.node(field, value, &path)));
            }
        }
        match compiler.problems {
            problems if problems.is_empty() => Ok(Self(nodes)),
            problems => Err(CloudError::of(problems)),
        }
    }

    /// Those of these names.
    pub(crate) fn only(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| names.contains(name)).cloned().collect())
    }

    /// What the message makes of them; a field that may be absent and that comes out empty is.
    ///
    /// # Errors
    /// [`Outcome::EmptyField`] if a field that must be there comes out empty, and
    /// [`Outcome::TemplateFailed`] if a service that a template asks fails.
    pub(crate) fn render(&self, seen: Seen<'_>) -> Result<Object, ActionFailure> {
        let mut object = Object::new();
        for (name, node) in &self.0 {
            match node.render(seen)? {
                Value::Undefined => {}
                value => object.insert(*name, value),
            }
        }
        Ok(object)
    }
}

impl Node {
    fn render(&self, seen: Seen<'_>) -> Result<Value, ActionFailure> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Template { template, path, required } => {
                let text = seen.text(template).map_err(|error| {
                    ActionFailure::new(Outcome::TemplateFailed, format!("`{path}`: {error}"))
                })?;
                match (text.is_empty(), required) {
                    (true, true) => {
                        let why = format!("the template of `{path}` gave nothing");
                        return Err(ActionFailure::new(Outcome::EmptyField, why));
                    }
                    (true, false) => Value::Undefined,
                    (false, _) => Value::from(text),
                }
            }
            Self::Object(entries) => {
                let mut object = Object::new();
                for (name, node) in entries {
                    match node.render(seen)? {
                        Value::Undefined => {}
                        value => object.insert(name.clone(), value),
                    }
                }
                Value::Object(object)
            }
            Self::List(nodes) => {
                let items = nodes.iter().map(|node| node.render(seen));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
        })
    }
}

struct Compiler<'a> {
    rule: &'a str,
    statement: &'a Rule,
    problems: Vec<CloudError>,
}

impl Compiler<'_> {
    fn node(&mut self, field: &'static Field, value: &Json, path: &str) -> Node {
        let path = format!("{path}.{}", field.name);
        match (field.kind, value) {
            (FieldKind::Text(..) | FieldKind::Word(_), Json::String(text))
                if field.takes_templates() =>
            {
                self.template(text, path, field.required)
            }
            (FieldKind::Object(fields), Json::Object(values)) => {
                Node::Object(self.object(fields, values, &path))
            }
            (FieldKind::List(fields, ..), Json::Array(items)) => {
                let object = |(i, item): (usize, &Json)| match item {
                    Json::Object(values) => {
                        Node::Object(self.object(fields, values, &format!("{path}[{i}]")))
                    }
                    other => Node::Fixed(fixed(other)),
                };
                Node::List(items.iter().enumerate().map(object).collect())
            }
            (FieldKind::Map(_), Json::Object(values)) if field.takes_templates() => {
                let entry = |(name, value): (&String, &Json)| {
                    let text = value.as_str().unwrap_or_default();
                    let node = self.template(text, format!("{path}.{name}"), false);
                    (name.as_str().into(), node)
                };
                Node::Object(values.iter().map(entry).collect())
            }
            (_, value) => Node::Fixed(fixed(value)),
        }
    }

    fn object(
        &mut self,
        fields: &'static [Field],
        values: &Map<String, Json>,
        path: &str,
    ) -> Vec<(Box<str>, Node)> {
        let mut entries = Vec::new();
        for field in fields {
            if let Some(value) = values.get(field.name) {
                entries.push((field.name.into(), self.node(field, value, path)));
            }
        }
        entries
    }

    fn template(&mut self, text: &str, path: String, required: bool) -> Node {
        match compile_template(self.rule, &path, text, self.statement) {
            Ok(template) => Node::Template { template, path, required },
            Err(problem) => {
                self.problems.push(problem);
                Node::Fixed(Value::Undefined)
            }
        }
    }
}

/// A value that no template changes. The checked tables have texts, whole numbers and flags.
fn fixed(value: &Json) -> Value {
    Value::from_json(value.to_string().as_bytes()).unwrap_or(Value::Undefined)
}

/// The fields that together name the target: rendered and joined with `/`.
pub(crate) const fn target_fields(kind: ActionKind) -> &'static [&'static str] {
    match kind {
        ActionKind::Lambda => &["functionArn"],
        ActionKind::DynamoDbV2 => &["putItem", "tableName"],
        ActionKind::Republish | ActionKind::Kafka => &["topic"],
        ActionKind::S3 => &["bucketName", "key"],
        ActionKind::DynamoDb => &["tableName"],
        ActionKind::Sns => &["targetArn"],
        ActionKind::Sqs => &["queueUrl"],
        ActionKind::Kinesis => &["streamName"],
        ActionKind::Firehose => &["deliveryStreamName"],
        ActionKind::CloudwatchMetric => &["metricNamespace", "metricName"],
        ActionKind::CloudwatchAlarm => &["alarmName"],
        ActionKind::CloudwatchLogs => &["logGroupName"],
        ActionKind::Timestream | ActionKind::InfluxDb => &["databaseName", "tableName"],
        ActionKind::Http | ActionKind::Salesforce => &["url"],
        ActionKind::Elasticsearch | ActionKind::OpenSearch => &["endpoint", "index", "type", "id"],
        ActionKind::IotAnalytics => &["channelName"],
        ActionKind::IotEvents => &["inputName"],
        ActionKind::IotSiteWise => &[],
        ActionKind::StepFunctions => &["stateMachineName"],
        ActionKind::Location => &["trackerName", "deviceId"],
    }
}

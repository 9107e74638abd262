//! A rule's payload in the names of CloudFormation or Terraform, turned into the API's.
//!
//! Both kinds of files write truth values and numbers as text where it suits them, and texts
//! without quotes: the service converts, and so does this. What the fields may hold is checked
//! where rules are read, in `cloud`.

use crate::deployment::{Builder, Origin};
use crate::yaml::{Entry, Mapping, Node, Style, Value};

/// The payload with each name's first letter in lower case: `Sql` is `sql`, `DynamoDBv2` is
/// `dynamoDBv2`. The names under `ClientProperties` are Kafka's and those under `Tags` the user's:
/// they stay.
pub(super) fn from_cloudformation(
    payload: &Node,
    origin: &Origin,
    builder: &mut Builder<'_>,
) -> Node {
    let Some(mapping) = payload.as_mapping() else {
        return coerced(payload, "");
    };
    let mut entries = Vec::new();
    for entry in mapping {
        let mut letters = entry.key.chars();
        let key = match letters.next() {
            Some(first) if first.is_ascii_uppercase() => {
                first.to_ascii_lowercase().to_string() + letters.as_str()
            }
            _ => {
                let found = format!("the property `{}`", entry.key);
                let expected = "a name in CloudFormation's spelling, such as `Sql` for `sql`";
                builder.problem(origin, &entry.value, found, expected);
                continue;
            }
        };
        let value = match (key.as_str(), &entry.value.value) {
            ("clientProperties" | "tags", _) => texts(&entry.value),
            (_, Value::Mapping(_)) => from_cloudformation(&entry.value, origin, builder),
            (_, Value::Sequence(items)) => {
                let items = items.iter().map(|item| from_cloudformation(item, origin, builder));
                Node { value: Value::Sequence(items.collect()), ..entry.value.clone() }
            }
            (_, Value::Scalar(_)) => coerced(&entry.value, &key),
        };
        entries.push(Entry { key, value, ..*entry });
    }
    mapped(payload, entries)
}

/// The payload of an `aws_iot_topic_rule` from the values of a plan.
///
/// # Source
/// Terraform AWS provider, resource `aws_iot_topic_rule`.
pub(super) fn from_terraform(values: &Node) -> Node {
    let mut payload = Vec::new();
    let mut actions = Vec::new();
    for entry in values.as_mapping().into_iter().flatten() {
        let (value, place) = (&entry.value, (entry.line, entry.column));
        let mut put = |key: &str, value: Node| payload.push(named(key, value, place));
        match entry.key.as_str() {
            _ if is_nothing(value) => {}
            "sql" | "description" => put(&entry.key, value.clone()),
            "sql_version" => put("awsIotSqlVersion", value.clone()),
            "enabled" => {
                let enabled = value.as_written() != Some("false");
                let disabled = if enabled { "false" } else { "true" };
                put("ruleDisabled", Node::scalar(disabled, Style::Plain, value.line, value.column));
            }
            "error_action" => {
                let block = value.as_sequence().and_then(<[Node]>::first).unwrap_or(value);
                let kinds = block.as_mapping().into_iter().flatten();
                let action = kinds.filter_map(|entry| Some((action(&entry.key)?, &entry.value)));
                let mut action = action.filter(|(_, value)| !is_nothing(value));
                if let Some((kind, blocks)) = action.next() {
                    let block = blocks.as_sequence().and_then(<[Node]>::first).unwrap_or(blocks);
                    put("errorAction", wrapped(kind, block));
                }
            }
            other => {
                let Some(kind) = action(other) else { continue };
                match value.as_sequence() {
                    Some(blocks) => actions.extend(blocks.iter().map(|one| wrapped(kind, one))),
                    None => actions.push(wrapped(kind, value)),
                }
            }
        }
    }
    let list = Node { tag: None, value: Value::Sequence(actions), ..values.clone() };
    payload.push(named("actions", list, (values.line, values.column)));
    mapped(values, payload)
}

/// The API's key of a block of `aws_iot_topic_rule`.
fn action(block: &str) -> Option<&'static str> {
    Some(match block {
        "cloudwatch_alarm" => "cloudwatchAlarm",
        "cloudwatch_logs" => "cloudwatchLogs",
        "cloudwatch_metric" => "cloudwatchMetric",
        "dynamodb" => "dynamoDB",
        "dynamodbv2" => "dynamoDBv2",
        "elasticsearch" => "elasticsearch",
        "firehose" => "firehose",
        "http" => "http",
        "iot_analytics" => "iotAnalytics",
        "iot_events" => "iotEvents",
        "kafka" => "kafka",
        "kinesis" => "kinesis",
        "lambda" => "lambda",
        "republish" => "republish",
        "s3" => "s3",
        "sns" => "sns",
        "sqs" => "sqs",
        "step_functions" => "stepFunctions",
        "timestream" => "timestream",
        _ => return None,
    })
}

/// `{kind: block}` in the API's names.
fn wrapped(kind: &'static str, block: &Node) -> Node {
    let inner = from_block(kind, block);
    mapped(block, vec![named(kind, inner, (block.line, block.column))])
}

fn from_block(kind: &str, block: &Node) -> Node {
    let mut entries = Vec::new();
    for entry in block.as_mapping().into_iter().flatten() {
        if is_nothing(&entry.value) {
            continue;
        }
        let key = match (kind, entry.key.as_str()) {
            // Blocks that come many times have the name of one of them.
            ("timestream", "dimension") => "dimensions".to_owned(),
            ("http", "http_header") | ("kafka", "header") => "headers".to_owned(),
            (_, snake) => camel(snake),
        };
        let value = match (key.as_str(), &entry.value.value) {
            ("clientProperties", _) => texts(&entry.value),
            ("dimensions" | "headers", Value::Sequence(items)) => {
                let items = items.iter().map(|item| from_block(kind, item)).collect();
                Node { value: Value::Sequence(items), ..entry.value.clone() }
            }
            // A block that comes once is a list of one.
            (_, Value::Sequence(items)) if items.len() == 1 && items[0].as_mapping().is_some() => {
                from_block(kind, &items[0])
            }
            (_, Value::Mapping(_)) => from_block(kind, &entry.value),
            (key, _) => coerced(&entry.value, key),
        };
        entries.push(Entry { key, value, ..*entry });
    }
    mapped(block, entries)
}

/// `hash_key_field` as `hashKeyField`.
fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// A plan writes each attribute of a block that was left out as null, and each block as an empty
/// list.
fn is_nothing(node: &Node) -> bool {
    // The provider writes an empty text for an argument that is not set.
    let is_empty = node.as_text() == Some("");
    node.is_null() || is_empty || node.as_sequence().is_some_and(<[Node]>::is_empty)
}

/// A scalar as the field takes it: as a truth value or number if the API has one there, else as
/// text.
fn coerced(node: &Node, key: &str) -> Node {
    let (Value::Scalar(scalar), false) = (&node.value, node.is_null()) else {
        return node.clone();
    };
    let text = scalar.text.as_str();
    let plain = match key {
        "ruleDisabled" | "useBase64" | "batchMode" | "enableBatching" | "batchAcrossTopics" => {
            matches!(text, "true" | "false")
        }
        "qos" | "maxBatchOpenMs" | "maxBatchSize" | "maxBatchSizeBytes" => {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    };
    let style = if plain { Style::Plain } else { Style::Quoted };
    Node::scalar(text, style, node.line, node.column)
}

/// A mapping with every scalar as text and every name as it is.
fn texts(node: &Node) -> Node {
    match &node.value {
        Value::Mapping(mapping) => {
            let entries = mapping.iter();
            let entries =
                entries.map(|entry| Entry { value: texts(&entry.value), ..entry.clone() });
            mapped(node, entries.collect())
        }
        Value::Sequence(items) => {
            Node { value: Value::Sequence(items.iter().map(texts).collect()), ..node.clone() }
        }
        Value::Scalar(_) => coerced(node, ""),
    }
}

fn named(key: &str, value: Node, (line, column): (usize, usize)) -> Entry {
    Entry { key: key.to_owned(), line, column, value }
}

fn mapped(at: &Node, entries: Vec<Entry>) -> Node {
    let value = Value::Mapping(entries.into_iter().collect::<Mapping>());
    Node { line: at.line, column: at.column, tag: None, value }
}

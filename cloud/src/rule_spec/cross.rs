//! What a table of fields cannot say: fields that go together, and names that are taken.
//!
//! # Source
//! AWS IoT Core developer guide, the page of each rule action.

use super::read::{Reader, below};
use crate::outputs::ActionKind;
use serde_json::{Map, Value};

/// Checks the fields of an action against each other.
pub(super) fn check(
    reader: &mut Reader,
    path: &str,
    kind: ActionKind,
    fields: &Map<String, Value>,
) {
    match kind {
        ActionKind::Republish => republish(reader, path, fields),
        ActionKind::DynamoDb => range_key(reader, path, fields),
        ActionKind::Timestream => dimensions(reader, path, fields),
        ActionKind::IotSiteWise => site_wise(reader, path, fields),
        ActionKind::IotAnalytics => {
            if !fields.contains_key("channelName") && !fields.contains_key("channelArn") {
                reader.refuse(&below(path, "channelName"), "nothing", "this field");
            }
        }
        ActionKind::IotEvents => {
            let batch = fields.get("batchMode").and_then(Value::as_bool) == Some(true);
            if batch && fields.contains_key("messageId") {
                let expected = "no message id where `batchMode` is true";
                reader.refuse(&below(path, "messageId"), "a message id", expected);
            }
        }
        _ => {}
    }
}

/// Reserved topics are written with two dollar signs, and those of jobs cannot be published.
fn republish(reader: &mut Reader, path: &str, fields: &Map<String, Value>) {
    let Some(topic) = fields.get("topic").and_then(Value::as_str) else { return };
    let place = below(path, "topic");
    // What an expression will give is one word here: levels are counted in what stands fast.
    let fixed = without_expressions(topic);
    let Some(reserved) = fixed.strip_prefix('$') else { return };
    let Some(reserved) = reserved.strip_prefix('$') else {
        let expected = format!("a reserved topic with two dollar signs: `${topic}`");
        reader.refuse(&place, format!("`{topic}`"), expected);
        return;
    };
    let mut levels = reserved.split('/');
    let job = levels.next() == Some("aws")
        && levels.next() == Some("things")
        && levels.nth(1) == Some("jobs");
    if job {
        let expected = "no topic of jobs: rules cannot publish on these";
        reader.refuse(&place, format!("`{topic}`"), expected);
    }
}

/// The text with each `${...}` replaced by one letter.
fn without_expressions(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        plain.push_str(&rest[..start]);
        plain.push('x');
        let mut depth = 0_u32;
        let mut quote = None;
        let end = rest[start..].char_indices().find(|&(_, c)| {
            match (quote, c) {
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '{') => depth += 1,
                (None, '}') => depth -= 1,
                (None, _) => {}
            }
            quote.is_none() && c == '}' && depth == 0
        });
        rest = end.map_or("", |(at, _)| &rest[start + at + 1..]);
    }
    plain.push_str(rest);
    plain
}

fn range_key(reader: &mut Reader, path: &str, fields: &Map<String, Value>) {
    let has = |name| fields.contains_key(name);
    for (one, other) in [("rangeKeyField", "rangeKeyValue"), ("rangeKeyValue", "rangeKeyField")] {
        if has(one) && !has(other) {
            let expected = format!("this field, which goes with `{one}`");
            reader.refuse(&below(path, other), "nothing", expected);
        }
    }
    if has("rangeKeyType") && !has("rangeKeyField") && !has("rangeKeyValue") {
        let expected = "this field, which goes with `rangeKeyType`";
        reader.refuse(&below(path, "rangeKeyField"), "nothing", expected);
    }
    let name = |field| fields.get(field).and_then(Value::as_str);
    if name("rangeKeyField").is_some() && name("rangeKeyField") == name("hashKeyField") {
        let expected = "another attribute than `hashKeyField`";
        reader.refuse(&below(path, "rangeKeyField"), "the same attribute", expected);
    }
}

fn dimensions(reader: &mut Reader, path: &str, fields: &Map<String, Value>) {
    let Some(Value::Array(dimensions)) = fields.get("dimensions") else { return };
    let mut seen = Vec::new();
    for (i, dimension) in dimensions.iter().enumerate() {
        let Some(name) = dimension.get("name").and_then(Value::as_str) else { continue };
        let place = format!("{path}.dimensions[{i}].name");
        let taken = matches!(name, "measure_name" | "time")
            || name.starts_with("measure_value")
            || name.starts_with("ts_")
            || name.contains(':');
        if taken {
            let expected = "another name: `measure_name`, `time`, names that begin with \
                            `measure_value` or `ts_` and names with `:` are the service's";
            reader.refuse(&place, format!("`{name}`"), expected);
        }
        if seen.contains(&name) {
            reader.refuse(&place, format!("`{name}` again"), "each name once");
        }
        seen.push(name);
    }
}

fn site_wise(reader: &mut Reader, path: &str, fields: &Map<String, Value>) {
    let list = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => items.clone(),
        _ => Vec::new(),
    };
    for (i, entry) in list(fields.get("putAssetPropertyValueEntries")).iter().enumerate() {
        let place = format!("{path}.putAssetPropertyValueEntries[{i}]");
        let has = |name| entry.get(name).is_some();
        let by_id = has("assetId") && has("propertyId");
        if entry.is_object() && has("propertyAlias") == by_id {
            let expected = "either `propertyAlias` or both `assetId` and `propertyId`";
            reader.refuse(&place, if by_id { "both" } else { "neither" }, expected);
        }
        for (j, value) in list(entry.get("propertyValues")).iter().enumerate() {
            let Some(Value::Object(value)) = value.get("value") else { continue };
            if value.len() != 1 {
                let expected = "exactly one of `stringValue`, `integerValue`, `doubleValue`, \
                                `booleanValue`";
                let place = format!("{place}.propertyValues[{j}].value");
                reader.refuse(&place, format!("{} values", value.len()), expected);
            }
        }
    }
}

//! Rules and policies in files of their own, in each form that the command line of AWS takes or
//! prints.

use super::stem;
use crate::deployment::{Builder, Origin};
use crate::yaml::{Entry, Mapping, Node, Value};

/// Reads a rule: a bare `TopicRulePayload`; `{"ruleName", "topicRulePayload"}`; a payload with
/// `ruleName` in it; or the `{"rule"}` that `get-topic-rule` prints.
pub(super) fn read(file: &str, root: &Node, builder: &mut Builder<'_>) {
    let origin = Origin { file: file.to_owned(), line: root.line, logical_id: None };
    let named = root.get("ruleName").or_else(|| root.get("rule")?.get("ruleName"));
    let name = named.and_then(Node::as_text).map_or_else(|| stem(file), str::to_owned);
    let mut only = |known: &[&str]| refuse_others(&name, root, known, &origin, builder);
    let payload = if let Some(inner) = root.get("topicRulePayload") {
        only(&["ruleName", "topicRulePayload", "tags"]);
        inner.clone()
    } else if let Some(inner) = root.get("rule") {
        only(&["ruleArn", "rule"]);
        without(inner, &["ruleName", "createdAt"])
    } else {
        without(root, &["ruleName"])
    };
    match named.filter(|node| node.as_text().is_none()) {
        Some(node) => builder.problem(&origin, node, node.kind(), "the rule's name as text"),
        None => builder.rule(&name, &payload, origin),
    }
}

/// Reads a policy: a bare document, or the `{"policyName", "policyDocument"}` that `create-policy`
/// takes and `get-policy` prints, in which the document may be text.
pub(super) fn read_policy(file: &str, root: &Node, builder: &mut Builder<'_>) {
    let origin = Origin { file: file.to_owned(), line: root.line, logical_id: None };
    let Some(document) = root.get("policyDocument") else {
        return builder.policy(&stem(file), root, origin);
    };
    let name =
        root.get("policyName").and_then(Node::as_text).map_or_else(|| stem(file), str::to_owned);
    builder.policy(&name, document, origin);
}

fn refuse_others(
    rule: &str,
    root: &Node,
    known: &[&str],
    origin: &Origin,
    builder: &mut Builder<'_>,
) {
    for entry in root.as_mapping().into_iter().flatten() {
        if !known.contains(&entry.key.as_str()) {
            let found = format!("the field `{}`", entry.key);
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let expected = format!("one of {}", known.join(", "));
            if !builder.tolerates(rule, (&entry.key, &entry.value), &expected, origin) {
                builder.problem(origin, &entry.value, found, expected);
            }
        }
    }
}

/// The mapping without some of its names.
fn without(node: &Node, names: &[&str]) -> Node {
    let Some(mapping) = node.as_mapping() else { return node.clone() };
    let kept = mapping.iter().filter(|entry: &&Entry| !names.contains(&entry.key.as_str()));
    let value = Value::Mapping(kept.cloned().collect::<Mapping>());
    Node { value, ..node.clone() }
}

//! Small mistakes in a rule's actions: one is left out, or does the same to something else.

use fieldmirror_cloud::rule_spec::RuleSpec;
use serde_json::{Map, Value as Json};

/// Fields that name what an action acts on, with what is put behind the name.
const TARGETS: [(&str, &str); 12] = [
    ("alarmName", "_other"),
    ("bucketName", "-other"),
    ("deliveryStreamName", "_other"),
    ("functionArn", "_other"),
    ("hashKeyField", "_other"),
    ("key", "/other"),
    ("queueUrl", "_other"),
    ("stateMachineName", "_other"),
    ("streamName", "_other"),
    ("tableName", "_other"),
    ("targetArn", "_other"),
    ("topic", "/other"),
];

/// All changes of a rule's actions: the kind of change, the change in a line, the changed rule.
pub(super) fn mutants(spec: &RuleSpec) -> Vec<(&'static str, String, RuleSpec)> {
    let mut mutants = Vec::new();
    for (i, action) in spec.actions.iter().enumerate() {
        let mut dropped = spec.clone();
        dropped.actions.remove(i);
        mutants.push(("dropped action", format!("actions[{i}] is dropped"), dropped));
        let mut paths = Vec::new();
        targets(&action.fields, String::new(), &mut paths);
        for (path, behind) in paths {
            let mut turned = spec.clone();
            let Some(text) = place(&mut turned.actions[i].fields, &path) else { continue };
            let before = text.clone();
            text.push_str(behind);
            let description = format!("actions[{i}]{path} `{before}` becomes `{text}`");
            mutants.push(("target", description, turned));
        }
    }
    mutants
}

/// Paths of target fields, such as `.putItem.tableName`.
fn targets(fields: &Map<String, Json>, prefix: String, paths: &mut Vec<(String, &'static str)>) {
    for (key, value) in fields {
        let path = format!("{prefix}.{key}");
        match value {
            Json::Object(below) => targets(below, path, paths),
            Json::String(_) => {
                let known = TARGETS.iter().find(|(name, _)| name == key);
                paths.extend(known.map(|(_, behind)| (path, *behind)));
            }
            _ => {}
        }
    }
}

/// The text at a path that [`targets`] gave.
fn place<'f>(fields: &'f mut Map<String, Json>, path: &str) -> Option<&'f mut String> {
    let mut keys = path.split('.').skip(1);
    let mut at = fields.get_mut(keys.next()?)?;
    for key in keys {
        at = at.get_mut(key)?;
    }
    match at {
        Json::String(text) => Some(text),
        _ => None,
    }
}

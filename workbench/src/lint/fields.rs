//! L010: fields that no payload of the sample has.

use super::sample::{at, heard};
use super::{Code, Report, RuleView, Severity, Subject};
use fieldmirror_rules::survey::Path;
use fieldmirror_rules::value::Value;
use std::collections::BTreeSet;

pub(super) fn check(view: &RuleView<'_>, subject: &Subject, report: &mut Report) {
    let messages = heard(&subject.sample, view);
    if messages.is_empty() {
        return;
    }
    let values: Vec<Value> =
        messages.iter().map(|message| message.value(view.rule.version())).collect();
    let mut told: BTreeSet<&Path> = BTreeSet::new();
    for read in view.survey.reads.iter().filter(|read| !read.guarded) {
        let is_computed = read.path.0.first().is_some_and(|step| step == "(...)");
        let is_known = values.iter().any(|value| !at(value, &read.path).is_empty());
        if is_computed || is_known || !told.insert(&read.path) {
            continue;
        }
        let message = format!(
            "`{}` is in none of the {} payloads of the sample that the rule hears",
            read.path,
            values.len()
        );
        let help = match similar(&read.path, &values) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a field that devices send, or add a payload with it to the sample".into(),
        };
        report.sql(view, &read.span, (Code::UnknownField, Severity::Warning), message, help);
    }
}

/// The path of the sample that is most like `path`, if one is like it.
fn similar(path: &Path, values: &[Value]) -> Option<String> {
    let mut known = BTreeSet::new();
    for value in values {
        gather(value, String::new(), 0, &mut known);
    }
    let wanted = path.to_string();
    let nearest = known.into_iter().map(|name| (edits(&wanted, &name), name)).min()?;
    (nearest.0 <= wanted.chars().count() / 3).then_some(nearest.1)
}

/// Deepest level of a payload that is looked at for similar names.
const LEVELS_MAX: usize = 8;

fn gather(value: &Value, prefix: String, level: usize, known: &mut BTreeSet<String>) {
    let Value::Object(object) = value else { return };
    for (key, value) in object.iter() {
        let name = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        if level < LEVELS_MAX {
            gather(value, name.clone(), level + 1, known);
        }
        known.insert(name);
    }
}

/// How many characters must be inserted, deleted or replaced, or differ in case only.
pub(crate) fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

//! What a thing would have to be for a statement to speak of a request: its type and attributes,
//! read off the request where the statement has a variable without a value.

use super::Step;
use crate::policy::Request;
use crate::policy::document::{Scope, Statement};
use crate::policy::facts::{Facts, ThingFacts};
use crate::policy::pattern::Template;
use crate::policy::variable::Variable;

/// Descriptions of the thing, one for each resource with variables that have no value.
pub(super) fn ways(statement: &Statement, request: Request<'_>, facts: &Facts) -> Vec<Vec<Step>> {
    let Some(client) = facts.client_id.as_deref() else { return Vec::new() };
    let mut known = facts.clone();
    let mut first = Vec::new();
    if facts.thing.as_ref().is_none_or(|thing| thing.name != client) {
        first.push(Step::RegisterThing);
        let name = client.to_owned();
        known.thing = Some(ThingFacts { name, attached: true, ..ThingFacts::default() });
    }
    let (Scope::Only(list) | Scope::AllBut(list)) = &statement.resources;
    let arn = request.resource.arn(facts);
    let mut found: Vec<Vec<Step>> = Vec::new();
    for template in list {
        let mut steps = first.clone();
        for variable in template.variables().filter(|v| known.value(v).is_none()) {
            let value = read_off(template, variable, &arn);
            push(&mut steps, value.and_then(|value| step(variable, value)));
        }
        for condition in &statement.conditions {
            if known.value(&condition.key).is_none()
                && let Some(value) = condition.values.first().and_then(|v| v.resolve(&known).ok())
            {
                push(&mut steps, step(&condition.key, value.to_string()));
            }
        }
        if steps.len() > first.len() && !found.contains(&steps) {
            found.push(steps);
        }
    }
    found
}

fn push(steps: &mut Vec<Step>, step: Option<Step>) {
    steps.extend(step.filter(|step| !steps.contains(step)));
}

/// The step that gives a variable of the thing a value.
fn step(variable: &Variable, value: String) -> Option<Step> {
    match variable {
        Variable::Attribute(name) => Some(Step::SetAttribute(name.clone(), value)),
        Variable::ThingTypeName => Some(Step::SetType(value)),
        _ => None,
    }
}

/// What stands in the request in the place of a variable: in the same level, between the same
/// texts.
fn read_off(template: &Template, variable: &Variable, arn: &str) -> Option<String> {
    let written = format!("${{{variable}}}");
    let at = template.as_str().split('/').position(|level| level.contains(&written))?;
    let (before, behind) = template.as_str().split('/').nth(at)?.split_once(&written)?;
    let value = arn.split('/').nth(at)?.strip_prefix(before)?.strip_suffix(behind)?;
    (!value.is_empty()).then(|| value.to_owned())
}

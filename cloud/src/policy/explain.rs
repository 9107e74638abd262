//! Why a request was decided as it was: each statement with what of it matched, and the smallest
//! change that would turn the verdict.

use super::condition::Condition;
use super::document::{Effect, Scope, Statement};
use super::facts::{Facts, Value as Known};
use super::{Decision, PolicySet, Request, StatementRef, decide};
use serde_json::{Value, json};
use std::collections::BTreeMap;

mod change;

pub use change::{Change, Step};

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The action's name.
    pub action: String,
    /// The resource as an ARN, or `*`.
    pub resource: String,
    /// The verdict.
    pub decision: Decision,
    /// The deciding statement in words.
    pub by: Option<String>,
    /// Every statement, in order.
    pub statements: Vec<StatementView>,
    /// The variables and keys that the statements use, with their values.
    pub variables: BTreeMap<String, Option<String>>,
    /// Changes that would turn the verdict, the smallest first; each was tried.
    pub changes: Vec<Change>,
}

/// One statement over one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementView {
    /// Its place.
    pub at: StatementRef,
    /// Its name in words.
    pub name: String,
    /// What its policy is attached to.
    pub through: String,
    /// Its effect.
    pub effect: Effect,
    /// Whether it speaks of the action.
    pub action: bool,
    /// Whether it speaks of the resource.
    pub resource: bool,
    /// Whether `resources` are those of `NotResource`.
    pub all_but: bool,
    /// Its resources.
    pub resources: Vec<ResourceView>,
    /// Its conditions.
    pub conditions: Vec<ConditionView>,
    /// Whether all of it matches.
    pub matches: bool,
}

/// One resource of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceView {
    /// As written.
    pub written: String,
    /// With the values of its variables, or why there is none.
    pub resolved: Result<String, String>,
    /// Whether it stands for the request's resource.
    pub matches: bool,
}

/// One condition of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionView {
    /// The operator and key.
    pub name: String,
    /// The key's values; none if it is absent.
    pub found: Vec<String>,
    /// What they are compared with, with the values of variables.
    pub wanted: Vec<Result<String, String>>,
    /// Whether it holds.
    pub holds: bool,
}

/// Explains one request.
pub fn explain(set: &PolicySet, request: Request<'_>, facts: &Facts) -> Explanation {
    let decision = decide(set, request, facts);
    let mut variables = BTreeMap::new();
    for (_, statement) in set.statements() {
        note_variables(statement, request, facts, &mut variables);
    }
    Explanation {
        action: request.action.name().to_owned(),
        resource: request.resource.arn(facts),
        decision,
        by: decision.by().map(|at| set.name(at)),
        statements: set.statements().map(|(at, s)| view(set, at, s, request, facts)).collect(),
        variables,
        changes: change::changes(set, request, facts, decision),
    }
}

fn view(
    set: &PolicySet,
    at: StatementRef,
    statement: &Statement,
    request: Request<'_>,
    facts: &Facts,
) -> StatementView {
    let arn = request.resource.arn(facts);
    let (list, all_but) = match &statement.resources {
        Scope::Only(list) => (list, false),
        Scope::AllBut(list) => (list, true),
    };
    let resource = |template: &super::Template| {
        let glob = template.resolve(facts);
        ResourceView {
            written: template.as_str().to_owned(),
            matches: glob.as_ref().is_ok_and(|glob| glob.matches(&arn)),
            resolved: glob.map(|glob| glob.to_string()).map_err(|why| why.to_string()),
        }
    };
    let condition = |condition: &Condition| ConditionView {
        name: format!("{} {}", condition.operator, condition.key),
        found: texts(condition.key_value(request.action, facts)),
        wanted: condition
            .values
            .iter()
            .map(|v| v.resolve(facts).map(|g| g.to_string()).map_err(|why| why.to_string()))
            .collect(),
        holds: condition.holds(request.action, facts),
    };
    StatementView {
        at,
        name: set.name(at),
        through: set.policies[at.policy].through.clone(),
        effect: statement.effect,
        action: statement.covers_action(request.action),
        resource: statement.covers_resource(request.resource, facts),
        all_but,
        resources: list.iter().map(resource).collect(),
        conditions: statement.conditions.iter().map(condition).collect(),
        matches: statement.matches(request, facts),
    }
}

fn note_variables(
    statement: &Statement,
    request: Request<'_>,
    facts: &Facts,
    variables: &mut BTreeMap<String, Option<String>>,
) {
    let (Scope::Only(list) | Scope::AllBut(list)) = &statement.resources;
    let values = statement.conditions.iter().flat_map(|c| &c.values);
    for variable in list.iter().chain(values).flat_map(|template| template.variables()) {
        let value = facts.value(variable).map(|value| texts(Some(value)).join(", "));
        variables.insert(variable.to_string(), value);
    }
    for condition in &statement.conditions {
        let value = condition.key_value(request.action, facts);
        let value = value.map(|value| texts(Some(value)).join(", "));
        variables.insert(condition.key.to_string(), value);
    }
}

fn texts(value: Option<Known<'_>>) -> Vec<String> {
    match value {
        Some(Known::One(text)) => vec![text.into_owned()],
        Some(Known::Many(list)) => list.into_iter().map(|text| text.into_owned()).collect(),
        None => Vec::new(),
    }
}

impl Explanation {
    /// Text for people, several lines.
    pub fn to_text(&self) -> String {
        let mut out = format!("{}: {} on {}\n", self.decision.as_str(), self.action, self.resource);
        out.push_str(&match (&self.by, self.decision) {
            (Some(by), Decision::Allowed(_)) => format!("  allowed by {by}\n"),
            (Some(by), _) => format!("  denied by {by}\n"),
            (None, _) => "  no statement allows it\n".to_owned(),
        });
        for statement in &self.statements {
            statement.write(&mut out);
        }
        if !self.variables.is_empty() {
            out.push_str("variables\n");
        }
        for (name, value) in &self.variables {
            let value = value.as_deref().map_or("no value".to_owned(), |v| format!("`{v}`"));
            out.push_str(&format!("  {name} = {value}\n"));
        }
        if let Some(change) = self.changes.first() {
            out.push_str(&format!("smallest change that turns it\n  {}\n", change.text));
        }
        for change in self.changes.iter().skip(1) {
            out.push_str(&format!("  or: {}\n", change.text));
        }
        out
    }

    /// One JSON object.
    pub fn to_json(&self) -> Value {
        json!({
            "decision": self.decision.as_str(),
            "action": self.action,
            "resource": self.resource,
            "decidedBy": self.decision.by().map(place),
            "statements": self.statements.iter().map(StatementView::to_json).collect::<Vec<_>>(),
            "variables": self.variables,
            "changes": self.changes.iter().map(|change| &change.text).collect::<Vec<_>>(),
        })
    }
}

impl StatementView {
    fn write(&self, out: &mut String) {
        let verdict = if self.matches { "matches" } else { "does not match" };
        out.push_str(&format!(
            "{} ({}, {}): {verdict}\n",
            self.name,
            self.effect.as_str(),
            self.through
        ));
        let yes = |holds: bool| if holds { "yes" } else { "no" };
        out.push_str(&format!("  action: {}\n", yes(self.action)));
        let word = if self.all_but { "not resource" } else { "resource" };
        out.push_str(&format!("  {word}: {}\n", yes(self.resource)));
        for resource in &self.resources {
            let shown = match &resource.resolved {
                Ok(resolved) if *resolved == resource.written => resolved.clone(),
                Ok(resolved) => format!("{} = {resolved}", resource.written),
                Err(why) => format!("{}: {why}", resource.written),
            };
            out.push_str(&format!("    {}: {shown}\n", yes(resource.matches)));
        }
        for condition in &self.conditions {
            let found = match condition.found.as_slice() {
                [] => "no value".to_owned(),
                found => format!("`{}`", found.join("`, `")),
            };
            let wanted: Vec<_> = condition
                .wanted
                .iter()
                .map(|w| w.as_ref().map_or_else(Clone::clone, |w| format!("`{w}`")))
                .collect();
            out.push_str(&format!(
                "  condition {}: {} (found {found}; wanted {})\n",
                condition.name,
                yes(condition.holds),
                wanted.join(" or ")
            ));
        }
    }

    fn to_json(&self) -> Value {
        let resource = |r: &ResourceView| {
            json!({
                "written": r.written,
                "resolved": r.resolved.as_ref().ok(),
                "unresolved": r.resolved.as_ref().err(),
                "matches": r.matches,
            })
        };
        let condition = |c: &ConditionView| {
            let wanted: Vec<_> = c
                .wanted
                .iter()
                .map(|w| w.as_ref().map_or_else(Clone::clone, Clone::clone))
                .collect();
            json!({ "name": c.name, "found": c.found, "wanted": wanted, "holds": c.holds })
        };
        json!({
            "at": place(self.at),
            "name": self.name,
            "through": self.through,
            "effect": self.effect.as_str(),
            "action": self.action,
            "resource": self.resource,
            "notResource": self.all_but,
            "resources": self.resources.iter().map(resource).collect::<Vec<_>>(),
            "conditions": self.conditions.iter().map(condition).collect::<Vec<_>>(),
            "matches": self.matches,
        })
    }
}

fn place(at: StatementRef) -> Value {
    json!({ "policy": at.policy, "statement": at.statement })
}

//! Changes of policies and facts that would turn a verdict. Candidates are made from what keeps
//! each statement from matching, applied, and told only if the verdict then is another.

use crate::policy::action::{Action, ResourceKind};
use crate::policy::document::{ActionPattern, Effect, PolicyVersion, Scope, Statement};
use crate::policy::facts::{Facts, ThingFacts};
use crate::policy::pattern::{RESOURCE, Syntax, Template, escaped};
use crate::policy::read::resource::parts;
use crate::policy::{Decision, PolicyDocument, PolicySet, Request, StatementRef, decide};
use std::sync::Arc;

/// A change that turns the verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// The same in words.
    pub text: String,
}

/// One step of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Attaches the thing of the client id to the certificate.
    AttachThing,
    /// Registers a thing under the client id and attaches it.
    RegisterThing,
    /// Gives the thing an attribute.
    SetAttribute(String, String),
    /// Gives the thing a type.
    SetType(String),
    /// Gives a document `Version` 2012-10-17.
    SetVersion(usize),
    /// Puts another resource in the place of one.
    ReplaceResource(StatementRef, usize, String),
    /// Adds a resource.
    AddResource(StatementRef, String),
    /// Adds an action.
    AddAction(StatementRef, Action),
    /// Drops a condition.
    DropCondition(StatementRef, usize),
    /// Removes a resource.
    RemoveResource(StatementRef, usize),
    /// Removes an action.
    RemoveAction(StatementRef, usize),
    /// Removes a statement.
    RemoveStatement(StatementRef),
    /// Adds a statement with a resource, to the first policy.
    AddStatement(Effect, Action, String),
}

mod deny;
mod describe;

/// Most changes that are told.
const CHANGES_MAX: usize = 5;

/// Changes that turn `decision`, the smallest first.
pub(super) fn changes(
    set: &PolicySet,
    request: Request<'_>,
    facts: &Facts,
    decision: Decision,
) -> Vec<Change> {
    let alike = |ways: Vec<Vec<Step>>| ways.into_iter().map(|steps| (0, steps)).collect();
    let candidates: Vec<(usize, Vec<Step>)> = match decision {
        Decision::Allowed(_) => deny::ways(set, request, facts),
        Decision::ExplicitDeny(_) => alike(undeny(set, request, facts)),
        Decision::ImplicitDeny => alike(allow(set, request, facts)),
    };
    let mut found: Vec<Change> = Vec::new();
    let mut ranked: Vec<_> =
        candidates.into_iter().filter(|(_, steps)| !steps.is_empty()).collect();
    // What a policy says of things is mended by describing the thing, before any policy changes.
    ranked.sort_by_key(|(rank, steps)| {
        let policies = steps.iter().filter(|step| !step.is_fact()).count();
        (*rank, policies, steps.len(), steps.iter().map(Step::weight).sum::<usize>())
    });
    for (_, steps) in ranked {
        if let [Step::AddResource(..)] = steps[..]
            && found.iter().any(|change| change.makes_adding_idle())
        {
            continue;
        }
        let Some((changed, facts)) = apply(set, facts, &steps) else { continue };
        let turned = decide(&changed, request, &facts).is_allowed() != decision.is_allowed();
        if turned && found.iter().all(|change| change.steps != steps) {
            let words: Vec<_> = steps.iter().map(|s| s.text(set, request, &facts)).collect();
            found.push(Change { text: words.join(", and "), steps });
        }
        if found.len() == CHANGES_MAX {
            break;
        }
    }
    found
}

/// An explicit deny is lifted by removing all that deny, and then something must allow.
fn undeny(set: &PolicySet, request: Request<'_>, facts: &Facts) -> Vec<Vec<Step>> {
    let denying = set.statements();
    let denying = denying.filter(|(_, s)| s.effect == Effect::Deny && s.matches(request, facts));
    let removed: Vec<Step> = denying.map(|(at, _)| Step::RemoveStatement(at)).collect();
    let mut found = vec![removed.clone()];
    if facts.thing.as_ref().is_some_and(|thing| !thing.attached) {
        found.push(vec![Step::AttachThing]);
    }
    // Something must allow as well; the ways to that come behind the removals.
    for more in allow(set, request, facts) {
        found.push(removed.iter().cloned().chain(more).collect());
    }
    found
}

/// An implicit deny is lifted by mending what keeps one of the allowing statements from matching.
fn allow(set: &PolicySet, request: Request<'_>, facts: &Facts) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    match &facts.thing {
        Some(thing) if !thing.attached => found.push(vec![Step::AttachThing]),
        None if facts.client_id.is_some() => found.push(vec![Step::RegisterThing]),
        _ => {}
    }
    for (policy, p) in set.policies.iter().enumerate() {
        if p.document.version == PolicyVersion::V2008_10_17 {
            found.push(vec![Step::SetVersion(policy)]);
        }
    }
    for (at, statement) in set.statements().filter(|(_, s)| s.effect == Effect::Allow) {
        if statement.covers_action(request.action) {
            found.extend(describe::ways(statement, request, facts));
        }
        found.extend(mend(at, statement, request, facts));
    }
    found.push(vec![Step::AddStatement(Effect::Allow, request.action, exact(request, facts))]);
    found
}

/// Ways to make one statement match: each a step for every part that does not.
fn mend(
    at: StatementRef,
    statement: &Statement,
    request: Request<'_>,
    facts: &Facts,
) -> Vec<Vec<Step>> {
    let mut ways: Vec<Vec<Step>> = vec![Vec::new()];
    // A statement on something else that allows something else is none to mend.
    if !statement.covers_action(request.action)
        && !statement.covers_resource(request.resource, facts)
    {
        return Vec::new();
    }
    if !statement.covers_action(request.action) {
        ways = product(&ways, &[Step::AddAction(at, request.action)]);
    }
    if !statement.covers_resource(request.resource, facts) {
        ways = product(&ways, &resources(at, statement, request, facts));
    }
    for (i, condition) in statement.conditions.iter().enumerate().rev() {
        if !condition.holds(request.action, facts) {
            ways = product(&ways, &[Step::DropCondition(at, i)]);
        }
    }
    ways
}

fn product(ways: &[Vec<Step>], steps: &[Step]) -> Vec<Vec<Step>> {
    let with = |way: &Vec<Step>, step: &Step| way.iter().cloned().chain([step.clone()]).collect();
    ways.iter().flat_map(|way| steps.iter().map(move |step| with(way, step))).collect()
}

/// Ways to make a statement speak of the request's resource.
fn resources(
    at: StatementRef,
    statement: &Statement,
    request: Request<'_>,
    facts: &Facts,
) -> Vec<Step> {
    let Scope::Only(list) = &statement.resources else { return Vec::new() };
    let mut found = Vec::new();
    for (i, template) in list.iter().enumerate() {
        for text in [moved(template, facts), retyped(template, request), near(template, request)] {
            found.extend(text.map(|text| Step::ReplaceResource(at, i, text)));
        }
    }
    found.push(Step::AddResource(at, exact(request, facts)));
    found
}

/// The same resource in the place of the facts: another partition, region or account.
fn moved(template: &Template, facts: &Facts) -> Option<String> {
    let parts = parts(template.as_str());
    let rest = parts.get(5)?;
    let text = format!("{}{rest}", crate::policy::arn_prefix(facts));
    (text != template.as_str()).then_some(text)
}

/// The same resource under the kind that the action needs: `topicfilter/` for `topic/`.
fn retyped(template: &Template, request: Request<'_>) -> Option<String> {
    let parts = parts(template.as_str());
    let (word, rest) = parts.get(5)?.split_once('/')?;
    let wanted = request.resource.kind;
    if wanted == ResourceKind::All || word == wanted.word() {
        return None;
    }
    Some(format!("{}:{}/{rest}", parts[..5].join(":"), wanted.word()))
}

/// The same resource with the request's levels where it has others; a `*` at its end stays.
fn near(template: &Template, request: Request<'_>) -> Option<String> {
    let parts = parts(template.as_str());
    let (word, rest) = parts.get(5)?.split_once('/')?;
    if word != request.resource.kind.word() {
        return None;
    }
    let written: Vec<&str> = rest.split('/').collect();
    let asked: Vec<&str> = request.resource.name.split('/').collect();
    let open = written.last() == Some(&"*");
    let fixed = if open { written.len() - 1 } else { written.len() };
    if asked.len() < written.len() || (!open && asked.len() != written.len()) {
        return None;
    }
    let differ = |i: &usize| written[*i] != asked[*i] && !written[*i].contains(['*', '?', '$']);
    if (0..fixed).filter(differ).count() > 1 {
        return None;
    }
    let level = |i: usize| if differ(&i) { escaped(asked[i]) } else { written[i].to_owned() };
    let mut levels: Vec<String> = (0..fixed).map(level).collect();
    if open {
        levels.push("*".to_owned());
    }
    Some(format!("{}:{word}/{}", parts[..5].join(":"), levels.join("/")))
}

/// The request's resource and nothing else.
fn exact(request: Request<'_>, facts: &Facts) -> String {
    match request.resource.kind {
        ResourceKind::All => "*".to_owned(),
        _ => escaped(&request.resource.arn(facts)),
    }
}

/// The policies and facts after `steps`; `None` if a step does not apply.
fn apply(set: &PolicySet, facts: &Facts, steps: &[Step]) -> Option<(PolicySet, Facts)> {
    let (mut set, mut facts) = (set.clone(), facts.clone());
    // Removals come last and from the end, so that places stay what they were.
    let mut removed: Vec<StatementRef> = Vec::new();
    for step in steps {
        match step {
            Step::AttachThing => facts.thing.as_mut()?.attached = true,
            Step::RegisterThing => {
                let name = facts.client_id.clone()?;
                facts.thing = Some(ThingFacts { name, attached: true, ..ThingFacts::default() });
            }
            Step::SetAttribute(name, value) => {
                facts.thing.as_mut()?.attributes.insert(name.clone(), value.clone());
            }
            Step::SetType(name) => facts.thing.as_mut()?.thing_type = Some(name.clone()),
            Step::SetVersion(policy) => {
                let document = &mut set.policies[*policy].document;
                let mut source = document.source.clone();
                source.as_object_mut()?.insert("Version".to_owned(), "2012-10-17".into());
                *document = Arc::new(PolicyDocument::from_value(&source).ok()?);
            }
            Step::RemoveStatement(at) => removed.push(*at),
            Step::AddStatement(effect, action, resource) => {
                let statement = Statement {
                    sid: None,
                    effect: *effect,
                    actions: Scope::Only(vec![pattern(*action)]),
                    resources: Scope::Only(vec![template(resource)?]),
                    conditions: Vec::new(),
                };
                if set.policies.is_empty() {
                    set = PolicySet::new([("new".to_owned(), empty())]);
                }
                Arc::make_mut(&mut set.policies[0].document).statements.push(statement);
            }
            other => other.change(&mut set)?,
        }
    }
    removed.sort();
    for at in removed.into_iter().rev() {
        Arc::make_mut(&mut set.policies[at.policy].document).statements.remove(at.statement);
    }
    Some((set, facts))
}

fn empty() -> PolicyDocument {
    PolicyDocument {
        version: PolicyVersion::V2012_10_17,
        id: None,
        statements: Vec::new(),
        warnings: Vec::new(),
        source: serde_json::Value::Null,
    }
}

fn pattern(action: Action) -> ActionPattern {
    ActionPattern { text: action.name().to_owned(), mask: action.bit() }
}

fn template(text: &str) -> Option<Template> {
    Template::parse(text, RESOURCE).ok()
}

fn statement(set: &PolicySet, at: StatementRef) -> Option<&Statement> {
    set.policies[at.policy].document.statements.get(at.statement)
}

impl Change {
    /// Whether adding the resource to a statement says nothing new beside this: a statement stands
    /// for it already once the thing is described, or the same is told of another statement.
    fn makes_adding_idle(&self) -> bool {
        matches!(self.steps[..], [Step::AddResource(..)]) || self.steps.iter().all(Step::is_fact)
    }
}

impl Step {
    /// Changes one statement in its place.
    fn change(&self, set: &mut PolicySet) -> Option<()> {
        let (Self::ReplaceResource(at, ..)
        | Self::AddResource(at, _)
        | Self::AddAction(at, _)
        | Self::RemoveResource(at, _)
        | Self::RemoveAction(at, _)
        | Self::DropCondition(at, _)) = self
        else {
            return None;
        };
        let document = Arc::make_mut(&mut set.policies[at.policy].document);
        let variables = document.version == PolicyVersion::V2012_10_17;
        let statement = document.statements.get_mut(at.statement)?;
        let read = |text: &str| Template::parse(text, Syntax { variables, wildcards: true }).ok();
        match (self, &mut statement.resources, &mut statement.actions) {
            (Self::ReplaceResource(_, i, text), Scope::Only(list), _) => {
                *list.get_mut(*i)? = read(text)?;
            }
            (Self::AddResource(_, text), Scope::Only(list), _) => list.push(read(text)?),
            (Self::AddAction(_, action), _, Scope::Only(list)) => list.push(pattern(*action)),
            (Self::RemoveResource(_, i), Scope::Only(list), _) => {
                list.remove(*i);
            }
            (Self::RemoveAction(_, i), _, Scope::Only(list)) => {
                list.remove(*i);
            }
            (Self::DropCondition(_, i), ..) => {
                statement.conditions.remove(*i);
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether the step changes who asks and no policy.
    const fn is_fact(&self) -> bool {
        matches!(
            self,
            Self::AttachThing | Self::RegisterThing | Self::SetAttribute(..) | Self::SetType(_)
        )
    }

    /// How large the step is, among changes of as many steps: what only mends comes before what
    /// widens.
    const fn weight(&self) -> usize {
        match self {
            Self::AttachThing => 0,
            Self::SetVersion(_) => 1,
            Self::SetAttribute(..) | Self::SetType(_) => 2,
            Self::RemoveStatement(_) | Self::RemoveResource(..) | Self::RemoveAction(..) => 2,
            Self::ReplaceResource(..) => 3,
            Self::AddAction(..) => 4,
            Self::AddResource(..) => 5,
            Self::RegisterThing => 6,
            Self::AddStatement(Effect::Deny, ..) => 7,
            Self::DropCondition(..) => 8,
            Self::AddStatement(Effect::Allow, ..) => 9,
        }
    }

    fn text(&self, set: &PolicySet, request: Request<'_>, facts: &Facts) -> String {
        let client = facts.client_id.as_deref().unwrap_or_default();
        match self {
            Self::AttachThing => format!("attach the certificate to the thing `{client}`"),
            Self::RegisterThing => {
                format!("register a thing `{client}` and attach the certificate to it")
            }
            Self::SetAttribute(name, value) => {
                format!("give the thing `{client}` the attribute {name} = `{value}`")
            }
            Self::SetType(name) => format!("give the thing `{client}` the type `{name}`"),
            Self::SetVersion(policy) => format!(
                "give policy {} \"Version\": \"2012-10-17\", since without it variables are text",
                set.policies[*policy].name
            ),
            Self::ReplaceResource(at, i, text) => {
                let written = match statement(set, *at).map(|s| &s.resources) {
                    Some(Scope::Only(list)) => list.get(*i).map_or("", |t| t.as_str()),
                    _ => "",
                };
                let kind = request.resource.kind.word();
                let why = match parts(written).get(5).and_then(|rest| rest.split_once('/')) {
                    Some((word, _)) if word != kind => {
                        format!(" ({} needs `{kind}/`, not `{word}/`)", request.action)
                    }
                    _ => format!(" (the request is for `{}`)", request.resource),
                };
                format!("in {} change `{written}` to `{text}`{why}", set.name(*at))
            }
            Self::AddResource(at, text) => {
                format!("add the resource `{text}` to {}", set.name(*at))
            }
            Self::AddAction(at, action) => format!("add {action} to {}", set.name(*at)),
            Self::DropCondition(at, i) => {
                let condition = statement(set, *at).and_then(|s| s.conditions.get(*i));
                let name =
                    condition.map_or_else(String::new, |c| format!("{} {}", c.operator, c.key));
                format!("drop the condition {name} of {}", set.name(*at))
            }
            Self::RemoveResource(at, i) => match statement(set, *at).map(|s| &s.resources) {
                Some(Scope::Only(list)) => {
                    format!("remove the resource `{}` from {}", list[*i].as_str(), set.name(*at))
                }
                _ => format!("remove {}", set.name(*at)),
            },
            Self::RemoveAction(at, i) => match statement(set, *at).map(|s| &s.actions) {
                Some(Scope::Only(list)) => {
                    format!("remove {} from {}", list[*i].text, set.name(*at))
                }
                _ => format!("remove {}", set.name(*at)),
            },
            Self::RemoveStatement(at) => format!("remove {}", set.name(*at)),
            Self::AddStatement(effect, action, resource) => {
                format!(
                    "add a statement that {}s {action} on `{resource}`",
                    match effect {
                        Effect::Allow => "allow",
                        Effect::Deny => "denie",
                    }
                )
            }
        }
    }
}

//! The least policies that allow what was observed: one set of documents for each class of devices,
//! which all devices of the class share.
//!
//! A level of a topic, filter or client id that is the device's own name becomes a variable; one
//! that is an attribute (or the type) of the device, wherever the class did the same, becomes that
//! attribute's variable. Everything else is listed as it was seen. A `*` is written in one case:
//! the last level takes more than [`LITERALS_MAX`] values that no fact explains; a note says so.
//!
//! A connection is only allowed under the name of an attached thing where all devices of the class
//! have one (`client/${iot:ClientId}` would be `client/*`); otherwise client ids are listed.

use super::action::{Action, ResourceKind};
use super::facts::Facts;
use super::pattern::escaped;
use super::read::DOCUMENT_CHARS_MAX;
use super::variable::Variable;
use crate::identity::CERTIFICATE_POLICIES_MAX;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most values of a last level that are listed before they become `*`. Source: ours.
pub const LITERALS_MAX: usize = 16;

/// Something that a device did, or had delivered.
#[derive(Clone, Debug)]
pub struct Observation<'a> {
    /// The device's class; each class has its policies.
    pub class: &'a str,
    /// What was known about the device's connection.
    pub facts: &'a Facts,
    /// The action.
    pub action: Action,
    /// The name of the resource: a client id, topic, filter, thing or role alias.
    pub name: &'a str,
}

/// The policies of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthesis {
    /// The class.
    pub class: String,
    /// Its documents: one, or as many as the size limit asks for.
    pub documents: Vec<Value>,
    /// What a reader should know: wildcards, names that are listed, limits.
    pub notes: Vec<String>,
}

/// Writes the policies of every class, in the order of their names.
pub fn synthesize(observed: &[Observation<'_>]) -> Vec<Synthesis> {
    let mut classes: BTreeMap<&str, Vec<&Observation<'_>>> = BTreeMap::new();
    for one in observed {
        classes.entry(one.class).or_default().push(one);
    }
    classes.into_iter().map(|(class, observed)| of_class(class, &observed)).collect()
}

/// One level of a form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Text(String),
    Variable(Variable),
    /// `*`.
    Any,
}

type Form = Vec<Level>;

fn of_class(class: &str, observed: &[&Observation<'_>]) -> Synthesis {
    let mut notes = Vec::new();
    let attached = observed.iter().all(|one| {
        let thing = one.facts.thing.as_ref();
        thing.is_some_and(|t| t.attached && one.facts.client_id.as_deref() == Some(&t.name))
    });
    // Every observation once: a run has many messages and few names.
    let mut seen: BTreeMap<(Action, &str, Option<&str>), &Observation<'_>> = BTreeMap::new();
    for one in observed {
        seen.entry((one.action, one.name, one.facts.client_id.as_deref())).or_insert(one);
    }
    let seen: Vec<&Observation<'_>> = seen.into_values().collect();
    let mut actions: BTreeMap<Action, BTreeSet<Form>> = BTreeMap::new();
    for action in Action::ALL {
        let of: Vec<_> = seen.iter().copied().filter(|one| one.action == action).collect();
        let forms: BTreeSet<Form> = of.iter().map(|one| form(one, &of, attached)).collect();
        let forms = widened(action, forms, &mut notes);
        if !forms.is_empty() {
            actions.insert(action, forms);
        }
    }
    if !attached {
        notes.push(format!(
            "not every {class} connects as an attached thing: client ids are listed, and any \
             certificate with this policy may connect under each of them"
        ));
    }
    let documents = documents(&actions, observed[0].facts, attached);
    if documents.len() > CERTIFICATE_POLICIES_MAX {
        notes.push(format!(
            "{} documents are more than the {CERTIFICATE_POLICIES_MAX} that a certificate may have",
            documents.len()
        ));
    }
    Synthesis { class: class.to_owned(), documents, notes }
}

/// The form of one observation, given all of the same action.
fn form(one: &Observation<'_>, all: &[&Observation<'_>], attached: bool) -> Form {
    let mut form = by_name(one, attached);
    for i in 0..form.len() {
        let Level::Text(text) = &form[i] else { continue };
        let explains = |variable: &&Variable| {
            value(one.facts, variable).as_deref() == Some(text.as_str())
                && all.iter().all(|other| agrees(other, &form, i, variable, attached))
        };
        if let Some(variable) = candidates(one.facts).iter().find(explains).cloned() {
            form[i] = Level::Variable(variable);
        }
    }
    form
}

/// Levels that are the device's own name become its variable.
fn by_name(one: &Observation<'_>, attached: bool) -> Form {
    let own = if attached { Variable::ThingName } else { Variable::ClientId };
    let name = value(one.facts, &own);
    let connects = one.action == Action::Connect;
    if connects && attached && name.as_deref() == Some(one.name) {
        return vec![Level::Variable(own)];
    }
    let level = |text: &str| match &name {
        Some(name) if !connects && name == text => Level::Variable(own.clone()),
        _ => Level::Text(text.to_owned()),
    };
    if connects { vec![level(one.name)] } else { one.name.split('/').map(level).collect() }
}

/// Whether `other` is of another form than `form` without level `i`, or has the variable's value
/// there.
fn agrees(
    other: &Observation<'_>,
    form: &Form,
    i: usize,
    variable: &Variable,
    attached: bool,
) -> bool {
    let levels = by_name(other, attached);
    let same = levels.len() == form.len()
        && levels.iter().zip(form).enumerate().all(|(j, (a, b))| match b {
            _ if i == j => true,
            // A level that became an attribute's variable already was text of the same place.
            Level::Variable(v) if !matches!(v, Variable::ThingName | Variable::ClientId) => true,
            b => a == b,
        });
    if !same {
        return true;
    }
    match (&levels[i], value(other.facts, variable)) {
        (Level::Text(text), Some(value)) => *text == value,
        _ => false,
    }
}

/// Variables that may explain a level, beside the device's name.
fn candidates(facts: &Facts) -> Vec<Variable> {
    let Some(thing) = &facts.thing else { return Vec::new() };
    let attributes = thing.attributes.keys().map(|name| Variable::Attribute(name.clone()));
    attributes.chain([Variable::ThingTypeName]).collect()
}

/// The value that a policy would put in the variable's place; `None` if it would put none.
fn value(facts: &Facts, variable: &Variable) -> Option<String> {
    let template = super::Template::parse(&format!("${{{variable}}}"), super::pattern::RESOURCE);
    let glob = template.ok()?.resolve(facts).ok()?;
    let text = glob.plain();
    (!text.is_empty()).then_some(text)
}

/// Forms that differ in their last level only, and are too many to list, become one.
fn widened(action: Action, forms: BTreeSet<Form>, notes: &mut Vec<String>) -> BTreeSet<Form> {
    if !matches!(action.resource(), ResourceKind::Topic | ResourceKind::TopicFilter) {
        return forms;
    }
    let mut heads: BTreeMap<Form, Vec<Form>> = BTreeMap::new();
    for form in forms {
        let head = form[..form.len() - 1].to_vec();
        heads.entry(head).or_default().push(form);
    }
    let mut out = BTreeSet::new();
    for (mut head, forms) in heads {
        if head.is_empty() || forms.len() <= LITERALS_MAX {
            out.extend(forms);
            continue;
        }
        head.push(Level::Any);
        notes.push(format!(
            "{action} on `{}`: the last level had {} values that no fact of a device explains",
            written(&head),
            forms.len()
        ));
        out.insert(head);
    }
    out
}

fn written(form: &Form) -> String {
    let level = |level: &Level| match level {
        Level::Text(text) => escaped(text),
        Level::Variable(variable) => format!("${{{variable}}}"),
        Level::Any => "*".to_owned(),
    };
    form.iter().map(level).collect::<Vec<_>>().join("/")
}

/// Resources with the same actions make a statement; statements fill documents up to their size.
fn documents(
    actions: &BTreeMap<Action, BTreeSet<Form>>,
    facts: &Facts,
    attached: bool,
) -> Vec<Value> {
    let mut resources: BTreeMap<String, Vec<Action>> = BTreeMap::new();
    for (action, forms) in actions {
        for form in forms {
            let resource = match action.resource() {
                ResourceKind::All => "*".to_owned(),
                kind => {
                    format!("{}{}/{}", super::arn_prefix(facts), kind.word(), written(form))
                }
            };
            resources.entry(resource).or_default().push(*action);
        }
    }
    let mut statements: BTreeMap<Vec<Action>, Vec<String>> = BTreeMap::new();
    for (resource, actions) in resources {
        // A condition on the attachment belongs to CONNECT alone.
        let (connect, rest): (Vec<_>, Vec<_>) =
            actions.into_iter().partition(|action| *action == Action::Connect);
        for actions in [connect, rest].into_iter().filter(|actions| !actions.is_empty()) {
            statements.entry(actions).or_default().push(resource.clone());
        }
    }
    let mut documents: Vec<Vec<Value>> = vec![Vec::new()];
    for (actions, resources) in statements {
        let mut begin = 0;
        for end in 1..=resources.len() {
            let one = statement(&actions, &resources[begin..end], attached);
            let Some(last) = documents.last_mut() else { continue };
            let grown = end - begin > 1;
            if grown {
                last.pop();
            }
            last.push(one);
            if size(last) > DOCUMENT_CHARS_MAX && (grown || last.len() > 1) {
                // The resource that was one too many opens the next document.
                last.pop();
                if grown {
                    last.push(statement(&actions, &resources[begin..end - 1], attached));
                }
                begin = end - 1;
                documents.push(vec![statement(&actions, &resources[begin..end], attached)]);
            }
        }
    }
    documents.retain(|statements| !statements.is_empty());
    documents.iter().map(|statements| document(statements)).collect()
}

fn statement(actions: &[Action], resources: &[String], attached: bool) -> Value {
    let names: Vec<_> = actions.iter().map(|action| action.name()).collect();
    let mut statement = json!({ "Effect": "Allow", "Action": names, "Resource": resources });
    if attached && actions == [Action::Connect] {
        let key = Variable::IsAttached.to_string();
        statement["Condition"] = json!({ "Bool": { key: "true" } });
    }
    statement
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn size(statements: &[Value]) -> usize {
    document(statements).to_string().chars().filter(|c| !c.is_whitespace()).count()
}

//! Policies compiled for one session: variables are values, conditions are settled, and what is
//! left are patterns of names.

use super::action::{Action, ResourceKind};
use super::document::{Effect, Scope, Statement};
use super::facts::Facts;
use super::pattern::Glob;
use super::variable::Variable;
use super::{Decision, PolicySet, Request, StatementRef, arn_prefix};
use std::fmt;
use std::sync::Arc;

/// The policies of one session, compiled. It is made when the session begins, and again when its
/// thing or its policies change.
#[derive(Clone, Debug)]
pub struct SessionPolicy {
    set: Arc<PolicySet>,
    denies: Vec<Compiled>,
    allows: Vec<Compiled>,
    /// Variables without a value that keep an allowance from standing for anything, with the
    /// actions of its statement.
    missing: Vec<(u32, Variable)>,
}

#[derive(Clone, Debug)]
struct Compiled {
    at: StatementRef,
    /// Actions that the statement speaks of and for which its conditions hold.
    mask: u32,
    /// Whether the patterns are those of `NotResource`.
    all_but: bool,
    /// By kind of resource: patterns of what follows the kind in an ARN.
    names: [Vec<Glob>; ResourceKind::ALL.len()],
}

/// A request that was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The action.
    pub action: Action,
    /// The verdict: one of the two denials.
    pub decision: Decision,
    /// The denial in words, with the deciding statement.
    pub text: String,
}

impl SessionPolicy {
    /// Compiles `set` for the session of `facts`.
    pub fn new(set: Arc<PolicySet>, facts: &Facts) -> Self {
        let mut compiled = Self {
            set: Arc::clone(&set),
            denies: Vec::new(),
            allows: Vec::new(),
            missing: Vec::new(),
        };
        for (at, statement) in set.statements() {
            compiled.note_missing(statement, facts);
            if let Some(one) = Compiled::new(at, statement, facts) {
                match statement.effect {
                    Effect::Deny => compiled.denies.push(one),
                    Effect::Allow => compiled.allows.push(one),
                }
            }
        }
        compiled
    }

    fn note_missing(&mut self, statement: &Statement, facts: &Facts) {
        let (Scope::Only(list), Effect::Allow) = (&statement.resources, statement.effect) else {
            return;
        };
        for variable in list.iter().flat_map(|template| template.variables()) {
            if facts.value(variable).is_none() {
                self.missing.push((statement.action_mask(), variable.clone()));
            }
        }
    }

    /// The variables that keep statements which allow `action` from standing for anything, since
    /// they have no value here; each once.
    pub fn missing(&self, action: Action) -> Vec<&Variable> {
        let mut found: Vec<&Variable> = Vec::new();
        for (mask, variable) in &self.missing {
            if mask & action.bit() != 0 && !found.contains(&variable) {
                found.push(variable);
            }
        }
        found
    }

    /// The policies that it was compiled from.
    pub fn set(&self) -> &Arc<PolicySet> {
        &self.set
    }

    /// Decides `action` on the resource of its kind called `name`: a client id, topic, filter,
    /// thing or role alias. Nothing is allocated.
    pub fn decide(&self, action: Action, name: &str) -> Decision {
        self.decide_request(Request::new(action, name))
    }

    /// Decides a request, whatever the kind of its resource.
    pub fn decide_request(&self, request: Request<'_>) -> Decision {
        let first = |list: &[Compiled]| list.iter().find(|one| one.matches(request)).map(|c| c.at);
        match first(&self.denies) {
            Some(at) => Decision::ExplicitDeny(at),
            None => first(&self.allows).map_or(Decision::ImplicitDeny, Decision::Allowed),
        }
    }

    /// A CONNECT as `client`, with the topic of its will and whether that is retained.
    ///
    /// # Errors
    /// The first of `iot:Connect`, `iot:Publish`, `iot:RetainPublish` that is denied.
    pub fn connect(&self, client: &str, will: Option<(&str, bool)>) -> Result<(), Denied> {
        self.check(Action::Connect, client)?;
        match will {
            Some((topic, retain)) => self.publish(topic, retain),
            None => Ok(()),
        }
    }

    /// A PUBLISH; one with RETAIN needs `iot:RetainPublish` beside `iot:Publish`.
    ///
    /// # Errors
    /// The first that is denied.
    pub fn publish(&self, topic: &str, retain: bool) -> Result<(), Denied> {
        self.check(Action::Publish, topic)?;
        if retain { self.check(Action::RetainPublish, topic) } else { Ok(()) }
    }

    /// One filter of a SUBSCRIBE, compared as the text that it is.
    ///
    /// # Errors
    /// If it is denied.
    pub fn subscribe(&self, filter: &str) -> Result<(), Denied> {
        self.check(Action::Subscribe, filter)
    }

    /// One delivery. A denied one is skipped and the connection stays, so only the verdict is
    /// given; nothing is allocated.
    pub fn receives(&self, topic: &str) -> bool {
        self.decide(Action::Receive, topic).is_allowed()
    }

    /// Any action.
    ///
    /// # Errors
    /// If it is denied.
    pub fn check(&self, action: Action, name: &str) -> Result<(), Denied> {
        let decision = self.decide(action, name);
        if decision.is_allowed() {
            return Ok(());
        }
        let text = self.sentence(Request::new(action, name), decision);
        Err(Denied { action, decision, text })
    }

    /// A decision in words, such as `iot:Publish on topic/a: denied by statement 0 of policy P`.
    pub fn sentence(&self, request: Request<'_>, decision: Decision) -> String {
        let Request { action, resource } = request;
        match decision {
            Decision::Allowed(at) => {
                format!("{action} on {resource}: allowed by {}", self.set.name(at))
            }
            Decision::ExplicitDeny(at) => {
                format!("{action} on {resource}: denied by {}", self.set.name(at))
            }
            Decision::ImplicitDeny => {
                let number: usize = self.set.statements().count();
                format!("{action} on {resource}: no statement of {number} allows it")
            }
        }
    }
}

impl Compiled {
    /// `None` if the statement can match nothing in this session.
    fn new(at: StatementRef, statement: &Statement, facts: &Facts) -> Option<Self> {
        // The facts of a session are the same for all its requests but for the attributes of a
        // CONNECT; so two actions stand for all.
        let holds = |action| statement.conditions.iter().all(|c| c.holds(action, facts));
        let connect = Action::Connect.bit();
        let mut mask = statement.action_mask();
        if mask & connect != 0 && !holds(Action::Connect) {
            mask &= !connect;
        }
        if mask & !connect != 0 && !holds(Action::Publish) {
            mask &= connect;
        }
        if mask == 0 {
            return None;
        }
        let (list, all_but) = match &statement.resources {
            Scope::Only(list) => (list, false),
            Scope::AllBut(list) => (list, true),
        };
        let mut globs = Vec::with_capacity(list.len());
        for template in list {
            match template.resolve(facts) {
                Ok(glob) => globs.push(glob),
                Err(_) if all_but => return None,
                Err(_) => {}
            }
        }
        let prefix = arn_prefix(facts);
        let names = ResourceKind::ALL.map(|kind| {
            let behind = match kind {
                ResourceKind::All => String::new(),
                kind => format!("{prefix}{}/", kind.word()),
            };
            let mut names: Vec<Glob> = Vec::new();
            for glob in globs.iter().flat_map(|glob| glob.behind(&behind)) {
                if !names.contains(&glob) {
                    names.push(glob);
                }
            }
            names
        });
        Some(Self { at, mask, all_but, names })
    }

    fn matches(&self, request: Request<'_>) -> bool {
        self.mask & request.action.bit() != 0 && {
            let names = &self.names[request.resource.kind as usize];
            names.iter().any(|glob| glob.matches(request.resource.name)) != self.all_but
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

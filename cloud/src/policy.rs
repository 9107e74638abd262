//! AWS IoT policies: documents, and what they decide about a request.
//!
//! A document is read once ([`PolicyDocument`], strictly, all problems at once). A request is
//! decided over a [`PolicySet`] with the [`Facts`] of who asks: directly ([`decide`]), or by a
//! [`SessionPolicy`], in which everything that the facts settle is settled already, so that a
//! message costs a few comparisons of text and no allocation. Both give the same answer; a test
//! compares them, and both with an evaluator that knows neither. [`explain::explain`] says why, and
//! the smallest change that would turn the verdict; [`synthesize::synthesize`] writes the least
//! documents that allow what was observed; [`catalogue::catalogue`] lists what works.
//!
//! Which policies apply to a connection is not decided here but in [`crate::identity`].
//!
//! # Decisions
//! Where the guide is silent or contradicts itself:
//!
//! | point | choice |
//! |---|---|
//! | no `Version` | accepted with a warning; it means 2008-10-17, in which `${...}` is plain text |
//! | action names | in just the guide's letters; another spelling is refused with the right one |
//! | an action of the control plane, such as `iot:CreateThing` | refused: it belongs into an IAM policy |
//! | `greengrass:` actions | accepted with a warning; nothing here asks about them |
//! | `*` in a resource | any run of characters of the whole ARN, `/` and `:` too |
//! | thing variables of a client id whose thing is not attached (A19) | they have values; `IsAttached` is `false`, and policies of the thing's groups do not apply |
//! | `ListNamedShadowsForThing` (A20) | asked about `thing/<thing>`, so that both that and `*` allow it |
//! | `iot:Certificate.Subject.X.1` (A21) | the second value; `.0` is the first |
//! | a variable without a value in `Resource` | that resource stands for nothing, the others of its list count |
//! | a variable without a value in `NotResource` or in a condition's value | the statement does not match |
//! | a value that is not substituted (`* $ + ? #`, over 1024 characters) | as one without a value |
//! | a condition on a key without a value | as IAM has it: false, but true for turned operators, `ForAllValues:` and `...IfExists` |
//! | `iot:ConnectAttributes` | has a value for `iot:Connect` only |
//! | `iot:Certificate.AvailableKeys` | the names of the certificate's variables that have a value |
//! | a key with several values without a set operator | one that matches is enough; a warning |
//! | a value of a condition's key that holds `* $ + ? #` | compared as it is; only substitution minds |
//! | a denied request over MQTT 3.1.1 (A17, A18) | a denied publish or subscribe ends the connection, a denied delivery is left out and it stays: [`crate::iot_core`] |
//!
//! # Source
//! AWS IoT Core developer guide, "AWS IoT Core policies"; AWS IAM user guide, "Policy evaluation
//! logic".

use std::fmt;
use std::sync::Arc;

pub mod action;
pub mod catalogue;
pub mod condition;
mod document;
pub mod explain;
pub mod facts;
pub mod fuzz;
mod pattern;
mod read;
mod session;
pub mod synthesize;
pub mod variable;

pub use action::{Action, ResourceKind};
pub use document::{
    ActionPattern, Effect, PolicyDocument, PolicyProblem, PolicyVersion, PolicyWarning, Scope,
    Statement, WarningKind,
};
pub use facts::{CertificateFacts, Facts, ThingFacts};
pub use pattern::{Glob, Template, Unresolved};
pub use session::{Denied, SessionPolicy};

/// A policy: a document under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The name.
    pub name: String,
    /// The document, shared by all that the policy is attached to.
    pub document: Arc<PolicyDocument>,
    /// What it is attached to, in words, such as `certificate c1` or `group farmA`.
    pub through: String,
}

/// The table of decisions above: the point and the choice.
///
/// It is read out of this file, so that the documents print the same table.
pub fn decisions() -> impl Iterator<Item = [&'static str; 2]> {
    include_str!("policy.rs").lines().filter_map(|line| {
        let (point, choice) = line.strip_prefix("//! | ")?.strip_suffix(" |")?.split_once(" | ")?;
        (point != "point").then_some([point, choice])
    })
}

/// The policies that apply to somebody, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySet {
    /// The policies; a [`StatementRef`] counts through them.
    pub policies: Vec<Policy>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The action.
    pub action: Action,
    /// What it is to be done to.
    pub resource: Resource<'a>,
}

/// A resource by its kind and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The kind.
    pub kind: ResourceKind,
    /// What follows the kind, such as a topic; `*` for [`ResourceKind::All`].
    pub name: &'a str,
}

/// The verdict on a request, and the statement that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The first statement that allows it; none denies it.
    Allowed(StatementRef),
    /// The first statement that denies it.
    ExplicitDeny(StatementRef),
    /// No statement speaks of it.
    ImplicitDeny,
}

/// A statement of a [`PolicySet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementRef {
    /// The policy's number, from 0.
    pub policy: usize,
    /// The statement's number in the policy, from 0.
    pub statement: usize,
}

/// Decides one request. An explicit deny wins over every allow; without either it is denied.
pub fn decide(set: &PolicySet, request: Request<'_>, facts: &Facts) -> Decision {
    let mut allowed = None;
    for (at, statement) in set.statements() {
        if statement.effect == Effect::Allow && allowed.is_some() {
            continue;
        }
        if statement.matches(request, facts) {
            match statement.effect {
                Effect::Deny => return Decision::ExplicitDeny(at),
                Effect::Allow => allowed = Some(at),
            }
        }
    }
    allowed.map_or(Decision::ImplicitDeny, Decision::Allowed)
}

impl PolicySet {
    /// A set of documents by name, attached to nothing in particular.
    pub fn new(policies: impl IntoIterator<Item = (String, PolicyDocument)>) -> Self {
        let policy = |(name, document)| Policy {
            name,
            document: Arc::new(document),
            through: "the policies given".to_owned(),
        };
        Self { policies: policies.into_iter().map(policy).collect() }
    }

    /// All statements with their places, in order.
    pub fn statements(&self) -> impl Iterator<Item = (StatementRef, &Statement)> {
        self.policies.iter().enumerate().flat_map(|(policy, p)| {
            let numbered = p.document.statements.iter().enumerate();
            numbered.map(move |(statement, s)| (StatementRef { policy, statement }, s))
        })
    }

    /// The statement at a place, in words: `statement 0 (Sid) of policy P`.
    pub fn name(&self, at: StatementRef) -> String {
        let policy = &self.policies[at.policy];
        match policy.document.statements.get(at.statement).and_then(|s| s.sid.as_deref()) {
            Some(sid) => format!("statement {} ({sid}) of policy {}", at.statement, policy.name),
            None => format!("statement {} of policy {}", at.statement, policy.name),
        }
    }
}

impl Decision {
    /// Whether the request may go on.
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The statement that decided; `None` if none spoke of the request.
    pub const fn by(self) -> Option<StatementRef> {
        match self {
            Self::Allowed(at) | Self::ExplicitDeny(at) => Some(at),
            Self::ImplicitDeny => None,
        }
    }

    /// The word of the service's `TestAuthorization`: `ALLOWED`, `EXPLICIT_DENY`, `IMPLICIT_DENY`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed(_) => "ALLOWED",
            Self::ExplicitDeny(_) => "EXPLICIT_DENY",
            Self::ImplicitDeny => "IMPLICIT_DENY",
        }
    }
}

impl<'a> Request<'a> {
    /// `action` on the resource of its kind that is called `name`.
    pub const fn new(action: Action, name: &'a str) -> Self {
        Self { action, resource: Resource { kind: action.resource(), name } }
    }

    /// `action` on the resource that `text` names, as [`Resource::parse`] reads it.
    ///
    /// # Errors
    /// What was expected: also where the action is never asked about such a resource, since no
    /// client's request is decided by the answer then.
    pub fn parse(action: Action, text: &'a str, facts: &Facts) -> Result<Self, String> {
        let resource = Resource::parse(text, facts)?;
        if action.takes(resource.kind) {
            return Ok(Self { action, resource });
        }
        Err(format!("`{}`: {action} is asked about nothing else", action.resource().example()))
    }
}

impl<'a> Resource<'a> {
    /// Reads `kind/name`, `*`, or an ARN of the place that `facts` tells.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &'a str, facts: &Facts) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self { kind: ResourceKind::All, name: "*" });
        }
        let own = arn_prefix(facts);
        let rest = match text.strip_prefix(own.as_str()) {
            Some(rest) => rest,
            None if text.starts_with("arn:") => {
                return Err(format!("an ARN that begins with `{own}`"));
            }
            None => text,
        };
        let kinds = ResourceKind::ALL.into_iter().filter(|kind| *kind != ResourceKind::All);
        let mut found = kinds.filter_map(|kind| {
            let name = rest.strip_prefix(kind.word())?.strip_prefix('/')?;
            Some(Self { kind, name })
        });
        found.next().ok_or_else(|| {
            "`client/ID`, `topic/TOPIC`, `topicfilter/FILTER`, `thing/NAME`, `rolealias/NAME`, \
             `*`, or an ARN of one of these"
                .to_owned()
        })
    }

    /// The ARN that policies are compared with.
    pub fn arn(&self, facts: &Facts) -> String {
        match self.kind {
            ResourceKind::All => self.name.to_owned(),
            kind => format!("{}{}/{}", arn_prefix(facts), kind.word(), self.name),
        }
    }
}

/// What all ARNs of one place begin with.
fn arn_prefix(facts: &Facts) -> String {
    format!("arn:{}:iot:{}:{}:", facts.partition, facts.region, facts.account)
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ResourceKind::All => f.write_str(self.name),
            kind => write!(f, "{}/{}", kind.word(), self.name),
        }
    }
}

//! A policy document as read: statements in their order, and what is odd about them.

use super::action::Action;
use super::condition::Condition;
use super::facts::Facts;
use super::pattern::Template;
use super::{Request, Resource};
use crate::error::CloudError;
use serde_json::Value;
use std::fmt;

/// The language of a document, its `Version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyVersion {
    /// The old one, and what a document without `Version` means: `${...}` is plain text.
    V2008_10_17,
    /// The current one.
    V2012_10_17,
}

/// A policy document that was read without a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Its language.
    pub version: PolicyVersion,
    /// Its `Id`, which means nothing.
    pub id: Option<String>,
    /// Its statements.
    pub statements: Vec<Statement>,
    /// What was accepted and is likely not meant.
    pub warnings: Vec<PolicyWarning>,
    /// The JSON that it was read from.
    pub source: Value,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its `Sid`.
    pub sid: Option<String>,
    /// What it does with requests that it matches.
    pub effect: Effect,
    /// `Action` or `NotAction`.
    pub actions: Scope<ActionPattern>,
    /// `Resource` or `NotResource`.
    pub resources: Scope<Template>,
    /// All of these must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does with requests that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows, unless another denies.
    Allow,
    /// Denies, whatever allows.
    Deny,
}

/// A list, or all but a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope<T> {
    /// `Action`, `Resource`.
    Only(Vec<T>),
    /// `NotAction`, `NotResource`.
    AllBut(Vec<T>),
}

/// An action, or a pattern such as `iot:Get*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionPattern {
    /// As written.
    pub text: String,
    /// The actions that it stands for, as a set of [`Action::bit`].
    pub(crate) mask: u32,
}

/// A problem of a document, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyProblem {
    /// Where in the JSON, such as `Statement[0].Action`.
    pub path: String,
    /// What stands there.
    pub found: String,
    /// What should stand there, and what to do.
    pub expected: String,
}

/// Something that the service accepts and that is likely not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWarning {
    /// Which.
    pub kind: WarningKind,
    /// Where in the JSON.
    pub path: String,
    /// What it means, and what to do.
    pub text: String,
}

/// Kinds of warnings; their names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WarningKind {
    /// There is no `Version`, so that variables are plain text.
    NoVersion,
    /// `Version` is 2008-10-17 and there are variables, which are plain text.
    OldVersion,
    /// An action that no resource of its statement fits, such as `iot:Subscribe` on `topic/...`.
    ActionWithoutResource,
    /// A resource that no action of its statement is asked about.
    ResourceWithoutAction,
    /// `+` or `#` in a `topic/` resource, where they are plain characters.
    FilterInTopic,
    /// All actions, on all resources.
    AllowsEverything,
    /// An action of another service, which grants nothing here.
    ForeignAction,
    /// A variable or key that never has a value here.
    ForeignVariable,
    /// A key with several values without `ForAllValues:` or `ForAnyValue:`.
    NoSetOperator,
}

impl WarningKind {
    /// The stable name, such as `no-version`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoVersion => "no-version",
            Self::OldVersion => "old-version",
            Self::ActionWithoutResource => "action-without-resource",
            Self::ResourceWithoutAction => "resource-without-action",
            Self::FilterInTopic => "filter-in-topic",
            Self::AllowsEverything => "allows-everything",
            Self::ForeignAction => "foreign-action",
            Self::ForeignVariable => "foreign-variable",
            Self::NoSetOperator => "no-set-operator",
        }
    }
}

impl PolicyVersion {
    /// As in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2008_10_17 => "2008-10-17",
            Self::V2012_10_17 => "2012-10-17",
        }
    }
}

impl Effect {
    /// As in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl PolicyDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// [`CloudError::PolicyJson`] if it is no JSON, [`CloudError::Policy`] with all its problems.
    pub fn parse(text: &str) -> Result<Self, CloudError> {
        let value: Value = serde_json::from_str(text).map_err(|error| CloudError::PolicyJson {
            why: error.to_string(),
            line: error.line(),
            column: error.column(),
        })?;
        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
        super::read::document(&value, chars)
    }

    /// Reads a document that is JSON already.
    ///
    /// # Errors
    /// [`CloudError::Policy`] with all its problems.
    pub fn from_value(value: &Value) -> Result<Self, CloudError> {
        let chars = value.to_string().chars().filter(|c| !c.is_whitespace()).count();
        super::read::document(value, chars)
    }
}

impl ActionPattern {
    /// Whether the pattern stands for `action`.
    pub const fn covers(&self, action: Action) -> bool {
        self.mask & action.bit() != 0
    }
}

impl Statement {
    /// The actions that the statement speaks of, as a set of [`Action::bit`].
    pub(crate) fn action_mask(&self) -> u32 {
        let union = |list: &[ActionPattern]| list.iter().fold(0, |mask, a| mask | a.mask);
        match &self.actions {
            Scope::Only(list) => union(list),
            Scope::AllBut(list) => !union(list),
        }
    }

    /// Whether the statement speaks of `action`.
    pub fn covers_action(&self, action: Action) -> bool {
        self.action_mask() & action.bit() != 0
    }

    /// Whether the statement speaks of `resource`.
    ///
    /// A pattern with a variable that has no value stands for nothing; under `NotResource` such a
    /// pattern keeps the whole statement from matching.
    pub fn covers_resource(&self, resource: Resource<'_>, facts: &Facts) -> bool {
        let arn = resource.arn(facts);
        match &self.resources {
            Scope::Only(list) => {
                list.iter().any(|t| t.resolve(facts).is_ok_and(|glob| glob.matches(&arn)))
            }
            Scope::AllBut(list) => {
                list.iter().all(|t| t.resolve(facts).is_ok_and(|glob| !glob.matches(&arn)))
            }
        }
    }

    /// Whether the statement matches a request: action, resource and all conditions.
    pub fn matches(&self, request: Request<'_>, facts: &Facts) -> bool {
        self.covers_action(request.action)
            && self.covers_resource(request.resource, facts)
            && self.conditions.iter().all(|c| c.holds(request.action, facts))
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at `{}`: {}; expected {}", self.path, self.found, self.expected)
    }
}

impl fmt::Display for PolicyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at `{}`: {} ({})", self.path, self.text, self.kind.code())
    }
}

//! What a team deploys, read from whatever files it keeps that in.
//!
//! ```text
//! files, globs, folders -> recognised by content (inputs) -> Deployment
//!   rule JSON, policy JSON, CloudFormation/SAM/CDK, Terraform plan, provisioning template
//! ```
//!
//! A [`Deployment`] holds AWS's words with the places they came from. What is not supported is a
//! [`Note`] that names it; what is wrong is a [`Problem`], and all of them are found at once.
//!
//! What it does not do: SQL and policies are not compiled here, `cloud` does that.

mod builder;
mod files;
mod limits;
mod render;
mod warnings;

pub(crate) use builder::Builder;
pub use files::load;
pub(crate) use warnings::of_inline;

use crate::inputs;
use crate::inputs::provisioning::ProvisioningTemplate;
use crate::lint::Finding;
use crate::problem::Problem;
use fieldmirror_cloud::rule_spec::{RuleSpec, Strictness};
use fieldmirror_cloud::spec::ThingSpec;
use fieldmirror_rules::diagnostic::Diagnostic;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What a team deploys. Lists are in the order of files and, in a file, of its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployment {
    /// Rules; no name comes twice.
    pub rules: Vec<DeployedRule>,
    /// Policies; no name comes twice.
    pub policies: Vec<DeployedPolicy>,
    /// Things; no name comes twice.
    pub things: Vec<DeployedThing>,
    /// Types of things.
    pub thing_types: Vec<DeployedThingType>,
    /// Groups of things.
    pub groups: Vec<DeployedGroup>,
    /// Certificates.
    pub certificates: Vec<DeployedCertificate>,
    /// Which policy is attached to what.
    pub policy_attachments: Vec<PolicyAttachment>,
    /// Which thing is attached to which certificate.
    pub thing_attachments: Vec<ThingAttachment>,
    /// Provisioning templates.
    pub provisioning_templates: Vec<DeployedTemplate>,
    /// DynamoDB tables with their keys.
    pub tables: Vec<DeployedTable>,
    /// Everything else, which the workbench does not evaluate.
    pub others: Vec<OtherResource>,
    /// What is unsupported, left out or made up.
    pub notes: Vec<Note>,
    /// What the service would refuse of rules, where [`Settings::strictness`] is lenient.
    pub warnings: Vec<Finding>,
}

/// Where something was declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The logical id of a template, the address of a plan; nothing in a file of its own.
    pub logical_id: Option<String>,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)?;
        match &self.logical_id {
            Some(id) => write!(out, " ({id})"),
            None => Ok(()),
        }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployedRule {
    /// Its name; the logical id or the file's stem where none is given.
    pub name: String,
    /// What it says.
    pub spec: RuleSpec,
    /// The same as the API takes it.
    pub payload: Json,
    /// Where its `sql` begins: line and column from 1.
    pub sql_at: (usize, usize),
    /// Where it was declared.
    pub origin: Origin,
}

impl DeployedRule {
    /// What is wrong with its statement, at the places of its file.
    pub fn sql_problems(&self, diagnostics: &[Diagnostic]) -> Vec<Problem> {
        let problem = |diagnostic: &Diagnostic| {
            Problem::of_sql(&self.origin.file, self.sql_at, &self.spec.sql, diagnostic)
                .about(format!("rule `{}`", self.name))
        };
        diagnostics.iter().map(problem).collect()
    }
}

/// A policy.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployedPolicy {
    /// Its name; the logical id or the file's stem where none is given.
    pub name: String,
    /// The document, with variables as they stand.
    pub document: Json,
    /// Where its parts stand in the file, as line and column from 1, by paths such as
    /// `Statement[0].Resource[1]`; empty where the document is a text inside of the file.
    pub places: BTreeMap<String, (usize, usize)>,
    /// Where it was declared.
    pub origin: Origin,
}

/// A thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedThing {
    /// What the registry holds of it.
    pub spec: ThingSpec,
    /// Where it was declared.
    pub origin: Origin,
}

/// A type of things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedThingType {
    /// Its name.
    pub name: String,
    /// Attributes that can be searched by.
    pub searchable_attributes: Vec<String>,
    /// Where it was declared.
    pub origin: Origin,
}

/// A group of things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedGroup {
    /// Its name.
    pub name: String,
    /// The group that it is in.
    pub parent: Option<String>,
    /// The query of a dynamic group, which is not evaluated.
    pub query: Option<String>,
    /// Where it was declared.
    pub origin: Origin,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedCertificate {
    /// Its id. The service makes it from the certificate; here it is a hash of where the
    /// certificate was declared, unless the file has it.
    pub id: String,
    /// `ACTIVE`, `INACTIVE`, ...
    pub status: String,
    /// Where it was declared.
    pub origin: Origin,
}

/// What a policy can be attached to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyTarget {
    /// A certificate, by its id.
    Certificate(String),
    /// A group of things, by its name.
    Group(String),
    /// Anything else, such as an identity of Cognito, as it was written.
    Other(String),
}

/// A policy's attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAttachment {
    /// The policy's name.
    pub policy: String,
    /// What it is attached to.
    pub target: PolicyTarget,
    /// Where it was declared.
    pub origin: Origin,
}

/// A thing's attachment to a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThingAttachment {
    /// The thing's name.
    pub thing: String,
    /// The certificate's id, or another principal as it was written.
    pub principal: String,
    /// Where it was declared.
    pub origin: Origin,
}

/// A provisioning template.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployedTemplate {
    /// Its name.
    pub name: String,
    /// The checked body.
    pub body: ProvisioningTemplate,
    /// Where it was declared.
    pub origin: Origin,
}

/// A DynamoDB table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedTable {
    /// Its name.
    pub name: String,
    /// The attribute of the hash key.
    pub hash_key: String,
    /// The attribute of the range key.
    pub range_key: Option<String>,
    /// Where it was declared.
    pub origin: Origin,
}

/// A resource that is used for references and listed, not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherResource {
    /// Its type, such as `AWS::Lambda::Function`.
    pub kind: String,
    /// Its name; the logical id where none is given.
    pub name: String,
    /// Where it was declared.
    pub origin: Origin,
}

/// What the reader of a verdict should know about an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What it is about.
    pub origin: Origin,
    /// A sentence.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.origin, self.text)
    }
}

/// What files leave open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder that paths are relative to.
    pub base: PathBuf,
    /// Parameters of templates by name; also values of imports by the name of the export, and of
    /// attributes that nobody can know by `LogicalId.Attribute`.
    pub parameters: BTreeMap<String, String>,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// `AWS::StackName`.
    pub stack: String,
    /// Whether what the service does not know in rules is wrong, or only worth a warning.
    pub strictness: Strictness,
}

impl Default for Settings {
    /// The region and account of the simulation, and a stack called `stack`.
    fn default() -> Self {
        Self {
            base: PathBuf::new(),
            parameters: BTreeMap::new(),
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
            stack: "stack".to_owned(),
            strictness: Strictness::Strict,
        }
    }
}

impl Deployment {
    /// Reads one file's text. `file` is its name in messages, and its stem the name of a rule or
    /// policy that has none.
    ///
    /// # Errors
    /// Every [`Problem`] of the file, and parameters that the file does not have.
    pub fn read(file: &str, text: &str, settings: &Settings) -> Result<Self, Vec<Problem>> {
        let mut builder = Builder::new(settings);
        inputs::read(file, text, &mut builder);
        builder.finish()
    }
}

#[cfg(test)]
mod tests;

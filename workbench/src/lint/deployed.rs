//! What the lint takes, from what a team deploys.

use super::{PolicySource, RuleSource, Subject};
use crate::deployment::Deployment;

impl From<&Deployment> for Subject {
    /// The rules and policies with their places, and no sample.
    fn from(deployment: &Deployment) -> Self {
        let rules = deployment.rules.iter().map(|rule| RuleSource {
            name: rule.name.clone(),
            file: rule.origin.file.clone(),
            line: rule.sql_at.0,
            column: rule.sql_at.1,
            payload: rule.payload.clone(),
            strictness: rule.spec.strictness,
        });
        let policies = deployment.policies.iter().map(|policy| PolicySource {
            name: policy.name.clone(),
            file: policy.origin.file.clone(),
            line: policy.origin.line,
            document: policy.document.clone(),
            places: policy.places.clone(),
        });
        Self {
            rules: rules.collect(),
            policies: policies.collect(),
            sample: Vec::new(),
            warnings: deployment.warnings.clone(),
        }
    }
}

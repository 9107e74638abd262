//! The kinds of files that a team has, told apart by what stands in them.
//!
//! What it does not do: it opens no files (`deployment` does), and compiles neither SQL nor
//! policies.

pub mod catalogue;
pub mod cloudformation;
mod fields;
mod intrinsics;
mod names;
pub mod provisioning;
mod rule_json;
mod terraform;

use crate::deployment::{Builder, Origin};
use crate::problem::Problem;
use crate::yaml::{self, Node};

/// Reads one file into the deployment, whichever kind it is.
pub(crate) fn read(file: &str, text: &str, builder: &mut Builder<'_>) {
    let root = match yaml::parse(file, text) {
        Ok(root) => root,
        Err(problems) => return builder.problems.extend(problems),
    };
    match recognise(&root) {
        Some(Kind::Rule) => rule_json::read(file, &root, builder),
        Some(Kind::Policy) => rule_json::read_policy(file, &root, builder),
        Some(Kind::CloudFormation) => cloudformation::read(file, &root, builder),
        Some(Kind::Terraform) => terraform::read(file, &root, builder),
        Some(Kind::Provisioning) => {
            let origin = Origin { file: file.to_owned(), line: root.line, logical_id: None };
            match provisioning::ProvisioningTemplate::parse(file, &root) {
                Ok(body) => builder.template(&stem(file), body, &root, origin),
                Err(problems) => builder.problems.extend(problems),
            }
        }
        None if is_suite_tree(&root) => {
            let expected = "rules, policies or a template; `fieldmirror rules test` (or `policy \
                            test`) runs it, and the files that it names can be given here";
            builder.problems.push(Problem::of_file(file, "a suite", expected));
        }
        None => {
            let expected = "a rule (`sql`), a policy (`Statement`), a template of CloudFormation \
                 (`Resources`), a Terraform plan as JSON (`planned_values`), or a provisioning \
                 template";
            builder.problems.push(Problem::of_file(file, root.kind(), expected));
        }
    }
}

/// Whether a file is a suite or a case file, which other commands take.
pub(crate) fn is_suite(file: &str, text: &str) -> bool {
    // Most files are none, and need no second reading to see that.
    let may_be = ["tests", "inputSql", "expectedOutput"].iter().any(|word| text.contains(word));
    may_be && yaml::parse(file, text).is_ok_and(|root| is_suite_tree(&root))
}

fn is_suite_tree(root: &Node) -> bool {
    ["tests", "inputSql", "expectedOutput"].iter().any(|key| root.get(key).is_some())
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rule,
    Policy,
    CloudFormation,
    Terraform,
    Provisioning,
}

fn recognise(root: &Node) -> Option<Kind> {
    let has = |key: &str| root.get(key).is_some();
    if is_suite_tree(root) {
        return None;
    }
    if has("Resources") {
        let of_stack = has("AWSTemplateFormatVersion") || has("Transform");
        if !of_stack && provisioning::is_one(root) {
            return Some(Kind::Provisioning);
        }
        return Some(Kind::CloudFormation);
    }
    if has("planned_values") || has("resource_changes") || (has("values") && has("format_version"))
    {
        return Some(Kind::Terraform);
    }
    // A statement without the document around it is what the service refuses, and what the lint
    // tells people about.
    let is_statement = has("Effect") && (has("Action") || has("NotAction"));
    if has("Statement") || has("policyDocument") || is_statement {
        return Some(Kind::Policy);
    }
    if has("sql") || has("topicRulePayload") || has("rule") {
        return Some(Kind::Rule);
    }
    has("AWSTemplateFormatVersion").then_some(Kind::CloudFormation)
}

/// The name of a file without its folders and its last extension.
fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

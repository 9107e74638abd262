//! Compiles the statement and the templates of a rule to find what is wrong with them.

use super::RuleSpec;
use crate::error::CloudError;
use fieldmirror_rules::rule::{Rule, SqlVersion};
use fieldmirror_rules::template::Template;

/// Functions that reach other services; templates of an error action may not call them.
///
/// # Source
/// AWS IoT Core developer guide, "Error handling (error action)".
const EXTERNAL_FUNCTIONS: [&str; 6] = [
    "aws_lambda",
    "get_dynamodb",
    "get_registry_data",
    "get_secret",
    "get_thing_shadow",
    "machinelearning_predict",
];

impl RuleSpec {
    /// Everything that is wrong with the statement and the templates of the rule called `name`;
    /// the service refuses such a rule when it is made.
    pub fn check(&self, name: &str) -> Vec<CloudError> {
        let mut problems = Vec::new();
        if let Err(diagnostics) = Rule::compile(&self.sql, self.version) {
            problems.push(CloudError::RuleSql { rule: name.to_owned(), diagnostics });
        }
        problems.extend(self.check_templates(name));
        problems
    }

    /// Everything that is wrong with the templates of the rule called `name`.
    pub(crate) fn check_templates(&self, name: &str) -> Vec<CloudError> {
        let mut problems = Vec::new();
        for (place, action) in self.places() {
            let in_error_action =
                self.error_action.as_ref().is_some_and(|it| std::ptr::eq(it, action));
            for (path, text) in action.templates() {
                let path = format!("{place}.{path}");
                match compile(name, &path, &text, self.version) {
                    Err(problem) => problems.push(problem),
                    Ok(template) if in_error_action => {
                        problems.extend(external_call(&path, &template));
                    }
                    Ok(_) => {}
                }
            }
        }
        problems
    }
}

fn external_call(path: &str, template: &Template) -> Option<CloudError> {
    let is_external = |name: &&&str| EXTERNAL_FUNCTIONS.contains(*name);
    let functions = template.functions();
    let function = functions.iter().find(is_external)?;
    Some(CloudError::RuleField {
        path: path.to_owned(),
        found: format!("a call of `{function}`"),
        expected: "a template that calls no other service: this is the error action".to_owned(),
    })
}

/// Compiles one template of a rule.
///
/// # Errors
/// [`CloudError::RuleTemplate`] with everything that is wrong with it.
pub(crate) fn compile(
    rule: &str,
    path: &str,
    text: &str,
    version: SqlVersion,
) -> Result<Template, CloudError> {
    Template::compile_for(text, version).map_err(|diagnostics| CloudError::RuleTemplate {
        rule: rule.to_owned(),
        path: path.to_owned(),
        text: text.to_owned(),
        diagnostics,
    })
}

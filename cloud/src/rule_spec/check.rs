//! Compiles the statement and the templates of a rule to find what is wrong with them.

use super::RuleSpec;
use crate::error::CloudError;
use fieldmirror_rules::diagnostic::{Code, Diagnostic};
use fieldmirror_rules::rule::Rule;
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
        let rule = self.compile().map(|(rule, _)| rule).map_err(|diagnostics| {
            problems.push(CloudError::RuleSql { rule: name.to_owned(), diagnostics });
        });
        problems.extend(self.check_templates(name, rule.as_ref().ok()));
        problems
    }

    /// What the service would refuse of the statement and the templates of the rule called `name`,
    /// if it was read leniently; nothing where [`Self::check`] finds that it cannot be compiled.
    pub fn warnings(&self, name: &str) -> Vec<CloudError> {
        let Ok((rule, diagnostics)) = self.compile() else { return Vec::new() };
        let mut warnings = Vec::new();
        if !diagnostics.is_empty() {
            warnings.push(CloudError::RuleSql { rule: name.to_owned(), diagnostics });
        }
        for (path, text) in self.templates() {
            if let Ok(template) = rule.template(&text)
                && !template.warnings().is_empty()
            {
                warnings.push(refused(name, &path, &text, template.warnings().to_vec()));
            }
        }
        warnings
    }

    /// Everything that is wrong with the templates of the rule called `name`. Where its statement
    /// does not compile, the SET variables are not known and none is missed.
    pub(crate) fn check_templates(&self, name: &str, rule: Option<&Rule>) -> Vec<CloudError> {
        let mut problems = Vec::new();
        for (place, action) in self.places() {
            let in_error_action =
                self.error_action.as_ref().is_some_and(|it| std::ptr::eq(it, action));
            for (path, text) in action.templates() {
                let path = format!("{place}.{path}");
                let compiled = match rule {
                    Some(rule) => rule.template(&text),
                    None => Template::compile_for(&text, self.version),
                };
                match compiled {
                    Err(mut diagnostics) => {
                        let misses = |code| rule.is_none() && code == Code::UndeclaredVariable;
                        diagnostics.retain(|diagnostic| !misses(diagnostic.code));
                        if !diagnostics.is_empty() {
                            problems.push(refused(name, &path, &text, diagnostics));
                        }
                    }
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

fn refused(rule: &str, path: &str, text: &str, diagnostics: Vec<Diagnostic>) -> CloudError {
    let (rule, path, text) = (rule.to_owned(), path.to_owned(), text.to_owned());
    CloudError::RuleTemplate { rule, path, text, diagnostics }
}

/// Compiles one template of a rule, with the SET variables of its statement.
///
/// # Errors
/// [`CloudError::RuleTemplate`] with everything that is wrong with it.
pub(crate) fn compile(
    rule: &str,
    path: &str,
    text: &str,
    statement: &Rule,
) -> Result<Template, CloudError> {
    statement.template(text).map_err(|diagnostics| refused(rule, path, text, diagnostics))
}

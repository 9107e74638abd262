//! What the service would refuse of a rule that was read leniently, as warnings with code and place.
//!
//! What it does not do: it decides nothing; what is worth a warning is told by `cloud`.

use super::{Builder, DeployedRule, Deployment, Origin, Settings};
use crate::lint::{Code, Finding, Severity, sql_finding};
use crate::yaml::Node;
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::rule_spec::{RuleSpec, Strictness};
use fieldmirror_rules::diagnostic::Diagnostic;

impl Settings {
    /// Whether rules are read leniently.
    pub(crate) fn is_lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }
}

impl Deployment {
    /// Each warning in a line.
    pub fn warning_lines(&self) -> Vec<String> {
        self.warnings.iter().map(Finding::to_line).collect()
    }
}

impl Builder<'_> {
    /// Notes what is not known of a rule, at its place; true where that is only a warning.
    pub(crate) fn tolerates(
        &mut self,
        rule: &str,
        (path, at): (&str, &Node),
        expected: &str,
        origin: &Origin,
    ) -> bool {
        if self.settings.is_lenient() {
            let warning = unknown(rule, path, ("an unknown field", expected), at, origin);
            self.deployment.warnings.push(warning);
        }
        self.settings.is_lenient()
    }

    /// Notes what a rule was read without, and what was found when it was compiled.
    pub(super) fn warn(&mut self, rule: &DeployedRule, payload: &Node, left_out: &[CloudError]) {
        let origin = &rule.origin;
        for error in left_out {
            if let CloudError::RuleField { path, found, expected } = error {
                let at = super::builder::locate(payload, path);
                let warning = unknown(&rule.name, path, (found, expected), at, origin);
                self.deployment.warnings.push(warning);
            }
        }
        for error in rule.spec.warnings(&rule.name) {
            match error {
                CloudError::RuleSql { diagnostics, .. } => {
                    let place = (&*origin.file, rule.sql_at);
                    let one = |diagnostic| warning(&rule.name, place, &rule.spec.sql, diagnostic);
                    self.deployment.warnings.extend(diagnostics.iter().map(one));
                }
                CloudError::RuleTemplate { path, text, diagnostics, .. } => {
                    let at = super::builder::locate(payload, &path);
                    let one = |diagnostic: &Diagnostic| {
                        // Where the text stands in its file is known, where in it is not.
                        let found = warning(&rule.name, (&origin.file, (0, 0)), &text, diagnostic);
                        let (line, column) = (at.line, at.column);
                        let path = found.path.replacen("sql", &path, 1);
                        Finding { line, column, path, ..found }
                    };
                    self.deployment.warnings.extend(diagnostics.iter().map(one));
                }
                _ => {}
            }
        }
    }
}

/// The warnings of a rule that stands in no file of its own: its statement, at a place of `file`.
pub(crate) fn of_inline(
    rule: &str,
    place: (&str, (usize, usize)),
    spec: &RuleSpec,
) -> Vec<Finding> {
    let diagnostics = spec.compile().map(|(_, warnings)| warnings).unwrap_or_default();
    diagnostics.iter().map(|one| warning(rule, place, &spec.sql, one)).collect()
}

fn warning(
    rule: &str,
    place: (&str, (usize, usize)),
    sql: &str,
    diagnostic: &Diagnostic,
) -> Finding {
    sql_finding(rule, place, sql, diagnostic, Severity::Warning)
}

fn unknown(
    rule: &str,
    path: &str,
    (found, expected): (&str, &str),
    at: &Node,
    origin: &Origin,
) -> Finding {
    Finding {
        code: Code::UnknownKey.as_str(),
        severity: Severity::Warning,
        file: origin.file.clone(),
        line: at.line,
        column: at.column,
        path: path.to_owned(),
        subject: rule.to_owned(),
        message: format!("{found}, which is left out"),
        help: format!("expected {expected}"),
    }
}

//! What is likely to be wrong with rules and policies, told without running a cloud.
//!
//! [`lint`] takes what a team deploys and, if there is one, a sample of what its devices send. Each
//! rule of the lint is a function of a file below; [`Code`] lists them all with what they stand
//! for. Where AWS's documents leave a semantics open, the lint follows
//! `fieldmirror_rules::decisions`.
//!
//! # Severities
//! An error cannot do what it is for: it never fires, nothing may subscribe. A warning works
//! otherwise than most people expect. A note may well be meant. [`exit_code`] fails on errors, and
//! on warnings where that is asked for.
//!
//! What it does not do: it takes no roles of IAM into account, and no Deny of one policy against
//! the Allow of another when it asks whether some policy lets a client publish.

mod access;
mod code;
mod comparisons;
mod condition;
mod deployed;
mod fields;
mod finding;
mod firing;
mod flapping;
mod language;
mod loops;
mod pattern;
mod policy;
mod policy_document;
mod sample;
mod service;
mod topics;
mod undefined;

pub use code::Code;
pub(crate) use fields::edits;
pub use finding::{Finding, Format, Severity, exit_code, render};
pub use sample::{Message, read as read_sample};

use fieldmirror_rules::diagnostic::Diagnostic;
use fieldmirror_rules::rule::{Rule, SqlVersion, Strictness};
use fieldmirror_rules::survey::Survey;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ops::Range;

/// What is linted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// Rules; disabled ones are judged too.
    pub rules: Vec<RuleSource>,
    /// Policies.
    pub policies: Vec<PolicySource>,
    /// What devices send.
    pub sample: Vec<Message>,
    /// What the service would refuse of rules that were read leniently.
    pub warnings: Vec<Finding>,
}

/// A rule as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSource {
    /// Its name.
    pub name: String,
    /// The file as it was named.
    pub file: String,
    /// Line of its SQL from 1; 0 if it is not known.
    pub line: usize,
    /// Column of its SQL from 1; 0 if it is not known.
    pub column: usize,
    /// The `TopicRulePayload`.
    pub payload: Json,
    /// How strictly its statement is compiled.
    pub strictness: Strictness,
}

/// A policy as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySource {
    /// Its name.
    pub name: String,
    /// The file as it was named.
    pub file: String,
    /// Line from 1; 0 if it is not known.
    pub line: usize,
    /// The document.
    pub document: Json,
    /// Line and column of its parts from 1, by their paths, as far as they are known.
    pub places: BTreeMap<String, (usize, usize)>,
}

impl PolicySource {
    /// Line and column of a part, or of what it is in; the document's line where nothing is known.
    fn place(&self, path: &str) -> (usize, usize) {
        let mut part = path;
        while !part.is_empty() {
            if let Some(place) = self.places.get(part) {
                return *place;
            }
            part = part.rfind(['.', '[']).map_or("", |at| &part[..at]);
        }
        (self.line, 0)
    }
}

/// What counts as too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// A rule with a condition may fire on this share of the messages that it hears, in percent.
    pub fires_percent_max: f64,
    /// How often a rule's condition may change for one device of the sample.
    pub crossings_max: usize,
    /// Fewer messages than this tell nothing about how often a rule fires or changes.
    pub sample_min: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { fires_percent_max: 50.0, crossings_max: 2, sample_min: 10 }
    }
}

/// All findings, by file and place.
pub fn lint(subject: &Subject, options: &Options) -> Vec<Finding> {
    let mut report = Report { findings: subject.warnings.clone() };
    let views: Vec<_> =
        subject.rules.iter().filter_map(|source| view(source, &mut report)).collect();
    for view in &views {
        language::check(view, subject, &mut report);
        comparisons::check(view, subject, &mut report);
        undefined::check(view, subject, &mut report);
        condition::check(view, &mut report);
        fields::check(view, subject, &mut report);
        firing::check(view, subject, options, &mut report);
        flapping::check(view, &views, subject, options, &mut report);
        topics::check(view, &views, subject, &mut report);
    }
    loops::check(&views, &mut report);
    let policies = policy_document::read(&subject.policies, &mut report);
    for document in &policies {
        policy::check(document, &mut report);
        service::check(document.source, &mut report);
    }
    access::check(&views, &policies, subject, &mut report);
    report.into_findings()
}

/// A rule that compiles, with what is known about it.
pub(crate) struct RuleView<'a> {
    source: &'a RuleSource,
    rule: Rule,
    survey: Survey,
    actions: Vec<ActionView<'a>>,
}

/// One action of a rule.
struct ActionView<'a> {
    /// `actions[0].republish`.
    path: String,
    kind: &'a str,
    fields: &'a Json,
}

impl RuleView<'_> {
    fn from(&self) -> Option<&str> {
        self.survey.from.as_deref()
    }

    /// The text of a part of the SQL.
    fn text(&self, span: &Range<usize>) -> &str {
        &self.rule.sql()[span.clone()]
    }

    /// Whether an action does something in the world for each message: a call, a command, an alarm.
    fn acts(&self) -> bool {
        self.actions.iter().any(|action| ACTING.contains(&action.kind))
    }

    /// Templates of republish actions with their paths.
    fn republishes(&self) -> impl Iterator<Item = (String, &str)> {
        self.actions.iter().filter(|action| action.kind == "republish").filter_map(|action| {
            let topic = action.fields.get("topic")?.as_str()?;
            Some((format!("{}.topic", action.path), topic))
        })
    }
}

/// Kinds of actions that do something for each message, where others only store it.
const ACTING: [&str; 8] = [
    "cloudwatchAlarm",
    "http",
    "iotEvents",
    "lambda",
    "republish",
    "salesforce",
    "sns",
    "stepFunctions",
];

/// Compiles a rule; what is wrong with its SQL is reported, and its other rules are left out.
fn view<'a>(source: &'a RuleSource, report: &mut Report) -> Option<RuleView<'a>> {
    let text = |key: &str| source.payload.get(key).and_then(Json::as_str);
    let version = text("awsIotSqlVersion").and_then(SqlVersion::parse).unwrap_or_default();
    let sql = text("sql").unwrap_or_default();
    let rule = match Rule::compile_with(sql, version, source.strictness) {
        Ok((rule, _)) => rule,
        Err(diagnostics) => {
            for diagnostic in &diagnostics {
                let place = (&*source.file, (source.line, source.column));
                let severity = Severity::Error;
                let found = sql_finding(&source.name, place, sql, diagnostic, severity);
                report.findings.push(found);
            }
            return None;
        }
    };
    Some(RuleView { source, survey: rule.survey(), actions: actions(&source.payload), rule })
}

fn actions(payload: &Json) -> Vec<ActionView<'_>> {
    let list = payload.get("actions").and_then(Json::as_array);
    let listed = list.into_iter().flatten().enumerate();
    let listed = listed.map(|(i, action)| (format!("actions[{i}]"), action));
    let all = listed.chain(payload.get("errorAction").map(|one| ("errorAction".to_owned(), one)));
    all.filter_map(|(place, action)| {
        let (kind, fields) = action.as_object()?.iter().next()?;
        Some(ActionView { path: format!("{place}.{kind}"), kind, fields })
    })
    .collect()
}

/// Where findings gather.
#[derive(Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// A finding about a part of a rule's SQL.
    fn sql(
        &mut self,
        view: &RuleView<'_>,
        span: &Range<usize>,
        (code, severity): (Code, Severity),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (source, sql) = (view.source, view.rule.sql());
        let place = position(sql, span.start);
        let finding = finding(source, code.as_str(), severity, message.into(), help.into());
        self.findings.push(at_sql(finding, source.column, sql, place));
    }

    /// A finding about a field of a rule.
    fn rule(
        &mut self,
        source: &RuleSource,
        path: impl Into<String>,
        (code, severity): (Code, Severity),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let finding = finding(source, code.as_str(), severity, message.into(), help.into());
        self.findings.push(Finding { path: path.into(), ..finding });
    }

    /// A finding about a part of a policy.
    fn policy(
        &mut self,
        source: &PolicySource,
        path: impl Into<String>,
        (code, severity): (Code, Severity),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let path = path.into();
        let (line, column) = source.place(&path);
        self.findings.push(Finding {
            code: code.as_str(),
            severity,
            file: source.file.clone(),
            line,
            column,
            path,
            subject: source.name.clone(),
            message: message.into(),
            help: help.into(),
        });
    }

    fn into_findings(mut self) -> Vec<Finding> {
        // Stable: findings of one place stay in the order of the lint's rules.
        self.findings.sort_by(|a, b| {
            (&a.file, &a.subject, a.line, a.column).cmp(&(&b.file, &b.subject, b.line, b.column))
        });
        self.findings
    }
}

fn finding(
    source: &RuleSource,
    code: &'static str,
    severity: Severity,
    message: String,
    help: String,
) -> Finding {
    Finding {
        code,
        severity,
        file: source.file.clone(),
        line: source.line,
        column: 0,
        path: String::new(),
        subject: source.name.clone(),
        message,
        help,
    }
}

/// What is wrong with a rule's statement, which begins at a line and column of a file.
pub(crate) fn sql_finding(
    rule: &str,
    (file, (line, column)): (&str, (usize, usize)),
    sql: &str,
    diagnostic: &Diagnostic,
    severity: Severity,
) -> Finding {
    let expected = diagnostic.expected.join(", ");
    let help = match (&diagnostic.help, expected.as_str()) {
        (Some(help), _) => help.clone(),
        (None, "") => diagnostic.code.help().to_owned(),
        (None, expected) => format!("expected {expected}"),
    };
    let finding = Finding {
        code: diagnostic.code.as_str(),
        severity,
        file: file.to_owned(),
        line,
        column: 0,
        path: String::new(),
        subject: rule.to_owned(),
        message: diagnostic.message.clone(),
        help,
    };
    at_sql(finding, column, sql, diagnostic.position(sql))
}

/// Puts a finding at a place of the SQL, which begins at the column `start` of its file. The column
/// in the file is only told where the SQL is one line without escapes before that place; the place
/// in the SQL always is.
fn at_sql(finding: Finding, start: usize, sql: &str, place: (usize, usize)) -> Finding {
    let (line, column) = place;
    let before: String = sql.chars().take(column.saturating_sub(1)).collect();
    let is_plain = line == 1 && !before.contains(['"', '\\', '\n', '\t']);
    let column = if start > 0 && is_plain { start + column } else { 0 };
    Finding { column, path: format!("sql:{line}:{}", place.1), ..finding }
}

/// Line and column, from 1, of a byte of `text`.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests;

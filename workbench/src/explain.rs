//! Everything about one rule and one message: FROM, each sub-expression, the term that decided,
//! each template of the actions, and each policy verdict.
//!
//! What it does not do: it evaluates and decides nothing itself. Values come from
//! `fieldmirror_rules::explain`, verdicts from `fieldmirror_cloud::policy`.

use fieldmirror_cloud::policy::{Action, Request, SessionPolicy};
use fieldmirror_rules::context::Context;
use fieldmirror_rules::diagnostic::Diagnostic;
use fieldmirror_rules::explain::{Explanation, TemplateExplanation};
use fieldmirror_rules::rule::{Rule, SqlVersion, Strictness};
use fieldmirror_rules::value::Value;
use serde_json::Value as Json;
use std::fmt::Write as _;

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// The rule's name.
    pub name: &'a str,
    /// The rule, as `CreateTopicRule` takes it.
    pub rule: &'a Json,
    /// How strictly its statement and templates are compiled.
    pub strictness: Strictness,
    /// The message's payload.
    pub payload: &'a [u8],
    /// Its topic, client and all else that functions read.
    pub context: Context<'a>,
    /// The policies of the client's session, if its verdicts are asked for too.
    pub session: Option<&'a SessionPolicy>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The rule's name.
    pub name: String,
    /// What may be surprising about the rule: that it is disabled, how the message reaches it.
    pub notes: Vec<String>,
    /// The SQL over the message.
    pub statement: Explanation,
    /// Each template of its actions, with the field's path.
    pub templates: Vec<(String, TemplateAnswer)>,
    /// What the client's policies say, in the order in which they are asked.
    pub verdicts: Vec<Verdict>,
}

/// A template over the message.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplateAnswer {
    /// What it comes to.
    Explained(TemplateExplanation),
    /// It does not compile.
    Wrong(String),
}

/// What a policy says about a step of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The request, the verdict and the statement that decided, in a sentence.
    pub sentence: String,
}

/// Explains a rule over a message.
///
/// # Errors
/// What is wrong with the rule's SQL.
pub fn explain(question: &Question<'_>) -> Result<Answer, Vec<Diagnostic>> {
    let text = |key: &str| question.rule.get(key).and_then(Json::as_str);
    let version = text("awsIotSqlVersion").and_then(SqlVersion::parse).unwrap_or_default();
    let sql = text("sql").unwrap_or_default();
    let (rule, _) = Rule::compile_with(sql, version, question.strictness)?;
    let (direct, topic) = basic_ingest(question.context.topic);
    let context = Context { topic, ..question.context };
    let mut notes = Vec::new();
    if question.rule.get("ruleDisabled").and_then(Json::as_bool) == Some(true) {
        notes.push("the rule is disabled: it takes no messages".to_owned());
    }
    match direct {
        Some(name) if name == question.name => notes.push(format!(
            "Basic Ingest hands the message to `{name}` whatever its FROM says, as {topic}"
        )),
        Some(name) => {
            notes.push(format!("Basic Ingest hands the message to `{name}`, and to no other rule"));
        }
        None => {}
    }
    let mut statement = match direct {
        Some(name) if name == question.name => rule.explain_direct(question.payload, &context),
        _ => rule.explain(question.payload, &context),
    };
    statement.is_heard &= direct.is_none_or(|name| name == question.name);
    let variables = statement.variable_values();
    let templates = templates(question.rule)
        .into_iter()
        .map(|(path, text)| {
            let answer = match rule.template(&text) {
                Ok(template) => TemplateAnswer::Explained(template.explain_with(
                    question.payload,
                    &context,
                    &variables,
                )),
                Err(wrong) => {
                    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
                    TemplateAnswer::Wrong(format!("{text}: {}", lines.join("; ")))
                }
            };
            (path, answer)
        })
        .collect();
    Ok(Answer {
        name: question.name.to_owned(),
        notes,
        statement,
        templates,
        verdicts: verdicts(question),
    })
}

/// The rule that a topic of Basic Ingest names, and the topic without that prefix.
fn basic_ingest(topic: &str) -> (Option<&str>, &str) {
    match topic.strip_prefix("$aws/rules/").map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
        Some((name, rest)) => (Some(name), rest),
        None => (None, topic),
    }
}

/// Texts with `${` in the rule's actions with their paths; roles take none.
fn templates(rule: &Json) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for key in ["actions", "errorAction"] {
        if let Some(value) = rule.get(key) {
            gather(value, key.to_owned(), &mut found);
        }
    }
    found
}

fn gather(value: &Json, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Json::String(text) if text.contains("${") => found.push((path, text.clone())),
        Json::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                gather(item, format!("{path}[{i}]"), found);
            }
        }
        Json::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| *key != "roleArn") {
                gather(value, format!("{path}.{key}"), found);
            }
        }
        _ => {}
    }
}

fn verdicts(question: &Question<'_>) -> Vec<Verdict> {
    let Some(session) = question.session else { return Vec::new() };
    let connect = question.context.client_id.map(|client| (Action::Connect, client));
    let publish = (Action::Publish, question.context.topic);
    connect
        .into_iter()
        .chain([publish])
        .map(|(action, name)| {
            let request = Request::new(action, name);
            let decision = session.decide_request(request);
            let mut sentence = session.sentence(request, decision);
            if decision.by().is_none() {
                for variable in session.missing(action) {
                    // Writing to a String cannot fail.
                    let _ = write!(sentence, "; `{variable}` has no value");
                }
            }
            Verdict { allowed: decision.is_allowed(), sentence }
        })
        .collect()
}

impl Answer {
    /// The answer for a terminal: what the client may, FROM, WHERE and SELECT as a tree, then the
    /// templates, their paths aligned.
    pub fn to_text(&self) -> String {
        let mut out = format!("rule `{}`\n", self.name);
        for note in &self.notes {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "note: {note}");
        }
        for verdict in &self.verdicts {
            let _ = writeln!(out, "policy: {}", verdict.sentence);
        }
        out.push_str(&self.statement.to_text());
        if !self.is_let_through() {
            out.push_str("the message does not get there: a policy denies it\n");
        }
        let width = self.templates.iter().map(|(path, _)| path.chars().count()).max().unwrap_or(0);
        for (path, answer) in &self.templates {
            let text = match answer {
                TemplateAnswer::Explained(template) => template.to_text(),
                TemplateAnswer::Wrong(why) => format!("{why}\n"),
            };
            let mut lines = text.lines();
            let _ = writeln!(out, "{path:width$}  {}", lines.next().unwrap_or_default());
            for line in lines {
                let _ = writeln!(out, "{:width$}  {line}", "");
            }
        }
        out
    }

    /// Whether the client's policies let the message get to the rule, if they were asked.
    pub fn is_let_through(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.allowed)
    }

    /// `{schema_version, rule, notes, letThrough, policies: [{allowed, sentence}], statement,
    /// templates: [{path, ...}]}` as the text of JSON: numbers keep all of their digits, which those of
    /// `serde_json` do not.
    pub fn to_json(&self) -> String {
        let verdicts = self.verdicts.iter().map(|verdict| {
            object([
                ("allowed", verdict.allowed.into()),
                ("sentence", verdict.sentence.as_str().into()),
            ])
        });
        let templates = self.templates.iter().map(|(path, answer)| {
            let mut entries = match answer {
                TemplateAnswer::Explained(template) => match template.to_json() {
                    Value::Object(entries) => entries,
                    other => [("template", other)].into_iter().collect(),
                },
                TemplateAnswer::Wrong(why) => {
                    [("error", why.as_str().into())].into_iter().collect()
                }
            };
            entries.insert("path", path.as_str().into());
            Value::Object(entries)
        });
        let notes = self.notes.iter().map(|note| Value::from(note.as_str()));
        let all = object([
            ("schema_version", SCHEMA_VERSION.into()),
            ("rule", self.name.as_str().into()),
            ("notes", Value::Array(notes.collect())),
            ("letThrough", self.is_let_through().into()),
            ("policies", Value::Array(verdicts.collect())),
            ("statement", self.statement.to_json()),
            ("templates", Value::Array(templates.collect())),
        ]);
        String::from_utf8_lossy(&all.to_json()).into_owned()
    }
}

/// The version of the JSON form.
const SCHEMA_VERSION: i64 = 1;

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().collect())
}

#[cfg(test)]
mod tests;

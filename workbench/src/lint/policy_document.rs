//! A policy's JSON as statements with their places, as far as it has any.

use super::pattern::Pattern;
use super::{Code, PolicySource, Report, Severity};
use serde_json::{Map, Value as Json};

/// A policy with what could be understood of it.
pub(crate) struct Document<'a> {
    pub(super) source: &'a PolicySource,
    pub(super) statements: Vec<Statement<'a>>,
}

/// One statement.
pub(crate) struct Statement<'a> {
    /// `Statement[0]`; empty for a bare one.
    path: String,
    pub(super) is_allow: bool,
    is_deny: bool,
    has_condition: bool,
    pub(super) actions: Vec<&'a str>,
    pub(super) resources: Vec<Resource<'a>>,
    pub(super) has_not_action: bool,
    pub(super) has_not_resource: bool,
}

/// One resource.
pub(crate) struct Resource<'a> {
    /// `Statement[0].Resource[1]`.
    pub(super) path: String,
    /// As it was written.
    pub(super) text: &'a str,
    /// `topic`, `topicfilter`, `client`, ...; `*` for all.
    pub(super) kind: &'a str,
    /// What follows the kind.
    pub(super) name: &'a str,
}

/// Reads all policies; what is missing or of a wrong kind is reported.
pub(super) fn read<'a>(sources: &'a [PolicySource], report: &mut Report) -> Vec<Document<'a>> {
    sources.iter().map(|source| document(source, report)).collect()
}

fn document<'a>(source: &'a PolicySource, report: &mut Report) -> Document<'a> {
    let mut statements = Vec::new();
    let malformed = (Code::MalformedPolicy, Severity::Error);
    let Json::Object(fields) = &source.document else {
        let help = "write {\"Version\": \"2012-10-17\", \"Statement\": [...]}";
        report.policy(source, "", malformed, "the policy is no object", help);
        return Document { source, statements };
    };
    match fields.get("Version") {
        Some(Json::String(version)) if version == "2012-10-17" => {}
        Some(other) => {
            let message = format!("Version {other} is none that AWS IoT policies have");
            let help = "write \"Version\": \"2012-10-17\"";
            report.policy(source, "Version", malformed, message, help);
        }
        None => {
            // The service takes it as 2008-10-17, in which variables are plain text.
            let uses_variables = source.document.to_string().contains("${");
            let (severity, message) = if uses_variables {
                (Severity::Error, "Version is missing, and so its variables are plain text")
            } else {
                (Severity::Warning, "Version is missing")
            };
            report.policy(
                source,
                "Version",
                (Code::PolicyWithoutVersion, severity),
                message,
                "add \"Version\": \"2012-10-17\"; without it AWS's policy language means \
                 2008-10-17, in which variables such as ${iot:ClientId} are plain text",
            );
        }
    }
    match fields.get("Statement") {
        Some(Json::Array(list)) => {
            for (i, item) in list.iter().enumerate() {
                read_statement(source, format!("Statement[{i}]"), item, &mut statements, report);
            }
        }
        Some(one @ Json::Object(_)) => {
            read_statement(source, "Statement".to_owned(), one, &mut statements, report);
        }
        Some(_) => {
            let help = "write a list of statements";
            report.policy(source, "Statement", malformed, "Statement is no list", help);
        }
        None if fields.contains_key("Effect") => {
            report.policy(
                source,
                "Statement",
                (Code::BareStatement, Severity::Error),
                "the policy is a bare statement: the Statement list around it is missing",
                "write {\"Version\": \"2012-10-17\", \"Statement\": [ ... ]} around it; AWS \
                 refuses it as it stands (MalformedPolicyException)",
            );
            read_statement(source, String::new(), &source.document, &mut statements, report);
        }
        None => {
            let help = "add a list of statements; without one everything is denied";
            report.policy(source, "Statement", malformed, "Statement is missing", help);
        }
    }
    Document { source, statements }
}

fn read_statement<'a>(
    source: &PolicySource,
    path: String,
    value: &'a Json,
    statements: &mut Vec<Statement<'a>>,
    report: &mut Report,
) {
    let malformed = (Code::MalformedPolicy, Severity::Error);
    let Json::Object(fields) = value else {
        let help = "write {\"Effect\", \"Action\", \"Resource\"}";
        report.policy(source, path, malformed, "the statement is no object", help);
        return;
    };
    let mut statement = Statement {
        is_allow: false,
        is_deny: false,
        has_condition: fields.contains_key("Condition"),
        actions: Vec::new(),
        resources: Vec::new(),
        has_not_action: fields.contains_key("NotAction"),
        has_not_resource: fields.contains_key("NotResource"),
        path,
    };
    match fields.get("Effect").and_then(Json::as_str) {
        Some("Allow") => statement.is_allow = true,
        Some("Deny") => statement.is_deny = true,
        _ => {
            let help = "write \"Allow\" or \"Deny\", in just this case";
            let message = "Effect is neither Allow nor Deny";
            report.policy(source, statement.below("Effect"), malformed, message, help);
        }
    }
    statement.actions = texts(fields, "Action").into_iter().map(|(_, text)| text).collect();
    statement.resources = texts(fields, "Resource")
        .into_iter()
        .map(|(at, text)| Resource::read(statement.below(&at), text))
        .collect();
    for (key, not_key) in [("Action", "NotAction"), ("Resource", "NotResource")] {
        if texts(fields, key).is_empty() && texts(fields, not_key).is_empty() {
            let message = format!("{key} is missing or no text");
            let help = format!("name at least one, or {not_key}");
            report.policy(source, statement.below(key), malformed, message, help);
        }
    }
    for resource in statement.resources.iter().filter(|resource| resource.kind.is_empty()) {
        let message = format!("`{}` is no resource of AWS IoT", resource.text);
        let help =
            "write arn:aws:iot:REGION:ACCOUNT:topic/..., with your region and account, or `*`";
        report.policy(source, resource.path.clone(), malformed, message, help);
    }
    statements.push(statement);
}

/// A text or a list of texts, each with its place.
fn texts<'a>(fields: &'a Map<String, Json>, key: &str) -> Vec<(String, &'a str)> {
    match fields.get(key) {
        Some(Json::String(text)) => vec![(key.to_owned(), text)],
        Some(Json::Array(items)) => {
            let items = items.iter().enumerate();
            items.filter_map(|(i, item)| Some((format!("{key}[{i}]"), item.as_str()?))).collect()
        }
        _ => Vec::new(),
    }
}

impl<'a> Resource<'a> {
    fn read(path: String, text: &'a str) -> Self {
        let (kind, name) = if text == "*" {
            ("*", "*")
        } else {
            match text.splitn(6, ':').collect::<Vec<_>>().as_slice() {
                ["arn", _, "iot" | "*", _, _, rest] => match rest.split_once('/') {
                    Some(split) => split,
                    None if *rest == "*" => ("*", "*"),
                    None => ("", ""),
                },
                _ => ("", ""),
            }
        };
        Self { path, text, kind, name }
    }

    /// Whether it may be of this kind: kinds may have wildcards too.
    pub(super) fn is(&self, kind: &str) -> bool {
        !self.kind.is_empty() && Pattern::of_resource(self.kind).holds(kind)
    }
}

impl Resource<'_> {
    /// Whether it is of this kind and the same for whoever asks. Region and account are not looked
    /// at: a policy names its own.
    fn is_certainly(&self, kind: &str) -> bool {
        self.is(kind) && !self.name.contains("${")
    }
}

impl Statement<'_> {
    /// The place of one of its fields.
    pub(super) fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Whether it names `action`, by itself or with a wildcard.
    pub(super) fn names(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.actions
            .iter()
            .any(|named| Pattern::of_resource(&named.to_ascii_lowercase()).holds(&action))
    }

    /// Whether it names `action` by its own name.
    pub(super) fn spells(&self, action: &str) -> bool {
        self.actions.iter().any(|named| named.eq_ignore_ascii_case(action))
    }

    /// Whether one of its resources may be of this kind.
    pub(super) fn has(&self, kind: &str) -> bool {
        self.has_not_resource || self.resources.iter().any(|resource| resource.is(kind))
    }
}

/// What one policy lets clients do with one action.
pub(super) struct Allowance {
    /// What its Allows name.
    allowed: Vec<Pattern>,
    /// What its Denies certainly take away: those without variables and conditions. Whom it is
    /// attached to has both.
    denied: Vec<Pattern>,
}

impl Allowance {
    /// Whether it may allow something in `set`.
    pub(super) fn reaches(&self, set: &Pattern) -> bool {
        let is_taken = |all: &Pattern| self.denied.iter().any(|denied| denied.covers(all));
        let reaches = |allowed: &Pattern| allowed.overlaps(set) && !is_taken(allowed);
        !is_taken(set) && self.allowed.iter().any(reaches)
    }

    /// Whether it may allow the topic.
    pub(super) fn holds(&self, topic: &str) -> bool {
        let holds = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.holds(topic));
        holds(&self.allowed) && !holds(&self.denied)
    }
}

impl Document<'_> {
    /// What it allows of `action` on resources of one kind; `None` if no Allow names it.
    pub(super) fn allowance(&self, action: &str, kind: &str) -> Option<Allowance> {
        let allows = self.statements.iter().filter(|one| one.is_allow);
        let allowed: Vec<Pattern> = allows
            .filter(|one| one.names(action) || one.has_not_action)
            .flat_map(|one| {
                let anything = one.has_not_resource.then(|| Pattern::of_resource("*"));
                let named = one.resources.iter().filter(|resource| resource.is(kind));
                anything.into_iter().chain(named.map(|one| Pattern::of_resource(one.name)))
            })
            .collect();
        let denies = self.statements.iter().filter(|one| one.is_deny && !one.has_condition);
        let denied = denies.filter(|one| one.names(action)).flat_map(|one| {
            let certain = |resource: &&Resource<'_>| resource.is_certainly(kind);
            one.resources.iter().filter(certain).map(|one| Pattern::of_resource(one.name))
        });
        let denied = denied.collect();
        (!allowed.is_empty()).then_some(Allowance { allowed, denied })
    }
}

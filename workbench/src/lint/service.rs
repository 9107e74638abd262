//! L042 to L045: what the evaluator of policies refuses or warns about, where no other rule of the
//! lint has said it already.
//!
//! Policies are read by `fieldmirror_cloud::policy` as everywhere else, so that what the lint passes
//! is what suites and simulations take.

use super::{Code, Finding, PolicySource, Report, Severity};
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::policy::{PolicyDocument, PolicyProblem, PolicyWarning, WarningKind};
use serde_json::{Map, Value as Json};

pub(super) fn check(source: &PolicySource, report: &mut Report) {
    let Json::Object(fields) = &source.document else { return };
    let (document, is_bare) = completed(fields);
    let is_own = |found: &&Finding| found.subject == source.name && found.file == source.file;
    // What the lint has said in its own words, with its own help.
    let told: Vec<Finding> = report.findings.iter().filter(is_own).cloned().collect();
    let place = |path: &str| match path {
        // What `cloud` calls the whole.
        "the document" => String::new(),
        path if is_bare => path.strip_prefix("Statement.").unwrap_or(path).to_owned(),
        path => path.to_owned(),
    };
    match PolicyDocument::from_value(&document) {
        Ok(read) => {
            for warning in read.warnings {
                let path = place(&warning.path);
                warn(source, &warning, path, &told, report);
            }
        }
        Err(CloudError::Policy { problems }) => {
            for problem in problems {
                let path = place(&problem.path);
                refuse(source, &problem, path, &told, report);
            }
        }
        Err(other) => {
            let help = "write it as the service takes it";
            let code = (Code::MalformedPolicy, Severity::Error);
            report.policy(source, "", code, other.to_string(), help);
        }
    }
}

/// The document with what other rules of the lint ask for, so that the rest is judged as it will be
/// then: a `Version`, without which variables are plain text, and the list around a bare statement.
fn completed(fields: &Map<String, Json>) -> (Json, bool) {
    let is_bare = !fields.contains_key("Statement") && fields.contains_key("Effect");
    let mut document = Map::new();
    if is_bare {
        let (mut own, mut statement) = (Map::new(), Map::new());
        for (key, value) in fields {
            let into =
                if ["Version", "Id"].contains(&key.as_str()) { &mut own } else { &mut statement };
            into.insert(key.clone(), value.clone());
        }
        document.extend(own);
        document.insert("Statement".to_owned(), Json::Object(statement));
    } else {
        document.extend(fields.clone());
    }
    document.entry("Version").or_insert_with(|| Json::from("2012-10-17"));
    (Json::Object(document), is_bare)
}

fn refuse(
    source: &PolicySource,
    problem: &PolicyProblem,
    path: String,
    told: &[Finding],
    report: &mut Report,
) {
    let is_told = |told: &Finding| match told.code {
        "L042" => is_within(&told.path, &path) || is_within(&path, &told.path),
        "L038" => problem.found.split('`').nth(1).is_some_and(|name| {
            is_within(&path, &told.path) && told.message.contains(&format!("`{name}`"))
        }),
        "L040" => told.path == path,
        "L039" => path.is_empty(),
        _ => false,
    };
    if told.iter().any(is_told) {
        return;
    }
    let message = format!("the service refuses this: {}", problem.found);
    let help = format!("expected {}", problem.expected);
    report.policy(source, path, (Code::MalformedPolicy, Severity::Error), message, help);
}

fn warn(
    source: &PolicySource,
    warning: &PolicyWarning,
    path: String,
    told: &[Finding],
    report: &mut Report,
) {
    let misplaced = ["L032", "L036", "L037"];
    let (code, help, same): (Code, &str, &[&str]) = match warning.kind {
        WarningKind::NoVersion | WarningKind::OldVersion => {
            (Code::PolicyWithoutVersion, "write \"Version\": \"2012-10-17\"", &["L030", "L042"])
        }
        WarningKind::ActionWithoutResource => {
            (Code::MisplacedAction, "add a resource of that kind, or drop the action", &misplaced)
        }
        WarningKind::ResourceWithoutAction => {
            (Code::IdleResource, "add the action it is for, or drop it", &misplaced)
        }
        WarningKind::FilterInTopic => (Code::MqttWildcard, "write `*` for any run", &["L034"]),
        WarningKind::AllowsEverything => {
            (Code::PublishAnywhere, "name what the devices need", &["L035"])
        }
        WarningKind::ForeignAction => (Code::UnknownAction, "drop it", &["L038"]),
        WarningKind::ForeignVariable => {
            let help = "use a variable of AWS IoT, such as ${iot:Connection.Thing.ThingName}";
            (Code::ForeignVariable, help, &[])
        }
        WarningKind::NoSetOperator => {
            (Code::NoSetOperator, "say whether all values must hold, or any", &[])
        }
    };
    let place = statement(&path).to_owned();
    let is_told = |found: &Finding| same.contains(&found.code) && statement(&found.path) == place;
    if !told.iter().any(is_told) {
        report.policy(source, path, (code, Severity::Warning), warning.text.clone(), help);
    }
}

/// Whether a path is `outer` or below it.
fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// `Statement[1]` of `Statement[1].Action[0]`.
fn statement(path: &str) -> &str {
    path.split('.').next().filter(|step| step.starts_with("Statement")).unwrap_or_default()
}

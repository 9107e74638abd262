//! L034 to L041 and L023: what a policy says, and what it does not do.
//!
//! # Source
//! AWS IoT Core developer guide, "AWS IoT Core policy actions", "Publish/Subscribe policy
//! examples" and "AWS IoT Core policy variables".

use super::policy_document::{Document, Resource, Statement};
use super::topics::limits;
use super::{Code, Report, Severity};
use fieldmirror_core::topic::TopicFilter;
use serde_json::Value as Json;

/// Longest policy, in characters without blanks. Source: Quotas, security and identity.
const POLICY_CHARS_MAX: usize = 2_048;

/// Longest client id, in bytes. Source: Quotas, message broker.
const CLIENT_ID_BYTES_MAX: usize = 128;

/// Actions of devices, each with what its resources are; `thing` actions are not judged by kind.
const ACTIONS: [(&str, &str); 20] = [
    ("iot:Connect", "client"),
    ("iot:Publish", "topic"),
    ("iot:RetainPublish", "topic"),
    ("iot:Receive", "topic"),
    ("iot:Subscribe", "topicfilter"),
    ("iot:GetRetainedMessage", "topic"),
    ("iot:ListRetainedMessages", ""),
    ("iot:GetThingShadow", "thing"),
    ("iot:UpdateThingShadow", "thing"),
    ("iot:DeleteThingShadow", "thing"),
    ("iot:ListNamedShadowsForThing", ""),
    ("iot:DescribeJobExecution", "thing"),
    ("iot:GetPendingJobExecutions", "thing"),
    ("iot:StartNextPendingJobExecution", "thing"),
    ("iot:UpdateJobExecution", "thing"),
    ("iot:AssumeRoleWithCertificate", "rolealias"),
    ("iot:DeleteConnection", "client"),
    ("iot:GetConnection", "client"),
    ("iot:ListSubscriptions", "client"),
    ("iot:SendDirectMessage", "client"),
];

pub(super) fn check(document: &Document<'_>, report: &mut Report) {
    length(document, report);
    for statement in &document.statements {
        unknown_actions(document, statement, report);
        for resource in &statement.resources {
            placeholders(document, resource, report);
            names(document, statement, resource, report);
        }
        if statement.is_allow {
            kinds(document, statement, report);
            anywhere(document, statement, report);
        }
    }
    pairs(document, report);
}

fn length(document: &Document<'_>, report: &mut Report) {
    let text = document.source.document.to_string();
    let count = text.chars().filter(|c| !c.is_whitespace()).count();
    if count > POLICY_CHARS_MAX {
        let message =
            format!("the policy has {count} characters, and {POLICY_CHARS_MAX} are allowed");
        let help = "use variables and wildcards, or split it: ten policies may be attached";
        report.policy(document.source, "", (Code::PolicyTooLong, Severity::Error), message, help);
    }
}

fn unknown_actions(document: &Document<'_>, statement: &Statement<'_>, report: &mut Report) {
    for action in &statement.actions {
        let alone = |known: &(&str, &str)| {
            let pattern = super::pattern::Pattern::of_resource(&action.to_ascii_lowercase());
            pattern.holds(&known.0.to_ascii_lowercase())
        };
        if !ACTIONS.iter().any(alone) {
            let message = format!("`{action}` is no action of a device: it allows nothing here");
            let help = "actions such as iot:CreateThing belong into a policy of IAM; check the \
                        spelling of others";
            let code = (Code::UnknownAction, Severity::Error);
            report.policy(document.source, statement.below("Action"), code, message, help);
        }
    }
}

fn placeholders(document: &Document<'_>, resource: &Resource<'_>, report: &mut Report) {
    let parts: Vec<&str> = resource.text.splitn(6, ':').collect();
    let [_, _, _, region, account, _] = parts.as_slice() else { return };
    let words = [("REGION", *region), ("ACCOUNT_ID", *account)];
    let is_word = |text: &str| {
        text.chars().any(|c| c.is_ascii_uppercase())
            && text.chars().all(|c| c.is_ascii_uppercase() || "_<>- ".contains(c))
    };
    let open: Vec<&str> =
        words.iter().map(|(_, found)| *found).filter(|found| is_word(found)).collect();
    if !open.is_empty() {
        let message = format!("{}: `{}` matches nothing", placeholder(&open), resource.text);
        let help = "fill in region and account";
        let code = (Code::Placeholder, Severity::Warning);
        report.policy(document.source, resource.path.clone(), code, message, help);
    }
}

fn placeholder(open: &[&str]) -> String {
    match open {
        [one] => format!("{one} is a placeholder"),
        several => format!("{} are placeholders", several.join(" and ")),
    }
}

/// What a resource names, whatever the statement's effect.
fn names(
    document: &Document<'_>,
    statement: &Statement<'_>,
    resource: &Resource<'_>,
    report: &mut Report,
) {
    let mut tell = |code, message: String, help: &str| {
        report.policy(document.source, resource.path.clone(), code, message, help);
    };
    let name = resource.name;
    let levels = |wild: &str| name.split('/').any(|level| level == wild);
    let wild = levels("+") || levels("#");
    match resource.kind {
        "topic" if wild => tell(
            (Code::MqttWildcard, Severity::Error),
            format!(
                "`+` and `#` are plain characters in a policy: no topic matches `topic/{name}`"
            ),
            "write `*` for any run of characters, `?` for one",
        ),
        "topicfilter" if wild && statement.is_allow => tell(
            (Code::MqttWildcard, Severity::Note),
            format!(
                "`topicfilter/{name}` allows only a subscription to just this text: `+` and `#` \
                 are plain characters in a policy"
            ),
            "write `*` if narrower filters should be allowed too",
        ),
        "client" if name.len() > CLIENT_ID_BYTES_MAX && !name.contains("${") => tell(
            (Code::TopicLimit, Severity::Error),
            format!(
                "the client id has {} bytes, and {CLIENT_ID_BYTES_MAX} are allowed",
                name.len()
            ),
            "shorten it",
        ),
        "client" if name.starts_with('$') && !name.starts_with("${") => tell(
            (Code::TopicLimit, Severity::Error),
            format!("a client id must not begin with `$`: {name}"),
            "choose another client id",
        ),
        _ => {}
    }
    if !matches!(resource.kind, "topic" | "topicfilter") {
        return;
    }
    if !name.contains("${") {
        if let Some(why) = limits(name) {
            let message = format!("`{}/{name}` {why}", resource.kind);
            tell((Code::TopicLimit, Severity::Error), message, "shorten it");
        } else if resource.kind == "topicfilter"
            && !name.contains(['*', '?'])
            && let Err(error) = TopicFilter::parse(name)
        {
            let message = format!("nothing can subscribe to `{name}`: {error}");
            tell((Code::TopicLimit, Severity::Error), message, "write a valid filter");
        }
    }
    let is_reserved = name.starts_with('$') && !name.starts_with("${");
    if is_reserved && !name.starts_with("$aws/") && !name.starts_with("$share/") {
        let message = format!("topics that begin with `$` are reserved: {name}");
        tell((Code::ReservedTopic, Severity::Error), message, "use a topic of your own");
    }
}

/// Actions whose resources are all of another kind.
fn kinds(document: &Document<'_>, statement: &Statement<'_>, report: &mut Report) {
    let mut tell = |code, message: &str, help: &str| {
        let path = statement.below("Resource");
        report.policy(document.source, path, (code, Severity::Error), message, help);
    };
    if statement.spells("iot:Subscribe") && !statement.has("topicfilter") {
        let (message, help) = if statement.has("topic") {
            (
                "iot:Subscribe is allowed on topic/ only, where it allows nothing: a subscription \
                 asks for topicfilter/",
                "add the same as topicfilter/: arn:aws:iot:REGION:ACCOUNT:topicfilter/...",
            )
        } else {
            (
                "iot:Subscribe is allowed on no topicfilter/, so it allows nothing",
                "add a topicfilter/",
            )
        };
        tell(Code::SubscribeOnTopic, message, help);
    }
    let publishing = ["iot:Publish", "iot:Receive", "iot:RetainPublish"];
    let spelt: Vec<&str> =
        publishing.into_iter().filter(|action| statement.spells(action)).collect();
    if !spelt.is_empty() && !statement.has("topic") {
        let message =
            format!("{} is allowed on no topic/, so it allows nothing", spelt.join(" and "));
        tell(Code::PublishOnFilter, &message, "add a topic/; topicfilter/ is for iot:Subscribe");
    }
    if statement.spells("iot:Connect") && !statement.has("client") {
        tell(
            Code::ConnectWithoutClient,
            "iot:Connect is allowed as no client/, so it allows nothing",
            "add client/, for example client/${iot:Connection.Thing.ThingName}",
        );
    }
}

fn anywhere(document: &Document<'_>, statement: &Statement<'_>, report: &mut Report) {
    if !statement.names("iot:Publish") {
        return;
    }
    let wide = statement
        .resources
        .iter()
        .find(|resource| resource.kind == "*" || (resource.is("topic") && resource.name == "*"));
    if let Some(resource) = wide {
        let message = format!(
            "`{}` with iot:Publish lets a device publish in every other's name, on shadows and \
             Basic Ingest too",
            resource.text
        );
        let help = "name the device's own topics: topic/.../${iot:Connection.Thing.ThingName}/*";
        let code = (Code::PublishAnywhere, Severity::Warning);
        report.policy(document.source, resource.path.clone(), code, message, help);
    }
}

/// Receiving and subscribing only work together.
fn pairs(document: &Document<'_>, report: &mut Report) {
    let allows = |action: &str| {
        let mut allow = document.statements.iter().filter(|one| one.is_allow);
        allow.any(|one| one.names(action) || one.has_not_action)
    };
    let (receives, subscribes) = (allows("iot:Receive"), allows("iot:Subscribe"));
    let path = match document.source.document.get("Statement") {
        Some(Json::Array(_) | Json::Object(_)) => "Statement",
        _ => "Action",
    };
    if receives && !subscribes {
        report.policy(
            document.source,
            path,
            (Code::ReceiveWithoutSubscribe, Severity::Warning),
            "iot:Receive is allowed and iot:Subscribe is not: what a client cannot subscribe to it \
             does not receive",
            "allow iot:Subscribe on topicfilter/, unless another policy does",
        );
    }
    if subscribes && !receives {
        report.policy(
            document.source,
            path,
            (Code::SubscribeWithoutReceive, Severity::Warning),
            "iot:Subscribe is allowed and iot:Receive is not: the subscription stands and nothing \
             is delivered",
            "allow iot:Receive on topic/, unless another policy does",
        );
    }
}

//! L024, L025, L026: rules and messages against what the policies allow.
//!
//! What is told here is certainly forbidden, unless a client has a policy that was not given: a
//! variable of an Allow counts as anything, and a Deny only where it has neither variable nor
//! condition, and only against what its own policy allows, since others may be attached elsewhere.

use super::pattern::Pattern;
use super::policy_document::{Allowance, Document};
use super::{Code, Report, RuleView, Severity, Subject};
use std::collections::BTreeSet;

pub(super) fn check(
    views: &[RuleView<'_>],
    policies: &[Document<'_>],
    subject: &Subject,
    report: &mut Report,
) {
    let allowed = |action: &str| -> Vec<Allowance> {
        policies.iter().filter_map(|policy| policy.allowance(action, "topic")).collect()
    };
    let (publishing, receiving) = (allowed("iot:Publish"), allowed("iot:Receive"));
    for view in views {
        if !policies.is_empty() {
            publishers(view, views, &publishing, report);
        }
        if !receiving.is_empty() {
            receivers(view, views, &receiving, report);
        }
    }
    if let (false, Some(first)) = (publishing.is_empty(), policies.first()) {
        sample(subject, &publishing, first, report);
    }
}

/// A FROM on which neither a client may publish nor a rule does.
fn publishers(
    view: &RuleView<'_>,
    views: &[RuleView<'_>],
    publishing: &[Allowance],
    report: &mut Report,
) {
    let Some(from) = view.from().filter(|from| !from.starts_with('$')) else { return };
    let heard = Pattern::of_filter(from);
    let is_republished = views.iter().any(|other| {
        other
            .republishes()
            .any(|(_, topic)| Pattern::of_template(topic, other.from()).overlaps(&heard))
    });
    if is_republished || publishing.iter().any(|allowed| allowed.reaches(&heard)) {
        return;
    }
    let message = format!("no policy lets a client publish on what FROM '{from}' hears");
    let help = "allow iot:Publish on such a topic, or correct FROM";
    report.rule(view.source, "sql", (Code::PublisherForbidden, Severity::Warning), message, help);
}

/// A republished topic that neither a client may receive nor a rule hears.
fn receivers(
    view: &RuleView<'_>,
    views: &[RuleView<'_>],
    receiving: &[Allowance],
    report: &mut Report,
) {
    for (path, template) in view.republishes().filter(|(_, topic)| !topic.starts_with("$$")) {
        let made = Pattern::of_template(template, view.from());
        let is_heard = views
            .iter()
            .any(|other| other.from().is_some_and(|from| Pattern::of_filter(from).overlaps(&made)));
        if is_heard || receiving.iter().any(|allowed| allowed.reaches(&made)) {
            continue;
        }
        let message = format!("no policy lets a client receive `{template}`, and no rule hears it");
        let help = "allow iot:Receive and iot:Subscribe to whom it is for, or correct the topic";
        report.rule(view.source, path, (Code::NobodyReceives, Severity::Warning), message, help);
    }
}

/// Topics of the sample on which no client may publish.
fn sample(subject: &Subject, publishing: &[Allowance], policy: &Document<'_>, report: &mut Report) {
    let topics: BTreeSet<&str> =
        subject.sample.iter().filter_map(|message| message.topic.as_deref()).collect();
    for topic in topics {
        if !publishing.iter().any(|allowed| allowed.holds(topic)) {
            let message = format!(
                "the sample has a message on '{topic}', where no policy allows iot:Publish"
            );
            let help = "allow it, or correct the device: AWS closes its connection for it";
            let code = (Code::SampleForbidden, Severity::Warning);
            report.policy(policy.source, "Statement", code, message, help);
        }
    }
}

//! L020, L022, L023: topics that cannot be heard or published on.

use super::pattern::{Part, Pattern, parts};
use super::{Code, Report, RuleView, Severity, Subject};
use fieldmirror_core::limits::{TOPIC_BYTES_MAX, TOPIC_SLASHES_MAX};

pub(super) fn check(
    view: &RuleView<'_>,
    views: &[RuleView<'_>],
    subject: &Subject,
    report: &mut Report,
) {
    if let Some(from) = view.from() {
        if from.starts_with('$') {
            reserved_from(view, from, report);
        } else {
            unheard(view, from, views, subject, report);
        }
    }
    for (path, template) in view.republishes() {
        republished(view, &path, template, report);
    }
}

/// Reserved topics that the service or its clients publish on.
///
/// # Source
/// AWS IoT Core developer guide, "Reserved topics".
const RESERVED: [&str; 13] = [
    "$aws/things/+/shadow/#",
    "$aws/things/+/jobs/#",
    "$aws/things/+/defender/metrics/#",
    "$aws/things/+/streams/#",
    "$aws/things/+/tunnels/notify",
    "$aws/certificates/create/#",
    "$aws/certificates/create-from-csr/#",
    "$aws/provisioning-templates/+/provision/#",
    "$aws/events/#",
    "$aws/device_location/+/#",
    "$aws/commands/things/+/executions/#",
    "$aws/sitewise/asset-models/#",
    "$aws/rules/#",
];

fn reserved_from(view: &RuleView<'_>, from: &str, report: &mut Report) {
    let heard = Pattern::of_filter(from);
    let (why, help) = if from.starts_with("$share/") {
        (
            "shared subscriptions are for clients; a rule hears no such topic",
            "leave $share/NAME/ out",
        )
    } else if from.starts_with("$aws/rules/") {
        (
            "Basic Ingest hands a message to the rule that its topic names, and to no FROM",
            "leave FROM as the rest of the topic, or out",
        )
    } else if !RESERVED.iter().any(|known| heard.overlaps(&Pattern::of_filter(known))) {
        ("nothing publishes on this reserved topic", "see the list of reserved topics")
    } else {
        return;
    };
    let code = (Code::NeverMatches, Severity::Error);
    let message = format!("FROM '{from}' never matches: {why}");
    report.rule(view.source, "sql", code, message, help);
}

/// A FROM that no topic of the sample matches, and that no rule republishes to.
fn unheard(
    view: &RuleView<'_>,
    from: &str,
    views: &[RuleView<'_>],
    subject: &Subject,
    report: &mut Report,
) {
    let topics: Vec<&str> =
        subject.sample.iter().filter_map(|message| message.topic.as_deref()).collect();
    if topics.is_empty() || topics.iter().any(|topic| view.rule.hears(topic)) {
        return;
    }
    let heard = Pattern::of_filter(from);
    let is_republished = views.iter().any(|other| {
        other
            .republishes()
            .any(|(_, topic)| Pattern::of_template(topic, other.from()).overlaps(&heard))
    });
    if is_republished {
        return;
    }
    let message =
        format!("FROM '{from}' matches none of the {} topics of the sample", topics.len());
    let parent = from.strip_suffix("/#");
    let help = if parent.is_some_and(|parent| topics.contains(&parent)) {
        "at AWS `a/#` does not match `a` itself: name it in a rule of its own".to_owned()
    } else {
        format!("the sample has '{}'", topics[0])
    };
    report.rule(view.source, "sql", (Code::NeverMatches, Severity::Warning), message, help);
}

fn republished(view: &RuleView<'_>, path: &str, template: &str, report: &mut Report) {
    let plain: String = parts(template)
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => text,
            Part::Expr(_) => "",
        })
        .collect();
    let mut tell = |code, message: String, help: &str| {
        report.rule(view.source, path, (code, Severity::Error), message, help);
    };
    let starts_reserved = template.starts_with('$') && !template.starts_with("${");
    if starts_reserved && !template.starts_with("$$") {
        let message =
            format!("a reserved topic in a republish action begins with `$$`: {template}");
        tell(Code::ReservedTopic, message, "write `$$aws/...`");
    } else if template.starts_with("$$") && !template.starts_with("$$aws/") {
        let message = format!("topics that begin with `$` are reserved: {template}");
        tell(Code::ReservedTopic, message, "use a topic of your own, without `$`");
    } else if Pattern::of_template(template, view.from())
        .overlaps(&Pattern::of_filter("$aws/things/+/jobs/#"))
        && template.starts_with("$$aws/")
        && plain.contains("/jobs")
    {
        let message = format!("a republish action may not publish on topics of jobs: {template}");
        tell(Code::ReservedTopic, message, "let a function call the jobs API");
    }
    if plain.contains(['+', '#']) {
        let message = format!("a topic to publish on has no wildcards: {template}");
        tell(Code::TopicLimit, message, "name the levels, for example with ${topic(2)}");
    }
    if let Some(why) = limits(plain.strip_prefix('$').unwrap_or(&plain)) {
        let message = format!("the topic {why}, templates not counted: {template}");
        tell(Code::TopicLimit, message, "shorten it");
    }
}

/// What exceeds a limit of topics in a text, if anything does.
pub(super) fn limits(topic: &str) -> Option<String> {
    let counted = topic
        .strip_prefix("$aws/rules/")
        .and_then(|rest| rest.split_once('/'))
        .map_or(topic, |(_, rest)| rest);
    let counted = counted
        .strip_prefix("$share/")
        .and_then(|rest| rest.split_once('/'))
        .map_or(counted, |(_, rest)| rest);
    // The three slashes of a reserved prefix do not count.
    let free = if counted.starts_with("$aws/") { 3 } else { 0 };
    let slashes = counted.matches('/').count();
    if counted.len() > TOPIC_BYTES_MAX {
        return Some(format!("has {} bytes, and {TOPIC_BYTES_MAX} are allowed", counted.len()));
    }
    (slashes > TOPIC_SLASHES_MAX + free)
        .then(|| format!("has {slashes} slashes, and {TOPIC_SLASHES_MAX} are allowed"))
}

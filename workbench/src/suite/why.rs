//! The smallest explanation of a failed case: which message, which rule, which term.

use super::Suite;
use super::case::Case;
use super::expect::{Expectation, Kind};
use super::play::{Event, Heard, Played};
use super::values::compact;
use fieldmirror_cloud::outputs::Source;
use fieldmirror_rules::context::Context;
use fieldmirror_rules::rule::Rule;
use fieldmirror_rules::value::Value;

/// Most messages of which one expectation is explained. Source: ours; the first ones tell.
const MESSAGES_MAX: usize = 3;

/// Why something that is expected did not happen.
pub(super) fn missing(
    suite: &Suite,
    case: &Case,
    played: &Played,
    expectation: &Expectation,
) -> Vec<String> {
    let line = expectation.line;
    if expectation.kind != Kind::Rule {
        let what = compact(&expectation.written);
        return vec![format!("line {line}: it did not happen: {what}")];
    }
    if played.heard.is_empty() {
        return vec![format!("line {line}: no message of the case reached the rules")];
    }
    let mut lines = Vec::new();
    let named = expectation.named("rule");
    for (name, spec) in suite.rules() {
        if named.is_some_and(|named| named != name) {
            continue;
        }
        let silent: Vec<&Heard> =
            played.heard.iter().filter(|heard| !heard.fired.contains(name)).collect();
        if silent.is_empty() {
            lines.push(format!("line {line}: rule `{name}` fired on every message, and not so"));
        }
        let compiled = spec.compile();
        for heard in silent.iter().take(MESSAGES_MAX) {
            let reason = match &compiled {
                _ if spec.disabled => "it is disabled".to_owned(),
                Ok((rule, _)) => verdict(rule, heard, false),
                Err(_) => "it does not compile".to_owned(),
            };
            let place = place(case, heard);
            lines.push(format!("line {line}: rule `{name}` did not fire on {place}: {reason}"));
        }
        if silent.len() > MESSAGES_MAX {
            let more = silent.len() - MESSAGES_MAX;
            lines.push(format!("line {line}: nor on {more} further messages"));
        }
    }
    lines
}

/// Why something happened that nobody expects.
pub(super) fn extra(suite: &Suite, case: &Case, played: &Played, event: &Event) -> Vec<String> {
    let text = |key: &str| event.value.get(key).and_then(Value::as_str).unwrap_or_default();
    let step = step_line(case, event.step);
    if let Some(rule) = event.value.get("rule").and_then(Value::as_str) {
        let heard = played
            .heard
            .iter()
            .find(|heard| heard.step == event.step && heard.fired.contains(rule));
        let spec = suite.rules().iter().find(|(name, _)| name == rule);
        let reason = heard.and_then(|heard| {
            let (_, spec) = spec?;
            let (rule, _) = spec.compile().ok()?;
            Some(format!("on {}: {}", place(case, heard), verdict(&rule, heard, true)))
        });
        let reason = reason.unwrap_or_else(|| format!("on the message of {step}"));
        let did = match (event.value.get("error").and_then(Value::as_str), text("action")) {
            (Some(error), "") => return vec![format!("rule `{rule}` failed {reason}; {error}")],
            (Some(error), action) => format!("failed with `{action}` ({error})"),
            (None, "") => "fired".to_owned(),
            (None, action) => format!("fired with `{action}`"),
        };
        return vec![format!("rule `{rule}` {did} {reason}; nobody expects it")];
    }
    vec![match event.value.get("denied") {
        Some(_) => format!(
            "policies forbid `{}` {} on `{}` at {step}: {}",
            text("denied"),
            text("action"),
            text("resource"),
            text("reason")
        ),
        None if event.value.get("refused").is_some() => format!(
            "{step} was refused ({}: {}), so that nothing could come of it",
            text("code"),
            text("detail")
        ),
        None => {
            format!("`{}` got a message on `{}` at {step}", text("delivered"), text("topic"))
        }
    }]
}

/// Something happened, but not as it is expected.
pub(super) fn differs(case: &Case, expectation: &Expectation, event: &Event) -> String {
    let step = step_line(case, event.step);
    let what = match event.value.get(expectation.kind.key()).and_then(Value::as_str) {
        Some(name) if expectation.kind == Kind::Rule => format!("rule `{name}` acted"),
        Some(name) => format!("{} `{name}`", expectation.kind.key()),
        None => "it happened".to_owned(),
    };
    let mut how = Vec::new();
    let mut differing = expectation.differing(&event.value);
    if differing.contains(&"error") && event.value.get("error").is_none() {
        differing.retain(|key| *key != "error");
        how.push("and did not fail".to_owned());
    }
    if !differing.is_empty() {
        how.push(format!("with another {}", differing.join(" and another ")));
    }
    let error = event.value.get("error").and_then(Value::as_str);
    if let Some(error) = error.filter(|_| !expectation.tells_end()) {
        how.push(format!("and failed: {error}"));
    }
    format!("line {}: {what} at {step}, {}", expectation.line, how.join(", "))
}

/// How a shadow or table differs.
pub(super) fn state(expectation: &Expectation, state: &Value) -> String {
    let key = expectation.kind.key();
    let name = expectation.named(key).unwrap_or_default();
    let is_there = matches!(state, Value::Object(object) if object.len() > 1);
    match (is_there, expectation.kind) {
        (false, Kind::Shadow) => {
            format!("line {}: the thing `{name}` has no shadow", expectation.line)
        }
        (false, _) => format!("line {}: there is no table `{name}`", expectation.line),
        (true, _) => format!("line {}: the {key} of `{name}` differs", expectation.line),
    }
}

/// Steps that could not happen, each after a refusal that stands in the events.
pub(super) fn skipped(case: &Case, played: &Played) -> Vec<String> {
    let expects_refusal = case
        .expect
        .iter()
        .any(|expectation| matches!(expectation.kind, Kind::Denied | Kind::Refused));
    if expects_refusal {
        return Vec::new();
    }
    let note = |&step: &usize| {
        let client = &case.steps[step].client;
        format!("{} did not happen: `{client}` is not connected", step_line(case, step))
    };
    played.skipped.iter().map(note).collect()
}

/// Why a rule fired on a message, or did not.
fn verdict(rule: &Rule, heard: &Heard, fired: bool) -> String {
    let context = Context {
        client_id: heard.client.as_deref(),
        principal: heard.client.as_deref(),
        ..Context::new(&heard.topic, heard.time)
    };
    let mut explanation = rule.explain(&heard.payload, &context);
    if !explanation.is_heard && (fired || rule.filter().is_none()) {
        explanation = rule.explain_direct(&heard.payload, &context);
    }
    if explanation.fires() == fired {
        return explanation.summary();
    }
    // What the rule asks of services is known to the core alone.
    format!("what it asked of other services decided: {}", explanation.summary())
}

fn place(case: &Case, heard: &Heard) -> String {
    let made = match heard.source {
        Source::Device | Source::App => "the message",
        _ => "what came of the message",
    };
    format!("{made} of {} on `{}`", step_line(case, heard.step), heard.topic)
}

fn step_line(case: &Case, step: usize) -> String {
    case.steps.get(step).map_or_else(
        || "the suite's setup".to_owned(),
        |step| format!("line {} (at {})", step.line, super::expect::shown_span(step.at.nanos())),
    )
}

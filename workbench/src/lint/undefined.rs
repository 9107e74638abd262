//! L003 and L004: what Undefined swallows.
//!
//! A comparison with Undefined is Undefined, and so is OR with one side that is, even if the other
//! is true (`fieldmirror_rules::decisions`, and AWS IoT SQL, operators).

use super::sample::{at, heard};
use super::{Code, Report, RuleView, Severity, Subject};
use fieldmirror_rules::survey::{Comparison, Condition, Path};
use fieldmirror_rules::value::Value;

pub(super) fn check(view: &RuleView<'_>, subject: &Subject, report: &mut Report) {
    if let Some(condition) = &view.survey.condition {
        walk(view, condition, subject, report);
    }
}

fn walk(view: &RuleView<'_>, condition: &Condition, subject: &Subject, report: &mut Report) {
    match condition {
        Condition::All(parts, _) => {
            parts.iter().for_each(|part| walk(view, part, subject, report));
        }
        Condition::Any(parts, _) => {
            swallowed(view, condition, parts, subject, report);
            parts.iter().for_each(|part| walk(view, part, subject, report));
        }
        Condition::Not(inner, _) => match &**inner {
            Condition::Term(term) => {
                if let Some(comparison) = &term.comparison
                    && comparison.operator == "="
                {
                    unequal(view, condition, comparison, subject, report);
                }
            }
            inner => walk(view, inner, subject, report),
        },
        Condition::Term(term) => {
            if let Some(comparison) = &term.comparison
                && comparison.operator == "<>"
            {
                unequal(view, condition, comparison, subject, report);
            }
        }
    }
}

/// `status <> 'off'` reads as if it held for a message without status.
fn unequal(
    view: &RuleView<'_>,
    condition: &Condition,
    comparison: &Comparison,
    subject: &Subject,
    report: &mut Report,
) {
    let Some(path) = comparison.left.path().or(comparison.right.path()) else { return };
    let is_guarded =
        |path: &Path| view.survey.reads.iter().any(|read| read.guarded && read.path.overlaps(path));
    if comparison.nested || is_guarded(path) {
        return;
    }
    let messages = heard(&subject.sample, view);
    let lacks =
        |message: &&&super::Message| at(&message.value(view.rule.version()), path).is_empty();
    let missing = messages.iter().filter(lacks).count();
    let text = view.text(condition.span());
    let (severity, how_often) = match (messages.len(), missing) {
        (0, _) => (Severity::Note, String::new()),
        (_, 0) => return,
        (all, missing) => {
            (Severity::Warning, format!(", as it is in {missing} of {all} messages of the sample"))
        }
    };
    let message = format!(
        "`{text}` does not fire where `{path}` is missing{how_often}: it is Undefined then"
    );
    let help = format!("write nanvl({path}, '') in its place if a message without it should fire");
    report.sql(view, condition.span(), (Code::UnequalToMissing, severity), message, help);
}

/// `isUndefined(x) OR x > 3` is silent for just the messages that isUndefined() is for.
fn swallowed(
    view: &RuleView<'_>,
    condition: &Condition,
    parts: &[Condition],
    subject: &Subject,
    report: &mut Report,
) {
    let code = (Code::SwallowedOr, Severity::Warning);
    let text = view.text(condition.span());
    for (i, part) in parts.iter().enumerate() {
        for path in part.terms().iter().filter_map(|term| term.asks.as_ref()) {
            let others = parts.iter().enumerate().filter(|(j, _)| *j != i);
            let needs = others.flat_map(|(_, other)| other.terms()).find(|term| {
                term.asks.is_none() && term.needs.iter().any(|need| need.overlaps(path))
            });
            let Some(term) = needs else { continue };
            let other = view.text(&term.span);
            let message = format!(
                "`{text}` is Undefined where `{path}` is missing or null, so the rule is silent \
                 for just those messages: `{other}` is Undefined then, and OR with Undefined is \
                 Undefined even if its other side is true"
            );
            let asks = view.text(part.span());
            let help = format!("write CASE {asks} WHEN TRUE THEN TRUE ELSE {other} END");
            report.sql(view, condition.span(), code, message, help);
            return;
        }
    }
    let messages = heard(&subject.sample, view);
    let lost = messages.iter().filter(|message| {
        let values: Vec<_> =
            parts.iter().filter_map(|part| message.part(&view.rule, part.span())).collect();
        values.contains(&Value::Bool(true)) && values.contains(&Value::Undefined)
    });
    let lost = lost.count();
    if lost > 0 {
        let message = format!(
            "`{text}` has a side that is true and one that is Undefined in {lost} of {} messages \
             of the sample, and is Undefined then: the rule stays silent",
            messages.len()
        );
        let help = "give what may be missing a value with nanvl(), or write two rules";
        report.sql(view, condition.span(), code, message, help);
    }
}

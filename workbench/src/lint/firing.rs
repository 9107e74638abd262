//! L011: rules that fire on most of what they hear.

use super::sample::heard;
use super::{Code, Options, Report, RuleView, Severity, Subject};

/// Rules that have a condition, and rules without one that call something for each message, are
/// judged; a rule that stores every message is meant to.
pub(super) fn check(
    view: &RuleView<'_>,
    subject: &Subject,
    options: &Options,
    report: &mut Report,
) {
    let messages = heard(&subject.sample, view);
    if messages.len() < options.sample_min.max(1) {
        return;
    }
    if view.survey.condition.is_none() && !view.acts() {
        return;
    }
    let Some(fired) =
        messages.iter().map(|message| message.fires(&view.rule)).collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let count = fired.iter().filter(|fires| **fires).count();
    let percent = 100.0 * count as f64 / messages.len() as f64;
    if percent > options.fires_percent_max {
        let span = match &view.survey.condition {
            Some(condition) => condition.span().clone(),
            None => 0..view.rule.sql().len(),
        };
        let message = format!(
            "the rule fires on {count} of {} messages of the sample ({percent:.0} %), more than \
             {:.0} %",
            messages.len(),
            options.fires_percent_max
        );
        let help = "each firing is billed and runs every action; narrow FROM or WHERE";
        report.sql(view, &span, (Code::FiresOften, Severity::Warning), message, help);
    }
}

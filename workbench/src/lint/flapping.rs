//! L012: thresholds that act again and again.
//!
//! A value that wavers around a threshold crosses it many times an hour. A rule that acts on it
//! wants a second rule for the way back with a band between the two, or a memory: a rule that asks
//! a shadow or a table is taken to have one.

use super::condition::bound;
use super::pattern::Pattern;
use super::sample::heard;
use super::{Code, Options, Report, RuleView, Severity, Subject};
use fieldmirror_rules::survey::{Clause, Path};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A number that a rule compares a field with.
struct Threshold<'a> {
    path: &'a Path,
    is_above: bool,
    value: f64,
    span: &'a Range<usize>,
}

pub(super) fn check(
    view: &RuleView<'_>,
    views: &[RuleView<'_>],
    subject: &Subject,
    options: &Options,
    report: &mut Report,
) {
    if !view.acts() || view.survey.is_external() {
        return;
    }
    let crossings = crossings(view, subject, options);
    if crossings.as_ref().is_some_and(|(most, _)| *most <= options.crossings_max) {
        return;
    }
    let mut told = BTreeSet::new();
    for threshold in thresholds(view) {
        let way_back = views
            .iter()
            .filter(|other| {
                !std::ptr::eq(*other, view) && other.acts() && shares_topics(view, other)
            })
            .flat_map(|other| thresholds(other).into_iter().map(move |back| (other, back)))
            .filter(|(_, back)| back.path == threshold.path && back.is_above != threshold.is_above)
            .map(|(other, back)| {
                let band = if threshold.is_above {
                    threshold.value - back.value
                } else {
                    back.value - threshold.value
                };
                (band, other)
            })
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        if way_back.as_ref().is_some_and(|(band, _)| *band > 0.0) || !told.insert(threshold.path) {
            continue;
        }
        let text = view.text(threshold.span);
        let what = match way_back {
            Some((_, other)) => format!(
                "`{text}` has its way back in `{}` without a band between: a value that wavers \
                 acts both ways each time",
                other.source.name
            ),
            None => format!(
                "`{text}` acts for every message beyond it, and again after each crossing: no rule \
                 has the way back"
            ),
        };
        let seen = match &crossings {
            Some((most, device)) => format!("; in the sample {device} crosses {most} times"),
            None => String::new(),
        };
        let help = "add a rule for the way back at another number, or keep the state: ask \
                    get_thing_shadow() whether it is on already";
        let code = (Code::Flapping, Severity::Warning);
        report.sql(view, threshold.span, code, what + &seen, help);
    }
}

fn thresholds<'a>(view: &'a RuleView<'_>) -> Vec<Threshold<'a>> {
    let comparisons = view.survey.comparisons.iter();
    let in_where = comparisons.filter(|one| one.clause == Clause::Where && !one.nested);
    in_where
        .filter_map(|comparison| {
            let (path, operator, value) = bound(comparison)?;
            let is_above = match operator {
                ">" | ">=" => true,
                "<" | "<=" => false,
                _ => return None,
            };
            Some(Threshold { path, is_above, value, span: &comparison.span })
        })
        .collect()
}

fn shares_topics(a: &RuleView<'_>, b: &RuleView<'_>) -> bool {
    match (a.from(), b.from()) {
        (Some(a), Some(b)) => Pattern::of_filter(a).overlaps(&Pattern::of_filter(b)),
        _ => false,
    }
}

/// How often the rule's condition changes for the device that changes it most; `None` where the
/// sample is too small to tell.
fn crossings(view: &RuleView<'_>, subject: &Subject, options: &Options) -> Option<(usize, String)> {
    let messages = heard(&subject.sample, view);
    if messages.len() < options.sample_min.max(1) {
        return None;
    }
    let mut devices: BTreeMap<&str, (Option<bool>, usize)> = BTreeMap::new();
    for message in messages {
        let fires = message.fires(&view.rule)?;
        let (last, changes) = devices.entry(message.device()).or_default();
        *changes += usize::from(last.is_some_and(|last| last != fires));
        *last = Some(fires);
    }
    let most = devices.into_iter().max_by_key(|(_, (_, changes))| *changes)?;
    Some((most.1.1, most.0.to_owned()))
}

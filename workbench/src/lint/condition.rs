//! L007: conditions that no message changes, and bounds that exclude each other.

use super::{Code, Report, RuleView, Severity};
use fieldmirror_rules::survey::{Comparison, Condition, Operand, Path};
use fieldmirror_rules::value::Value;
use std::collections::BTreeMap;

pub(super) fn check(view: &RuleView<'_>, report: &mut Report) {
    let Some(condition) = &view.survey.condition else { return };
    match verdict(condition) {
        Some(Verdict::True) => {
            report.sql(
                view,
                condition.span(),
                (Code::ConstantCondition, Severity::Warning),
                "WHERE is true for every message",
                "leave WHERE out",
            );
            return;
        }
        Some(known) => {
            let word = if known == Verdict::False { "false" } else { "Undefined" };
            report.sql(
                view,
                condition.span(),
                (Code::ConstantCondition, Severity::Error),
                format!("WHERE is {word} for every message: the rule never fires"),
                "compare a field of the payload",
            );
            return;
        }
        None => {}
    }
    for term in condition.terms() {
        if let Some(value) = &term.constant {
            let text = view.text(&term.span);
            let value = String::from_utf8_lossy(&value.to_json()).into_owned();
            let value = if value.is_empty() { "Undefined".to_owned() } else { value };
            report.sql(
                view,
                &term.span,
                (Code::ConstantCondition, Severity::Warning),
                format!("`{text}` is {value} for every message"),
                "leave it out",
            );
        }
    }
    contradictions(view, condition, report);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    True,
    False,
    Undefined,
}

/// What a condition is for every message, if no message changes it. AND with a side that is never
/// true is never true, whatever the other side; OR with an Undefined side is Undefined.
fn verdict(condition: &Condition) -> Option<Verdict> {
    match condition {
        Condition::Term(term) => Some(match term.constant.as_ref()? {
            Value::Bool(true) => Verdict::True,
            Value::Bool(false) => Verdict::False,
            Value::String(text) if text.eq_ignore_ascii_case("true") => Verdict::True,
            Value::String(text) if text.eq_ignore_ascii_case("false") => Verdict::False,
            _ => Verdict::Undefined,
        }),
        Condition::Not(inner, _) => Some(match verdict(inner)? {
            Verdict::True => Verdict::False,
            Verdict::False => Verdict::True,
            Verdict::Undefined => Verdict::Undefined,
        }),
        Condition::All(parts, _) => {
            let known: Vec<_> = parts.iter().map(verdict).collect();
            match () {
                () if known.contains(&Some(Verdict::False)) => Some(Verdict::False),
                () if known.contains(&Some(Verdict::Undefined)) => Some(Verdict::Undefined),
                () if known.iter().all(|one| *one == Some(Verdict::True)) => Some(Verdict::True),
                () => None,
            }
        }
        Condition::Any(parts, _) => {
            let known: Vec<_> = parts.iter().map(verdict).collect();
            match () {
                () if known.contains(&Some(Verdict::Undefined)) => Some(Verdict::Undefined),
                () if known.contains(&None) => None,
                () if known.contains(&Some(Verdict::True)) => Some(Verdict::True),
                () => Some(Verdict::False),
            }
        }
    }
}

/// The bounds that AND puts on one path.
struct Bounds {
    low: (f64, bool),
    high: (f64, bool),
}

/// `x > 35 AND x < 30` holds for no message.
fn contradictions(view: &RuleView<'_>, condition: &Condition, report: &mut Report) {
    let Condition::All(parts, _) = condition else { return };
    let mut bounds: BTreeMap<&Path, Bounds> = BTreeMap::new();
    for part in parts {
        let Condition::Term(term) = part else { continue };
        let Some((path, operator, value)) = term.comparison.as_ref().and_then(bound) else {
            continue;
        };
        let known = bounds
            .entry(path)
            .or_insert(Bounds { low: (f64::NEG_INFINITY, true), high: (f64::INFINITY, true) });
        // An open bound is tighter than a closed one at the same number.
        let raise = |low: &mut (f64, bool), open| {
            if value > low.0 || (value == low.0 && open) {
                *low = (value, open);
            }
        };
        let lower = |high: &mut (f64, bool), open| {
            if value < high.0 || (value == high.0 && open) {
                *high = (value, open);
            }
        };
        match operator {
            ">" => raise(&mut known.low, true),
            ">=" => raise(&mut known.low, false),
            "<" => lower(&mut known.high, true),
            "<=" => lower(&mut known.high, false),
            "=" => {
                raise(&mut known.low, false);
                lower(&mut known.high, false);
            }
            _ => {}
        }
    }
    for (path, Bounds { low, high }) in bounds {
        if low.0 > high.0 || (low.0 == high.0 && (low.1 || high.1)) {
            let message = format!("no `{path}` is within all bounds: the rule never fires");
            let help = "turn one of the comparisons round, or join them with OR";
            let code = (Code::ConstantCondition, Severity::Error);
            report.sql(view, condition.span(), code, message, help);
        }
    }
}

/// A comparison of a path with a number, the path on the left.
pub(super) fn bound(comparison: &Comparison) -> Option<(&Path, &'static str, f64)> {
    match (&comparison.left, &comparison.right) {
        (Operand::Path(path), Operand::Literal(value)) => {
            Some((path, comparison.operator, value.as_f64()?))
        }
        (Operand::Literal(value), Operand::Path(path)) => {
            let turned = match comparison.operator {
                "<" => ">",
                "<=" => ">=",
                ">" => "<",
                ">=" => "<=",
                same => same,
            };
            Some((path, turned, value.as_f64()?))
        }
        _ => None,
    }
}

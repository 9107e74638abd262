//! L002: comparisons whose sides are of different types.
//!
//! `=` never finds text and a number alike; `<` and its like read text as a number where it is
//! one, and are Undefined where it is not (AWS IoT SQL, operators).

use super::sample::{at, heard};
use super::{Code, Report, RuleView, Severity, Subject};
use fieldmirror_rules::survey::{Comparison, Operand, Path, Type};
use fieldmirror_rules::value::Value;

pub(super) fn check(view: &RuleView<'_>, subject: &Subject, report: &mut Report) {
    for comparison in &view.survey.comparisons {
        if let Some((severity, message, help)) = judge(view, comparison, subject) {
            let code = (Code::MixedTypes, severity);
            report.sql(view, &comparison.span, code, message, help);
        }
    }
}

type Verdict = Option<(Severity, String, String)>;

fn judge(view: &RuleView<'_>, comparison: &Comparison, subject: &Subject) -> Verdict {
    let text = view.text(&comparison.span);
    let sides = [&comparison.left, &comparison.right];
    if comparison.operator == "=" || comparison.operator == "<>" {
        return equality(view, comparison, text, subject);
    }
    for side in sides {
        match side {
            Operand::Literal(Value::String(literal)) if !is_number(literal) => {
                let message = format!(
                    "`{text}` is always Undefined: texts have no order, and '{literal}' is no \
                     number"
                );
                let help = "compare numbers, or ask `=`, startswith() or regexp_matches()";
                return Some((Severity::Error, message, help.to_owned()));
            }
            Operand::Literal(Value::String(literal)) => {
                let message = format!(
                    "`{text}` compares with text: it works, because '{literal}' is read as a number"
                );
                return Some((Severity::Warning, message, format!("write {literal}")));
            }
            Operand::Literal(Value::Null | Value::Bool(_)) | Operand::Computed(Type::Truth) => {
                let message = format!("`{text}` is always Undefined: only numbers have an order");
                return Some((Severity::Error, message, "compare numbers".to_owned()));
            }
            _ => {}
        }
    }
    None
}

fn equality(
    view: &RuleView<'_>,
    comparison: &Comparison,
    text: &str,
    subject: &Subject,
) -> Verdict {
    let outcome = if comparison.operator == "=" { "false" } else { "true" };
    if let (Some(left), Some(right)) = (comparison.left.type_of(), comparison.right.type_of()) {
        if left == right {
            return None;
        }
        let message = format!(
            "`{text}` is always {outcome} or Undefined: {} is never {}",
            word(left),
            word(right)
        );
        return Some((Severity::Error, message, "convert one side with cast()".to_owned()));
    }
    let (path, literal) = match (&comparison.left, &comparison.right) {
        (Operand::Path(path), Operand::Literal(value))
        | (Operand::Literal(value), Operand::Path(path)) => (path, value),
        _ => return None,
    };
    let seen = Seen::count(view, path, subject);
    match literal {
        Value::String(literal) if is_number(literal) && (seen.total == 0 || seen.numbers > 0) => {
            let of_sample = if seen.total > 0 {
                format!("; {} of {} values of the sample are numbers", seen.numbers, seen.total)
            } else {
                String::new()
            };
            let message = format!(
                "`{text}` is {outcome} for the number {literal}: text never equals a \
                 number{of_sample}"
            );
            let help = format!("write {literal}, or cast({path} as String) if it may be both");
            Some((Severity::Warning, message, help))
        }
        Value::Int(_) | Value::Decimal(_) if seen.texts > 0 => {
            let message = format!(
                "`{text}` is {outcome} for text, and {} of {} values of the sample are text",
                seen.texts, seen.total
            );
            let help = format!("compare cast({path} as Decimal), or quote the number");
            Some((Severity::Warning, message, help))
        }
        _ => None,
    }
}

/// What a path holds in the sample.
struct Seen {
    total: usize,
    numbers: usize,
    texts: usize,
}

impl Seen {
    fn count(view: &RuleView<'_>, path: &Path, subject: &Subject) -> Self {
        let mut seen = Self { total: 0, numbers: 0, texts: 0 };
        for message in heard(&subject.sample, view) {
            for value in at(&message.value(view.rule.version()), path) {
                seen.total += 1;
                match value {
                    Value::Int(_) | Value::Decimal(_) => seen.numbers += 1,
                    Value::String(_) => seen.texts += 1,
                    _ => {}
                }
            }
        }
        seen
    }
}

const fn word(kind: Type) -> &'static str {
    match kind {
        Type::Number => "a number",
        Type::Text => "text",
        Type::Truth => "a truth value",
    }
}

/// Whether the language reads a text as a number: `-?\d+(\.\d+)?(E-?\d+)?`.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix('-').unwrap_or(text)))
}

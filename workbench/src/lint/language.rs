//! L001, L005, L006, L008: the version, quotients, and the keys of the output.

use super::sample::heard;
use super::{Code, Report, RuleView, Severity, Subject};
use fieldmirror_rules::survey::{Division, Operand, Type};
use fieldmirror_rules::value::Value;

pub(super) fn check(view: &RuleView<'_>, subject: &Subject, report: &mut Report) {
    version(view, report);
    for division in &view.survey.divisions {
        whole_division(view, division, subject, report);
    }
    keys(view, report);
}

/// A rule without `awsIotSqlVersion` is 2015-10-08 at AWS, whatever the console writes.
fn version(view: &RuleView<'_>, report: &mut Report) {
    if view.source.payload.get("awsIotSqlVersion").is_none() {
        report.rule(
            view.source,
            "awsIotSqlVersion",
            (Code::NoVersion, Severity::Warning),
            "awsIotSqlVersion is missing, which means 2015-10-08: no nested SELECT, no literals of \
             arrays and objects, no isUndefined(), and 10.0 does not become 10",
            "add \"awsIotSqlVersion\": \"2016-03-23\"",
        );
    }
}

/// Int / Int is Int: the remainder is lost (`decisions`). Under 2016-03-23 a whole number such as
/// 10.0 is Int as well, so a decimal point does not help.
fn whole_division(
    view: &RuleView<'_>,
    division: &Division,
    subject: &Subject,
    report: &mut Report,
) {
    let text = view.text(&division.span);
    let help = "multiply before you divide, or multiply by a number with a fraction: x * 0.1";
    let whole = |operand: &Operand| match operand {
        Operand::Literal(value) => matches!(value, Value::Int(_)),
        Operand::Path(_) | Operand::Unknown | Operand::Computed(Type::Number) => true,
        Operand::Computed(_) => false,
    };
    if !whole(&division.dividend) || !whole(&division.divisor) {
        return;
    }
    let code = Code::WholeDivision;
    if let (Operand::Literal(Value::Int(a)), Operand::Literal(Value::Int(b))) =
        (&division.dividend, &division.divisor)
    {
        if *b != 0 && a % b != 0 {
            let message = format!("`{text}` is {}: a quotient of whole numbers is whole", a / b);
            report.sql(view, &division.span, (code, Severity::Warning), message, help);
        }
        return;
    }
    let messages = heard(&subject.sample, view);
    if !division.stands_alone || messages.is_empty() {
        let message = format!(
            "`{text}` loses its remainder where both sides are whole, as 10.0 is under 2016-03-23"
        );
        report.sql(view, &division.span, (code, Severity::Note), message, help);
        return;
    }
    let lossy: Vec<(i128, i128)> = messages
        .iter()
        .filter_map(|message| {
            let side = |span| message.part(&view.rule, span);
            match (side(&division.dividend_span)?, side(&division.divisor_span)?) {
                (Value::Int(a), Value::Int(b)) if b != 0 && a % b != 0 => Some((a, b)),
                _ => None,
            }
        })
        .collect();
    if let Some((a, b)) = lossy.first() {
        let message = format!(
            "`{text}` loses its remainder in {} of {} messages of the sample: {a} / {b} is {}",
            lossy.len(),
            messages.len(),
            a / b
        );
        report.sql(view, &division.span, (code, Severity::Warning), message, help);
    }
}

/// Of two columns with one key the later wins; a column without AS has a key that nobody guesses.
fn keys(view: &RuleView<'_>, report: &mut Report) {
    let outputs = &view.survey.outputs;
    for (i, output) in outputs.iter().enumerate() {
        if let Some(first) = outputs[..i].iter().find(|earlier| earlier.key == output.key) {
            let message = format!(
                "the output's key `{}` is written by `{}` and again by `{}`, which wins",
                output.key,
                view.text(&first.span),
                view.text(&output.span)
            );
            let help = "give one of them another name with AS";
            let code = (Code::DuplicateKey, Severity::Warning);
            report.sql(view, &output.span, code, message, help);
        }
        if output.is_text {
            let message = format!("`{}` has no AS, so its key is its own text", output.key);
            let code = (Code::UnnamedColumn, Severity::Note);
            report.sql(view, &output.span, code, message, "name it with AS");
        }
    }
}

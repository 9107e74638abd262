//! Changes inside expressions: numbers, texts, operators, functions.

use super::{Change, MutantKind, Search};
use crate::ast::{Expr, Kind, Operator, Select};
use crate::value::{Decimal, Value};
use std::ops::Range;

/// Operators and what they are mistaken for.
const OPERATORS: [(Operator, &[&str], MutantKind); 10] = [
    (Operator::Less, &["<=", ">", ">="], MutantKind::Comparison),
    (Operator::LessOrEqual, &["<", ">=", ">"], MutantKind::Comparison),
    (Operator::Greater, &[">=", "<", "<="], MutantKind::Comparison),
    (Operator::GreaterOrEqual, &[">", "<=", "<"], MutantKind::Comparison),
    (Operator::Equal, &["<>"], MutantKind::Comparison),
    (Operator::NotEqual, &["="], MutantKind::Comparison),
    (Operator::Add, &["-"], MutantKind::Arithmetic),
    (Operator::Subtract, &["+"], MutantKind::Arithmetic),
    (Operator::Multiply, &["/"], MutantKind::Arithmetic),
    (Operator::Divide, &["*"], MutantKind::Arithmetic),
];

/// Functions and the ones they are mistaken for.
const KIN: [(&str, &[&str]); 40] = [
    ("abs", &["sign"]),
    ("sign", &["abs"]),
    ("acos", &["asin"]),
    ("asin", &["acos"]),
    ("sin", &["cos"]),
    ("cos", &["sin"]),
    ("sinh", &["cosh"]),
    ("cosh", &["sinh"]),
    ("tan", &["tanh"]),
    ("tanh", &["tan"]),
    ("bitand", &["bitor"]),
    ("bitor", &["bitand", "bitxor"]),
    ("bitxor", &["bitor"]),
    ("ceil", &["floor"]),
    ("floor", &["ceil"]),
    ("round", &["floor", "ceil"]),
    ("decode", &["encode"]),
    ("encode", &["decode"]),
    ("startswith", &["endswith"]),
    ("endswith", &["startswith"]),
    ("exp", &["ln"]),
    ("ln", &["log"]),
    ("log", &["ln"]),
    ("isnull", &["isUndefined"]),
    ("isundefined", &["isNull"]),
    ("length", &["numbytes"]),
    ("numbytes", &["length"]),
    ("lower", &["upper"]),
    ("upper", &["lower"]),
    ("lpad", &["rpad"]),
    ("rpad", &["lpad"]),
    ("ltrim", &["rtrim"]),
    ("rtrim", &["ltrim"]),
    ("trim", &["ltrim", "rtrim"]),
    ("md5", &["sha1"]),
    ("sha1", &["md5"]),
    ("sha256", &["sha512"]),
    ("sha512", &["sha256"]),
    ("mod", &["power"]),
    ("power", &["mod"]),
];

impl Search<'_> {
    /// Everything that can be changed in `expr`.
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Literal(value) => self.literal(value, expr),
            Kind::Star | Kind::Name(_) | Kind::Variable(_) => {}
            Kind::Step(inner, _) | Kind::Negate(inner) | Kind::Not(inner) => self.expr(inner),
            Kind::Cast { operand, .. } => self.expr(operand),
            Kind::All(operands) | Kind::Any(operands) => {
                let is_all = matches!(expr.kind, Kind::All(_));
                let outer = self.term.take();
                self.joined(operands, is_all);
                self.term = outer;
            }
            Kind::Array(elements) => elements.iter().for_each(|element| self.expr(element)),
            Kind::Binary(operator, left, right) => {
                let symbol = self.symbol(left, right);
                if let Some((_, others, kind)) =
                    OPERATORS.iter().find(|(known, ..)| known == operator)
                {
                    for by in *others {
                        let (span, shown) = (symbol.clone(), expr.span.clone());
                        self.replace(&Change { kind: *kind, span, by, shown });
                    }
                }
                self.operand(left, expr);
                self.operand(right, expr);
            }
            Kind::Call { name, name_span, arguments } => {
                let lower = name.to_ascii_lowercase();
                if let Some((_, kin)) = KIN.iter().find(|(known, _)| *known == lower) {
                    for by in *kin {
                        let (span, shown) = (name_span.clone(), expr.span.clone());
                        self.replace(&Change { kind: MutantKind::Function, span, by, shown });
                    }
                }
                arguments.iter().for_each(|argument| self.expr(argument));
            }
            Kind::Object(entries) => entries.iter().for_each(|(_, entry)| self.expr(entry)),
            Kind::Case { subject, arms, otherwise } => {
                self.expr(subject);
                for (wanted, result) in arms {
                    self.expr(wanted);
                    self.expr(result);
                }
                otherwise.iter().for_each(|expr| self.expr(expr));
            }
            Kind::Nested(query) => {
                // Names inside mean something else: no values are sought for them.
                let outer = self.term.take();
                match &query.select {
                    Select::Value(expr) => self.expr(expr),
                    Select::Items(_) => self.select(&query.select),
                }
                if let Some(filter) = &query.filter {
                    self.nested_filter(filter);
                }
                self.term = outer;
            }
        }
    }

    /// The WHERE of a nested SELECT, without values that tell its mutants apart.
    fn nested_filter(&mut self, filter: &Expr) {
        let known = self.mutants.len();
        self.filter(filter);
        for mutant in &mut self.mutants[known..] {
            mutant.boundary.clear();
        }
    }

    /// An operand, shown with what it is compared with or added to.
    fn operand(&mut self, operand: &Expr, whole: &Expr) {
        match &operand.kind {
            Kind::Literal(value) => self.literal_in(value, operand, &whole.span),
            _ => self.expr(operand),
        }
    }

    /// Where the operator between two operands stands.
    fn symbol(&self, left: &Expr, right: &Expr) -> Range<usize> {
        let between = self.text(&(left.span.end..right.span.start));
        let start = left.span.end + (between.len() - between.trim_start().len());
        start..start + between.trim().len()
    }

    fn literal(&mut self, value: &Value, expr: &Expr) {
        self.literal_in(value, expr, &expr.span);
    }

    fn literal_in(&mut self, value: &Value, expr: &Expr, shown: &Range<usize>) {
        let text = self.text(&expr.span).trim_matches(['(', ')', ' ']).to_owned();
        let (kind, others) = match value {
            Value::Int(_) | Value::Decimal(_) => match self.term {
                Some(_) => (MutantKind::Threshold, numbers(value, &text)),
                None => {
                    let mut others = numbers(value, &text);
                    others.truncate(1);
                    (MutantKind::Literal, others)
                }
            },
            Value::String(text) if text.is_empty() => (MutantKind::Literal, vec!["'x'".to_owned()]),
            Value::String(text) => {
                let text = text.replace('\'', "''");
                (MutantKind::Literal, vec![format!("'{text}_x'")])
            }
            Value::Bool(truth) => {
                let other = if *truth { "FALSE" } else { "TRUE" };
                (MutantKind::Literal, vec![other.to_owned()])
            }
            _ => return,
        };
        for by in &others {
            let (span, shown) = (expr.span.clone(), shown.clone());
            self.replace(&Change { kind, span, by, shown });
        }
    }
}

/// The number one up and down, one up and down in its last digit, and negated.
fn numbers(value: &Value, text: &str) -> Vec<String> {
    let Some(number) = value.to_number().map(crate::value::Number::to_decimal) else {
        return Vec::new();
    };
    let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let one = Decimal::from(1_i128);
    let last = Decimal::parse(&format!("1E-{digits}")).unwrap_or(one);
    let moved = |by: Decimal| number.checked_add(by);
    let mut others = vec![moved(one), moved(one.negated())];
    // `1E3` has no last digit that a slip of the pen would change.
    if digits > 0 && !text.contains(['e', 'E']) {
        others.extend([moved(last), moved(last.negated())]);
    }
    if number != Decimal::ZERO {
        others.push(Some(number.negated()));
    }
    let is_decimal = matches!(value, Value::Decimal(_));
    let written = others.into_iter().flatten().map(|number| {
        let text = number.to_string();
        // Under 2015-10-08 a point keeps the kind of number.
        let is_bare = is_decimal && !text.contains(['.', 'E']);
        if is_bare { text + ".0" } else { text }
    });
    written.collect()
}

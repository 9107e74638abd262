//! Syntax tree to canonical SQL: keywords in capitals, single quotes, one blank, the fewest
//! parentheses. Reading the text again gives the same tree.
//!
//! A column without an alias is named after its own text, so that such a text is kept as written:
//! printing must not rename it.

use crate::ast::{Expr, Item, Kind, Operator, Query, Select, Statement};
use crate::value::Value;
use std::fmt::Write as _;

/// The statement as SQL. `source` is the text it was read from.
pub(crate) fn statement(statement: &Statement, source: &str) -> String {
    let mut printer = Printer { source, out: String::new() };
    for (position, assignment) in statement.variables.iter().enumerate() {
        printer.word(if position == 0 { "SET @" } else { ", @" });
        printer.word(&assignment.name);
        printer.word(" = ");
        printer.expr(&assignment.expr, Level::Any);
    }
    if !statement.variables.is_empty() {
        printer.word(" ");
    }
    printer.select(&statement.select);
    if let Some(from) = &statement.from {
        printer.word(" FROM ");
        printer.text(from.as_str());
    }
    if let Some(filter) = &statement.filter {
        printer.word(" WHERE ");
        printer.expr(filter, Level::Any);
    }
    printer.out
}

/// The expression as SQL.
pub(crate) fn expression(expr: &Expr) -> String {
    let mut printer = Printer { source: "", out: String::new() };
    printer.any(expr);
    printer.out
}

/// How tightly a place binds: what binds less goes into parentheses there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Any,
    All,
    Not,
    Comparison,
    Sum,
    Product,
    Unary,
    Postfix,
    Primary,
}

struct Printer<'a> {
    source: &'a str,
    out: String,
}

impl Printer<'_> {
    fn word(&mut self, word: &str) {
        self.out.push_str(word);
    }

    fn text(&mut self, text: &str) {
        self.word("'");
        self.word(&text.replace('\'', "''"));
        self.word("'");
    }

    fn select(&mut self, select: &Select) {
        self.word("SELECT ");
        match select {
            Select::Value(expr) => {
                self.word("VALUE ");
                self.expr(expr, Level::Any);
            }
            Select::Items(items) => self.list(items, Self::item),
        }
    }

    fn list<T>(&mut self, entries: &[T], entry: fn(&mut Self, &T)) {
        for (position, item) in entries.iter().enumerate() {
            if position > 0 {
                self.word(", ");
            }
            entry(self, item);
        }
    }

    fn item(&mut self, item: &Item) {
        let start = self.out.len();
        match (&item.alias, &item.expr.kind) {
            (None, Kind::Star | Kind::Name(_) | Kind::Step(..)) | (Some(_), _) => {
                self.expr(&item.expr, Level::Any);
            }
            (None, _) => match self.source.get(item.expr.span.clone()) {
                Some(written) if !written.is_empty() => self.out.push_str(written),
                _ => self.expr(&item.expr, Level::Any),
            },
        }
        // `SELECT value - 1` would be the form VALUE with the expression `-1`.
        let printed = &self.out[start..];
        let first = printed.split(|c: char| !c.is_alphanumeric() && c != '_').next();
        let is_value = first.is_some_and(|word| word.eq_ignore_ascii_case("value"));
        if is_value && !matches!(item.expr.kind, Kind::Name(_) | Kind::Step(..)) {
            self.out.insert(start, '(');
            self.word(")");
        }
        if let Some(alias) = &item.alias {
            self.word(" AS ");
            self.word(alias);
        }
    }

    fn expr(&mut self, expr: &Expr, place: Level) {
        let is_loose = level(&expr.kind) < place;
        if is_loose {
            self.word("(");
        }
        self.kind(&expr.kind);
        if is_loose {
            self.word(")");
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Literal(value) => self.literal(value),
            Kind::Star => self.word("*"),
            Kind::Name(name) => self.word(name),
            Kind::Variable(name) => {
                self.word("@");
                self.word(name);
            }
            Kind::Step(base, name) => {
                self.expr(base, Level::Postfix);
                self.word(".");
                self.word(name);
            }
            Kind::Negate(operand) => {
                self.word("-");
                // `--` would be two signs as well, but reads as a comment.
                if matches!(operand.kind, Kind::Negate(_)) {
                    self.word(" ");
                }
                self.expr(operand, Level::Unary);
            }
            Kind::Not(operand) => {
                self.word("NOT ");
                self.expr(operand, Level::Not);
            }
            Kind::All(operands) => self.joined(operands, " AND ", Level::Not),
            Kind::Any(operands) => self.joined(operands, " OR ", Level::All),
            Kind::Binary(operator, left, right) => {
                let (left_place, right_place) = places(*operator);
                self.expr(left, left_place);
                self.word(" ");
                self.word(operator.as_str());
                self.word(" ");
                self.expr(right, right_place);
            }
            Kind::Call { name, arguments, .. } => {
                self.word(name);
                self.word("(");
                self.list(arguments, Self::any);
                self.word(")");
            }
            Kind::Cast { operand, type_name, .. } => {
                self.word("CAST(");
                self.any(operand);
                self.word(" AS ");
                self.word(type_name);
                self.word(")");
            }
            Kind::Object(entries) => {
                self.word("{");
                self.list(entries, |printer, (key, expr)| {
                    printer.text(key);
                    printer.word(": ");
                    printer.any(expr);
                });
                self.word("}");
            }
            Kind::Array(elements) => {
                self.word("[");
                self.list(elements, Self::any);
                self.word("]");
            }
            Kind::Case { subject, arms, otherwise } => {
                self.case(subject, arms, otherwise.as_deref());
            }
            Kind::Nested(query) => self.nested(query),
        }
    }

    fn any(&mut self, expr: &Expr) {
        self.expr(expr, Level::Any);
    }

    fn joined(&mut self, operands: &[Expr], word: &str, place: Level) {
        for (position, operand) in operands.iter().enumerate() {
            if position > 0 {
                self.word(word);
            }
            self.expr(operand, place);
        }
    }

    fn case(&mut self, subject: &Expr, arms: &[(Expr, Expr)], otherwise: Option<&Expr>) {
        self.word("CASE ");
        self.any(subject);
        for (wanted, result) in arms {
            self.word(" WHEN ");
            self.any(wanted);
            self.word(" THEN ");
            self.any(result);
        }
        if let Some(otherwise) = otherwise {
            self.word(" ELSE ");
            self.any(otherwise);
        }
        self.word(" END");
    }

    fn nested(&mut self, query: &Query) {
        self.word("(");
        self.select(&query.select);
        self.word(" FROM ");
        self.expr(&query.from, Level::Postfix);
        if let Some(filter) = &query.filter {
            self.word(" WHERE ");
            self.any(filter);
        }
        self.word(")");
    }

    fn literal(&mut self, value: &Value) {
        match value {
            Value::Null => self.word("NULL"),
            Value::Bool(true) => self.word("TRUE"),
            Value::Bool(false) => self.word("FALSE"),
            Value::String(text) => self.text(text),
            Value::Decimal(decimal) => {
                let text = decimal.to_string();
                self.word(&text);
                // A point keeps it a Decimal under 2015-10-08.
                if !text.contains(['.', 'E']) {
                    self.word(".0");
                }
            }
            // No other literals are written; Undefined never is one.
            other => {
                // Writing to a String cannot fail.
                let _ = write!(self.out, "{}", other.to_text().unwrap_or_default());
            }
        }
    }
}

/// How tightly a form binds.
fn level(kind: &Kind) -> Level {
    match kind {
        Kind::Any(_) => Level::Any,
        Kind::All(_) => Level::All,
        Kind::Not(_) => Level::Not,
        Kind::Binary(Operator::Add | Operator::Subtract, ..) => Level::Sum,
        Kind::Binary(Operator::Multiply | Operator::Divide | Operator::Remainder, ..) => {
            Level::Product
        }
        Kind::Binary(..) => Level::Comparison,
        Kind::Negate(_) => Level::Unary,
        // `1.b` would be a malformed number: a number cannot carry a step without parentheses.
        Kind::Literal(Value::Int(_) | Value::Decimal(_)) => Level::Unary,
        Kind::Step(..) => Level::Postfix,
        _ => Level::Primary,
    }
}

/// Where the operands of an operator stand: it takes its like on the left, comparisons nowhere.
const fn places(operator: Operator) -> (Level, Level) {
    match operator {
        Operator::Add | Operator::Subtract => (Level::Sum, Level::Product),
        Operator::Multiply | Operator::Divide | Operator::Remainder => {
            (Level::Product, Level::Unary)
        }
        _ => (Level::Sum, Level::Sum),
    }
}

#[cfg(test)]
pub(crate) mod tests;

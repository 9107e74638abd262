//! Rules as people get them wrong: every small change of a rule that its tests ought to notice.
//!
//! A mutant is the rule's own text with one place changed, so that columns keep their names. Each
//! compiles, differs from the rule and from the other mutants, and comes in the order of the text.
//! Beside it stand payload values (and for FROM a topic) on which it and the rule part.
//!
//! It runs no tests: that is the caller's.

mod boundary;
mod change;
mod topic;

use crate::ast::{self, Kind, Statement};
use crate::print;
use crate::rule::Rule;
use std::collections::BTreeSet;
use std::ops::Range;

pub use boundary::Boundary;

/// What a mutant changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MutantKind {
    /// A number in WHERE.
    Threshold,
    /// A comparison in WHERE, SET or SELECT.
    Comparison,
    /// `+`, `-`, `*` or `/`.
    Arithmetic,
    /// AND for OR, or OR for AND.
    Connective,
    /// An operand of AND or OR left out.
    DroppedTerm,
    /// A NOT put in or taken away.
    Negation,
    /// WHERE left out.
    DroppedWhere,
    /// A function for its close kin.
    Function,
    /// A level of FROM.
    Topic,
    /// A column of SELECT left out.
    DroppedColumn,
    /// A text, truth value or number outside WHERE, or a text in WHERE.
    Literal,
    /// The name of a column.
    Alias,
}

impl MutantKind {
    /// A word for reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Comparison => "comparison",
            Self::Arithmetic => "arithmetic",
            Self::Connective => "connective",
            Self::DroppedTerm => "dropped term",
            Self::Negation => "negation",
            Self::DroppedWhere => "dropped WHERE",
            Self::Function => "function",
            Self::Topic => "topic",
            Self::DroppedColumn => "dropped column",
            Self::Literal => "literal",
            Self::Alias => "alias",
        }
    }
}

/// A rule with one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// The changed statement.
    pub sql: String,
    /// The change in a line: `humidity < 35 becomes humidity <= 35`.
    pub description: String,
    /// What was changed.
    pub kind: MutantKind,
    /// Where, in bytes of the original text.
    pub span: Range<usize>,
    /// Values of payload fields for which the changed term and the original disagree; empty where
    /// none could be found, or any message that fires tells them apart.
    pub boundary: Vec<Boundary>,
    /// For a change of FROM: a topic that only one of the two hears.
    pub topic: Option<String>,
}

impl Rule {
    /// All mutants of the rule.
    ///
    /// ```
    /// use fieldmirror_rules::rule::{Rule, SqlVersion};
    ///
    /// let sql = "SELECT * FROM 'farm/+/data' WHERE humidity < 35";
    /// let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("sound");
    /// let mutants = rule.mutants();
    /// let loose = mutants.iter().find(|mutant| mutant.sql.ends_with("<= 35")).expect("one");
    /// assert_eq!(loose.description, "`humidity < 35` becomes `humidity <= 35`");
    /// assert_eq!(loose.boundary[0].to_string(), "humidity = 35");
    /// ```
    pub fn mutants(&self) -> Vec<Mutant> {
        let (statement, _) = self.parts();
        let mut search = Search {
            rule: self,
            known: BTreeSet::from([self.to_sql()]),
            mutants: Vec::new(),
            term: None,
        };
        search.statement(statement);
        let mut mutants = search.mutants;
        // Stable: changes of one place keep the order in which they were found.
        mutants.sort_by_key(|mutant| mutant.span.start);
        mutants
    }
}

/// The term of WHERE that a change lies in.
#[derive(Clone, Debug)]
struct Term {
    span: Range<usize>,
}

/// One change of the text.
struct Change<'a> {
    kind: MutantKind,
    /// What is replaced.
    span: Range<usize>,
    /// By what.
    by: &'a str,
    /// What the reader sees change; the replaced text where it says enough.
    shown: Range<usize>,
}

/// What a changed term and the original are, for finding values that tell them apart.
enum Contrast<'a> {
    /// The term before and after, both SQL.
    Terms(&'a str, &'a str),
    Nothing,
}

struct Search<'a> {
    rule: &'a Rule,
    /// Canonical texts that need not come again.
    known: BTreeSet<String>,
    mutants: Vec<Mutant>,
    term: Option<Term>,
}

impl<'a> Search<'a> {
    fn source(&self) -> &'a str {
        self.rule.sql()
    }

    fn text(&self, span: &Range<usize>) -> &'a str {
        &self.source()[span.clone()]
    }

    /// Adds the mutant if it compiles and is new.
    fn add(&mut self, description: String, change: &Change<'_>, contrast: &Contrast<'_>) {
        let sql = spliced(self.source(), &change.span, change.by);
        let Ok(rule) = self.rule.compile_alike(&sql) else { return };
        if !self.known.insert(rule.to_sql()) {
            return;
        }
        let boundary = match contrast {
            Contrast::Terms(before, after) => boundary::telling(before, after, self.rule),
            Contrast::Nothing => Vec::new(),
        };
        self.mutants.push(Mutant {
            sql,
            description,
            kind: change.kind,
            span: change.span.clone(),
            boundary,
            topic: None,
        });
    }

    /// Adds a replacement, described by the place shown before and after.
    fn replace(&mut self, change: &Change<'_>) {
        let shown = self.text(&change.shown);
        let within = change.span.start - change.shown.start..change.span.end - change.shown.start;
        let after = spliced(shown, &within, change.by);
        let description = format!("`{}` becomes `{}`", one_line(shown), one_line(&after));
        let source = self.source();
        let terms = self.term.as_ref().map(|term| {
            let within = change.span.start - term.span.start..change.span.end - term.span.start;
            let before = &source[term.span.clone()];
            (before, spliced(before, &within, change.by))
        });
        match terms {
            Some((before, after)) => {
                self.add(description, change, &Contrast::Terms(before, &after));
            }
            None => self.add(description, change, &Contrast::Nothing),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        for assignment in &statement.variables {
            self.expr(&assignment.expr);
        }
        self.select(&statement.select);
        if let Some(from) = &statement.from {
            self.topic(from, &statement.from_span);
        }
        if let Some(filter) = &statement.filter {
            self.dropped_filter(filter);
            self.filter(filter);
        }
    }

    fn select(&mut self, select: &ast::Select) {
        match select {
            ast::Select::Value(expr) => self.expr(expr),
            ast::Select::Items(items) => {
                for (position, item) in items.iter().enumerate() {
                    self.dropped_column(items, position);
                    if let Some(alias) = &item.alias {
                        let end = item.span.end;
                        let description = format!("the column `{alias}` is called `{alias}_x`");
                        let (kind, shown) = (MutantKind::Alias, item.span.clone());
                        let change = Change { kind, span: end..end, by: "_x", shown };
                        self.add(description, &change, &Contrast::Nothing);
                    }
                    self.expr(&item.expr);
                }
            }
        }
    }

    fn dropped_column(&mut self, items: &[ast::Item], position: usize) {
        let span = match (position, items.get(position + 1)) {
            (_, Some(next)) => items[position].span.start..next.span.start,
            (0, None) => return,
            (_, None) => items[position - 1].span.end..items[position].span.end,
        };
        let shown = items[position].span.clone();
        let description = format!("the column `{}` is left out", one_line(self.text(&shown)));
        let change = Change { kind: MutantKind::DroppedColumn, span, by: "", shown };
        self.add(description, &change, &Contrast::Nothing);
    }

    fn dropped_filter(&mut self, filter: &ast::Expr) {
        let before = self.source()[..filter.span.start].trim_end();
        let start = before[..before.len() - "WHERE".len()].trim_end().len();
        let span = start..filter.span.end;
        let shown = filter.span.clone();
        // What keeps the first operand of AND from being true keeps the whole.
        let first = match &filter.kind {
            Kind::All(operands) => operands[0].span.clone(),
            _ => shown.clone(),
        };
        let contrast = Contrast::Terms(self.text(&first), "TRUE");
        let change = Change { kind: MutantKind::DroppedWhere, span, by: "", shown };
        self.add("WHERE is left out".to_owned(), &change, &contrast);
    }

    /// A WHERE, or a part of it that counts as true or not.
    fn filter(&mut self, expr: &ast::Expr) {
        match &expr.kind {
            Kind::All(operands) => self.joined(operands, true),
            Kind::Any(operands) => self.joined(operands, false),
            _ => {
                let outer = self.term.replace(Term { span: expr.span.clone() });
                self.negation(expr);
                self.expr(expr);
                self.term = outer;
            }
        }
    }

    /// Operands dropped, connectives swapped, and what is inside each.
    fn joined(&mut self, operands: &[ast::Expr], is_all: bool) {
        let printed: Vec<String> = operands.iter().map(print::expression).collect();
        for (position, operand) in operands.iter().enumerate() {
            let own = self.text(&operand.span);
            let is_repeated = printed
                .iter()
                .enumerate()
                .any(|(i, text)| i != position && *text == printed[position]);
            if position > 0 {
                let span = operands[position - 1].span.end..operand.span.start;
                let (from, to) = if is_all { ("AND", "OR") } else { ("OR", "AND") };
                let description = format!("{from} before `{}` becomes {to}", one_line(own));
                let by = format!(" {to} ");
                let shown = operand.span.clone();
                let kind = MutantKind::Connective;
                let change = Change { kind, span, by: &by, shown };
                // Beside a true operand AND says what this one says, beside a false one OR does.
                let other = match is_all {
                    true => format!("TRUE OR ({own})"),
                    false => format!("FALSE AND ({own})"),
                };
                if !is_repeated {
                    self.add(description, &change, &Contrast::Terms(own, &other));
                }
            }
            if !is_repeated {
                let span = match position {
                    0 => operand.span.start..operands[1].span.start,
                    _ => operands[position - 1].span.end..operand.span.end,
                };
                let description = format!("`{}` is left out", one_line(own));
                let shown = operand.span.clone();
                let change = Change { kind: MutantKind::DroppedTerm, span, by: "", shown };
                let neutral = if is_all { "TRUE" } else { "FALSE" };
                self.add(description, &change, &Contrast::Terms(own, neutral));
            }
            self.filter(operand);
        }
    }

    fn negation(&mut self, expr: &ast::Expr) {
        let span = expr.span.clone();
        let text = self.text(&span);
        match &expr.kind {
            Kind::Not(operand) => {
                let by = self.text(&operand.span).to_owned();
                let change =
                    Change { kind: MutantKind::Negation, span: span.clone(), by: &by, shown: span };
                self.replace(&change);
            }
            // A comparison's own opposite comes with the comparisons.
            Kind::Binary(operator, ..) if operator.compares() => {}
            Kind::Literal(_) => {}
            _ => {
                let by = format!("NOT ({text})");
                let change =
                    Change { kind: MutantKind::Negation, span: span.clone(), by: &by, shown: span };
                self.replace(&change);
            }
        }
    }
}

/// `text` with `span` replaced.
fn spliced(text: &str, span: &Range<usize>, by: &str) -> String {
    [&text[..span.start], by, &text[span.end..]].concat()
}

/// Without line breaks and runs of blanks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;

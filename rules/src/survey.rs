//! What a compiled rule reads and does, for whoever judges rules without running them.
//!
//! [`Rule::survey`] walks the syntax tree once: every payload path with the clause in which it
//! stands, every comparison with what its sides are, every call, every output key, every division,
//! and WHERE as a tree of AND, OR and NOT over terms. Places are bytes of the rule's text.
//!
//! A variable counts as what SET gives it: `SET @s = d.sensors ... @s.t` reads `d.sensors.t`. In a
//! nested SELECT a name is a key of the elements, and is written `e[].n`.
//!
//! What it does not do: it judges nothing, and evaluates nothing but terms that no message can
//! change ([`Term::constant`]).

mod walk;

use crate::rule::Rule;
use crate::value::Value;
use std::fmt;
use std::ops::Range;

/// Functions whose value comes from another service: such a rule has a memory.
pub const EXTERNAL_FUNCTIONS: [&str; 6] = [
    "aws_lambda",
    "get_dynamodb",
    "get_registry_data",
    "get_secret",
    "get_thing_shadow",
    "machinelearning_predict",
];

/// Functions that have a value for what is missing.
pub const GUARDS: [&str; 4] = ["isundefined", "isnull", "nanvl", "get_or_default"];

/// What a rule reads and does.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// FROM.
    pub from: Option<String>,
    /// Whether `*` is one of the columns.
    pub selects_all: bool,
    /// Payload paths in the order of the text; a path that is read twice comes twice.
    pub reads: Vec<Read>,
    /// Comparisons in the order of the text.
    pub comparisons: Vec<Comparison>,
    /// Calls in the order of the text.
    pub calls: Vec<Call>,
    /// Quotients in the order of the text.
    pub divisions: Vec<Division>,
    /// Keys of the output in the order of the text; none for `SELECT VALUE`.
    pub outputs: Vec<OutputKey>,
    /// WHERE.
    pub condition: Option<Condition>,
}

/// A part of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// Variables.
    Set,
    /// Columns.
    Select,
    /// The condition.
    Where,
}

/// Keys from the payload downwards; `[]` stands for the elements of a nested SELECT.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<String>);

/// A payload path that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The path.
    pub path: Path,
    /// Where it stands.
    pub clause: Clause,
    /// Whether it is an argument of a function that has a value for what is missing ([`GUARDS`]).
    pub guarded: bool,
    /// In bytes of the rule's text.
    pub span: Range<usize>,
}

/// What an expression is before any message is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// The same for every message.
    Literal(Value),
    /// A payload path.
    Path(Path),
    /// Computed, always of this type if it has a value.
    Computed(Type),
    /// Anything.
    Unknown,
}

/// Types that can be told from the text alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Int or Decimal.
    Number,
    /// String.
    Text,
    /// Boolean.
    Truth,
}

/// `left operator right`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The left side.
    pub left: Operand,
    /// `=`, `<>`, `<`, `<=`, `>` or `>=`.
    pub operator: &'static str,
    /// The right side.
    pub right: Operand,
    /// Where it stands.
    pub clause: Clause,
    /// Whether it stands inside a nested SELECT.
    pub nested: bool,
    /// The comparison, in bytes of the rule's text.
    pub span: Range<usize>,
    /// Its right side.
    pub right_span: Range<usize>,
    /// Its left side.
    pub left_span: Range<usize>,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name in lower case.
    pub name: String,
    /// What the arguments are.
    pub arguments: Vec<Operand>,
    /// Where it stands.
    pub clause: Clause,
    /// The call, in bytes of the rule's text.
    pub span: Range<usize>,
}

/// `dividend / divisor`.
#[derive(Clone, Debug, PartialEq)]
pub struct Division {
    /// What is divided.
    pub dividend: Operand,
    /// By what.
    pub divisor: Operand,
    /// Whether it can be computed from a payload by itself: no variable, no nested SELECT.
    pub stands_alone: bool,
    /// The division, in bytes of the rule's text.
    pub span: Range<usize>,
    /// Its left side.
    pub dividend_span: Range<usize>,
    /// Its right side.
    pub divisor_span: Range<usize>,
}

/// A key of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputKey {
    /// The key.
    pub key: String,
    /// Whether it is the text of an expression, since AS is missing.
    pub is_text: bool,
    /// The column, in bytes of the rule's text.
    pub span: Range<usize>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Joined by AND.
    All(Vec<Self>, Range<usize>),
    /// Joined by OR.
    Any(Vec<Self>, Range<usize>),
    /// NOT.
    Not(Box<Self>, Range<usize>),
    /// Anything else.
    Term(Term),
}

/// A condition without AND, OR and NOT.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// In bytes of the rule's text.
    pub span: Range<usize>,
    /// Paths without whose value the term is Undefined.
    pub needs: Vec<Path>,
    /// The path that it asks for: `isUndefined(path)`, `isNull(path)`.
    pub asks: Option<Path>,
    /// The comparison, if it is one.
    pub comparison: Option<Comparison>,
    /// Its value, if no message changes it.
    pub constant: Option<Value>,
}

impl Rule {
    /// What the rule reads and does.
    ///
    /// ```
    /// use fieldmirror_rules::rule::{Rule, SqlVersion};
    /// use fieldmirror_rules::survey::Clause;
    ///
    /// let sql = "SELECT a.b AS x FROM 'farm/+' WHERE humidity < 35";
    /// let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("valid");
    /// let survey = rule.survey();
    /// assert_eq!(survey.reads[1].path.to_string(), "humidity");
    /// assert_eq!(survey.reads[1].clause, Clause::Where);
    /// assert_eq!(survey.comparisons[0].operator, "<");
    /// ```
    pub fn survey(&self) -> Survey {
        walk::statement(self.statement(), self.sql(), self.version())
    }
}

impl Path {
    /// Whether one of the two paths leads through the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            let dot = if i > 0 && step != "[]" { "." } else { "" };
            write!(f, "{dot}{step}")?;
        }
        Ok(())
    }
}

impl Operand {
    /// Its type, if it can be told.
    pub const fn type_of(&self) -> Option<Type> {
        match self {
            Self::Literal(Value::Int(_) | Value::Decimal(_)) => Some(Type::Number),
            Self::Literal(Value::String(_)) => Some(Type::Text),
            Self::Literal(Value::Bool(_)) => Some(Type::Truth),
            Self::Computed(known) => Some(*known),
            _ => None,
        }
    }

    /// The path, if it is one.
    pub const fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl Condition {
    /// In bytes of the rule's text.
    pub const fn span(&self) -> &Range<usize> {
        match self {
            Self::All(_, span) | Self::Any(_, span) | Self::Not(_, span) => span,
            Self::Term(term) => &term.span,
        }
    }

    /// Its terms in the order of the text.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::All(parts, _) | Self::Any(parts, _) => {
                parts.iter().flat_map(Self::terms).collect()
            }
            Self::Not(inner, _) => inner.terms(),
            Self::Term(term) => vec![term],
        }
    }
}

impl Survey {
    /// Whether the rule asks another service: what it does then depends on more than the message.
    pub fn is_external(&self) -> bool {
        self.calls.iter().any(|call| EXTERNAL_FUNCTIONS.contains(&call.name.as_str()))
    }
}

#[cfg(test)]
mod tests;

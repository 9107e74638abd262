//! The syntax tree: what was written, with its places.

use crate::value::Value;
use fieldmirror_core::topic::TopicFilter;
use std::ops::Range;

/// An expression as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: Kind,
    /// In bytes of the text.
    pub(crate) span: Range<usize>,
    /// Levels of the tree below and with this one.
    pub(crate) depth: usize,
}

/// The forms of expressions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A number, text, TRUE, FALSE or NULL.
    Literal(Value),
    /// `*`: the whole payload.
    Star,
    /// The first step of a path into the payload.
    Name(String),
    /// `@name`, without `@`.
    Variable(String),
    /// `base.name`.
    Step(Box<Expr>, String),
    /// `-operand`.
    Negate(Box<Expr>),
    /// `NOT operand`.
    Not(Box<Expr>),
    /// Operands joined by AND.
    All(Vec<Expr>),
    /// Operands joined by OR.
    Any(Vec<Expr>),
    /// Two operands.
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// A function call.
    Call { name: String, name_span: Range<usize>, arguments: Vec<Expr> },
    /// `CAST(operand AS type)`.
    Cast { operand: Box<Expr>, type_name: String, type_span: Range<usize> },
    /// `{'key': value, ...}`.
    Object(Vec<(String, Expr)>),
    /// `[value, ...]`.
    Array(Vec<Expr>),
    /// `CASE subject WHEN ... THEN ... ELSE ... END`.
    Case { subject: Box<Expr>, arms: Vec<(Expr, Expr)>, otherwise: Option<Box<Expr>> },
    /// `(SELECT ... FROM path WHERE ...)`.
    Nested(Box<Query>),
}

/// An operator of two operands, but for AND and OR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// As it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// A nested SELECT.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) select: Select,
    pub(crate) from: Expr,
    pub(crate) filter: Option<Expr>,
}

/// What a SELECT yields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Select {
    /// `VALUE expression`.
    Value(Expr),
    /// Columns.
    Items(Vec<Item>),
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) expr: Expr,
    /// With its dots, if any.
    pub(crate) alias: Option<String>,
    /// With the alias.
    pub(crate) span: Range<usize>,
}

/// One `@name = expression` of a SET.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) name_span: Range<usize>,
    pub(crate) expr: Expr,
}

/// A whole rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) variables: Vec<Assignment>,
    pub(crate) select: Select,
    pub(crate) from: Option<TopicFilter>,
    /// Of the filter with its quotes; empty without FROM.
    pub(crate) from_span: Range<usize>,
    pub(crate) filter: Option<Expr>,
}

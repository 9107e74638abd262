//! The checked program: names resolved, constants folded in place, ready to evaluate.

use crate::ast::Operator;
use crate::functions::{Function, Inputs};
use crate::value::Value;

/// A checked expression.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// The same for every message.
    Constant(Value),
    /// The whole payload.
    Star,
    /// Keys from the payload downwards; never empty.
    Path(Box<[Box<str>]>),
    /// The SET variable at this position.
    Variable(usize),
    /// A key of a value that is not the payload.
    Step(Box<Self>, Box<str>),
    Negate(Box<Self>),
    Not(Box<Self>),
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Binary(Operator, Box<Self>, Box<Self>),
    Array(Box<[Self]>),
    Object(Box<[(Box<str>, Self)]>),
    Case {
        subject: Box<Self>,
        arms: Box<[(Self, Self)]>,
        otherwise: Option<Box<Self>>,
    },
    Cast(Box<Self>, Type),
    Call(&'static Function, Inputs),
    Nested(Box<Query>),
}

/// What `CAST` casts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Decimal,
    /// A Decimal of an `f64`'s precision.
    Double,
    Bool,
    String,
}

/// A nested SELECT.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) from: Expr,
    pub(crate) select: Select,
    pub(crate) filter: Option<Expr>,
}

/// What a SELECT yields.
#[derive(Clone, Debug)]
pub(crate) enum Select {
    /// The value itself.
    Value(Expr),
    /// An object.
    Items(Box<[Item]>),
}

/// A column of a SELECT.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// Every key of the payload.
    All,
    /// One key.
    Named(Box<str>, Expr),
}

impl Select {
    /// The expressions of the columns.
    pub(crate) fn exprs(&self) -> Vec<&Expr> {
        match self {
            Self::Value(expr) => vec![expr],
            Self::Items(items) => items
                .iter()
                .filter_map(|item| match item {
                    Item::All => None,
                    Item::Named(_, expr) => Some(expr),
                })
                .collect(),
        }
    }

    /// Whether `*` is among the columns.
    fn has_all(&self) -> bool {
        matches!(self, Self::Items(items) if items.iter().any(|item| matches!(item, Item::All)))
    }

    /// Whether this is `*` alone.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Items(items) if matches!(**items, [Item::All]))
    }
}

/// A rule without its FROM.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// SET variables in their order.
    pub(crate) variables: Box<[(Box<str>, Expr)]>,
    pub(crate) select: Select,
    pub(crate) filter: Option<Expr>,
}

impl Program {
    /// The payload's keys that the rule reads; `None` if it may read any.
    pub(crate) fn keys(&self) -> Option<Box<[Box<str>]>> {
        let mut keys: Vec<Box<str>> = Vec::new();
        let mut reads_all = self.select.has_all();
        let variables = self.variables.iter().map(|(_, expr)| expr);
        for expr in variables.chain(self.select.exprs()).chain(&self.filter) {
            reads_all |= expr.any(&mut |expr| match expr {
                Expr::Star => true,
                // `*` inside is the element, but a nested SELECT is rare: the full way will do.
                Expr::Nested(query) => query.select.has_all(),
                Expr::Path(steps) => {
                    // Inside a nested SELECT a path begins at the element: one key too many.
                    if !keys.contains(&steps[0]) {
                        keys.push(steps[0].clone());
                    }
                    false
                }
                _ => false,
            });
        }
        if reads_all { None } else { Some(keys.into()) }
    }
}

impl Expr {
    /// The expressions directly below, those of a nested SELECT among them.
    fn children(&self) -> Vec<&Self> {
        match self {
            Self::Constant(_) | Self::Star | Self::Path(_) | Self::Variable(_) => Vec::new(),
            Self::Step(inner, _) | Self::Negate(inner) | Self::Not(inner) => vec![inner],
            Self::Cast(inner, _) => vec![inner],
            Self::All(inner) | Self::Any(inner) | Self::Array(inner) => inner.iter().collect(),
            Self::Call(_, inputs) => inputs.iter().collect(),
            Self::Binary(_, left, right) => vec![left, right],
            Self::Object(entries) => entries.iter().map(|(_, expr)| expr).collect(),
            Self::Case { subject, arms, otherwise } => {
                let arms = arms.iter().flat_map(|(wanted, result)| [wanted, result]);
                std::iter::once(&**subject).chain(arms).chain(otherwise.as_deref()).collect()
            }
            Self::Nested(query) => {
                let mut children = query.select.exprs();
                children.push(&query.from);
                children.extend(&query.filter);
                children
            }
        }
    }

    /// Whether `holds` for this expression or any below.
    pub(crate) fn any(&self, holds: &mut dyn FnMut(&Self) -> bool) -> bool {
        holds(self) || self.children().into_iter().any(|child| child.any(holds))
    }
}

//! What is computed from a call's constant arguments when the rule is compiled, so that no message
//! pays for it again.

use super::Function;
use super::patterns::Pattern;
use super::time::{Printer, Reader, Zone};
use crate::program::Expr;
use crate::value::Value;
use std::ops::Deref;
use std::sync::Arc;

/// A call's arguments in the program.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    exprs: Box<[Expr]>,
    prepared: Option<Arc<Prepared>>,
}

/// The finished forms of constant arguments; where an argument is constant and no such thing, its
/// inner option is empty.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// Which call of its statement this is.
    Site(u32),
    /// A regular expression.
    Pattern(Option<Box<Pattern>>),
    /// What `parse_time` prints with, and where.
    Print { pattern: Option<Option<Printer>>, zone: Option<Option<Zone>> },
    /// What `time_to_epoch` reads with.
    Read(Option<Reader>),
}

impl Inputs {
    /// The arguments of the `site`th call in its statement.
    ///
    /// # Errors
    /// What this engine cannot do with them, as a sentence without a full stop.
    pub(crate) fn new(function: &Function, exprs: Box<[Expr]>, site: u32) -> Result<Self, String> {
        let prepared = match function.prepare {
            Some(prepare) => prepare(&exprs, site)?.map(Arc::new),
            None => None,
        };
        Ok(Self { exprs, prepared })
    }

    /// What was computed from them.
    pub(crate) fn prepared(&self) -> Option<&Prepared> {
        self.prepared.as_deref()
    }
}

impl Deref for Inputs {
    type Target = [Expr];

    fn deref(&self) -> &[Expr] {
        &self.exprs
    }
}

/// The value of the argument at `position`, if it is the same for every message.
pub(super) fn constant(exprs: &[Expr], position: usize) -> Option<&Value> {
    match exprs.get(position) {
        Some(Expr::Constant(value)) => Some(value),
        _ => None,
    }
}

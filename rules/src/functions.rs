//! The functions of the language: one registry, one file per family.

pub(crate) mod base64;

mod context;
mod encodings;
mod external;
mod json;
mod math;
mod strings;

use crate::error::RulesError;
use crate::eval::{Outcome, Scope, evaluate};
use crate::program::Expr;
use crate::rule::SqlVersion;
use crate::value::{Decimal, Number, Value};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A function of the language.
#[derive(Debug)]
pub(crate) struct Function {
    /// As the service's documents spell it.
    pub(crate) name: &'static str,
    /// How many arguments it takes.
    pub(crate) arguments: RangeInclusive<usize>,
    /// The first version that has it.
    pub(crate) since: SqlVersion,
    /// Positions of arguments that choose a mode, with the modes.
    pub(crate) words: &'static [(usize, &'static [&'static str])],
    /// Whether its value depends on more than its arguments.
    pub(crate) reads_context: bool,
    pub(crate) call: Call,
}

/// What computes a function's value.
pub(crate) type Call = for<'v> fn(Arguments<'v>) -> Outcome<'v>;

impl Function {
    const fn new(name: &'static str, least: usize, most: usize, call: Call) -> Self {
        Self {
            name,
            arguments: RangeInclusive::new(least, most),
            since: SqlVersion::V2015_10_08,
            words: &[],
            reads_context: false,
            call,
        }
    }

    const fn since_2016(mut self) -> Self {
        self.since = SqlVersion::V2016_03_23;
        self
    }

    const fn words(mut self, words: &'static [(usize, &'static [&'static str])]) -> Self {
        self.words = words;
        self
    }

    const fn reads_context(mut self) -> Self {
        self.reads_context = true;
        self
    }
}

const FAMILIES: [&[Function]; 6] = [
    &math::FUNCTIONS,
    &strings::FUNCTIONS,
    &json::FUNCTIONS,
    &encodings::FUNCTIONS,
    &context::FUNCTIONS,
    &external::FUNCTIONS,
];

/// Functions of the service that this engine does not have, in lower case: refused by name.
pub(crate) const ABSENT: [&str; 23] = [
    "accountid",
    "get_dynamodb",
    "get_mqtt_property",
    "get_registry_data",
    "get_secret",
    "get_user_properties",
    "machinelearning_predict",
    "md2",
    "md5",
    "newuuid",
    "parse_time",
    "rand",
    "regexp_matches",
    "regexp_replace",
    "regexp_substr",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sourceip",
    "time_to_epoch",
    "traceid",
];

/// The function called `name`, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FAMILIES.into_iter().flatten().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// The function whose name is closest to `name` (in lower case), if it is close.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    FAMILIES
        .into_iter()
        .flatten()
        .map(|function| (edits(name, &function.name.to_ascii_lowercase()), function.name))
        .min()
        .filter(|(edits, _)| *edits <= name.len() / 3)
        .map(|(_, name)| name)
}

/// How many characters must be inserted, deleted or replaced (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

/// A call's arguments, evaluated when asked for.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'v> {
    exprs: &'v [Expr],
    scope: Scope<'v>,
}

impl<'v> Arguments<'v> {
    pub(crate) const fn new(exprs: &'v [Expr], scope: Scope<'v>) -> Self {
        Self { exprs, scope }
    }

    const fn len(&self) -> usize {
        self.exprs.len()
    }

    const fn scope(&self) -> Scope<'v> {
        self.scope
    }

    /// The argument at `position`; Undefined if there is none.
    fn value(&self, position: usize) -> Outcome<'v> {
        match self.exprs.get(position) {
            Some(expr) => evaluate(expr, self.scope),
            None => Ok(Cow::Owned(Value::Undefined)),
        }
    }

    /// The argument as a number, converted from text where need be.
    fn number(&self, position: usize) -> Result<Option<Number>, RulesError> {
        Ok(self.value(position)?.to_number())
    }

    /// The argument in its text form; `None` for Null and Undefined.
    fn text(&self, position: usize) -> Result<Option<Cow<'v, str>>, RulesError> {
        Ok(match self.value(position)? {
            Cow::Borrowed(value) => value.to_text(),
            Cow::Owned(Value::String(text)) => Some(Cow::Owned(text)),
            Cow::Owned(value) => value.to_text().map(|text| Cow::Owned(text.into_owned())),
        })
    }

    /// Whether the argument is `*`.
    fn is_star(&self, position: usize) -> bool {
        matches!(self.exprs.get(position), Some(Expr::Star))
    }
}

/// An owned value as a function's result.
fn yields<'v>(value: impl Into<Value>) -> Outcome<'v> {
    Ok(Cow::Owned(value.into()))
}

/// Undefined as a function's result.
fn undefined<'v>() -> Outcome<'v> {
    Ok(Cow::Owned(Value::Undefined))
}

/// A number that is whole as Int, where it has at most 34 digits.
fn whole(decimal: Decimal) -> Value {
    decimal.to_int().map_or(Value::Decimal(decimal), Value::Int)
}

#[cfg(test)]
mod tests;

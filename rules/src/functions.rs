//! The functions of the language: one registry, one file per family.

pub(crate) mod base64;

mod chance;
mod context;
mod encodings;
mod external;
mod hashes;
mod json;
mod math;
mod patterns;
mod prepared;
mod strings;
mod time;

pub(crate) use prepared::Inputs;

use crate::error::RulesError;
use crate::eval::{Outcome, Scope, evaluate};
use crate::program::Expr;
use crate::rule::SqlVersion;
use crate::value::{Decimal, Number, Value};
use prepared::Prepared;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A function of the language.
#[derive(Debug)]
pub(crate) struct Function {
    /// As the service's documents spell it.
    pub(crate) name: &'static str,
    /// Names of its arguments: those in brackets may be left out together, `...` repeats.
    pub(crate) takes: &'static str,
    /// The least and the largest number of arguments.
    pub(crate) arguments: RangeInclusive<usize>,
    /// The first version that has it.
    pub(crate) since: SqlVersion,
    /// Positions of arguments that choose a mode, with the modes.
    pub(crate) words: &'static [(usize, &'static [&'static str])],
    /// Whether its value depends on more than its arguments.
    pub(crate) reads_context: bool,
    /// Whether the service allows one call in a statement only.
    pub(crate) is_single: bool,
    /// What is computed from constant arguments when the rule is compiled.
    pub(crate) prepare: Option<Prepare>,
    /// How it differs from the service's, in one sentence.
    pub(crate) differs: Option<&'static str>,
    pub(crate) call: Call,
}

/// What computes a function's value.
pub(crate) type Call = for<'v> fn(Arguments<'v>) -> Outcome<'v>;

/// What looks at a call's arguments once; fails with what this engine cannot do.
type Prepare = fn(&[Expr], u32) -> Result<Option<Prepared>, String>;

impl Function {
    const fn new(name: &'static str, takes: &'static str, call: Call) -> Self {
        let (least, most) = counts(takes);
        Self {
            name,
            takes,
            arguments: RangeInclusive::new(least, most),
            since: SqlVersion::V2015_10_08,
            words: &[],
            reads_context: false,
            is_single: false,
            prepare: None,
            differs: None,
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

    const fn single(mut self) -> Self {
        self.is_single = true;
        self
    }

    const fn prepare(mut self, prepare: Prepare) -> Self {
        self.prepare = Some(prepare);
        self
    }

    const fn differs(mut self, how: &'static str) -> Self {
        self.differs = Some(how);
        self
    }

    /// Whether it can be called with `count` arguments. Those in brackets come all or not at all.
    pub(crate) fn accepts(&self, count: usize) -> bool {
        let (least, most) = (*self.arguments.start(), *self.arguments.end());
        count == least || count == most || most == usize::MAX && count > least
    }

    /// The numbers of arguments that it can be called with, for people.
    pub(crate) fn counts(&self) -> String {
        match (*self.arguments.start(), *self.arguments.end()) {
            (least, most) if least == most => format!("{least}"),
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} or {most}"),
        }
    }
}

/// The least and the largest number of arguments that `takes` names.
const fn counts(takes: &str) -> (usize, usize) {
    let bytes = takes.as_bytes();
    let (mut least, mut most) = (0, 0);
    let (mut at, mut in_brackets, mut in_name) = (0, false, false);
    while at < bytes.len() {
        let is_name = bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_';
        if bytes[at] == b'.' {
            return (least, usize::MAX);
        }
        if is_name && !in_name {
            most += 1;
            least += !in_brackets as usize;
        }
        match bytes[at] {
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            _ => {}
        }
        in_name = is_name;
        at += 1;
    }
    (least, most)
}

/// The longest text that an expression yields, in bytes: eight payloads of the largest size. What
/// would be longer is Undefined. Source: ours; the service's limit of a payload is 128 KiB.
pub(crate) const TEXT_BYTES_MAX: usize = 8 * 128 * 1024;

const FAMILIES: [&[Function]; 10] = [
    &math::FUNCTIONS,
    &strings::FUNCTIONS,
    &patterns::FUNCTIONS,
    &json::FUNCTIONS,
    &encodings::FUNCTIONS,
    &hashes::FUNCTIONS,
    &time::FUNCTIONS,
    &chance::FUNCTIONS,
    &context::FUNCTIONS,
    &external::FUNCTIONS,
];

/// A function of the service that this engine refuses by its name.
#[derive(Debug)]
pub(crate) struct Absent {
    /// In lower case.
    pub(crate) name: &'static str,
    /// Names of its arguments, as in [`Function::takes`].
    pub(crate) takes: &'static str,
    /// Why it is refused, as a sentence without a full stop.
    pub(crate) reason: &'static str,
}

/// Functions of the service that this engine does not have.
pub(crate) const ABSENT: [Absent; 1] = [Absent {
    name: "machinelearning_predict",
    takes: "model, role, record",
    reason: "it calls Amazon Machine Learning, which AWS has closed",
}];

/// All functions, family by family.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.into_iter().flatten()
}

/// The function called `name`, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// The function whose name is closest to `name` (in lower case), if it is close.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    all()
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
    inputs: &'v Inputs,
    scope: Scope<'v>,
}

impl<'v> Arguments<'v> {
    pub(crate) const fn new(inputs: &'v Inputs, scope: Scope<'v>) -> Self {
        Self { inputs, scope }
    }

    fn len(&self) -> usize {
        self.inputs.len()
    }

    /// What was computed from the constant arguments.
    fn prepared(&self) -> Option<&'v Prepared> {
        self.inputs.prepared()
    }

    const fn scope(&self) -> Scope<'v> {
        self.scope
    }

    /// The argument at `position`; Undefined if there is none.
    fn value(&self, position: usize) -> Outcome<'v> {
        match self.inputs.get(position) {
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
        matches!(self.inputs.get(position), Some(Expr::Star))
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

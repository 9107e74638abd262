//! WHERE over columns: a rule over tables of recorded telemetry, many rows at a time.
//!
//! A table's row stands for a payload: its columns are the payload's keys, a missing value is a
//! missing key. Numbers are compared as the texts that JSON would give them, so that a column of
//! floats answers exactly what the row evaluator ([`crate::rule::Rule::evaluate`]) answers over
//! [`row`]; a test holds the two equal. Expressions that cannot be answered that way (arithmetic
//! over several columns, functions of the message, nested SELECT) are refused here and left to the
//! row evaluator.
//!
//! What it does not do: it knows no file and no Arrow; columns come in as slices.

mod compile;
mod threshold;

use crate::program::Expr;
use crate::rule::{Rule, SqlVersion};
use crate::value::{Decimal, Object, Value, number};
use threshold::Range;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Whole numbers of 64 bits.
    Int64,
    /// Numbers of 64 bits; what is not finite counts as missing, since JSON has no text for it.
    Float64,
    /// Numbers of 32 bits, as [`ColumnKind::Float64`].
    Float32,
    /// Truth values.
    Bool,
    /// Texts, as codes into a list of words.
    Text,
    /// Anything else: rules that touch it are left to the row evaluator.
    Other,
}

/// The values of one column for some rows.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// [`ColumnKind::Int64`].
    Int64(&'a [i64]),
    /// [`ColumnKind::Float64`].
    Float64(&'a [f64]),
    /// [`ColumnKind::Float32`].
    Float32(&'a [f32]),
    /// [`ColumnKind::Bool`]: 0 or 1 a row.
    Bool(&'a [u8]),
    /// [`ColumnKind::Text`].
    Text {
        /// Which word each row has.
        codes: &'a [u32],
        /// The words.
        words: &'a [&'a str],
    },
}

/// A column for some rows.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The values; those of missing rows mean nothing.
    pub values: Values<'a>,
    /// 1 where a row has a value and 0 where it is missing; `None` if none is missing.
    pub valid: Option<&'a [u8]>,
}

/// A row's answer while WHERE is evaluated: these two, or [`UNDEFINED`].
const FALSE: u8 = 0;
const TRUE: u8 = 1;
const UNDEFINED: u8 = 2;

/// A WHERE over columns.
#[derive(Clone, Debug)]
pub struct ColumnFilter {
    version: SqlVersion,
    columns: Vec<String>,
    node: Node,
}

/// An expression over columns, by their position in [`ColumnFilter::columns`].
#[derive(Clone, Debug)]
enum Node {
    /// The same for every row.
    Fixed(u8),
    /// Whether the number lies in a range, or if not `inside`, does not.
    Number {
        column: usize,
        range: Range,
        inside: bool,
    },
    /// `is` where the value is there, `otherwise` where it is missing.
    Present {
        column: usize,
        is: u8,
        otherwise: u8,
    },
    /// An expression over one column of words or truth values: asked once a word.
    Words {
        column: usize,
        expr: Expr,
    },
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Rule {
    /// The rule's WHERE over columns; `None` if it needs the row evaluator. `kind` says what the
    /// column called so holds, `None` for a name that is no column.
    pub fn over_columns(&self, kind: &dyn Fn(&str) -> Option<ColumnKind>) -> Option<ColumnFilter> {
        compile::filter(self, kind)
    }
}

impl ColumnFilter {
    /// The columns that it reads: [`Self::evaluate`] wants them in this order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Writes for each of `rows` rows whether the rule fires: 1 or 0.
    ///
    /// # Panics
    /// If `columns` are not those of [`Self::columns`], or shorter than `rows`.
    pub fn evaluate(&self, columns: &[Column<'_>], rows: usize, out: &mut Vec<u8>) {
        self.states(&self.node, columns, rows, out);
        for state in out.iter_mut() {
            *state &= TRUE;
        }
    }

    fn states(&self, node: &Node, columns: &[Column<'_>], rows: usize, out: &mut Vec<u8>) {
        out.clear();
        match node {
            Node::Fixed(state) => out.resize(rows, *state),
            Node::Number { column, range, inside } => {
                let column = &columns[*column];
                range.states(&column.values, *inside, rows, out);
                mask(column.valid, UNDEFINED, out);
            }
            Node::Present { column, is, otherwise } => {
                let column = &columns[*column];
                out.resize(rows, *is);
                mask_unfinite(&column.values, *otherwise, out);
                mask(column.valid, *otherwise, out);
            }
            Node::Words { column, expr } => self.words(&columns[*column], *column, expr, rows, out),
            Node::Not(inner) => {
                self.states(inner, columns, rows, out);
                for state in out.iter_mut() {
                    // 0 and 1 change places, Undefined stays.
                    *state ^= TRUE & !(*state >> 1);
                }
            }
            Node::All(parts) => self.join(parts, columns, rows, out, u8::min, TRUE),
            Node::Any(parts) => self.join(parts, columns, rows, out, u8::max, FALSE),
        }
    }

    /// AND and OR: Undefined as soon as one operand is, whatever the others are.
    fn join(
        &self,
        parts: &[Node],
        columns: &[Column<'_>],
        rows: usize,
        out: &mut Vec<u8>,
        combine: fn(u8, u8) -> u8,
        start: u8,
    ) {
        out.resize(rows, start);
        let mut operand = Vec::with_capacity(rows);
        for part in parts {
            self.states(part, columns, rows, &mut operand);
            for (state, &operand) in out.iter_mut().zip(&operand) {
                let undefined = (*state | operand) & UNDEFINED;
                *state = if undefined == 0 { combine(*state, operand) } else { UNDEFINED };
            }
        }
    }

    fn words(&self, column: &Column<'_>, name: usize, expr: &Expr, rows: usize, out: &mut Vec<u8>) {
        let state = |value: Option<Value>| {
            let mut payload = Object::new();
            if let Some(value) = value {
                payload.insert(self.columns[name].as_str(), value);
            }
            compile::state(expr, &Value::Object(payload), self.version)
        };
        let missing = if column.valid.is_some() { state(None) } else { UNDEFINED };
        match column.values {
            Values::Text { codes, words } => {
                let states: Vec<u8> =
                    words.iter().map(|word| state(Some(Value::from(*word)))).collect();
                // A missing row's code means nothing and may lie beyond the words.
                let of = |code: &u32| states.get(*code as usize).copied().unwrap_or(missing);
                out.extend(codes[..rows].iter().map(of));
            }
            Values::Bool(truths) => {
                let states = [false, true].map(|truth| state(Some(Value::from(truth))));
                out.extend(truths[..rows].iter().map(|&truth| states[usize::from(truth & 1)]));
            }
            _ => out.resize(rows, UNDEFINED),
        }
        mask(column.valid, missing, out);
    }
}

/// Puts `otherwise` where the value is missing.
fn mask(valid: Option<&[u8]>, otherwise: u8, out: &mut [u8]) {
    if let Some(valid) = valid {
        for (state, &valid) in out.iter_mut().zip(valid) {
            *state = if valid == 0 { otherwise } else { *state };
        }
    }
}

/// Puts `otherwise` where a float is not finite.
fn mask_unfinite(values: &Values<'_>, otherwise: u8, out: &mut [u8]) {
    match values {
        Values::Float64(values) => {
            for (state, value) in out.iter_mut().zip(*values) {
                *state = if value.is_finite() { *state } else { otherwise };
            }
        }
        Values::Float32(values) => {
            for (state, value) in out.iter_mut().zip(*values) {
                *state = if value.is_finite() { *state } else { otherwise };
            }
        }
        _ => {}
    }
}

/// The payload that row `at` of `columns` stands for, for the row evaluator.
pub fn row(columns: &[(&str, Column<'_>)], at: usize, version: SqlVersion) -> Value {
    let mut payload = Object::new();
    for (name, column) in columns {
        if column.valid.is_some_and(|valid| valid[at] == 0) {
            continue;
        }
        // JSON writes floats with a fraction or exponent, which 2015-10-08 keeps as Decimals.
        let float = |decimal: Option<Decimal>| decimal.map(|d| number(d, false, version));
        let value = match column.values {
            Values::Int64(values) => Some(Value::from(values[at])),
            Values::Float64(values) => float(Decimal::from_f64(values[at])),
            Values::Float32(values) => float(threshold::of_f32(values[at])),
            Values::Bool(values) => Some(Value::from(values[at] != 0)),
            Values::Text { codes, words } => {
                words.get(codes[at] as usize).map(|word| Value::from(*word))
            }
        };
        if let Some(value) = value {
            payload.insert(*name, value);
        }
    }
    Value::Object(payload)
}

#[cfg(test)]
mod tests;

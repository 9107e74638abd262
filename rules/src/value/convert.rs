//! Conversions between types, as the service's table of conversions has them.

use super::{Decimal, Value};
use crate::value::decimal::COEFFICIENT_END;
use std::borrow::Cow;

/// A number of the language: what arithmetic and comparisons see.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    /// A whole number.
    Int(i128),
    /// Any other.
    Decimal(Decimal),
}

impl Number {
    pub(crate) fn to_decimal(self) -> Decimal {
        match self {
            Self::Int(int) => Decimal::from(int),
            Self::Decimal(decimal) => decimal,
        }
    }

    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Decimal(decimal) => decimal.to_f64(),
        }
    }

    /// The number rounded down to a whole one; `None` if that has more than 34 digits.
    pub(crate) fn floor(self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(int),
            Self::Decimal(decimal) => decimal.floor().to_int(),
        }
    }

    /// The number cut toward zero; `None` if that has more than 34 digits.
    pub(crate) fn trunc(self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(int),
            Self::Decimal(decimal) => decimal.trunc(0).to_int(),
        }
    }
}

impl Value {
    /// A whole number as Int, or as Decimal if it has more than 34 digits.
    pub(crate) fn int(int: i128) -> Self {
        if -COEFFICIENT_END < int && int < COEFFICIENT_END {
            Self::Int(int)
        } else {
            Self::Decimal(Decimal::from(int))
        }
    }

    /// A Decimal, or Undefined beyond its range.
    pub(crate) fn decimal(decimal: Option<Decimal>) -> Self {
        decimal.map_or(Self::Undefined, Self::Decimal)
    }

    /// The number that arithmetic sees: numbers, and texts that the service's pattern accepts.
    pub(crate) fn to_number(&self) -> Option<Number> {
        match self {
            Self::Int(int) => Some(Number::Int(*int)),
            Self::Decimal(decimal) => Some(Number::Decimal(*decimal)),
            Self::String(text) => parse_number(text).map(Number::Decimal),
            _ => None,
        }
    }

    /// The truth value that AND, OR, NOT and WHERE see: Booleans, and their names in any case.
    pub(crate) fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The text form: compact JSON for arrays and objects; `None` for Null and Undefined.
    pub(crate) fn to_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Undefined | Self::Null => None,
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Int(int) => Some(Cow::Owned(int.to_string())),
            Self::Decimal(decimal) => Some(Cow::Owned(decimal.to_string())),
            Self::Array(_) | Self::Object(_) => {
                // The writer escapes nothing that could break UTF-8.
                Some(Cow::Owned(String::from_utf8_lossy(&self.to_json()).into_owned()))
            }
        }
    }
}

/// Reads `^-?\d+(\.\d+)?((?i)E-?\d+)?$`: no `+`, no bare point, no blanks.
///
/// # Source
/// AWS IoT Core developer guide, "Data types", conversion of a String to a Decimal.
pub(crate) fn parse_number(text: &str) -> Option<Decimal> {
    if text.contains('+') { None } else { Decimal::parse(text) }
}

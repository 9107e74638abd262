//! `CAST(value AS type)`.

use crate::program::Type;
use crate::value::{Decimal, Number, Value};
use std::borrow::Cow;

/// The cast value, or Undefined where the types do not convert.
pub(crate) fn cast(value: Cow<'_, Value>, into: Type) -> Cow<'_, Value> {
    match (into, &*value) {
        (_, Value::Undefined | Value::Null) => Cow::Owned(Value::Undefined),
        (Type::Int, Value::Int(_))
        | (Type::Decimal, Value::Decimal(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::String, Value::String(_)) => value,
        (Type::Int, operand) => Cow::Owned(to_int(operand)),
        (Type::Decimal, operand) => Cow::Owned(to_decimal(operand)),
        (Type::Double, operand) => Cow::Owned(match to_decimal(operand) {
            Value::Decimal(decimal) => Value::decimal(Decimal::from_f64(decimal.to_f64())),
            other => other,
        }),
        (Type::Bool, operand) => Cow::Owned(to_bool(operand)),
        (Type::String, operand) => {
            Cow::Owned(operand.to_text().map_or(Value::Undefined, |text| text.into_owned().into()))
        }
    }
}

/// Numbers are rounded down, numeric texts are cut toward zero.
fn to_int(value: &Value) -> Value {
    let int = match value {
        Value::Bool(truth) => Some(i128::from(*truth)),
        Value::String(_) => value.to_number().and_then(Number::trunc),
        _ => value.to_number().and_then(Number::floor),
    };
    int.map_or(Value::Undefined, Value::int)
}

fn to_decimal(value: &Value) -> Value {
    let decimal = match value {
        Value::Bool(truth) => Some(Decimal::from(i128::from(*truth))),
        _ => value.to_number().map(Number::to_decimal),
    };
    Value::decimal(decimal)
}

fn to_bool(value: &Value) -> Value {
    let truth = match value {
        Value::Int(int) => Some(*int != 0),
        Value::Decimal(decimal) => Some(*decimal != Decimal::ZERO),
        _ => value.to_bool(),
    };
    truth.map_or(Value::Undefined, Value::Bool)
}

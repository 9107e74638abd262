//! The operators, as the service's tables have them: wrong operand types give Undefined.

use crate::ast::Operator;
use crate::functions::TEXT_BYTES_MAX;
use crate::value::{Decimal, Number, Object, Value};
use std::cmp::Ordering;

/// `left operator right`.
pub(crate) fn binary(operator: Operator, left: &Value, right: &Value) -> Value {
    match operator {
        Operator::Add => add(left, right),
        Operator::Subtract => arithmetic(left, right, i128::checked_sub, Decimal::checked_sub),
        Operator::Multiply => arithmetic(left, right, i128::checked_mul, Decimal::checked_mul),
        Operator::Divide => divide(left, right),
        Operator::Remainder => remainder(left, right),
        Operator::Equal => truth(equal(left, right)),
        Operator::NotEqual => truth(equal(left, right).map(|equal| !equal)),
        Operator::Less => truth(compare(left, right).map(Ordering::is_lt)),
        Operator::LessOrEqual => truth(compare(left, right).map(Ordering::is_le)),
        Operator::Greater => truth(compare(left, right).map(Ordering::is_gt)),
        Operator::GreaterOrEqual => truth(compare(left, right).map(Ordering::is_ge)),
    }
}

fn truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Undefined, Value::Bool)
}

/// `-value`.
pub(crate) fn negate(value: &Value) -> Value {
    match value.to_number() {
        Some(Number::Int(int)) => Value::Int(-int),
        Some(Number::Decimal(decimal)) => Value::Decimal(decimal.negated()),
        None => Value::Undefined,
    }
}

/// `=`: numbers by value, other types only with their own; `None` if either side is Undefined.
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    if left.is_undefined() || right.is_undefined() {
        return None;
    }
    Some(same(left, right))
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Decimal(right)) | (Value::Decimal(right), Value::Int(left)) => {
            right.to_int() == Some(*left)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => same_entries(left, right),
        _ => left == right,
    }
}

/// Objects are equal whatever the order of their keys.
fn same_entries(left: &Object, right: &Object) -> bool {
    left.len() == right.len()
        && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
}

/// The order of two numbers or numeric texts; `None` if either side is neither.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left.to_number()?, right.to_number()?) {
        (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
        (left, right) => Some(left.to_decimal().cmp(&right.to_decimal())),
    }
}

/// `+`: concatenation if either side is a text.
fn add(left: &Value, right: &Value) -> Value {
    if let (Value::String(_), _) | (_, Value::String(_)) = (left, right) {
        return match (left.to_text(), right.to_text()) {
            (Some(left), Some(right)) if left.len() + right.len() <= TEXT_BYTES_MAX => {
                Value::String(left.into_owned() + &right)
            }
            _ => Value::Undefined,
        };
    }
    arithmetic(left, right, i128::checked_add, Decimal::checked_add)
}

/// Two Ints give an Int, any other two numbers a Decimal.
fn arithmetic(
    left: &Value,
    right: &Value,
    ints: fn(i128, i128) -> Option<i128>,
    decimals: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Value {
    let (Some(left), Some(right)) = (left.to_number(), right.to_number()) else {
        return Value::Undefined;
    };
    if let (Number::Int(left), Number::Int(right)) = (left, right)
        && let Some(result) = ints(left, right)
    {
        return Value::int(result);
    }
    Value::decimal(decimals(left.to_decimal(), right.to_decimal()))
}

fn divide(left: &Value, right: &Value) -> Value {
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        return left.checked_div(*right).map_or(Value::Undefined, Value::Int);
    }
    arithmetic(left, right, |_, _| None, Decimal::checked_div)
}

/// `%`, `mod` and `remainder`.
pub(crate) fn remainder(left: &Value, right: &Value) -> Value {
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        return left.checked_rem(*right).map_or(Value::Undefined, Value::Int);
    }
    arithmetic(left, right, |_, _| None, Decimal::checked_rem)
}

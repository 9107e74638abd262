//! Numbers. Results of "Decimal" functions have an `f64`'s precision, as the service's do.

use super::{Arguments, Function, undefined, whole, yields};
use crate::error::RulesError;
use crate::eval::{Outcome, operators};
use crate::value::{Decimal, Number, Value};

pub(super) const FUNCTIONS: [Function; 28] = [
    Function::new("abs", "number", abs),
    Function::new("acos", "number", |a| real(a, libm::acos)),
    Function::new("asin", "number", |a| real(a, libm::asin)),
    Function::new("atan", "number", |a| real(a, libm::atan)),
    Function::new("atan2", "y, x", |a| real_pair(a, libm::atan2)),
    Function::new("bitand", "a, b", |a| bits(a, |x, y| x & y)),
    Function::new("bitnot", "a", bitnot)
        .differs("two's complement: bitnot(13) is -14 where an example of the guide prints 2"),
    Function::new("bitor", "a, b", |a| bits(a, |x, y| x | y)),
    Function::new("bitxor", "a, b", |a| bits(a, |x, y| x ^ y)),
    Function::new("ceil", "number", |a| to_whole(a, |x| x.negated().floor().negated())),
    Function::new("cos", "angle", |a| real(a, libm::cos)),
    Function::new("cosh", "number", |a| real(a, libm::cosh)),
    Function::new("exp", "number", |a| real(a, exp)),
    Function::new("floor", "number", |a| to_whole(a, Decimal::floor)),
    Function::new("ln", "number", |a| real(a, libm::log)),
    Function::new("log", "number", |a| real(a, libm::log10)),
    Function::new("mod", "a, b", remainder),
    Function::new("power", "base, exponent", |a| real_pair(a, libm::pow)),
    Function::new("remainder", "a, b", remainder),
    Function::new("round", "number", |a| to_whole(a, Decimal::round)),
    Function::new("sign", "number", sign),
    Function::new("sin", "angle", |a| real(a, libm::sin)),
    Function::new("sinh", "number", |a| real(a, libm::sinh)),
    Function::new("sqrt", "number", |a| real(a, f64::sqrt)),
    Function::new("tan", "angle", |a| real(a, libm::tan)),
    Function::new("tanh", "number", |a| real(a, libm::tanh)),
    Function::new("trunc", "number, places", trunc),
    Function::new("nanvl", "value, otherwise", nanvl),
];

/// The most places that `trunc` keeps. Source: developer guide, "trunc".
const PLACES_MAX: i128 = 34;

fn abs(arguments: Arguments<'_>) -> Outcome<'_> {
    match arguments.number(0)? {
        Some(Number::Int(int)) => yields(Value::Int(int.abs())),
        Some(Number::Decimal(decimal)) if decimal.is_negative() => {
            yields(Value::Decimal(decimal.negated()))
        }
        Some(Number::Decimal(decimal)) => yields(Value::Decimal(decimal)),
        None => undefined(),
    }
}

/// A function of one real number; what is not finite (or not real) is Undefined.
fn real(arguments: Arguments<'_>, function: fn(f64) -> f64) -> Outcome<'_> {
    let Some(number) = arguments.number(0)? else { return undefined() };
    yields(Value::decimal(Decimal::from_f64(function(number.to_f64()))))
}

/// The exponential. Near zero `expm1` plus one has the smaller error: the sum shifts its last bits
/// out. With it exp(1) is the nearest `f64` to e, which `libm::exp` misses by one unit.
fn exp(x: f64) -> f64 {
    if x.abs() < 1.25 { libm::expm1(x) + 1.0 } else { libm::exp(x) }
}

fn real_pair(arguments: Arguments<'_>, function: fn(f64, f64) -> f64) -> Outcome<'_> {
    let (Some(a), Some(b)) = (arguments.number(0)?, arguments.number(1)?) else {
        return undefined();
    };
    yields(Value::decimal(Decimal::from_f64(function(a.to_f64(), b.to_f64()))))
}

fn to_whole(arguments: Arguments<'_>, rounding: fn(Decimal) -> Decimal) -> Outcome<'_> {
    match arguments.number(0)? {
        Some(Number::Int(int)) => yields(Value::Int(int)),
        Some(Number::Decimal(decimal)) => yields(whole(rounding(decimal))),
        None => undefined(),
    }
}

/// The arguments of a bit operation: rounded down.
fn int(arguments: Arguments<'_>, position: usize) -> Result<Option<i128>, RulesError> {
    Ok(arguments.number(position)?.and_then(Number::floor))
}

fn bits(arguments: Arguments<'_>, function: fn(i128, i128) -> i128) -> Outcome<'_> {
    match (int(arguments, 0)?, int(arguments, 1)?) {
        (Some(a), Some(b)) => yields(Value::int(function(a, b))),
        _ => undefined(),
    }
}

fn bitnot(arguments: Arguments<'_>) -> Outcome<'_> {
    int(arguments, 0)?.map_or_else(undefined, |int| yields(Value::int(!int)))
}

fn remainder(arguments: Arguments<'_>) -> Outcome<'_> {
    yields(operators::remainder(&*arguments.value(0)?, &*arguments.value(1)?))
}

fn sign(arguments: Arguments<'_>) -> Outcome<'_> {
    match arguments.number(0)? {
        Some(number) => {
            let order = number.to_decimal().cmp(&Decimal::ZERO);
            yields(Value::Int(order as i128))
        }
        None => undefined(),
    }
}

fn trunc(arguments: Arguments<'_>) -> Outcome<'_> {
    let (Some(number), Some(places)) = (arguments.number(0)?, int(arguments, 1)?) else {
        return undefined();
    };
    match number {
        Number::Int(int) => yields(Value::Int(int)),
        // Clamped to two digits.
        Number::Decimal(decimal) => {
            yields(Value::Decimal(decimal.trunc(places.clamp(0, PLACES_MAX) as u32)))
        }
    }
}

/// The first argument unless it is Undefined or Null. No value of the language is NaN.
fn nanvl(arguments: Arguments<'_>) -> Outcome<'_> {
    let value = arguments.value(0)?;
    match *value {
        Value::Undefined | Value::Null => arguments.value(1),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn cases() {
        check(&[
            ("abs(-5)", "5"),
            ("abs('-5.123')", "5.123"),
            ("abs(null)", ""),
            ("abs(true)", ""),
            ("acos(0)", "1.5707963267948966"),
            ("acos(2)", ""),
            ("atan2(1, 0)", "1.5707963267948966"),
            ("cosh(2.3)", "5.037220649268761"),
            ("sinh(2.3)", "4.936961805545957"),
            ("tanh(2.3)", "0.9800963962661914"),
            ("tan(3)", "-0.1425465430742778"),
            ("exp(1)", "2.718281828459045"),
            ("log(100)", "2"),
            ("ln(0)", ""),
            ("sqrt(9)", "3"),
            ("sqrt(-9)", ""),
            ("sqrt('x')", ""),
            ("power(2, 5)", "32"),
            ("bitand(13, 5)", "5"),
            ("bitor(8, 5)", "13"),
            ("bitxor(13, 5)", "8"),
            ("bitnot(13)", "-14"),
            ("bitand(13.9, '5')", "5"),
            ("bitor(1, 'x')", ""),
            ("ceil(1.2)", "2"),
            ("ceil(-1.2)", "-1"),
            ("floor(1.2)", "1"),
            ("floor(-1.2)", "-2"),
            ("floor([1, 2, 3])", ""),
            ("mod(8, 3)", "2"),
            ("mod(8.5, 3)", "2.5"),
            ("remainder(-8, 3)", "-2"),
            ("mod(8, 0)", ""),
            ("round(1.5)", "2"),
            ("round(-1.5)", "-2"),
            ("round(-2.5)", "-3"),
            ("round(-1.1)", "-1"),
            ("sign(-7)", "-1"),
            ("sign(0)", "0"),
            ("sign('4.5')", "1"),
            ("trunc(2.3123, 2)", "2.31"),
            ("trunc(2.888, 2)", "2.88"),
            ("trunc(-2.888, 2)", "-2.88"),
            ("trunc(2.00, 5)", "2"),
            ("trunc(2.888, -1)", "2"),
            ("nanvl(8, 3)", "8"),
            ("nanvl(missing, 'd')", "\"d\""),
            ("nanvl(null, 3)", "3"),
        ]);
    }
}

//! A column of numbers against a constant: a range of the column's own type.
//!
//! A float stands for the shortest decimal that reads back as it. That decimal rises with the
//! float, so the floats whose decimals lie below a constant are those up to a largest one, and a
//! comparison of floats answers the comparison of decimals exactly.

use super::{TRUE, UNDEFINED, Values};
use crate::ast::Operator;
use crate::value::Decimal;

/// The numbers from `low` to `high`, in each type that a column may have. Empty where `low` is
/// above `high`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    int64: (i64, i64),
    float64: (f64, f64),
    float32: (f32, f32),
}

impl Range {
    /// The numbers for which `number operator constant` holds; for [`Operator::NotEqual`] those
    /// for which it does not.
    pub(super) fn new(operator: Operator, constant: Decimal) -> Self {
        let (low, high) = match operator {
            Operator::Less => (None, Some(false)),
            Operator::LessOrEqual => (None, Some(true)),
            Operator::Greater => (Some(false), None),
            Operator::GreaterOrEqual => (Some(true), None),
            _ => (Some(true), Some(true)),
        };
        Self {
            int64: ints(low, high, constant),
            float64: (
                low.map_or(f64::MIN, |with| -greatest_f64(constant.negated(), with)),
                high.map_or(f64::MAX, |with| greatest_f64(constant, with)),
            ),
            float32: (
                low.map_or(f32::MIN, |with| -greatest_f32(constant.negated(), with)),
                high.map_or(f32::MAX, |with| greatest_f32(constant, with)),
            ),
        }
    }

    /// Appends whether each of `rows` values lies inside, or outside.
    pub(super) fn states(&self, values: &Values<'_>, inside: bool, rows: usize, out: &mut Vec<u8>) {
        let outside = u8::from(!inside);
        match values {
            Values::Int64(values) => {
                let (low, high) = self.int64;
                let of = |v: &i64| u8::from((*v >= low) & (*v <= high)) ^ outside;
                out.extend(values[..rows].iter().map(of));
            }
            Values::Float64(values) => {
                let (low, high) = self.float64;
                out.extend(values[..rows].iter().map(|v| {
                    let state = u8::from((*v >= low) & (*v <= high)) ^ outside;
                    if v.is_finite() { state } else { UNDEFINED }
                }));
            }
            Values::Float32(values) => {
                let (low, high) = self.float32;
                out.extend(values[..rows].iter().map(|v| {
                    let state = u8::from((*v >= low) & (*v <= high)) ^ outside;
                    if v.is_finite() { state } else { UNDEFINED }
                }));
            }
            // The compiler gives ranges to columns of numbers only.
            Values::Bool(_) | Values::Text { .. } => out.resize(rows, UNDEFINED & !TRUE),
        }
    }
}

/// The range of 64-bit integers; `Some(true)` is a bound that belongs to it.
fn ints(low: Option<bool>, high: Option<bool>, constant: Decimal) -> (i64, i64) {
    let far = Decimal::from(i128::from(u64::MAX));
    let constant = constant.clamp(far.negated(), far);
    let is_whole = constant.is_whole();
    // Within 64 bits and one, as clamped.
    let floor = constant.floor().to_int().unwrap_or_default();
    let low = low.map_or(i128::MIN, |with| floor + i128::from(!(is_whole && with)));
    let high = high.map_or(i128::MAX, |with| floor - i128::from(is_whole && !with));
    let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
    if low > high || low > most || high < least {
        return (1, 0);
    }
    // Clamped to 64 bits.
    (low.max(least) as i64, high.min(most) as i64)
}

/// The decimal that a float of 32 bits stands for.
pub(super) fn of_f32(value: f32) -> Option<Decimal> {
    if value.is_finite() { Decimal::parse(&format!("{value:e}")) } else { None }
}

macro_rules! greatest {
    ($name:ident, $float:ident, $decimal:expr, $nearest:expr) => {
        /// The greatest float whose decimal is below `constant`, or equal if `with`; negative
        /// infinity if there is none.
        fn $name(constant: Decimal, with: bool) -> $float {
            let holds = |value: $float| {
                let decimal: Option<Decimal> = $decimal(value);
                decimal.is_some_and(|d| if with { d <= constant } else { d < constant })
            };
            let nearest: $float = $nearest(constant);
            let mut value = nearest.clamp($float::MIN, $float::MAX);
            while value.is_finite() && !holds(value) {
                value = value.next_down();
            }
            while value.is_finite() && holds(value.next_up()) {
                value = value.next_up();
            }
            value
        }
    };
}

greatest!(greatest_f64, f64, Decimal::from_f64, Decimal::to_f64);
greatest!(greatest_f32, f32, of_f32, |constant: Decimal| constant.to_f64() as f32);

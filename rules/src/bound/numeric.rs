//! Sums and products of a schema's fields, as integers over a common power of ten.

use super::condition;
use crate::ast::Operator;
use crate::program::Expr;
use crate::rule::SqlVersion;
use crate::value::{COEFFICIENT_END, Decimal, Value};
use fieldmirror_core::reading::{FieldKind, Reading, Schema};

/// Digits after the point that a value may have.
const SCALE_MAX: u32 = 18;

/// An exact number over a reading: an integer that stands for itself over a power of ten.
#[derive(Clone, Debug)]
pub(super) enum Program {
    Constant(i128),
    Field(usize),
    Negate(Box<Self>),
    Add(Box<Self>, Box<Self>),
    Subtract(Box<Self>, Box<Self>),
    Multiply(Box<Self>, Box<Self>),
}

/// A program with what its integer means.
#[derive(Clone, Debug)]
pub(super) struct Scaled {
    program: Program,
    /// The value is the integer over ten to this power.
    scale: u32,
    /// No reading makes the integer larger in magnitude; below 10^34, so that the general path
    /// rounds nothing either.
    bound: i128,
}

/// One side of a comparison.
pub(super) enum Side {
    /// A number that varies.
    Number(Scaled),
    /// A value that does not.
    Fixed(Value),
}

impl Program {
    /// The integer for `reading`. It cannot overflow: its bound was checked.
    pub(super) fn value(&self, reading: &Reading) -> i128 {
        match self {
            Self::Constant(integer) => *integer,
            Self::Field(field) => reading.raw(*field).into(),
            Self::Negate(inner) => -inner.value(reading),
            Self::Add(left, right) => left.value(reading) + right.value(reading),
            Self::Subtract(left, right) => left.value(reading) - right.value(reading),
            Self::Multiply(left, right) => left.value(reading) * right.value(reading),
        }
    }
}

impl Scaled {
    /// A number; `None` with more digits after the point than this form has.
    pub(super) fn constant(decimal: Decimal) -> Option<Self> {
        for scale in 0..=SCALE_MAX {
            let shifted = decimal.checked_mul(Decimal::from(10_i128.pow(scale)))?;
            if shifted.is_whole() {
                let integer = shifted.to_int()?;
                return Some(Self {
                    program: Program::Constant(integer),
                    scale,
                    bound: integer.abs(),
                });
            }
        }
        None
    }

    /// The field and its scale, if this is nothing but a field.
    pub(super) const fn field(&self) -> Option<(usize, u32)> {
        match self.program {
            Program::Field(field) => Some((field, self.scale)),
            _ => None,
        }
    }

    fn checked(program: Program, scale: u32, bound: Option<i128>) -> Option<Self> {
        let bound = bound.filter(|bound| *bound < COEFFICIENT_END)?;
        (scale <= SCALE_MAX).then_some(Self { program, scale, bound })
    }

    /// The same number over ten to the power of `scale`, which is not smaller.
    fn rescaled(self, scale: u32) -> Option<Self> {
        if scale == self.scale {
            return Some(self);
        }
        let factor = 10_i128.checked_pow(scale - self.scale)?;
        let bound = self.bound.checked_mul(factor);
        let program = match self.program {
            Program::Constant(integer) => Program::Constant(integer.checked_mul(factor)?),
            program => Program::Multiply(Box::new(program), Box::new(Program::Constant(factor))),
        };
        Self::checked(program, scale, bound)
    }

    fn pair(left: Self, right: Self) -> Option<(Self, Self)> {
        let scale = left.scale.max(right.scale);
        Some((left.rescaled(scale)?, right.rescaled(scale)?))
    }

    /// Both programs over the same power of ten.
    pub(super) fn aligned(left: Self, right: Self) -> Option<(Program, Program)> {
        let (left, right) = Self::pair(left, right)?;
        Some((left.program, right.program))
    }

    fn combine(operator: Operator, left: Self, right: Self) -> Option<Self> {
        if operator == Operator::Multiply {
            let bound = left.bound.checked_mul(right.bound);
            let program = Program::Multiply(Box::new(left.program), Box::new(right.program));
            return Self::checked(program, left.scale + right.scale, bound);
        }
        let (left, right) = Self::pair(left, right)?;
        let bound = left.bound.checked_add(right.bound);
        let (scale, left, right) = (left.scale, Box::new(left.program), Box::new(right.program));
        let program = match operator {
            Operator::Add => Program::Add(left, right),
            Operator::Subtract => Program::Subtract(left, right),
            _ => return None,
        };
        Self::checked(program, scale, bound)
    }
}

/// The exact number that an expression is; `None` if it may be anything else, or needs rounding.
pub(super) fn compile(expr: &Expr, version: SqlVersion, schema: &Schema) -> Option<Side> {
    if let Some(value) = condition::constant(expr, version, schema) {
        return Some(Side::Fixed(value));
    }
    match expr {
        Expr::Path(steps) => {
            let field = condition::number_field(steps, schema)?;
            let FieldKind::Decimal { scale } = schema.fields[field].kind else { return None };
            // The whole range of a raw integer.
            let bound = i128::from(i64::MIN).abs();
            let program = Program::Field(field);
            Some(Side::Number(Scaled { program, scale: scale.into(), bound }))
        }
        Expr::Negate(operand) => match compile(operand, version, schema)? {
            Side::Number(Scaled { program, scale, bound }) => {
                let program = Program::Negate(Box::new(program));
                Some(Side::Number(Scaled { program, scale, bound }))
            }
            Side::Fixed(_) => None,
        },
        Expr::Binary(
            operator @ (Operator::Add | Operator::Subtract | Operator::Multiply),
            left,
            right,
        ) => {
            let left = compile(left, version, schema)?;
            let right = compile(right, version, schema)?;
            let (left, right) = (operand(*operator, left)?, operand(*operator, right)?);
            match (left, right) {
                (Some(left), Some(right)) => {
                    Scaled::combine(*operator, left, right).map(Side::Number)
                }
                _ => Some(Side::Fixed(Value::Undefined)),
            }
        }
        _ => None,
    }
}

/// An operand as a number; `Some(None)` if it makes the result Undefined.
fn operand(operator: Operator, side: Side) -> Option<Option<Scaled>> {
    match side {
        Side::Number(number) => Some(Some(number)),
        // `+` with a text joins texts.
        Side::Fixed(Value::String(_)) if operator == Operator::Add => None,
        Side::Fixed(value) => match value.to_number() {
            Some(number) => Scaled::constant(number.to_decimal()).map(Some),
            None => Some(None),
        },
    }
}

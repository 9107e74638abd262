//! WHERE over a schema's fields.

use super::numeric::{self, Scaled, Side};
use crate::ast::Operator;
use crate::context::Context;
use crate::eval::{self, Scope, operators};
use crate::program::Expr;
use crate::rule::SqlVersion;
use crate::value::{Decimal, Object, Value};
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::{DeviceClass, FieldKind, Reading, Schema};
use fieldmirror_core::time::Timestamp;
use std::cmp::Ordering;

/// What decides whether a message matches.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The raw integer of `field` lies in [`low`, `high`], or if not `inside`, does not.
    Range {
        field: usize,
        low: i64,
        high: i64,
        inside: bool,
    },
    /// The word of `field` is one of those whose bits are set.
    Words {
        field: usize,
        mask: u64,
    },
    /// Two exact numbers in the stated order.
    Compare {
        left: numeric::Program,
        right: numeric::Program,
        operator: Operator,
    },
    All(Vec<Self>),
    Any(Vec<Self>),
}

/// A truth value that may be the same for all messages.
pub(super) enum Folded {
    /// True, false or Undefined whatever the message.
    Fixed(Option<bool>),
    Varies(Condition),
}

/// The condition of a WHERE; `None` if it depends on more than numbers and words of the schema.
pub(super) fn compile(expr: &Expr, version: SqlVersion, schema: &Schema) -> Option<Folded> {
    if let Some(value) = constant(expr, version, schema) {
        return Some(Folded::Fixed(value.to_bool()));
    }
    if let Some(folded) = by_word(expr, version, schema) {
        return Some(folded);
    }
    match expr {
        Expr::Not(operand) => Some(match compile(operand, version, schema)? {
            Folded::Fixed(truth) => Folded::Fixed(truth.map(|truth| !truth)),
            Folded::Varies(condition) => Folded::Varies(condition.negated()),
        }),
        Expr::All(operands) => join(operands, version, schema, true),
        Expr::Any(operands) => join(operands, version, schema, false),
        Expr::Binary(operator, left, right) => {
            let left = numeric::compile(left, version, schema)?;
            let right = numeric::compile(right, version, schema)?;
            compare(*operator, left, right)
        }
        // A bare number is no truth value.
        Expr::Path(steps) if number_field(steps, schema).is_some() => Some(Folded::Fixed(None)),
        _ => None,
    }
}

/// AND (`all`) or OR: Undefined as soon as one operand is, whatever the others are.
fn join(operands: &[Expr], version: SqlVersion, schema: &Schema, all: bool) -> Option<Folded> {
    let mut varying = Vec::new();
    let mut decided = false;
    let mut undefined = false;
    for operand in operands {
        match compile(operand, version, schema)? {
            Folded::Fixed(Some(truth)) => decided |= truth != all,
            Folded::Fixed(None) => undefined = true,
            Folded::Varies(condition) => varying.push(condition),
        }
    }
    Some(match (undefined, decided, varying.len()) {
        (true, ..) => Folded::Fixed(None),
        (_, true, _) => Folded::Fixed(Some(!all)),
        (_, _, 0) => Folded::Fixed(Some(all)),
        (_, _, 1) => Folded::Varies(varying.swap_remove(0)),
        _ if all => Folded::Varies(Condition::All(varying)),
        _ => Folded::Varies(Condition::Any(varying)),
    })
}

/// `left operator right` where at least one side varies.
fn compare(operator: Operator, left: Side, right: Side) -> Option<Folded> {
    let (left, right) = match (left, right) {
        (Side::Number(left), Side::Number(right)) => (left, right),
        (Side::Number(left), Side::Fixed(right)) => match fixed_operand(operator, &right) {
            Ok(right) => return against(left, operator, right),
            Err(truth) => return Some(Folded::Fixed(truth)),
        },
        (Side::Fixed(left), Side::Number(right)) => match fixed_operand(operator, &left) {
            Ok(left) => return against(right, mirrored(operator)?, left),
            Err(truth) => return Some(Folded::Fixed(truth)),
        },
        (Side::Fixed(left), Side::Fixed(right)) => {
            let truth = operators::binary(operator, &left, &right).to_bool();
            return Some(Folded::Fixed(truth));
        }
    };
    mirrored(operator)?;
    let (left, right) = Scaled::aligned(left, right)?;
    Some(Folded::Varies(Condition::Compare { left, right, operator }))
}

/// The number beside a field, or what the comparison with it always is.
pub(crate) fn fixed_operand(operator: Operator, value: &Value) -> Result<Decimal, Option<bool>> {
    let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    match (is_equality, value) {
        (_, Value::Undefined) => Err(None),
        // `=` converts nothing: a number never equals another type.
        (true, Value::Int(_) | Value::Decimal(_)) | (false, _) => {
            value.to_number().map(crate::value::Number::to_decimal).ok_or(None)
        }
        (true, _) => Err(Some(operator == Operator::NotEqual)),
    }
}

/// The operator with its sides exchanged; `None` if it does not compare.
pub(crate) const fn mirrored(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        Operator::Equal | Operator::NotEqual => operator,
        _ => return None,
    })
}

/// A number that varies against one that does not: a range of raw integers if it is a field.
fn against(left: Scaled, operator: Operator, right: Decimal) -> Option<Folded> {
    mirrored(operator)?;
    let Some((field, scale)) = left.field() else {
        let (left, right) = Scaled::aligned(left, Scaled::constant(right)?)?;
        return Some(Folded::Varies(Condition::Compare { left, right, operator }));
    };
    // Raw integers are compared with the threshold moved by the field's digits; one beyond 64 bits
    // does as well as any farther out.
    let far = Decimal::from(i128::from(u64::MAX));
    let threshold = right.checked_mul(Decimal::from(10_i128.checked_pow(scale)?))?;
    let threshold = threshold.clamp(far.negated(), far);
    let below = threshold.floor();
    let is_whole = threshold.is_whole();
    let below = below.to_int()?;
    let above = if is_whole { below } else { below + 1 };
    let (low, high) = match operator {
        Operator::Less => (i128::MIN, above - 1),
        Operator::LessOrEqual => (i128::MIN, below),
        Operator::Greater => (below + 1, i128::MAX),
        Operator::GreaterOrEqual => (above, i128::MAX),
        _ => (above, below),
    };
    let inside = operator != Operator::NotEqual;
    let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
    if low > high || low > most || high < least {
        return Some(Folded::Fixed(Some(!inside)));
    }
    // Clamped to 64 bits.
    let (low, high) = (low.max(least) as i64, high.min(most) as i64);
    Some(Folded::Varies(Condition::Range { field, low, high, inside }))
}

/// The value of an expression that no field and no circumstance changes.
pub(super) fn constant(expr: &Expr, version: SqlVersion, schema: &Schema) -> Option<Value> {
    let varies = expr.any(&mut |expr| match expr {
        // No field is an object: a longer path is Undefined.
        Expr::Path(steps) => steps.len() == 1 && schema.position(&steps[0]).is_some(),
        Expr::Call(function, _) => function.reads_context,
        Expr::Star | Expr::Variable(_) | Expr::Nested(_) => true,
        _ => false,
    });
    if varies { None } else { Some(over(expr, &Value::Object(Object::new()), version)) }
}

/// The value of an expression that reads nothing but `payload`.
pub(crate) fn over(expr: &Expr, payload: &Value, version: SqlVersion) -> Value {
    let context = nowhere();
    let scope = Scope { root: payload, bytes: None, variables: &[], context: &context, version };
    // Only functions that read the context can fail, and the callers admit none.
    eval::evaluate(expr, scope).map_or(Value::Undefined, std::borrow::Cow::into_owned)
}

/// The circumstances of expressions that do not look at them.
pub(super) const fn nowhere() -> Context<'static> {
    let now = Timestamp::from_nanos(0);
    Context::new("", now)
}

/// An expression over a single field of words: asked once for each word.
fn by_word(expr: &Expr, version: SqlVersion, schema: &Schema) -> Option<Folded> {
    let mut field = None;
    let foreign = expr.any(&mut |expr| match expr {
        Expr::Path(steps) => match schema.position(&steps[0]) {
            Some(position) if steps.len() == 1 => *field.get_or_insert(position) != position,
            _ => false,
        },
        Expr::Call(function, _) => function.reads_context,
        Expr::Star | Expr::Variable(_) | Expr::Nested(_) => true,
        _ => false,
    });
    let field = field.filter(|_| !foreign)?;
    let FieldKind::Word(words) = schema.fields[field].kind else { return None };
    let mut mask = 0;
    let mut undefined = 0;
    for (position, word) in words.iter().enumerate().take(64) {
        let entry = (schema.fields[field].name, Value::from(*word));
        let payload = Value::Object([entry].into_iter().collect());
        match over(expr, &payload, version).to_bool() {
            Some(truth) => mask |= u64::from(truth) << position,
            None => undefined += 1,
        }
    }
    match undefined {
        0 => Some(Folded::Varies(Condition::Words { field, mask })),
        all if all == words.len() => Some(Folded::Fixed(None)),
        _ => None,
    }
}

/// The position of the number that a path leads to.
pub(super) fn number_field(steps: &[Box<str>], schema: &Schema) -> Option<usize> {
    let [name] = steps else { return None };
    let position = schema.position(name)?;
    matches!(schema.fields[position].kind, FieldKind::Decimal { .. }).then_some(position)
}

/// Appends the indices of the `messages` of `class` for which `holds`, without a branch that the
/// processor would have to guess.
fn keep(
    messages: &[Message],
    class: DeviceClass,
    out: &mut Vec<u32>,
    holds: impl Fn(&Reading) -> bool,
) {
    let mut end = out.len();
    out.resize(end + messages.len(), 0);
    for (index, message) in (0_u32..).zip(messages) {
        let reading = &message.reading;
        out[end] = index;
        end += usize::from((reading.class() == class) & holds(reading));
    }
    out.truncate(end);
}

/// Appends the indices of the `messages` of `class`.
pub(super) fn keep_class(messages: &[Message], class: DeviceClass, out: &mut Vec<u32>) {
    keep(messages, class, out, |_| true);
}

impl Condition {
    /// The condition that holds where this one does not. None of them is ever Undefined.
    fn negated(self) -> Self {
        match self {
            Self::Range { field, low, high, inside } => {
                Self::Range { field, low, high, inside: !inside }
            }
            Self::Words { field, mask } => Self::Words { field, mask: !mask },
            Self::Compare { left, right, operator } => {
                Self::Compare { left, right, operator: opposite(operator) }
            }
            Self::All(parts) => Self::Any(parts.into_iter().map(Self::negated).collect()),
            Self::Any(parts) => Self::All(parts.into_iter().map(Self::negated).collect()),
        }
    }

    /// Whether it holds for a reading of the schema's class.
    pub(super) fn holds(&self, reading: &Reading) -> bool {
        match self {
            Self::Range { field, low, high, inside } => {
                in_range(reading.raw(*field), *low, *high) == *inside
            }
            Self::Words { field, mask } => mask >> reading.raw(*field) & 1 == 1,
            Self::Compare { left, right, operator } => {
                let order = left.value(reading).cmp(&right.value(reading));
                is_ordered(order, *operator)
            }
            Self::All(parts) => parts.iter().all(|part| part.holds(reading)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(reading)),
        }
    }

    /// Appends the indices of the `messages` of `class` for which it holds.
    pub(super) fn select(&self, messages: &[Message], class: DeviceClass, out: &mut Vec<u32>) {
        match self {
            Self::Range { field, low, high, inside } => {
                keep(messages, class, out, |reading| {
                    in_range(reading.raw(*field), *low, *high) == *inside
                });
            }
            Self::All(parts) => {
                let start = out.len();
                let mut parts = parts.iter();
                if let Some(first) = parts.next() {
                    first.select(messages, class, out);
                }
                for part in parts {
                    let mut end = start;
                    for at in start..out.len() {
                        let index = out[at];
                        out[end] = index;
                        end += usize::from(part.holds(&messages[index as usize].reading));
                    }
                    out.truncate(end);
                }
            }
            _ => {
                // What a condition reads exists for its own class only.
                let of_class = |(_, message): &(u32, &Message)| message.reading.class() == class;
                let holds = |(_, message): &(u32, &Message)| self.holds(&message.reading);
                let indexed = (0_u32..).zip(messages).filter(of_class).filter(holds);
                out.extend(indexed.map(|(index, _)| index));
            }
        }
    }
}

/// Both comparisons always happen: cheaper than to guess whether the first decides.
const fn in_range(raw: i64, low: i64, high: i64) -> bool {
    (low <= raw) & (raw <= high)
}

const fn is_ordered(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::NotEqual => order.is_ne(),
        // The compiler admits comparisons only.
        _ => order.is_eq(),
    }
}

/// The comparison that holds where this one does not.
const fn opposite(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::GreaterOrEqual,
        Operator::LessOrEqual => Operator::Greater,
        Operator::Greater => Operator::LessOrEqual,
        Operator::GreaterOrEqual => Operator::Less,
        Operator::NotEqual => Operator::Equal,
        _ => Operator::NotEqual,
    }
}

//! Conditions: an operator, a key, and the values that it is compared with.
//!
//! # Source
//! AWS IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context
//! keys".

use super::action::Action;
use super::facts::{Facts, Value};
use super::pattern::{Glob, Syntax, Template, Unresolved};
use super::variable::Variable;
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// One operator on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The operator with its prefix and suffix.
    pub operator: Operator,
    /// What is asked about.
    pub key: Variable,
    /// What it is compared with: one that matches is enough.
    pub values: Vec<Template>,
}

/// An operator with its prefix and suffix, such as `ForAnyValue:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// How the values of a key with several are taken together.
    pub set: Option<SetOperator>,
    /// The comparison.
    pub base: Comparison,
    /// Whether the comparison is turned, as in `StringNotEquals`.
    pub negated: bool,
    /// Whether a key without a value passes.
    pub if_exists: bool,
}

/// How the values of a key with several are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOperator {
    /// `ForAllValues:`: each value passes; true without values.
    ForAll,
    /// `ForAnyValue:`: one value passes; false without values.
    ForAny,
}

/// A comparison, before it is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `StringEquals`.
    StringEquals,
    /// `StringEqualsIgnoreCase`.
    StringEqualsIgnoreCase,
    /// `StringLike`: `*` and `?` in the value.
    StringLike,
    /// `ArnEquals` and `ArnLike`, which are the same: six parts, each with `*` and `?`.
    Arn,
    /// `Bool`.
    Bool,
    /// `IpAddress`: an address or a range in CIDR form.
    IpAddress,
    /// `NumericEquals`.
    NumericEquals,
    /// `NumericLessThan`.
    NumericLessThan,
    /// `NumericLessThanEquals`.
    NumericLessThanEquals,
    /// `NumericGreaterThan`.
    NumericGreaterThan,
    /// `NumericGreaterThanEquals`.
    NumericGreaterThanEquals,
    /// `Null`: whether the key has no value.
    Null,
}

/// Names of operators without prefix and suffix, and what they are.
pub(crate) const OPERATORS: [(&str, Comparison, bool); 20] = [
    ("StringEquals", Comparison::StringEquals, false),
    ("StringNotEquals", Comparison::StringEquals, true),
    ("StringEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, true),
    ("StringLike", Comparison::StringLike, false),
    ("StringNotLike", Comparison::StringLike, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotLike", Comparison::Arn, true),
    ("Bool", Comparison::Bool, false),
    ("IpAddress", Comparison::IpAddress, false),
    ("NotIpAddress", Comparison::IpAddress, true),
    ("NumericEquals", Comparison::NumericEquals, false),
    ("NumericNotEquals", Comparison::NumericEquals, true),
    ("NumericLessThan", Comparison::NumericLessThan, false),
    ("NumericLessThanEquals", Comparison::NumericLessThanEquals, false),
    ("NumericGreaterThan", Comparison::NumericGreaterThan, false),
    ("NumericGreaterThanEquals", Comparison::NumericGreaterThanEquals, false),
    ("Null", Comparison::Null, false),
];

impl Operator {
    /// Reads a name such as `ForAllValues:StringEquals` or `StringLikeIfExists`.
    pub fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(SetOperator::ForAll), rest),
            Some(("ForAnyValue", rest)) => (Some(SetOperator::ForAny), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let &(_, base, negated) = OPERATORS.iter().find(|(name, ..)| *name == rest)?;
        // `Null` asks whether the key exists, so neither prefix nor suffix has a meaning.
        let plain = set.is_none() && !if_exists;
        (base != Comparison::Null || plain).then_some(Self { set, base, negated, if_exists })
    }
}

impl Condition {
    /// Whether the condition holds for a request for `action`.
    ///
    /// `iot:ConnectAttributes` belongs to a CONNECT: other actions see no such key.
    pub fn holds(&self, action: Action, facts: &Facts) -> bool {
        let value = self.key_value(action, facts);
        if self.operator.base == Comparison::Null {
            let absent = if value.is_none() { "true" } else { "false" };
            return self.values.iter().any(|v| v.as_str().eq_ignore_ascii_case(absent));
        }
        let keys: Vec<Cow<'_, str>> = match value {
            Some(Value::One(text)) => vec![text],
            Some(Value::Many(values)) => values,
            None if self.operator.if_exists => return true,
            None => Vec::new(),
        };
        // A value whose variable is missing fails the statement, turned or not.
        let values: Result<Vec<_>, _> = self.values.iter().map(|v| Wanted::of(v, facts)).collect();
        let Ok(values) = values else { return false };
        let base = self.operator.base;
        let one = |key: &str| {
            values.iter().any(|value| value.matches(base, key)) != self.operator.negated
        };
        match self.operator.set {
            Some(SetOperator::ForAll) => keys.iter().all(|key| one(key)),
            Some(SetOperator::ForAny) => keys.iter().any(|key| one(key)),
            // Without a set operator a turned comparison passes unless some value matches.
            None if self.operator.negated => keys.iter().all(|key| one(key)),
            None => keys.iter().any(|key| one(key)),
        }
    }

    /// The key's value for a request for `action`.
    pub(crate) fn key_value<'f>(&self, action: Action, facts: &'f Facts) -> Option<Value<'f>> {
        match self.key {
            Variable::ConnectAttributes if action != Action::Connect => None,
            _ => facts.value(&self.key),
        }
    }
}

/// A value of a condition whose variables are known.
struct Wanted {
    glob: Glob,
    /// The value as text, for comparisons without wildcards.
    text: String,
}

impl Wanted {
    fn of(template: &Template, facts: &Facts) -> Result<Self, Unresolved> {
        let glob = template.resolve(facts)?;
        let text = glob.plain();
        Ok(Self { glob, text })
    }

    fn matches(&self, comparison: Comparison, key: &str) -> bool {
        match comparison {
            Comparison::StringEquals => self.text == key,
            Comparison::StringEqualsIgnoreCase => self.text.to_lowercase() == key.to_lowercase(),
            Comparison::StringLike => self.glob.matches(key),
            Comparison::Arn => arn_matches(&self.text, key),
            Comparison::Bool => self.text.eq_ignore_ascii_case(key),
            Comparison::IpAddress => match (cidr(&self.text), key.parse::<IpAddr>()) {
                (Some((network, bits)), Ok(address)) => within(network, bits, address),
                _ => false,
            },
            Comparison::NumericEquals => numbers(key, &self.text, |a, b| a == b),
            Comparison::NumericLessThan => numbers(key, &self.text, |a, b| a < b),
            Comparison::NumericLessThanEquals => numbers(key, &self.text, |a, b| a <= b),
            Comparison::NumericGreaterThan => numbers(key, &self.text, |a, b| a > b),
            Comparison::NumericGreaterThanEquals => numbers(key, &self.text, |a, b| a >= b),
            Comparison::Null => false,
        }
    }
}

const ARN_PART: Syntax = Syntax { variables: false, wildcards: true };

/// Six parts between colons, each with its own wildcards.
fn arn_matches(pattern: &str, key: &str) -> bool {
    let (mut wanted, mut found) = (pattern.splitn(6, ':'), key.splitn(6, ':'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(want), Some(part)) => match Template::parse(want, ARN_PART) {
                Ok(template) if template.plain_glob().matches(part) => {}
                _ => return false,
            },
            _ => return false,
        }
    }
}

/// A number in decimal form: what JSON allows, as a number or in a text.
pub(crate) fn number(text: &str) -> Option<f64> {
    let decimal = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if text.bytes().all(decimal) { text.parse().ok() } else { None }
}

fn numbers(key: &str, value: &str, holds: impl Fn(f64, f64) -> bool) -> bool {
    matches!((number(key), number(value)), (Some(a), Some(b)) if holds(a, b))
}

/// An address with the number of its leading bits that count.
pub(crate) fn cidr(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address.parse().ok()?, Some(bits.parse().ok()?)),
        None => (text.parse().ok()?, None),
    };
    let width = match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    let bits = bits.unwrap_or(width);
    (bits <= width).then_some((address, bits))
}

fn within(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    match (network, address.to_canonical()) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let drop = 32 - bits;
            (u64::from(network.to_bits()) >> drop) == (u64::from(address.to_bits()) >> drop)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            bits == 0 || (network.to_bits() ^ address.to_bits()) >> (128 - bits) == 0
        }
        _ => false,
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.set {
            Some(SetOperator::ForAll) => "ForAllValues:",
            Some(SetOperator::ForAny) => "ForAnyValue:",
            None => "",
        })?;
        let named = OPERATORS.iter().find(|&&(_, b, n)| (b, n) == (self.base, self.negated));
        f.write_str(named.map_or("", |(name, ..)| name))?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

//! Values of the language, and their JSON.

mod convert;
mod decimal;
mod json;

pub use decimal::Decimal;

pub(crate) use convert::Number;
pub(crate) use decimal::COEFFICIENT_END;
pub(crate) use json::{number, write_string};

use crate::error::RulesError;
use crate::rule::SqlVersion;

/// A value of the language.
///
/// `==` is structural: `Int(1)` differs from a [`Decimal`] one. The language's own `=` compares
/// numbers by value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The absence of a value: an internal value that no JSON shows.
    Undefined,
    /// JSON's null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number of at most 34 digits.
    Int(i128),
    /// A number of at most 34 significant digits.
    Decimal(Decimal),
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Self>),
    /// Named values in the order in which they came.
    Object(Object),
}

/// Named values in the order in which they were inserted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    // Payloads have a handful of keys: a scan beats hashing. No key comes twice.
    entries: Vec<(Box<str>, Value)>,
}

impl Object {
    /// An object without entries.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
    }

    /// Sets `key` to `value`: in its place if it is there already, else at the end.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: Value) {
        let key = key.into();
        match self.entries.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.entries.iter().position(|(name, _)| **name == *key)?;
        Some(self.entries.remove(at).1)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in insertion order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// Keeps the last value of each key in the place of its first, as repeated
    /// [`Self::insert`] would, without comparing each key with each.
    fn from_entries(mut entries: Vec<(Box<str>, Value)>) -> Self {
        const SCAN_MAX: usize = 16;
        if entries.len() <= SCAN_MAX {
            let mut object = Self { entries: Vec::with_capacity(entries.len()) };
            for (key, value) in entries {
                object.insert(key, value);
            }
            return object;
        }
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by(|&a, &b| entries[a].0.cmp(&entries[b].0).then(a.cmp(&b)));
        let mut keep = vec![true; entries.len()];
        let mut first = order[0];
        for &at in &order {
            if first != at && entries[first].0 == entries[at].0 {
                keep[at] = false;
                entries[first].1 = std::mem::replace(&mut entries[at].1, Value::Undefined);
            } else {
                first = at;
            }
        }
        let mut keep = keep.into_iter();
        entries.retain(|_| keep.next().unwrap_or(true));
        Self { entries }
    }
}

impl<K: Into<Box<str>>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Self {
        Self::from_entries(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl Value {
    /// Reads JSON as SQL version 2016-03-23 does: whole numbers become [`Value::Int`].
    ///
    /// # Errors
    /// [`RulesError::Json`] if it is not one JSON value in UTF-8 of at most 128 levels.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RulesError> {
        Self::from_json_for(bytes, SqlVersion::V2016_03_23)
    }

    /// Reads JSON as `version` does: under 2015-10-08 a number with a fraction or an exponent stays
    /// [`Value::Decimal`] even if it is whole.
    ///
    /// # Errors
    /// As [`Self::from_json`].
    pub fn from_json_for(bytes: &[u8], version: SqlVersion) -> Result<Self, RulesError> {
        json::read(bytes, version)
    }

    /// Reads JSON as [`Self::from_json_for`] does; of an object only the entries of `keys`, and
    /// checks the rest.
    pub(crate) fn keys_from_json(
        bytes: &[u8],
        version: SqlVersion,
        keys: &[Box<str>],
    ) -> Result<Self, RulesError> {
        json::read_keys(bytes, version, keys)
    }

    /// Appends the value as compact JSON. Undefined appends nothing, and an entry or element that
    /// is Undefined is left out.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        json::write(self, out);
    }

    /// The value as compact JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_json(&mut out);
        out
    }

    /// The value of `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The nearest `f64`, if this is a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Decimal(decimal) => Some(decimal.to_f64()),
            _ => None,
        }
    }

    /// Whether this is Undefined.
    pub const fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Vec<Self>> for Value {
    fn from(elements: Vec<Self>) -> Self {
        Self::Array(elements)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

#[cfg(test)]
mod tests;

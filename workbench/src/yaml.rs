//! YAML and JSON as a tree that knows where each of its parts stands.
//!
//! Suites and templates are read through this tree, so that a message can name line and column and
//! the short intrinsics of CloudFormation (`!Ref`, `!Sub`, ...) survive as tags. JSON has a reader
//! of its own, since it is no subset of YAML in surrogate pairs, tabs and long names.
//!
//! # Which plain scalars are not text
//! `null`, `~` and nothing are null, `true` and `false` are truth values (in the three spellings of
//! YAML 1.2's core schema), and what JSON would call a number is a number, as are `+1`, `.5` and
//! `5.`. All else is text. That differs from YAML 1.1 on purpose: `yes`, `no`, `on` and `off` stay
//! text, since a topic level `on` must not become `true`; where a truth value is needed they are an
//! error with a place. `012345678901` stays text, since an account's first zero is no padding, as
//! do `0x1F`, `1_000`, `12:30`, `2012-10-17`, `.inf` and `.nan`, for which JSON has no value.
//!
//! # Bounds
//! [`TEXT_BYTES_MAX`], [`DEPTH_MAX`] and [`ALIASED_NODES_MAX`]; what exceeds them is a [`Problem`].
//!
//! What it does not do: it writes no YAML, and keeps no comments.

mod json;
mod read;

pub use read::parse;

use crate::problem::{Problem, shown};
use serde_json::{Map, Number, Value as Json};

/// Longest text that is read, in bytes. A template may have 1 MB, a plan tens.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// Deepest nesting that is read.
pub const DEPTH_MAX: usize = 100;

/// Most nodes that all aliases of a text may add to it: refuses a few lines that unfold to
/// gigabytes.
pub const ALIASED_NODES_MAX: usize = 100_000;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Line of its first character, from 1.
    pub line: usize,
    /// Column of its first character, in characters from 1.
    pub column: usize,
    /// A local tag, with its `!`: `!Ref`. Tags of YAML's own schema are applied and not kept.
    pub tag: Option<String>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, a number, a truth value or null.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Named values.
    Mapping(Mapping),
}

/// A scalar as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, without quotes and with escapes undone.
    pub text: String,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: it may be a number, a truth value or null.
    Plain,
    /// In quotes, or tagged `!!str`: it is text.
    Quoted,
    /// As a block after `|` or `>`: it is text.
    Block,
}

/// Named values in the order of the file. No name comes twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    entries: Vec<Entry>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name.
    pub key: String,
    /// Line of the name, from 1.
    pub line: usize,
    /// Column of the name, from 1.
    pub column: usize,
    /// The value.
    pub value: Node,
}

/// What a scalar means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, in JSON's spelling of the digits that were written.
    Number(&'a str),
    /// Text.
    Text(&'a str),
}

impl Mapping {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'a> IntoIterator for &'a Mapping {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Entry> for Mapping {
    /// The caller sees to it that no name comes twice; the first wins in [`Mapping::get`].
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

impl Scalar {
    /// What it means.
    pub fn resolve(&self) -> Resolved<'_> {
        if self.style != Style::Plain {
            return Resolved::Text(&self.text);
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
            "true" | "True" | "TRUE" => Resolved::Bool(true),
            "false" | "False" | "FALSE" => Resolved::Bool(false),
            text if is_number(text) => Resolved::Number(text),
            text => Resolved::Text(text),
        }
    }
}

impl Node {
    /// A scalar at a place.
    pub fn scalar(text: impl Into<String>, style: Style, line: usize, column: usize) -> Self {
        let value = Value::Scalar(Scalar { text: text.into(), style });
        Self { line, column, tag: None, value }
    }

    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    /// The entries, if this is a mapping.
    pub const fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The items, if this is a sequence.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// What the scalar means, if this is one.
    pub fn resolve(&self) -> Option<Resolved<'_>> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar.resolve()),
            _ => None,
        }
    }

    /// The text, if this is text: `"34"` is, `34` is not.
    pub fn as_text(&self) -> Option<&str> {
        match self.resolve() {
            Some(Resolved::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The scalar as it was written, be it text, a number or a truth value; not null.
    pub fn as_written(&self) -> Option<&str> {
        match (self.resolve(), &self.value) {
            (Some(Resolved::Null) | None, _) => None,
            (_, Value::Scalar(scalar)) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.resolve() {
            Some(Resolved::Bool(value)) => Some(value),
            _ => None,
        }
    }

    /// Whether this is null or nothing.
    pub fn is_null(&self) -> bool {
        self.resolve() == Some(Resolved::Null)
    }

    /// What this is, for a message: "a list", "`34`".
    pub fn kind(&self) -> String {
        if let Some(tag) = &self.tag {
            return format!("`{tag}`");
        }
        match (&self.value, self.resolve()) {
            (Value::Sequence(_), _) => "a list".to_owned(),
            (Value::Mapping(_), _) => "a mapping".to_owned(),
            (_, Some(Resolved::Null)) => "nothing".to_owned(),
            (Value::Scalar(scalar), _) => shown(&scalar.text),
        }
    }

    /// A problem at this node.
    pub fn problem(&self, file: &str, found: impl Into<String>, expected: &str) -> Problem {
        Problem::of_file(file, found, expected).at(self.line, self.column)
    }

    /// The same value as JSON.
    ///
    /// # Errors
    /// A [`Problem`] in `file` for a local tag, which has no meaning in JSON, and for a number that
    /// neither 64-bit integers nor `f64` hold exactly; [`Self::to_json_text`] keeps such a number.
    pub fn to_json(&self, file: &str) -> Result<Json, Problem> {
        self.without_tag(file)?;
        Ok(match &self.value {
            Value::Sequence(items) => {
                Json::Array(items.iter().map(|item| item.to_json(file)).collect::<Result<_, _>>()?)
            }
            Value::Mapping(mapping) => {
                let mut map = Map::new();
                for entry in mapping {
                    map.insert(entry.key.clone(), entry.value.to_json(file)?);
                }
                Json::Object(map)
            }
            Value::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => Json::Null,
                Resolved::Bool(value) => Json::Bool(value),
                Resolved::Text(text) => Json::String(text.to_owned()),
                Resolved::Number(text) => Json::Number(exact(text).ok_or_else(|| {
                    let expected = "a number of at most 15 significant digits, or quotes around it";
                    self.problem(file, format!("`{text}` would lose digits"), expected)
                })?),
            },
        })
    }

    /// The same value as the text of JSON, each number with the digits that were written.
    ///
    /// # Errors
    /// A [`Problem`] in `file` for a local tag.
    pub fn to_json_text(&self, file: &str) -> Result<String, Problem> {
        let mut out = String::new();
        self.write_json(file, &mut out)?;
        Ok(out)
    }

    fn write_json(&self, file: &str, out: &mut String) -> Result<(), Problem> {
        self.without_tag(file)?;
        match &self.value {
            Value::Sequence(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(file, out)?;
                }
                out.push(']');
            }
            Value::Mapping(mapping) => {
                out.push('{');
                for (i, entry) in mapping.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(&Json::from(entry.key.as_str()).to_string());
                    out.push(':');
                    entry.value.write_json(file, out)?;
                }
                out.push('}');
            }
            Value::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => out.push_str("null"),
                Resolved::Bool(value) => out.push_str(if value { "true" } else { "false" }),
                Resolved::Number(text) => out.push_str(&json_number(text)),
                Resolved::Text(text) => out.push_str(&Json::from(text).to_string()),
            },
        }
        Ok(())
    }

    fn without_tag(&self, file: &str) -> Result<(), Problem> {
        match &self.tag {
            Some(tag) => Err(self.problem(file, format!("the tag `{tag}`"), "a plain value")),
            None => Ok(()),
        }
    }
}

/// Whether `text` is a number: JSON's, or with a leading `+`, or without digits on one side of the
/// point. A leading zero makes it text.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole)
        && digits(fraction)
        && (!whole.is_empty() || !fraction.is_empty())
        && (whole.len() < 2 || !whole.starts_with('0'))
        && exponent_fits
}

/// A number in JSON's spelling: without `+`, with digits on both sides of a point.
fn json_number(text: &str) -> String {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at(end);
    match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            let whole = if whole.is_empty() { "0" } else { whole };
            let fraction = if fraction.is_empty() { "0" } else { fraction };
            format!("{sign}{whole}.{fraction}{exponent}")
        }
        None => format!("{sign}{mantissa}{exponent}"),
    }
}

/// The number, if JSON's numbers hold it: as an integer, or as the `f64` whose shortest spelling
/// says the same.
fn exact(text: &str) -> Option<Number> {
    let spelled = json_number(text);
    if let Ok(whole) = spelled.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = spelled.parse::<u64>() {
        return Some(whole.into());
    }
    let float = spelled.parse::<f64>().ok().filter(|float| float.is_finite())?;
    let number = Number::from_f64(float)?;
    (significant(&spelled) == significant(&number.to_string())).then_some(number)
}

/// Digits without outer zeros, and the power of ten of the last of them.
fn significant(number: &str) -> Option<(String, i64)> {
    let unsigned = number.trim_start_matches('-');
    let end = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let mantissa = &unsigned[..end];
    let mut power: i64 = unsigned.get(end + 1..).map_or(Ok(0), str::parse).ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Some((String::new(), 0));
    }
    power = power.checked_add(i64::try_from(digits.len() - short.len()).ok()?)?;
    Some((short.to_owned(), power))
}

#[cfg(test)]
mod tests;

//! JSON in and out, without detours over `f64`: 34 digits survive.

mod skip;

pub(super) use skip::read_keys;

use super::{Decimal, Object, Value};
use crate::error::RulesError;
use crate::rule::SqlVersion;
use std::io::Write as _;

/// Levels of arrays and objects that are read. Source: ours; bounds the reader's stack.
const DEPTH_MAX: usize = 128;

/// Reads one JSON value (RFC 8259) that fills `bytes`.
pub(super) fn read(bytes: &[u8], version: SqlVersion) -> Result<Value, RulesError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| RulesError::Json { offset: e.valid_up_to(), expected: "UTF-8" })?;
    let mut reader = Reader { text, at: 0, version };
    reader.skip_blanks();
    let value = reader.value(0)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return reader.fail("the end");
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    version: SqlVersion,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, expected: &'static str) -> Result<T, RulesError> {
        Err(RulesError::Json { offset: self.at, expected })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes `byte` if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value, RulesError> {
        if depth > DEPTH_MAX {
            return self.fail("at most 128 levels");
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, RulesError> {
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.fail("a value")
    }

    fn object(&mut self, depth: usize) -> Result<Value, RulesError> {
        self.at += 1;
        self.skip_blanks();
        let mut entries = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(Object::new()));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fail("a key in double quotes");
            }
            let key = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return self.fail("`:`");
            }
            self.skip_blanks();
            entries.push((key.into_boxed_str(), self.value(depth + 1)?));
            self.skip_blanks();
            if self.take(b'}') {
                return Ok(Value::Object(Object::from_entries(entries)));
            }
            if !self.take(b',') {
                return self.fail("`,` or `}`");
            }
            self.skip_blanks();
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, RulesError> {
        self.at += 1;
        self.skip_blanks();
        let mut elements = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Value::Array(elements));
            }
            if !self.take(b',') {
                return self.fail("`,` or `]`");
            }
            self.skip_blanks();
        }
    }

    /// Moves over digits; how many there were.
    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - start
    }

    /// Moves over a number; whether it has neither fraction nor exponent.
    fn scan_number(&mut self) -> Result<bool, RulesError> {
        self.take(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || leading_zero && whole > 1 {
            return self.fail("a number without leading zeros");
        }
        let plain = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if self.take(b'.') && self.digits() == 0 {
            return self.fail("a digit");
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'-') || self.take(b'+');
            if self.digits() == 0 {
                return self.fail("a digit");
            }
        }
        Ok(plain)
    }

    fn number(&mut self) -> Result<Value, RulesError> {
        let start = self.at;
        let plain = self.scan_number()?;
        let text = &self.text[start..self.at];
        // 18 digits fit 64 bits: the usual case, without the general reader.
        if plain && text.len() <= 18 {
            return Ok(Value::Int(text.parse::<i64>().unwrap_or(0).into()));
        }
        match Decimal::parse(text) {
            Some(decimal) => Ok(number(decimal, plain, self.version)),
            None => self.fail("a number below 1E1000"),
        }
    }

    fn string(&mut self) -> Result<String, RulesError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            self.skip_plain();
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return self.fail("a closing quote"),
            }
        }
    }

    /// Moves over what stands for itself in a string.
    fn skip_plain(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        self.at += end.unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<char, RulesError> {
        self.at += 1;
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return self.fail("an escape"),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self) -> Result<char, RulesError> {
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff => {
                if !(self.take(b'\\') && self.take(b'u')) {
                    return self.fail("the second half of a surrogate pair");
                }
                let second = self.hex()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return self.fail("the second half of a surrogate pair");
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        match char::from_u32(code) {
            Some(character) => Ok(character),
            None => self.fail("the first half of a surrogate pair"),
        }
    }

    fn hex(&mut self) -> Result<u32, RulesError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let code = digits.and_then(|digits| {
            digits
                .iter()
                .try_fold(0, |code, &digit| Some(code << 4 | char::from(digit).to_digit(16)?))
        });
        match code {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => self.fail("four hexadecimal digits"),
        }
    }
}

/// The value that `version` makes of a number; `plain` if it was written without fraction and
/// exponent.
pub(crate) fn number(decimal: Decimal, plain: bool, version: SqlVersion) -> Value {
    let whole = plain || version == SqlVersion::V2016_03_23;
    match decimal.to_int().filter(|_| whole) {
        Some(int) => Value::Int(int),
        None => Value::Decimal(decimal),
    }
}

/// Appends `value` as compact JSON.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Undefined => {}
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        // Writing to a Vec cannot fail.
        Value::Int(int) => drop(write!(out, "{int}")),
        Value::Decimal(decimal) => drop(write!(out, "{decimal}")),
        Value::String(text) => write_string(text, out),
        Value::Array(elements) => {
            out.push(b'[');
            let mut first = true;
            for element in elements.iter().filter(|element| !element.is_undefined()) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                write(element, out);
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            let mut first = true;
            for (key, value) in object.iter().filter(|(_, value)| !value.is_undefined()) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                write_string(key, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends `text` in quotes, escaping only what JSON demands.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            // Writing to a Vec cannot fail.
            control => drop(write!(out, "\\u{control:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

//! Reading only some keys of an object, and checking the rest without making values of it.
//!
//! What is refused is exactly what the full reader refuses, and what is read is what it reads;
//! a property test holds both.

use super::{DEPTH_MAX, Decimal, Reader};
use crate::error::RulesError;
use crate::rule::SqlVersion;
use crate::value::{Object, Value};

/// Numbers of fewer bytes without an exponent are all below 1E1000.
const SURELY_SMALL_BYTES: usize = 900;

/// Reads one JSON value that fills `bytes`; of an object only `keys`.
pub(in crate::value) fn read_keys(
    bytes: &[u8],
    version: SqlVersion,
    keys: &[Box<str>],
) -> Result<Value, RulesError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| RulesError::Json { offset: e.valid_up_to(), expected: "UTF-8" })?;
    let mut reader = Reader { text, at: 0, version };
    reader.skip_blanks();
    let value = match reader.peek() {
        Some(b'{') => reader.some_of_object(keys)?,
        _ => reader.value(0)?,
    };
    reader.skip_blanks();
    if reader.at < text.len() {
        return reader.fail("the end");
    }
    Ok(value)
}

impl Reader<'_> {
    /// The object that begins here, at the first level, without keys that are not asked for.
    fn some_of_object(&mut self, keys: &[Box<str>]) -> Result<Value, RulesError> {
        self.at += 1;
        self.skip_blanks();
        let mut object = Object::new();
        if self.take(b'}') {
            return Ok(Value::Object(object));
        }
        loop {
            let key = self.wanted_key(keys)?;
            self.skip_blanks();
            match key {
                Some(position) => {
                    let value = self.value(1)?;
                    object.insert(keys[position].clone(), value);
                }
                None => self.skip_value(1)?,
            }
            self.skip_blanks();
            if self.take(b'}') {
                return Ok(Value::Object(object));
            }
            if !self.take(b',') {
                return self.fail("`,` or `}`");
            }
            self.skip_blanks();
        }
    }

    /// Moves over a key and its colon; its position in `keys` if it is one of them.
    fn wanted_key(&mut self, keys: &[Box<str>]) -> Result<Option<usize>, RulesError> {
        if self.peek() != Some(b'"') {
            return self.fail("a key in double quotes");
        }
        let start = self.at + 1;
        let is_plain = self.skip_string()?;
        let position = match is_plain {
            true => {
                let key = &self.text[start..self.at - 1];
                keys.iter().position(|wanted| **wanted == *key)
            }
            false => {
                self.at = start - 1;
                let key = self.string()?;
                keys.iter().position(|wanted| **wanted == *key)
            }
        };
        self.skip_blanks();
        if !self.take(b':') {
            return self.fail("`:`");
        }
        Ok(position)
    }

    fn skip_value(&mut self, depth: usize) -> Result<(), RulesError> {
        if depth > DEPTH_MAX {
            return self.fail("at most 128 levels");
        }
        match self.peek() {
            Some(b'{') => self.skip_all(depth, b'}', "`,` or `}`", |reader, depth| {
                if reader.peek() != Some(b'"') {
                    return reader.fail("a key in double quotes");
                }
                reader.skip_string()?;
                reader.skip_blanks();
                if !reader.take(b':') {
                    return reader.fail("`:`");
                }
                reader.skip_blanks();
                reader.skip_value(depth)
            }),
            Some(b'[') => self.skip_all(depth, b']', "`,` or `]`", Self::skip_value),
            Some(b'"') => self.skip_string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.skip_number(),
            _ => self.word().map(drop),
        }
    }

    /// Moves over an array or object whose entries `entry` moves over.
    fn skip_all(
        &mut self,
        depth: usize,
        close: u8,
        expected: &'static str,
        entry: fn(&mut Self, usize) -> Result<(), RulesError>,
    ) -> Result<(), RulesError> {
        self.at += 1;
        self.skip_blanks();
        if self.take(close) {
            return Ok(());
        }
        loop {
            entry(self, depth + 1)?;
            self.skip_blanks();
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return self.fail(expected);
            }
            self.skip_blanks();
        }
    }

    /// Moves over a string; whether it has no escapes.
    fn skip_string(&mut self) -> Result<bool, RulesError> {
        self.at += 1;
        let mut is_plain = true;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(is_plain);
                }
                Some(b'\\') => {
                    is_plain = false;
                    self.escape()?;
                }
                _ => return self.fail("a closing quote"),
            }
        }
    }

    fn skip_number(&mut self) -> Result<(), RulesError> {
        let start = self.at;
        let plain = self.scan_number()?;
        let text = &self.text[start..self.at];
        let is_small = text.len() < SURELY_SMALL_BYTES
            && (plain || !text.bytes().any(|byte| matches!(byte, b'e' | b'E')));
        match is_small || Decimal::parse(text).is_some() {
            true => Ok(()),
            false => self.fail("a number below 1E1000"),
        }
    }
}

//! JSON with places: RFC 8259, each name once an object.

use super::{DEPTH_MAX, Entry, Mapping, Node, Style, Value};
use crate::problem::Problem;

/// Reads one JSON value that is all of `text`.
///
/// # Errors
/// The first [`Problem`] of `file`, for a text that is not JSON stops making sense there; all names
/// that come twice, if it is JSON.
pub(super) fn parse(file: &str, text: &str) -> Result<Node, Vec<Problem>> {
    let mut reader =
        Reader { file, text, at: 0, line: 1, line_start: 0, counted: (0, 0), twice: Vec::new() };
    let node = reader.document().map_err(|problem| vec![problem])?;
    if reader.twice.is_empty() { Ok(node) } else { Err(reader.twice) }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// In bytes.
    at: usize,
    line: usize,
    /// Where the line begins, in bytes.
    line_start: usize,
    /// A byte of the line and the characters before it; of an earlier line if before `line_start`.
    counted: (usize, usize),
    /// Names that come twice.
    twice: Vec<Problem>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Node, Problem> {
        let node = self.value(0)?;
        self.space();
        match self.peek() {
            None => Ok(node),
            Some(_) => Err(self.wrong("the end of the file")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Problem> {
        self.space();
        let (line, column) = self.place();
        if depth > DEPTH_MAX {
            let expected = format!("at most {DEPTH_MAX} levels");
            let deep = Problem::of_file(self.file, "deeper nesting", expected);
            return Err(deep.at(line, column));
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => {
                let text = self.string()?;
                return Ok(Node::scalar(text, Style::Quoted, line, column));
            }
            Some(b'-' | b'0'..=b'9') => {
                let text = self.number()?;
                return Ok(Node::scalar(text, Style::Plain, line, column));
            }
            _ => {
                let rest = &self.text[self.at..];
                let words = ["true", "false", "null"];
                let Some(word) = words.into_iter().find(|word| rest.starts_with(word)) else {
                    return Err(self.wrong("a JSON value"));
                };
                self.at += word.len();
                return Ok(Node::scalar(word, Style::Plain, line, column));
            }
        };
        Ok(Node { line, column, tag: None, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Problem> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        // Beside the list, because a plan's objects can have thousands of names.
        let mut lines = std::collections::BTreeMap::new();
        self.space();
        if self.eat(b'}') {
            return Ok(Value::Mapping(Mapping::default()));
        }
        loop {
            self.space();
            let (line, column) = self.place();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a name in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.eat(b':') {
                return Err(self.wrong("`:` after the name"));
            }
            let value = self.value(depth + 1)?;
            if let Some(first) = lines.insert(key.clone(), line) {
                let found = format!("`{key}` for the second time (first in line {first})");
                let twice = Problem::of_file(self.file, found, "each name once");
                self.twice.push(twice.at(line, column));
            }
            entries.push(Entry { key, line, column, value });
            self.space();
            if self.eat(b'}') {
                return Ok(Value::Mapping(entries.into_iter().collect()));
            }
            if !self.eat(b',') {
                return Err(self.wrong("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Problem> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(Value::Sequence(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.eat(b']') {
                return Ok(Value::Sequence(items));
            }
            if !self.eat(b',') {
                return Err(self.wrong("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Problem> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') else {
                self.at = self.text.len();
                return Err(self.wrong("`\"` at the end of the text"));
            };
            out.push_str(&rest[..end]);
            self.at += end;
            if self.eat(b'"') {
                return Ok(out);
            }
            if !self.eat(b'\\') {
                return Err(self.wrong("an escape such as `\\n`, since a text has no line breaks"));
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let known = "an escape of JSON after `\\`: one of `\"\\/bfnrtu`";
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong(known)),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Problem> {
        let first = self.four()?;
        if !(0xd800..0xdc00).contains(&first) {
            let pair = "the first half of a surrogate pair before its second";
            return char::from_u32(first).ok_or_else(|| self.wrong(pair));
        }
        let pair = "the second half of a surrogate pair, `\\udc00` to `\\udfff`";
        if !self.eat(b'\\') || self.peek() != Some(b'u') {
            return Err(self.wrong(pair));
        }
        let second = self.four()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(self.wrong(pair));
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| self.wrong(pair))
    }

    /// The number after `u`.
    fn four(&mut self) -> Result<u32, Problem> {
        self.at += 1;
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.wrong("four hexadecimal digits after `\\u`"))?;
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Result<String, Problem> {
        let rest = &self.text[self.at..];
        let part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let number = &rest[..end];
        // JSON has fewer spellings than the plain scalars of YAML.
        if super::json_number(number) != number || !super::is_number(number) {
            return Err(self.wrong("a number as JSON writes it, such as `-12.5e3`"));
        }
        self.at += end;
        Ok(number.to_owned())
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    self.line_start = self.at;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                _ => return,
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Line and column of where it stands. Characters are counted from the last place on, since a
    /// minified file is a single line.
    fn place(&mut self) -> (usize, usize) {
        let (from, column) = self.counted.max((self.line_start, 0));
        let column = column + self.text[from..self.at].chars().count();
        self.counted = (self.at, column);
        (self.line, column + 1)
    }

    fn wrong(&mut self, expected: &str) -> Problem {
        let found = match self.text[self.at..].chars().next() {
            Some(c @ ('"' | '\'')) => format!("`{c}`"),
            Some(c) => format!("`{}`", c.escape_debug()),
            None => "the end of the file".to_owned(),
        };
        let (line, column) = self.place();
        Problem::of_file(self.file, found, expected).at(line, column)
    }
}

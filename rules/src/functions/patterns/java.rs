//! A regular expression of Java, as one of this engine's.
//!
//! What Java takes for ASCII here (`\d`, `\w`, `\s`, `(?i)`, `\p{Alpha}`) is spelt out, and so are
//! its line terminators.
//!
//! # Source
//! Java 11, `java.util.regex.Pattern`.

use super::class;

/// What ends a line in Java; `\r\n` is one of them too.
pub(super) const TERMINATORS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

const NOT_TERMINATOR: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";

/// `^` and `$` at lines: not between `\r` and `\n`, and no line begins at the end.
const LINE_START: &str = r"(?:(?:\A|(?<=[\n\x{85}\x{2028}\x{2029}])|(?<=\r)(?!\n))(?!\z))";
const LINE_END: &str = r"(?:\z|(?=[\r\x{85}\x{2028}\x{2029}])|(?<!\r)(?=\n))";

/// `$` where the text ends with a terminator.
const BEFORE_TERMINATOR: &str = r"(?:\z|(?=(?:\r\n|[\r\x{85}\x{2028}\x{2029}])\z)|(?<!\r)(?=\n\z))";

/// Why a pattern is not translated.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Java refuses it too.
    Invalid,
    /// Java knows it and this engine does not; what it is, for people.
    Unsupported(String),
}

impl Refusal {
    pub(super) fn unsupported<T>(what: &str) -> Result<T, Self> {
        Err(Self::Unsupported(what.to_owned()))
    }
}

/// A translated pattern.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// Whether it has an end of text that a line terminator may follow.
    pub(super) has_end: bool,
}

/// Flags that are set inside a pattern.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) ignores_case: bool,
    /// Beyond ASCII.
    pub(super) ignores_case_everywhere: bool,
    pub(super) has_unicode_classes: bool,
    is_multi_line: bool,
    dot_is_all: bool,
    has_comments: bool,
}

/// Translates `java` for texts that end with a line terminator or not.
pub(super) fn translate(java: &str, before_terminator: bool) -> Result<Translated, Refusal> {
    let mut translator = Translator {
        source: Source { chars: java.chars().collect(), at: 0 },
        pattern: String::new(),
        flags: Flags::default(),
        open: Vec::new(),
        groups: 0,
        atom: None,
        has_end: false,
        before_terminator,
    };
    while let Some(next) = translator.source.next() {
        translator.token(next)?;
    }
    if !translator.open.is_empty() {
        return Err(Refusal::Invalid);
    }
    Ok(Translated { pattern: translator.pattern, has_end: translator.has_end })
}

/// The characters of a pattern.
pub(super) struct Source {
    chars: Vec<char>,
    at: usize,
}

impl Source {
    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn peek_second(&self) -> Option<char> {
        self.chars.get(self.at + 1).copied()
    }

    /// Steps over `text` if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_next =
            text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    /// What stands before `end`, which is stepped over.
    pub(super) fn until(&mut self, end: char) -> Result<String, Refusal> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(next) if next == end => return Ok(text),
                Some(next) => text.push(next),
                None => return Err(Refusal::Invalid),
            }
        }
    }

    /// The number of at most `most` digits in base `radix`; at least one.
    pub(super) fn number(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut number: Option<u32> = None;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|next| next.to_digit(radix)) else { break };
            self.at += 1;
            number = Some(number.unwrap_or(0).checked_mul(radix)?.checked_add(digit)?);
        }
        number
    }
}

struct Translator {
    source: Source,
    pattern: String,
    flags: Flags,
    /// Flags to return to at the end of each open group, with where the group begins.
    open: Vec<(Flags, usize)>,
    /// Capturing groups so far.
    groups: u32,
    /// Where in `pattern` the last thing begins that can be repeated.
    atom: Option<usize>,
    has_end: bool,
    before_terminator: bool,
}

impl Translator {
    fn token(&mut self, next: char) -> Result<(), Refusal> {
        match next {
            '(' => return self.group(),
            ')' => {
                let (flags, start) = self.open.pop().ok_or(Refusal::Invalid)?;
                self.flags = flags;
                self.pattern.push(')');
                self.atom = Some(start);
            }
            '|' => {
                self.pattern.push('|');
                self.atom = None;
            }
            '*' | '+' | '?' | '{' => return self.repeat(next),
            '.' => self.push(if self.flags.dot_is_all { "(?s:.)" } else { NOT_TERMINATOR }),
            '^' => self.push(if self.flags.is_multi_line { LINE_START } else { r"\A" }),
            '$' if self.flags.is_multi_line => self.push(LINE_END),
            '$' => self.end(),
            '[' => {
                let class = class::class(&mut self.source, self.flags, 0)?;
                self.push(&class);
            }
            '\\' => return self.escape(),
            '#' if self.flags.has_comments => {
                while self.source.next().is_some_and(|next| !TERMINATORS.contains(&next)) {}
            }
            _ if self.flags.has_comments && next.is_ascii_whitespace() => {}
            _ => self.literal(next),
        }
        Ok(())
    }

    fn push(&mut self, atom: &str) {
        self.atom = Some(self.pattern.len());
        self.pattern.push_str(atom);
    }

    fn literal(&mut self, literal: char) {
        let atom = class::literal(literal, self.flags);
        self.push(&atom);
    }

    fn end(&mut self) {
        self.has_end = true;
        self.push(if self.before_terminator { BEFORE_TERMINATOR } else { r"\z" });
    }

    fn group(&mut self) -> Result<(), Refusal> {
        let start = self.pattern.len();
        let flags = self.flags;
        if !self.source.take("?") {
            self.groups += 1;
            self.pattern.push('(');
        } else if let Some(kind) =
            [":", "=", "!", "<=", "<!", ">"].into_iter().find(|kind| self.source.take(kind))
        {
            self.pattern.push_str("(?");
            self.pattern.push_str(kind);
        } else if self.source.take("<") {
            let name = self.source.until('>')?;
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric());
            if !is_name {
                return Err(Refusal::Invalid);
            }
            self.groups += 1;
            self.pattern.push_str("(?<");
            self.pattern.push_str(&name);
            self.pattern.push('>');
        } else {
            let is_group = self.set_flags()?;
            if !is_group {
                self.atom = None;
                return Ok(());
            }
            self.pattern.push_str("(?:");
        }
        self.open.push((flags, start));
        self.atom = None;
        Ok(())
    }

    /// `(?i-s)` or `(?i-s:`; whether it begins a group.
    fn set_flags(&mut self) -> Result<bool, Refusal> {
        let mut on = true;
        loop {
            match self.source.next().ok_or(Refusal::Invalid)? {
                'i' => self.flags.ignores_case = on,
                'u' => self.flags.ignores_case_everywhere = on,
                'U' => {
                    self.flags.has_unicode_classes = on;
                    self.flags.ignores_case_everywhere |= on;
                }
                'm' => self.flags.is_multi_line = on,
                's' => self.flags.dot_is_all = on,
                'x' => self.flags.has_comments = on,
                'd' => return Refusal::unsupported("flag d"),
                '-' if on => on = false,
                ':' => return Ok(true),
                ')' => return Ok(false),
                _ => return Err(Refusal::Invalid),
            }
        }
    }

    /// A quantifier, which must follow something.
    fn repeat(&mut self, first: char) -> Result<(), Refusal> {
        let start = self.atom.take().ok_or(Refusal::Invalid)?;
        if first == '{' {
            let least = self.source.number(10, 10).ok_or(Refusal::Invalid)?;
            let bounded = !self.source.take(",");
            let most = if bounded { None } else { self.source.number(10, 10) };
            if !self.source.take("}") || most.is_some_and(|most| most < least) {
                return Err(Refusal::Invalid);
            }
            let counts = match (bounded, most) {
                (true, _) => format!("{{{least}}}"),
                (false, None) => format!("{{{least},}}"),
                (false, Some(most)) => format!("{{{least},{most}}}"),
            };
            self.pattern.push_str(&counts);
        } else {
            self.pattern.push(first);
        }
        if self.source.take("?") {
            self.pattern.push('?');
        } else if self.source.take("+") {
            // Possessive: what it took it does not give back.
            self.pattern.insert_str(start, "(?>");
            self.pattern.push(')');
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        let next = self.source.peek().ok_or(Refusal::Invalid)?;
        match next {
            '1'..='9' => {
                self.back_reference();
                return Ok(());
            }
            'k' => return self.named_back_reference(),
            'Q' => {
                self.source.next();
                while self.source.peek().is_some() && !self.source.take("\\E") {
                    let quoted = self.source.next().ok_or(Refusal::Invalid)?;
                    self.literal(quoted);
                }
                return Ok(());
            }
            _ => {}
        }
        let anchor = match next {
            'A' => Some(r"\A"),
            'z' => Some(r"\z"),
            'b' => Some(r"\b"),
            'B' => Some(r"\B"),
            'G' => Some(r"\G"),
            'R' => Some(r"(?:\r\n|[\n\x0b\x0c\r\x{85}\x{2028}\x{2029}])"),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.source.next();
            self.push(anchor);
        } else if self.source.take("Z") {
            self.end();
        } else if let Some(class) = class::escaped_class(&mut self.source, self.flags)? {
            self.push(&format!("[{class}]"));
        } else {
            let literal = class::escaped_char(&mut self.source)?;
            self.literal(literal);
        }
        Ok(())
    }

    /// `\1`: as many digits as name a group so far. One that names none never matches.
    fn back_reference(&mut self) {
        let mut group = self.source.number(10, 1).unwrap_or(0);
        while let Some(digit) = self.source.peek().and_then(|next| next.to_digit(10)) {
            if group * 10 + digit > self.groups {
                break;
            }
            group = group * 10 + digit;
            self.source.next();
        }
        match (group <= self.groups, self.flags.ignores_case) {
            (false, _) => self.push("(?!)"),
            (true, false) => self.push(&format!("(?:\\{group})")),
            (true, true) => self.push(&format!("(?i:\\{group})")),
        }
    }

    fn named_back_reference(&mut self) -> Result<(), Refusal> {
        if !self.source.take("k<") {
            return Err(Refusal::Invalid);
        }
        let name = self.source.until('>')?;
        if !self.pattern.contains(&format!("(?<{name}>")) {
            return Err(Refusal::Invalid);
        }
        let flag = if self.flags.ignores_case { "i" } else { "" };
        self.push(&format!("(?{flag}:\\k<{name}>)"));
        Ok(())
    }
}

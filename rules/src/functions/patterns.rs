//! Regular expressions with the meaning that Java gives them.
//!
//! A pattern is translated into one of this engine's once, when the rule is compiled if it is
//! constant. Matching takes a bounded number of steps: where that is passed the result is Undefined.

mod class;
mod java;

use super::TEXT_BYTES_MAX;
use super::prepared::constant;
use super::{Arguments, Function, Prepared, undefined, yields};
use crate::eval::Outcome;
use crate::program::Expr;
use fancy_regex::{Captures, Regex, RegexBuilder};
use java::Refusal;
use std::borrow::Cow;

pub(super) const FUNCTIONS: [Function; 3] = [
    Function::new("regexp_matches", "text, pattern", regexp_matches)
        .prepare(prepare)
        .differs(UNSUPPORTED),
    Function::new("regexp_replace", "text, pattern, replacement", regexp_replace)
        .prepare(prepare)
        .differs(UNSUPPORTED),
    Function::new("regexp_substr", "text, pattern", regexp_substr)
        .prepare(prepare)
        .differs(UNSUPPORTED),
];

const UNSUPPORTED: &str = "flag d, \\X, \\N, Unicode blocks and some look-behinds of variable length \
    are refused; a search that takes too many steps is Undefined";

/// The longest pattern, in bytes: one of the payload is compiled for its message.
const PATTERN_BYTES_MAX: usize = 4_096;

/// Steps back that one search may take. A pattern like `(a+)+\1` needs ever more of them.
const STEPS_MAX: usize = 100_000;

/// Bytes of each compiled part of a pattern.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    plain: Regex,
    /// For texts that end with a line terminator, before which Java's `$` matches too; only where
    /// the pattern has one.
    before_terminator: Option<Regex>,
}

impl Pattern {
    fn new(java: &str) -> Result<Self, Refusal> {
        if java.len() > PATTERN_BYTES_MAX {
            let message = format!("a pattern has {PATTERN_BYTES_MAX} bytes at most");
            return Err(Refusal::Unsupported(message));
        }
        let plain = java::translate(java, false)?;
        let before_terminator = match plain.has_end {
            true => Some(compile(&java::translate(java, true)?.pattern)?),
            false => None,
        };
        Ok(Self { plain: compile(&plain.pattern)?, before_terminator })
    }

    /// The form to search `text` with.
    fn over(&self, text: &str) -> &Regex {
        match &self.before_terminator {
            Some(regex) if text.ends_with(java::TERMINATORS) => regex,
            _ => &self.plain,
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, Refusal> {
    RegexBuilder::new(pattern)
        .backtrack_limit(STEPS_MAX)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| Refusal::Unsupported(error.to_string()))
}

/// Compiles a constant pattern. One that Java refuses as well stays: the function is Undefined.
fn prepare(exprs: &[Expr], _: u32) -> Result<Option<Prepared>, String> {
    let Some(pattern) = constant(exprs, 1).and_then(|value| value.to_text()) else {
        return Ok(None);
    };
    match Pattern::new(&pattern) {
        Ok(pattern) => Ok(Some(Prepared::Pattern(Some(Box::new(pattern))))),
        Err(Refusal::Invalid) => Ok(Some(Prepared::Pattern(None))),
        Err(Refusal::Unsupported(reason)) => {
            Err(format!("this regular expression is not supported by this engine: {reason}"))
        }
    }
}

/// What `found` makes of the text and the compiled pattern; Undefined if either is missing.
fn search<'v>(
    arguments: Arguments<'v>,
    found: impl Fn(&str, &Regex) -> Outcome<'v>,
) -> Outcome<'v> {
    let Some(text) = arguments.text(0)? else { return undefined() };
    if let Some(Prepared::Pattern(pattern)) = arguments.prepared() {
        return match pattern {
            Some(pattern) => found(&text, pattern.over(&text)),
            None => undefined(),
        };
    }
    let Some(pattern) = arguments.text(1)? else { return undefined() };
    match Pattern::new(&pattern) {
        Ok(pattern) => found(&text, pattern.over(&text)),
        Err(_) => undefined(),
    }
}

/// Whether the text contains a match.
fn regexp_matches(arguments: Arguments<'_>) -> Outcome<'_> {
    search(arguments, |text, regex| regex.is_match(text).map_or_else(|_| undefined(), yields))
}

/// The first match.
fn regexp_substr(arguments: Arguments<'_>) -> Outcome<'_> {
    search(arguments, |text, regex| match regex.find(text) {
        Ok(Some(found)) => yields(found.as_str()),
        _ => undefined(),
    })
}

/// The text with every match replaced.
fn regexp_replace(arguments: Arguments<'_>) -> Outcome<'_> {
    let Some(replacement) = arguments.text(2)? else { return undefined() };
    search(arguments, |text, regex| {
        replace(text, regex, &replacement).map_or_else(undefined, yields)
    })
}

/// Java's `Matcher.replaceAll`; `None` if the replacement refers to no group, or a limit is passed.
///
/// Unlike this engine's own iterator, Java's also finds the empty match at the end of another one:
/// `a*` in `baaac` is found four times.
fn replace(text: &str, regex: &Regex, replacement: &str) -> Option<String> {
    let mut parts: Option<Vec<Part<'_>>> = None;
    let mut replaced = String::new();
    let (mut copied, mut from) = (0, 0);
    while from <= text.len() {
        let Some(captures) = regex.captures_from_pos(text, from).ok()? else { break };
        let found = captures.get(0)?;
        if parts.is_none() {
            parts = Some(Part::all(replacement, regex)?);
        }
        replaced.push_str(&text[copied..found.start()]);
        for part in parts.iter().flatten() {
            part.append(&captures, &mut replaced);
        }
        if replaced.len() > TEXT_BYTES_MAX {
            return None;
        }
        copied = found.end();
        from = match found.start() == found.end() {
            true => found.end() + text[found.end()..].chars().next().map_or(1, char::len_utf8),
            false => found.end(),
        };
    }
    replaced.push_str(&text[copied..]);
    Some(replaced)
}

/// A part of a replacement.
enum Part<'r> {
    Text(Cow<'r, str>),
    Group(usize),
}

impl<'r> Part<'r> {
    /// Reads `$1`, `${name}`, and `\` before a character that stands for itself.
    fn all(replacement: &'r str, regex: &Regex) -> Option<Vec<Self>> {
        let mut parts = Vec::new();
        let mut rest = replacement;
        while let Some(at) = rest.find(['$', '\\']) {
            parts.push(Self::Text(rest[..at].into()));
            let is_group = rest[at..].starts_with('$');
            rest = &rest[at + 1..];
            if !is_group {
                let end = rest.chars().next()?.len_utf8();
                parts.push(Self::Text(rest[..end].into()));
                rest = &rest[end..];
            } else if let Some(named) = rest.strip_prefix('{') {
                let (name, after) = named.split_once('}')?;
                parts.push(Self::Group(
                    regex.capture_names().position(|known| known == Some(name))?,
                ));
                rest = after;
            } else {
                let (group, after) = group_number(rest, regex.captures_len())?;
                parts.push(Self::Group(group));
                rest = after;
            }
        }
        parts.push(Self::Text(rest.into()));
        Some(parts)
    }

    fn append(&self, captures: &Captures<'_>, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            // A group that took no part in the match is empty.
            Self::Group(group) => {
                out.push_str(captures.get(*group).map_or("", |found| found.as_str()));
            }
        }
    }
}

/// The group at the start of `text`: as many digits as name one of `groups`, at least one.
fn group_number(text: &str, groups: usize) -> Option<(usize, &str)> {
    let digit = |at: usize| text.as_bytes().get(at).filter(|byte| byte.is_ascii_digit());
    let mut group = usize::from(digit(0)? - b'0');
    let mut length = 1;
    while let Some(next) = digit(length) {
        let longer = group * 10 + usize::from(next - b'0');
        if longer >= groups {
            break;
        }
        group = longer;
        length += 1;
    }
    (group < groups).then(|| (group, &text[length..]))
}

#[cfg(test)]
mod tests;

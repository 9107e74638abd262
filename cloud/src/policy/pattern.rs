//! Patterns of resources and condition values: text, `*`, `?`, variables and escapes, and the
//! wildcards that stay when the variables are known.
//!
//! `+` and `#` are plain text here: a policy compares the string of a filter and does not read it.

use super::facts::{Facts, Value};
use super::variable::Variable;
use std::fmt;

/// A pattern as written, with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// `*`.
    Run,
    /// `?`.
    One,
    Variable(Variable),
}

/// What means something in a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Whether `${...}` does; in documents before 2012-10-17 it is text.
    pub(crate) variables: bool,
    /// Whether `*` and `?` do.
    pub(crate) wildcards: bool,
}

/// Resources of a current document.
pub(crate) const RESOURCE: Syntax = Syntax { variables: true, wildcards: true };

/// Why a pattern's text is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadTemplate {
    pub(crate) found: String,
    pub(crate) expected: String,
}

/// Why a pattern has no value for these facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// The variable has no value here.
    Missing(Variable),
    /// Its value holds one of `* $ + ? #` or is longer than 1024 characters, so the service
    /// leaves the variable as it stands.
    Unfit(Variable, String),
}

/// Characters that keep a value from being put into a pattern. Source: AWS IoT Core developer
/// guide, "X.509 certificate policy variables" and "Thing policy variables".
const UNFIT: [char; 5] = ['*', '$', '+', '?', '#'];

/// Longest value that is put into a pattern, in characters. Source: as [`UNFIT`].
const VALUE_CHARS_MAX: usize = 1024;

impl Template {
    /// Reads a text as `syntax` says.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Self, BadTemplate> {
        let Syntax { variables, wildcards } = syntax;
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let piece = match c {
                '*' if wildcards => Some(Piece::Run),
                '?' if wildcards => Some(Piece::One),
                '$' if variables && rest.starts_with("${") => {
                    let Some(end) = rest.find('}') else {
                        return Err(BadTemplate {
                            found: format!("`{rest}`, which is not closed"),
                            expected: "`}` after the variable's name".to_owned(),
                        });
                    };
                    let name = &rest[2..end];
                    rest = &rest[end + 1..];
                    if let "*" | "?" | "$" = name {
                        plain.push_str(name);
                        continue;
                    }
                    let variable = Variable::parse(name).map_err(|expected| BadTemplate {
                        found: format!("the unknown variable `${{{name}}}`"),
                        expected,
                    })?;
                    push_text(&mut pieces, &mut plain);
                    pieces.push(Piece::Variable(variable));
                    continue;
                }
                _ => None,
            };
            rest = &rest[c.len_utf8()..];
            match piece {
                None => plain.push(c),
                // Two `*` in a row are one.
                Some(Piece::Run) if plain.is_empty() && pieces.last() == Some(&Piece::Run) => {}
                Some(piece) => {
                    push_text(&mut pieces, &mut plain);
                    pieces.push(piece);
                }
            }
        }
        push_text(&mut pieces, &mut plain);
        Ok(Self { text: text.to_owned(), pieces })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            _ => None,
        })
    }

    /// The pattern of a text that has no variables; a variable stands for nothing.
    pub(crate) fn plain_glob(&self) -> Glob {
        let token = |piece: &Piece| match piece {
            Piece::Text(text) => Some(Token::Text(text.clone())),
            Piece::Run => Some(Token::Run),
            Piece::One => Some(Token::One),
            Piece::Variable(_) => None,
        };
        Glob { tokens: self.pieces.iter().filter_map(token).collect() }
    }

    /// Puts the values of `facts` in the places of variables.
    ///
    /// # Errors
    /// The first variable without a fitting value.
    pub fn resolve(&self, facts: &Facts) -> Result<Glob, Unresolved> {
        let mut tokens: Vec<Token> = Vec::with_capacity(self.pieces.len());
        let mut push = |token: Token| match (tokens.last_mut(), token) {
            (Some(Token::Text(before)), Token::Text(after)) => before.push_str(&after),
            (Some(Token::Run), Token::Run) => {}
            (_, token) => tokens.push(token),
        };
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => push(Token::Text(text.clone())),
                Piece::Run => push(Token::Run),
                Piece::One => push(Token::One),
                Piece::Variable(variable) => {
                    let value = fitting(variable, facts)?;
                    if !value.is_empty() {
                        push(Token::Text(value));
                    }
                }
            }
        }
        Ok(Glob { tokens })
    }
}

/// The value that stands in a pattern for `variable`: the first, if it has several.
fn fitting(variable: &Variable, facts: &Facts) -> Result<String, Unresolved> {
    let value = match facts.value(variable) {
        Some(Value::One(text)) => text.into_owned(),
        Some(Value::Many(values)) => match values.into_iter().next() {
            Some(text) => text.into_owned(),
            None => return Err(Unresolved::Missing(variable.clone())),
        },
        None => return Err(Unresolved::Missing(variable.clone())),
    };
    if value.contains(UNFIT) || value.chars().count() > VALUE_CHARS_MAX {
        return Err(Unresolved::Unfit(variable.clone(), value));
    }
    Ok(value)
}

fn push_text(pieces: &mut Vec<Piece>, plain: &mut String) {
    if !plain.is_empty() {
        pieces.push(Piece::Text(std::mem::take(plain)));
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(variable) => write!(f, "`${{{variable}}}` has no value here"),
            Self::Unfit(variable, value) => write!(
                f,
                "`${{{variable}}}` is `{value}`, which is not substituted: it holds one of \
                 `* $ + ? #` or is longer than {VALUE_CHARS_MAX} characters"
            ),
        }
    }
}

/// A pattern whose variables are known: text, `*` and `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// No two texts and no two runs are neighbours, no text is empty.
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    Run,
    One,
}

impl Glob {
    /// Whether the pattern stands for `text`. Nothing is allocated.
    pub fn matches(&self, text: &str) -> bool {
        match self.tokens.as_slice() {
            // The three forms that nearly all resources have need no search.
            [Token::Run] => return true,
            [Token::Text(only)] => return only == text,
            [Token::Text(head), Token::Run] => return text.starts_with(head.as_str()),
            _ => {}
        }
        let (mut token, mut rest) = (0, text);
        // Where the last `*` was met: the token behind it and the text that it has not yet eaten.
        // Only the last one ever needs to be tried again.
        let mut last: Option<(usize, &str)> = None;
        loop {
            let step = match self.tokens.get(token) {
                Some(Token::Run) => {
                    last = Some((token + 1, rest));
                    Some(rest)
                }
                Some(Token::One) => without_first(rest),
                Some(Token::Text(text)) => rest.strip_prefix(text.as_str()),
                None if rest.is_empty() => return true,
                None => None,
            };
            if let Some(behind) = step {
                (token, rest) = (token + 1, behind);
                continue;
            }
            let Some((behind, eaten)) = last else { return false };
            let Some(more) = without_first(eaten) else { return false };
            (token, rest) = (behind, more);
            last = Some((behind, more));
        }
    }

    /// The text with `*` and `?` as plain characters: what comparisons without wildcards use.
    pub(crate) fn plain(&self) -> String {
        let token = |token: &Token| match token {
            Token::Text(text) => text.clone(),
            Token::Run => "*".to_owned(),
            Token::One => "?".to_owned(),
        };
        self.tokens.iter().map(token).collect()
    }

    /// What is left of the pattern behind `prefix`: every way in which it can have read the prefix
    /// is one pattern for the text that follows. None means that nothing behind it matches.
    pub(crate) fn behind(&self, prefix: &str) -> Vec<Self> {
        let mut ways: Vec<Vec<Token>> = vec![self.tokens.clone()];
        for c in prefix.chars() {
            let mut next: Vec<Vec<Token>> = Vec::new();
            for way in &ways {
                step(way, c, &mut |way| {
                    if !next.contains(&way) {
                        next.push(way);
                    }
                });
            }
            ways = next;
        }
        let all = vec![Token::Run];
        if ways.contains(&all) {
            ways = vec![all];
        }
        ways.into_iter().map(|tokens| Self { tokens }).collect()
    }
}

/// Reads one character with the pattern `way`.
fn step(way: &[Token], c: char, found: &mut impl FnMut(Vec<Token>)) {
    match way {
        [] => {}
        [Token::Run, rest @ ..] => {
            found(way.to_vec());
            step(rest, c, found);
        }
        [Token::One, rest @ ..] => found(rest.to_vec()),
        [Token::Text(text), rest @ ..] => {
            if let Some(left) = text.strip_prefix(c) {
                let mut way = Vec::with_capacity(way.len());
                if !left.is_empty() {
                    way.push(Token::Text(left.to_owned()));
                }
                way.extend_from_slice(rest);
                found(way);
            }
        }
    }
}

fn without_first(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}

impl fmt::Display for Glob {
    /// As a policy would write it: characters that mean something are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            match token {
                Token::Run => f.write_str("*")?,
                Token::One => f.write_str("?")?,
                Token::Text(text) => f.write_str(&escaped(text))?,
            }
        }
        Ok(())
    }
}

/// `text` as a pattern that stands for nothing else.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' => out.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
            '$' if chars.peek() == Some(&'{') => out.push_str("${$}"),
            _ => out.push(c),
        }
    }
    out
}

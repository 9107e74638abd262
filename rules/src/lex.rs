//! Text to words: the first stage of compiling.

use crate::diagnostic::{Code, Diagnostic};
use crate::rule::SqlVersion;
use crate::value::{Decimal, Value, number};
use std::ops::Range;

/// A word of the language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name or keyword.
    Word,
    /// `@name`.
    Variable,
    /// A number literal.
    Number(Value),
    /// A string literal, without its quotes.
    Text {
        /// The text.
        text: String,
        /// Whether the quotes were single, as FROM demands.
        single: bool,
    },
    /// Punctuation or an operator.
    Symbol(&'static str),
    /// What was no word; it has its diagnostic already.
    Invalid,
    /// After the last word.
    End,
}

/// A word and its place.
#[derive(Clone, Debug)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    pub(crate) span: Range<usize>,
}

/// Two-character symbols come before their first characters.
const SYMBOLS: [&str; 19] = [
    "<>", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "%", "(", ")", "{", "}", "[", "]", ",",
    ".",
];

/// Symbols of other dialects: what they are, what they are read as, and what to write.
const FOREIGN: [(&str, &str, &str); 6] = [
    ("!=", "<>", "write `<>`"),
    ("==", "=", "write `=`"),
    ("||", "+", "join texts with `+` or concat()"),
    ("&&", "AND", "write `AND`"),
    ("!", "NOT", "write `NOT`"),
    (";", "", "leave it out: a rule is one statement"),
];

/// The words of a text, and what in it is no word.
pub(crate) struct Lexed {
    /// Ends with [`Token::End`].
    pub(crate) words: Vec<Lexeme>,
    /// Where reading stopped: at the closing brace or at the end of the text.
    pub(crate) end: usize,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Splits `text[from..]` into words. With `until_brace` it stops at a `}` that closes nothing: the
/// end of a substitution template.
pub(crate) fn lex(text: &str, from: usize, version: SqlVersion, until_brace: bool) -> Lexed {
    let mut lexer = Lexer { text, at: from, version, diagnostics: Vec::new() };
    let mut words = Vec::new();
    let mut open_braces = 0_usize;
    loop {
        lexer.skip_blanks();
        let start = lexer.at;
        if until_brace && open_braces == 0 && lexer.rest().starts_with('}') {
            words.push(Lexeme { token: Token::End, span: start..start });
            break;
        }
        let Some(token) = lexer.next() else { continue };
        match token {
            Token::Symbol("{") => open_braces += 1,
            Token::Symbol("}") => open_braces = open_braces.saturating_sub(1),
            _ => {}
        }
        if token == Token::End {
            // What is missing is missing right behind the last word.
            let end = words.last().map_or(from, |last: &Lexeme| last.span.end);
            words.push(Lexeme { token, span: end..end });
            break;
        }
        words.push(Lexeme { token, span: start..lexer.at });
    }
    Lexed { words, end: lexer.at, diagnostics: lexer.diagnostics }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    version: SqlVersion,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Moves over characters while `keep` holds.
    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|character| !keep(character)).unwrap_or(rest.len());
    }

    /// The next word; `None` after something that is left out.
    fn next(&mut self) -> Option<Token> {
        let Some(first) = self.rest().chars().next() else { return Some(Token::End) };
        Some(match first {
            '\'' | '"' => self.text_literal(first),
            '0'..='9' => self.number(),
            '@' => self.variable(),
            ':' => {
                self.at += 1;
                Token::Symbol(":")
            }
            _ if first.is_alphabetic() || first == '_' => {
                self.skip_while(is_name);
                Token::Word
            }
            _ => return self.symbol(first),
        })
    }

    fn symbol(&mut self, first: char) -> Option<Token> {
        let start = self.at;
        for (foreign, meant, help) in FOREIGN {
            if self.rest().starts_with(foreign) {
                self.at += foreign.len();
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::NotInLanguage,
                        start..self.at,
                        format!("AWS IoT SQL has no `{foreign}`"),
                    )
                    .help(help)
                    .tolerable(),
                );
                return match meant {
                    "" => None,
                    _ => Some(Token::Symbol(meant)),
                };
            }
        }
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| self.rest().starts_with(symbol)) {
            self.at += symbol.len();
            return Some(Token::Symbol(symbol));
        }
        self.at += first.len_utf8();
        let message = format!("`{}` begins no word of the language", first.escape_debug());
        self.diagnostics.push(
            Diagnostic::new(Code::UnexpectedCharacter, start..self.at, message)
                .help("for keys with such characters use get(*, 'key')"),
        );
        Some(Token::Invalid)
    }

    /// A quoted text; a doubled quote stands for one.
    fn text_literal(&mut self, quote: char) -> Token {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(quote) else {
                self.at = self.text.len();
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::UnterminatedString,
                        start..self.at,
                        "the text is not closed",
                    )
                    .expected(&[if quote == '"' { "`\"`" } else { "`'`" }]),
                );
                return Token::Invalid;
            };
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.rest().starts_with(quote) {
                return Token::Text { text, single: quote == '\'' };
            }
            text.push(quote);
            self.at += 1;
        }
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        self.skip_while(|c| c.is_ascii_digit());
        let mut plain = true;
        if let Some(fraction) = self.rest().strip_prefix('.') {
            // `1.` without digits is malformed, not a path step: a number has none.
            plain = fraction.is_empty();
            self.at += 1;
            self.skip_while(|c| c.is_ascii_digit());
        }
        if self.rest().starts_with(['e', 'E']) {
            plain = false;
            self.at += 1;
            if self.rest().starts_with(['-', '+']) {
                self.at += 1;
            }
        }
        self.skip_while(is_name);
        let text = &self.text[start..self.at];
        let decimal = if text.contains('+') { None } else { Decimal::parse(text) };
        match decimal {
            Some(decimal) => Token::Number(number(decimal, plain, self.version)),
            None => {
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::MalformedNumber,
                        start..self.at,
                        format!("`{text}` is no number"),
                    )
                    .expected(&["digits, a fraction after a point, an exponent such as E-3"])
                    .help("a name cannot begin with a digit: use get(*, 'key') for such keys"),
                );
                Token::Invalid
            }
        }
    }

    fn variable(&mut self) -> Token {
        let start = self.at;
        self.at += 1;
        self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if self.at > start + 1 {
            return Token::Variable;
        }
        self.diagnostics.push(
            Diagnostic::new(Code::UnexpectedCharacter, start..self.at, "`@` without a name")
                .expected(&["a variable's name"]),
        );
        Token::Invalid
    }
}

/// Whether `character` may stand inside a name.
fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

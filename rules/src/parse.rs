//! Words to a syntax tree, with every syntax error that can be told apart from its neighbours.
//!
//! After an error the parser moves on to the next comma or clause, so that one mistake does not
//! hide another; a text with errors yields no tree.

mod expression;

use crate::ast::{Assignment, Expr, Item, Select, Statement};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::{Lexed, Lexeme, Token, lex};
use crate::rule::SqlVersion;
use fieldmirror_core::limits::SQL_BYTES_MAX;
use fieldmirror_core::topic::TopicFilter;

/// Parses a whole rule: what could be understood, and everything that is wrong. The tree is only
/// complete if nothing is.
pub(crate) fn statement(text: &str, version: SqlVersion) -> (Option<Statement>, Vec<Diagnostic>) {
    if text.len() > SQL_BYTES_MAX {
        let message = format!("the statement has {} bytes", text.len());
        let limit = format!("at most {SQL_BYTES_MAX} bytes");
        let diagnostic = Diagnostic::new(Code::TooLong, SQL_BYTES_MAX..text.len(), message);
        return (None, vec![diagnostic.expected(&[&limit])]);
    }
    let Lexed { words, diagnostics, .. } = lex(text, 0, version, false);
    let mut parser = Parser::new(text, words, diagnostics);
    let statement = parser.statement();
    (statement, parser.diagnostics)
}

/// Parses an expression that was already split into words.
pub(crate) fn expression(text: &str, lexed: Lexed) -> (Option<Expr>, Vec<Diagnostic>) {
    let mut parser = Parser::new(text, lexed.words, lexed.diagnostics);
    let expr = parser.expr().and_then(|expr| match parser.next() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected(&["an operator", "the end of the expression"])),
    });
    (expr.ok(), parser.diagnostics)
}

/// The marker of a syntax error that has been reported.
struct Reported;

struct Parser<'a> {
    text: &'a str,
    words: Vec<Lexeme>,
    at: usize,
    diagnostics: Vec<Diagnostic>,
    /// Open parentheses, brackets, calls and CASEs around the current place.
    nesting: usize,
}

/// Words that cannot begin an expression or be an alias-free name.
const RESERVED: [&str; 12] =
    ["SELECT", "FROM", "WHERE", "AS", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "END"];

/// Words of other dialects, and what to do instead.
const FOREIGN: [(&str, &str); 14] = [
    ("IN", "write `a = 1 OR a = 2`"),
    ("BETWEEN", "write `a >= 1 AND a <= 2`"),
    ("LIKE", "use startswith(), endswith() or indexof()"),
    ("IS", "use isNull() or isUndefined()"),
    ("EXISTS", "use a nested SELECT"),
    ("DISTINCT", "a rule sees one message at a time"),
    ("GROUP", "a rule sees one message at a time"),
    ("ORDER", "a rule sees one message at a time"),
    ("HAVING", "a rule sees one message at a time"),
    ("LIMIT", "a rule sees one message at a time"),
    ("UNION", "write two rules"),
    ("JOIN", "reach other data with get_thing_shadow()"),
    ("DIV", "write `/`"),
    ("MOD", "write `%` or mod(a, b)"),
];

impl<'a> Parser<'a> {
    const fn new(text: &'a str, words: Vec<Lexeme>, diagnostics: Vec<Diagnostic>) -> Self {
        Self { text, words, at: 0, diagnostics, nesting: 0 }
    }

    fn next(&self) -> &Token {
        &self.words[self.at].token
    }

    fn span(&self) -> std::ops::Range<usize> {
        self.words[self.at].span.clone()
    }

    /// Where the word before this one ended.
    fn previous_end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |previous| self.words[previous].span.end)
    }

    /// The text of the current word.
    fn word(&self) -> &'a str {
        &self.text[self.span()]
    }

    fn advance(&mut self) {
        // The last word is End and stays.
        self.at = (self.at + 1).min(self.words.len() - 1);
    }

    /// Whether the word `ahead` of the current one is the keyword `keyword`.
    fn is_keyword_at(&self, ahead: usize, keyword: &str) -> bool {
        self.words.get(self.at + ahead).is_some_and(|lexeme| {
            lexeme.token == Token::Word
                && self.text[lexeme.span.clone()].eq_ignore_ascii_case(keyword)
        })
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        self.is_keyword_at(0, keyword)
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let is_next = self.is_keyword(keyword);
        if is_next {
            self.advance();
        }
        is_next
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.next(), Token::Symbol(next) if *next == symbol);
        if is_next {
            self.advance();
        }
        is_next
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), Reported> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected(&[keyword])) }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), Reported> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(&["an operator", &format!("`{symbol}`")]))
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        self.diagnostics.push(diagnostic);
        Reported
    }

    /// Reports the current word as one that does not belong there.
    fn unexpected(&mut self, expected: &[&str]) -> Reported {
        let span = self.span();
        let word = self.word();
        let diagnostic = match self.next() {
            Token::Invalid => return Reported,
            Token::End => Diagnostic::new(Code::UnexpectedToken, span, "something is missing here")
                .expected(expected),
            Token::Word => {
                let foreign = FOREIGN.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
                match foreign {
                    Some((name, help)) => {
                        let message = format!("AWS IoT SQL has no `{name}`");
                        Diagnostic::new(Code::NotInLanguage, span, message).help(*help)
                    }
                    None => {
                        let message = format!("`{word}` does not belong here");
                        Diagnostic::new(Code::UnexpectedToken, span, message).expected(expected)
                    }
                }
            }
            _ => {
                let message = format!("`{word}` does not belong here");
                Diagnostic::new(Code::UnexpectedToken, span, message).expected(expected)
            }
        };
        self.report(diagnostic)
    }

    /// Moves to the next comma outside of the brackets opened since the word `start`, to the end of
    /// a nested SELECT, or to the first of `keywords`.
    fn recover(&mut self, start: usize, keywords: &[&str]) {
        let mut open = 0_usize;
        for lexeme in &self.words[start..self.at] {
            match lexeme.token {
                Token::Symbol("(" | "[" | "{") => open += 1,
                Token::Symbol(")" | "]" | "}") => open = open.saturating_sub(1),
                _ => {}
            }
        }
        loop {
            match self.next() {
                Token::End => return,
                Token::Symbol("(" | "[" | "{") => open += 1,
                Token::Symbol(")") if open == 0 && self.nesting > 0 => return,
                Token::Symbol(")" | "]" | "}") => open = open.saturating_sub(1),
                Token::Symbol(",") if open == 0 => return,
                Token::Word if open == 0 && keywords.iter().any(|word| self.is_keyword(word)) => {
                    return;
                }
                _ => {}
            }
            self.advance();
        }
    }

    fn statement(&mut self) -> Option<Statement> {
        let variables = self.assignments();
        let select = match self.expect_keyword("SELECT") {
            Ok(()) => self.select(),
            Err(Reported) => {
                self.recover(self.at, &["FROM", "WHERE"]);
                None
            }
        };
        let (mut from, mut from_span) = (None, 0..0);
        if self.take_keyword("FROM") {
            let start = self.span().start;
            from = self.topic_filter();
            from_span = start..self.previous_end();
        }
        let mut filter = None;
        let mut is_read = true;
        if self.take_keyword("WHERE") {
            filter = self.expr().ok();
            is_read = filter.is_some();
        }
        if is_read && *self.next() != Token::End {
            let expected: &[&str] = match (&filter, &from) {
                (Some(_), _) => &["an operator", "the end of the statement"],
                (None, Some(_)) => &["WHERE", "the end of the statement"],
                (None, None) => &["`,`", "AS", "FROM", "WHERE"],
            };
            self.unexpected(expected);
        }
        Some(Statement { variables, select: select?, from, from_span, filter })
    }

    fn assignments(&mut self) -> Vec<Assignment> {
        let mut variables = Vec::new();
        if !self.take_keyword("SET") {
            return variables;
        }
        loop {
            let start = self.at;
            match self.assignment() {
                Ok(assignment) => variables.push(assignment),
                Err(Reported) => self.recover(start, &["SELECT"]),
            }
            if !self.take_symbol(",") {
                return variables;
            }
        }
    }

    fn assignment(&mut self) -> Result<Assignment, Reported> {
        if *self.next() != Token::Variable {
            return Err(self.unexpected(&["a variable such as @name"]));
        }
        let name_span = self.span();
        let name = self.word()[1..].to_owned();
        self.advance();
        self.expect_symbol("=")?;
        Ok(Assignment { name, name_span, expr: self.expr()? })
    }

    /// What follows SELECT, without the columns that were wrong; `None` if nothing remains.
    fn select(&mut self) -> Option<Select> {
        if self.is_value_form() {
            self.advance();
            let start = self.at;
            let value = self.item_expr();
            if value.is_err() {
                self.recover(start, &["FROM", "WHERE"]);
            }
            if value.is_ok() && matches!(self.next(), Token::Symbol(",")) {
                let message = "SELECT VALUE takes one expression";
                let help = "write SELECT VALUE [a, b] for an array, SELECT a, b for an object";
                let diagnostic = Diagnostic::new(Code::UnexpectedToken, self.span(), message);
                self.report(diagnostic.help(help));
                self.recover(self.at, &["FROM", "WHERE"]);
            }
            return value.ok().map(Select::Value);
        }
        let mut items = Vec::new();
        loop {
            let start = self.at;
            match self.item() {
                Ok(item) => items.push(item),
                Err(Reported) => self.recover(start, &["FROM", "WHERE"]),
            }
            if !self.take_symbol(",") {
                return Some(Select::Items(items));
            }
        }
    }

    /// Whether `VALUE` comes next as a keyword and not as the name of a field.
    fn is_value_form(&self) -> bool {
        if !self.is_keyword("VALUE") {
            return false;
        }
        let is_name = match &self.words[(self.at + 1).min(self.words.len() - 1)].token {
            Token::End => true,
            // `VALUE *`, `VALUE -x`, `VALUE (x)`, `VALUE {...}` and `VALUE [...]` are the keyword.
            Token::Symbol(symbol) => !matches!(*symbol, "*" | "-" | "(" | "{" | "["),
            Token::Word => {
                let words = ["AS", "FROM", "WHERE", "AND", "OR"];
                words.iter().any(|word| self.is_keyword_at(1, word))
            }
            _ => false,
        };
        !is_name
    }

    fn item(&mut self) -> Result<Item, Reported> {
        let start = self.span().start;
        let expr = self.item_expr()?;
        let alias = if self.take_keyword("AS") { Some(self.alias()?) } else { None };
        let span = start..self.previous_end();
        match self.next() {
            Token::End | Token::Symbol("," | ")") => {}
            Token::Word if self.is_keyword("FROM") || self.is_keyword("WHERE") => {}
            _ if alias.is_some() => return Err(self.unexpected(&["`,`", "FROM", "WHERE"])),
            _ => return Err(self.unexpected(&["an operator", "`,`", "AS", "FROM", "WHERE"])),
        }
        Ok(Item { expr, alias, span })
    }

    /// Names joined by dots. Keywords are names here.
    fn alias(&mut self) -> Result<String, Reported> {
        let mut alias = String::new();
        loop {
            if *self.next() != Token::Word {
                return Err(self.unexpected(&["a name"]));
            }
            alias.push_str(self.word());
            self.advance();
            if !self.take_symbol(".") {
                return Ok(alias);
            }
            alias.push('.');
        }
    }

    /// The quoted filter after FROM; `None` if something was wrong with it.
    fn topic_filter(&mut self) -> Option<TopicFilter> {
        let span = self.span();
        let token = self.next().clone();
        match token {
            Token::Text { text, single: true } => {
                self.advance();
                match TopicFilter::parse(&text) {
                    Ok(filter) => Some(filter),
                    Err(error) => {
                        self.report(
                            Diagnostic::new(Code::TopicFilter, span, error.to_string())
                                .expected(&["a topic filter such as 'farmA/sensor/+/data'"]),
                        );
                        None
                    }
                }
            }
            Token::Text { text, single: false } => {
                self.advance();
                self.wrongly_quoted(span, "the topic filter is in double quotes", &text)
            }
            Token::Word | Token::Symbol(_) | Token::Invalid
                if !self.is_keyword("WHERE") && !self.word().starts_with(['\'', '"']) =>
            {
                self.unquoted_filter()
            }
            _ => {
                self.unexpected(&["a topic filter in single quotes"]);
                self.recover(self.at, &["WHERE"]);
                None
            }
        }
    }

    /// Reports a topic filter without its single quotes: what it says is clear nevertheless.
    fn wrongly_quoted(
        &mut self,
        span: std::ops::Range<usize>,
        message: &str,
        written: &str,
    ) -> Option<TopicFilter> {
        let filter = TopicFilter::parse(written).ok();
        let mut diagnostic = Diagnostic::new(Code::TopicFilter, span, message)
            .expected(&["a topic filter in single quotes"])
            .help(format!("write '{written}'"));
        diagnostic.is_tolerable = filter.is_some();
        self.report(diagnostic);
        filter
    }

    /// Reports what looks like a topic filter without quotes, up to the next blank.
    fn unquoted_filter(&mut self) -> Option<TopicFilter> {
        let start = self.span().start;
        self.advance();
        while self.span().start == self.previous_end() && *self.next() != Token::End {
            self.advance();
        }
        let end = self.previous_end();
        let written = &self.text[start..end];
        // A `#` begins no word; its own diagnostic would only repeat this one.
        self.diagnostics.retain(|diagnostic| !(start..end).contains(&diagnostic.span.start));
        self.wrongly_quoted(start..end, "the topic filter is not quoted", written)
    }
}

#[cfg(test)]
mod tests;

//! Expressions, by precedence climbing: `-x` over `* / %` over `+ -` over comparisons over NOT over
//! AND over OR.
//!
//! # Source
//! The service documents no precedence; this is SQL's usual one, and its examples agree.

use super::{Parser, RESERVED, Reported};
use crate::ast::{Expr, Kind, Operator, Query};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::Token;
use crate::value::Value;

/// Brackets, calls and CASEs inside each other. Source: ours; bounds the parser's stack.
const NESTING_MAX: usize = 48;

/// Levels of a syntax tree. Source: ours; bounds the evaluator's stack.
const DEPTH_MAX: usize = 256;

impl Parser<'_> {
    /// An expression of any kind.
    pub(super) fn expr(&mut self) -> Result<Expr, Reported> {
        self.nesting += 1;
        let expr = match self.nesting > NESTING_MAX {
            true => Err(self.too_deep(self.span())),
            false => self.any(),
        };
        self.nesting -= 1;
        expr
    }

    /// A column: an expression or `*`.
    pub(super) fn item_expr(&mut self) -> Result<Expr, Reported> {
        let span = self.span();
        if self.take_symbol("*") {
            return self.node(Kind::Star, span.start, 0);
        }
        self.expr()
    }

    fn too_deep(&mut self, span: std::ops::Range<usize>) -> Reported {
        let diagnostic =
            Diagnostic::new(Code::TooDeep, span, "the expression is nested too deeply")
                .expected(&[&format!("at most {NESTING_MAX} brackets, {DEPTH_MAX} operators")])
                .help("name a part of it with SET");
        self.report(diagnostic)
    }

    /// A tree whose text began at `start` and ends before the current word.
    fn node(&mut self, kind: Kind, start: usize, below: usize) -> Result<Expr, Reported> {
        let span = start..self.previous_end();
        if below >= DEPTH_MAX {
            return Err(self.too_deep(span));
        }
        Ok(Expr { kind, span, depth: below + 1 })
    }

    fn any(&mut self) -> Result<Expr, Reported> {
        self.joined("OR", Self::all, Kind::Any)
    }

    fn all(&mut self) -> Result<Expr, Reported> {
        self.joined("AND", Self::not, Kind::All)
    }

    /// Operands joined by the keyword `word`, as one list: a long chain is not a deep tree.
    fn joined(
        &mut self,
        word: &'static str,
        operand: fn(&mut Self) -> Result<Expr, Reported>,
        kind: fn(Vec<Expr>) -> Kind,
    ) -> Result<Expr, Reported> {
        let first = operand(self)?;
        let start = first.span.start;
        let mut operands = vec![first];
        // `&&` is read as AND after its diagnostic.
        while self.take_keyword(word) || self.take_symbol(word) {
            operands.push(operand(self)?);
        }
        if operands.len() == 1 {
            return Ok(operands.swap_remove(0));
        }
        let below = depth(&operands);
        self.node(kind(operands), start, below)
    }

    fn not(&mut self) -> Result<Expr, Reported> {
        let mut starts = vec![self.span().start];
        while self.take_keyword("NOT") || self.take_symbol("NOT") {
            starts.push(self.span().start);
        }
        let mut expr = self.comparison()?;
        starts.pop();
        for start in starts.into_iter().rev() {
            let below = expr.depth;
            expr = self.node(Kind::Not(Box::new(expr)), start, below)?;
        }
        Ok(expr)
    }

    fn comparison(&mut self) -> Result<Expr, Reported> {
        let left = self.sum()?;
        let Some(operator) = self.take_operator(&COMPARISONS) else { return Ok(left) };
        let right = self.sum()?;
        let expr = self.binary(operator, left, right)?;
        if let Token::Symbol(symbol) = *self.next()
            && COMPARISONS.iter().any(|(text, _)| *text == symbol)
        {
            let diagnostic =
                Diagnostic::new(Code::UnexpectedToken, self.span(), "comparisons do not chain")
                    .expected(&["AND", "OR"])
                    .help("compare twice and join with AND, or use parentheses");
            return Err(self.report(diagnostic));
        }
        Ok(expr)
    }

    fn sum(&mut self) -> Result<Expr, Reported> {
        let mut left = self.product()?;
        while let Some(operator) = self.take_operator(&SUMS) {
            let right = self.product()?;
            left = self.binary(operator, left, right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, Reported> {
        let mut left = self.unary()?;
        while let Some(operator) = self.take_operator(&PRODUCTS) {
            let right = self.unary()?;
            left = self.binary(operator, left, right)?;
        }
        Ok(left)
    }

    fn take_operator(&mut self, table: &[(&str, Operator)]) -> Option<Operator> {
        let Token::Symbol(symbol) = *self.next() else { return None };
        let (_, operator) = table.iter().find(|(text, _)| *text == symbol)?;
        self.advance();
        Some(*operator)
    }

    fn binary(&mut self, operator: Operator, left: Expr, right: Expr) -> Result<Expr, Reported> {
        let (start, below) = (left.span.start, left.depth.max(right.depth));
        self.node(Kind::Binary(operator, Box::new(left), Box::new(right)), start, below)
    }

    fn unary(&mut self) -> Result<Expr, Reported> {
        let mut starts = vec![self.span().start];
        while self.take_symbol("-") {
            starts.push(self.span().start);
        }
        let mut expr = self.postfix()?;
        starts.pop();
        for start in starts.into_iter().rev() {
            let below = expr.depth;
            expr = self.node(Kind::Negate(Box::new(expr)), start, below)?;
        }
        Ok(expr)
    }

    fn postfix(&mut self) -> Result<Expr, Reported> {
        let mut expr = self.primary()?;
        let start = expr.span.start;
        loop {
            if self.take_symbol(".") {
                if *self.next() != Token::Word {
                    return Err(self.unexpected(&["a field's name"]));
                }
                let name = self.word().to_owned();
                self.advance();
                let below = expr.depth;
                expr = self.node(Kind::Step(Box::new(expr), name), start, below)?;
            } else if *self.next() == Token::Symbol("[") {
                let place = self.span();
                let of = self.text[start..place.start].trim_end();
                let diagnostic =
                    Diagnostic::new(Code::NotInLanguage, place, "AWS IoT SQL has no `[index]`")
                        .help(format!("write get({of}, index)"));
                self.report(diagnostic);
                self.advance();
                self.expr()?;
                self.expect_symbol("]")?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Reported> {
        let start = self.span().start;
        match self.next().clone() {
            Token::Number(value) => self.leaf(Kind::Literal(value)),
            Token::Text { text, .. } => self.leaf(Kind::Literal(Value::String(text))),
            Token::Variable => {
                let name = self.word()[1..].to_owned();
                self.leaf(Kind::Variable(name))
            }
            Token::Word => self.word_expr(),
            Token::Symbol("(") => self.parenthesised(),
            Token::Symbol("{") => self.object(),
            Token::Symbol("[") => {
                self.advance();
                let elements = self.list("]", Self::expr)?;
                let below = depth(&elements);
                self.node(Kind::Array(elements), start, below)
            }
            _ => Err(self.unexpected(&["an expression"])),
        }
    }

    fn leaf(&mut self, kind: Kind) -> Result<Expr, Reported> {
        let start = self.span().start;
        self.advance();
        self.node(kind, start, 0)
    }

    fn word_expr(&mut self) -> Result<Expr, Reported> {
        let word = self.word();
        for (name, value) in
            [("TRUE", Value::Bool(true)), ("FALSE", Value::Bool(false)), ("NULL", Value::Null)]
        {
            if word.eq_ignore_ascii_case(name) {
                return self.leaf(Kind::Literal(value));
            }
        }
        if self.is_keyword("CASE") {
            return self.case();
        }
        let is_call =
            self.words.get(self.at + 1).is_some_and(|next| next.token == Token::Symbol("("));
        if RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) {
            return Err(self.unexpected(&["an expression"]));
        }
        match (is_call, word.eq_ignore_ascii_case("CAST")) {
            (true, true) => self.cast(),
            (true, false) => self.call(),
            (false, _) => self.leaf(Kind::Name(word.to_owned())),
        }
    }

    /// What follows an opening bracket: entries with commas between, up to `close`.
    fn list<T>(
        &mut self,
        close: &str,
        entry: fn(&mut Self) -> Result<T, Reported>,
    ) -> Result<Vec<T>, Reported> {
        let mut entries = Vec::new();
        if self.take_symbol(close) {
            return Ok(entries);
        }
        loop {
            entries.push(entry(self)?);
            if self.take_symbol(close) {
                return Ok(entries);
            }
            if !self.take_symbol(",") {
                return Err(self.unexpected(&["an operator", "`,`", &format!("`{close}`")]));
            }
        }
    }

    fn call(&mut self) -> Result<Expr, Reported> {
        let name_span = self.span();
        let name = self.word().to_owned();
        self.advance();
        self.advance();
        // `*` is an argument of encode() and alike.
        let arguments = self.list(")", Self::item_expr)?;
        let (start, below) = (name_span.start, depth(&arguments));
        self.node(Kind::Call { name, name_span, arguments }, start, below)
    }

    fn cast(&mut self) -> Result<Expr, Reported> {
        let start = self.span().start;
        self.advance();
        self.advance();
        let operand = Box::new(self.expr()?);
        self.expect_keyword("AS")?;
        if *self.next() != Token::Word {
            return Err(self.unexpected(&["a type such as Int, Decimal, String or Boolean"]));
        }
        let (type_span, type_name) = (self.span(), self.word().to_owned());
        self.advance();
        self.expect_symbol(")")?;
        let below = operand.depth;
        self.node(Kind::Cast { operand, type_name, type_span }, start, below)
    }

    fn parenthesised(&mut self) -> Result<Expr, Reported> {
        let start = self.span().start;
        self.advance();
        if self.is_keyword("SELECT") {
            return self.nested(start);
        }
        let mut expr = self.expr()?;
        self.expect_symbol(")")?;
        expr.span = start..self.previous_end();
        Ok(expr)
    }

    fn nested(&mut self, start: usize) -> Result<Expr, Reported> {
        self.nesting += 1;
        self.advance();
        let query = match self.nesting > NESTING_MAX {
            true => Err(self.too_deep(self.span())),
            false => self.query(),
        };
        self.nesting -= 1;
        let (query, below) = query?;
        self.expect_symbol(")")?;
        self.node(Kind::Nested(Box::new(query)), start, below)
    }

    /// A nested query after its SELECT, and the levels of its deepest part.
    fn query(&mut self) -> Result<(Query, usize), Reported> {
        let errors = self.diagnostics.len();
        let select = self.select().filter(|_| self.diagnostics.len() == errors).ok_or(Reported)?;
        self.expect_keyword("FROM")?;
        let from = self.postfix()?;
        let filter = if self.take_keyword("WHERE") { Some(self.expr()?) } else { None };
        let columns = match &select {
            crate::ast::Select::Value(expr) => expr.depth,
            crate::ast::Select::Items(items) => {
                items.iter().map(|item| item.expr.depth).max().unwrap_or(0)
            }
        };
        let below = columns.max(from.depth).max(filter.as_ref().map_or(0, |filter| filter.depth));
        Ok((Query { select, from, filter }, below))
    }

    fn object(&mut self) -> Result<Expr, Reported> {
        let start = self.span().start;
        self.advance();
        let entries = self.list("}", Self::entry)?;
        let below = entries.iter().map(|(_, expr)| expr.depth).max().unwrap_or(0);
        self.node(Kind::Object(entries), start, below)
    }

    fn entry(&mut self) -> Result<(String, Expr), Reported> {
        let Token::Text { text, .. } = self.next().clone() else {
            return Err(self.unexpected(&["a key in quotes"]));
        };
        self.advance();
        if !self.take_symbol(":") {
            return Err(self.unexpected(&["`:`"]));
        }
        Ok((text, self.expr()?))
    }

    fn case(&mut self) -> Result<Expr, Reported> {
        let start = self.span().start;
        self.advance();
        if self.is_keyword("WHEN") {
            let diagnostic = Diagnostic::new(
                Code::NotInLanguage,
                self.span(),
                "AWS IoT SQL has no CASE without a subject",
            )
            .expected(&["an expression"])
            .help("write CASE true WHEN condition THEN ...");
            return Err(self.report(diagnostic));
        }
        let subject = Box::new(self.expr()?);
        let mut below = subject.depth;
        let mut arms = Vec::new();
        self.expect_keyword("WHEN")?;
        loop {
            let wanted = self.expr()?;
            self.expect_keyword("THEN")?;
            let result = self.expr()?;
            below = below.max(wanted.depth).max(result.depth);
            arms.push((wanted, result));
            if !self.take_keyword("WHEN") {
                break;
            }
        }
        let mut otherwise = None;
        if self.take_keyword("ELSE") {
            let expr = self.expr()?;
            below = below.max(expr.depth);
            otherwise = Some(Box::new(expr));
        }
        if !self.take_keyword("END") {
            return Err(self.unexpected(&["an operator", "WHEN", "ELSE", "END"]));
        }
        self.node(Kind::Case { subject, arms, otherwise }, start, below)
    }
}

/// The levels of the deepest of `exprs`.
fn depth(exprs: &[Expr]) -> usize {
    exprs.iter().map(|expr| expr.depth).max().unwrap_or(0)
}

const COMPARISONS: [(&str, Operator); 6] = [
    ("=", Operator::Equal),
    ("<>", Operator::NotEqual),
    ("<", Operator::Less),
    ("<=", Operator::LessOrEqual),
    (">", Operator::Greater),
    (">=", Operator::GreaterOrEqual),
];

const SUMS: [(&str, Operator); 2] = [("+", Operator::Add), ("-", Operator::Subtract)];

const PRODUCTS: [(&str, Operator); 3] =
    [("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)];

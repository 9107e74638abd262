//! Syntax tree to program: functions, types, variables and versions are resolved or refused.

use crate::ast;
use crate::diagnostic::{Code, Diagnostic};
use crate::functions::{self, Function, Inputs};
use crate::program::{Expr, Item, Program, Query, Select, Type};
use crate::rule::SqlVersion;
use crate::value::Value;
use std::ops::Range;

/// Most SET variables of a statement. Source: developer guide, "SET".
const VARIABLES_MAX: usize = 10;

/// Longest name of a SET variable, in characters. Source: developer guide, "SET".
const VARIABLE_NAME_MAX: usize = 64;

/// Checks a rule without its FROM. What is refused is Undefined in the program.
pub(crate) fn statement(
    text: &str,
    statement: &ast::Statement,
    version: SqlVersion,
) -> (Program, Vec<Diagnostic>) {
    let mut checker = Checker::new(text, version);
    let mut variables = Vec::new();
    for assignment in &statement.variables {
        let expr = checker.expr(&assignment.expr);
        checker.declare(&assignment.name, &assignment.name_span);
        variables.push((assignment.name.as_str().into(), expr));
    }
    if let ast::Select::Value(expr) = &statement.select {
        checker.require_2016("SELECT VALUE", &expr.span);
    }
    let select = checker.select(&statement.select);
    let filter = statement.filter.as_ref().map(|filter| checker.expr(filter));
    checker.finish(Program { variables: variables.into(), select, filter })
}

/// Checks an expression by itself, or with the names of SET variables.
pub(crate) fn expression(
    text: &str,
    expr: &ast::Expr,
    version: SqlVersion,
    variables: &[&str],
) -> (Expr, Vec<Diagnostic>) {
    let mut checker = Checker { variables: variables.to_vec(), ..Checker::new(text, version) };
    let expr = checker.expr(expr);
    checker.finish(expr)
}

struct Checker<'a> {
    text: &'a str,
    version: SqlVersion,
    /// Names of the SET variables declared so far, in order.
    variables: Vec<&'a str>,
    /// Functions called so far.
    calls: Vec<&'static str>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    const fn new(text: &'a str, version: SqlVersion) -> Self {
        Self { text, version, variables: Vec::new(), calls: Vec::new(), diagnostics: Vec::new() }
    }

    fn finish<T>(mut self, program: T) -> (T, Vec<Diagnostic>) {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        (program, self.diagnostics)
    }

    /// Everything reported here leaves a program that can be evaluated, but for a variable of two
    /// values and a call that the service answers by running no action.
    fn report(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.is_tolerable =
            !matches!(diagnostic.code, Code::DuplicateVariable | Code::CallLimit);
        self.diagnostics.push(diagnostic);
    }

    fn declare(&mut self, name: &'a str, span: &Range<usize>) {
        if self.variables.contains(&name) {
            let message = format!("@{name} is set twice");
            self.report(Diagnostic::new(Code::DuplicateVariable, span.clone(), message));
            return;
        }
        if name.len() > VARIABLE_NAME_MAX {
            let message = format!("the name has {} characters", name.len());
            let limit = format!("at most {VARIABLE_NAME_MAX}");
            self.report(
                Diagnostic::new(Code::VariableLimit, span.clone(), message).expected(&[&limit]),
            );
        }
        if self.variables.len() == VARIABLES_MAX {
            let limit = format!("at most {VARIABLES_MAX} variables");
            self.report(
                Diagnostic::new(Code::VariableLimit, span.clone(), "SET has too many variables")
                    .expected(&[&limit]),
            );
        }
        self.variables.push(name);
    }

    /// Refuses what only 2016-03-23 has.
    fn require_2016(&mut self, what: &str, span: &Range<usize>) {
        if self.version < SqlVersion::V2016_03_23 {
            let message = format!("SQL version 2015-10-08 has no {what}");
            self.report(
                Diagnostic::new(Code::Version, span.clone(), message)
                    .help("set awsIotSqlVersion to 2016-03-23; without it a rule is 2015-10-08"),
            );
        }
    }

    fn select(&mut self, select: &'a ast::Select) -> Select {
        match select {
            ast::Select::Value(expr) => Select::Value(self.expr(expr)),
            ast::Select::Items(items) => {
                Select::Items(items.iter().map(|item| self.item(item)).collect())
            }
        }
    }

    fn item(&mut self, item: &'a ast::Item) -> Item {
        if let (ast::Kind::Star, None) = (&item.expr.kind, &item.alias) {
            return Item::All;
        }
        let key: Box<str> = match (&item.alias, &item.expr.kind) {
            (Some(alias), _) => alias.as_str().into(),
            (None, ast::Kind::Name(name) | ast::Kind::Step(_, name)) => name.as_str().into(),
            (None, _) => self.text[item.expr.span.clone()].into(),
        };
        Item::Named(key, self.expr(&item.expr))
    }

    fn exprs(&mut self, exprs: &'a [ast::Expr]) -> Box<[Expr]> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn boxed(&mut self, expr: &'a ast::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn expr(&mut self, expr: &'a ast::Expr) -> Expr {
        let span = &expr.span;
        match &expr.kind {
            ast::Kind::Literal(value) => Expr::Constant(value.clone()),
            ast::Kind::Star => Expr::Star,
            ast::Kind::Name(name) => Expr::Path(Box::new([name.as_str().into()])),
            ast::Kind::Variable(name) => self.variable(name, span),
            ast::Kind::Step(base, name) => match self.expr(base) {
                Expr::Path(steps) => {
                    let name = std::iter::once(name.as_str().into());
                    Expr::Path(steps.into_vec().into_iter().chain(name).collect())
                }
                base => Expr::Step(Box::new(base), name.as_str().into()),
            },
            ast::Kind::Negate(operand) => match self.expr(operand) {
                Expr::Constant(Value::Int(int)) => Expr::Constant(Value::Int(-int)),
                Expr::Constant(Value::Decimal(number)) => {
                    Expr::Constant(Value::Decimal(number.negated()))
                }
                operand => Expr::Negate(Box::new(operand)),
            },
            ast::Kind::Not(operand) => Expr::Not(self.boxed(operand)),
            ast::Kind::All(operands) => Expr::All(self.exprs(operands)),
            ast::Kind::Any(operands) => Expr::Any(self.exprs(operands)),
            ast::Kind::Binary(operator, left, right) => {
                Expr::Binary(*operator, self.boxed(left), self.boxed(right))
            }
            ast::Kind::Call { name, name_span, arguments } => {
                self.call(name, name_span, span, arguments)
            }
            ast::Kind::Cast { operand, type_name, type_span } => {
                let operand = self.boxed(operand);
                match self.cast_type(type_name, type_span) {
                    Some(into) => Expr::Cast(operand, into),
                    None => Expr::Constant(Value::Undefined),
                }
            }
            ast::Kind::Object(entries) => {
                self.require_2016("object literals", span);
                let entries =
                    entries.iter().map(|(key, expr)| (key.as_str().into(), self.expr(expr)));
                Expr::Object(entries.collect())
            }
            ast::Kind::Array(elements) => {
                self.require_2016("array literals", span);
                Expr::Array(self.exprs(elements))
            }
            ast::Kind::Case { subject, arms, otherwise } => Expr::Case {
                subject: self.boxed(subject),
                arms: arms.iter().map(|(when, then)| (self.expr(when), self.expr(then))).collect(),
                otherwise: otherwise.as_ref().map(|expr| self.boxed(expr)),
            },
            ast::Kind::Nested(query) => {
                self.require_2016("nested SELECT", span);
                Expr::Nested(Box::new(Query {
                    from: self.expr(&query.from),
                    select: self.select(&query.select),
                    filter: query.filter.as_ref().map(|filter| self.expr(filter)),
                }))
            }
        }
    }

    fn variable(&mut self, name: &str, span: &Range<usize>) -> Expr {
        if let Some(position) = self.variables.iter().position(|declared| *declared == name) {
            return Expr::Variable(position);
        }
        let declared: Vec<String> = self.variables.iter().map(|name| format!("@{name}")).collect();
        let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
        let message = format!("@{name} is not set at this point");
        self.report(
            Diagnostic::new(Code::UndeclaredVariable, span.clone(), message)
                .expected(&declared)
                .help(format!("begin the statement with SET @{name} = ...")),
        );
        Expr::Constant(Value::Undefined)
    }

    fn cast_type(&mut self, name: &str, span: &Range<usize>) -> Option<Type> {
        let found = TYPES.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known));
        let Some((_, cast_type, since)) = found else {
            let known: Vec<&str> = TYPES.iter().map(|(known, ..)| *known).collect();
            let message = format!("`{name}` is no type to cast to");
            self.report(Diagnostic::new(Code::UnknownType, span.clone(), message).expected(&known));
            return None;
        };
        if self.version < *since {
            self.require_2016(&format!("cast to {name}"), span);
        }
        Some(*cast_type)
    }

    fn call(
        &mut self,
        name: &str,
        name_span: &Range<usize>,
        span: &Range<usize>,
        arguments: &'a [ast::Expr],
    ) -> Expr {
        let checked = self.exprs(arguments);
        let Some(function) = functions::find(name) else {
            self.unknown_function(name, name_span);
            return Expr::Constant(Value::Undefined);
        };
        if self.version < function.since {
            self.require_2016(&format!("{}()", function.name), name_span);
        }
        if !function.accepts(arguments.len()) {
            let message = format!("{}() is called with {}", function.name, arguments.len());
            self.report(
                Diagnostic::new(Code::ArgumentCount, span.clone(), message + " arguments")
                    .expected(&[&function.counts()]),
            );
            return Expr::Constant(Value::Undefined);
        }
        self.check_words(function, arguments);
        if function.is_single && self.calls.contains(&function.name) {
            let message = format!("a statement calls {}() once at most", function.name);
            self.report(
                Diagnostic::new(Code::CallLimit, name_span.clone(), message)
                    .help("AWS runs no action for such a rule; SET a variable to the first call"),
            );
        }
        self.calls.push(function.name);
        match Inputs::new(function, checked, self.calls.len() as u32) {
            Ok(inputs) => Expr::Call(function, inputs),
            Err(reason) => {
                self.report(Diagnostic::new(Code::Unsupported, span.clone(), reason));
                Expr::Constant(Value::Undefined)
            }
        }
    }

    /// Refuses constant arguments that the function does not know.
    fn check_words(&mut self, function: &Function, arguments: &[ast::Expr]) {
        for (position, words) in function.words {
            let Some(argument) = arguments.get(*position) else { continue };
            let ast::Kind::Literal(value) = &argument.kind else { continue };
            if value.as_str().is_none_or(|text| !words.contains(&text)) {
                let expected: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
                let message = format!("{}() does not know this mode", function.name);
                self.report(
                    Diagnostic::new(Code::Argument, argument.span.clone(), message)
                        .expected(&expected),
                );
            }
        }
    }

    fn unknown_function(&mut self, name: &str, span: &Range<usize>) {
        let lower = name.to_ascii_lowercase();
        let absent = functions::ABSENT.iter().find(|absent| absent.name == lower);
        let diagnostic = if let Some(absent) = absent {
            let message = format!("{lower}() is not supported by this engine");
            Diagnostic::new(Code::Unsupported, span.clone(), message).help(absent.reason)
        } else {
            let diagnostic = Diagnostic::new(
                Code::UnknownFunction,
                span.clone(),
                format!("AWS IoT SQL has no function `{name}`"),
            );
            match functions::similar(&lower) {
                _ if AGGREGATES.contains(&&*lower) => {
                    diagnostic.help("a rule sees one message at a time")
                }
                Some(similar) => diagnostic.help(format!("did you mean {similar}()?")),
                None => diagnostic,
            }
        };
        self.report(diagnostic);
    }
}

/// What other dialects compute over many rows.
const AGGREGATES: [&str; 5] = ["avg", "count", "max", "min", "sum"];

/// The type names of CAST, and since when it knows them.
const TYPES: [(&str, Type, SqlVersion); 11] = [
    ("Int", Type::Int, SqlVersion::V2015_10_08),
    ("Integer", Type::Int, SqlVersion::V2015_10_08),
    ("Double", Type::Double, SqlVersion::V2015_10_08),
    ("Decimal", Type::Decimal, SqlVersion::V2016_03_23),
    ("Bool", Type::Bool, SqlVersion::V2016_03_23),
    ("Boolean", Type::Bool, SqlVersion::V2016_03_23),
    ("String", Type::String, SqlVersion::V2015_10_08),
    ("Nvarchar", Type::String, SqlVersion::V2015_10_08),
    ("Text", Type::String, SqlVersion::V2015_10_08),
    ("Ntext", Type::String, SqlVersion::V2015_10_08),
    ("Varchar", Type::String, SqlVersion::V2015_10_08),
];

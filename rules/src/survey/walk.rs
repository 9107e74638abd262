//! One walk over the syntax tree.

use super::{
    Call, Clause, Comparison, Condition, Division, GUARDS, Operand, OutputKey, Path, Read, Survey,
    Term, Type,
};
use crate::ast::{Expr, Kind, Operator, Query, Select, Statement};
use crate::context::Context;
use crate::functions;
use crate::rule::{Rule, SqlVersion};
use crate::value::Value;
use fieldmirror_core::time::Timestamp;

pub(super) fn statement(statement: &Statement, text: &str, version: SqlVersion) -> Survey {
    let mut walk = Walk {
        text,
        version,
        survey: Survey {
            from: statement.from.as_ref().map(|filter| filter.as_str().to_owned()),
            selects_all: false,
            reads: Vec::new(),
            comparisons: Vec::new(),
            calls: Vec::new(),
            divisions: Vec::new(),
            outputs: Vec::new(),
            condition: None,
        },
        variables: Vec::new(),
        clause: Clause::Set,
        base: Vec::new(),
        guarded: false,
    };
    for assignment in &statement.variables {
        walk.expr(&assignment.expr);
        let operand = walk.operand(&assignment.expr);
        walk.variables.push((&assignment.name, operand));
    }
    walk.clause = Clause::Select;
    walk.outputs(&statement.select);
    walk.select(&statement.select);
    walk.clause = Clause::Where;
    if let Some(filter) = &statement.filter {
        walk.expr(filter);
        walk.survey.condition = Some(walk.condition(filter));
    }
    walk.survey
}

struct Walk<'a> {
    text: &'a str,
    version: SqlVersion,
    survey: Survey,
    /// SET variables so far, each with what it is.
    variables: Vec<(&'a str, Operand)>,
    clause: Clause,
    /// Where names lead from: empty, or the elements of a nested SELECT.
    base: Vec<String>,
    /// Whether the current expression is an argument of a guard.
    guarded: bool,
}

impl<'a> Walk<'a> {
    fn outputs(&mut self, select: &Select) {
        let Select::Items(items) = select else { return };
        for item in items {
            let (key, is_text) = match (&item.alias, &item.expr.kind) {
                (None, Kind::Star) => {
                    self.survey.selects_all = true;
                    continue;
                }
                (Some(alias), _) => (alias.clone(), false),
                (None, Kind::Name(name) | Kind::Step(_, name)) => (name.clone(), false),
                (None, _) => (self.text[item.expr.span.clone()].to_owned(), true),
            };
            self.survey.outputs.push(OutputKey { key, is_text, span: item.expr.span.clone() });
        }
    }

    fn select(&mut self, select: &'a Select) {
        match select {
            Select::Value(expr) => self.expr(expr),
            Select::Items(items) => items.iter().for_each(|item| self.expr(&item.expr)),
        }
    }

    fn exprs(&mut self, exprs: &'a [Expr]) {
        exprs.iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &'a Expr) {
        if let Some(path) = self.path(expr) {
            let span = expr.span.clone();
            let read = Read { path, clause: self.clause, guarded: self.guarded, span };
            self.survey.reads.push(read);
            return;
        }
        match &expr.kind {
            Kind::Literal(_) | Kind::Star | Kind::Name(_) | Kind::Variable(_) => {}
            Kind::Step(inner, _) | Kind::Negate(inner) | Kind::Not(inner) => self.expr(inner),
            Kind::Cast { operand, .. } => self.expr(operand),
            Kind::All(parts) | Kind::Any(parts) | Kind::Array(parts) => self.exprs(parts),
            Kind::Object(entries) => entries.iter().for_each(|(_, expr)| self.expr(expr)),
            Kind::Binary(operator, left, right) => {
                self.binary(expr, *operator, left, right);
                self.expr(left);
                self.expr(right);
            }
            Kind::Call { name, arguments, .. } => self.call(expr, name, arguments),
            Kind::Case { subject, arms, otherwise } => {
                self.expr(subject);
                for (when, then) in arms {
                    self.expr(when);
                    self.expr(then);
                }
                otherwise.iter().for_each(|expr| self.expr(expr));
            }
            Kind::Nested(query) => self.nested(query),
        }
    }

    fn nested(&mut self, query: &'a Query) {
        self.expr(&query.from);
        let mut base = match self.path(&query.from) {
            Some(path) => path.0,
            None => vec!["(...)".to_owned()],
        };
        base.push("[]".to_owned());
        let outer = std::mem::replace(&mut self.base, base);
        self.select(&query.select);
        query.filter.iter().for_each(|filter| self.expr(filter));
        self.base = outer;
    }

    fn call(&mut self, expr: &Expr, name: &str, arguments: &'a [Expr]) {
        let name = name.to_ascii_lowercase();
        let guards = GUARDS.contains(&name.as_str());
        self.survey.calls.push(Call {
            arguments: arguments.iter().map(|argument| self.operand(argument)).collect(),
            clause: self.clause,
            span: expr.span.clone(),
            name,
        });
        let outer = std::mem::replace(&mut self.guarded, guards);
        self.exprs(arguments);
        self.guarded = outer;
    }

    fn binary(&mut self, expr: &Expr, operator: Operator, left: &Expr, right: &Expr) {
        if let Some(comparison) = self.comparison(expr) {
            self.survey.comparisons.push(comparison);
        }
        if operator == Operator::Divide {
            let stands_alone = self.base.is_empty() && !mentions_variable(expr);
            self.survey.divisions.push(Division {
                dividend: self.operand(left),
                divisor: self.operand(right),
                stands_alone,
                span: expr.span.clone(),
                dividend_span: left.span.clone(),
                divisor_span: right.span.clone(),
            });
        }
    }

    fn comparison(&self, expr: &Expr) -> Option<Comparison> {
        let Kind::Binary(operator, left, right) = &expr.kind else { return None };
        Some(Comparison {
            left: self.operand(left),
            operator: comparator(*operator)?,
            right: self.operand(right),
            clause: self.clause,
            nested: !self.base.is_empty(),
            span: expr.span.clone(),
            right_span: right.span.clone(),
            left_span: left.span.clone(),
        })
    }

    /// The payload path that an expression is, through variables.
    fn path(&self, expr: &Expr) -> Option<Path> {
        match &expr.kind {
            Kind::Name(name) => {
                let mut steps = self.base.clone();
                steps.push(name.clone());
                Some(Path(steps))
            }
            Kind::Step(inner, name) => {
                let mut path = self.path(inner)?;
                path.0.push(name.clone());
                Some(path)
            }
            Kind::Variable(name) => match self.variable(name)? {
                Operand::Path(path) => Some(path.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn variable(&self, name: &str) -> Option<&Operand> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, operand)| operand)
    }

    fn operand(&self, expr: &Expr) -> Operand {
        if let Some(path) = self.path(expr) {
            return Operand::Path(path);
        }
        match &expr.kind {
            Kind::Literal(value) => Operand::Literal(value.clone()),
            Kind::Negate(inner) => match self.operand(inner) {
                Operand::Literal(_) => {
                    self.constant(expr).map_or(Operand::Unknown, Operand::Literal)
                }
                _ => Operand::Computed(Type::Number),
            },
            Kind::Variable(name) => self.variable(name).cloned().unwrap_or(Operand::Unknown),
            Kind::Not(_) | Kind::All(_) | Kind::Any(_) => Operand::Computed(Type::Truth),
            Kind::Binary(operator, left, right) => match operator {
                Operator::Add => self.sum(left, right),
                Operator::Subtract
                | Operator::Multiply
                | Operator::Divide
                | Operator::Remainder => Operand::Computed(Type::Number),
                _ => Operand::Computed(Type::Truth),
            },
            Kind::Call { name, .. } => {
                let name = name.to_ascii_lowercase();
                let listed = |list: &[&str]| list.contains(&name.as_str());
                match () {
                    () if listed(&TEXT_FUNCTIONS) => Operand::Computed(Type::Text),
                    () if listed(&NUMBER_FUNCTIONS) => Operand::Computed(Type::Number),
                    () if listed(&TRUTH_FUNCTIONS) => Operand::Computed(Type::Truth),
                    () => Operand::Unknown,
                }
            }
            _ => Operand::Unknown,
        }
    }

    fn sum(&self, left: &Expr, right: &Expr) -> Operand {
        match (self.operand(left).type_of(), self.operand(right).type_of()) {
            (Some(Type::Text), _) | (_, Some(Type::Text)) => Operand::Computed(Type::Text),
            (Some(Type::Number), Some(Type::Number)) => Operand::Computed(Type::Number),
            _ => Operand::Unknown,
        }
    }

    fn condition(&self, expr: &Expr) -> Condition {
        let span = expr.span.clone();
        match &expr.kind {
            Kind::All(parts) => {
                Condition::All(parts.iter().map(|part| self.condition(part)).collect(), span)
            }
            Kind::Any(parts) => {
                Condition::Any(parts.iter().map(|part| self.condition(part)).collect(), span)
            }
            Kind::Not(inner) => Condition::Not(Box::new(self.condition(inner)), span),
            _ => {
                let mut needs = Vec::new();
                self.needs(expr, &mut needs);
                Condition::Term(Term {
                    span,
                    needs,
                    asks: self.asks(expr),
                    comparison: self.comparison(expr),
                    constant: self.constant(expr),
                })
            }
        }
    }

    fn asks(&self, expr: &Expr) -> Option<Path> {
        match &expr.kind {
            Kind::Call { name, arguments, .. }
                if ["isundefined", "isnull"].contains(&name.to_ascii_lowercase().as_str()) =>
            {
                self.path(arguments.first()?)
            }
            _ => None,
        }
    }

    /// Paths without which the expression is Undefined, as far as operators tell: a function may
    /// have a value for what is missing, unless it is known to have none.
    fn needs(&self, expr: &Expr, paths: &mut Vec<Path>) {
        if let Some(path) = self.path(expr) {
            paths.push(path);
            return;
        }
        match &expr.kind {
            Kind::Step(inner, _) | Kind::Negate(inner) | Kind::Not(inner) => {
                self.needs(inner, paths);
            }
            Kind::Cast { operand, .. } => self.needs(operand, paths),
            Kind::All(parts) | Kind::Any(parts) => {
                parts.iter().for_each(|part| self.needs(part, paths));
            }
            Kind::Binary(_, left, right) => {
                self.needs(left, paths);
                self.needs(right, paths);
            }
            Kind::Call { name, arguments, .. } => {
                let name = name.to_ascii_lowercase();
                let strict = [&TEXT_FUNCTIONS[..], &NUMBER_FUNCTIONS, &STRICT_TRUTH_FUNCTIONS];
                if strict.iter().any(|list| list.contains(&name.as_str())) {
                    arguments.iter().for_each(|argument| self.needs(argument, paths));
                }
            }
            Kind::Case { subject, .. } => self.needs(subject, paths),
            _ => {}
        }
    }

    /// The value of an expression that depends on no message and no circumstance.
    fn constant(&self, expr: &Expr) -> Option<Value> {
        if !is_constant(expr) {
            return None;
        }
        let sql = format!("SELECT ({}) AS v FROM 'constant'", &self.text[expr.span.clone()]);
        let rule = Rule::compile(&sql, self.version).ok()?;
        let context = Context::new("constant", Timestamp::from_millis(0));
        let output = rule.evaluate(&Value::Null, &context).ok()??;
        Some(output.get("v").cloned().unwrap_or(Value::Undefined))
    }
}

fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Literal(_) => true,
        Kind::Star | Kind::Name(_) | Kind::Variable(_) | Kind::Nested(_) => false,
        Kind::Step(inner, _) | Kind::Negate(inner) | Kind::Not(inner) => is_constant(inner),
        Kind::Cast { operand, .. } => is_constant(operand),
        Kind::All(parts) | Kind::Any(parts) | Kind::Array(parts) => parts.iter().all(is_constant),
        Kind::Object(entries) => entries.iter().all(|(_, expr)| is_constant(expr)),
        Kind::Binary(_, left, right) => is_constant(left) && is_constant(right),
        Kind::Call { name, arguments, .. } => {
            functions::find(name).is_some_and(|function| !function.reads_context)
                && arguments.iter().all(is_constant)
        }
        Kind::Case { subject, arms, otherwise } => {
            is_constant(subject)
                && arms.iter().all(|(when, then)| is_constant(when) && is_constant(then))
                && otherwise.as_deref().is_none_or(is_constant)
        }
    }
}

fn mentions_variable(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Variable(_) => true,
        Kind::Literal(_) | Kind::Star | Kind::Name(_) => false,
        Kind::Step(inner, _) | Kind::Negate(inner) | Kind::Not(inner) => mentions_variable(inner),
        Kind::Cast { operand, .. } => mentions_variable(operand),
        Kind::All(parts) | Kind::Any(parts) | Kind::Array(parts) => {
            parts.iter().any(mentions_variable)
        }
        Kind::Object(entries) => entries.iter().any(|(_, expr)| mentions_variable(expr)),
        Kind::Binary(_, left, right) => mentions_variable(left) || mentions_variable(right),
        Kind::Call { arguments, .. } => arguments.iter().any(mentions_variable),
        // Rare enough in a quotient to be left to the careful side.
        Kind::Case { .. } | Kind::Nested(_) => true,
    }
}

const fn comparator(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Equal => Some("="),
        Operator::NotEqual => Some("<>"),
        Operator::Less => Some("<"),
        Operator::LessOrEqual => Some("<="),
        Operator::Greater => Some(">"),
        Operator::GreaterOrEqual => Some(">="),
        _ => None,
    }
}

/// Functions that are Undefined or text.
const TEXT_FUNCTIONS: [&str; 26] = [
    "accountid",
    "chr",
    "clientid",
    "lower",
    "lpad",
    "ltrim",
    "md2",
    "md5",
    "newuuid",
    "parse_time",
    "principal",
    "regexp_replace",
    "regexp_substr",
    "replace",
    "rpad",
    "rtrim",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sql_version",
    "substring",
    "topic",
    "trim",
    "upper",
];

/// Functions that are Undefined or a number.
const NUMBER_FUNCTIONS: [&str; 33] = [
    "abs",
    "acos",
    "asin",
    "atan",
    "atan2",
    "bitand",
    "bitnot",
    "bitor",
    "bitxor",
    "ceil",
    "cos",
    "cosh",
    "exp",
    "floor",
    "indexof",
    "length",
    "ln",
    "log",
    "mod",
    "numbytes",
    "power",
    "rand",
    "remainder",
    "round",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "time_to_epoch",
    "timestamp",
    "trunc",
];

/// Functions that are Undefined, true or false.
const TRUTH_FUNCTIONS: [&str; 5] =
    ["isundefined", "isnull", "startswith", "endswith", "regexp_matches"];

/// Those of them that are Undefined if an argument is.
const STRICT_TRUTH_FUNCTIONS: [&str; 3] = ["startswith", "endswith", "regexp_matches"];

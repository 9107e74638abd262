//! A checked WHERE to an expression over columns.

use super::threshold::Range;
use super::{ColumnFilter, ColumnKind, FALSE, Node, TRUE, UNDEFINED};
use crate::ast::Operator;
use crate::bound::condition::{fixed_operand, mirrored, over};
use crate::program::Expr;
use crate::rule::{Rule, SqlVersion};
use crate::value::{Object, Value};

/// What `kind` says of columns, and which were asked for.
struct Compiler<'a> {
    version: SqlVersion,
    kind: &'a dyn Fn(&str) -> Option<ColumnKind>,
    columns: Vec<String>,
}

/// The rule's WHERE, if columns can answer it.
pub(super) fn filter(
    rule: &Rule,
    kind: &dyn Fn(&str) -> Option<ColumnKind>,
) -> Option<ColumnFilter> {
    let mut compiler = Compiler { version: rule.version(), kind, columns: Vec::new() };
    let program = rule.program();
    if !program.variables.is_empty() {
        return None;
    }
    let node = match &program.filter {
        Some(filter) => compiler.node(filter)?,
        None => Node::Fixed(TRUE),
    };
    Some(ColumnFilter { version: rule.version(), columns: compiler.columns, node })
}

/// The state of a WHERE term over a payload.
pub(super) fn state(expr: &Expr, payload: &Value, version: SqlVersion) -> u8 {
    of_truth(over(expr, payload, version).to_bool())
}

fn of_truth(truth: Option<bool>) -> u8 {
    truth.map_or(UNDEFINED, u8::from)
}

/// What an expression reads.
enum Reads {
    /// Nothing that varies.
    Nothing,
    /// One column and nothing else.
    One(String, ColumnKind),
    /// More, or what no column holds.
    More,
}

impl Compiler<'_> {
    fn node(&mut self, expr: &Expr) -> Option<Node> {
        match self.reads(expr) {
            Reads::Nothing => {
                let empty = Value::Object(Object::new());
                return Some(Node::Fixed(state(expr, &empty, self.version)));
            }
            Reads::One(name, ColumnKind::Text | ColumnKind::Bool) => {
                let column = self.column(&name);
                return Some(Node::Words { column, expr: expr.clone() });
            }
            Reads::One(name, ColumnKind::Int64 | ColumnKind::Float64 | ColumnKind::Float32) => {
                if let Some(node) = self.presence(expr, &name) {
                    return Some(node);
                }
            }
            Reads::One(_, ColumnKind::Other) | Reads::More => {}
        }
        match expr {
            Expr::Not(operand) => Some(Node::Not(Box::new(self.node(operand)?))),
            Expr::All(operands) => Some(Node::All(self.nodes(operands)?)),
            Expr::Any(operands) => Some(Node::Any(self.nodes(operands)?)),
            Expr::Binary(operator, left, right) => self.compare(*operator, left, right),
            _ => None,
        }
    }

    fn nodes(&mut self, operands: &[Expr]) -> Option<Vec<Node>> {
        operands.iter().map(|operand| self.node(operand)).collect()
    }

    /// `isNull(column)`, `isUndefined(column)` and a bare column of numbers: only whether the
    /// value is there matters.
    fn presence(&mut self, expr: &Expr, name: &str) -> Option<Node> {
        let is_bare = matches!(expr, Expr::Path(_));
        let is_test = matches!(expr, Expr::Call(function, arguments)
            if matches!(function.name, "isNull" | "isUndefined")
                && matches!(**arguments, [Expr::Path(_)]));
        if !is_bare && !is_test {
            return None;
        }
        let there = [(name, Value::Int(0))].into_iter().collect();
        let is = state(expr, &Value::Object(there), self.version);
        let otherwise = state(expr, &Value::Object(Object::new()), self.version);
        let column = self.column(name);
        Some(Node::Present { column, is, otherwise })
    }

    /// A column of numbers against a constant.
    fn compare(&mut self, operator: Operator, left: &Expr, right: &Expr) -> Option<Node> {
        mirrored(operator)?;
        let constant = |expr: &Expr| {
            let empty = Value::Object(Object::new());
            over(expr, &empty, self.version)
        };
        let (name, operator, constant) = match (self.number(left), self.number(right)) {
            (Some(name), None) if self.is_constant(right) => (name, operator, constant(right)),
            (None, Some(name)) if self.is_constant(left) => {
                (name, mirrored(operator)?, constant(left))
            }
            _ => return None,
        };
        let column = self.column(&name);
        Some(match fixed_operand(operator, &constant) {
            Ok(decimal) => Node::Number {
                column,
                range: Range::new(operator, decimal),
                inside: operator != Operator::NotEqual,
            },
            Err(truth) => Node::Present { column, is: of_truth(truth), otherwise: UNDEFINED },
        })
    }

    fn is_constant(&self, expr: &Expr) -> bool {
        matches!(self.reads(expr), Reads::Nothing)
    }

    /// The column of numbers that this is and nothing else.
    fn number(&self, expr: &Expr) -> Option<String> {
        let Expr::Path(steps) = expr else { return None };
        let [name] = &**steps else { return None };
        let kind = (self.kind)(name)?;
        let is_number =
            matches!(kind, ColumnKind::Int64 | ColumnKind::Float64 | ColumnKind::Float32);
        is_number.then(|| name.to_string())
    }

    fn reads(&self, expr: &Expr) -> Reads {
        let mut one: Option<(String, ColumnKind)> = None;
        let more = expr.any(&mut |expr| match expr {
            Expr::Path(steps) => match (self.kind)(&steps[0]) {
                None => false,
                Some(ColumnKind::Other) => true,
                // A column holds no object: what lies below it is Undefined.
                Some(_) if steps.len() > 1 => false,
                Some(kind) => match &one {
                    Some((name, _)) => **name != *steps[0],
                    None => {
                        one = Some((steps[0].to_string(), kind));
                        false
                    }
                },
            },
            Expr::Call(function, _) => function.reads_context,
            Expr::Star | Expr::Variable(_) | Expr::Nested(_) => true,
            _ => false,
        });
        match one {
            _ if more => Reads::More,
            None => Reads::Nothing,
            Some((name, kind)) => Reads::One(name, kind),
        }
    }

    fn column(&mut self, name: &str) -> usize {
        let known = self.columns.iter().position(|column| column == name);
        known.unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        })
    }
}

const _: () = assert!(FALSE == 0 && TRUE == 1, "states are truth values");

//! The syntax tree and the program side by side: each node evaluated, each with its text.

use super::{Form, Named, Node, State, reason};
use crate::ast::{self, Kind, Operator};
use crate::context::Context;
use crate::error::RulesError;
use crate::eval::{self, Scope, evaluate, operators};
use crate::program::{Expr, Item, Query, Select};
use crate::value::Value;

/// Elements of a nested SELECT's array that are explained. Source: ours; the rest is left out, the
/// value has them all.
const ELEMENTS_MAX: usize = 16;

/// What an expression is evaluated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// For its value.
    Value,
    /// As WHERE or an operand of its AND: it counts only whether it is true.
    Filter,
}

/// What nodes are named by.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) source: &'a str,
    /// Whether the payload is JSON; if not, every path is Undefined.
    pub(super) is_json: bool,
    /// The SET variables that have their values already.
    pub(super) set: &'a [Named],
}

impl Walk<'_> {
    /// Explains `expr`, which was compiled from `written`.
    pub(super) fn node(
        self,
        written: &ast::Expr,
        expr: &Expr,
        scope: Scope<'_>,
        mode: Mode,
    ) -> Node {
        // The whole draws as it does in an evaluation; its parts draw the same again.
        let before = scope.context.chance.cloned();
        let within = Context { chance: before.as_ref(), ..*scope.context };
        let inner = Scope { context: &within, ..scope };
        let mut node = self.blank(written, expr);
        if let (Kind::All(operands), Expr::All(exprs), Mode::Filter) = (&written.kind, expr, mode) {
            node.children = self.until(operands, exprs, scope, Mode::Filter, |node| {
                node.value().and_then(Value::to_bool) == Some(true)
            });
            node.state = joined(&node.children);
        } else {
            node.state = state(evaluate(expr, scope).map(std::borrow::Cow::into_owned));
            node.children = self.children(written, expr, inner);
        }
        node.reason = reason::of(self, written, expr, &node, scope);
        node
    }

    /// The columns of a SELECT.
    pub(super) fn columns(
        self,
        written: &ast::Select,
        select: &Select,
        scope: Scope<'_>,
    ) -> Vec<Named> {
        match (written, select) {
            (ast::Select::Value(written), Select::Value(expr)) => {
                let node = self.node(written, expr, scope, Mode::Value);
                vec![Named { name: "VALUE".to_owned(), node }]
            }
            (ast::Select::Items(written), Select::Items(items)) => {
                let pairs = written.iter().zip(items);
                pairs.map(|(written, item)| self.column(written, item, scope)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn column(self, written: &ast::Item, item: &Item, scope: Scope<'_>) -> Named {
        match item {
            Item::All => Named {
                name: "*".to_owned(),
                node: self.node(&written.expr, &Expr::Star, scope, Mode::Value),
            },
            Item::Named(key, expr) => Named {
                name: key.to_string(),
                node: self.node(&written.expr, expr, scope, Mode::Value),
            },
        }
    }

    /// A node that was not evaluated.
    fn blank(self, written: &ast::Expr, expr: &Expr) -> Node {
        let form = match (&written.kind, expr) {
            (_, Expr::Constant(_)) => Form::Constant,
            (Kind::All(_), _) => Form::All,
            (Kind::Any(_), _) => Form::Any,
            (Kind::Not(_), _) => Form::Not,
            (Kind::Binary(operator, ..), _) if operator.compares() => Form::Comparison,
            _ => Form::Other,
        };
        Node {
            text: self.source[written.span.clone()].to_owned(),
            span: written.span.clone(),
            state: State::NotEvaluated,
            reason: None,
            children: Vec::new(),
            form,
        }
    }

    /// Explains operands while `goes_on` holds for the last; the others were not evaluated.
    fn until(
        self,
        written: &[ast::Expr],
        exprs: &[Expr],
        scope: Scope<'_>,
        mode: Mode,
        goes_on: impl Fn(&Node) -> bool,
    ) -> Vec<Node> {
        let mut is_needed = true;
        let mut nodes = Vec::with_capacity(exprs.len());
        for (written, expr) in written.iter().zip(exprs) {
            if is_needed {
                let node = self.node(written, expr, scope, mode);
                is_needed = goes_on(&node);
                nodes.push(node);
            } else {
                nodes.push(self.blank(written, expr));
            }
        }
        nodes
    }

    /// What stands directly below, in the evaluator's order.
    fn children(self, written: &ast::Expr, expr: &Expr, scope: Scope<'_>) -> Vec<Node> {
        let one = |written: &ast::Expr, expr: &Expr| self.node(written, expr, scope, Mode::Value);
        match (&written.kind, expr) {
            (Kind::Step(base, _), Expr::Step(inner, _))
            | (Kind::Negate(base), Expr::Negate(inner))
            | (Kind::Not(base), Expr::Not(inner))
            | (Kind::Cast { operand: base, .. }, Expr::Cast(inner, _)) => vec![one(base, inner)],
            (Kind::Binary(_, left, right), Expr::Binary(_, from, to)) => {
                vec![one(left, from), one(right, to)]
            }
            // The evaluator stops at what is no Boolean, whatever follows.
            (Kind::All(operands), Expr::All(exprs)) | (Kind::Any(operands), Expr::Any(exprs)) => {
                self.until(operands, exprs, scope, Mode::Value, |node| {
                    node.value().and_then(Value::to_bool).is_some()
                })
            }
            (Kind::Array(written), Expr::Array(exprs)) => {
                written.iter().zip(exprs).map(|(written, expr)| one(written, expr)).collect()
            }
            (Kind::Call { arguments, .. }, Expr::Call(_, inputs)) => {
                arguments.iter().zip(inputs.iter()).map(|(a, expr)| one(a, expr)).collect()
            }
            (Kind::Object(written), Expr::Object(entries)) => {
                let pairs = written.iter().zip(entries);
                pairs.map(|((_, written), (_, expr))| one(written, expr)).collect()
            }
            (
                Kind::Case { subject, arms, otherwise },
                Expr::Case { subject: tested, arms: compiled, otherwise: last },
            ) => {
                let mut nodes = vec![one(subject, tested)];
                self.arms(arms, compiled, scope, &mut nodes);
                if let (Some(otherwise), Some(last)) = (otherwise, last) {
                    let is_needed = nodes[0].value().is_some_and(|value| !value.is_undefined())
                        && !arm_taken(&nodes);
                    nodes.push(match is_needed {
                        true => one(otherwise, last),
                        false => self.blank(otherwise, last),
                    });
                }
                nodes
            }
            (Kind::Nested(written), Expr::Nested(query)) => self.nested(written, query, scope),
            _ => Vec::new(),
        }
    }

    /// WHEN and THEN, up to the arm that is taken.
    fn arms(
        self,
        written: &[(ast::Expr, ast::Expr)],
        arms: &[(Expr, Expr)],
        scope: Scope<'_>,
        nodes: &mut Vec<Node>,
    ) {
        let subject = nodes[0].value().cloned().unwrap_or(Value::Undefined);
        let mut is_needed = !subject.is_undefined();
        for ((wanted, result), (compiled, then)) in written.iter().zip(arms) {
            if !is_needed {
                nodes.extend([self.blank(wanted, compiled), self.blank(result, then)]);
                continue;
            }
            let wanted = self.node(wanted, compiled, scope, Mode::Value);
            let is_taken =
                wanted.value().is_some_and(|value| operators::equal(&subject, value) == Some(true));
            is_needed = !is_taken;
            nodes.push(wanted);
            nodes.push(match is_taken {
                true => self.node(result, then, scope, Mode::Value),
                false => self.blank(result, then),
            });
        }
    }

    /// FROM, and what WHERE and the columns come to for each element.
    fn nested(self, written: &ast::Query, query: &Query, scope: Scope<'_>) -> Vec<Node> {
        let from = self.node(&written.from, &query.from, scope, Mode::Value);
        let elements = match from.value() {
            Some(Value::Array(elements)) => elements.clone(),
            Some(object @ Value::Object(_)) => vec![object.clone()],
            _ => Vec::new(),
        };
        let mut nodes = vec![from];
        for (position, root) in elements.iter().take(ELEMENTS_MAX).enumerate() {
            let before = scope.context.chance.cloned();
            let within = Context { chance: before.as_ref(), ..*scope.context };
            let whole = Scope { root, bytes: None, ..scope };
            let inner = Scope { context: &within, ..whole };
            // The element itself, as the evaluator has it.
            let yielded = eval::element(query, whole);
            let mut node = Node {
                text: format!("element {position}"),
                span: written.from.span.clone(),
                state: state(yielded.map(|value| value.unwrap_or(Value::Undefined))),
                reason: None,
                children: Vec::new(),
                form: Form::Other,
            };
            let walk = Self { is_json: true, ..self };
            let mut passes = true;
            if let (Some(written), Some(expr)) = (&written.filter, &query.filter) {
                let filter = walk.node(written, expr, inner, Mode::Filter);
                passes = filter.value().and_then(Value::to_bool) == Some(true);
                if !passes {
                    node.reason = Some(filter.deciding().sentence);
                }
                node.children.push(filter);
            }
            if passes {
                let columns = walk.columns(&written.select, &query.select, inner);
                node.children.extend(columns.into_iter().map(|column| column.node));
            }
            nodes.push(node);
        }
        nodes
    }
}

/// Whether an arm of the CASE in `nodes` (subject, then WHEN and THEN in turn) was taken: its THEN
/// was evaluated.
fn arm_taken(nodes: &[Node]) -> bool {
    nodes[1..].chunks(2).any(|arm| arm.get(1).is_some_and(|then| then.state != State::NotEvaluated))
}

fn state(value: Result<Value, RulesError>) -> State {
    match value {
        Ok(value) => State::Value(value),
        Err(error) => State::Failed(error.to_string()),
    }
}

/// WHERE's AND: true if all operands are, else what the first that is not true says.
fn joined(operands: &[Node]) -> State {
    let decided = operands.iter().find(|node| {
        node.state != State::NotEvaluated && node.value().and_then(Value::to_bool) != Some(true)
    });
    match decided {
        None => State::Value(Value::Bool(true)),
        Some(Node { state: State::Failed(error), .. }) => State::Failed(error.clone()),
        Some(node) => match node.value().and_then(Value::to_bool) {
            Some(truth) => State::Value(Value::Bool(truth)),
            None => State::Value(Value::Undefined),
        },
    }
}

impl Operator {
    /// Whether it yields a truth value.
    pub(crate) const fn compares(self) -> bool {
        !matches!(
            self,
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Remainder
        )
    }
}

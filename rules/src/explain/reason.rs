//! Why an expression is false or Undefined, in a phrase, and which term of WHERE decided.

use super::walk::Walk;
use super::{Deciding, Form, Node, State};
use crate::ast::{self, Kind, Operator};
use crate::eval::Scope;
use crate::program::Expr;
use crate::value::Value;

/// Longest value in a phrase, in characters; the rest is dots.
const VALUE_CHARS_MAX: usize = 60;

const WITH_UNDEFINED: &str = "; AND and OR with it are Undefined";

/// Why `node` is what it is; `None` if there is nothing to say.
pub(super) fn of(
    walk: Walk<'_>,
    written: &ast::Expr,
    expr: &Expr,
    node: &Node,
    scope: Scope<'_>,
) -> Option<String> {
    let is_false = match &node.state {
        State::Failed(error) => return Some(error.clone()),
        State::NotEvaluated => return None,
        State::Value(Value::Undefined) => false,
        State::Value(Value::Bool(false)) => true,
        State::Value(_) => return None,
    };
    let first = node.children.first();
    match (&written.kind, expr) {
        (_, Expr::Path(steps)) if !is_false => Some(missing(walk, node, steps, scope)),
        (_, Expr::Variable(position)) if !is_false => {
            let why = walk
                .set
                .get(*position)
                .map_or_else(String::new, |set| format!(": {}", set.node.why()));
            Some(format!("`{}` is Undefined{why}", node.text))
        }
        (Kind::Binary(operator, ..), _) => binary(*operator, node, is_false),
        (Kind::All(_) | Kind::Any(_), _) => joined(node, is_false),
        (Kind::Not(_), _) => first.map(|operand| match is_false {
            true => operand.holds(),
            false => operand.no_boolean(),
        }),
        (Kind::Negate(_) | Kind::Cast { .. }, _) if !is_false => first.map(|operand| {
            operand.no_number().unwrap_or_else(|| format!("`{}` does not convert", operand.said()))
        }),
        (Kind::Step(_, name), _) if !is_false => first.map(|base| match base.is_undefined() {
            true => base.why(),
            false => format!("`{}` has no member `{name}`", base.text),
        }),
        (Kind::Call { name, .. }, _) => call(name, node, is_false),
        (Kind::Case { .. }, _) if !is_false => first.map(|subject| match subject.is_undefined() {
            true => format!("its subject is Undefined: {}", subject.why()),
            false => "no WHEN equals it, or its result is Undefined".to_owned(),
        }),
        (Kind::Nested(_), _) if !is_false => {
            first.map(|from| format!("`{}` is no array or object that yields anything", from.text))
        }
        (_, Expr::Constant(Value::Undefined)) => {
            Some(format!("the language has no `{}`: it is Undefined", node.text))
        }
        _ => None,
    }
}

/// Where a path leaves the payload.
fn missing(walk: Walk<'_>, node: &Node, steps: &[Box<str>], scope: Scope<'_>) -> String {
    if !walk.is_json {
        return format!("`{}` is Undefined: the payload is not JSON", node.text);
    }
    let mut value = scope.root;
    for (position, step) in steps.iter().enumerate() {
        let path = steps[..=position].join(".");
        match (value, value.get(step)) {
            (_, Some(inner)) => value = inner,
            (Value::Object(_), None) => return format!("{path} is missing in the payload"),
            (other, None) if position == 0 => {
                return format!("{path} is missing: the payload is {}", kind(other));
            }
            (other, None) => {
                let base = steps[..position].join(".");
                return format!("{path} is missing: {base} is {}", kind(other));
            }
        }
    }
    format!("{} is Undefined", node.text)
}

fn binary(operator: Operator, node: &Node, is_false: bool) -> Option<String> {
    let [left, right] = &*node.children else { return None };
    let (a, b) = (left.value()?, right.value()?);
    if is_false {
        let phrase = format!("{} {} {} is false", said(a), operator.as_str(), said(b));
        return Some(match (operator, same_type(a, b)) {
            (Operator::Equal, false) => format!(
                "operands have different types: {} is {}, {} is {}",
                left.subject(),
                kind(a),
                right.subject(),
                kind(b)
            ),
            _ => phrase,
        });
    }
    for operand in [left, right] {
        if operand.is_undefined() {
            return Some(operand.why());
        }
    }
    let is_text = |value: &Value| matches!(value, Value::String(_));
    if operator == Operator::Add && (is_text(a) || is_text(b)) {
        let null = [left, right].into_iter().find(|node| node.value() == Some(&Value::Null));
        return null.map(|node| format!("{} is null, which has no text", node.subject()));
    }
    let not_a_number = [left, right].into_iter().find_map(Node::no_number);
    not_a_number.or_else(|| {
        let by_zero = matches!(operator, Operator::Divide | Operator::Remainder)
            && b.to_number().is_some_and(|number| number.to_f64() == 0.0);
        Some(match by_zero {
            true if right.form == Form::Constant => "nothing is divided by 0".to_owned(),
            true => format!("{} is 0, and nothing is divided by 0", right.text),
            false => "the result has no place in 34 digits".to_owned(),
        })
    })
}

fn joined(node: &Node, is_false: bool) -> Option<String> {
    let evaluated = || node.children.iter().filter(|child| child.state != State::NotEvaluated);
    if is_false {
        let of_all = node.form == Form::All;
        let wrong = evaluated().find(|child| child.truth() == Some(false));
        return match of_all {
            true => wrong.map(|child| format!("`{}` is false", child.text)),
            false => Some("none of its operands is true".to_owned()),
        };
    }
    let undefined = evaluated().find(|child| child.truth().is_none())?;
    let why = undefined.no_boolean();
    // One inside another says it already.
    Some(match why.ends_with(WITH_UNDEFINED) {
        true => why,
        false => why + WITH_UNDEFINED,
    })
}

fn call(name: &str, node: &Node, is_false: bool) -> Option<String> {
    if is_false {
        let facts = node.facts();
        return Some(facts).filter(|facts| !facts.is_empty());
    }
    let undefined = node.children.iter().find(|child| child.is_undefined());
    Some(match undefined {
        Some(argument) => format!("an argument is Undefined: {}", argument.why()),
        None if node.children.is_empty() => format!("{name}() has no value for this message"),
        None => {
            let said: Vec<String> = node.children.iter().map(Node::said).collect();
            format!("{name}() is Undefined for {}", said.join(", "))
        }
    })
}

impl Node {
    /// The value; `None` if it was not evaluated or failed.
    pub const fn value(&self) -> Option<&Value> {
        match &self.state {
            State::Value(value) => Some(value),
            State::NotEvaluated | State::Failed(_) => None,
        }
    }

    /// Whether it is Undefined.
    pub const fn is_undefined(&self) -> bool {
        matches!(self.state, State::Value(Value::Undefined))
    }

    /// What AND, OR, NOT and WHERE see; `None` for what is no Boolean.
    pub(super) fn truth(&self) -> Option<bool> {
        self.value().and_then(Value::to_bool)
    }

    /// The value in a phrase.
    fn said(&self) -> String {
        self.value().map_or_else(|| "nothing".to_owned(), said)
    }

    /// Why it is true: of OR the operands that are.
    fn holds(&self) -> String {
        let text = &self.text;
        match self.form {
            Form::Any | Form::All => {
                let held = self.children.iter().filter(|child| child.truth() == Some(true));
                held.map(Self::holds).collect::<Vec<_>>().join("; ")
            }
            Form::Not => {
                let operand = self.children.first().map(|operand| operand.deciding().sentence);
                format!("`{text}` is true: {}", operand.unwrap_or_default())
            }
            _ => match self.facts() {
                facts if facts.is_empty() => format!("`{text}` is true"),
                facts => format!("`{text}` is true: {facts}"),
            },
        }
    }

    /// That a WHERE is true, and because of which terms if not all of them are.
    pub(super) fn true_terms(&self) -> String {
        let (mut held, mut all) = (Vec::new(), true);
        self.gather(&mut held, &mut all);
        match all {
            true => "every term of WHERE is true".to_owned(),
            false => format!("WHERE is true because of {}", held.join(" and ")),
        }
    }

    fn gather(&self, held: &mut Vec<String>, all: &mut bool) {
        match self.form {
            Form::All | Form::Any => {
                for child in &self.children {
                    match child.truth() {
                        Some(true) => child.gather(held, all),
                        _ => *all = false,
                    }
                }
            }
            _ => held.push(format!("`{}`", self.text)),
        }
    }

    /// What a phrase calls it: a literal by its value, anything else by its text.
    fn subject(&self) -> String {
        match self.form {
            Form::Constant => self.said(),
            _ => self.text.clone(),
        }
    }

    /// Its reason, or at least what it is.
    fn why(&self) -> String {
        self.reason.clone().unwrap_or_else(|| format!("{} is {}", self.text, self.said()))
    }

    /// Why it is no number; `None` if it is one.
    fn no_number(&self) -> Option<String> {
        let value = self.value()?;
        if value.to_number().is_some() {
            return None;
        }
        Some(match (value, self.form) {
            (Value::Undefined, _) => self.why(),
            (_, Form::Constant) => format!("{} cannot become a number", said(value)),
            _ => format!("{} is {}, which cannot become a number", self.text, said(value)),
        })
    }

    /// Why it is no Boolean.
    fn no_boolean(&self) -> String {
        match &self.state {
            State::Value(Value::Undefined) | State::Failed(_) => {
                format!("`{}` is Undefined: {}", self.text, self.why())
            }
            _ => format!("`{}` is {}, which is no Boolean", self.text, self.said()),
        }
    }

    /// The values of what varies directly below: `humidity is 35, limit is 30`.
    fn facts(&self) -> String {
        let varying = self
            .children
            .iter()
            .filter(|child| child.form != Form::Constant && child.state != State::NotEvaluated);
        let mut facts: Vec<String> = Vec::new();
        for child in varying {
            let fact = match child.is_undefined() {
                true => child.why(),
                false => format!("{} is {}", child.text, child.said()),
            };
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
        facts.join(", ")
    }

    /// The term of this WHERE (or operand of one) that kept it from being true.
    pub(super) fn deciding(&self) -> Deciding {
        let not_true =
            |node: &&Self| node.state != State::NotEvaluated && node.truth() != Some(true);
        let next = match (self.form, self.truth()) {
            (Form::All, _) => self.children.iter().find(not_true),
            // What is no Boolean makes the whole Undefined; several that are false all count.
            (Form::Any | Form::Not, None) => {
                let mut operands =
                    self.children.iter().filter(|node| node.state != State::NotEvaluated);
                operands.find(|node| node.truth().is_none())
            }
            _ => None,
        };
        match next {
            Some(operand) => operand.deciding(),
            None => Deciding {
                text: self.text.clone(),
                span: self.span.clone(),
                state: self.state.clone(),
                sentence: self.sentence(),
            },
        }
    }

    /// What it came to and why, as a sentence about a term that is not true.
    fn sentence(&self) -> String {
        let text = &self.text;
        match &self.state {
            State::NotEvaluated => format!("`{text}` was not evaluated"),
            State::Failed(error) => format!("`{text}` failed: {error}"),
            State::Value(Value::Undefined) => format!("`{text}` is Undefined: {}", self.why()),
            State::Value(value) if value.to_bool() == Some(false) => {
                let reason = self.reason.clone().unwrap_or_default();
                let of_types = reason.starts_with("operands have different types");
                let facts = match self.form {
                    _ if of_types => reason,
                    Form::Any => {
                        let terms = self.children.iter().map(|term| term.deciding().sentence);
                        terms.collect::<Vec<_>>().join("; ")
                    }
                    Form::Not => match self.children.first() {
                        Some(operand) if !matches!(operand.form, Form::Other | Form::Constant) => {
                            operand.holds()
                        }
                        _ => self.facts(),
                    },
                    _ => self.facts(),
                };
                match facts.is_empty() {
                    true => format!("`{text}` is false"),
                    false => format!("`{text}` is false: {facts}"),
                }
            }
            State::Value(value) => format!("`{text}` is {}, which is not true", said(value)),
        }
    }
}

/// A value in a phrase: compact JSON, cut short; Undefined by its name.
pub(super) fn said(value: &Value) -> String {
    if value.is_undefined() {
        return "Undefined".to_owned();
    }
    let text = String::from_utf8_lossy(&value.to_json()).into_owned();
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// A value's type in a phrase.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Undefined => "Undefined",
        Value::Null => "null",
        Value::Bool(_) => "a Boolean",
        Value::Int(_) => "an Int",
        Value::Decimal(_) => "a Decimal",
        Value::String(_) => "a String",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Whether `=` compares the two by value: numbers of both kinds are of one type to it.
fn same_type(left: &Value, right: &Value) -> bool {
    let is_number = |value: &Value| matches!(value, Value::Int(_) | Value::Decimal(_));
    is_number(left) && is_number(right)
        || std::mem::discriminant(left) == std::mem::discriminant(right)
}

//! A program over one message.
//!
//! Values are borrowed from the payload and from the program as long as possible: a comparison of
//! a field with a number copies neither.

pub(crate) mod cast;
pub(crate) mod operators;

use crate::context::Context;
use crate::error::RulesError;
use crate::functions::{Arguments, TEXT_BYTES_MAX};
use crate::program::{Expr, Item, Program, Query, Select};
use crate::rule::{Firing, Output, SqlVersion};
use crate::value::{Object, Value};
use std::borrow::Cow;

/// A value, borrowed where it lies somewhere already; only external functions fail.
pub(crate) type Outcome<'v> = Result<Cow<'v, Value>, RulesError>;

/// Most bytes of minified JSON in all SET variables. Source: developer guide, "SET".
const VARIABLE_BYTES_MAX: usize = 128 * 1024;

/// What paths and functions see.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'v> {
    /// What `*` and the first step of a path mean: the payload, or the element of a nested SELECT.
    pub(crate) root: &'v Value,
    /// The payload's bytes, where `root` is the payload and they are known.
    pub(crate) bytes: Option<&'v [u8]>,
    /// The SET variables that have their values already.
    pub(crate) variables: &'v [Value],
    pub(crate) context: &'v Context<'v>,
    /// The rule's version of the language.
    pub(crate) version: SqlVersion,
}

const UNDEFINED: Cow<'static, Value> = Cow::Owned(Value::Undefined);

/// What a rule yields; `None` if WHERE is not true.
pub(crate) fn run(program: &Program, scope: Scope<'_>) -> Result<Option<Output>, RulesError> {
    Ok(fire(program, scope)?.map(|firing| firing.output))
}

/// Runs a rule; `None` if WHERE is not true.
pub(crate) fn fire(program: &Program, scope: Scope<'_>) -> Result<Option<Firing>, RulesError> {
    let variables = set(program, scope)?;
    let scope = Scope { variables: &variables, ..scope };
    if let Some(filter) = &program.filter
        && !fires(filter, scope)?
    {
        return Ok(None);
    }
    let is_binary = scope.bytes.is_some() && scope.root.is_undefined();
    let output = match is_binary && program.select.is_whole() {
        true => Output::Payload,
        false => Output::Value(select(&program.select, scope)?.into_owned()),
    };
    Ok(Some(Firing { output, variables }))
}

/// The values of the SET variables.
fn set(program: &Program, scope: Scope<'_>) -> Result<Vec<Value>, RulesError> {
    let mut values = Vec::with_capacity(program.variables.len());
    let mut bytes = 0;
    for (name, expr) in &program.variables {
        let value = evaluate(expr, Scope { variables: &values, ..scope })?.into_owned();
        bytes += value.to_json().len();
        check_size(name, bytes)?;
        values.push(value);
    }
    Ok(values)
}

/// Refuses the variable `name` with which all SET variables together have `bytes`.
pub(crate) fn check_size(name: &str, bytes: usize) -> Result<(), RulesError> {
    let limit = VARIABLE_BYTES_MAX;
    match bytes > limit {
        true => Err(RulesError::VariableTooLarge { name: name.to_owned(), bytes, limit }),
        false => Ok(()),
    }
}

/// Whether WHERE is true. Stops at the first operand of AND that is not: false and Undefined are
/// alike here, and a costly function behind it is not called.
pub(crate) fn fires(filter: &Expr, scope: Scope<'_>) -> Result<bool, RulesError> {
    if let Expr::All(operands) = filter {
        for operand in operands {
            if !fires(operand, scope)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    Ok(evaluate(filter, scope)?.to_bool() == Some(true))
}

/// What a SELECT yields from one payload or element.
pub(crate) fn select<'v>(select: &'v Select, scope: Scope<'v>) -> Outcome<'v> {
    let items = match select {
        Select::Value(expr) => return evaluate(expr, scope),
        Select::Items(items) => items,
    };
    if let [Item::All] = **items {
        return Ok(Cow::Borrowed(scope.root));
    }
    let mut object = Object::new();
    for item in items {
        match item {
            Item::All => add_all(&mut object, scope),
            Item::Named(key, expr) => {
                let value = evaluate(expr, scope)?;
                if !value.is_undefined() {
                    object.insert(key.clone(), value.into_owned());
                }
            }
        }
    }
    Ok(Cow::Owned(Value::Object(object)))
}

/// Adds the payload's keys; a payload that has none comes under `payload`.
fn add_all(object: &mut Object, scope: Scope<'_>) {
    match (scope.root, scope.bytes) {
        (Value::Object(root), _) => {
            for (key, value) in root.iter() {
                object.insert(key, value.clone());
            }
        }
        (Value::Undefined, Some(bytes)) => {
            let text = crate::functions::base64::encode(bytes);
            object.insert("payload", Value::String(text));
        }
        (Value::Undefined, None) => {}
        (root, _) => object.insert("payload", root.clone()),
    }
}

/// The value of an expression.
pub(crate) fn evaluate<'v>(expr: &'v Expr, scope: Scope<'v>) -> Outcome<'v> {
    Ok(match expr {
        Expr::Constant(value) => Cow::Borrowed(value),
        Expr::Star => Cow::Borrowed(scope.root),
        Expr::Path(steps) => {
            let mut value = scope.root;
            for step in steps {
                match value.get(step) {
                    Some(inner) => value = inner,
                    None => return Ok(UNDEFINED),
                }
            }
            Cow::Borrowed(value)
        }
        Expr::Variable(position) => match scope.variables.get(*position) {
            Some(value) => Cow::Borrowed(value),
            None => UNDEFINED,
        },
        Expr::Step(base, name) => member(evaluate(base, scope)?, name),
        Expr::Negate(operand) => Cow::Owned(operators::negate(&*evaluate(operand, scope)?)),
        Expr::Not(operand) => truth(evaluate(operand, scope)?.to_bool().map(|truth| !truth)),
        Expr::All(operands) => truth(join(operands, scope, |all, operand| all && operand, true)?),
        Expr::Any(operands) => truth(join(operands, scope, |any, operand| any || operand, false)?),
        Expr::Binary(operator, left, right) => {
            let (left, right) = (evaluate(left, scope)?, evaluate(right, scope)?);
            Cow::Owned(operators::binary(*operator, &left, &right))
        }
        Expr::Array(elements) => {
            let mut array = Vec::with_capacity(elements.len());
            for element in elements {
                let value = evaluate(element, scope)?;
                if !value.is_undefined() {
                    array.push(value.into_owned());
                }
            }
            Cow::Owned(Value::Array(array))
        }
        Expr::Object(entries) => {
            let mut object = Object::new();
            for (key, expr) in entries {
                let value = evaluate(expr, scope)?;
                if !value.is_undefined() {
                    object.insert(key.clone(), value.into_owned());
                }
            }
            Cow::Owned(Value::Object(object))
        }
        Expr::Case { subject, arms, otherwise } => {
            return case(subject, arms, otherwise.as_deref(), scope);
        }
        Expr::Cast(operand, into) => cast::cast(evaluate(operand, scope)?, *into),
        Expr::Call(function, arguments) => {
            let value = (function.call)(Arguments::new(arguments, scope))?;
            return Ok(if is_too_long(&value) { UNDEFINED } else { value });
        }
        Expr::Nested(query) => return nested(query, scope),
    })
}

/// Whether a text has grown beyond what any message could make useful.
pub(crate) fn is_too_long(value: &Value) -> bool {
    matches!(value, Value::String(text) if text.len() > TEXT_BYTES_MAX)
}

/// A truth value, or Undefined.
fn truth(truth: Option<bool>) -> Cow<'static, Value> {
    Cow::Owned(truth.map_or(Value::Undefined, Value::Bool))
}

/// AND and OR: `None` as soon as an operand is no Boolean, whatever the others are.
fn join(
    operands: &[Expr],
    scope: Scope<'_>,
    combine: fn(bool, bool) -> bool,
    start: bool,
) -> Result<Option<bool>, RulesError> {
    let mut joined = start;
    for operand in operands {
        let Some(operand) = evaluate(operand, scope)?.to_bool() else { return Ok(None) };
        joined = combine(joined, operand);
    }
    Ok(Some(joined))
}

/// `value.name`.
fn member<'v>(value: Cow<'v, Value>, name: &str) -> Cow<'v, Value> {
    match value {
        Cow::Borrowed(value) => value.get(name).map_or(UNDEFINED, Cow::Borrowed),
        Cow::Owned(Value::Object(mut object)) => object.remove(name).map_or(UNDEFINED, Cow::Owned),
        Cow::Owned(_) => UNDEFINED,
    }
}

fn case<'v>(
    subject: &'v Expr,
    arms: &'v [(Expr, Expr)],
    otherwise: Option<&'v Expr>,
    scope: Scope<'v>,
) -> Outcome<'v> {
    let subject = evaluate(subject, scope)?;
    if subject.is_undefined() {
        return Ok(UNDEFINED);
    }
    for (wanted, result) in arms {
        if operators::equal(&subject, &*evaluate(wanted, scope)?) == Some(true) {
            return evaluate(result, scope);
        }
    }
    otherwise.map_or(Ok(UNDEFINED), |expr| evaluate(expr, scope))
}

/// A nested SELECT: an array yields one result an element that passes WHERE, an object one result.
fn nested<'v>(query: &'v Query, scope: Scope<'v>) -> Outcome<'v> {
    let from = evaluate(&query.from, scope)?;
    let one = |root: &Value| element(query, Scope { root, bytes: None, ..scope });
    Ok(match &*from {
        Value::Array(elements) => {
            let mut results = Vec::new();
            for element in elements {
                results.extend(one(element)?);
            }
            Cow::Owned(Value::Array(results))
        }
        Value::Object(_) => Cow::Owned(one(&from)?.unwrap_or(Value::Undefined)),
        _ => UNDEFINED,
    })
}

/// What a nested SELECT yields for the element that is `scope`'s root; `None` if its WHERE is not
/// true or nothing is left.
pub(crate) fn element(query: &Query, scope: Scope<'_>) -> Result<Option<Value>, RulesError> {
    if let Some(filter) = &query.filter
        && !fires(filter, scope)?
    {
        return Ok(None);
    }
    let value = select(&query.select, scope)?.into_owned();
    Ok(Some(value).filter(|value| !value.is_undefined()))
}

//! Parts of arrays and objects, and what is absent.

use super::{Arguments, Function, undefined, yields};
use crate::error::RulesError;
use crate::eval::Outcome;
use crate::value::{Number, Value};
use std::borrow::Cow;

pub(super) const FUNCTIONS: [Function; 5] = [
    Function::new("get", "from, key", get)
        .differs("get(text, n) counts from 0 as its text says; an example there counts from 1"),
    Function::new("get_or_default", "value, otherwise", get_or_default),
    Function::new("isNull", "value", |a| test(a, |value| matches!(value, Value::Null))),
    Function::new("isUndefined", "value", |a| test(a, Value::is_undefined)).since_2016(),
    Function::new("transform", "mode, object, array", transform)
        .since_2016()
        .words(&[(0, &["enrichArray"])]),
];

/// The most bytes of JSON that `transform` yields. Source: developer guide, "transform".
const ENRICHED_BYTES_MAX: usize = 128 * 1024;

fn test<'v>(arguments: Arguments<'v>, holds: impl Fn(&Value) -> bool) -> Outcome<'v> {
    yields(holds(&*arguments.value(0)?))
}

/// An element or a character by its index from 0, or an entry by its key.
fn get(arguments: Arguments<'_>) -> Outcome<'_> {
    let (from, key) = (arguments.value(0)?, arguments.value(1)?);
    let index = || key.to_number().and_then(Number::floor).and_then(|at| usize::try_from(at).ok());
    match from {
        Cow::Borrowed(from) => {
            if let Value::String(text) = from {
                return character(text, index());
            }
            let part = match (from, &*key) {
                (Value::Array(elements), _) => index().and_then(|at| elements.get(at)),
                (Value::Object(object), Value::String(key)) => object.get(key),
                _ => None,
            };
            part.map_or_else(undefined, |part| Ok(Cow::Borrowed(part)))
        }
        Cow::Owned(from) => match (from, &*key) {
            (Value::String(text), _) => character(&text, index()),
            (Value::Array(elements), _) => {
                let part = index().and_then(|at| elements.into_iter().nth(at));
                part.map_or_else(undefined, yields)
            }
            (Value::Object(mut object), Value::String(key)) => {
                object.remove(key).map_or_else(undefined, yields)
            }
            _ => undefined(),
        },
    }
}

/// The first argument unless it is Undefined or Null or a service failed to give it.
fn get_or_default(arguments: Arguments<'_>) -> Outcome<'_> {
    match arguments.value(0) {
        Ok(value) if !matches!(*value, Value::Undefined | Value::Null) => Ok(value),
        Ok(_) | Err(RulesError::External { .. }) => arguments.value(1),
        Err(error) => Err(error),
    }
}

fn character<'v>(text: &str, at: Option<usize>) -> Outcome<'v> {
    let character = at.and_then(|at| text.chars().nth(at));
    character.map_or_else(undefined, |character| yields(character.to_string()))
}

/// `transform('enrichArray', object, array)`: each element that is an object, with the object's
/// keys behind its own.
fn transform(arguments: Arguments<'_>) -> Outcome<'_> {
    let (mode, shared, elements) =
        (arguments.value(0)?, arguments.value(1)?, arguments.value(2)?.into_owned());
    let (Some("enrichArray"), Value::Object(shared), Value::Array(mut elements)) =
        (mode.as_str(), &*shared, elements)
    else {
        return undefined();
    };
    for element in &mut elements {
        let Value::Object(element) = element else { continue };
        for (key, value) in shared.iter() {
            if element.get(key).is_none() {
                element.insert(key, value.clone());
            }
        }
    }
    let enriched = Value::Array(elements);
    if enriched.to_json().len() > ENRICHED_BYTES_MAX { undefined() } else { yields(enriched) }
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn cases() {
        check(&[
            ("get(['a', 'b', 'c'], 1)", "\"b\""),
            ("get(['a', 'b', 'c'], 1.9)", "\"b\""),
            ("get(['a', 'b', 'c'], 3)", ""),
            ("get(['a'], -1)", ""),
            ("get(['a'], 'x')", ""),
            ("get({'a': 'b'}, 'a')", "\"b\""),
            ("get({'1': 'b'}, 1)", ""),
            ("get('abc', 1)", "\"b\""),
            ("get(12, 1)", ""),
            ("get(a, 0)", "3"),
            ("get(o, 'x')", "1"),
            ("get(*, 'my-key')", "\"k\""),
            ("get(get(list, 0), 'v').w", "9"),
            ("isNull(n)", "true"),
            ("isNull(missing)", "false"),
            ("isNull(0)", "false"),
            ("isUndefined(missing)", "true"),
            ("isUndefined(n)", "false"),
            ("isUndefined(floor([1, 2, 3]))", "true"),
            ("transform('enrichArray', o, [{'a': 3}, 4])", r#"[{"a":3,"x":1},4]"#),
            ("transform('enrichArray', o, [{'x': 3}])", r#"[{"x":3}]"#),
            ("transform('enrichArray', 1, [])", ""),
            ("transform(s, o, [])", ""),
            ("get_or_default(t, 1)", "50"),
            ("get_or_default(missing, 1)", "1"),
            ("get_or_default(n, 'd')", "\"d\""),
            ("get_or_default(false, true)", "false"),
            ("get_or_default(missing, missing)", ""),
            ("get_or_default(get_thing_shadow('pump', 'arn:role'), 'none')", "\"none\""),
        ]);
    }

    #[test]
    fn transform_yields_at_most_128_kib() {
        let array = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        for (count, fits) in [(120, true), (140, false)] {
            let call =
                format!("transform('enrichArray', {{'p': lpad('', 1000)}}, {})", array(count));
            check(&[(&format!("isUndefined({call})"), if fits { "false" } else { "true" })]);
        }
    }
}

//! Parts of arrays and objects, and what is absent.

use super::{Arguments, Function, undefined, yields};
use crate::eval::Outcome;
use crate::value::{Number, Value};
use std::borrow::Cow;

pub(super) const FUNCTIONS: [Function; 4] = [
    Function::new("get", 2, 2, get),
    Function::new("isNull", 1, 1, |a| test(a, |value| matches!(value, Value::Null))),
    Function::new("isUndefined", 1, 1, |a| test(a, Value::is_undefined)).since_2016(),
    Function::new("transform", 3, 3, transform).since_2016().words(&[(0, &["enrichArray"])]),
];

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
    yields(elements)
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
        ]);
    }
}

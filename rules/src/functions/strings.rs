//! Texts. Arguments of other types are taken in their text form.

use super::{Arguments, Function, TEXT_BYTES_MAX, undefined, yields};
use crate::error::RulesError;
use crate::eval::Outcome;
use crate::value::{Number, Value};
use std::borrow::Cow;

pub(super) const FUNCTIONS: [Function; 16] = [
    Function::new("chr", "code", chr),
    Function::new("concat", "value, ...", concat).differs(
        "one argument is returned as it is, where an example of the guide makes it a text",
    ),
    Function::new("endswith", "text, end", |a| test(a, |text, end| text.ends_with(end))),
    Function::new("indexof", "text, part", indexof).since_2016(),
    Function::new("length", "text", |a| measure(a, |text| text.chars().count())).since_2016(),
    Function::new("lower", "text", |a| map(a, str::to_lowercase)),
    Function::new("lpad", "text, count", |a| pad(a, |text, blanks| blanks + text)),
    Function::new("ltrim", "text", |a| map(a, |text| text.trim_start_matches(BLANKS).to_owned())),
    Function::new("numbytes", "text", |a| measure(a, str::len)).since_2016(),
    Function::new("replace", "text, from, to", replace),
    Function::new("rpad", "text, count", |a| pad(a, |text, blanks| text.to_owned() + &blanks)),
    Function::new("rtrim", "text", |a| map(a, |text| text.trim_end_matches(BLANKS).to_owned())),
    Function::new("startswith", "text, start", |a| test(a, |text, start| text.starts_with(start))),
    Function::new("substring", "text, start [, end]", substring),
    Function::new("trim", "text", |a| map(a, |text| text.trim_matches(BLANKS).to_owned())),
    Function::new("upper", "text", |a| map(a, str::to_uppercase)),
];

/// What the trim functions strip.
const BLANKS: [char; 2] = [' ', '\t'];

/// The most elements of an array that `concat` joins: as many as the largest payload can have, eight
/// times.
const ELEMENTS_MAX: usize = TEXT_BYTES_MAX / 2;

/// The most blanks that `lpad` and `rpad` add. Source: developer guide, "lpad".
const PAD_MAX: i128 = 1_000;

/// The largest code that `chr` knows: ASCII.
const CHR_MAX: i128 = 127;

fn map<'v>(arguments: Arguments<'v>, function: impl Fn(&str) -> String) -> Outcome<'v> {
    arguments.text(0)?.map_or_else(undefined, |text| yields(function(&text)))
}

fn measure<'v>(arguments: Arguments<'v>, function: impl Fn(&str) -> usize) -> Outcome<'v> {
    arguments.text(0)?.map_or_else(undefined, |text| yields(Value::Int(function(&text) as i128)))
}

fn test<'v>(arguments: Arguments<'v>, function: impl Fn(&str, &str) -> bool) -> Outcome<'v> {
    match (arguments.text(0)?, arguments.text(1)?) {
        (Some(text), Some(part)) => yields(function(&text, &part)),
        _ => undefined(),
    }
}

/// The argument as a whole number, rounded down.
fn int(arguments: Arguments<'_>, position: usize) -> Result<Option<i128>, RulesError> {
    Ok(arguments.number(position)?.and_then(Number::floor))
}

fn chr(arguments: Arguments<'_>) -> Outcome<'_> {
    match int(arguments, 0)?.filter(|code| (0..=CHR_MAX).contains(code)) {
        Some(code) => yields(char::from(code as u8).to_string()),
        None => undefined(),
    }
}

/// Arrays are joined, with everything else as an element; without an array, texts are.
fn concat(arguments: Arguments<'_>) -> Outcome<'_> {
    if arguments.len() == 1 {
        return arguments.value(0);
    }
    let mut values = Vec::with_capacity(arguments.len());
    for position in 0..arguments.len() {
        values.push(arguments.value(position)?);
    }
    if !values.iter().any(|value| matches!(**value, Value::Array(_))) {
        let mut joined = String::new();
        for value in &values {
            match value.to_text() {
                Some(text) if joined.len() + text.len() <= TEXT_BYTES_MAX => joined += &text,
                _ => return undefined(),
            }
        }
        return yields(joined);
    }
    let sizes = values.iter().map(|value| match &**value {
        Value::Array(elements) => elements.len(),
        _ => 1,
    });
    if sizes.sum::<usize>() > ELEMENTS_MAX {
        return undefined();
    }
    let mut joined = Vec::new();
    for value in values {
        match value.into_owned() {
            Value::Array(elements) => joined.extend(elements),
            Value::Undefined => {}
            value => joined.push(value),
        }
    }
    yields(joined)
}

fn indexof(arguments: Arguments<'_>) -> Outcome<'_> {
    match (&*arguments.value(0)?, &*arguments.value(1)?) {
        (Value::String(text), Value::String(part)) => {
            let at = text.find(part).map(|at| text[..at].chars().count() as i128);
            yields(Value::Int(at.unwrap_or(-1)))
        }
        _ => undefined(),
    }
}

fn pad<'v>(arguments: Arguments<'v>, join: impl Fn(&str, String) -> String) -> Outcome<'v> {
    match (arguments.text(0)?, int(arguments, 1)?) {
        // Clamped to a thousand.
        (Some(text), Some(count)) => {
            yields(join(&text, " ".repeat(count.clamp(0, PAD_MAX) as usize)))
        }
        _ => undefined(),
    }
}

fn replace(arguments: Arguments<'_>) -> Outcome<'_> {
    match (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?) {
        (Some(text), Some(from), Some(to)) => {
            let count = text.matches(&*from).count();
            if text.len() + count.saturating_mul(to.len()) > TEXT_BYTES_MAX {
                return undefined();
            }
            yields(text.replace(&*from, &to))
        }
        _ => undefined(),
    }
}

/// From the character at one index to before that at another; indices are cut toward zero and
/// brought into the text.
fn substring(arguments: Arguments<'_>) -> Outcome<'_> {
    // A float saturates where an integer of 34 digits has no more room; no text is that long.
    let index = |position| Ok::<_, RulesError>(arguments.number(position)?.map(Number::to_f64));
    let (Some(text), Some(start)) = (arguments.text(0)?, index(1)?) else { return undefined() };
    let end = match (arguments.len(), index(2)?) {
        (3, None) => return undefined(),
        (_, end) => end.map_or(usize::MAX, |end| end as usize),
    };
    let start = start as usize;
    let part: Cow<'_, str> = text.chars().take(end).skip(start).collect();
    yields(part.into_owned())
}

#[cfg(test)]
mod tests {
    use crate::context::Context;
    use crate::functions::tests::check;
    use crate::rule::{Rule, SqlVersion};
    use crate::value::Value;
    use fieldmirror_core::time::Timestamp;

    #[test]
    fn texts_do_not_grow_beyond_all_bounds() {
        let payload = format!("{{\"s\":\"{}\",\"q\":\"\\\"\"}}", "x".repeat(100_000));
        let payload = Value::from_json(payload.as_bytes()).expect("JSON");
        let length = |expression: &str| {
            let sql = format!("SELECT VALUE length({expression}) FROM 'a'");
            let rule = Rule::compile(&sql, SqlVersion::V2016_03_23).expect(&sql);
            let context = Context::new("a", Timestamp::from_millis(0));
            rule.evaluate(&payload, &context).expect("no services").expect("no WHERE")
        };
        let joined = |count, by: &str| vec!["s"; count].join(by);
        assert_eq!(length(&format!("concat({})", joined(10, ","))), Value::Int(1_000_000));
        assert_eq!(length(&format!("concat({})", joined(11, ","))), Value::Undefined);
        assert_eq!(length(&joined(10, "+")), Value::Int(1_000_000));
        assert_eq!(length(&joined(11, "+")), Value::Undefined);
        let array = format!("[{}]", joined(11, ","));
        assert_eq!(length(&format!("upper({array})")), Value::Undefined);
        // Each level doubles the quotes' escapes: what grows too long is no element any more, and
        // the array begins anew.
        let nested = (0..22).fold("q".to_owned(), |text, _| format!("upper([{text}])"));
        let length = length(&nested).as_f64().expect("a text");
        assert!(length < 1e6, "{length}");
    }

    #[test]
    fn cases() {
        check(&[
            ("chr(65)", "\"A\""),
            ("chr('66.9')", "\"B\""),
            ("chr(-1)", ""),
            ("chr(1000)", ""),
            ("concat([1, 2, 3], 'hello', [4, 5, 6])", "[1,2,3,\"hello\",4,5,6]"),
            ("concat(1, 'hello')", "\"1hello\""),
            ("concat(1, 2)", "\"12\""),
            ("concat(1)", "1"),
            ("concat('a', missing)", ""),
            ("endswith('cat', \"at\")", "true"),
            ("endswith('cat', null)", ""),
            ("startswith('ranger', 'ran')", "true"),
            ("startswith(123, 12)", "true"),
            ("indexof('abcd', 'bc')", "1"),
            ("indexof('äbcd', 'bc')", "1"),
            ("indexof('abcd', 'x')", "-1"),
            ("indexof(12, '2')", ""),
            ("length('hi')", "2"),
            ("length(false)", "5"),
            ("length('€')", "1"),
            ("numbytes('€')", "3"),
            ("numbytes(missing)", ""),
            ("lower('HELLO')", "\"hello\""),
            ("upper(['hello'])", r#""[\"HELLO\"]""#),
            ("upper(null)", ""),
            ("lpad('hello', 2)", "\"  hello\""),
            ("rpad(1, 3)", "\"1   \""),
            ("lpad('a', -2)", "\"a\""),
            ("lpad('a', 1.9)", "\" a\""),
            ("lpad('a', 'x')", ""),
            ("length(lpad('', 5000))", "1000"),
            ("ltrim(' h i ')", "\"h i \""),
            ("rtrim(' h i ')", "\" h i\""),
            ("trim(' h i ')", "\"h i\""),
            ("replace('abcdabcd', 'b', 'x')", "\"axcdaxcd\""),
            ("replace('abc', null, 'x')", ""),
            ("substring('012345', 2.745)", "\"2345\""),
            ("substring(123, 2)", "\"3\""),
            ("substring(true, 1.2)", "\"rue\""),
            ("substring('012345', -50, 50)", "\"012345\""),
            ("substring('012345', 3, 1)", "\"\""),
            ("substring('012345', 1, 3)", "\"12\""),
            ("substring(false, -2.411E247)", "\"false\""),
            ("substring('abc', 'x')", ""),
            ("substring('abc', 0, 'x')", ""),
        ]);
    }
}

//! The message's circumstances.

use super::{Arguments, Function, undefined, yields};
use crate::eval::Outcome;
use crate::value::{Number, Value};

pub(super) const FUNCTIONS: [Function; 5] = [
    Function::new("clientid", 0, 0, clientid).reads_context(),
    Function::new("principal", 0, 0, principal).reads_context(),
    Function::new("sql_version", 0, 0, sql_version).reads_context(),
    Function::new("timestamp", 0, 0, timestamp).reads_context(),
    Function::new("topic", 0, 1, topic).reads_context(),
];

fn clientid(arguments: Arguments<'_>) -> Outcome<'_> {
    yields(arguments.scope().context.client_id.unwrap_or("n/a"))
}

fn principal(arguments: Arguments<'_>) -> Outcome<'_> {
    arguments.scope().context.principal.map_or_else(undefined, yields)
}

fn sql_version(arguments: Arguments<'_>) -> Outcome<'_> {
    yields(arguments.scope().version.as_str())
}

/// Milliseconds since 1970.
fn timestamp(arguments: Arguments<'_>) -> Outcome<'_> {
    yields(Value::Int(arguments.scope().context.now.millis().into()))
}

/// The topic without a Basic Ingest prefix, or one of its levels counted from 1.
fn topic(arguments: Arguments<'_>) -> Outcome<'_> {
    let topic = arguments.scope().context.topic;
    let topic = topic
        .strip_prefix("$aws/rules/")
        .and_then(|rest| rest.split_once('/'))
        .map_or(topic, |(_, rest)| rest);
    if arguments.len() == 0 {
        return yields(topic);
    }
    let level = arguments.number(0)?.and_then(Number::floor);
    let index = level.and_then(|level| usize::try_from(level - 1).ok());
    index.and_then(|index| topic.split('/').nth(index)).map_or_else(undefined, yields)
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::{check, check_in, context};

    #[test]
    fn cases() {
        check(&[
            ("clientid()", "\"probe-1\""),
            ("principal()", "\"c0ffee\""),
            ("sql_version()", "\"2016-03-23\""),
            ("timestamp()", "1527811200123"),
            ("topic()", "\"foo/bar/baz\""),
            ("topic(2)", "\"bar\""),
            ("topic('3')", "\"baz\""),
            ("topic(0)", ""),
            ("topic(4)", ""),
            ("topic(-1)", ""),
            ("topic(missing)", ""),
        ]);
    }

    #[test]
    fn what_the_message_does_not_have() {
        let bare = crate::context::Context { client_id: None, principal: None, ..context() };
        check_in(bare, &[("clientid()", "\"n/a\""), ("principal()", "")]);
        let ingested = crate::context::Context { topic: "$aws/rules/r1/farm/f1", ..context() };
        check_in(ingested, &[("topic()", "\"farm/f1\""), ("topic(1)", "\"farm\"")]);
    }
}

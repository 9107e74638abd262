//! The message's circumstances.

use super::{Arguments, Function, base64, undefined, yields};
use crate::eval::Outcome;
use crate::value::{Number, Value};

pub(super) const FUNCTIONS: [Function; 10] = [
    Function::new("accountid", "", accountid).reads_context(),
    Function::new("clientid", "", clientid).reads_context(),
    Function::new("get_mqtt_property", "name", get_mqtt_property)
        .reads_context()
        .words(&[(0, &["content_type", "format_indicator", "response_topic", "correlation_data"])]),
    Function::new("get_user_properties", "[key]", get_user_properties).reads_context(),
    Function::new("principal", "", principal).reads_context(),
    Function::new("sourceip", "", sourceip).reads_context(),
    Function::new("sql_version", "", sql_version).reads_context(),
    Function::new("timestamp", "", timestamp).reads_context(),
    Function::new("topic", "[level]", topic).reads_context(),
    Function::new("traceid", "", traceid).reads_context(),
];

/// The account that owns the rule.
fn accountid(arguments: Arguments<'_>) -> Outcome<'_> {
    yields(arguments.scope().context.account)
}

fn clientid(arguments: Arguments<'_>) -> Outcome<'_> {
    yields(arguments.scope().context.client_id.unwrap_or("n/a"))
}

fn principal(arguments: Arguments<'_>) -> Outcome<'_> {
    arguments.scope().context.principal.map_or_else(undefined, yields)
}

/// The publisher's address.
fn sourceip(arguments: Arguments<'_>) -> Outcome<'_> {
    arguments.scope().context.source_ip.map_or_else(undefined, yields)
}

fn traceid(arguments: Arguments<'_>) -> Outcome<'_> {
    arguments.scope().context.trace_id.map_or_else(undefined, yields)
}

/// A property of the PUBLISH by its name in snake case; Undefined if it does not carry it.
fn get_mqtt_property(arguments: Arguments<'_>) -> Outcome<'_> {
    let name = arguments.value(0)?;
    let Some(properties) = arguments.scope().context.properties else { return undefined() };
    let property = match name.as_str() {
        Some("content_type") => properties.content_type.clone(),
        Some("response_topic") => properties.response_topic.clone(),
        Some("correlation_data") => properties.correlation_data.as_deref().map(base64::encode),
        Some("format_indicator") => properties
            .is_utf8
            .map(|is_utf8| if is_utf8 { "UTF8_DATA" } else { "UNSPECIFIED_BYTES" }.to_owned()),
        _ => None,
    };
    property.map_or_else(undefined, yields)
}

/// The values of one user property, which may come more than once; or each property as an object
/// of one entry, in the order of the PUBLISH.
fn get_user_properties(arguments: Arguments<'_>) -> Outcome<'_> {
    let Some(properties) = arguments.scope().context.properties else { return undefined() };
    let values: Vec<Value> = if arguments.len() == 0 {
        let pairs = properties.user.iter();
        pairs
            .map(|(key, value)| {
                let entry = (key.as_str(), Value::from(value.as_str()));
                Value::Object([entry].into_iter().collect())
            })
            .collect()
    } else {
        let wanted = arguments.value(0)?;
        let Some(wanted) = wanted.as_str() else { return undefined() };
        let pairs = properties.user.iter().filter(|(key, _)| key == wanted);
        pairs.map(|(_, value)| Value::from(value.as_str())).collect()
    };
    if values.is_empty() { undefined() } else { yields(values) }
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
    use crate::context::{Context, Properties};
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
            ("accountid()", "\"123456789012\""),
        ]);
    }

    #[test]
    fn properties_of_mqtt_5() {
        let properties = Properties {
            content_type: Some("application/json".to_owned()),
            is_utf8: Some(true),
            response_topic: None,
            correlation_data: Some(b"Hi".to_vec()),
            user: [("k", "v1"), ("other", "x"), ("k", "v2")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
        };
        let context = Context { properties: Some(&properties), ..context() };
        check_in(
            context,
            &[
                ("get_mqtt_property('content_type')", "\"application/json\""),
                ("get_mqtt_property('format_indicator')", "\"UTF8_DATA\""),
                ("get_mqtt_property('response_topic')", ""),
                ("get_mqtt_property('correlation_data')", "\"SGk=\""),
                ("get_mqtt_property(m)", ""),
                ("get_mqtt_property(missing)", ""),
                ("get_user_properties('k')", r#"["v1","v2"]"#),
                ("get_user_properties('nope')", ""),
                ("get_user_properties(1)", ""),
                ("get_user_properties()", r#"[{"k":"v1"},{"other":"x"},{"k":"v2"}]"#),
            ],
        );
        let bytes = Properties { is_utf8: Some(false), ..Properties::default() };
        check_in(
            Context { properties: Some(&bytes), ..context },
            &[
                ("get_mqtt_property('format_indicator')", "\"UNSPECIFIED_BYTES\""),
                ("get_user_properties()", ""),
            ],
        );
    }

    #[test]
    fn where_the_message_came_from() {
        let context = Context {
            account: "210987654321",
            source_ip: Some("203.0.113.9"),
            trace_id: Some("11111111-2222-4333-8444-555555555555"),
            ..context()
        };
        check_in(
            context,
            &[
                ("accountid()", "\"210987654321\""),
                ("sourceip()", "\"203.0.113.9\""),
                ("traceid()", "\"11111111-2222-4333-8444-555555555555\""),
            ],
        );
    }

    #[test]
    fn what_the_message_does_not_have() {
        let bare = Context { client_id: None, principal: None, ..context() };
        check_in(
            bare,
            &[
                ("clientid()", "\"n/a\""),
                ("principal()", ""),
                ("sourceip()", ""),
                ("traceid()", ""),
                ("get_mqtt_property('content_type')", ""),
                ("get_user_properties()", ""),
                ("get_user_properties('k')", ""),
            ],
        );
        let ingested = Context { topic: "$aws/rules/r1/farm/f1", ..context() };
        check_in(ingested, &[("topic()", "\"farm/f1\""), ("topic(1)", "\"farm\"")]);
    }
}

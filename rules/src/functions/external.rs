//! Functions that reach outside the rule; whoever owns the services answers them.

use super::{Arguments, Function, yields};
use crate::context::External;
use crate::error::RulesError;
use crate::eval::Outcome;
use crate::value::Value;
use std::borrow::Cow;

pub(super) const FUNCTIONS: [Function; 5] = [
    Function::new("aws_lambda", "arn, payload", aws_lambda).reads_context(),
    Function::new("get_dynamodb", "table, key, value [, sort_key, sort_value], role", get_dynamodb)
        .since_2016()
        .reads_context()
        .single()
        .differs("a second call is refused when the rule is compiled, not when it runs"),
    Function::new("get_registry_data", "api, thing, role", get_registry_data)
        .reads_context()
        .words(&[(0, &["DescribeThing", "ListThingGroupsForThing"])]),
    Function::new("get_secret", "id, type [, key], role", get_secret)
        .reads_context()
        .words(&[(1, &["SecretString", "SecretBinary"])]),
    Function::new("get_thing_shadow", "thing [, shadow], role", get_thing_shadow)
        .since_2016()
        .reads_context(),
];

fn services<'v>(
    arguments: Arguments<'v>,
    function: &'static str,
) -> Result<&'v dyn External, RulesError> {
    arguments.scope().context.functions.ok_or_else(|| RulesError::External {
        function,
        reason: "no services can be reached from here".to_owned(),
    })
}

/// The argument as text, which these functions cannot do without.
fn text<'v>(
    arguments: Arguments<'v>,
    position: usize,
    function: &'static str,
) -> Result<Cow<'v, str>, RulesError> {
    arguments.text(position)?.ok_or_else(|| RulesError::External {
        function,
        reason: format!("argument {} has no value", position + 1),
    })
}

/// `aws_lambda(functionArn, payload)`.
fn aws_lambda(arguments: Arguments<'_>) -> Outcome<'_> {
    let arn = text(arguments, 0, "aws_lambda")?;
    let payload = arguments.value(1)?;
    yields(services(arguments, "aws_lambda")?.invoke(&arn, &payload)?)
}

/// `get_thing_shadow(thing [, shadow], role)`. The role is the service's business.
fn get_thing_shadow(arguments: Arguments<'_>) -> Outcome<'_> {
    let thing = text(arguments, 0, "get_thing_shadow")?;
    let shadow = match arguments.len() {
        3 => Some(text(arguments, 1, "get_thing_shadow")?),
        _ => None,
    };
    let services = services(arguments, "get_thing_shadow")?;
    yields(services.thing_shadow(&thing, shadow.as_deref())?)
}

/// `get_dynamodb(table, key, value [, sort key, sort value], role)`: the item as an object.
fn get_dynamodb(arguments: Arguments<'_>) -> Outcome<'_> {
    let table = text(arguments, 0, "get_dynamodb")?;
    let services = services(arguments, "get_dynamodb")?;
    let name = text(arguments, 1, "get_dynamodb")?;
    let value = present(arguments, 2, "get_dynamodb")?;
    if arguments.len() == 4 {
        return yields(services.table_item(&table, &[(&name, &value)])?);
    }
    let sort_name = text(arguments, 3, "get_dynamodb")?;
    let sort_value = present(arguments, 4, "get_dynamodb")?;
    yields(services.table_item(&table, &[(&name, &value), (&sort_name, &sort_value)])?)
}

/// `get_registry_data(api, thing, role)`: what that operation of the registry answers.
fn get_registry_data(arguments: Arguments<'_>) -> Outcome<'_> {
    let api = text(arguments, 0, "get_registry_data")?;
    let thing = text(arguments, 1, "get_registry_data")?;
    yields(services(arguments, "get_registry_data")?.registry_data(&api, &thing)?)
}

/// `get_secret(id, type [, key], role)`: a secret of JSON as its object or one of its entries,
/// any other as its text. A key into what has no entries fails, as the service has it.
fn get_secret(arguments: Arguments<'_>) -> Outcome<'_> {
    const NAME: &str = "get_secret";
    let failed = |reason: String| Err(RulesError::External { function: NAME, reason });
    let id = text(arguments, 0, NAME)?;
    let secret_type = text(arguments, 1, NAME)?;
    if !["SecretString", "SecretBinary"].contains(&&*secret_type) {
        return failed(format!("`{secret_type}` is neither SecretString nor SecretBinary"));
    }
    let key = match arguments.len() {
        4 => Some(text(arguments, 2, NAME)?),
        _ => None,
    };
    let secret = services(arguments, NAME)?.secret(&id, &secret_type)?;
    let value = match Value::from_json_for(secret.as_bytes(), arguments.scope().version) {
        Ok(Value::Object(object)) if secret_type == "SecretString" => object,
        _ => {
            return match key {
                Some(key) => failed(format!("`{id}` is no JSON object, so it has no key `{key}`")),
                None => yields(secret),
            };
        }
    };
    match key {
        None => yields(value),
        Some(key) => match value.get(&key) {
            Some(value) => yields(value.clone()),
            None => failed(format!("`{id}` has no key `{key}`")),
        },
    }
}

/// The argument's value, which these functions cannot do without.
fn present<'v>(arguments: Arguments<'v>, position: usize, function: &'static str) -> Outcome<'v> {
    let value = arguments.value(position)?;
    if matches!(*value, Value::Undefined | Value::Null) {
        let reason = format!("argument {} has no value", position + 1);
        return Err(RulesError::External { function, reason });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use crate::context::{Context, External};
    use crate::diagnostic::Code;
    use crate::error::RulesError;
    use crate::functions::tests::{check_in, context, evaluate};
    use crate::rule::{Rule, SqlVersion};
    use crate::value::{Object, Value};

    /// Answers with what it was asked.
    struct Echo;

    impl External for Echo {
        fn invoke(&self, function_arn: &str, payload: &Value) -> Result<Value, RulesError> {
            let entries = [("arn", function_arn.into()), ("payload", payload.clone())];
            Ok(Value::Object(entries.into_iter().collect::<Object>()))
        }

        fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError> {
            if thing == "nobody" {
                let reason = "No shadow exists with name: 'nobody'".to_owned();
                return Err(RulesError::External { function: "get_thing_shadow", reason });
            }
            Ok(Value::Array(vec![thing.into(), shadow.unwrap_or("classic").into()]))
        }

        fn table_item(&self, table: &str, key: &[(&str, &Value)]) -> Result<Value, RulesError> {
            let key: Object = key.iter().map(|(name, value)| (*name, (*value).clone())).collect();
            Ok(Value::Array(vec![table.into(), key.into()]))
        }

        fn registry_data(&self, api: &str, thing: &str) -> Result<Value, RulesError> {
            Ok(Value::Array(vec![api.into(), thing.into()]))
        }

        fn secret(&self, id: &str, secret_type: &str) -> Result<String, RulesError> {
            Ok(match (id, secret_type) {
                ("login", "SecretString") => r#"{"user":"u","pin":[1,2]}"#,
                ("list", _) => "[1, 2]",
                (_, "SecretBinary") => "e30=",
                _ => "swordfish",
            }
            .to_owned())
        }
    }

    #[test]
    fn cases() {
        let context = Context { functions: Some(&Echo), ..context() };
        check_in(
            context,
            &[
                ("aws_lambda('arn:f', {'t': t}).payload.t", "50"),
                ("aws_lambda('arn:f', 1).arn", "\"arn:f\""),
                ("get_thing_shadow('pump', 'arn:role')", r#"["pump","classic"]"#),
                ("get_thing_shadow('pump', 'sun', 'arn:role')", r#"["pump","sun"]"#),
                ("get_dynamodb('T', 'id', t, 'arn:role')", r#"["T",{"id":50}]"#),
                ("get_dynamodb('T', 'id', m, 'at', t, 'arn:role')", r#"["T",{"id":"Hi","at":50}]"#),
                (
                    "get_registry_data('DescribeThing', topic(2), 'arn:role')",
                    r#"["DescribeThing","bar"]"#,
                ),
                ("get_secret('login', 'SecretString', 'arn:role')", r#"{"user":"u","pin":[1,2]}"#),
                ("get_secret('login', 'SecretString', 'pin', 'arn:role')", "[1,2]"),
                ("get_secret('plain', 'SecretString', 'arn:role')", "\"swordfish\""),
                ("get_secret('list', 'SecretString', 'arn:role')", "\"[1, 2]\""),
                ("get_secret('plain', 'SecretBinary', 'arn:role')", "\"e30=\""),
            ],
        );
        let failed = evaluate("get_thing_shadow('nobody', 'arn:role')", context);
        assert!(failed.unwrap_err().to_string().contains("'nobody'"));
    }

    #[test]
    fn what_fails_the_rule() {
        let context = Context { functions: Some(&Echo), ..context() };
        for (call, reason) in [
            ("get_secret('plain', 'SecretString', 'k', 'r')", "no JSON object"),
            ("get_secret('plain', 'SecretBinary', 'k', 'r')", "no JSON object"),
            ("get_secret('list', 'SecretString', 'k', 'r')", "no JSON object"),
            ("get_secret('login', 'SecretString', 'k', 'r')", "no key `k`"),
            ("get_secret('login', m, 'r')", "`Hi` is neither"),
            ("get_secret(missing, 'SecretString', 'r')", "argument 1 has no value"),
            ("get_dynamodb('T', 'id', missing, 'r')", "argument 3 has no value"),
            ("get_dynamodb('T', 'id', 1, n, 2, 'r')", "argument 4 has no value"),
            ("get_registry_data('DescribeThing', n, 'r')", "argument 2 has no value"),
        ] {
            let text = evaluate(call, context).unwrap_err().to_string();
            assert!(text.contains(reason), "{call}: {text}");
        }
    }

    #[test]
    fn a_second_get_dynamodb_is_refused() {
        let call = "get_dynamodb('T', 'id', id, 'r')";
        let sql = format!("SELECT {call} AS a FROM 't' WHERE {call}.on = 1");
        let errors = Rule::compile(&sql, SqlVersion::V2016_03_23).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [Code::CallLimit]);
        let sql = "SELECT get_dynamodb('T', 'id', 1, 's', 'r') AS a FROM 't'";
        let errors = Rule::compile(sql, SqlVersion::V2016_03_23).unwrap_err();
        assert_eq!(errors[0].code, Code::ArgumentCount);
        assert_eq!(errors[0].expected, ["4 or 6"]);
    }

    #[test]
    fn without_services_the_rule_fails() {
        let failed = evaluate("aws_lambda('arn:f', 1)", context());
        let text = failed.unwrap_err().to_string();
        assert_eq!(text, "aws_lambda failed: no services can be reached from here");
    }
}

//! Functions that reach outside the rule; whoever owns the services answers them.

use super::{Arguments, Function, yields};
use crate::context::External;
use crate::error::RulesError;
use crate::eval::Outcome;
use std::borrow::Cow;

pub(super) const FUNCTIONS: [Function; 2] = [
    Function::new("aws_lambda", 2, 2, aws_lambda).reads_context(),
    Function::new("get_thing_shadow", 2, 3, get_thing_shadow).since_2016().reads_context(),
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

#[cfg(test)]
mod tests {
    use crate::context::{Context, External};
    use crate::error::RulesError;
    use crate::functions::tests::{check_in, context, evaluate};
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
            ],
        );
        let failed = evaluate("get_thing_shadow('nobody', 'arn:role')", context);
        assert!(failed.unwrap_err().to_string().contains("'nobody'"));
    }

    #[test]
    fn without_services_the_rule_fails() {
        let failed = evaluate("aws_lambda('arn:f', 1)", context());
        let text = failed.unwrap_err().to_string();
        assert_eq!(text, "aws_lambda failed: no services can be reached from here");
    }
}

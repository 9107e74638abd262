//! Services asked once: the answer to each distinct call is kept for the rest of an explanation.

use crate::context::External;
use crate::error::RulesError;
use crate::value::Value;
use std::cell::{Cell, RefCell};

/// Services behind a memory of their answers.
pub(super) struct Once<'a> {
    inner: &'a dyn External,
    answers: RefCell<Vec<(String, Result<Value, RulesError>)>>,
    /// Whether nothing new may be asked, because the rule stayed silent before it asked.
    is_closed: Cell<bool>,
}

impl<'a> Once<'a> {
    pub(super) fn new(inner: &'a dyn External) -> Self {
        Self { inner, answers: RefCell::default(), is_closed: Cell::new(false) }
    }

    /// Answers only what was answered before, unless the rule fires.
    pub(super) fn close_unless(&self, fires: bool) {
        self.is_closed.set(!fires);
    }

    fn ask(
        &self,
        function: &'static str,
        call: String,
        ask: impl FnOnce(&dyn External) -> Result<Value, RulesError>,
    ) -> Result<Value, RulesError> {
        let call = format!("{function} {call}");
        let known = self.answers.borrow().iter().find(|(known, _)| *known == call).cloned();
        if let Some((_, answer)) = known {
            return answer;
        }
        if self.is_closed.get() {
            let reason = "it is not called where WHERE is not true".to_owned();
            return Err(RulesError::External { function, reason });
        }
        let answer = ask(self.inner);
        self.answers.borrow_mut().push((call, answer.clone()));
        answer
    }
}

impl External for Once<'_> {
    fn invoke(&self, function_arn: &str, payload: &Value) -> Result<Value, RulesError> {
        self.ask("aws_lambda", format!("{function_arn} {payload:?}"), |services| {
            services.invoke(function_arn, payload)
        })
    }

    fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError> {
        self.ask("get_thing_shadow", format!("{thing:?} {shadow:?}"), |services| {
            services.thing_shadow(thing, shadow)
        })
    }

    fn table_item(&self, table: &str, key: &[(&str, &Value)]) -> Result<Value, RulesError> {
        self.ask("get_dynamodb", format!("{table:?} {key:?}"), |services| {
            services.table_item(table, key)
        })
    }

    fn registry_data(&self, api: &str, thing: &str) -> Result<Value, RulesError> {
        self.ask("get_registry_data", format!("{api:?} {thing:?}"), |services| {
            services.registry_data(api, thing)
        })
    }

    fn secret(&self, id: &str, secret_type: &str) -> Result<String, RulesError> {
        let secret = self.ask("get_secret", format!("{id:?} {secret_type:?}"), |services| {
            services.secret(id, secret_type).map(Value::String)
        })?;
        // Only texts are kept under this function's name.
        Ok(secret.as_str().unwrap_or_default().to_owned())
    }
}

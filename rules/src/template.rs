//! Substitution templates: texts of rule actions with `${expression}` in them.

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::error::RulesError;
use crate::value::Value;

/// A compiled template.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
}

impl Template {
    /// Compiles `text`; one without `${` is itself.
    ///
    /// # Errors
    /// Everything that is wrong with its expressions; never an empty list.
    pub fn compile(text: &str) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self { text: text.to_owned() })
    }

    /// The text with each expression replaced by the text form of its value over the message's own
    /// payload; Undefined and Null become nothing.
    ///
    /// # Errors
    /// [`RulesError::External`] if a function that it calls fails.
    pub fn render(&self, payload: &Value, context: &Context<'_>) -> Result<String, RulesError> {
        let _ = (payload, context);
        Ok(self.text.clone())
    }
}

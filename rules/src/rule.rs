//! A compiled rule.

use crate::bound::BoundRule;
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::RulesError;
use crate::value::Value;
use fieldmirror_core::reading::Schema;
use fieldmirror_core::topic::TopicFilter;

/// The version of the language, a rule's `awsIotSqlVersion`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SqlVersion {
    /// The original, which the service takes where a rule names none.
    #[default]
    V2015_10_08,
    /// The current one; also what `beta` means here.
    V2016_03_23,
}

impl SqlVersion {
    /// Reads `2015-10-08`, `2016-03-23` or `beta`; `None` if it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "2015-10-08" => Some(Self::V2015_10_08),
            "2016-03-23" | "beta" => Some(Self::V2016_03_23),
            _ => None,
        }
    }

    /// The text of `awsIotSqlVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2015_10_08 => "2015-10-08",
            Self::V2016_03_23 => "2016-03-23",
        }
    }
}

/// What a rule that fired hands to its actions.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The message's payload, byte for byte: `SELECT *` over what is not JSON.
    Payload,
    /// A value, sent as JSON. Undefined is an empty payload.
    Value(Value),
}

/// A rule's SQL, compiled.
#[derive(Clone, Debug)]
pub struct Rule {
    sql: String,
    filter: TopicFilter,
}

impl Rule {
    /// Compiles `sql`.
    ///
    /// # Errors
    /// Everything that is wrong with the text, in its order; never an empty list.
    pub fn compile(sql: &str, version: SqlVersion) -> Result<Self, Vec<Diagnostic>> {
        let _ = version;
        Err(vec![Diagnostic::new(
            Code::Unsupported,
            0..sql.len(),
            "this build cannot compile rules yet",
        )])
    }

    /// The topics that the rule hears: its FROM.
    pub const fn filter(&self) -> &TopicFilter {
        &self.filter
    }

    /// The text that was compiled.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Runs the rule over a JSON payload; `None` if WHERE is not true.
    ///
    /// The topic is not compared with FROM: routing is the caller's. A result that is
    /// [`Value::Undefined`] is an empty payload.
    ///
    /// # Errors
    /// [`RulesError::External`] and [`RulesError::VariableTooLarge`]; no action may run then.
    pub fn evaluate(
        &self,
        payload: &Value,
        context: &Context<'_>,
    ) -> Result<Option<Value>, RulesError> {
        let _ = (payload, context);
        Ok(None)
    }

    /// Runs the rule over a payload of any kind; `None` if WHERE is not true.
    ///
    /// Where the payload is not JSON, every path is Undefined, `encode(*, 'base64')` sees the bytes
    /// and `SELECT *` yields [`Output::Payload`].
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_bytes(
        &self,
        payload: &[u8],
        context: &Context<'_>,
    ) -> Result<Option<Output>, RulesError> {
        let value = Value::from_json(payload)?;
        Ok(self.evaluate(&value, context)?.map(Output::Value))
    }

    /// The rule over typed readings of `schema`; `None` if it needs the general path.
    pub fn bind(&self, schema: &'static Schema) -> Option<BoundRule> {
        let _ = schema;
        None
    }
}

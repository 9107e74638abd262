//! What a rule can know besides the payload: the message's circumstances and the outside world.

use crate::error::RulesError;
use crate::value::Value;
use fieldmirror_core::time::Timestamp;

/// The circumstances of one message.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The topic it was published on; `topic()` without a Basic Ingest prefix.
    pub topic: &'a str,
    /// The publisher's MQTT client id; `None` if it did not come over MQTT.
    pub client_id: Option<&'a str>,
    /// The publisher's principal: a certificate id, for instance.
    pub principal: Option<&'a str>,
    /// When the rule runs; `timestamp()` in milliseconds.
    pub now: Timestamp,
    /// What external functions reach; without it they fail the rule.
    pub functions: Option<&'a dyn External>,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("topic", &self.topic)
            .field("client_id", &self.client_id)
            .field("principal", &self.principal)
            .field("now", &self.now)
            .field("functions", &self.functions.is_some())
            .finish()
    }
}

/// The services that SQL functions call: whoever owns them implements this.
pub trait External {
    /// `aws_lambda(arn, payload)`: invokes a function and returns its answer.
    ///
    /// # Errors
    /// [`RulesError::External`] if there is no such function or it failed.
    fn invoke(&self, function_arn: &str, payload: &Value) -> Result<Value, RulesError>;

    /// `get_thing_shadow(thing [, shadow], role)`: the whole shadow document.
    ///
    /// # Errors
    /// [`RulesError::External`] if there is no such shadow.
    fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError>;
}

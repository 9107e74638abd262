//! What a rule can know besides the payload: the message's circumstances and the outside world.

use crate::error::RulesError;
use crate::value::Value;
pub use fieldmirror_core::time::Timestamp;
use std::cell::Cell;

/// The account in `accountid()` where nobody names one. Source: the example account of AWS's
/// documents.
pub const EXAMPLE_ACCOUNT: &str = "123456789012";

/// The circumstances of one message. [`Context::new`] gives a bare one; set what is known.
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
    /// The account that owns the rule.
    pub account: &'a str,
    /// The publisher's address.
    pub source_ip: Option<&'a str>,
    /// The message's trace id; `None` if it did not come over MQTT.
    pub trace_id: Option<&'a str>,
    /// MQTT 5 properties of the message.
    pub properties: Option<&'a Properties>,
    /// Where `rand()` and `newuuid()` draw from; without it they draw from the topic and `now`.
    pub chance: Option<&'a Chance>,
    /// What external functions reach; without it they fail the rule.
    pub functions: Option<&'a dyn External>,
}

impl<'a> Context<'a> {
    /// A message on `topic` at `now` of which nothing else is known.
    pub const fn new(topic: &'a str, now: Timestamp) -> Self {
        Self {
            topic,
            client_id: None,
            principal: None,
            now,
            account: EXAMPLE_ACCOUNT,
            source_ip: None,
            trace_id: None,
            properties: None,
            chance: None,
            functions: None,
        }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("topic", &self.topic)
            .field("client_id", &self.client_id)
            .field("principal", &self.principal)
            .field("now", &self.now)
            .field("functions", &self.functions.is_some())
            .finish_non_exhaustive()
    }
}

/// MQTT 5 properties of a PUBLISH, as `get_mqtt_property` and `get_user_properties` see them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// MIME type of the payload.
    pub content_type: Option<String>,
    /// Payload format indicator: whether the payload is declared to be UTF-8.
    pub is_utf8: Option<bool>,
    /// Where a response is expected.
    pub response_topic: Option<String>,
    /// Correlation data.
    pub correlation_data: Option<Vec<u8>>,
    /// User properties in their order; a key may come more than once.
    pub user: Vec<(String, String)>,
}

/// A source of repeatable randomness: the same key gives the same draws in the same order.
#[derive(Clone, Debug)]
pub struct Chance {
    key: u64,
    drawn: Cell<u32>,
}

impl Chance {
    /// A source for `key`; nothing is drawn yet.
    pub const fn new(key: u64) -> Self {
        Self { key, drawn: Cell::new(0) }
    }

    /// The key and the number of the next draw, which is then used up.
    pub(crate) fn next(&self) -> (u64, u32) {
        let drawn = self.drawn.get();
        self.drawn.set(drawn.wrapping_add(1));
        (self.key, drawn)
    }
}

/// The services that SQL functions call: whoever owns them implements what it has. What is not
/// implemented fails the rule, as an unreachable service does.
pub trait External {
    /// `aws_lambda(arn, payload)`: invokes a function and returns its answer.
    ///
    /// # Errors
    /// [`RulesError::External`] if there is no such function or it failed.
    fn invoke(&self, function_arn: &str, payload: &Value) -> Result<Value, RulesError> {
        let _ = payload;
        Err(unreachable_service("aws_lambda", function_arn))
    }

    /// `get_thing_shadow(thing [, shadow], role)`: the whole shadow document.
    ///
    /// # Errors
    /// [`RulesError::External`] if there is no such shadow.
    fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError> {
        let _ = shadow;
        Err(unreachable_service("get_thing_shadow", thing))
    }

    /// `get_dynamodb(table, key, value [, sort key, value], role)`: the item as an object;
    /// [`Value::Undefined`] if the table has none under that key.
    ///
    /// # Errors
    /// [`RulesError::External`] if there is no such table or it has another key.
    fn table_item(&self, table: &str, key: &[(&str, &Value)]) -> Result<Value, RulesError> {
        let _ = key;
        Err(unreachable_service("get_dynamodb", table))
    }

    /// `get_registry_data(api, thing, role)`: what `DescribeThing` or `ListThingGroupsForThing`
    /// answers.
    ///
    /// # Errors
    /// [`RulesError::External`] if there is no such thing.
    fn registry_data(&self, api: &str, thing: &str) -> Result<Value, RulesError> {
        let _ = api;
        Err(unreachable_service("get_registry_data", thing))
    }

    /// `get_secret(id, type [, key], role)`: the secret's text (`SecretString`) or its base64
    /// (`SecretBinary`), without looking into it.
    ///
    /// # Errors
    /// [`RulesError::External`] if there is no such secret.
    fn secret(&self, id: &str, secret_type: &str) -> Result<String, RulesError> {
        let _ = secret_type;
        Err(unreachable_service("get_secret", id))
    }
}

fn unreachable_service(function: &'static str, what: &str) -> RulesError {
    RulesError::External { function, reason: format!("`{what}` cannot be reached from here") }
}

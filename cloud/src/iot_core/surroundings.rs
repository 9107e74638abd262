//! What a running rule knows and reaches: where its draws come from, and the services that SQL
//! functions ask, answered from what the core itself holds.

use super::{IotCore, find_thing};
use crate::actions::{function_name, write_base64};
use crate::shadow::Response;
use crate::spec::{Secret, Spec, Undeclared};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::{Chance, External};
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::value::{Object, Value};
use std::collections::BTreeMap;

/// What rules reach beside things, shadows and tables.
#[derive(Clone, Debug)]
pub(super) struct RuleWorld {
    pub(super) account: String,
    /// Whether an invocation of a function that nobody declares is recorded.
    pub(super) records_undeclared: bool,
    /// Where all draws of this core come from.
    key: EntityKey,
    answers: BTreeMap<String, Value>,
    secrets: BTreeMap<String, Secret>,
}

/// What one run of a rule has of its own.
pub(super) struct Circumstances<'a> {
    pub(super) surroundings: RuleSurroundings<'a>,
    pub(super) trace: Uuid,
    pub(super) chance: Chance,
}

/// What SQL functions of a running rule reach.
pub(super) struct RuleSurroundings<'a> {
    core: &'a IotCore,
    now: Timestamp,
}

/// The text of a UUID of version 4.
#[derive(Clone, Copy)]
pub(super) struct Uuid([u8; 36]);

impl RuleWorld {
    pub(super) fn new(spec: &Spec) -> Self {
        let answer = |(name, answer): (&String, &serde_json::Value)| {
            let value = Value::from_json(answer.to_string().as_bytes()).unwrap_or(Value::Null);
            (name.clone(), value)
        };
        Self {
            account: spec.account.clone(),
            records_undeclared: spec.undeclared_functions == Undeclared::Record,
            key: EntityKey::of(&spec.account).pair(EntityKey::of(&spec.seed.to_string())),
            answers: spec.answers.iter().map(answer).collect(),
            secrets: spec.secrets.clone(),
        }
    }
}

impl IotCore {
    /// The circumstances of the message in work for the rule or action whose key this is.
    pub(super) fn circumstances(&self, now: Timestamp, of: EntityKey) -> Circumstances<'_> {
        let message = self.message_key();
        Circumstances {
            surroundings: RuleSurroundings { core: self, now },
            trace: self.trace_id(),
            chance: Chance::new(message.pair(of).bits()),
        }
    }

    /// An identifier of the message in work: the same in every run.
    pub(super) fn trace_id(&self) -> Uuid {
        Uuid::of(self.message_key())
    }

    /// The identifier of a client's connection with this number: 32 digits.
    pub(super) fn session_identifier(&self, client: &str, number: u64) -> String {
        let client = self.world.key.pair(EntityKey::of(client));
        let id = Uuid::of(client.pair(EntityKey::of(&number.to_string())));
        id.as_str().replace('-', "")
    }

    /// The key of the message in work: how many there were decides, on either path.
    pub(super) fn message_key(&self) -> EntityKey {
        self.world.key.pair(EntityKey::of(&self.accepted.to_string()))
    }
}

impl Uuid {
    /// The identifier that belongs to `key`.
    pub(super) fn of(key: EntityKey) -> Self {
        let low = key.pair(key).bits();
        // Version and variant.
        let bits = [(key.bits() & !0xf000) | 0x4000, (low & !(0b11 << 62)) | (0b10 << 62)];
        let mut text = [b'-'; 36];
        let mut at = 0;
        for digit in 0..32 {
            if matches!(at, 8 | 13 | 18 | 23) {
                at += 1;
            }
            let nibble = (bits[digit / 16] >> (60 - 4 * (digit % 16))) as usize & 15;
            text[at] = b"0123456789abcdef"[nibble];
            at += 1;
        }
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        // Only digits and dashes were written.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl External for RuleSurroundings<'_> {
    fn invoke(&self, function_arn: &str, _payload: &Value) -> Result<Value, RulesError> {
        let name = function_name(function_arn);
        if let Some(answer) = self.core.world.answers.get(name) {
            return Ok(answer.clone());
        }
        // Declared functions act on the farm; inside a statement nothing may act.
        let reason = format!("`{name}` has no declared answer, and a statement may not act");
        Err(RulesError::External { function: "aws_lambda", reason })
    }

    fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError> {
        let fail = |reason| RulesError::External { function: "get_thing_shadow", reason };
        if let Some(name) = shadow {
            return Err(fail(format!("No shadow exists with name: '{thing}~{name}'")));
        }
        let document = find_thing(&self.core.principals, self.core.things, thing)
            .and_then(|thing| self.core.shadows.document(thing))
            .ok_or_else(|| fail(format!("No shadow exists with name: '{thing}'")))?;
        let mut text = Vec::new();
        Response::GetAccepted(&document).write(self.now, None, &mut text);
        Value::from_json(&text)
    }

    fn table_item(&self, table: &str, key: &[(&str, &Value)]) -> Result<Value, RulesError> {
        let fail = |reason| RulesError::External { function: "get_dynamodb", reason };
        let found = self.core.table(table).ok_or_else(|| fail(format!("no table `{table}`")))?;
        match found.find(key).map_err(fail)? {
            Some(item) => Value::from_json(item),
            None => Ok(Value::Undefined),
        }
    }

    fn registry_data(&self, api: &str, thing: &str) -> Result<Value, RulesError> {
        let fail = |reason| RulesError::External { function: "get_registry_data", reason };
        let device = find_thing(&self.core.principals, self.core.things, thing)
            .ok_or_else(|| fail(format!("Thing {thing} cannot be found.")))?;
        let found = self.core.registry.thing(device);
        match api {
            "DescribeThing" => {
                let attributes: Object = found
                    .attributes
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect();
                let kind = found.thing_type.map_or(Value::Undefined, Value::from);
                let id = Uuid::of(EntityKey::of(found.name));
                let answer: Object = [
                    ("defaultClientId", found.name.into()),
                    ("thingName", found.name.into()),
                    ("thingId", id.as_str().into()),
                    ("thingArn", self.core.thing_arn(device).into()),
                    ("thingTypeName", kind),
                    ("attributes", attributes.into()),
                    ("version", Value::Int(found.version.into())),
                ]
                .into_iter()
                .collect();
                Ok(answer.into())
            }
            "ListThingGroupsForThing" => {
                let scope = &self.core.arn_scope;
                let group = |name: &str| -> Value {
                    let arn = format!("arn:aws:iot:{scope}:thinggroup/{name}");
                    let entries = [("groupName", name.into()), ("groupArn", arn.into())];
                    entries.into_iter().collect::<Object>().into()
                };
                let groups: Vec<Value> = found.groups.iter().map(|name| group(name)).collect();
                let answer = [("thingGroups", Value::Array(groups))];
                Ok(answer.into_iter().collect::<Object>().into())
            }
            other => Err(fail(format!(
                "`{other}` is no call; expected `DescribeThing` or `ListThingGroupsForThing`"
            ))),
        }
    }

    fn secret(&self, id: &str, secret_type: &str) -> Result<String, RulesError> {
        let fail = |reason| RulesError::External { function: "get_secret", reason };
        // An ARN ends with the name, a dash and six random characters.
        let name = id.rsplit_once(":secret:").map_or(id, |(_, name)| {
            let at = name.len().saturating_sub(7);
            let random = name.get(at..).is_some_and(|end| end.starts_with('-'));
            if random && !self.core.world.secrets.contains_key(name) { &name[..at] } else { name }
        });
        let secret = self.core.world.secrets.get(name);
        match (secret, secret_type) {
            (None, _) => Err(fail(format!("there is no secret `{id}`"))),
            (Some(Secret::Text(text)), "SecretString") => Ok(text.clone()),
            (Some(Secret::Binary(bytes)), "SecretBinary") => {
                let mut text = Vec::new();
                write_base64(bytes, &mut text);
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            (Some(_), other) => Err(fail(format!("secret `{id}` has no `{other}`"))),
        }
    }
}

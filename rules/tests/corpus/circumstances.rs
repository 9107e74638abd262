//! What a case's `context` says: where its message came from, and the services that it reaches.

use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::{Chance, Context, External, Properties};
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::value::Value;
use serde_json::Value as Json;

const KEYS: [&str; 8] = [
    "account",
    "chance",
    "client_id",
    "principal",
    "properties",
    "services",
    "source_ip",
    "trace_id",
];

/// The circumstances of one evaluation.
pub(crate) struct Circumstances {
    json: Json,
    properties: Option<Properties>,
    chance: Option<Chance>,
    services: Option<Services>,
}

impl Circumstances {
    pub(crate) fn of(json: Option<&Json>) -> Self {
        let json = json.cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new()));
        for key in json.as_object().expect("a context is an object").keys() {
            assert!(KEYS.contains(&key.as_str()), "unknown key {key} in a context");
        }
        let properties = json.get("properties").map(properties);
        let chance = json.get("chance").map(|key| Chance::new(key.as_u64().expect("a number")));
        let services = json.get("services").cloned().map(Services);
        Self { json, properties, chance, services }
    }

    /// The text of `key`; where the case gives none or null, what it says.
    fn text<'a>(&'a self, key: &str, usual: Option<&'a str>) -> Option<&'a str> {
        match self.json.get(key) {
            None => usual,
            Some(value) => value.as_str(),
        }
    }

    pub(crate) fn context<'a>(&'a self, topic: &'a str) -> Context<'a> {
        let bare = Context::new(topic, Timestamp::from_millis(1_527_811_200_123));
        Context {
            client_id: self.text("client_id", Some("probe-1")),
            principal: self.text("principal", Some("c0ffee")),
            account: self.text("account", Some(bare.account)).expect("an account is a text"),
            source_ip: self.text("source_ip", None),
            trace_id: self.text("trace_id", None),
            properties: self.properties.as_ref(),
            chance: self.chance.as_ref(),
            functions: self.services.as_ref().map(|services| services as &dyn External),
            ..bare
        }
    }
}

fn properties(json: &Json) -> Properties {
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    let pairs = json.get("user").and_then(Json::as_array).cloned().unwrap_or_default();
    let user = pairs.iter().map(|pair| {
        let part = |at: usize| pair[at].as_str().expect("a pair of texts").to_owned();
        (part(0), part(1))
    });
    Properties {
        content_type: text("content_type"),
        is_utf8: json.get("is_utf8").and_then(Json::as_bool),
        response_topic: text("response_topic"),
        correlation_data: text("correlation_data").map(String::into_bytes),
        user: user.collect(),
    }
}

/// `services`: `functions` by ARN, `shadows` by thing or `thing/shadow`, `registry` by API and
/// thing, `secrets` by id and type; `tables` by name with their items as a list.
struct Services(Json);

impl Services {
    fn at(&self, function: &'static str, path: &[&str]) -> Result<Value, RulesError> {
        let found = path.iter().try_fold(&self.0, |json, step| json.get(step));
        let json = found.ok_or_else(|| RulesError::External {
            function,
            reason: format!("there is no {}", path[1..].join(" ")),
        })?;
        Ok(Value::from_json(json.to_string().as_bytes()).expect("JSON"))
    }
}

impl External for Services {
    fn invoke(&self, function_arn: &str, payload: &Value) -> Result<Value, RulesError> {
        match self.at("aws_lambda", &["functions", function_arn])? {
            // A function that answers with what it got.
            Value::String(text) if text == "echo" => Ok(payload.clone()),
            answer => Ok(answer),
        }
    }

    fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError> {
        let name = shadow.map_or_else(|| thing.to_owned(), |shadow| format!("{thing}/{shadow}"));
        self.at("get_thing_shadow", &["shadows", &name])
    }

    fn table_item(&self, table: &str, key: &[(&str, &Value)]) -> Result<Value, RulesError> {
        let Value::Array(items) = self.at("get_dynamodb", &["tables", table])? else {
            panic!("a table is a list of items");
        };
        let fits = |item: &Value| key.iter().all(|(name, value)| item.get(name) == Some(*value));
        Ok(items.into_iter().find(fits).unwrap_or(Value::Undefined))
    }

    fn registry_data(&self, api: &str, thing: &str) -> Result<Value, RulesError> {
        self.at("get_registry_data", &["registry", api, thing])
    }

    fn secret(&self, id: &str, secret_type: &str) -> Result<String, RulesError> {
        let secret = self.at("get_secret", &["secrets", id, secret_type])?;
        Ok(secret.as_str().expect("a secret is a text").to_owned())
    }
}

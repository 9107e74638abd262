//! What a cloud is made from: the section of a scenario that the cloud owns.

use crate::functions::FunctionSpec;
use crate::identity::IdentitySpec;
use crate::rule_spec::RuleSpec;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The specification of one core.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The assets: every one of them becomes a thing.
    pub register: Arc<Register>,
    /// Things beside the assets.
    pub things: Vec<ThingSpec>,
    /// Policies, certificates and groups. With them every connect, publish, subscribe and delivery
    /// is authorised; without them nothing is.
    pub identity: Option<IdentitySpec>,
    /// Rules by name; the position is the rule's number in tables.
    pub rules: Vec<(String, RuleSpec)>,
    /// Functions that rules may call.
    pub functions: Vec<FunctionSpec>,
    /// What happens where a rule invokes a function that is not among them.
    pub undeclared_functions: Undeclared,
    /// What `aws_lambda` in a statement gets back, by the function's name.
    pub answers: BTreeMap<String, serde_json::Value>,
    /// What `get_secret` reads, by the secret's name.
    pub secrets: BTreeMap<String, Secret>,
    /// Tables that are to keep the last item of each key. A table that only a `dynamoDB` action
    /// names has the key that the action gives; one that only `dynamoDBv2` actions name keeps its
    /// last item alone.
    pub tables: Vec<TableSpec>,
    /// Classes whose accepted uplinks are mirrored into their things' shadows.
    pub mirror: Vec<DeviceClass>,
    /// How long a persistent session outlives its connection.
    pub session_expiry: Span,
    /// Region in ARNs.
    pub region: String,
    /// Account in ARNs.
    pub account: String,
    /// Where `rand()`, `newuuid()`, trace ids and the identifiers that the service draws come from:
    /// two cores of one account draw differently under different seeds.
    pub seed: u64,
}

/// A thing that is no asset of the register: a device of somebody's own fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingSpec {
    /// The name, which is its client id too.
    pub name: String,
    /// Its thing type, if it has one.
    pub thing_type: Option<String>,
    /// Its attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// The groups that it is in.
    pub groups: Vec<String>,
}

/// A table that `dynamoDB` and `dynamoDBv2` actions write to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSpec {
    /// The name.
    pub name: String,
    /// The attribute that items are kept by.
    pub hash_key: String,
    /// The type of its values; `None` takes both.
    pub hash_key_type: Option<KeyType>,
    /// The attribute that tells items with the same hash key apart, if there is one.
    pub range_key: Option<String>,
    /// The type of its values; `None` takes both.
    pub range_key_type: Option<KeyType>,
}

/// The type of a key of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `STRING`, or `S`.
    Text,
    /// `NUMBER`, or `N`.
    Number,
}

/// What happens where a rule invokes a function that nobody declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undeclared {
    /// The rule is refused when the core is made; where a template names the function, the action
    /// fails.
    #[default]
    Refuse,
    /// The invocation is recorded with its body, and nothing else happens.
    Record,
}

/// A secret of the Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A `SecretString`.
    Text(String),
    /// A `SecretBinary`.
    Binary(Vec<u8>),
}

impl Spec {
    /// A cloud for `register` with the mirrored LoRaWAN classes and the service's defaults, and
    /// without rules or functions.
    ///
    /// # Source
    /// Persistent session expiry of one hour: AWS IoT Core endpoints and quotas.
    pub fn new(register: Arc<Register>) -> Self {
        Self {
            register,
            things: Vec::new(),
            identity: None,
            rules: Vec::new(),
            functions: Vec::new(),
            undeclared_functions: Undeclared::Refuse,
            answers: BTreeMap::new(),
            secrets: BTreeMap::new(),
            tables: Vec::new(),
            mirror: vec![DeviceClass::SoilProbe, DeviceClass::WeatherStation],
            session_expiry: Span::from_hours(1),
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
            seed: 0,
        }
    }
}

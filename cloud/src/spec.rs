//! What a cloud is made from: the section of a scenario that the cloud owns.

use crate::functions::FunctionSpec;
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
    /// Rules by name; the position is the rule's number in tables.
    pub rules: Vec<(String, RuleSpec)>,
    /// Functions that rules may call.
    pub functions: Vec<FunctionSpec>,
    /// Tables that are to keep the last item of each key; a table that a rule names and nobody
    /// declares keeps its last item only.
    pub tables: Vec<TableSpec>,
    /// Classes whose accepted uplinks are mirrored into their things' shadows.
    pub mirror: Vec<DeviceClass>,
    /// How long a persistent session outlives its connection.
    pub session_expiry: Span,
    /// Region in ARNs.
    pub region: String,
    /// Account in ARNs.
    pub account: String,
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

/// A table that `dynamoDBv2` actions write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// The name.
    pub name: String,
    /// The attribute that items are kept by.
    pub hash_key: String,
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
            rules: Vec::new(),
            functions: Vec::new(),
            tables: Vec::new(),
            mirror: vec![DeviceClass::SoilProbe, DeviceClass::WeatherStation],
            session_expiry: Span::from_hours(1),
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
        }
    }
}

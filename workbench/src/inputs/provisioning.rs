//! Provisioning templates: what a device becomes when it registers.
//!
//! A body is checked once and then evaluated for the parameters of a device: into a thing, a
//! certificate, policies and the device's configuration.
//!
//! What it does not do: a pre-provisioning hook is not called, and `OverrideSettings` are checked
//! but meet nothing to override, since each evaluation is of a new device.
//!
//! # Source
//! AWS IoT guide, "Provisioning templates".

use super::fields::Fields;
use super::intrinsics::{Broken, Budget, Intrinsics, Outcome, function_of};
use crate::deployment::{Builder, Origin, Settings};
use crate::problem::Problem;
use crate::yaml::{Mapping, Node};
use fieldmirror_cloud::spec::ThingSpec;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A checked body.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisioningTemplate {
    file: String,
    root: Node,
}

/// What a device becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provisioned {
    /// The thing.
    pub thing: Option<ThingSpec>,
    /// The certificate.
    pub certificate: Option<ProvisionedCertificate>,
    /// Policies that are attached to the certificate.
    pub policies: Vec<ProvisionedPolicy>,
    /// What the device is told.
    pub device_configuration: BTreeMap<String, String>,
}

/// The certificate of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedCertificate {
    /// Its id; made up from the request or the certificate where the template has these.
    pub id: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
}

/// A policy of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionedPolicy {
    /// Its name; of a document that the template holds, the hash of it.
    pub name: String,
    /// The document, if the template holds it and does not only name the policy.
    pub document: Option<Json>,
}

/// Whether a tree with `Resources` is a provisioning template, and none of CloudFormation.
pub(super) fn is_one(root: &Node) -> bool {
    let names = |section: &str| root.get(section).and_then(Node::as_mapping).into_iter().flatten();
    root.get("DeviceConfiguration").is_some()
        || names("Parameters").any(|entry| entry.key.starts_with("AWS::IoT::"))
        || names("Resources").any(|entry| entry.value.get("OverrideSettings").is_some())
        || names("Resources").any(|entry| refers_to_certificate(&entry.value))
}

/// Whether `CertificateId` is the one that a device brings.
fn refers_to_certificate(resource: &Node) -> bool {
    let id = resource.get("Properties").and_then(|properties| properties.get("CertificateId"));
    id.and_then(|id| id.get("Ref")?.as_text()).is_some_and(|name| name.starts_with("AWS::IoT::"))
}

impl ProvisioningTemplate {
    /// Checks a body.
    ///
    /// # Errors
    /// Every [`Problem`] of its shape; functions are checked when it is evaluated.
    pub fn parse(file: &str, root: &Node) -> Result<Self, Vec<Problem>> {
        let settings = Settings::default();
        let mut builder = Builder::new(&settings);
        check(file, root, &mut builder);
        match builder.problems.is_empty() {
            true => Ok(Self { file: file.to_owned(), root: root.clone() }),
            false => Err(builder.problems),
        }
    }

    /// The declared parameters in the order of the file.
    pub fn parameters(&self) -> Vec<String> {
        let parameters = self.root.get("Parameters").and_then(Node::as_mapping);
        parameters.into_iter().flatten().map(|entry| entry.key.clone()).collect()
    }

    /// What the device with these parameters becomes. The id of its certificate is the parameter
    /// `AWS::IoT::Certificate::Id`.
    ///
    /// # Errors
    /// Every [`Problem`]: a parameter that is missing or not declared, a function that cannot be
    /// evaluated.
    pub fn evaluate(
        &self,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Provisioned, Vec<Problem>> {
        let mut device = Device {
            template: self,
            parameters,
            budget: Budget::default(),
            subject: String::new(),
            problems: Vec::new(),
        };
        device.refuse_undeclared();
        let provisioned = device.provision();
        match device.problems.is_empty() {
            true => Ok(provisioned),
            false => Err(device.problems),
        }
    }
}

fn check(file: &str, root: &Node, builder: &mut Builder<'_>) {
    let whole = Origin { file: file.to_owned(), line: root.line, logical_id: None };
    let known = ["Parameters", "Mappings", "Resources", "DeviceConfiguration"];
    let Some(fields) = Fields::read(root, &known, &whole, builder) else { return };
    for entry in fields.get("Parameters").and_then(Node::as_mapping).into_iter().flatten() {
        if entry.value.get("Type").and_then(Node::as_text) != Some("String") {
            let found = format!("the parameter `{}` of another type", entry.key);
            builder.problem(&whole, &entry.value, found, "`\"Type\": \"String\"`");
        }
    }
    if let Some(mappings) = fields.get("Mappings") {
        check_plain(mappings, 3, &whole, builder);
    }
    for entry in fields.get("DeviceConfiguration").and_then(Node::as_mapping).into_iter().flatten()
    {
        let nested = entry.value.as_mapping().is_some() && function_of(&entry.value).is_none();
        if nested || entry.value.as_sequence().is_some() {
            let found = format!("{} in `DeviceConfiguration`", entry.value.kind());
            builder.problem(&whole, &entry.value, found, "texts, since it is flat");
        }
    }
    let Some(resources) = fields.needed("Resources", builder) else { return };
    for entry in resources.as_mapping().into_iter().flatten() {
        let origin =
            Origin { line: entry.line, logical_id: Some(entry.key.clone()), ..whole.clone() };
        check_resource(&entry.value, &origin, builder);
    }
}

/// Mappings hold texts and no functions.
fn check_plain(node: &Node, levels: usize, origin: &Origin, builder: &mut Builder<'_>) {
    if levels == 0 {
        if node.as_written().is_none() {
            builder.problem(origin, node, node.kind(), "a text in `Mappings`");
        }
        return;
    }
    match node.as_mapping() {
        Some(mapping) if function_of(node).is_none() => {
            mapping.iter().for_each(|e| check_plain(&e.value, levels - 1, origin, builder));
        }
        _ => builder.problem(origin, node, node.kind(), "map, key and name in `Mappings`"),
    }
}

fn check_resource(node: &Node, origin: &Origin, builder: &mut Builder<'_>) {
    let known = ["Type", "Properties", "OverrideSettings"];
    let Some(fields) = Fields::read(node, &known, origin, builder) else { return };
    let Some(kind) = fields.required("Type", builder) else { return };
    let Some((_, properties, overrides)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
        let expected = "`AWS::IoT::Thing`, `AWS::IoT::Certificate` or `AWS::IoT::Policy`";
        return builder.problem(origin, node, format!("the type `{kind}`"), expected);
    };
    let Some(found) = fields.needed("Properties", builder) else { return };
    let Some(inner) = Fields::read(found, properties, origin, builder) else { return };
    let has = |key: &str| inner.get(key).is_some();
    let sources = match kind.as_str() {
        "AWS::IoT::Certificate" => {
            ["CertificateSigningRequest", "CertificateId", "CertificatePem"].as_slice()
        }
        "AWS::IoT::Policy" => &["PolicyName", "PolicyDocument"],
        _ => &["ThingName"],
    };
    let count = sources.iter().filter(|key| has(key)).count();
    if count != 1 {
        let found_text = format!("{count} of `{}`", sources.join("`, `"));
        builder.problem(origin, found, found_text, "exactly one of them");
    }
    let Some(settings) = fields.get("OverrideSettings") else { return };
    let Some(settings) = Fields::read(settings, overrides, origin, builder) else { return };
    for key in *overrides {
        let Some(text) = settings.text(key, builder) else { continue };
        let merges = matches!(*key, "AttributePayload" | "ThingGroups") && text == "MERGE";
        if !merges && !["DO_NOTHING", "REPLACE", "FAIL"].contains(&text.as_str()) {
            let at = settings.get(key).unwrap_or(node);
            let expected =
                "`DO_NOTHING`, `REPLACE`, `FAIL`, or, for attributes and groups, `MERGE`";
            builder.problem(origin, at, format!("`{text}` as `{key}`"), expected);
        }
    }
}

/// Types, their properties, and what may be overridden.
const KINDS: &[(&str, &[&str], &[&str])] = &[
    (
        "AWS::IoT::Thing",
        &["ThingName", "AttributePayload", "ThingTypeName", "ThingGroups", "BillingGroup"],
        &["AttributePayload", "ThingTypeName", "ThingGroups"],
    ),
    (
        "AWS::IoT::Certificate",
        &[
            "CertificateSigningRequest",
            "CertificateId",
            "CertificatePem",
            "CACertificatePem",
            "Status",
        ],
        &["Status"],
    ),
    ("AWS::IoT::Policy", &["PolicyName", "PolicyDocument"], &[]),
];

/// A template while it is evaluated for a device.
struct Device<'t> {
    template: &'t ProvisioningTemplate,
    parameters: &'t BTreeMap<String, String>,
    budget: Budget,
    /// The resource that is evaluated.
    subject: String,
    problems: Vec<Problem>,
}

impl Intrinsics for Device<'_> {
    fn fail(&mut self, at: &Node, found: String, expected: &str) -> Outcome {
        let problem = Problem::of_file(&self.template.file, found, expected);
        self.problems.push(problem.about(self.subject.clone()).at(at.line, at.column));
        Outcome::Broken
    }

    fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    fn reference(&mut self, name: &str, at: &Node) -> Outcome {
        let declared = self.template.root.get("Parameters").and_then(|node| node.get(name));
        let default = declared.and_then(|node| node.get("Default")).and_then(Node::as_written);
        match (self.parameters.get(name).map(String::as_str).or(default), declared) {
            (Some(value), _) => Outcome::Value(super::intrinsics::quoted(at, value)),
            (None, None) if !name.starts_with("AWS::IoT::") => {
                self.fail(at, format!("the parameter `{name}`"), "one that `Parameters` declares")
            }
            (None, _) => {
                let found = format!("no value for the parameter `{name}`");
                self.fail(at, found, "a value from the device, or a default")
            }
        }
    }

    fn attribute(&mut self, name: &str, attribute: &str, at: &Node) -> Outcome {
        let found = format!("`${{{name}.{attribute}}}`");
        self.fail(at, found, "the name of a parameter")
    }

    fn map_entry(&mut self, map: &str, key: &str, name: &str) -> Option<Node> {
        self.template.root.get("Mappings")?.get(map)?.get(key)?.get(name).cloned()
    }

    fn further(&mut self, _function: &str, _argument: &Node, _at: &Node) -> Option<Outcome> {
        None
    }

    fn known(&self) -> &'static str {
        "one of `Ref`, `Fn::Join`, `Fn::Select`, `Fn::Split`, `Fn::Sub`, `Fn::FindInMap`"
    }
}

impl Device<'_> {
    fn refuse_undeclared(&mut self) {
        let declared = self.template.parameters();
        for name in self.parameters.keys() {
            if !declared.contains(name) && !name.starts_with("AWS::IoT::Certificate::") {
                let found = format!("the parameter `{name}`");
                let expected = format!("one of `{}`", declared.join("`, `"));
                self.fail(&self.template.root, found, &expected);
            }
        }
    }

    fn provision(&mut self) -> Provisioned {
        let mut out = Provisioned::default();
        let nothing = Mapping::default();
        let template = self.template;
        let section = |name: &str| template.root.get(name).and_then(Node::as_mapping);
        for entry in section("Resources").unwrap_or(&nothing) {
            self.subject.clone_from(&entry.key);
            let Some(properties) = entry.value.get("Properties") else { continue };
            let Outcome::Value(found) = self.evaluate(properties) else { continue };
            match entry.value.get("Type").and_then(Node::as_text) {
                Some("AWS::IoT::Thing") => out.thing = self.thing(&found),
                Some("AWS::IoT::Certificate") => out.certificate = self.certificate(&found),
                _ => out.policies.extend(self.policy(&found)),
            }
        }
        self.subject = "DeviceConfiguration".to_owned();
        for entry in section("DeviceConfiguration").unwrap_or(&nothing) {
            if let Ok(text) = self.text(&entry.value) {
                out.device_configuration.insert(entry.key.clone(), text);
            }
        }
        out
    }

    fn thing(&mut self, found: &Node) -> Option<ThingSpec> {
        let settings = Settings::default();
        let mut builder = Builder::new(&settings);
        let origin = Origin {
            file: self.template.file.clone(),
            line: found.line,
            logical_id: Some(self.subject.clone()),
        };
        let fields = Fields::read(found, KINDS[0].1, &origin, &mut builder)?;
        let name = fields.required("ThingName", &mut builder);
        let thing_type = fields.text("ThingTypeName", &mut builder);
        let groups = fields.texts("ThingGroups", &mut builder);
        let attributes = fields.get("AttributePayload");
        if let Some(name) = name {
            builder.thing(&name, thing_type, attributes, found, origin.clone());
        }
        self.problems.append(&mut builder.problems);
        let thing = builder.deployment.things.pop()?;
        Some(ThingSpec { groups, ..thing.spec })
    }

    fn certificate(&mut self, found: &Node) -> Option<ProvisionedCertificate> {
        let text = |key: &str| found.get(key).and_then(Node::as_written).map(str::to_owned);
        let made_up = |key: &str| text(key).map(|text| super::cloudformation::made_up_id(&text));
        let id = text("CertificateId")
            .or_else(|| made_up("CertificateSigningRequest"))
            .or_else(|| made_up("CertificatePem"));
        let status = text("Status").unwrap_or_else(|| "ACTIVE".to_owned());
        // Devices and older templates write it in any case.
        let status = status.to_uppercase();
        if !["ACTIVE", "INACTIVE"].contains(&status.as_str()) {
            self.fail(found, format!("the status `{status}`"), "`ACTIVE` or `INACTIVE`");
        }
        match id {
            Some(id) => Some(ProvisionedCertificate { id, status }),
            None => {
                self.fail(found, "a certificate without id".to_owned(), "its id as text");
                None
            }
        }
    }

    fn policy(&mut self, found: &Node) -> Result<ProvisionedPolicy, Broken> {
        if let Some(name) = found.get("PolicyName").and_then(Node::as_written) {
            return Ok(ProvisionedPolicy { name: name.to_owned(), document: None });
        }
        let settings = Settings::default();
        let mut builder = Builder::new(&settings);
        let origin = Origin {
            file: self.template.file.clone(),
            line: found.line,
            logical_id: Some(self.subject.clone()),
        };
        if let Some(document) = found.get("PolicyDocument") {
            builder.policy("document", document, origin);
        }
        self.problems.append(&mut builder.problems);
        let policy = builder.deployment.policies.pop().ok_or(Broken)?;
        let name = super::cloudformation::made_up_id(&policy.document.to_string());
        Ok(ProvisionedPolicy { name, document: Some(policy.document) })
    }
}

#[cfg(test)]
mod tests;

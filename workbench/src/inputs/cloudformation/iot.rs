//! The resources of AWS IoT that a deployment holds.
//!
//! # Source
//! AWS CloudFormation user guide, "AWS IoT resource type reference".

use super::super::fields::Fields;
use super::super::intrinsics::{Intrinsics, Outcome};
use super::super::names;
use super::super::provisioning::ProvisioningTemplate;
use super::Stack;
use super::resources::properties;
use crate::yaml::{self, Node};

impl Stack<'_, '_, '_> {
    /// Adds a resource; whether its type is supported.
    pub(super) fn iot(&mut self, id: &str, kind: &str, node: &Node) -> bool {
        let Some((_, known)) = SUPPORTED.iter().find(|(name, _)| *name == kind) else {
            return false;
        };
        let name = self.name_of(id, kind, node);
        let Outcome::Value(found) = self.evaluate(&properties(node)) else { return true };
        let Ok(name) = name else { return true };
        let origin = self.origin.clone();
        let Some(fields) = Fields::read(&found, known, &origin, self.builder) else { return true };
        match kind {
            "AWS::IoT::TopicRule" => {
                if let Some(payload) = fields.needed("TopicRulePayload", self.builder) {
                    let payload = names::from_cloudformation(payload, &origin, self.builder);
                    self.builder.rule(&name, &payload, origin.clone());
                }
            }
            "AWS::IoT::Policy" => {
                if let Some(document) = fields.needed("PolicyDocument", self.builder) {
                    self.builder.policy(&name, document, origin.clone());
                }
            }
            "AWS::IoT::Thing" => {
                let attributes =
                    fields.get("AttributePayload").and_then(|node| node.get("Attributes"));
                self.builder.thing(&name, None, attributes, node, origin.clone());
            }
            "AWS::IoT::ThingType" => self.thing_type(&name, &fields, node),
            "AWS::IoT::ThingGroup" => {
                let parent = fields.text("ParentGroupName", self.builder);
                let query = fields.text("QueryString", self.builder);
                self.builder.group(&name, parent, query, node, origin.clone());
            }
            "AWS::IoT::Certificate" => {
                if let Some(status) = fields.required("Status", self.builder) {
                    self.builder.certificate(name, &status, node, origin.clone());
                }
            }
            "AWS::IoT::PolicyPrincipalAttachment" => {
                let policy = fields.required("PolicyName", self.builder);
                let principal = fields.required("Principal", self.builder);
                if let (Some(policy), Some(principal)) = (policy, principal) {
                    self.builder.attach_policy(policy, &principal, origin.clone());
                }
            }
            "AWS::IoT::ThingPrincipalAttachment" => {
                let thing = fields.required("ThingName", self.builder);
                let principal = fields.required("Principal", self.builder);
                if let (Some(thing), Some(principal)) = (thing, principal) {
                    self.builder.attach_thing(thing, &principal, origin.clone());
                }
            }
            _ => self.provisioning(&name, &fields, node),
        }
        true
    }

    fn thing_type(&mut self, name: &str, fields: &Fields<'_>, node: &Node) {
        let origin = self.origin.clone();
        let mut searchable = Vec::new();
        if let Some(found) = fields.get("ThingTypeProperties") {
            let known = ["SearchableAttributes", "ThingTypeDescription", "Mqtt5Configuration"];
            if let Some(inner) = Fields::read(found, &known, &origin, self.builder) {
                searchable = inner.texts("SearchableAttributes", self.builder);
                if inner.get("Mqtt5Configuration").is_some() {
                    let text = "`Mqtt5Configuration` is not evaluated: no attributes are \
                        propagated into user properties";
                    self.builder.note(&origin, text);
                }
            }
        }
        self.builder.thing_type(name, searchable, node, origin);
    }

    fn provisioning(&mut self, name: &str, fields: &Fields<'_>, node: &Node) {
        let origin = self.origin.clone();
        if fields.get("PreProvisioningHook").is_some() {
            let text = "`PreProvisioningHook` is not called: every device may be provisioned";
            self.builder.note(&origin, text);
        }
        let Some(body) = fields.required("TemplateBody", self.builder) else { return };
        let file = format!("{origin}, `TemplateBody`");
        let parsed =
            yaml::parse(&file, &body).and_then(|root| ProvisioningTemplate::parse(&file, &root));
        match parsed {
            Ok(body) => self.builder.template(name, body, node, origin),
            Err(problems) => self.builder.problems.extend(problems),
        }
    }
}

/// Types that a deployment holds, with their properties.
pub(in crate::inputs) const SUPPORTED: &[(&str, &[&str])] = &[
    ("AWS::IoT::TopicRule", &["RuleName", "TopicRulePayload", "Tags"]),
    ("AWS::IoT::Policy", &["PolicyName", "PolicyDocument", "Tags"]),
    ("AWS::IoT::Thing", &["ThingName", "AttributePayload"]),
    (
        "AWS::IoT::ThingType",
        &["ThingTypeName", "ThingTypeProperties", "DeprecateThingType", "Tags"],
    ),
    (
        "AWS::IoT::ThingGroup",
        &["ThingGroupName", "ParentGroupName", "QueryString", "ThingGroupProperties", "Tags"],
    ),
    (
        "AWS::IoT::Certificate",
        &[
            "Status",
            "CertificateSigningRequest",
            "CertificatePem",
            "CACertificatePem",
            "CertificateMode",
        ],
    ),
    ("AWS::IoT::PolicyPrincipalAttachment", &["PolicyName", "Principal"]),
    ("AWS::IoT::ThingPrincipalAttachment", &["ThingName", "Principal", "ThingPrincipalType"]),
    (
        "AWS::IoT::ProvisioningTemplate",
        &[
            "TemplateName",
            "TemplateBody",
            "TemplateType",
            "Description",
            "Enabled",
            "PreProvisioningHook",
            "ProvisioningRoleArn",
            "Tags",
        ],
    ),
];

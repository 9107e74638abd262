//! A deployment as JSON: what files were understood to say.

use super::{
    DeployedCertificate, DeployedGroup, DeployedPolicy, DeployedRule, DeployedTable,
    DeployedTemplate, DeployedThing, DeployedThingType, Deployment, Note, OtherResource,
    PolicyAttachment, PolicyTarget, ThingAttachment,
};
use crate::lint::Finding;
use serde_json::{Map, Value as Json, json};

impl Deployment {
    /// The deployment as one JSON object; lists that are empty are left out.
    pub fn to_json(&self) -> Json {
        let mut out = Map::new();
        put(&mut out, "rules", &self.rules, rule);
        put(&mut out, "policies", &self.policies, policy);
        put(&mut out, "things", &self.things, thing);
        put(&mut out, "thingTypes", &self.thing_types, thing_type);
        put(&mut out, "thingGroups", &self.groups, group);
        put(&mut out, "certificates", &self.certificates, certificate);
        put(&mut out, "policyAttachments", &self.policy_attachments, policy_attachment);
        put(&mut out, "thingAttachments", &self.thing_attachments, thing_attachment);
        put(&mut out, "provisioningTemplates", &self.provisioning_templates, template);
        put(&mut out, "tables", &self.tables, table);
        put(&mut out, "others", &self.others, other);
        put(&mut out, "notes", &self.notes, |note: &Note| Json::from(note.to_string()));
        put(&mut out, "warnings", &self.warnings, Finding::to_json);
        Json::Object(out)
    }
}

fn put<T>(out: &mut Map<String, Json>, name: &str, items: &[T], render: impl Fn(&T) -> Json) {
    if !items.is_empty() {
        out.insert(name.to_owned(), items.iter().map(render).collect());
    }
}

fn rule(rule: &DeployedRule) -> Json {
    let at = rule.origin.to_string();
    json!({"ruleName": rule.name, "topicRulePayload": rule.payload, "at": at})
}

fn policy(policy: &DeployedPolicy) -> Json {
    let at = policy.origin.to_string();
    json!({"policyName": policy.name, "policyDocument": policy.document, "at": at})
}

fn thing(thing: &DeployedThing) -> Json {
    json!({
        "thingName": thing.spec.name,
        "thingTypeName": thing.spec.thing_type,
        "attributes": thing.spec.attributes,
        "groups": thing.spec.groups,
        "at": thing.origin.to_string(),
    })
}

fn thing_type(kind: &DeployedThingType) -> Json {
    json!({
        "thingTypeName": kind.name,
        "searchableAttributes": kind.searchable_attributes,
        "at": kind.origin.to_string(),
    })
}

fn group(group: &DeployedGroup) -> Json {
    json!({
        "thingGroupName": group.name,
        "parentGroupName": group.parent,
        "queryString": group.query,
        "at": group.origin.to_string(),
    })
}

fn certificate(certificate: &DeployedCertificate) -> Json {
    let at = certificate.origin.to_string();
    json!({"certificateId": certificate.id, "status": certificate.status, "at": at})
}

fn policy_attachment(attachment: &PolicyAttachment) -> Json {
    let target = match &attachment.target {
        PolicyTarget::Certificate(id) => json!({"certificateId": id}),
        PolicyTarget::Group(name) => json!({"thingGroupName": name}),
        PolicyTarget::Other(text) => json!({"principal": text}),
    };
    let at = attachment.origin.to_string();
    json!({"policyName": attachment.policy, "target": target, "at": at})
}

fn thing_attachment(attachment: &ThingAttachment) -> Json {
    let at = attachment.origin.to_string();
    json!({"thingName": attachment.thing, "principal": attachment.principal, "at": at})
}

fn template(template: &DeployedTemplate) -> Json {
    let at = template.origin.to_string();
    json!({"templateName": template.name, "parameters": template.body.parameters(), "at": at})
}

fn table(table: &DeployedTable) -> Json {
    json!({
        "tableName": table.name,
        "hashKey": table.hash_key,
        "rangeKey": table.range_key,
        "at": table.origin.to_string(),
    })
}

fn other(other: &OtherResource) -> Json {
    json!({"type": other.kind, "name": other.name, "at": other.origin.to_string()})
}

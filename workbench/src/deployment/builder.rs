//! Collects a deployment from all inputs, and everything that is wrong with them.

use super::limits::{
    ATTRIBUTES_MAX_TYPED, ATTRIBUTES_MAX_UNTYPED, Name, POLICY_CHARS_MAX, refuse_attribute_name,
    refuse_attribute_value,
};
use super::{
    DeployedCertificate, DeployedGroup, DeployedPolicy, DeployedRule, DeployedTemplate,
    DeployedThing, DeployedThingType, Deployment, Note, Origin, PolicyAttachment, PolicyTarget,
    Settings, ThingAttachment,
};
use crate::inputs::provisioning::ProvisioningTemplate;
use crate::problem::{Problem, shown};
use crate::yaml::{self, Node};
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::rule_spec::{RuleSpec, Strictness};
use fieldmirror_cloud::spec::ThingSpec;
use fieldmirror_rules::rule::{Rule, SqlVersion};
use std::collections::{BTreeMap, BTreeSet};

/// A deployment that grows with each file.
pub(crate) struct Builder<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) deployment: Deployment,
    pub(crate) problems: Vec<Problem>,
    /// Parameters, imports and attributes that templates have, whether given or not.
    pub(crate) parameters: BTreeSet<String>,
    /// Things and the groups that they are in.
    pub(crate) memberships: Vec<(String, String, Origin)>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            deployment: Deployment::default(),
            problems: Vec::new(),
            parameters: BTreeSet::new(),
            memberships: Vec::new(),
        }
    }

    /// The deployment, if nothing is wrong with it.
    pub(crate) fn finish(mut self) -> Result<Deployment, Vec<Problem>> {
        self.join_groups();
        self.refuse_duplicates();
        self.refuse_unknown_parameters();
        self.note_dangling_attachments();
        self.tell_once();
        if self.problems.is_empty() { Ok(self.deployment) } else { Err(self.problems) }
    }

    pub(crate) fn problem(
        &mut self,
        origin: &Origin,
        at: &Node,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let subject = origin.logical_id.clone().unwrap_or_default();
        let problem = Problem::of_file(&origin.file, found, expected).about(subject);
        self.problems.push(problem.at(at.line, at.column));
    }

    pub(crate) fn note(&mut self, origin: &Origin, text: impl Into<String>) {
        let note = Note { origin: origin.clone(), text: text.into() };
        if !self.deployment.notes.contains(&note) {
            self.deployment.notes.push(note);
        }
    }

    fn name(&mut self, kind: Name, name: &str, at: &Node, origin: &Origin) {
        if let Some(expected) = kind.refuse(name) {
            self.problem(origin, at, format!("the name {}", shown(name)), expected);
        }
    }

    /// Adds a rule whose `payload` is a `TopicRulePayload` in the API's names.
    pub(crate) fn rule(&mut self, name: &str, payload: &Node, origin: Origin) {
        self.name(Name::Rule, name, payload, &origin);
        let read = payload.to_json_text(&origin.file).map_err(|problem| vec![problem]);
        let read = read.and_then(|text| {
            RuleSpec::parse_with(&text, self.settings.strictness).map_err(|error| {
                let mut problems = rule_problems(&error, payload, &origin);
                let strictness = self.settings.strictness;
                problems.extend(statement_problems(name, payload, &origin, strictness));
                problems
            })
        });
        let json = payload.to_json(&origin.file).map_err(|problem| vec![problem]);
        match (read, json) {
            (Ok((spec, left_out)), Ok(json)) => {
                let sql = payload.get("sql").unwrap_or(payload);
                let sql_at = (sql.line, sql.column);
                let name = name.to_owned();
                let rule = DeployedRule { name, spec, payload: json, sql_at, origin };
                self.warn(&rule, payload, &left_out);
                self.deployment.rules.push(rule);
            }
            (Err(problems), _) | (_, Err(problems)) => self.problems.extend(problems),
        }
    }

    /// Adds a policy. Its document is a mapping, or the text of one.
    pub(crate) fn policy(&mut self, name: &str, document: &Node, origin: Origin) {
        self.name(Name::Policy, name, document, &origin);
        let parsed;
        let mut file = origin.file.clone();
        let is_text = document.as_text().is_some();
        let document = match document.as_text() {
            Some(text) => {
                file = format!("{origin}, the text of the policy");
                match yaml::parse(&file, text) {
                    Ok(node) => parsed = node,
                    Err(problems) => return self.problems.extend(problems),
                }
                &parsed
            }
            None => document,
        };
        // A bare statement is kept as it is: whoever needs a policy refuses it, and the lint says
        // what is missing around it.
        if document.get("Statement").is_none() && document.get("Effect").is_none() {
            let found = format!("{} without `Statement`", document.kind());
            let expected = "a policy document: `Version`, and `Statement` with `Effect`, `Action` \
                and `Resource`";
            return self.problem(&origin, document, found, expected);
        }
        match document.to_json(&file) {
            Ok(json) => {
                let length = json.to_string().chars().filter(|c| !c.is_whitespace()).count();
                if length > POLICY_CHARS_MAX {
                    let found = format!("a policy of {length} characters");
                    let expected = format!("at most {POLICY_CHARS_MAX} without white space");
                    self.problem(&origin, document, found, expected);
                }
                let name = name.to_owned();
                let mut places = BTreeMap::new();
                if !is_text {
                    note_places(document, "", &mut places);
                }
                let policy = DeployedPolicy { name, document: json, places, origin };
                self.deployment.policies.push(policy);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Adds a thing. `attributes` is a mapping of texts.
    pub(crate) fn thing(
        &mut self,
        name: &str,
        thing_type: Option<String>,
        attributes: Option<&Node>,
        at: &Node,
        origin: Origin,
    ) {
        self.name(Name::Thing, name, at, &origin);
        let attributes = match attributes {
            Some(node) => self.attributes(node, thing_type.is_some(), &origin),
            None => BTreeMap::new(),
        };
        let spec =
            ThingSpec { name: name.to_owned(), thing_type, attributes, ..ThingSpec::default() };
        self.deployment.things.push(DeployedThing { spec, origin });
    }

    fn attributes(
        &mut self,
        node: &Node,
        typed: bool,
        origin: &Origin,
    ) -> BTreeMap<String, String> {
        let mut attributes = BTreeMap::new();
        let Some(mapping) = node.as_mapping() else {
            self.problem(origin, node, node.kind(), "attributes by name");
            return attributes;
        };
        for entry in mapping {
            let Some(value) = entry.value.as_written() else {
                self.problem(origin, &entry.value, entry.value.kind(), "an attribute's text");
                continue;
            };
            if let Some(expected) = refuse_attribute_name(&entry.key) {
                let found = format!("the attribute name {}", shown(&entry.key));
                self.problem(origin, &entry.value, found, expected);
            }
            if let Some(expected) = refuse_attribute_value(value) {
                let found = format!("{} in the attribute {}", shown(value), shown(&entry.key));
                self.problem(origin, &entry.value, found, expected);
            }
            attributes.insert(entry.key.clone(), value.to_owned());
        }
        let most = if typed { ATTRIBUTES_MAX_TYPED } else { ATTRIBUTES_MAX_UNTYPED };
        if attributes.len() > most {
            let found = format!("{} attributes", attributes.len());
            let untyped = " of a thing without a type, or a thing type";
            let expected = format!("at most {most}{}", if typed { "" } else { untyped });
            self.problem(origin, node, found, expected);
        }
        attributes
    }

    pub(crate) fn thing_type(
        &mut self,
        name: &str,
        searchable_attributes: Vec<String>,
        at: &Node,
        origin: Origin,
    ) {
        self.name(Name::Thing, name, at, &origin);
        let name = name.to_owned();
        let thing_type = DeployedThingType { name, searchable_attributes, origin };
        self.deployment.thing_types.push(thing_type);
    }

    pub(crate) fn group(
        &mut self,
        name: &str,
        parent: Option<String>,
        query: Option<String>,
        at: &Node,
        origin: Origin,
    ) {
        self.name(Name::Thing, name, at, &origin);
        if query.is_some() {
            self.note(&origin, "a dynamic group: its query is not evaluated, it has no members");
        }
        let name = name.to_owned();
        self.deployment.groups.push(DeployedGroup { name, parent, query, origin });
    }

    pub(crate) fn certificate(&mut self, id: String, status: &str, at: &Node, origin: Origin) {
        let known = ["ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "PENDING_ACTIVATION"];
        if !known.contains(&status) {
            let expected = format!("one of {}", known.join(", "));
            self.problem(&origin, at, format!("the status `{status}`"), expected);
        }
        let status = status.to_owned();
        self.deployment.certificates.push(DeployedCertificate { id, status, origin });
    }

    /// Attaches a policy to what an ARN, or an identity, names.
    pub(crate) fn attach_policy(&mut self, policy: String, target: &str, origin: Origin) {
        let target = match (principal(target), target.rsplit_once(":thinggroup/")) {
            (Some(id), _) => PolicyTarget::Certificate(id),
            (None, Some((_, group))) => PolicyTarget::Group(group.to_owned()),
            (None, None) => PolicyTarget::Other(target.to_owned()),
        };
        self.deployment.policy_attachments.push(PolicyAttachment { policy, target, origin });
    }

    pub(crate) fn attach_thing(&mut self, thing: String, target: &str, origin: Origin) {
        let principal = principal(target).unwrap_or_else(|| target.to_owned());
        self.deployment.thing_attachments.push(ThingAttachment { thing, principal, origin });
    }

    pub(crate) fn template(
        &mut self,
        name: &str,
        body: ProvisioningTemplate,
        at: &Node,
        origin: Origin,
    ) {
        self.name(Name::Template, name, at, &origin);
        let name = name.to_owned();
        self.deployment.provisioning_templates.push(DeployedTemplate { name, body, origin });
    }

    fn join_groups(&mut self) {
        for (thing, group, origin) in std::mem::take(&mut self.memberships) {
            let mut things = self.deployment.things.iter_mut();
            match things.find(|candidate| candidate.spec.name == thing) {
                Some(found) => found.spec.groups.push(group),
                None => self.note(&origin, format!("no file declares the thing `{thing}`")),
            }
        }
    }

    fn refuse_duplicates(&mut self) {
        let d = &self.deployment;
        let named: Vec<(&str, &str, &Origin)> = d
            .rules
            .iter()
            .map(|rule| ("rules", rule.name.as_str(), &rule.origin))
            .chain(d.policies.iter().map(|p| ("policies", p.name.as_str(), &p.origin)))
            .chain(d.things.iter().map(|t| ("things", t.spec.name.as_str(), &t.origin)))
            .chain(d.thing_types.iter().map(|t| ("thing types", t.name.as_str(), &t.origin)))
            .chain(d.groups.iter().map(|g| ("thing groups", g.name.as_str(), &g.origin)))
            .chain(d.certificates.iter().map(|c| ("certificates", c.id.as_str(), &c.origin)))
            .collect();
        let mut seen: BTreeMap<(&str, &str), &Origin> = BTreeMap::new();
        let mut problems = Vec::new();
        for (kind, name, origin) in named {
            if let Some(first) = seen.insert((kind, name), origin) {
                let found = format!("two {kind} are called {} (the first in {first})", shown(name));
                let subject = origin.logical_id.clone().unwrap_or_default();
                let problem = Problem::of_file(&origin.file, found, "each name once");
                problems.push(problem.at(origin.line, 0).about(subject));
            }
        }
        self.problems.extend(problems);
    }

    fn refuse_unknown_parameters(&mut self) {
        let known: Vec<String> = self.parameters.iter().map(|name| format!("`{name}`")).collect();
        for name in self.settings.parameters.keys() {
            if !self.parameters.contains(name) {
                let expected = match known.is_empty() {
                    true => "a template that takes parameters".to_owned(),
                    false => format!("one of {}", known.join(", ")),
                };
                let found = "no template takes it".to_owned();
                self.problems.push(Problem::of_file(
                    format!("parameter `{name}`"),
                    found,
                    expected,
                ));
            }
        }
    }

    /// What is wrong at one place is told once, though several resources refer to it.
    fn tell_once(&mut self) {
        let mut told = BTreeSet::new();
        self.problems.retain(|problem| {
            let subject =
                if problem.line > 0 && problem.column > 0 { "" } else { &problem.subject };
            told.insert((
                problem.file.clone(),
                (problem.line, problem.column),
                subject.to_owned(),
                problem.found.clone(),
            ))
        });
    }

    fn note_dangling_attachments(&mut self) {
        let d = &self.deployment;
        let mut notes = Vec::new();
        let mut missing = |origin: &Origin, what: &str, name: &str| {
            notes.push((origin.clone(), format!("no file declares the {what} `{name}`")));
        };
        let certificate = |id: &str| d.certificates.iter().any(|c| c.id == id);
        for attachment in &d.policy_attachments {
            if !d.policies.iter().any(|policy| policy.name == attachment.policy) {
                missing(&attachment.origin, "policy", &attachment.policy);
            }
            match &attachment.target {
                PolicyTarget::Certificate(id) if !certificate(id) => {
                    missing(&attachment.origin, "certificate", id);
                }
                PolicyTarget::Group(name) if !d.groups.iter().any(|group| group.name == *name) => {
                    missing(&attachment.origin, "thing group", name);
                }
                _ => {}
            }
        }
        for attachment in &d.thing_attachments {
            if !d.things.iter().any(|thing| thing.spec.name == attachment.thing) {
                missing(&attachment.origin, "thing", &attachment.thing);
            }
            if !certificate(&attachment.principal) {
                missing(&attachment.origin, "certificate", &attachment.principal);
            }
        }
        for group in &d.groups {
            if let Some(parent) = &group.parent
                && !d.groups.iter().any(|other| other.name == *parent)
            {
                missing(&group.origin, "thing group", parent);
            }
        }
        notes.into_iter().for_each(|(origin, text)| self.note(&origin, text));
    }
}

/// Where everything in a document stands.
fn note_places(node: &Node, path: &str, places: &mut BTreeMap<String, (usize, usize)>) {
    if node.line > 0 {
        places.insert(path.to_owned(), (node.line, node.column));
    }
    for (i, item) in node.as_sequence().into_iter().flatten().enumerate() {
        note_places(item, &format!("{path}[{i}]"), places);
    }
    for entry in node.as_mapping().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        note_places(&entry.value, &format!("{path}{dot}{}", entry.key), places);
    }
}

/// The id in a certificate's ARN.
fn principal(arn: &str) -> Option<String> {
    arn.rsplit_once(":cert/").map(|(_, id)| id.to_owned())
}

/// What `cloud` says about a rule, at the places of the file.
fn rule_problems(error: &CloudError, payload: &Node, origin: &Origin) -> Vec<Problem> {
    let subject = origin.logical_id.clone().unwrap_or_default();
    let problem = match error {
        CloudError::Several(errors) => {
            return errors.iter().flat_map(|error| rule_problems(error, payload, origin)).collect();
        }
        CloudError::RuleField { path, found, expected } => {
            let at = locate(payload, path);
            Problem::of_file(&origin.file, format!("at `{path}`: {found}"), expected)
                .at(at.line, at.column)
        }
        other => Problem::of_file(&origin.file, other.to_string(), "a rule as the API takes it")
            .at(payload.line, payload.column),
    };
    vec![problem.about(subject)]
}

/// What is wrong with the statement of a rule that is wrong elsewhere, so that all is told at once.
fn statement_problems(
    name: &str,
    payload: &Node,
    origin: &Origin,
    strictness: Strictness,
) -> Vec<Problem> {
    let Some(node) = payload.get("sql") else { return Vec::new() };
    let Some(sql) = node.as_text() else { return Vec::new() };
    let version = payload.get("awsIotSqlVersion").and_then(Node::as_written);
    let version = version.and_then(SqlVersion::parse).unwrap_or_default();
    let compiled = Rule::compile_with(sql, version, strictness);
    let diagnostics = compiled.err().unwrap_or_default();
    let problem = |diagnostic| {
        Problem::of_sql(&origin.file, (node.line, node.column), sql, diagnostic)
            .about(format!("rule `{name}`"))
    };
    diagnostics.iter().map(problem).collect()
}

/// The deepest node on a path such as `actions[0].lambda.functionArn` that is there.
pub(super) fn locate<'n>(root: &'n Node, path: &str) -> &'n Node {
    let mut node = root;
    for step in path.split(['.', '[']) {
        let next = match step.strip_suffix(']') {
            Some(index) => index.parse().ok().and_then(|i: usize| node.as_sequence()?.get(i)),
            None => node.get(step),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

//! Certificates, thing groups and what is attached to them: which policies apply to a connection.
//!
//! The policies of a session are those of its certificate and, if its client id names a thing that
//! the certificate is attached to, those of the thing's groups and of all groups above them. They
//! are collected and compiled once a session ([`Identity::session`]); what they decide is
//! [`crate::policy`]'s.
//!
//! Not here: certificates as documents (keys, chains, dates), other principals (Cognito, custom
//! authorizers), dynamic groups, which have no policies, and things bound exclusively to a
//! certificate.
//!
//! # Source
//! AWS IoT Core developer guide, "X.509 client certificates", "Static thing groups",
//! "Authorization"; AWS IoT Core endpoints and quotas.

use crate::error::CloudError;
use crate::policy::{
    CertificateFacts, Facts, Policy, PolicyDocument, PolicySet, SessionPolicy, ThingFacts,
};
use crate::spec::ThingSpec;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Most policies of a certificate. Source: AWS IoT Core endpoints and quotas.
pub const CERTIFICATE_POLICIES_MAX: usize = 10;

/// Most policies of a group. Source: AWS IoT Core endpoints and quotas.
pub const GROUP_POLICIES_MAX: usize = 2;

/// Deepest tree of groups. Source: AWS IoT Core endpoints and quotas.
pub const GROUP_DEPTH_MAX: usize = 7;

/// Longest name of a policy, in characters. Source: AWS IoT API, `PolicyName`.
const POLICY_NAME_CHARS_MAX: usize = 128;

/// Policies, certificates and groups, as somebody wrote them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentitySpec {
    /// Policies by name.
    pub policies: Vec<(String, PolicyDocument)>,
    /// Certificates.
    pub certificates: Vec<CertificateSpec>,
    /// Static thing groups; the things name the groups that they are in.
    pub groups: Vec<GroupSpec>,
}

/// A certificate and what is attached to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateSpec {
    /// Its id: 64 hexadecimal digits at the service, any name here.
    pub id: String,
    /// Its status.
    pub status: CertificateStatus,
    /// Its subject, by field: `CommonName`, `Organization`, ...
    pub subject: BTreeMap<String, String>,
    /// Anything else that stands in it, by what follows `iot:Certificate.`, such as `SerialNumber`,
    /// `Issuer.CommonName` or `Subject.OrganizationalUnit` with several values. It wins over
    /// `subject`.
    pub variables: BTreeMap<String, Vec<String>>,
    /// Names of the policies that are attached to it.
    pub policies: Vec<String>,
    /// Names of the things that it is attached to.
    pub things: Vec<String>,
}

/// The status of a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertificateStatus {
    /// The only one that may connect.
    #[default]
    Active,
    /// Switched off.
    Inactive,
    /// Never to be used again.
    Revoked,
    /// On its way to another account.
    PendingTransfer,
    /// Registered and never switched on.
    RegisterInactive,
    /// Registered by its first connection.
    PendingActivation,
}

/// A static thing group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSpec {
    /// Its name.
    pub name: String,
    /// The group above it.
    pub parent: Option<String>,
    /// Names of the policies that are attached to it.
    pub policies: Vec<String>,
}

/// Policies, certificates and groups that fit together.
#[derive(Clone, Debug)]
pub struct Identity {
    policies: BTreeMap<String, Arc<PolicyDocument>>,
    certificates: BTreeMap<String, CertificateSpec>,
    groups: BTreeMap<String, GroupSpec>,
    region: String,
    account: String,
}

/// A connection that asks for a session, or one HTTPS call.
#[derive(Clone, Debug, Default)]
pub struct Connection<'a> {
    /// The id of the certificate that it shows.
    pub certificate: &'a str,
    /// Its client id; none over HTTPS.
    pub client_id: Option<&'a str>,
    /// The registered thing of that name, if there is one.
    pub thing: Option<&'a ThingSpec>,
    /// Where it comes from.
    pub source_ip: Option<IpAddr>,
    /// The endpoint's name that it asks for.
    pub domain_name: Option<&'a str>,
    /// Whether it asks for a persistent session.
    pub persistent: bool,
    /// Whether it carries a will.
    pub last_will: bool,
}

/// Why a connection gets no session at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No certificate is registered under this id.
    UnknownCertificate(String),
    /// The certificate's status is not ACTIVE.
    NotActive(String, CertificateStatus),
}

impl Identity {
    /// Checks that everything that is named is there, in the place whose ARNs policies speak of.
    ///
    /// # Errors
    /// [`CloudError::Identity`] with all problems.
    pub fn new(spec: &IdentitySpec, region: &str, account: &str) -> Result<Self, CloudError> {
        let mut problems = Vec::new();
        let mut policies = BTreeMap::new();
        for (name, document) in &spec.policies {
            check_policy_name(name, &mut problems);
            if policies.insert(name.clone(), Arc::new(document.clone())).is_some() {
                problems.push(format!("two policies are called `{name}`"));
            }
        }
        let mut certificates = BTreeMap::new();
        for certificate in &spec.certificates {
            let whose = format!("certificate `{}`", certificate.id);
            let max = CERTIFICATE_POLICIES_MAX;
            check_attached(&whose, &certificate.policies, max, &policies, &mut problems);
            if certificates.insert(certificate.id.clone(), certificate.clone()).is_some() {
                problems.push(format!("two certificates are called `{}`", certificate.id));
            }
        }
        let mut groups = BTreeMap::new();
        for group in &spec.groups {
            let whose = format!("group `{}`", group.name);
            check_attached(&whose, &group.policies, GROUP_POLICIES_MAX, &policies, &mut problems);
            if groups.insert(group.name.clone(), group.clone()).is_some() {
                problems.push(format!("two groups are called `{}`", group.name));
            }
        }
        for group in &spec.groups {
            check_above(group, &groups, &mut problems);
        }
        if !problems.is_empty() {
            return Err(CloudError::Identity { problems });
        }
        let (region, account) = (region.to_owned(), account.to_owned());
        Ok(Self { policies, certificates, groups, region, account })
    }

    /// A certificate by its id.
    pub fn certificate(&self, id: &str) -> Option<&CertificateSpec> {
        self.certificates.get(id)
    }

    /// Compiles the policies that apply to a connection.
    ///
    /// # Errors
    /// If its certificate is unknown or not ACTIVE.
    pub fn session(&self, connection: &Connection<'_>) -> Result<SessionPolicy, Refused> {
        let (set, facts) = self.collect(connection)?;
        Ok(SessionPolicy::new(Arc::new(set), &facts))
    }

    /// The policies that apply to a connection and what they may ask about it, for explanations.
    ///
    /// # Errors
    /// If its certificate is unknown or not ACTIVE.
    pub fn collect(&self, connection: &Connection<'_>) -> Result<(PolicySet, Facts), Refused> {
        let id = connection.certificate;
        let certificate =
            self.certificates.get(id).ok_or_else(|| Refused::UnknownCertificate(id.to_owned()))?;
        if certificate.status != CertificateStatus::Active {
            return Err(Refused::NotActive(id.to_owned(), certificate.status));
        }
        let facts = self.facts(connection, certificate);
        let mut set = PolicySet::default();
        self.add(&mut set, &certificate.policies, &format!("certificate {id}"));
        let attached = facts.thing.as_ref().is_some_and(|thing| thing.attached);
        if let (true, Some(thing)) = (attached, connection.thing) {
            let mut seen = BTreeSet::new();
            for name in &thing.groups {
                self.add_group(&mut set, name, &mut seen);
            }
        }
        Ok((set, facts))
    }

    fn facts(&self, connection: &Connection<'_>, certificate: &CertificateSpec) -> Facts {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (field, value) in &certificate.subject {
            values.insert(format!("Subject.{field}"), vec![value.clone()]);
        }
        values.extend(certificate.variables.clone());
        let named = connection.thing.filter(|t| Some(t.name.as_str()) == connection.client_id);
        let thing = named.map(|thing| ThingFacts {
            name: thing.name.clone(),
            thing_type: thing.thing_type.clone(),
            attributes: thing.attributes.clone(),
            attached: certificate.things.contains(&thing.name),
        });
        Facts {
            client_id: connection.client_id.map(str::to_owned),
            thing,
            certificate: Some(CertificateFacts { id: certificate.id.clone(), values }),
            source_ip: connection.source_ip,
            domain_name: connection.domain_name.map(str::to_owned),
            persistent: connection.persistent,
            last_will: connection.last_will,
            ..Facts::new(self.region.clone(), self.account.clone())
        }
    }

    /// Adds the policies of a group and of all above it; each group once.
    fn add_group(&self, set: &mut PolicySet, name: &str, seen: &mut BTreeSet<String>) {
        let mut next = Some(name);
        while let Some(group) = next.and_then(|name| self.groups.get(name)) {
            if !seen.insert(group.name.clone()) {
                return;
            }
            self.add(set, &group.policies, &format!("group {}", group.name));
            next = group.parent.as_deref();
        }
    }

    /// Adds policies by name, each once.
    fn add(&self, set: &mut PolicySet, names: &[String], through: &str) {
        for name in names {
            let new = set.policies.iter().all(|policy| policy.name != *name);
            if let (true, Some(document)) = (new, self.policies.get(name)) {
                set.policies.push(Policy {
                    name: name.clone(),
                    document: Arc::clone(document),
                    through: through.to_owned(),
                });
            }
        }
    }
}

fn check_policy_name(name: &str, problems: &mut Vec<String>) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let length = name.chars().count();
    if !name.chars().all(plain) || length == 0 || length > POLICY_NAME_CHARS_MAX {
        problems.push(format!(
            "`{name}` is no policy name; expected 1 to {POLICY_NAME_CHARS_MAX} letters, digits or \
             any of `_+=,.@-`"
        ));
    }
}

fn check_attached(
    whose: &str,
    names: &[String],
    max: usize,
    policies: &BTreeMap<String, Arc<PolicyDocument>>,
    problems: &mut Vec<String>,
) {
    if names.len() > max {
        problems.push(format!("{whose} has {} policies; expected at most {max}", names.len()));
    }
    for name in names.iter().filter(|name| !policies.contains_key(*name)) {
        let known: Vec<_> = policies.keys().map(|name| format!("`{name}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        problems.push(format!("{whose} names the policy `{name}`; there is {known}"));
    }
}

/// Follows the groups above one: each is there, and the way ends.
fn check_above(
    group: &GroupSpec,
    groups: &BTreeMap<String, GroupSpec>,
    problems: &mut Vec<String>,
) {
    let (mut depth, mut at) = (1, group);
    while let Some(parent) = &at.parent {
        let Some(above) = groups.get(parent) else {
            if depth == 1 {
                problems.push(format!("group `{}` is in `{parent}`, which is not there", at.name));
            }
            return;
        };
        depth += 1;
        if depth > GROUP_DEPTH_MAX {
            let why = "or go round in a circle";
            problems.push(format!(
                "the groups above `{}` are more than {GROUP_DEPTH_MAX} levels {why}",
                group.name
            ));
            return;
        }
        at = above;
    }
}

impl CertificateStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Inactive,
        Self::Revoked,
        Self::PendingTransfer,
        Self::RegisterInactive,
        Self::PendingActivation,
    ];

    /// The service's word, such as `ACTIVE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
            Self::PendingTransfer => "PENDING_TRANSFER",
            Self::RegisterInactive => "REGISTER_INACTIVE",
            Self::PendingActivation => "PENDING_ACTIVATION",
        }
    }

    /// The status of a word such as `ACTIVE`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownCertificate(id) => write!(f, "no certificate `{id}` is registered"),
            Self::NotActive(id, status) => {
                write!(f, "certificate `{id}` is {}, only ACTIVE may connect", status.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests;

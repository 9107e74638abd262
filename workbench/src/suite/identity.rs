//! Who may do what in a suite: policies, certificates and groups of its files and of itself.

use super::declared::Declared;
use super::fields::quoted;
use super::world::SETUP_CLIENT;
use crate::deployment::{Deployment, PolicyTarget};
use crate::problem::Problem;
use fieldmirror_cloud::identity::{CertificateSpec, CertificateStatus, GroupSpec, IdentitySpec};
use fieldmirror_cloud::policy::PolicyDocument;
use serde_json::json;

/// What is wrong, and what was expected.
type Wrong = (String, String);

/// Puts everything together. What the suite declares is added to what files deploy: a certificate
/// or group of the same name gets the policies and things of both.
///
/// # Errors
/// Documents that are no policies, and certificates that nobody declares.
pub(super) fn build(
    deployment: &Deployment,
    declared: &Declared,
) -> Result<IdentitySpec, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let mut identity = IdentitySpec::default();
    for policy in &deployment.policies {
        match PolicyDocument::from_value(&policy.document) {
            Ok(document) => identity.policies.push((policy.name.clone(), document)),
            Err(error) => {
                let found = format!("the policy `{}` of {}: {error}", policy.name, policy.origin);
                wrong.push((found, "a policy that the service takes".to_owned()));
            }
        }
    }
    certificates(&mut identity, deployment, declared, &mut wrong);
    groups(&mut identity, deployment, declared);
    set_up(&mut identity);
    if wrong.is_empty() { Ok(identity) } else { Err(wrong) }
}

/// The identity of files alone, without a suite.
///
/// # Errors
/// As [`build`].
pub(crate) fn of_deployment(deployment: &Deployment) -> Result<IdentitySpec, Vec<Problem>> {
    build(deployment, &Declared::default()).map_err(|wrong| {
        let problem = |(found, expected)| Problem::of_file("identity", found, expected);
        wrong.into_iter().map(problem).collect()
    })
}

fn certificates(
    identity: &mut IdentitySpec,
    deployment: &Deployment,
    declared: &Declared,
    wrong: &mut Vec<Wrong>,
) {
    for certificate in &deployment.certificates {
        let policies = deployment.policy_attachments.iter().filter(|attached| {
            attached.target == PolicyTarget::Certificate(certificate.id.clone())
        });
        let things = deployment.thing_attachments.iter();
        identity.certificates.push(CertificateSpec {
            id: certificate.id.clone(),
            status: status(&certificate.id, &certificate.status, wrong),
            policies: policies.map(|attached| attached.policy.clone()).collect(),
            things: things
                .filter(|attached| attached.principal == certificate.id)
                .map(|attached| attached.thing.clone())
                .collect(),
            ..CertificateSpec::default()
        });
    }
    for certificate in &declared.certificates {
        let i = position(&mut identity.certificates, &certificate.id);
        let spec = &mut identity.certificates[i];
        spec.status = status(&certificate.id, &certificate.status, wrong);
        spec.subject.extend(certificate.subject.clone());
        add(&mut spec.policies, &certificate.policies);
        add(&mut spec.things, &certificate.things);
    }
    for thing in &declared.things {
        if let Some(id) = &thing.certificate
            && let Some(spec) = identity.certificates.iter_mut().find(|spec| spec.id == *id)
        {
            add(&mut spec.things, std::slice::from_ref(&thing.spec.name));
        }
    }
    let known: Vec<&str> = identity.certificates.iter().map(|spec| spec.id.as_str()).collect();
    wrong.extend(undeclared(&known, declared));
}

/// Certificates that a client or thing of the suite shows and that nobody declares.
pub(super) fn undeclared(known: &[&str], declared: &Declared) -> Vec<Wrong> {
    let of_things = declared
        .things
        .iter()
        .filter_map(|thing| Some((&thing.spec.name, thing.certificate.as_ref()?)));
    let shown = declared.clients.iter().chain(of_things);
    let unknown = shown.filter(|(_, id)| !known.contains(&id.as_str()));
    let wrong = |(client, id): (&String, &String)| {
        let expected = match known {
            [] => "a certificate under `certificates:`".to_owned(),
            _ => format!("one of {}", quoted(known)),
        };
        (format!("the certificate `{id}` of `{client}`"), expected)
    };
    unknown.map(wrong).collect()
}

/// The certificate with this id, a new one if there is none.
fn position(certificates: &mut Vec<CertificateSpec>, id: &str) -> usize {
    certificates.iter().position(|spec| spec.id == *id).unwrap_or_else(|| {
        certificates.push(CertificateSpec { id: id.to_owned(), ..CertificateSpec::default() });
        certificates.len() - 1
    })
}

fn groups(identity: &mut IdentitySpec, deployment: &Deployment, declared: &Declared) {
    for group in &deployment.groups {
        let attached = deployment
            .policy_attachments
            .iter()
            .filter(|attached| attached.target == PolicyTarget::Group(group.name.clone()));
        identity.groups.push(GroupSpec {
            name: group.name.clone(),
            parent: group.parent.clone(),
            policies: attached.map(|attached| attached.policy.clone()).collect(),
        });
    }
    for group in &declared.groups {
        match identity.groups.iter_mut().find(|other| other.name == group.name) {
            Some(other) => {
                other.parent = group.parent.clone().or_else(|| other.parent.take());
                add(&mut other.policies, &group.policies);
            }
            None => identity.groups.push(GroupSpec {
                name: group.name.clone(),
                parent: group.parent.clone(),
                policies: group.policies.clone(),
            }),
        }
    }
}

/// The client that brings shadows into their first state may do everything.
pub(super) fn set_up(identity: &mut IdentitySpec) {
    let everything = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "iot:*", "Resource": "*" }],
    });
    if let Ok(document) = PolicyDocument::from_value(&everything) {
        identity.policies.push((SETUP_CLIENT.to_owned(), document));
        identity.certificates.push(CertificateSpec {
            id: SETUP_CLIENT.to_owned(),
            policies: vec![SETUP_CLIENT.to_owned()],
            ..CertificateSpec::default()
        });
    }
}

fn add(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

fn status(id: &str, text: &str, wrong: &mut Vec<Wrong>) -> CertificateStatus {
    match text {
        "ACTIVE" => CertificateStatus::Active,
        "INACTIVE" => CertificateStatus::Inactive,
        "REVOKED" => CertificateStatus::Revoked,
        "PENDING_TRANSFER" => CertificateStatus::PendingTransfer,
        "REGISTER_INACTIVE" => CertificateStatus::RegisterInactive,
        "PENDING_ACTIVATION" => CertificateStatus::PendingActivation,
        _ => {
            let found = format!("the status `{text}` of certificate `{id}`");
            let expected = "`ACTIVE`, `INACTIVE`, `REVOKED`, `PENDING_TRANSFER`, \
                            `REGISTER_INACTIVE` or `PENDING_ACTIVATION`";
            wrong.push((found, expected.to_owned()));
            CertificateStatus::Inactive
        }
    }
}

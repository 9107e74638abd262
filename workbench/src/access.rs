//! One question to the policies of a deployment: may this principal do that, and what would have to
//! change for another answer.
//!
//! What it does not do: it decides nothing itself; `fieldmirror_cloud::policy` does.

use crate::deployment::{Deployment, Settings};
use crate::problem::Problem;
use crate::suite::identity_of;
use fieldmirror_cloud::identity::{Connection, Identity};
use fieldmirror_cloud::policy::explain::{Explanation, explain};
use fieldmirror_cloud::policy::{
    Action, CertificateFacts, Facts, PolicyDocument, PolicySet, Request, Resource, ThingFacts,
};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Who asks for what. What is not given comes from the deployment.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// A certificate's id, or a thing or client id. One that the deployment does not know has all
    /// its policies.
    pub principal: &'a str,
    /// The client id; by default the principal, or the one thing of its certificate.
    pub client: Option<&'a str>,
    /// The action, such as `iot:Publish`.
    pub action: &'a str,
    /// An ARN, or what follows `arn:aws:iot:REGION:ACCOUNT:`.
    pub resource: &'a str,
    /// The type of a thing that the deployment does not know.
    pub thing_type: Option<&'a str>,
    /// Attributes of such a thing.
    pub attributes: &'a [(String, String)],
    /// Fields of the certificate's subject, such as `CommonName`.
    pub subject: &'a [(String, String)],
    /// Where the connection comes from.
    pub source_ip: Option<IpAddr>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Access {
    /// Who was found to ask, and through what the policies apply.
    pub notes: Vec<String>,
    /// The verdict with its reasons.
    pub explanation: Explanation,
}

/// Decides and explains one request.
///
/// # Errors
/// A [`Problem`] for each thing that is wrong with the question or the deployment.
pub fn access(
    deployment: &Deployment,
    question: &Question<'_>,
    settings: &Settings,
) -> Result<Access, Vec<Problem>> {
    let wrong = |found: String, expected: &str| vec![Problem::of_file("question", found, expected)];
    let action = Action::parse(question.action).ok_or_else(|| {
        let names: Vec<_> = Action::ALL.iter().map(ToString::to_string).collect();
        wrong(format!("`{}` is no action of IoT policies", question.action), &names.join(", "))
    })?;
    if deployment.policies.is_empty() {
        return Err(wrong("no policy was given".to_owned(), "a policy's file, or a template"));
    }
    let (set, mut facts, notes) = principal(deployment, question, settings)?;
    facts.source_ip = question.source_ip;
    if !question.subject.is_empty() {
        let id = question.principal.to_owned();
        let shown = facts.certificate.get_or_insert(CertificateFacts { id, ..<_>::default() });
        for (field, value) in question.subject {
            shown.values.insert(format!("Subject.{field}"), vec![value.clone()]);
        }
    }
    let resource = Resource::parse(question.resource, &facts)
        .map_err(|expected| wrong(format!("`{}` is no resource", question.resource), &expected))?;
    let explanation = explain(&set, Request { action, resource }, &facts);
    Ok(Access { notes, explanation })
}

/// The policies and facts of whoever asks.
fn principal(
    deployment: &Deployment,
    question: &Question<'_>,
    settings: &Settings,
) -> Result<(PolicySet, Facts, Vec<String>), Vec<Problem>> {
    let spec = identity_of(deployment)?;
    let attached = |id: &str| {
        let certificate = spec.certificates.iter().find(|certificate| certificate.id == id);
        certificate.map(|certificate| certificate.things.clone()).unwrap_or_default()
    };
    let certificate = spec
        .certificates
        .iter()
        .find(|c| c.id == question.principal || c.things.iter().any(|t| t == question.principal));
    let Some(certificate) = certificate else {
        return all_policies(deployment, question, settings);
    };
    let is_certificate = certificate.id == question.principal;
    let things = attached(&certificate.id);
    let client = question.client.map(str::to_owned).or_else(|| match (&*things, is_certificate) {
        (_, false) => Some(question.principal.to_owned()),
        ([thing], true) => Some(thing.clone()),
        _ => None,
    });
    let thing = deployment.things.iter().find(|t| Some(&t.spec.name) == client.as_ref());
    let connection = Connection {
        certificate: &certificate.id,
        client_id: client.as_deref(),
        thing: thing.map(|thing| &thing.spec),
        ..Connection::default()
    };
    let problem = |text: String, expected: &str| vec![Problem::of_file("identity", text, expected)];
    let identity = Identity::new(&spec, &settings.region, &settings.account)
        .map_err(|e| problem(e.to_string(), "policies, certificates and groups that fit"))?;
    let (set, facts) = identity
        .collect(&connection)
        .map_err(|refused| problem(refused.to_string(), "a certificate that may connect"))?;
    let who = client.map_or("no client id".to_owned(), |client| format!("client {client}"));
    Ok((set, facts, vec![format!("certificate {}, {who}", certificate.id)]))
}

/// Somebody whom the deployment does not know: all its policies apply.
fn all_policies(
    deployment: &Deployment,
    question: &Question<'_>,
    settings: &Settings,
) -> Result<(PolicySet, Facts, Vec<String>), Vec<Problem>> {
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for policy in &deployment.policies {
        match PolicyDocument::from_value(&policy.document) {
            Ok(document) => documents.push((policy.name.clone(), document)),
            Err(error) => problems.push(
                Problem::of_file(
                    &policy.origin.file,
                    error.to_string(),
                    "a policy that the service takes",
                )
                .at(policy.origin.line, 0)
                .about(&policy.name),
            ),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let client = question.client.unwrap_or(question.principal);
    let known = deployment.things.iter().find(|thing| thing.spec.name == client);
    let described = question.thing_type.is_some() || !question.attributes.is_empty();
    let mut attributes: BTreeMap<String, String> =
        known.map(|thing| thing.spec.attributes.clone()).unwrap_or_default();
    attributes.extend(question.attributes.iter().cloned());
    let thing_type = question
        .thing_type
        .map(str::to_owned)
        .or_else(|| known.and_then(|thing| thing.spec.thing_type.clone()));
    let thing = ThingFacts { name: client.to_owned(), thing_type, attributes, attached: true };
    let facts = Facts {
        client_id: Some(client.to_owned()),
        thing: (known.is_some() || described).then_some(thing),
        certificate: Some(CertificateFacts {
            id: question.principal.to_owned(),
            ..CertificateFacts::default()
        }),
        ..Facts::new(settings.region.clone(), settings.account.clone())
    };
    let apply = match documents.len() {
        1 => "the one policy applies".to_owned(),
        number => format!("all {number} policies apply"),
    };
    let mut notes = vec![format!(
        "no certificate is called `{}` or attached to a thing of that name: {apply}",
        question.principal
    )];
    if facts.thing.is_none() {
        notes.push(format!(
            "no thing is called `{client}`: variables of the thing have no value; say --thing-type \
             or --attribute"
        ));
    }
    Ok((PolicySet::new(documents), facts, notes))
}

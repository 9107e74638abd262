//! One question to the policies of a deployment: may this principal do that, and what would have to
//! change for another answer.
//!
//! What it does not do: it decides nothing itself; `fieldmirror_cloud::policy` does.

use crate::deployment::{Deployment, Origin, Settings};
use crate::problem::Problem;
use crate::suite::identity_of;
use fieldmirror_cloud::identity::{CertificateSpec, Connection, Identity};
use fieldmirror_cloud::policy::explain::{Explanation, explain};
use fieldmirror_cloud::policy::{
    Action, CertificateFacts, Facts, PolicyDocument, PolicySet, Request, ThingFacts,
};
use fieldmirror_cloud::spec::ThingSpec;
use std::net::IpAddr;

/// Who asks for what. What is not given comes from the deployment.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// A certificate's id, or a thing or client id, or the logical id of a template's certificate
    /// or thing. One that the deployment does not know has all its policies.
    pub principal: &'a str,
    /// The client id; by default the principal, or the one thing of its certificate.
    pub client: Option<&'a str>,
    /// The action, such as `iot:Publish`.
    pub action: &'a str,
    /// An ARN, or what follows `arn:aws:iot:REGION:ACCOUNT:`.
    pub resource: &'a str,
    /// The type of the client's thing, if no file says it.
    pub thing_type: Option<&'a str>,
    /// Attributes of the client's thing, beside those of files.
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

/// Who was found to ask.
#[derive(Clone, Debug)]
pub struct Who {
    /// The policies that apply.
    pub set: PolicySet,
    /// What they may ask about.
    pub facts: Facts,
    /// How that was found, and what is missing.
    pub notes: Vec<String>,
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
    let Who { set, facts, notes } = who(deployment, question, settings)?;
    let request = Request::parse(action, question.resource, &facts).map_err(|expected| {
        wrong(format!("`{}` is no resource of {action}", question.resource), &expected)
    })?;
    let explanation = explain(&set, request, &facts);
    Ok(Access { notes, explanation })
}

/// Finds out who asks: the action and resource of the question are not looked at.
///
/// # Errors
/// A [`Problem`] for each thing that is wrong with the deployment.
pub fn who(
    deployment: &Deployment,
    question: &Question<'_>,
    settings: &Settings,
) -> Result<Who, Vec<Problem>> {
    let mut who = match known(deployment, question, settings)? {
        Some(who) => who,
        None => anybody(deployment, question, settings)?,
    };
    who.facts.source_ip = question.source_ip;
    if !question.subject.is_empty() {
        let id = question.principal.to_owned();
        let shown = who.facts.certificate.get_or_insert(CertificateFacts { id, ..<_>::default() });
        for (field, value) in question.subject {
            shown.values.insert(format!("Subject.{field}"), vec![value.clone()]);
        }
    }
    Ok(who)
}

/// The thing of a client: as the files have it, with what the question says of it.
fn thing(deployment: &Deployment, question: &Question<'_>, client: &str) -> Option<ThingSpec> {
    let known = deployment.things.iter().find(|thing| thing.spec.name == client);
    let described = question.thing_type.is_some() || !question.attributes.is_empty();
    let mut thing = match known {
        Some(thing) => thing.spec.clone(),
        None if described => ThingSpec { name: client.to_owned(), ..ThingSpec::default() },
        None => return None,
    };
    thing.attributes.extend(question.attributes.iter().cloned());
    if let Some(name) = question.thing_type {
        thing.thing_type = Some(name.to_owned());
    }
    Some(thing)
}

/// Somebody with a certificate of the deployment, which may be named by its id, by the logical id
/// under which a template declares it, or by a thing that it is attached to.
fn known(
    deployment: &Deployment,
    question: &Question<'_>,
    settings: &Settings,
) -> Result<Option<Who>, Vec<Problem>> {
    let spec = identity_of(deployment)?;
    let is_logical = |origin: &Origin| origin.logical_id.as_deref() == Some(question.principal);
    let of_template = deployment.certificates.iter().find(|c| is_logical(&c.origin));
    let id = of_template.map_or(question.principal, |certificate| &certificate.id);
    let name = named_thing(deployment, question);
    let certificate = spec.certificates.iter().find(|c| c.id == id).or_else(|| {
        let attached = |c: &&CertificateSpec| c.things.iter().any(|thing| thing == name);
        spec.certificates.iter().find(attached)
    });
    let Some(certificate) = certificate else { return Ok(None) };
    let client = question.client.or(match &*certificate.things {
        _ if certificate.id != id => Some(name),
        [thing] => Some(thing),
        _ => None,
    });
    let thing = client.and_then(|client| thing(deployment, question, client));
    let connection = Connection {
        certificate: &certificate.id,
        client_id: client,
        thing: thing.as_ref(),
        ..Connection::default()
    };
    let problem = |text: String, expected: &str| vec![Problem::of_file("identity", text, expected)];
    let identity = Identity::new(&spec, &settings.region, &settings.account)
        .map_err(|e| problem(e.to_string(), "policies, certificates and groups that fit"))?;
    let (set, facts) = identity
        .collect(&connection)
        .map_err(|refused| problem(refused.to_string(), "a certificate that may connect"))?;
    let client = client.map_or("no client id".to_owned(), |client| format!("client {client}"));
    let notes = vec![format!("certificate {}, {client}", certificate.id)];
    Ok(Some(Who { set, facts, notes }))
}

/// The name of the thing that the principal may stand for: its own, or its template's logical id.
fn named_thing<'a>(deployment: &'a Deployment, question: &Question<'a>) -> &'a str {
    let is_name = deployment.things.iter().any(|thing| thing.spec.name == question.principal);
    let logical = deployment
        .things
        .iter()
        .find(|thing| thing.origin.logical_id.as_deref() == Some(question.principal));
    match logical {
        Some(thing) if !is_name => &thing.spec.name,
        _ => question.principal,
    }
}

/// Somebody without a certificate of the deployment: all its policies apply.
fn anybody(
    deployment: &Deployment,
    question: &Question<'_>,
    settings: &Settings,
) -> Result<Who, Vec<Problem>> {
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
    let client = question.client.unwrap_or_else(|| named_thing(deployment, question));
    let thing = thing(deployment, question, client).map(|thing| ThingFacts {
        name: thing.name,
        thing_type: thing.thing_type,
        attributes: thing.attributes,
        attached: true,
    });
    let facts = Facts {
        client_id: Some(client.to_owned()),
        thing,
        certificate: Some(CertificateFacts {
            id: question.principal.to_owned(),
            ..CertificateFacts::default()
        }),
        ..Facts::new(settings.region.clone(), settings.account.clone())
    };
    let applies = match documents.len() {
        1 => "the one policy applies".to_owned(),
        number => format!("all {number} policies apply"),
    };
    let mut notes = vec![format!(
        "no certificate is called `{}` or attached to a thing of that name: {applies}",
        question.principal
    )];
    if facts.thing.is_none() {
        notes.push(format!(
            "no thing is called `{client}`: variables of the thing have no value; say --thing-type \
             or --attribute"
        ));
    }
    Ok(Who { set: PolicySet::new(documents), facts, notes })
}

#[cfg(test)]
mod tests;

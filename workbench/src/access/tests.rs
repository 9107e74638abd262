//! Questions to the policies of a deployment: who is found to ask, and what is no question.

use super::*;
use crate::deployment::{
    DeployedCertificate, DeployedPolicy, DeployedThing, PolicyAttachment, PolicyTarget,
    ThingAttachment,
};
use serde_json::json;

const ARN: &str = "arn:aws:iot:eu-west-1:123456789012:";

/// A deployment with one policy of statements that allow an action on a resource.
fn deployment(statements: &[(&str, &str)]) -> Deployment {
    let statement = |(action, resource): &(&str, &str)| {
        let resource = format!("{ARN}{resource}");
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    };
    let statements: Vec<_> = statements.iter().map(statement).collect();
    Deployment {
        policies: vec![DeployedPolicy {
            name: "P".to_owned(),
            document: json!({"Version": "2012-10-17", "Statement": statements}),
            places: std::collections::BTreeMap::new(),
            origin: Origin::default(),
        }],
        ..Deployment::default()
    }
}

fn ask<'a>(principal: &'a str, action: &'a str, resource: &'a str) -> Question<'a> {
    Question { principal, action, resource, ..Question::default() }
}

#[test]
fn a_request_that_no_client_makes_is_refused_with_the_kind_that_is_asked() {
    let deployment = deployment(&[("iot:Subscribe", "topicfilter/farm/*")]);
    for (action, resource, kind) in [
        ("iot:Subscribe", "topic/farm/x", "topicfilter/FILTER"),
        ("iot:Publish", "topicfilter/farm/x", "topic/TOPIC"),
        ("iot:Connect", "thing/d1", "client/ID"),
    ] {
        let question = ask("d1", action, resource);
        let problems = access(&deployment, &question, &Settings::default()).unwrap_err();
        let told = problems[0].to_string();
        let expected = format!(
            "question: `{resource}` is no resource of {action}; expected `{kind}`: {action} is \
             asked about nothing else"
        );
        assert_eq!(told, expected);
    }
}

/// A template's certificate with the policy, attached to one thing with an attribute.
fn template() -> Deployment {
    let origin = |id: &str| Origin { logical_id: Some(id.to_owned()), ..Origin::default() };
    let mut deployment = deployment(&[(
        "iot:Publish",
        "topic/farm/${iot:Connection.Thing.Attributes[zone]}/${iot:Connection.Thing.ThingName}",
    )]);
    let id = "0123".repeat(16);
    deployment.certificates.push(DeployedCertificate {
        id: id.clone(),
        status: "ACTIVE".to_owned(),
        origin: origin("ProbeCertificate"),
    });
    let spec = ThingSpec {
        name: "d1".to_owned(),
        attributes: [("zone".to_owned(), "north".to_owned())].into(),
        ..ThingSpec::default()
    };
    deployment.things.push(DeployedThing { spec, origin: origin("ProbeThing") });
    deployment.policy_attachments.push(PolicyAttachment {
        policy: "P".to_owned(),
        target: PolicyTarget::Certificate(id.clone()),
        origin: Origin::default(),
    });
    deployment.thing_attachments.push(ThingAttachment {
        thing: "d1".to_owned(),
        principal: id,
        origin: Origin::default(),
    });
    deployment
}

#[test]
fn a_certificate_is_found_by_any_of_its_names() {
    let deployment = template();
    let id = "0123".repeat(16);
    for principal in [&*id, "ProbeCertificate", "d1", "ProbeThing"] {
        let question = ask(principal, "iot:Publish", "topic/farm/north/d1");
        let answer = access(&deployment, &question, &Settings::default()).unwrap();
        assert!(answer.explanation.decision.is_allowed(), "{principal}");
        assert_eq!(answer.notes, [format!("certificate {id}, client d1")], "{principal}");
    }
}

#[test]
fn a_stranger_gets_the_thing_that_the_question_describes() {
    let deployment = deployment(&[(
        "iot:Publish",
        "topic/${iot:Connection.Thing.ThingTypeName}/${iot:Connection.Thing.Attributes[zone]}",
    )]);
    let mut question = ask("d1", "iot:Publish", "topic/probe/north");
    let unknown = access(&deployment, &question, &Settings::default()).unwrap();
    assert!(unknown.notes[1].contains("no thing is called `d1`"), "{:?}", unknown.notes);
    assert_eq!(
        unknown.explanation.changes[0].text,
        "register a thing `d1` and attach the certificate to it, and give the thing `d1` the type \
         `probe`, and give the thing `d1` the attribute zone = `north`"
    );
    let attributes = [("zone".to_owned(), "north".to_owned())];
    question.thing_type = Some("probe");
    question.attributes = &attributes;
    let told = access(&deployment, &question, &Settings::default()).unwrap();
    assert!(told.explanation.decision.is_allowed());
    let who = who(&deployment, &question, &Settings::default()).unwrap();
    assert_eq!(who.facts.thing.unwrap().thing_type.as_deref(), Some("probe"));
}

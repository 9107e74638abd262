//! Questions to the policies of a deployment: who is found to ask, and what is no question.

use super::*;
use crate::deployment::{DeployedPolicy, Origin};
use serde_json::json;

const ARN: &str = "arn:aws:iot:eu-west-1:123456789012:";

/// A deployment with one policy of statements that allow an action on a resource.
fn deployment(statements: &[(&str, &str)]) -> Deployment {
    let statement = |(action, resource): &(&str, &str)| json!({"Effect": "Allow", "Action": action, "Resource": format!("{ARN}{resource}")});
    let statements: Vec<_> = statements.iter().map(statement).collect();
    Deployment {
        policies: vec![DeployedPolicy {
            name: "P".to_owned(),
            document: json!({"Version": "2012-10-17", "Statement": statements}),
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

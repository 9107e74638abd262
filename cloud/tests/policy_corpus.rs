//! Policies decide as written in `tests/corpus/policies/`, which says how to add a case. Each
//! request is decided twice, directly and by a compiled session, and both must agree.

#[path = "support/policy_case.rs"]
mod policy_case;

use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::policy::{
    Action, Decision, PolicyDocument, Request, Resource, SessionPolicy, StatementRef, decide,
};
use policy_case::{corpus, facts, policies};
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn requests_are_decided_as_written() {
    let mut requests = 0;
    for (file, value) in corpus() {
        for case in value["cases"].as_array().into_iter().flatten() {
            let place = format!("{file}: {}", case["name"]);
            assert!(case["origin"].is_string(), "{place}: no origin");
            let set = Arc::new(policies(case).unwrap_or_else(|e| panic!("{place}: {e}")));
            let facts = facts(&value["facts"], &case["facts"]);
            let session = SessionPolicy::new(Arc::clone(&set), &facts);
            for request in case["requests"].as_array().expect("requests") {
                requests += 1;
                let place = format!("{place}: {request}");
                let decision = match request["action"].as_str() {
                    Some(action) => {
                        let action = Action::parse(action).expect("an action");
                        let resource = request["resource"].as_str().expect("a resource");
                        let resource = Resource::parse(resource, &facts).expect("a resource");
                        let request = Request { action, resource };
                        let direct = decide(&set, request, &facts);
                        assert_eq!(direct, session.decide_request(request), "{place}: compiled");
                        direct
                    }
                    None => step(&session, request),
                };
                assert_eq!(json!(decision.as_str()), request["expect"], "{place}");
                if let Some(by) = request["by"].as_array() {
                    let part = |i: usize| by[i].as_u64().expect("a number") as usize;
                    let by = StatementRef { policy: part(0), statement: part(1) };
                    assert_eq!(decision.by(), Some(by), "{place}");
                }
            }
        }
    }
    assert!(requests > 250, "only {requests} requests were decided");
}

/// A step of a connection; of what is allowed, the deciding statement is not known here.
fn step(session: &SessionPolicy, request: &Value) -> Decision {
    let retain = request["retain"].as_bool().unwrap_or(false);
    let allowed = Decision::Allowed(StatementRef { policy: 0, statement: 0 });
    let denied = if let Some(client) = request["connect"].as_str() {
        session.connect(client, request["will"].as_str().map(|topic| (topic, retain)))
    } else if let Some(topic) = request["publish"].as_str() {
        session.publish(topic, retain)
    } else if let Some(filter) = request["subscribe"].as_str() {
        session.subscribe(filter)
    } else {
        let topic = request["receive"].as_str().expect("a step");
        let allowed = session.check(Action::Receive, topic);
        assert_eq!(allowed.is_ok(), session.receives(topic));
        allowed
    };
    denied.map_or_else(|denied| denied.decision, |()| allowed)
}

#[test]
fn documents_are_refused_or_accepted_as_written() {
    let mut documents = 0;
    for (file, value) in corpus() {
        for case in value["refused"].as_array().into_iter().flatten() {
            documents += 1;
            let place = format!("{file}: {}", case["name"]);
            let text = case["document"].to_string();
            let error = PolicyDocument::parse(&text).expect_err(&place);
            let CloudError::Policy { problems } = error else { panic!("{place}: {error}") };
            let paths: Vec<_> = problems.iter().map(|p| p.path.as_str()).collect();
            assert_eq!(json!(paths), case["problems"], "{place}");
            let silent = |p: &&_| -> bool {
                let p: &fieldmirror_cloud::policy::PolicyProblem = p;
                p.found.is_empty() || p.expected.is_empty()
            };
            assert_eq!(problems.iter().find(silent), None, "{place}");
        }
        for case in value["warned"].as_array().into_iter().flatten() {
            documents += 1;
            let place = format!("{file}: {}", case["name"]);
            let document = PolicyDocument::from_value(&case["document"]);
            let document = document.unwrap_or_else(|e| panic!("{place}: {e}"));
            let warnings: Vec<_> =
                document.warnings.iter().map(|w| json!([w.kind.code(), w.path])).collect();
            assert_eq!(Value::Array(warnings), case["warnings"], "{place}");
        }
    }
    assert!(documents > 40, "only {documents} documents were read");
}

#[test]
fn text_that_is_no_json_is_told_with_its_place() {
    let error = PolicyDocument::parse("{\n  \"Version\": }").expect_err("no JSON");
    assert!(matches!(error, CloudError::PolicyJson { line: 2, column: 14, .. }), "{error}");
}

#[test]
fn white_space_does_not_count_towards_the_size() {
    let text = format!(
        r#"{{"Version":"2012-10-17",{}"Statement":{{"Effect":"Allow","Action":"iot:*","Resource":"*"}}}}"#,
        " ".repeat(4000)
    );
    assert!(PolicyDocument::parse(&text).is_ok());
}

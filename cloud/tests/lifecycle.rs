//! Lifecycle events: who comes, goes, subscribes and unsubscribes is published where somebody
//! listens, and nothing is made where nobody does.

#[path = "support/farm.rs"]
mod farm;
#[path = "support/harness.rs"]
mod harness;

use fieldmirror_cloud::identity::{CertificateSpec, IdentitySpec};
use fieldmirror_cloud::iot_core::Input;
use fieldmirror_cloud::outputs::Source;
use fieldmirror_cloud::policy::PolicyDocument;
use harness::{Harness, at, spec};
use serde_json::{Value, json};

/// Topics and payloads of the lifecycle events so far, and takes them.
fn take_events(harness: &mut Harness) -> Vec<(String, Value)> {
    let rows = std::mem::take(&mut harness.out.messages);
    let rows = rows.into_iter().filter(|row| row.source == Source::Shadow);
    rows.map(|row| {
        let topic = harness.core.topics().text(row.topic).to_owned();
        (topic, serde_json::from_str(&harness.text(row.payload)).expect("JSON"))
    })
    .collect()
}

/// A core with a watcher of all events, whose own are not looked at.
fn watched() -> Harness {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "watcher", true);
    harness.subscribe(0, "watcher", "$aws/events/#", 1);
    harness.out.clear();
    harness
}

#[test]
fn a_connection_and_its_end_are_told_with_one_session_and_version() {
    let mut harness = watched();
    harness.connect(1, "d1", true);
    harness.subscribe(2, "d1", "a/+", 1);
    let unsubscribe = Input::Unsubscribe { client: "d1", filter: "a/+" };
    harness.core.handle(at(3), unsubscribe, &mut harness.out);
    harness.core.handle(at(3), unsubscribe, &mut harness.out);
    harness.disconnect(4, "d1");
    let events = take_events(&mut harness);
    let session = events[0].1["sessionIdentifier"].as_str().expect("a text").to_owned();
    assert!(session.len() == 32 && session.bytes().all(|b| b.is_ascii_hexdigit()), "{session}");
    let seconds = |n: i64| at(n).millis();
    let expected = [
        (
            "$aws/events/presence/connected/d1",
            json!({"clientId": "d1", "timestamp": seconds(1), "eventType": "connected",
                "sessionIdentifier": session, "principalIdentifier": "d1", "versionNumber": 0}),
        ),
        (
            "$aws/events/subscriptions/subscribed/d1",
            json!({"clientId": "d1", "timestamp": seconds(2), "eventType": "subscribed",
                "sessionIdentifier": session, "principalIdentifier": "d1", "topics": ["a/+"]}),
        ),
        (
            "$aws/events/subscriptions/unsubscribed/d1",
            json!({"clientId": "d1", "timestamp": seconds(3), "eventType": "unsubscribed",
                "sessionIdentifier": session, "principalIdentifier": "d1", "topics": ["a/+"]}),
        ),
        (
            "$aws/events/presence/disconnected/d1",
            json!({"clientId": "d1", "timestamp": seconds(4), "eventType": "disconnected",
                "sessionIdentifier": session, "principalIdentifier": "d1",
                "clientInitiatedDisconnect": true,
                "disconnectReason": "CLIENT_INITIATED_DISCONNECT", "versionNumber": 0}),
        ),
    ];
    let expected = expected.map(|(topic, body)| (topic.to_owned(), body));
    assert_eq!(events, expected);
    assert_eq!(harness.out.deliveries.len(), 4, "all of them reach who listens");
    let mut again = watched();
    again.connect(9, "d1", true);
    assert_eq!(take_events(&mut again)[0].1["sessionIdentifier"], *session, "the same each time");
}

#[test]
fn a_take_over_ends_the_old_connection_and_versions_begin_again_after_an_hour() {
    let mut harness = watched();
    harness.connect(0, "d1", false);
    harness.connect(1, "d1", false);
    harness.disconnect(2, "d1");
    harness.connect(3, "d1", true);
    harness.disconnect(4, "d1");
    harness.connect(4 + 3_600, "d1", true);
    let events = take_events(&mut harness);
    let told: Vec<_> = events
        .iter()
        .map(|(_, body)| {
            (body["eventType"].as_str(), body["disconnectReason"].as_str(), &body["versionNumber"])
        })
        .map(|(event, reason, version)| (event.expect("a text"), reason, version.as_u64()))
        .collect();
    let own = Some("CLIENT_INITIATED_DISCONNECT");
    assert_eq!(
        told,
        [
            ("connected", None, Some(0)),
            ("disconnected", Some("DUPLICATE_CLIENTID"), Some(0)),
            ("connected", None, Some(1)),
            ("disconnected", own, Some(1)),
            ("connected", None, Some(2)),
            ("disconnected", own, Some(2)),
            ("connected", None, Some(0)),
        ]
    );
    let session = |i: usize| events[i].1["sessionIdentifier"].as_str().expect("a text");
    assert!(session(0) == session(1) && session(1) != session(2) && session(0) != session(6));
}

#[test]
fn a_denial_ends_a_connection_with_its_own_reason_and_the_certificate_is_the_principal() {
    let policy = |statement: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        PolicyDocument::from_value(&document).expect("a policy")
    };
    let all = json!({"Effect": "Allow", "Action": "iot:*", "Resource": "*"});
    let connect = json!({"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"});
    let certificate = |id: &str, policy: &str| CertificateSpec {
        id: id.to_owned(),
        policies: vec![policy.to_owned()],
        ..CertificateSpec::default()
    };
    let mut spec = spec(&[]);
    spec.identity = Some(IdentitySpec {
        policies: vec![("all".to_owned(), policy(all)), ("connect".to_owned(), policy(connect))],
        certificates: vec![certificate("root", "all"), certificate("c1", "connect")],
        groups: Vec::new(),
    });
    let mut harness = Harness::new(spec);
    let as_client = |client, certificate| Input::Connect { client, certificate, clean: true };
    harness.core.handle(at(0), as_client("watcher", Some("root")), &mut harness.out);
    harness.subscribe(0, "watcher", "$aws/events/presence/+/d1", 1);
    harness.core.handle(at(1), as_client("d1", None), &mut harness.out);
    assert_eq!(take_events(&mut harness), [], "who may not connect was never there");
    harness.core.handle(at(1), as_client("d1", Some("c1")), &mut harness.out);
    harness.publish(2, "d1", "a", "{}");
    let events = take_events(&mut harness);
    assert_eq!(events.len(), 2);
    let body = &events[1].1;
    assert_eq!(body["disconnectReason"], "AUTH_ERROR");
    assert_eq!(body["clientInitiatedDisconnect"], false);
    assert!(events.iter().all(|(_, body)| body["principalIdentifier"] == "c1"));
}

#[test]
fn nothing_is_made_where_nobody_listens_and_rules_may() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "watcher", true);
    harness.subscribe(0, "watcher", "$aws/events/presence/disconnected/d2", 1);
    harness.subscribe(0, "watcher", "#", 1);
    let topics = harness.core.topics().len();
    harness.connect(0, "d1", true);
    harness.subscribe(0, "d1", "a", 1);
    harness.disconnect(1, "d1");
    harness.connect(1, "d2", true);
    assert!(harness.out.messages.is_empty() && harness.core.topics().len() == topics);

    let republish = concat!(
        r#"[{"republish":{"topic":"gone/${clientId}","#,
        r#""roleArn":"arn:aws:iam::123456789012:role/r"}}]"#
    );
    let gone = "SELECT disconnectReason AS why, clientid() AS c \
                FROM '$aws/events/presence/disconnected/#'";
    let mut harness = Harness::new(spec(&[("gone", gone, republish)]));
    harness.connect(0, "watcher", true);
    harness.subscribe(0, "watcher", "gone/+", 1);
    harness.connect(1, "d1", true);
    harness.disconnect(2, "d1");
    let delivered = harness.take_deliveries();
    assert_eq!(delivered.len(), 1);
    assert!(delivered[0].starts_with("watcher gone/d1 {"), "{delivered:?}");
    assert!(delivered[0].contains(r#""why":"CLIENT_INITIATED_DISCONNECT""#), "{delivered:?}");
}

//! Which policies apply to a connection, and what of a specification is refused.

use super::*;
use crate::policy::Action;

fn document(action: &str, resource: &str) -> PolicyDocument {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}",
            "Resource":"arn:aws:iot:eu-west-1:1:{resource}"}}}}"#
    );
    PolicyDocument::parse(&text).expect("sound")
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// A certificate with `own`, attached to `d1`, which is in `zone` under `farm` under `root`.
fn spec() -> IdentitySpec {
    let group = |name: &str, parent: Option<&str>, policies: &[&str]| GroupSpec {
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        policies: texts(policies),
    };
    IdentitySpec {
        policies: vec![
            ("own".to_owned(), document("iot:Connect", "client/*")),
            ("zone".to_owned(), document("iot:Publish", "topic/zone")),
            (
                "root".to_owned(),
                document("iot:Publish", "topic/${iot:Certificate.Subject.CommonName}"),
            ),
            ("other".to_owned(), document("iot:Publish", "topic/other")),
        ],
        certificates: vec![CertificateSpec {
            id: "c1".to_owned(),
            subject: [("CommonName".to_owned(), "cn".to_owned())].into(),
            policies: texts(&["own"]),
            things: texts(&["d1"]),
            ..CertificateSpec::default()
        }],
        groups: vec![
            group("zone", Some("farm"), &["zone"]),
            group("farm", Some("root"), &["own"]),
            group("root", None, &["root"]),
            group("other", None, &["other"]),
        ],
    }
}

fn thing(name: &str) -> ThingSpec {
    ThingSpec { name: name.to_owned(), groups: texts(&["zone"]), ..ThingSpec::default() }
}

fn identity(spec: &IdentitySpec) -> Identity {
    Identity::new(spec, "eu-west-1", "1").unwrap_or_else(|e| panic!("{e}"))
}

fn problems(spec: &IdentitySpec) -> Vec<String> {
    match Identity::new(spec, "eu-west-1", "1") {
        Err(CloudError::Identity { problems }) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn groups_and_all_above_them_apply_to_an_attached_thing() {
    let (identity, d1) = (identity(&spec()), thing("d1"));
    let connection = Connection {
        certificate: "c1",
        client_id: Some("d1"),
        thing: Some(&d1),
        ..Connection::default()
    };
    let (set, facts) = identity.collect(&connection).expect("a session");
    let names: Vec<_> = set.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["own", "zone", "root"]);
    assert_eq!(set.policies[2].through, "group root");
    assert!(facts.thing.is_some_and(|thing| thing.attached));
    let session = identity.session(&connection).expect("a session");
    for (topic, allowed) in [("zone", true), ("cn", true), ("other", false)] {
        assert_eq!(session.decide(Action::Publish, topic).is_allowed(), allowed, "{topic}");
    }
}

#[test]
fn groups_do_not_apply_without_attachment_another_client_id_or_over_https() {
    let identity = identity(&spec());
    let (d1, d2) = (thing("d1"), thing("d2"));
    for (client_id, thing) in [
        // The thing of the client id is not attached.
        (Some("d2"), Some(&d2)),
        // The client id names no thing.
        (Some("d3"), None),
        // The thing is attached, the client id is another.
        (Some("d3"), Some(&d1)),
        // HTTPS: no client id.
        (None, Some(&d1)),
    ] {
        let connection =
            Connection { certificate: "c1", client_id, thing, ..Connection::default() };
        let (set, _) = identity.collect(&connection).expect("a session");
        assert_eq!(set.policies.len(), 1, "{client_id:?}");
        let session = identity.session(&connection).expect("a session");
        assert!(session.publish("zone", false).is_err(), "{client_id:?}");
    }
}

#[test]
fn only_an_active_certificate_gets_a_session() {
    for status in CertificateStatus::ALL {
        let mut spec = spec();
        spec.certificates[0].status = status;
        let identity = identity(&spec);
        let connection =
            Connection { certificate: "c1", client_id: Some("d1"), ..Connection::default() };
        let session = identity.session(&connection).map(|_| ());
        match status {
            CertificateStatus::Active => assert_eq!(session, Ok(())),
            _ => assert_eq!(session, Err(Refused::NotActive("c1".to_owned(), status))),
        }
        assert_eq!(CertificateStatus::parse(status.as_str()), Some(status));
    }
    let connection = Connection { certificate: "c2", ..Connection::default() };
    let refused = identity(&spec()).session(&connection).map(|_| ());
    assert_eq!(refused, Err(Refused::UnknownCertificate("c2".to_owned())));
}

#[test]
fn what_is_named_and_not_there_is_told_all_at_once() {
    let mut wrong = spec();
    wrong.policies.push(("no good".to_owned(), document("iot:Publish", "topic/x")));
    wrong.policies.push(("own".to_owned(), document("iot:Publish", "topic/x")));
    wrong.certificates[0].policies.push("absent".to_owned());
    wrong.certificates.push(CertificateSpec { id: "c1".to_owned(), ..CertificateSpec::default() });
    wrong.groups[0].policies = texts(&["own", "zone", "root"]);
    wrong.groups[3].parent = Some("nowhere".to_owned());
    wrong.groups.push(GroupSpec { name: "zone".to_owned(), ..GroupSpec::default() });
    let found = problems(&wrong);
    for part in [
        "`no good` is no policy name",
        "two policies are called `own`",
        "certificate `c1` names the policy `absent`",
        "two certificates are called `c1`",
        "group `zone` has 3 policies; expected at most 2",
        "two groups are called `zone`",
        "group `other` is in `nowhere`, which is not there",
    ] {
        assert!(found.iter().any(|problem| problem.contains(part)), "{part}: {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn groups_that_go_round_or_too_deep_are_refused() {
    let mut round = spec();
    round.groups[2].parent = Some("zone".to_owned());
    assert!(problems(&round).iter().any(|problem| problem.contains("circle")));
    let mut deep = spec();
    deep.groups = (0..8)
        .map(|i| GroupSpec {
            name: format!("g{i}"),
            parent: (i > 0).then(|| format!("g{}", i - 1)),
            policies: Vec::new(),
        })
        .collect();
    assert_eq!(problems(&deep).len(), 1);
    deep.groups.pop();
    identity(&deep);
}

//! Policies are enforced: connect, publish, retain, subscribe and delivery, on both paths.

#[path = "support/farm.rs"]
mod farm;
#[path = "support/harness.rs"]
mod harness;

use fieldmirror_cloud::identity::{CertificateSpec, CertificateStatus, IdentitySpec};
use fieldmirror_cloud::iot_core::Input;
use fieldmirror_cloud::outputs::RejectionCode;
use fieldmirror_cloud::policy::PolicyDocument;
use fieldmirror_cloud::spec::{Spec, ThingSpec};
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::register::Register;
use harness::{Harness, at};
use std::sync::Arc;

/// What a device may do: itself, its own topic, its own commands but the secret ones.
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"iot:Connect",
   "Resource":"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"},
  {"Effect":"Allow","Action":"iot:Publish",
   "Resource":"arn:aws:iot:*:*:topic/data/${iot:Connection.Thing.ThingName}"},
  {"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:*:*:topicfilter/cmd/*"},
  {"Effect":"Allow","Action":"iot:Receive","Resource":"arn:aws:iot:*:*:topic/cmd/*"},
  {"Effect":"Deny","Action":"iot:Receive","Resource":"arn:aws:iot:*:*:topic/cmd/secret"}]}"#;

const ADMIN: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;

fn certificate(id: &str, policy: &str, things: &[&str]) -> CertificateSpec {
    CertificateSpec {
        id: id.to_owned(),
        policies: vec![policy.to_owned()],
        things: things.iter().map(|thing| (*thing).to_owned()).collect(),
        ..CertificateSpec::default()
    }
}

fn identity() -> IdentitySpec {
    let policy =
        |name: &str, text| (name.to_owned(), PolicyDocument::parse(text).expect("a policy"));
    let revoked = CertificateStatus::Revoked;
    IdentitySpec {
        policies: vec![policy("device", POLICY), policy("admin", ADMIN)],
        certificates: vec![
            certificate("c1", "device", &["d1"]),
            certificate("root", "admin", &[]),
            CertificateSpec { status: revoked, ..certificate("old", "admin", &[]) },
        ],
        groups: Vec::new(),
    }
}

fn harness() -> Harness {
    let mut spec = Spec::new(Arc::new(Register::empty()));
    spec.things = vec![ThingSpec { name: "d1".to_owned(), ..ThingSpec::default() }];
    spec.identity = Some(identity());
    Harness::new(spec)
}

impl Harness {
    fn connect_with(&mut self, client: &str, certificate: Option<&str>, clean: bool) {
        let connect = Input::Connect { client, certificate, clean };
        self.core.handle(at(0), connect, &mut self.out);
    }

    /// The details of all denials so far.
    fn denials(&self) -> Vec<String> {
        let rows = self.out.rejections.iter();
        let denied = rows.filter(|row| row.code == RejectionCode::NotAuthorized);
        denied.map(|row| self.out.text(row.detail).into_owned()).collect()
    }
}

#[test]
fn only_a_known_active_and_allowed_certificate_connects() {
    for (client, certificate, why) in [
        ("d1", None, "shows no certificate"),
        ("d1", Some("nobody"), "nobody"),
        ("d1", Some("old"), "REVOKED"),
        ("d2", Some("c1"), "iot:Connect on client/d2: no statement of 5 allows it"),
    ] {
        let mut harness = harness();
        harness.connect_with(client, certificate, true);
        assert!(!harness.core.is_connected(client), "{client} {certificate:?}");
        let denials = harness.denials();
        assert!(denials.len() == 1 && denials[0].contains(why), "{denials:?} lacks {why}");
        assert_eq!(harness.out.counters.denials, 1);
    }
    let mut harness = harness();
    harness.connect_with("d1", Some("c1"), true);
    assert!(harness.core.is_connected("d1") && harness.denials().is_empty());
}

#[test]
fn a_denied_publish_is_not_routed_and_ends_the_connection() {
    let mut harness = harness();
    harness.connect_with("d1", Some("c1"), true);
    harness.publish(1, "d1", "data/d1", "{}");
    assert_eq!((harness.out.messages.len(), harness.denials().len()), (1, 0));
    harness.publish(2, "d1", "data/d2", "{}");
    assert_eq!(harness.out.messages.len(), 1, "nothing was routed");
    assert_eq!(harness.denials(), ["iot:Publish on topic/data/d2: no statement of 5 allows it"]);
    assert!(!harness.core.is_connected("d1"));
}

#[test]
fn a_retained_publish_needs_its_own_permission() {
    let mut harness = harness();
    harness.connect_with("d1", Some("c1"), true);
    harness.publish_with(1, "d1", "data/d1", b"{}", 0, true);
    let denials = harness.denials();
    assert!(denials[0].starts_with("iot:RetainPublish on topic/data/d1"), "{denials:?}");
    harness.connect_with("root", Some("root"), true);
    harness.publish_with(2, "root", "data/d1", b"{}", 0, true);
    assert_eq!((harness.out.messages.len(), harness.denials().len()), (1, 1));
}

#[test]
fn a_denied_delivery_is_left_out_and_the_connection_stays() {
    let mut harness = harness();
    harness.connect_with("root", Some("root"), true);
    harness.connect_with("d1", Some("c1"), true);
    harness.subscribe(1, "d1", "cmd/#", 1);
    harness.publish(2, "root", "cmd/open", "{}");
    harness.publish(2, "root", "cmd/secret", "{}");
    assert_eq!(harness.out.deliveries.len(), 1);
    let denials = harness.denials();
    assert!(denials[0].starts_with("iot:Receive on topic/cmd/secret: denied by"), "{denials:?}");
    assert!(harness.core.is_connected("d1"));
    harness.subscribe(3, "d1", "data/#", 1);
    assert!(harness.denials()[1].starts_with("iot:Subscribe on topicfilter/data/#"));
    assert!(!harness.core.is_connected("d1"));
}

#[test]
fn what_waited_for_an_absent_client_is_authorised_when_it_is_handed_over() {
    let mut harness = harness();
    harness.connect_with("root", Some("root"), true);
    harness.connect_with("d1", Some("c1"), false);
    harness.subscribe(1, "d1", "cmd/#", 1);
    harness.disconnect(2, "d1");
    harness.publish(3, "root", "cmd/open", "{}");
    harness.publish(3, "root", "cmd/secret", "{}");
    assert!(harness.denials().is_empty(), "nothing is asked of an absent client");
    harness.connect_with("d1", Some("c1"), false);
    assert_eq!((harness.out.deliveries.len(), harness.denials().len()), (1, 1));
}

#[test]
fn readings_of_devices_are_authorised_like_any_publish() {
    let mut spec = Spec::new(Arc::new(farm::register(1, 1, 2)));
    let own = r#"{"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
      {"Effect":"Allow","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/farmA/sensor/101/data"}]}"#;
    let things = ["farmA-101", "farmA-102"];
    spec.identity = Some(IdentitySpec {
        policies: vec![("probe".to_owned(), PolicyDocument::parse(own).expect("a policy"))],
        certificates: vec![certificate("probes", "probe", &things)],
        groups: Vec::new(),
    });
    let mut harness = Harness::new(spec);
    let reading = |harness: &Harness, name: &str| {
        let mut reading = Reading::new(DeviceClass::SoilProbe, harness.thing(name));
        reading.set(1, 20.0);
        Message { sampled_at: at(1), received_at: at(1), reading, radio: None }
    };
    let all: Vec<_> = things.iter().map(|name| reading(&harness, name)).collect();
    harness.core.ingest(&all, &mut harness.out);
    assert!(harness.out.messages.is_empty(), "nobody has connected");
    assert_eq!(harness.denials().len(), 2);
    for name in things {
        harness.connect_with(name, Some("probes"), true);
    }
    harness.core.ingest(&all, &mut harness.out);
    harness.core.ingest(&all, &mut harness.out);
    assert_eq!(harness.out.messages.len(), 2, "one device of two may publish");
    let denials = harness.denials();
    assert_eq!(denials.len(), 4, "each denied reading is recorded");
    assert!(denials[3].starts_with("iot:Publish on topic/farmA/sensor/102/data"), "{denials:?}");
    assert_eq!(harness.out.shadows.len(), 2, "and mirrored only where it was accepted");
}

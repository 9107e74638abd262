//! A core without farms serves things of any fleet: shadows, registry, clients and rules.

#[path = "support/farm.rs"]
mod farm;
#[path = "support/harness.rs"]
mod harness;

use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::Source;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::{Spec, ThingSpec};
use fieldmirror_core::register::Register;
use harness::Harness;
use std::sync::Arc;

fn thing(name: &str) -> ThingSpec {
    ThingSpec {
        name: name.to_owned(),
        thing_type: Some("soil".to_owned()),
        attributes: [("zone".to_owned(), "north".to_owned())].into(),
        groups: vec!["fields".to_owned()],
    }
}

fn core_of(things: Vec<ThingSpec>, rules: &[(&str, &str)]) -> Spec {
    let mut spec = Spec::new(Arc::new(Register::empty()));
    spec.things = things;
    for (name, json) in rules {
        spec.rules.push((name.to_string(), RuleSpec::parse(json).expect("a rule")));
    }
    spec
}

#[test]
fn a_declared_thing_has_attributes_a_shadow_and_is_a_device() {
    let mut harness = Harness::new(core_of(vec![thing("d1"), thing("d2")], &[]));
    let d2 = harness.thing("d2");
    let described = harness.core.registry().thing(d2);
    assert_eq!((described.name, described.thing_type), ("d2", Some("soil")));
    assert_eq!(described.groups, ["fields"]);
    assert_eq!(harness.core.registry().attribute(d2, "zone"), Some("north"));
    harness.core.update_thing(d2, &[("zone", "south")], true).expect("valid");
    assert_eq!(harness.core.registry().attribute(d2, "zone"), Some("south"));
    harness.connect(0, "d2", true);
    harness.subscribe(0, "d2", "$aws/things/d2/shadow/update/delta", 1);
    let update = r#"{"state":{"desired":{"t":1}}}"#;
    harness.publish(1, "d2", "$aws/things/d2/shadow/update", update);
    assert_eq!(harness.out.messages[0].source, Source::Device);
    assert_eq!(harness.out.shadows.len(), 1);
    assert_eq!(harness.out.deliveries.len(), 1, "its delta");
    assert!(harness.core.shadow_document(d2, harness::at(2)).is_some());
    assert!(harness.core.shadow_document(harness.thing("d1"), harness::at(2)).is_none());
}

#[test]
fn a_things_name_and_attributes_keep_to_the_services_limits() {
    let long = "x".repeat(129);
    for name in ["", "a b", long.as_str()] {
        let refused = IotCore::new(core_of(vec![thing(name)], &[])).expect_err(name);
        assert!(matches!(refused, CloudError::Registry { .. }), "{refused}");
    }
    let twice = IotCore::new(core_of(vec![thing("a"), thing("a")], &[])).expect_err("twice");
    assert!(matches!(twice, CloudError::Duplicate { what: "things", .. }), "{twice}");
    let mut untyped = ThingSpec { thing_type: None, ..thing("a") };
    for i in 0..3 {
        untyped.attributes.insert(format!("a{i}"), "x".to_owned());
    }
    let refused = IotCore::new(core_of(vec![untyped], &[])).expect_err("four attributes");
    assert!(refused.to_string().contains("at most 3"), "{refused}");
}

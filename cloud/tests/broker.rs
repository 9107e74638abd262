//! Sessions, subscriptions, retained messages and refusals, as a client sees them.

#[path = "support/farm.rs"]
mod farm;
#[path = "support/harness.rs"]
mod harness;

use fieldmirror_cloud::outputs::Source;
use harness::{Harness, at, spec};

const NONE: [&str; 0] = [];

#[test]
fn a_persistent_session_gets_what_it_missed_in_order() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "app", true);
    harness.connect(0, "farmA-pump-1", false);
    harness.subscribe(0, "farmA-pump-1", "farmA/pump/1/cmd", 1);
    harness.publish(1, "app", "farmA/pump/1/cmd", "one");
    assert_eq!(harness.take_deliveries(), ["farmA-pump-1 farmA/pump/1/cmd one"]);
    harness.disconnect(2, "farmA-pump-1");
    harness.publish(3, "app", "farmA/pump/1/cmd", "two");
    harness.publish_with(4, "app", "farmA/pump/1/cmd", b"lost", 0, false);
    harness.publish(5, "app", "farmA/pump/1/cmd", "three");
    assert_eq!(harness.take_deliveries(), NONE);
    harness.connect(6, "farmA-pump-1", false);
    assert_eq!(
        harness.take_deliveries(),
        ["farmA-pump-1 farmA/pump/1/cmd two", "farmA-pump-1 farmA/pump/1/cmd three"]
    );
    harness.publish(7, "app", "farmA/pump/1/cmd", "four");
    assert_eq!(harness.take_deliveries(), ["farmA-pump-1 farmA/pump/1/cmd four"]);
    assert_eq!(harness.out.counters.queue_drops, 0);
}

#[test]
fn a_session_away_for_too_long_is_forgotten_at_its_deadline() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "app", true);
    harness.connect(0, "away", false);
    harness.subscribe(0, "away", "a/#", 1);
    assert_eq!(harness.core.next_deadline(), None);
    harness.disconnect(10, "away");
    assert_eq!(harness.core.next_deadline(), Some(at(10 + 3_600)));
    harness.publish(20, "app", "a/b", "x");
    harness.core.on_deadline(at(3_609), &mut harness.out);
    assert_eq!(harness.out.counters.sessions_expired, 0);
    harness.core.on_deadline(at(3_610), &mut harness.out);
    assert_eq!(harness.out.counters.sessions_expired, 1);
    harness.connect(3_700, "away", false);
    harness.publish(3_701, "app", "a/b", "y");
    assert_eq!(harness.take_deliveries(), NONE);
}

#[test]
fn retained_messages_come_once_a_filter_equals_their_topic() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "app", true);
    harness.publish_with(1, "app", "farmA/plan", b"spring", 1, true);
    harness.subscribe(2, "app", "farmA/+", 1);
    assert_eq!(harness.take_deliveries(), NONE, "never through a wildcard");
    harness.subscribe(3, "app", "farmA/plan", 0);
    let delivery = harness.out.deliveries[0];
    assert!(delivery.retained);
    assert_eq!(delivery.qos, 0);
    assert_eq!(harness.take_deliveries(), ["app farmA/plan spring"]);
    harness.publish_with(4, "app", "farmA/plan", b"", 1, true);
    assert_eq!(harness.take_deliveries(), ["app farmA/plan "], "the deleting publish is heard");
    harness.subscribe(5, "app", "farmA/plan", 0);
    assert_eq!(harness.take_deliveries(), NONE);
}

#[test]
fn a_resubscribe_replaces_the_quality_and_an_unsubscribe_ends_it() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "app", true);
    harness.subscribe(0, "app", "a", 0);
    harness.subscribe(0, "app", "a", 1);
    harness.publish(1, "app", "a", "x");
    assert_eq!(harness.out.deliveries.len(), 1);
    assert_eq!(harness.out.deliveries[0].qos, 1);
    harness.take_deliveries();
    let unsubscribe =
        fieldmirror_cloud::iot_core::Input::Unsubscribe { client: "app", filter: "a" };
    harness.core.handle(at(2), unsubscribe, &mut harness.out);
    harness.publish(3, "app", "a", "x");
    assert_eq!(harness.take_deliveries(), NONE);
}

#[test]
fn a_second_connection_takes_a_client_over_and_clean_forgets() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "app", false);
    harness.subscribe(0, "app", "a", 1);
    harness.connect(1, "app", false);
    harness.publish(2, "app", "a", "x");
    assert_eq!(harness.take_deliveries(), ["app a x"], "a persistent session goes on");
    harness.connect(3, "app", true);
    harness.publish(4, "app", "a", "x");
    assert_eq!(harness.take_deliveries(), NONE);
}

#[test]
fn what_is_refused_says_why() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "$x", true);
    harness.connect(0, &"x".repeat(129), true);
    harness.publish(0, "nobody", "a", "x");
    harness.subscribe(0, "nobody", "a", 1);
    harness.disconnect(0, "nobody");
    assert_eq!(
        harness.take_rejections(),
        [
            "client_id: $x",
            &format!("client_id: {}", "x".repeat(129)),
            "not_connected: nobody",
            "not_connected: nobody",
            "not_connected: nobody",
        ]
    );
    harness.connect(0, "app", true);
    harness.publish(0, "app", "a/+", "x");
    harness.publish(0, "app", "$aws/events/x", "x");
    harness.publish(0, "app", "$aws/things/farmA-101/shadow/name/cfg/update", "{}");
    harness.publish(0, "app", "$aws/rules/none/a", "{}");
    harness.publish_with(0, "app", "a", b"x", 2, false);
    harness.publish_with(0, "app", "a", &vec![b'x'; 128 * 1024 + 1], 1, false);
    harness.publish_with(0, "app", "$aws/things/farmA-101/shadow/get", b"", 1, true);
    harness.publish(0, "app", "$aws/things/farmA-101/shadow/get", "");
    harness.publish(0, "app", "$aws/things/nobody/shadow/get", "");
    harness.subscribe(0, "app", "a#", 1);
    harness.subscribe(0, "app", "a", 2);
    harness.subscribe(0, "app", "$share/g/a", 1);
    assert_eq!(
        harness.take_rejections(),
        [
            "topic: a/+",
            "reserved_topic: $aws/events/x",
            "reserved_topic: $aws/things/farmA-101/shadow/name/cfg/update",
            "rule_not_found: $aws/rules/none/a",
            "quality_of_service: a",
            "payload_too_large: a",
            "retain_reserved: $aws/things/farmA-101/shadow/get",
            "shadow: farmA-101: 404 No shadow exists with name: 'farmA-101'",
            "shadow: nobody: 404 Thing not found",
            "topic: a#",
            "quality_of_service: a",
            "reserved_topic: $share/g/a: shared subscriptions are not supported here",
        ]
    );
    assert_eq!(harness.out.deliveries.len(), 0);
    assert_eq!(harness.out.counters.messages, 3, "requests to services are accepted messages");
}

#[test]
fn shadow_answers_are_made_only_for_those_who_listen() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "farmA-pump-1", true);
    let update = "$aws/things/farmA-pump-1/shadow/update";
    harness.publish(1, "farmA-pump-1", update, r#"{"state":{"desired":{"state":"ON"}}}"#);
    assert_eq!(harness.out.messages.len(), 1);
    harness.subscribe(2, "farmA-pump-1", "$aws/things/farmA-pump-1/shadow/update/delta", 1);
    harness.publish(3, "farmA-pump-1", update, r#"{"state":{"reported":{"state":"OFF"}}}"#);
    let sources: Vec<Source> = harness.out.messages.iter().map(|row| row.source).collect();
    assert_eq!(sources, [Source::Device, Source::Device, Source::Shadow]);
    assert_eq!(harness.out.deliveries.len(), 1);
    assert_eq!(harness.out.shadows.len(), 2);
    assert_eq!(harness.out.counters.shadow_updates, 2);
}

#[test]
fn ids_of_things_and_their_topics_are_those_of_the_register() {
    let mut harness = Harness::new(spec(&[]));
    harness.connect(0, "app", true);
    harness.publish(0, "app", "something/else", "x");
    let core = &harness.core;
    for name in ["farmA-weather-1", "farmA-101", "farmA-202", "farmA-pump-2", "farmA-filter"] {
        assert_eq!(core.principals().text(harness.thing(name).raw()), name);
    }
    let probe = harness.thing("farmA-101");
    assert_eq!(core.topics().text(probe.raw()), "farmA/sensor/101/data");
    assert_eq!(core.thing_arn(probe), "arn:aws:iot:eu-west-1:123456789012:thing/farmA-101");
    assert_eq!(core.thing("app"), None, "a client is no thing");
    let message = harness.out.messages[0];
    assert_eq!(core.topics().text(message.topic), "something/else");
    assert_eq!((core.principals().text(message.principal), message.source), ("app", Source::App));
}

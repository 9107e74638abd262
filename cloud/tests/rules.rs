//! Rules at work: what they match, what their actions do, what stops them.

#[path = "support/farm.rs"]
mod farm;
#[path = "support/harness.rs"]
mod harness;

use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::Outcome;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::TableSpec;
use fieldmirror_core::message::Message;
use harness::{Harness, IRRIGATE, at, spec};

const DRY: &str = "SELECT * FROM 'farmA/sensor/+/data' WHERE humidity < 35";

fn republish(topic: &str) -> String {
    format!(r#"[{{"republish":{{"roleArn":"r","topic":"{topic}","qos":1}}}}]"#)
}

fn message(harness: &Harness, seconds: i64, device: &str, humidity: i64) -> Message {
    let device = harness.thing(device);
    Message {
        sampled_at: at(seconds),
        received_at: at(seconds),
        reading: farm::probe_reading(device, at(seconds), humidity),
        radio: None,
    }
}

#[test]
fn a_dry_probe_switches_its_pump_on_and_the_pump_answers() {
    let mut harness = Harness::new(spec(&[("dry", DRY, IRRIGATE)]));
    harness.connect(0, "farmA-pump-2", false);
    harness.subscribe(0, "farmA-pump-2", "farmA/pump/2/cmd", 1);
    let messages = [
        message(&harness, 1, "farmA-101", 350),
        message(&harness, 2, "farmA-201", 349),
        message(&harness, 3, "farmA-202", 100),
    ];
    harness.core.ingest(&messages, &mut harness.out);
    assert_eq!(
        harness.take_deliveries(),
        [r#"farmA-pump-2 farmA/pump/2/cmd {"command":"ON","duration":600}"#]
    );
    let outcomes: Vec<Outcome> = harness.out.actions.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [Outcome::Commanded, Outcome::Running]);
    assert_eq!(harness.out.counters.commands, 1);
    let pump = harness.thing("farmA-pump-2");
    let row = harness.out.shadows.iter().find(|row| row.thing == pump).expect("desired state");
    assert_eq!(harness.text(row.desired.expect("desired")), r#"{"state":"ON"}"#);
    assert_eq!(harness.text(row.delta.expect("delta")), r#"{"state":"ON"}"#);
    let update = "$aws/things/farmA-pump-2/shadow/update";
    let on = r#"{"state":{"reported":{"state":"ON","duration":600}}}"#;
    harness.publish(4, "farmA-pump-2", update, on);
    let off = r#"{"state":{"desired":null,"reported":{"state":"OFF"}}}"#;
    harness.publish(604, "farmA-pump-2", update, off);
    let messages = [message(&harness, 605, "farmA-201", 300)];
    harness.core.ingest(&messages, &mut harness.out);
    assert_eq!(harness.out.counters.commands, 2);
}

#[test]
fn a_silent_probe_still_answers_its_last_state() {
    let mut harness = Harness::new(spec(&[]));
    let messages: Vec<Message> =
        (0..5).map(|i| message(&harness, 600 * i, "farmA-101", 400 - i)).collect();
    harness.core.ingest(&messages, &mut harness.out);
    let probe = harness.thing("farmA-101");
    let days_later = at(3 * 86_400);
    let document = harness.core.shadow_document(probe, days_later).expect("a shadow");
    let document = String::from_utf8(document).expect("UTF-8");
    assert!(document.contains(r#""humidity":39.6"#), "{document}");
    assert!(document.contains(r#""version":5"#), "{document}");
    assert!(document.contains(r#""humidity":{"timestamp":1527813600}"#), "{document}");
    assert_eq!(harness.core.shadow_document(harness.thing("farmA-102"), days_later), None);
    harness.connect(0, "app", true);
    harness.subscribe(0, "app", "$aws/things/farmA-101/shadow/get/accepted", 1);
    harness.publish(3 * 86_400, "app", "$aws/things/farmA-101/shadow/get", "");
    let answer = format!("app $aws/things/farmA-101/shadow/get/accepted {document}");
    assert_eq!(harness.take_deliveries(), [answer]);
}

#[test]
fn republish_goes_round_until_the_hop_limit_and_is_counted() {
    let sql = "SELECT * FROM 'loop/#'";
    let mut harness = Harness::new(spec(&[("again", sql, &republish("loop/${topic(2)}"))]));
    harness.connect(0, "app", true);
    harness.publish(1, "app", "loop/x", r#"{"a":1}"#);
    assert_eq!(harness.out.messages.len(), 9, "the publish and eight hops");
    assert_eq!(harness.out.counters.hops_cut, 1);
    assert_eq!(harness.out.actions.last().expect("the last try").outcome, Outcome::HopLimit);
    let last = harness.out.messages[8];
    assert_eq!(harness.core.principals().text(last.principal), "again");
    assert_eq!((last.source.name(), harness.text(last.payload)), ("rule", r#"{"a":1}"#.to_owned()));
}

#[test]
fn a_rule_may_drive_shadows_through_a_reserved_topic_and_hear_them() {
    let mut harness = Harness::new(spec(&[
        (
            "mirror",
            "SELECT {'reported': {'on': on}} AS state FROM 'in/+'",
            &republish("$$aws/things/${topic(2)}/shadow/update"),
        ),
        (
            "hear",
            "SELECT version FROM '$aws/things/+/shadow/update/accepted'",
            &republish("heard/${topic(3)}"),
        ),
        ("bad", "SELECT * FROM 'bad'", &republish("$$aws/rules/mirror/x")),
    ]));
    harness.connect(0, "app", true);
    harness.subscribe(0, "app", "heard/+", 1);
    harness.publish(1, "app", "in/farmA-pump-1", r#"{"on":true}"#);
    assert_eq!(harness.take_deliveries(), [r#"app heard/farmA-pump-1 {"version":1}"#]);
    let mirrored = harness.out.actions[0];
    let topic = "$aws/things/farmA-pump-1/shadow/update";
    assert_eq!(mirrored.resource.map(|range| harness.text(range)).as_deref(), Some(topic));
    harness.publish(2, "app", "bad", "{}");
    assert_eq!(harness.out.actions.last().expect("an action").outcome, Outcome::BadTopic);
}

#[test]
fn basic_ingest_reaches_its_rule_alone() {
    let mut harness = Harness::new(spec(&[
        ("one", "SELECT topic() AS t FROM 'never'", &republish("heard")),
        ("two", "SELECT * FROM '#'", &republish("other")),
    ]));
    harness.connect(0, "app", true);
    harness.subscribe(0, "app", "#", 1);
    harness.subscribe(0, "app", "heard", 1);
    harness.publish(1, "app", "$aws/rules/one/a/b", "{}");
    let topics: Vec<&str> =
        harness.out.messages.iter().map(|row| harness.core.topics().text(row.topic)).collect();
    assert_eq!(topics[..2], ["$aws/rules/one/a/b", "heard"]);
    assert_eq!(harness.take_deliveries()[0], r#"app heard {"t":"a/b"}"#);
}

#[test]
fn a_failed_action_tells_the_error_action_once_and_stops_no_other() {
    let mut spec = spec(&[]);
    spec.tables.push(TableSpec {
        name: "keyed".to_owned(),
        hash_key: "id".to_owned(),
        ..TableSpec::default()
    });
    let json = r#"{"sql":"SELECT * FROM 'in'","awsIotSqlVersion":"2016-03-23","actions":[
        {"dynamoDBv2":{"roleArn":"r","putItem":{"tableName":"keyed"}}},
        {"republish":{"roleArn":"r","topic":"a/${missing}#"}},
        {"dynamoDBv2":{"roleArn":"r","putItem":{"tableName":"plain"}}}],
        "errorAction":{"republish":{"roleArn":"r","topic":"errors"}}}"#;
    spec.rules.push(("store".to_owned(), RuleSpec::parse(json).expect("valid")));
    let mut harness = Harness::new(spec);
    harness.connect(0, "app", true);
    harness.subscribe(0, "app", "errors", 1);
    harness.publish(1, "app", "in", r#"{"id":7,"x":1}"#);
    assert_eq!(
        harness.core.table("keyed").expect("declared").item("7"),
        Some(&br#"{"id":7,"x":1}"#[..])
    );
    harness.take_deliveries();
    harness.publish(2, "app", "in", r#"{"x":2}"#);
    let deliveries = harness.take_deliveries();
    assert_eq!(deliveries.len(), 1);
    let error: serde_json::Value =
        serde_json::from_str(deliveries[0].strip_prefix("app errors ").expect("it")).expect("JSON");
    assert_eq!(error["ruleName"], "store");
    assert_eq!((&error["topic"], &error["clientId"]), (&"in".into(), &"app".into()));
    assert_eq!(error["base64OriginalPayload"], "eyJ4IjoyfQ==");
    assert_eq!(
        error["failures"],
        serde_json::json!([
            {"failedAction":"DynamoDBv2Action","failedResource":"keyed",
                "errorMessage":"missing_key: the key `id` of table `keyed` is not in the item"},
            {"failedAction":"RepublishAction","failedResource":"a/#",
                "errorMessage":"bad_topic: `a/#` is no topic"},
        ])
    );
    assert_eq!(harness.core.table("plain").expect("used").puts(), 2);
}

#[test]
fn disabled_rules_hear_nothing() {
    let mut spec = spec(&[("dry", DRY, IRRIGATE)]);
    spec.rules[0].1.disabled = true;
    let mut harness = Harness::new(spec);
    let messages = [message(&harness, 1, "farmA-101", 100)];
    harness.core.ingest(&messages, &mut harness.out);
    assert_eq!((harness.out.matches.len(), harness.out.shadows.len()), (0, 1));
    harness.connect(0, "app", true);
    harness.publish(2, "app", "$aws/rules/dry/farmA/sensor/101/data", "{}");
    assert_eq!(harness.take_rejections().len(), 1);
}

#[test]
fn payloads_that_are_not_json_pass_whole_or_match_nothing() {
    let mut harness = Harness::new(spec(&[
        ("raw", "SELECT * FROM 'in'", &republish("out")),
        ("where", "SELECT * FROM 'in' WHERE a > 1", &republish("never")),
        ("lambda", "SELECT * FROM 'in'", IRRIGATE),
    ]));
    harness.connect(0, "app", true);
    harness.subscribe(0, "app", "out", 1);
    harness.publish(1, "app", "in", "plain \u{1f33e}");
    assert_eq!(harness.take_deliveries(), ["app out plain \u{1f33e}"]);
    let outcomes: Vec<Outcome> = harness.out.actions.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [Outcome::Done, Outcome::NotJson]);
}

#[test]
fn a_rule_may_look_at_shadows_but_not_act_inside_its_statement() {
    let look =
        "SELECT get_thing_shadow('farmA-pump-1', 'arn:role').state.reported.on AS on FROM 'in'";
    let act = "SELECT aws_lambda('arn:f', {'a': 1}) AS x FROM 'in'";
    let mut harness =
        Harness::new(spec(&[("look", look, &republish("out")), ("act", act, &republish("never"))]));
    harness.connect(0, "app", true);
    harness.subscribe(0, "app", "out", 1);
    harness.publish(1, "app", "in", "{}");
    assert_eq!(harness.take_deliveries().len(), 0);
    assert_eq!(harness.take_rejections().len(), 2, "no shadow yet; no acting");
    let update = r#"{"state":{"reported":{"on":true}}}"#;
    harness.publish(2, "app", "$aws/things/farmA-pump-1/shadow/update", update);
    harness.publish(3, "app", "in", "{}");
    assert_eq!(harness.take_deliveries(), [r#"app out {"on":true}"#]);
}

#[test]
fn a_specification_that_names_what_is_not_there_is_refused() {
    let other = IRRIGATE.replace("irrigation-controller-lambda", "other");
    let error = IotCore::new(spec(&[("dry", DRY, &other)])).expect_err("undeclared");
    let text = error.to_string();
    assert!(matches!(error, CloudError::UndeclaredFunction { .. }), "{text}");
    assert!(text.contains("`other`") && text.contains("irrigation-controller-lambda"), "{text}");
    let error = IotCore::new(spec(&[("dry", "SELECT nope(a) FROM 'a'", "[]")])).expect_err("SQL");
    assert!(matches!(error, CloudError::RuleSql { .. }), "{error}");
    let error = IotCore::new(spec(&[("a-b", DRY, "[]")])).expect_err("name");
    assert!(matches!(error, CloudError::RuleName { .. }), "{error}");
    let twice = spec(&[("a", DRY, "[]"), ("a", DRY, "[]")]);
    let error = IotCore::new(twice).expect_err("twice");
    assert_eq!(error, CloudError::Duplicate { what: "rules", name: "a".to_owned() });
    let error = IotCore::new(spec(&[("a", DRY, &republish("x/${nope(}"))])).expect_err("template");
    assert!(matches!(error, CloudError::RuleTemplate { .. }), "{error}");
    let both = [("a", "SELECT nope(a) FROM 'a'", "[]"), ("b", DRY, &*other)];
    let error = IotCore::new(spec(&both)).expect_err("both rules");
    assert_eq!(error.problems().len(), 2, "{error}");
}

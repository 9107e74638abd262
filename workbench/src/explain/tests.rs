//! An answer puts FROM, WHERE, templates and policies side by side.

use super::*;
use fieldmirror_cloud::policy::{Facts, PolicyDocument, PolicySet};
use fieldmirror_core::time::Timestamp;
use serde_json::json;
use std::sync::Arc;

fn rule() -> Json {
    json!({
        "sql": "SELECT humidity FROM 'farm/+/data' WHERE humidity < 35 AND site = 'a'",
        "awsIotSqlVersion": "2016-03-23",
        "actions": [
            {"republish": {"topic": "cmd/${topic(2)}/${missing}", "roleArn": "arn:${x}"}},
            {"dynamoDB": {"tableName": "T", "hashKeyValue": "${nope(}"}},
        ],
    })
}

fn session(client: &str) -> SessionPolicy {
    let document = PolicyDocument::parse(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iot:Connect","iot:Publish"],
        "Resource":["arn:aws:iot:eu-west-1:123456789012:client/probe-1",
        "arn:aws:iot:eu-west-1:123456789012:topic/farm/${iot:ClientId}/data"]}]}"#,
    )
    .unwrap();
    let facts =
        Facts { client_id: Some(client.to_owned()), ..Facts::new("eu-west-1", "123456789012") };
    SessionPolicy::new(Arc::new(PolicySet::new([("P".to_owned(), document)])), &facts)
}

fn ask(topic: &str, payload: &str, client: &str) -> Answer {
    let session = session(client);
    let context =
        Context { client_id: Some(client), ..Context::new(topic, Timestamp::from_millis(0)) };
    let rule = rule();
    let question = Question {
        name: "dry",
        rule: &rule,
        strictness: Strictness::Strict,
        payload: payload.as_bytes(),
        context,
        session: Some(&session),
    };
    explain(&question).unwrap()
}

#[test]
fn an_answer_names_the_term_that_decided_and_what_templates_give() {
    let answer = ask("farm/probe-1/data", r#"{"humidity": 35, "site": "a"}"#, "probe-1");
    assert_eq!(answer.statement.summary(), "`humidity < 35` is false: humidity is 35");
    let paths: Vec<_> = answer.templates.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["actions[0].republish.topic", "actions[1].dynamoDB.hashKeyValue"]);
    let TemplateAnswer::Explained(topic) = &answer.templates[0].1 else { panic!("compiles") };
    assert_eq!(topic.text, Ok("cmd/probe-1/".to_owned()));
    assert!(matches!(&answer.templates[1].1, TemplateAnswer::Wrong(why) if why.contains("nope")));
    assert!(answer.verdicts.iter().all(|verdict| verdict.allowed), "{:?}", answer.verdicts);
    let text = answer.to_text();
    for part in [
        "rule `dry`\n",
        "policy: iot:Connect on client/probe-1: allowed by statement 0 of policy P\n",
        "FROM 'farm/+/data' matches farm/probe-1/data\n",
        "silent: `humidity < 35` is false: humidity is 35\n",
        "actions[0].republish.topic        cmd/${topic(2)}/${missing} = cmd/probe-1/\n",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
}

#[test]
fn a_foreign_client_is_denied_and_a_foreign_topic_not_heard() {
    let answer = ask("farm/probe-1", r#"{"humidity": 1}"#, "probe-2");
    let verdicts: Vec<_> = answer.verdicts.iter().map(|one| one.sentence.as_str()).collect();
    assert_eq!(
        verdicts,
        [
            "iot:Connect on client/probe-2: no statement of 1 allows it",
            "iot:Publish on topic/farm/probe-1: no statement of 1 allows it",
        ]
    );
    assert!(answer.statement.topic.as_ref().is_some_and(|topic| !topic.matches()));
    assert!(!answer.statement.fires());
    let text = ask("farm/probe-1", r#"{"humidity": 1, "site": "a"}"#, "probe-2").to_text();
    assert!(text.contains("silent: FROM 'farm/+/data' does not match farm/probe-1"), "{text}");
    assert!(text.contains("note: it would fire if the topic matched"), "{text}");
    assert!(text.contains("the message does not get there: a policy denies it\n"), "{text}");
    assert!(answer.to_json().contains(r#""letThrough":false"#));
}

#[test]
fn basic_ingest_and_disabled_rules_are_noted() {
    let answer = ask("$aws/rules/dry/farm/x/data", r#"{"humidity": 1, "site": "a"}"#, "probe-1");
    assert!(answer.notes[0].contains("Basic Ingest hands the message to `dry`"), "{answer:?}");
    let other = ask("$aws/rules/wet/farm/x/data", "{}", "probe-1");
    assert!(other.notes[0].contains("to `wet`, and to no other rule"));
    assert!(!other.statement.fires());
    let direct = ask("$aws/rules/dry/x", r#"{"humidity": 1, "site": "a"}"#, "probe-1");
    assert!(direct.statement.fires());
    let other = ask("$aws/rules/wet/farm/x/data", r#"{"humidity": 1, "site": "a"}"#, "probe-1");
    assert_eq!(other.statement.summary(), "Basic Ingest hands the message to another rule");
    let mut rule = rule();
    rule["ruleDisabled"] = json!(true);
    let context = Context::new("farm/x/data", Timestamp::from_millis(0));
    let question = Question {
        name: "dry",
        rule: &rule,
        strictness: Strictness::Strict,
        payload: b"{}",
        context,
        session: None,
    };
    let answer = explain(&question).unwrap();
    assert_eq!(answer.notes, ["the rule is disabled: it takes no messages"]);
    assert!(answer.verdicts.is_empty());
}

#[test]
fn json_has_all_parts_and_broken_sql_is_told() {
    let json = ask("farm/a/data", r#"{"humidity": 1, "site": "a"}"#, "probe-1").to_json();
    let json: Json = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["statement"]["fires"], true);
    assert_eq!(json["templates"][0]["text"], "cmd/a/");
    assert_eq!(json["templates"][0]["path"], "actions[0].republish.topic");
    assert_eq!(json["policies"][0]["allowed"], true);
    let rule = json!({"sql": "SELECT"});
    let context = Context::new("a", Timestamp::from_millis(0));
    let question = Question {
        name: "r",
        rule: &rule,
        strictness: Strictness::Strict,
        payload: b"{}",
        context,
        session: None,
    };
    assert!(explain(&question).is_err());
}

#[test]
fn json_keeps_every_digit_and_every_part() {
    let rule = json!({"sql": "SET @b = big SELECT big + 1 AS a, 1/3.1 AS d, x FROM 'a' WHERE x > 0",
        "awsIotSqlVersion": "2016-03-23",
        "actions": [{"republish": {"topic": "t/${@b}", "roleArn": "r"}}]});
    let payload = br#"{"big": 1234567890123456789012345678901234, "x": 1E400}"#;
    let context = Context::new("a", Timestamp::from_millis(0));
    let question = Question {
        name: "r",
        rule: &rule,
        strictness: Strictness::Strict,
        payload,
        context,
        session: None,
    };
    let json = explain(&question).unwrap().to_json();
    for part in [
        r#""a":1234567890123456789012345678901235"#,
        r#""d":0.3225806451612903225806451612903226"#,
        r#""x":1E400"#,
        r#""text":"t/1234567890123456789012345678901234""#,
        r#""fires":true"#,
    ] {
        assert!(json.to_uppercase().contains(&part.to_uppercase()), "{part} in {json}");
    }
}

#[test]
fn a_variable_without_a_value_is_named_where_nothing_allows() {
    let document = PolicyDocument::parse(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Publish",
        "Resource":"arn:aws:iot:eu-west-1:123456789012:topic/${iot:Connection.Thing.Attributes[n]}"}]}"#,
    )
    .unwrap();
    let facts =
        Facts { client_id: Some("p".to_owned()), ..Facts::new("eu-west-1", "123456789012") };
    let set = Arc::new(PolicySet::new([("P".to_owned(), document)]));
    let session = SessionPolicy::new(set, &facts);
    let rule = rule();
    let context = Context::new("farm/p/data", Timestamp::from_millis(0));
    let question = Question {
        name: "r",
        rule: &rule,
        strictness: Strictness::Strict,
        payload: b"{}",
        context,
        session: Some(&session),
    };
    assert_eq!(
        explain(&question).unwrap().verdicts[0].sentence,
        "iot:Publish on topic/farm/p/data: no statement of 1 allows it; \
         `iot:Connection.Thing.Attributes[n]` has no value"
    );
}

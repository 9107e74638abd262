//! Rule JSON is read as AWS writes it, and everything else is refused with its place.

use super::*;

const FULL: &str = r#"{
  "sql": "SELECT * FROM 'farmA/sensor/+/data' WHERE humidity < 35",
  "awsIotSqlVersion": "2016-03-23",
  "ruleDisabled": true,
  "description": "irrigate",
  "actions": [
    {"lambda": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:irrigation-controller-lambda"}},
    {"dynamoDBv2": {"roleArn": "arn:r", "putItem": {"tableName": "readings"}}},
    {"republish": {"roleArn": "arn:r", "topic": "${topic()}/copy", "qos": 1}}
  ],
  "errorAction": {"republish": {"roleArn": "arn:r", "topic": "errors"}}
}"#;

#[test]
fn a_full_payload_is_read_alone_and_wrapped() {
    let rule = RuleSpec::parse(FULL).expect("valid");
    assert!(rule.disabled);
    assert_eq!(rule.version, SqlVersion::V2016_03_23);
    assert_eq!(rule.actions.len(), 3);
    let kinds: Vec<ActionKind> = rule.actions.iter().map(|action| action.kind).collect();
    assert_eq!(kinds, [ActionKind::Lambda, ActionKind::DynamoDbV2, ActionKind::Republish]);
    assert_eq!(rule.actions[1].text(&["putItem", "tableName"]), Some("readings"));
    assert_eq!(rule.actions[2].text(&["topic"]), Some("${topic()}/copy"));
    let templates = rule.templates();
    let paths: Vec<&str> = templates.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "actions[0].lambda.functionArn",
            "actions[1].dynamoDBv2.putItem.tableName",
            "actions[2].republish.topic",
            "errorAction.republish.topic",
        ]
    );
    let wrapped = format!(r#"{{"ruleName": "dry", "topicRulePayload": {FULL}}}"#);
    let named = RuleSpec::parse(&wrapped).expect("valid");
    assert_eq!(named, RuleSpec { name: Some("dry".to_owned()), ..rule.clone() });
    let inner = FULL.replacen('{', r#"{"ruleName": "dry", "createdAt": 1, "#, 1);
    let answer = format!(r#"{{"ruleArn": "arn:aws:iot:r:a:rule/dry", "rule": {inner}}}"#);
    assert_eq!(RuleSpec::parse(&answer), Ok(RuleSpec { name: Some("dry".to_owned()), ..rule }));
}

#[test]
fn an_absent_version_is_the_services_old_default() {
    let rule = RuleSpec::parse(r#"{"sql": "SELECT * FROM 'a'", "actions": []}"#).expect("valid");
    assert_eq!(rule.version, SqlVersion::V2015_10_08);
    assert!(!rule.disabled);
}

#[test]
fn every_mistake_names_its_place_and_what_was_expected() {
    let lambda = |inner: &str| {
        format!(r#"{{"sql":"SELECT * FROM 'a'","actions":[{{"lambda":{{}}}},{inner}]}}"#)
            .replace(r#"{"lambda":{}},"#, "")
    };
    for (text, path, expected) in [
        ("[]".to_owned(), "the rule", "an object"),
        (r#"{"actions":[]}"#.to_owned(), "sql", "this field"),
        (r#"{"sql":"x"}"#.to_owned(), "actions", "this field"),
        (r#"{"sql":1,"actions":[]}"#.to_owned(), "sql", "a string"),
        (r#"{"sql":"x","actions":{}}"#.to_owned(), "actions", "an array"),
        (r#"{"sql":"x","actions":[],"rulesDisabled":true}"#.to_owned(), "rulesDisabled", "one of"),
        (
            r#"{"sql":"x","actions":[],"ruleDisabled":"no"}"#.to_owned(),
            "ruleDisabled",
            "true or false",
        ),
        (
            r#"{"sql":"x","actions":[],"awsIotSqlVersion":"2017-01-01"}"#.to_owned(),
            "awsIotSqlVersion",
            "2016-03-23",
        ),
        (lambda(r#"{"s4":{}}"#), "actions[0].s4", "exactly one of"),
        (lambda("{}"), "actions[0]", "exactly one of"),
        (lambda(r#"{"lambda":{},"republish":{}}"#), "actions[0]", "exactly one of"),
        (lambda(r#"{"lambda":{}}"#), "actions[0].lambda.functionArn", "this field"),
        (lambda(r#"{"lambda":{"functionArn":""}}"#), "actions[0].lambda.functionArn", "a text"),
        (
            lambda(r#"{"dynamoDBv2":{"roleArn":"r","putItem":{"table":"t"}}}"#),
            "actions[0].dynamoDBv2.putItem.table",
            "one of `tableName`",
        ),
        (
            lambda(r#"{"republish":{"roleArn":"r","topic":"t","qos":2}}"#),
            "actions[0].republish.qos",
            "0 or 1",
        ),
        (
            lambda(r#"{"republish":{"roleArn":"r","topic":"t","retain":true}}"#),
            "actions[0].republish.retain",
            "one of",
        ),
        (
            r#"{"sql":"x","actions":[],"errorAction":{"lambda":1}}"#.to_owned(),
            "errorAction.lambda",
            "an object",
        ),
        (r#"{"topicRulePayload":{"sql":"x"}}"#.to_owned(), "topicRulePayload.actions", "this"),
        (r#"{"topicRulePayload":{},"name":"x"}"#.to_owned(), "name", "one of `ruleName`"),
    ] {
        let error = RuleSpec::parse(&text).expect_err("wrong");
        let hit = error.problems().iter().any(|problem| match problem {
            CloudError::RuleField { path: at, expected: want, .. } => {
                at == path && want.contains(expected)
            }
            _ => false,
        });
        assert!(hit, "{text}: {error}");
    }
}

#[test]
fn all_problems_are_found_and_unknown_things_can_be_warnings() {
    let text = r#"{"sql":1,"rulesDisabled":true,"actions":[
        {"s4":{}},
        {"republish":{"topic":"t","qos":7,"retain":true}}]}"#;
    let paths = |error: &CloudError| -> Vec<String> {
        let path = |problem: &CloudError| match problem {
            CloudError::RuleField { path, .. } => path.clone(),
            other => panic!("{other}"),
        };
        error.problems().iter().map(path).collect()
    };
    let error = RuleSpec::parse(text).expect_err("wrong");
    assert_eq!(
        paths(&error),
        [
            "rulesDisabled",
            "sql",
            "actions[0].s4",
            "actions[1].republish.retain",
            "actions[1].republish.roleArn",
            "actions[1].republish.qos",
        ]
    );
    let error = RuleSpec::parse_with(text, Strictness::Lenient).expect_err("still wrong");
    assert_eq!(paths(&error).len(), 3);
    let text = r#"{"sql":"SELECT * FROM 'a'","x":1,"actions":[{"s4":{}}]}"#;
    let (rule, warnings) = RuleSpec::parse_with(text, Strictness::Lenient).expect("readable");
    assert_eq!((rule.actions.len(), warnings.len()), (0, 2));
}

#[test]
fn a_lenient_rule_warns_of_its_statement_and_templates_at_their_places() {
    let text = r#"{"sql":"SELECT nope(a) AS x, a FROM 'a' WHERE a != 1",
        "awsIotSqlVersion":"2016-03-23",
        "actions":[{"s4":{}},{"republish":{"roleArn":"r","topic":"b/${nope(a)}"}}]}"#;
    let (mut rule, left_out) = RuleSpec::parse_with(text, Strictness::Lenient).expect("readable");
    assert_eq!(left_out.len(), 1);
    assert_eq!(rule.check("r"), []);
    let codes: Vec<(String, Vec<&str>)> = rule
        .warnings("r")
        .into_iter()
        .map(|warning| match warning {
            CloudError::RuleSql { diagnostics, .. } => ("sql".to_owned(), diagnostics),
            CloudError::RuleTemplate { path, diagnostics, .. } => (path, diagnostics),
            other => panic!("{other}"),
        })
        .map(|(path, list)| (path, list.iter().map(|one| one.code.as_str()).collect()))
        .collect();
    assert_eq!(
        codes,
        [
            ("sql".to_owned(), vec!["SQL020", "SQL011"]),
            ("actions[1].republish.topic".to_owned(), vec!["SQL020"]),
        ]
    );
    rule.strictness = Strictness::Strict;
    assert_eq!(rule.check("r").len(), 2, "the same are refused, with the statement's unknown");
    assert_eq!(rule.warnings("r"), []);
}

#[test]
fn broken_json_and_bad_names_are_refused() {
    assert!(matches!(
        RuleSpec::parse("{\n\"sql\": }"),
        Err(CloudError::RuleJson { line: 2, column: 8, .. })
    ));
    let wrapped = r#"{"ruleName":"dry-rule","topicRulePayload":{"sql":"x","actions":[]}}"#;
    assert!(matches!(RuleSpec::parse(wrapped), Err(CloudError::RuleName { .. })));
    let eleven = [r#"{"lambda":{"functionArn":"f"}}"#; 11].join(",");
    assert!(RuleSpec::parse(&format!(r#"{{"sql":"x","actions":[{eleven}]}}"#)).is_err());
}

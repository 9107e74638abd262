//! A suite that looks at both sides of its threshold kills its mutants; one that does not is told
//! the message that would.

use super::*;
use crate::suite::Options;
use std::path::Path;

fn suite(cases: &str) -> Suite {
    let text = format!("sql: \"SELECT * FROM 'farm/+/data' WHERE humidity < 35\"\ntests:\n{cases}");
    Suite::read("s.yaml", &text, Path::new(""), &Options::default()).unwrap()
}

fn case(name: &str, payload: &str, fires: bool) -> String {
    let expect = if fires { format!("[{{payload: {payload}}}]") } else { "[]".to_owned() };
    format!(
        "  - name: {name}\n    messages: [{{topic: farm/1/data, payload: {payload}}}]\n    \
         expect: {expect}\n"
    )
}

#[test]
fn a_threshold_that_is_not_looked_at_survives_with_the_message_that_tells() {
    let outcome = mutate(&suite(&case("dry", "{humidity: 10}", true))).unwrap();
    let closed = outcome
        .survivors
        .iter()
        .find(|survivor| survivor.sql.ends_with("humidity <= 35"))
        .expect("nobody looks at 35");
    let witness = closed.witness.as_ref().expect("a message");
    assert_eq!(witness.payload, "{\"humidity\":35}");
    assert_eq!(witness.rule, "is silent");
    assert_eq!(witness.mutant, "fires with {\"humidity\":35}");
    assert_eq!(outcome.exit_code(), 1);
    let text = outcome.render(Format::Text);
    assert!(text.contains("add a case: topic farm/1/data payload {\"humidity\":35}"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&outcome.render(Format::Json)).unwrap();
    assert_eq!(json["survived"], outcome.survivors.len());
    assert_eq!(json["killed"], outcome.killed);
}

#[test]
fn cases_on_both_sides_kill_the_mutants_of_a_threshold() {
    let cases = [
        case("dry", "{humidity: 34.999}", true),
        case("bound", "{humidity: 35}", false),
        case("wet", "{humidity: 80}", false),
        case("frozen", "{humidity: -1}", true),
    ];
    let outcome = mutate(&suite(&cases.concat())).unwrap();
    let left: Vec<_> = outcome.survivors.iter().filter(|one| one.kind == "threshold").collect();
    assert!(left.is_empty(), "{left:?}");
    let left: Vec<_> = outcome.survivors.iter().filter(|one| one.kind == "comparison").collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(outcome.killed > 5, "{outcome:?}");
}

#[test]
fn every_proposed_message_parts_rule_and_mutant() {
    let suite = suite(&case("dry", "{humidity: 10}", true));
    let rule = Rule::compile(&suite.rules()[0].1.sql, suite.rules()[0].1.version).unwrap();
    for survivor in mutate(&suite).unwrap().survivors {
        let witness = survivor.witness.expect("a survivor has a message");
        assert_ne!(witness.rule, witness.mutant, "{}", survivor.description);
        assert!(rule.hears(&witness.topic) || witness.rule == "does not hear it");
    }
}

#[test]
fn a_suite_that_fails_is_no_measure() {
    let error = mutate(&suite(&case("wrong", "{humidity: 50}", true))).unwrap_err();
    assert!(error.to_string().starts_with("s.yaml:3: the case `wrong` fails"), "{error}");
}

#[test]
fn an_action_that_no_case_looks_at_survives_and_one_that_is_looked_at_does_not() {
    let read = |expect: &str| {
        let folder = tempfile::tempdir().unwrap();
        let rule = r#"{"sql": "SELECT * FROM 'a/+'", "awsIotSqlVersion": "2016-03-23", "actions": [
            {"republish": {"topic": "b/${topic(2)}", "roleArn": "arn:aws:iam::123456789012:role/r"}},
            {"dynamoDBv2": {"putItem": {"tableName": "T"}, "roleArn": "arn:aws:iam::123456789012:role/r"}}]}"#;
        std::fs::write(folder.path().join("r.json"), rule).unwrap();
        let text = format!(
            "rules: [r.json]\ntests:\n  - name: n\n    messages: [{{topic: a/1, payload: {{x: 1}}}}]\n    \
             expect: {expect}\n"
        );
        let suite = Suite::read("s.yaml", &text, folder.path(), &Options::default()).unwrap();
        let outcome = mutate(&suite).unwrap();
        let kinds = ["dropped action", "target"];
        let left = outcome.survivors.into_iter().filter(|one| kinds.contains(&one.kind.as_str()));
        left.map(|one| one.description).collect::<Vec<_>>()
    };
    let loose = read("[{rule: r, action: republish}, {rule: r, action: dynamoDBv2}]");
    assert_eq!(
        loose,
        [
            "actions[0].topic `b/${topic(2)}` becomes `b/${topic(2)}/other`",
            "actions[1].putItem.tableName `T` becomes `T_other`",
        ]
    );
    let strict = read(
        "[{rule: r, action: republish, target: b/1}, {rule: r, action: dynamoDBv2, target: T}]",
    );
    assert!(strict.is_empty(), "{strict:?}");
}

/// Survivors of a suite of one case over one statement, by what changed.
fn survivors(sql: &str, messages: &str, expect: &str) -> Vec<(String, Option<Witness>)> {
    let text = format!(
        "sql: \"{sql}\"\ntests:\n  - {{name: n, messages: [{messages}], expect: {expect}}}\n"
    );
    let suite = Suite::read("s.yaml", &text, Path::new(""), &Options::default()).unwrap();
    let outcome = mutate(&suite).unwrap();
    assert!(outcome.equivalent.is_empty(), "{:#?}", outcome.equivalent);
    assert_eq!(outcome.exit_code(), 1);
    outcome.survivors.into_iter().map(|one| (one.description, one.witness)).collect()
}

#[test]
fn a_silent_case_leaves_survivors_with_messages_that_fire() {
    let sql = "SET @temp = data.temperature, @c = (@temp - 32) * 5 / 9.5 SELECT 'HOT' AS state, \
               @c AS celsius FROM 'dt/+/telemetry' WHERE @c > 10";
    let left = survivors(sql, "{topic: dt/1/telemetry, payload: {data: {temperature: 32}}}", "[]");
    assert!(left.len() > 10, "{left:#?}");
    for (description, witness) in &left {
        let Some(witness) = witness else { panic!("no message for {description}") };
        let fires = witness.rule.starts_with("fires") || witness.mutant.starts_with("fires");
        assert!(fires, "{description}: {witness:?}");
    }
}

#[test]
fn messages_are_found_inside_lists_and_functions() {
    let sql = "SELECT floor(timestamp()/1000) AS ts, v FROM 't' WHERE length(get(v, 0).name) > 4";
    let left = survivors(sql, "{topic: t, payload: {v: [{name: abc}]}}", "[]");
    let found = |part: &str| {
        let one = left.iter().find(|(description, _)| description.contains(part));
        one.unwrap_or_else(|| panic!("{part}: {left:#?}")).1.is_some()
    };
    assert!(found("> 5") && found("*1000"), "{left:#?}");
}

#[test]
fn a_statement_of_a_suite_has_no_action_that_could_be_turned() {
    let cases = [case("dry", "{humidity: 34.999}", true), case("bound", "{humidity: 35}", false)];
    let outcome = mutate(&suite(&cases.concat())).unwrap();
    let kinds = ["dropped action", "target"];
    assert!(outcome.survivors.iter().all(|one| !kinds.contains(&one.kind.as_str())));
}

#[test]
fn only_what_can_never_fire_is_equivalent() {
    let text = "sql: \"SELECT a FROM 't' WHERE 1 > 2\"\ntests:\n  - {name: n, messages: \
                [{topic: t, payload: {a: 1}}], expect: []}\n";
    let suite = Suite::read("s.yaml", text, Path::new(""), &Options::default()).unwrap();
    let outcome = mutate(&suite).unwrap();
    assert!(outcome.equivalent.iter().any(|one| one.sql.ends_with("1 > 3")), "{outcome:#?}");
    assert!(outcome.killed > 0 && outcome.survivors.is_empty(), "{outcome:#?}");
}

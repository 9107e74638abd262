//! Drafted suites say what the rules do: each case is evaluated again from the suite's own text.

use super::*;
use crate::yaml::{self, Node};

fn drafted(rules: &[(&str, &str)]) -> Draft {
    let template = |(name, sql): &(&str, &str)| {
        let sql = serde_json::Value::from(*sql);
        format!(
            "  {name}: {{Type: AWS::IoT::TopicRule, Properties: {{TopicRulePayload: {{AwsIotSqlVersion: '2016-03-23', Sql: {sql}, Actions: [{{Lambda: {{FunctionArn: 'arn:aws:lambda:eu-west-1:1:function:f'}}}}]}}}}}}\n"
        )
    };
    let text = format!("Resources:\n{}", rules.iter().map(template).collect::<String>());
    let settings = Settings::default();
    let deployment = Deployment::read("t.yaml", &text, &settings)
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let draft = proposed("t.yaml", &deployment).unwrap();
    check(&draft, &deployment);
    draft
}

/// The suite before it has run: these rules stand in no file.
fn proposed(file: &str, deployment: &Deployment) -> Result<Draft, Vec<Problem>> {
    Ok(write::suite(&[file.to_owned()], &Settings::default(), &sketches(deployment)?))
}

/// Reads the suite back and evaluates each case.
fn check(draft: &Draft, deployment: &Deployment) {
    let root = yaml::parse("suite.yaml", &draft.text)
        .unwrap_or_else(|problems| panic!("{problems:?}\n{}", draft.text));
    let cases = root.get("tests").and_then(Node::as_sequence).unwrap();
    assert_eq!(cases.len(), draft.cases);
    for case in cases {
        let name = case.get("only").unwrap().as_sequence().unwrap()[0].as_text().unwrap();
        let deployed = deployment.rules.iter().find(|rule| rule.name == name).unwrap();
        let rule = Rule::compile(&deployed.spec.sql, deployed.spec.version).unwrap();
        let message = &case.get("messages").unwrap().as_sequence().unwrap()[0];
        let topic = message.get("topic").unwrap().as_text().unwrap();
        let payload = message.get("payload").unwrap().to_json_text("suite.yaml").unwrap();
        let payload = Value::from_json(payload.as_bytes()).unwrap();
        let hears = rule.hears(topic) || topic.starts_with(&format!("$aws/rules/{name}/"));
        let output = rule.evaluate(&payload, &context(topic, false)).unwrap().filter(|_| hears);
        let expected = case.get("expect").unwrap().as_sequence().unwrap();
        assert_eq!(output.is_some(), !expected.is_empty(), "{}", draft.text);
        for item in expected {
            if let Some(payload) = item.get("payload") {
                let payload = payload.to_json_text("suite.yaml").unwrap();
                assert_eq!(output, Some(Value::from_json(payload.as_bytes()).unwrap()));
            }
        }
    }
}

#[test]
fn a_threshold_gets_the_values_beside_it() {
    let draft =
        drafted(&[("pump_on", "SELECT humidity FROM 'farmA/sensor/+/data' WHERE humidity < 35")]);
    assert_eq!(draft.gaps, [""; 0]);
    let body: Vec<&str> = draft.text.lines().skip(3).collect();
    assert_eq!(
        body.join("\n"),
        "rules: [t.yaml]
tests:
  # t.yaml:2 (pump_on)
  - name: pump_on fires
    only: [pump_on]
    messages:
      - {at: 0s, client: tester, topic: farmA/sensor/1/data, payload: {\"humidity\": 34}}
    expect:
      - {rule: pump_on, action: lambda, payload: {\"humidity\": 34}}
  - name: pump_on is silent
    only: [pump_on]
    messages:
      - {at: 0s, client: tester, topic: farmA/sensor/1/data, payload: {\"humidity\": 35}}
    expect: []"
    );
}

#[test]
fn messages_are_found_for_rules_of_many_forms() {
    let rules = [
        ("plain", "SELECT * FROM 'a/+/b'"),
        ("decimals", "SELECT * FROM 'a/#' WHERE t > 30.5 AND t <= 31"),
        (
            "range",
            "SELECT t FROM 'a' WHERE t > 10 AND t < 12 AND kind = 'soil' AND NOT broken = true",
        ),
        ("any", "SELECT t FROM 'a' WHERE t > 100 OR name = 'x'"),
        ("levels", "SELECT * FROM 'a/+/+' WHERE topic(2) = 'probe' AND topic(3) <> 'probe'"),
        ("text", "SELECT * FROM 'a' WHERE startswith(name, 'pump') AND length(name) > 5"),
        ("pattern", "SELECT * FROM 'a' WHERE regexp_matches(name, '^probe$')"),
        ("missing", "SELECT * FROM 'a' WHERE isUndefined(error)"),
        ("nulls", "SELECT * FROM 'a' WHERE isNull(state)"),
        ("deep", "SELECT d.t AS t FROM 'a' WHERE d.s.t >= 3"),
        ("computed", "SELECT * FROM 'a' WHERE (a - b) / 2 > 4"),
        ("cases", "SELECT * FROM 'a' WHERE CASE mode WHEN 'auto' THEN h < 35 ELSE false END"),
        (
            "many",
            "SELECT * FROM 'a' WHERE a = 11 AND b = 22 AND c = 33 AND d = 44 AND e = 55 AND f = 66",
        ),
        ("ingest", "SELECT topic() AS x WHERE t > 1"),
        ("client", "SELECT * FROM 'a' WHERE clientid() = 'tester' AND t = 1"),
        ("set", "SET @d = t * 2 SELECT @d AS d FROM 'a' WHERE @d > 20"),
    ];
    for rule in rules {
        let draft = drafted(&[rule]);
        assert_eq!((draft.gaps.len(), draft.cases), (0, 2), "{rule:?}: {}", draft.text);
    }
}

#[test]
fn what_cannot_be_shown_is_a_comment() {
    for (sql, gaps) in [
        (
            "SELECT * FROM '#'",
            &["t, no case of silence: no message was found for which it is silent"][..],
        ),
        (
            "SELECT * FROM 'a' WHERE 1 = 2",
            &["t, no case that fires: no message was found that fires it, once and by itself"],
        ),
        (
            "SELECT * FROM '$aws/things/+/shadow/update/accepted'",
            &[
                "t, no case that fires: it hears a reserved topic, on which the service publishes and no client",
                "t, no case of silence: it hears a reserved topic, on which the service publishes and no client",
            ],
        ),
    ] {
        let draft = drafted(&[("t", sql)]);
        assert_eq!(draft.gaps, gaps, "{sql}: {}", draft.text);
        assert!(gaps.iter().all(|gap| draft.text.contains(&format!("  # {gap}\n"))));
    }
}

#[test]
fn outputs_that_differ_from_run_to_run_are_not_expected() {
    let draft = drafted(&[("t", "SELECT *, timestamp() AS at FROM 'a' WHERE h < 1")]);
    assert!(draft.text.contains("- {rule: t, action: lambda}\n"), "{}", draft.text);
}

#[test]
fn loops_and_other_rules_are_followed() {
    let text = "Resources:
  loop: {Type: AWS::IoT::TopicRule, Properties: {TopicRulePayload: {Sql: \"SELECT * FROM 'a/#'\", Actions: [{Republish: {Topic: 'a/again', RoleArn: r}}]}}}
  first: {Type: AWS::IoT::TopicRule, Properties: {TopicRulePayload: {Sql: \"SELECT * FROM 'b/+'\", Actions: [{Republish: {Topic: 'c/${topic(2)}', RoleArn: r}}]}}}
  second: {Type: AWS::IoT::TopicRule, Properties: {TopicRulePayload: {Sql: \"SELECT * FROM '+/+'\", Actions: []}}}
";
    let settings = Settings::default();
    let deployment = Deployment::read("t.yaml", text, &settings).unwrap();
    let draft = proposed("t.yaml", &deployment).unwrap();
    let fires = "no message was found that fires it, once and by itself";
    assert!(draft.gaps.contains(&format!("loop, no case that fires: {fires}")), "{:?}", draft.gaps);
    assert!(draft.text.contains("- name: first fires"), "{}", draft.text);
    assert!(draft.text.contains("- name: second fires"), "{}", draft.text);
}

#[test]
fn rules_that_do_not_compile_say_where() {
    let settings = Settings::default();
    let text = "{\"actions\": [],\n \"sql\": \"SELECT nosuch(1) FROM 'a' WHERE\"}";
    let deployment = Deployment::read("rule.json", text, &settings).unwrap();
    let problems = proposed("rule.json", &deployment).unwrap_err();
    assert!(
        problems[0].to_string().starts_with("rule.json:2:17: rule `rule`: "),
        "{}",
        problems[0]
    );
    let problems = proposed("none", &Deployment::default()).unwrap_err();
    assert_eq!(problems[0].to_string(), "the input: no rules; expected a file with a rule");
}

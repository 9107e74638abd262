//! Files are one deployment: names across them, attachments, notes, parameters.

use super::{Deployment, PolicyTarget, Settings, load};
use std::path::Path;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn settings(base: &Path) -> Settings {
    Settings { base: base.to_owned(), ..Settings::default() }
}

const RULE: &str = r#"{"sql": "SELECT * FROM 'a'", "actions": []}"#;

#[test]
fn files_are_read_once_each_and_together() {
    let folder = folder(&[
        ("one.json", RULE),
        ("two.yaml", "sql: SELECT * FROM 'b'\nactions: []\n"),
        ("probe.json", r#"{"Version": "2012-10-17", "Statement": []}"#),
        ("notes.txt", "no input"),
    ]);
    let patterns = ["*.json".to_owned(), ".".to_owned(), "one.json".to_owned()];
    let deployment = load(&patterns, &settings(folder.path())).unwrap();
    let names: Vec<&str> = deployment.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(deployment.policies[0].name, "probe");
    assert_eq!(deployment.rules[1].sql_at, (1, 6));
}

#[test]
fn problems_of_all_files_come_together() {
    let folder = folder(&[
        ("a.json", RULE),
        ("b.json", r#"{"ruleName": "a", "sql": "SELECT * FROM 'a'", "actions": []}"#),
        ("c.json", "{"),
        ("bytes.json", "{}"),
    ]);
    std::fs::write(folder.path().join("bytes.json"), b"\xff\xfe").unwrap();
    let mut given = settings(folder.path());
    given.parameters.insert("Farm".to_owned(), "x".to_owned());
    let patterns = [".".to_owned(), "missing.json".to_owned(), "none/*".to_owned()];
    let problems = load(&patterns, &given).unwrap_err();
    let base = format!("{}/", folder.path().display());
    let texts: Vec<String> =
        problems.iter().map(|p| p.to_string().replace("./", "").replace(&base, "")).collect();
    for start in [
        "bytes.json: stream did not contain valid UTF-8; expected a readable file of UTF-8",
        "c.json:1:2: the end of the file; expected a name in double quotes",
        "missing.json: No such file or directory",
        "none/*: no file; expected at least one",
        "b.json:1: two rules are called `a` (the first in a.json:1); expected each name once",
        "parameter `Farm`: no template takes it; expected a template that takes parameters",
    ] {
        assert!(texts.iter().any(|text| text.starts_with(start)), "{start}: {texts:#?}");
    }
    assert_eq!(texts.len(), 6, "{texts:#?}");
}

#[test]
fn attachments_of_what_no_file_declares_are_noted() {
    let text = "Resources:
  A: {Type: AWS::IoT::PolicyPrincipalAttachment, Properties: {PolicyName: p, Principal: 'arn:aws:iot:r:1:cert/c'}}
  B: {Type: AWS::IoT::PolicyPrincipalAttachment, Properties: {PolicyName: p, Principal: 'arn:aws:iot:r:1:thinggroup/g'}}
  C: {Type: AWS::IoT::PolicyPrincipalAttachment, Properties: {PolicyName: p, Principal: 'eu-west-1:pool'}}
  D: {Type: AWS::IoT::ThingPrincipalAttachment, Properties: {ThingName: t, Principal: 'eu-west-1:pool'}}
  E: {Type: AWS::IoT::ThingGroup, Properties: {ParentGroupName: above}}
";
    let deployment = Deployment::read("t.yaml", text, &Settings::default()).unwrap();
    let targets: Vec<&PolicyTarget> =
        deployment.policy_attachments.iter().map(|attachment| &attachment.target).collect();
    assert_eq!(
        targets,
        [
            &PolicyTarget::Certificate("c".to_owned()),
            &PolicyTarget::Group("g".to_owned()),
            &PolicyTarget::Other("eu-west-1:pool".to_owned()),
        ]
    );
    let notes: Vec<String> = deployment.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "t.yaml:2 (A): no file declares the policy `p`",
            "t.yaml:2 (A): no file declares the certificate `c`",
            "t.yaml:3 (B): no file declares the policy `p`",
            "t.yaml:3 (B): no file declares the thing group `g`",
            "t.yaml:4 (C): no file declares the policy `p`",
            "t.yaml:5 (D): no file declares the thing `t`",
            "t.yaml:5 (D): no file declares the certificate `eu-west-1:pool`",
            "t.yaml:6 (E): no file declares the thing group `above`",
        ]
    );
}

const STATEMENT: &str = r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}"#;

#[test]
fn a_bare_statement_is_a_policy_that_only_the_lint_takes() {
    let template = format!(
        "{{\"Resources\": {{\"P\": {{\"Type\": \"AWS::IoT::Policy\", \"Properties\": \
         {{\"PolicyDocument\": {STATEMENT}}}}}}}}}"
    );
    for text in [STATEMENT, &template] {
        let deployment = Deployment::read("p.json", text, &Settings::default()).unwrap();
        assert_eq!(deployment.policies[0].document["Effect"], "Allow");
        let subject = crate::lint::Subject::from(&deployment);
        let findings = crate::lint::lint(&subject, &crate::lint::Options::default());
        assert!(findings.iter().any(|finding| finding.code == "L031"), "{findings:?}");
        assert_eq!(crate::lint::exit_code(&findings, false), 1);
        let refused = crate::suite::identity_of(&deployment).unwrap_err();
        assert!(refused[0].to_string().contains("an unknown field"), "{}", refused[0]);
    }
}

#[test]
fn folders_are_read_to_the_bottom_and_suites_in_them_passed_over() {
    let folder = folder(&[("r.json", RULE), ("suite.yaml", "rules: [.]\ntests: []\n")]);
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    let named = r#"{"ruleName": "deep", "sql": "SELECT * FROM 'a'", "actions": []}"#;
    std::fs::write(folder.path().join("deep/d.json"), named).unwrap();
    for pattern in ["", ".", "*"] {
        let deployment = load(&[pattern.to_owned()], &settings(folder.path())).unwrap();
        let names: Vec<&str> = deployment.rules.iter().map(|rule| rule.name.as_str()).collect();
        let expected = if pattern == "*" { &["r"][..] } else { &["deep", "r"][..] };
        assert_eq!(names, expected, "{pattern}");
    }
    let problems = load(&["suite.yaml".to_owned()], &settings(folder.path())).unwrap_err();
    assert!(problems[0].to_string().contains("a suite; expected rules"), "{}", problems[0]);
    std::fs::remove_file(folder.path().join("r.json")).unwrap();
    std::fs::remove_file(folder.path().join("deep/d.json")).unwrap();
    let problems = load(&[".".to_owned()], &settings(folder.path())).unwrap_err();
    assert!(problems[0].to_string().contains("nothing but suites"), "{}", problems[0]);
}

#[test]
fn a_nested_stack_is_noted_and_a_wrong_parameter_told_once() {
    let text = "Parameters: {Farm: {Type: String, AllowedValues: [a]}}
Resources:
  S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}
  A: {Type: AWS::IoT::Thing, Properties: {ThingName: !Ref Farm}}
  B: {Type: AWS::IoT::ThingGroup, Properties: {ThingGroupName: !Ref Farm}}
";
    let mut given = Settings::default();
    given.parameters.insert("Farm".to_owned(), "a".to_owned());
    let deployment = Deployment::read("t.yaml", text, &given).unwrap();
    let notes: Vec<String> = deployment.notes.iter().map(ToString::to_string).collect();
    assert!(notes[0].starts_with("t.yaml:3 (S): a nested stack is not read"), "{notes:?}");
    given.parameters.insert("Farm".to_owned(), "b".to_owned());
    let problems = Deployment::read("t.yaml", text, &given).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
}

#[test]
fn an_empty_text_in_a_plan_is_an_argument_that_is_not_set() {
    let text = r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{
        "address": "aws_iot_topic_rule.r", "mode": "managed", "type": "aws_iot_topic_rule",
        "values": {"name": "r", "sql": "SELECT * FROM 'a'", "sql_version": "2016-03-23",
            "enabled": true, "description": "", "s3": [{"bucket_name": "b", "key": "k",
            "role_arn": "arn:aws:iam::123456789012:role/r", "canned_acl": ""}]}}]}}}"#;
    let deployment = Deployment::read("plan.json", text, &Settings::default()).unwrap();
    let action = &deployment.rules[0].payload["actions"][0]["s3"];
    assert_eq!(action["bucketName"], "b");
    assert!(action.get("cannedAcl").is_none(), "{action}");
}

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

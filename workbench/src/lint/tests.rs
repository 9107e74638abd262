//! A finding points into the file where the SQL's column there can be known.

use super::*;
use crate::deployment::{Deployment, Settings};
use serde_json::json;

fn find(sql: &str, column: usize) -> Finding {
    let source = RuleSource {
        name: "r".to_owned(),
        file: "r.json".to_owned(),
        line: 4,
        column,
        payload: json!({"sql": sql, "awsIotSqlVersion": "2016-03-23", "actions": []}),
        strictness: Strictness::Strict,
    };
    let subject = Subject { rules: vec![source], ..Subject::default() };
    lint(&subject, &Options::default()).remove(0)
}

#[test]
fn a_plain_statement_has_a_column_in_its_file() {
    let found = find("SELECT * FROM 'a' WHERE t = '50'", 12);
    assert_eq!((found.line, found.column, found.path.as_str()), (4, 12 + 25, "sql:1:25"));
}

#[test]
fn a_statement_with_escapes_or_lines_has_its_own_place_only() {
    let escaped = find("SELECT \"x\" AS x FROM 'a' WHERE t = '50'", 12);
    assert_eq!((escaped.line, escaped.column, escaped.path.as_str()), (4, 0, "sql:1:32"));
    let second = find("SELECT *\nFROM 'a' WHERE t = '50'", 12);
    assert_eq!((second.line, second.column, second.path.as_str()), (4, 0, "sql:2:16"));
}

#[test]
fn findings_come_by_file_and_place_and_nothing_is_found_in_nothing() {
    assert!(lint(&Subject::default(), &Options::default()).is_empty());
    let found = find("SELECT upper(a) FROM 'a' WHERE t = '50'", 1);
    assert_eq!(found.code, "L008");
}

#[test]
fn a_finding_of_a_policy_stands_at_its_part() {
    let text = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
    {
      "Effect": "Allow",
      "Action": ["iot:Publish", "iot:Fly"],
      "Resource": [
        "arn:aws:iot:eu-west-1:123456789012:topic/a",
        "arn:aws:iot:eu-west-1:123456789012:topic/b/#"
      ]
    }
  ]
}"#;
    let deployment = Deployment::read("p.json", text, &Settings::default()).unwrap();
    let findings = lint(&Subject::from(&deployment), &Options::default());
    let place = |code: &str| {
        let found = findings.iter().find(|found| found.code == code).unwrap();
        (found.line, found.column)
    };
    assert_eq!(place("L034"), (10, 9), "the resource");
    assert_eq!(place("L038").0, 7, "its statement's actions");

    // A document that is a text has no places of its own.
    let inner = serde_json::to_string(text).unwrap();
    let wrapped = format!("{{\n  \"policyName\": \"p\",\n  \"policyDocument\": {inner}\n}}");
    let deployment = Deployment::read("p.json", &wrapped, &Settings::default()).unwrap();
    let findings = lint(&Subject::from(&deployment), &Options::default());
    assert!(findings.iter().all(|found| (found.line, found.column) == (1, 0)), "{findings:?}");
}

//! The lint finds in every case of `tests/corpus/lint` what the case says, and nothing else; every
//! code has a case.

use fieldmirror_rules::rule::Strictness;
use fieldmirror_workbench::deployment::{Deployment, Settings};
use fieldmirror_workbench::lint::{
    Code, Finding, Options, PolicySource, RuleSource, Subject, lint, read_sample,
};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn cases() -> Vec<(String, Json)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/lint");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let file = path.file_name().expect("name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        let list: Json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        for case in list.as_array().expect("a list") {
            let keys = [
                "name", "origin", "sql", "rules", "policies", "policy", "sample", "options",
                "finds", "says", "lenient",
            ];
            for key in case.as_object().expect("an object").keys() {
                assert!(keys.contains(&key.as_str()), "{file}: unknown key {key}");
            }
            cases.push((format!("{file}: {}", case["name"].as_str().expect("name")), case.clone()));
        }
    }
    cases
}

fn subject(case: &Json) -> Subject {
    let mut rules = case["rules"].as_array().cloned().unwrap_or_default();
    if let Some(sql) = case["sql"].as_str() {
        let table = json!({"dynamoDBv2": {"roleArn": "arn:r", "putItem": {"tableName": "T"}}});
        let payload = json!({"sql": sql, "awsIotSqlVersion": "2016-03-23", "actions": [table]});
        rules.push(json!({"ruleName": "r", "topicRulePayload": payload}));
    }
    let mut policies = case["policies"].as_array().cloned().unwrap_or_default();
    if let Some(document) = case.get("policy") {
        policies.push(json!({"name": "p", "document": document}));
    }
    let text = |value: &Json| value.as_str().expect("text").to_owned();
    let strictness = match case["lenient"] == true {
        true => Strictness::Lenient,
        false => Strictness::Strict,
    };
    let mut read = Subject::default();
    for rule in rules.iter().filter(|_| strictness == Strictness::Lenient) {
        let settings = Settings { strictness, ..Settings::default() };
        let deployment = Deployment::read("rules.json", &rule.to_string(), &settings);
        let one = Subject::from(&deployment.expect("readable"));
        read.rules.extend(one.rules);
        read.warnings.extend(one.warnings);
    }
    let source = |rule: &Json| RuleSource {
        name: text(&rule["ruleName"]),
        file: "rules.json".to_owned(),
        line: 1,
        column: 0,
        payload: rule["topicRulePayload"].clone(),
        strictness,
    };
    if strictness == Strictness::Strict {
        read.rules = rules.iter().map(source).collect();
    }
    Subject {
        policies: policies
            .iter()
            .map(|policy| PolicySource {
                name: text(&policy["name"]),
                file: "policies.json".to_owned(),
                line: 1,
                document: policy["document"].clone(),
                places: BTreeMap::new(),
            })
            .collect(),
        sample: case
            .get("sample")
            .map(|sample| read_sample("sample.json", &sample.to_string()).expect("JSON"))
            .unwrap_or_default(),
        ..read
    }
}

fn options(case: &Json) -> Options {
    let mut options = Options::default();
    let number = |key: &str| case["options"].get(key).and_then(Json::as_u64);
    if let Some(percent) = number("fires_percent_max") {
        options.fires_percent_max = percent as f64;
    }
    if let Some(count) = number("crossings_max") {
        options.crossings_max = count as usize;
    }
    if let Some(count) = number("sample_min") {
        options.sample_min = count as usize;
    }
    options
}

fn line(finding: &Finding) -> String {
    let severity = finding.severity.as_str();
    format!("{} {severity} {} {}", finding.code, finding.subject, finding.path)
}

#[test]
fn every_case_finds_what_it_says() {
    let mut failures = Vec::new();
    let mut found_codes = BTreeSet::new();
    for (name, case) in cases() {
        let findings = lint(&subject(&case), &options(&case));
        found_codes.extend(findings.iter().map(|finding| finding.code));
        let mut lines: Vec<String> = findings.iter().map(line).collect();
        let expected = case["finds"].as_array().expect("finds");
        let mut expected: Vec<String> =
            expected.iter().map(|one| one.as_str().expect("text").to_owned()).collect();
        lines.sort();
        expected.sort();
        if lines != expected {
            failures.push(format!("{name}\n  expected {expected:?}\n  found    {lines:?}"));
        }
        for says in case["says"].as_array().into_iter().flatten() {
            let says = says.as_str().expect("text");
            if !findings.iter().any(|one| one.message.contains(says) || one.help.contains(says)) {
                let texts: Vec<_> =
                    findings.iter().map(|one| format!("{} / {}", one.message, one.help)).collect();
                failures.push(format!("{name}\n  nothing says {says:?}: {texts:#?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let uncovered: Vec<_> =
        Code::ALL.iter().filter(|code| !found_codes.contains(code.as_str())).collect();
    assert!(uncovered.is_empty(), "no case finds {uncovered:?}");
}

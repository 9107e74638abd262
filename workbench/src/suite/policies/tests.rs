//! Suites of policies: verdicts over certificates, groups and bare policies, and what is refused.

use super::*;
use crate::report::Format;

const DECLARED: &str = r#"
documents:
  probe:
    Version: "2012-10-17"
    Statement:
      - {Effect: Allow, Action: "iot:Connect", Resource: "arn:aws:iot:eu-west-1:123456789012:client/${iot:Connection.Thing.ThingName}"}
      - {Effect: Allow, Action: "iot:Publish", Resource: "arn:aws:iot:eu-west-1:123456789012:topic/farm/${iot:ClientId}/*"}
      - {Effect: Deny, Action: "iot:Publish", Resource: "arn:aws:iot:eu-west-1:123456789012:topic/farm/*/secret"}
  group:
    Version: "2012-10-17"
    Statement: [{Effect: Allow, Action: "iot:Subscribe", Resource: "arn:aws:iot:eu-west-1:123456789012:topicfilter/farm/all"}]
things: [{name: probe-1, groups: [farm]}]
groups: [{name: farm, policies: [group]}]
certificates:
  - {id: c1, policies: [probe], things: [probe-1]}
  - {id: c2, status: INACTIVE, policies: [probe]}
"#;

fn read(tests: &str) -> Result<PolicySuite, Vec<Problem>> {
    let text = format!("{}\ntests:\n{tests}", DECLARED.trim());
    PolicySuite::read("p.yaml", &text, Path::new(""), &Settings::default())
}

/// One case a line: who, what, on what, and what is expected.
fn verdict(case: &str) -> CaseResult {
    read(&format!("  - {{name: n, {case}}}\n")).unwrap().run().cases.remove(0)
}

#[test]
fn verdicts_are_those_of_the_evaluator() {
    for case in [
        "principal: c1, client: probe-1, action: iot:Connect, resource: client/probe-1, expect: allow",
        "principal: c1, client: probe-2, action: iot:Connect, resource: client/probe-2, expect: implicit_deny",
        "principal: c1, client: probe-1, action: iot:Publish, resource: topic/farm/probe-1/data, expect: allow",
        "principal: c1, client: probe-1, action: iot:Publish, resource: 'arn:aws:iot:eu-west-1:123456789012:topic/farm/probe-1/data', expect: allow",
        "principal: c1, client: probe-1, action: iot:Publish, resource: topic/farm/probe-2/data, expect: deny",
        "principal: c1, client: probe-1, action: iot:Publish, resource: topic/farm/probe-1/secret, expect: explicit_deny",
        "principal: c1, client: probe-1, action: iot:Subscribe, resource: topicfilter/farm/all, expect: allow",
        "principal: c1, client: other, action: iot:Subscribe, resource: topicfilter/farm/all, expect: implicit_deny",
        "principal: c2, client: probe-1, action: iot:Publish, resource: topic/farm/probe-1/data, expect: deny",
        "policies: [group], client: x, action: iot:Subscribe, resource: topicfilter/farm/all, expect: allow",
        "policies: [probe], client: x, action: iot:Subscribe, resource: topicfilter/farm/all, expect: implicit_deny",
        "client: x, action: iot:Publish, resource: topic/farm/x/data, expect: allow",
    ] {
        let result = verdict(case);
        assert!(result.passed, "{case}: {result:?}");
        assert!(result.explanation.is_empty() && result.difference.is_empty());
    }
}

#[test]
fn a_case_that_fails_names_the_statement_that_decided() {
    let result = verdict(
        "principal: c1, client: probe-1, action: iot:Publish, resource: topic/farm/probe-1/secret, \
         expect: allow",
    );
    assert!(!result.passed);
    assert_eq!(result.difference, "- allow\n+ explicit_deny\n");
    let why = "iot:Publish on topic/farm/probe-1/secret: denied by statement 2 of policy probe";
    assert_eq!(result.explanation, [why]);
    let results = Results {
        suites: vec![SuiteResult {
            suite: "p.yaml".to_owned(),
            cases: vec![result],
            notes: Vec::new(),
        }],
    };
    assert_eq!(results.failed(), 1);
    assert!(results.render(Format::Text).contains(why));
    assert!(results.render(Format::Junit).contains("denied by statement 2"));
}

#[test]
fn an_inactive_certificate_is_told_as_such() {
    let result = verdict(
        "principal: c2, client: probe-1, action: iot:Connect, resource: client/probe-1, \
         expect: allow",
    );
    assert_eq!(result.explanation, ["certificate `c2` is INACTIVE, only ACTIVE may connect"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_line() {
    for (tests, parts) in [
        (
            "  - {name: a, action: iot:Pubish, resource: topic/a, expect: allow}\n  \
               - {name: b, action: iot:Publish, resource: topic/a, expect: yes}\n  \
               - {name: f, topic: x, action: iot:Publish, resource: topic/a, expect: deny}\n  \
               - {name: g, action: iot:Publish, expect: deny, source_ip: here}\n",
            &[
                "the action `iot:Pubish`",
                "`yes`",
                "`topic` in a test",
                "a test without `resource`",
                "an address such as 192.0.2.1",
            ][..],
        ),
        (
            "  - {name: h, action: iot:Subscribe, resource: topic/farm/all, expect: deny}\n  \
               - {name: i, action: iot:Publish, resource: tpc/a, expect: deny}\n",
            &[
                "`topic/farm/all` as a resource of iot:Subscribe; expected `topicfilter/FILTER`",
                "`tpc/a` as a resource of iot:Publish; expected `client/ID`",
            ],
        ),
        (
            "  - {name: c, principal: c9, action: iot:Publish, resource: topic/a, expect: deny}\n  \
               - {name: d, policies: [nope], action: iot:Publish, resource: topic/a, expect: deny}\n  \
               - {name: e, principal: c1, policies: [probe], action: iot:Publish, resource: topic/a,
                 expect: deny}\n",
            &[
                "the principal `c9`",
                "the policy `nope`",
                "a test with `principal` and `policies`",
            ],
        ),
    ] {
        let problems = read(tests).unwrap_err();
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for part in parts {
            assert!(text.iter().any(|line| line.contains(part)), "{part}: {text:#?}");
        }
        assert!(problems.iter().all(|problem| problem.line > 0), "{text:#?}");
    }
}

#[test]
fn a_suite_needs_policies_and_tests() {
    let wrong = |text: &str| {
        let read = PolicySuite::read("p.yaml", text, Path::new(""), &Settings::default());
        read.unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(wrong("tests: []").contains("a suite without policies"));
    assert!(wrong("documents: {}").contains("a suite without `tests`"));
    assert!(wrong("documents: {p: {Statement: 7}}\ntests: []").contains("p.yaml:1"));
}

#[test]
fn what_could_never_tell_anything_is_refused_with_its_place() {
    let text = |tests: &str| read(tests).unwrap_err().iter().map(ToString::to_string).collect();
    let problems: Vec<String> = text(
        "  - {name: a, action: iot:Publish, resource: tpc/a, expect: deny}\n  \
           - {name: b, action: iot:Publish, resource: topic/a, expect: deny}\n",
    );
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("`tpc/a` as a resource of iot:Publish"), "{problems:?}");
    let problems: Vec<String> = text(
        "  - {name: a, action: iot:Publish, resource: topic/a, expect: deny}\n  \
           - {name: a, action: iot:Publish, resource: topic/a, expect: deny}\n",
    );
    assert!(problems[0].contains("a second test called `a`"), "{problems:?}");
    let wrong = |text: &str| {
        let read = PolicySuite::read("p.yaml", text, Path::new(""), &Settings::default());
        read.unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let tests = "tests: [{name: a, action: iot:Publish, resource: topic/a, expect: deny}]";
    let documents = "documents: {p: {Version: '2012-10-17', Statement: [{Effect: Allow, \
                     Action: 'iot:Publish', Resource: '*'}]}}";
    let ghost = "certificates: [{id: c, policies: [p], things: [ghost]}]";
    let problems = wrong(&format!("{documents}\n{ghost}\n{tests}\n"));
    assert!(problems.contains("p.yaml:2:47: the thing `ghost` of certificate `c`"), "{problems}");
    let problems = wrong(&format!("{documents}\nclients: {{a: c}}\n{tests}\n"));
    assert!(problems.contains("`clients` in a suite of policies"), "{problems}");
    let problems = wrong(&format!("{documents}\ntests: []\n"));
    assert!(problems.contains("no test under `tests`"), "{problems}");
}

#[test]
fn a_folder_is_searched_for_suites_of_policies() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{}\ntests: [{{name: n, client: x, action: iot:Publish, resource: topic/farm/x/data, \
         expect: allow}}]\n",
        DECLARED.trim()
    );
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    std::fs::write(folder.path().join("deep/p.yaml"), text).unwrap();
    let rules = "sql: SELECT * FROM 't'\ntests: [{name: n, messages: [], expect: []}]\n";
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    let results = run(&[folder.path().to_owned()], &Settings::default()).unwrap();
    assert_eq!((results.passed(), results.failed()), (1, 0));
    let options = crate::suite::Options::default();
    let suites = crate::suite::load_all(&[folder.path().to_owned()], &options).unwrap();
    assert_eq!(suites.len(), 1);
}

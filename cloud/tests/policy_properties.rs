//! Policies on random documents, facts and requests: the decision is that of a naive evaluator,
//! compiled sessions decide the same, every suggested change turns the verdict, mutated documents
//! never panic, and synthesised policies allow what was observed and nothing of other devices.

#[path = "support/policy_case.rs"]
mod policy_case;
#[path = "support/policy_naive.rs"]
mod policy_naive;

use fieldmirror_cloud::policy::explain::explain;
use fieldmirror_cloud::policy::fuzz;
use fieldmirror_cloud::policy::synthesize::{Observation, synthesize};
use fieldmirror_cloud::policy::{
    Action, CertificateFacts, Facts, PolicyDocument, PolicySet, Request, SessionPolicy, ThingFacts,
    decide,
};
use policy_naive::Variables;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A generator of its own: splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const ACTIONS: [&str; 8] = [
    "iot:Publish",
    "iot:Publish",
    "iot:Receive",
    "iot:Subscribe",
    "iot:Connect",
    "iot:*",
    "iot:?ublish",
    "iot:*e*",
];

const LEVELS: [&str; 14] = [
    "a",
    "b",
    "é",
    "*",
    "*",
    "a*",
    "?",
    "${iot:ClientId}",
    "${iot:Connection.Thing.ThingName}",
    "${iot:Connection.Thing.Attributes[zone]}",
    "${iot:Certificate.Subject.OrganizationalUnit}",
    "${*}",
    "${$}",
    "+",
];

const NAMES: [&str; 9] = ["a", "b", "é", "*", "$", "+", "ab", "a*", "?"];

const PLACES: [&str; 7] = [
    "arn:aws:iot:r:1:topic",
    "arn:aws:iot:r:1:topic",
    "arn:aws:iot:r:1:topicfilter",
    "arn:aws:iot:r:1:client",
    "arn:aws:iot:*:1:topic*",
    "arn:aws:iot:*:*:*",
    "arn:*:topic",
];

const CONDITIONS: [(&str, &str, &str); 14] = [
    ("StringEquals", "iot:ClientId", "a"),
    ("StringNotEquals", "iot:Connection.Thing.Attributes[zone]", "a"),
    ("StringLike", "iot:Connection.Thing.Attributes[zone]", "a*"),
    ("StringNotLike", "iot:ClientId", "?"),
    ("StringEqualsIfExists", "iot:Connection.Thing.ThingName", "${iot:ClientId}"),
    ("StringEquals", "iot:ClientId", "${iot:Connection.Thing.Attributes[zone]}"),
    ("StringNotEquals", "iot:ClientId", "${iot:Connection.Thing.Attributes[zone]}"),
    ("StringEquals", "iot:ClientId", "${*}"),
    ("Bool", "iot:Connection.Thing.IsAttached", "true"),
    ("Null", "iot:Connection.Thing.ThingName", "true"),
    ("NumericLessThan", "iot:Connection.Thing.Attributes[zone]", "2"),
    ("ForAllValues:StringLike", "iot:Certificate.Subject.OrganizationalUnit.List", "a*"),
    ("ForAnyValue:StringNotEquals", "iot:Certificate.Subject.OrganizationalUnit.List", "a"),
    ("ForAnyValue:StringEqualsIfExists", "iot:Certificate.Subject.OrganizationalUnit.List", "b"),
];

fn document(chance: &mut Chance) -> Value {
    let statements: Vec<Value> = (0..=chance.below(3)).map(|_| statement(chance)).collect();
    match chance.below(6) {
        0 => json!({ "Statement": statements }),
        1 => json!({ "Version": "2008-10-17", "Statement": statements }),
        _ => json!({ "Version": "2012-10-17", "Statement": statements }),
    }
}

fn statement(chance: &mut Chance) -> Value {
    let actions: Vec<_> = (0..=chance.below(2)).map(|_| chance.of(&ACTIONS)).collect();
    let resources: Vec<_> = (0..=chance.below(2)).map(|_| resource(chance)).collect();
    let mut statement = json!({ "Effect": if chance.below(3) == 0 { "Deny" } else { "Allow" } });
    let negated = chance.below(8) == 0;
    statement[if negated { "NotAction" } else { "Action" }] = json!(actions);
    let negated = chance.below(6) == 0;
    statement[if negated { "NotResource" } else { "Resource" }] = json!(resources);
    if chance.below(3) == 0 {
        let (operator, key, value) = CONDITIONS[chance.below(CONDITIONS.len())];
        statement["Condition"] = json!({ operator: { key: [value, "none"] } });
        if operator == "Bool" || operator.starts_with("Numeric") || operator == "Null" {
            statement["Condition"] = json!({ operator: { key: value } });
        }
    }
    statement
}

fn resource(chance: &mut Chance) -> String {
    if chance.below(12) == 0 {
        return "*".to_owned();
    }
    let levels: Vec<_> = (0..=chance.below(3)).map(|_| chance.of(&LEVELS)).collect();
    format!("{}/{}", chance.of(&PLACES), levels.join("/"))
}

fn random_facts(chance: &mut Chance) -> Facts {
    let client = (chance.below(8) != 0).then(|| chance.of(&["a", "b", "é", "a*"]).to_owned());
    let thing = client.clone().filter(|_| chance.below(3) != 0).map(|name| {
        let zone = chance.of(&["a", "b", "é", "a*", "1", "#"]).to_owned();
        let attributes = (chance.below(4) != 0).then(|| ("zone".to_owned(), zone));
        let attached = chance.below(2) == 0;
        ThingFacts {
            name,
            attached,
            thing_type: None,
            attributes: attributes.into_iter().collect(),
        }
    });
    let units: Vec<String> =
        (0..chance.below(3)).map(|_| chance.of(&["a", "b", "ab"]).to_owned()).collect();
    let units = (!units.is_empty()).then(|| ("Subject.OrganizationalUnit".to_owned(), units));
    let certificate = CertificateFacts { id: "c".to_owned(), values: units.into_iter().collect() };
    Facts { client_id: client, thing, certificate: Some(certificate), ..Facts::new("r", "1") }
}

/// The same facts as the naive evaluator takes them.
fn variables(facts: &Facts) -> Variables {
    let mut all = Variables::new();
    if let Some(client) = &facts.client_id {
        all.insert("iot:ClientId".to_owned(), vec![client.clone()]);
    }
    if let Some(thing) = &facts.thing {
        let mut put = |name: &str, value: String| {
            all.insert(format!("iot:Connection.Thing.{name}"), vec![value]);
        };
        put("ThingName", thing.name.clone());
        put("IsAttached", thing.attached.to_string());
        for (name, value) in &thing.attributes {
            put(&format!("Attributes[{name}]"), value.clone());
        }
    }
    for (field, values) in facts.certificate.iter().flat_map(|c| &c.values) {
        all.insert(format!("iot:Certificate.{field}"), vec![values[0].clone()]);
        all.insert(format!("iot:Certificate.{field}.List"), values.clone());
    }
    all
}

fn request(chance: &mut Chance) -> (Action, String) {
    let action = [Action::Publish, Action::Receive, Action::Subscribe, Action::Connect];
    let levels: Vec<_> = (0..=chance.below(3)).map(|_| chance.of(&NAMES)).collect();
    (action[chance.below(4)], levels.join("/"))
}

#[test]
fn a_decision_is_that_of_a_naive_evaluator_and_of_the_compiled_session() {
    let mut chance = Chance(1);
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..4_000 {
        let documents: Vec<Value> = (0..=chance.below(2)).map(|_| document(&mut chance)).collect();
        let parsed = documents.iter().enumerate().map(|(i, document)| {
            let read = PolicyDocument::from_value(document);
            (format!("P{i}"), read.unwrap_or_else(|e| panic!("{document}: {e}")))
        });
        let set = Arc::new(PolicySet::new(parsed));
        let facts = random_facts(&mut chance);
        let variables = variables(&facts);
        let session = SessionPolicy::new(Arc::clone(&set), &facts);
        for _ in 0..25 {
            let (action, name) = request(&mut chance);
            let request = Request::new(action, &name);
            let arn = request.resource.arn(&facts);
            let naive = policy_naive::decide(&documents, action.name(), &arn, &variables);
            let direct = decide(&set, request, &facts);
            let shown = || format!("{action} {arn}\n{documents:?}\n{facts:?}");
            assert_eq!(direct.as_str(), naive, "{}", shown());
            assert_eq!(session.decide(action, &name), direct, "compiled: {}", shown());
            *verdicts.entry(naive).or_default() += 1;
        }
    }
    // All three must come up often, or the comparison says little.
    assert!(verdicts.len() == 3 && verdicts.values().all(|n| *n > 5_000), "{verdicts:?}");
}

#[test]
fn an_explanation_agrees_and_always_knows_a_change_that_turns_the_verdict() {
    let mut chance = Chance(2);
    for _ in 0..2_000 {
        let document = document(&mut chance);
        let read = PolicyDocument::from_value(&document).expect("sound");
        let set = PolicySet::new([("P".to_owned(), read)]);
        let facts = random_facts(&mut chance);
        let (action, name) = request(&mut chance);
        let request = Request::new(action, &name);
        let explanation = explain(&set, request, &facts);
        assert_eq!(explanation.decision, decide(&set, request, &facts));
        assert!(!explanation.changes.is_empty(), "{document} {request:?} {facts:?}");
        for view in &explanation.statements {
            let all = view.action && view.resource && view.conditions.iter().all(|c| c.holds);
            assert_eq!(view.matches, all, "{document}");
        }
        assert!(explanation.to_text().contains(explanation.decision.as_str()));
        assert_eq!(explanation.to_json()["decision"], explanation.decision.as_str());
    }
}

#[test]
fn mutated_documents_are_read_or_refused_and_never_panic() {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for (_, file) in policy_case::corpus() {
        for case in file["cases"].as_array().into_iter().flatten() {
            let documents = case["policies"].as_object().into_iter().flatten();
            seeds.extend(documents.map(|(_, document)| document.to_string().into_bytes()));
        }
        for list in ["refused", "warned"] {
            let cases = file[list].as_array().into_iter().flatten();
            seeds.extend(cases.map(|case| case["document"].to_string().into_bytes()));
        }
    }
    let words: [&[u8]; 10] =
        [b"${", b"}", b"*", b"?", b":", b"\"", b"iot:", b"List", b"[]", "é".as_bytes()];
    let mut chance = Chance(3);
    let mut read = 0;
    for _ in 0..10_000 {
        let mut bytes = seeds[chance.below(seeds.len())].clone();
        for _ in 0..=chance.below(2) {
            let at = chance.below(bytes.len());
            match chance.below(4) {
                0 => {
                    bytes[at] =
                        (b' ' + chance.below(95) as u8) ^ ((chance.below(9) == 0) as u8) << 7
                }
                1 => {
                    let end = bytes.len().min(at + chance.below(12));
                    bytes.drain(at..end);
                }
                2 => {
                    let word = words[chance.below(words.len())];
                    bytes.splice(at..at, word.iter().copied());
                }
                _ => {
                    let other = &seeds[chance.below(seeds.len())];
                    let from = chance.below(other.len());
                    let end = other.len().min(from + chance.below(60));
                    bytes.splice(at..at, other[from..end].iter().copied());
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        read += usize::from(fuzz::document(&bytes));
    }
    assert!(read > 500, "only {read} mutated documents were still read");
}

/// A fleet of one class: devices with a zone, each with topics of its own.
fn fleet(chance: &mut Chance, attached: bool) -> Vec<Facts> {
    (0..2 + chance.below(6))
        .map(|i| {
            let name = format!("probe-{i}");
            let zone = format!("z{}", i % 3);
            let attributes = [("zone".to_owned(), zone), ("row".to_owned(), format!("r{i}"))];
            let thing = ThingFacts {
                name: name.clone(),
                thing_type: Some("soil".to_owned()),
                attributes: attributes.into(),
                attached,
            };
            Facts { client_id: Some(name), thing: Some(thing), ..Facts::new("r", "1") }
        })
        .collect()
}

/// What a device of the fleet does; `own` names hold its name, so that no other may use them.
fn behaviour(facts: &Facts) -> Vec<(Action, String, bool)> {
    let thing = facts.thing.as_ref().expect("a thing");
    let (name, zone, row) = (&thing.name, &thing.attributes["zone"], &thing.attributes["row"]);
    vec![
        (Action::Connect, name.clone(), true),
        (Action::Publish, format!("farm/{zone}/{name}/data"), true),
        (Action::Publish, format!("farm/soil/{row}"), true),
        (Action::Publish, format!("$aws/things/{name}/shadow/update"), true),
        (Action::Subscribe, format!("farm/{zone}/{name}/cmd/+"), true),
        (Action::Receive, format!("farm/{zone}/{name}/cmd/open"), true),
        (Action::Subscribe, "news/#".to_owned(), false),
        (Action::Receive, format!("news/{zone}/latest"), false),
        (Action::Publish, "odd/${x}*/?".to_owned(), false),
    ]
}

#[test]
fn synthesised_policies_allow_what_was_observed_and_nothing_of_other_devices() {
    let mut chance = Chance(4);
    for round in 0..40 {
        let devices = fleet(&mut chance, true);
        let done: Vec<_> = devices.iter().map(|facts| (facts, behaviour(facts))).collect();
        let observed: Vec<Observation<'_>> = done
            .iter()
            .flat_map(|(facts, all)| {
                let one = |(action, name, _): &'_ (Action, String, bool)| (*action, name.clone());
                all.iter().map(one).map(|(a, n)| (*facts, a, n)).collect::<Vec<_>>()
            })
            .map(|(facts, action, name)| Observation {
                class: "soil_probe",
                facts,
                action,
                name: name.leak(),
            })
            .collect();
        let made = synthesize(&observed);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].documents.len(), 1, "round {round}: {:?}", made[0]);
        assert!(made[0].notes.is_empty(), "{:?}", made[0].notes);
        let text = made[0].documents[0].to_string();
        assert!(!text.contains("probe-"), "devices are not listed: {text}");
        let document = PolicyDocument::from_value(&made[0].documents[0]).expect("sound");
        assert!(document.warnings.is_empty(), "{:?}", document.warnings);
        let set = Arc::new(PolicySet::new([("P".to_owned(), document)]));
        for (facts, all) in &done {
            let session = SessionPolicy::new(Arc::clone(&set), facts);
            for (action, name, _) in all {
                assert!(session.decide(*action, name).is_allowed(), "{action} {name}: {text}");
            }
            for (other, theirs) in &done {
                for (action, name, _) in theirs.iter().filter(|(.., own)| *own) {
                    let allowed = session.decide(*action, name).is_allowed();
                    assert_eq!(allowed, other.client_id == facts.client_id, "{action} {name}");
                }
            }
            assert!(!session.decide(Action::Publish, "farm/z9/x/data").is_allowed());
        }
    }
}

#[test]
fn unattached_devices_are_listed_and_a_varying_last_level_is_noted() {
    let devices = fleet(&mut Chance(5), false);
    let mut names: Vec<(usize, Action, String)> = Vec::new();
    for (i, device) in devices.iter().enumerate() {
        names.push((i, Action::Connect, device.client_id.clone().expect("a client")));
        for request in 0..20 {
            names.push((i, Action::Publish, format!("answers/{}", i * 100 + request)));
        }
    }
    let observed: Vec<_> = names
        .iter()
        .map(|(i, action, name)| Observation {
            class: "probe",
            facts: &devices[*i],
            action: *action,
            name,
        })
        .collect();
    let made = &synthesize(&observed)[0];
    let text = made.documents[0].to_string();
    assert!(text.contains("client/probe-0") && text.contains("topic/answers/*"), "{text}");
    assert_eq!(made.notes.len(), 2, "{:?}", made.notes);
}

#[test]
fn policies_that_do_not_fit_one_document_are_split() {
    let facts = fleet(&mut Chance(6), true).remove(0);
    let names: Vec<String> =
        (0..60).map(|i| format!("branch/of/some/length/{i:03}/with/a/tail")).collect();
    let observed: Vec<_> = names
        .iter()
        .map(|name| Observation { class: "hub", facts: &facts, action: Action::Publish, name })
        .collect();
    let made = &synthesize(&observed)[0];
    assert!(made.documents.len() > 1);
    let read = |(i, value): (usize, &Value)| {
        (format!("P{i}"), PolicyDocument::from_value(value).expect("within the size"))
    };
    let set = PolicySet::new(made.documents.iter().enumerate().map(read));
    for name in &names {
        assert!(decide(&set, Request::new(Action::Publish, name), &facts).is_allowed(), "{name}");
    }
}

//! A scenario's policies are enforced: devices may do what they do, a foreign publish is denied,
//! counted, recorded and traced, and without policies the same publish would have started a pump.

use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_engine::clock::{Silent, Still};
use fieldmirror_engine::scenario::{Overrides, Scenario};
use fieldmirror_engine::synthesize::{SynthesisOptions, synthesize};
use fieldmirror_engine::trace::{At, TraceOptions, trace};
use fieldmirror_tests::{Rows, Run, load, run, scenario_path};

/// A day of first-farm with a plan that waters, and two strangers with a probe's certificate: one
/// under a name of his own, one under the probe's.
const ONE_DAY: &[(&str, &str)] = &[
    ("span", "26h"),
    ("learn.clean", "26h"),
    ("faults", "[]"),
    (
        "confounders",
        r#"[{ kind = "irrigation_plan", id = "p", onset = "0h", lasts = "1d", zones = [4], at = "2h", duration = "600s" }]"#,
    ),
    (
        "foreign",
        r#"[
            { at = "5h", client = "intruder", certificate = "soil_probe", topic = "farmA/pump/1/cmd", payload = '{"command":"ON","duration":7200}' },
            { at = "6h", client = "farmA-101", certificate = "soil_probe", topic = "farmA/pump/2/cmd", payload = '{"command":"ON","duration":7200}' },
            { at = "7h", client = "passer-by", topic = "farmA/sensor/101/data", payload = '{"humidity":1}' },
        ]"#,
    ),
];

/// Commands on the topic of pump `n` from `principal`.
fn commands(run: &Run, n: u32, principal: &str) -> usize {
    let rows = Rows::read(run.path(), "messages", &["topic", "principal"]);
    let topic = format!("farmA/pump/{n}/cmd");
    let is_one = |i: &usize| rows.text("topic", *i) == topic;
    (0..rows.len()).filter(is_one).filter(|&i| rows.text("principal", i) == principal).count()
}

/// Hours after the start in which zone `zone` got water.
fn watered(run: &Run, zone: &str) -> Vec<i64> {
    let rows = Rows::read(run.path(), "soil", &["time", "zone", "irrigation_mm"]);
    let start = run.scenario.start().nanos();
    let is_wet =
        |i: &usize| rows.text("zone", *i) == zone && rows.number("irrigation_mm", *i) > 0.0;
    let hour = |i| (rows.time("time", i) - start) / Span::from_hours(1).nanos();
    (0..rows.len()).filter(is_wet).map(hour).collect()
}

#[test]
fn a_foreign_publish_is_denied_and_would_have_started_a_pump_without_policies() {
    let enforced = run(&load("first-farm", ONE_DAY), 2);
    let open: Vec<_> = ONE_DAY.iter().copied().chain([("certificates", "[]")]).collect();
    let open = run(&load("first-farm", &open), 2);

    denied_counted_and_recorded(&enforced);
    traced_with_its_statements(&enforced);

    assert_eq!(commands(&enforced, 1, "intruder") + commands(&enforced, 2, "farmA-101"), 0);
    assert_eq!(commands(&enforced, 4, "irrigation-plan"), 1, "the plan may water");
    assert!(watered(&enforced, "farmA-zone-1").is_empty());
    assert_eq!(watered(&enforced, "farmA-zone-4"), [3]);

    assert!(open.summary.rejections.is_empty(), "{:?}", open.summary.rejections);
    assert_eq!((open.summary.denials, open.rows("rejections")), (0, 0));
    assert_eq!((commands(&open, 1, "intruder"), commands(&open, 2, "farmA-101")), (1, 1));
    assert_eq!(watered(&open, "farmA-zone-1"), [6, 7, 8], "for two hours from the fifth on");
    assert!(open.summary.messages > enforced.summary.messages, "pumps that run say so");
    let devices = |run: &Run| {
        let rows = Rows::read(run.path(), "messages", &["time", "topic", "payload"]);
        let until = run.scenario.start().nanos() + Span::from_hours(5).nanos();
        let of = |i| (rows.time("time", i), rows.text("topic", i), rows.text("payload", i));
        let all = (0..rows.len()).map(of).filter(|row| row.0 < until);
        all.map(|(t, topic, payload)| format!("{t} {topic} {payload}")).collect::<Vec<_>>()
    };
    assert_eq!(devices(&enforced), devices(&open), "policies take nothing from the farm's own");
}

fn denied_counted_and_recorded(run: &Run) {
    let rows = Rows::read(run.path(), "rejections", &["time", "principal", "code", "detail"]);
    let start = run.scenario.start().nanos();
    let found: Vec<_> = (0..rows.len())
        .map(|i| {
            let hour = (rows.time("time", i) - start) / Span::from_hours(1).nanos();
            let text = |column: &str| rows.text(column, i).to_owned();
            (hour, text("principal"), text("code"), text("detail"))
        })
        .collect();
    let denied = |hour, who: &str, why: &str| {
        (hour, who.to_owned(), "not_authorized".to_owned(), why.to_owned())
    };
    assert_eq!(
        found,
        [
            denied(5, "intruder", "iot:Connect on client/intruder: no statement of 2 allows it"),
            denied(
                6,
                "farmA-101",
                "iot:Publish on topic/farmA/pump/2/cmd: no statement of 2 allows it"
            ),
            denied(7, "passer-by", "iot:Connect on client/passer-by: it shows no certificate"),
        ]
    );
    assert_eq!(run.summary.denials, 3);
    assert_eq!(run.summary.rejections.get("not_authorized"), Some(&3));
    assert_eq!(run.summary.publishes_denied, 3);
    // The probe whose name was used reports on.
    let rows = Rows::read(run.path(), "messages", &["time", "principal"]);
    let after = start + Span::from_hours(6).nanos();
    let reports = (0..rows.len())
        .filter(|&i| rows.text("principal", i) == "farmA-101" && rows.time("time", i) > after);
    assert!(reports.count() > 100);
}

fn traced_with_its_statements(run: &Run) {
    let traced = |device: &str, at: Option<Timestamp>| {
        let at = at.map(|from| At::Time { from, lasts: Span::ZERO });
        let options = TraceOptions { device: Some(device.to_owned()), at };
        trace(run.path(), &options).unwrap_or_else(|e| panic!("{e}"))
    };
    let intruder = traced("intruder", None);
    assert!(intruder.messages.is_empty() && intruder.silence.is_none());
    assert_eq!(intruder.refused.len(), 1);
    let text = intruder.to_text();
    for words in [
        "refused at 2017-06-05T05:00:00Z (row 0 of rejections): not_authorized",
        "iot:Connect on client/intruder: no statement of 2 allows it",
        "with the certificate soil_probe",
        "statement 0 (ConnectAsItself) of policy soil-probe (Allow, certificate soil_probe)",
        "smallest change",
    ] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
    let probe = traced("farmA-101", Some(run.scenario.start() + Span::from_hours(6)));
    let explanation = probe.refused[0].explanation.as_ref().expect("a policy decided");
    assert!(!explanation.decision.is_allowed());
    assert!(explanation.resource.ends_with(":topic/farmA/pump/2/cmd"), "{}", explanation.resource);
    let json: serde_json::Value = serde_json::from_str(&probe.to_json()).expect("JSON");
    assert_eq!(json["refused"][0]["certificate"], "soil_probe");
    assert_eq!(json["refused"][0]["explanation"]["decision"], "IMPLICIT_DENY");
    assert!(traced("farmA-101", None).refused.is_empty(), "messages came after it");
}

/// Without policies a publish under a pump controller's name takes its connection; it comes back.
#[test]
fn a_controller_whose_name_was_used_hears_commands_again() {
    let sets = [
        ("span", "4h"),
        ("learn.clean", "4h"),
        ("faults", "[]"),
        ("certificates", "[]"),
        (
            "confounders",
            r#"[{ kind = "irrigation_plan", id = "p", onset = "0h", lasts = "1d", zones = [4], at = "2h", duration = "600s" }]"#,
        ),
        ("foreign", r#"[{ at = "1h", client = "farmA-pump-4", topic = "x", payload = "hello" }]"#),
    ];
    let run = run(&load("first-farm", &sets), 1);
    assert!(watered(&run, "farmA-zone-4").contains(&3));
}

#[test]
fn certificates_that_do_not_fit_are_refused_together() {
    let set = [
        (
            "certificates",
            r#"[
                { class = "submarine", policy = "policies/gateway.json" },
                { client = "farmA-101", policy = "policies/gateway.json" },
                { policy = "policies/gateway.json" },
                { class = "gateway" },
            ]"#,
        ),
        (
            "foreign",
            r#"[{ at = "1h", client = "x", certificate = "nobody", topic = "t", payload = "" }]"#,
        ),
    ];
    let set = set.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let overrides = Overrides { set, ..Overrides::default() };
    let error = Scenario::load(&scenario_path("first-farm"), &overrides).expect_err("all wrong");
    assert!(error.is_bad_input());
    let text = error.to_string();
    for words in [
        "certificates.0.class: expected one of",
        "certificates.1.client: `farmA-101` is a device",
        "certificates.2: expected either `class` or `client`",
        "certificates.3: expected `policy` or `policies`",
        "foreign.0.certificate: expected one of",
    ] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
}

/// The least policies of a recorded run, with and without foreign publishes that it accepted.
#[test]
fn synthesised_policies_allow_what_was_done_and_nothing_else() {
    let options = SynthesisOptions { threads: 2, prove: true };
    let changes = [("span", "7h"), ("soil.initial", "0.14")];
    let short: Vec<_> = ONE_DAY.iter().copied().chain(changes).collect();
    let open: Vec<_> = short.iter().copied().chain([("certificates", "[]")]).collect();
    let mut documents = Vec::new();
    for (sets, accepted) in [(short, 0), (open, 2)] {
        let run = run(&load("first-farm", &sets), 2);
        let found =
            synthesize(run.path(), &options, &Still, &Silent).unwrap_or_else(|e| panic!("{e}"));
        let proof = found.proof.clone().expect("it was asked for");
        assert!(proof.holds(), "{}", found.to_text());
        assert_eq!(proof.foreign_accepted, accepted);
        assert!(proof.messages > 1000 && proof.compared.contains(&"messages".to_owned()));
        let classes: Vec<_> = found.classes.iter().map(|c| (c.class.as_str(), c.clients)).collect();
        assert_eq!(
            classes,
            [
                ("gateway", 2),
                ("irrigation-plan", 1),
                ("pump_controller", 4),
                ("soil_probe", 40),
                ("weather_station", 1)
            ]
        );
        let folder = tempfile::tempdir().expect("a folder");
        let written = found.write(folder.path()).expect("new files");
        assert_eq!(written.len(), 5);
        assert!(found.write(folder.path()).is_err(), "nothing is replaced");
        documents.push(found.to_json()["classes"].clone());
        assert_eq!(
            std::fs::read_dir(run.path().parent().expect("a folder")).expect("it").count(),
            1
        );
    }
    assert_eq!(documents[0], documents[1], "foreign publishes are nobody's doing");
    let text = documents[0].to_string();
    for words in [
        "topic/${iot:Connection.Thing.Attributes[site]}/sensor/${iot:Connection.Thing.Attributes[number]}/data",
        "topicfilter/${iot:Connection.Thing.Attributes[site]}/pump/${iot:Connection.Thing.Attributes[number]}/cmd",
        "topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/update",
        "client/${iot:Connection.Thing.ThingName}",
        "topic/farmA/pump/4/cmd",
    ] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
}

/// Without any one of their resources something that the farm does is denied.
#[test]
fn synthesised_policies_have_no_resource_to_spare() {
    let changes = [("span", "6h"), ("soil.initial", "0.14"), ("foreign", "[]")];
    let sets: Vec<_> = ONE_DAY.iter().copied().chain(changes).collect();
    let recorded = run(&load("first-farm", &sets), 1);
    let options = SynthesisOptions { threads: 1, prove: false };
    let found =
        synthesize(recorded.path(), &options, &Still, &Silent).unwrap_or_else(|e| panic!("{e}"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut tried = 0;
    for (c, class) in found.classes.iter().enumerate() {
        let statements = class.documents[0]["Statement"].as_array().expect("statements");
        for (s, statement) in statements.iter().enumerate() {
            for r in 0..statement["Resource"].as_array().expect("resources").len() {
                let mut fewer = found.clone();
                let kept = &mut fewer.classes[c].documents[0]["Statement"][s]["Resource"];
                let dropped = kept.as_array_mut().expect("resources").remove(r);
                if kept.as_array().expect("resources").is_empty() {
                    // A statement needs a resource: one that nothing is called.
                    *kept = serde_json::json!(["arn:aws:iot:eu-west-1:123456789012:client/nobody"]);
                }
                let at = folder.path().join(tried.to_string());
                fewer.write(&at).expect("new files");
                let certificates: Vec<String> = fewer
                    .classes
                    .iter()
                    .map(|class| {
                        let key = if class.is_devices { "class" } else { "client" };
                        let file = at.join(&class.files()[0]).display().to_string();
                        format!("{{ {key} = \"{}\", policy = \"{file}\" }}", class.class)
                    })
                    .collect();
                let certificates = format!("[{}]", certificates.join(", "));
                let sets: Vec<_> =
                    sets.iter().copied().chain([("certificates", certificates.as_str())]).collect();
                let again = run(&load("first-farm", &sets), 1);
                assert!(again.summary.denials > 0, "{} without {dropped}", class.class);
                tried += 1;
            }
        }
    }
    assert!(tried >= 12, "{tried}: five connects and topics, a shadow, commands, two for the plan");
}

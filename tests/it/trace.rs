//! A trace says what the run recorded: for every message and rule, for actions, shadows and frames
//! that never came.

use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_engine::trace::{At, Trace, TraceOptions, trace, verify};
use fieldmirror_tests::{Rows, Run, load, run};
use std::collections::{BTreeMap, BTreeSet};

/// A day that is dry enough for commands, and a gateway that fails for some hours.
const DRY_DAY: &[(&str, &str)] = &[
    ("span", "30h"),
    ("learn.clean", "20h"),
    ("soil.initial", "0.14"),
    (
        "faults",
        r#"[
            { id = "dark-1", class = "gateway_outage", device = "farmA-gw-1", onset = "22h", lasts = "3h", severity = 1.0 },
            { id = "dark-2", class = "gateway_outage", device = "farmA-gw-2", onset = "22h", lasts = "3h", severity = 1.0 },
        ]"#,
    ),
    ("confounders", "[]"),
];

fn traced(run: &Run, device: &str, at: At) -> Trace {
    let options = TraceOptions { device: Some(device.to_owned()), at: Some(at) };
    trace(run.path(), &options).unwrap_or_else(|e| panic!("{e}"))
}

const fn exactly(nanos: i64) -> At {
    At::Time { from: Timestamp::from_nanos(nanos), lasts: Span::ZERO }
}

#[test]
fn traces_agree_with_the_recording() {
    let run = run(&load("first-farm", DRY_DAY), 2);
    every_message_and_rule(&run);
    verdicts_and_actions_of_sampled_messages(&run);
    a_pump_shows_its_command_and_its_shadow(&run);
    a_dark_gateway_explains_silence(&run);
    what_is_not_there_is_said(&run);
}

/// All messages by all rules, against all rows of `rule_matches`, in order.
fn every_message_and_rule(run: &Run) {
    let verified = verify(run.path()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(verified.disagreement, None);
    assert_eq!(verified.messages, run.rows("messages"));
    assert_eq!(verified.fired, run.rows("rule_matches"));
    assert!(verified.evaluations > verified.fired, "some rules stayed silent");
}

/// Messages of both verdicts, each traced alone.
fn verdicts_and_actions_of_sampled_messages(run: &Run) {
    let messages = Rows::read(run.path(), "messages", &["time", "topic", "principal", "payload"]);
    let matches = Rows::read(run.path(), "rule_matches", &["time", "rule", "topic", "principal"]);
    let mut fired: BTreeMap<(i64, String, String), BTreeSet<String>> = BTreeMap::new();
    for i in 0..matches.len() {
        let text = |column: &str| matches.text(column, i).to_owned();
        let key = (matches.time("time", i), text("topic"), text("principal"));
        fired.entry(key).or_default().insert(text("rule"));
    }
    let rows = (0..messages.len()).filter(|&i| messages.text("topic", i).contains("/sensor/"));
    let (mut dry, mut wet) = (0, 0);
    for i in rows.step_by(97) {
        let device = messages.text("principal", i);
        let found = traced(run, device, exactly(messages.time("time", i)));
        let message = found.messages.iter().find(|t| t.message.row == i as u64);
        let message = message.unwrap_or_else(|| panic!("row {i} of {device}: {found:?}"));
        assert_eq!(message.message.payload, messages.text("payload", i));
        let key =
            (messages.time("time", i), messages.text("topic", i).to_owned(), device.to_owned());
        let expected = fired.get(&key).cloned().unwrap_or_default();
        for verdict in &message.rules {
            assert_eq!(verdict.fires, expected.contains(&verdict.rule), "{}", verdict.rule);
            assert_eq!(verdict.recorded, Some(verdict.fires), "{}", verdict.rule);
            // Each rule of the scenario has one action.
            assert_eq!(verdict.actions.len(), usize::from(verdict.fires), "{verdict:?}");
            assert!(verdict.explanation.is_some(), "both rules hear the probes");
        }
        let irrigate = message.rules.iter().find(|v| v.rule == "irrigate").expect("the rule");
        if irrigate.fires {
            dry += 1;
            assert_eq!(irrigate.actions[0].kind, "lambda");
            assert_eq!(irrigate.actions[0].body, message.message.payload, "SELECT * passes it on");
        } else {
            wet += 1;
            let sentence = irrigate.sentence();
            assert!(sentence.starts_with("`humidity < 35` is false: humidity is "), "{sentence}");
        }
        assert!(message.frame.as_ref().is_some_and(|frame| frame.lost.is_none()), "it came by air");
        assert!(found.notes.is_empty(), "{:?}", found.notes);
    }
    assert!(dry > 3 && wet > 3, "{dry} dry and {wet} wet readings");
}

/// A command to a pump: the message, the shadow before and after, both as recorded.
fn a_pump_shows_its_command_and_its_shadow(run: &Run) {
    let messages = Rows::read(run.path(), "messages", &["time", "topic", "payload"]);
    let command = (0..messages.len()).find(|&i| messages.text("topic", i) == "farmA/pump/1/cmd");
    let command = command.expect("a command");
    let time = messages.time("time", command);
    let found = traced(run, "farmA-pump-1", exactly(time));
    let message = found.messages.iter().find(|t| t.message.row == command as u64);
    let message = message.expect("what is published to a device concerns it");
    assert_eq!(message.message.source, "function");
    assert!(message.rules.iter().all(|verdict| !verdict.fires && verdict.unheard.is_some()));
    let shadow = found.shadow.expect("a thing");
    let after = shadow.after.expect("the function set it");
    let desired = after.document.get("state").and_then(|state| state.get("desired"));
    let desired = desired.and_then(|desired| desired.get("state"));
    assert_eq!(desired.and_then(|state| state.as_str()), Some("ON"));

    let rows = Rows::read(run.path(), "shadows", &["time", "thing", "version"]);
    let version = |until: &dyn Fn(i64) -> bool| {
        (0..rows.len())
            .filter(|&i| rows.text("thing", i) == "farmA-pump-1" && until(rows.time("time", i)))
            .map(|i| rows.number("version", i) as u64)
            .max()
    };
    assert_eq!(Some(after.version), version(&|t| t <= time));
    assert_eq!(shadow.before.map(|state| state.version), version(&|t| t < time));
    assert!(found.notes.is_empty(), "{:?}", found.notes);
}

/// In the outage no frame is delivered: the trace shows the last message and each lost frame.
fn a_dark_gateway_explains_silence(run: &Run) {
    let at = At::parse("24h").expect("a duration");
    let found = traced(run, "farmA-203", at);
    let silence = found.silence.as_ref().expect("nothing was delivered");
    let frames = Rows::read(run.path(), "uplinks", &["time", "device", "lost"]);
    let last = silence.last.expect("a message before the outage").nanos();
    let until = run.scenario.start().nanos() + 24 * 3_600_000_000_000;
    let lost: Vec<&str> = (0..frames.len())
        .filter(|&i| frames.text("device", i) == "farmA-203" && !frames.is_null("lost", i))
        .filter(|&i| (last + 1..=until).contains(&frames.time("time", i)))
        .map(|i| frames.text("lost", i))
        .collect();
    assert!(lost.len() >= 10 && lost.contains(&"gateway_down"), "{lost:?}");
    let told: Vec<&str> = silence.lost.iter().filter_map(|frame| frame.lost.as_deref()).collect();
    assert_eq!(told, lost);
    let text = found.to_text();
    assert!(text.contains("nothing happened then") && text.contains("gateway_down"), "{text}");
}

fn what_is_not_there_is_said(run: &Run) {
    let error = |device: Option<&str>, at: Option<&str>| {
        let at = at.map(|at| At::parse(at).expect("a time"));
        let options = TraceOptions { device: device.map(str::to_owned), at };
        trace(run.path(), &options).expect_err("not there")
    };
    let unknown = error(Some("farmA-999"), None);
    assert!(unknown.is_bad_input(), "{unknown}");
    assert!(unknown.to_string().contains("no device or client called `farmA-999`"), "{unknown}");
    let late = error(None, Some("2030-01-01"));
    assert!(late.to_string().contains("outside of the run"), "{late}");
    assert!(At::parse("noon").is_err());

    let options = TraceOptions::default();
    let last = trace(run.path(), &options).unwrap_or_else(|e| panic!("{e}"));
    let json: serde_json::Value = serde_json::from_str(&last.to_json()).expect("JSON");
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["device"], last.device.as_str());
    assert!(!last.messages.is_empty() && last.silence.is_none());
}

//! A trace for people and for programs.
//!
//! JSON is put together from the rules' own values: numbers keep all of their digits, which those
//! of `serde_json` do not.

use super::{Frame, Refused, RuleVerdict, ShadowState, Trace, Traced};
use fieldmirror_rules::value::Value;
use serde_json::json;
use std::fmt::Write as _;

/// Lost frames that text shows; JSON has more.
const FRAMES_SHOWN: usize = 10;

impl Trace {
    /// The trace as text. Writing to a String cannot fail, so results of `writeln!` are dropped.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{} in {}, at {}", self.device, self.scenario, self.at);
        if let Some(silence) = &self.silence {
            let _ = writeln!(out, "\nnothing happened then: {}", silence.why);
            let hidden = silence.lost.len().saturating_sub(FRAMES_SHOWN);
            for frame in &silence.lost[hidden..] {
                let _ = writeln!(out, "  {}", frame_text(frame));
            }
            if !self.messages.is_empty() {
                let _ = writeln!(out, "what came before:");
            }
        }
        for traced in &self.messages {
            traced_text(traced, &mut out);
        }
        for refused in &self.refused {
            refused_text(refused, &mut out);
        }
        if let Some(shadow) = &self.shadow {
            let _ = writeln!(out, "\nshadow of {}", self.device);
            for (when, state) in [("before", &shadow.before), ("after", &shadow.after)] {
                match state {
                    None => {
                        let _ = writeln!(out, "  {when:<7} none");
                    }
                    Some(ShadowState { version, document }) => {
                        let state = text(document.get("state").unwrap_or(&Value::Null));
                        let _ = writeln!(out, "  {when:<7} version {version}: {state}");
                    }
                }
            }
        }
        for note in &self.notes {
            let _ = writeln!(out, "\nnote: {note}");
        }
        out
    }

    /// The trace as the text of one JSON object with `schema_version`.
    pub fn to_json(&self) -> String {
        let shadow = self.shadow.as_ref().map(|shadow| {
            let states = [("before", &shadow.before), ("after", &shadow.after)];
            entries(states.map(|(when, state)| (when, optional(state.as_ref().map(state_json)))))
        });
        let silence = self.silence.as_ref().map(|silence| {
            plain(&json!({
                "why": silence.why,
                "last": silence.last.map(|time| time.to_string()),
                "lost": silence.lost.iter().map(frame_json).collect::<Vec<_>>(),
            }))
        });
        let notes = self.notes.iter().map(|note| Value::from(note.as_str()));
        text(&entries([
            ("schema_version", Value::Int(SCHEMA_VERSION)),
            ("scenario", self.scenario.as_str().into()),
            ("device", self.device.as_str().into()),
            ("at", self.at.to_string().into()),
            ("messages", Value::Array(self.messages.iter().map(traced_json).collect())),
            ("refused", Value::Array(self.refused.iter().map(refused_json).collect())),
            ("silence", optional(silence)),
            ("shadow", optional(shadow)),
            ("notes", Value::Array(notes.collect())),
        ]))
    }
}

/// The version of the JSON form.
const SCHEMA_VERSION: i128 = 1;

fn entries<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().collect())
}

fn optional(value: Option<Value>) -> Value {
    value.unwrap_or(Value::Null)
}

/// What has no numbers but our own, which `serde_json` can hold.
fn plain(json: &serde_json::Value) -> Value {
    // Its text is JSON, and not deep.
    Value::from_json(json.to_string().as_bytes()).unwrap_or(Value::Null)
}

fn text(value: &Value) -> String {
    String::from_utf8_lossy(&value.to_json()).into_owned()
}

fn state_json(state: &ShadowState) -> Value {
    entries([("version", Value::Int(state.version.into())), ("document", state.document.clone())])
}

fn refused_text(refused: &Refused, out: &mut String) {
    let Refused { row, time, code, detail, .. } = refused;
    let _ = writeln!(out, "\nrefused at {time} (row {row} of rejections): {code}\n  {detail}");
    if let Some(certificate) = &refused.certificate {
        let _ = writeln!(out, "  with the certificate {certificate}");
    }
    if let Some(explanation) = &refused.explanation {
        for line in explanation.to_text().lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
}

fn refused_json(refused: &Refused) -> Value {
    plain(&json!({
        "row": refused.row,
        "time": refused.time.to_string(),
        "time_ns": refused.time.nanos(),
        "code": refused.code,
        "detail": refused.detail,
        "certificate": refused.certificate,
        "explanation": refused.explanation.as_ref().map(|explanation| explanation.to_json()),
    }))
}

fn traced_text(traced: &Traced, out: &mut String) {
    let message = &traced.message;
    let _ = writeln!(
        out,
        "\nmessage {} at {}\n  from {} ({}) on {}\n  {}",
        message.row,
        message.time,
        message.principal,
        message.source,
        message.topic,
        message.payload
    );
    if let Some(frame) = &traced.frame {
        let _ = writeln!(out, "  {}", frame_text(frame));
    }
    for verdict in &traced.rules {
        verdict_text(verdict, out);
    }
}

fn verdict_text(verdict: &RuleVerdict, out: &mut String) {
    let word = match (&verdict.unheard, verdict.fires) {
        (Some(_), _) => "not evaluated",
        (None, true) => "fired",
        (None, false) => "silent",
    };
    let _ = writeln!(out, "\nrule {}: {word}: {}", verdict.rule, verdict.sentence());
    let _ = writeln!(out, "  {}", verdict.sql);
    if let Some(explanation) = &verdict.explanation {
        for line in explanation.to_text().lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    for done in &verdict.actions {
        let _ = writeln!(out, "  {} {}: {}", done.kind, done.target, done.outcome);
        let _ = writeln!(out, "    {}", done.body);
    }
}

fn frame_text(frame: &Frame) -> String {
    let fate = match &frame.lost {
        None => format!("heard by {}", frame.gateway),
        Some(reason) => format!("lost at {}: {reason}", frame.gateway),
    };
    format!(
        "frame {} at {}, SF{}, {:.1} dBm, {fate}",
        frame.counter, frame.time, frame.spreading_factor, frame.rssi_dbm
    )
}

fn traced_json(traced: &Traced) -> Value {
    let message = &traced.message;
    entries([
        ("row", Value::Int(message.row.into())),
        ("time", message.time.to_string().into()),
        ("time_ns", message.time.nanos().into()),
        ("topic", message.topic.as_str().into()),
        ("principal", message.principal.as_str().into()),
        ("source", message.source.as_str().into()),
        ("payload", message.payload.as_str().into()),
        ("frame", optional(traced.frame.as_ref().map(|frame| plain(&frame_json(frame))))),
        ("rules", Value::Array(traced.rules.iter().map(verdict_json).collect())),
    ])
}

fn verdict_json(verdict: &RuleVerdict) -> Value {
    let actions = verdict.actions.iter().map(|done| {
        entries([
            ("row", Value::Int(done.row.into())),
            ("kind", done.kind.as_str().into()),
            ("target", done.target.as_str().into()),
            ("body", done.body.as_str().into()),
            ("outcome", done.outcome.as_str().into()),
        ])
    });
    let explanation = verdict.explanation.as_ref().map(|explanation| explanation.to_json());
    entries([
        ("rule", verdict.rule.as_str().into()),
        ("sql", verdict.sql.as_str().into()),
        ("evaluated", verdict.unheard.is_none().into()),
        ("fires", verdict.fires.into()),
        ("recorded", optional(verdict.recorded.map(Value::from))),
        ("why", verdict.sentence().into()),
        ("explanation", optional(explanation)),
        ("actions", Value::Array(actions.collect())),
    ])
}

fn frame_json(frame: &Frame) -> serde_json::Value {
    json!({
        "row": frame.row,
        "time": frame.time.to_string(),
        "frame_counter": frame.counter,
        "gateway": frame.gateway,
        "rssi_dbm": frame.rssi_dbm,
        "spreading_factor": frame.spreading_factor,
        "lost": frame.lost,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Done, Message, ShadowChange};
    use fieldmirror_core::time::Timestamp;
    use fieldmirror_rules::context::Context;
    use fieldmirror_rules::rule::{Rule, SqlVersion};

    const DIGITS: &str = "123456789012345678901234567890";
    const FRACTION: &str = "0.123456789012345678901234567891";

    fn trace() -> Trace {
        let payload = format!(r#"{{"x": {DIGITS}, "y": {FRACTION}}}"#);
        let sql = format!("SELECT x + 1 AS next, y FROM 'a' WHERE x = {DIGITS}");
        let rule = Rule::compile(&sql, SqlVersion::V2016_03_23).expect("sound");
        let time = Timestamp::from_millis(1);
        let explanation = rule.explain_direct(payload.as_bytes(), &Context::new("a", time));
        let document = format!(r#"{{"state":{{"reported":{payload}}},"version":3}}"#);
        let document = Value::from_json(document.as_bytes()).expect("JSON");
        let message = Message {
            row: 7,
            time,
            topic: "a".to_owned(),
            principal: "d1".to_owned(),
            source: "device".to_owned(),
            payload,
        };
        let done = Done {
            row: 2,
            kind: "lambda".to_owned(),
            target: "f".to_owned(),
            body: format!(r#"{{"next":{DIGITS}}}"#),
            outcome: "ok".to_owned(),
        };
        let verdict = RuleVerdict {
            rule: "r".to_owned(),
            sql,
            unheard: None,
            fires: true,
            recorded: Some(true),
            explanation: Some(explanation),
            actions: vec![done],
        };
        Trace {
            scenario: "s".to_owned(),
            device: "d1".to_owned(),
            at: time,
            messages: vec![Traced { message, frame: None, rules: vec![verdict] }],
            refused: Vec::new(),
            silence: None,
            shadow: Some(ShadowChange {
                before: None,
                after: Some(ShadowState { version: 3, document }),
            }),
            notes: vec!["a note".to_owned()],
        }
    }

    #[test]
    fn numbers_keep_all_of_their_digits() {
        let json = trace().to_json();
        let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(parsed["messages"][0]["rules"][0]["recorded"], true);
        assert!(parsed["shadow"]["before"].is_null() && parsed["silence"].is_null());
        assert_eq!(parsed["shadow"]["after"]["version"], 3);
        let exact = Value::from_json(json.as_bytes()).expect("JSON");
        let shadow = exact.get("shadow").and_then(|shadow| shadow.get("after"));
        let shadow = text(shadow.expect("a shadow"));
        assert!(shadow.contains(&format!(r#""x":{DIGITS},"y":{FRACTION}"#)), "{shadow}");
        let Some(Value::Array(messages)) = exact.get("messages") else { panic!("{json}") };
        let Some(Value::Array(rules)) = messages[0].get("rules") else { panic!("{json}") };
        let explanation = text(rules[0].get("explanation").expect("an explanation"));
        for number in [DIGITS, FRACTION, "123456789012345678901234567891"] {
            assert!(explanation.contains(&format!(":{number}")), "{number}: {explanation}");
        }
        assert!(trace().to_text().contains(&format!(r#""x":{DIGITS}"#)));
    }
}

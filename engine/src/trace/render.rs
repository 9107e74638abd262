//! A trace for people and for programs.

use super::{Frame, Refused, RuleVerdict, ShadowState, Trace, Traced};
use serde_json::{Value, json};
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
                        let state = document.get("state").unwrap_or(&Value::Null);
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

    /// The trace as one JSON object with `schema_version`.
    pub fn to_json(&self) -> Value {
        let state = |state: &Option<ShadowState>| {
            state.as_ref().map(|s| json!({"version": s.version, "document": s.document}))
        };
        json!({
            "schema_version": 1,
            "scenario": self.scenario,
            "device": self.device,
            "at": self.at.to_string(),
            "messages": self.messages.iter().map(traced_json).collect::<Vec<_>>(),
            "refused": self.refused.iter().map(refused_json).collect::<Vec<_>>(),
            "silence": self.silence.as_ref().map(|silence| json!({
                "why": silence.why,
                "last": silence.last.map(|time| time.to_string()),
                "lost": silence.lost.iter().map(frame_json).collect::<Vec<_>>(),
            })),
            "shadow": self.shadow.as_ref().map(|shadow| json!({
                "before": state(&shadow.before),
                "after": state(&shadow.after),
            })),
            "notes": self.notes,
        })
    }
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
    json!({
        "row": refused.row,
        "time": refused.time.to_string(),
        "time_ns": refused.time.nanos(),
        "code": refused.code,
        "detail": refused.detail,
        "certificate": refused.certificate,
        "explanation": refused.explanation.as_ref().map(|explanation| explanation.to_json()),
    })
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
    json!({
        "row": message.row,
        "time": message.time.to_string(),
        "time_ns": message.time.nanos(),
        "topic": message.topic,
        "principal": message.principal,
        "source": message.source,
        "payload": message.payload,
        "frame": traced.frame.as_ref().map(frame_json),
        "rules": traced.rules.iter().map(verdict_json).collect::<Vec<_>>(),
    })
}

fn verdict_json(verdict: &RuleVerdict) -> Value {
    let explanation = verdict.explanation.as_ref().map(|explanation| {
        let mut bytes = Vec::new();
        explanation.to_json().write_json(&mut bytes);
        serde_json::from_slice::<Value>(&bytes).unwrap_or(Value::Null)
    });
    json!({
        "rule": verdict.rule,
        "sql": verdict.sql,
        "evaluated": verdict.unheard.is_none(),
        "fires": verdict.fires,
        "recorded": verdict.recorded,
        "why": verdict.sentence(),
        "explanation": explanation,
        "actions": verdict.actions.iter().map(|done| json!({
            "row": done.row,
            "kind": done.kind,
            "target": done.target,
            "body": done.body,
            "outcome": done.outcome,
        })).collect::<Vec<_>>(),
    })
}

fn frame_json(frame: &Frame) -> Value {
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

//! Mutants as text and JSON.

use super::{Outcome, Survivor};
use crate::problem::counted;
use serde_json::json;
use std::fmt::Write as _;

/// What an outcome is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// One JSON object.
    Json,
}

impl Outcome {
    /// The outcome in one of the formats.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Text => self.to_text(),
            Format::Json => format!("{:#}\n", self.to_json()),
        }
    }

    fn to_text(&self) -> String {
        let mut out = String::new();
        for survivor in &self.survivors {
            out.push_str(&survivor.to_text(SURVIVED));
        }
        for survivor in &self.equivalent {
            out.push_str(&survivor.to_text("equivalent"));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}: {} killed, {} survived, {} equivalent",
            counted(self.killed + self.survivors.len() + self.equivalent.len(), "mutant"),
            self.killed,
            self.survivors.len(),
            self.equivalent.len()
        );
        out
    }

    fn to_json(&self) -> serde_json::Value {
        let list =
            |survivors: &[Survivor]| survivors.iter().map(Survivor::to_json).collect::<Vec<_>>();
        json!({
            "schema_version": 1,
            "killed": self.killed,
            "survived": self.survivors.len(),
            "equivalent": self.equivalent.len(),
            "survivors": list(&self.survivors),
            "probably_equivalent": list(&self.equivalent),
            "notes": self.notes,
        })
    }
}

const SURVIVED: &str = "survived";

impl Survivor {
    fn to_text(&self, word: &str) -> String {
        let mut out = format!(
            "{word}: {}: rule `{}`, {}: {}\n",
            self.suite, self.rule, self.kind, self.description
        );
        if let Some(witness) = &self.witness {
            // Writing to a String cannot fail.
            let _ =
                writeln!(out, "  add a case: topic {} payload {}", witness.topic, witness.payload);
            let _ = writeln!(out, "    the rule {}", witness.rule);
            let _ = writeln!(out, "    the mutant {}", witness.mutant);
        } else if word == SURVIVED {
            out.push_str("  no message was found that tells them apart: write a case that does\n");
        }
        out
    }

    fn to_json(&self) -> serde_json::Value {
        let payload = self.witness.as_ref().map(|witness| {
            serde_json::from_str::<serde_json::Value>(&witness.payload)
                .unwrap_or_else(|_| json!(witness.payload))
        });
        json!({
            "suite": self.suite,
            "rule": self.rule,
            "kind": self.kind,
            "description": self.description,
            "sql": self.sql,
            "message": self.witness.as_ref().map(|witness| json!({
                "topic": witness.topic,
                "payload": payload,
                "rule": witness.rule,
                "mutant": witness.mutant,
            })),
        })
    }
}

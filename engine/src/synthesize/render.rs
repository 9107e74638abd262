//! Synthesised policies for people and for programs.

use super::{Proof, Synthesis};
use serde_json::{Value, json};
use std::fmt::Write as _;

impl Synthesis {
    /// Text for people: each document, then the proof. Writing to a String cannot fail, so results
    /// of `writeln!` are dropped.
    pub fn to_text(&self) -> String {
        let mut out = format!("least policies of {}\n", self.scenario);
        for class in &self.classes {
            let clients = if class.clients == 1 { "client" } else { "clients" };
            let _ = writeln!(out, "\n{}: {} {clients}", class.class, class.clients);
            for (file, document) in class.files().iter().zip(&class.documents) {
                let _ = writeln!(out, "{file}\n{document:#}");
            }
            for note in &class.notes {
                let _ = writeln!(out, "note: {note}");
            }
        }
        match &self.proof {
            None => out.push_str("\nnot proved: the scenario was not run again\n"),
            Some(proof) => proof.write(&mut out),
        }
        out
    }

    /// One JSON object with `schema_version`.
    pub fn to_json(&self) -> Value {
        json!({
            "schema_version": 1,
            "scenario": self.scenario,
            "classes": self.classes.iter().map(|class| json!({
                "class": class.class,
                "clients": class.clients,
                "files": class.files(),
                "documents": class.documents,
                "notes": class.notes,
            })).collect::<Vec<_>>(),
            "proof": self.proof.as_ref().map(|proof| json!({
                "holds": proof.holds(),
                "messages": proof.messages,
                "compared": proof.compared,
                "differing": proof.differing,
                "denied": proof.denied,
                "foreign_accepted": proof.foreign_accepted,
            })),
        })
    }
}

impl Proof {
    fn write(&self, out: &mut String) {
        if self.foreign_accepted > 0 {
            let _ = writeln!(
                out,
                "\nthe recording accepted {} foreign publishes, which are nobody's doing here: the \
                 proof compares with a run without them",
                self.foreign_accepted
            );
        }
        if self.holds() {
            let _ = writeln!(
                out,
                "\nproved: run again under these policies, nothing was denied to the farm's own \
                 clients, and all {} messages and the tables {} are the same",
                self.messages,
                self.compared.join(", ")
            );
            return;
        }
        let _ = writeln!(out, "\nnot proved: run again under these policies");
        for denied in &self.denied {
            let _ = writeln!(out, "  denied to {denied}");
        }
        for table in &self.differing {
            let _ = writeln!(out, "  the table {table} differs");
        }
    }
}

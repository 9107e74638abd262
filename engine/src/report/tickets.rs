//! Tickets as the run directory keeps them.

use crate::error::EngineError;
use fieldmirror_core::time::Timestamp;
use serde::Deserialize;
use std::path::Path;

/// A ticket.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ticket {
    /// Short name within the report: `T1` was raised first.
    pub(super) label: String,
    pub(super) ticket_id: String,
    pub(super) device: String,
    pub(super) class: String,
    /// Likeliest first.
    pub(super) causes: Vec<Cause>,
    pub(super) onset: Timestamp,
    pub(super) raised_at: Timestamp,
    pub(super) severity: f64,
    pub(super) action: String,
    pub(super) part: Option<String>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) text: String,
}

/// A possible cause.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Cause {
    pub(super) class: String,
    pub(super) probability: f64,
}

/// A fact that a ticket rests on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Evidence {
    pub(super) table: String,
    /// First and last row.
    pub(super) rows: [u64; 2],
    pub(super) column: String,
    pub(super) value: f64,
    pub(super) unit: String,
}

/// A line of `tickets.jsonl`.
#[derive(Deserialize)]
struct Line {
    ticket_id: String,
    device: String,
    class: String,
    causes: Vec<Cause>,
    onset: String,
    raised_at: String,
    severity: f64,
    action: String,
    part: Option<String>,
    evidence: Vec<Evidence>,
    text: String,
}

/// Reads `tickets.jsonl`, in the order of raising.
pub(super) fn read(run: &Path) -> Result<Vec<Ticket>, EngineError> {
    let not_a_run = |why: String| EngineError::NotARun { path: run.to_owned(), why };
    let text = std::fs::read_to_string(run.join("tickets.jsonl"))
        .map_err(|e| not_a_run(format!("tickets.jsonl: {e}")))?;
    parse(&text).map_err(|why| not_a_run(format!("tickets.jsonl: {why}")))
}

fn parse(text: &str) -> Result<Vec<Ticket>, String> {
    let mut tickets = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: String| format!("line {}: {what}", number + 1);
        let line: Line = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
        let time = |text: &str| Timestamp::parse(text).map_err(|e| wrong(e.to_string()));
        tickets.push(Ticket {
            label: String::new(),
            onset: time(&line.onset)?,
            raised_at: time(&line.raised_at)?,
            ticket_id: line.ticket_id,
            device: line.device,
            class: line.class,
            causes: line.causes,
            severity: line.severity,
            action: line.action,
            part: line.part,
            evidence: line.evidence,
            text: line.text,
        });
    }
    tickets.sort_by(|a, b| (a.raised_at, &a.ticket_id).cmp(&(b.raised_at, &b.ticket_id)));
    for (i, ticket) in tickets.iter_mut().enumerate() {
        ticket.label = format!("T{}", i + 1);
    }
    Ok(tickets)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"ticket_id":"a1","device":"farmA-filter","class":"filter_clogging","causes":[{"class":"filter_clogging","probability":0.9}],"onset":"2017-06-29T00:00:00Z","raised_at":"2017-07-01T06:00:00Z","severity":0.4,"action":"clean","part":null,"evidence":[{"table":"residuals","rows":[7,7],"column":"residual","value":-1.5,"unit":"l/s"}],"text":"Clean it."}"#;

    #[test]
    fn tickets_are_labelled_in_the_order_of_raising() {
        let later = LINE.replace("07-01", "07-09").replace("\"a1\"", "\"a0\"");
        let tickets = parse(&format!("{later}\n{LINE}\n")).expect("well-formed");
        let labels: Vec<_> = tickets.iter().map(|t| (&*t.label, &*t.ticket_id)).collect();
        assert_eq!(labels, [("T1", "a1"), ("T2", "a0")]);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let error = parse(&format!("{LINE}\n{{")).expect_err("damaged");
        assert!(error.starts_with("line 2: "), "{error}");
    }
}

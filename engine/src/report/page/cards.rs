//! Tickets as cards.

use super::numbers::{grouped, significant, words};
use crate::report::charts::spoken;
use crate::report::data::Facts;
use crate::report::tickets::Ticket;
use serde::Serialize;

/// What a card shows of a ticket.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Card {
    label: String,
    ticket_id: String,
    device: String,
    class: String,
    onset: String,
    raised: String,
    /// Day of the run on which it was raised, counted from 1.
    day: i64,
    /// In percent.
    severity: String,
    severity_pct: String,
    causes: Vec<Bar>,
    action: String,
    part: Option<String>,
    text: String,
    evidence: Vec<Row>,
}

/// A possible cause.
#[derive(Clone, Debug, Serialize)]
struct Bar {
    name: String,
    percent: String,
    width: String,
}

/// A cited cell.
#[derive(Clone, Debug, Serialize)]
struct Row {
    table: String,
    rows: String,
    column: String,
    value: String,
}

impl Card {
    pub(super) fn of(ticket: &Ticket, facts: &Facts) -> Self {
        Self {
            label: ticket.label.clone(),
            ticket_id: ticket.ticket_id.clone(),
            device: ticket.device.clone(),
            class: words(&ticket.class),
            onset: spoken(ticket.onset),
            raised: spoken(ticket.raised_at),
            day: (ticket.raised_at - facts.start).days().floor() as i64 + 1,
            severity: format!("{:.0} %", 100.0 * ticket.severity),
            severity_pct: format!("{:.1}", (100.0 * ticket.severity).clamp(0.0, 100.0)),
            causes: ticket
                .causes
                .iter()
                // Below half a percent a bar says nothing.
                .filter(|cause| cause.probability >= 0.005)
                .map(|cause| Bar {
                    name: words(&cause.class),
                    percent: format!("{:.0} %", 100.0 * cause.probability),
                    width: format!("{:.1}", (100.0 * cause.probability).clamp(0.0, 100.0)),
                })
                .collect(),
            action: words(&ticket.action),
            part: ticket.part.clone(),
            text: ticket.text.clone(),
            evidence: ticket
                .evidence
                .iter()
                .map(|cell| {
                    let [from, to] = cell.rows;
                    let unit = if cell.unit == "1" { "" } else { cell.unit.as_str() };
                    Row {
                        table: cell.table.clone(),
                        rows: if from == to {
                            grouped(from)
                        } else {
                            format!("{} to {}", grouped(from), grouped(to))
                        },
                        column: cell.column.clone(),
                        value: format!("{} {unit}", significant(cell.value)).trim_end().to_owned(),
                    }
                })
                .collect(),
        }
    }
}

//! Tickets as cards.

use super::numbers::{grouped, significant, words};
use crate::report::charts::spoken;
use crate::report::data::{Cited, CitedRow, Facts};
use crate::report::tickets::{Evidence, Ticket};
use fieldmirror_analytics::finding::Column;
use fieldmirror_tables::Table;
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

/// A cited row with its cells.
#[derive(Clone, Debug, Serialize)]
struct Row {
    /// End of its hour; empty if the row was not found.
    when: String,
    /// Device and metric, or the table.
    subject: String,
    values: String,
    row: String,
}

impl Card {
    pub(super) fn of(ticket: &Ticket, facts: &Facts, cited: &Cited) -> Self {
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
            text: summary(&ticket.text),
            evidence: evidence(ticket, cited),
        }
    }
}

/// The words before the facts: those stand in the evidence below, row by row.
fn summary(text: &str) -> String {
    text.split_once(" Hour to ").map_or(text, |(summary, _)| summary).to_owned()
}

/// Cells of one row on one line.
fn evidence(ticket: &Ticket, cited: &Cited) -> Vec<Row> {
    let same = |a: &Evidence, b: &Evidence| (&a.table, a.rows) == (&b.table, b.rows);
    ticket
        .evidence
        .chunk_by(same)
        .map(|cells| {
            let first = &cells[0];
            let [from, to] = first.rows;
            let row = Some(from).filter(|_| first.table == Table::Residuals.name());
            let row = row.and_then(|row| cited.get(&row));
            // A device's silence is not that of one metric.
            let is_age = first.column == Column::FreshnessS.name();
            let subject = |row: &CitedRow| {
                if is_age { row.device.clone() } else { format!("{} {}", row.device, row.metric) }
            };
            Row {
                when: row.map(|row| spoken(row.time)).unwrap_or_default(),
                subject: row.map_or_else(|| first.table.clone(), subject),
                values: cells.iter().map(cell).collect::<Vec<_>>().join(", "),
                row: if from == to {
                    grouped(from)
                } else {
                    format!("{} to {}", grouped(from), grouped(to))
                },
            }
        })
        .collect()
}

fn cell(cell: &Evidence) -> String {
    let unit = if cell.unit == "1" { "" } else { cell.unit.as_str() };
    // `freshness_s 60 s` says its unit twice.
    let plain = cell.column.strip_suffix(&cell.unit).and_then(|name| name.strip_suffix('_'));
    let name = words(plain.unwrap_or(&cell.column));
    format!("{name} {} {unit}", significant(cell.value)).trim_end().to_owned()
}

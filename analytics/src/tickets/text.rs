//! An event in words and fields. Every number, time and device in a text stands in a cell that the
//! ticket cites.

use super::{Desk, Event, Evidence, Ticket, causes, ticket_id};
use crate::catalogue::Entry;
use crate::fault::FaultClass;
use crate::finding::{Cell, Column};
use std::fmt::Write;

/// What a ticket says of a class that the catalogue does not list.
const UNLISTED: &str = "{device} at {site} needs a look.";

pub(super) fn ticket(event: &Event<'_>, desk: &Desk<'_>) -> Ticket {
    let class = event.class();
    let device = desk.topology.names.name(event.device).to_owned();
    let site = &desk.topology.sites[event.site.index()].name;
    let unlisted = Entry { sentence: UNLISTED.to_owned(), ..Entry::default() };
    let entry = desk.catalogue.entry(class).unwrap_or(&unlisted);
    // Nobody knows what to bring to what nobody knows.
    let part = entry.part.clone().filter(|_| class != FaultClass::Unknown);
    let part = part.map(|part| match &entry.part_number {
        Some(number) => format!("{part} {number}"),
        None => part,
    });
    let mut text = entry
        .sentence
        .replace("{device}", &device)
        .replace("{site}", site)
        .replace("{part}", part.as_deref().unwrap_or("no part listed"));
    describe(&event.cited, desk, &mut text);
    Ticket {
        ticket_id: ticket_id(site, &device, class, event.onset()),
        device,
        class,
        causes: causes(&event.distances),
        onset: event.onset(),
        raised_at: event.raised_at(),
        severity: (event.severity * 1e3).round() / 1e3,
        action: entry.action,
        part,
        evidence: event.cited.iter().map(|cell| evidence(cell, desk)).collect(),
        text,
    }
}

fn evidence(cell: &Cell, desk: &Desk<'_>) -> Evidence {
    let row = (desk.locate)(cell.row);
    Evidence {
        table: "residuals",
        rows: [row, row],
        column: cell.column.name(),
        value: cell.value,
        unit: cell.column.unit(cell.metric),
    }
}

/// Appends one sentence per cited row: its time, device, metric and cells.
fn describe(cells: &[Cell], desk: &Desk<'_>, text: &mut String) {
    let mut before: Option<&Cell> = None;
    for cell in cells {
        let same_row = before.is_some_and(|b| b.row == cell.row);
        let unit = cell.column.unit(cell.metric);
        let unit = if unit == "1" { String::new() } else { format!(" {unit}") };
        let (name, value) = (cell.column.name(), rounded(cell));
        // Writing to a string cannot fail.
        let _ = if same_row {
            write!(text, ", {name} {value}{unit}")
        } else {
            let end = if before.is_some() { "." } else { "" };
            let device = desk.topology.names.name(cell.device);
            let what = match cell.column {
                Column::FreshnessS => String::new(),
                _ => format!(" {}", cell.metric.name()),
            };
            write!(text, "{end} Hour to {}: {device}{what} {name} {value}{unit}", cell.time)
        };
        before = Some(cell);
    }
    if before.is_some() {
        text.push('.');
    }
}

/// Three decimals are more than any channel's quantum.
fn rounded(cell: &Cell) -> f64 {
    (cell.value * 1e3).round() / 1e3
}

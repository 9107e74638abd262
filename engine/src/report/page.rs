//! The page: headline numbers, ticket cards, sections with figures and tables.

mod cards;
pub(super) mod numbers;
mod sections;

use super::charts::{Figure, Key, farm, spoken};
use super::data::RunData;
use crate::error::EngineError;
use cards::Card;
use numbers::{grouped, percent, plural};
use serde::Serialize;

/// What the template shows.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Page {
    title: String,
    subtitle: String,
    tool_version: String,
    /// The numbers to see first.
    headline: Vec<Number>,
    timeline: Option<Figure>,
    tickets_lead: String,
    cards: Vec<Card>,
    sections: Vec<Section>,
}

/// A headline number.
#[derive(Clone, Debug, Serialize)]
struct Number {
    name: &'static str,
    value: String,
    note: String,
}

/// A part of the page.
#[derive(Clone, Debug, Default, Serialize)]
struct Section {
    id: &'static str,
    title: &'static str,
    lead: String,
    /// Of all figures together.
    legend: Vec<Key>,
    figures: Vec<Figure>,
    tables: Vec<Table>,
}

/// A table in words. Cells of the first column are headers of their rows.
#[derive(Clone, Debug, Default, Serialize)]
struct Table {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether all but the first column are numbers.
    numeric: bool,
}

impl Page {
    pub(super) fn of(run: &RunData) -> Result<Self, EngineError> {
        let (facts, summary) = (&run.facts, &run.summary);
        let days = (facts.end - facts.start).days();
        let shown = run.shown();
        // A fleet's faults and tickets do not fit on one chart.
        let has_events = !(run.truth.is_empty() && run.tickets.is_empty());
        let timeline = if facts.farms == 1 && has_events {
            Some(farm::timeline(facts, &run.truth, &run.tickets).figure("timeline")?)
        } else {
            None
        };
        Ok(Self {
            title: summary.scenario.clone(),
            subtitle: format!(
                "{} on {}, {} from {} UTC, seed {}",
                plural(summary.devices, "device", "devices"),
                plural(facts.farms as u64, "farm", "farms"),
                length(days),
                spoken(facts.start),
                summary.seed
            ),
            tool_version: run.manifest.tool_version.clone(),
            headline: headline(run),
            timeline,
            tickets_lead: tickets_lead(run, shown.len()),
            cards: shown.iter().map(|ticket| Card::of(ticket, facts, &run.cited)).collect(),
            sections: sections::of(run)?,
        })
    }
}

/// Days where they are whole, hours otherwise.
fn length(days: f64) -> String {
    if days == days.trunc() {
        plural(days as u64, "day", "days")
    } else {
        plural((days * 24.0).round() as u64, "hour", "hours")
    }
}

fn headline(run: &RunData) -> Vec<Number> {
    let (facts, summary) = (&run.facts, &run.summary);
    let days = (facts.end - facts.start).days();
    let lost: u64 = summary.uplinks_lost.values().sum();
    let reasons: Vec<String> = summary
        .uplinks_lost
        .iter()
        .map(|(reason, count)| format!("{} {}", grouped(*count), reason.replace('_', " ")))
        .collect();
    let zone_days = days * facts.zone_count.max(1) as f64;
    let share = |value: Option<f64>| value.map_or_else(|| "n/a".to_owned(), |v| format!("{v:.2}"));
    let number = |name, value, note| Number { name, value, note };
    vec![
        number(
            "Devices",
            grouped(summary.devices),
            format!(
                "{}, {}",
                plural(facts.farms as u64, "farm", "farms"),
                plural(facts.zone_count as u64, "zone", "zones")
            ),
        ),
        number(
            "Simulated",
            length(days),
            format!("models learned until {}", farm::clean_until(facts)),
        ),
        number(
            "Messages",
            grouped(summary.messages),
            "device publishes that the cloud accepted".to_owned(),
        ),
        number(
            "Uplinks delivered",
            percent(summary.uplinks_delivered, summary.uplinks_sent),
            format!("of {} sent", grouped(summary.uplinks_sent)),
        ),
        number(
            "Uplinks lost",
            grouped(lost),
            if reasons.is_empty() { "none".to_owned() } else { reasons.join(", ") },
        ),
        number(
            "Commands",
            grouped(summary.commands),
            format!("{:.1} a zone and day", summary.commands as f64 / zone_days.max(1e-9)),
        ),
        number(
            "Tickets",
            grouped(summary.tickets),
            plural(summary.faults, "fault in the world", "faults in the world"),
        ),
        number(
            "Precision, recall",
            format!("{}, {}", share(summary.ticket_precision), share(summary.ticket_recall)),
            "of tickets against the truth table".to_owned(),
        ),
    ]
}

fn tickets_lead(run: &RunData, shown: usize) -> String {
    if run.tickets.is_empty() {
        return "No ticket was raised.".to_owned();
    }
    let most = if shown < run.tickets.len() {
        format!(" The {shown} gravest of {} are shown; all are in tickets.md.", run.tickets.len())
    } else {
        String::new()
    };
    format!(
        "A ticket puts together what the detectors found about one event. Its causes, evidence and \
         words rest on messages and the asset register alone; the truth is shown beside them for \
         comparison only.{most}"
    )
}

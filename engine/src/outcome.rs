//! How a run ends: findings and tickets of all shards, and how they compare with the truth.
//!
//! Tickets are raised first, from findings alone. Only then is the truth table written and the
//! comparison made that the summary shows.

use crate::candidates::Candidates;
use crate::error::EngineError;
use crate::record::name_of;
use crate::scenario::Scenario;
use crate::shard::Shard;
use crate::worlds;
use fieldmirror_analytics::catalogue::Catalogue;
use fieldmirror_analytics::evaluation::{Evaluation, TicketRow, TruthRow};
use fieldmirror_analytics::finding::{Cell, Detector, Finding};
use fieldmirror_analytics::model::Model;
use fieldmirror_analytics::tickets::{self, Desk, Ticket};
use fieldmirror_analytics::window::RowRef;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Span;
use fieldmirror_sim::Growth;
use fieldmirror_tables::columns::Columns;
use fieldmirror_tables::columns::findings::{FindingColumns, FindingRow};
use fieldmirror_tables::columns::truth;
use fieldmirror_tables::dictionary::{Dictionaries, Key};
use fieldmirror_tables::{RunTables, Table};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The catalogue of actions and parts that tickets name.
const CATALOGUE: &str = include_str!("../../data/catalogue.toml");

/// What a run found.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) findings: u64,
    pub(crate) faults: u64,
    pub(crate) precision: Option<f64>,
    pub(crate) recall: Option<f64>,
    /// Ids of the faults found, and tickets raised, when only one detector's findings count.
    pub(crate) by_detector: BTreeMap<String, (Vec<String>, u64)>,
}

/// Raises tickets, writes the tables that are written once, and compares.
pub(crate) fn conclude(
    scenario: &Scenario,
    shards: &mut [Shard],
    tables: &mut RunTables,
    model: Option<&Model>,
) -> Result<Outcome, EngineError> {
    let catalogue = Catalogue::parse(CATALOGUE)?;
    let all: Vec<Vec<Finding>> = shards.iter_mut().map(|s| s.learning().finish()).collect();
    let raise = |keep: &dyn Fn(&Finding) -> bool| -> Result<Vec<Ticket>, EngineError> {
        let mut raised = Vec::new();
        let Some(model) = model else { return Ok(raised) };
        for (index, (shard, findings)) in shards.iter().zip(&all).enumerate() {
            let kept: Vec<Finding> = findings.iter().filter(|f| keep(f)).cloned().collect();
            let desk = Desk {
                topology: shard.topology(),
                prototypes: model.prototypes(),
                catalogue: &catalogue,
                candidates: &Candidates::new(shard.register())?,
                locate: &|row| locate(tables, index, row),
            };
            raised.extend(tickets::raise(&kept, &desk));
        }
        raised.sort_by(|a, b| {
            a.raised_at.cmp(&b.raised_at).then_with(|| a.ticket_id.cmp(&b.ticket_id))
        });
        Ok(raised)
    };
    let tickets = raise(&|_| true)?;
    let mut alone = BTreeMap::new();
    for detector in Detector::ALL {
        alone.insert(detector.name().to_owned(), raise(&|f| f.detector == detector)?);
    }
    let findings = write_findings(shards, &all, tables)?;

    let truth = write_truth(scenario, shards, tables)?;
    let compare = |tickets: &[Ticket]| Evaluation::of(&ticket_rows(tickets), &truth);
    let evaluation = compare(&tickets);
    let by_detector = alone.into_iter().map(|(name, tickets)| {
        let rows = ticket_rows(&tickets);
        let is_found =
            |fault: &&TruthRow| Evaluation::of(&rows, std::slice::from_ref(*fault)).found == 1;
        let found = truth.iter().filter(is_found).map(|fault| fault.fault_id.clone()).collect();
        (name, (found, tickets.len() as u64))
    });
    Ok(Outcome {
        by_detector: by_detector.collect(),
        findings,
        faults: truth.len() as u64,
        precision: (!tickets.is_empty()).then(|| evaluation.precision()),
        recall: (!truth.is_empty()).then(|| evaluation.recall()),
        tickets,
    })
}

/// The row of the residuals file that a shard's row has become. All groups are appended by now, so
/// every row has its place.
fn locate(tables: &RunTables, shard: usize, row: RowRef) -> u64 {
    let RowRef { group, row } = row;
    let row = fieldmirror_tables::RowRef { shard: shard as u16, group, row };
    tables.resolve(Table::Residuals, row).unwrap_or(u64::MAX)
}

fn ticket_rows(tickets: &[Ticket]) -> Vec<TicketRow> {
    tickets
        .iter()
        .map(|ticket| TicketRow {
            device: ticket.device.clone(),
            class: ticket.class.name().to_owned(),
            raised_at: ticket.raised_at,
        })
        .collect()
}

fn write_findings(
    shards: &[Shard],
    all: &[Vec<Finding>],
    tables: &mut RunTables,
) -> Result<u64, EngineError> {
    let mut order: Vec<(usize, &Register, &Finding)> = Vec::new();
    for (index, (shard, findings)) in shards.iter().zip(all).enumerate() {
        order.extend(findings.iter().map(|finding| (index, shard.register().as_ref(), finding)));
    }
    order.sort_by_key(|(index, _, f)| (f.raised_at, *index, f.device, f.detector));
    let mut words = Dictionaries::standard();
    let mut columns = FindingColumns::default();
    for (number, (shard, register, finding)) in order.iter().enumerate() {
        let asset = &register.assets[finding.device.index()];
        let site = &register.sites[asset.site.index()].name;
        let zone = asset.zone.map(|zone| register.zones[zone.index()].name.as_str());
        let top = finding.contributions.first();
        let shares: BTreeMap<&str, f32> =
            finding.contributions.iter().map(|(metric, share)| (metric.name(), *share)).collect();
        // The cell of the channel that contributed most, if one was kept.
        let of_top = |cell: &&Cell| top.is_some_and(|(metric, _)| cell.metric == *metric);
        let cell = finding.evidence.iter().find(of_top).or(finding.evidence.first());
        let row = cell.map_or(u64::MAX, |cell| locate(tables, *shard, cell.row));
        columns.push(&FindingRow {
            finding_id: &format!("f{:06}", number + 1),
            time: finding.raised_at,
            onset: finding.onset,
            end: finding.end,
            device: words.devices.intern(name_of(register, finding.device)),
            class: Key::of_class(finding.class),
            site: words.sites.intern(site),
            zone: zone.map(|zone| words.zones.intern(zone)),
            detector: words.detectors.intern(finding.detector.name()),
            score: f64::from(finding.score),
            metric: top.map(|(metric, _)| Key::of_metric(*metric)),
            contribution: top.map(|(_, share)| f64::from(*share)),
            // Infallible: string keys and finite numbers.
            contributions: &serde_json::to_string(&shares).unwrap_or_default(),
            evidence_table: Table::Residuals.name(),
            evidence_from: row,
            evidence_to: row,
            evidence_column: cell.map_or("", |cell| cell.column.name()),
            evidence_value: cell.map(|cell| cell.value),
            evidence_unit: cell.map_or("", |cell| cell.column.unit(cell.metric)),
        });
    }
    let rows = columns.len() as u64;
    tables.write_small(Table::Findings, &columns.take(&mut words)?)?;
    Ok(rows)
}

fn write_truth(
    scenario: &Scenario,
    shards: &[Shard],
    tables: &mut RunTables,
) -> Result<Vec<TruthRow>, EngineError> {
    let mut all = Vec::new();
    for shard in shards {
        for fault in shard.truth() {
            let device = name_of(shard.register(), fault.device).to_owned();
            let wait = match worlds::growth(scenario, &fault.fault_id) {
                Growth::Step => Span::from_days(1),
                growth @ (Growth::Linear(span) | Growth::Exponential(span)) => half(growth, span),
            };
            all.push((
                fault.severity,
                TruthRow {
                    fault_id: fault.fault_id,
                    class: fault.class.name().to_owned(),
                    device,
                    onset: fault.onset,
                    end: fault.end,
                    deadline: fault.onset + wait,
                },
            ));
        }
    }
    // A fault that begins after the end of a shortened run never happened.
    all.retain(|(_, fault)| fault.onset < scenario.end());
    all.sort_by(|(_, a), (_, b)| a.onset.cmp(&b.onset).then_with(|| a.fault_id.cmp(&b.fault_id)));
    let mut words = Dictionaries::standard();
    let mut columns = truth::TruthColumns::default();
    for (severity, fault) in &all {
        columns.push(&truth::TruthRow {
            fault_id: &fault.fault_id,
            class: words.classes.intern(&fault.class),
            device: words.devices.intern(&fault.device),
            onset: fault.onset,
            end: fault.end,
            severity: *severity,
        });
    }
    tables.write_small(Table::Truth, &columns.take(&mut words)?)?;
    Ok(all.into_iter().map(|(_, fault)| fault).collect())
}

/// How long a growing fault takes to half of its largest severity.
fn half(growth: Growth, span: Span) -> Span {
    let (mut low, mut high) = (0, span.nanos());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if growth.part(Span::from_nanos(middle)) < 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Span::from_nanos(high)
}

impl Outcome {
    /// `tickets.jsonl`: one ticket a line.
    pub(crate) fn tickets_jsonl(&self) -> String {
        self.tickets.iter().fold(String::new(), |mut text, ticket| {
            // Infallible: string keys and finite numbers.
            text.push_str(&serde_json::to_string(ticket).unwrap_or_default());
            text.push('\n');
            text
        })
    }

    /// `tickets.md`: the same for people.
    pub(crate) fn tickets_markdown(&self, scenario: &Scenario) -> String {
        let (name, seed) = (&scenario.text.name, scenario.text.seed);
        let mut text = format!("# Maintenance tickets of {name}, seed {seed}\n");
        if self.tickets.is_empty() {
            text.push_str("\nNone: no lasting deviation was found.\n");
        }
        for ticket in &self.tickets {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\n## {}: {} on {}\n\n{}\n\n- raised {}, since {}\n- severity {:.2}\n",
                ticket.ticket_id,
                ticket.class.name(),
                ticket.device,
                ticket.text,
                ticket.raised_at,
                ticket.onset,
                ticket.severity,
            );
            let part = ticket.part.as_deref().unwrap_or("none");
            let _ = writeln!(text, "- action: {}, part: {part}", ticket.action.name());
            let causes: Vec<String> = ticket
                .causes
                .iter()
                .map(|cause| format!("{} {:.0} %", cause.class.name(), 100.0 * cause.probability))
                .collect();
            let _ = writeln!(text, "- causes: {}\n\nEvidence:\n", causes.join(", "));
            for fact in &ticket.evidence {
                let [from, to] = fact.rows;
                let _ = writeln!(
                    text,
                    "- {} row {from}{}: {} = {} {}",
                    fact.table,
                    if to == from { String::new() } else { format!(" to {to}") },
                    fact.column,
                    fact.value,
                    fact.unit
                );
            }
        }
        text
    }
}

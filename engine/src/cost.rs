//! `cost`: the bill of a recorded run.
//!
//! ```text
//! messages      publishes in, deliveries out, rules evaluated   (topic and payload in 5 KB steps)
//! rule_matches  whose message an action belongs to
//! actions       actions                                         (what they were given)
//! shadows       shadow operations                               (the record that they leave, 1 KB)
//! scenario      who connects, who subscribes, what each rule's FROM is
//!                                          -> Usage -> cloud::bill -> Bill
//! ```
//!
//! Tables are read once each, narrow and batch by batch. What is kept in memory grows with devices
//! and topics, not with rows.

mod shadow_sizes;
mod tally;

use crate::error::EngineError;
use crate::recorded::{Matches, Pairing, Recorded, is_failure};
use fieldmirror_cloud::bill::{Item, Prices, Usage, units};
use fieldmirror_core::limits::PAYLOAD_BYTES_MAX;
use fieldmirror_tables::Table;
use fieldmirror_tables::dictionary::{Dictionary, Key};
use fieldmirror_tables::read::{self, TableReader};
use shadow_sizes::ShadowSize;
use std::path::{Path, PathBuf};
use tally::{Row, Tally};

pub use fieldmirror_cloud::bill::{Bill, Grouping, Scale};

/// What is asked of a bill.
#[derive(Clone, Debug, Default)]
pub struct CostOptions {
    /// A price list instead of the built-in one.
    pub prices: Option<PathBuf>,
    /// How lines are put together.
    pub by: Grouping,
    /// A fleet and a time to scale to.
    pub scale_to: Option<Scale>,
}

/// The bill of the run in the directory `run`.
///
/// # Errors
/// [`EngineError::NotARun`], [`EngineError::Scenario`] and [`EngineError::Tables`] if the directory
/// does not hold a finished run, [`EngineError::Read`] and [`EngineError::Prices`] for the price
/// list.
pub fn cost(run: &Path, options: &CostOptions) -> Result<Bill, EngineError> {
    let prices = read_prices(options.prices.as_deref())?;
    let usage = usage(run, &prices, options.by)?;
    Ok(usage.bill(&prices, options.by, options.scale_to))
}

pub(crate) fn read_prices(path: Option<&Path>) -> Result<Prices, EngineError> {
    let built_in = Path::new("data/prices.toml");
    let bad = |path: &Path, error: fieldmirror_cloud::error::CloudError| EngineError::Prices {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let Some(path) = path else { return Prices::built_in().map_err(|e| bad(built_in, e)) };
    let text = std::fs::read_to_string(path).map_err(|source| EngineError::Read {
        path: path.to_owned(),
        source,
        hint: "pass a price list like data/prices.toml, or leave --prices out".to_owned(),
    })?;
    Prices::parse(&text).map_err(|error| bad(path, error))
}

/// What a run used.
///
/// # Errors
/// As [`cost`].
fn usage(run: &Path, prices: &Prices, by: Grouping) -> Result<Usage, EngineError> {
    let recorded = Recorded::open(run)?;
    let mut tally = Tally::new(&recorded, prices, by);
    messages(run, &mut tally)?;
    actions(run, &recorded, prices, &mut tally)?;
    shadows(run, prices, &mut tally)?;
    Ok(tally.finish())
}

fn messages(run: &Path, tally: &mut Tally<'_>) -> Result<(), EngineError> {
    let columns = ["time", "topic", "principal", "payload", "source"];
    let reader = TableReader::open_table(run, Table::Messages)?.project(&columns)?;
    let (mut topics, mut principals) = (Dictionary::default(), Dictionary::default());
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let topic = read::keys(&batch, "topic", &mut topics)?;
        let principal = read::keys(&batch, "principal", &mut principals)?;
        let payload = read::texts(&batch, "payload")?;
        let source = read::texts(&batch, "source")?;
        for i in 0..topic.len() {
            tally.message(
                &Row {
                    time: times[i],
                    topic: topic[i],
                    principal: principal[i],
                    payload: payload[i].unwrap_or_default(),
                    source: source[i].unwrap_or_default(),
                },
                &topics,
                &principals,
            );
        }
    }
    Ok(())
}

fn actions(
    run: &Path,
    recorded: &Recorded,
    prices: &Prices,
    tally: &mut Tally<'_>,
) -> Result<(), EngineError> {
    let columns = ["rule", "body", "outcome"];
    let reader = TableReader::open_table(run, Table::Actions)?.project(&columns)?;
    let mut pairing = Pairing::open(run)?;
    let mut rules = Dictionary::default();
    for batch in reader.batches() {
        let batch = batch?;
        let rule = read::keys(&batch, "rule", &mut rules)?;
        let body = read::texts(&batch, "body")?;
        let outcome = read::texts(&batch, "outcome")?;
        for i in 0..rule.len() {
            let name = rules.word(Key::new(rule[i] as u32)).unwrap_or_default();
            let number = recorded.rule_number(name).ok_or_else(|| EngineError::NotARun {
                path: run.to_owned(),
                why: format!("actions names the rule `{name}`, which its scenario has not"),
            })?;
            let outcome = outcome[i].unwrap_or_default();
            let owner = pairing.owner(recorded, number, is_failure(outcome))?;
            let bytes = body[i].unwrap_or_default().len() as u64;
            // What the hop limit cut was never done; the limit is ours and not the service's.
            if outcome != "hop_limit" {
                let matches: &Matches = &pairing.matches;
                let principal = owner.and_then(|owner| matches.principal(owner));
                tally.action(number, units(bytes, prices.message_step_bytes), principal);
            }
        }
    }
    Ok(())
}

fn shadows(run: &Path, prices: &Prices, tally: &mut Tally<'_>) -> Result<(), EngineError> {
    let columns = ["thing", "desired", "reported"];
    let reader = TableReader::open_table(run, Table::Shadows)?.project(&columns)?;
    let mut things = Dictionary::default();
    let mut sizes: Vec<ShadowSize> = Vec::new();
    for batch in reader.batches() {
        let batch = batch?;
        let thing = read::keys(&batch, "thing", &mut things)?;
        let desired = read::texts(&batch, "desired")?;
        let reported = read::texts(&batch, "reported")?;
        sizes.resize_with(things.len(), ShadowSize::default);
        for i in 0..thing.len() {
            let size = &mut sizes[thing[i] as usize];
            size.merge(desired[i], reported[i]);
            let units = units(size.bytes(), prices.operation_step_bytes);
            let name = things.word(Key::new(thing[i] as u32)).unwrap_or_default();
            tally.own(name, Item::Shadows, units);
        }
    }
    Ok(())
}

/// The most that a service can be given at once; a longer payload is not in a table.
const _: () = assert!(PAYLOAD_BYTES_MAX <= u32::MAX as usize, "lengths fit the sizes kept");

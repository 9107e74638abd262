//! What rules did, as recorded: matches and actions of the traced messages.

use super::Traced;
use crate::error::EngineError;
use crate::recorded::{Pairing, Recorded, is_failure};
use fieldmirror_core::time::Timestamp;
use fieldmirror_tables::Table;
use fieldmirror_tables::read::{self, TableReader};
use std::collections::BTreeMap;
use std::path::Path;

/// An action that a rule took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Row of the `actions` table, from 0.
    pub row: u64,
    /// The kind of action.
    pub kind: String,
    /// What it acted on.
    pub target: String,
    /// What it was given.
    pub body: String,
    /// How it ended.
    pub outcome: String,
}

/// A recorded match: which rule of which message.
struct Matched {
    row: u64,
    rule: String,
    topic: String,
    principal: String,
}

/// Puts what was recorded beside each verdict.
pub(super) fn attach(
    run: &Path,
    recorded: &Recorded,
    messages: &mut [Traced],
) -> Result<(), EngineError> {
    let Some(time) = messages.first().map(|traced| traced.message.time) else { return Ok(()) };
    let matches = matches_at(run, time)?;
    let mut owners: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for at in 0..messages.len() {
        // Messages with one key at one instant are told apart by their order.
        let is_same = |other: &Traced| {
            let (a, b) = (&other.message, &messages[at].message);
            a.topic == b.topic && a.principal == b.principal
        };
        let alike = messages.iter().filter(|other| is_same(other)).count();
        let before = messages[..at].iter().filter(|other| is_same(other)).count();
        let message = messages[at].message.clone();
        for (number, verdict) in messages[at].rules.iter_mut().enumerate() {
            let rows: Vec<u64> = matches
                .iter()
                .filter(|m| {
                    m.rule == verdict.rule
                        && m.topic == message.topic
                        && m.principal == message.principal
                })
                .map(|m| m.row)
                .collect();
            verdict.recorded = match rows.len() {
                0 => Some(false),
                count if count == alike => Some(true),
                _ => None,
            };
            if verdict.recorded == Some(true) {
                owners.insert(rows[before], (at, number));
            }
        }
    }
    for (owner, done) in actions_of(run, recorded, time, &owners)? {
        messages[owner.0].rules[owner.1].actions.push(done);
    }
    Ok(())
}

fn matches_at(run: &Path, time: Timestamp) -> Result<Vec<Matched>, EngineError> {
    let reader = TableReader::open_table(run, Table::RuleMatches)?;
    let (mut found, mut row) = (Vec::new(), 0);
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        if times.contains(&time.nanos()) {
            let text = |column: &str| read::texts(&batch, column);
            let (rules, topics) = (text("rule")?, text("topic")?);
            let principals = text("principal")?;
            let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
            for i in (0..times.len()).filter(|&i| times[i] == time.nanos()) {
                found.push(Matched {
                    row: row + i as u64,
                    rule: own(rules[i]),
                    topic: own(topics[i]),
                    principal: own(principals[i]),
                });
            }
        }
        row += times.len() as u64;
    }
    Ok(found)
}

type Owned = ((usize, usize), Done);

/// The actions at `time` of the matches in `owners`.
fn actions_of(
    run: &Path,
    recorded: &Recorded,
    time: Timestamp,
    owners: &BTreeMap<u64, (usize, usize)>,
) -> Result<Vec<Owned>, EngineError> {
    let mut found = Vec::new();
    if owners.is_empty() {
        return Ok(found);
    }
    let reader = TableReader::open_table(run, Table::Actions)?;
    let mut pairing = Pairing::open(run)?;
    let mut row = 0;
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let text = |column: &str| read::texts(&batch, column);
        let (rules, outcomes) = (text("rule")?, text("outcome")?);
        let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
        for i in 0..times.len() {
            let (name, outcome) = (rules[i].unwrap_or_default(), outcomes[i].unwrap_or_default());
            let Some(number) = recorded.rule_number(name) else { continue };
            let owner = pairing.owner(recorded, number, is_failure(outcome))?;
            let place = owner.and_then(|owner| owners.get(&owner.row));
            if let Some(&place) = place.filter(|_| times[i] == time.nanos()) {
                let done = Done {
                    row: row + i as u64,
                    kind: own(text("kind")?[i]),
                    target: own(text("target")?[i]),
                    body: own(text("body")?[i]),
                    outcome: outcome.to_owned(),
                };
                found.push((place, done));
            }
        }
        row += times.len() as u64;
    }
    Ok(found)
}

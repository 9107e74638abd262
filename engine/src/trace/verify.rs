//! Every message of a run against every rule: does a trace say what the run recorded?

use super::shadow::Services;
use crate::error::EngineError;
use crate::recorded::{Matches, Recorded};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Context;
use fieldmirror_tables::Table;
use fieldmirror_tables::dictionary::{Dictionary, Key};
use fieldmirror_tables::read::{self, TableReader};
use std::path::Path;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Messages read.
    pub messages: u64,
    /// Evaluations: each message by each rule whose FROM it matches.
    pub evaluations: u64,
    /// Evaluations that fired.
    pub fired: u64,
    /// The first place where recording and recomputation differ.
    pub disagreement: Option<Disagreement>,
}

/// Where recording and recomputation differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// Row of `messages`, from 0; the number of messages if matches are left over.
    pub message: u64,
    /// The rule that fires, if one does.
    pub computed: Option<String>,
    /// Row of `rule_matches` that stands at this place, and its rule.
    pub recorded: Option<(u64, String)>,
}

/// Evaluates every rule over every message of the run in the directory `run`, and holds the matches
/// against `rule_matches`, row by row: the core writes a message and then its matches in the order
/// of rules, so both tables go in step.
///
/// # Errors
/// As [`super::trace`].
pub fn verify(run: &Path) -> Result<Verified, EngineError> {
    let recorded = Recorded::open(run)?;
    let mut matches = Matches::open(run)?;
    let reader = TableReader::open_table(run, Table::Messages)?;
    let (mut topics, mut heard) = (Dictionary::default(), Vec::new());
    let mut found = Verified::default();
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let keys = read::keys(&batch, "topic", &mut topics)?;
        let text = |column: &str| read::texts(&batch, column);
        let (principals, payloads) = (text("principal")?, text("payload")?);
        let sources = text("source")?;
        while heard.len() < topics.len() {
            let topic = topics.word(Key::new(heard.len() as u32)).unwrap_or_default();
            let (rules, topic) = recorded.heard(topic);
            heard.push((rules, topic.to_owned()));
        }
        for i in 0..times.len() {
            let (rules, topic) = &heard[keys[i] as usize];
            let time = Timestamp::from_nanos(times[i]);
            let client = principals[i].filter(|_| matches!(sources[i], Some("device" | "app")));
            let services = Services::new(run, &recorded, time);
            let context = Context {
                client_id: client,
                principal: client,
                functions: Some(&services),
                ..Context::new(topic, time)
            };
            for &number in rules {
                let rule = &recorded.rules[usize::from(number)];
                let payload = payloads[i].unwrap_or_default().as_bytes();
                found.evaluations += 1;
                if !matches!(rule.rule.evaluate_bytes(payload, &context), Ok(Some(_))) {
                    continue;
                }
                let next = matches.next(&recorded)?;
                let same = next.is_some_and(|next| {
                    next.rule == number && matches.principal(next) == principals[i]
                });
                if !same {
                    let of = |number: u16| recorded.rules[usize::from(number)].name.clone();
                    found.disagreement = Some(Disagreement {
                        message: found.messages,
                        computed: Some(rule.name.clone()),
                        recorded: next.map(|next| (next.row, of(next.rule))),
                    });
                    return Ok(found);
                }
                found.fired += 1;
            }
            found.messages += 1;
        }
    }
    if let Some(left) = matches.next(&recorded)? {
        let name = recorded.rules[usize::from(left.rule)].name.clone();
        let (message, recorded) = (found.messages, Some((left.row, name)));
        found.disagreement = Some(Disagreement { message, computed: None, recorded });
    }
    Ok(found)
}

//! Rules over recorded telemetry: how often each would have fired, on which devices, on which days,
//! and what another version of the rules would have done otherwise.
//!
//! ```text
//! run directory   its messages: topic and payload as they were
//! Parquet         a row is a message: columns are the payload's keys, or `topic` and `payload`
//!   -> row groups, each on any thread -> tallies, merged in order
//! ```
//!
//! A WHERE that columns can answer is evaluated over columns
//! ([`fieldmirror_rules::columns`]), any other row by row; both give the same answer, so a result
//! says which way was taken but never depends on it.
//!
//! What it does not do: no action runs, nothing is published, and external functions fail.

mod bill;
mod group;
mod render;
mod source;
mod tally;

pub use bill::RulesBill;
pub use tally::{Difference, Example, RuleTally, Side};

use crate::error::EngineError;
use fieldmirror_rules::rule::Rule;
use source::Source;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tally::Tally;

/// A rule to be tried.
#[derive(Clone, Debug)]
pub struct BacktestRule {
    /// Its name: rules of the two versions with the same name are compared.
    pub name: String,
    /// Its SQL.
    pub rule: Rule,
    /// What it would do, a word or two an action, such as `lambda irrigate`.
    pub actions: Vec<String>,
}

/// How rows become messages.
#[derive(Clone, Debug)]
pub struct BacktestOptions {
    /// The topic of each row: the name of a column of topics, or a text in which `${column}` stands
    /// for a row's value. By default the column `topic`; without one FROM is not checked.
    pub topic: Option<String>,
    /// The column that names the device; by default the first of the usual names.
    pub device: Option<String>,
    /// The column of the time; by default the first of the usual names.
    pub time: Option<String>,
    /// Threads. The result does not depend on it.
    pub threads: usize,
    /// Evaluates every rule row by row, to check what columns answer.
    pub by_rows: bool,
    /// A price list instead of the built-in one.
    pub prices: Option<PathBuf>,
    /// Most examples kept of each kind of difference.
    pub examples: usize,
}

impl Default for BacktestOptions {
    fn default() -> Self {
        Self {
            topic: None,
            device: None,
            time: None,
            threads: 1,
            by_rows: false,
            prices: None,
            examples: 5,
        }
    }
}

/// What the rules would have done.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// What was read.
    pub source: String,
    /// Rows: messages.
    pub rows: u64,
    /// What a reader of the figures must know, such as that FROM was not checked.
    pub notes: Vec<String>,
    /// The rules, in their order.
    pub rules: Vec<RuleTally>,
    /// What the rules engine would have charged for them; connections and messages are billed
    /// whatever the rules are.
    pub bill: RulesBill,
    /// The same for the other version.
    pub bill_against: Option<RulesBill>,
    /// What the other version does differently, by rule; `None` if there is no other.
    pub differences: Option<Vec<Difference>>,
}

/// Tries `rules` over the run directory or Parquet at `input`, and `against` beside them.
///
/// # Errors
/// [`EngineError::Tables`] if the input cannot be read, [`EngineError::Backtest`] if the options do
/// not fit its columns.
pub fn backtest(
    rules: &[BacktestRule],
    against: Option<&[BacktestRule]>,
    input: &Path,
    options: &BacktestOptions,
) -> Result<Backtest, EngineError> {
    let prices = crate::cost::read_prices(options.prices.as_deref())?;
    let source = Source::open(input, options)?;
    source.check(rules.iter().chain(against.unwrap_or_default()))?;
    let plan = group::Plan::new(&source, rules, against, options);
    let tally = run(&plan, &source, options.threads)?;
    let notes = plan.notes(&source);
    let (mut rules, differences) = tally.finish(&plan);
    let others = rules.split_off(plan.tried);
    Ok(Backtest {
        bill: RulesBill::new(&rules, &prices),
        bill_against: against.is_some().then(|| RulesBill::new(&others, &prices)),
        source: input.display().to_string(),
        rows: source.scan.rows(),
        notes,
        rules,
        differences: against.is_some().then_some(differences),
    })
}

/// Tallies all row groups on some threads and merges them in order.
fn run(plan: &group::Plan<'_>, source: &Source, threads: usize) -> Result<Tally, EngineError> {
    let groups = source.scan.groups();
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Tally, EngineError>)>> = Mutex::new(Vec::new());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(group) = groups.get(at) else { break };
            let result = group::tally(plan, source, *group);
            let failed = result.is_err();
            // A poisoned list means that another thread panicked, which ends the scope anyway.
            if let Ok(mut done) = done.lock() {
                done.push((at, result));
            }
            if failed {
                next.store(groups.len(), Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.clamp(1, groups.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    let mut total = Tally::new(plan);
    for (_, tally) in done {
        total.merge(tally?, plan);
    }
    Ok(total)
}

#[cfg(test)]
mod tests;

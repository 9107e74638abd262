//! Counts of a backtest: by row group first, then of all of it.

use super::group::Plan;
use std::collections::BTreeMap;

/// How often a rule would have fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTally {
    /// The rule.
    pub name: String,
    /// Whether WHERE was evaluated over columns, and not row by row.
    pub by_columns: bool,
    /// Messages whose topic FROM matches: evaluations that AWS bills.
    pub evaluated: u64,
    /// Bytes of these messages in steps of 5 KiB, where payloads are known.
    pub evaluated_steps: u64,
    /// Messages for which WHERE is true.
    pub fired: u64,
    /// Evaluations that failed, which run no action.
    pub failed: u64,
    /// Why the first of them failed.
    pub first_failure: Option<String>,
    /// How often it fired, by device.
    pub devices: BTreeMap<String, u64>,
    /// How often it fired, by day in days since 1970 (UTC).
    pub days: BTreeMap<i64, u64>,
    /// Actions that one firing takes.
    pub actions: Vec<String>,
}

/// Which version a message or rule belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Only the rules that are tried do it.
    Rules,
    /// Only the rules that they are compared with do it.
    Against,
    /// Both do it, with different outputs.
    Output,
}

/// A message that the two versions treat differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Who acts, or that both do with different outputs.
    pub side: Side,
    /// The device, if it is known.
    pub device: Option<String>,
    /// Milliseconds since 1970, if they are known.
    pub time_ms: Option<i64>,
    /// The payload as JSON.
    pub payload: String,
    /// What the tried rule hands to its actions, as JSON; nothing if it does not fire.
    pub output: Option<String>,
    /// What the other one hands to its actions.
    pub against: Option<String>,
}

/// How a rule and its namesake of the other version differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The rule's name.
    pub name: String,
    /// In which version it is: `Output` stands for both.
    pub present: Side,
    /// Messages for which only the tried version fires.
    pub only_rules: u64,
    /// Messages for which only the other one fires.
    pub only_against: u64,
    /// Messages for which both fire.
    pub both: u64,
    /// Of these, those whose outputs differ.
    pub outputs: u64,
    /// The actions of the tried version.
    pub actions: Vec<String>,
    /// The actions of the other one.
    pub actions_against: Vec<String>,
    /// The first messages that are treated differently, of each kind.
    pub examples: Vec<Example>,
}

/// Counts of one rule in a part of the recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) evaluated: u64,
    pub(super) evaluated_steps: u64,
    pub(super) fired: u64,
    pub(super) failed: u64,
    pub(super) first_failure: Option<String>,
    pub(super) devices: BTreeMap<String, u64>,
    pub(super) days: BTreeMap<i64, u64>,
}

/// Counts of one pair of namesakes.
#[derive(Clone, Debug, Default)]
pub(super) struct PairCounts {
    pub(super) only_rules: u64,
    pub(super) only_against: u64,
    pub(super) both: u64,
    pub(super) outputs: u64,
    pub(super) examples: Vec<Example>,
}

/// Counts of a part of the recording.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// By rule: the tried ones, then the others.
    pub(super) rules: Vec<Counts>,
    /// By pair of [`Plan::pairs`].
    pub(super) pairs: Vec<PairCounts>,
}

impl Tally {
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        Self {
            rules: vec![Counts::default(); plan.rules.len()],
            pairs: vec![PairCounts::default(); plan.pairs.len()],
        }
    }

    /// Adds the counts of the part that comes next.
    pub(super) fn merge(&mut self, next: Self, plan: &Plan<'_>) {
        for (sum, part) in self.rules.iter_mut().zip(next.rules) {
            sum.evaluated += part.evaluated;
            sum.evaluated_steps += part.evaluated_steps;
            sum.fired += part.fired;
            sum.failed += part.failed;
            sum.first_failure = sum.first_failure.take().or(part.first_failure);
            for (device, count) in part.devices {
                *sum.devices.entry(device).or_default() += count;
            }
            for (day, count) in part.days {
                *sum.days.entry(day).or_default() += count;
            }
        }
        for (sum, part) in self.pairs.iter_mut().zip(next.pairs) {
            sum.only_rules += part.only_rules;
            sum.only_against += part.only_against;
            sum.both += part.both;
            sum.outputs += part.outputs;
            for example in part.examples {
                sum.keep(example, plan.examples);
            }
        }
    }

    /// The results, named: the rules that were tried, then those that they are compared with.
    pub(super) fn finish(self, plan: &Plan<'_>) -> (Vec<RuleTally>, Vec<Difference>) {
        let tried = self.rules.into_iter().zip(&plan.rules);
        let rules = tried.map(|(counts, planned)| RuleTally {
            name: planned.rule.name.clone(),
            by_columns: planned.filter.is_some(),
            evaluated: counts.evaluated,
            evaluated_steps: counts.evaluated_steps,
            fired: counts.fired,
            failed: counts.failed,
            first_failure: counts.first_failure,
            devices: counts.devices,
            days: counts.days,
            actions: planned.rule.actions.clone(),
        });
        let pairs = self.pairs.into_iter().zip(&plan.pairs);
        let differences = pairs.map(|(counts, pair)| {
            let actions = |at: Option<usize>| {
                at.map(|at| plan.rules[at].rule.actions.clone()).unwrap_or_default()
            };
            Difference {
                name: pair.name.clone(),
                present: match (pair.tried, pair.other) {
                    (Some(_), None) => Side::Rules,
                    (None, _) => Side::Against,
                    (Some(_), Some(_)) => Side::Output,
                },
                only_rules: counts.only_rules,
                only_against: counts.only_against,
                both: counts.both,
                outputs: counts.outputs,
                actions: actions(pair.tried),
                actions_against: actions(pair.other),
                examples: counts.examples,
            }
        });
        (rules.collect(), differences.collect())
    }
}

impl RuleTally {
    /// Actions that it would have taken.
    pub fn actions_taken(&self) -> u64 {
        self.fired * self.actions.len() as u64
    }
}

impl PairCounts {
    /// Keeps an example, unless there are enough of its kind.
    pub(super) fn keep(&mut self, example: Example, most: usize) {
        if self.wants(example.side, most) {
            self.examples.push(example);
        }
    }

    /// Whether there is room for another example of this kind.
    pub(super) fn wants(&self, side: Side, most: usize) -> bool {
        self.examples.iter().filter(|kept| kept.side == side).count() < most
    }
}

impl Side {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Against => "against",
            Self::Output => "output",
        }
    }
}

//! What is counted for each rule.
//!
//! # Source
//! AWS IoT Core developer guide, "AWS IoT metrics and dimensions", rule metrics.

use crate::actions::{Action, LoadedRule};
use crate::outputs::Outcome;
use std::collections::BTreeMap;

/// Counts of one rule while it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    pub(crate) topic_match: u64,
    pub(crate) executed: u64,
    pub(crate) parse_errors: u64,
    pub(crate) sql_failures: u64,
    pub(crate) not_found: u64,
    /// Successes and failures of each action.
    actions: Vec<[u64; 2]>,
    error_action: [u64; 2],
}

/// The metrics of one rule, under the names of the service's metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleMetrics {
    /// `TopicMatch`: messages on a topic that its FROM hears.
    pub topic_match: u64,
    /// `RulesExecuted`: how often its statement ran, after Basic Ingest too.
    pub rules_executed: u64,
    /// `ParseError`: messages that were no JSON where the statement reads JSON.
    pub parse_error: u64,
    /// `RuleMessageThrottled`; nothing is throttled here, so it is 0.
    pub rule_message_throttled: u64,
    /// `RuleNotFound`: Basic Ingest while it was disabled.
    pub rule_not_found: u64,
    /// Statements that a service which they asked made fail; no action ran.
    pub sql_failures: u64,
    /// `Success` and `Failure` by kind of action.
    pub actions: BTreeMap<String, ActionMetrics>,
    /// `ErrorActionSuccess`.
    pub error_action_success: u64,
    /// `ErrorActionFailure`.
    pub error_action_failure: u64,
}

/// How the actions of one kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ActionMetrics {
    /// `Success`.
    pub success: u64,
    /// `Failure`.
    pub failure: u64,
}

impl Meter {
    pub(crate) fn new(actions: usize) -> Self {
        Self { actions: vec![[0; 2]; actions], ..Self::default() }
    }

    /// Counts how action `at`, or the error action, ended.
    pub(crate) fn count(&mut self, at: Option<usize>, outcome: Outcome) {
        let counts = match at {
            Some(i) => &mut self.actions[i],
            None => &mut self.error_action,
        };
        counts[usize::from(outcome.is_failure())] += 1;
    }
}

impl LoadedRule {
    pub(crate) fn metrics(&self) -> RuleMetrics {
        let meter = &self.meter;
        let mut actions = BTreeMap::<String, ActionMetrics>::new();
        for (Action { kind, .. }, [success, failure]) in self.actions.iter().zip(&meter.actions) {
            let sum = actions.entry(kind.name().to_owned()).or_default();
            sum.success += success;
            sum.failure += failure;
        }
        RuleMetrics {
            topic_match: meter.topic_match,
            rules_executed: meter.executed,
            parse_error: meter.parse_errors,
            rule_message_throttled: 0,
            rule_not_found: meter.not_found,
            sql_failures: meter.sql_failures,
            actions,
            error_action_success: meter.error_action[0],
            error_action_failure: meter.error_action[1],
        }
    }
}

impl RuleMetrics {
    /// Adds the counts of the same rule in another core.
    pub fn add(&mut self, other: &Self) {
        self.topic_match += other.topic_match;
        self.rules_executed += other.rules_executed;
        self.parse_error += other.parse_error;
        self.rule_message_throttled += other.rule_message_throttled;
        self.rule_not_found += other.rule_not_found;
        self.sql_failures += other.sql_failures;
        self.error_action_success += other.error_action_success;
        self.error_action_failure += other.error_action_failure;
        for (kind, more) in &other.actions {
            let sum = self.actions.entry(kind.clone()).or_default();
            sum.success += more.success;
            sum.failure += more.failure;
        }
    }
}

//! What the rules engine would have charged: evaluations and actions, by rule.

use super::tally::RuleTally;
use fieldmirror_cloud::bill::{Charges, Item, Money, Prices, Quantities};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The part of a bill that rules make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesBill {
    /// What the amounts are in, such as `USD`.
    pub currency: String,
    /// Each rule with its evaluations, its actions, and what they cost.
    pub rules: Vec<RuleCharge>,
    /// The sum.
    pub total: Money,
}

/// What one rule costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCharge {
    /// The rule.
    pub rule: String,
    /// Evaluations, in steps of the message.
    pub triggered: u64,
    /// Actions; one step each, since what they are given is not kept.
    pub actions: u64,
    /// The amount.
    pub amount: Money,
}

impl RulesBill {
    pub(super) fn new(rules: &[RuleTally], prices: &Prices) -> Self {
        let days = rules.iter().flat_map(|rule| rule.days.keys());
        let (first, last) = (days.clone().min(), days.max());
        // Without times a month is taken; rules have one price, so that it changes nothing today.
        let span = first.zip(last).map_or(30, |(first, last)| (last - first + 1).unsigned_abs());
        let charge = |quantities: &Quantities| Charges::of(quantities, prices, span * 86_400).total;
        let mut all = Quantities::default();
        let rules = rules.iter().map(|rule| {
            let (triggered, actions) = (rule.evaluated_steps, rule.actions_taken());
            let quantities =
                Quantities::default().with(Item::Triggered, triggered).with(Item::Actions, actions);
            all.merge(&quantities);
            let rule = rule.name.clone();
            RuleCharge { rule, triggered, actions, amount: charge(&quantities) }
        });
        let rules = rules.collect();
        Self { currency: prices.currency.clone(), rules, total: charge(&all) }
    }

    pub(super) fn to_json(&self) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                json!({
                    "rule": rule.rule,
                    "rules_triggered": rule.triggered,
                    "actions": rule.actions,
                    "amount": rule.amount.exact(),
                })
            })
            .collect();
        json!({ "currency": self.currency, "total": self.total.exact(), "rules": rules })
    }

    pub(super) fn write(&self, title: &str, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\n{title}, in {}", self.currency);
        for rule in &self.rules {
            let _ = writeln!(
                out,
                "  {:<24}{:>14} triggered {:>14} actions {:>14}",
                rule.rule,
                rule.triggered,
                rule.actions,
                rule.amount.rounded(4)
            );
        }
        let _ = writeln!(out, "  {:<72}{:>14}", "total", self.total.rounded(4));
    }
}

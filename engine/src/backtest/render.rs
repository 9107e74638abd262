//! A backtest for people and for programs.

use super::tally::Side;
use super::{Backtest, Difference, Example, RuleTally, RulesBill};
use fieldmirror_core::time::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Devices that the text names a rule.
const DEVICES_SHOWN: usize = 10;

impl Backtest {
    /// One JSON object with `schema_version`.
    pub fn to_json(&self) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(rule_json).collect();
        let against = self
            .differences
            .as_ref()
            .map(|list| list.iter().map(difference_json).collect::<Vec<_>>());
        json!({
            "schema_version": 1,
            "source": self.source,
            "rows": self.rows,
            "notes": self.notes,
            "rules": rules,
            "bill": self.bill.to_json(),
            "bill_against": self.bill_against.as_ref().map(RulesBill::to_json),
            "against": against,
        })
    }

    /// Text for people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}: {} messages", self.source, self.rows);
        for note in &self.notes {
            let _ = writeln!(out, "note: {note}");
        }
        for rule in &self.rules {
            rule_text(rule, &mut out);
        }
        self.bill.write("bill of the rules engine", &mut out);
        if let Some(bill) = &self.bill_against {
            bill.write("bill of the other rules", &mut out);
        }
        if let Some(differences) = &self.differences {
            let _ = writeln!(out, "\nagainst the other rules");
            for difference in differences {
                difference_text(difference, &mut out);
            }
        }
        out
    }
}

/// `2017-06-05` of a day since 1970.
fn date(day: i64) -> String {
    let text = Timestamp::from_millis(day * 86_400_000).to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

fn rule_json(rule: &RuleTally) -> Value {
    let days: serde_json::Map<String, Value> =
        rule.days.iter().map(|(day, count)| (date(*day), json!(count))).collect();
    json!({
        "rule": rule.name,
        "evaluated_by": if rule.by_columns { "columns" } else { "rows" },
        "evaluated": rule.evaluated,
        "evaluated_5kib": rule.evaluated_steps,
        "fired": rule.fired,
        "failed": rule.failed,
        "first_failure": rule.first_failure,
        "actions": rule.actions_taken(),
        "devices": rule.devices,
        "days": days,
    })
}

fn rule_text(rule: &RuleTally, out: &mut String) {
    let share = match rule.evaluated {
        0 => "-".to_owned(),
        evaluated => format!("{:.2} %", 100.0 * rule.fired as f64 / evaluated as f64),
    };
    let _ = writeln!(out, "\n{}", rule.name);
    let _ = writeln!(out, "  heard      {}", rule.evaluated);
    let _ = writeln!(out, "  fired      {} ({share})", rule.fired);
    if let Some(why) = &rule.first_failure {
        let _ = writeln!(out, "  failed     {}, first: {why}", rule.failed);
    }
    match rule.actions.is_empty() {
        true => out.push_str("  actions    none\n"),
        false => {
            let _ =
                writeln!(out, "  actions    {}: {}", rule.actions_taken(), rule.actions.join(", "));
        }
    }
    if !rule.devices.is_empty() {
        devices_text(rule, out);
    }
    days_text(rule, out);
    let way = if rule.by_columns { "columns" } else { "rows" };
    let _ = writeln!(out, "  evaluated  by {way}");
}

fn devices_text(rule: &RuleTally, out: &mut String) {
    let mut devices: Vec<_> = rule.devices.iter().collect();
    devices.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let named: Vec<_> =
        devices.iter().take(DEVICES_SHOWN).map(|(name, n)| format!("{name} {n}")).collect();
    let more = devices.len().saturating_sub(DEVICES_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let _ = writeln!(out, "  devices    {}: {}{more}", devices.len(), named.join(", "));
}

fn days_text(rule: &RuleTally, out: &mut String) {
    if let (Some((first, _)), Some((last, _))) =
        (rule.days.first_key_value(), rule.days.last_key_value())
    {
        let most = rule.days.iter().max_by_key(|(day, count)| (**count, -**day));
        let most = most.map_or(String::new(), |(day, n)| format!(", most on {}: {n}", date(*day)));
        let span = (last - first + 1).max(1);
        let a_day = rule.fired as f64 / span as f64;
        let _ = writeln!(
            out,
            "  days       {} of {} to {}; {a_day:.1} a day{most}",
            rule.days.len(),
            date(*first),
            date(*last)
        );
    }
}

fn difference_json(difference: &Difference) -> Value {
    let examples: Vec<Value> = difference.examples.iter().map(example_json).collect();
    json!({
        "rule": difference.name,
        "present_in": match difference.present {
            Side::Output => "both",
            side => side.name(),
        },
        "only_rules": difference.only_rules,
        "only_against": difference.only_against,
        "both": difference.both,
        "different_output": difference.outputs,
        "actions": difference.actions,
        "actions_against": difference.actions_against,
        "examples": examples,
    })
}

fn example_json(example: &Example) -> Value {
    json!({
        "side": example.side.name(),
        "device": example.device,
        "time": example.time_ms.map(|ms| Timestamp::from_millis(ms).to_string()),
        "payload": example.payload,
        "output": example.output,
        "output_against": example.against,
    })
}

fn difference_text(difference: &Difference, out: &mut String) {
    let Difference { name, only_rules, only_against, both, outputs, .. } = difference;
    let present = match difference.present {
        Side::Rules => " (only in the rules that were tried)",
        Side::Against => " (only in the other rules)",
        Side::Output => "",
    };
    let _ = writeln!(
        out,
        "  {name}{present}: {both} fire in both, {only_rules} only here, {only_against} only \
         there, {outputs} with another output"
    );
    if difference.present == Side::Output && difference.actions != difference.actions_against {
        let _ = writeln!(
            out,
            "    actions: {} here, {} there",
            difference.actions.join(", "),
            difference.actions_against.join(", ")
        );
    }
    for example in &difference.examples {
        let who = example.device.as_deref().unwrap_or("-");
        let when = example
            .time_ms
            .map_or_else(|| "-".to_owned(), |ms| Timestamp::from_millis(ms).to_string());
        let what = match example.side {
            Side::Rules => "only here".to_owned(),
            Side::Against => "only there".to_owned(),
            Side::Output => format!(
                "{} here, {} there",
                example.output.as_deref().unwrap_or("nothing"),
                example.against.as_deref().unwrap_or("nothing")
            ),
        };
        let _ = writeln!(out, "    {when} {who} {}: {what}", example.payload);
    }
}

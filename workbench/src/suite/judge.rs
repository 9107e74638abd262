//! The verdict of a case: what was expected and did not happen, what happened and was not expected.

use super::Suite;
use super::case::Case;
use super::expect::{Expectation, Kind};
use super::play::{Event, Played};
use super::why;
use crate::report::{CaseResult, difference};
use fieldmirror_rules::value::{Object, Value};

/// Compares what was played with what the case expects.
pub(super) fn judge(suite: &Suite, case: &Case, played: &Played) -> CaseResult {
    let events: Vec<&Event> =
        played.events.iter().filter(|event| is_looked_at(suite, case, event)).collect();
    let slots: Vec<&Expectation> = happening(case)
        .flat_map(|expectation| std::iter::repeat_n(expectation, expectation.times))
        .collect();
    let matching = match_up(&slots, &events);
    let missing: Vec<usize> = (0..slots.len()).filter(|&i| matching[i].is_none()).collect();
    let extra: Vec<usize> = (0..events.len()).filter(|&i| !matching.contains(&Some(i))).collect();
    let pairs = pair_up(&slots, &events, &missing, &extra);
    let mut verdict = Verdict::default();
    for (&slot, pair) in missing.iter().zip(&pairs) {
        let expectation = slots[slot];
        verdict.expected.push(expectation.written.clone());
        match *pair {
            Some(event) => {
                let event = events[event];
                verdict.actual.push(expectation.view(&event.value));
                verdict.why.push(why::differs(case, expectation, event));
            }
            None => verdict.why.extend(why::missing(suite, case, played, expectation)),
        }
    }
    for &event in extra.iter().filter(|&&event| !pairs.contains(&Some(event))) {
        verdict.actual.push(shown(&events[event].value));
        verdict.why.extend(why::extra(suite, case, played, events[event]));
    }
    if missing.is_empty() && extra.is_empty() && case.ordered {
        verdict.check_order(&slots, &events);
    }
    verdict.check_states(case, played);
    verdict.why.extend(why::skipped(case, played));
    verdict.result(suite, case, &events, played)
}

/// What differs, and why.
#[derive(Default)]
struct Verdict {
    /// What is expected and missing, or different.
    expected: Vec<Value>,
    /// What stands in its place, and what nobody expects.
    actual: Vec<Value>,
    why: Vec<String>,
}

impl Verdict {
    /// All that is expected happened once; now each must have happened no later than the next.
    fn check_order(&mut self, slots: &[&Expectation], events: &[&Event]) {
        let fulfilled = slots.iter().zip(events);
        if fulfilled.clone().all(|(slot, event)| slot.is_met_by(&event.value)) {
            return;
        }
        self.why.push("everything happened, but in another order than `expect` has".to_owned());
        self.expected.extend(slots.iter().map(|slot| slot.written.clone()));
        self.actual.extend(events.iter().map(|event| {
            let slot = slots.iter().find(|slot| slot.is_met_by(&event.value));
            slot.map_or_else(|| shown(&event.value), |slot| slot.view(&event.value))
        }));
    }

    fn check_states(&mut self, case: &Case, played: &Played) {
        for expectation in case.expect.iter().filter(|expectation| expectation.kind.is_state()) {
            let Some(state) = state(played, expectation) else { continue };
            if !met_by_state(expectation, state) {
                self.expected.push(expectation.written.clone());
                self.actual.push(expectation.view(&closest(expectation, state)));
                self.why.push(why::state(expectation, state));
            }
        }
    }

    fn result(self, suite: &Suite, case: &Case, events: &[&Event], played: &Played) -> CaseResult {
        let expected = case.expect.iter().flat_map(|expectation| {
            let times = if expectation.kind.is_state() { 1 } else { expectation.times };
            std::iter::repeat_n(expectation.written.clone(), times)
        });
        let states = case.expect.iter().filter_map(|expectation| {
            Some(expectation.view(&closest(expectation, state(played, expectation)?)))
        });
        let actual = events.iter().map(|event| shown(&event.value)).chain(states);
        let passed = self.expected.is_empty() && self.actual.is_empty() && self.why.is_empty();
        CaseResult {
            suite: suite.file.clone(),
            line: case.line,
            name: case.name.clone(),
            passed,
            expected: Value::Array(expected.collect()),
            actual: Value::Array(actual.collect()),
            explanation: self.why,
            difference: difference(&self.expected, &self.actual),
        }
    }
}

/// Whether the case looks at an event: `only` leaves out what other rules do.
fn is_looked_at(suite: &Suite, case: &Case, event: &Event) -> bool {
    let only = case.only.as_ref().or(suite.only.as_ref());
    let rule = event.value.get("rule").and_then(Value::as_str);
    match (only, rule) {
        (Some(only), Some(rule)) => only.iter().any(|name| name == rule),
        _ => true,
    }
}

/// The expectations of things that happen.
fn happening(case: &Case) -> impl Iterator<Item = &Expectation> {
    case.expect.iter().filter(|expectation| !expectation.kind.is_state())
}

/// For each slot the event that fulfils it, such that as many as possible are fulfilled (augmenting
/// paths): a general expectation must not take the event that only it could leave to another. In
/// equal cases earlier slots get earlier events.
fn match_up(slots: &[&Expectation], events: &[&Event]) -> Vec<Option<usize>> {
    let mut slot_of: Vec<Option<usize>> = vec![None; events.len()];
    for slot in 0..slots.len() {
        let mut seen = vec![false; events.len()];
        augment(slot, slots, events, &mut slot_of, &mut seen);
    }
    let mut matching = vec![None; slots.len()];
    for (event, slot) in slot_of.iter().enumerate() {
        if let Some(slot) = slot {
            matching[*slot] = Some(event);
        }
    }
    matching
}

fn augment(
    slot: usize,
    slots: &[&Expectation],
    events: &[&Event],
    slot_of: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for event in 0..events.len() {
        if seen[event] || !slots[slot].is_met_by(&events[event].value) {
            continue;
        }
        seen[event] = true;
        let free = match slot_of[event] {
            None => true,
            Some(other) => augment(other, slots, events, slot_of, seen),
        };
        if free {
            slot_of[event] = Some(slot);
            return true;
        }
    }
    false
}

/// For each missing slot the unexpected event that is most like it, each event once.
fn pair_up(
    slots: &[&Expectation],
    events: &[&Event],
    missing: &[usize],
    extra: &[usize],
) -> Vec<Option<usize>> {
    let mut likely: Vec<(usize, usize, usize)> = Vec::new();
    for (place, &slot) in missing.iter().enumerate() {
        for &event in extra {
            let likeness = slots[slot].likeness(&events[event].value);
            let kind = slots[slot].named(slots[slot].kind.key());
            let own = events[event].value.get(slots[slot].kind.key()).and_then(Value::as_str);
            if likeness > 0 && (kind.is_none() || kind == own) {
                likely.push((likeness, place, event));
            }
        }
    }
    likely.sort_by_key(|&(likeness, place, event)| (usize::MAX - likeness, place, event));
    let mut pairs = vec![None; missing.len()];
    for (_, place, event) in likely {
        if pairs[place].is_none() && !pairs.contains(&Some(event)) {
            pairs[place] = Some(event);
        }
    }
    pairs
}

fn state<'p>(played: &'p Played, expectation: &Expectation) -> Option<&'p Value> {
    let key = expectation.kind.key();
    let name = expectation.named(key)?;
    expectation.kind.is_state().then(|| played.states.get(&(key, name.to_owned())))?
}

/// A table is asked for any one item; a shadow is as it is.
fn met_by_state(expectation: &Expectation, state: &Value) -> bool {
    candidates(expectation, state).iter().any(|candidate| expectation.is_met_by(candidate))
}

/// The state as the expectation would like it best: with the item of a table most like it.
fn closest<'s>(expectation: &Expectation, state: &'s Value) -> std::borrow::Cow<'s, Value> {
    let best = candidates(expectation, state)
        .into_iter()
        .rev()
        .max_by_key(|candidate| expectation.likeness(candidate));
    best.map_or(std::borrow::Cow::Borrowed(state), std::borrow::Cow::Owned)
}

fn candidates(expectation: &Expectation, state: &Value) -> Vec<Value> {
    let rows = state.get("rows");
    let (Kind::Table, Value::Object(table), Some(Value::Array(rows))) =
        (expectation.kind, state, rows)
    else {
        return vec![state.clone()];
    };
    let mut bare = table.clone();
    bare.remove("rows");
    let with = |row: &Value| {
        let mut one = bare.clone();
        one.insert("item", row.clone());
        Value::Object(one)
    };
    if rows.is_empty() {
        vec![Value::Object(bare.clone())]
    } else {
        rows.iter().map(with).collect()
    }
}

/// An event as a report shows it: an expectation that would be met, without what is usual.
fn shown(event: &Value) -> Value {
    let Value::Object(event) = event else { return event.clone() };
    let is_usual = |key: &str, value: &Value| match key {
        "outcome" => value.as_str() == Some("done"),
        "qos" => *value == Value::Int(0),
        "retained" => *value == Value::Bool(false),
        _ => false,
    };
    let kept = event.iter().filter(|(key, value)| !is_usual(key, value));
    Value::Object(kept.map(|(key, value)| (key, value.clone())).collect::<Object>())
}

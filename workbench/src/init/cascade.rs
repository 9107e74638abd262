//! What a message sets off through republish actions: how often a rule fires in the end.

use super::{CLIENT, Compiled, Message, START_MILLIS};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Context;
use fieldmirror_rules::template::Template;
use fieldmirror_rules::value::Value;
use serde_json::Value as Json;

/// The rules with the topics that they republish on.
pub(super) struct Cascade<'r, 'd> {
    rules: &'r [Compiled<'d>],
    /// Templates by rule; `None` where one cannot be evaluated here.
    topics: Vec<Option<Vec<Template>>>,
}

/// Messages that one may set off before counting stops: a loop.
const MESSAGES_MAX: usize = 64;

/// The topic as rules see it: without a Basic Ingest prefix.
pub(super) fn after_basic_ingest(topic: &str) -> &str {
    let rest = topic.strip_prefix("$aws/rules/").and_then(|rest| rest.split_once('/'));
    rest.map_or(topic, |(_, rest)| rest)
}

impl<'r, 'd> Cascade<'r, 'd> {
    pub(super) fn new(rules: &'r [Compiled<'d>]) -> Self {
        let topics = rules.iter().map(|compiled| {
            let actions = compiled.deployed.payload.get("actions").and_then(Json::as_array);
            let topics = actions
                .into_iter()
                .flatten()
                .filter_map(|action| action.get("republish")?.get("topic")?.as_str());
            let compile = |topic: &str| {
                // What variables of SET hold is not known here.
                let known = !topic.contains('@');
                compiled.rule.template(topic).ok().filter(|_| known)
            };
            topics.map(compile).collect()
        });
        Self { rules, topics: topics.collect() }
    }

    /// How often the rule fires because of a message; `None` if that cannot be told.
    pub(super) fn times(&self, index: usize, message: &Message) -> Option<usize> {
        let mut waiting = vec![message.clone()];
        let (mut taken, mut times) = (0, 0);
        while let Some(message) = waiting.pop() {
            taken += 1;
            if taken > MESSAGES_MAX {
                return None;
            }
            for (i, compiled) in self.rules.iter().enumerate() {
                let Some(output) = fired(compiled, &message) else { continue };
                times += usize::from(i == index);
                for template in self.topics[i].as_ref()? {
                    let topic = after_basic_ingest(&message.topic);
                    let now = Timestamp::from_millis(START_MILLIS);
                    let context = Context { client_id: Some(CLIENT), ..Context::new(topic, now) };
                    let topic = template.render(&message.payload, &context).ok()?;
                    // `$$` is how an action writes the `$` of a reserved topic.
                    let topic = topic.strip_prefix('$').unwrap_or(&topic).to_owned();
                    waiting.push(Message { topic, payload: output.clone() });
                }
            }
        }
        Some(times)
    }
}

/// What a rule writes for a message, if it hears it and fires.
fn fired(compiled: &Compiled<'_>, message: &Message) -> Option<Value> {
    let own = format!("$aws/rules/{}/", compiled.deployed.name);
    let hears = message.topic.starts_with(&own) || compiled.rule.hears(&message.topic);
    if compiled.deployed.spec.disabled || !hears {
        return None;
    }
    compiled.evaluate(message, false)
}

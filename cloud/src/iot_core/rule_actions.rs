//! What a rule that fired does: functions, tables, republish, and the error action.

use super::publish::{Payload, basic_ingest};
use super::{Incoming, IotCore, find_thing};
use crate::actions::{Failure, Work, write_base64};
use crate::dictionary::Dictionary;
use crate::functions::{Command, Reaction, Surroundings};
use crate::outputs::{ActionRow, ByteRange, Outcome, Outputs, Source};
use crate::shadow::{Patch, Response, Shadows, UpdateRequest, parse_request};
use fieldmirror_core::ids::{DeviceIx, EntityKey};
use fieldmirror_core::limits::REPUBLISH_HOPS_MAX;
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::topic::Topic;
use fieldmirror_rules::context::External;
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::value::{Object, Value};

/// What SQL functions of a running rule reach.
pub(super) struct RuleSurroundings<'a> {
    shadows: &'a Shadows,
    principals: &'a Dictionary,
    things: usize,
    now: Timestamp,
}

impl IotCore {
    /// Runs the actions of a rule that fired; one that fails does not stop the others. `typed` is
    /// the device whose whole reading the body is, if it is one.
    pub(super) fn run_actions(
        &mut self,
        number: u16,
        message: &Incoming,
        body: ByteRange,
        typed: Option<DeviceIx>,
        out: &mut Outputs,
    ) {
        let mut failures = Vec::new();
        for i in 0..self.rules[usize::from(number)].actions.len() {
            if let Some(outcome) = self.run_action(number, Some(i), message, body, typed, out)
                && outcome.is_failure()
            {
                failures.push((i, outcome));
            }
        }
        if !failures.is_empty() && self.rules[usize::from(number)].error_action.is_some() {
            let body = self.write_failures(number, message, &failures, out);
            // A failing error action is recorded like any other and goes no further.
            self.run_action(number, None, message, body, None, out);
        }
    }

    pub(super) fn rule_surroundings(&self, now: Timestamp) -> RuleSurroundings<'_> {
        RuleSurroundings {
            shadows: &self.shadows,
            principals: &self.principals,
            things: self.things,
            now,
        }
    }

    /// Runs action `at` of a rule, or its error action.
    fn run_action(
        &mut self,
        number: u16,
        at: Option<usize>,
        message: &Incoming,
        body: ByteRange,
        typed: Option<DeviceIx>,
        out: &mut Outputs,
    ) -> Option<Outcome> {
        let rule = &self.rules[usize::from(number)];
        let action = match at {
            Some(i) => &rule.actions[i],
            None => rule.error_action.as_ref()?,
        };
        let (kind, target) = (action.work.kind(), action.target);
        let outcome = match &action.work {
            Work::Lambda { function } => {
                let function = *function;
                self.call_function(function, message, body, typed, out)
            }
            Work::DynamoDbV2 { table } => {
                let (outcome, dropped) = self.tables[*table].put(body.of(&out.bytes));
                out.counters.table_drops += u64::from(dropped);
                outcome
            }
            Work::Republish { topic, qos } => {
                let qos = *qos;
                let text = self.text_of(message);
                let surroundings = self.rule_surroundings(message.time);
                let context = self.rule_context(message, text, &surroundings);
                let mut payload = Payload::new(message.payload.of(&out.bytes));
                let undefined = Value::Undefined;
                let value = payload.value(rule.version).unwrap_or(&undefined);
                let topic = topic.render(value, &context);
                let principal = rule.principal;
                match topic {
                    Ok(topic) => self.republish(&topic, qos, principal, message, body, out),
                    Err(_) => Outcome::BadTopic,
                }
            }
        };
        let time = message.time;
        out.actions.push(ActionRow { time, rule: number, kind, target, body, outcome });
        Some(outcome)
    }

    fn call_function(
        &mut self,
        function: usize,
        message: &Incoming,
        body: ByteRange,
        typed: Option<DeviceIx>,
        out: &mut Outputs,
    ) -> Outcome {
        if message.hops >= REPUBLISH_HOPS_MAX {
            out.counters.hops_cut += 1;
            return Outcome::HopLimit;
        }
        let (principals, things) = (&self.principals, self.things);
        let find = |name: &str| find_thing(principals, things, name);
        let surroundings =
            Surroundings { registry: &self.registry, shadows: &self.shadows, find: &find };
        let function = &mut self.functions[function];
        let reaction = match typed {
            Some(device) => function.on_reading(message.time, device, &surroundings),
            None => function.on_event(message.time, body.of(&out.bytes), &surroundings),
        };
        let principal = function.principal;
        match reaction {
            Reaction::Settled(outcome) => outcome,
            Reaction::Command(command) => {
                self.command(&command, principal, message, out);
                Outcome::Commanded
            }
        }
    }

    /// Publishes a function's command and sets the pump's desired state.
    fn command(&mut self, command: &Command, principal: u32, cause: &Incoming, out: &mut Outputs) {
        let start = out.bytes.len();
        command.write(&mut out.bytes);
        let message = Incoming {
            time: cause.time,
            topic: command.topic,
            principal,
            payload: out.range_from(start),
            source: Source::Function,
            qos: 1,
            hops: cause.hops + 1,
            properties: None,
        };
        self.queue.push_back(message);
        out.counters.commands += 1;
        let desired: Object = [("state", Value::from("ON"))].into_iter().collect();
        let request = UpdateRequest::merging(Patch::Merge(desired), Patch::Absent);
        self.update_shadow(&message, command.pump, &request, None, out);
    }

    fn republish(
        &mut self,
        topic: &str,
        qos: u8,
        principal: u32,
        cause: &Incoming,
        body: ByteRange,
        out: &mut Outputs,
    ) -> Outcome {
        if cause.hops >= REPUBLISH_HOPS_MAX {
            out.counters.hops_cut += 1;
            return Outcome::HopLimit;
        }
        // A reserved topic is written `$$aws/...`; of those only shadow requests can be published.
        let topic = match topic.strip_prefix("$$") {
            Some(reserved) => {
                let topic = format!("${reserved}");
                if parse_request(&topic).is_none() {
                    return Outcome::BadTopic;
                }
                topic
            }
            None if topic.starts_with('$') => return Outcome::BadTopic,
            None => topic.to_owned(),
        };
        let interned = Topic::parse(&topic).ok().and_then(|_| self.intern_topic(&topic));
        let Some(topic) = interned else {
            return Outcome::BadTopic;
        };
        self.queue.push_back(Incoming {
            time: cause.time,
            topic,
            principal,
            payload: body,
            source: Source::Rule,
            qos,
            hops: cause.hops + 1,
            properties: None,
        });
        Outcome::Done
    }

    /// The topic as rules see it.
    fn text_of(&self, message: &Incoming) -> &str {
        let text = self.topics.text(message.topic);
        basic_ingest(text).map_or(text, |(_, rest)| rest)
    }

    /// Writes the message that an error action gets.
    ///
    /// # Source
    /// AWS IoT Core developer guide, "Error handling (error action)", message format.
    fn write_failures(
        &self,
        number: u16,
        message: &Incoming,
        failures: &[(usize, Outcome)],
        out: &mut Outputs,
    ) -> ByteRange {
        let rule = &self.rules[usize::from(number)];
        let mut base64 = Vec::new();
        write_base64(message.payload.of(&out.bytes), &mut base64);
        let failures = failures.iter().map(|&(i, outcome)| {
            let action = &rule.actions[i];
            let failure = Failure {
                action: action.work.failed_action(),
                resource: self.targets.text(u32::from(action.target)),
                outcome,
            };
            failure.to_value()
        });
        let failures = Value::Array(failures.collect());
        let principal = self.principals.text(message.principal);
        // Undefined leaves the key out: only clients have an id.
        let client = match message.source {
            Source::Device | Source::App => Value::from(principal),
            Source::Function | Source::Rule | Source::Shadow => Value::Undefined,
        };
        let body: Object = [
            ("ruleName", Value::from(rule.name.as_str())),
            ("topic", Value::from(self.text_of(message))),
            ("cloudwatchTraceId", Value::from(self.trace_id())),
            ("clientId", client),
            ("base64OriginalPayload", Value::from(String::from_utf8_lossy(&base64).into_owned())),
            ("failures", failures),
        ]
        .into_iter()
        .collect();
        let start = out.bytes.len();
        Value::Object(body).write_json(&mut out.bytes);
        out.range_from(start)
    }

    /// An identifier of the message in work, shaped like a UUID: the same in every run.
    fn trace_id(&self) -> String {
        let half = EntityKey::of(&self.accepted.to_string());
        let text = format!("{half}{}", half.pair(EntityKey::of("trace")));
        format!(
            "{}-{}-{}-{}-{}",
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..]
        )
    }
}

impl Failure<'_> {
    fn to_value(self) -> Value {
        let entries: Object = [
            ("failedAction", Value::from(self.action)),
            ("failedResource", Value::from(self.resource)),
            ("errorMessage", Value::from(self.outcome.name())),
        ]
        .into_iter()
        .collect();
        Value::Object(entries)
    }
}

impl External for RuleSurroundings<'_> {
    fn invoke(&self, function_arn: &str, _payload: &Value) -> Result<Value, RulesError> {
        // Declared functions act on the farm; inside a statement nothing may act.
        Err(RulesError::External {
            function: "aws_lambda",
            reason: format!("`{function_arn}` can only be called by a lambda action"),
        })
    }

    fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError> {
        let fail = |reason| RulesError::External { function: "get_thing_shadow", reason };
        if let Some(name) = shadow {
            return Err(fail(format!("no shadow exists with name: '{thing}~{name}'")));
        }
        let document = find_thing(self.principals, self.things, thing)
            .and_then(|thing| self.shadows.document(thing))
            .ok_or_else(|| fail(format!("no shadow exists with name: '{thing}'")))?;
        let mut text = Vec::new();
        Response::GetAccepted(&document).write(self.now, None, &mut text);
        Value::from_json(&text)
    }
}

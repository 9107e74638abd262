//! What a rule that fired does: functions, tables, republish, and the error action.

use super::publish::basic_ingest;
use super::{Incoming, IotCore, find_thing};
use crate::actions::bodies::text;
use crate::actions::fields::Seen;
use crate::actions::{ActionFailure, Work, published_topic};
use crate::functions::{Command, Reaction, Surroundings};
use crate::outputs::{ActionRow, ByteRange, Outcome, Outputs, Source};
use crate::shadow::{Patch, UpdateRequest, parse_request};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::limits::{PAYLOAD_BYTES_MAX, REPUBLISH_HOPS_MAX};
use fieldmirror_core::topic::Topic;
use fieldmirror_rules::context::Properties;
use fieldmirror_rules::value::{Object, Value};

/// What a rule hands to its actions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    pub(super) range: ByteRange,
    pub(super) form: Form,
}

/// What the bytes of a body are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The whole reading of a device, as JSON.
    Reading(DeviceIx),
    /// JSON, or nothing at all where the statement gave Undefined.
    Json,
    /// A payload that is no JSON.
    Bytes,
}

/// One action of one rule over one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub(super) number: u16,
    /// The action's position; `None` for the error action.
    pub(super) at: Option<usize>,
    pub(super) message: &'a Incoming,
    pub(super) output: Body,
    /// The values of the rule's SET variables, for templates.
    pub(super) variables: &'a [Value],
}

/// How an action went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Performed {
    pub(super) outcome: Outcome,
    pub(super) body: ByteRange,
    pub(super) resource: Option<ByteRange>,
    pub(super) parameters: Option<ByteRange>,
    pub(super) error: Option<ByteRange>,
}

impl Body {
    pub(super) fn is_json(self) -> bool {
        self.form != Form::Bytes
    }

    /// Refuses what a target that takes JSON alone would not take.
    pub(super) fn check_json(self) -> Result<(), ActionFailure> {
        if self.is_json() && self.range.len > 0 { Ok(()) } else { Err(not_json()) }
    }
}

impl Performed {
    pub(super) const fn new(body: ByteRange) -> Self {
        Self { outcome: Outcome::Done, body, resource: None, parameters: None, error: None }
    }

    pub(super) fn failed(self, failure: ActionFailure, out: &mut Outputs) -> Self {
        let error = Some(out.store(failure.why.as_bytes()));
        Self { outcome: failure.outcome, error, ..self }
    }

    fn of(self, result: Result<Outcome, ActionFailure>, out: &mut Outputs) -> Self {
        match result {
            Ok(outcome) => Self { outcome, ..self },
            Err(failure) => self.failed(failure, out),
        }
    }
}

pub(super) fn not_json() -> ActionFailure {
    let why = "the output is no JSON, and the target takes nothing else";
    ActionFailure::new(Outcome::NotJson, why.to_owned())
}

impl IotCore {
    /// Runs the actions of a rule that fired, whose SET variables have the values `variables`; one
    /// that fails does not stop the others.
    pub(super) fn run_actions(
        &mut self,
        number: u16,
        message: &Incoming,
        output: Body,
        variables: &[Value],
        out: &mut Outputs,
    ) {
        let mut failed = Vec::new();
        let mut payload = None;
        for i in 0..self.rules[usize::from(number)].actions.len() {
            let run = Run { number, at: Some(i), message, output, variables };
            if self.run_action(&run, &mut payload, out).is_failure() {
                failed.push(out.actions.len() - 1);
            }
        }
        if !failed.is_empty() && self.rules[usize::from(number)].error_action.is_some() {
            let range = self.write_failures(number, message, &failed, out);
            let output = Body { range, form: Form::Json };
            let run = Run { number, at: None, message, output, variables };
            // A failing error action is recorded and counted like any other and goes no further.
            let outcome = self.run_action(&run, &mut payload, out);
            out.counters.error_action_failures += u64::from(outcome.is_failure());
        }
    }

    /// Runs one action; `payload` is the message's, read when the first template wants it.
    fn run_action(
        &mut self,
        run: &Run<'_>,
        payload: &mut Option<Value>,
        out: &mut Outputs,
    ) -> Outcome {
        let rule = &self.rules[usize::from(run.number)];
        // Both callers ask for actions that are there.
        let Some(action) = rule.action(run.at) else { return Outcome::Done };
        let (kind, target) = (action.kind, action.target);
        let done = Performed::new(run.output.range);
        let performed = match &action.work {
            Work::Lambda { function } => {
                let function = *function;
                let result = self.call_function(function, run.message, run.output, out);
                done.of(result, out)
            }
            Work::DynamoDbV2 { table } => {
                let table = &mut self.tables[*table];
                let put = run.output.check_json();
                let put = put.and_then(|()| table.put(run.output.range.of(&out.bytes)));
                out.counters.table_drops += u64::from(put == Ok(true));
                done.of(put.map(|_| Outcome::Done), out)
            }
            work => {
                let sends = matches!(work, Work::Send(_));
                let payload = payload.get_or_insert_with(|| {
                    let bytes = run.message.payload.of(&out.bytes);
                    Value::from_json_for(bytes, rule.version).unwrap_or(Value::Undefined)
                });
                if sends { self.send(run, payload, out) } else { self.republish(run, payload, out) }
            }
        };
        let Performed { outcome, body, resource, parameters, error } = performed;
        self.rules[usize::from(run.number)].meter.count(run.at, outcome);
        out.actions.push(ActionRow {
            time: run.message.time,
            rule: run.number,
            kind,
            target,
            resource,
            body,
            parameters,
            outcome,
            error,
        });
        outcome
    }

    pub(super) fn call_function(
        &mut self,
        function: usize,
        message: &Incoming,
        output: Body,
        out: &mut Outputs,
    ) -> Result<Outcome, ActionFailure> {
        if message.hops >= REPUBLISH_HOPS_MAX {
            return Err(hop_limit(out));
        }
        output.check_json()?;
        let (principals, things) = (&self.principals, self.things);
        let find = |name: &str| find_thing(principals, things, name);
        let surroundings =
            Surroundings { registry: &self.registry, shadows: &self.shadows, find: &find };
        let function = &mut self.functions[function];
        let reaction = match output.form {
            Form::Reading(device) => function.on_reading(message.time, device, &surroundings),
            Form::Json | Form::Bytes => {
                function.on_event(message.time, output.range.of(&out.bytes), &surroundings)
            }
        };
        let principal = function.principal;
        match reaction {
            Reaction::Settled(outcome) if outcome.is_failure() => {
                let why = "the function's event is no JSON object";
                Err(ActionFailure::new(outcome, why.to_owned()))
            }
            Reaction::Settled(outcome) => Ok(outcome),
            Reaction::Command(command) => {
                self.command(&command, principal, message, out);
                Ok(Outcome::Commanded)
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

    fn republish(&mut self, run: &Run<'_>, payload: &Value, out: &mut Outputs) -> Performed {
        let mut performed = Performed::new(run.output.range);
        let rendered = self.render_topic(run, payload);
        let is_fixed =
            self.rules[usize::from(run.number)].action(run.at).is_none_or(|action| action.is_fixed);
        if let (Ok((topic, _)), false) = (&rendered, is_fixed) {
            performed.resource = Some(out.store(published_topic(topic).as_bytes()));
        }
        let headers = self.render(run, payload);
        let result = rendered.and_then(|(topic, qos)| {
            let properties = properties_of(&headers?)?;
            self.publish_again(&topic, qos, properties, run, &mut performed, out)
        });
        performed.of(result, out)
    }

    /// The topic and quality of service of a republish action.
    fn render_topic(&self, run: &Run<'_>, payload: &Value) -> Result<(String, u8), ActionFailure> {
        let rule = &self.rules[usize::from(run.number)];
        let Some((action, Work::Republish { topic, qos, .. })) =
            rule.action(run.at).map(|action| (action, &action.work))
        else {
            return Ok((String::new(), 0));
        };
        let circumstances = self.circumstances(run.message.time, rule.key.pair(action.key));
        let text = self.text_of(run.message);
        let context = self.rule_context(run.message, text, &circumstances);
        let seen = Seen { payload, context: &context, variables: run.variables };
        let topic = seen.text(topic);
        let fail = |error| ActionFailure::new(Outcome::TemplateFailed, format!("`topic`: {error}"));
        topic.map(|topic| (topic, *qos)).map_err(|error| fail(error.to_string()))
    }

    fn publish_again(
        &mut self,
        topic: &str,
        qos: u8,
        properties: Option<(Properties, Value)>,
        run: &Run<'_>,
        performed: &mut Performed,
        out: &mut Outputs,
    ) -> Result<Outcome, ActionFailure> {
        if run.message.hops >= REPUBLISH_HOPS_MAX {
            return Err(hop_limit(out));
        }
        if run.output.range.len as usize > PAYLOAD_BYTES_MAX {
            let why = format!("a payload has at most {PAYLOAD_BYTES_MAX} bytes");
            return Err(ActionFailure::new(Outcome::TooLarge, why));
        }
        let refuse = |why: &str| ActionFailure::new(Outcome::BadTopic, format!("`{topic}` {why}"));
        // A reserved topic is written `$$aws/...`; of those only shadow requests can be published.
        let published = published_topic(topic);
        if published.len() < topic.len() {
            if parse_request(published).is_none() {
                return Err(refuse("is reserved and no shadow request"));
            }
        } else if topic.starts_with('$') {
            return Err(refuse("is reserved: write it with two dollar signs"));
        }
        if Topic::parse(published).is_err() {
            return Err(refuse("is no topic"));
        }
        let interned = self.intern_topic(published);
        let topic = interned.ok_or_else(|| refuse("is one topic more than the core holds"))?;
        let properties = properties.map(|(properties, headers)| {
            let parameters: Object = [("headers", headers)].into_iter().collect();
            performed.parameters = Some(out.store(&Value::Object(parameters).to_json()));
            self.properties.push(properties);
            self.properties.len() as u32 - 1
        });
        self.queue.push_back(Incoming {
            time: run.message.time,
            topic,
            principal: self.rules[usize::from(run.number)].principal,
            payload: run.output.range,
            source: Source::Rule,
            qos,
            hops: run.message.hops + 1,
            properties,
        });
        Ok(Outcome::Done)
    }

    /// The topic as rules see it.
    pub(super) fn text_of(&self, message: &Incoming) -> &str {
        let text = self.topics.text(message.topic);
        basic_ingest(text).map_or(text, |(_, rest)| rest)
    }
}

fn hop_limit(out: &mut Outputs) -> ActionFailure {
    out.counters.hops_cut += 1;
    let why = format!("rules passed the message on {REPUBLISH_HOPS_MAX} times already");
    ActionFailure::new(Outcome::HopLimit, why)
}

/// The MQTT 5 properties that a republish action's headers give, and the headers themselves.
fn properties_of(fields: &Object) -> Result<Option<(Properties, Value)>, ActionFailure> {
    let Some(headers @ Value::Object(object)) = fields.get("headers") else { return Ok(None) };
    let given = |name: &str| Some(text(object, name).to_owned()).filter(|text| !text.is_empty());
    let bad = |name: &str, expected: &str| {
        let why = format!("`headers.{name}` is `{}`; expected {expected}", text(object, name));
        ActionFailure::new(Outcome::BadValue, why)
    };
    let is_utf8 = match text(object, "payloadFormatIndicator") {
        "" => None,
        "UTF8_DATA" => Some(true),
        "UNSPECIFIED_BYTES" => Some(false),
        _ => return Err(bad("payloadFormatIndicator", "UTF8_DATA or UNSPECIFIED_BYTES")),
    };
    let expiry = text(object, "messageExpiry");
    if !expiry.is_empty() && expiry.parse::<u32>().is_err() {
        return Err(bad("messageExpiry", "whole seconds"));
    }
    let correlation = given("correlationData").map(|data| {
        crate::actions::read_base64(&data).ok_or_else(|| bad("correlationData", "base64"))
    });
    let mut user = Vec::new();
    if let Some(Value::Array(pairs)) = object.get("userProperties") {
        for pair in pairs {
            let part = |name| pair.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            user.push((part("key"), part("value")));
        }
    }
    let properties = Properties {
        content_type: given("contentType"),
        is_utf8,
        response_topic: given("responseTopic"),
        correlation_data: correlation.transpose()?,
        user,
    };
    Ok(Some((properties, headers.clone())))
}

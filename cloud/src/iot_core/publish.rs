//! The general path of a message: checked, recorded, delivered, offered to the rules.

use super::rule_actions::{Body, Form};
use super::surroundings::Circumstances;
use super::{Incoming, IotCore, OTHER_TOPICS_MAX};
use crate::actions::LoadedRule;
use crate::outputs::{Delivery, MatchRow, MessageRow, Outputs, RejectionCode, Source};
use crate::routes::{Route, Subscriber};
use crate::session::Destination;
use crate::shadow::{UpdateRequest, parse_request, parse_shadow};
use fieldmirror_core::limits::PAYLOAD_BYTES_MAX;
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::topic::Topic;
use fieldmirror_rules::context::{Context, Properties};
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::rule::{Firing, Output, SqlVersion};
use fieldmirror_rules::value::Value;

/// A client's publish.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publish<'a> {
    pub(super) client: &'a str,
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) properties: Option<&'a Properties>,
}

/// A payload that is read at most once a language version, and only if a rule wants it.
pub(super) struct Payload<'a> {
    bytes: &'a [u8],
    by_version: [Option<Result<Value, RulesError>>; 2],
}

impl IotCore {
    /// Checks a client's publish and queues it.
    pub(super) fn publish(&mut self, now: Timestamp, publish: &Publish<'_>, out: &mut Outputs) {
        let Some(principal) = self.connected(now, publish.client, out) else { return };
        if let Err(why) = self.authorize_publish(principal, publish.topic, publish.retain) {
            self.deny(now, principal, &why, out);
            return;
        }
        let topic = match self.check_publish(publish) {
            Ok(topic) => topic,
            Err(code) => {
                out.reject(now, Some(principal), code, publish.topic);
                return;
            }
        };
        if publish.retain && !self.retained.publish(topic, publish.payload, publish.qos) {
            out.reject(now, Some(principal), RejectionCode::RetainedLimit, publish.topic);
            return;
        }
        let is_thing = self.thing_of_principal(principal).is_some();
        let payload = out.store(publish.payload);
        let properties = publish.properties.map(|properties| {
            self.properties.push(properties.clone());
            self.properties.len() as u32 - 1
        });
        self.queue.push_back(Incoming {
            time: now,
            topic,
            principal,
            payload,
            source: if is_thing { Source::Device } else { Source::App },
            qos: publish.qos,
            hops: 0,
            properties,
        });
    }

    /// Routes queued messages until none is left. Rules and functions add to the queue; the hop
    /// limit bounds that.
    pub(super) fn work_off(&mut self, out: &mut Outputs) {
        while let Some(message) = self.queue.pop_front() {
            self.route(message, out);
        }
        self.properties.clear();
    }

    /// The id of `topic`, unless there are too many.
    pub(super) fn intern_topic(&mut self, topic: &str) -> Option<u32> {
        self.topics.find(topic).or_else(|| {
            let others = self.topics.len() - self.register.reporting;
            (others < OTHER_TOPICS_MAX).then(|| self.topics.intern(topic))
        })
    }

    /// Records an accepted message.
    pub(super) fn record(&mut self, message: &Incoming, out: &mut Outputs) {
        self.accepted += 1;
        out.counters.messages += 1;
        out.counters.device_messages += u64::from(message.source == Source::Device);
        out.messages.push(MessageRow {
            time: message.time,
            topic: message.topic,
            principal: message.principal,
            payload: message.payload,
            source: message.source,
        });
    }

    /// Hands a message to one subscriber, or keeps it for later.
    pub(super) fn deliver(
        &mut self,
        message: &Incoming,
        subscriber: Subscriber,
        out: &mut Outputs,
    ) {
        let qos = message.qos.min(subscriber.qos);
        // What waits for an absent client is authorised when it is handed over.
        if self.sessions.is_connected(subscriber.client)
            && !self.may_receive(message.time, subscriber.client, message.topic, out)
        {
            return;
        }
        let payload = message.payload.of(&out.bytes);
        match self.sessions.dispatch(subscriber.client, qos, message.topic, payload) {
            Destination::Connection => {
                out.counters.deliveries += 1;
                out.deliveries.push(Delivery {
                    time: message.time,
                    client: subscriber.client,
                    topic: message.topic,
                    payload: message.payload,
                    qos,
                    retained: false,
                });
            }
            Destination::Queue { dropped_oldest } => {
                out.counters.queue_drops += u64::from(dropped_oldest);
            }
            Destination::Nowhere => {}
        }
    }

    /// Runs one rule over a message on the general path.
    pub(super) fn run_rule(
        &mut self,
        number: u16,
        message: &Incoming,
        topic: &str,
        payload: &mut Payload<'_>,
        out: &mut Outputs,
    ) {
        let loaded = &mut self.rules[usize::from(number)];
        loaded.meter.executed += 1;
        let version = loaded.version;
        if payload.value(version).is_err() && loaded.rule.reads_payload() {
            loaded.meter.parse_errors += 1;
        }
        let loaded = &self.rules[usize::from(number)];
        let circumstances = self.circumstances(message.time, loaded.key);
        let context = self.rule_context(message, topic, &circumstances);
        let fired = match payload.value(version) {
            Ok(value) => loaded.rule.fire(value, &context),
            Err(_) => loaded.rule.fire_bytes(payload.bytes, &context),
        };
        let Firing { output, variables } = match fired {
            Ok(Some(firing)) => firing,
            Ok(None) => return,
            Err(error) => {
                let detail = format!("rule {}: {error}", loaded.name);
                let principal = Some(message.principal);
                out.reject(message.time, principal, RejectionCode::RuleFailed, &detail);
                self.rules[usize::from(number)].meter.sql_failures += 1;
                return;
            }
        };
        let body = match output {
            Output::Payload => Body { range: message.payload, form: Form::Bytes },
            // A plain `SELECT *` passes the payload byte for byte.
            Output::Value(_) if loaded.rule.is_whole_payload() => {
                Body { range: message.payload, form: Form::Json }
            }
            Output::Value(value) => {
                let start = out.bytes.len();
                value.write_json(&mut out.bytes);
                Body { range: out.range_from(start), form: Form::Json }
            }
        };
        self.record_match(number, message, out);
        self.run_actions(number, message, body, &variables, out);
    }

    pub(super) fn record_match(&self, number: u16, message: &Incoming, out: &mut Outputs) {
        out.counters.matches += 1;
        out.matches.push(MatchRow {
            time: message.time,
            rule: number,
            topic: message.topic,
            principal: message.principal,
        });
    }

    /// The circumstances that a rule sees; `topic` is without a Basic Ingest prefix.
    pub(super) fn rule_context<'a>(
        &'a self,
        message: &Incoming,
        topic: &'a str,
        circumstances: &'a Circumstances<'a>,
    ) -> Context<'a> {
        let client = match message.source {
            Source::Device | Source::App => Some(self.principals.text(message.principal)),
            Source::Function | Source::Rule | Source::Shadow => None,
        };
        Context {
            client_id: client,
            principal: client
                .map(|client| self.authority.certificate(message.principal).unwrap_or(client)),
            properties: message.properties.map(|at| &self.properties[at as usize]),
            account: &self.world.account,
            trace_id: Some(circumstances.trace.as_str()),
            chance: Some(&circumstances.chance),
            functions: Some(&circumstances.surroundings),
            ..Context::new(topic, message.time)
        }
    }

    fn check_publish(&mut self, publish: &Publish<'_>) -> Result<u32, RejectionCode> {
        if Topic::parse(publish.topic).is_err() {
            return Err(RejectionCode::Topic);
        }
        if publish.qos > 1 {
            return Err(RejectionCode::QualityOfService);
        }
        if publish.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(RejectionCode::PayloadTooLarge);
        }
        if publish.topic.starts_with('$') {
            if publish.retain {
                return Err(RejectionCode::RetainReserved);
            }
            if parse_request(publish.topic).is_none() && basic_ingest(publish.topic).is_none() {
                return Err(RejectionCode::ReservedTopic);
            }
        }
        self.intern_topic(publish.topic).ok_or(RejectionCode::TopicLimit)
    }

    fn route(&mut self, message: Incoming, out: &mut Outputs) {
        self.record(&message, out);
        let topic = self.topics.text(message.topic).to_owned();
        let bytes = message.payload.of(&out.bytes).to_vec();
        let mut payload = Payload::new(&bytes);
        if let Some((rule, rest)) = basic_ingest(&topic) {
            let known = |loaded: &LoadedRule| loaded.name == rule && !loaded.disabled;
            match self.rules.iter().position(known) {
                Some(number) => self.run_rule(number as u16, &message, rest, &mut payload, out),
                None => {
                    out.counters.rules_not_found += 1;
                    if let Some(known) = self.rules.iter_mut().find(|known| known.name == rule) {
                        known.meter.not_found += 1;
                    }
                    let principal = Some(message.principal);
                    out.reject(message.time, principal, RejectionCode::RuleNotFound, &topic);
                }
            }
            return;
        }
        let Route { rules, subscribers } = self.routes.resolve(&topic);
        for subscriber in subscribers {
            self.deliver(&message, subscriber, out);
        }
        for number in rules {
            self.rules[usize::from(number)].meter.topic_match += 1;
            self.run_rule(number, &message, &topic, &mut payload, out);
        }
        if parse_shadow(&topic).is_some() && message.source != Source::Shadow {
            self.shadow_request(&message, &topic, &bytes, out);
        }
        self.mirror_payload(&message, &mut payload, out);
    }

    /// Mirrors a device's JSON payload on its own data topic into its shadow, as the LoRaWAN
    /// integration does for the mirrored classes.
    fn mirror_payload(&mut self, message: &Incoming, payload: &mut Payload<'_>, out: &mut Outputs) {
        let own_topic = message.source == Source::Device && message.topic == message.principal;
        let Some(device) = self.device_of_topic(message.topic).filter(|_| own_topic) else {
            return;
        };
        let class = self.register.class(device);
        if !class.is_some_and(|class| self.mirrored[class as usize]) {
            return;
        }
        if let Ok(Value::Object(object)) = payload.value(SqlVersion::V2016_03_23) {
            let request = UpdateRequest::reporting(object.clone());
            self.update_shadow(message, device, &request, None, out);
        }
    }
}

impl<'a> Payload<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, by_version: [None, None] }
    }

    /// The payload as `version` reads it.
    pub(super) fn value(&mut self, version: SqlVersion) -> Result<&Value, &RulesError> {
        let slot = &mut self.by_version[usize::from(version == SqlVersion::V2016_03_23)];
        slot.get_or_insert_with(|| Value::from_json_for(self.bytes, version)).as_ref()
    }
}

/// The rule and the rest of a Basic Ingest topic `$aws/rules/<rule>/<rest>`.
pub(super) fn basic_ingest(topic: &str) -> Option<(&str, &str)> {
    topic.strip_prefix("$aws/rules/")?.split_once('/')
}

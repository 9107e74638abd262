//! The typed path: batches of device readings on the devices' own data topics.
//!
//! A chunk is grouped by route; each rule of a route runs by column over its group; then rows are
//! written message by message, in the order in which the general path would write them. A payload
//! is rendered to JSON once, and everything that needs the whole of it refers to those bytes.

use super::publish::Payload;
use super::rule_actions::{Body, Form};
use super::{Incoming, IotCore};
use crate::outputs::{Outputs, ShadowRow, Source};
use crate::routes::DeviceRoute;
use crate::shadow::UpdateRequest;
use fieldmirror_core::ids::Names;
use fieldmirror_core::message::Message;
use fieldmirror_rules::rule::SqlVersion;
use fieldmirror_rules::value::Value;
use std::sync::Arc;

/// Messages worked on at a time: small enough to stay in the cache.
const CHUNK: usize = 512;

/// Quality of service of devices' data publishes.
const DATA_QOS: u8 = 1;

/// Buffers of one chunk, kept for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// The route of each message.
    routes: Vec<DeviceRoute>,
    /// Groups in order of their first message; the first `groups_used` are this chunk's.
    groups: Vec<Group>,
    groups_used: usize,
    /// The group of each route, by route number; [`NO_GROUP`] if none yet.
    group_of_route: Vec<u32>,
    /// One bit a message and rule of its route, `words` words a message: the rule fired, or it
    /// has to be run on the general path.
    fired: Vec<u64>,
    words: usize,
    hits: Vec<u32>,
}

const NO_GROUP: u32 = u32::MAX;

/// The messages of one route.
#[derive(Clone, Debug, Default)]
struct Group {
    route: u32,
    /// Where in the chunk each stands.
    places: Vec<u32>,
    messages: Vec<Message>,
}

impl IotCore {
    /// Takes typed publishes of devices on their own data topics, in time order. The result is that
    /// of [`Self::handle`] for the same payloads as JSON: the same rows in the same order. They
    /// count as stored when they were received.
    pub fn ingest(&mut self, messages: &[Message], out: &mut Outputs) {
        let register = Arc::clone(&self.register);
        let mut scratch = std::mem::take(&mut self.scratch);
        for chunk in messages.chunks(CHUNK) {
            self.group(chunk, &mut scratch);
            self.match_rules(chunk.len(), &mut scratch);
            for (i, message) in chunk.iter().enumerate() {
                let fired = &scratch.fired[i * scratch.words..(i + 1) * scratch.words];
                self.emit(message, scratch.routes[i], fired, &register.names, out);
            }
        }
        self.scratch = scratch;
    }

    fn group(&mut self, chunk: &[Message], scratch: &mut Scratch) {
        for group in &scratch.groups[..scratch.groups_used] {
            scratch.group_of_route[group.route as usize] = NO_GROUP;
        }
        scratch.groups_used = 0;
        scratch.routes.clear();
        for (i, message) in chunk.iter().enumerate() {
            let route = self.routes.device(message.device(), &self.topics);
            scratch.routes.push(route);
            if self.routes.route(route.route).rules.is_empty() {
                continue;
            }
            let group = scratch.group_of(route.route, self.routes.len());
            group.places.push(i as u32);
            group.messages.push(*message);
        }
    }

    fn match_rules(&mut self, messages: usize, scratch: &mut Scratch) {
        let Scratch { groups, groups_used, fired, words, hits, .. } = scratch;
        let groups = &groups[..*groups_used];
        let most = groups.iter().map(|group| self.routes.route(group.route).rules.len()).max();
        *words = most.unwrap_or(0).div_ceil(u64::BITS as usize);
        fired.clear();
        fired.resize(messages * *words, 0);
        for group in groups {
            let class = group.messages[0].reading.class() as usize;
            for (position, &number) in self.routes.route(group.route).rules.iter().enumerate() {
                hits.clear();
                let loaded = &mut self.rules[usize::from(number)];
                loaded.meter.topic_match += group.messages.len() as u64;
                match &loaded.bound[class] {
                    Some(bound) => {
                        loaded.meter.executed += group.messages.len() as u64;
                        bound.matching(&group.messages, hits);
                    }
                    None => hits.extend(0..group.messages.len() as u32),
                }
                let (word, bit) = (position / u64::BITS as usize, position as u32 % u64::BITS);
                for &hit in hits.iter() {
                    let place = group.places[hit as usize] as usize;
                    fired[place * *words + word] |= 1 << bit;
                }
            }
        }
    }

    fn emit(
        &mut self,
        message: &Message,
        route: DeviceRoute,
        fired: &[u64],
        names: &Names,
        out: &mut Outputs,
    ) {
        let device = message.device();
        let start = out.bytes.len();
        message.reading.render(names, &mut out.bytes);
        let incoming = Incoming {
            time: message.received_at,
            topic: device.raw(),
            principal: device.raw(),
            payload: out.range_from(start),
            source: Source::Device,
            qos: DATA_QOS,
            hops: 0,
            properties: None,
        };
        if !self.may_report(&incoming, out) {
            return;
        }
        self.record(&incoming, out);
        for i in 0..self.routes.route(route.route).subscribers.len() {
            let subscriber = self.routes.route(route.route).subscribers[i];
            self.deliver(&incoming, subscriber, out);
        }
        for (word, &bits) in fired.iter().enumerate() {
            let mut bits = bits;
            while bits != 0 {
                let position = word * u64::BITS as usize + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let number = self.routes.route(route.route).rules[position];
                self.run_fired(number, message, &incoming, names, out);
            }
        }
        if self.mirrored[message.reading.class() as usize] {
            self.mirror_reading(message, &incoming, route, out);
        }
        if !self.queue.is_empty() {
            self.work_off(out);
        }
    }

    /// Runs a rule that fired by column, or that has to be run on the general path.
    fn run_fired(
        &mut self,
        number: u16,
        message: &Message,
        incoming: &Incoming,
        names: &Names,
        out: &mut Outputs,
    ) {
        let loaded = &self.rules[usize::from(number)];
        let Some(bound) = &loaded.bound[message.reading.class() as usize] else {
            let topic = self.topics.text(incoming.topic).to_owned();
            let bytes = incoming.payload.of(&out.bytes).to_vec();
            self.run_rule(number, incoming, &topic, &mut Payload::new(&bytes), out);
            return;
        };
        let body = if bound.is_whole_payload() {
            Body { range: incoming.payload, form: Form::Reading(message.device()) }
        } else {
            let start = out.bytes.len();
            bound.render(message, names, &mut out.bytes);
            Body { range: out.range_from(start), form: Form::Json }
        };
        self.record_match(number, incoming, out);
        // A rule with SET variables is never bound.
        self.run_actions(number, incoming, body, &[], out);
    }

    fn mirror_reading(
        &mut self,
        message: &Message,
        incoming: &Incoming,
        route: DeviceRoute,
        out: &mut Outputs,
    ) {
        let thing = message.device();
        let payload = Some(incoming.payload);
        if route.listeners == 0
            && let Some(version) = self.shadows.mirror(incoming.time, &message.reading)
        {
            let row = ShadowRow {
                time: incoming.time,
                thing,
                version,
                desired: None,
                reported: payload,
                delta: None,
            };
            self.record_shadow(row, out);
            return;
        }
        let bytes = incoming.payload.of(&out.bytes);
        if let Ok(Value::Object(object)) = Payload::new(bytes).value(SqlVersion::V2016_03_23) {
            let request = UpdateRequest::reporting(object.clone());
            self.update_shadow(incoming, thing, &request, payload, out);
        }
    }
}

impl Scratch {
    /// The group of `route`, one of `routes`; a new one if this is its first message.
    fn group_of(&mut self, route: u32, routes: usize) -> &mut Group {
        if self.group_of_route.len() < routes {
            self.group_of_route.resize(routes, NO_GROUP);
        }
        let known = &mut self.group_of_route[route as usize];
        if *known == NO_GROUP {
            *known = self.groups_used as u32;
            if self.groups.len() == self.groups_used {
                self.groups.push(Group::default());
            }
            let group = &mut self.groups[self.groups_used];
            group.route = route;
            group.places.clear();
            group.messages.clear();
            self.groups_used += 1;
        }
        &mut self.groups[*known as usize]
    }
}

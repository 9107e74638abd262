//! The shadow service: requests come in as messages, answers go out as messages, but only where
//! somebody listens.

use super::{Incoming, IotCore};
use crate::outputs::{ByteRange, Outputs, RejectionCode, ShadowRow, Source};
use crate::shadow::{
    Channel, Operation, Patch, Refusal, Response, ShadowError, UpdateRequest, parse_request,
    parse_token, response_topic,
};
use fieldmirror_core::ids::DeviceIx;

impl IotCore {
    /// Answers a message on a shadow request topic.
    pub(super) fn shadow_request(
        &mut self,
        message: &Incoming,
        topic: &str,
        payload: &[u8],
        out: &mut Outputs,
    ) {
        let Some((name, operation)) = parse_request(topic) else {
            // A republish may name a response topic; the service hears requests only.
            return;
        };
        let refusal = match self.thing(name) {
            None => {
                let client_token = parse_token(payload).unwrap_or_default();
                Err(Refusal { error: ShadowError::UnknownThing, client_token })
            }
            Some(thing) => match operation {
                Operation::Update => UpdateRequest::parse(payload)
                    .map(|request| self.update_shadow(message, thing, &request, None, out)),
                Operation::Get => parse_token(payload)
                    .and_then(|token| self.get_shadow(message, thing, token, out)),
                Operation::Delete => parse_token(payload)
                    .and_then(|token| self.delete_shadow(message, thing, token, out)),
            },
        };
        if let Err(refusal) = refusal {
            self.refuse(message, name, operation, &refusal, out);
        }
    }

    /// Applies an update, records it and tells those who listen. `reported` is the reported section
    /// where the arena holds it already.
    pub(super) fn update_shadow(
        &mut self,
        message: &Incoming,
        thing: DeviceIx,
        request: &UpdateRequest,
        reported: Option<ByteRange>,
        out: &mut Outputs,
    ) {
        let now = message.time;
        let listeners = self.listeners(thing);
        let keep_both = listeners & Channel::UpdateDocuments.bit() != 0;
        let accepted = match self.shadows.update(now, thing, request, keep_both) {
            Ok(accepted) => accepted,
            Err(error) => {
                let name = self.principals.text(thing.raw()).to_owned();
                let refusal = Refusal { error, client_token: request.client_token.clone() };
                self.refuse(message, &name, Operation::Update, &refusal, out);
                return;
            }
        };
        let desired = store_patch(&request.desired, out);
        let reported = reported.or_else(|| store_patch(&request.reported, out));
        let delta = (!accepted.delta.is_empty()).then(|| {
            let start = out.bytes.len();
            accepted.delta.write_state(&mut out.bytes);
            out.range_from(start)
        });
        let version = accepted.version;
        self.record_shadow(ShadowRow { time: now, thing, version, desired, reported, delta }, out);
        if listeners == 0 {
            return;
        }
        let name = &self.principals.text(thing.raw()).to_owned();
        let mut respond = |channel, response| {
            let token = request.client_token.as_deref();
            self.respond(message, name, listeners, &Answer { channel, response, token }, out);
        };
        respond(Channel::UpdateAccepted, Response::UpdateAccepted { request, version });
        if delta.is_some() {
            let response = Response::Delta { delta: &accepted.delta, version };
            respond(Channel::UpdateDelta, response);
        }
        if let Some(current) = accepted.current {
            let previous = accepted.previous.as_ref();
            let response = Response::Documents { previous, current: &current };
            respond(Channel::UpdateDocuments, response);
        }
    }

    /// Records an accepted update.
    pub(super) fn record_shadow(&self, row: ShadowRow, out: &mut Outputs) {
        out.counters.shadow_updates += 1;
        out.shadows.push(row);
    }

    /// Which channels of a thing's shadow somebody listens to.
    fn listeners(&mut self, thing: DeviceIx) -> u8 {
        if thing.index() < self.register.reporting {
            self.routes.device(thing, &self.topics).listeners
        } else {
            self.routes.resolve_listeners(self.principals.text(thing.raw()))
        }
    }

    fn get_shadow(
        &mut self,
        message: &Incoming,
        thing: DeviceIx,
        token: Option<String>,
        out: &mut Outputs,
    ) -> Result<(), Refusal> {
        let Some(document) = self.shadows.document(thing) else {
            return Err(Refusal { error: ShadowError::NoShadow, client_token: token });
        };
        let document = document.into_owned();
        let listeners = self.listeners(thing);
        let name = self.principals.text(thing.raw()).to_owned();
        let answer = Answer {
            channel: Channel::GetAccepted,
            response: Response::GetAccepted(&document),
            token: token.as_deref(),
        };
        self.respond(message, &name, listeners, &answer, out);
        Ok(())
    }

    fn delete_shadow(
        &mut self,
        message: &Incoming,
        thing: DeviceIx,
        token: Option<String>,
        out: &mut Outputs,
    ) -> Result<(), Refusal> {
        let version = match self.shadows.delete(message.time, thing) {
            Ok(version) => version,
            Err(error) => return Err(Refusal { error, client_token: token }),
        };
        let listeners = self.listeners(thing);
        let name = self.principals.text(thing.raw()).to_owned();
        let answer = Answer {
            channel: Channel::DeleteAccepted,
            response: Response::DeleteAccepted { version },
            token: token.as_deref(),
        };
        self.respond(message, &name, listeners, &answer, out);
        Ok(())
    }

    fn refuse(
        &mut self,
        message: &Incoming,
        name: &str,
        operation: Operation,
        refusal: &Refusal,
        out: &mut Outputs,
    ) {
        let Refusal { error, client_token } = refusal;
        let detail = format!("{}: {} {}", name, error.code(), error.message(name));
        out.reject(message.time, Some(message.principal), RejectionCode::Shadow, &detail);
        let listeners = self.routes.resolve_listeners(name);
        let answer = Answer {
            channel: operation.rejected(),
            response: Response::Rejected { error: *error, thing: name },
            token: client_token.as_deref(),
        };
        self.respond(message, name, listeners, &answer, out);
    }

    /// Publishes an answer if somebody listens to its channel.
    fn respond(
        &mut self,
        request: &Incoming,
        thing: &str,
        listeners: u8,
        answer: &Answer<'_>,
        out: &mut Outputs,
    ) {
        if listeners & answer.channel.bit() == 0 {
            return;
        }
        let mut text = String::new();
        response_topic(thing, answer.channel, &mut text);
        let Some(topic) = self.intern_topic(&text) else {
            out.reject(request.time, Some(request.principal), RejectionCode::TopicLimit, &text);
            return;
        };
        let start = out.bytes.len();
        answer.response.write(request.time, answer.token, &mut out.bytes);
        self.queue.push_back(Incoming {
            time: request.time,
            topic,
            principal: request.principal,
            payload: out.range_from(start),
            source: Source::Shadow,
            qos: 1,
            hops: request.hops,
            properties: None,
        });
    }
}

/// What to publish on which channel.
struct Answer<'a> {
    channel: Channel,
    response: Response<'a>,
    token: Option<&'a str>,
}

/// Writes a section of a request into the arena.
fn store_patch(patch: &Patch, out: &mut Outputs) -> Option<ByteRange> {
    let start = out.bytes.len();
    patch.write(&mut out.bytes).then(|| out.range_from(start))
}

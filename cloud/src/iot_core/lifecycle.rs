//! Lifecycle events: that a client came, went, subscribed or unsubscribed, published by the service
//! where somebody listens. Where nobody does, nothing is made.
//!
//! `versionNumber` counts a client's connections from 0; a connection and its end have the same. It
//! begins again once the client has been away for an hour. `sessionIdentifier` is drawn from the
//! seed, the client and how often it has connected, so it is the same in every run. An event is
//! published once and at once, while the service may repeat and reorder them. `ipAddress` is left
//! out, since no connection here has one, and a connect that is denied has no event.
//!
//! # Source
//! AWS IoT Core developer guide, "Lifecycle events": "Connect/Disconnect events",
//! "Subscribe/Unsubscribe events".

use super::{Incoming, IotCore};
use crate::outputs::{Outputs, RejectionCode, Source};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_core::topic::Topic;
use fieldmirror_rules::value::{Object, Value};
use std::collections::BTreeMap;

/// How long a client must be away for its version numbers to begin again, in hours. Source: AWS
/// IoT Core developer guide, "Connect/Disconnect events", `versionNumber`.
const VERSIONS_KEPT_HOURS: i64 = 1;

/// The last connection of each client.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence(BTreeMap<u32, Connection>);

#[derive(Clone, Debug, Default)]
struct Connection {
    /// How many the client had before.
    number: u64,
    version: u64,
    /// The certificate that was shown.
    certificate: Option<String>,
    gone_at: Option<Timestamp>,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    ClientInitiated,
    AuthError,
    DuplicateClientId,
}

/// What happened to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event<'a> {
    Connected,
    Disconnected(Reason),
    Subscribed(&'a str),
    Unsubscribed(&'a str),
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ClientInitiated => "CLIENT_INITIATED_DISCONNECT",
            Self::AuthError => "AUTH_ERROR",
            Self::DuplicateClientId => "DUPLICATE_CLIENTID",
        }
    }
}

impl Event<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected(_) => "disconnected",
            Self::Subscribed(_) => "subscribed",
            Self::Unsubscribed(_) => "unsubscribed",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::Connected | Self::Disconnected(_) => "presence",
            Self::Subscribed(_) | Self::Unsubscribed(_) => "subscriptions",
        }
    }
}

impl Presence {
    fn connect(&mut self, now: Timestamp, client: u32, certificate: Option<&str>) {
        let certificate = certificate.map(str::to_owned);
        let kept = Span::from_hours(VERSIONS_KEPT_HOURS);
        let next = match self.0.get(&client) {
            None => Connection { certificate, ..Connection::default() },
            Some(last) => {
                let is_forgotten = last.gone_at.is_some_and(|at| at + kept <= now);
                let version = if is_forgotten { 0 } else { last.version + 1 };
                Connection { number: last.number + 1, version, certificate, gone_at: None }
            }
        };
        self.0.insert(client, next);
    }
}

impl IotCore {
    /// A client has connected; `took_over` if its connection before was still open.
    pub(super) fn client_came(
        &mut self,
        now: Timestamp,
        client: u32,
        took_over: bool,
        out: &mut Outputs,
    ) {
        if took_over {
            self.client_left(now, client, Reason::DuplicateClientId, out);
        }
        self.presence.connect(now, client, self.authority.certificate(client));
        self.announce(now, client, Event::Connected, out);
    }

    /// A client's connection has ended.
    pub(super) fn client_left(
        &mut self,
        now: Timestamp,
        client: u32,
        reason: Reason,
        out: &mut Outputs,
    ) {
        if let Some(connection) = self.presence.0.get_mut(&client) {
            connection.gone_at = Some(now);
        }
        self.announce(now, client, Event::Disconnected(reason), out);
    }

    /// A client has subscribed to `filter`.
    pub(super) fn client_subscribed(
        &mut self,
        now: Timestamp,
        client: u32,
        filter: &str,
        out: &mut Outputs,
    ) {
        self.announce(now, client, Event::Subscribed(filter), out);
    }

    /// A client has taken the subscription to `filter` back.
    pub(super) fn client_unsubscribed(
        &mut self,
        now: Timestamp,
        client: u32,
        filter: &str,
        out: &mut Outputs,
    ) {
        self.announce(now, client, Event::Unsubscribed(filter), out);
    }

    /// Publishes an event if somebody listens to it. A client id that no topic can end with has
    /// none.
    fn announce(&mut self, now: Timestamp, client: u32, event: Event<'_>, out: &mut Outputs) {
        if !self.routes.hear_reserved() {
            return;
        }
        let name = self.principals.text(client);
        let topic = format!("$aws/events/{}/{}/{name}", event.group(), event.name());
        if !self.routes.hear(&topic) || Topic::parse(&topic).is_err() {
            return;
        }
        let body = self.event_body(now, client, event);
        let Some(id) = self.intern_topic(&topic) else {
            out.reject(now, Some(client), RejectionCode::TopicLimit, &topic);
            return;
        };
        let start = out.bytes.len();
        Value::Object(body).write_json(&mut out.bytes);
        self.queue.push_back(Incoming {
            time: now,
            topic: id,
            principal: client,
            payload: out.range_from(start),
            source: Source::Shadow,
            qos: 1,
            hops: 0,
            properties: None,
        });
    }

    fn event_body(&self, now: Timestamp, client: u32, event: Event<'_>) -> Object {
        let name = self.principals.text(client);
        let unknown = Connection::default();
        let connection = self.presence.0.get(&client).unwrap_or(&unknown);
        let session = self.session_identifier(name, connection.number);
        let mut body: Object = [
            ("clientId", Value::from(name)),
            ("timestamp", Value::from(now.millis())),
            ("eventType", Value::from(event.name())),
            ("sessionIdentifier", Value::from(session)),
            ("principalIdentifier", Value::from(connection.certificate.as_deref().unwrap_or(name))),
        ]
        .into_iter()
        .collect();
        match event {
            Event::Subscribed(filter) | Event::Unsubscribed(filter) => {
                body.insert("topics", Value::Array(vec![Value::from(filter)]));
                return body;
            }
            Event::Connected => {}
            Event::Disconnected(reason) => {
                let is_own = reason == Reason::ClientInitiated;
                body.insert("clientInitiatedDisconnect", Value::Bool(is_own));
                body.insert("disconnectReason", Value::from(reason.as_str()));
            }
        }
        body.insert("versionNumber", Value::Int(connection.version.into()));
        body
    }
}

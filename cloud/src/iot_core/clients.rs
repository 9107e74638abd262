//! Connections and subscriptions.

use super::lifecycle::Reason;
use super::{IotCore, OTHER_CLIENTS_MAX};
use crate::outputs::{Delivery, Outputs, RejectionCode};
use crate::routes::Subscriber;
use crate::session::Subscription;
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::topic::TopicFilter;

/// Longest client id, in bytes. Source: AWS IoT Core endpoints and quotas, "Client ID size".
pub(super) const CLIENT_ID_BYTES_MAX: usize = 128;

impl IotCore {
    pub(super) fn connect(
        &mut self,
        now: Timestamp,
        client: &str,
        certificate: Option<&str>,
        clean: bool,
        out: &mut Outputs,
    ) {
        if client.is_empty() || client.len() > CLIENT_ID_BYTES_MAX || client.starts_with('$') {
            out.reject(now, None, RejectionCode::ClientId, client);
            return;
        }
        let others = self.principals.len() - self.things;
        if others >= OTHER_CLIENTS_MAX && self.principals.find(client).is_none() {
            out.reject(now, None, RejectionCode::ClientLimit, client);
            return;
        }
        if let Err(why) = self.authorize_connect(client, certificate, clean) {
            out.counters.denials += 1;
            let id = self.principals.intern(client);
            out.reject(now, Some(id), RejectionCode::NotAuthorized, &why);
            return;
        }
        let id = self.principals.intern(client);
        let took_over = self.sessions.is_connected(id);
        let connected = self.sessions.connect(id, clean);
        self.remove_subscriptions(id, &connected.dropped);
        self.client_came(now, id, took_over, out);
        for queued in connected.waiting {
            if !self.may_receive(now, id, queued.topic, out) {
                continue;
            }
            let payload = out.store(&queued.payload);
            out.counters.deliveries += 1;
            out.deliveries.push(Delivery {
                time: now,
                client: id,
                topic: queued.topic,
                payload,
                // Only quality 1 waits.
                qos: 1,
                retained: false,
            });
        }
    }

    pub(super) fn disconnect(&mut self, now: Timestamp, client: &str, out: &mut Outputs) {
        let id = self.principals.find(client);
        match id.and_then(|id| Some((id, self.sessions.disconnect(now, id)?))) {
            Some((id, ended)) => {
                self.remove_subscriptions(id, &ended);
                self.client_left(now, id, Reason::ClientInitiated, out);
            }
            None => out.reject(now, id, RejectionCode::NotConnected, client),
        }
    }

    pub(super) fn subscribe(
        &mut self,
        now: Timestamp,
        client: &str,
        filter: &str,
        qos: u8,
        out: &mut Outputs,
    ) {
        let Some(id) = self.connected(now, client, out) else { return };
        let code = match TopicFilter::parse(filter) {
            Err(_) => RejectionCode::Topic,
            Ok(_) if qos > 1 => RejectionCode::QualityOfService,
            // Nobody hears Basic Ingest.
            Ok(_) if filter.starts_with("$aws/rules/") => RejectionCode::ReservedTopic,
            Ok(_) if filter.starts_with("$share/") => {
                let why = format!("{filter}: shared subscriptions are not supported here");
                out.reject(now, Some(id), RejectionCode::ReservedTopic, &why);
                return;
            }
            Ok(parsed) => match self.authorize_subscribe(id, filter) {
                Err(why) => {
                    self.deny(now, id, &why, out);
                    return;
                }
                Ok(()) => match self.grant(now, id, parsed, qos, out) {
                    Ok(()) => {
                        self.client_subscribed(now, id, filter, out);
                        return;
                    }
                    Err(code) => code,
                },
            },
        };
        out.reject(now, Some(id), code, filter);
    }

    pub(super) fn unsubscribe(
        &mut self,
        now: Timestamp,
        client: &str,
        filter: &str,
        out: &mut Outputs,
    ) {
        let Some(id) = self.connected(now, client, out) else { return };
        match TopicFilter::parse(filter) {
            Ok(parsed) => {
                if let Some(ended) = self.sessions.unsubscribe(id, &parsed) {
                    self.remove_subscriptions(id, &[ended]);
                    self.client_unsubscribed(now, id, filter, out);
                }
            }
            Err(_) => out.reject(now, Some(id), RejectionCode::Topic, filter),
        }
    }

    /// The client's id if it has an open session; a rejection otherwise.
    pub(super) fn connected(&self, now: Timestamp, client: &str, out: &mut Outputs) -> Option<u32> {
        let id = self.principals.find(client);
        let connected = id.filter(|&id| self.sessions.is_connected(id));
        if connected.is_none() {
            out.reject(now, id, RejectionCode::NotConnected, client);
        }
        connected
    }

    pub(super) fn remove_subscriptions(&mut self, client: u32, subscriptions: &[Subscription]) {
        for Subscription { filter, qos } in subscriptions {
            let subscriber = Subscriber { client, qos: *qos };
            self.routes.remove(filter, subscriber, &self.topics, &self.principals);
        }
    }

    fn grant(
        &mut self,
        now: Timestamp,
        client: u32,
        filter: TopicFilter,
        qos: u8,
        out: &mut Outputs,
    ) -> Result<(), RejectionCode> {
        let subscription = Subscription { filter: filter.clone(), qos };
        if let Some(qos) = self.sessions.subscribe(client, subscription)? {
            let before = Subscriber { client, qos };
            self.routes.remove(&filter, before, &self.topics, &self.principals);
        }
        let subscriber = Subscriber { client, qos };
        self.routes.add(&filter, subscriber, &self.topics, &self.principals);
        // A retained message is only for a filter that equals its topic.
        let topic = self.topics.find(filter.as_str());
        if let Some((topic, retained)) =
            topic.and_then(|topic| Some((topic, self.retained.find(topic)?)))
            && self.may_receive(now, client, topic, out)
        {
            let payload = out.store(&retained.payload);
            let qos = qos.min(retained.qos);
            out.counters.deliveries += 1;
            let delivery = Delivery { time: now, client, topic, payload, qos, retained: true };
            out.deliveries.push(delivery);
        }
        Ok(())
    }
}

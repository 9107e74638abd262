//! Authorisation: what a connection's policies allow it. Without an identity everything is allowed.
//!
//! A connection's policies are collected and compiled when it connects and kept until its client
//! connects again. A denied connect opens no session; a denied publish or subscribe ends the
//! connection, as the service does with MQTT 3 clients; a denied delivery is left out and the
//! connection stays. Each denial is a rejection with the deciding statement, and is counted.
//!
//! What rules, functions and the shadow service publish is theirs, not a client's: their roles are
//! AWS IAM's business and are not modelled.
//!
//! # Source
//! AWS IoT Core developer guide, "Authorization", "AWS IoT Core policy actions"; what ends a
//! connection: the service's device SDK issue threads.

use super::lifecycle::Reason;
use super::{Incoming, IotCore};
use crate::identity::{Connection, Identity};
use crate::outputs::{Outputs, RejectionCode};
use crate::policy::explain::{Explanation, explain};
use crate::policy::{Action, Request, SessionPolicy};
use crate::spec::ThingSpec;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Timestamp;
use std::collections::BTreeMap;

/// Who may do what: the identity, and the policies of each client's last connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Authority {
    identity: Option<Identity>,
    granted: BTreeMap<u32, Granted>,
    /// Whether a reporting device may publish on its own data topic, by [`DeviceIx`].
    own_topic: Vec<Option<bool>>,
}

/// What a connection was granted.
#[derive(Clone, Debug)]
struct Granted {
    certificate: String,
    policy: SessionPolicy,
}

impl Authority {
    pub(super) fn new(identity: Option<Identity>, reporting: usize) -> Self {
        let own_topic = vec![None; if identity.is_some() { reporting } else { 0 }];
        Self { identity, granted: BTreeMap::new(), own_topic }
    }

    /// The certificate that a client showed last.
    pub(super) fn certificate(&self, client: u32) -> Option<&str> {
        self.granted.get(&client).map(|granted| granted.certificate.as_str())
    }

    const fn is_open(&self) -> bool {
        self.identity.is_none()
    }

    fn policy(&self, client: u32) -> Option<&SessionPolicy> {
        self.granted.get(&client).map(|granted| &granted.policy)
    }
}

impl IotCore {
    /// Collects and checks the policies of a connection; why it is refused otherwise.
    pub(super) fn authorize_connect(
        &mut self,
        client: &str,
        certificate: Option<&str>,
        clean: bool,
    ) -> Result<(), String> {
        let Some(identity) = &self.authority.identity else { return Ok(()) };
        let Some(certificate) = certificate else {
            return Err(format!("iot:Connect on client/{client}: it shows no certificate"));
        };
        let thing = self.thing(client).map(|thing| self.thing_spec(thing));
        let connection = Connection {
            certificate,
            client_id: Some(client),
            thing: thing.as_ref(),
            persistent: !clean,
            ..Connection::default()
        };
        let policy = identity
            .session(&connection)
            .map_err(|refused| format!("iot:Connect on client/{client}: {refused}"))?;
        policy.connect(client, None).map_err(|denied| denied.text)?;
        let id = self.principals.intern(client);
        if let Some(known) = self.authority.own_topic.get_mut(id as usize) {
            *known = None;
        }
        let granted = Granted { certificate: certificate.to_owned(), policy };
        self.authority.granted.insert(id, granted);
        Ok(())
    }

    /// Why a connection of `client` that shows `certificate` may do something, or may not, with the
    /// registry as it is. `None` if nothing is enforced, or the certificate opens no session.
    pub fn explain_access(
        &self,
        client: &str,
        certificate: &str,
        clean: bool,
        request: Request<'_>,
    ) -> Option<Explanation> {
        let thing = self.thing(client).map(|thing| self.thing_spec(thing));
        let connection = Connection {
            certificate,
            client_id: Some(client),
            thing: thing.as_ref(),
            persistent: !clean,
            ..Connection::default()
        };
        let (set, facts) = self.authority.identity.as_ref()?.collect(&connection).ok()?;
        Some(explain(&set, request, &facts))
    }

    /// Checks a publish; why it is denied otherwise.
    pub(super) fn authorize_publish(
        &self,
        client: u32,
        topic: &str,
        retain: bool,
    ) -> Result<(), String> {
        match self.authority.policy(client) {
            _ if self.authority.is_open() => Ok(()),
            Some(policy) => policy.publish(topic, retain).map_err(|denied| denied.text),
            None => Err(format!("iot:Publish on topic/{topic}: its client has not connected")),
        }
    }

    /// Checks a subscription; why it is denied otherwise.
    pub(super) fn authorize_subscribe(&self, client: u32, filter: &str) -> Result<(), String> {
        match self.authority.policy(client) {
            _ if self.authority.is_open() => Ok(()),
            Some(policy) => policy.subscribe(filter).map_err(|denied| denied.text),
            None => {
                Err(format!("iot:Subscribe on topicfilter/{filter}: its client has not connected"))
            }
        }
    }

    /// Whether a client may receive a message; a denial is recorded.
    pub(super) fn may_receive(
        &self,
        now: Timestamp,
        client: u32,
        topic: u32,
        out: &mut Outputs,
    ) -> bool {
        if self.authority.is_open() {
            return true;
        }
        let topic = self.topics.text(topic);
        let Some(policy) = self.authority.policy(client) else { return false };
        let decision = policy.decide(Action::Receive, topic);
        if decision.is_allowed() {
            return true;
        }
        let detail = policy.sentence(Request::new(Action::Receive, topic), decision);
        out.counters.denials += 1;
        out.reject(now, Some(client), RejectionCode::NotAuthorized, &detail);
        false
    }

    /// Whether a device may publish its readings on its own data topic: asked once a connection.
    /// A denial is recorded each time.
    pub(super) fn may_report(&mut self, message: &Incoming, out: &mut Outputs) -> bool {
        if self.authority.is_open() {
            return true;
        }
        let device = message.principal as usize;
        let known = match self.authority.own_topic[device] {
            Some(known) => known,
            None => {
                let topic = self.topics.text(message.topic);
                let allowed = self.authorize_publish(message.principal, topic, false).is_ok();
                self.authority.own_topic[device] = Some(allowed);
                allowed
            }
        };
        if !known {
            let topic = self.topics.text(message.topic);
            if let Err(why) = self.authorize_publish(message.principal, topic, false) {
                out.counters.denials += 1;
                out.reject(
                    message.time,
                    Some(message.principal),
                    RejectionCode::NotAuthorized,
                    &why,
                );
            }
        }
        known
    }

    /// Records a denied publish or subscribe and ends the connection that asked for it.
    pub(super) fn deny(&mut self, now: Timestamp, client: u32, why: &str, out: &mut Outputs) {
        out.counters.denials += 1;
        out.reject(now, Some(client), RejectionCode::NotAuthorized, why);
        if let Some(ended) = self.sessions.disconnect(now, client) {
            self.remove_subscriptions(client, &ended);
            self.client_left(now, client, Reason::AuthError, out);
        }
    }

    /// A thing as the identity wants it.
    fn thing_spec(&self, thing: DeviceIx) -> ThingSpec {
        let thing = self.registry.thing(thing);
        ThingSpec {
            name: thing.name.to_owned(),
            thing_type: thing.thing_type.map(str::to_owned),
            groups: thing.groups.iter().map(|group| (*group).to_owned()).collect(),
            attributes: thing.attributes,
        }
    }
}

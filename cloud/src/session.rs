//! Sessions: who is connected, what they subscribed to, and what waits for those who are away.
//!
//! A persistent session outlives its connection by a set time; messages of quality 1 wait for it in
//! a bounded queue and are handed over, in order, when it comes back. A clean session ends with its
//! connection.
//!
//! Messages handed to a connected session count as received: in process nothing is lost between
//! the two.
//!
//! # Source
//! AWS IoT Core developer guide, "MQTT persistent sessions".

use crate::outputs::RejectionCode;
use fieldmirror_core::limits::OFFLINE_QUEUE_MAX;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_core::topic::TopicFilter;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Most subscriptions of one session. Source: AWS IoT Core endpoints and quotas, "Subscriptions per
/// connection".
pub(crate) const SUBSCRIPTIONS_MAX: usize = 50;

/// All sessions by client (principal id).
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    by_client: BTreeMap<u32, Session>,
    /// When each disconnected persistent session is forgotten.
    expiries: BTreeSet<(Timestamp, u32)>,
    expiry: Span,
}

#[derive(Clone, Debug)]
struct Session {
    clean: bool,
    /// `None` while connected.
    expires_at: Option<Timestamp>,
    subscriptions: Vec<Subscription>,
    queue: VecDeque<Queued>,
}

/// A filter and the quality of service granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) filter: TopicFilter,
    pub(crate) qos: u8,
}

/// A message that waits for an absent client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queued {
    pub(crate) topic: u32,
    pub(crate) payload: Box<[u8]>,
}

/// What a connect brought about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connected {
    /// Subscriptions of a forgotten session.
    pub(crate) dropped: Vec<Subscription>,
    /// Messages that waited.
    pub(crate) waiting: VecDeque<Queued>,
}

/// Where a message for a client goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// To the open connection.
    Connection,
    /// Into the queue; `true` if the oldest message had to make room.
    Queue { dropped_oldest: bool },
    /// Nowhere: quality 0 is not stored.
    Nowhere,
}

impl Sessions {
    pub(crate) fn new(expiry: Span) -> Self {
        Self { by_client: BTreeMap::new(), expiries: BTreeSet::new(), expiry }
    }

    pub(crate) fn is_connected(&self, client: u32) -> bool {
        self.by_client.get(&client).is_some_and(|session| session.expires_at.is_none())
    }

    /// Opens a session; one that is still open is taken over.
    pub(crate) fn connect(&mut self, client: u32, clean: bool) -> Connected {
        let mut connected = Connected::default();
        let mut subscriptions = Vec::new();
        if let Some(old) = self.by_client.remove(&client) {
            if let Some(at) = old.expires_at {
                self.expiries.remove(&(at, client));
            }
            if clean || old.clean {
                connected.dropped = old.subscriptions;
            } else {
                subscriptions = old.subscriptions;
                connected.waiting = old.queue;
            }
        }
        let queue = VecDeque::new();
        self.by_client.insert(client, Session { clean, expires_at: None, subscriptions, queue });
        connected
    }

    /// Ends a connection and gives the subscriptions that end with it; `None` if there was none.
    pub(crate) fn disconnect(&mut self, now: Timestamp, client: u32) -> Option<Vec<Subscription>> {
        let session = self.by_client.get_mut(&client)?;
        if session.expires_at.is_some() {
            return None;
        }
        if session.clean {
            return Some(self.by_client.remove(&client)?.subscriptions);
        }
        let at = now + self.expiry;
        session.expires_at = Some(at);
        self.expiries.insert((at, client));
        Some(Vec::new())
    }

    /// Grants a subscription; the quality that the same filter had before, if any.
    pub(crate) fn subscribe(
        &mut self,
        client: u32,
        subscription: Subscription,
    ) -> Result<Option<u8>, RejectionCode> {
        let session = self.by_client.get_mut(&client).ok_or(RejectionCode::NotConnected)?;
        let known = session.subscriptions.iter_mut().find(|old| old.filter == subscription.filter);
        if let Some(old) = known {
            let qos = std::mem::replace(&mut old.qos, subscription.qos);
            return Ok(Some(qos));
        }
        if session.subscriptions.len() == SUBSCRIPTIONS_MAX {
            return Err(RejectionCode::SubscriptionLimit);
        }
        session.subscriptions.push(subscription);
        Ok(None)
    }

    /// Takes a subscription back; `None` if there was none.
    pub(crate) fn unsubscribe(
        &mut self,
        client: u32,
        filter: &TopicFilter,
    ) -> Option<Subscription> {
        let session = self.by_client.get_mut(&client)?;
        let at = session.subscriptions.iter().position(|old| old.filter == *filter)?;
        Some(session.subscriptions.remove(at))
    }

    /// Decides where a message of quality `qos` goes, and queues it if the client is away.
    pub(crate) fn dispatch(
        &mut self,
        client: u32,
        qos: u8,
        topic: u32,
        payload: &[u8],
    ) -> Destination {
        let Some(session) = self.by_client.get_mut(&client) else {
            return Destination::Nowhere;
        };
        if session.expires_at.is_none() {
            return Destination::Connection;
        }
        if qos == 0 {
            return Destination::Nowhere;
        }
        let dropped_oldest = session.queue.len() == OFFLINE_QUEUE_MAX;
        if dropped_oldest {
            session.queue.pop_front();
        }
        session.queue.push_back(Queued { topic, payload: payload.into() });
        Destination::Queue { dropped_oldest }
    }

    /// When the next absent session is forgotten.
    pub(crate) fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|&(at, _)| at)
    }

    /// Forgets one session whose time is up at `now`: its client, and the subscriptions that go.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Option<(u32, Vec<Subscription>)> {
        let &(at, client) = self.expiries.first().filter(|&&(at, _)| at <= now)?;
        self.expiries.remove(&(at, client));
        let session = self.by_client.remove(&client)?;
        Some((client, session.subscriptions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(0) + Span::from_seconds(seconds)
    }

    fn subscription(filter: &str) -> Subscription {
        Subscription { filter: TopicFilter::parse(filter).expect("valid"), qos: 1 }
    }

    #[test]
    fn a_full_queue_drops_its_oldest_and_says_so() {
        let mut sessions = Sessions::new(Span::from_hours(1));
        sessions.connect(1, false);
        assert_eq!(sessions.dispatch(1, 0, 9, b"x"), Destination::Connection);
        sessions.disconnect(at(0), 1).expect("was connected");
        assert_eq!(sessions.dispatch(1, 0, 9, b"x"), Destination::Nowhere);
        for i in 0..=OFFLINE_QUEUE_MAX {
            let dropped_oldest = i == OFFLINE_QUEUE_MAX;
            let destination = sessions.dispatch(1, 1, 9, i.to_string().as_bytes());
            assert_eq!(destination, Destination::Queue { dropped_oldest });
        }
        let waiting = sessions.connect(1, false).waiting;
        assert_eq!(waiting.len(), OFFLINE_QUEUE_MAX);
        assert_eq!(*waiting[0].payload, *b"1");
        assert!(sessions.connect(1, false).waiting.is_empty(), "handed over once");
    }

    #[test]
    fn clean_sessions_end_with_their_connection_and_persistent_ones_expire() {
        let mut sessions = Sessions::new(Span::from_seconds(60));
        sessions.connect(1, true);
        sessions.connect(2, false);
        for client in [1, 2] {
            assert_eq!(sessions.subscribe(client, subscription("a/+")), Ok(None));
            assert_eq!(sessions.subscribe(client, subscription("a/+")), Ok(Some(1)));
        }
        assert_eq!(sessions.disconnect(at(0), 1), Some(vec![subscription("a/+")]));
        assert_eq!(sessions.disconnect(at(0), 2), Some(vec![]));
        assert_eq!(sessions.disconnect(at(0), 2), None);
        assert_eq!(sessions.next_expiry(), Some(at(60)));
        assert_eq!(sessions.expire(at(59)), None);
        assert_eq!(sessions.expire(at(60)), Some((2, vec![subscription("a/+")])));
        assert_eq!(sessions.next_expiry(), None);
        assert_eq!(sessions.dispatch(2, 1, 9, b"x"), Destination::Nowhere);
    }

    #[test]
    fn a_clean_connect_forgets_the_kept_session() {
        let mut sessions = Sessions::new(Span::from_hours(1));
        sessions.connect(1, false);
        sessions.subscribe(1, subscription("a")).expect("connected");
        sessions.disconnect(at(0), 1);
        sessions.dispatch(1, 1, 9, b"x");
        let connected = sessions.connect(1, true);
        assert_eq!(connected.dropped, [subscription("a")]);
        assert!(connected.waiting.is_empty());
        assert_eq!(sessions.next_expiry(), None);
    }

    #[test]
    fn subscriptions_are_limited() {
        let mut sessions = Sessions::new(Span::from_hours(1));
        assert_eq!(sessions.subscribe(1, subscription("a")), Err(RejectionCode::NotConnected));
        sessions.connect(1, true);
        for i in 0..SUBSCRIPTIONS_MAX {
            sessions.subscribe(1, subscription(&format!("a/{i}"))).expect("below the limit");
        }
        assert_eq!(sessions.subscribe(1, subscription("b")), Err(RejectionCode::SubscriptionLimit));
        assert_eq!(sessions.unsubscribe(1, &subscription("a/7").filter), Some(subscription("a/7")));
        assert_eq!(sessions.subscribe(1, subscription("b")), Ok(None));
    }
}

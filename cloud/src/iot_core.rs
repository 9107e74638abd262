//! The core itself: inputs in, rows and deliveries out, time as an argument.

use crate::dictionary::Dictionary;
use crate::error::CloudError;
use crate::outputs::Outputs;
use crate::spec::Spec;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::message::Message;
use fieldmirror_core::time::Timestamp;

/// One thing that a client asks of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A client connects; a session of the same client id that is still open is taken over.
    Connect {
        /// The client id; a thing's name makes it that thing.
        client: &'a str,
        /// Whether to forget the session that was kept, and to keep none afterwards.
        clean: bool,
    },
    /// A client's connection ends.
    Disconnect {
        /// The client id.
        client: &'a str,
    },
    /// A client subscribes; the same filter again replaces the quality of service.
    Subscribe {
        /// The client id.
        client: &'a str,
        /// The topic filter.
        filter: &'a str,
        /// Quality of service asked for; 1 is the most there is.
        qos: u8,
    },
    /// A client unsubscribes.
    Unsubscribe {
        /// The client id.
        client: &'a str,
        /// The topic filter.
        filter: &'a str,
    },
    /// A client publishes.
    Publish {
        /// The client id.
        client: &'a str,
        /// The topic.
        topic: &'a str,
        /// The payload.
        payload: &'a [u8],
        /// Quality of service: 0 or 1.
        qos: u8,
        /// Whether the message is retained for later subscribers.
        retain: bool,
    },
}

/// A local IoT Core for one shard of farms.
#[derive(Debug)]
pub struct IotCore {
    topics: Dictionary,
}

impl IotCore {
    /// A core with all things registered and all rules compiled.
    ///
    /// # Errors
    /// [`CloudError`] for the first thing, rule, function or table that is wrong.
    pub fn new(spec: Spec) -> Result<Self, CloudError> {
        let _ = spec;
        Ok(Self { topics: Dictionary::default() })
    }

    /// Takes one input at `now`.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>, out: &mut Outputs) {
        let _ = (now, input, out);
    }

    /// Takes typed publishes of devices on their own data topics, in time order. The result is that
    /// of [`Self::handle`] for the same payloads as JSON.
    pub fn ingest(&mut self, messages: &[Message], out: &mut Outputs) {
        let _ = (messages, out);
    }

    /// When [`Self::on_deadline`] next has something to do.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Does what is due at `now`: forgets persistent sessions whose time ran out.
    pub fn on_deadline(&mut self, now: Timestamp, out: &mut Outputs) {
        let _ = (now, out);
    }

    /// What `get/accepted` of the thing's classic shadow would answer at `now`.
    pub fn shadow_document(&self, thing: DeviceIx, now: Timestamp) -> Option<Vec<u8>> {
        let _ = (thing, now);
        None
    }

    /// All topics seen, by topic id; the first ones are the reporting devices' data topics in
    /// [`DeviceIx`] order.
    pub fn topics(&self) -> &Dictionary {
        &self.topics
    }

    /// All principals seen, by principal id; the first ones are the things in [`DeviceIx`] order.
    pub fn principals(&self) -> &Dictionary {
        &self.topics
    }

    /// The rules' names, by rule number.
    pub fn rules(&self) -> &[String] {
        &[]
    }

    /// The actions' targets, by target id: functions, tables and topics.
    pub fn targets(&self) -> &Dictionary {
        &self.topics
    }
}

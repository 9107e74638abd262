//! Retained messages: the last one of a topic that its publisher asked to keep.
//!
//! # Source
//! AWS IoT Core developer guide, "MQTT retained messages": one a topic; an empty payload deletes;
//! a new subscription gets one only if its filter *equals* the topic, never through a wildcard.

use std::collections::BTreeMap;

/// Most retained messages. Source: AWS IoT Core endpoints and quotas, "Retained messages per
/// account".
pub(crate) const RETAINED_MAX: usize = 500_000;

/// Retained messages by topic id.
#[derive(Clone, Debug, Default)]
pub(crate) struct RetainedMessages {
    by_topic: BTreeMap<u32, Retained>,
}

/// One retained message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Retained {
    pub(crate) payload: Box<[u8]>,
    pub(crate) qos: u8,
}

impl RetainedMessages {
    /// Keeps `payload` as the topic's message, or deletes that if it is empty; false if there are
    /// too many.
    pub(crate) fn publish(&mut self, topic: u32, payload: &[u8], qos: u8) -> bool {
        if payload.is_empty() {
            self.by_topic.remove(&topic);
            return true;
        }
        if self.by_topic.len() == RETAINED_MAX && !self.by_topic.contains_key(&topic) {
            return false;
        }
        self.by_topic.insert(topic, Retained { payload: payload.into(), qos });
        true
    }

    /// The topic's message.
    pub(crate) fn find(&self, topic: u32) -> Option<&Retained> {
        self.by_topic.get(&topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_is_kept_until_an_empty_one() {
        let mut retained = RetainedMessages::default();
        assert!(retained.publish(1, b"a", 0));
        assert!(retained.publish(1, b"b", 1));
        let kept = retained.find(1).expect("kept");
        assert_eq!((&*kept.payload, kept.qos), (&b"b"[..], 1));
        assert!(retained.publish(1, b"", 1));
        assert_eq!(retained.find(1), None);
    }
}

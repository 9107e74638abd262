//! The reserved topics of classic shadows.
//!
//! # Source
//! AWS IoT Core developer guide, "Shadow topics".

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Update,
    Get,
    Delete,
}

/// A topic that the shadow service publishes on; the number is its bit in a listener mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Channel {
    UpdateAccepted,
    UpdateRejected,
    UpdateDelta,
    UpdateDocuments,
    GetAccepted,
    GetRejected,
    DeleteAccepted,
    DeleteRejected,
}

impl Operation {
    pub(crate) const fn rejected(self) -> Channel {
        match self {
            Self::Update => Channel::UpdateRejected,
            Self::Get => Channel::GetRejected,
            Self::Delete => Channel::DeleteRejected,
        }
    }
}

impl Channel {
    pub(crate) const ALL: [Self; 8] = [
        Self::UpdateAccepted,
        Self::UpdateRejected,
        Self::UpdateDelta,
        Self::UpdateDocuments,
        Self::GetAccepted,
        Self::GetRejected,
        Self::DeleteAccepted,
        Self::DeleteRejected,
    ];

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::UpdateAccepted => "update/accepted",
            Self::UpdateRejected => "update/rejected",
            Self::UpdateDelta => "update/delta",
            Self::UpdateDocuments => "update/documents",
            Self::GetAccepted => "get/accepted",
            Self::GetRejected => "get/rejected",
            Self::DeleteAccepted => "delete/accepted",
            Self::DeleteRejected => "delete/rejected",
        }
    }
}

/// The thing and operation of a request topic `$aws/things/<thing>/shadow/<operation>`.
pub(crate) fn parse_request(topic: &str) -> Option<(&str, Operation)> {
    let (thing, operation) = parse_shadow(topic)?;
    let operation = match operation {
        "update" => Operation::Update,
        "get" => Operation::Get,
        "delete" => Operation::Delete,
        _ => return None,
    };
    Some((thing, operation))
}

/// The thing and the rest of a topic `$aws/things/<thing>/shadow/<rest>`.
pub(crate) fn parse_shadow(topic: &str) -> Option<(&str, &str)> {
    let (thing, rest) = topic.strip_prefix("$aws/things/")?.split_once('/')?;
    Some((thing, rest.strip_prefix("shadow/")?))
}

/// Sets `text` to the topic of `channel` for `thing`.
pub(crate) fn response_topic(thing: &str, channel: Channel, text: &mut String) {
    text.clear();
    text.push_str("$aws/things/");
    text.push_str(thing);
    text.push_str("/shadow/");
    text.push_str(channel.suffix());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_topics_are_told_from_responses_and_named_shadows() {
        assert_eq!(parse_request("$aws/things/p1/shadow/get"), Some(("p1", Operation::Get)));
        for topic in [
            "$aws/things/p1/shadow/update/accepted",
            "$aws/things/p1/shadow/name/cfg/update",
            "$aws/things/p1/jobs/get",
            "things/p1/shadow/get",
        ] {
            assert_eq!(parse_request(topic), None, "{topic}");
        }
        let mut text = String::new();
        for channel in Channel::ALL {
            response_topic("p1", channel, &mut text);
            assert_eq!(parse_shadow(&text), Some(("p1", channel.suffix())));
        }
    }
}

//! Topic grammar: names and filters, parsed once at the edge.
//!
//! # Source
//! MQTT 3.1.1 section 4.7; AWS IoT Core developer guide, "MQTT topics": a filter's `#` also
//! matches its parent level for subscriptions in MQTT, but in AWS `sensor/#` does *not* match
//! `sensor`; wildcards at the first level do not match topics that begin with `$`.

use crate::error::CoreError;
use crate::limits::{TOPIC_BYTES_MAX, TOPIC_SLASHES_MAX};
use std::fmt;

/// A topic name to publish on: no wildcards, within the service limits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Box<str>);

/// A topic filter to subscribe to, or of a rule's FROM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter(Box<str>);

/// Checks what names and filters share: not empty, no NUL, not too long, not too deep.
fn check(text: &str, what: &'static str) -> Result<(), CoreError> {
    let fail = |why| Err(CoreError::Topic { what, why, text: text.to_owned() });
    if text.is_empty() {
        return fail("it is empty");
    }
    if text.contains('\0') {
        return fail("it contains U+0000");
    }
    let counted = strip_basic_ingest(text);
    if counted.len() > TOPIC_BYTES_MAX {
        return fail("it is longer than 256 bytes");
    }
    // The three slashes of a reserved `$aws/...` prefix do not count (Quotas, message broker).
    let free = if counted.starts_with("$aws/") { 3 } else { 0 };
    if counted.matches('/').count() > TOPIC_SLASHES_MAX + free {
        return fail("it has more than 7 forward slashes");
    }
    Ok(())
}

/// The topic without a Basic Ingest prefix `$aws/rules/<rule>/`, which no limit counts.
fn strip_basic_ingest(text: &str) -> &str {
    text.strip_prefix("$aws/rules/")
        .and_then(|rest| rest.split_once('/'))
        .map_or(text, |(_, rest)| rest)
}

impl Topic {
    /// Checks a topic name.
    ///
    /// # Errors
    /// [`CoreError::Topic`] if it is empty, too long or deep, or has a wildcard.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        check(text, "topic")?;
        if text.contains(['+', '#']) {
            return Err(CoreError::Topic {
                what: "topic",
                why: "wildcards are for filters only",
                text: text.to_owned(),
            });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The levels, split at each slash.
    pub fn levels(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl TopicFilter {
    /// Checks a topic filter.
    ///
    /// # Errors
    /// [`CoreError::Topic`] if a wildcard shares its level, or `#` is not last.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        check(text, "topic filter")?;
        let fail = |why| Err(CoreError::Topic { what: "topic filter", why, text: text.to_owned() });
        let mut levels = text.split('/').peekable();
        while let Some(level) = levels.next() {
            match level {
                "#" if levels.peek().is_some() => return fail("`#` must be the last level"),
                "#" | "+" => {}
                _ if level.contains(['+', '#']) => {
                    return fail("a wildcard must stand alone in its level");
                }
                _ => {}
            }
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The levels, split at each slash.
    pub fn levels(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Whether `topic` matches. The trie in `cloud` answers the same question for many filters; a
    /// test holds them equal.
    pub fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let (mut filter, mut levels) = (self.levels(), topic.split('/'));
        loop {
            match (filter.next(), levels.next()) {
                (Some("#"), level) => return level.is_some(),
                (Some("+"), Some(_)) => {}
                (Some(want), Some(level)) if want == level => {}
                (None, None) => return true,
                _ => return false,
            }
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_aws_documents() {
        for (filter, topic, expected) in [
            ("farmA/sensor/+/data", "farmA/sensor/101/data", true),
            ("farmA/sensor/+/data", "farmA/sensor/101/raw", false),
            ("farmA/sensor/+/data", "farmA/sensor/data", false),
            ("sensor/#", "sensor/a", true),
            ("sensor/#", "sensor/a/b", true),
            ("sensor/#", "sensor", false),
            ("#", "a", true),
            ("#", "$aws/things/x/shadow/update", false),
            ("+/x", "$sys/x", false),
            ("$aws/#", "$aws/things/x", true),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("/+", "/x", true),
        ] {
            let filter = TopicFilter::parse(filter).expect("valid");
            assert_eq!(filter.matches(topic), expected, "{filter} on {topic}");
        }
    }

    #[test]
    fn malformed_names_and_filters_are_refused() {
        for text in ["", "a/#/b", "a/b#", "+a/b", "a\0b"] {
            assert!(TopicFilter::parse(text).is_err(), "{text:?}");
        }
        assert!(Topic::parse("a/+/b").is_err());
        assert!(Topic::parse("1/2/3/4/5/6/7/8").is_ok());
        assert!(Topic::parse("1/2/3/4/5/6/7/8/9").is_err());
        assert!(Topic::parse("$aws/rules/r/1/2/3/4/5/6/7/8").is_ok());
        assert!(Topic::parse(&"x".repeat(257)).is_err());
    }
}

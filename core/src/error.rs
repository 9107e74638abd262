//! What can be wrong with a word of the vocabulary.

/// A text that is not the thing it claims to be. None of these is fatal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreError {
    /// A duration that is not a number followed by `s`, `m`, `h` or `d`.
    #[error(
        "`{text}` is not a duration; expected a number and a unit, such as 90s, 15m, 36h or 10d"
    )]
    Duration {
        /// The text as given.
        text: String,
    },
    /// A date or time that is not RFC 3339.
    #[error(
        "`{text}` is not a time; expected RFC 3339, such as 2018-06-01T00:00:00Z or 2018-06-01"
    )]
    Time {
        /// The text as given.
        text: String,
    },
    /// A topic or filter that breaks the MQTT grammar or a service limit.
    #[error("`{text}` is not a valid {what}: {why}")]
    Topic {
        /// `topic` or `topic filter`.
        what: &'static str,
        /// The rule that it breaks.
        why: &'static str,
        /// The text as given.
        text: String,
    },
}

//! What can go wrong once a rule is compiled.

/// A failure while reading a payload or evaluating a rule. None of these is fatal: the rule stays
/// usable for the next message.
///
/// Wrong operand types are not here: in this language they give Undefined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// A payload that is not JSON.
    #[error("the payload is not JSON: at byte {offset} {expected} was expected")]
    Json {
        /// Where reading stopped, in bytes.
        offset: usize,
        /// What would have been accepted there.
        expected: &'static str,
    },
    /// A function that reaches outside the rule failed; the service then runs no action.
    #[error("{function} failed: {reason}")]
    External {
        /// The SQL function.
        function: &'static str,
        /// Why, for people.
        reason: String,
    },
    /// A SET variable that is larger than the service carries.
    #[error("the SET variables hold {bytes} bytes of JSON at @{name}; at most {limit} are allowed")]
    VariableTooLarge {
        /// The variable at which the limit was passed, without `@`.
        name: String,
        /// Bytes of minified JSON up to and with it.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
}

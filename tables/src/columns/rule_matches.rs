//! Every rule that fired.

use super::columns;
use crate::dictionary::Key;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One message for which a rule fired.
    RuleMatchRow,
    /// Columns of [`Table::RuleMatches`](crate::schema::Table::RuleMatches).
    RuleMatchColumns of RuleMatches;
    /// When.
    time: Timestamp => Vec<i64>;
    /// The rule.
    rule: Key => Vec<i32>, in rules;
    /// The topic of the message.
    topic: Key => Vec<i32>, in topics;
    /// Who published the message.
    principal: Option<Key> => Vec<i32>, in principals;
}

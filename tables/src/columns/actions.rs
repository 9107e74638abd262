//! Every action of a rule that fired.

use super::{Text, columns};
use crate::dictionary::Key;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One action of one match.
    ActionRow<'a>,
    /// Columns of [`Table::Actions`](crate::schema::Table::Actions).
    ActionColumns of Actions;
    /// When.
    time: Timestamp => Vec<i64>;
    /// The rule.
    rule: Key => Vec<i32>, in rules;
    /// The kind of action, such as `lambda`, `republish` or `dynamoDBv2`.
    kind: Key => Vec<i32>, in kinds;
    /// What it acted on, as the rule names it: a function, a table, a topic, with its templates.
    target: Key => Vec<i32>, in targets;
    /// What the templates of the target gave; absent where it has none.
    resource: Option<&'a [u8]> => Text;
    /// What the target got.
    body: &'a [u8] => Text;
    /// What went with the body, as JSON: a key, headers, an execution's name.
    parameters: Option<&'a [u8]> => Text;
    /// How it ended.
    outcome: Key => Vec<i32>, in outcomes;
    /// Why it failed.
    error: Option<&'a [u8]> => Text;
}

//! Every publish that the cloud accepted.

use super::{Text, columns};
use crate::dictionary::Key;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One accepted publish.
    MessageRow<'a>,
    /// Columns of [`Table::Messages`](crate::schema::Table::Messages).
    MessageColumns of Messages;
    /// When the cloud accepted it.
    time: Timestamp => Vec<i64>;
    /// Its topic.
    topic: Key => Vec<i32>, in topics;
    /// Who published; absent for the cloud itself.
    principal: Option<Key> => Vec<i32>, in principals;
    /// The payload; bytes that are not UTF-8 become U+FFFD.
    payload: &'a [u8] => Text;
    /// What kind of publisher: device, function, rule or app.
    source: Key => Vec<i32>, in sources;
}

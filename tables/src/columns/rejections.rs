//! Everything that the cloud refused.

use super::{Text, columns};
use crate::dictionary::Key;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One refused connect, publish, subscription, delivery or request.
    RejectionRow<'a>,
    /// Columns of [`Table::Rejections`](crate::schema::Table::Rejections).
    RejectionColumns of Rejections;
    /// When.
    time: Timestamp => Vec<i64>;
    /// Whose; absent where the client id itself is not valid.
    principal: Option<Key> => Vec<i32>, in principals;
    /// Why, such as `not_authorized`.
    code: Key => Vec<i32>, in codes;
    /// The topic, filter or client concerned; of a denial the action, the resource and the deciding
    /// statement, or that none allows it.
    detail: &'a [u8] => Text;
}

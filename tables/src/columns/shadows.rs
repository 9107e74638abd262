//! Every accepted shadow update.

use super::{Text, columns};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One accepted update: the sections of the request, and the delta that it left.
    ShadowRow<'a>,
    /// Columns of [`Table::Shadows`](crate::schema::Table::Shadows).
    ShadowColumns of Shadows;
    /// When.
    time: Timestamp => Vec<i64>;
    /// The thing.
    thing: DeviceIx => Vec<i32>, in devices;
    /// The shadow's version after the update.
    version: u64 => Vec<u64>;
    /// The request's desired section as JSON; `null` where it was cleared.
    desired: Option<&'a [u8]> => Text;
    /// The request's reported section as JSON.
    reported: Option<&'a [u8]> => Text;
    /// Desired minus reported after the update as JSON, if they differ.
    delta: Option<&'a [u8]> => Text;
}

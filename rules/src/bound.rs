//! The typed fast path: a rule over readings of one schema.

use fieldmirror_core::ids::Names;
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::Schema;

/// A rule whose paths are resolved to the fields of one schema.
#[derive(Clone, Debug)]
pub struct BoundRule {
    schema: &'static Schema,
}

impl BoundRule {
    /// Appends to `out` the indices of those `messages` of the schema's class for which WHERE is
    /// true, ascending; all of that class where the rule has no WHERE.
    pub fn matching(&self, messages: &[Message], out: &mut Vec<u32>) {
        let _ = (self.schema, messages, out);
    }

    /// Appends to `out` the JSON that the general path would yield for `message`, which must be of
    /// the schema's class.
    pub fn render(&self, message: &Message, names: &Names, out: &mut Vec<u8>) {
        message.reading.render(names, out);
    }

    /// Whether the output is the payload itself: a plain `SELECT *`.
    pub const fn is_whole_payload(&self) -> bool {
        true
    }
}

//! The typed fast path: a rule over readings of one schema.
//!
//! WHERE becomes comparisons of raw integers, column by column over a slice of messages; SELECT a
//! list of fields to print. Both are exact images of the general path: a reading's decimals are
//! integers over powers of ten, so that sums, products and comparisons of integers decide as
//! 34-digit decimals do, which `f64` would not (0.1 + 0.2 = 0.3).

pub(crate) mod condition;
mod numeric;
mod output;

use crate::program::Program;
use crate::rule::SqlVersion;
use condition::{Condition, Folded};
use fieldmirror_core::ids::Names;
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::Schema;
use output::Output;

/// A rule whose paths are resolved to the fields of one schema.
#[derive(Clone, Debug)]
pub struct BoundRule {
    schema: &'static Schema,
    filter: Filter,
    output: Output,
}

#[derive(Clone, Debug)]
enum Filter {
    Always,
    Never,
    When(Condition),
}

impl BoundRule {
    pub(crate) fn new(
        program: &Program,
        version: SqlVersion,
        schema: &'static Schema,
    ) -> Option<Self> {
        if !program.variables.is_empty() {
            return None;
        }
        let filter = match &program.filter {
            None => Filter::Always,
            Some(expr) => match condition::compile(expr, version, schema)? {
                Folded::Fixed(Some(true)) => Filter::Always,
                Folded::Fixed(_) => Filter::Never,
                Folded::Varies(condition) => Filter::When(condition),
            },
        };
        let output = output::compile(&program.select, version, schema)?;
        Some(Self { schema, filter, output })
    }

    /// The shape of the readings that the rule is bound to.
    pub const fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// Appends to `out` the indices of those `messages` of the schema's class for which WHERE is
    /// true, ascending; all of that class where the rule has no WHERE.
    pub fn matching(&self, messages: &[Message], out: &mut Vec<u32>) {
        match &self.filter {
            Filter::Never => {}
            Filter::Always => condition::keep_class(messages, self.schema.class, out),
            Filter::When(condition) => condition.select(messages, self.schema.class, out),
        }
    }

    /// Whether WHERE is true for `message`, which must be of the schema's class.
    pub fn matches(&self, message: &Message) -> bool {
        match &self.filter {
            Filter::Never => false,
            Filter::Always => true,
            Filter::When(condition) => condition.holds(&message.reading),
        }
    }

    /// Appends to `out` the JSON that the general path would yield for `message`, which must be of
    /// the schema's class.
    pub fn render(&self, message: &Message, names: &Names, out: &mut Vec<u8>) {
        self.output.render(&message.reading, names, out);
    }

    /// Whether the output is the payload itself: a plain `SELECT *`.
    pub const fn is_whole_payload(&self) -> bool {
        matches!(self.output, Output::Whole)
    }
}

#[cfg(test)]
mod tests;

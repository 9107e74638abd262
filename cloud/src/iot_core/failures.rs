//! The message that a rule's error action gets.

use super::{Incoming, IotCore};
use crate::actions::write_base64;
use crate::outputs::{ActionKind, ByteRange, Outputs, Source};
use fieldmirror_rules::value::{Object, Value};

impl IotCore {
    /// Writes the message that an error action gets: one for all actions that failed, each given
    /// by its row.
    ///
    /// # Source
    /// AWS IoT Core developer guide, "Error handling (error action)", message format.
    pub(super) fn write_failures(
        &self,
        number: u16,
        message: &Incoming,
        failed: &[usize],
        out: &mut Outputs,
    ) -> ByteRange {
        let rule = &self.rules[usize::from(number)];
        let mut base64 = Vec::new();
        write_base64(message.payload.of(&out.bytes), &mut base64);
        let failures = failed.iter().map(|&row| self.failure(row, out)).collect();
        let principal = self.principals.text(message.principal);
        // Undefined leaves the key out: only clients have an id.
        let client = match message.source {
            Source::Device | Source::App => Value::from(principal),
            Source::Function | Source::Rule | Source::Shadow => Value::Undefined,
        };
        let body: Object = [
            ("ruleName", Value::from(rule.name.as_str())),
            ("topic", Value::from(self.text_of(message))),
            ("cloudwatchTraceId", Value::from(self.trace_id().as_str())),
            ("clientId", client),
            ("base64OriginalPayload", Value::from(String::from_utf8_lossy(&base64).into_owned())),
            ("failures", Value::Array(failures)),
        ]
        .into_iter()
        .collect();
        let start = out.bytes.len();
        Value::Object(body).write_json(&mut out.bytes);
        out.range_from(start)
    }

    fn failure(&self, row: usize, out: &Outputs) -> Value {
        let row = &out.actions[row];
        let target = match row.resource {
            Some(resource) => out.text(resource).into_owned(),
            None => self.targets.text(u32::from(row.target)).to_owned(),
        };
        // The documented example names the bucket alone.
        let resource = match row.kind {
            ActionKind::S3 => target.split('/').next().unwrap_or_default(),
            _ => &target,
        };
        let why = row.error.map(|error| out.text(error).into_owned()).unwrap_or_default();
        let entries: Object = [
            ("failedAction", Value::from(row.kind.failed_action())),
            ("failedResource", Value::from(resource)),
            ("errorMessage", Value::from(format!("{}: {why}", row.outcome.name()))),
        ]
        .into_iter()
        .collect();
        Value::Object(entries)
    }
}

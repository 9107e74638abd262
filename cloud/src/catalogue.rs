//! Which actions there are, with their fields and how far each goes: the source of the
//! compatibility table.

use crate::outputs::ActionKind;
use crate::rule_spec::fields::Field;
use crate::rule_spec::kinds;

/// How far an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The body is the service's, and what the action does happens here too.
    Works,
    /// It acts, but not in all as the service.
    Differs,
    /// The body is recorded as the target would get it; there is no target here.
    RecordedOnly,
}

/// One action of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct ActionEntry {
    /// Which.
    pub kind: ActionKind,
    /// What it takes.
    pub fields: &'static [Field],
    /// How far it goes.
    pub status: Status,
    /// What it does here, in a sentence.
    pub note: &'static str,
}

impl Status {
    /// The word in the compatibility table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Differs => "differs",
            Self::RecordedOnly => "recorded only",
        }
    }
}

/// All actions.
pub fn actions() -> impl ExactSizeIterator<Item = ActionEntry> {
    ActionKind::ALL.into_iter().map(|kind| {
        let (status, note) = describe(kind);
        ActionEntry { kind, fields: kinds::fields(kind), status, note }
    })
}

const fn describe(kind: ActionKind) -> (Status, &'static str) {
    use Status::{Differs, RecordedOnly, Works};
    match kind {
        ActionKind::Lambda => (
            Differs,
            "Built-in functions act; a function of the team's own is \
             recorded with its event, as code is not run.",
        ),
        ActionKind::DynamoDbV2 => (
            Works,
            "Puts the attributes into an embedded table; keys, key types and \
             the size of an item are checked.",
        ),
        ActionKind::DynamoDb => {
            (Works, "INSERT, UPDATE and DELETE on an embedded table with hash and range key.")
        }
        ActionKind::Republish => (
            Differs,
            "Publishes, into the shadow service too, with MQTT 5 headers; a loop ends after 8 \
             hops, which is counted; of reserved topics only shadow requests go.",
        ),
        ActionKind::S3 => {
            (Works, "Writes an object into a folder of the run; the same key overwrites.")
        }
        ActionKind::Kinesis => (Works, "Appends a record to a file of the run."),
        ActionKind::Sqs => (Works, "Appends a message to a file of the run, in base64 if wanted."),
        ActionKind::Sns => (
            Works,
            "Appends a notification to a file of the run; the form JSON needs a text `default`.",
        ),
        ActionKind::Firehose => (
            Works,
            "Appends to a file of the run, with separator; a batch has at most 500 records.",
        ),
        ActionKind::CloudwatchMetric => (RecordedOnly, "The input of `PutMetricData`."),
        ActionKind::CloudwatchAlarm => (RecordedOnly, "The input of `SetAlarmState`."),
        ActionKind::CloudwatchLogs => {
            (RecordedOnly, "The log event; in batch mode the list, whose elements are checked.")
        }
        ActionKind::Timestream => {
            (RecordedOnly, "The input of `WriteRecords`, a typed record for each attribute.")
        }
        ActionKind::Http => (
            RecordedOnly,
            "The request with its headers; destinations count as confirmed, and batching is \
             not simulated: each message is a request.",
        ),
        ActionKind::Kafka => (RecordedOnly, "The record with key, partition and headers."),
        ActionKind::Elasticsearch | ActionKind::OpenSearch => {
            (RecordedOnly, "The document, with endpoint, index, type and id as its resource.")
        }
        ActionKind::IotAnalytics => (RecordedOnly, "The message; the service is retired."),
        ActionKind::IotEvents => (RecordedOnly, "The message with its id; the service is retired."),
        ActionKind::IotSiteWise => (
            RecordedOnly,
            "The input of `BatchPutAssetPropertyValue`, values converted to the \
             type of their field.",
        ),
        ActionKind::StepFunctions => {
            (RecordedOnly, "The input of the execution, whose name is prefix and identifier.")
        }
        ActionKind::Location => (RecordedOnly, "The input of `BatchUpdateDevicePosition`."),
        ActionKind::Salesforce => (RecordedOnly, "The event for the input stream."),
        ActionKind::InfluxDb => (
            RecordedOnly,
            "The output with its tags, not as line protocol; batching is not simulated.",
        ),
    }
}

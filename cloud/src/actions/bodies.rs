//! What each target gets: the body, and what goes with it.
//!
//! Targets that carry a payload get the rule's output byte for byte; what their API wants beside it
//! stands in `parameters`. Targets without a payload get the JSON input of the call that the
//! service makes, under the names of that API.
//!
//! | action | body | parameters |
//! |---|---|---|
//! | `lambda`, `elasticsearch`, `openSearch`, `iotAnalytics`, `salesforce` | the output | |
//! | `dynamoDBv2` | the output, whose attributes are the columns | |
//! | `republish` | the output | `headers` |
//! | `s3` | the output | `cannedAcl` |
//! | `sns` | the output | `messageFormat` where it is `JSON` |
//! | `sqs` | the output, or its base64 | |
//! | `kinesis` | the output | `partitionKey` |
//! | `kafka` | the output | `key`, `partition`, `headers` |
//! | `firehose` | what arrives in the stream: output and separator, in batch mode each element of the output and separator | `records` in batch mode |
//! | `cloudwatchLogs` | the output; in batch mode the list of `timestamp` and `message` | |
//! | `http` | the output | `contentType`, `headers` |
//! | `stepFunctions` | the output | `name` of the execution |
//! | `iotEvents` | the output; in batch mode the list of messages | `messageId` |
//! | `influxDB` | the output | `organization`, `tags`, `timestampUnit` |
//! | `dynamoDB` | `{"operation","item"}`, for DELETE `{"operation","key"}` | |
//! | `cloudwatchMetric` | `PutMetricData` | |
//! | `cloudwatchAlarm` | `SetAlarmState` | |
//! | `timestream` | `WriteRecords` | |
//! | `iotSiteWise` | `BatchPutAssetPropertyValue` | |
//! | `location` | `BatchUpdateDevicePosition` | |
//!
//! # Source
//! AWS IoT Core developer guide, the page of each rule action; the API reference of each target.

use super::ActionFailure;
use super::calls;
use super::write_base64;
use crate::outputs::{ActionKind, Outcome};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::rule::SqlVersion;
use fieldmirror_rules::value::{Object, Value};

/// What a rule that fired hands to an action that sends.
#[derive(Clone, Copy)]
pub(crate) struct Output<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether the bytes are JSON.
    pub(crate) is_json: bool,
    pub(crate) version: SqlVersion,
    pub(crate) now: Timestamp,
    /// Where identifiers that the service would draw come from.
    pub(crate) uuid: &'a dyn Fn() -> String,
}

/// What is sent.
#[derive(Debug, Default)]
pub(crate) struct Call {
    /// `None`: the output itself.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) parameters: Object,
    /// Where a target that is a file keeps it.
    pub(crate) key: String,
}

impl Call {
    pub(super) fn json(value: impl Into<Value>) -> Self {
        Self { body: Some(value.into().to_json()), ..Self::default() }
    }

    fn with(mut self, name: &'static str, value: Option<Value>) -> Self {
        if let Some(value) = value {
            self.parameters.insert(name, value);
        }
        self
    }
}

impl Output<'_> {
    /// The output as a value.
    pub(super) fn value(&self) -> Result<Value, ActionFailure> {
        Value::from_json_for(self.bytes, self.version).map_err(|_| self.not_json())
    }

    fn not_json(&self) -> ActionFailure {
        let why = if self.bytes.is_empty() { "the output is empty" } else { "the output is bytes" };
        ActionFailure::new(Outcome::NotJson, format!("{why}; the target takes JSON"))
    }

    pub(super) fn object(&self) -> Result<Object, ActionFailure> {
        match self.value()? {
            Value::Object(object) => Ok(object),
            _ => {
                let why = "the output is no object, whose attributes the target takes";
                Err(ActionFailure::new(Outcome::NotAnObject, why.to_owned()))
            }
        }
    }

    fn check_text(&self) -> Result<(), ActionFailure> {
        std::str::from_utf8(self.bytes).map(drop).map_err(|_| {
            ActionFailure::new(Outcome::NotText, "the output is no UTF-8 text".to_owned())
        })
    }
}

/// What an action sends, from its rendered `fields`.
///
/// # Errors
/// [`ActionFailure`] if the target would not take it.
pub(crate) fn call(
    kind: ActionKind,
    fields: &Object,
    output: &Output<'_>,
) -> Result<Call, ActionFailure> {
    if kind.needs_json() && (!output.is_json || output.bytes.is_empty()) {
        return Err(output.not_json());
    }
    let given = |name: &str| fields.get(name).cloned();
    let plain = Call::default();
    Ok(match kind {
        ActionKind::S3 => {
            let call = plain.with("cannedAcl", given("cannedAcl"));
            Call { key: text(fields, "key").to_owned(), ..call }
        }
        ActionKind::Sns => sns(fields, output)?,
        ActionKind::Sqs => sqs(fields, output)?,
        ActionKind::Kinesis => {
            let call = plain.with("partitionKey", given("partitionKey"));
            Call { key: text(fields, "partitionKey").to_owned(), ..call }
        }
        ActionKind::Kafka => {
            if let Some(partition) = fields.get("partition") {
                calls::integer("partition", partition.as_str().unwrap_or_default())?;
            }
            let call = plain.with("key", given("key")).with("partition", given("partition"));
            call.with("headers", given("headers"))
        }
        ActionKind::Firehose => firehose(fields, output)?,
        ActionKind::CloudwatchLogs => logs(fields, output)?,
        ActionKind::Http => http(fields, output)?,
        ActionKind::StepFunctions => {
            let name = format!("{}{}", text(fields, "executionNamePrefix"), (output.uuid)());
            plain.with("name", Some(Value::from(name)))
        }
        ActionKind::IotEvents => {
            if batch(fields, output, EVENTS_MAX)?.is_some() {
                return Ok(plain);
            }
            let id = given("messageId").unwrap_or_else(|| Value::from((output.uuid)()));
            plain.with("messageId", Some(id))
        }
        ActionKind::IotAnalytics => {
            batch(fields, output, ANALYTICS_MAX)?;
            plain
        }
        ActionKind::InfluxDb => {
            output.object()?;
            let call = plain.with("organization", given("organization"));
            call.with("tags", given("tags")).with("timestampUnit", given("timestampUnit"))
        }
        ActionKind::CloudwatchMetric => calls::metric(fields, output)?,
        ActionKind::CloudwatchAlarm => calls::alarm(fields)?,
        ActionKind::Timestream => calls::timestream(fields, output)?,
        ActionKind::IotSiteWise => calls::site_wise(fields, output)?,
        ActionKind::Location => calls::location(fields, output)?,
        ActionKind::Elasticsearch | ActionKind::OpenSearch => {
            output.object()?;
            plain
        }
        // Lambda and Salesforce take any JSON; republish and the tables act and come by their own
        // ways.
        ActionKind::Lambda
        | ActionKind::Salesforce
        | ActionKind::Republish
        | ActionKind::DynamoDb
        | ActionKind::DynamoDbV2 => plain,
    })
}

/// A rendered text; empty where there is none.
pub(crate) fn text<'a>(fields: &'a Object, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_set(fields: &Object, name: &str) -> bool {
    fields.get(name) == Some(&Value::Bool(true))
}

/// RAW sends any text; JSON sends a text for each protocol, of which `default` must be one.
fn sns(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    output.check_text()?;
    if text(fields, "messageFormat") != "JSON" {
        return Ok(Call::default());
    }
    if !matches!(output.object()?.get("default"), Some(Value::String(_))) {
        let why = "with `messageFormat` JSON the output needs a text `default`";
        return Err(ActionFailure::new(Outcome::BadValue, why.to_owned()));
    }
    Ok(Call::default().with("messageFormat", Some("JSON".into())))
}

fn sqs(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    if !is_set(fields, "useBase64") {
        output.check_text()?;
        return Ok(Call::default());
    }
    let mut body = Vec::new();
    write_base64(output.bytes, &mut body);
    Ok(Call { body: Some(body), ..Call::default() })
}

/// Records end with the separator; in batch mode each element of an array is a record.
fn firehose(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    let separator = text(fields, "separator").as_bytes();
    let Some(elements) = batch(fields, output, RECORDS_MAX)? else {
        if separator.is_empty() {
            return Ok(Call::default());
        }
        return Ok(Call { body: Some([output.bytes, separator].concat()), ..Call::default() });
    };
    let mut body = Vec::new();
    for element in &elements {
        element.write_json(&mut body);
        body.extend_from_slice(separator);
    }
    let records = Value::from(elements.len() as i64);
    Ok(Call { body: Some(body), ..Call::default() }.with("records", Some(records)))
}

/// The elements of an output that is sent as a batch: in batch mode an array is.
fn batch(
    fields: &Object,
    output: &Output<'_>,
    most: usize,
) -> Result<Option<Vec<Value>>, ActionFailure> {
    if !is_set(fields, "batchMode") || !output.is_json || !output.bytes.starts_with(b"[") {
        return Ok(None);
    }
    elements(output, most).map(Some)
}

/// The elements of an output that must be an array of at most `most`.
fn elements(output: &Output<'_>, most: usize) -> Result<Vec<Value>, ActionFailure> {
    match output.value()? {
        Value::Array(elements) if elements.len() <= most => Ok(elements),
        Value::Array(elements) => {
            let why = format!("the output has {} elements; at most {most} go", elements.len());
            Err(ActionFailure::new(Outcome::TooLarge, why))
        }
        _ => {
            let why = "in batch mode the output must be an array";
            Err(ActionFailure::new(Outcome::BadValue, why.to_owned()))
        }
    }
}

fn logs(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    output.check_text()?;
    if !is_set(fields, "batchMode") {
        return Ok(Call::default());
    }
    for event in elements(output, LOG_EVENTS_MAX)? {
        let timed = matches!(event.get("timestamp"), Some(Value::Int(_)));
        if !timed || !matches!(event.get("message"), Some(Value::String(_))) {
            let why = "in batch mode each element needs a whole `timestamp` and a text `message`";
            return Err(ActionFailure::new(Outcome::BadValue, why.to_owned()));
        }
    }
    Ok(Call::default())
}

fn http(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    let url = text(fields, "url");
    if !crate::rule_spec::fields::is_https(url) {
        let why = format!("`{url}` is no `https://` URL on port 443 or 8443");
        return Err(ActionFailure::new(Outcome::BadValue, why));
    }
    let content_type = if output.is_json { "application/json" } else { "application/octet-stream" };
    let call = Call::default().with("contentType", Some(content_type.into()));
    Ok(call.with("headers", fields.get("headers").cloned()))
}

/// Most records of a batch for Firehose. Source: AWS IoT Core developer guide, "Kinesis Data
/// Firehose".
const RECORDS_MAX: usize = 500;

/// Most messages of a batch for IoT Events. Source: AWS IoT Core developer guide, "AWS IoT Events".
const EVENTS_MAX: usize = 10;

/// Most messages of a batch for IoT Analytics. Source: AWS IoT Core developer guide, "AWS IoT
/// Analytics".
const ANALYTICS_MAX: usize = 100;

/// Most events of a batch. Source: CloudWatch Logs API, `PutLogEvents`.
const LOG_EVENTS_MAX: usize = 10_000;

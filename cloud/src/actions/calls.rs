//! Inputs of the calls to targets that carry no payload but values.

use super::ActionFailure;
use super::bodies::{Call, Output, text};
use crate::outputs::Outcome;
use crate::rule_spec::kinds::{ALARM_STATES, QUALITIES, TIME_UNITS};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::value::{Object, Value};

/// `PutMetricData` of CloudWatch.
pub(super) fn metric(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    let value = number("metricValue", text(fields, "metricValue"))?;
    let unit = one_of("metricUnit", text(fields, "metricUnit"), METRIC_UNITS)?;
    let time = match fields.get("metricTimestamp") {
        Some(_) => integer("metricTimestamp", text(fields, "metricTimestamp"))?,
        None => Value::from(output.now.seconds()),
    };
    let datum = object([
        ("MetricName", text(fields, "metricName").into()),
        ("Timestamp", time),
        ("Value", value),
        ("Unit", unit.into()),
    ]);
    Ok(Call::json(object([
        ("Namespace", text(fields, "metricNamespace").into()),
        ("MetricData", Value::Array(vec![datum.into()])),
    ])))
}

/// `SetAlarmState` of CloudWatch.
pub(super) fn alarm(fields: &Object) -> Result<Call, ActionFailure> {
    let state = one_of("stateValue", text(fields, "stateValue"), ALARM_STATES)?;
    Ok(Call::json(object([
        ("AlarmName", text(fields, "alarmName").into()),
        ("StateValue", state.into()),
        ("StateReason", text(fields, "stateReason").into()),
    ])))
}

/// `WriteRecords` of Timestream: a record for each attribute, typed by how JSON writes it. An
/// attribute that is null has no value to write and gives no record.
pub(super) fn timestream(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    let mut records = Vec::new();
    for (name, value) in output.object()?.iter() {
        let (kind, value) = match value {
            Value::Undefined | Value::Null => continue,
            Value::Bool(truth) => ("BOOLEAN", truth.to_string()),
            Value::Int(int) => ("BIGINT", int.to_string()),
            Value::Decimal(_) => ("DOUBLE", json_text(value)),
            Value::String(text) => ("VARCHAR", text.clone()),
            Value::Array(_) | Value::Object(_) => ("VARCHAR", json_text(value)),
        };
        let record = object([
            ("MeasureName", name.into()),
            ("MeasureValue", value.into()),
            ("MeasureValueType", kind.into()),
        ]);
        records.push(record.into());
    }
    if records.is_empty() {
        return Err(bad_value("the output has no attribute that could be written".to_owned()));
    }
    let (time, unit) = match fields.get("timestamp") {
        Some(Value::Object(timestamp)) => {
            let time = text(timestamp, "value");
            integer("timestamp.value", time)?;
            (time.to_owned(), text(timestamp, "unit"))
        }
        _ => (output.now.millis().to_string(), "MILLISECONDS"),
    };
    let mut dimensions = Vec::new();
    if let Some(Value::Array(list)) = fields.get("dimensions") {
        for dimension in list {
            let entry = |name| dimension.get(name).cloned().unwrap_or(Value::Undefined);
            dimensions.push(object([("Name", entry("name")), ("Value", entry("value"))]).into());
        }
    }
    let common = object([
        ("Dimensions", Value::Array(dimensions)),
        ("Time", time.into()),
        ("TimeUnit", unit.into()),
    ]);
    Ok(Call::json(object([
        ("DatabaseName", text(fields, "databaseName").into()),
        ("TableName", text(fields, "tableName").into()),
        ("CommonAttributes", common.into()),
        ("Records", Value::Array(records)),
    ])))
}

/// `BatchPutAssetPropertyValue` of IoT SiteWise.
pub(super) fn site_wise(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    let mut entries = Vec::new();
    for entry in list(fields.get("putAssetPropertyValueEntries")) {
        let mut made = Object::new();
        let id = entry.get("entryId").cloned().unwrap_or_else(|| (output.uuid)().into());
        made.insert("entryId", id);
        for name in ["assetId", "propertyId", "propertyAlias"] {
            if let Some(value) = entry.get(name) {
                made.insert(name, value.clone());
            }
        }
        let by_id = made.get("assetId").is_some() && made.get("propertyId").is_some();
        if !by_id && made.get("propertyAlias").is_none() {
            let why = "an entry names neither `propertyAlias` nor `assetId` and `propertyId`";
            return Err(ActionFailure::new(Outcome::EmptyField, why.to_owned()));
        }
        let values = list(entry.get("propertyValues")).iter().map(property_value);
        let values = values.collect::<Result<Vec<_>, _>>()?;
        made.insert("propertyValues", Value::Array(values));
        entries.push(made.into());
    }
    Ok(Call::json(object([("entries", Value::Array(entries))])))
}

fn property_value(given: &Value) -> Result<Value, ActionFailure> {
    let texts = |value: Option<&Value>| match value {
        Some(Value::Object(object)) => object.clone(),
        _ => Object::new(),
    };
    let value = texts(given.get("value"));
    let Some((name, raw)) = value.iter().next() else {
        let why = "a property value gave nothing".to_owned();
        return Err(ActionFailure::new(Outcome::EmptyField, why));
    };
    let raw = raw.as_str().unwrap_or_default();
    let typed = match name {
        "integerValue" => integer(name, raw)?,
        "doubleValue" => number(name, raw)?,
        "booleanValue" => Value::Bool(one_of(name, raw, &["true", "false"])? == "true"),
        _ => raw.into(),
    };
    let timestamp = texts(given.get("timestamp"));
    let mut time = Object::new();
    for name in ["timeInSeconds", "offsetInNanos"] {
        if timestamp.get(name).is_some() {
            time.insert(name, integer(name, text(&timestamp, name))?);
        }
    }
    let mut made = object([("value", object([(name, typed)]).into()), ("timestamp", time.into())]);
    if let Some(quality) = given.get("quality").and_then(Value::as_str) {
        made.insert("quality", one_of("quality", quality, QUALITIES)?.into());
    }
    Ok(made.into())
}

/// `BatchUpdateDevicePosition` of the location service.
pub(super) fn location(fields: &Object, output: &Output<'_>) -> Result<Call, ActionFailure> {
    let degrees = |name: &'static str, most: f64| {
        let value = number(name, text(fields, name))?;
        let within = value.as_f64().is_some_and(|degrees| degrees.abs() <= most);
        let refuse = || bad_value(format!("`{name}` is {}", text(fields, name)));
        if within { Ok(value) } else { Err(refuse()) }
    };
    let (latitude, longitude) = (degrees("latitude", 90.0)?, degrees("longitude", 180.0)?);
    let time = match fields.get("timestamp") {
        Some(Value::Object(timestamp)) => sample_time(timestamp)?,
        _ => output.now,
    };
    let update = object([
        ("DeviceId", text(fields, "deviceId").into()),
        ("SampleTime", time.to_string().into()),
        ("Position", Value::Array(vec![longitude, latitude])),
    ]);
    Ok(Call::json(object([
        ("TrackerName", text(fields, "trackerName").into()),
        ("Updates", Value::Array(vec![update.into()])),
    ])))
}

fn sample_time(timestamp: &Object) -> Result<Timestamp, ActionFailure> {
    let raw = text(timestamp, "value");
    let unit = match text(timestamp, "unit") {
        "" => "MILLISECONDS",
        unit => one_of("timestamp.unit", unit, TIME_UNITS)?,
    };
    let nanos: i128 = match unit {
        "SECONDS" => 1_000_000_000,
        "MILLISECONDS" => 1_000_000,
        "MICROSECONDS" => 1_000,
        _ => 1,
    };
    let whole = match integer("timestamp.value", raw)? {
        Value::Int(whole) => whole.checked_mul(nanos).and_then(|at| i64::try_from(at).ok()),
        _ => None,
    };
    whole
        .map(Timestamp::from_nanos)
        .ok_or_else(|| bad_value(format!("`timestamp.value` is {raw}, which is no time")))
}

/// A number written as text.
pub(crate) fn number(name: &str, text: &str) -> Result<Value, ActionFailure> {
    match Value::from_json(text.as_bytes()) {
        Ok(value @ (Value::Int(_) | Value::Decimal(_))) => Ok(value),
        _ => Err(bad_value(format!("`{name}` is `{text}`, which is no number"))),
    }
}

/// A whole number written as text.
pub(super) fn integer(name: &str, text: &str) -> Result<Value, ActionFailure> {
    match number(name, text)? {
        whole @ Value::Int(_) => Ok(whole),
        _ => Err(bad_value(format!("`{name}` is `{text}`, which is no whole number"))),
    }
}

/// The text, if it is one of `words`.
pub(crate) fn one_of<'a>(
    name: &str,
    text: &'a str,
    words: &[&str],
) -> Result<&'a str, ActionFailure> {
    if words.contains(&text) {
        return Ok(text);
    }
    Err(bad_value(format!("`{name}` is `{text}`; expected one of {}", words.join(", "))))
}

fn bad_value(why: String) -> ActionFailure {
    ActionFailure::new(Outcome::BadValue, why)
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Object {
    entries.into_iter().collect()
}

fn list(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}

fn json_text(value: &Value) -> String {
    String::from_utf8_lossy(&value.to_json()).into_owned()
}

/// # Source
/// CloudWatch API, `StandardUnit`.
const METRIC_UNITS: &[&str] = &[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

//! SenML packs, one a line.
//!
//! Base values are resolved; records of one device and time become one row. A device is the base
//! name, or the part of a name before its last `:`, `/` or `_`; the rest is the channel.
//!
//! # Source
//! RFC 8428, "Sensor Measurement Lists (SenML)", sections 4.1 to 4.6.

use super::block::{Block, Words};
use super::json::{count, lines, parse};
use super::plan::{HeadColumn, Plan, Preset, Role};
use super::time::{TimeKind, micros_of_seconds};
use crate::error::{TablesError, TelemetryProblem};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// The values of a device at a time, each a number or a text, where there is one.
type Moment = (String, i64, Vec<Option<Result<f64, String>>>);

/// What the columns of a pack are called here.
pub(super) const PRESET: Preset =
    Preset { time: Some("time"), device: Some("device"), class: None, prefix: "" };

/// Times before it are relative to a now that a recording does not have (section 4.5.3).
const ABSOLUTE: f64 = 268_435_456.0;

/// A record with its base values in it.
struct Record {
    device: String,
    channel: String,
    unit: String,
    time: i64,
    /// A number, a text, or nothing.
    value: Result<f64, String>,
}

#[derive(Default)]
struct Base {
    name: String,
    time: f64,
    unit: String,
    value: f64,
}

/// A look at the first lines: the columns, and the first times as text.
pub(super) fn sample(
    text: &[u8],
    most: usize,
) -> Result<(Vec<HeadColumn>, Vec<String>), TablesError> {
    let mut columns: BTreeMap<String, HeadColumn> = BTreeMap::new();
    let mut times = Vec::new();
    for (number, line) in lines(text).take(most) {
        for record in pack(number, &parse(number, line)?)? {
            let column = columns.entry(record.channel).or_default();
            if column.unit.is_empty() {
                column.unit = record.unit;
            }
            match record.value {
                Ok(_) => column.numbers += 1,
                Err(text) => {
                    column.texts += 1;
                    column.example = text;
                }
            }
            times.push(TimeKind::Naive.text(record.time));
        }
    }
    let fixed = ["time", "device"].map(|name| HeadColumn {
        name: name.to_owned(),
        texts: 1,
        ..HeadColumn::default()
    });
    let channels = columns.into_iter().map(|(name, column)| HeadColumn { name, ..column });
    Ok((fixed.into_iter().chain(channels).collect(), times))
}

/// Decodes whole lines. Errors name the line from 0 in the block.
pub(super) fn decode(text: &[u8], plan: &Plan) -> Result<Block, TablesError> {
    let roles: HashMap<&str, Role> =
        plan.names.iter().map(String::as_str).zip(plan.roles.iter().copied()).collect();
    let mut block = Block::new(plan.value_columns());
    block.bytes = text.len() as u64;
    block.lines = Some(count(text));
    block.device = plan.has(Role::Device).then(Words::default);
    for (number, line) in lines(text) {
        let mut rows: Vec<Moment> = Vec::new();
        for record in pack(number, &parse(number, line)?)? {
            let place = match roles.get(record.channel.as_str()) {
                Some(&Role::Value(place)) => place as usize,
                Some(_) => continue,
                None => {
                    block.unread.add(number, record.channel.as_bytes());
                    continue;
                }
            };
            let same = |row: &&mut Moment| row.0 == record.device && row.1 == record.time;
            let row = match rows.iter_mut().rev().find(same) {
                Some(row) => row,
                None => {
                    rows.push((record.device, record.time, vec![None; block.values.len()]));
                    let last = rows.len() - 1;
                    &mut rows[last]
                }
            };
            row.2[place] = Some(record.value);
        }
        for (device, time, values) in rows {
            if plan.time.is_some() {
                block.time.push(time);
            }
            if let Some(words) = &mut block.device {
                words.push(&device);
            }
            for (place, value) in values.into_iter().enumerate() {
                let odd = &mut block.odd[place];
                block.values[place].push(match value {
                    Some(Ok(value)) => value,
                    Some(Err(text)) => {
                        odd.text.add(number, text.as_bytes());
                        f64::NAN
                    }
                    None => {
                        odd.missing.add(number, b"");
                        f64::NAN
                    }
                });
            }
            block.line_of.push(number as u32);
            block.rows += 1;
        }
    }
    Ok(block)
}

/// Whether a line is a pack, or a single record, by the labels of its fields.
pub(super) fn is_pack(line: &[u8]) -> bool {
    let is_record = |value: &Value| {
        let Value::Object(fields) = value else { return false };
        let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
        let known = |name: &String| LABELS.contains(&name.as_str()) || name.ends_with('_');
        has(&["n", "bn"])
            && has(&["v", "vs", "vb", "vd", "s", "bt", "bv"])
            && fields.keys().all(known)
    };
    match serde_json::from_slice(line) {
        Ok(Value::Array(records)) => records.first().is_some_and(is_record),
        Ok(record) => is_record(&record),
        Err(_) => false,
    }
}

/// The labels of section 4.3 and the registry of section 12.2.
const LABELS: [&str; 16] =
    ["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "ct"];

/// The records of a pack that measure something.
fn pack(number: u64, value: &Value) -> Result<Vec<Record>, TablesError> {
    let wrong = |problem: String, expected: &str| {
        TablesError::telemetry(TelemetryProblem {
            file: String::new(),
            row: Some(number),
            column: None,
            problem,
            expected: expected.to_owned(),
            advice: "mend the pack".to_owned(),
        })
    };
    let records = match value {
        Value::Array(records) => records.as_slice(),
        Value::Object(_) => std::slice::from_ref(value),
        _ => {
            let problem = "the line is no SenML pack".to_owned();
            return Err(wrong(problem, "a JSON array of records, or one record"));
        }
    };
    let mut base = Base::default();
    let mut resolved = Vec::new();
    for record in records {
        let Value::Object(fields) = record else {
            return Err(wrong(format!("`{record}` is no record"), "a JSON object"));
        };
        // Section 4.4: who does not know such a field must not read on.
        if let Some(field) = fields.keys().find(|name| name.ends_with('_')) {
            let problem = format!("the field `{field}` must be understood and is not known");
            return Err(wrong(problem, "the fields of RFC 8428"));
        }
        let known = |name: &String| LABELS.contains(&name.as_str());
        if !fields.keys().any(known) {
            let first = fields.keys().next().map_or("nothing", String::as_str);
            let problem = format!("the line is no SenML pack: a record has `{first}`");
            return Err(wrong(
                problem,
                "records with `n` or `bn` and `v`; of other JSON an object on each line, in a file \
                 that ends in .jsonl or with --input-format jsonl",
            ));
        }
        base.take(fields);
        let Some(value) = reading(fields, base.value) else { continue };
        let seconds = base.time + fields.get("t").and_then(Value::as_f64).unwrap_or(0.0);
        let time = micros_of_seconds(seconds).filter(|_| seconds >= ABSOLUTE);
        let time = time.ok_or_else(|| {
            let problem = format!("the time {seconds} is relative to a now that is not known");
            wrong(problem, "`bt` plus `t` in seconds since 1970, at least 268435456")
        })?;
        let own = fields.get("n").and_then(Value::as_str).unwrap_or_default();
        let (device, channel) = names(&base.name, own);
        let unit = fields.get("u").and_then(Value::as_str).unwrap_or(&base.unit).to_owned();
        resolved.push(Record { device, channel, unit, time, value });
    }
    Ok(resolved)
}

impl Base {
    /// Base values hold until others come.
    fn take(&mut self, fields: &Map<String, Value>) {
        if let Some(name) = fields.get("bn").and_then(Value::as_str) {
            name.clone_into(&mut self.name);
        }
        if let Some(time) = fields.get("bt").and_then(Value::as_f64) {
            self.time = time;
        }
        if let Some(unit) = fields.get("bu").and_then(Value::as_str) {
            unit.clone_into(&mut self.unit);
        }
        if let Some(value) = fields.get("bv").and_then(Value::as_f64) {
            self.value = value;
        }
    }
}

/// What a record measured, if it did. Sums (`s`) and data (`vd`) are no readings.
fn reading(fields: &Map<String, Value>, base: f64) -> Option<Result<f64, String>> {
    if let Some(value) = fields.get("v") {
        let number = value.as_f64().map(|value| base + value).filter(|value| value.is_finite());
        return Some(number.ok_or_else(|| value.to_string()));
    }
    if let Some(truth) = fields.get("vb").and_then(Value::as_bool) {
        return Some(Ok(f64::from(u8::from(truth))));
    }
    let text = fields.get("vs").and_then(Value::as_str)?;
    Some(Err(text.to_owned()))
}

/// The device and the channel of a base name and a name.
fn names(base: &str, own: &str) -> (String, String) {
    let separators = [':', '/', '_', '-', '.'];
    let (device, channel) = if base.is_empty() || own.is_empty() {
        let whole = if own.is_empty() { base } else { own };
        match whole.rfind([':', '/', '_']) {
            Some(at) if own.is_empty() && at + 1 == whole.len() => (whole, ""),
            Some(at) => (&whole[..at], &whole[at + 1..]),
            None if own.is_empty() => (whole, ""),
            None => ("", whole),
        }
    } else {
        (base, own)
    };
    let device = device.trim_end_matches(separators);
    let channel = channel.trim_start_matches(separators);
    let channel = if channel.is_empty() { "value" } else { channel };
    let device = if device.is_empty() { super::ONE_DEVICE } else { device };
    (device.to_owned(), channel.to_owned())
}

//! JSON lines: nested objects flattened to dotted names, and the events of ChirpStack v4.

use super::block::{Block, Words};
use super::csv::wrong_time;
use super::number::{Cell, cell};
use super::plan::{HeadColumn, Plan, Preset, Role};
use super::time::TimeParser;
use crate::error::{TablesError, TelemetryProblem};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Where ChirpStack v4 puts things in an uplink event. The class is the device profile, which says
/// what model of device it is.
const CHIRPSTACK: Preset = Preset {
    time: Some("time"),
    device: Some("deviceInfo.devEui"),
    class: Some("deviceInfo.deviceProfileName"),
    prefix: "object.",
};

/// What lines at the beginning of a file tell.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) columns: Vec<HeadColumn>,
    pub(super) preset: Preset,
    /// The flattened lines with their texts.
    pub(super) rows: Vec<BTreeMap<String, String>>,
}

/// A look at the first lines.
pub(super) fn sample(text: &[u8], most: usize) -> Result<Sample, TablesError> {
    let mut sample = Sample::default();
    let mut columns: BTreeMap<String, HeadColumn> = BTreeMap::new();
    for (number, line) in lines(text).take(most) {
        let value = parse(number, line)?;
        if is_chirpstack(&value) {
            sample.preset = CHIRPSTACK;
        }
        let mut row = BTreeMap::new();
        flatten(&value, &mut String::new(), &mut |name, value| {
            let column = columns.entry(name.to_owned()).or_default();
            match kind(value) {
                Cell::Number(_) => column.numbers += 1,
                Cell::Missing => {}
                Cell::Text => {
                    column.texts += 1;
                    if column.example.is_empty() {
                        column.example = plain(value);
                    }
                }
            }
            row.insert(name.to_owned(), plain(value));
        });
        sample.rows.push(row);
    }
    if sample.preset.device.is_some() {
        // Events that are no uplinks have no time of a measurement.
        sample.rows.retain(|row| row.keys().any(|name| name.starts_with("object.")));
    }
    sample.columns =
        columns.into_iter().map(|(name, column)| HeadColumn { name, ..column }).collect();
    Ok(sample)
}

/// Lines that are not blank, with their number from 0.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = (0..).zip(text.split(|&byte| byte == b'\n'));
    lines.map(|(number, line)| (number, line.trim_ascii())).filter(|(_, line)| !line.is_empty())
}

/// A line as JSON; errors name it from 0.
pub(super) fn parse(number: u64, line: &[u8]) -> Result<Value, TablesError> {
    let failed = |problem: String| {
        TablesError::telemetry(TelemetryProblem {
            file: String::new(),
            row: Some(number),
            column: None,
            problem,
            expected: "a JSON object on a line of its own".to_owned(),
            advice:
                "mend the line, or name the format with --input-format, such as senml for SenML \
                     packs, each on a line of its own"
                    .to_owned(),
        })
    };
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    serde_json::from_slice(line).map_err(|error| failed(format!("the line is no JSON: {error}")))
}

fn is_chirpstack(value: &Value) -> bool {
    value.pointer("/deviceInfo/devEui").is_some_and(Value::is_string)
}

/// Calls `take` with each value that is no object and its dotted name.
fn flatten(value: &Value, name: &mut String, take: &mut impl FnMut(&str, &Value)) {
    let length = name.len();
    let mut inner = |key: &str, value: &Value, take: &mut _| {
        if length > 0 {
            name.push('.');
        }
        name.push_str(key);
        flatten(value, name, take);
        name.truncate(length);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| inner(key, value, take)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| inner(&at.to_string(), value, take));
        }
        value => take(name, value),
    }
}

fn kind(value: &Value) -> Cell {
    match value {
        Value::Number(number) => {
            number.as_f64().filter(|n| n.is_finite()).map_or(Cell::Text, Cell::Number)
        }
        Value::Bool(truth) => Cell::Number(f64::from(u8::from(*truth))),
        Value::String(text) => cell(text.as_bytes(), b'.'),
        Value::Null => Cell::Missing,
        Value::Array(_) | Value::Object(_) => Cell::Text,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A name; empty where there is none.
fn name_of(value: &Value) -> String {
    if value.is_null() { String::new() } else { plain(value).trim().to_owned() }
}

/// Decodes whole lines. Errors name the line from 0 in the block.
pub(super) fn decode(text: &[u8], plan: &Plan, preset: &Preset) -> Result<Block, TablesError> {
    let roles: HashMap<&str, Role> =
        plan.names.iter().map(String::as_str).zip(plan.roles.iter().copied()).collect();
    let mut rows = Rows {
        plan,
        time: plan.time.clone().map(TimeParser::new),
        block: Block::new(plan.value_columns()),
    };
    rows.block.bytes = text.len() as u64;
    rows.block.lines = Some(count(text));
    for (role, words) in [
        (Role::Device, &mut rows.block.device),
        (Role::Class, &mut rows.block.class),
        (Role::Metric, &mut rows.block.metric),
    ] {
        if plan.has(role) {
            *words = Some(Words::default());
        }
    }
    for (number, line) in lines(text) {
        let value = parse(number, line)?;
        if !preset.prefix.is_empty() && value.get("object").is_none_or(Value::is_null) {
            rows.block.other.push((number, "an event without `object`".to_owned()));
            continue;
        }
        rows.row(number, &value, &roles)?;
    }
    Ok(rows.block)
}

/// How many lines, blank or not.
pub(super) fn count(text: &[u8]) -> u64 {
    let breaks = memchr::memchr_iter(b'\n', text).count() as u64;
    breaks + u64::from(!text.is_empty() && !text.ends_with(b"\n"))
}

struct Rows<'a> {
    plan: &'a Plan,
    time: Option<TimeParser>,
    block: Block,
}

impl Rows<'_> {
    fn row(
        &mut self,
        number: u64,
        value: &Value,
        roles: &HashMap<&str, Role>,
    ) -> Result<(), TablesError> {
        let block = &mut self.block;
        let at = block.rows;
        let (mut time, mut wrong) = (None, None);
        let unread = &mut block.unread;
        let (values, odd) = (&mut block.values, &mut block.odd);
        let (mut device, mut class, mut metric) = (String::new(), String::new(), String::new());
        flatten(value, &mut String::new(), &mut |name, value| match roles.get(name) {
            Some(Role::Time) => {
                let text = plain(value);
                time = self.time.as_mut().and_then(|time| time.parse(text.trim().as_bytes()));
                wrong = Some(text);
            }
            Some(Role::Device) => device = name_of(value),
            Some(Role::Class) => class = name_of(value),
            Some(Role::Metric) => metric = plain(value),
            Some(&Role::Value(place)) => {
                let place = place as usize;
                // The last of two equal names counts, as everywhere in JSON.
                values[place].truncate(at);
                values[place].push(match kind(value) {
                    Cell::Number(value) => value,
                    Cell::Missing => {
                        odd[place].missing.add(number, plain(value).as_bytes());
                        f64::NAN
                    }
                    Cell::Text => {
                        odd[place].text.add(number, plain(value).as_bytes());
                        f64::NAN
                    }
                });
            }
            Some(Role::Skip) => {}
            None if matches!(kind(value), Cell::Number(_)) => unread.add(number, name.as_bytes()),
            None => {}
        });
        for (values, odd) in values.iter_mut().zip(odd.iter_mut()) {
            if values.len() == at {
                odd.missing.add(number, b"");
                values.push(f64::NAN);
            }
        }
        if self.time.is_some() {
            let text = wrong.unwrap_or_default();
            let time = time.ok_or_else(|| wrong_time(number, text.as_bytes(), self.plan))?;
            block.time.push(time);
        }
        for (words, word) in
            [(&mut block.device, device), (&mut block.class, class), (&mut block.metric, metric)]
        {
            if let Some(words) = words {
                words.push(&word);
            }
        }
        block.line_of.push(number as u32);
        block.rows += 1;
        Ok(())
    }
}

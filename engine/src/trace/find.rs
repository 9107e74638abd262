//! The message that is traced: a device's last one at or before an instant.

use super::refused::{self, Refused};
use crate::clients;
use crate::error::EngineError;
use crate::recorded::Recorded;
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::topic::TopicFilter;
use fieldmirror_tables::Table;
use fieldmirror_tables::dictionary::{Dictionary, Key};
use fieldmirror_tables::read::{self, TableReader};
use std::path::Path;

/// A recorded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Row of the `messages` table, from 0.
    pub row: u64,
    /// When the cloud received it.
    pub time: Timestamp,
    /// Topic.
    pub topic: String,
    /// Who published it.
    pub principal: String,
    /// The payload.
    pub payload: String,
    /// `device`, `app`, `function`, `rule` or `shadow`.
    pub source: String,
}

impl Message {
    /// The MQTT client that published it, if one did.
    pub fn client(&self) -> Option<&str> {
        matches!(self.source.as_str(), "device" | "app").then_some(self.principal.as_str())
    }
}

/// Whose messages, and which.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) device: String,
    pub(super) messages: Vec<Message>,
    pub(super) refused: Vec<Refused>,
}

/// Finds the last message of `device` up to `until`; of whoever published last without one.
pub(super) fn find(
    run: &Path,
    recorded: &Recorded,
    device: Option<&str>,
    until: Option<Timestamp>,
) -> Result<Found, EngineError> {
    let device = match device {
        Some(device) => device.to_owned(),
        None => last_publisher(run, until)?,
    };
    let mut search = Search::new(recorded, &device, until);
    let reader = TableReader::open_table(run, Table::Messages)?;
    let narrow = reader.project(&["time", "topic", "principal"])?;
    let (mut first_rows, mut row) = (Vec::new(), 0);
    for group in 0..narrow.groups() {
        first_rows.push(row);
        for batch in narrow.group(group)? {
            let batch = batch?;
            let times = read::times(&batch, "time")?;
            let topics = read::keys(&batch, "topic", &mut search.topics)?;
            let principals = read::keys(&batch, "principal", &mut search.principals)?;
            search.look(row, &times, &topics, &principals);
            row += times.len() as u64;
        }
    }
    let refused = refused::refused(run, recorded, &device, until)?;
    let is_known = search.known || !search.rows.is_empty() || !refused.is_empty();
    if !is_known && !is_asset(recorded, &device) {
        return Err(EngineError::NoTrace {
            why: format!(
                "the run has no device or client called `{device}`; expected one such as {}",
                examples(recorded)
            ),
        });
    }
    let messages = fetch(run, &search.rows, &first_rows)?;
    Ok(Found { device, messages, refused })
}

/// Looks for rows of one device.
struct Search<'a> {
    device: &'a str,
    until: i64,
    filters: Vec<TopicFilter>,
    topics: Dictionary,
    principals: Dictionary,
    /// By key: whether messages on the topic are for the device.
    for_device: Vec<bool>,
    /// By key: whether the principal is the device.
    is_device: Vec<bool>,
    known: bool,
    best: i64,
    rows: Vec<u64>,
}

impl<'a> Search<'a> {
    fn new(recorded: &Recorded, device: &'a str, until: Option<Timestamp>) -> Self {
        let registers = recorded.scenario.registers.iter();
        let filters = registers
            .flat_map(|register| clients::connected(register))
            .filter(|connected| connected.client == device)
            .filter_map(|connected| TopicFilter::parse(&connected.filter?).ok());
        Self {
            device,
            until: until.map_or(i64::MAX, Timestamp::nanos),
            filters: filters.collect(),
            topics: Dictionary::default(),
            principals: Dictionary::default(),
            for_device: Vec::new(),
            is_device: Vec::new(),
            known: false,
            best: i64::MIN,
            rows: Vec::new(),
        }
    }

    fn look(&mut self, first_row: u64, times: &[i64], topics: &[i32], principals: &[i32]) {
        while self.for_device.len() < self.topics.len() {
            let key = Key::new(self.for_device.len() as u32);
            let topic = self.topics.word(key).unwrap_or_default();
            self.for_device.push(self.filters.iter().any(|filter| filter.matches(topic)));
        }
        while self.is_device.len() < self.principals.len() {
            let key = Key::new(self.is_device.len() as u32);
            let is_device = self.principals.word(key) == Some(self.device);
            self.known |= is_device;
            self.is_device.push(is_device);
        }
        for i in 0..times.len() {
            let own = principals[i] != Key::ABSENT && self.is_device[principals[i] as usize];
            let concerns = own || self.for_device[topics[i] as usize];
            if !concerns || times[i] > self.until || times[i] < self.best {
                continue;
            }
            if times[i] > self.best {
                self.best = times[i];
                self.rows.clear();
            }
            self.rows.push(first_row + i as u64);
        }
    }
}

/// The principal of the last device message up to `until`.
fn last_publisher(run: &Path, until: Option<Timestamp>) -> Result<String, EngineError> {
    let until = until.map_or(i64::MAX, Timestamp::nanos);
    let reader = TableReader::open_table(run, Table::Messages)?;
    let reader = reader.project(&["time", "principal", "source"])?;
    let (mut best, mut name) = (i64::MIN, None);
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let principals = read::texts(&batch, "principal")?;
        let sources = read::texts(&batch, "source")?;
        for i in 0..times.len() {
            if times[i] >= best && times[i] <= until && sources[i] == Some("device") {
                best = times[i];
                name = principals[i].map(str::to_owned).or(name);
            }
        }
    }
    name.ok_or_else(|| EngineError::NoTrace {
        why: "no device has published yet; name a later time".to_owned(),
    })
}

/// The whole of a few rows.
fn fetch(run: &Path, rows: &[u64], first_rows: &[u64]) -> Result<Vec<Message>, EngineError> {
    let mut messages = Vec::new();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(messages) };
    let reader = TableReader::open_table(run, Table::Messages)?;
    for (group, &group_row) in first_rows.iter().enumerate() {
        let end = first_rows.get(group + 1).copied().unwrap_or(u64::MAX);
        if end <= *first || group_row > *last {
            continue;
        }
        let mut row = group_row;
        for batch in reader.group(group)? {
            let batch = batch?;
            let count = batch.num_rows() as u64;
            let wanted = rows.iter().filter(|wanted| (row..row + count).contains(wanted));
            let wanted: Vec<usize> = wanted.map(|wanted| (wanted - row) as usize).collect();
            if !wanted.is_empty() {
                let times = read::times(&batch, "time")?;
                let text = |column: &str| read::texts(&batch, column);
                let (topics, principals) = (text("topic")?, text("principal")?);
                let (payloads, sources) = (text("payload")?, text("source")?);
                let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
                messages.extend(wanted.into_iter().map(|i| Message {
                    row: row + i as u64,
                    time: Timestamp::from_nanos(times[i]),
                    topic: own(topics[i]),
                    principal: own(principals[i]),
                    payload: own(payloads[i]),
                    source: own(sources[i]),
                }));
            }
            row += count;
        }
    }
    Ok(messages)
}

fn is_asset(recorded: &Recorded, device: &str) -> bool {
    recorded.scenario.registers.iter().any(|register| register.names.iter().any(|n| n == device))
}

fn examples(recorded: &Recorded) -> String {
    let registers = recorded.scenario.registers.iter();
    let names = registers.flat_map(|register| register.names.iter().take(register.reporting));
    names.take(3).collect::<Vec<_>>().join(", ")
}

//! What is tried: a recording opened, and which of its columns say topic, device and time.

use super::{BacktestOptions, BacktestRule};
use crate::error::EngineError;
use fieldmirror_tables::Table;
use fieldmirror_tables::scan::{Scan, ScanKind};
use std::path::Path;

/// An open recording.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) scan: Scan,
    /// Whether rows hold a topic and a payload, and are not payloads themselves.
    pub(super) is_messages: bool,
    pub(super) topic: TopicOf,
    /// The column that names the device.
    pub(super) device: Option<String>,
    /// The column of the time, and how many of its units are a millisecond.
    pub(super) time: Option<String>,
}

/// Where a row's topic comes from.
#[derive(Debug)]
pub(super) enum TopicOf {
    /// Nobody knows: FROM is not checked.
    Unknown,
    /// The column of this name.
    Column(String),
    /// A text around the value of one column.
    Around { before: String, column: String, after: String },
    /// The same for every row.
    Fixed(String),
}

const DEVICES: [&str; 11] = [
    "device",
    "device_id",
    "deviceId",
    "thing",
    "thing_name",
    "thingName",
    "client_id",
    "clientId",
    "principal",
    "sensor",
    "sensor_id",
];

const TIMES: [&str; 6] = ["time", "timestamp", "ts", "received_at", "sampled_at", "datetime"];

impl Source {
    pub(super) fn open(input: &Path, options: &BacktestOptions) -> Result<Self, EngineError> {
        let messages = input.join(Table::Messages.file());
        let is_run = input.is_dir() && messages.is_file();
        let scan = Scan::open(if is_run { &messages } else { input })?;
        let text = |name: &str| scan.kind(name) == Some(ScanKind::Text);
        let is_messages = text("topic") && text("payload");
        let topic = match &options.topic {
            Some(topic) => TopicOf::parse(topic, &scan)?,
            None if text("topic") => TopicOf::Column("topic".to_owned()),
            None => TopicOf::Unknown,
        };
        let names = |kind| matches!(kind, Some(ScanKind::Text | ScanKind::Int64));
        let device = named(&scan, "--device", options.device.as_deref(), &DEVICES, names)?;
        let times = |kind| matches!(kind, Some(ScanKind::Millis | ScanKind::Int64));
        let time = named(&scan, "--time", options.time.as_deref(), &TIMES, times)?;
        Ok(Self { scan, is_messages, topic, device, time })
    }

    /// Refuses rules that ask for a topic that nobody knows.
    pub(super) fn check<'a>(
        &self,
        mut rules: impl Iterator<Item = &'a BacktestRule>,
    ) -> Result<(), EngineError> {
        let asks = |rule: &&BacktestRule| rule.rule.sql().to_ascii_lowercase().contains("topic(");
        match rules.find(asks) {
            Some(rule) if matches!(self.topic, TopicOf::Unknown) => Err(EngineError::Backtest {
                why: format!(
                    "rule `{}` calls topic(), and the rows have none; expected --topic COLUMN, or \
                     a text such as --topic 'farm/${{device}}/data'",
                    rule.name
                ),
            }),
            _ => Ok(()),
        }
    }
}

impl TopicOf {
    /// Reads `--topic`: a column's name, or a text with at most one `${column}`.
    fn parse(text: &str, scan: &Scan) -> Result<Self, EngineError> {
        let column = |name: &str| match scan.kind(name) {
            Some(ScanKind::Text) => Ok(name.to_owned()),
            other => Err(EngineError::Backtest {
                why: format!(
                    "--topic names `{name}`, which is {}; expected a column of texts: {}",
                    other.map_or("no column".to_owned(), |kind| format!("a column of {kind:?}")),
                    of_kind(scan, |kind| kind == Some(ScanKind::Text))
                ),
            }),
        };
        let Some((before, rest)) = text.split_once("${") else {
            return match scan.kind(text) {
                Some(_) => column(text).map(Self::Column),
                None => Ok(Self::Fixed(text.to_owned())),
            };
        };
        match rest.split_once('}') {
            Some((name, after)) if !after.contains("${") => Ok(Self::Around {
                before: before.to_owned(),
                column: column(name)?,
                after: after.to_owned(),
            }),
            _ => Err(EngineError::Backtest {
                why: format!("--topic is `{text}`; expected at most one `${{column}}`, closed"),
            }),
        }
    }

    /// The column that is read for it.
    pub(super) fn column(&self) -> Option<&str> {
        match self {
            Self::Column(column) | Self::Around { column, .. } => Some(column),
            Self::Unknown | Self::Fixed(_) => None,
        }
    }

    /// The topic of a row whose column has this value; `None` if nobody knows it.
    pub(super) fn of(&self, value: &str) -> Option<String> {
        match self {
            Self::Unknown => None,
            Self::Column(_) => Some(value.to_owned()),
            Self::Around { before, after, .. } => Some(format!("{before}{value}{after}")),
            Self::Fixed(topic) => Some(topic.clone()),
        }
    }
}

/// The column that an option names, or the first usual one that fits.
fn named(
    scan: &Scan,
    flag: &str,
    asked: Option<&str>,
    usual: &[&str],
    fits: impl Fn(Option<ScanKind>) -> bool,
) -> Result<Option<String>, EngineError> {
    let Some(asked) = asked else {
        let found = usual.iter().find(|name| fits(scan.kind(name)));
        return Ok(found.map(|name| (*name).to_owned()));
    };
    if fits(scan.kind(asked)) {
        return Ok(Some(asked.to_owned()));
    }
    let expected = of_kind(scan, fits);
    Err(EngineError::Backtest {
        why: format!("{flag} names `{asked}`, which is no such column; expected one of {expected}"),
    })
}

fn of_kind(scan: &Scan, fits: impl Fn(Option<ScanKind>) -> bool) -> String {
    let columns = scan.columns().iter().filter(|(_, kind)| fits(Some(*kind)));
    let names: Vec<_> = columns.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() { "none that the file has".to_owned() } else { names.join(", ") }
}

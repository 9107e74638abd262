//! What each column of a file is to the reader.

use super::spec::{Channel, ColumnMap, Format, Layout, SourceSpec};
use super::time::{TimeFormat, TimeKind};
use crate::error::{TablesError, TelemetryProblem};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing that anybody asked for.
    Skip,
    /// The time.
    Time,
    /// The device.
    Device,
    /// The class of the device.
    Class,
    /// The name of the channel, in the long layout.
    Metric,
    /// A value, with its place among the values.
    Value(u32),
}

/// How to read a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The columns by name, in file order.
    pub(super) names: Vec<String>,
    /// What each is.
    pub(super) roles: Vec<Role>,
    /// The last column that is not skipped.
    pub(super) last: usize,
    /// How times are written; none where rows are numbered.
    pub(super) time: Option<TimeFormat>,
    /// The name of the column of times.
    pub(super) time_name: String,
}

impl Plan {
    pub(super) fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// How many columns of values a block has.
    pub(super) fn value_columns(&self) -> usize {
        let places = self.roles.iter().filter_map(|role| match role {
            Role::Value(place) => Some(*place as usize + 1),
            _ => None,
        });
        places.max().unwrap_or(0)
    }
}

/// A look at the beginning of a file.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What messages call it.
    pub(super) name: String,
    pub(super) format: Format,
    /// Its size; 0 for standard input.
    pub(super) bytes: u64,
    pub(super) columns: Vec<HeadColumn>,
    /// What its columns mean unless the user says otherwise.
    pub(super) preset: Preset,
    /// The first times as they are written; empty if there is no column of times.
    pub(super) times: Vec<String>,
    /// The column that may tell devices apart, by the first rows.
    pub(super) device_like: Option<String>,
    /// What kind they are where the file itself says so.
    pub(super) stamps: Option<TimeKind>,
    /// The delimiter of CSV.
    pub(super) delimiter: u8,
    /// The bytes before the first row of CSV.
    pub(super) body: u64,
    /// Whether there is any row.
    pub(super) has_rows: bool,
    /// Whether names come up as they like, as in JSON.
    pub(super) ragged: bool,
}

/// What the columns of a known kind of file mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Preset {
    pub(super) time: Option<&'static str>,
    pub(super) device: Option<&'static str>,
    pub(super) class: Option<&'static str>,
    /// Channels stand under this name, and are called without it.
    pub(super) prefix: &'static str,
}

/// A column at the beginning of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct HeadColumn {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) numbers: u64,
    pub(super) texts: u64,
    /// The first text that is no number.
    pub(super) example: String,
}

/// The names that are taken for times, in this order.
const TIME_NAMES: [&str; 5] = ["datetime", "timestamp", "time", "ts", "date"];

/// The column of times of a file with these columns.
pub(super) fn time_column(
    map: &ColumnMap,
    preset: &Preset,
    columns: &[HeadColumn],
) -> Option<String> {
    let named = map.time.clone().or_else(|| preset.time.map(str::to_owned));
    named.or_else(|| {
        let found =
            |wanted: &&str| columns.iter().find(|column| column.name.eq_ignore_ascii_case(wanted));
        TIME_NAMES.iter().find_map(found).map(|column| column.name.clone())
    })
}

/// What the columns of all files mean together.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    pub(super) time: Option<String>,
    pub(super) device: Option<String>,
    pub(super) class: Option<String>,
    /// The channels; in the long layout they are found later if the user names none.
    pub(super) channels: Vec<Channel>,
    /// Where each channel stands.
    pub(super) columns: Vec<String>,
}

impl Meaning {
    /// What the columns of `heads`, of which there is one at least, mean.
    pub(super) fn of(spec: &SourceSpec, heads: &[Head]) -> Result<Self, TablesError> {
        let first = &heads[0];
        let map = &spec.columns;
        let stated = |name: &Option<String>, preset: Option<&str>| {
            name.clone().or_else(|| preset.map(str::to_owned))
        };
        let mut meaning = Self {
            time: time_column(map, &first.preset, &first.columns),
            device: stated(&map.device, first.preset.device),
            class: stated(&map.class, first.preset.class),
            channels: Vec::new(),
            columns: Vec::new(),
        };
        let named = [(&map.time, "--time"), (&map.device, "--device"), (&map.class, "--class")];
        for (name, flag) in named {
            if let Some(name) = name {
                exists(heads, name, flag)?;
            }
        }
        if let Layout::Long { metric, value } = &spec.layout {
            exists(heads, metric, "the column of metrics")?;
            exists(heads, value, "the column of values")?;
            let names = map.channels.clone().unwrap_or_default();
            let exogenous = map.exogenous.iter().filter(|_| !names.is_empty());
            let exogenous = exogenous.filter(|name| !names.contains(name)).cloned();
            let all: Vec<String> = names.iter().cloned().chain(exogenous).collect();
            meaning.set_channels(spec, all, &BTreeMap::new());
            if !meaning.channels.is_empty() {
                meaning.check_units(spec, first)?;
            }
            return Ok(meaning);
        }
        let columns = meaning.channel_columns(spec, heads)?;
        meaning.check_roles(&first.name, &columns)?;
        let units = heads.iter().flat_map(|head| &head.columns);
        let units = units.map(|column| (column.name.as_str(), column.unit.as_str()));
        let units = units.filter(|(_, unit)| !unit.is_empty()).collect();
        meaning.set_channels(spec, columns, &units);
        let prefix = first.preset.prefix;
        for channel in &mut meaning.channels {
            if let Some(name) = channel.name.strip_prefix(prefix) {
                // What is said of a channel may name it either way.
                if let Some(unit) = map.units.get(name) {
                    channel.unit.clone_from(unit);
                }
                channel.exogenous |= map.exogenous.iter().any(|other| other == name);
                channel.name = name.to_owned();
            }
        }
        meaning.check_units(spec, first)?;
        Ok(meaning)
    }

    /// Whether a column is the time, the device or the class, or a channel that somebody named.
    pub(super) fn has(&self, name: &str) -> bool {
        let taken = [&self.time, &self.device, &self.class];
        taken.into_iter().flatten().any(|taken| taken == name)
    }

    /// That no channel is the time, the device or the class as well.
    fn check_roles(&self, file: &str, channels: &[String]) -> Result<(), TablesError> {
        let roles = [
            (&self.time, "time", "--time"),
            (&self.device, "device", "--device"),
            (&self.class, "class", "--class"),
        ];
        for (name, role, flag) in roles {
            if let Some(name) = name.as_ref().filter(|name| channels.contains(name)) {
                return Err(TablesError::telemetry(TelemetryProblem {
                    file: file.to_owned(),
                    row: None,
                    column: Some(name.clone()),
                    problem: format!("it is a channel, and cannot be the {role} ({flag}) as well"),
                    expected: "one meaning for each column".to_owned(),
                    advice: format!(
                        "name another column with {flag}, or leave it out of the channels, with \
                         which a model is bound to the ones it learned"
                    ),
                }));
            }
        }
        Ok(())
    }

    /// That each unit is one of a channel.
    pub(super) fn check_units(&self, spec: &SourceSpec, head: &Head) -> Result<(), TablesError> {
        let names = || self.channels.iter().map(|channel| channel.name.as_str());
        let known = |name: &String| self.columns.contains(name) || names().any(|own| own == name);
        let Some(unknown) = spec.columns.units.keys().find(|name| !known(name)) else {
            return Ok(());
        };
        let meant = nearest(unknown, names());
        let meant = meant.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        Err(message(
            &head.name,
            &format!("a unit is given for `{unknown}` (--unit), which is no channel{meant}"),
            &format!("one of: {}", names().collect::<Vec<_>>().join(", ")),
            "name a channel",
        ))
    }

    /// Makes `columns` the channels.
    pub(super) fn set_channels(
        &mut self,
        spec: &SourceSpec,
        columns: Vec<String>,
        units: &BTreeMap<&str, &str>,
    ) {
        let map = &spec.columns;
        let channel = |name: &String| Channel {
            name: name.clone(),
            unit: map.units.get(name).cloned().unwrap_or_else(|| {
                units.get(name.as_str()).map_or_else(String::new, |&unit| unit.to_owned())
            }),
            exogenous: map.exogenous.contains(name),
        };
        self.channels = columns.iter().map(channel).collect();
        self.columns = columns;
    }

    /// The columns that are channels, in order.
    fn channel_columns(
        &self,
        spec: &SourceSpec,
        heads: &[Head],
    ) -> Result<Vec<String>, TablesError> {
        let map = &spec.columns;
        let prefix = heads[0].preset.prefix;
        // A channel may be asked for by its short name where there is a prefix.
        let full = |name: &String| {
            let long = format!("{prefix}{name}");
            let known = heads[0].columns.iter().any(|column| column.name == long);
            if known { long } else { name.clone() }
        };
        if let Some(names) = &map.channels {
            let also = map.exogenous.iter().filter(|name| !names.contains(name));
            let all: Vec<String> = names.iter().chain(also).map(full).collect();
            for name in &all {
                exists(heads, name, "--channels")?;
            }
            return Ok(all);
        }
        for name in &map.exogenous {
            exists(heads, &full(name), "--exogenous")?;
        }
        // One that is misspelt would be learned. Not every file needs to have it.
        for name in map.ignore.iter().map(full) {
            let has = |head: &Head| head.columns.iter().any(|column| column.name == name);
            if !heads.iter().any(has) {
                exists(heads, &name, "--ignore")?;
            }
        }
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for column in heads.iter().flat_map(|head| &head.columns) {
            let sum = sums.entry(&column.name).or_default();
            sum.0 += column.numbers;
            sum.1 += column.texts;
        }
        let mut order: Vec<&str> = heads[0].columns.iter().map(|c| c.name.as_str()).collect();
        if heads[0].ragged {
            // Names come up in any order; the order must not depend on which file is first.
            order = sums.keys().copied().collect();
        }
        let taken = [&self.time, &self.device, &self.class];
        let is_channel = |name: &&str| {
            let (numbers, texts) = sums.get(*name).copied().unwrap_or_default();
            let other = taken.iter().any(|taken| taken.as_deref() == Some(*name));
            let ignored = map.ignore.iter().any(|ignored| full(ignored) == **name);
            let numeric = (texts == 0 && !heads[0].ragged) || (numbers > 0 && numbers >= texts);
            !other && !ignored && name.starts_with(prefix) && numeric
        };
        let columns: Vec<String> =
            order.into_iter().filter(is_channel).map(str::to_owned).collect();
        if columns.is_empty() { Err(no_channel(&heads[0])) } else { Ok(columns) }
    }

    /// How to read a file with the columns of `head`.
    pub(super) fn plan(&self, spec: &SourceSpec, head: &Head, time: Option<TimeFormat>) -> Plan {
        let is = |name: &String, wanted: &Option<String>| wanted.as_ref() == Some(name);
        let roles = head.columns.iter().map(|column| {
            let name = &column.name;
            if is(name, &self.time) {
                return if time.is_some() { Role::Time } else { Role::Skip };
            }
            if is(name, &self.device) {
                return Role::Device;
            }
            if is(name, &self.class) {
                return Role::Class;
            }
            match &spec.layout {
                Layout::Long { metric, .. } if metric == name => return Role::Metric,
                Layout::Long { value, .. } if value == name => return Role::Value(0),
                Layout::Long { .. } => return Role::Skip,
                Layout::Wide => {}
            }
            let place = self.columns.iter().position(|channel| channel == name);
            place.map_or(Role::Skip, |place| Role::Value(place as u32))
        });
        let roles: Vec<Role> = roles.collect();
        Plan {
            names: head.columns.iter().map(|column| column.name.clone()).collect(),
            last: roles.iter().rposition(|&role| role != Role::Skip).unwrap_or(0),
            roles,
            time,
            time_name: self.time.clone().unwrap_or_default(),
        }
    }
}

/// That all files have the columns of the first. Names in JSON come up as they like.
pub(super) fn same_columns(spec: &SourceSpec, heads: &[Head]) -> Result<(), TablesError> {
    let Some(first) = heads.first() else { return Ok(()) };
    // Where the channels are named, other columns may come and go.
    if spec.columns.channels.is_some() || spec.layout != Layout::Wide || first.ragged {
        return Ok(());
    }
    let names = |head: &Head| head.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    let (wanted, ignore) = (names(first), &spec.columns.ignore);
    for head in &heads[1..] {
        let found = names(head);
        let lacking = |of: &[String], others: &[String]| {
            let lacks = |name: &&String| !others.contains(name) && !ignore.contains(name);
            of.iter().filter(lacks).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let (gone, added) = (lacking(&wanted, &found), lacking(&found, &wanted));
        let problem = match (gone.as_str(), added.as_str()) {
            ("", "") => continue,
            (gone, "") => format!("the columns changed: {gone} missing"),
            ("", added) => format!("the columns changed: {added} added"),
            (gone, added) => format!("the columns changed: {gone} missing, {added} added"),
        };
        return Err(TablesError::telemetry(TelemetryProblem {
            file: head.name.clone(),
            row: None,
            column: None,
            problem,
            expected: format!("the columns of {}", first.name),
            advice: "read files of one schema at a time, or name common channels with --channels"
                .to_owned(),
        }));
    }
    Ok(())
}

/// That every file has the column; what `role` says is how the user asked for it.
fn exists(heads: &[Head], name: &str, role: &str) -> Result<(), TablesError> {
    let has = |head: &Head| head.columns.iter().any(|column| column.name == name);
    // In JSON a name need not be in every file.
    let ragged = heads.iter().all(|head| head.ragged) && heads.iter().any(has);
    let Some(head) = heads.iter().find(|head| !has(head)).filter(|_| !ragged) else {
        return Ok(());
    };
    let names = head.columns.iter().map(|column| column.name.as_str());
    let nearest = nearest(name, names.clone());
    let meant = nearest.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
    Err(TablesError::telemetry(TelemetryProblem {
        file: head.name.clone(),
        row: None,
        column: None,
        problem: format!("there is no column `{name}` ({role}){meant}"),
        expected: format!("one of: {}", names.collect::<Vec<_>>().join(", ")),
        advice: "name a column that is there".to_owned(),
    }))
}

fn no_channel(head: &Head) -> TablesError {
    let texts: Vec<String> = head
        .columns
        .iter()
        .filter(|column| !column.example.is_empty())
        .map(|column| format!("`{}` holds `{}`", column.name, column.example))
        .collect();
    let comma = |text: &str| {
        let parts = text.split_once(',');
        parts.is_some_and(|(a, b)| a.parse::<i64>().is_ok() && b.parse::<u64>().is_ok())
    };
    let advice = if head.columns.iter().any(|column| comma(&column.example)) {
        "say --decimal-comma if numbers are written so"
    } else {
        "name the channels with --channels, or the delimiter if this is one column too few"
    };
    let found = if texts.is_empty() {
        let names: Vec<_> = head.columns.iter().map(|column| column.name.as_str()).collect();
        format!("columns: {}", names.join(", "))
    } else {
        texts.join(", ")
    };
    message(
        &head.name,
        &format!("there is no numeric channel ({found})"),
        "at least one column of numbers beside time, device and class",
        advice,
    )
}

/// An error about a file as a whole.
pub(crate) fn message(file: &str, problem: &str, expected: &str, advice: &str) -> TablesError {
    TablesError::telemetry(TelemetryProblem {
        file: file.to_owned(),
        row: None,
        column: None,
        problem: problem.to_owned(),
        expected: expected.to_owned(),
        advice: advice.to_owned(),
    })
}

/// The candidate that is most like `name`, if any is like it at all.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let distance = |candidate: &str| edits(&wanted, &candidate.to_lowercase());
    let best = candidates.map(|c| (distance(c), c)).min_by_key(|&(distance, _)| distance)?;
    (best.0 <= (wanted.chars().count() / 2).max(1)).then_some(best.1)
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

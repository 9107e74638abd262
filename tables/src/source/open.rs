//! Opening a source: files found, looked at, agreed upon and put in order.

use super::block::Words;
use super::counts::{ChannelCounts, Counts};
use super::devices;
use super::digest::Digests;
use super::feed::{Feeder, Stdin};
use super::inputs::{self, Batches, STDIN};
use super::left_out::{self, Holds, LeftOut};
use super::long::Pivot;
use super::plan::{Head, Meaning, Plan, Role, message, same_columns};
use super::spec::{Format, Layout, SourceSpec};
use super::time::{Found, TIME_FORMS, TimeFormat, TimeKind, unknown_directive};
use super::{ONE_DEVICE, Source};
use crate::error::{TablesError, TelemetryProblem};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

/// How many bytes at each end of a file tell it from others.
const ENDS: u64 = 64 << 10;

/// How many bytes of standard input are looked at.
const LOOK: u64 = 1 << 20;

/// How many times of a file are kept to find out how they are written; fewer of very many files.
const TIMES: usize = 1000;

pub(super) fn files(spec: &SourceSpec) -> Result<Source, TablesError> {
    if spec.inputs == ["-"] {
        return reader(spec, STDIN, Box::new(std::io::stdin()));
    }
    if spec.inputs.iter().any(|input| input == "-") {
        let expected = "`-` alone, or files";
        return Err(message("-", "standard input beside files", expected, "read one of them"));
    }
    let paths = inputs::files(&spec.inputs)?;
    let mut heads = Vec::with_capacity(paths.len());
    for path in &paths {
        let mut head = inputs::head(path, spec)?;
        head.times.truncate((TIMES * 64 / paths.len()).clamp(32, TIMES));
        heads.push(head);
    }
    build(spec, heads, None)
}

pub(super) fn reader(
    spec: &SourceSpec,
    name: &str,
    mut reader: Box<dyn Read + Send>,
) -> Result<Source, TablesError> {
    let mut look = Vec::new();
    let read = (&mut reader).take(LOOK).read_to_end(&mut look);
    read.map_err(|e| TablesError::io("read", Path::new(name), e))?;
    let format = spec.format.unwrap_or_else(|| match inputs::sniff(&look) {
        Format::JsonLines => inputs::json_or_senml(&look, spec),
        other => other,
    });
    let needs_file = || {
        let expected = "CSV, JSON lines, SenML or an Arrow stream";
        message(name, "this format needs a file", expected, "write it to a file and name that")
    };
    match format {
        Format::Parquet => Err(needs_file()),
        Format::Arrow if look.starts_with(b"ARROW1") => Err(needs_file()),
        Format::Arrow => {
            let whole: Box<dyn Read + Send> = Box::new(Cursor::new(look).chain(reader));
            let stream = arrow::ipc::reader::StreamReader::try_new(whole, None);
            let stream = stream.map_err(|source| inputs::unreadable(name, &source))?;
            let mut batches = Batches::Stream(Box::new(stream));
            let (head, first) = inputs::arrow_look(&mut batches, name, spec)?;
            build(spec, vec![head], Some(Stdin::Arrow(first, batches)))
        }
        format => {
            let whole = (look.len() as u64) < LOOK;
            let head = inputs::text(&look, whole, format, name, spec)?;
            let text = Stdin::Text(Box::new(Cursor::new(look).chain(reader)));
            build(spec, vec![head], Some(text))
        }
    }
}

/// The error of files without any row.
pub(super) fn no_rows(name: &str) -> TablesError {
    message(name, "there are no rows", "at least one row", "check how it was made")
}

fn build(
    spec: &SourceSpec,
    mut heads: Vec<Head>,
    stdin: Option<Stdin>,
) -> Result<Source, TablesError> {
    if heads.is_empty() {
        return Err(message("the inputs", "there are none", "at least one", "name a file"));
    }
    if heads.iter().all(|head| !head.has_rows) {
        return Err(no_rows(heads.first().map_or("the inputs", |head| &head.name)));
    }
    same_columns(spec, &heads)?;
    share_names(&mut heads);
    let found = times(spec, &heads)?;
    if let Some(found) = &found {
        order(&mut heads, &found.format);
    }
    let mut meaning = Meaning::of(spec, &heads)?;
    let format = found.as_ref().map(|found| found.format.clone());
    let plans = |meaning: &Meaning| -> Vec<Plan> {
        heads.iter().map(|head| meaning.plan(spec, head, format.clone())).collect()
    };
    let long = spec.layout != Layout::Wide;
    if long && found.is_none() {
        return Err(message(
            &heads[0].name,
            "the long layout has no column of times",
            "a time that says which values belong together",
            "name it with --time",
        ));
    }
    let mut left_out = left_out::columns(spec, &heads, &meaning);
    if long && meaning.channels.is_empty() {
        let (names, texts) = metrics(spec, &heads, plans(&meaning), stdin.is_some())?;
        left_out.extend(texts);
        meaning.set_channels(spec, names, &BTreeMap::new());
        meaning.check_units(spec, &heads[0])?;
    }
    let plans = plans(&meaning);
    let devices_known = meaning.device.is_some() || spec.device_from_file;
    let device_like = heads.iter().find_map(|head| head.device_like.clone());
    let device_like = device_like.filter(|name| !meaning.has(name));
    let device_like = device_like.or_else(|| devices::fallback(&left_out).map(str::to_owned));
    let file_devices = spec.device_from_file.then(|| heads.iter().map(stem).collect());
    let counts = Counts {
        channels: vec![ChannelCounts::default(); meaning.channels.len()],
        ..Counts::default()
    };
    Ok(Source {
        kind: found.as_ref().map_or(TimeKind::Row, |found| found.kind),
        dates: found.and_then(|found| found.dates),
        reorder: spec.reorder_rows,
        devices_known,
        device_like: device_like.filter(|_| !devices_known),
        file_devices,
        devices: Words::default(),
        classes: Vec::new(),
        classed: Vec::new(),
        clocks: Vec::new(),
        counts,
        digests: spec.digest.then(Digests::default),
        pivot: long.then(|| Pivot::new(&meaning.channels)),
        metrics_known: spec.columns.channels.is_some(),
        bytes_total: heads.iter().map(|head| head.bytes).sum(),
        identity: identity(&heads)?,
        channels: meaning.channels,
        left_out,
        feeder: Feeder::new(spec, heads, plans, stdin),
        ended: false,
    })
}

/// Names in JSON come up as they like: each file may have those of all.
fn share_names(heads: &mut [Head]) {
    if !heads.iter().all(|head| head.ragged) {
        return;
    }
    let mut all = BTreeMap::new();
    for column in heads.iter().flat_map(|head| &head.columns) {
        all.entry(column.name.clone()).or_insert_with(|| column.clone());
    }
    for head in heads {
        for (name, column) in &all {
            if !head.columns.iter().any(|own| own.name == *name) {
                let (numbers, texts) = (0, 0);
                head.columns.push(super::plan::HeadColumn { numbers, texts, ..column.clone() });
            }
        }
    }
}

/// How times are written; `None` if there is no column of times.
fn times(spec: &SourceSpec, heads: &[Head]) -> Result<Option<Found>, TablesError> {
    let first = &heads[0];
    let Some(name) = super::plan::time_column(&spec.columns, &first.preset, &first.columns) else {
        return Ok(None);
    };
    let samples: Vec<Vec<String>> = heads.iter().map(|head| head.times.clone()).collect();
    if samples.iter().all(Vec::is_empty) {
        if first.columns.iter().all(|column| column.name != name) {
            // That the column is missing is said with the names that there are.
            return Ok(None);
        }
        return Err(wrong(heads, &name, None));
    }
    if let Some(kind) = heads.iter().find_map(|head| head.stamps)
        && heads.iter().all(|head| head.stamps.is_some() || head.times.is_empty())
    {
        return Ok(Some(Found { format: TimeFormat::YearFirst, kind, dates: None }));
    }
    if let Some(pattern) = &spec.time_format
        && let Some(wrong) = unknown_directive(pattern)
    {
        return Err(message(
            "--time-format",
            &format!("`{wrong}` in `{pattern}` is no directive"),
            "those of strftime, such as %Y, %m, %d, %H, %M, %S, %z",
            "correct it; a percent sign itself is %%",
        ));
    }
    match TimeFormat::found(&samples, spec.time_format.as_deref(), spec.date_order) {
        Ok(found) => Ok(Some(found)),
        Err(text) => Err(wrong(heads, &name, Some((&text, spec.time_format.as_deref())))),
    }
}

/// The error of times of which `text` does not fit those before it, or the pattern; without it
/// there are none.
fn wrong(heads: &[Head], column: &str, text: Option<(&str, Option<&str>)>) -> TablesError {
    let pattern = text.and_then(|(_, pattern)| pattern);
    let text = text.map(|(text, _)| text);
    let has = |head: &&Head| text.is_none_or(|text| head.times.iter().any(|t| t.trim() == text));
    let head = heads.iter().find(has).unwrap_or(&heads[0]);
    let row = text.and_then(|text| head.times.iter().position(|time| time.trim() == text));
    TablesError::telemetry(TelemetryProblem {
        file: head.name.clone(),
        // Rows without a time are not among these.
        row: row.map(|row| row as u64 + 1),
        column: Some(column.to_owned()),
        problem: text.map_or_else(
            || "there is no time in any row".to_owned(),
            |text| match pattern {
                Some(_) => format!("`{text}` is not written as --time-format says"),
                None => format!("`{text}` is no time that fits the rows before it"),
            },
        ),
        expected: pattern.map_or(TIME_FORMS.to_owned(), |pattern| format!("a time as `{pattern}`")),
        advice: "say how times are written with --time-format, such as %d.%m.%Y %H:%M, or name \
                 another column with --time"
            .to_owned(),
    })
}

/// By the first time, then by name; files are in the order of their names before.
fn order(heads: &mut [Head], format: &TimeFormat) {
    let first = |head: &Head| {
        let first = head.times.first()?;
        // Arrow's own times were written as text that begins with the year.
        let format = if head.stamps.is_some() { &TimeFormat::YearFirst } else { format };
        format.parse(first.trim().as_bytes())
    };
    heads.sort_by_cached_key(|head| first(head).unwrap_or(i64::MAX));
}

/// The metrics of the long layout, which are those that have a number anywhere, and the others. It
/// takes a pass of its own.
fn metrics(
    spec: &SourceSpec,
    heads: &[Head],
    mut plans: Vec<Plan>,
    once: bool,
) -> Result<(Vec<String>, Vec<LeftOut>), TablesError> {
    if once {
        return Err(message(
            &heads[0].name,
            "the channels of the long layout are not known before the end",
            "a file, which can be read twice, or names",
            "name the channels with --channels",
        ));
    }
    for plan in &mut plans {
        for role in &mut plan.roles {
            if !matches!(role, Role::Metric | Role::Value(_)) {
                *role = Role::Skip;
            }
        }
        plan.time = None;
        plan.last = plan.roles.iter().rposition(|&role| role != Role::Skip).unwrap_or(0);
    }
    let mut feeder = Feeder::new(spec, heads.to_vec(), plans, None);
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    while let Some((_, _, block)) = feeder.next()? {
        let Some(metrics) = &block.metric else { continue };
        let mut numeric = vec![false; metrics.words.len()];
        for (&code, value) in metrics.codes.iter().zip(&block.values[0]) {
            numeric[code as usize] |= !value.is_nan();
        }
        for (word, numeric) in metrics.words.iter().zip(numeric) {
            *known.entry(word.clone()).or_default() |= numeric;
        }
    }
    known.retain(|name, _| !spec.columns.ignore.contains(name));
    let (names, others): (Vec<_>, Vec<_>) = known.into_iter().partition(|(_, numeric)| *numeric);
    let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
    if names.is_empty() {
        return Err(message(
            &heads[0].name,
            "there is no numeric channel: no metric has a number",
            "numbers in the column of values",
            "check which columns hold metric and value",
        ));
    }
    let (holds, example) = (Holds::Other, String::new());
    let others = others.into_iter();
    let others = others.map(|(name, _)| LeftOut { name, holds, example: example.clone() });
    Ok((names, others.collect()))
}

/// The name of a file without folder and ending.
fn stem(head: &Head) -> String {
    let stem = head.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.unwrap_or_else(|| ONE_DEVICE.to_owned())
}

/// See [`Source::identity`].
fn identity(heads: &[Head]) -> Result<[u8; 32], TablesError> {
    let mut hasher = Sha256::new();
    for head in heads {
        let name = head.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        hasher.update(format!("\n{name} {}\n", head.bytes));
        if head.bytes == 0 {
            continue;
        }
        let io = |source| TablesError::io("read", &head.path, source);
        let mut file = File::open(&head.path).map_err(io)?;
        let mut ends = Vec::new();
        (&mut file).take(ENDS).read_to_end(&mut ends).map_err(io)?;
        file.seek(SeekFrom::Start(head.bytes.saturating_sub(ENDS))).map_err(io)?;
        file.take(ENDS).read_to_end(&mut ends).map_err(io)?;
        hasher.update(&ends);
    }
    Ok(hasher.finalize().into())
}

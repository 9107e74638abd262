//! Findings to files.

use super::FindingRow;
use crate::error::TablesError;
use crate::score_file::{quoted, time_array, time_type};
use crate::source::{TimeKind, message};
use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, ListArray, RecordBatch, StringArray, StructArray,
    UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::ipc::writer::FileWriter;
use arrow::json::LineDelimitedWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Metadata key of the kind of times.
pub(super) const TIME: &str = "fieldmirror.time";

/// The formats that findings can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `.parquet`.
    Parquet,
    /// `.arrow`.
    Arrow,
    /// `.jsonl`.
    JsonLines,
    /// `.csv`, which cannot be read back.
    Csv,
}

/// The format that the ending of `path` says.
///
/// # Errors
/// [`TablesError::Telemetry`] for another ending.
pub fn check_ending(path: &Path) -> Result<Ending, TablesError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "parquet" => Ok(Ending::Parquet),
        "arrow" => Ok(Ending::Arrow),
        "jsonl" => Ok(Ending::JsonLines),
        "csv" => Ok(Ending::Csv),
        _ => Err(message(
            &path.display().to_string(),
            "the ending does not say which format to write",
            "a name that ends in .parquet, .arrow, .jsonl or .csv",
            "name the output so",
        )),
    }
}

/// Writes findings to `path`, whose ending says the format: .parquet, .arrow, .jsonl, or .csv, which
/// has the ranked channels as one text and no trace. The file takes its place when it is whole.
///
/// # Errors
/// [`TablesError::Telemetry`] for another ending, [`TablesError::Io`], [`TablesError::Output`].
pub fn write_findings(
    path: &Path,
    kind: TimeKind,
    findings: &[FindingRow],
) -> Result<(), TablesError> {
    let output = |source: Box<dyn std::error::Error + Send + Sync>| TablesError::Output {
        path: path.to_owned(),
        source,
    };
    let bytes = match check_ending(path)? {
        Ending::Parquet => parquet(kind, findings).map_err(output)?,
        Ending::Arrow => arrow(kind, findings).map_err(output)?,
        Ending::JsonLines => jsonl(kind, findings).map_err(output)?,
        Ending::Csv => csv(kind, findings).into_bytes(),
    };
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".partial");
    let fresh = PathBuf::from(fresh);
    let put = |bytes: &[u8]| -> std::io::Result<()> {
        let mut file = File::create(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    let written = put(&bytes);
    written.map_err(|source| {
        // What is left of it is of no use.
        let _ = std::fs::remove_file(&fresh);
        TablesError::io("write", path, source)
    })
}

/// Bytes or columns, or what Arrow or Parquet said.
type Made<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn parquet(kind: TimeKind, findings: &[FindingRow]) -> Made<Vec<u8>> {
    let batch = batch(kind, findings)?;
    let properties = WriterProperties::builder()
        .set_created_by("fieldmirror".to_owned())
        .set_compression(Compression::SNAPPY)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

fn arrow(kind: TimeKind, findings: &[FindingRow]) -> Made<Vec<u8>> {
    let batch = batch(kind, findings)?;
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

fn jsonl(kind: TimeKind, findings: &[FindingRow]) -> Made<Vec<u8>> {
    let batch = batch(kind, findings)?;
    let mut bytes = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut bytes);
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

fn csv(kind: TimeKind, findings: &[FindingRow]) -> String {
    let mut text = String::from(
        "id,device,class,onset,end,open,peak,rows,alarms,severity,peak_score,threshold,detector,\
         channels\n",
    );
    for finding in findings {
        let channels = finding.channels.iter().map(|channel| {
            let (share, unit) = (channel.share * 100.0, &channel.unit);
            let (observed, expected) = (channel.observed, channel.expected);
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            let observed =
                if observed.is_nan() { "not sent".to_owned() } else { format!("{observed}{unit}") };
            format!("{} {share:.0} %: {observed}, expected {expected}{unit}", channel.name)
        });
        let channels = quoted(&channels.collect::<Vec<_>>().join("; "));
        let (id, device, class) =
            (quoted(&finding.id), quoted(&finding.device), quoted(&finding.class));
        let [onset, end, peak] =
            [finding.onset, finding.end, finding.peak].map(|time| kind.text(time));
        let FindingRow { open, rows, alarms, severity, peak_score, threshold, .. } = finding;
        let detector = quoted(&finding.detector);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{id},{device},{class},{onset},{end},{open},{peak},{rows},{alarms},{severity},\
             {peak_score},{threshold},{detector},{channels}"
        );
    }
    text
}

/// The schema of findings.
pub(super) fn schema(kind: TimeKind) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let time = |name: &str| Field::new(name, time_type(kind), false);
    let count = |name: &str| Field::new(name, DataType::UInt64, false);
    let real = |name: &str| Field::new(name, DataType::Float32, true);
    let fields = vec![
        text("id"),
        text("device"),
        text("class"),
        time("onset"),
        time("end"),
        Field::new("open", DataType::Boolean, false),
        time("peak"),
        count("rows"),
        count("alarms"),
        real("severity"),
        real("peak_score"),
        real("threshold"),
        text("detector"),
        Field::new("channels", DataType::List(item(channel_fields())), false),
        Field::new("trace", DataType::List(item(trace_fields(kind))), false),
    ];
    let metadata = [(TIME.to_owned(), kind_name(kind).to_owned())];
    Arc::new(Schema::new_with_metadata(fields, metadata.into_iter().collect()))
}

/// The name of a kind of times in a file.
pub(super) fn kind_name(kind: TimeKind) -> &'static str {
    use crate::source::EpochUnit::{Microsecond, Millisecond, Nanosecond, Second};
    match kind {
        TimeKind::Row => "row",
        TimeKind::Naive => "naive",
        TimeKind::Zoned => "zoned",
        TimeKind::EpochSeconds => "seconds",
        TimeKind::Epoch(Second) => "s",
        TimeKind::Epoch(Millisecond) => "ms",
        TimeKind::Epoch(Microsecond) => "us",
        TimeKind::Epoch(Nanosecond) => "ns",
    }
}

fn channel_fields() -> Fields {
    Fields::from(vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("unit", DataType::Utf8, false),
        Field::new("share", DataType::Float32, true),
        Field::new("observed", DataType::Float32, true),
        Field::new("expected", DataType::Float32, true),
    ])
}

fn trace_fields(kind: TimeKind) -> Fields {
    let reals = DataType::List(Arc::new(Field::new("item", DataType::Float32, true)));
    Fields::from(vec![
        Field::new("time", time_type(kind), false),
        Field::new("score", DataType::Float32, true),
        Field::new("observed", reals.clone(), false),
        Field::new("expected", reals, false),
    ])
}

fn item(fields: Fields) -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(fields), false))
}

fn batch(kind: TimeKind, findings: &[FindingRow]) -> Made<RecordBatch> {
    let text = |of: fn(&FindingRow) -> &String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(findings.iter().map(of)))
    };
    let time =
        |of: fn(&FindingRow) -> i64| time_array(kind, &findings.iter().map(of).collect::<Vec<_>>());
    let count = |of: fn(&FindingRow) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(findings.iter().map(of)))
    };
    let columns: Vec<ArrayRef> = vec![
        text(|finding| &finding.id),
        text(|finding| &finding.device),
        text(|finding| &finding.class),
        time(|finding| finding.onset),
        time(|finding| finding.end),
        Arc::new(findings.iter().map(|finding| Some(finding.open)).collect::<BooleanArray>()),
        time(|finding| finding.peak),
        count(|finding| finding.rows),
        count(|finding| finding.alarms),
        reals(findings.iter().map(|finding| finding.severity)),
        reals(findings.iter().map(|finding| finding.peak_score)),
        reals(findings.iter().map(|finding| finding.threshold)),
        text(|finding| &finding.detector),
        channels(findings)?,
        traces(kind, findings)?,
    ];
    Ok(RecordBatch::try_new(schema(kind), columns)?)
}

/// Numbers; what is none is null.
fn reals(values: impl Iterator<Item = f32>) -> ArrayRef {
    Arc::new(values.map(|value| (!value.is_nan()).then_some(value)).collect::<Float32Array>())
}

fn channels(findings: &[FindingRow]) -> Made<ArrayRef> {
    let all = || findings.iter().flat_map(|finding| &finding.channels);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(all().map(|channel| Some(&channel.name)).collect::<StringArray>()),
        Arc::new(all().map(|channel| Some(&channel.unit)).collect::<StringArray>()),
        reals(all().map(|channel| channel.share)),
        reals(all().map(|channel| channel.observed)),
        reals(all().map(|channel| channel.expected)),
    ];
    let fields = channel_fields();
    let structs = StructArray::try_new(fields.clone(), columns, None)?;
    let lengths = findings.iter().map(|finding| finding.channels.len());
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(item(fields), offsets, Arc::new(structs), None)?))
}

fn traces(kind: TimeKind, findings: &[FindingRow]) -> Made<ArrayRef> {
    let all = || findings.iter().flat_map(|finding| &finding.trace);
    let list = |of: fn(&super::TracePoint) -> &Vec<f32>| -> Made<ArrayRef> {
        let values = reals(all().flat_map(of).copied());
        let offsets = OffsetBuffer::from_lengths(all().map(|point| of(point).len()));
        let field = Arc::new(Field::new("item", DataType::Float32, true));
        Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
    };
    let columns: Vec<ArrayRef> = vec![
        time_array(kind, &all().map(|point| point.time).collect::<Vec<_>>()),
        reals(all().map(|point| point.score)),
        list(|point| &point.observed)?,
        list(|point| &point.expected)?,
    ];
    let fields = trace_fields(kind);
    let structs = StructArray::try_new(fields.clone(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths(findings.iter().map(|finding| finding.trace.len()));
    Ok(Arc::new(ListArray::try_new(item(fields), offsets, Arc::new(structs), None)?))
}

//! Findings from files.

use super::write::{TIME, kind_name, schema};
use super::{FindingChannel, FindingRow, TracePoint};
use crate::error::TablesError;
use crate::source::{EpochUnit, TimeKind, message};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int64Type, Schema, TimestampMicrosecondType, UInt64Type,
};
use arrow::ipc::reader::FileReader;
use arrow::json::ReaderBuilder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Reads the findings of a .parquet, .arrow or .jsonl file that [`super::write_findings`] wrote, and
/// what their times are.
///
/// # Errors
/// [`TablesError::Telemetry`] for another ending or another schema, [`TablesError::Io`].
pub fn read_findings(path: &Path) -> Result<(TimeKind, Vec<FindingRow>), TablesError> {
    let file = File::open(path).map_err(|e| TablesError::io("read", path, e))?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let read = match ending.to_ascii_lowercase().as_str() {
        "parquet" => parquet(file),
        "arrow" => arrow(file),
        "jsonl" => jsonl(path, file),
        _ => {
            return Err(message(
                &path.display().to_string(),
                "findings in this format cannot be read back",
                "a file that ends in .parquet, .arrow or .jsonl",
                "write the findings again with such a name",
            ));
        }
    };
    let (kind, batches) = read.map_err(|source| foreign(path, &source.to_string()))?;
    let mut findings = Vec::new();
    for batch in &batches {
        if batch.schema().fields() != schema(kind).fields() {
            return Err(foreign(path, "its columns are others"));
        }
        findings.extend(rows(kind, batch));
    }
    Ok((kind, findings))
}

fn foreign(path: &Path, why: &str) -> TablesError {
    message(
        &path.display().to_string(),
        &format!("this is no file of findings ({why})"),
        "what `--findings` wrote",
        "score again with this version, and name that file",
    )
}

type Batches = Result<(TimeKind, Vec<RecordBatch>), Box<dyn std::error::Error + Send + Sync>>;

fn parquet(file: File) -> Batches {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let kind = kind_of(builder.schema());
    let batches = builder.build()?.collect::<Result<_, _>>()?;
    Ok((kind, batches))
}

fn arrow(file: File) -> Batches {
    let reader = FileReader::try_new_buffered(file, None)?;
    let kind = kind_of(&reader.schema());
    Ok((kind, reader.collect::<Result<_, _>>()?))
}

/// JSON has no metadata: numbers are rows or numbers since 1970, texts are times.
fn jsonl(path: &Path, file: File) -> Batches {
    let text = std::fs::read_to_string(path)?;
    let first = text.lines().next().and_then(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        value.get("onset").cloned()
    });
    let kind = match first {
        Some(serde_json::Value::String(text)) if text.contains(['Z', '+']) => TimeKind::Zoned,
        Some(serde_json::Value::Number(number)) if number.is_f64() => TimeKind::EpochSeconds,
        Some(serde_json::Value::Number(number)) => match number.as_i64().unwrap_or(0) {
            row if row.abs() < 100_000_000 => TimeKind::Row,
            number => TimeKind::Epoch(EpochUnit::of_magnitude(number)),
        },
        _ => TimeKind::Naive,
    };
    let reader = ReaderBuilder::new(schema(kind)).build(BufReader::new(file))?;
    Ok((kind, reader.collect::<Result<_, _>>()?))
}

fn kind_of(found: &Schema) -> TimeKind {
    use EpochUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let name = found.metadata().get(TIME).map_or("", String::as_str);
    let epochs = [Second, Millisecond, Microsecond, Nanosecond].map(TimeKind::Epoch);
    let mut kinds =
        epochs.into_iter().chain([TimeKind::Row, TimeKind::Zoned, TimeKind::EpochSeconds]);
    kinds.find(|&kind| kind_name(kind) == name).unwrap_or(TimeKind::Naive)
}

/// The schema was compared: every column has its type.
fn rows(kind: TimeKind, batch: &RecordBatch) -> Vec<FindingRow> {
    let text = |at: usize, row: usize| batch.column(at).as_string::<i32>().value(row).to_owned();
    let [onset, end, peak] = [3, 4, 6].map(|at| micros(kind, batch.column(at)));
    let open = batch.column(5).as_boolean();
    let [counts, alarms] = [7, 8].map(|at| batch.column(at).as_primitive::<UInt64Type>());
    let [severity, peak_score, threshold] = [9, 10, 11].map(|at| reals(batch.column(at)));
    let channels = batch.column(13).as_list::<i32>();
    let traces = batch.column(14).as_list::<i32>();
    let finding = |row: usize| FindingRow {
        id: text(0, row),
        device: text(1, row),
        class: text(2, row),
        onset: onset[row],
        end: end[row],
        open: open.value(row),
        peak: peak[row],
        rows: counts.value(row),
        alarms: alarms.value(row),
        severity: severity[row],
        peak_score: peak_score[row],
        threshold: threshold[row],
        detector: text(12, row),
        channels: channel_rows(&channels.value(row)),
        trace: trace_points(kind, &traces.value(row)),
    };
    (0..batch.num_rows()).map(finding).collect()
}

fn channel_rows(array: &ArrayRef) -> Vec<FindingChannel> {
    let fields = array.as_struct();
    let text = |at: usize, row: usize| fields.column(at).as_string::<i32>().value(row).to_owned();
    let [share, observed, expected] = [2, 3, 4].map(|at| reals(fields.column(at)));
    let channel = |row: usize| FindingChannel {
        name: text(0, row),
        unit: text(1, row),
        share: share[row],
        observed: observed[row],
        expected: expected[row],
    };
    (0..array.len()).map(channel).collect()
}

fn trace_points(kind: TimeKind, array: &ArrayRef) -> Vec<TracePoint> {
    let fields = array.as_struct();
    let time = micros(kind, fields.column(0));
    let score = reals(fields.column(1));
    let list = |at: usize, row: usize| reals(&fields.column(at).as_list::<i32>().value(row));
    let point = |row: usize| TracePoint {
        time: time[row],
        score: score[row],
        observed: list(2, row),
        expected: list(3, row),
    };
    (0..array.len()).map(point).collect()
}

/// What JSON could not say is not a number.
fn reals(array: &ArrayRef) -> Vec<f32> {
    array.as_primitive::<Float32Type>().iter().map(|value| value.unwrap_or(f32::NAN)).collect()
}

fn micros(kind: TimeKind, array: &ArrayRef) -> Vec<i64> {
    match (array.data_type(), kind) {
        (DataType::Int64, TimeKind::Epoch(unit)) => {
            let numbers = array.as_primitive::<Int64Type>().values().iter();
            numbers.map(|&number| unit.micros(number).unwrap_or(number)).collect()
        }
        (DataType::Int64, _) => array.as_primitive::<Int64Type>().values().to_vec(),
        (DataType::Float64, _) => {
            let seconds = array.as_primitive::<Float64Type>().values().iter();
            seconds.map(|&seconds| (seconds * 1e6).round() as i64).collect()
        }
        _ => array.as_primitive::<TimestampMicrosecondType>().values().to_vec(),
    }
}

//! The bytes of a score file: pieces, and the whole that they make.

use super::{ScoreRows, ScoreSpec};
use crate::error::{TablesError, TelemetryProblem};
use crate::source::TimeKind;
use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// What a piece can fail with.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The formats that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// Comma separated values with a header.
    Csv,
    /// Parquet.
    Parquet,
    /// An Arrow IPC file.
    Arrow,
}

impl OutputFormat {
    /// What the ending of `path` says.
    pub(crate) fn of_path(path: &Path) -> Result<Self, TablesError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            "arrow" => Ok(Self::Arrow),
            _ => Err(TablesError::telemetry(TelemetryProblem {
                file: path.display().to_string(),
                row: None,
                column: None,
                problem: "the ending does not say which format to write".to_owned(),
                expected: "a name that ends in .parquet, .csv or .arrow".to_owned(),
                advice: "name the output so".to_owned(),
            })),
        }
    }
}

/// Makes pieces of one format, and the whole.
#[derive(Debug)]
pub(super) struct Encoder {
    format: OutputFormat,
    kind: TimeKind,
    more: Vec<String>,
    schema: SchemaRef,
}

impl Encoder {
    pub(super) fn new(format: OutputFormat, spec: &ScoreSpec) -> Self {
        let mut fields = vec![
            Field::new("time", time_type(spec.kind), false),
            Field::new("device", DataType::Utf8, false),
            Field::new("score", DataType::Float32, false),
            Field::new("threshold", DataType::Float32, false),
            Field::new("alarm", DataType::Boolean, false),
            Field::new("judged", DataType::Boolean, false),
        ];
        fields.extend(spec.more.iter().map(|name| Field::new(name, DataType::Float32, false)));
        let schema = Arc::new(Schema::new(fields));
        Self { format, kind: spec.kind, more: spec.more.clone(), schema }
    }

    /// What stands before the first piece.
    pub(super) fn header(&self) -> Vec<u8> {
        match self.format {
            OutputFormat::Csv => {
                let names = self.schema.fields().iter().map(|field| quoted(field.name()));
                let mut line = names.collect::<Vec<_>>().join(",");
                line.push('\n');
                line.into_bytes()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the pieces one after the other are the file.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self.format, OutputFormat::Csv)
    }

    /// Rows as one piece.
    pub(super) fn encode(&self, rows: &ScoreRows, devices: &[String]) -> Result<Vec<u8>, Failure> {
        match self.format {
            OutputFormat::Csv => Ok(self.text(rows, devices)),
            OutputFormat::Parquet => {
                let batch = self.batch(rows, devices)?;
                let mut bytes = Vec::new();
                let options = ArrowWriterOptions::new()
                    .with_properties(properties(self.kind))
                    .with_skip_arrow_metadata(true);
                let mut writer =
                    ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options)?;
                writer.write(&batch)?;
                writer.close()?;
                Ok(bytes)
            }
            OutputFormat::Arrow => {
                let batch = self.batch(rows, devices)?;
                let device = cast(batch.column(1), &DataType::Utf8)?;
                let mut columns = batch.columns().to_vec();
                columns[1] = device;
                let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
                let mut writer = StreamWriter::try_new(Vec::new(), &self.schema)?;
                writer.write(&batch)?;
                Ok(writer.into_inner()?)
            }
        }
    }

    /// Puts the pieces, which lie one after the other in `pieces`, together at `path`.
    pub(super) fn assemble(
        &self,
        pieces: &mut File,
        lengths: &[u64],
        path: &Path,
    ) -> Result<(), TablesError> {
        let io = |source| TablesError::io("write", path, source);
        let failed = |source: Failure| TablesError::Output { path: path.to_owned(), source };
        let out = BufWriter::with_capacity(BUFFER, File::create(path).map_err(io)?);
        pieces.seek(SeekFrom::Start(0)).map_err(io)?;
        let next = lengths.iter().filter(|&&length| length > 0).map(|&length| {
            let mut bytes = vec![0; length as usize];
            pieces.read_exact(&mut bytes).map(|()| bytes)
        });
        match self.format {
            OutputFormat::Csv => Ok(()),
            OutputFormat::Parquet => self.assemble_parquet(next, out).map_err(failed),
            OutputFormat::Arrow => self.assemble_arrow(next, out).map_err(failed),
        }
    }

    /// Copies row groups as they are.
    fn assemble_parquet(
        &self,
        pieces: impl Iterator<Item = std::io::Result<Vec<u8>>>,
        out: impl Write + Send,
    ) -> Result<(), Failure> {
        let schema = ArrowSchemaConverter::new().schema_root("schema").convert(&self.schema)?;
        let root = schema.root_schema_ptr();
        let mut writer = SerializedFileWriter::new(out, root, Arc::new(properties(self.kind)))?;
        for piece in pieces {
            let bytes = Bytes::from(piece?);
            let reader = SerializedFileReader::new(bytes.clone())?;
            for group in reader.metadata().row_groups() {
                let mut copy = writer.next_row_group()?;
                for column in group.columns() {
                    let close = ColumnCloseResult {
                        bytes_written: column.compressed_size() as u64,
                        rows_written: group.num_rows() as u64,
                        metadata: column.clone(),
                        bloom_filter: None,
                        column_index: None,
                        offset_index: None,
                    };
                    copy.append_column(&bytes, close)?;
                }
                copy.close()?;
            }
        }
        writer.close()?;
        Ok(())
    }

    fn assemble_arrow(
        &self,
        pieces: impl Iterator<Item = std::io::Result<Vec<u8>>>,
        out: impl Write,
    ) -> Result<(), Failure> {
        let mut writer = FileWriter::try_new(out, &self.schema)?;
        for piece in pieces {
            for batch in StreamReader::try_new(piece?.as_slice(), None)? {
                writer.write(&batch?)?;
            }
        }
        writer.finish()?;
        writer.into_inner()?.flush()?;
        Ok(())
    }

    /// Rows as a batch whose devices are keys.
    fn batch(&self, rows: &ScoreRows, devices: &[String]) -> Result<RecordBatch, Failure> {
        let keys = Int32Array::from_iter_values(rows.device.iter().map(|&device| device as i32));
        let words: ArrayRef = Arc::new(StringArray::from_iter_values(devices));
        let device = DictionaryArray::try_new(keys, words)?;
        let mut columns: Vec<ArrayRef> = vec![
            time_array(self.kind, &rows.time),
            Arc::new(device),
            Arc::new(Float32Array::from(rows.score.clone())),
            Arc::new(Float32Array::from(rows.threshold.clone())),
            Arc::new(BooleanArray::from(rows.alarm.clone())),
            Arc::new(BooleanArray::from(rows.judged.clone())),
        ];
        for column in &rows.more {
            columns.push(Arc::new(Float32Array::from(column.clone())));
        }
        let mut fields = self.schema.fields().to_vec();
        let keyed = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        fields[1] = Arc::new(Field::new("device", keyed, false));
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }

    fn text(&self, rows: &ScoreRows, devices: &[String]) -> Vec<u8> {
        let names: Vec<String> = devices.iter().map(|name| quoted(name)).collect();
        let mut text = String::with_capacity(rows.len() * (48 + 12 * self.more.len()));
        for row in 0..rows.len() {
            self.kind.write(rows.time[row], &mut text);
            text.push(',');
            text.push_str(&names[rows.device[row] as usize]);
            let [alarm, judged] = [rows.alarm[row], rows.judged[row]];
            let (score, threshold) = (rows.score[row], rows.threshold[row]);
            // Writing to a string cannot fail.
            let _ = write!(text, ",{score},{threshold},{alarm},{judged}");
            for column in &rows.more {
                let _ = write!(text, ",{}", column[row]);
            }
            text.push('\n');
        }
        text.into_bytes()
    }
}

/// A cell of CSV, in quotes where it needs them.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// UTC as an offset: names of zones need a table of zones wherever they are turned into text.
const UTC: &str = "+00:00";

/// The Arrow type of times.
pub(crate) fn time_type(kind: TimeKind) -> DataType {
    match kind {
        TimeKind::Row | TimeKind::Epoch(_) => DataType::Int64,
        TimeKind::EpochSeconds => DataType::Float64,
        TimeKind::Naive => DataType::Timestamp(TimeUnit::Microsecond, None),
        TimeKind::Zoned => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
    }
}

/// Times as an array of [`time_type`].
pub(crate) fn time_array(kind: TimeKind, times: &[i64]) -> ArrayRef {
    let numbers = || times.iter().map(|&time| kind.number(time));
    match kind {
        TimeKind::Row | TimeKind::Epoch(_) => Arc::new(Int64Array::from_iter_values(numbers())),
        TimeKind::EpochSeconds => {
            let seconds = times.iter().map(|&time| time as f64 / 1e6);
            Arc::new(Float64Array::from_iter_values(seconds))
        }
        TimeKind::Naive => Arc::new(TimestampMicrosecondArray::from(times.to_vec())),
        TimeKind::Zoned => {
            Arc::new(TimestampMicrosecondArray::from(times.to_vec()).with_timezone(UTC))
        }
    }
}

/// Times are nearly regular: their differences pack well, if they are whole numbers. Page statistics
/// would need indices that copying does not carry.
fn properties(kind: TimeKind) -> WriterProperties {
    let time = ColumnPath::from("time");
    let encoding = match kind {
        TimeKind::EpochSeconds => Encoding::PLAIN,
        _ => Encoding::DELTA_BINARY_PACKED,
    };
    WriterProperties::builder()
        .set_created_by("fieldmirror".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time, encoding)
        .set_column_dictionary_enabled(ColumnPath::from("score"), false)
        .set_max_row_group_row_count(None)
        .build()
}

const BUFFER: usize = 1 << 20;

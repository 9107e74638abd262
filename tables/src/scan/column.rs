//! Arrow arrays as plain slices.

use crate::error::TablesError;
use crate::read::damaged;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::buffer::ScalarBuffer;
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType,
};
use std::path::Path;

/// Some rows of the columns that were asked for, in the order in which they were.
#[derive(Debug)]
pub struct ScanBatch {
    rows: usize,
    columns: Vec<ScanColumn>,
}

/// One column of a batch.
#[derive(Debug)]
pub struct ScanColumn {
    /// The values; those of missing rows mean nothing.
    pub values: ScanValues,
    /// 1 where a row has a value and 0 where it is missing; `None` if none is missing.
    pub valid: Option<Vec<u8>>,
}

/// The values of a column.
#[derive(Debug)]
pub enum ScanValues {
    /// Whole numbers, or points in time in milliseconds since 1970.
    Int64(ScalarBuffer<i64>),
    /// 64-bit floats.
    Float64(ScalarBuffer<f64>),
    /// 32-bit floats.
    Float32(ScalarBuffer<f32>),
    /// Truth values, 0 or 1 a row.
    Bool(Vec<u8>),
    /// Texts: the word of each row, and the words.
    Text {
        /// Which word each row has.
        codes: Vec<u32>,
        /// The words.
        words: StringArray,
    },
    /// Anything else as JSON text, a row each.
    Json(Vec<String>),
}

impl ScanBatch {
    pub(super) fn new(
        batch: &RecordBatch,
        names: &[&str],
        path: &Path,
    ) -> Result<Self, TablesError> {
        let columns = names.iter().map(|name| {
            // The reader was asked for these columns.
            let array = batch.column_by_name(name).ok_or_else(|| TablesError::Projection {
                column: (*name).to_owned(),
                expected: "the projected ones",
            })?;
            ScanColumn::new(array, path)
        });
        Ok(Self { rows: batch.num_rows(), columns: columns.collect::<Result<_, _>>()? })
    }

    /// How many rows it has.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The columns.
    pub fn columns(&self) -> &[ScanColumn] {
        &self.columns
    }
}

impl ScanColumn {
    fn new(array: &ArrayRef, path: &Path) -> Result<Self, TablesError> {
        let valid = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let valid = valid.map(|nulls| nulls.iter().map(u8::from).collect());
        let into = |wanted: &DataType| cast(array, wanted).map_err(|source| damaged(path, source));
        let values = match array.data_type() {
            DataType::Float64 => {
                ScanValues::Float64(array.as_primitive::<Float64Type>().values().clone())
            }
            DataType::Float32 => {
                ScanValues::Float32(array.as_primitive::<Float32Type>().values().clone())
            }
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => {
                let array = into(&DataType::Int64)?;
                ScanValues::Int64(array.as_primitive::<Int64Type>().values().clone())
            }
            DataType::Timestamp(_, zone) => {
                let millis = DataType::Timestamp(TimeUnit::Millisecond, zone.clone());
                let array = into(&millis)?;
                let array = array.as_primitive::<TimestampMillisecondType>();
                ScanValues::Int64(array.values().clone())
            }
            DataType::Boolean => {
                let truths = array.as_boolean().values();
                ScanValues::Bool(truths.iter().map(u8::from).collect())
            }
            other if super::kind_of(other) == super::ScanKind::Text => {
                let wanted =
                    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                let array = into(&wanted)?;
                let array = array.as_dictionary::<Int32Type>();
                // A missing row's key means nothing; it may be negative.
                let codes = array.keys().values().iter().map(|&key| key as u32).collect();
                ScanValues::Text { codes, words: array.values().as_string().clone() }
            }
            _ => ScanValues::Json(json(array, path)?),
        };
        Ok(Self { values, valid })
    }

    /// The words of a column of texts.
    pub fn words(&self) -> Vec<&str> {
        match &self.values {
            // A word that is itself missing is never a row's.
            ScanValues::Text { words, .. } => words.iter().map(Option::unwrap_or_default).collect(),
            _ => Vec::new(),
        }
    }
}

/// Each row as JSON text.
fn json(array: &ArrayRef, path: &Path) -> Result<Vec<String>, TablesError> {
    let failed = |source| damaged(path, source);
    let batch = RecordBatch::try_from_iter([("v", array.clone())]).map_err(failed)?;
    let mut text = Vec::new();
    let mut writer = arrow::json::LineDelimitedWriter::new(&mut text);
    writer.write_batches(&[&batch]).map_err(failed)?;
    writer.finish().map_err(failed)?;
    drop(writer);
    // Each line is `{"v":...}`, or `{}` where the value is missing.
    let text = String::from_utf8_lossy(&text);
    let value = |line: &str| {
        let inner = line.strip_prefix("{\"v\":").and_then(|rest| rest.strip_suffix('}'));
        inner.unwrap_or("null").to_owned()
    };
    Ok(text.lines().map(value).collect())
}

//! Arrow batches to blocks, and the heads of Parquet and Arrow files.

use super::block::{Block, Words, shown};
use super::csv::wrong_time;
use super::number::{Cell, cell};
use super::plan::{HeadColumn, Plan, Role};
use super::time::{TimeFormat, TimeKind, TimeParser, micros_of_seconds};
use crate::error::{TablesError, TelemetryProblem};
use crate::schema::UNIT;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float32Type, Float64Type, Int64Type, Schema, TimeUnit,
    TimestampMicrosecondType, UInt32Type,
};
use arrow::error::ArrowError;

/// The columns that `schema` promises.
pub(super) fn columns(schema: &Schema) -> Vec<HeadColumn> {
    let column = |field: &std::sync::Arc<Field>| {
        let numeric = is_numeric(field.data_type());
        HeadColumn {
            name: field.name().clone(),
            unit: field.metadata().get(UNIT).cloned().unwrap_or_default(),
            numbers: u64::from(numeric),
            texts: u64::from(!numeric && *field.data_type() != DataType::Null),
            example: String::new(),
        }
    };
    schema.fields().iter().map(column).collect()
}

fn is_numeric(data_type: &DataType) -> bool {
    data_type.is_numeric() || *data_type == DataType::Boolean
}

/// What kind of times a column of this type holds, where the type says so.
pub(super) fn stamps(data_type: &DataType) -> Option<TimeKind> {
    match data_type {
        DataType::Timestamp(_, Some(_)) => Some(TimeKind::Zoned),
        DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64 => Some(TimeKind::Naive),
        _ => None,
    }
}

/// The first `most` times of a column as text, those of the type's own in UTC.
pub(super) fn times(array: &ArrayRef, most: usize) -> Result<Vec<String>, ArrowError> {
    let array = array.slice(0, array.len().min(most));
    if stamps(array.data_type()).is_some() {
        let micros = micros(&array)?;
        let micros = micros.as_primitive::<TimestampMicrosecondType>();
        return Ok(micros.iter().flatten().map(|micros| TimeKind::Naive.text(micros)).collect());
    }
    let texts = cast(&array, &DataType::Utf8)?;
    Ok(texts.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

fn micros(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let naive = DataType::Timestamp(TimeUnit::Microsecond, None);
    let stamp = match array.data_type() {
        DataType::Timestamp(_, Some(zone)) => {
            // Without its zone an instant is that in UTC.
            cast(array, &DataType::Timestamp(TimeUnit::Microsecond, Some(zone.clone())))?
        }
        _ => cast(array, &naive)?,
    };
    let plain = stamp.as_primitive::<TimestampMicrosecondType>().clone();
    Ok(std::sync::Arc::new(plain.with_timezone_opt(None::<String>)))
}

/// Decodes a batch that holds the columns of `plan` that are not skipped, under their names.
pub(super) fn decode(batch: &RecordBatch, plan: &Plan) -> Result<Block, TablesError> {
    let mut block = Block::new(plan.value_columns());
    block.rows = batch.num_rows();
    for (name, &role) in plan.names.iter().zip(&plan.roles) {
        if role == Role::Skip {
            continue;
        }
        let array = batch.column_by_name(name).ok_or_else(|| TablesError::Projection {
            column: name.clone(),
            expected: "the projected ones",
        })?;
        let failed = |source: ArrowError| {
            TablesError::telemetry(TelemetryProblem {
                file: String::new(),
                row: None,
                column: Some(name.clone()),
                problem: format!("its type {} cannot be read: {source}", array.data_type()),
                expected: "numbers, texts, truth values or times".to_owned(),
                advice: "convert the column, or leave it out with --ignore".to_owned(),
            })
        };
        match role {
            Role::Skip => {}
            Role::Time => block.time = time(array, plan, failed)?,
            Role::Device => block.device = Some(words(array).map_err(failed)?),
            Role::Class => block.class = Some(words(array).map_err(failed)?),
            Role::Metric => block.metric = Some(words(array).map_err(failed)?),
            Role::Value(place) => {
                values(array, place as usize, &mut block).map_err(failed)?;
            }
        }
    }
    Ok(block)
}

fn time(
    array: &ArrayRef,
    plan: &Plan,
    failed: impl Fn(ArrowError) -> TablesError,
) -> Result<Vec<i64>, TablesError> {
    let Some(format) = &plan.time else { return Ok(Vec::new()) };
    if let Some(row) = array.logical_nulls().and_then(|n| n.iter().position(|valid| !valid)) {
        return Err(wrong_time(row as u64, b"", plan));
    }
    if stamps(array.data_type()).is_some() {
        let micros = micros(array).map_err(failed)?;
        return Ok(micros.as_primitive::<TimestampMicrosecondType>().values().to_vec());
    }
    let wrong = |row: usize, text: String| wrong_time(row as u64, text.as_bytes(), plan);
    match (array.data_type(), format) {
        (kind, TimeFormat::Epoch(unit)) if kind.is_integer() => {
            let numbers = cast(array, &DataType::Int64).map_err(failed)?;
            let numbers = numbers.as_primitive::<Int64Type>().values();
            let micros = |(row, &number): (usize, &i64)| {
                unit.micros(number).ok_or_else(|| wrong(row, number.to_string()))
            };
            numbers.iter().enumerate().map(micros).collect()
        }
        (kind, TimeFormat::EpochSeconds) if kind.is_numeric() => {
            let numbers = cast(array, &DataType::Float64).map_err(failed)?;
            let numbers = numbers.as_primitive::<Float64Type>().values();
            let micros = |(row, &number): (usize, &f64)| {
                micros_of_seconds(number).ok_or_else(|| wrong(row, number.to_string()))
            };
            numbers.iter().enumerate().map(micros).collect()
        }
        _ => {
            let texts = cast(array, &DataType::Utf8).map_err(failed)?;
            let texts: &StringArray = texts.as_string();
            let mut parser = TimeParser::new(format.clone());
            let mut parse = |(row, text): (usize, Option<&str>)| {
                let text = text.unwrap_or_default().trim();
                parser.parse(text.as_bytes()).ok_or_else(|| wrong(row, text.to_owned()))
            };
            texts.iter().enumerate().map(&mut parse).collect()
        }
    }
}

/// A column of names. Missing ones are empty.
fn words(array: &ArrayRef) -> Result<Words, ArrowError> {
    let mut words = Words::default();
    if let DataType::Dictionary(_, _) = array.data_type() {
        let keyed = cast(
            array,
            &DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8)),
        );
        // Dictionaries of other than texts go the long way.
        if let Ok(keyed) = keyed {
            let keyed = keyed.as_dictionary::<UInt32Type>();
            let names: &StringArray = keyed.values().as_string();
            let codes: Vec<u32> =
                names.iter().map(|name| words.look_up(name.unwrap_or_default())).collect();
            let missing = keyed.is_nullable().then(|| words.look_up(""));
            let code = |key: Option<u32>| match key {
                Some(key) => codes[key as usize],
                None => missing.unwrap_or_default(),
            };
            words.codes = keyed.keys().iter().map(code).collect();
            return Ok(words);
        }
    }
    let texts = cast(array, &DataType::Utf8)?;
    for text in texts.as_string::<i32>() {
        words.push(text.unwrap_or_default());
    }
    Ok(words)
}

fn values(array: &ArrayRef, place: usize, block: &mut Block) -> Result<(), ArrowError> {
    let odd = &mut block.odd[place];
    let column = &mut block.values[place];
    if !is_numeric(array.data_type()) && *array.data_type() != DataType::Null {
        let texts = cast(array, &DataType::Utf8)?;
        for (row, text) in texts.as_string::<i32>().iter().enumerate() {
            let text = text.unwrap_or_default().as_bytes();
            column.push(match cell(text, b'.') {
                Cell::Number(value) => value,
                Cell::Missing => {
                    odd.missing.add(row as u64, text);
                    f64::NAN
                }
                Cell::Text => {
                    odd.text.add(row as u64, text);
                    f64::NAN
                }
            });
        }
        return Ok(());
    }
    *column = match array.data_type() {
        DataType::Float64 => array.as_primitive::<Float64Type>().values().to_vec(),
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            values.iter().map(|&value| f64::from(value)).collect()
        }
        DataType::Null => vec![f64::NAN; array.len()],
        _ => cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().values().to_vec(),
    };
    if let Some(nulls) = array.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
        for (value, valid) in column.iter_mut().zip(nulls.iter()) {
            if !valid {
                *value = f64::NAN;
            }
        }
    }
    if column.iter().filter(|value| !value.is_finite()).count() > 0 {
        for (row, value) in column.iter_mut().enumerate() {
            if value.is_nan() {
                odd.missing.add(row as u64, if array.is_null(row) { b"" } else { b"NaN" });
            } else if value.is_infinite() {
                odd.text.add(row as u64, shown(value.to_string().as_bytes()).as_bytes());
                *value = f64::NAN;
            }
        }
    }
    Ok(())
}

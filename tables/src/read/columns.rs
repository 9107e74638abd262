//! Typed columns out of a batch, with the same sentinels as when they were recorded.

use crate::columns::ABSENT_TIME;
use crate::columns::residuals::ResidualColumns;
use crate::dictionary::{Dictionaries, Dictionary, Key};
use crate::error::TablesError;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int32Type, TimestampNanosecondType,
    UInt8Type, UInt32Type, UInt64Type,
};

/// The times of `column`, ns since 1970; [`ABSENT_TIME`] for null.
///
/// # Errors
/// [`TablesError::Projection`] if the batch has no such column.
pub fn times(batch: &RecordBatch, column: &str) -> Result<Vec<i64>, TablesError> {
    let array = find(batch, column, "times")?.as_primitive_opt::<TimestampNanosecondType>();
    let array = array.ok_or_else(|| wrong(column, "times"))?;
    Ok(array.iter().map(|time| time.unwrap_or(ABSENT_TIME)).collect())
}

/// The real numbers of `column`; NaN for null.
///
/// # Errors
/// [`TablesError::Projection`] if the batch has no such column.
pub fn reals(batch: &RecordBatch, column: &str) -> Result<Vec<f64>, TablesError> {
    let array = find(batch, column, "real numbers")?;
    match array.data_type() {
        DataType::Float64 => Ok(or(array.as_primitive::<Float64Type>(), f64::NAN)),
        DataType::Float32 => {
            let values = or(array.as_primitive::<Float32Type>(), f32::NAN);
            Ok(values.into_iter().map(f64::from).collect())
        }
        _ => Err(wrong(column, "real numbers")),
    }
}

/// The counts of `column`; 0 for null.
///
/// # Errors
/// [`TablesError::Projection`] if the batch has no such column.
pub fn counts(batch: &RecordBatch, column: &str) -> Result<Vec<u64>, TablesError> {
    let array = find(batch, column, "counts")?;
    match array.data_type() {
        DataType::UInt8 => Ok(widen(or(array.as_primitive::<UInt8Type>(), 0))),
        DataType::UInt32 => Ok(widen(or(array.as_primitive::<UInt32Type>(), 0))),
        DataType::UInt64 => Ok(or(array.as_primitive::<UInt64Type>(), 0)),
        _ => Err(wrong(column, "counts")),
    }
}

/// The flags of `column`.
///
/// # Errors
/// [`TablesError::Projection`] if the batch has no such column.
pub fn flags(batch: &RecordBatch, column: &str) -> Result<Vec<bool>, TablesError> {
    let array = find(batch, column, "flags")?.as_boolean_opt();
    let array = array.ok_or_else(|| wrong(column, "flags"))?;
    Ok(array.iter().map(|flag| flag.unwrap_or(false)).collect())
}

/// The strings of `column`, be they kept in full or in a dictionary.
///
/// # Errors
/// [`TablesError::Projection`] if the batch has no such column.
pub fn texts<'a>(
    batch: &'a RecordBatch,
    column: &str,
) -> Result<Vec<Option<&'a str>>, TablesError> {
    let array = find(batch, column, "strings")?;
    if let Some(text) = array.as_string_opt::<i32>() {
        return Ok(text.iter().collect());
    }
    let array = array.as_dictionary_opt::<Int32Type>().ok_or_else(|| wrong(column, "strings"))?;
    let words = array.values().as_string::<i32>();
    Ok(array.keys().iter().map(|key| key.map(|key| words.value(key as usize))).collect())
}

/// The dictionary strings of `column` as keys of `dictionary`, which learns what is new to it;
/// [`Key::ABSENT`] for null.
///
/// # Errors
/// [`TablesError::Projection`] if the batch has no such column.
pub fn keys(
    batch: &RecordBatch,
    column: &str,
    dictionary: &mut Dictionary,
) -> Result<Vec<i32>, TablesError> {
    let array = find(batch, column, "dictionary strings")?.as_dictionary_opt::<Int32Type>();
    let array = array.ok_or_else(|| wrong(column, "dictionary strings"))?;
    let words = array.values().as_string::<i32>();
    // Only what rows use: a reader's dictionary is that of the whole row group.
    let mut known = vec![Key::ABSENT; words.len()];
    let mut key_of = |key: i32| {
        let known = &mut known[key as usize];
        if *known == Key::ABSENT {
            *known = dictionary.intern(words.value(key as usize)).raw();
        }
        *known
    };
    Ok(array.keys().iter().map(|key| key.map_or(Key::ABSENT, &mut key_of)).collect())
}

/// The residual rows of a whole batch.
///
/// # Errors
/// [`TablesError::Projection`] if it is not a whole batch of that table.
pub fn residuals(
    batch: &RecordBatch,
    dictionaries: &mut Dictionaries,
) -> Result<ResidualColumns, TablesError> {
    let narrow = |counts: Vec<u64>| counts.into_iter().map(|count| count as u32).collect();
    Ok(ResidualColumns {
        time: times(batch, "time")?,
        device: keys(batch, "device", &mut dictionaries.devices)?,
        class: keys(batch, "class", &mut dictionaries.classes)?,
        site: keys(batch, "site", &mut dictionaries.sites)?,
        zone: keys(batch, "zone", &mut dictionaries.zones)?,
        gateway: keys(batch, "gateway", &mut dictionaries.devices)?,
        metric: keys(batch, "metric", &mut dictionaries.metrics)?,
        observed: reals(batch, "observed")?,
        expected: reals(batch, "expected")?,
        residual: reals(batch, "residual")?,
        observed_sd: reals(batch, "observed_sd")?,
        observed_min: reals(batch, "observed_min")?,
        observed_max: reals(batch, "observed_max")?,
        samples: narrow(counts(batch, "samples")?),
        repeats: narrow(counts(batch, "repeats")?),
        freshness_s: reals(batch, "freshness_s")?,
        state: keys(batch, "state", &mut dictionaries.states)?,
        context: reals(batch, "context")?,
    })
}

fn find<'a>(
    batch: &'a RecordBatch,
    column: &str,
    expected: &'static str,
) -> Result<&'a ArrayRef, TablesError> {
    batch.column_by_name(column).ok_or_else(|| wrong(column, expected))
}

fn wrong(column: &str, expected: &'static str) -> TablesError {
    TablesError::Projection { column: column.to_owned(), expected }
}

fn or<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, absent: T::Native) -> Vec<T::Native> {
    if array.null_count() == 0 {
        return array.values().to_vec();
    }
    array.iter().map(|value| value.unwrap_or(absent)).collect()
}

fn widen<T: Into<u64>>(values: Vec<T>) -> Vec<u64> {
    values.into_iter().map(Into::into).collect()
}

//! The rows of a compiled scenario's lists.

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float64Array, StringArray, StructArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, TimestampNanosecondType};
use arrow::error::ArrowError;
use fieldmirror_core::time::Timestamp;
use std::sync::Arc;

/// A row that is an Arrow struct.
pub(super) trait Row: Sized {
    fn to_struct(rows: &[Self]) -> Result<StructArray, ArrowError>;

    fn from_struct(items: &StructArray) -> Result<Vec<Self>, WrongColumn>;
}

/// A column that is not there, or not of its type.
#[derive(Debug)]
pub(super) struct WrongColumn {
    pub(super) column: &'static str,
    pub(super) expected: &'static str,
}

/// Declares a row with a column per field.
macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $row {
                $($(#[$field_doc])* pub $field: $kind,)+
            }

            impl Row for $row {
                fn to_struct(rows: &[Self]) -> Result<StructArray, ArrowError> {
                    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = [
                        $(column(stringify!($field), rows.iter().map(|row| &row.$field)),)+
                    ]
                    .into_iter()
                    .unzip();
                    StructArray::try_new(fields.into(), arrays, None)
                }

                fn from_struct(items: &StructArray) -> Result<Vec<Self>, WrongColumn> {
                    $(let mut $field = values::<$kind>(items, stringify!($field))?.into_iter();)+
                    let mut rows = Vec::with_capacity(items.len());
                    // All columns of a struct are equally long, so that they end together.
                    while let ($(Some($field),)+) = ($($field.next(),)+) {
                        rows.push(Self { $($field,)+ });
                    }
                    Ok(rows)
                }
            }
        )+
    };
}

rows! {
    /// The weather of a day.
    ForcingRow {
        /// The day, at midnight UTC.
        date: Timestamp,
        /// Lowest air temperature, in degrees Celsius.
        tmin_c: f64,
        /// Highest air temperature, in degrees Celsius.
        tmax_c: f64,
        /// Rain, in mm.
        rain_mm: f64,
        /// Mean wind speed at 2 m, in m/s.
        wind_ms: f64,
        /// Reference evapotranspiration by the source of the forcing, in mm; for comparison.
        et0_mm: f64,
    }

    /// A device or piece of equipment.
    RosterRow {
        /// Its name.
        device: String,
        /// What it is.
        class: String,
        /// Its farm.
        site: String,
        /// Its zone, if it has one.
        zone: Option<String>,
        /// Metres east of the farm's origin.
        x_m: f32,
        /// Metres north of the farm's origin.
        y_m: f32,
        /// Time between reports, in s; 0 for equipment.
        interval_s: f64,
    }

    /// A fault that will happen.
    FaultRow {
        /// Its identifier.
        id: String,
        /// What kind of fault.
        class: String,
        /// The device or equipment.
        device: String,
        /// When it begins, in s from the start.
        onset_s: f64,
        /// When it ends, in s from the start; never if absent.
        end_s: Option<f64>,
        /// How bad at its worst, 0 to 1.
        severity: f64,
        /// How it grows, such as `step` or `linear`.
        growth: String,
        /// How long it grows, in s.
        growth_s: f64,
    }

    /// What looks like a fault and is none.
    ConfounderRow {
        /// Its identifier.
        id: String,
        /// What kind.
        kind: String,
        /// When it begins, in s from the start.
        onset_s: f64,
        /// When it ends, in s from the start.
        end_s: f64,
        /// How much, in the unit of its kind.
        amount: f64,
        /// What else its kind needs, as JSON.
        parameters: String,
    }

    /// A rule.
    RuleRow {
        /// Its name.
        name: String,
        /// AWS's TopicRulePayload, as JSON.
        payload: String,
    }

    /// A policy.
    PolicyRow {
        /// Its name.
        name: String,
        /// AWS's policy document, as JSON.
        document: String,
    }

    /// A function that rules may call.
    FunctionRow {
        /// Its name.
        name: String,
        /// Which builtin it is.
        builtin: String,
        /// Its parameters, as JSON.
        parameters: String,
    }
}

/// A type of field and the Arrow column that holds it.
trait Value: Sized {
    const EXPECTED: &'static str;
    const NULLABLE: bool = false;

    fn data_type() -> DataType;

    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a;

    fn values(array: &ArrayRef) -> Option<Vec<Self>>;
}

fn column<'a, V: Value + 'a>(name: &str, values: impl Iterator<Item = &'a V>) -> (Field, ArrayRef) {
    (Field::new(name, V::data_type(), V::NULLABLE), V::array(values))
}

fn values<V: Value>(items: &StructArray, column: &'static str) -> Result<Vec<V>, WrongColumn> {
    items
        .column_by_name(column)
        .filter(|array| V::NULLABLE || array.null_count() == 0)
        .and_then(V::values)
        .ok_or(WrongColumn { column, expected: V::EXPECTED })
}

impl Value for f64 {
    const EXPECTED: &'static str = "Float64";

    fn data_type() -> DataType {
        DataType::Float64
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(values.copied()))
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self>> {
        Some(array.as_primitive_opt::<Float64Type>()?.values().to_vec())
    }
}

impl Value for Option<f64> {
    const EXPECTED: &'static str = "Float64";
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Float64
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(values.copied().collect::<Float64Array>())
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self>> {
        Some(array.as_primitive_opt::<Float64Type>()?.iter().collect())
    }
}

impl Value for f32 {
    const EXPECTED: &'static str = "Float32";

    fn data_type() -> DataType {
        DataType::Float32
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(Float32Array::from_iter_values(values.copied()))
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self>> {
        Some(array.as_primitive_opt::<Float32Type>()?.values().to_vec())
    }
}

impl Value for Timestamp {
    const EXPECTED: &'static str = "Timestamp(ns, UTC)";

    fn data_type() -> DataType {
        crate::schema::time_type()
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        let nanos = values.map(|time| time.nanos());
        Arc::new(TimestampNanosecondArray::from_iter_values(nanos).with_timezone("UTC"))
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self>> {
        let times = array.as_primitive_opt::<TimestampNanosecondType>()?;
        Some(times.values().iter().map(|&nanos| Self::from_nanos(nanos)).collect())
    }
}

impl Value for String {
    const EXPECTED: &'static str = "Utf8";

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self>> {
        let texts = array.as_string_opt::<i32>()?;
        Some(texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
    }
}

impl Value for Option<String> {
    const EXPECTED: &'static str = "Utf8";
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(values.map(Self::as_deref).collect::<StringArray>())
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self>> {
        Some(array.as_string_opt::<i32>()?.iter().map(|text| text.map(str::to_owned)).collect())
    }
}

//! How a vector of plain values becomes an Arrow array over the same memory.

use crate::dictionary::Key;
use crate::error::TablesError;
use crate::schema::Table;
use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, PrimitiveArray, RecordBatch, StringArray,
    new_null_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, Field, Float32Type, Float64Type, Int32Type, SchemaRef,
    TimestampNanosecondType, UInt8Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::time::Timestamp;
use std::mem;
use std::sync::Arc;

/// The time that stands in a column where there is none.
pub const ABSENT_TIME: i64 = i64::MIN;

/// A value that can be appended to a column kept in `Store`.
pub trait Cell<Store> {
    /// Appends the value.
    fn append(self, store: &mut Store);
}

macro_rules! cells {
    ($($value:ty => $item:ty, $this:ident: $made:expr;)+) => {
        $(impl Cell<Vec<$item>> for $value {
            fn append(self, store: &mut Vec<$item>) {
                let $this = self;
                store.push($made);
            }
        })+
    };
}

cells! {
    u8 => u8, v: v;
    u32 => u32, v: v;
    u64 => u64, v: v;
    f32 => f32, v: v;
    f64 => f64, v: v;
    bool => bool, v: v;
    Option<f32> => f32, v: v.unwrap_or(f32::NAN);
    Option<f64> => f64, v: v.unwrap_or(f64::NAN);
    Timestamp => i64, v: v.nanos();
    Option<Timestamp> => i64, v: v.map_or(ABSENT_TIME, Timestamp::nanos);
    Key => i32, v: v.raw();
    DeviceIx => i32, v: Key::from(v).raw();
    SiteIx => i32, v: Key::from(v).raw();
    Option<Key> => i32, v: v.map_or(Key::ABSENT, Key::raw);
    Option<DeviceIx> => i32, v: v.map_or(Key::ABSENT, |v| Key::from(v).raw());
    Option<ZoneIx> => i32, v: v.map_or(Key::ABSENT, |v| Key::from(v).raw());
    ZoneIx => i32, v: Key::from(v).raw();
}

/// Strings end to end in one buffer.
#[derive(Clone, Debug)]
pub struct Text {
    bytes: Vec<u8>,
    /// One more than there are rows; the first is 0.
    offsets: Vec<i32>,
    /// Rows that are absent, ascending.
    absent: Vec<u32>,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0], absent: Vec::new() }
    }
}

impl Text {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of `row`, or `None` if it is absent.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> Option<&[u8]> {
        let here = self.offsets[row] as usize..self.offsets[row + 1] as usize;
        self.absent.binary_search(&(row as u32)).is_err().then(|| &self.bytes[here])
    }

    /// Appends a row that `write` renders straight into the buffer. It must only append.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.offsets.push(self.bytes.len() as i32);
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.offsets.push(self.bytes.len() as i32);
    }

    fn push_absent(&mut self) {
        self.absent.push(self.len() as u32);
        self.offsets.push(self.bytes.len() as i32);
    }
}

impl Cell<Text> for &[u8] {
    /// Bytes that are not UTF-8 are recorded with the replacement character.
    fn append(self, store: &mut Text) {
        store.push(self);
    }
}

impl Cell<Text> for &str {
    fn append(self, store: &mut Text) {
        store.push(self.as_bytes());
    }
}

impl Cell<Text> for Option<&[u8]> {
    fn append(self, store: &mut Text) {
        match self {
            Some(bytes) => store.push(bytes),
            None => store.push_absent(),
        }
    }
}

impl Cell<Text> for Option<&str> {
    fn append(self, store: &mut Text) {
        self.map(str::as_bytes).append(store);
    }
}

/// A vector that Arrow can take over.
pub(crate) trait Store {
    fn take(
        &mut self,
        field: &Field,
        words: Option<Arc<StringArray>>,
    ) -> Result<ArrayRef, ArrowError>;
}

/// Leaves an empty vector with the same capacity behind.
fn hand_over<T>(values: &mut Vec<T>) -> Vec<T> {
    let capacity = values.capacity();
    mem::replace(values, Vec::with_capacity(capacity))
}

/// The nulls of `values`, if the field allows any and there is one.
fn nulls<T: Copy>(field: &Field, values: &[T], present: impl Fn(T) -> bool) -> Option<NullBuffer> {
    if !field.is_nullable() || values.iter().all(|&value| present(value)) {
        return None;
    }
    Some(NullBuffer::new(BooleanBuffer::collect_bool(values.len(), |i| present(values[i]))))
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<PrimitiveArray<T>, ArrowError> {
    PrimitiveArray::try_new(ScalarBuffer::from(hand_over(values)), nulls)
}

macro_rules! stores {
    ($($item:ty, $arrow:ty, $value:ident: $present:expr;)+) => {
        $(impl Store for Vec<$item> {
            fn take(
                &mut self,
                field: &Field,
                _: Option<Arc<StringArray>>,
            ) -> Result<ArrayRef, ArrowError> {
                let nulls = nulls(field, self, |$value| $present);
                Ok(Arc::new(primitive::<$arrow>(self, nulls)?))
            }
        })+
    };
}

stores! {
    u8, UInt8Type, _v: true;
    u32, UInt32Type, _v: true;
    u64, UInt64Type, _v: true;
    f32, Float32Type, v: !v.is_nan();
    f64, Float64Type, v: !v.is_nan();
}

impl Store for Vec<i64> {
    fn take(&mut self, field: &Field, _: Option<Arc<StringArray>>) -> Result<ArrayRef, ArrowError> {
        let nulls = nulls(field, self, |time| time != ABSENT_TIME);
        Ok(Arc::new(primitive::<TimestampNanosecondType>(self, nulls)?.with_timezone("UTC")))
    }
}

impl Store for Vec<i32> {
    fn take(
        &mut self,
        field: &Field,
        words: Option<Arc<StringArray>>,
    ) -> Result<ArrayRef, ArrowError> {
        let nulls = nulls(field, self, |key| key != Key::ABSENT);
        let keys = primitive::<Int32Type>(self, nulls)?;
        let words = words.unwrap_or_else(|| Arc::new(StringArray::new_null(0)));
        Ok(Arc::new(DictionaryArray::try_new(keys, words)?))
    }
}

impl Store for Vec<bool> {
    fn take(&mut self, _: &Field, _: Option<Arc<StringArray>>) -> Result<ArrayRef, ArrowError> {
        let flags = BooleanBuffer::from(self.as_slice());
        self.clear();
        Ok(Arc::new(BooleanArray::new(flags, None)))
    }
}

impl Store for Text {
    fn take(&mut self, field: &Field, _: Option<Arc<StringArray>>) -> Result<ArrayRef, ArrowError> {
        let rows = self.len();
        let absent = mem::take(&mut self.absent);
        let valid = (field.is_nullable() && !absent.is_empty()).then(|| {
            let mut valid = vec![true; rows];
            for &row in &absent {
                valid[row as usize] = false;
            }
            NullBuffer::from(valid)
        });
        let mut offsets = hand_over(&mut self.offsets);
        self.offsets.push(0);
        let mut bytes = hand_over(&mut self.bytes);
        if std::str::from_utf8(&bytes).is_err()
            || offsets.iter().any(|&at| bytes.get(at as usize).is_some_and(|b| b & 0xC0 == 0x80))
        {
            (bytes, offsets) = replace_foreign_bytes(&bytes, &offsets);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(bytes), valid)?))
    }
}

/// Row by row, so that a broken row spoils no other.
fn replace_foreign_bytes(bytes: &[u8], offsets: &[i32]) -> (Vec<u8>, Vec<i32>) {
    let mut text = Vec::with_capacity(bytes.len());
    let mut ends = vec![0];
    for pair in offsets.windows(2) {
        let row = &bytes[pair[0] as usize..pair[1] as usize];
        text.extend_from_slice(String::from_utf8_lossy(row).as_bytes());
        ends.push(text.len() as i32);
    }
    (text, ends)
}

/// Collects a table's arrays in schema order.
pub(crate) struct BatchBuilder {
    table: Table,
    schema: SchemaRef,
    arrays: Vec<ArrayRef>,
    failed: Option<ArrowError>,
}

impl BatchBuilder {
    pub(crate) fn new(table: Table) -> Self {
        let schema = table.schema();
        let arrays = Vec::with_capacity(schema.fields().len());
        Self { table, schema, arrays, failed: None }
    }

    pub(crate) fn column(&mut self, store: &mut impl Store, words: Option<Arc<StringArray>>) {
        let schema = Arc::clone(&self.schema);
        let Some(field) = schema.fields().get(self.arrays.len()) else { return };
        match store.take(field, words) {
            Ok(array) => self.arrays.push(array),
            Err(source) => self.failed = self.failed.take().or(Some(source)),
        }
    }

    /// A column of `rows` nulls.
    pub(crate) fn absent(&mut self, rows: usize) {
        let Some(field) = self.schema.fields().get(self.arrays.len()) else { return };
        self.arrays.push(new_null_array(field.data_type(), rows));
    }

    pub(crate) fn finish(self) -> Result<RecordBatch, TablesError> {
        let table = self.table;
        match self.failed {
            Some(source) => Err(source),
            None => RecordBatch::try_new(self.schema, self.arrays),
        }
        .map_err(|source| TablesError::Batch { table, source })
    }
}

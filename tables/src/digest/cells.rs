//! The values of an array without its nulls: what digests hash and pages hold.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;

/// The values of rows that are not null, little-endian.
#[derive(Debug)]
pub(crate) enum Cells<'a> {
    /// Flags; columns of flags allow no nulls.
    Flags(&'a BooleanBuffer),
    /// Numbers and times of `width` bytes each.
    Fixed {
        /// End to end.
        bytes: &'a [u8],
        /// Bytes per value.
        width: usize,
    },
    /// Strings.
    Text {
        /// The length of each, in bytes.
        lengths: &'a [u32],
        /// End to end.
        bytes: &'a [u8],
    },
}

/// Memory for values that do not lie end to end in their array.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    lengths: Vec<u32>,
}

// Values are hashed and written as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "tables need little-endian memory");

/// The nulls of `array`, if it has any.
pub(crate) fn nulls(array: &ArrayRef) -> Option<&NullBuffer> {
    array.nulls().filter(|nulls| nulls.null_count() > 0)
}

impl Scratch {
    /// The values of `array`, which is no dictionary; copied only where nulls lie between them.
    pub(crate) fn cells<'a>(&'a mut self, array: &'a ArrayRef) -> Cells<'a> {
        match array.data_type() {
            DataType::Boolean => Cells::Flags(array.as_boolean().values()),
            DataType::Utf8 => self.text(array),
            _ => self.fixed(array),
        }
    }

    fn fixed<'a>(&'a mut self, array: &'a ArrayRef) -> Cells<'a> {
        let width = array.data_type().primitive_width().unwrap_or(1);
        let values = fixed_bytes(array);
        let bytes = match nulls(array) {
            None => values,
            Some(nulls) => {
                self.bytes.clear();
                for (from, to) in nulls.inner().set_slices() {
                    self.bytes.extend_from_slice(&values[from * width..to * width]);
                }
                &self.bytes
            }
        };
        Cells::Fixed { bytes, width }
    }

    fn text<'a>(&'a mut self, array: &'a ArrayRef) -> Cells<'a> {
        let text = array.as_string::<i32>();
        let (offsets, values) = (text.value_offsets(), text.value_data());
        let all = &values[offsets[0] as usize..offsets[text.len()] as usize];
        self.lengths.clear();
        let lengths = offsets.windows(2).map(|pair| (pair[1] - pair[0]) as u32);
        let Some(nulls) = nulls(array) else {
            self.lengths.extend(lengths);
            return Cells::Text { lengths: &self.lengths, bytes: all };
        };
        self.lengths.extend(lengths.zip(nulls.iter()).filter(|(_, is)| *is).map(|(len, _)| len));
        // Nulls have no bytes in arrays of ours; those of other programs may hide some.
        let present: usize = self.lengths.iter().map(|&len| len as usize).sum();
        if present == all.len() {
            return Cells::Text { lengths: &self.lengths, bytes: all };
        }
        self.bytes.clear();
        for (from, to) in nulls.inner().set_slices() {
            let range = offsets[from] as usize..offsets[to] as usize;
            self.bytes.extend_from_slice(&values[range]);
        }
        Cells::Text { lengths: &self.lengths, bytes: &self.bytes }
    }
}

/// All values of a fixed-width array as bytes, nulls included.
fn fixed_bytes(array: &ArrayRef) -> &[u8] {
    use arrow::array::ArrowPrimitiveType;
    use arrow::datatypes::{
        Float32Type, Float64Type, TimestampNanosecondType, UInt8Type, UInt32Type, UInt64Type,
    };
    fn of<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<&[u8]> {
        array.as_primitive_opt::<T>().map(|array| array.values().inner().as_slice())
    }
    // Every fixed type of our schemas; a table with another one fails its tests at once.
    of::<Float64Type>(array)
        .or_else(|| of::<TimestampNanosecondType>(array))
        .or_else(|| of::<Float32Type>(array))
        .or_else(|| of::<UInt32Type>(array))
        .or_else(|| of::<UInt64Type>(array))
        .or_else(|| of::<UInt8Type>(array))
        .unwrap_or_default()
}

//! The compact form of a telemetry shadow: the raw integers of one schema and a time at each leaf.
//!
//! A probe's reported state is the same five keys for its whole life. Held as a document it would
//! cost kilobytes and two microseconds an update; held as raw integers it costs 60 bytes and a
//! copy. Everything that does not fit (desired state, deletes, foreign keys, other values) makes
//! the owner turn it into a document.

use super::document::{Document, Section};
use fieldmirror_core::ids::{DeviceIx, Names};
use fieldmirror_core::reading::{DeviceClass, FieldKind, Reading};
use fieldmirror_rules::value::{Object, Value};

/// Leaves of all typed shadows: a cell is as many consecutive leaves as its class has fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypedCells {
    /// Raw integers.
    raw: Vec<i64>,
    /// When each was written, in seconds since 1970.
    at_s: Vec<u32>,
    /// Cells that were given up, by class.
    free: [Vec<u32>; DeviceClass::ALL.len()],
}

impl TypedCells {
    /// A cell that holds `reading`, all leaves written at `at_s`.
    pub(crate) fn add(&mut self, reading: &Reading, at_s: u32) -> u32 {
        let fields = reading.class().schema().fields.len();
        let cell = match self.free[reading.class() as usize].pop() {
            Some(cell) => cell,
            None => {
                let cell = self.raw.len();
                self.raw.resize(cell + fields, 0);
                self.at_s.resize(cell + fields, 0);
                cell as u32
            }
        };
        self.write(cell, reading, at_s);
        cell
    }

    /// Gives up a cell of `class`.
    pub(crate) fn release(&mut self, cell: u32, class: DeviceClass) {
        self.free[class as usize].push(cell);
    }

    /// Writes all leaves.
    pub(crate) fn write(&mut self, cell: u32, reading: &Reading, at_s: u32) {
        let fields = reading.class().schema().fields.len();
        let at = cell as usize;
        for (position, raw) in self.raw[at..at + fields].iter_mut().enumerate() {
            *raw = reading.raw(position);
        }
        self.at_s[at..at + fields].fill(at_s);
    }

    /// Writes the leaves that `patch` names.
    pub(crate) fn write_some(&mut self, cell: u32, patch: &[(usize, i64)], at_s: u32) {
        for &(position, raw) in patch {
            self.raw[cell as usize + position] = raw;
            self.at_s[cell as usize + position] = at_s;
        }
    }

    /// The cell as a document.
    pub(crate) fn document(
        &self,
        cell: u32,
        version: u64,
        device: DeviceIx,
        class: DeviceClass,
        names: &Names,
    ) -> Document {
        let mut reading = Reading::new(class, device);
        let mut reported = Section::default();
        let mut text = Vec::new();
        for (position, field) in class.schema().fields.iter().enumerate() {
            let at = cell as usize + position;
            reading.set_raw(position, self.raw[at]);
            text.clear();
            reading.render_field(position, names, &mut text);
            // A rendered field is JSON by construction.
            let value = Value::from_json(&text).unwrap_or(Value::Undefined);
            reported.push_leaf(field.name, value, i64::from(self.at_s[at]));
        }
        Document { version, desired: Section::default(), reported }
    }
}

/// The raw integers that `patch` writes, if each of its keys is a field of `class` and each value
/// is one that the field can hold exactly.
pub(crate) fn raw_leaves(
    patch: &Object,
    device: DeviceIx,
    class: DeviceClass,
    names: &Names,
) -> Option<Vec<(usize, i64)>> {
    patch
        .iter()
        .map(|(key, value)| {
            let position = class.schema().position(key)?;
            let raw = match (class.schema().fields[position].kind, value) {
                (FieldKind::Device, Value::String(name)) if name == names.name(device) => {
                    i64::from(device.raw())
                }
                (FieldKind::Word(words), Value::String(word)) => {
                    words.iter().position(|known| known == word)? as i64
                }
                (FieldKind::Decimal { scale }, Value::Int(_) | Value::Decimal(_)) => {
                    raw_decimal(&value.to_json(), scale)?
                }
                _ => return None,
            };
            Some((position, raw))
        })
        .collect()
}

/// A reading that holds all of `leaves`, if they are all fields of `class` in its order.
pub(crate) fn whole_reading(
    leaves: &[(usize, i64)],
    device: DeviceIx,
    class: DeviceClass,
) -> Option<Reading> {
    let in_order = leaves.iter().enumerate().all(|(i, &(position, _))| i == position);
    if leaves.len() != class.schema().fields.len() || !in_order {
        return None;
    }
    let mut reading = Reading::new(class, device);
    leaves.iter().for_each(|&(position, raw)| reading.set_raw(position, raw));
    Some(reading)
}

/// Reads plain decimal text as `raw / 10^scale`; `None` if that cannot hold it exactly.
fn raw_decimal(text: &[u8], scale: u8) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
    let fraction = digits.len().saturating_sub(point + 1);
    let mut magnitude = 0_i64;
    for &byte in digits.iter().filter(|&&byte| byte != b'.') {
        if !byte.is_ascii_digit() {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    for _ in 0..usize::from(scale).checked_sub(fraction)? {
        magnitude = magnitude.checked_mul(10)?;
    }
    Some(if negative { -magnitude } else { magnitude })
}

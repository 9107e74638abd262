//! Parquet's ways to pack integers.
//!
//! # Source
//! Parquet format 2.11, Encodings.md: "Run Length Encoding / Bit-Packing Hybrid" (RLE = 3) and
//! "Delta Encoding" (DELTA_BINARY_PACKED = 5).

/// Appends `count` times the same value of `width` bits in the hybrid encoding.
pub(super) fn run(count: usize, value: u32, width: u32, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// Appends `count` values of `width` bits in the hybrid encoding, packed.
pub(super) fn literals(
    count: usize,
    values: impl Iterator<Item = u32>,
    width: u32,
    out: &mut Vec<u8>,
) {
    literal_header(count, out);
    let padding = std::iter::repeat_n(0, count.next_multiple_of(8) - count);
    pack(values.chain(padding).map(u64::from), width, out);
}

/// Announces `count` packed values in the hybrid encoding.
pub(super) fn literal_header(count: usize, out: &mut Vec<u8>) {
    varint((count.div_ceil(8) as u64) << 1 | 1, out);
}

/// Appends `values` as differences in blocks of [`BLOCK`], each miniblock with its own width.
pub(super) fn deltas(values: &[i64], out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint((BLOCK / MINIBLOCK) as u64, out);
    varint(values.len() as u64, out);
    varint(zigzag(values.first().copied().unwrap_or(0)), out);
    let mut block = [0; BLOCK];
    let mut rest = values;
    while rest.len() > 1 {
        let count = BLOCK.min(rest.len() - 1);
        for (delta, pair) in block.iter_mut().zip(rest.windows(2)) {
            *delta = pair[1].wrapping_sub(pair[0]);
        }
        delta_block(&block[..count], out);
        rest = &rest[count..];
    }
}

fn delta_block(deltas: &[i64], out: &mut Vec<u8>) {
    let least = deltas.iter().copied().min().unwrap_or(0);
    varint(zigzag(least), out);
    let widths_at = out.len();
    out.extend_from_slice(&[0; BLOCK / MINIBLOCK]);
    for (i, mini) in deltas.chunks(MINIBLOCK).enumerate() {
        let above = |delta: i64| delta.wrapping_sub(least) as u64;
        let bits = mini.iter().fold(0, |bits, &delta| bits | above(delta));
        let width = u64::BITS - bits.leading_zeros();
        out[widths_at + i] = width as u8;
        let padding = std::iter::repeat_n(0, MINIBLOCK - mini.len());
        pack(mini.iter().map(|&delta| above(delta)).chain(padding), width, out);
    }
}

/// Values in a block of differences.
const BLOCK: usize = 128;
/// Values in a miniblock.
const MINIBLOCK: usize = 32;

/// Appends the lowest `width` bits of each value, the first in the lowest bits; the last byte is
/// filled with zeros.
fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let (mut open, mut open_len) = (0_u128, 0);
    for value in values {
        open |= u128::from(value) << open_len;
        open_len += width;
        if open_len >= 64 {
            out.extend_from_slice(&(open as u64).to_le_bytes());
            open >>= 64;
            open_len -= 64;
        }
    }
    out.extend_from_slice(&(open as u64).to_le_bytes()[..open_len.div_ceil(8) as usize]);
}

/// Appends an unsigned LEB128.
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small magnitudes to small numbers.
const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

//! Decimal numbers of 34 significant digits.

use std::cmp::Ordering;
use std::fmt;

/// Digits that a [`Decimal`] or an Int can have.
pub(crate) const DIGITS_MAX: u32 = 34;

/// The smallest integer of 35 digits: every coefficient is below it in magnitude.
pub(crate) const COEFFICIENT_END: i128 = 10_i128.pow(DIGITS_MAX);

/// The largest power of ten that an `f64` holds exactly.
const EXACT_POWER_MAX: i32 = 22;

/// A decimal number: at most 34 significant digits, magnitude 1E-999 to 9.99E999, or zero.
///
/// Sums, differences, products, quotients and remainders are exact where 34 digits suffice, else
/// rounded half to even. `==` compares by value.
///
/// # Source
/// AWS IoT Core developer guide, "Data types": 34 digits as in IEEE 754 decimal128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// Below [`COEFFICIENT_END`] in magnitude and not divisible by ten, or zero.
    coefficient: i128,
    /// The power of ten that the coefficient is multiplied with; 0 if that is zero.
    exponent: i32,
}

/// An unrounded magnitude: `digits * 10^exponent`, and a little more if `inexact`.
struct Wide {
    digits: u128,
    exponent: i32,
    inexact: bool,
}

/// Longest number, in bytes, that [`Decimal::parse_short`] reads: its digits fit 64 bits.
const SHORT_MAX: usize = 19;

/// Powers of ten that fit 64 bits.
const POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { coefficient: 0, exponent: 0 };

    /// `coefficient * 10^exponent`, rounded to 34 digits; `None` beyond the range.
    pub fn new(coefficient: i128, exponent: i32) -> Option<Self> {
        Self::rounded(
            coefficient < 0,
            Wide { digits: coefficient.unsigned_abs(), exponent, inexact: false },
        )
    }

    /// The decimal that `value` prints as; `None` if it is not finite or beyond the range.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        // The shortest text that reads back as the same f64, in scientific notation.
        Self::parse(&format!("{value:e}"))
    }

    /// Reads `-?\d+(\.\d+)?([eE][+-]?\d+)?`; `None` if it is not that, or beyond the range.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(short) = Self::parse_short(text) {
            return Some(short);
        }
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        if whole.is_empty() {
            return None;
        }
        let mut wide = Wide { digits: 0, exponent, inexact: false };
        for (digits, scale) in [(whole, 0), (fraction, 1)] {
            for byte in digits.bytes() {
                if !byte.is_ascii_digit() {
                    return None;
                }
                // Two digits more than can be kept decide the rounding.
                if wide.digits < COEFFICIENT_END.unsigned_abs() * 10 {
                    wide.digits = wide.digits * 10 + u128::from(byte - b'0');
                    wide.exponent = wide.exponent.saturating_sub(scale);
                } else {
                    wide.inexact |= byte != b'0';
                    wide.exponent = wide.exponent.saturating_add(1 - scale);
                }
            }
        }
        Self::rounded(negative, wide)
    }

    /// Reads a number of few digits without an exponent; `None` if it is not that. The usual case:
    /// it needs 64 bits and no rounding.
    fn parse_short(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        if digits.len() > SHORT_MAX || !digits.as_bytes().first()?.is_ascii_digit() {
            return None;
        }
        let (mut value, mut point) = (0_u64, None);
        for (position, byte) in digits.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
                b'.' if point.is_none() && position + 1 < digits.len() => point = Some(position),
                _ => return None,
            }
        }
        let mut exponent = point.map_or(0, |point| point as i32 + 1 - digits.len() as i32);
        if value == 0 {
            return Some(Self::ZERO);
        }
        while value.is_multiple_of(10) {
            value /= 10;
            exponent += 1;
        }
        let magnitude = i128::from(value);
        Some(Self { coefficient: if negative { -magnitude } else { magnitude }, exponent })
    }

    /// Rounds half to even and brings to the canonical form.
    fn rounded(negative: bool, mut wide: Wide) -> Option<Self> {
        let end = COEFFICIENT_END.unsigned_abs();
        if wide.digits >= end {
            let (mut last, mut below) = (0, wide.inexact);
            while wide.digits >= end {
                below |= last != 0;
                last = wide.digits % 10;
                wide.digits /= 10;
                wide.exponent = wide.exponent.saturating_add(1);
            }
            if last > 5 || last == 5 && (below || !wide.digits.is_multiple_of(2)) {
                wide.digits += 1;
            }
        }
        if wide.digits == 0 {
            return Some(Self::ZERO);
        }
        while u64::try_from(wide.digits).is_err() && wide.digits.is_multiple_of(10) {
            wide.digits /= 10;
            wide.exponent = wide.exponent.saturating_add(1);
        }
        // Division of 64 bits is much cheaper, and nearly all numbers are that short.
        if let Ok(mut short) = u64::try_from(wide.digits) {
            while short.is_multiple_of(10) {
                short /= 10;
                wide.exponent = wide.exponent.saturating_add(1);
            }
            wide.digits = short.into();
        }
        let leading = wide.exponent.saturating_add(wide.digits.ilog10() as i32);
        if leading < -999 {
            return Some(Self::ZERO);
        }
        if leading > 999 {
            return None;
        }
        let magnitude = wide.digits as i128;
        let coefficient = if negative { -magnitude } else { magnitude };
        Some(Self { coefficient, exponent: wide.exponent })
    }

    /// The whole number that this is, if it is one of at most 34 digits.
    pub fn to_int(self) -> Option<i128> {
        let exponent = u32::try_from(self.exponent).ok()?;
        let power = 10_i128.checked_pow(exponent)?;
        self.coefficient.checked_mul(power).filter(|int| int.abs() < COEFFICIENT_END)
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        const EXACT_MAX: u128 = 1 << f64::MANTISSA_DIGITS;
        let exact = self.coefficient.unsigned_abs() <= EXACT_MAX;
        if exact && self.exponent.abs() <= EXACT_POWER_MAX {
            // One correctly rounded operation on two exact numbers.
            let power = 10_u128.pow(self.exponent.unsigned_abs()) as f64;
            let coefficient = self.coefficient as f64;
            return if self.exponent < 0 { coefficient / power } else { coefficient * power };
        }
        // The printed form is a number that f64 reads, rounded correctly.
        format!("{}e{}", self.coefficient, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// Whether it has no fraction.
    pub const fn is_whole(self) -> bool {
        self.exponent >= 0
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    /// The sum; `None` beyond the range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.coefficient == 0 {
            return Some(other);
        }
        if other.coefficient == 0 {
            return Some(self);
        }
        let (high, low) =
            if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        // Shift the one with the larger exponent up to 37 digits; that leaves room for a carry.
        let gap = high.exponent.abs_diff(low.exponent);
        let room = 36 - high.coefficient.unsigned_abs().ilog10();
        let up = gap.min(room);
        let high_digits = high.coefficient * 10_i128.pow(up);
        let exponent = high.exponent - up as i32;
        // What the other one loses below that can only decide the rounding: 36 digits remain.
        let down = gap - up;
        let (low_digits, lost) = match 10_i128.checked_pow(down) {
            Some(power) => (low.coefficient / power, low.coefficient % power != 0),
            None => (0, true),
        };
        let mut sum = high_digits + low_digits;
        if lost && (low.coefficient < 0) != (sum < 0) {
            // The exact sum is nearer to zero than the truncated one: step below and round up.
            sum -= sum.signum();
        }
        let digits = sum.unsigned_abs();
        Self::rounded(sum < 0, Wide { digits, exponent, inexact: lost })
    }

    /// The difference; `None` beyond the range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(other.negated())
    }

    /// The negative.
    pub const fn negated(self) -> Self {
        Self { coefficient: -self.coefficient, exponent: self.exponent }
    }

    /// The product; `None` beyond the range.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let negative = (self.coefficient < 0) != (other.coefficient < 0);
        let (a, b) = (self.coefficient.unsigned_abs(), other.coefficient.unsigned_abs());
        let mut exponent = self.exponent + other.exponent;
        if let Some(digits) = a.checked_mul(b) {
            return Self::rounded(negative, Wide { digits, exponent, inexact: false });
        }
        // a * b < 10^68: split a at 10^17, so that each part's product has at most 51 digits, in
        // two halves again at 10^17. Base 10^17 keeps every step inside 128 bits.
        let mut product = [0_u128; 5];
        for (i, x) in split(a).into_iter().enumerate() {
            for (j, y) in split(b).into_iter().enumerate() {
                product[i + j] += x * y;
                product[i + j + 1] += product[i + j] / SPLIT;
                product[i + j] %= SPLIT;
            }
        }
        for at in 0..4 {
            product[at + 1] += product[at] / SPLIT;
            product[at] %= SPLIT;
        }
        // The upper limbs, and as many digits of the lower ones as two beyond those that are kept.
        let mut digits = (product[4] * SPLIT + product[3]) * SPLIT + product[2];
        exponent += 34;
        let mut inexact = false;
        for limb in [product[1], product[0]] {
            let (mut rest, mut unit) = (limb, SPLIT);
            while digits < COEFFICIENT_END.unsigned_abs() * 10 && unit > 1 {
                unit /= 10;
                digits = digits * 10 + rest / unit;
                rest %= unit;
                exponent -= 1;
            }
            inexact |= rest != 0;
        }
        Self::rounded(negative, Wide { digits, exponent, inexact })
    }

    /// The quotient; `None` if `other` is zero, or beyond the range.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        if other.coefficient == 0 {
            return None;
        }
        let negative = (self.coefficient < 0) != (other.coefficient < 0);
        let divisor = other.coefficient.unsigned_abs();
        let mut rest = self.coefficient.unsigned_abs();
        let mut digits = rest / divisor;
        rest %= divisor;
        let mut exponent = self.exponent - other.exponent;
        // Long division until two digits beyond the last that is kept.
        while rest != 0 && digits < COEFFICIENT_END.unsigned_abs() * 10 {
            rest *= 10;
            digits = digits * 10 + rest / divisor;
            rest %= divisor;
            exponent -= 1;
        }
        Self::rounded(negative, Wide { digits, exponent, inexact: rest != 0 })
    }

    /// The remainder of the quotient truncated toward zero, with the sign of `self`; `None` if
    /// `other` is zero.
    pub fn checked_rem(self, other: Self) -> Option<Self> {
        if other.coefficient == 0 {
            return None;
        }
        let divisor = other.coefficient.abs();
        if self.exponent >= other.exponent {
            let mut rest = self.coefficient % divisor;
            for _ in other.exponent..self.exponent {
                rest = rest * 10 % divisor;
            }
            return Self::new(rest, other.exponent);
        }
        if self.magnitude_cmp(other) == Ordering::Less {
            return Some(self);
        }
        // The divisor is no larger, so that scaled to our exponent it has at most our 34 digits.
        let power = 10_i128.checked_pow(other.exponent.abs_diff(self.exponent))?;
        Self::new(self.coefficient % divisor.checked_mul(power)?, self.exponent)
    }

    /// The largest whole number that is not larger.
    pub fn floor(self) -> Self {
        let truncated = self.trunc(0);
        match self.is_negative() && truncated != self {
            true => {
                truncated.checked_sub(Self { coefficient: 1, exponent: 0 }).unwrap_or(truncated)
            }
            false => truncated,
        }
    }

    /// The nearest whole number, halves away from zero.
    pub fn round(self) -> Self {
        let half = Self { coefficient: if self.is_negative() { -5 } else { 5 }, exponent: -1 };
        match self.is_whole() {
            true => self,
            false => self.checked_add(half).unwrap_or(self).trunc(0),
        }
    }

    /// The number cut toward zero after `places` digits of its fraction.
    pub fn trunc(self, places: u32) -> Self {
        let excess = i64::from(self.exponent) + i64::from(places);
        if excess >= 0 {
            return self;
        }
        let power = u32::try_from(-excess).ok().and_then(|digits| 10_i128.checked_pow(digits));
        let coefficient = power.map_or(0, |power| self.coefficient / power);
        // A shorter coefficient with a larger exponent is in range, or zero.
        Self::new(coefficient, -(places as i32)).unwrap_or(Self::ZERO)
    }

    fn magnitude_cmp(self, other: Self) -> Ordering {
        let (a, b) = (self.coefficient.unsigned_abs(), other.coefficient.unsigned_abs());
        if a == 0 || b == 0 {
            return a.cmp(&b);
        }
        let (a_log, b_log) = (a.ilog10() as i32, b.ilog10() as i32);
        (self.exponent + a_log).cmp(&(other.exponent + b_log)).then_with(|| {
            // Equal leading digits: bring the shorter to the longer's length.
            let raise = |digits: u128, by: i32| digits * 10_u128.pow(by.max(0) as u32);
            raise(a, b_log - a_log).cmp(&raise(b, a_log - b_log))
        })
    }
}

/// The base in which products beyond 128 bits are formed.
const SPLIT: u128 = 10_u128.pow(17);

/// The digits of `number` below 10^34, and the rest, in base [`SPLIT`]; lowest first.
const fn split(number: u128) -> [u128; 2] {
    [number % SPLIT, number / SPLIT]
}

/// An exponent's digits with an optional sign; saturates far beyond the range.
fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    const FAR: i32 = 1_000_000;
    let magnitude = digits.parse().unwrap_or(FAR).min(FAR);
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

impl From<i128> for Decimal {
    /// The whole number `int`, rounded to 34 digits.
    fn from(int: i128) -> Self {
        // No i128 reaches 1E999.
        Self::new(int, 0).unwrap_or(Self::ZERO)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // Numbers of 64 bits whose exponents are close: brought to the same exponent exactly.
        if let (Ok(left), Ok(right)) =
            (i64::try_from(self.coefficient), i64::try_from(other.coefficient))
        {
            let apart = self.exponent - other.exponent;
            if let Some(scale) = POWERS.get(apart.unsigned_abs() as usize) {
                let (left, right, scale) =
                    (i128::from(left), i128::from(right), i128::from(*scale));
                return match apart >= 0 {
                    true => (left * scale).cmp(&right),
                    false => left.cmp(&(right * scale)),
                };
            }
        }
        self.coefficient.signum().cmp(&other.coefficient.signum()).then_with(|| {
            let magnitudes = self.magnitude_cmp(*other);
            if self.is_negative() { magnitudes.reverse() } else { magnitudes }
        })
    }
}

impl fmt::Display for Decimal {
    /// Plain notation from 1E-10 to below 1E34, else scientific; no trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negative() {
            f.write_str("-")?;
        }
        let digits = self.coefficient.unsigned_abs().to_string();
        let leading = self.exponent + digits.len() as i32 - 1;
        if !(-10..DIGITS_MAX as i32).contains(&leading) {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            return write!(f, "{first}{point}{rest}E{leading}");
        }
        if self.exponent >= 0 {
            return write!(f, "{digits}{}", "0".repeat(self.exponent as usize));
        }
        match usize::try_from(leading) {
            Ok(leading) => {
                let (whole, fraction) = digits.split_at(leading + 1);
                write!(f, "{whole}.{fraction}")
            }
            Err(_) => write!(f, "0.{}{digits}", "0".repeat((-leading - 1) as usize)),
        }
    }
}

#[cfg(test)]
mod tests;

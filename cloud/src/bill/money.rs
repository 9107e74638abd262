//! Exact amounts.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

/// An amount in millionths of a millionth of the currency: the price of one unit is whole in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i128);

/// The price of a million units, in millionths of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(u64);

const DIGITS: u32 = 12;
const PRICE_DIGITS: usize = 6;

impl Price {
    /// Reads a price such as `0.08`: digits with at most six after the point.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > PRICE_DIGITS || whole.len() > 9 {
            return None;
        }
        format!("{whole}{fraction:0<PRICE_DIGITS$}").parse().ok().map(Self)
    }

    /// What `units` cost.
    pub const fn times(self, units: u64) -> Money {
        Money(self.0 as i128 * units as i128)
    }
}

impl fmt::Display for Price {
    /// At least two decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal(i128::from(self.0), PRICE_DIGITS as u32))
    }
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whether it is less than nothing.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// All its digits, at least two decimals: `43.92`, `0.000075`.
    pub fn exact(self) -> String {
        decimal(self.0, DIGITS)
    }

    /// With `decimals` digits after the point, half away from zero.
    pub fn rounded(self, decimals: u32) -> String {
        let unit = 10_i128.pow(DIGITS.saturating_sub(decimals));
        let half = if self.0 < 0 { -unit / 2 } else { unit / 2 };
        let rounded = (self.0 + half) / unit;
        let scale = 10_i128.pow(decimals.min(DIGITS));
        let sign = if rounded < 0 { "-" } else { "" };
        let (whole, rest) = (rounded.abs() / scale, rounded.abs() % scale);
        match decimals {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{rest:0width$}", width = decimals as usize),
        }
    }

    /// The part of it that is `part` of `whole` in units, towards zero.
    pub(crate) fn share(self, part: u64, whole: u64) -> Self {
        match whole {
            0 => Self::ZERO,
            _ => Self(muldiv(self.0, part, whole)),
        }
    }

    /// It divided by `count`, half away from zero.
    pub fn per(self, count: u64) -> Self {
        let count = i128::from(count.max(1));
        let half = if self.0 < 0 { -count / 2 } else { count / 2 };
        Self((self.0 + half) / count)
    }

    /// It in another time: `of` seconds instead of `from`.
    pub fn over(self, of: u64, from: u64) -> Self {
        Self(muldiv(self.0, of, from.max(1)))
    }

    /// The smallest amount above nothing, for sharing out what rounding left.
    pub(crate) const SMALLEST: Self = Self(1);
}

/// `amount * numerator / denominator` without overflow in between.
fn muldiv(amount: i128, numerator: u64, denominator: u64) -> i128 {
    let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
    let (whole, rest) = (amount / denominator, amount % denominator);
    // `rest` is below 2^64, so its product with another 64 bits fits.
    whole * numerator + rest * numerator / denominator
}

fn decimal(value: i128, digits: u32) -> String {
    let scale = 10_i128.pow(digits);
    let sign = if value < 0 { "-" } else { "" };
    let (whole, fraction) = (value.abs() / scale, value.abs() % scale);
    let fraction = format!("{fraction:0width$}", width = digits as usize);
    let kept = fraction.trim_end_matches('0').len().max(2);
    format!("{sign}{whole}.{}", &fraction[..kept])
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_exactly_or_not_at_all() {
        for (text, micros) in
            [("0.08", 80_000), ("1", 1_000_000), ("1.25", 1_250_000), ("0.000001", 1)]
        {
            assert_eq!(Price::parse(text), Some(Price(micros)), "{text}");
        }
        for text in ["", ".5", "1.", "-1", "1e3", "0.0000001", "1,5", "9999999999"] {
            assert_eq!(Price::parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_print_all_or_some_of_their_digits() {
        let amount = Price(80_000).times(432_000_001);
        assert_eq!(amount.exact(), "34.56000008");
        assert_eq!(amount.rounded(2), "34.56");
        assert_eq!(Price(500_000).times(1_000_000).rounded(0), "1");
        assert_eq!((Money::ZERO - amount).rounded(2), "-34.56");
        assert_eq!((Money::ZERO - amount).exact(), "-34.56000008");
        assert_eq!(Money::ZERO.exact(), "0.00");
    }
}

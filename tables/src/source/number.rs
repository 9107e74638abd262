//! Decimal numbers in text, fast where they are short and exact always.

/// What a cell of a channel holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    /// A finite number.
    Number(f64),
    /// Nothing: empty, null, not a number.
    Missing,
    /// Something else.
    Text,
}

/// The number at the start of `text` and how many bytes it takes. What follows it is the caller's
/// business. Infinities and NaN are no numbers here.
///
/// Digits are gathered in an integer; up to 2^53 it and the power of ten that divides it are exact
/// as floats, and so is then the rounding of their quotient. Longer ones go to the standard library.
///
/// # Source
/// W. D. Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990 (the fast case).
#[inline]
pub(crate) fn number(text: &[u8], point: u8) -> Option<(f64, usize)> {
    let mut at = 0;
    let negative = match text.first()? {
        b'-' => {
            at = 1;
            true
        }
        b'+' => {
            at = 1;
            false
        }
        _ => false,
    };
    let mut mantissa: u64 = 0;
    let mut digits = run(&text[at..], &mut mantissa);
    at += digits;
    let mut fraction = 0;
    if text.get(at) == Some(&point) {
        at += 1;
        fraction = run(&text[at..], &mut mantissa);
        at += fraction;
        digits += fraction;
    }
    if digits == 0 {
        return None;
    }
    let scientific = matches!(text.get(at), Some(b'e' | b'E'));
    if scientific || digits > 19 || mantissa > 1 << 53 || fraction > 22 {
        return long(text, at, scientific, point);
    }
    let value = mantissa as f64 / POWERS[fraction];
    Some((if negative { -value } else { value }, at))
}

/// Appends the digits at the start of `text` to `mantissa` and says how many there are. More than 19
/// in all overflow.
///
/// Eight bytes are looked at together, because a loop that ends at the first byte that is no digit
/// ends somewhere else for each number, which costs a mispredicted branch.
///
/// # Source
/// D. Lemire, "Quickly parsing eight digits" (2018), for the multiplications.
#[inline]
fn run(text: &[u8], mantissa: &mut u64) -> usize {
    let mut at = 0;
    while let Some(&bytes) = text[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
        // A byte that is no digit has its highest bit set here; what it carries changes only bytes
        // that come after it.
        let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
        let count = others.trailing_zeros() as usize / 8;
        if count == 0 {
            return at;
        }
        // As if the digits stood after zeros.
        let word = word << (64 - 8 * count);
        let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
        const EVERY_FOURTH: u64 = 0x0000_00FF_0000_00FF;
        let high = (pairs & EVERY_FOURTH).wrapping_mul(0x000F_4240_0000_0064);
        let low = (pairs >> 16 & EVERY_FOURTH).wrapping_mul(0x0000_2710_0000_0001);
        let value = high.wrapping_add(low) >> 32;
        *mantissa = mantissa.wrapping_mul(TENS[count]).wrapping_add(value);
        at += count;
        if count < 8 {
            return at;
        }
    }
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&d| d < 10) {
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    at
}

const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Numbers of many digits or with an exponent; `end` is where the exponent would begin.
#[cold]
fn long(text: &[u8], mut end: usize, scientific: bool, point: u8) -> Option<(f64, usize)> {
    if scientific {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let digits = text[end + 1 + sign..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        end += 1 + sign + digits;
    }
    // Only ASCII was passed over.
    let written = std::str::from_utf8(&text[..end]).ok()?;
    let value: f64 = if point == b'.' {
        written.parse().ok()?
    } else {
        written.replace(char::from(point), ".").parse().ok()?
    };
    value.is_finite().then_some((value, end))
}

/// The whole of `text` as a cell.
pub(crate) fn cell(text: &[u8], point: u8) -> Cell {
    let text = text.trim_ascii();
    if let Some((value, used)) = number(text, point)
        && used == text.len()
    {
        return Cell::Number(value);
    }
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
    if text.is_empty() || is(&MISSING) {
        Cell::Missing
    } else if is(&["true"]) {
        Cell::Number(1.0)
    } else if is(&["false"]) {
        Cell::Number(0.0)
    } else {
        Cell::Text
    }
}

/// What programs write where they have no value.
const MISSING: [&str; 9] = ["nan", "na", "n/a", "null", "none", "nil", "-nan", "<na>", "#n/a"];

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_number_is_told_apart_from_what_is_missing() {
        for missing in ["", "  ", "NaN", "n/a", "NULL", "None"] {
            assert_eq!(cell(missing.as_bytes(), b'.'), Cell::Missing, "{missing:?}");
        }
        for text in ["off", "1.2.3", "1e", "inf", "-", "1,5", "0x10", "1e999"] {
            assert_eq!(cell(text.as_bytes(), b'.'), Cell::Text, "{text:?}");
        }
        assert_eq!(cell(b" 1,5", b','), Cell::Number(1.5));
        assert_eq!(cell(b"1,5e3", b','), Cell::Number(1500.0));
        assert_eq!(cell(b"TRUE", b'.'), Cell::Number(1.0));
        assert_eq!(cell(b".5", b'.'), Cell::Number(0.5));
        assert_eq!(cell(b"5.", b'.'), Cell::Number(5.0));
        assert_eq!(number(b"-12.5;7", b'.'), Some((-12.5, 5)));
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(value in proptest::num::f64::NORMAL) {
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.3}")] {
                let expected: f64 = text.parse().unwrap();
                // With something behind it, as in a file.
                let longer = format!("{text};9999:9999");
                prop_assert_eq!(number(longer.as_bytes(), b'.').unwrap().0.to_bits(), expected.to_bits());
                let (found, used) = number(text.as_bytes(), b'.').unwrap();
                prop_assert_eq!(found.to_bits(), expected.to_bits(), "{}", text);
                prop_assert_eq!(used, text.len());
            }
        }

        #[test]
        fn short_decimals_are_exact(whole in 0u64..1_000_000_000, places in 0usize..12) {
            let text = format!("{}.{:0places$}", whole, whole % 7);
            let expected: f64 = text.parse().unwrap();
            let longer = format!("{text},{whole}.5");
            for text in [&text, &longer] {
                let (found, _) = number(text.as_bytes(), b'.').unwrap();
                prop_assert_eq!(found.to_bits(), expected.to_bits(), "{}", text);
            }
        }
    }
}

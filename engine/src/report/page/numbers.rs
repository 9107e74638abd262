//! Numbers for people.

/// Digits in groups of three: `390 123` with narrow no-break spaces.
pub(in crate::report) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `1 farm`, `4 farms`.
pub(in crate::report) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A share in percent, with two decimals.
pub(in crate::report) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        "n/a".to_owned()
    } else {
        format!("{:.2} %", 100.0 * part as f64 / whole as f64)
    }
}

/// Three significant digits, plain notation where it is short.
pub(super) fn significant(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        _ if size >= 100.0 || value == value.trunc() => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    if size >= 1e6 { grouped_signed(value) } else { format!("{value:.digits$}") }
}

fn grouped_signed(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", grouped(value.abs().round() as u64))
}

/// A word of the vocabulary for people: `filter_clogging` becomes `filter clogging`.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(1_390_123), "1\u{202f}390\u{202f}123");
        assert_eq!(
            (grouped(7), grouped(999), grouped(1_000)),
            ("7".into(), "999".into(), "1\u{202f}000".into())
        );
        assert_eq!(
            [0, 1, 2].map(|n| plural(n, "fault", "faults")),
            ["0 faults", "1 fault", "2 faults"]
        );
        assert_eq!(percent(1, 3), "33.33 %");
        assert_eq!(percent(0, 0), "n/a");
        assert_eq!(
            [0.1234, -3.456, 45.67, 1234.5, 6.0].map(significant),
            ["0.123", "-3.46", "45.7", "1234", "6"]
        );
    }
}

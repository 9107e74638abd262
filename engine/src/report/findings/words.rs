//! Values, times and lengths for people.

use crate::report::page::numbers::plural;
use fieldmirror_tables::finding_file::FindingRow;
use fieldmirror_tables::source::TimeKind;

/// Four significant digits in plain notation, or with a power of ten where that is long.
pub(super) fn value(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        let text = format!("{value:.3e}");
        let (lead, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", lead.trim_end_matches('0').trim_end_matches('.'));
    }
    let digits = (3 - libm::log10(size).floor() as i64).max(0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A value with its unit.
pub(super) fn measured(number: f32, unit: &str) -> String {
    let text = value(f64::from(number));
    if unit.is_empty() || !number.is_finite() { text } else { format!("{text} {unit}") }
}

/// A value that was observed with its unit, or that none was sent.
pub(super) fn observed(number: f32, unit: &str) -> String {
    if number.is_nan() { "not sent".to_owned() } else { measured(number, unit) }
}

/// A channel with its unit.
pub(super) fn channel(name: &str, unit: &str) -> String {
    if unit.is_empty() { plain(name) } else { format!("{}, {}", plain(name), plain(unit)) }
}

/// A share of one, in percent.
pub(super) fn percent(share: f32) -> String {
    match f64::from(share) * 100.0 {
        p if !p.is_finite() => "n/a".to_owned(),
        p if p > 0.0 && p < 0.5 => "< 1 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

/// How grave a finding is.
pub(super) fn severity(finding: &FindingRow) -> String {
    if finding.severity.is_finite() {
        format!("{} times the threshold", value(f64::from(finding.severity)))
    } else {
        "of unknown severity".to_owned()
    }
}

/// The device, which may have no name.
pub(super) fn device(name: &str) -> String {
    if name.is_empty() { "the only device".to_owned() } else { plain(name) }
}

/// A detector, which may have no name.
pub(super) fn detector(name: &str) -> String {
    if name.is_empty() { "not stated".to_owned() } else { plain(name) }
}

/// How long a finding took: rows with the alarm, how often it went on, and time where there is any.
pub(super) fn length(kind: TimeKind, finding: &FindingRow) -> String {
    let rows = match (finding.alarms, plural(finding.rows, "row", "rows")) {
        (0 | 1, rows) => rows,
        (alarms, rows) => format!("{rows} in {alarms} alarms"),
    };
    match micros(kind, finding) {
        Some(micros) if micros > 0 => format!("{rows}, {}", span(micros)),
        _ => rows,
    }
}

/// When a finding ended, or that it did not.
pub(super) fn end(kind: TimeKind, finding: &FindingRow) -> String {
    let still = if finding.open { ", still going on" } else { "" };
    format!("{}{still}", kind.text(finding.end))
}

/// From the onset to the end in microseconds, where times are times.
pub(super) fn micros(kind: TimeKind, finding: &FindingRow) -> Option<u64> {
    (kind != TimeKind::Row).then(|| finding.end.max(finding.onset).abs_diff(finding.onset))
}

/// A length of time in its two largest units.
pub(super) fn span(micros: u64) -> String {
    const UNITS: [(u64, &str, &str); 5] = [
        (365 * 86_400, "year", "years"),
        (86_400, "day", "days"),
        (3_600, "h", "h"),
        (60, "min", "min"),
        (1, "s", "s"),
    ];
    let seconds = micros / 1_000_000;
    if seconds < 10 {
        return format!("{} s", value(micros as f64 / 1e6));
    }
    let first = UNITS.iter().position(|unit| seconds >= unit.0).unwrap_or(UNITS.len() - 1);
    let (size, one, many) = UNITS[first];
    let mut text = plural(seconds / size, one, many);
    if let Some((next, one, many)) = UNITS.get(first + 1) {
        let rest = seconds % size / next;
        if rest > 0 {
            text.push(' ');
            text.push_str(&plural(rest, one, many));
        }
    }
    text
}

/// `text` without control characters, which a terminal would obey and XML refuses.
pub(super) fn plain(text: &str) -> String {
    let shown = |c: char| {
        let refused = c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
        if refused { char::REPLACEMENT_CHARACTER } else { c }
    };
    text.chars().map(shown).collect()
}

/// `text` in at most `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_lengths_read_well() {
        let values = [0.0, 52.5, -32.253_4, 0.052_345_6, 101_325.0, 1e9, -1.25e-9, f64::NAN];
        assert_eq!(
            values.map(value),
            ["0", "52.5", "-32.25", "0.05235", "101325", "1e9", "-1.25e-9", "n/a"]
        );
        assert_eq!([0.82, 0.004, 0.0, 1.0].map(percent), ["82 %", "< 1 %", "0 %", "100 %"]);
        let spans = [1_500_000, 89_000_000, 7_200_000_000, 100 * 3_600_000_000];
        assert_eq!(spans.map(span), ["1.5 s", "1 min 29 s", "2 h", "4 days 4 h"]);
    }
}

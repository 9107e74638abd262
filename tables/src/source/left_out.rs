//! Columns that are no channels, because they hold no numbers.

use super::number::{Cell, cell};
use super::plan::{Head, Meaning};
use super::spec::{Format, Layout, SourceSpec};
use std::collections::BTreeMap;

/// A column without a meaning that is no channel, as it looks at the beginning of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name; in the long layout that of a metric.
    pub name: String,
    /// What it holds instead of numbers.
    pub holds: Holds,
    /// The first of what is no number; empty where the format does not show it.
    pub example: String,
}

/// What a column holds instead of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Something else.
    Other,
    /// Nothing, so far.
    Nothing,
    /// Numbers such as `1,5` in a file of which a decimal comma can be said.
    DecimalComma,
    /// Numbers such as `1,234.5`, `1.234,5` or `1 234`, or with a comma where none can be said.
    Digits,
}

/// The columns that are left out.
pub(super) fn columns(spec: &SourceSpec, heads: &[Head], meaning: &Meaning) -> Vec<LeftOut> {
    if spec.layout != Layout::Wide {
        return Vec::new();
    }
    let first = &heads[0];
    let mut found: BTreeMap<&str, (u64, u64, &str)> = BTreeMap::new();
    for column in heads.iter().flat_map(|head| &head.columns) {
        let one = found.entry(&column.name).or_default();
        one.0 += column.numbers;
        one.1 += column.texts;
        if one.2.is_empty() {
            one.2 = &column.example;
        }
    }
    let mut names: Vec<&str> = first.columns.iter().map(|column| column.name.as_str()).collect();
    if first.ragged {
        names = found.keys().copied().collect();
    }
    let prefix = first.preset.prefix;
    let left_out = |name: &&str| {
        let (numbers, texts, _) = found.get(*name).copied().unwrap_or_default();
        let taken = [&meaning.time, &meaning.device, &meaning.class];
        let used = meaning.columns.iter().chain(taken.into_iter().flatten()).any(|u| u == name);
        let short = name.strip_prefix(prefix);
        let ignored = |ignored: &String| ignored == name || Some(ignored.as_str()) == short;
        // Where numbers prevail the user chose other channels.
        let numeric = numbers > 0 && numbers >= texts;
        let empty = texts == 0 && !first.ragged;
        let ignored = spec.columns.ignore.iter().any(ignored);
        !used && !ignored && !numeric && !empty && short.is_some()
    };
    let one = |name: &str| {
        let (_, texts, example) = found.get(name).copied().unwrap_or_default();
        let comma = first.format == Format::Csv && !spec.decimal_comma;
        let holds = if texts == 0 { Holds::Nothing } else { holds(example, comma) };
        let name = name.strip_prefix(prefix).unwrap_or(name).to_owned();
        LeftOut { name, holds, example: example.to_owned() }
    };
    names.into_iter().filter(left_out).map(one).collect()
}

/// What a text that is no number looks like; `comma` if a decimal comma can be said.
fn holds(text: &str, comma: bool) -> Holds {
    let text = text.trim();
    if text.contains(',') && matches!(cell(text.as_bytes(), b','), Cell::Number(_)) {
        return if comma { Holds::DecimalComma } else { Holds::Digits };
    }
    if grouped(text) { Holds::Digits } else { Holds::Other }
}

/// Whether a text is a number whose digits stand in groups of three.
fn grouped(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Blanks are also narrow ones and those at which no line breaks.
    [',', '.', ' ', '\'', '\u{a0}', '\u{202f}', '\u{2019}'].into_iter().any(|between| {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, fraction) = match text.rfind([',', '.']) {
            Some(at) if !text[at..].starts_with(between) => (&text[..at], &text[at + 1..]),
            _ => (text, ""),
        };
        let mut groups = whole.split(between);
        let first = groups.next().unwrap_or_default();
        let first = (1..=3).contains(&first.len()) && digits(first);
        let mut further = 0;
        let rest = groups.all(|group| {
            further += 1;
            group.len() == 3 && digits(group)
        });
        first && rest && further > 0 && digits(fraction)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_read_are_told_from_text() {
        for text in ["1,5", "-0,25", "1,234"] {
            assert_eq!(holds(text, true), Holds::DecimalComma, "{text}");
            assert_eq!(holds(text, false), Holds::Digits, "{text}");
        }
        for text in
            ["1,234.5", "1.234,5", "1 234", "1'234.5", "12\u{a0}345,6", "1,234,567", "-1 000"]
        {
            assert_eq!(holds(text, true), Holds::Digits, "{text}");
        }
        for text in ["north", "1,23,456", "1 23", "12:30", "2024.05.01", "1.2.3", "", "10.0.0.12"] {
            assert_eq!(holds(text, true), Holds::Other, "{text}");
        }
    }
}

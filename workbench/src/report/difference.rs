//! Two lists of values, line against line.

use crate::suite::values::pretty;
use fieldmirror_rules::value::Value;

/// Most lines of a side that are compared; longer sides are shown one after the other. Source:
/// ours; the comparison is quadratic.
const LINES_MAX: usize = 2_000;

/// Lines of JSON with sorted keys: `-` was expected, `+` happened, the rest is the same. Empty if
/// both are.
pub(crate) fn difference(expected: &[Value], actual: &[Value]) -> String {
    let (old, new) = (lines(expected), lines(actual));
    let mut out = vec![];
    let common = if old.len().max(new.len()) > LINES_MAX { vec![] } else { common(&old, &new) };
    let (mut i, mut j) = (0, 0);
    for (a, b) in common.into_iter().chain([(old.len(), new.len())]) {
        out.extend(old[i..a].iter().map(|line| format!("- {line}")));
        out.extend(new[j..b].iter().map(|line| format!("+ {line}")));
        if let Some(line) = old.get(a) {
            out.push(format!("  {line}"));
        }
        (i, j) = (a + 1, b + 1);
    }
    out.join("\n")
}

/// The values one after the other.
fn lines(values: &[Value]) -> Vec<String> {
    let text: Vec<String> = values.iter().map(pretty).collect();
    text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
}

/// Whether two lines say the same: a comma that only separates from what follows says nothing.
fn same(old: &str, new: &str) -> bool {
    old.strip_suffix(',').unwrap_or(old) == new.strip_suffix(',').unwrap_or(new)
}

/// The places of a longest common subsequence.
fn common(old: &[String], new: &[String]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if same(&old[i], &new[j]) {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, vec![]);
    while i < old.len() && j < new.len() {
        if same(&old[i], &new[j]) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_lines_that_differ_are_marked() {
        let old = [value(r#"{"rule":"pump_on","payload":{"humidity":34,"t":1}}"#)];
        let new = [value(r#"{"payload":{"t":1,"humidity":35},"rule":"pump_on"}"#)];
        let expected = [
            "  {",
            "    \"payload\": {",
            "-     \"humidity\": 34,",
            "+     \"humidity\": 35,",
            "      \"t\": 1",
            "    },",
            "    \"rule\": \"pump_on\"",
            "  }",
        ]
        .join("\n");
        assert_eq!(difference(&old, &new), expected);
        assert_eq!(difference(&[], &new[..0]), "");
        assert_eq!(difference(&[value("1")], &[]), "- 1");
        assert_eq!(difference(&[], &[value("1")]), "+ 1");
    }
}

//! Which column may tell devices apart, where nobody named one.

use super::left_out::{Holds, LeftOut};
use std::collections::{BTreeMap, BTreeSet};

/// The column of `columns` by whose values the rows with these `times` fall into devices: several
/// rows have one time, and none of them one value. Texts go before numbers.
pub(super) fn column<'a>(
    times: &[&str],
    columns: impl Iterator<Item = (&'a str, bool, Vec<&'a str>)>,
) -> Option<&'a str> {
    let different: BTreeSet<&str> = times.iter().copied().collect();
    // A few equal times are no devices.
    if different.len() * 10 > times.len() * 9 {
        return None;
    }
    let mut found = None;
    for (name, text, cells) in columns {
        let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
        cells.iter().for_each(|&cell| *rows.entry(cell).or_default() += 1);
        // A value of which there are few rows is none that devices go by.
        let few = rows.values().any(|&count| count < FEW) || rows.len() < 2;
        let pairs: BTreeSet<(&str, &str)> =
            times.iter().copied().zip(cells.iter().copied()).collect();
        if few || cells.len() != times.len() || pairs.len() < times.len() {
            continue;
        }
        if text {
            return Some(name);
        }
        found = found.or(Some(name));
    }
    found
}

/// A device has at least so many of the rows that are looked at.
const FEW: u64 = 3;

/// A column of texts of which some device may be called, if rows do not tell.
pub(super) fn fallback(left_out: &[LeftOut]) -> Option<&str> {
    let texts = left_out.iter().filter(|column| column.holds == Holds::Other);
    texts.map(|column| column.name.as_str()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_tells_devices_apart_if_it_leaves_none_two_rows_of_one_time() {
        let times: Vec<String> = (0..20).map(|row| format!("{}", row / 2)).collect();
        let times: Vec<&str> = times.iter().map(String::as_str).collect();
        let cells = |of: &dyn Fn(usize) -> &'static str| (0..20).map(of).collect::<Vec<_>>();
        let pump = || ("pump", true, cells(&|row| ["a", "b"][row % 2]));
        let number = || ("number", false, cells(&|row| ["7", "8"][row % 2]));
        let state = || ("state", true, cells(&|row| ["on", "off"][row / 10]));
        assert_eq!(column(&times, [state(), number(), pump()].into_iter()), Some("pump"));
        assert_eq!(column(&times, [state(), number()].into_iter()), Some("number"));
        assert_eq!(column(&times, [state()].into_iter()), None);
        let own: Vec<String> = (0..20).map(|row| row.to_string()).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        assert_eq!(column(&own, [pump()].into_iter()), None, "every row has its own time");
    }
}

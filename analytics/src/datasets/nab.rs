//! NAB: univariate series and the windows in which an alarm is welcome.
//!
//! Windows stand in `windows.json`, `combined_windows.json`, `labels/combined_windows.json` or, if the
//! folder is NAB's own `data`, in `../labels/combined_windows.json`, by `folder/file.csv`. Files
//! without an entry there are left out, since nothing is known about them.

use super::{Entry, Trial, nothing, of_one_file, relative};
use crate::error::{AnalyticsError, Result};
use crate::metrics::{Segment, probation_rows};
use fieldmirror_tables::labelled::{
    LabelColumn, LabelledLayout, files_below, parse_moment, read_labelled, text_of,
};
use std::collections::BTreeMap;
use std::path::Path;

/// L of the volumes.
const WIDTH: usize = 100;

pub(super) fn list(root: &Path) -> Result<Vec<Entry>> {
    let expected = "windows.json, or NAB's labels/combined_windows.json, beside the series";
    let places = [
        root.join("windows.json"),
        root.join("combined_windows.json"),
        root.join("labels").join("combined_windows.json"),
        root.join("..").join("labels").join("combined_windows.json"),
    ];
    let file = places.into_iter().find(|place| place.is_file());
    let windows = windows(&file.ok_or_else(|| nothing(root, expected))?)?;
    let data = root.join("data");
    let root = if data.is_dir() { data.as_path() } else { root };
    let mut entries = Vec::new();
    for path in files_below(root, "csv")? {
        let name = relative(root, &path);
        if let Some(windows) = windows.get(&name) {
            let windows = windows.clone();
            entries.push(Entry { name, train: path.clone(), test: path, windows });
        }
    }
    if entries.is_empty() {
        return Err(nothing(root, "CSV files in subfolders, named in the file of windows"));
    }
    Ok(entries)
}

/// The windows of each file, in microseconds, both ends included.
fn windows(path: &Path) -> Result<BTreeMap<String, Vec<(i64, i64)>>> {
    let wrong = |found: String| AnalyticsError::DataSet {
        path: path.to_owned(),
        found,
        expected: "an object such as {\"folder/file.csv\": [[\"2014-04-10 07:15:00\", \"...\"]]}",
    };
    let texts: BTreeMap<String, Vec<[String; 2]>> = serde_json::from_str(&text_of(path)?)
        .map_err(|error| wrong(format!("is not a list of windows ({error})")))?;
    let mut windows = BTreeMap::new();
    for (name, pairs) in texts {
        let mut of_file = Vec::new();
        for [start, end] in pairs {
            let pair = parse_moment(&start).zip(parse_moment(&end));
            of_file.push(pair.ok_or_else(|| {
                wrong(format!("has a window of {name} from `{start}` to `{end}`"))
            })?);
        }
        of_file.sort_unstable();
        windows.insert(name, of_file);
    }
    Ok(windows)
}

pub(super) fn load(entry: &Entry) -> Result<Trial> {
    let layout = LabelledLayout { time: Some("timestamp"), label: LabelColumn::None, ignore: &[] };
    let mut table = read_labelled(&entry.test, &layout)?;
    let rows = table.rows();
    let times: Vec<i64> = table.times.iter().map(|time| time.unwrap_or(i64::MIN)).collect();
    let windows = rows_of(&entry.windows, &times, &entry.test)?;
    let mut labels = vec![false; rows];
    windows.iter().for_each(|window| labels[window.start..window.end].fill(true));
    table.labels = Some(labels);
    let probation = probation_rows(rows);
    let mut trial = of_one_file(entry, table, probation, probation)?;
    trial.width = WIDTH;
    trial.windows = windows;
    Ok(trial)
}

/// Windows as rows.
fn rows_of(windows: &[(i64, i64)], times: &[i64], path: &Path) -> Result<Vec<Segment>> {
    let row_of = |&(start, end): &(i64, i64)| {
        let first = times.iter().position(|&time| time >= start)?;
        let last = times.iter().rposition(|&time| time <= end)?;
        (first <= last).then_some(Segment { start: first, end: last + 1 })
    };
    let rows: Option<Vec<Segment>> = windows.iter().map(row_of).collect();
    rows.ok_or_else(|| AnalyticsError::DataSet {
        path: path.to_owned(),
        found: "has no row in one of its windows".to_owned(),
        expected: "series and windows of the same release of NAB",
    })
}

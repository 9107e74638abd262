//! TSB-AD: one series a file, the label last, the end of training in the name: `..._tr_N_1st_M.csv`.
//!
//! All rows are judged, those of training included, because TSB-AD does so and its figures are beside
//! ours. L is the period of the first channel, found as TSB-AD finds it.

use super::{Entry, Trial, nothing, of_one_file, relative};
use crate::error::{AnalyticsError, Result};
use fieldmirror_tables::labelled::{LabelColumn, LabelledLayout, files_below, read_labelled};
use std::path::Path;

pub(super) fn list(root: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in files_below(root, "csv")? {
        let name = relative(root, &path);
        if train_rows(&name).is_some() {
            let test = path.clone();
            entries.push(Entry { name, train: path, test, windows: Vec::new() });
        }
    }
    if entries.is_empty() {
        return Err(nothing(
            root,
            "CSV files with names such as 001_X_id_1_Sensor_tr_500_1st_900.csv",
        ));
    }
    Ok(entries)
}

pub(super) fn load(entry: &Entry) -> Result<Trial> {
    let rows = train_rows(&entry.name).ok_or_else(|| AnalyticsError::DataSet {
        path: entry.test.clone(),
        found: "does not say in its name where training ends".to_owned(),
        expected: "a name such as 001_X_id_1_Sensor_tr_500_1st_900.csv",
    })?;
    let layout = LabelledLayout { time: None, label: LabelColumn::Last, ignore: &[] };
    let table = read_labelled(&entry.test, &layout)?;
    let width = table.columns.first().map_or(DEFAULT_WIDTH, |(_, values)| period(values));
    let mut trial = of_one_file(entry, table, rows, 0)?;
    trial.width = width;
    Ok(trial)
}

/// N of `_tr_N_`.
fn train_rows(name: &str) -> Option<usize> {
    let (_, rest) = name.rsplit_once("_tr_")?;
    rest.split(['_', '.']).next()?.parse().ok()
}

const DEFAULT_WIDTH: usize = 125;
/// The lags that are looked at.
const LAGS: usize = 400;
/// Shorter lags are no period.
const BASE: usize = 3;
/// Rows that are looked at.
const ROWS: usize = 20_000;

/// The lag at which the autocorrelation has its highest peak; 125 without a peak or with one
/// beyond 300.
///
/// # Source
/// TSB-AD 1.5, `find_length_rank(data, rank=1)`.
pub(super) fn period(values: &[f64]) -> usize {
    let values = &values[..values.len().min(ROWS)];
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let product = |lag: usize| -> f64 {
        centred[..values.len() - lag].iter().zip(&centred[lag..]).map(|(a, b)| a * b).sum()
    };
    let lags = BASE..LAGS.min(values.len().saturating_sub(1)) + 1;
    let correlations: Vec<f64> = lags.map(product).collect();
    let mut best: Option<(usize, f64)> = None;
    for (at, around) in correlations.windows(3).enumerate() {
        let peak = around[1] > around[0] && around[1] > around[2];
        if peak && best.is_none_or(|(_, height)| around[1] >= height) {
            best = Some((at + 1, around[1]));
        }
    }
    match best {
        Some((at, _)) if (3..=300).contains(&at) => at + BASE,
        _ => DEFAULT_WIDTH,
    }
}

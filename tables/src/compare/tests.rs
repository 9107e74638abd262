//! Comparison finds the first difference, and none where rows are equal.

use super::*;
use crate::recorder::ShardRecorder;
use crate::sample;
use crate::writer::RunTables;

/// A run of 300 rows in groups of `rows_per_group`, with `change` applied before each group ends.
fn run(dir: &Path, rows_per_group: u32, change: impl Fn(u32, &mut ShardRecorder)) {
    let mut tables = RunTables::create(dir).expect("writable");
    let mut shard = sample::recorder(0);
    for group in 0..300 / rows_per_group {
        sample::fill(&mut shard, group * rows_per_group, (group + 1) * rows_per_group);
        change(group, &mut shard);
        tables.append(shard.end_group().expect("valid")).expect("in order");
    }
    tables.finish().expect("writable");
}

fn compare(change: impl Fn(u32, &mut ShardRecorder)) -> Option<Difference> {
    let dir = tempfile::tempdir().expect("a directory");
    run(&dir.path().join("a"), 100, |_, _| {});
    run(&dir.path().join("b"), 100, change);
    first_difference(&dir.path().join("a"), &dir.path().join("b")).expect("readable")
}

#[test]
fn equal_rows_do_not_differ_however_they_are_grouped() {
    let dir = tempfile::tempdir().expect("a directory");
    run(&dir.path().join("a"), 100, |_, _| {});
    run(&dir.path().join("b"), 30, |_, _| {});
    let found = first_difference(&dir.path().join("a"), &dir.path().join("b"));
    assert_eq!(found.expect("readable"), None);
}

#[test]
fn the_first_row_counts_before_the_first_column() {
    let found = compare(|group, shard| {
        if group == 1 {
            shard.uplinks.device[70] += 1;
            shard.uplinks.delivered[20] ^= true;
            shard.uplinks.snr_db[20] = f32::NAN;
        }
    });
    let found = found.expect("rows differ");
    assert_eq!((found.table, found.row, found.column.as_str()), (Table::Uplinks, 120, "delivered"));
    assert_eq!((found.left.as_str(), found.right.as_str()), ("false", "true"));
}

#[test]
fn nulls_strings_and_signs_of_zero_count() {
    let found = compare(|_, shard| shard.uplinks.lost[5] = -1).expect("a null");
    assert_eq!((found.left.as_str(), found.right.as_str()), ("collision", "null"));
    let found = compare(|_, shard| shard.soil.residual_mm[0] = 0.0).expect("-0 is not 0");
    assert_eq!(
        (found.table, found.left.as_str(), found.right.as_str()),
        (Table::Soil, "-0.0", "0.0")
    );
    let found = compare(|_, shard| shard.telemetry.sampled_at[0] += 1).expect("a time");
    assert_eq!(found.column, "sampled_at");
    assert_eq!(found.left, "2018-05-31T23:59:59.999999999Z");
}

#[test]
fn a_table_that_ends_early_differs_in_its_number_of_rows() {
    let found = compare(|group, shard| {
        if group == 2 {
            shard.scores.time.pop();
            shard.scores.device.pop();
            shard.scores.detector.pop();
            shard.scores.score.pop();
            shard.scores.threshold.pop();
            shard.scores.alarm.pop();
        }
    });
    let found = found.expect("a row is missing");
    let text = "table scores, row 299, column rows: 300 rows against 299 rows";
    assert_eq!(found.to_string(), text);
}

#[test]
fn a_missing_table_is_an_error_not_a_difference() {
    let dir = tempfile::tempdir().expect("a directory");
    run(dir.path(), 100, |_, _| {});
    let error = first_difference(dir.path(), &dir.path().join("none")).expect_err("no run");
    assert!(matches!(error, TablesError::Missing { .. }), "{error}");
}

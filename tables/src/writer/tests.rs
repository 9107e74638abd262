//! Groups land where their references say, and nothing of the machine lands with them.

use super::*;
use crate::read::{TableReader, counts};
use crate::sample;

#[test]
fn row_references_resolve_to_rows_of_the_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut tables = RunTables::create(dir.path()).expect("writable");
    let mut shards = [sample::recorder(0), sample::recorder(1)];
    let mut marks = Vec::new();
    for group in 0..3_u32 {
        for shard in &mut shards {
            let from = group * 1_000;
            sample::fill(shard, from, from + 20);
            shard.flush_if(16).expect("valid");
            sample::fill(shard, from + 20, from + 20 + group);
            marks.push((shard.next_row(Table::Uplinks), from + 20 + group));
            sample::fill(shard, from + 20 + group, from + 50);
            tables.append(shard.end_group().expect("valid")).expect("in order");
        }
    }
    assert_eq!(tables.rows_so_far(Table::Uplinks), 300);
    let rows: Vec<_> = marks
        .iter()
        .map(|&(mark, counter)| (tables.resolve(Table::Uplinks, mark), counter))
        .collect();
    let beyond = RowRef { row: 50, ..marks[0].0 };
    assert_eq!(tables.resolve(Table::Uplinks, beyond), None);
    let unknown = RowRef { group: 9, ..marks[0].0 };
    assert_eq!(tables.resolve(Table::Uplinks, unknown), None);
    assert_eq!(tables.resolve(Table::Findings, marks[0].0), None);
    tables.finish().expect("writable");

    let reader = TableReader::open_table(dir.path(), Table::Uplinks).expect("readable");
    let counters: Vec<u64> = reader
        .batches()
        .flat_map(|batch| counts(&batch.expect("readable"), "frame_counter").expect("a column"))
        .collect();
    for (row, counter) in rows {
        assert_eq!(counters[row.expect("appended") as usize], u64::from(counter));
    }
}

#[test]
fn groups_out_of_order_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut tables = RunTables::create(dir.path()).expect("writable");
    let (mut a, mut b) = (sample::recorder(0), sample::recorder(1));
    tables.append(b.end_group().expect("valid")).expect("first");
    let error = tables.append(a.end_group().expect("valid")).expect_err("shard 0 is late");
    assert!(matches!(error, TablesError::Order { shard: 0, last_shard: 1, .. }), "{error}");
    assert!(tables.append(a.end_group().expect("valid")).is_ok(), "the next group is in order");
}

#[test]
fn entries_come_in_order_and_equal_runs_are_equal_bytes() {
    let dir = tempfile::tempdir().expect("a directory");
    let entries = sample::run(&dir.path().join("a"), 300, 100);
    assert_eq!(
        entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(),
        Table::ALL.map(Table::name)
    );
    assert_eq!(sample::run(&dir.path().join("b"), 300, 100), entries);
    for entry in &entries {
        let read = |run: &str| std::fs::read(dir.path().join(run).join(&entry.file)).expect("file");
        assert_eq!(read("a"), read("b"), "{}", entry.name);
    }
}

#[test]
fn a_group_knows_its_rows() {
    let mut shard = sample::recorder(0);
    sample::fill(&mut shard, 0, 30);
    shard.flush_if(30).expect("valid");
    assert_eq!(shard.rows_in_group(Table::Messages), 30);
    assert_eq!(shard.rows_in_group(Table::Soil), 3, "not enough to flush, but counted");
    let group = shard.end_group().expect("valid");
    assert_eq!((group.rows(Table::Messages), group.rows(Table::Soil)), (30, 3));
    assert_eq!(group.rows(Table::Findings), 0);
    assert_eq!(shard.rows_in_group(Table::Messages), 0);
}

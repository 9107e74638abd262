//! Findings are read as they were written, in each format that can be read.

use super::*;
use crate::source::{EpochUnit, TimeKind};

fn findings() -> Vec<FindingRow> {
    let finding = |number: i64| FindingRow {
        id: format!("F-{number:06}"),
        device: "pump, 1".to_owned(),
        class: String::new(),
        onset: number * 1_000_000_000_000_000,
        end: number * 1_000_000_000_000_000 + 5_000_000,
        open: number == 2,
        peak: number * 1_000_000_000_000_000 + 2_000_000,
        rows: 6,
        alarms: 2,
        severity: 2.5,
        peak_score: 25.0,
        threshold: 10.0,
        detector: "var".to_owned(),
        channels: vec![FindingChannel {
            name: "pressure".to_owned(),
            unit: "bar".to_owned(),
            share: 0.75,
            observed: 1.5,
            expected: 3.25,
        }],
        trace: (0..number)
            .map(|point| TracePoint {
                time: number * 1_000_000_000_000_000 + point * 1_000_000,
                score: point as f32,
                observed: vec![1.0, point as f32],
                expected: vec![1.0],
            })
            .collect(),
    };
    vec![finding(1), finding(2)]
}

#[test]
fn findings_come_back_from_each_format() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["parquet", "arrow", "jsonl"] {
        for kind in [
            TimeKind::Naive,
            TimeKind::Zoned,
            TimeKind::Epoch(EpochUnit::Millisecond),
            TimeKind::EpochSeconds,
        ] {
            let path = folder.path().join(format!("findings.{ending}"));
            write_findings(&path, kind, &findings()).unwrap();
            let (found, read) = read_findings(&path).unwrap();
            assert_eq!(found, kind, "{ending}");
            assert_eq!(read, findings(), "{ending} {kind:?}");
        }
    }
}

#[test]
fn what_was_not_sent_is_null_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding = findings().swap_remove(1);
    finding.channels[0].observed = f32::NAN;
    finding.trace[0].observed[1] = f32::NAN;
    for ending in ["parquet", "arrow", "jsonl"] {
        let path = folder.path().join(format!("findings.{ending}"));
        write_findings(&path, TimeKind::Zoned, std::slice::from_ref(&finding)).unwrap();
        let read = read_findings(&path).unwrap().1;
        assert_eq!(format!("{read:?}"), format!("[{finding:?}]"), "{ending}");
    }
    let path = folder.path().join("findings.csv");
    write_findings(&path, TimeKind::Zoned, &[finding]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("pressure 75 %: not sent, expected 3.25 bar"), "{text}");
}

#[test]
fn no_findings_and_numbered_rows_are_files_too() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["parquet", "arrow"] {
        let path = folder.path().join(format!("none.{ending}"));
        write_findings(&path, TimeKind::Row, &[]).unwrap();
        assert_eq!(read_findings(&path).unwrap(), (TimeKind::Row, Vec::new()));
    }
    let path = folder.path().join("rows.jsonl");
    let row =
        FindingRow { onset: 17, end: 20, peak: 18, trace: Vec::new(), ..findings().remove(0) };
    write_findings(&path, TimeKind::Row, std::slice::from_ref(&row)).unwrap();
    assert_eq!(read_findings(&path).unwrap(), (TimeKind::Row, vec![row]));
    let path = folder.path().join("none.jsonl");
    write_findings(&path, TimeKind::Naive, &[]).unwrap();
    assert!(read_findings(&path).unwrap().1.is_empty());
}

#[test]
fn csv_is_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("findings.csv");
    write_findings(&path, TimeKind::Naive, &findings()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.lines().nth(1),
        Some(
            "F-000001,\"pump, 1\",,2001-09-09 01:46:40,2001-09-09 01:46:45,false,2001-09-09 01:46:42,6,\
             2,2.5,25,10,var,\"pressure 75 %: 1.5 bar, expected 3.25 bar\""
        )
    );
    let error = read_findings(&path).unwrap_err().to_string();
    assert!(error.contains("findings in this format cannot be read back"), "{error}");
    let error = write_findings(&folder.path().join("x.txt"), TimeKind::Row, &[]).unwrap_err();
    assert!(error.to_string().contains("the ending does not say"), "{error}");
}

#[test]
fn another_file_is_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    std::fs::write(&path, "PAR1 but short").unwrap();
    let error = read_findings(&path).unwrap_err().to_string();
    assert!(error.contains("this is no file of findings"), "{error}");
    assert!(error.contains("x.parquet"), "{error}");
}

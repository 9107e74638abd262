//! Score files hold a row for each row that came, are read back, and have the same bytes whether or
//! not the job was stopped on the way.

use super::*;
use crate::source::EpochUnit;

fn rows(from: usize, to: usize) -> ScoreRows {
    let range = || from..to;
    ScoreRows {
        time: range().map(|row| 1_583_748_873_000_000 + row as i64 * 1_500_000).collect(),
        device: range().map(|row| (row % 3 % 2) as u32).collect(),
        score: range().map(|row| (row % 1013) as f32 / 7.0).collect(),
        threshold: range().map(|row| 100.5 + (row / 1000) as f32).collect(),
        alarm: range().map(|row| row % 1013 > 1000).collect(),
        judged: range().map(|row| row % 1013 > 5).collect(),
        more: vec![range().map(|row| row as f32 * 1e-9).collect()],
    }
}

fn devices() -> Vec<String> {
    vec!["pump, \"north\"".to_owned(), "pump-2".to_owned()]
}

fn resumed(path: &Path, key: &str) -> (ScoreWriter, Vec<u8>, u64) {
    match ScoreWriter::resume(path, spec(key)).unwrap() {
        Resume::Here { writer, state, rows_in } => (*writer, state, rows_in),
        other => panic!("{other:?}"),
    }
}

fn spec(key: &str) -> ScoreSpec {
    let kind = TimeKind::Epoch(EpochUnit::Millisecond);
    ScoreSpec {
        kind,
        more: vec!["drift".to_owned()],
        key: vec![("model".to_owned(), key.to_owned())],
    }
}

/// More than two pieces, and not a whole number of them.
const ROWS: usize = 2 * ROWS_PER_PIECE + 1234;

fn whole(path: &Path) -> Vec<u8> {
    let mut writer = ScoreWriter::create(path, spec("k")).unwrap();
    writer.append(&rows(0, ROWS), &devices()).unwrap();
    assert_eq!(writer.finish().unwrap(), ROWS as u64);
    std::fs::read(path).unwrap()
}

#[test]
fn every_row_is_read_back_from_each_format() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["csv", "parquet", "arrow"] {
        let path = folder.path().join(format!("scores.{ending}"));
        whole(&path);
        let mut reader = read_scores(&path).unwrap();
        let mut read = ScoreChunk::default();
        while let Some(chunk) = reader.next_chunk().unwrap() {
            read.time.extend(chunk.time);
            read.device.extend(chunk.device);
            read.score.extend(chunk.score);
            read.threshold.extend(chunk.threshold);
            read.alarm.extend(chunk.alarm);
        }
        let expected = rows(0, ROWS);
        assert_eq!(read.time, expected.time, "{ending}");
        assert_eq!(read.device, expected.device, "{ending}");
        assert_eq!(read.score, expected.score, "{ending}");
        assert_eq!(read.threshold, expected.threshold, "{ending}");
        assert_eq!(read.alarm, expected.alarm, "{ending}");
        assert_eq!(reader.devices(), devices(), "{ending}");
        assert_eq!(reader.time_kind(), TimeKind::Epoch(EpochUnit::Millisecond), "{ending}");
        assert!(!partial(&path).exists(), "{ending}");
    }
}

#[test]
fn a_job_that_was_stopped_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["csv", "parquet", "arrow"] {
        let expected = whole(&folder.path().join(format!("whole.{ending}")));
        let path = folder.path().join(format!("stopped.{ending}"));
        let stops = [777, ROWS_PER_PIECE + 5, ROWS_PER_PIECE + 6, 2 * ROWS_PER_PIECE];
        let mut writer = ScoreWriter::create(&path, spec("k")).unwrap();
        let mut from = 0;
        for stop in stops {
            writer.append(&rows(from, stop), &devices()).unwrap();
            writer.checkpoint(format!("state {stop}").as_bytes(), stop as u64 + 1).unwrap();
            // What came after the checkpoint is lost with the job.
            writer.append(&rows(stop, stop + ROWS_PER_PIECE), &devices()).unwrap();
            drop(writer);
            assert!(!path.exists());
            let (again, state, rows_in) = resumed(&path, "k");
            assert_eq!((state, rows_in), (format!("state {stop}").into_bytes(), stop as u64 + 1));
            assert_eq!(again.rows(), stop as u64);
            (writer, from) = (again, stop);
        }
        writer.append(&rows(from, ROWS), &devices()).unwrap();
        writer.finish().unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "{ending} differs");
        assert!(!partial(&path).exists());
    }
}

#[test]
fn only_an_equal_job_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    let resume = |key: &str| ScoreWriter::resume(&path, spec(key)).unwrap();
    assert!(matches!(resume("k"), Resume::Nothing));
    let mut writer = ScoreWriter::create(&path, spec("k")).unwrap();
    writer.append(&rows(0, 10), &devices()).unwrap();
    writer.checkpoint(b"state", 10).unwrap();
    drop(writer);
    let Resume::Useless { folder: found, rows_in, differs } = resume("other") else {
        panic!("another job goes on");
    };
    assert_eq!((found, rows_in), (partial(&path), Some(10)));
    assert_eq!(differs, ["model"]);
    let state = partial(&path).join(STATE);
    let mut bytes = std::fs::read(&state).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&state, &bytes).unwrap();
    let Resume::Useless { rows_in: None, differs, .. } = resume("k") else {
        panic!("a damaged checkpoint is used");
    };
    assert!(differs.is_empty());
    bytes[40] ^= 1;
    std::fs::write(&state, &bytes).unwrap();
    let (writer, ..) = resumed(&path, "k");
    writer.discard();
    assert!(!partial(&path).exists());
}

#[test]
fn nothing_half_written_stays_and_an_old_file_is_kept_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.parquet");
    std::fs::write(&path, "old").unwrap();
    let mut writer = ScoreWriter::create(&path, spec("k")).unwrap();
    writer.append(&rows(0, 10), &devices()).unwrap();
    drop(writer);
    assert!(!partial(&path).exists());
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    let error = ScoreWriter::create(Path::new("scores.xlsx"), spec("k")).unwrap_err().to_string();
    assert!(error.contains("scores.xlsx: the ending does not say which format"), "{error}");
    let mut writer = ScoreWriter::create(&path, spec("k")).unwrap();
    assert!(writer.append(&rows(0, 10), &[]).is_err(), "devices without names");
}

#[test]
fn csv_has_times_as_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    for (kind, first) in [
        (TimeKind::Naive, "2020-03-09 10:14:33,"),
        (TimeKind::Zoned, "2020-03-09T10:14:33Z,"),
        (TimeKind::Epoch(EpochUnit::Second), "1583748873,"),
        (TimeKind::Row, "1583748873000000,"),
    ] {
        let spec = ScoreSpec { kind, ..spec("k") };
        let mut writer = ScoreWriter::create(&path, spec).unwrap();
        writer.append(&rows(0, 2), &devices()).unwrap();
        writer.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("time,device,score,threshold,alarm,judged,drift"));
        let line = lines.next().unwrap();
        assert!(line.starts_with(first), "{line}");
        assert!(line.ends_with(",\"pump, \"\"north\"\"\",0,100.5,false,false,0"), "{line}");
    }
}

#[test]
fn times_of_every_kind_come_back_from_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        TimeKind::Row,
        TimeKind::Naive,
        TimeKind::Zoned,
        TimeKind::Epoch(EpochUnit::Second),
        TimeKind::EpochSeconds,
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        for ending in ["csv", "parquet", "arrow"] {
            let path = folder.path().join(format!("{number}.{ending}"));
            let spec = ScoreSpec { kind, more: Vec::new(), key: Vec::new() };
            let mut writer = ScoreWriter::create(&path, spec).unwrap();
            let some = ScoreRows { more: Vec::new(), ..rows(0, 10) };
            writer.append(&some, &devices()).unwrap();
            writer.finish().unwrap();
            let read = read_scores(&path).unwrap().next_chunk().unwrap().unwrap();
            assert_eq!(read.time.len(), 10, "{kind:?} as {ending}");
        }
    }
}

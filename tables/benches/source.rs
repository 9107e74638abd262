//! How fast telemetry is read: a million rows of eight channels as CSV and as Parquet, by one and by
//! two threads. Criterion tells rows a second; the bytes a second stand in the names' own group.

#![allow(missing_docs, reason = "criterion makes public functions")]

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fieldmirror_tables::score_file::{ScoreRows, ScoreSpec, ScoreWriter};
use fieldmirror_tables::source::{Source, SourceSpec, TimeKind};
use parquet::arrow::ArrowWriter;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ROWS: usize = 1_000_000;
const CHANNELS: usize = 8;

/// What a sensor might say: a few digits, some of them changing.
fn value(row: usize, channel: usize) -> f64 {
    let noise = (row * 7919 + channel * 104_729) % 10_007;
    ((channel * 50) as f64) + noise as f64 / 1000.0
}

fn start() -> i64 {
    1_583_748_873_000_000
}

fn write_csv(path: &Path) {
    let mut text = String::from("time");
    (0..CHANNELS).for_each(|channel| write!(text, ",c{channel}").expect("a string takes all"));
    text.push('\n');
    for row in 0..ROWS {
        text.push_str(&TimeKind::Naive.text(start() + row as i64 * 1_000_000));
        for channel in 0..CHANNELS {
            write!(text, ",{}", value(row, channel)).expect("a string takes all");
        }
        text.push('\n');
    }
    std::fs::write(path, text).expect("a temporary folder takes files");
}

fn write_parquet(path: &Path) {
    let time = (0..ROWS).map(|row| start() + row as i64 * 1_000_000);
    let mut columns: Vec<(String, ArrayRef)> =
        vec![("time".to_owned(), Arc::new(TimestampMicrosecondArray::from_iter_values(time)))];
    for channel in 0..CHANNELS {
        let values = (0..ROWS).map(|row| value(row, channel));
        let array = Arc::new(Float64Array::from_iter_values(values));
        columns.push((format!("c{channel}"), array));
    }
    let device = StringArray::from_iter_values((0..ROWS).map(|_| "pump-1"));
    columns.push(("device".to_owned(), Arc::new(device)));
    let batch = RecordBatch::try_from_iter(columns).expect("even columns");
    let file = std::fs::File::create(path).expect("a temporary folder takes files");
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_max_row_group_row_count(Some(125_000))
        .build();
    let mut writer =
        ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a schema");
    writer.write(&batch).expect("rows");
    writer.close().expect("a footer");
}

fn read(path: &Path, threads: usize) -> u64 {
    let spec = SourceSpec { threads, ..SourceSpec::of(&[&path.display().to_string()]) };
    let mut source = Source::open(&spec).expect("a source");
    while source.next_chunk().expect("rows").is_some() {}
    source.counts().rows
}

fn reading(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files: [(&str, PathBuf); 2] = [
        ("csv", folder.path().join("telemetry.csv")),
        ("parquet", folder.path().join("telemetry.parquet")),
    ];
    write_csv(&files[0].1);
    write_parquet(&files[1].1);
    for unit in ["rows", "bytes"] {
        let mut group = c.benchmark_group(format!("read_{unit}"));
        group.sample_size(10);
        for (name, path) in &files {
            let bytes = std::fs::metadata(path).expect("a file").len();
            group.throughput(match unit {
                "rows" => Throughput::Elements(ROWS as u64),
                _ => Throughput::Bytes(bytes),
            });
            for threads in [1, 2] {
                let id = BenchmarkId::new(*name, threads);
                group.bench_function(id, |b| b.iter(|| read(path, threads)));
            }
        }
        group.finish();
    }
}

fn writing(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = ScoreRows {
        time: (0..ROWS).map(|row| start() + row as i64 * 1_000_000).collect(),
        device: vec![0; ROWS],
        score: (0..ROWS).map(|row| value(row, 0) as f32).collect(),
        threshold: vec![5.0; ROWS],
        alarm: (0..ROWS).map(|row| row % 1000 == 0).collect(),
        judged: vec![true; ROWS],
        more: Vec::new(),
    };
    let mut group = c.benchmark_group("write_scores");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROWS as u64));
    for ending in ["csv", "parquet", "arrow"] {
        let path = folder.path().join(format!("scores.{ending}"));
        group.bench_function(ending, |b| {
            b.iter(|| {
                let spec = ScoreSpec { kind: TimeKind::Naive, more: Vec::new(), key: Vec::new() };
                let mut writer = ScoreWriter::create(&path, spec).expect("a writer");
                writer.append(&rows, &["pump-1".to_owned()]).expect("rows");
                writer.finish().expect("a file")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);

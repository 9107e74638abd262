//! What metrics cost: VUS grows linearly with rows and with L; the others with rows.
//!
//! Elements are rows times widths for VUS, rows for the others, so that a constant rate is the
//! linear growth.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fieldmirror_analytics::metrics::{NabProfile, NabSeries};
use fieldmirror_analytics::metrics::{affiliation, auc_pr, nab_sweep, segments, vus};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use std::hint::black_box;

/// A segment of 20 rows in every 200: many edges, which is what VUS pays for.
fn series(rows: usize) -> (Vec<bool>, Vec<f64>) {
    let chance = Seed::new(1).draws(EntityKey::of("series"), Purpose::RandomScore);
    let labels: Vec<bool> = (0..rows).map(|row| row % 200 >= 180).collect();
    let score =
        |(row, &label): (usize, &bool)| chance.uniform(row as u32) + if label { 0.5 } else { 0.0 };
    let scores = labels.iter().enumerate().map(score).collect();
    (labels, scores)
}

fn volumes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("metrics/vus");
    group.sample_size(10);
    for (rows, width) in [
        (25_000, 100),
        (100_000, 25),
        (100_000, 50),
        (100_000, 100),
        (100_000, 200),
        (400_000, 100),
    ] {
        let (labels, scores) = series(rows);
        group.throughput(Throughput::Elements((rows * width) as u64));
        group.bench_function(BenchmarkId::new(format!("rows_{rows}"), width), |bencher| {
            bencher.iter(|| black_box(vus(&labels, &scores, width)));
        });
    }
    group.finish();
}

fn others(criterion: &mut Criterion) {
    let (labels, scores) = series(100_000);
    let alarms: Vec<bool> = scores.iter().map(|&score| score >= 0.9).collect();
    let windows = segments(&labels);
    let corpus = [NabSeries { scores: &scores, windows: &windows, probation: 750 }];
    let mut group = criterion.benchmark_group("metrics");
    group.throughput(Throughput::Elements(labels.len() as u64)).sample_size(10);
    group.bench_function("auc_pr", |bencher| {
        bencher.iter(|| black_box(auc_pr(&labels, &scores)));
    });
    group.bench_function("affiliation", |bencher| {
        bencher.iter(|| black_box(affiliation(&labels, &alarms)));
    });
    group.bench_function("nab_sweep", |bencher| {
        bencher.iter(|| black_box(nab_sweep(&corpus, NabProfile::Standard)));
    });
    group.finish();
}

criterion_group!(benches, volumes, others);
criterion_main!(benches);

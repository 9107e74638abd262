//! Time of training steps and of scores of the detectors with networks, at 8 channels.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldmirror_analytics::detector::{Detector, Role, Rows, Training};
use fieldmirror_analytics::detector::{convolutional, dense, transformer, variational};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use std::hint::black_box;

const CHANNELS: usize = 8;
const STEPS: u32 = 50;

fn rows(count: usize) -> Vec<f32> {
    let draws = Seed::new(1).draws(EntityKey::of("bench"), Purpose::SensorNoise);
    let value = |i: usize| {
        let (row, channel) = (i / CHANNELS, i % CHANNELS);
        libm::sin(0.05 * row as f64 + channel as f64) + 0.3 * draws.normal(i as u32)
    };
    (0..count * CHANNELS).map(|i| value(i) as f32).collect()
}

fn training(criterion: &mut Criterion) {
    let values = rows(5_000);
    let stretches = [Rows::new(&values, CHANNELS)];
    let roles = [Role::Measured; CHANNELS];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let mut group = criterion.benchmark_group("50 steps");
    group.sample_size(10);
    let settings =
        dense::Settings { window: 32, steps: STEPS, patience: 0, ..dense::Settings::default() };
    group.throughput(Throughput::Elements(u64::from(STEPS) * settings.batch as u64));
    group.bench_function("dense", |b| b.iter(|| dense::Dense::fit(&training, &settings)));
    let settings =
        convolutional::Settings { steps: STEPS, patience: 0, ..convolutional::Settings::default() };
    group.throughput(Throughput::Elements(u64::from(STEPS) * settings.batch as u64));
    group.bench_function("convolutional", |b| {
        b.iter(|| convolutional::Convolutional::fit(&training, &settings));
    });
    let settings =
        variational::Settings { steps: STEPS, patience: 0, ..variational::Settings::default() };
    group.throughput(Throughput::Elements(u64::from(STEPS) * settings.batch as u64));
    group.bench_function("variational", |b| {
        b.iter(|| variational::Variational::fit(&training, &settings));
    });
    let settings =
        transformer::Settings { steps: STEPS, patience: 0, ..transformer::Settings::default() };
    group.throughput(Throughput::Elements(u64::from(STEPS) * settings.batch as u64));
    group.bench_function("transformer", |b| {
        b.iter(|| transformer::Transformer::fit(&training, &settings));
    });
}

fn scoring(criterion: &mut Criterion) {
    let values = rows(20_000);
    let few = [Rows::new(&values[..2_000 * CHANNELS], CHANNELS)];
    let roles = [Role::Measured; CHANNELS];
    let training = Training { noise: &[], stretches: &few, roles: &roles, seed: Seed::new(1) };
    let settings = dense::Settings { window: 32, steps: 50, ..dense::Settings::default() };
    let convolutional_settings =
        convolutional::Settings { steps: 20, ..convolutional::Settings::default() };
    let variational_settings =
        variational::Settings { steps: 20, ..variational::Settings::default() };
    let transformer_settings =
        transformer::Settings { steps: 20, ..transformer::Settings::default() };
    let detectors: [(&str, Box<dyn Detector>); 4] = [
        ("dense", Box::new(dense::Dense::fit(&training, &settings).unwrap())),
        (
            "convolutional",
            Box::new(
                convolutional::Convolutional::fit(&training, &convolutional_settings).unwrap(),
            ),
        ),
        (
            "variational",
            Box::new(variational::Variational::fit(&training, &variational_settings).unwrap()),
        ),
        (
            "transformer",
            Box::new(transformer::Transformer::fit(&training, &transformer_settings).unwrap()),
        ),
    ];
    let mut group = criterion.benchmark_group("20,000 rows");
    group.sample_size(10);
    for (name, detector) in &detectors {
        let rows = Rows::new(&values, CHANNELS);
        let mut scores = vec![0.0; rows.len() - detector.history()];
        group.throughput(Throughput::Elements(scores.len() as u64));
        group.bench_function(*name, |b| {
            b.iter(|| detector.score(black_box(rows), &mut scores).unwrap());
        });
    }
}

criterion_group!(benches, training, scoring);
criterion_main!(benches);

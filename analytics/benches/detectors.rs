//! What scoring a row and learning from rows costs each detector, on one thread: eight channels
//! that follow each other, 100,000 rows.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldmirror_analytics::Result;
use fieldmirror_analytics::detector::{
    Detector, Role, Rows, Training, autoregression, clusters, isolation_forest, mahalanobis,
    robust_z, sub_pca, var,
};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use std::hint::black_box;

const CHANNELS: usize = 8;
const ROWS: u32 = 100_000;

fn rows() -> Vec<f32> {
    let draws = Seed::new(1).draws(EntityKey::of("bench"), Purpose::SensorNoise);
    let mut state = [0.0_f64; CHANNELS];
    let mut values = Vec::with_capacity(ROWS as usize * CHANNELS);
    for i in 0..ROWS {
        let [a, b] = [draws.normals4(2 * i), draws.normals4(2 * i + 1)];
        for c in 0..CHANNELS {
            let before = state[(c + CHANNELS - 1) % CHANNELS];
            state[c] = 0.6 * state[c] + 0.3 * before + 0.6 * if c < 4 { a[c] } else { b[c - 4] };
        }
        values.extend(state.map(|v| v as f32));
    }
    values
}

type Fit = fn(&Training<'_>) -> Result<Box<dyn Detector>>;

const DETECTORS: [(&str, Fit); 8] = [
    ("var", |t| Ok(Box::new(var::Var::fit(t, &var::Settings::default())?))),
    ("mahalanobis", |t| {
        Ok(Box::new(mahalanobis::Mahalanobis::fit(t, &mahalanobis::Settings::default())?))
    }),
    ("robust_z", |t| Ok(Box::new(robust_z::RobustZ::fit(t, &robust_z::Settings::default())?))),
    ("sub_pca", |t| Ok(Box::new(sub_pca::SubPca::fit(t, &sub_pca::Settings::default())?))),
    ("autoregression", |t| {
        Ok(Box::new(autoregression::Autoregression::fit(t, &autoregression::Settings::default())?))
    }),
    ("clusters", |t| Ok(Box::new(clusters::Clusters::fit(t, &clusters::Settings::default())?))),
    ("clusters_of_shapes", |t| {
        let settings =
            clusters::Settings { per_channel: true, normalise: true, ..Default::default() };
        Ok(Box::new(clusters::Clusters::fit(t, &settings)?))
    }),
    ("isolation_forest", |t| {
        let settings = isolation_forest::Settings::default();
        Ok(Box::new(isolation_forest::IsolationForest::fit(t, &settings)?))
    }),
];

fn detectors(criterion: &mut Criterion) {
    let values = rows();
    let stretches = [Rows::new(&values, CHANNELS)];
    let roles = [Role::Measured; CHANNELS];
    let training =
        Training { noise: &[], stretches: &stretches, roles: &roles, seed: Seed::new(1) };
    let mut group = criterion.benchmark_group("detector/score");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(ROWS)));
    for (name, fit) in DETECTORS {
        let detector = fit(&training).expect("enough rows");
        let mut scores = vec![0.0; ROWS as usize - detector.history()];
        group.bench_function(name, |bencher| {
            bencher.iter(|| detector.score(black_box(stretches[0]), black_box(&mut scores)));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("detector/fit");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(ROWS)));
    for (name, fit) in DETECTORS {
        group.bench_function(name, |bencher| bencher.iter(|| fit(black_box(&training))));
    }
    group.finish();
}

criterion_group!(benches, detectors);
criterion_main!(benches);

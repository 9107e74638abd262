//! What a step of a fleet costs, by the number of devices: ten farms for each thousand, a report
//! every ten minutes, steps of a minute.

#[path = "../tests/it/farm.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod farm;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use farm::{Plan, spec};
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Simulation, StepOutput};

/// Steps of a measurement: an hour.
const STEPS: i64 = 60;

fn fleet(devices: usize) -> Plan {
    Plan {
        sites: devices / 100,
        zones: 4,
        probes_per_zone: 23,
        gateways: 2,
        interval: Span::from_seconds(600),
        step: Span::from_seconds(60),
        days: 1,
        interference: true,
    }
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fleet/step");
    group.sample_size(10);
    for devices in [1_000_usize, 10_000] {
        let plan = fleet(devices);
        let spec = spec(&plan, 1);
        group.throughput(Throughput::Elements(devices as u64 * 6));
        group.bench_function(format!("devices={devices}"), |bencher| {
            bencher.iter_batched_ref(
                || (Simulation::new(spec.clone()).expect("valid"), StepOutput::default()),
                |(simulation, out)| {
                    for minute in 0..STEPS {
                        let now = spec.start + Span::from_seconds(60 * minute);
                        simulation.step(now, &[], out).expect("a step");
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);

//! What many rules cost one message: as many filters as rules, one of which hears it.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::outputs::Outputs;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::Spec;
use fieldmirror_core::time::Timestamp;
use std::hint::black_box;
use std::sync::Arc;

#[path = "../tests/support/farm.rs"]
mod farm;

const PAYLOAD: &[u8] = br#"{"device":"101","temperature":21.5,"humidity":34.9,"battery_v":3.6}"#;

/// A core with `count` rules on as many filters: exact ones, `+` and `#` in turn.
fn core(count: usize) -> IotCore {
    let mut spec = Spec::new(Arc::new(farm::register(1, 1, 1)));
    for number in 0..count {
        let filter = match number % 3 {
            0 => format!("site/{number}/sensor/data"),
            1 => format!("site/{number}/+/data"),
            _ => format!("site/{number}/#"),
        };
        let sql = format!("SELECT humidity AS h FROM '{filter}' WHERE humidity < 35");
        let json = format!(r#"{{"sql":"{sql}","awsIotSqlVersion":"2016-03-23","actions":[]}}"#);
        let rule = RuleSpec::parse(&json).expect("a valid rule");
        spec.rules.push((format!("rule_{number}"), rule));
    }
    IotCore::new(spec).expect("a valid specification")
}

fn publish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cloud/publish");
    for count in [10, 10_000] {
        let mut core = core(count);
        let mut out = Outputs::default();
        let now = Timestamp::from_millis(1_527_811_200_000);
        core.handle(
            now,
            Input::Connect { client: "probe-1", clean: true, certificate: None },
            &mut out,
        );
        group.bench_function(BenchmarkId::from_parameter(format!("rules={count}")), |bencher| {
            bencher.iter(|| {
                out.clear();
                let input = Input::Publish {
                    client: "probe-1",
                    topic: "site/7/sensor/data",
                    payload: black_box(PAYLOAD),
                    qos: 0,
                    retain: false,
                    properties: None,
                };
                core.handle(now, input, &mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, publish);
criterion_main!(benches);

//! Cost of the typed path a message: two rules, a table, a function and a shadow update each.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldmirror_cloud::functions::{Builtin, FunctionSpec, IrrigationParameters};
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::Outputs;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::Spec;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::{Span, Timestamp};

#[path = "../tests/support/farm.rs"]
mod farm;

use std::hint::black_box;
use std::sync::Arc;

/// Devices of one shard of the fleet scenario: 125 farms of about 100.
const SITES: usize = 125;

const INGEST: &str = concat!(
    r#"{"sql":"SELECT temperature, humidity, timestamp FROM '+/sensor/+/data'","#,
    r#""awsIotSqlVersion":"2016-03-23","actions":[{"dynamoDBv2":{"roleArn":"arn:aws:iam::1:role/r","#,
    r#""putItem":{"tableName":"readings"}}}]}"#
);
const TRIGGER: &str = concat!(
    r#"{"sql":"SELECT * FROM '+/sensor/+/data' WHERE humidity < 35","#,
    r#""awsIotSqlVersion":"2016-03-23","actions":[{"lambda":{"functionArn":"#,
    r#""arn:aws:lambda:eu-west-1:1:function:irrigation-controller-lambda"}}]}"#
);

fn core(register: &Arc<Register>, rules: &[(&str, &str)]) -> IotCore {
    let mut spec = Spec::new(Arc::clone(register));
    spec.functions.push(FunctionSpec {
        name: "irrigation-controller-lambda".to_owned(),
        builtin: Builtin::Irrigation(IrrigationParameters::default()),
    });
    for (name, json) in rules {
        spec.rules.push(((*name).to_owned(), RuleSpec::parse(json).expect("a valid rule")));
    }
    IotCore::new(spec).expect("a valid specification")
}

/// One minute of a fleet that reports every ten: a tenth of the probes, spread over all farms;
/// two of five are dry.
fn minute(register: &Register, minute: usize) -> Vec<Message> {
    let begin = Timestamp::from_millis(1_527_811_200_000) + Span::from_seconds(60 * minute as i64);
    let probes = (0..register.reporting as u32)
        .map(DeviceIx::new)
        .filter(|&device| register.class(device) == Some(DeviceClass::SoilProbe));
    let due = probes.skip(minute % 10).step_by(10);
    due.enumerate()
        .map(|(i, device)| {
            let received_at = begin + Span::from_nanos(50_000_000 * i as i64);
            let humidity = if i % 5 < 2 { 250 + i as i64 % 90 } else { 400 + i as i64 % 500 };
            Message {
                sampled_at: received_at,
                received_at,
                reading: farm::probe_reading(device, received_at, humidity),
                radio: None,
            }
        })
        .collect()
}

fn ingest(criterion: &mut Criterion) {
    let register = Arc::new(farm::register(SITES, 4, 23));
    let mut group = criterion.benchmark_group("cloud/ingest");
    for (id, rules) in
        [("rules=0", &[][..]), ("rules=2", &[("ingest", INGEST), ("trigger", TRIGGER)][..])]
    {
        let minutes: Vec<Vec<Message>> = (0..10).map(|i| minute(&register, i)).collect();
        let mut core = core(&register, rules);
        let mut out = Outputs::default();
        let mut next = 0;
        group.throughput(Throughput::Elements(minutes[0].len() as u64));
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                out.clear();
                core.ingest(black_box(&minutes[next % minutes.len()]), &mut out);
                next += 1;
                black_box(&out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);

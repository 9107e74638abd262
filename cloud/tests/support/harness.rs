//! A core, its outputs and a clock for tests that drive it from outside.
#![allow(dead_code, reason = "not every test that shares this file needs all of it")]

use fieldmirror_cloud::functions::{Builtin, FunctionSpec, IrrigationParameters};
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::outputs::{ByteRange, Outputs};
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::Spec;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::{Span, Timestamp};

use crate::farm;
use std::sync::Arc;

pub(crate) const T0_S: i64 = 1_527_811_200;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(0) + Span::from_seconds(T0_S + seconds)
}

/// A specification of one farm with two zones of two probes and the irrigation function.
pub(crate) fn spec(rules: &[(&str, &str, &str)]) -> Spec {
    let mut spec = Spec::new(Arc::new(farm::register(1, 2, 2)));
    spec.functions.push(FunctionSpec {
        name: "irrigation-controller-lambda".to_owned(),
        builtin: Builtin::Irrigation(IrrigationParameters { duration_s: 600, rest_s: None }),
    });
    for (name, sql, actions) in rules {
        let sql = serde_json::to_string(sql).expect("text");
        let json =
            format!(r#"{{"sql":{sql},"awsIotSqlVersion":"2016-03-23","actions":{actions}}}"#);
        spec.rules.push((name.to_string(), RuleSpec::parse(&json).expect("a valid rule")));
    }
    spec
}

pub(crate) const IRRIGATE: &str = concat!(
    r#"[{"lambda":{"functionArn":"#,
    r#""arn:aws:lambda:eu-west-1:123456789012:function:irrigation-controller-lambda"}}]"#
);

pub(crate) struct Harness {
    pub(crate) core: IotCore,
    pub(crate) out: Outputs,
}

impl Harness {
    pub(crate) fn new(spec: Spec) -> Self {
        Self { core: IotCore::new(spec).expect("a valid specification"), out: Outputs::default() }
    }

    pub(crate) fn thing(&self, name: &str) -> DeviceIx {
        self.core.thing(name).expect("a registered thing")
    }

    pub(crate) fn connect(&mut self, seconds: i64, client: &str, clean: bool) {
        self.core.handle(
            at(seconds),
            Input::Connect { client, certificate: None, clean },
            &mut self.out,
        );
    }

    pub(crate) fn disconnect(&mut self, seconds: i64, client: &str) {
        self.core.handle(at(seconds), Input::Disconnect { client }, &mut self.out);
    }

    pub(crate) fn subscribe(&mut self, seconds: i64, client: &str, filter: &str, qos: u8) {
        let input = Input::Subscribe { client, filter, qos };
        self.core.handle(at(seconds), input, &mut self.out);
    }

    pub(crate) fn publish(&mut self, seconds: i64, client: &str, topic: &str, payload: &str) {
        self.publish_with(seconds, client, topic, payload.as_bytes(), 1, false);
    }

    pub(crate) fn publish_with(
        &mut self,
        seconds: i64,
        client: &str,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
    ) {
        let input = Input::Publish { client, topic, payload, qos, retain, properties: None };
        self.core.handle(at(seconds), input, &mut self.out);
    }

    pub(crate) fn text(&self, range: ByteRange) -> String {
        self.out.text(range).into_owned()
    }

    fn section(&self, range: Option<ByteRange>) -> String {
        range.map_or_else(|| "-".to_owned(), |range| self.text(range))
    }

    /// `client topic payload` of each delivery, and takes them.
    pub(crate) fn take_deliveries(&mut self) -> Vec<String> {
        let deliveries = std::mem::take(&mut self.out.deliveries);
        let line = |delivery: &fieldmirror_cloud::outputs::Delivery| {
            format!(
                "{} {} {}",
                self.core.principals().text(delivery.client),
                self.core.topics().text(delivery.topic),
                self.text(delivery.payload)
            )
        };
        deliveries.iter().map(line).collect()
    }

    /// The codes of all rejections, and takes them.
    pub(crate) fn take_rejections(&mut self) -> Vec<String> {
        let rejections = std::mem::take(&mut self.out.rejections);
        rejections
            .iter()
            .map(|row| format!("{}: {}", row.code.name(), self.text(row.detail)))
            .collect()
    }

    /// Every row of every table as text, with all ids resolved.
    pub(crate) fn rows(&self) -> Vec<String> {
        let (topics, principals) = (self.core.topics(), self.core.principals());
        let rules: Vec<&str> = self.core.rules().collect();
        let rule = |number: u16| rules[usize::from(number)];
        let mut rows = Vec::new();
        for row in &self.out.messages {
            rows.push(format!(
                "message {} {} {} {} {}",
                row.time,
                topics.text(row.topic),
                principals.text(row.principal),
                row.source.name(),
                self.text(row.payload)
            ));
        }
        for row in &self.out.matches {
            let (topic, principal) = (topics.text(row.topic), principals.text(row.principal));
            rows.push(format!("match {} {} {topic} {principal}", row.time, rule(row.rule)));
        }
        for row in &self.out.actions {
            rows.push(format!(
                "action {} {} {} {} {} {} {} {} {}",
                row.time,
                rule(row.rule),
                row.kind.name(),
                self.core.targets().text(u32::from(row.target)),
                row.outcome.name(),
                self.text(row.body),
                self.section(row.resource),
                self.section(row.parameters),
                self.section(row.error)
            ));
        }
        for row in &self.out.sinks {
            rows.push(format!(
                "sink {} {} {} {} {}",
                row.time,
                row.kind.name(),
                self.text(row.target),
                self.text(row.key),
                self.text(row.body)
            ));
        }
        for (name, metrics) in self.core.rule_metrics() {
            rows.push(format!("metrics {name} {metrics:?}"));
        }
        for row in &self.out.shadows {
            rows.push(format!(
                "shadow {} {} {} desired {} reported {} delta {}",
                row.time,
                principals.text(row.thing.raw()),
                row.version,
                self.section(row.desired),
                self.section(row.reported),
                self.section(row.delta)
            ));
        }
        for row in &self.out.deliveries {
            rows.push(format!(
                "delivery {} {} {} {} {}",
                row.time,
                principals.text(row.client),
                topics.text(row.topic),
                row.qos,
                self.text(row.payload)
            ));
        }
        for row in &self.out.rejections {
            rows.push(format!(
                "rejection {} {} {}",
                row.time,
                row.code.name(),
                self.text(row.detail)
            ));
        }
        rows
    }
}

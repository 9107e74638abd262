//! One shard of farms and its step: the only place where feedback closes.
//!
//! ```text
//! commands -> sim.step -> frames, uplinks, publishes
//!             network  -> messages            deduplicated, decoded
//!             cloud    -> matches, actions, shadows, deliveries
//!             twin     -> residual rows       each full hour
//!             analytics-> scores, findings    each full hour, after learning
//!             recorder <- everything
//! deliveries to pump controllers -> commands of the next step
//! ```
//!
//! Shards share nothing while they run, so any number of threads gives the same rows.

use crate::clients;
use crate::clock::Stopwatch;
use crate::commands;
use crate::error::EngineError;
use crate::learning::{Learning, Windows};
use crate::network::Network;
use crate::plans::{self, Planned};
use crate::record::Record;
use crate::scenario::Scenario;
use crate::sinks::SinkRecords;
use crate::stages::{Stage, Stages};
use crate::worlds;
use fieldmirror_analytics::topology::Topology;
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::metrics::RuleMetrics;
use fieldmirror_cloud::outputs::Outputs;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_sim::{Command, ShadowReport, Simulation, StepOutput, TruthRow};
use fieldmirror_tables::EncodedGroup;
use fieldmirror_twin::residual::ResidualRow;
use fieldmirror_twin::twin::Twin;
use std::sync::Arc;

/// A shard at some point of its run.
pub(crate) struct Shard {
    register: Arc<Register>,
    sim: Simulation,
    network: Network,
    cloud: IotCore,
    twin: Twin,
    learning: Learning,
    record: Record,
    planned: Vec<Planned>,
    next_planned: usize,
    now: Timestamp,
    step: Span,
    commands: Vec<Command>,
    /// Commands that each pump controller got, for the summary.
    command_counts: Vec<u32>,
    stages: Stages,
    sink_records: SinkRecords,
    // Scratch, kept for its memory.
    sim_out: StepOutput,
    cloud_out: Outputs,
    messages: Vec<Message>,
    residuals: Vec<ResidualRow>,
    windows: Windows,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Shard {
    /// Builds shard number `index` of a scenario.
    ///
    /// # Errors
    /// Whatever part of it cannot be built.
    pub(crate) fn new(scenario: &Scenario, index: usize) -> Result<Self, EngineError> {
        let register = Arc::clone(&scenario.registers[index]);
        let mut cloud = IotCore::new(worlds::cloud_spec(scenario, &register)?)?;
        let mut cloud_out = Outputs::default();
        // Refusals stay, and are recorded with the first step.
        for connected in clients::connections(scenario, &register) {
            clients::open(&connected, &mut cloud, scenario.start(), &mut cloud_out);
        }
        Ok(Self {
            sim: Simulation::new(worlds::sim_spec(scenario, &register))?,
            network: Network::new(&register),
            twin: Twin::new(
                Arc::clone(&register),
                scenario.start(),
                fieldmirror_twin::spec::Spec::default(),
            )?,
            learning: Learning::new(scenario, &register, index)?,
            record: Record::new(&register, &cloud, index),
            planned: plans::planned(scenario, index),
            next_planned: 0,
            now: scenario.start(),
            step: scenario.step(),
            commands: Vec::new(),
            command_counts: vec![0; register.assets.len()],
            stages: Stages::default(),
            sink_records: SinkRecords::default(),
            sim_out: StepOutput::default(),
            cloud_out,
            messages: Vec::new(),
            residuals: Vec::new(),
            windows: Windows::default(),
            cloud,
            register,
        })
    }

    /// Runs to `until` and closes the row group that this makes.
    ///
    /// # Errors
    /// [`EngineError::Sim`] or [`EngineError::Tables`]; neither is the user's to mend in a checked
    /// scenario.
    pub(crate) fn run_until(
        &mut self,
        until: Timestamp,
        stopwatch: &dyn Stopwatch,
        hour_done: &dyn Fn(),
    ) -> Result<EncodedGroup, EngineError> {
        self.stages.start(stopwatch);
        while self.now < until {
            self.step(stopwatch)?;
            if is_full_hour(self.now) {
                hour_done();
            }
        }
        let group = self.record.end_group()?;
        self.stages.stop(Stage::Record, stopwatch);
        Ok(group)
    }

    fn step(&mut self, stopwatch: &dyn Stopwatch) -> Result<(), EngineError> {
        let end = self.now + self.step;
        self.sim.step(self.now, &self.commands, &mut self.sim_out)?;
        self.commands.clear();
        self.stages.stop(Stage::Sim, stopwatch);

        self.messages.clear();
        self.network.receive(&mut self.sim_out.heard, &mut self.messages);
        self.messages.extend_from_slice(&self.sim_out.published);
        // Both parts are nearly sorted, which the stable sort turns into a merge.
        self.messages.sort_by_key(|message| (message.received_at, message.device()));
        self.stages.stop(Stage::Network, stopwatch);

        self.feed_cloud(end);
        self.take_commands();
        self.sink_records.take(&self.cloud_out);
        self.stages.stop(Stage::Cloud, stopwatch);

        self.twin.observe(&self.messages);
        self.stages.stop(Stage::Twin, stopwatch);

        self.record.step(
            &self.register,
            &self.sim_out,
            &self.messages,
            &self.cloud,
            &self.cloud_out,
        );
        self.cloud_out.clear();
        self.stages.stop(Stage::Columns, stopwatch);
        if is_full_hour(end) {
            self.close_hour(end, stopwatch)?;
        }
        self.record.flush()?;
        self.stages.stop(Stage::Record, stopwatch);
        self.now = end;
        Ok(())
    }

    /// Hands the step's publishes to the cloud in time order: typed messages in batches, between
    /// them what is written as JSON (shadow reports, an operator's plan, foreign publishes).
    fn feed_cloud(&mut self, end: Timestamp) {
        let mut rest = self.messages.as_slice();
        let mut reports = self.sim_out.shadow_reports.as_slice();
        loop {
            let planned = self.planned.get(self.next_planned).filter(|p| p.time() < end);
            let report = reports.first();
            let next = match (planned, report) {
                (None, None) => break,
                (Some(planned), report) if report.is_none_or(|r| planned.time() <= r.time) => {
                    self.next_planned += 1;
                    Publish::Planned(planned)
                }
                (_, Some(report)) => {
                    reports = &reports[1..];
                    Publish::Report(report)
                }
                (Some(_), None) => break,
            };
            let before = rest.partition_point(|message| message.received_at <= next.time());
            self.cloud.ingest(&rest[..before], &mut self.cloud_out);
            rest = &rest[before..];
            next.send(&self.register, &mut self.cloud, &mut self.cloud_out);
        }
        self.cloud.ingest(rest, &mut self.cloud_out);
        if self.cloud.next_deadline().is_some_and(|deadline| deadline <= end) {
            self.cloud.on_deadline(end, &mut self.cloud_out);
        }
    }

    /// What was delivered to pump controllers becomes the next step's commands.
    fn take_commands(&mut self) {
        for delivery in &self.cloud_out.deliveries {
            let device = DeviceIx::new(delivery.client);
            let is_pump = device.index() < self.register.reporting
                && self.register.class(device) == Some(DeviceClass::PumpController);
            if !is_pump {
                continue;
            }
            if let Some(command) = commands::parse(device, self.cloud_out.slice(delivery.payload)) {
                self.command_counts[device.index()] += 1;
                self.commands.push(command);
            }
        }
    }

    fn close_hour(&mut self, end: Timestamp, stopwatch: &dyn Stopwatch) -> Result<(), EngineError> {
        self.residuals.clear();
        self.twin.close_window(end, &mut self.residuals);
        self.stages.stop(Stage::Twin, stopwatch);
        self.record.residuals(&self.register, &self.residuals, &mut self.windows);
        self.stages.stop(Stage::Columns, stopwatch);
        self.learning.hour(&self.windows, &mut self.record)?;
        self.stages.stop(Stage::Analytics, stopwatch);
        Ok(())
    }

    /// How far it is.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// What the detectors have learned from or found.
    pub(crate) fn learning(&mut self) -> &mut Learning {
        &mut self.learning
    }

    /// Who stands where, for correlating findings.
    pub(crate) fn topology(&self) -> &Topology {
        self.learning.topology()
    }

    /// The farms on paper.
    pub(crate) fn register(&self) -> &Arc<Register> {
        &self.register
    }

    /// What the world says about its faults, for the truth table only.
    pub(crate) fn truth(&self) -> Vec<TruthRow> {
        self.sim.truth()
    }

    /// The recorder, for counts and dictionaries.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Commands that reached each asset.
    pub(crate) fn command_counts(&self) -> &[u32] {
        &self.command_counts
    }

    /// What actions sent to targets that are files, since the last call emptied it.
    pub(crate) const fn sink_records(&mut self) -> &mut SinkRecords {
        &mut self.sink_records
    }

    /// Republishes and function calls that the hop limit cut.
    pub(crate) const fn hops_cut(&self) -> u64 {
        self.cloud_out.counters.hops_cut
    }

    /// What policies denied.
    pub(crate) const fn denials(&self) -> u64 {
        self.cloud_out.counters.denials
    }

    /// What was counted for each rule.
    pub(crate) fn rule_metrics(&self) -> impl Iterator<Item = (&str, RuleMetrics)> {
        self.cloud.rule_metrics()
    }

    /// Where the time went.
    pub(crate) fn stages(&self) -> &Stages {
        &self.stages
    }

    /// Frames that the network server refused.
    pub(crate) fn refused(&self) -> u64 {
        self.network.refused()
    }
}

const fn is_full_hour(time: Timestamp) -> bool {
    time.nanos() % Span::from_hours(1).nanos() == 0
}

/// A publish that is not a typed reading.
enum Publish<'a> {
    Planned(&'a Planned),
    Report(&'a ShadowReport),
}

impl Publish<'_> {
    fn time(&self) -> Timestamp {
        match self {
            Self::Planned(planned) => planned.time(),
            Self::Report(report) => report.time,
        }
    }

    fn send(&self, register: &Register, cloud: &mut IotCore, out: &mut Outputs) {
        let now = self.time();
        match self {
            Self::Planned(planned) => planned.send(cloud, out),
            Self::Report(report) => {
                let client = register.names.name(report.device);
                let topic = format!("$aws/things/{client}/shadow/update");
                let payload = if report.on {
                    let duration = report.duration.seconds();
                    format!(r#"{{"state":{{"reported":{{"state":"ON","duration":{duration}}}}}}}"#)
                } else {
                    r#"{"state":{"desired":null,"reported":{"state":"OFF"}}}"#.to_owned()
                };
                let payload = payload.as_bytes();
                let publish = Input::Publish {
                    client,
                    topic: &topic,
                    payload,
                    qos: 1,
                    retain: false,
                    properties: None,
                };
                cloud.handle(now, publish, out);
            }
        }
    }
}

#[cfg(test)]
mod tests;

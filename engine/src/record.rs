//! What a shard's step leaves in the tables.

use crate::error::EngineError;
use crate::learning::Windows;
use fieldmirror_analytics::finding::ScoreRows;
use fieldmirror_analytics::window::{Freshness as Age, RowRef, Window};
use fieldmirror_cloud::dictionary::Dictionary as CloudWords;
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::{ActionKind, Outcome, Outputs, RejectionCode, Source};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::message::Message;
use fieldmirror_core::register::{AssetKind, Register};
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Loss, StepOutput};
use fieldmirror_tables::columns::actions::ActionRow;
use fieldmirror_tables::columns::hydraulics::HydraulicsRow;
use fieldmirror_tables::columns::messages::MessageRow;
use fieldmirror_tables::columns::rejections::RejectionRow;
use fieldmirror_tables::columns::residuals::ResidualRow;
use fieldmirror_tables::columns::rule_matches::RuleMatchRow;
use fieldmirror_tables::columns::scores::ScoreRow;
use fieldmirror_tables::columns::shadows::ShadowRow;
use fieldmirror_tables::columns::soil::SoilRow;
use fieldmirror_tables::columns::telemetry::TelemetryRow;
use fieldmirror_tables::columns::uplinks::UplinkRow;
use fieldmirror_tables::dictionary::{Dictionaries, Dictionary, Key};
use fieldmirror_tables::{EncodedGroup, ShardRecorder, Table};
use fieldmirror_twin::freshness::Freshness;
use std::collections::BTreeMap;

/// How many rows a table gathers before they are digested and encoded: small batches cost more.
const ROWS_PER_BATCH: usize = 16 * 1024;

/// Totals over a shard's run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) frames: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: BTreeMap<&'static str, u64>,
    pub(crate) device_messages: u64,
    pub(crate) matches: u64,
    pub(crate) shadow_updates: u64,
    /// By code.
    pub(crate) rejections: BTreeMap<&'static str, u64>,
}

/// The recorder of one shard with the translation of every id into table keys.
#[derive(Debug)]
pub(crate) struct Record {
    tables: ShardRecorder,
    keys: Keys,
    group: u32,
    totals: Totals,
}

/// Keys of words that are known from the start, and of the cloud's words as they come.
#[derive(Debug, Default)]
struct Keys {
    topics: Vec<Key>,
    principals: Vec<Key>,
    rules: Vec<Key>,
    targets: Vec<Key>,
    lost: [Option<Key>; Loss::ALL.len()],
    states: Vec<Key>,
    detectors: Vec<Key>,
    kinds: Vec<Key>,
    outcomes: Vec<Key>,
    sources: Vec<Key>,
    codes: Vec<Key>,
}

impl Keys {
    fn new(words: &mut Dictionaries, cloud: &IotCore) -> Self {
        let mut of = |dictionary: fn(&mut Dictionaries) -> &mut Dictionary, names: &[&str]| {
            names.iter().map(|name| dictionary(words).intern(name)).collect::<Vec<_>>()
        };
        Self {
            rules: cloud.rules().map(|rule| of(|w| &mut w.rules, &[rule])[0]).collect(),
            lost: Loss::ALL.map(|loss| Some(of(|w| &mut w.lost_reasons, &[loss.name()])[0])),
            states: of(|w| &mut w.states, &Freshness::ALL.map(Freshness::name)),
            detectors: of(
                |w| &mut w.detectors,
                &fieldmirror_analytics::finding::Detector::ALL.map(|d| d.name()),
            ),
            kinds: of(|w| &mut w.kinds, &ActionKind::ALL.map(ActionKind::name)),
            outcomes: of(|w| &mut w.outcomes, &Outcome::ALL.map(Outcome::name)),
            sources: of(|w| &mut w.sources, &Source::ALL.map(Source::name)),
            codes: of(|w| &mut w.codes, &RejectionCode::ALL.map(RejectionCode::name)),
            ..Self::default()
        }
    }

    /// Learns the words that the cloud met since the last call.
    fn update(&mut self, words: &mut Dictionaries, cloud: &IotCore) {
        let learn = |keys: &mut Vec<Key>, from: &CloudWords, into: &mut Dictionary| {
            while keys.len() < from.len() {
                keys.push(into.intern(from.text(keys.len() as u32)));
            }
        };
        learn(&mut self.topics, cloud.topics(), &mut words.topics);
        learn(&mut self.principals, cloud.principals(), &mut words.principals);
        learn(&mut self.targets, cloud.targets(), &mut words.targets);
    }
}

impl Record {
    pub(crate) fn new(register: &Register, cloud: &IotCore, shard: usize) -> Self {
        let mut words = Dictionaries::of(register);
        let keys = Keys::new(&mut words, cloud);
        let tables = ShardRecorder::new(shard as u16, words);
        Self { tables, keys, group: 0, totals: Totals::default() }
    }

    /// Appends everything of one step but the hourly rows.
    pub(crate) fn step(
        &mut self,
        register: &Register,
        sim: &StepOutput,
        messages: &[Message],
        cloud: &IotCore,
        out: &Outputs,
    ) {
        self.keys.update(&mut self.tables.dictionaries, cloud);
        self.world(register, sim);
        self.telemetry(register, messages);
        self.cloud(out);
    }

    fn world(&mut self, register: &Register, sim: &StepOutput) {
        for frame in &sim.frames {
            self.totals.frames += 1;
            match frame.lost {
                None => self.totals.delivered += 1,
                Some(loss) => *self.totals.lost.entry(loss.name()).or_default() += 1,
            }
            self.tables.uplinks.push(&UplinkRow {
                time: frame.sent_at,
                device: frame.device,
                frame_counter: frame.frame_counter,
                frequency_hz: frame.frequency_hz,
                spreading_factor: frame.spreading_factor,
                airtime_ms: (frame.airtime.seconds() * 1e3) as f32,
                gateway: Some(frame.gateway),
                copies: frame.copies,
                rssi_dbm: Some(frame.rssi_dbm),
                snr_db: Some(frame.snr_db),
                delivered: frame.lost.is_none(),
                lost: frame.lost.and_then(|loss| self.keys.lost[loss as usize]),
            });
        }
        for row in &sim.soil {
            self.tables.soil.push(&SoilRow {
                // The table names an hour by its end, like every window.
                time: row.time + Span::from_hours(1),
                site: register.zones[row.zone.index()].site,
                zone: row.zone,
                et0_mm: row.et0_mm,
                etc_mm: row.etc_mm,
                eta_mm: row.eta_mm,
                evaporation_mm: row.evaporation_mm,
                transpiration_mm: row.transpiration_mm,
                rain_mm: row.rain_mm,
                runoff_mm: row.runoff_mm,
                irrigation_mm: row.irrigation_mm,
                deep_percolation_mm: row.deep_percolation_mm,
                depletion_mm: row.depletion_mm,
                surface_depletion_mm: row.surface_depletion_mm,
                taw_mm: row.taw_mm,
                root_depth_m: row.root_depth_m,
                stress: row.stress,
                theta: row.theta,
                available_pct: row.available_pct,
                residual_mm: row.residual_mm,
            });
        }
        for row in &sim.hydraulics {
            self.tables.hydraulics.push(&HydraulicsRow {
                time: row.time,
                duration_s: row.duration.seconds(),
                site: register.zones[row.zone.index()].site,
                zone: row.zone,
                valve_open: row.valve_open,
                zone_flow_lps: row.zone_flow_lps,
                zone_pressure_kpa: row.zone_pressure_kpa,
                pump_flow_lps: row.pump_flow_lps,
                pump_head_m: row.pump_head_m,
                pump_pressure_kpa: row.pump_pressure_kpa,
                filter_pressure_kpa: row.filter_pressure_kpa,
                power_kw: row.power_kw,
                applied_mm: row.applied_mm,
            });
        }
    }

    fn telemetry(&mut self, register: &Register, messages: &[Message]) {
        for message in messages {
            let asset = &register.assets[message.device().index()];
            self.tables.telemetry.push(&TelemetryRow {
                time: message.received_at,
                sampled_at: message.sampled_at,
                site: asset.site,
                zone: asset.zone,
                gateway: message.radio.map(|radio| radio.gateway),
                reading: &message.reading,
            });
        }
    }

    fn cloud(&mut self, out: &Outputs) {
        let keys = &self.keys;
        for row in &out.messages {
            self.totals.device_messages += u64::from(row.source == Source::Device);
            self.tables.messages.push(&MessageRow {
                time: row.time,
                topic: keys.topics[row.topic as usize],
                principal: Some(keys.principals[row.principal as usize]),
                payload: out.slice(row.payload),
                source: keys.sources[row.source as usize],
            });
        }
        self.totals.matches += out.matches.len() as u64;
        for row in &out.matches {
            self.tables.rule_matches.push(&RuleMatchRow {
                time: row.time,
                rule: keys.rules[usize::from(row.rule)],
                topic: keys.topics[row.topic as usize],
                principal: Some(keys.principals[row.principal as usize]),
            });
        }
        for row in &out.actions {
            self.tables.actions.push(&ActionRow {
                time: row.time,
                rule: keys.rules[usize::from(row.rule)],
                kind: keys.kinds[row.kind as usize],
                target: keys.targets[usize::from(row.target)],
                resource: row.resource.map(|range| out.slice(range)),
                body: out.slice(row.body),
                parameters: row.parameters.map(|range| out.slice(range)),
                outcome: keys.outcomes[row.outcome as usize],
                error: row.error.map(|range| out.slice(range)),
            });
        }
        for row in &out.rejections {
            *self.totals.rejections.entry(row.code.name()).or_default() += 1;
            self.tables.rejections.push(&RejectionRow {
                time: row.time,
                principal: row.principal.map(|principal| keys.principals[principal as usize]),
                code: keys.codes[row.code as usize],
                detail: out.slice(row.detail),
            });
        }
        self.totals.shadow_updates += out.shadows.len() as u64;
        for row in &out.shadows {
            self.tables.shadows.push(&ShadowRow {
                time: row.time,
                thing: row.thing,
                version: row.version,
                desired: row.desired.map(|range| out.slice(range)),
                reported: row.reported.map(|range| out.slice(range)),
                delta: row.delta.map(|range| out.slice(range)),
            });
        }
    }

    /// Appends the twin's rows of an hour, and hands them to analytics with their place.
    pub(crate) fn residuals(
        &mut self,
        register: &Register,
        rows: &[fieldmirror_twin::residual::ResidualRow],
        windows: &mut Windows,
    ) {
        windows.clear();
        for row in rows {
            let asset = &register.assets[row.device.index()];
            let AssetKind::Device(class) = asset.kind else { continue };
            let at = self.tables.rows_in_group(Table::Residuals) as u32;
            self.tables.residuals.push(&ResidualRow {
                time: row.time,
                device: row.device,
                class: Key::of_class(class),
                site: asset.site,
                zone: asset.zone,
                gateway: row.gateway,
                metric: Key::of_metric(row.metric),
                observed: row.observed,
                expected: row.expected,
                residual: row.residual,
                observed_sd: row.observed_sd,
                observed_min: row.observed_min,
                observed_max: row.observed_max,
                samples: row.samples,
                repeats: row.repeats,
                freshness_s: Some(row.freshness.seconds()),
                state: self.keys.states[row.state as usize],
                context: Some(row.context),
            });
            windows.push(Window {
                time: row.time,
                device: row.device,
                class,
                site: asset.site,
                zone: asset.zone,
                gateway: row.gateway,
                metric: row.metric,
                observed: row.observed,
                expected: row.expected,
                residual: row.residual,
                observed_sd: row.observed_sd.unwrap_or(0.0),
                observed_min: row.observed_min.unwrap_or(f64::NAN),
                observed_max: row.observed_max.unwrap_or(f64::NAN),
                samples: row.samples,
                repeats: row.repeats,
                freshness_s: row.freshness.seconds(),
                state: age(row.state),
                context: row.context,
                row: RowRef { group: self.group, row: at },
            });
        }
    }

    /// Appends scores.
    pub(crate) fn scores(&mut self, rows: &ScoreRows) {
        for i in 0..rows.len() {
            self.tables.scores.push(&ScoreRow {
                time: rows.time[i],
                device: rows.device[i],
                detector: self.keys.detectors[rows.detector[i] as usize],
                score: rows.score[i],
                threshold: rows.threshold[i],
                alarm: rows.alarm[i],
            });
        }
    }

    /// Digests and encodes what has gathered, where it is enough.
    pub(crate) fn flush(&mut self) -> Result<(), EngineError> {
        Ok(self.tables.flush_if(ROWS_PER_BATCH)?)
    }

    /// Closes the row group.
    pub(crate) fn end_group(&mut self) -> Result<EncodedGroup, EngineError> {
        self.group += 1;
        Ok(self.tables.end_group()?)
    }

    pub(crate) const fn totals(&self) -> &Totals {
        &self.totals
    }
}

/// The twin's word in analytics' vocabulary: the two crates do not see each other.
const fn age(state: Freshness) -> Age {
    match state {
        Freshness::Fresh => Age::Fresh,
        Freshness::StaleLink => Age::StaleLink,
        Freshness::StaleGateway => Age::StaleGateway,
        Freshness::Silent => Age::Silent,
    }
}

/// The name of an asset, for tables that are written once at the end.
pub(crate) fn name_of(register: &Register, device: DeviceIx) -> &str {
    register.names.name(device)
}

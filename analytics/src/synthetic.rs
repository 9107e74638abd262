//! A farm for tests: hourly windows with daily cycles, noise, faults and confounders, as a twin
//! would hand them over. Its hydraulics are a pump curve, a filter and emitters on one junction.

use crate::collector::Collector;
use crate::fault::FaultClass;
use crate::finding::{Finding, ScoreRows};
use crate::model::Model;
use crate::scorer::Scorer;
use crate::spec::Spec;
use crate::tickets::{CandidateFault, CandidateFaults};
use crate::topology::{Place, SiteAssets, Topology, ZoneAssets};
use crate::window::{Freshness, RowRef, Window};
use fieldmirror_core::ids::{DeviceIx, EntityKey, Names, SiteIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::{Span, Timestamp};
use std::sync::Arc;

pub(crate) const ZONES: usize = 4;
pub(crate) const PROBES: usize = 10;
const SAMPLES: u32 = 6;

/// What goes wrong, from hour to hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// The filter's K grows to this.
    Clog {
        from: i64,
        full: i64,
        to: i64,
        loss: f64,
    },
    Stuck {
        probe: usize,
        from: i64,
        to: i64,
    },
    Drift {
        probe: usize,
        from: i64,
        percent_per_day: f64,
    },
    Noisy {
        probe: usize,
        from: i64,
        factor: f64,
    },
    Valve {
        zone: usize,
        from: i64,
        to: i64,
    },
    Outage {
        gateway: usize,
        from: i64,
        to: i64,
    },
    /// No fault: warmer and dryer.
    HeatWave {
        from: i64,
        to: i64,
    },
    /// No fault: zones 1 and 4 together, every night.
    Plan {
        from: i64,
        to: i64,
    },
}

/// The state of the network: zone flows, pump flow, pump pressure, filter pressure, power.
pub(crate) struct Point {
    pub(crate) flows: [f64; ZONES],
    pub(crate) values: [f64; 4],
}

/// Solves for the pump's flow by bisection; `emitters` 0 means closed.
pub(crate) fn solve(emitters: &[f64; ZONES], loss: f64, leak: f64, wear: f64) -> Point {
    let head = |q: f64| 47.0 * (1.0 - 0.1 * wear) - 0.07 * (1.0 + 0.3 * wear) * q * q;
    let pressure = |q: f64| head(q) - loss * 8.26e-4 * q * q;
    let out = |q: f64| {
        let root = pressure(q).max(0.0).sqrt();
        emitters.iter().map(|c| c * root).sum::<f64>() + leak * root
    };
    let (mut low, mut high) = (0.0, 30.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if out(middle) > middle { low = middle } else { high = middle }
    }
    let root = pressure(low).max(0.0).sqrt();
    let kpa = 9.806_65;
    let power = 0.009_81 * low * head(low) / (0.35 + 0.02 * low) + 0.4;
    Point {
        flows: emitters.map(|c| c * root),
        values: [low, head(low) * kpa, pressure(low) * kpa, power],
    }
}

pub(crate) struct Farm {
    pub(crate) topology: Arc<Topology>,
    seed: Seed,
    troubles: Vec<Trouble>,
    humidity: [f64; ZONES],
    last: Vec<[f64; 3]>,
    silent_h: Vec<f64>,
    hour: i64,
    row: u32,
}

impl Farm {
    pub(crate) fn new(seed: u64, troubles: &[Trouble]) -> Self {
        let topology = Arc::new(topology());
        let n = topology.places.len();
        Self {
            topology,
            seed: Seed::new(seed),
            troubles: troubles.to_vec(),
            humidity: [45.0, 50.0, 55.0, 42.0],
            last: vec![[f64::NAN; 3]; n],
            silent_h: vec![0.0; n],
            hour: 0,
            row: 0,
        }
    }

    fn noise(&self, device: DeviceIx, purpose: Purpose, counter: u32) -> [f64; 4] {
        let key = EntityKey::of(self.topology.names.name(device));
        self.seed.draws(key, purpose).normals4(counter)
    }

    fn active(&self, from: i64, to: i64) -> bool {
        (from..to).contains(&self.hour)
    }

    /// The windows of the next hour.
    pub(crate) fn hour(&mut self) -> Vec<Window> {
        let mut out = Vec::new();
        let time = Timestamp::from_nanos(0) + Span::from_hours(self.hour + 1);
        let open = self.commanded();
        let valve = |zone: usize| {
            self.troubles.iter().any(|t| match *t {
                Trouble::Valve { zone: z, from, to } => z == zone && self.active(from, to),
                _ => false,
            })
        };
        let stuck: [bool; ZONES] = std::array::from_fn(valve);
        self.pumps(time, &open, &stuck, &mut out);
        self.water(&open, &stuck);
        self.probes(time, &mut out);
        self.gateways(time, &mut out);
        self.hour += 1;
        out
    }

    fn commanded(&self) -> [bool; ZONES] {
        let plan = self.troubles.iter().any(|t| match *t {
            Trouble::Plan { from, to } => self.active(from, to),
            _ => false,
        });
        std::array::from_fn(|zone| {
            self.humidity[zone] < 38.0 || (plan && self.hour % 24 == 2 && (zone == 0 || zone == 3))
        })
    }

    fn water(&mut self, open: &[bool; ZONES], stuck: &[bool; ZONES]) {
        let heat = self.troubles.iter().any(|t| match *t {
            Trouble::HeatWave { from, to } => self.active(from, to),
            _ => false,
        });
        let sun = (((self.hour % 24) as f64 - 12.0) / 24.0 * std::f64::consts::TAU).cos().max(0.0);
        for zone in 0..ZONES {
            let dry = (0.1 + 0.9 * sun) * if heat { 1.6 } else { 1.0 };
            let wet = if open[zone] && !stuck[zone] { 2.5 } else { 0.0 };
            self.humidity[zone] = (self.humidity[zone] - dry + wet).max(0.0);
        }
    }

    fn pumps(
        &self,
        time: Timestamp,
        open: &[bool; ZONES],
        stuck: &[bool; ZONES],
        out: &mut Vec<Window>,
    ) {
        let loss = 2.0
            + self.troubles.iter().fold(0.0, |sum, t| match *t {
                Trouble::Clog { from, full, to, loss } if self.active(from, to) => {
                    let done = ((self.hour - from) as f64 / (full - from) as f64).min(1.0);
                    sum + libm::expm1(done * libm::log1p(loss))
                }
                _ => sum,
            });
        let count = open.iter().filter(|o| **o).count();
        let nominal = solve(&open.map(|o| if o { 0.69 } else { 0.0 }), 2.0, 0.0, 0.0);
        let truth: [f64; ZONES] = std::array::from_fn(|zone| {
            let key = EntityKey::of(self.topology.names.name(self.topology.zones[zone].valve));
            let draws = self.seed.draws(key, Purpose::PipeTruth);
            let flows = open[zone] && !stuck[zone];
            if flows { 0.69 * (1.0 + 0.05 * (2.0 * draws.uniform(0) - 1.0)) } else { 0.0 }
        });
        let real = solve(&truth, loss, 0.0, 0.0);
        for zone in (0..ZONES).filter(|&zone| open[zone]) {
            let device = self.topology.zones[zone].controller;
            let z = self.noise(device, Purpose::SensorNoise, self.hour as u32);
            let z4 = self.noise(device, Purpose::SensorDrift, self.hour as u32)[0];
            let spread = 1.0 / 8.0_f64.sqrt();
            let part = |value: f64, z: f64| value * (1.0 + 0.005 * spread * z);
            let observed = [
                part(real.flows[zone], z[0]),
                part(real.values[0], z[1]),
                real.values[1] + spread * z[2],
                real.values[2] + spread * z[3],
                part(real.values[3], z4),
            ];
            let [pump, before, after, power] = nominal.values;
            let expected = [nominal.flows[zone], pump, before, after, power];
            for (i, metric) in crate::features::pump::METRICS.into_iter().enumerate() {
                out.push(Window {
                    observed: Some(observed[i]),
                    expected: Some(expected[i]),
                    residual: Some(observed[i] - expected[i]),
                    samples: 8,
                    context: count as f64,
                    ..self.blank(time, device, metric)
                });
            }
        }
    }

    fn probes(&mut self, time: Timestamp, out: &mut Vec<Window>) {
        for zone in 0..ZONES {
            for i in 0..PROBES {
                let device = self.topology.zones[zone].probes[i];
                if self.outage(i % 2) && i % 4 != 1 {
                    self.silent_h[device.index()] += 1.0;
                    let age = 3_600.0 * self.silent_h[device.index()];
                    let state = Freshness::StaleGateway;
                    for metric in [Metric::Temperature, Metric::Humidity, Metric::BatteryVoltage] {
                        let blank = self.blank(time, device, metric);
                        out.push(Window { samples: 0, freshness_s: age, state, ..blank });
                    }
                    continue;
                }
                self.silent_h[device.index()] = 0.0;
                self.probe(time, zone, device, out);
            }
        }
    }

    fn probe(&mut self, time: Timestamp, zone: usize, device: DeviceIx, out: &mut Vec<Window>) {
        let truth = self.noise(device, Purpose::ProbeTruth, 0);
        let index = device.index();
        let (mut away, mut factor, mut stuck) = (0.0, 1.0, false);
        for trouble in &self.troubles {
            match *trouble {
                Trouble::Stuck { probe, from, to } if probe == index => {
                    stuck |= self.active(from, to);
                }
                Trouble::Drift { probe, from, percent_per_day } if probe == index => {
                    away += percent_per_day * (self.hour - from).max(0) as f64 / 24.0;
                }
                Trouble::Noisy { probe, from, factor: f } if probe == index => {
                    factor = if self.hour >= from { f } else { 1.0 };
                }
                _ => {}
            }
        }
        let mean = self.humidity[zone] * (1.0 + 0.02 * truth[0]) + 4.0 * truth[1] + away;
        let day = ((self.hour % 24) as f64 - 15.0) / 24.0 * std::f64::consts::TAU;
        let warm = 20.0 + 4.0 * day.cos() + 0.1 * truth[2];
        let expected = [self.humidity[zone] + 4.0 * truth[1] + 0.5 * day.cos(), warm, 3.6];
        let metrics = [Metric::Humidity, Metric::Temperature, Metric::BatteryVoltage];
        for (channel, metric) in metrics.into_iter().enumerate() {
            let mut samples = [0.0; SAMPLES as usize];
            let mut repeats = 0;
            for (i, sample) in samples.iter_mut().enumerate() {
                let counter = self.hour as u32 * SAMPLES + i as u32;
                let z = self.noise(device, Purpose::SensorNoise, counter)[channel];
                let fresh = match channel {
                    0 => ((mean + 2.3 * factor * z).max(0.0) * 10.0).round() / 10.0,
                    1 => ((warm + 0.1 * z) * 10.0).round() / 10.0,
                    _ => ((3.6 + 0.002 * z) * 1e3).round() / 1e3,
                };
                let before = self.last[index][channel];
                *sample = if stuck && channel == 0 { before } else { fresh };
                repeats += u32::from(*sample == before);
                self.last[index][channel] = *sample;
            }
            let observed = samples.iter().sum::<f64>() / f64::from(SAMPLES);
            let square = samples.iter().map(|s| (s - observed) * (s - observed)).sum::<f64>();
            out.push(Window {
                observed: Some(observed),
                expected: Some(expected[channel]),
                residual: Some(observed - expected[channel]),
                observed_sd: (square / f64::from(SAMPLES)).sqrt(),
                observed_min: samples.iter().copied().fold(f64::MAX, f64::min),
                observed_max: samples.iter().copied().fold(f64::MIN, f64::max),
                samples: SAMPLES,
                repeats,
                ..self.blank(time, device, metric)
            });
        }
    }

    fn outage(&self, gateway: usize) -> bool {
        self.troubles.iter().any(|t| match *t {
            Trouble::Outage { gateway: g, from, to } => g == gateway && self.active(from, to),
            _ => false,
        })
    }

    fn gateways(&mut self, time: Timestamp, out: &mut Vec<Window>) {
        for (i, device) in self.topology.sites[0].gateways.clone().into_iter().enumerate() {
            let silent = self.outage(i);
            let hours = &mut self.silent_h[device.index()];
            *hours = if silent { *hours + 1.0 } else { 0.0 };
            let freshness_s = 600.0 + 3_600.0 * *hours;
            let state = if silent { Freshness::Silent } else { Freshness::Fresh };
            let blank = self.blank(time, device, Metric::FramesReceived);
            let samples = if silent { 0 } else { 6 };
            let observed = (!silent).then_some(30.0);
            out.push(Window { observed, samples, freshness_s, state, ..blank });
        }
        for window in out.iter_mut() {
            window.row = RowRef { group: 0, row: self.row };
            self.row += 1;
        }
    }

    fn blank(&self, time: Timestamp, device: DeviceIx, metric: Metric) -> Window {
        let place = self.topology.places[device.index()];
        let probe = place.class == Some(DeviceClass::SoilProbe);
        let gateway = self.topology.sites[0].gateways[(device.index() % PROBES) % 2];
        Window {
            time,
            device,
            class: place.class.unwrap(),
            site: place.site,
            zone: place.zone,
            gateway: probe.then_some(gateway),
            metric,
            observed: None,
            expected: None,
            residual: None,
            observed_sd: 0.0,
            observed_min: f64::NAN,
            observed_max: f64::NAN,
            samples: 0,
            repeats: 0,
            freshness_s: 300.0,
            state: Freshness::Fresh,
            context: 0.0,
            row: RowRef::default(),
        }
    }
}

fn topology() -> Topology {
    let mut names = Names::default();
    let mut places = Vec::new();
    let site = SiteIx::new(0);
    let mut add = |name: String, class, zone: Option<usize>| {
        places.push(Place { class, site, zone: zone.map(|z| ZoneIx::new(z as u32)) });
        names.push(&name)
    };
    let probes: Vec<Vec<DeviceIx>> = (0..ZONES)
        .map(|z| {
            (0..PROBES)
                .map(|i| {
                    let name = format!("farmA-{}{:02}", z + 1, i + 1);
                    add(name, Some(DeviceClass::SoilProbe), Some(z))
                })
                .collect()
        })
        .collect();
    let zones = (0..ZONES)
        .map(|z| ZoneAssets {
            site,
            controller: add(
                format!("farmA-pump-{}", z + 1),
                Some(DeviceClass::PumpController),
                Some(z),
            ),
            valve: add(format!("farmA-valve-{}", z + 1), None, Some(z)),
            probes: probes[z].clone(),
        })
        .collect();
    let assets = SiteAssets {
        name: "farmA".to_owned(),
        pump: add("farmA-pump".to_owned(), None, None),
        filter: add("farmA-filter".to_owned(), None, None),
        gateways: (1..=2)
            .map(|g| add(format!("farmA-gw-{g}"), Some(DeviceClass::Gateway), None))
            .collect(),
        zones: (0..ZONES as u32).map(ZoneIx::new).collect(),
    };
    Topology { names, places, sites: vec![assets], zones }
}

/// What the engine does with the twin's nominal network, on this farm.
pub(crate) struct Nominal(pub(crate) Arc<Topology>);

impl CandidateFaults for Nominal {
    fn hydraulic(&self, _: SiteIx, open: &[ZoneIx]) -> Vec<CandidateFault> {
        let mut emitters = [0.0; ZONES];
        open.iter().for_each(|zone| emitters[zone.index()] = 0.69);
        let healthy = solve(&emitters, 2.0, 0.0, 0.0);
        let assets = &self.0.sites[0];
        let candidate = |class, device, faulty: Point| {
            let relative = |i: usize| faulty.values[i] / healthy.values[i] - 1.0;
            let flow = |z: &ZoneIx| faulty.flows[z.index()] / healthy.flows[z.index()] - 1.0;
            CandidateFault {
                class,
                device,
                zone_flow: open.iter().map(|z| (*z, flow(z))).collect(),
                pump_flow: relative(0),
                pump_pressure: relative(1),
                filter_pressure: relative(2),
                power: relative(3),
            }
        };
        let mut all = Vec::new();
        for loss in [32.0, 152.0, 1_002.0] {
            let faulty = solve(&emitters, loss, 0.0, 0.0);
            all.push(candidate(FaultClass::FilterClogging, assets.filter, faulty));
        }
        for zone in open {
            let mut emitters = emitters;
            emitters[zone.index()] = 0.0;
            let valve = self.0.zones[zone.index()].valve;
            let faulty = solve(&emitters, 2.0, 0.0, 0.0);
            all.push(candidate(FaultClass::ValveStuckClosed, valve, faulty));
        }
        for size in [0.15, 0.4] {
            let faulty = solve(&emitters, 2.0, size, 0.0);
            all.push(candidate(FaultClass::PipeLeak, assets.pump, faulty));
        }
        for wear in [0.5, 1.0] {
            let faulty = solve(&emitters, 2.0, 0.0, wear);
            all.push(candidate(FaultClass::PumpWear, assets.pump, faulty));
        }
        all
    }
}

/// A run: what was learned and what was found.
pub(crate) struct Outcome {
    pub(crate) topology: Arc<Topology>,
    pub(crate) model: Arc<Model>,
    pub(crate) scores: ScoreRows,
    pub(crate) findings: Vec<Finding>,
}

pub(crate) const CLEAN_DAYS: i64 = 20;

/// The hour in which day `day` begins.
pub(crate) const fn day(day: i64) -> i64 {
    day * 24
}

/// Twenty clean days to learn from, then `days` to judge.
pub(crate) fn run(seed: u64, days: i64, troubles: &[Trouble]) -> Outcome {
    // A farm of forty probes needs neither the windows nor the steps of a fleet.
    let spec = Spec { training_windows_max: 1_024, training_steps: 150, ..Spec::default() };
    let mut farm = Farm::new(seed, troubles);
    let topology = Arc::clone(&farm.topology);
    let mut collector = Collector::new(&topology, Seed::new(seed), &spec);
    for _ in 0..day(CLEAN_DAYS) {
        collector.observe(&farm.hour());
    }
    let model = Arc::new(Model::train(vec![collector], Seed::new(seed), &spec).unwrap());
    let mut scorer = Scorer::new(Arc::clone(&model), Arc::clone(&topology)).unwrap();
    let (mut scores, mut findings) = (ScoreRows::default(), Vec::new());
    for _ in 0..day(days) {
        scorer.score(&farm.hour(), &mut scores, &mut findings).unwrap();
    }
    scorer.finish(&mut findings);
    Outcome { topology, model, scores, findings }
}

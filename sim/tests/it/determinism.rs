//! The same specification and commands give the same rows, bit for bit, today and tomorrow.

use crate::farm::{Plan, device, spec};
use crate::{collect, on};
use fieldmirror_core::reading::FIELDS_MAX;
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Command, FaultClass, FaultSpec, Growth, Simulation, Spec, StepOutput};

/// FNV-1a over 64-bit words: enough to notice a changed bit.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

fn readings_hash(all: &StepOutput) -> u64 {
    let mut hash = Hash::new();
    for uplink in &all.heard {
        hash.add(uplink.received_at.nanos() as u64);
        hash.add(u64::from(uplink.rssi_dbm.to_bits()));
        for &byte in uplink.payload.as_bytes() {
            hash.add(u64::from(byte));
        }
    }
    for message in &all.published {
        for field in 0..FIELDS_MAX {
            hash.add(message.reading.raw(field) as u64);
        }
    }
    hash.0
}

fn truth_hash(all: &StepOutput) -> u64 {
    let mut hash = Hash::new();
    for row in &all.soil {
        hash.add(row.depletion_mm.to_bits());
        hash.add(row.eta_mm.to_bits());
        hash.add(row.theta.to_bits());
    }
    for row in &all.hydraulics {
        hash.add(row.time.nanos() as u64);
        hash.add(row.zone_flow_lps.to_bits());
        hash.add(row.power_kw.to_bits());
    }
    hash.0
}

/// A tiny farm with commands and every class of fault, over two days.
fn tiny(seed: u64) -> Spec {
    let mut spec = spec(&Plan { days: 2, ..Plan::SMALL }, seed);
    let parts = ["filter", "101", "202", "valve-2", "pump", "pump", "gw-2"];
    for (index, (class, part)) in FaultClass::ALL.into_iter().zip(parts).enumerate() {
        let onset = spec.start + Span::from_hours(12 + 3 * index as i64);
        spec.faults.push(FaultSpec {
            id: format!("fault-{index}"),
            class,
            device: device(&spec.register, &format!("farmA-{part}")),
            onset,
            end: Some(onset + Span::from_hours(12)),
            severity: 0.6,
            growth: Growth::Exponential(Span::from_hours(8)),
        });
    }
    spec
}

fn run_tiny(seed: u64) -> StepOutput {
    let spec = tiny(seed);
    let controllers = ["farmA-pump-1", "farmA-pump-2"].map(|name| device(&spec.register, name));
    collect(spec, Span::from_days(2), |number| {
        let wanted = if number % 45 == 3 { &controllers[..1 + number % 2] } else { &[] };
        wanted.iter().map(|&device| Command { device, kind: on(900) }).collect()
    })
}

/// Golden numbers: a change of any draw, formula or order moves them, and must say why.
#[test]
fn a_fixed_farm_gives_the_recorded_readings_and_truth() {
    let all = run_tiny(42);
    let given = (all.heard.len(), readings_hash(&all), all.soil.len(), truth_hash(&all));
    let recorded = (2_353, 0x9be2_3e41_958e_a021, 96, 0x2caa_938d_ac7b_6a94);
    assert_eq!(given, recorded, "{given:#x?}");
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let (a, b, c) = (run_tiny(42), run_tiny(42), run_tiny(43));
    assert_eq!(a, b);
    assert_ne!(readings_hash(&a), readings_hash(&c));
    assert_ne!(truth_hash(&a), truth_hash(&c));
}

#[test]
fn what_the_output_held_before_makes_no_difference() {
    let spec = tiny(1);
    let (mut a, mut b) = (
        Simulation::new(spec.clone()).expect("valid"),
        Simulation::new(spec.clone()).expect("valid"),
    );
    let mut reused = StepOutput::default();
    let mut now = spec.start;
    for _ in 0..180 {
        let mut fresh = StepOutput::default();
        a.step(now, &[], &mut reused).expect("a step");
        b.step(now, &[], &mut fresh).expect("a step");
        assert_eq!(reused, fresh);
        now = now + spec.step;
    }
}

#[test]
fn longer_steps_tell_the_same_story() {
    let run = |step: i64| {
        let mut spec = tiny(9);
        spec.step = Span::from_seconds(step);
        spec.faults.clear();
        collect(spec, Span::from_days(1), |_| Vec::new())
    };
    let (short, long) = (run(60), run(600));
    assert_eq!(short.soil, long.soil);
    let by_time = |all: &StepOutput| {
        let mut rows: Vec<_> =
            all.frames.iter().map(|row| (row.sent_at, row.device, row.lost)).collect();
        rows.sort();
        rows
    };
    assert_eq!(by_time(&short), by_time(&long));
}

#[test]
fn a_world_can_move_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Simulation>();
}

//! What the world's entities are made of: one small component for each thing that changes alone.
//!
//! Reporting devices of one class share an archetype and are spawned in register order, which is
//! the order of their report phase, so those that report together lie together in memory.

use crate::fault::FaultSpec;
use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity;
use fieldmirror_core::ids::{DeviceIx, EntityKey, SiteIx, ZoneIx};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_lorawan::duty_cycle::DutyCycle;
use fieldmirror_lorawan::gateway::Radio;
use fieldmirror_lorawan::spreading::SpreadingFactor;
use fieldmirror_physics::battery::{Battery, Cell};
use fieldmirror_physics::soil::{CropParams, DayFactors, SoilParams, SoilState};
use fieldmirror_physics::soil_temperature::SoilColumn;

/// A site: the farm that its zones and devices belong to.
#[derive(Component, Debug)]
pub(crate) struct Farm {
    pub(crate) site: SiteIx,
}

/// The parts of a site's plant that can break.
#[derive(Component, Debug)]
pub(crate) struct Parts {
    pub(crate) pump: DeviceIx,
    pub(crate) filter: DeviceIx,
    /// By position along the main.
    pub(crate) valves: Vec<DeviceIx>,
}

/// A site's gateways and the air between them and its devices.
#[derive(Component, Debug)]
pub(crate) struct Receivers {
    pub(crate) radio: Radio,
    pub(crate) gateways: Vec<DeviceIx>,
    /// Receptions decided in the step, in order of time: when, and by which gateway.
    pub(crate) receptions: Vec<(Timestamp, u8)>,
}

/// A zone's place, true soil and crop.
#[derive(Component, Debug)]
pub(crate) struct Field {
    pub(crate) zone: ZoneIx,
    pub(crate) sky: usize,
    pub(crate) soil: SoilParams,
    pub(crate) crop: CropParams,
    /// The day of planting, in days since the start of the run; negative before it.
    pub(crate) planted_day: i64,
    /// Share of the applied water that reaches the root zone.
    pub(crate) efficiency: f64,
    /// Share of the surface that irrigation wets.
    pub(crate) wetted: f64,
}

/// A zone's root zone.
#[derive(Component, Debug)]
pub(crate) struct RootZone {
    pub(crate) state: SoilState,
    pub(crate) factors: DayFactors,
}

/// Water given to a zone within the hour.
#[derive(Component, Debug, Default)]
pub(crate) struct Irrigated {
    /// Gross depth of the intervals that have ended, mm.
    pub(crate) applied_mm: f64,
    /// Gross depth a second of the interval that runs, mm/s, and when it began.
    pub(crate) rate_mm_s: f64,
    pub(crate) since: Timestamp,
}

/// The soil's temperature under a zone.
#[derive(Component, Debug)]
pub(crate) struct Heat {
    pub(crate) column: SoilColumn,
    /// Depth of the probes, m.
    pub(crate) depth_m: f64,
    /// Temperature at that depth when the hour begins and when it ends, degrees C.
    pub(crate) course_c: [f64; 2],
}

/// The junction of the main at which a zone's lateral leaves.
#[derive(Component, Debug, Default)]
pub(crate) struct Junction {
    /// Severity of its leak.
    pub(crate) leak: f64,
}

/// When a device reports next.
#[derive(Component, Clone, Copy, Debug)]
pub(crate) struct Due(pub(crate) Timestamp);

/// Who reports, and how often.
#[derive(Component, Debug)]
pub(crate) struct Reporter {
    pub(crate) key: EntityKey,
    /// The first slot; the others follow at the interval.
    pub(crate) first: Timestamp,
    pub(crate) interval: Span,
    pub(crate) device: DeviceIx,
    pub(crate) site: SiteIx,
    /// How many reports it has made.
    pub(crate) sequence: u32,
}

impl Reporter {
    /// The start of the slot of report `sequence`.
    pub(crate) fn slot(&self, sequence: u32) -> Timestamp {
        self.first + Span::from_nanos(self.interval.nanos() * i64::from(sequence))
    }

    /// The first slot after `at`.
    pub(crate) fn slot_after(&self, at: Timestamp) -> Timestamp {
        if at < self.first {
            return self.first;
        }
        let passed = (at - self.first).nanos() / self.interval.nanos();
        self.first + Span::from_nanos(self.interval.nanos() * (passed + 1))
    }
}

/// A soil probe's transducers with their true deviations.
#[derive(Component, Debug)]
pub(crate) struct Probe {
    pub(crate) zone: ZoneIx,
    pub(crate) gain: f32,
    /// m3/m3.
    pub(crate) offset: f32,
    /// m3/m3 a year.
    pub(crate) drift_per_year: f32,
    /// Share of the way to the true water content that the reading goes in one interval.
    pub(crate) follows: f32,
    pub(crate) temperature_offset_k: f32,
    /// The water content that the sensing element shows, m3/m3.
    pub(crate) shown: f32,
    /// What a drift fault adds, m3/m3.
    pub(crate) fault_drift: f32,
    /// Raw temperature and humidity of the last report.
    pub(crate) last: [i16; 2],
    pub(crate) is_stuck: bool,
}

/// A weather station's counters.
#[derive(Component, Debug)]
pub(crate) struct Station {
    pub(crate) sky: usize,
    pub(crate) temperature_offset_k: f64,
    /// When it reported last, and the radiation until then, MJ/m2.
    pub(crate) reported_at: Timestamp,
    pub(crate) radiation_mj: f64,
    /// Tips of the rain gauge's bucket that it has reported.
    pub(crate) tips: i64,
}

/// A battery and its size.
#[derive(Component, Debug)]
pub(crate) struct Power {
    pub(crate) battery: Battery,
    pub(crate) capacity_ah: f32,
}

impl Power {
    /// The cell when it was new.
    pub(crate) fn cell(&self) -> Cell {
        Cell { capacity_ah: f64::from(self.capacity_ah), ..Cell::LISOCL2_AA }
    }
}

/// A LoRaWAN device's radio.
#[derive(Component, Debug)]
pub(crate) struct Node {
    pub(crate) duty: DutyCycle,
    pub(crate) airtime_ns: i64,
    /// Its first link in [`crate::resources::Links`].
    pub(crate) first_link: u32,
    /// How many gateways its site has, and so how many links.
    pub(crate) gateways: u8,
    /// Charge of an interval with and without a frame, microampere-hours.
    pub(crate) report_uah: f32,
    pub(crate) blocked_uah: f32,
    pub(crate) sf: SpreadingFactor,
}

/// A pump controller: commands its zone's valve and the shared pump.
#[derive(Component, Debug)]
pub(crate) struct Controller {
    /// The zone's position along its site's main.
    pub(crate) position: usize,
    /// Until when it is ON.
    pub(crate) until: Option<Timestamp>,
    /// Whether its state changed within the step.
    pub(crate) is_switched: bool,
    /// The state as it was reported last.
    pub(crate) reported_on: bool,
}

/// A gateway.
#[derive(Component, Debug)]
pub(crate) struct Gateway {
    /// Its index among its site's gateways.
    pub(crate) index: usize,
    /// Frames heard since its last report.
    pub(crate) heard: u32,
    pub(crate) is_down: bool,
}

/// A filter and the severity of its clogging.
#[derive(Component, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) clogging: f64,
}

/// A pump and the severity of its wear.
#[derive(Component, Debug, Default)]
pub(crate) struct Wear(pub(crate) f64);

/// A valve.
#[derive(Component, Debug, Default)]
pub(crate) struct Valve {
    pub(crate) is_stuck_closed: bool,
}

/// A scheduled fault, an entity of its own; its severity grows and acts on its target.
#[derive(Component, Debug)]
pub(crate) struct Fault {
    pub(crate) spec: FaultSpec,
    /// Whose component it changes: the asset, or for a leak the zone of the junction.
    pub(crate) target: Entity,
    pub(crate) site: SiteIx,
    /// Which way it goes, where it may go both: -1 or 1.
    pub(crate) sign: f64,
    /// How severe it is now, and whether that has changed in this step.
    pub(crate) severity: f64,
    pub(crate) has_changed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::size_of;

    /// A component costs its size and two change ticks; an entity its id in the table, its location
    /// and its place in the directory; a link four bytes for each gateway.
    #[test]
    fn a_probe_takes_less_than_300_bytes() {
        let components = size_of::<(Due, Reporter, Probe, Power, Node)>() + 5 * 8;
        let entity = 2 * size_of::<Entity>() + 24;
        let links = 4 * 4;
        assert!(components + entity + links < 300, "{} B", components + entity + links);
    }

    #[test]
    fn slots_follow_the_interval_from_the_first() {
        let reporter = Reporter {
            key: EntityKey::of("x"),
            first: Timestamp::from_millis(5_000),
            interval: Span::from_seconds(60),
            device: DeviceIx::new(0),
            site: SiteIx::new(0),
            sequence: 0,
        };
        let slots = [0, 1, 2].map(|n| reporter.slot(n).seconds());
        assert_eq!(slots, [5, 65, 125]);
        let after = [0, 5_000, 5_001, 64_999, 65_000]
            .map(|ms| reporter.slot_after(Timestamp::from_millis(ms)).seconds());
        assert_eq!(after, [5, 65, 65, 65, 125]);
    }
}

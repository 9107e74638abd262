//! What systems share: the step's clock, its inbox and outboxes, and dense views of the world.

use crate::command::Command;
use crate::rows::StepOutput;
use crate::sky::Sky;
use crate::spec::{DailyForcing, Uncertainty};
use bevy_ecs::entity::Entity;
use bevy_ecs::resource::Resource;
use fieldmirror_core::ids::{DeviceIx, EntityKey, SiteIx, ZoneIx};
use fieldmirror_core::reading::FramePayload;
use fieldmirror_core::seed::{Draws, Purpose, Seed};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_lorawan::gateway::{Frame, Verdict};

/// The step that runs.
#[derive(Resource, Clone, Copy, Debug)]
pub(crate) struct Tick {
    pub(crate) seed: Seed,
    pub(crate) start: Timestamp,
    pub(crate) step: Span,
    pub(crate) now: Timestamp,
}

const HOUR_NS: i64 = Span::from_hours(1).nanos();

impl Tick {
    pub(crate) fn end(&self) -> Timestamp {
        self.now + self.step
    }

    pub(crate) fn draws(&self, key: EntityKey, purpose: Purpose) -> Draws {
        self.seed.draws(key, purpose)
    }

    /// Whether an hour begins with this step.
    pub(crate) fn opens_hour(&self) -> bool {
        (self.now - self.start).nanos() % HOUR_NS == 0
    }

    /// Whether an hour ends with this step.
    pub(crate) fn closes_hour(&self) -> bool {
        (self.end() - self.start).nanos() % HOUR_NS == 0
    }

    /// Whether a day begins with this step.
    pub(crate) fn opens_day(&self) -> bool {
        (self.now - self.start).nanos() % (24 * HOUR_NS) == 0
    }

    /// Days since the start.
    pub(crate) fn day(&self) -> usize {
        ((self.now - self.start).nanos() / (24 * HOUR_NS)) as usize
    }

    /// The hour of the day in which the step lies, 0 to 23.
    pub(crate) fn hour(&self) -> usize {
        ((self.now - self.start).nanos() / HOUR_NS % 24) as usize
    }

    /// When the hour in which the step lies began.
    pub(crate) fn hour_began(&self) -> Timestamp {
        self.start + Span::from_hours((self.now - self.start).nanos() / HOUR_NS)
    }

    /// How much of the step is over at `at`, 0 to 1.
    pub(crate) fn part(&self, at: Timestamp) -> f64 {
        (at - self.now).nanos() as f64 / self.step.nanos() as f64
    }
}

/// Deviations that act at each report.
#[derive(Resource, Clone, Copy, Debug)]
pub(crate) struct Deviations(pub(crate) Uncertainty);

/// The forcing with the confounders' part.
#[derive(Resource, Debug)]
pub(crate) struct Forcing(pub(crate) Vec<DailyForcing>);

/// The weather of each distinct place.
#[derive(Resource, Debug)]
pub(crate) struct Skies(pub(crate) Vec<Sky>);

/// Where each asset, zone and site lives.
#[derive(Resource, Debug, Default)]
pub(crate) struct Directory {
    pub(crate) devices: Vec<Entity>,
    pub(crate) zones: Vec<Entity>,
    pub(crate) sites: Vec<Entity>,
}

impl Directory {
    pub(crate) fn device(&self, device: DeviceIx) -> Entity {
        self.devices[device.index()]
    }

    pub(crate) fn zone(&self, zone: ZoneIx) -> Entity {
        self.zones[zone.index()]
    }

    pub(crate) fn site(&self, site: SiteIx) -> Entity {
        self.sites[site.index()]
    }
}

/// The step's commands.
#[derive(Resource, Debug, Default)]
pub(crate) struct Inbox(pub(crate) Vec<Command>);

/// A change of a pump controller's state within the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Switch {
    pub(crate) at: Timestamp,
    pub(crate) site: SiteIx,
    /// The zone's position along its site's main.
    pub(crate) position: usize,
    pub(crate) controller: Entity,
    pub(crate) on: bool,
    pub(crate) duration: Span,
}

/// All changes of the step, by (site, time), in the order in which they came.
#[derive(Resource, Debug, Default)]
pub(crate) struct Switches(pub(crate) Vec<Switch>);

/// What the ground under a zone is like at both ends of the step; between them it is linear.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ground {
    pub(crate) theta: [f64; 2],
    pub(crate) temperature_c: [f64; 2],
    pub(crate) wilting_point: f64,
    /// Percent of plant-available water a m3/m3: 100 / (field capacity - wilting point).
    pub(crate) percent_per_water: f64,
    pub(crate) water_noise: f64,
    pub(crate) temperature_noise_k: f64,
}

/// The ground by [`ZoneIx`]: a dense copy for the probes, which are scattered over zones.
#[derive(Resource, Debug, Default)]
pub(crate) struct Grounds(pub(crate) Vec<Ground>);

/// A report on its way to the air.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing {
    pub(crate) at: Timestamp,
    pub(crate) node: Entity,
    pub(crate) key: EntityKey,
    pub(crate) site: SiteIx,
    pub(crate) device: DeviceIx,
    pub(crate) frame_counter: u32,
    /// Whether the duty cycle forbade to send it.
    pub(crate) is_blocked: bool,
    pub(crate) payload: FramePayload,
}

/// The step's reports over the air.
#[derive(Resource, Debug, Default)]
pub(crate) struct Outbox(pub(crate) Vec<Outgoing>);

/// Power of each link before fading, dBm, by the sender's first link and the gateway's index.
#[derive(Resource, Debug, Default)]
pub(crate) struct Links(pub(crate) Vec<f32>);

/// A frame on air, as the sender knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Airborne {
    pub(crate) device: DeviceIx,
    pub(crate) frame_counter: u32,
    pub(crate) payload: FramePayload,
}

/// Frames without a verdict, in slots that their tags name, and scratch memory of the radio.
#[derive(Resource, Debug, Default)]
pub(crate) struct Air {
    pub(crate) slots: Vec<Airborne>,
    pub(crate) free: Vec<u32>,
    /// The step's frames in the order of their reports.
    pub(crate) drafts: Vec<Frame>,
    /// (site and start, device, position in `drafts`).
    pub(crate) order: Vec<(u64, DeviceIx, u32)>,
    /// One farm's frames in order of their start.
    pub(crate) frames: Vec<Frame>,
    pub(crate) verdicts: Vec<Verdict>,
}

/// The step's rows.
#[derive(Resource, Debug, Default)]
pub(crate) struct Output(pub(crate) StepOutput);

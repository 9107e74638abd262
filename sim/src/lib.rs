//! The farm: a [`bevy_ecs`] world that emits uplinks and obeys commands.
//!
//! [`Simulation::new`] spawns one world for a shard of farms from a [`Spec`]: sites, zones, soil
//! probes, weather stations, pump controllers, gateways, pumps, filters and valves are entities, and
//! so is each scheduled fault. [`Simulation::step`] runs the one visible list of systems
//! (`schedule.rs`) over `[now, now + step)` and fills a [`StepOutput`]: the fate of every frame, what
//! gateways heard, what MQTT clients published, and the rows of the soil and hydraulics tables.
//!
//! The world's true values are drawn around the register's nominal ones ([`Uncertainty`]); nothing
//! downstream ever sees them. Formulas come from `fieldmirror-physics`, the air from
//! `fieldmirror-lorawan`; this crate holds state, order and draws.
//!
//! What it does not do: no clock, no files, no topics or JSON, no rules. Time and randomness are
//! arguments ([`fieldmirror_core::seed`]); two worlds of one spec that get the same commands give
//! the same rows, bit for bit.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

mod command;
mod components;
mod error;
mod fault;
mod plant;
mod resources;
mod rows;
mod schedule;
mod simulation;
mod sky;
mod spawn;
mod spec;
mod systems;

pub use command::{Command, CommandKind};
pub use error::SimError;
pub use fault::{FaultClass, FaultSpec, Growth, TruthRow};
pub use rows::{FrameRow, HydraulicsRow, Loss, ShadowReport, SoilRow, StepOutput};
pub use simulation::Simulation;
pub use sky::{Et0Day, et0_by_day};
pub use spec::{Confounder, DailyForcing, Spec, Uncertainty};

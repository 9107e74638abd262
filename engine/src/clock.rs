//! Time that passes outside the simulation, handed in by the caller.

/// Tells how long something took. The engine itself never asks the system for the time: a run's
/// results may not depend on it.
pub trait Stopwatch: Sync {
    /// Nanoseconds since some fixed instant.
    fn nanos(&self) -> u64;
}

/// A stopwatch that stands still, for tests and replays that need no timings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Still;

impl Stopwatch for Still {
    fn nanos(&self) -> u64 {
        0
    }
}

/// Hears how far a run is.
pub trait Progress: Sync {
    /// `done` of `total` steps are recorded; `stage` says what goes on.
    fn at(&self, done: u64, total: u64, stage: &str);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn at(&self, _done: u64, _total: u64, _stage: &str) {}
}

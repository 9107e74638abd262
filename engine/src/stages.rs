//! Where a run's time goes, by stage.

use crate::clock::Stopwatch;

/// A stage of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub(crate) enum Stage {
    /// The world and its radio.
    Sim,
    /// Deduplication, decoding, order.
    Network,
    /// Routing, rules, actions, shadows, sessions.
    Cloud,
    /// Mirror and prediction.
    Twin,
    /// Learning and scoring.
    Analytics,
    /// Rows into columns.
    Columns,
    /// Digest, encoding, compression.
    Record,
}

impl Stage {
    pub(crate) const ALL: [Self; 7] = [
        Self::Sim,
        Self::Network,
        Self::Cloud,
        Self::Twin,
        Self::Analytics,
        Self::Columns,
        Self::Record,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Network => "network",
            Self::Cloud => "cloud",
            Self::Twin => "twin",
            Self::Analytics => "analytics",
            Self::Columns => "columns",
            Self::Record => "record",
        }
    }
}

/// Nanoseconds spent in each stage by one shard.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stages {
    nanos: [u64; Stage::ALL.len()],
    since: u64,
}

impl Stages {
    /// Begins to count.
    pub(crate) fn start(&mut self, stopwatch: &dyn Stopwatch) {
        self.since = stopwatch.nanos();
    }

    /// Books the time since the last call to `stage`.
    pub(crate) fn stop(&mut self, stage: Stage, stopwatch: &dyn Stopwatch) {
        let now = stopwatch.nanos();
        self.nanos[stage as usize] += now.saturating_sub(self.since);
        self.since = now;
    }

    /// Nanoseconds of `stage`.
    pub(crate) const fn nanos(&self, stage: Stage) -> u64 {
        self.nanos[stage as usize]
    }
}

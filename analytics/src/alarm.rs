//! From scores to lasting deviations: persistence before an alarm, hysteresis after it.

use crate::finding::Cell;
use crate::window::WINDOW;
use fieldmirror_core::ids::ZoneIx;
use fieldmirror_core::time::Timestamp;

/// The most channels of any detector.
pub const CHANNELS_MAX: usize = 6;

/// Windows that an episode's pattern is averaged over: its first ones.
const PATTERN_WINDOWS: u32 = 24;

/// Most companion zones that an episode counts.
const COMPANIONS_MAX: usize = 16;

/// The share of the threshold below which a window counts as quiet.
const QUIET_SHARE: f32 = 0.5;

/// When an alarm is raised and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Deviating windows needed...
    pub needed: u8,
    /// ...of this many consecutive ones, at most 16.
    pub of: u8,
    /// Quiet windows that end an alarm.
    pub quiet: u8,
    /// Whether a lasting change of the pattern ends an episode and begins another.
    pub splits: bool,
}

/// What a detector says of one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Window end.
    pub time: Timestamp,
    /// The score.
    pub score: f32,
    /// Scores from here on deviate.
    pub threshold: f32,
    /// Each channel's part in the score.
    pub parts: [f32; CHANNELS_MAX],
    /// The shape of the deviation.
    pub pattern: [f32; CHANNELS_MAX],
    /// Mean number of open zones (pump controllers).
    pub open_zones: f32,
    /// The share of its flow that the zone lost (pump controllers).
    pub flow_loss: f32,
    /// Whether no water came at all (pump controllers).
    pub blocked: bool,
}

/// A run of deviating windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// Begin of the first deviating window.
    pub onset: Timestamp,
    /// When it became an alarm.
    pub raised_at: Option<Timestamp>,
    /// End of the last deviating window.
    pub last: Timestamp,
    /// The largest score.
    pub score: f32,
    /// The threshold.
    pub threshold: f32,
    /// Sum of parts over the pattern's windows.
    pub parts: [f32; CHANNELS_MAX],
    /// The largest loss of flow.
    pub flow_loss: f32,
    /// Zones that ran at the same time, with their hours.
    pub companions: Vec<(ZoneIx, u32)>,
    /// Cells of the window with the largest score.
    pub evidence: Vec<Cell>,
    pattern: [f32; CHANNELS_MAX],
    open_zones: f32,
    windows: u32,
    /// The pattern of another deviation that was there before and goes on.
    pub before: [f32; CHANNELS_MAX],
    blocked: bool,
    /// Consecutive windows whose `blocked` differs, and when they began.
    flipped: u8,
    flipped_at: Timestamp,
    /// Trailing mean of the pattern while it does not turn.
    recent: [f32; CHANNELS_MAX],
    /// Consecutive windows that do not fit the trailing mean, and when they began.
    turned: u8,
    turned_at: Timestamp,
}

impl Episode {
    fn new(observation: &Observation) -> Self {
        Self {
            onset: observation.time - WINDOW,
            raised_at: None,
            last: observation.time,
            score: 0.0,
            threshold: observation.threshold,
            parts: [0.0; CHANNELS_MAX],
            flow_loss: 0.0,
            companions: Vec::new(),
            evidence: Vec::new(),
            pattern: [0.0; CHANNELS_MAX],
            open_zones: 0.0,
            windows: 0,
            before: [0.0; CHANNELS_MAX],
            blocked: observation.blocked,
            flipped: 0,
            flipped_at: observation.time - WINDOW,
            recent: observation.pattern,
            turned: 0,
            turned_at: observation.time - WINDOW,
        }
    }

    /// Takes in a deviating window. Returns whether it is the strongest so far.
    fn absorb(&mut self, observation: &Observation) -> bool {
        self.last = observation.time;
        self.flow_loss = self.flow_loss.max(observation.flow_loss);
        if self.windows < PATTERN_WINDOWS {
            self.windows += 1;
            self.open_zones += observation.open_zones;
            for i in 0..CHANNELS_MAX {
                self.parts[i] += observation.parts[i];
                self.pattern[i] += observation.pattern[i];
            }
        }
        let strongest = observation.score > self.score;
        self.score = self.score.max(observation.score);
        strongest
    }

    /// Mean pattern of the first windows.
    pub fn pattern(&self) -> [f32; CHANNELS_MAX] {
        self.pattern.map(|sum| sum / self.windows.max(1) as f32)
    }

    /// Mean number of open zones in them.
    pub fn open_zones(&self) -> f32 {
        self.open_zones / self.windows.max(1) as f32
    }

    /// Counts `zone` as one that ran at the same time.
    pub fn accompany(&mut self, zone: ZoneIx) {
        if let Some(entry) = self.companions.iter_mut().find(|entry| entry.0 == zone) {
            entry.1 += 1;
        } else if self.companions.len() < COMPANIONS_MAX {
            self.companions.push((zone, 1));
        }
    }

    /// Whether the pattern has been another one than the episode's mean for three windows: farther
    /// from it than it is long.
    fn turns(&mut self, observation: &Observation) -> bool {
        const TURNED_WINDOWS: u8 = 3;
        const TOWARDS: f32 = 0.2;
        let mean = self.pattern();
        let (mut apart, mut size) = (0.0_f32, 0.0_f32);
        for (new, mean) in observation.pattern.iter().zip(mean) {
            apart += (new - mean) * (new - mean);
            size += mean * mean;
        }
        if apart > size {
            if self.turned == 0 {
                self.turned_at = observation.time - WINDOW;
            }
            self.turned += 1;
        } else {
            self.turned = 0;
            for (mean, new) in self.recent.iter_mut().zip(observation.pattern) {
                *mean += TOWARDS * (new - *mean);
            }
        }
        self.turned >= TURNED_WINDOWS
    }

    /// Whether water has stopped, or come back, for two windows.
    fn flips(&mut self, observation: &Observation) -> bool {
        const FLIPPED_WINDOWS: u8 = 2;
        if observation.blocked == self.blocked {
            self.flipped = 0;
            return false;
        }
        if self.flipped == 0 {
            self.flipped_at = observation.time - WINDOW;
        }
        self.flipped += 1;
        self.flipped >= FLIPPED_WINDOWS
    }

    /// The episode that `observation` begins while this one is open, and when, if it begins one.
    fn successor(&mut self, observation: &Observation) -> Option<Self> {
        // No flow is another matter than less flow, however little less it is: a valve may close
        // behind a filter that was clogged before.
        let (flips, turns) = (self.flips(observation), self.turns(observation));
        if !flips && (!turns || self.flipped > 0) {
            return None;
        }
        let mut next = Self::new(observation);
        next.raised_at = Some(observation.time);
        next.onset = if flips { self.flipped_at } else { self.turned_at };
        next.before = self.recent;
        self.last = next.onset;
        Some(next)
    }
}

/// The state of one device and detector.
#[derive(Clone, Debug, Default)]
pub struct Alarm {
    /// Bit `i`: whether the window `i` windows ago deviated.
    history: u16,
    quiet: u8,
    episode: Option<Box<Episode>>,
}

/// What a window changed.
#[derive(Debug, Default)]
pub struct Change {
    /// An alarm that ended.
    pub closed: Option<Box<Episode>>,
    /// Whether this window deviates more than any before it in the open episode.
    pub strongest: bool,
}

impl Alarm {
    /// Whether an alarm is open.
    pub fn raised(&self) -> bool {
        self.episode.as_ref().is_some_and(|episode| episode.raised_at.is_some())
    }

    /// Whether it has nothing to remember.
    pub fn idle(&self) -> bool {
        self.history == 0 && self.episode.is_none()
    }

    /// The run of deviating windows at hand, raised or not.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.episode.as_deref_mut()
    }

    /// Takes in a window.
    pub fn advance(&mut self, policy: &Policy, observation: &Observation) -> Change {
        let deviates = observation.score >= observation.threshold;
        let mask = u16::MAX >> (16 - u16::from(policy.of.clamp(1, 16)));
        self.history = (self.history << 1 | u16::from(deviates)) & mask;
        let mut change = Change::default();
        if deviates {
            let raised = self.raised();
            let episode = self.episode.get_or_insert_with(|| Box::new(Episode::new(observation)));
            if !raised {
                episode.blocked = observation.blocked;
            } else if policy.splits
                && let Some(next) = episode.successor(observation)
            {
                change.closed = self.episode.replace(Box::new(next));
            }
            if let Some(episode) = self.episode.as_deref_mut()
                && ((episode.turned == 0 && episode.flipped == 0) || !raised)
            {
                change.strongest = episode.absorb(observation);
            }
        }
        self.settle(policy, observation, &mut change);
        change
    }

    fn settle(&mut self, policy: &Policy, observation: &Observation, change: &mut Change) {
        let Some(episode) = self.episode.as_deref_mut() else {
            return;
        };
        if episode.raised_at.is_none() {
            if self.history.count_ones() >= u32::from(policy.needed) {
                episode.raised_at = Some(observation.time);
                self.quiet = 0;
            } else if self.history == 0 {
                self.episode = None;
            }
            return;
        }
        let quiet = observation.score < QUIET_SHARE * observation.threshold;
        self.quiet = if quiet { self.quiet + 1 } else { 0 };
        if self.quiet >= policy.quiet {
            change.closed = self.episode.take();
            self.quiet = 0;
            self.history = 0;
        }
    }

    /// The open alarm at the end of the run, if any.
    pub fn finish(&mut self) -> Option<Box<Episode>> {
        self.history = 0;
        self.episode.take().filter(|episode| episode.raised_at.is_some())
    }
}

#[cfg(test)]
mod tests;

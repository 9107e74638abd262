//! The clean stretch of one shard, kept in bounded room: moments of every device, a uniform sample
//! of windows.

use crate::features::probe::{self, ProbeHours, Recent};
use crate::features::pump::{self, PumpHours, Running};
use crate::scale::Moments;
use crate::spec::Spec;
use crate::topology::Topology;
use crate::window::{WINDOW, Window};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Draws, Purpose, Seed};
use fieldmirror_core::time::Timestamp;
use std::sync::Arc;

/// A clean window of a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeSample {
    /// The probe's slot.
    pub(crate) slot: u32,
    /// The window's end.
    pub(crate) time: Timestamp,
    /// Its last hours, raw.
    pub(crate) window: Recent,
}

/// A clean hour of a pump controller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PumpSample {
    /// The controller's slot.
    pub(crate) slot: u32,
    /// The window's end.
    pub(crate) time: Timestamp,
    /// What it measured.
    pub(crate) observed: [f32; pump::CHANNELS],
    /// How far that was from the twin, mean over its last running hours.
    pub(crate) change: [f32; pump::CHANGES],
}

/// A uniform sample of a stream of unknown length.
///
/// # Source
/// Vitter, "Random sampling with a reservoir" (1985), algorithm R.
#[derive(Clone, Debug)]
pub(crate) struct Reservoir<T> {
    pub(crate) kept: Vec<T>,
    pub(crate) seen: u32,
    room: usize,
    draws: Draws,
}

impl<T> Reservoir<T> {
    fn new(room: usize, draws: Draws) -> Self {
        Self { kept: Vec::new(), seen: 0, room, draws }
    }

    fn offer(&mut self, item: impl FnOnce() -> T) {
        self.seen = self.seen.saturating_add(1);
        if self.kept.len() < self.room {
            self.kept.push(item());
            return;
        }
        let place = self.draws.below(self.seen, self.seen) as usize;
        if place < self.room {
            self.kept[place] = item();
        }
    }
}

/// What one shard learned from.
#[derive(Clone, Debug)]
pub struct Collector {
    pub(crate) topology: Arc<Topology>,
    /// Begin of the first and end of the last window.
    pub(crate) stretch: Option<(Timestamp, Timestamp)>,
    pub(crate) probes: ProbeHours,
    pub(crate) probe_moments: Vec<Moments<{ probe::CHANNELS }>>,
    pub(crate) residual_moments: Vec<Moments<{ probe::RESIDUALS }>>,
    pub(crate) probe_sample: Reservoir<ProbeSample>,
    pub(crate) pumps: PumpHours,
    pub(crate) pump_moments: Vec<Moments<{ pump::CHANNELS }>>,
    pub(crate) change_moments: Vec<Moments<{ pump::CHANGES }>>,
    pub(crate) pump_sample: Reservoir<PumpSample>,
    /// The longest silence of each device, in seconds.
    pub(crate) silence_s: Vec<f32>,
    recent: Vec<Recent>,
    running: Vec<Running>,
}

impl Collector {
    /// A collector for the shard of `topology`.
    pub fn new(topology: &Arc<Topology>, seed: Seed, spec: &Spec) -> Self {
        let probes = ProbeHours::new(topology);
        let pumps = PumpHours::new(topology);
        let draws = |class: &str| {
            seed.draws(
                EntityKey::of(topology.first_site()).pair(EntityKey::of(class)),
                Purpose::TrainingSample,
            )
        };
        let (n, m) = (probes.devices.len(), pumps.devices.len());
        let room = spec.training_windows_max;
        Self {
            stretch: None,
            probe_moments: vec![Moments::default(); n],
            residual_moments: vec![Moments::default(); n],
            probe_sample: Reservoir::new(room, draws("probe")),
            pump_moments: vec![Moments::default(); m],
            change_moments: vec![Moments::default(); m],
            pump_sample: Reservoir::new(room, draws("pump")),
            silence_s: vec![0.0; topology.places.len()],
            recent: vec![Recent::default(); n],
            running: vec![Running::default(); m],
            topology: Arc::clone(topology),
            probes,
            pumps,
        }
    }

    /// Takes in the residual rows of one hour of the clean stretch, in any order.
    pub fn observe(&mut self, windows: &[Window]) {
        let Some(time) = windows.iter().map(|window| window.time).max() else {
            return;
        };
        let start = self.stretch.map_or(time - WINDOW, |(start, _)| start);
        self.stretch = Some((start, time));
        for window in windows {
            let longest = &mut self.silence_s[window.device.index()];
            *longest = longest.max(window.freshness_s as f32);
        }
        self.probes.advance(windows);
        for (slot, vector) in self.probes.vectors().iter().enumerate() {
            if vector.heard {
                self.probe_moments[slot].add(&vector.observed);
                self.residual_moments[slot].add(&vector.residual);
            }
            let recent = &mut self.recent[slot];
            if recent.push(vector) {
                self.probe_sample.offer(|| ProbeSample {
                    slot: slot as u32,
                    time,
                    window: *recent,
                });
            }
        }
        self.pumps.advance(windows);
        for (slot, &vector) in self.pumps.vectors().iter().enumerate() {
            if vector.ran {
                self.pump_moments[slot].add(&vector.observed);
                self.change_moments[slot].add(&vector.change);
                let change = self.running[slot].push(&vector, false);
                self.pump_sample.offer(|| PumpSample {
                    slot: slot as u32,
                    time,
                    observed: vector.observed,
                    change,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservoir_keeps_a_uniform_sample_in_bounded_room() {
        let draws = Seed::new(4).draws(EntityKey::of("r"), Purpose::TrainingSample);
        let mut reservoir = Reservoir::new(200, draws);
        for i in 0..10_000_u32 {
            reservoir.offer(|| i);
        }
        assert_eq!((reservoir.kept.len(), reservoir.seen), (200, 10_000));
        let late = reservoir.kept.iter().filter(|&&i| i >= 5_000).count();
        assert!((70..=130).contains(&late), "{late} of 200 from the second half");
    }
}

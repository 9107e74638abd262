//! How stale a mirrored state is, and what explains it.
//!
//! A device is overdue when nothing came from it for more than a few of its own report intervals
//! (`Spec::stale_intervals`), so that one lost frame changes nothing. Gateways report over their
//! own backhaul; one that is overdue is silent. An overdue device is explained by silent gateways
//! when the living ones hear so few of its frames that missing all of late is no wonder. Which
//! gateways hear it is learned from its frames. The judgement is made anew at each look, so it
//! clears with the first message.

use crate::mirror::Mirror;
use fieldmirror_core::time::{Span, Timestamp};

/// How current a mirrored state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Freshness {
    /// Not overdue.
    Fresh,
    /// Overdue, while gateways that should hear it are well (or it needs none): the device or its
    /// link.
    StaleLink,
    /// Overdue, and explained by the silence of gateways that usually hear it.
    StaleGateway,
    /// Overdue with nothing in between to blame: a gateway whose own reports stopped, or a device
    /// that was never heard.
    Silent,
}

impl Freshness {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Fresh, Self::StaleLink, Self::StaleGateway, Self::Silent];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::StaleLink => "stale_link",
            Self::StaleGateway => "stale_gateway",
            Self::Silent => "silent",
        }
    }
}

/// How many gateways of a site the twin follows.
pub const GATEWAYS_MAX: usize = 8;

/// Least chance of missing a device's frames, given the gateways that live, with which its silence
/// is still put down to those that do not.
const PLAUSIBLE: f64 = 0.02;

/// Most missed reports that are multiplied out; more make no difference.
const MISSED_MAX: i64 = 64;

/// A gateway's tally of best copies at which all tallies of the device are halved: a memory of some
/// hundred frames, longer than any outage that must not be mistaken for a new habit.
const TALLY_MAX: u16 = 1_024;

/// Weight of the newest frame in the mean number of copies.
const COPIES_WEIGHT: f32 = 1.0 / 32.0;

/// Which gateways hear a device, learned from its frames. The network server names the best copy
/// and counts the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hearing {
    /// Frames that each gateway of the site (by position) heard best.
    best: [u16; GATEWAYS_MAX],
    /// Mean number of gateways that heard a frame; 0 before the first.
    copies: f32,
}

impl Hearing {
    /// Books a frame whose best copy came from the gateway at `slot`.
    pub(crate) fn heard(&mut self, slot: usize, copies: u8) {
        let Some(tally) = self.best.get_mut(slot) else { return };
        *tally += 1;
        if *tally >= TALLY_MAX {
            self.best = self.best.map(|tally| tally / 2);
        }
        let copies = f32::from(copies);
        if self.copies == 0.0 {
            self.copies = copies;
        } else {
            self.copies += COPIES_WEIGHT * (copies - self.copies);
        }
    }

    /// Position of the gateway that usually hears it best.
    pub(crate) fn usual(&self) -> Option<usize> {
        let most = *self.best.iter().max()?;
        (most > 0).then(|| self.best.iter().position(|&tally| tally == most)).flatten()
    }

    /// Whether the silence of the gateways in `silent` (bits by position, `count` gateways in all)
    /// explains that the device's last `missed` reports were not heard.
    fn explained_by(&self, silent: u8, count: usize, missed: i64) -> bool {
        let all: u32 = self.best.iter().map(|&tally| u32::from(tally)).sum();
        if all == 0 {
            // Never heard: any gateway of the site may be the one.
            return count > 0 && silent.count_ones() as usize == count;
        }
        if silent == 0 {
            return false;
        }
        let slots = self.best.iter().enumerate();
        let living: u32 = slots
            .filter(|(slot, _)| silent & (1 << slot) == 0)
            .map(|(_, &tally)| u32::from(tally))
            .sum();
        let share = f64::from(living) / f64::from(all);
        // Only the best copy bears a name. Copies beyond the number of silent gateways came from
        // living ones, also where a silent one was the best.
        let further = (f64::from(self.copies) - f64::from(silent.count_ones())).clamp(0.0, 1.0);
        let hears = share + (1.0 - share) * further;
        let mut chance = 1.0;
        for _ in 0..missed.min(MISSED_MAX) {
            chance *= 1.0 - hears;
        }
        chance >= PLAUSIBLE
    }
}

/// What stands between a device and the cloud.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path {
    /// A connection of its own: it is either connected or not.
    Client,
    /// It is a gateway.
    Gateway,
    /// Radio over the gateways of its site, of which those in `silent` (bits by position) are
    /// overdue.
    Radio { silent: u8, count: usize },
}

/// Judges a device at `now`.
pub(crate) fn judge(
    mirror: &Mirror,
    path: Path,
    stale_intervals: f64,
    start: Timestamp,
    now: Timestamp,
) -> (Span, Freshness) {
    let age = now - mirror.received_at().unwrap_or(start);
    if age.nanos() as f64 <= stale_intervals * mirror.interval().nanos() as f64 {
        return (age, Freshness::Fresh);
    }
    let heard = mirror.received_at().is_some();
    let missed = age.nanos() / mirror.interval().nanos().max(1);
    let state = match path {
        Path::Radio { silent, count } if mirror.hearing().explained_by(silent, count, missed) => {
            Freshness::StaleGateway
        }
        Path::Gateway => Freshness::Silent,
        Path::Client | Path::Radio { .. } if heard => Freshness::StaleLink,
        Path::Client | Path::Radio { .. } => Freshness::Silent,
    };
    (age, state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(frames: &[(usize, u8)]) -> Hearing {
        let mut hearing = Hearing::default();
        for &(slot, copies) in frames {
            hearing.heard(slot, copies);
        }
        hearing
    }

    #[test]
    fn the_gateway_that_hears_most_frames_best_is_the_usual_one() {
        assert_eq!(heard(&[]).usual(), None);
        assert_eq!(heard(&[(1, 1), (0, 1), (1, 1)]).usual(), Some(1));
    }

    #[test]
    fn only_the_silence_of_every_gateway_that_hears_it_explains() {
        let one = heard(&[(0, 1); 40]);
        assert!(one.explained_by(0b01, 2, 20));
        assert!(!one.explained_by(0b10, 2, 2) && !one.explained_by(0, 2, 2));
        let either: Vec<_> = (0..40).map(|i| (i % 2, 1)).collect();
        assert!(!heard(&either).explained_by(0b01, 2, 6));
        assert!(heard(&either).explained_by(0b11, 2, 6));
    }

    #[test]
    fn a_second_copy_shows_that_a_living_gateway_should_hear_it() {
        let both = heard(&[(0, 2); 40]);
        assert!(!both.explained_by(0b01, 2, 2));
        assert!(both.explained_by(0b11, 2, 2));
    }

    #[test]
    fn a_gateway_that_hears_a_few_frames_takes_over_for_a_while_only() {
        // One frame in five comes over the second gateway, too or alone.
        let frames: Vec<_> =
            (0..600).map(|i| (usize::from(i % 10 == 0), 1 + u8::from(i % 10 == 5))).collect();
        let hearing = heard(&frames);
        assert!(hearing.explained_by(0b01, 2, 3) && hearing.explained_by(0b01, 2, 12));
        assert!(!hearing.explained_by(0b01, 2, 40));
        assert!(!hearing.explained_by(0b10, 2, 3));
    }

    #[test]
    fn tallies_keep_their_proportion_beyond_their_limit() {
        let frames: Vec<_> = (0..9_000).map(|i| (usize::from(i % 3 == 0), 1)).collect();
        let hearing = heard(&frames);
        assert_eq!(hearing.usual(), Some(0));
        let share = f64::from(hearing.best[1]) / f64::from(hearing.best[0] + hearing.best[1]);
        assert!((share - 1.0 / 3.0).abs() < 0.01, "{share}");
    }

    #[test]
    fn a_device_never_heard_is_explained_by_the_whole_site_only() {
        assert!(heard(&[]).explained_by(0b11, 2, 3));
        assert!(!heard(&[]).explained_by(0b01, 2, 3));
        assert!(!heard(&[]).explained_by(0, 0, 3));
    }
}

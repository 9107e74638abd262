//! Faults injected into held-out training rows: evidence of what a detector sees, without a label.
//!
//! They are the ways in which sensors and machines go wrong that need no knowledge of either:
//! stuck, spikes, slow drift, a level shift, noise, two channels exchanged.

use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Draws, Purpose, Seed};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Stuck,
    Spike,
    Drift,
    Shift,
    Noise,
    Swap,
}

impl Fault {
    pub(super) const ALL: [Self; 6] =
        [Self::Stuck, Self::Spike, Self::Drift, Self::Shift, Self::Noise, Self::Swap];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Spike => "spike",
            Self::Drift => "drift",
            Self::Shift => "shift",
            Self::Noise => "noise",
            Self::Swap => "swap",
        }
    }
}

/// Rows with faults in them, and which rows those are.
pub(super) struct Injected {
    /// Row by row.
    pub(super) values: Vec<f32>,
    /// Whether a fault is in the row.
    pub(super) faulty: Vec<bool>,
}

/// Injects `fault` into every third segment of `segment` rows, from row `from` on, each time in
/// another of the `measured` channels. Values end at `clip`. None where the fault needs more
/// channels than there are.
pub(super) fn inject(
    rows: &[f32],
    channels: usize,
    measured: &[usize],
    fault: Fault,
    place: &Place,
) -> Option<Injected> {
    if measured.is_empty() || (fault == Fault::Swap && measured.len() < 2) {
        return None;
    }
    let count = rows.len() / channels;
    let entity = EntityKey::of(&format!("injected {} in {}", fault.name(), place.block));
    let draws = place.seed.draws(entity, Purpose::FaultGrowth);
    let mut injected = Injected { values: rows.to_vec(), faulty: vec![false; count] };
    let mut begin = place.from + 2 * place.segment;
    let mut number = 0;
    while begin + place.segment <= count {
        let span = begin..begin + place.segment;
        injected.faulty[span.clone()].fill(true);
        let drawn = draws.block(number);
        let at = drawn[0] as usize % measured.len();
        let other = (at + 1 + drawn[1] as usize % (measured.len() - 1).max(1)) % measured.len();
        let size = if drawn[2] & 1 == 0 { place.size } else { -place.size };
        let target = Target { fault, channels, at: measured[at], other: measured[other], size };
        target.damage(&mut injected.values, span, &draws, number);
        number += 1;
        begin += 3 * place.segment;
    }
    let clip = place.clip;
    injected.values.iter_mut().for_each(|value| *value = value.clamp(-clip, clip));
    (number > 0).then_some(injected)
}

/// Where faults go, and how large they are.
pub(super) struct Place {
    pub(super) seed: Seed,
    pub(super) block: usize,
    pub(super) from: usize,
    pub(super) segment: usize,
    pub(super) size: f32,
    pub(super) clip: f32,
}

struct Target {
    fault: Fault,
    channels: usize,
    at: usize,
    other: usize,
    size: f32,
}

/// Rows from one spike to the next.
const SPIKE_ROWS: usize = 8;

impl Target {
    fn damage(&self, values: &mut [f32], span: std::ops::Range<usize>, draws: &Draws, number: u32) {
        let (first, length) = (span.start, span.len());
        let stuck = values[first * self.channels + self.at];
        for row in span {
            let (index, offset) = (row * self.channels + self.at, row - first);
            match self.fault {
                Fault::Stuck => values[index] = stuck,
                Fault::Spike if offset % SPIKE_ROWS == 0 => values[index] += 2.0 * self.size,
                Fault::Spike => {}
                Fault::Drift => {
                    values[index] += self.size * (offset + 1) as f32 / length as f32;
                }
                Fault::Shift => values[index] += self.size,
                Fault::Noise => {
                    // Draws of a segment begin where no other's can be.
                    let counter = (number + 1) << 12 | (offset as u32 & 0xFFF);
                    values[index] += 0.5 * self.size * draws.normals4(counter)[0] as f32;
                }
                Fault::Swap => values.swap(index, row * self.channels + self.other),
            }
        }
    }
}

/// Area under the ROC curve of `scored` (score, faulty): ties count half. None without rows of both
/// kinds.
///
/// # Source
/// Mann and Whitney, 1947: the share of pairs in the right order.
pub(super) fn area(scored: &mut [(f32, bool)]) -> Option<f64> {
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let faulty = scored.iter().filter(|row| row.1).count() as f64;
    let clean = scored.len() as f64 - faulty;
    if faulty == 0.0 || clean == 0.0 {
        return None;
    }
    let (mut below, mut right) = (0.0, 0.0);
    for ties in scored.chunk_by(|a, b| a.0 == b.0) {
        let bad = ties.iter().filter(|row| row.1).count() as f64;
        let good = ties.len() as f64 - bad;
        right += bad * (below + good / 2.0);
        below += good;
    }
    Some(right / (faulty * clean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_changes_its_rows_and_no_others() {
        let rows: Vec<f32> = (0..600).map(|i| libm::sinf(i as f32)).collect();
        let place =
            Place { seed: Seed::new(1), block: 0, from: 10, segment: 20, size: 3.0, clip: 10.0 };
        for fault in Fault::ALL {
            let made = inject(&rows, 3, &[0, 2], fault, &place).unwrap();
            let rows_of = |values: &[f32]| -> Vec<Vec<f32>> {
                values.chunks(3).map(<[f32]>::to_vec).collect()
            };
            let (before, after) = (rows_of(&rows), rows_of(&made.values));
            let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
            assert!(changed >= 9, "{} changed {changed}", fault.name());
            for row in 0..200 {
                assert!(made.faulty[row] || before[row] == after[row]);
                assert_eq!(before[row][1], after[row][1], "a command is never faulty");
            }
            assert!(!made.faulty[..50].contains(&true) && made.faulty[50]);
        }
        assert!(inject(&rows, 3, &[0], Fault::Swap, &place).is_none());
        assert!(inject(&rows[..90], 3, &[0], Fault::Stuck, &place).is_none());
    }

    #[test]
    fn the_area_counts_pairs_in_the_right_order() {
        assert_eq!(area(&mut [(1.0, false), (2.0, true), (3.0, true)]), Some(1.0));
        assert_eq!(area(&mut [(1.0, true), (1.0, false)]), Some(0.5));
        assert_eq!(area(&mut [(0.0, true), (1.0, false), (2.0, true), (3.0, false)]), Some(0.25));
        assert_eq!(area(&mut [(1.0, true)]), None);
    }
}

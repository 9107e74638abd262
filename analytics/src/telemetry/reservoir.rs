//! The rows that training keeps: a bounded number, chosen by the seed and the rows' places alone,
//! so that neither the order of devices nor the size of chunks changes what is learned.
//!
//! Each class keeps blocks of consecutive rows, those whose draws are the smallest, as many as fit;
//! so all rows are kept where they fit. Each device keeps a sample of single rows for its centre
//! and scale, chosen likewise.
//!
//! # Source
//! Bottom-k sampling: Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007.

use super::settings::Memory;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Draws, Purpose, Seed};
use std::collections::{BTreeMap, BinaryHeap};

/// Fewest and most rows of a device's sample.
const SAMPLE: (usize, usize) = (256, 16_384);

/// Consecutive rows of a device.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) time: Vec<i64>,
    /// Row by row.
    pub(super) values: Vec<f64>,
}

/// Blocks of a class: of all blocks those with the smallest draws whose rows fit together.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// By draw, device and place.
    kept: BTreeMap<(u64, u32, u32), Block>,
    rows: usize,
    /// The smallest draw that did not fit.
    refused: Option<u64>,
}

impl Blocks {
    fn append(&mut self, key: (u64, u32, u32), time: i64, values: &[f64], most: usize) {
        if self.refused.is_some_and(|refused| key.0 >= refused) {
            return;
        }
        let block = self.kept.entry(key).or_default();
        block.time.push(time);
        block.values.extend_from_slice(values);
        self.rows += 1;
        while self.rows > most && self.kept.len() > 1 {
            let Some((key, block)) = self.kept.pop_last() else { break };
            self.rows -= block.time.len();
            self.refused = Some(key.0);
        }
    }

    /// Rows kept.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// The blocks of each device, in order of their place.
    pub(super) fn by_device(self, devices: usize) -> Vec<BTreeMap<u32, Block>> {
        let mut found = vec![BTreeMap::new(); devices];
        for ((_, device, place), block) in self.kept {
            found[device as usize].insert(place, block);
        }
        found
    }
}

/// A device's rows for centre and scale, and where it stands in its class's blocks.
#[derive(Debug)]
pub(super) struct Sample {
    blocks: Draws,
    singles: Draws,
    rows: u32,
    block: (u64, u32),
    heap: BinaryHeap<(u64, u32)>,
    values: Vec<f64>,
    free: Vec<u32>,
}

impl Sample {
    pub(super) fn new(class: &str, device: &str, seed: Seed) -> Self {
        let draws = |what: &str| {
            let entity = EntityKey::of(&format!("{what} of {class}/{device}"));
            seed.draws(entity, Purpose::TrainingSample)
        };
        Self {
            blocks: draws("blocks"),
            singles: draws("rows"),
            rows: 0,
            block: (0, 0),
            heap: BinaryHeap::new(),
            values: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Rows that came.
    pub(super) const fn rows(&self) -> u32 {
        self.rows
    }

    /// Takes the next row. `device` is its number within the class, `most` the sample's size.
    pub(super) fn push(
        &mut self,
        (time, values): (i64, &[f64]),
        device: u32,
        blocks: &mut Blocks,
        (memory, most): (&Memory, usize),
    ) {
        if (self.rows as usize).is_multiple_of(memory.block_rows) {
            let place = self.rows / memory.block_rows as u32;
            self.block = (word(&self.blocks, place), place);
        }
        let (draw, place) = self.block;
        blocks.append((draw, device, place), time, values, memory.rows_max);
        let draw = word(&self.singles, self.rows);
        self.rows = self.rows.saturating_add(1);
        self.trim(most);
        if self.heap.len() == most {
            if self.heap.peek().is_some_and(|top| draw >= top.0) {
                return;
            }
            self.free.extend(self.heap.pop().map(|top| top.1));
        }
        let slot = self.free.pop().unwrap_or((self.values.len() / values.len().max(1)) as u32);
        let at = slot as usize * values.len();
        if at == self.values.len() {
            self.values.extend_from_slice(values);
        } else {
            self.values[at..at + values.len()].copy_from_slice(values);
        }
        self.heap.push((draw, slot));
    }

    /// Leaves the sample at most this many rows.
    pub(super) fn trim(&mut self, most: usize) {
        while self.heap.len() > most {
            self.free.extend(self.heap.pop().map(|top| top.1));
        }
    }

    /// The sample's values of a channel, in an order that depends on the rows alone.
    pub(super) fn column(&self, channel: usize, channels: usize) -> Vec<f64> {
        let mut slots: Vec<(u64, u32)> = self.heap.iter().copied().collect();
        slots.sort_unstable();
        slots.iter().map(|slot| self.values[slot.1 as usize * channels + channel]).collect()
    }
}

/// Rows of a device's sample when there are so many devices.
pub(super) fn sample_rows(memory: &Memory, devices: usize, channels: usize) -> usize {
    (memory.scaler_values_max / (devices * channels).max(1)).clamp(SAMPLE.0, SAMPLE.1)
}

fn word(draws: &Draws, counter: u32) -> u64 {
    let [high, low, _, _] = draws.block(counter);
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places of a device's blocks, with their rows.
    type Places = Vec<(u32, usize)>;

    /// Rows of two devices in an interleaving; returns what is kept.
    fn run(order: &[u32], rows_max: usize) -> (Vec<Places>, Vec<Vec<f64>>) {
        let memory = Memory { rows_max, block_rows: 64, ..Memory::default() };
        let mut blocks = Blocks::default();
        let name = |device: u32| if device == 0 { "a" } else { "b" };
        let mut samples = [0, 1].map(|d| Sample::new("", name(d), Seed::new(1)));
        for &device in order {
            let sample = &mut samples[device as usize];
            let value = f64::from(sample.rows());
            sample.push((0, &[value]), device, &mut blocks, (&memory, 300));
        }
        assert!(blocks.rows() <= rows_max);
        let kept = blocks.by_device(2);
        let kept = kept.iter().map(|d| d.iter().map(|(p, b)| (*p, b.time.len())).collect());
        (kept.collect(), samples.iter().map(|s| s.column(0, 1)).collect())
    }

    #[test]
    fn what_is_kept_does_not_depend_on_the_order_of_devices() {
        let first: Vec<u32> = (0..3_000).map(|i| u32::from(i >= 1_500)).collect();
        let mixed: Vec<u32> = (0..3_000).map(|i| u32::from(i % 2 == 0)).collect();
        for rows_max in [640, 1_000, 100_000] {
            assert_eq!(run(&first, rows_max), run(&mixed, rows_max), "{rows_max}");
        }
        let (kept, samples) = run(&first, 100_000);
        let rows: usize = kept[0].iter().map(|block| block.1).sum();
        assert_eq!((rows, samples[0].len()), (1_500, 300));
    }

    #[test]
    fn a_smaller_sample_is_part_of_a_larger_one() {
        assert_eq!(sample_rows(&Memory::default(), 1, 8), 16_384);
        assert_eq!(sample_rows(&Memory::default(), 100_000, 8), 256);
        let mut sample = Sample::new("", "a", Seed::new(1));
        let memory = Memory::default();
        let mut blocks = Blocks::default();
        for row in 0..500 {
            sample.push((0, &[f64::from(row)]), 0, &mut blocks, (&memory, 400));
        }
        let large = sample.column(0, 1);
        sample.trim(100);
        assert_eq!(sample.column(0, 1), large[..100]);
    }
}

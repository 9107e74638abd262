//! What a scoring job remembers beside the scorer's own state: for a checkpoint, and for telemetry
//! that goes on later.
//!
//! Little-endian numbers one after the other, before the scorer's state, which knows its version
//! and its model.

use super::silences::Silences;
use crate::error::{AnalyticsError, Result};
use crate::telemetry::ScoredRow;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};

/// Rows that came out before one that came in earlier; none where that one is still missing.
pub(super) type Waiting = VecDeque<Option<ScoredRow>>;

/// The numbers of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// That of the last new finding.
    pub(super) last: u64,
    /// Those of events that were told while more of them could come, by the scorer's numbers of
    /// devices.
    pub(super) open: BTreeMap<u32, u64>,
}

impl Numbers {
    /// The number of a device's event that ended, and whether it had been told before.
    pub(super) fn of(&mut self, device: u32) -> (u64, bool) {
        if let Some(number) = self.open.remove(&device) {
            return (number, true);
        }
        self.last += 1;
        (self.last, false)
    }

    fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.last.to_le_bytes());
        bytes.extend((self.open.len() as u64).to_le_bytes());
        for (device, number) in &self.open {
            bytes.extend(device.to_le_bytes());
            bytes.extend(number.to_le_bytes());
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let last = u64::from_le_bytes(take(bytes)?);
        let mut open = BTreeMap::new();
        for _ in 0..u64::from_le_bytes(take(bytes)?) {
            let device = u32::from_le_bytes(take(bytes)?);
            open.insert(device, u64::from_le_bytes(take(bytes)?));
        }
        Some(Self { last, open })
    }
}

/// What a state that goes on begins with.
const MARK: &[u8; 8] = b"fmgoes3\0";

/// Bytes of the SHA-256 that it ends with.
const SUM: usize = 32;

/// The state of a scorer whose open events have these numbers.
pub(super) fn pack_state(numbers: &Numbers, scorer: &[u8]) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    numbers.pack(&mut bytes);
    bytes.extend_from_slice(scorer);
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum);
    bytes
}

/// What [`pack_state`] packed.
pub(super) fn unpack_state(bytes: &[u8]) -> Result<(Numbers, &[u8])> {
    let refuse = |problem: &str| AnalyticsError::State { problem: problem.to_owned() };
    let Some(mut rest) = bytes.strip_prefix(MARK) else {
        return Err(refuse("it is not what --state writes, or was written by another version"));
    };
    let cut = bytes.len() - rest.len().min(SUM);
    if rest.len() < SUM || Sha256::digest(&bytes[..cut])[..] != bytes[cut..] {
        return Err(refuse("it is damaged"));
    }
    rest = &rest[..rest.len() - SUM];
    let numbers = Numbers::unpack(&mut rest).ok_or_else(|| refuse("it is damaged"))?;
    Ok((numbers, rest))
}

/// A job between two chunks.
#[derive(Debug, Default)]
pub(super) struct Halfway<'a> {
    /// Findings so far.
    pub(super) alarms: u64,
    /// Those of them that had been told before this job.
    pub(super) continued: u64,
    pub(super) numbers: Numbers,
    pub(super) silences: Silences,
    pub(super) waiting: Waiting,
    /// The scorer's state.
    pub(super) scorer: &'a [u8],
}

impl<'a> Halfway<'a> {
    /// For a checkpoint.
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut bytes = self.alarms.to_le_bytes().to_vec();
        bytes.extend(self.continued.to_le_bytes());
        self.numbers.pack(&mut bytes);
        self.silences.pack(&mut bytes);
        bytes.extend((self.waiting.len() as u64).to_le_bytes());
        for row in &self.waiting {
            let Some(row) = row else {
                bytes.push(0);
                continue;
            };
            bytes.push(1 + u8::from(row.alarm) + 2 * u8::from(row.judged));
            bytes.extend(row.device.to_le_bytes());
            bytes.extend(row.row.to_le_bytes());
            bytes.extend(row.time.to_le_bytes());
            bytes.extend(row.score.to_le_bytes());
            bytes.extend(row.threshold.to_le_bytes());
        }
        bytes.extend_from_slice(self.scorer);
        bytes
    }

    /// What [`Self::pack`] packed; `None` of other bytes.
    pub(super) fn unpack(mut bytes: &'a [u8]) -> Option<Self> {
        let alarms = u64::from_le_bytes(take(&mut bytes)?);
        let continued = u64::from_le_bytes(take(&mut bytes)?);
        let numbers = Numbers::unpack(&mut bytes)?;
        let silences = Silences::unpack(&mut bytes)?;
        let count = u64::from_le_bytes(take(&mut bytes)?);
        let mut waiting = VecDeque::new();
        for _ in 0..count {
            let [mark] = take(&mut bytes)?;
            if mark == 0 {
                waiting.push_back(None);
                continue;
            }
            waiting.push_back(Some(ScoredRow {
                alarm: (mark - 1) & 1 == 1,
                judged: (mark - 1) & 2 == 2,
                device: u32::from_le_bytes(take(&mut bytes)?),
                row: u64::from_le_bytes(take(&mut bytes)?),
                time: i64::from_le_bytes(take(&mut bytes)?),
                score: f32::from_le_bytes(take(&mut bytes)?),
                threshold: f32::from_le_bytes(take(&mut bytes)?),
            }));
        }
        Some(Self { alarms, continued, numbers, silences, waiting, scorer: bytes })
    }
}

/// The next `N` bytes.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_and_less_of_it_is_refused() {
        let row = ScoredRow {
            device: 3,
            row: 9,
            time: -5,
            score: 1.5,
            threshold: 2.0,
            alarm: true,
            judged: true,
        };
        let numbers = Numbers { last: 7, open: BTreeMap::from([(3, 6), (5, 2)]) };
        let halfway = Halfway {
            alarms: 4,
            continued: 1,
            numbers: numbers.clone(),
            silences: Silences::default(),
            waiting: VecDeque::from([Some(row), None]),
            scorer: b"rest",
        };
        let bytes = halfway.pack();
        let again = Halfway::unpack(&bytes).unwrap();
        assert_eq!((again.alarms, again.continued, &again.numbers), (4, 1, &numbers));
        assert_eq!((again.waiting, again.scorer), (halfway.waiting, b"rest".as_slice()));
        for cut in 0..bytes.len() - 4 {
            assert!(Halfway::unpack(&bytes[..cut]).is_none(), "{cut}");
        }
        let state = pack_state(&numbers, b"rest");
        assert_eq!(unpack_state(&state).unwrap(), (numbers, b"rest".as_slice()));
        for cut in 0..state.len() {
            assert!(unpack_state(&state[..cut]).is_err(), "{cut}");
            let mut flipped = state.clone();
            flipped[cut] ^= 4;
            assert!(unpack_state(&flipped).is_err(), "{cut}");
        }
    }

    #[test]
    fn an_alarm_that_was_told_keeps_its_number_and_new_ones_count_on() {
        let mut numbers = Numbers { last: 4, open: BTreeMap::from([(1, 2)]) };
        assert_eq!(numbers.of(0), (5, false));
        assert_eq!(numbers.of(1), (2, true));
        assert_eq!(numbers.of(1), (6, false));
    }
}

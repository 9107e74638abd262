//! Channels of devices that sent nothing for longer than ever in training: the longest of these
//! silences, and how many there were.

use super::carry::take;
use crate::telemetry::Silence;

/// A silence, by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentChannel {
    /// The device.
    pub device: String,
    /// The channel.
    pub channel: String,
    /// The first row without a value of it: microseconds since 1970, or the row's number.
    pub from: i64,
    /// The last one.
    pub until: i64,
    /// How many rows.
    pub rows: u64,
}

/// Silences so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Silences {
    pub(super) count: u64,
    longest: Vec<Silence>,
}

/// The most that are kept.
const MOST: usize = 1_000;

impl Silences {
    pub(super) fn add(&mut self, silences: &[Silence]) {
        self.count += silences.len() as u64;
        self.longest.extend_from_slice(silences);
        if self.longest.len() > 2 * MOST {
            self.trim();
        }
    }

    /// The longest first.
    fn trim(&mut self) {
        self.longest
            .sort_by_key(|one| (std::cmp::Reverse(one.rows), one.from, one.device, one.channel));
        self.longest.truncate(MOST);
    }

    /// The longest, the longest of all first.
    pub(super) fn longest(&mut self) -> &[Silence] {
        self.trim();
        &self.longest
    }

    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.count.to_le_bytes());
        bytes.extend((self.longest.len() as u64).to_le_bytes());
        for one in &self.longest {
            bytes.extend(one.device.to_le_bytes());
            bytes.extend((one.channel as u64).to_le_bytes());
            bytes.extend(one.from.to_le_bytes());
            bytes.extend(one.until.to_le_bytes());
            bytes.extend(one.rows.to_le_bytes());
        }
    }

    pub(super) fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let count = u64::from_le_bytes(take(bytes)?);
        let mut longest = Vec::new();
        for _ in 0..u64::from_le_bytes(take(bytes)?) {
            longest.push(Silence {
                device: u32::from_le_bytes(take(bytes)?),
                channel: u64::from_le_bytes(take(bytes)?) as usize,
                from: i64::from_le_bytes(take(bytes)?),
                until: i64::from_le_bytes(take(bytes)?),
                rows: u64::from_le_bytes(take(bytes)?),
            });
        }
        Some(Self { count, longest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_are_kept_in_whatever_portions_they_come() {
        let silence = |n: u64| Silence {
            device: n as u32 % 7,
            channel: 0,
            from: n as i64,
            until: n as i64 + 5,
            rows: n * 7_919 % 10_007,
        };
        let all: Vec<Silence> = (0..9_000).map(silence).collect();
        let (mut one, mut many) = (Silences::default(), Silences::default());
        one.add(&all);
        all.chunks(100).for_each(|some| many.add(some));
        assert_eq!((one.count, one.longest()), (many.count, many.longest()));
        assert_eq!(one.longest().len(), MOST);
        assert!(one.longest().is_sorted_by(|a, b| a.rows >= b.rows));
        let mut bytes = Vec::new();
        one.pack(&mut bytes);
        assert_eq!(Silences::unpack(&mut bytes.as_slice()), Some(one));
        assert_eq!(Silences::unpack(&mut &bytes[..bytes.len() - 1]), None);
    }
}

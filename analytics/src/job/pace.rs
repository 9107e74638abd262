//! How fast rows come, against how fast they came in training.

use fieldmirror_tables::source::Chunk;

/// The first differences of times of each device.
#[derive(Debug, Default)]
pub(super) struct Pace {
    devices: Vec<Own>,
}

#[derive(Clone, Debug, Default)]
struct Own {
    last: Option<i64>,
    steps: Vec<i64>,
}

/// Differences of a device that are looked at.
const STEPS: usize = 64;

/// Fewer differences than this tell nothing.
const LEAST: usize = 8;

/// A median this many times longer or shorter than the model's period is another period: clocks and
/// networks do not shift medians so far, and gaps do not either.
const APART: f64 = 1.25;

/// Devices that are named.
const NAMED: usize = 3;

impl Pace {
    /// Looks at the rows of a chunk of `devices` devices so far.
    pub(super) fn take(&mut self, chunk: &Chunk, devices: usize) {
        self.devices.resize(devices, Own::default());
        for (&time, &device) in chunk.time.iter().zip(&chunk.device) {
            let own = &mut self.devices[device as usize];
            if own.steps.len() == STEPS {
                continue;
            }
            if let Some(last) = own.last.filter(|&last| time > last) {
                own.steps.push(time - last);
            }
            own.last = own.last.max(Some(time));
        }
    }

    /// The median difference over all devices, in microseconds.
    pub(super) fn median(&self) -> Option<i64> {
        let all: Vec<i64> = self.devices.iter().flat_map(|own| own.steps.clone()).collect();
        (all.len() >= LEAST).then(|| median(all)).flatten()
    }

    /// What there is to say if rows of some device come at another period than `period_us`.
    pub(super) fn note(&self, names: &[String], period_us: i64) -> Option<String> {
        let medians = self.devices.iter().enumerate().filter_map(|(device, own)| {
            let known = own.steps.len() >= LEAST;
            known.then(|| median(own.steps.clone())).flatten().map(|median| (device, median))
        });
        let medians: Vec<(usize, i64)> = medians.collect();
        let apart = |median: i64| {
            let ratio = median as f64 / period_us as f64;
            !(1.0 / APART..=APART).contains(&ratio)
        };
        let odd: Vec<(usize, i64)> =
            medians.iter().copied().filter(|&(_, median)| apart(median)).collect();
        let least = odd.iter().map(|one| one.1).min()?;
        let most = odd.iter().map(|one| one.1).max()?;
        let whose = if odd.len() == medians.len() {
            String::new()
        } else {
            let first = odd.iter().take(NAMED).map(|one| format!("`{}`", names[one.0]));
            let first = first.collect::<Vec<_>>().join(", ");
            let more = odd.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(" of {first}{more}")
        };
        let every = if most as f64 > least as f64 * APART {
            format!("{} to {} s", seconds(least), seconds(most))
        } else {
            format!("{} s", seconds(least))
        };
        Some(format!(
            "rows{whose} come every {every}, the model learned from rows every {} s: scores mean \
             little; train on telemetry of this period, or resample it",
            seconds(period_us)
        ))
    }
}

fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// Microseconds as seconds for people.
pub(super) fn seconds(micros: i64) -> String {
    crate::telemetry::report::rounded(micros as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(step: i64, rows: i64, devices: u32) -> Chunk {
        let each = |row: i64| (0..devices).map(move |device| (row * step, device));
        let (time, device) = (0..rows).flat_map(each).unzip();
        Chunk { time, device, values: Vec::new(), irregular: Vec::new() }
    }

    #[test]
    fn another_period_is_told_with_both_and_its_devices() {
        let names = ["a", "b"].map(str::to_owned);
        let mut pace = Pace::default();
        pace.take(&chunk(300_000_000, 20, 2), 2);
        let note = pace.note(&names, 60_000_000).unwrap();
        assert!(note.starts_with("rows come every 300 s, the model learned from rows every 60 s"));
        assert_eq!((pace.median(), pace.note(&names, 290_000_000)), (Some(300_000_000), None));
        let mut mixed = chunk(60_000_000, 40, 1);
        let other = chunk(10_000_000, 20, 1);
        mixed.time.extend(other.time);
        mixed.device.extend([1; 20]);
        let mut pace = Pace::default();
        pace.take(&mixed, 2);
        let note = pace.note(&names, 60_000_000).unwrap();
        assert!(note.starts_with("rows of `b` come every 10 s"), "{note}");
    }

    #[test]
    fn gaps_and_few_rows_are_no_other_period() {
        let names = ["a".to_owned()];
        let mut pace = Pace::default();
        pace.take(&chunk(300_000_000, 8, 1), 1);
        assert_eq!(pace.note(&names, 60_000_000), None, "seven differences");
        let mut gaps = chunk(60_000_000, 30, 1);
        for (row, time) in gaps.time.iter_mut().enumerate() {
            *time += 900_000_000 * (row as i64 / 4);
        }
        let mut pace = Pace::default();
        pace.take(&gaps, 1);
        assert_eq!(pace.note(&names, 60_000_000), None);
    }
}

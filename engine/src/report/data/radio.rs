//! The fate of frames, by day or hour.

use super::facts::Facts;
use super::scan::{Batch, Wanted, scan};
use crate::error::EngineError;
use fieldmirror_tables::Table;
use std::collections::BTreeMap;
use std::path::Path;

/// Sent, delivered and lost frames in buckets of equal length.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Radio {
    /// Length of a bucket, in days.
    pub(in crate::report) bucket_days: f64,
    pub(in crate::report) sent: Vec<u64>,
    pub(in crate::report) delivered: Vec<u64>,
    /// By reason, then bucket.
    pub(in crate::report) lost: BTreeMap<String, Vec<u64>>,
}

impl Radio {
    /// Buckets of a day, or of an hour for short runs.
    fn new(facts: &Facts) -> Self {
        let hours = facts.hours();
        let (bucket_days, count) =
            if hours > 120 { (1.0, hours.div_ceil(24)) } else { (1.0 / 24.0, hours) };
        Self { bucket_days, sent: vec![0; count], delivered: vec![0; count], lost: BTreeMap::new() }
    }

    /// How long a bucket is, in words.
    pub(in crate::report) const fn bucket_name(&self) -> &'static str {
        if self.bucket_days < 1.0 { "by the hour" } else { "by the day" }
    }

    fn add(&mut self, batch: &Batch, facts: &Facts, by_reason: &mut Vec<Vec<u64>>) {
        let (times, delivered) = (batch.times("time"), batch.flags("delivered"));
        let reasons = batch.words("lost");
        reasons.extend(by_reason, |_| vec![0; self.sent.len()]);
        let width = (self.bucket_days * 86_400e9).round() as i64;
        let last = self.sent.len().saturating_sub(1);
        for row in 0..times.len() {
            let bucket = ((times[row] - facts.start.nanos()) / width).max(0) as usize;
            let bucket = bucket.min(last);
            self.sent[bucket] += 1;
            if delivered[row] {
                self.delivered[bucket] += 1;
            } else if let Some(reason) = reasons.key(row) {
                by_reason[reason][bucket] += 1;
            }
        }
        for (key, counts) in by_reason.iter().enumerate() {
            self.lost.insert(reasons.name(key).to_owned(), counts.clone());
        }
    }
}

/// Reads the fate of all frames.
pub(super) fn read(run: &Path, facts: &Facts) -> Result<Radio, EngineError> {
    let mut radio = Radio::new(facts);
    let mut by_reason = Vec::new();
    let wanted =
        Wanted { times: &["time"], flags: &["delivered"], words: &["lost"], ..Wanted::default() };
    scan(run, Table::Uplinks, wanted, |batch| radio.add(batch, facts, &mut by_reason))?;
    radio.lost.retain(|_, counts| counts.iter().any(|count| *count > 0));
    Ok(radio)
}

//! Events as rows of a table of findings.

use crate::telemetry::{Event, Schema};
use fieldmirror_tables::finding_file::{FindingChannel, FindingRow, TracePoint};

/// Whose event it is, and how it is told.
pub(super) struct Told<'a> {
    pub(super) number: u64,
    pub(super) device: &'a str,
    pub(super) class: &'a str,
    pub(super) schema: &'a Schema,
}

impl Told<'_> {
    /// The row of an event, with its times as `time` has them.
    pub(super) fn row(&self, event: &Event, time: impl Fn(i64) -> i64) -> FindingRow {
        let channel = |at: usize| &self.schema.channels[at];
        let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        let trace = &event.trace;
        FindingRow {
            id: format!("F-{:06}", self.number),
            device: self.device.to_owned(),
            class: self.class.to_owned(),
            onset: time(event.onset),
            end: time(event.end),
            open: event.open,
            peak: time(event.peak),
            rows: event.rows,
            alarms: event.alarms,
            severity: event.score / event.threshold,
            peak_score: event.score,
            threshold: event.threshold,
            detector: event.origin.name().to_owned(),
            channels: event
                .channels
                .iter()
                .map(|part| FindingChannel {
                    name: channel(part.channel).name.clone(),
                    unit: channel(part.channel).unit.clone().unwrap_or_default(),
                    share: part.share,
                    observed: part.observed as f32,
                    expected: part.expected as f32,
                })
                .collect(),
            trace: (0..trace.time.len())
                .map(|at| TracePoint {
                    time: time(trace.time[at]),
                    score: trace.score[at],
                    observed: narrow(&trace.observed[at]),
                    expected: narrow(&trace.expected[at]),
                })
                .collect(),
        }
    }
}

/// Leaves the gravest `most`, the gravest first; of equally grave ones the earlier.
pub(super) fn keep_gravest(findings: &mut Vec<FindingRow>, most: usize) {
    findings.sort_by(|a, b| b.severity.total_cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
    findings.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_are_left_in_whatever_portions_they_come() {
        let finding = |n: u64| FindingRow {
            id: format!("F-{n:06}"),
            severity: (n * 37 % 11) as f32,
            ..FindingRow::default()
        };
        let mut one: Vec<FindingRow> = (0..50).map(finding).collect();
        let mut many = Vec::new();
        for next in one.clone() {
            many.push(next);
            if many.len() > 8 {
                keep_gravest(&mut many, 4);
            }
        }
        keep_gravest(&mut one, 4);
        keep_gravest(&mut many, 4);
        assert_eq!(one, many);
        let ids: Vec<&str> = one.iter().map(|finding| &*finding.id).collect();
        assert_eq!(ids, ["F-000008", "F-000019", "F-000030", "F-000041"]);
    }
}

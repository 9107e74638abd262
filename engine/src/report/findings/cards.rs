//! Findings as cards.

use super::words;
use super::{Facts, MOST_CARDS, picture};
use fieldmirror_tables::finding_file::{FindingChannel, FindingRow};
use serde::Serialize;

/// The most channels that a card names.
const MOST_CHANNELS: usize = 8;

/// What a card shows of a finding.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Card {
    id: String,
    device: String,
    class: String,
    onset: String,
    end: String,
    length: String,
    severity: String,
    peak: String,
    detector: String,
    channels: Vec<Channel>,
    /// What is said of channels that are not named.
    more: Option<String>,
    /// SVG for wide screens and for phones; nothing without a trace.
    wide: Option<String>,
    narrow: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Channel {
    name: String,
    share: String,
    width: String,
    observed: String,
    expected: String,
}

/// The findings that get a card: the gravest first, as they come where they are equally grave.
pub(super) fn shown(findings: &[FindingRow]) -> Vec<&FindingRow> {
    let mut shown: Vec<&FindingRow> = findings.iter().collect();
    shown.sort_by(|a, b| gravity(b).total_cmp(&gravity(a)));
    shown.truncate(MOST_CARDS);
    shown
}

/// What is not a number goes last.
fn gravity(finding: &FindingRow) -> f32 {
    if finding.severity.is_nan() { f32::NEG_INFINITY } else { finding.severity }
}

impl Card {
    /// The card of a finding; `at` is its number on the page.
    pub(super) fn of(finding: &FindingRow, facts: &Facts, at: usize) -> Self {
        let kind = facts.kind;
        let picture =
            |width, size| picture::inline(kind, finding, width, &format!("finding-{at}-{size}"));
        let rest = finding.channels.get(MOST_CHANNELS..).unwrap_or_default();
        Self {
            id: words::plain(&finding.id),
            device: words::device(&finding.device),
            class: words::plain(&finding.class),
            onset: kind.text(finding.onset),
            end: words::end(kind, finding),
            length: words::length(kind, finding),
            severity: words::severity(finding),
            peak: format!(
                "Score {} at {}, threshold {}",
                words::value(f64::from(finding.peak_score)),
                kind.text(finding.peak),
                words::value(f64::from(finding.threshold))
            ),
            detector: words::detector(&finding.detector),
            channels: finding.channels.iter().take(MOST_CHANNELS).map(Channel::of).collect(),
            more: (!rest.is_empty()).then(|| {
                let share: f32 = rest.iter().map(|c| c.share).filter(|s| s.is_finite()).sum();
                format!("{} more with {} together", rest.len(), words::percent(share))
            }),
            wide: picture(620.0, 'w'),
            narrow: picture(326.0, 'n'),
        }
    }
}

impl Channel {
    fn of(channel: &FindingChannel) -> Self {
        let share = f64::from(channel.share);
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        Self {
            name: words::plain(&channel.name),
            share: words::percent(channel.share),
            width: format!("{:.1}", 100.0 * share),
            observed: words::observed(channel.observed, &words::plain(&channel.unit)),
            expected: words::measured(channel.expected, &words::plain(&channel.unit)),
        }
    }
}

//! An event, told: when, how strongly, by which detector, in which channels, and what was expected
//! there.

use super::model::ClassModel;
use super::scaler::DeviceScaler;
use super::settings::Settings;
use crate::detector::{Detector, Kind, Role, Rows};
use crate::error::Result;

/// Who raised an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The detector with the largest part in the scores.
    Detector(Kind),
    /// A channel that was constant in training has changed.
    ConstantChannel,
}

impl Origin {
    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detector(kind) => kind.name(),
            Self::ConstantChannel => "constant_channel",
        }
    }
}

/// An alarm, or several in close succession, from onset to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The device's number in the scorer.
    pub device: u32,
    /// Time of the first row over the low threshold before the alarm.
    pub onset: i64,
    /// Time of the row that raised the alarm.
    pub raised: i64,
    /// Time of the last row over the low threshold.
    pub end: i64,
    /// Time of the largest score.
    pub peak: i64,
    /// Number of the row that raised the alarm, as [`super::ScoredRow::row`].
    pub raised_row: u64,
    /// Rows with the alarm.
    pub rows: u64,
    /// How often the alarm went on: one that is back within [`super::settings::Alarm::apart_rows`]
    /// rows of its end belongs to the same event.
    pub alarms: u64,
    /// The largest score.
    pub score: f32,
    /// The threshold when the alarm was raised.
    pub threshold: f32,
    /// 0 at the threshold, 1 at the most that a score can be.
    pub severity: f32,
    /// Who raised it.
    pub origin: Origin,
    /// Measured channels, the largest share first.
    pub channels: Vec<Part>,
    /// The first rows, for a plot.
    pub trace: Trace,
    /// Whether the level was taken as the new normal, which ended the alarm.
    pub adopted: bool,
    /// Whether the alarm was still open when the telemetry ended.
    pub open: bool,
}

/// A channel's part in an alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The channel, by its place in the schema.
    pub channel: usize,
    /// Its share; all shares of an alarm add up to 1, or are 0 if nothing could be explained.
    pub share: f32,
    /// Time of the explained row in which it lay furthest from what was expected.
    pub time: i64,
    /// Its value there, in its unit; NaN where nothing was sent in any explained row.
    pub observed: f64,
    /// What was expected there.
    pub expected: f64,
}

/// Rows around the begin of an alarm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The channels with the largest shares, by their place in the schema.
    pub channels: Vec<usize>,
    /// Times.
    pub time: Vec<i64>,
    /// Scores.
    pub score: Vec<f32>,
    /// Values of each row, one for each of `channels`, in their units; NaN where none was sent.
    pub observed: Vec<Vec<f64>>,
    /// What was expected; NaN where a row has too few before it.
    pub expected: Vec<Vec<f64>>,
}

/// The last rows of a device's stretch.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Recent {
    pub(super) time: Vec<i64>,
    pub(super) score: Vec<f32>,
    /// All channels, filled, row by row.
    pub(super) raw: Vec<f64>,
    /// Whether each of these values was sent.
    pub(super) sent: Vec<bool>,
    /// The live channels, standardised, row by row.
    pub(super) z: Vec<f32>,
    /// Each detector's part in the score, and that of constant channels, row by row.
    pub(super) parts: Vec<f32>,
}

impl Recent {
    /// Rows with a score.
    pub(super) const fn len(&self) -> usize {
        self.score.len()
    }

    /// Forgets the first `count` rows.
    pub(super) fn forget(&mut self, count: usize, widths: Widths) {
        self.time.drain(..count);
        self.score.drain(..count);
        self.raw.drain(..count * widths.channels);
        self.sent.drain(..count * widths.channels);
        self.z.drain(..count * widths.live);
        self.parts.drain(..count * widths.parts);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.time.clear();
        self.score.clear();
        self.raw.clear();
        self.sent.clear();
        self.z.clear();
        self.parts.clear();
    }
}

/// Values of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Widths {
    pub(super) channels: usize,
    pub(super) live: usize,
    pub(super) parts: usize,
}

/// What a class's detectors can say of recent rows.
pub(super) struct Explainer<'a> {
    pub(super) class: &'a ClassModel,
    pub(super) live: &'a [usize],
    /// Measured channels that were constant in training.
    pub(super) constants: &'a [usize],
    pub(super) roles: &'a [Role],
    pub(super) widths: Widths,
    pub(super) scaler: &'a DeviceScaler,
    pub(super) recent: &'a Recent,
    pub(super) settings: &'a Settings,
}

/// An explained alarm.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Explained {
    pub(super) origin: Origin,
    pub(super) channels: Vec<Part>,
    pub(super) trace: Trace,
}

/// Where an alarm lies among recent rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    /// The first row that may be looked at.
    pub(super) first: usize,
    pub(super) onset: usize,
    /// The row after the last one to explain.
    pub(super) end: usize,
    /// Scores from here on are not normal rows.
    pub(super) low: f32,
}

/// Normal rows with which an alarm's are compared.
const NORMAL_ROWS: usize = 16;

/// A detector explains if it has at least this share of the one with the largest part.
const VOICE: f32 = 0.25;

impl Explainer<'_> {
    /// The parts of the live channels in a detector's score of a row, and what it expected, or
    /// None where the row has too few before it.
    fn row(&self, detector: &dyn Detector, row: usize) -> Result<Option<(Vec<f32>, Vec<f32>)>> {
        let (width, history) = (self.widths.live, detector.history());
        if row < history {
            return Ok(None);
        }
        let rows = Rows::new(&self.recent.z[(row - history) * width..(row + 1) * width], width);
        let (mut parts, mut expected) = (vec![0.0; width], vec![0.0; width]);
        detector.explain(rows, &mut parts, &mut expected)?;
        parts.iter_mut().for_each(|part| *part = part.max(0.0));
        Ok(Some((parts, expected)))
    }

    /// How far the row lies from what its loudest detector expected, in standardised units of the
    /// channel that is furthest; infinite for a constant channel's change.
    pub(super) fn effect(&self, row: usize, parts: &[f32]) -> Result<f32> {
        let (mut loudest, mut most) = (0, f32::NEG_INFINITY);
        for (index, &part) in parts.iter().enumerate() {
            if part > most {
                (loudest, most) = (index, part);
            }
        }
        let Some((detector, _)) = self.class.detectors.get(loudest) else {
            return Ok(f32::INFINITY);
        };
        let z = &self.recent.z[row * self.widths.live..];
        let Some((_, expected)) = self.row(&**detector, row)? else { return Ok(0.0) };
        let apart = z.iter().zip(&expected).zip(self.roles);
        let apart = apart.filter(|(_, role)| **role == Role::Measured);
        Ok(apart.map(|((z, expected), _)| (z - expected).abs()).fold(0.0, f32::max))
    }

    /// Explains an alarm.
    pub(super) fn explain(&self, span: Span) -> Result<Explained> {
        let parts = self.widths.parts;
        let mut loud = vec![0.0_f64; parts];
        for row in span.onset..span.end {
            for (loud, &part) in loud.iter_mut().zip(&self.recent.parts[row * parts..]) {
                *loud += f64::from(part.max(0.0));
            }
        }
        let mut top = 0;
        for index in 1..parts {
            if loud[index] > loud[top] {
                top = index;
            }
        }
        let constant = loud[parts - 1];
        let (origin, teller) = if top == parts - 1 {
            let teller = (0..top).reduce(|a, b| if loud[b] > loud[a] { b } else { a });
            (Origin::ConstantChannel, teller.unwrap_or(0))
        } else {
            (Origin::Detector(self.class.detectors[top].0.kind()), top)
        };
        let mut shares = vec![0.0_f64; self.widths.live];
        for (index, (detector, _)) in self.class.detectors.iter().enumerate() {
            if loud[index] <= 0.0 || loud[index] < f64::from(VOICE) * loud[top] {
                continue;
            }
            let own = self.attribute(&**detector, span)?;
            shares.iter_mut().zip(own).for_each(|(share, own)| *share += loud[index] * own);
        }
        let expected = self.expected(teller, span)?;
        let channels = self.parts(span, &shares, constant, &expected);
        let trace = self.trace(span, &channels, &expected);
        Ok(Explained { origin, channels, trace })
    }

    /// Each live channel's share in a detector's scores: its mean part over the alarm beyond its
    /// median part in normal rows before.
    fn attribute(&self, detector: &dyn Detector, span: Span) -> Result<Vec<f64>> {
        let width = self.widths.live;
        let mut normal: Vec<Vec<f64>> = vec![Vec::new(); width];
        let before =
            (span.first..span.onset).rev().filter(|&row| self.recent.score[row] < span.low);
        for row in before.take(NORMAL_ROWS) {
            let Some((parts, _)) = self.row(detector, row)? else { continue };
            normal.iter_mut().zip(parts).for_each(|(all, part)| all.push(f64::from(part)));
        }
        let mut sums = vec![0.0_f64; width];
        let mut count = 0.0;
        for row in span.onset..span.end {
            let Some((parts, _)) = self.row(detector, row)? else { continue };
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += f64::from(part));
            count += 1.0;
        }
        let measured = |place: usize| self.roles[place] == Role::Measured;
        let beyond = |place: usize, normal: &mut [f64]| {
            let own = sums[place] / f64::max(count, 1.0) - super::scaler::median(normal);
            if measured(place) { own.max(0.0) } else { 0.0 }
        };
        let each = normal.iter_mut().enumerate();
        let mut shares: Vec<f64> = each.map(|(place, normal)| beyond(place, normal)).collect();
        if shares.iter().all(|&share| share == 0.0) {
            // All are as loud as they were before: then the loudest ones.
            let own = |place: usize| if measured(place) { sums[place] } else { 0.0 };
            shares = (0..width).map(own).collect();
        }
        let all: f64 = shares.iter().sum();
        if all > 0.0 {
            shares.iter_mut().for_each(|share| *share /= all);
        }
        Ok(shares)
    }

    /// What a detector expected of the rows from the trace's first to the alarm's last.
    fn expected(&self, detector: usize, span: Span) -> Result<Vec<Option<Vec<f32>>>> {
        let detector = &*self.class.detectors[detector].0;
        let rows = self.first(span)..span.end;
        rows.map(|row| Ok(self.row(detector, row)?.map(|(_, expected)| expected))).collect()
    }

    fn first(&self, span: Span) -> usize {
        span.onset.saturating_sub(self.settings.finding.before_rows).max(span.first)
    }

    fn observed(&self, row: usize, channel: usize) -> f64 {
        let at = row * self.widths.channels + channel;
        // What stands in for a missing value was observed by nobody.
        if self.recent.sent[at] { self.recent.raw[at] } else { f64::NAN }
    }

    fn parts(
        &self,
        span: Span,
        shares: &[f64],
        constant: f64,
        expected: &[Option<Vec<f32>>],
    ) -> Vec<Part> {
        let first = self.first(span);
        let mut found: Vec<Part> = Vec::new();
        for (place, (&channel, role)) in self.live.iter().zip(self.roles).enumerate() {
            if *role != Role::Measured {
                continue;
            }
            let mut part = Part {
                channel,
                share: shares[place] as f32,
                time: self.recent.time[span.onset],
                observed: f64::NAN,
                expected: self.scaler.centre[channel],
            };
            let mut furthest = f64::NEG_INFINITY;
            for row in span.onset..span.end {
                let Some(expected) = &expected[row - first] else { continue };
                let expected = self.scaler.original(channel, expected[place]);
                let observed = self.observed(row, channel);
                let apart = (observed - expected).abs();
                // Rows without a value are told where there is no other.
                let apart = if apart.is_nan() { -1.0 } else { apart };
                if apart > furthest {
                    furthest = apart;
                    part = Part { time: self.recent.time[row], observed, expected, ..part };
                }
            }
            found.push(part);
        }
        self.constants(span, constant, &mut found);
        let all: f32 = found.iter().map(|part| part.share).sum();
        if all > 0.0 {
            found.iter_mut().for_each(|part| part.share /= all);
        }
        found.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.channel.cmp(&b.channel)));
        found
    }

    /// Adds the constant channels that changed, which share their part evenly.
    fn constants(&self, span: Span, part: f64, found: &mut Vec<Part>) {
        if part <= 0.0 {
            return;
        }
        let changed = self.constants.iter().filter_map(|&channel| {
            let mut scaler = self.scaler.clone();
            let row = (span.onset..span.end).find(|&row| {
                let value = self.recent.raw[row * self.widths.channels + channel];
                scaler.changed(channel, value)
            })?;
            Some((channel, row))
        });
        let changed: Vec<(usize, usize)> = changed.collect();
        for &(channel, row) in &changed {
            found.push(Part {
                channel,
                share: (part / changed.len() as f64) as f32,
                time: self.recent.time[row],
                observed: self.observed(row, channel),
                expected: self.scaler.centre[channel],
            });
        }
    }

    fn trace(&self, span: Span, parts: &[Part], expected: &[Option<Vec<f32>>]) -> Trace {
        let first = self.first(span);
        let most = self.settings.finding.trace_channels;
        let channels: Vec<usize> = parts.iter().take(most).map(|part| part.channel).collect();
        let value = |row: usize, channel: usize| -> f64 {
            match self.live.iter().position(|&live| live == channel) {
                None => self.scaler.centre[channel],
                Some(place) => expected[row - first]
                    .as_ref()
                    .map_or(f64::NAN, |expected| self.scaler.original(channel, expected[place])),
            }
        };
        let rows = || first..span.end;
        let each = |of: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
            rows().map(|row| channels.iter().map(|&channel| of(row, channel)).collect()).collect()
        };
        Trace {
            time: rows().map(|row| self.recent.time[row]).collect(),
            score: rows().map(|row| self.recent.score[row]).collect(),
            observed: each(&|row, channel| self.observed(row, channel)),
            expected: each(&value),
            channels,
        }
    }
}

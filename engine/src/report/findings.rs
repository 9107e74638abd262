//! The page of scored telemetry, and one finding as text, JSON and picture.
//!
//! ```text
//! score file -> Timeline (bounded) --+
//! findings, Facts of the caller -----+-> page::Page (words, figures) -> page.html
//! one finding -> explain (text, JSON), picture (SVG)
//! ```
//!
//! The page needs nothing outside itself and holds no script. It depends on its arguments alone, so
//! that a page written twice is the same.
//!
//! What it does not do: it knows no model, detects nothing and judges nothing; what is to be said of
//! a model comes as words and numbers in [`Facts`].

mod axis;
mod cards;
mod explain;
mod lanes;
mod page;
mod picture;
mod svg;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

pub use explain::{find, to_json, to_text};
pub use timeline::Timeline;

use crate::error::EngineError;
use fieldmirror_tables::finding_file::FindingRow;
use fieldmirror_tables::score_file::read_scores;
use fieldmirror_tables::source::TimeKind;
use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use std::path::Path;

/// The most findings that a page shows as cards.
pub const MOST_CARDS: usize = 200;

/// The most devices that have a line of their own in the timeline.
pub const MOST_LANES: usize = 20;

/// What the caller knows of a scoring job.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The headline, such as the name of the score file.
    pub title: String,
    /// The version of fieldmirror.
    pub tool_version: String,
    /// What times are.
    pub kind: TimeKind,
    /// Devices seen.
    pub devices: u64,
    /// Rows scored.
    pub rows: u64,
    /// Days that the devices were watched, added up; `None` where rows have no times.
    pub device_days: Option<f64>,
    /// Alarms raised; each is an event and not a row.
    pub alarms: u64,
    /// The budget: nominal alarms per device-day.
    pub budget_per_device_day: Option<f64>,
    /// The calibrated threshold; `None` where there is more than one.
    pub threshold: Option<f64>,
    /// The model that scored.
    pub model: ModelFacts,
    /// What was odd in the telemetry.
    pub counts: ReadCounts,
    /// Further remarks, a sentence each.
    pub notes: Vec<String>,
}

/// What a page says of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Its name: the file, mostly.
    pub name: String,
    /// Its detectors.
    pub detectors: Vec<DetectorFacts>,
    /// Whatever else is worth saying, as name and value: channels, trained from, digest.
    pub more: Vec<(String, String)>,
}

/// A detector of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectorFacts {
    /// Its name.
    pub name: String,
    /// The device class that it is for; empty where there are none.
    pub class: String,
    /// Its weight in the score.
    pub weight: f64,
}

/// What was odd in the telemetry, in cells or rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Cells without a value.
    pub missing: u64,
    /// Cells with text among numbers.
    pub text: u64,
    /// Rows out of order.
    pub out_of_order: u64,
    /// Rows with the device and time of another.
    pub duplicates: u64,
    /// Gaps: where a device was silent for long, and detectors began anew.
    pub gaps: u64,
    /// Further counts, with what they count.
    pub more: Vec<(String, u64)>,
}

/// Writes the page of a scoring job to `path`: reads the score file `scores` once, batch by batch.
/// The file takes its place when it is whole.
///
/// # Errors
/// [`EngineError::Tables`] for a score file that cannot be read, [`EngineError::Report`] for a
/// page that cannot be rendered, [`EngineError::Write`].
pub fn write(
    path: &Path,
    facts: &Facts,
    findings: &[FindingRow],
    scores: &Path,
) -> Result<(), EngineError> {
    let timeline = Timeline::read(&mut read_scores(scores)?, facts.kind, findings)?;
    put(path, &html(facts, findings, &timeline)?)
}

/// The page as text.
///
/// # Errors
/// [`EngineError::Report`] with what the template library says.
pub fn html(
    facts: &Facts,
    findings: &[FindingRow],
    timeline: &Timeline,
) -> Result<String, EngineError> {
    let page = page::Page::of(facts, findings, timeline);
    render(&page).map_err(|e| EngineError::Report { why: format!("{e:#}") })
}

/// The picture of a finding, as an SVG file of its own: observed and expected of its first
/// channels, the score, the threshold and the alarm.
pub fn svg(kind: TimeKind, finding: &FindingRow) -> String {
    picture::standalone(kind, finding)
}

/// Writes [`svg`] to `path`. The file takes its place when it is whole.
///
/// # Errors
/// [`EngineError::Write`].
pub fn write_svg(path: &Path, kind: TimeKind, finding: &FindingRow) -> Result<(), EngineError> {
    put(path, &svg(kind, finding))
}

fn put(path: &Path, text: &str) -> Result<(), EngineError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".partial");
    let fresh = Path::new(&fresh);
    let written = std::fs::write(fresh, text).and_then(|()| std::fs::rename(fresh, path));
    written.map_err(|source| {
        // What is left of it is of no use.
        let _ = std::fs::remove_file(fresh);
        EngineError::Write { path: path.to_owned(), source }
    })
}

/// The name ends in `.html`, so that everything but the figures is escaped.
fn render(page: &page::Page) -> Result<String, minijinja::Error> {
    const NAME: &str = "findings.html";
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.add_template(super::STYLE_NAME, super::STYLE)?;
    environment.add_template(NAME, include_str!("findings/page.html"))?;
    environment.get_template(NAME)?.render(Serde(page))
}

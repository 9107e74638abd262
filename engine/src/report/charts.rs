//! Charts as data: what a chart shows, apart from how it is drawn.
//!
//! A [`Plot`] is a list of marks over a time axis. [`draw`] turns it into SVG with plotters;
//! [`farm`] and [`fleet`] build plots from a run's aggregates.

mod axis;
mod draw;
pub(super) mod farm;
pub(super) mod fleet;
pub(super) mod quality;

#[cfg(test)]
mod tests;

use crate::error::EngineError;
pub(super) use axis::{MONTHS, TimeAxis, round_step, spoken};
pub(super) use draw::thin;
use serde::Serialize;

/// A colour of the report.
pub(super) type Color = (u8, u8, u8);

/// Colours that stay apart for colour-blind readers (Okabe and Ito, 2008), darkened where thin
/// lines on white need it.
pub(super) mod palette {
    use super::Color;

    pub(crate) const BLUE: Color = (0, 114, 178);
    pub(crate) const ORANGE: Color = (213, 94, 0);
    pub(crate) const GREEN: Color = (0, 138, 102);
    pub(crate) const PURPLE: Color = (170, 82, 136);
    pub(crate) const AMBER: Color = (230, 159, 0);
    pub(crate) const SKY: Color = (86, 180, 233);
    pub(crate) const SLATE: Color = (74, 85, 96);
    pub(crate) const CLEAN: Color = (0, 114, 178);
    pub(crate) const TRUTH: Color = (213, 94, 0);
    pub(crate) const INK: Color = (31, 41, 51);
    pub(crate) const MUTED: Color = (95, 107, 118);
    pub(crate) const GRID: Color = (230, 234, 237);
    pub(crate) const AXIS: Color = (168, 178, 187);

    /// For series without a colour of their own, in order.
    pub(crate) const SERIES: [Color; 6] = [BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY];
}

/// A point: days since the run's start, and a value. A value that is not a number breaks a line.
pub(super) type Point = (f64, f64);

/// Something drawn into a plot, first to last.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// A line through points in time order.
    Line { points: Vec<Point>, color: Color, width: f64 },
    /// The area between two lines.
    Ribbon { low: Vec<Point>, high: Vec<Point>, color: Color },
    /// Boxes (from day, to day, from value, to value).
    Boxes { boxes: Vec<[f64; 4]>, color: Color, opacity: f64 },
    /// Dots.
    Dots { points: Vec<Point>, color: Color },
    /// A stretch of time, over the full height, with words at its top.
    Band { from: f64, to: f64, color: Color, label: Option<String> },
    /// A horizontal line.
    Rule { at: f64, color: Color },
    /// Words at a height, beside a stretch of time.
    Words { from: f64, to: f64, at: f64, text: String },
}

/// The vertical axis: range and labelled ticks. Ticks beyond the range are not drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValueAxis {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ticks: Vec<(f64, String)>,
    /// Whether ticks have a line across the plot.
    pub(super) grid: bool,
}

/// A line of the legend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Key {
    /// Colour in CSS.
    pub(super) color: String,
    /// `line`, `box`, `band` or `dot`.
    pub(super) shape: &'static str,
    /// What it stands for.
    pub(super) label: String,
}

/// How much room a chart takes on a wide screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// The whole width.
    Full,
    /// Half of it.
    Half,
}

/// A chart before it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plot {
    /// Headline.
    pub(super) title: String,
    /// The line under the headline; may be empty.
    pub(super) caption: String,
    /// What is shown, in words, for those who do not see it.
    pub(super) description: String,
    /// What the numbers on the vertical axis are.
    pub(super) unit: String,
    pub(super) time: TimeAxis,
    pub(super) values: ValueAxis,
    pub(super) marks: Vec<Mark>,
    pub(super) legend: Vec<Key>,
    pub(super) room: Room,
    /// Height on a wide screen, in CSS pixels.
    pub(super) height: u32,
}

/// A chart as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Figure {
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) unit: String,
    pub(super) legend: Vec<Key>,
    /// Whether it takes half of a wide screen's width.
    pub(super) half: bool,
    /// SVG for wide screens.
    pub(super) wide: String,
    /// SVG for phones.
    pub(super) narrow: String,
}

impl Plot {
    /// Draws the chart; `id` must be unique in the page.
    ///
    /// # Errors
    /// [`EngineError::Report`] with what the drawing library says.
    pub(super) fn figure(self, id: &str) -> Result<Figure, EngineError> {
        let half = self.room == Room::Half;
        let wide_px = if half { 540 } else { 1_112 };
        let wide = draw::svg(&self, wide_px, self.height, &format!("{id}-w"))?;
        let narrow_height = self.height.clamp(170, 330);
        let narrow = draw::svg(&self, 358, narrow_height, &format!("{id}-n"))?;
        let Self { title, caption, unit, legend, .. } = self;
        Ok(Figure { title, caption, unit, legend, half, wide, narrow })
    }
}

impl Key {
    pub(super) fn line(color: Color, label: &str) -> Self {
        Self::shaped(color, "line", label)
    }

    pub(super) fn filled(color: Color, label: &str) -> Self {
        Self::shaped(color, "box", label)
    }

    pub(super) fn band(color: Color, label: &str) -> Self {
        Self::shaped(color, "band", label)
    }

    pub(super) fn dot(color: Color, label: &str) -> Self {
        Self::shaped(color, "dot", label)
    }

    fn shaped((r, g, b): Color, shape: &'static str, label: &str) -> Self {
        Self { color: format!("rgb({r} {g} {b})"), shape, label: label.to_owned() }
    }
}

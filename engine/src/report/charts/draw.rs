//! A plot as SVG.

use super::palette::{AXIS, GRID, INK, MUTED};
use super::{Color, Mark, Plot, Point};
use crate::error::EngineError;
use minijinja::HtmlEscape;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// Drawing units a CSS pixel: plotters works in whole units, and half pixels make smooth lines.
const SCALE: u32 = 2;

/// Font size of labels, in CSS pixels.
const LABEL_PX: f64 = 12.0;

/// Width of a character of a label, in CSS pixels, generously.
const CHARACTER_PX: f64 = 7.0;

type Axes = Cartesian2d<RangedCoordf64, RangedCoordf64>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Axes>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws `plot` for `width_px` times `height_px` CSS pixels, with title and description inside.
pub(super) fn svg(
    plot: &Plot,
    width_px: u32,
    height_px: u32,
    id: &str,
) -> Result<String, EngineError> {
    let mut body = String::new();
    let area = SVGBackend::with_string(&mut body, (width_px * SCALE, height_px * SCALE))
        .into_drawing_area();
    paint(plot, &area, width_px).map_err(|e| EngineError::Report { why: e.to_string() })?;
    drop(area);
    // plotters fixes the size in pixels and knows no titles: the opening tag is ours.
    let marks = body.split_once('>').map_or("", |(_, marks)| marks);
    Ok(format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{}",
        width_px * SCALE,
        height_px * SCALE,
        HtmlEscape(&plot.title),
        HtmlEscape(&plot.description),
        marks.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "").trim_end(),
    ))
}

fn paint(plot: &Plot, area: &DrawingArea<SVGBackend<'_>, Shift>, width_px: u32) -> Drawn {
    let longest = plot.values.ticks.iter().map(|(_, label)| label.chars().count()).max();
    let left_px = (longest.unwrap_or(0) as f64 * CHARACTER_PX + 10.0).max(30.0);
    let mut chart = ChartBuilder::on(area)
        .margin_top(8 * SCALE)
        .margin_right(14 * SCALE)
        .set_label_area_size(LabelAreaPosition::Left, (left_px * f64::from(SCALE)) as u32)
        .set_label_area_size(LabelAreaPosition::Bottom, 26 * SCALE)
        .build_cartesian_2d(0.0..plot.time.days, plot.values.from..plot.values.to)?;
    let room_px = f64::from(width_px) - left_px;
    bands(plot, &mut chart)?;
    grid(plot, &mut chart)?;
    for mark in &plot.marks {
        draw(mark, plot, &mut chart, (room_px * f64::from(SCALE)) as usize)?;
    }
    band_words(plot, &mut chart)?;
    labels(plot, area, &chart, (room_px / 70.0) as usize)?;
    area.present()
}

/// Stretches of time lie under everything else.
fn bands(plot: &Plot, chart: &mut Chart<'_, '_>) -> Drawn {
    let (low, high) = (plot.values.from, plot.values.to);
    for mark in &plot.marks {
        let Mark::Band { from, to, color, .. } = mark else { continue };
        let Some((from, to)) = clip(*from..*to, plot.time.days) else { continue };
        chart.draw_series([Rectangle::new([(from, low), (to, high)], fill(*color, 0.13))])?;
    }
    Ok(())
}

/// Their words, each a line below the one before, so that neighbours do not run into each other.
fn band_words(plot: &Plot, chart: &mut Chart<'_, '_>) -> Drawn {
    let mut line = 0;
    for mark in &plot.marks {
        let Mark::Band { from, to, label: Some(text), .. } = mark else { continue };
        if let Some(stretch) = clip(*from..*to, plot.time.days) {
            let drop_px = 2 + line % 3 * 15;
            words(text, stretch, (plot.values.to, VPos::Top), drop_px, plot, chart)?;
            line += 1;
        }
    }
    Ok(())
}

fn clip(range: Range<f64>, days: f64) -> Option<(f64, f64)> {
    let (from, to) = (range.start.max(0.0), range.end.min(days));
    // A stretch shorter than a pixel of a year still shows.
    (from < days && to > from).then(|| (from, to.max(from + days * 0.001)))
}

fn grid(plot: &Plot, chart: &mut Chart<'_, '_>) -> Drawn {
    let line = |y: f64, color: Color| {
        PathElement::new(vec![(0.0, y), (plot.time.days, y)], stroke(color, 1.0))
    };
    let values = &plot.values;
    if values.grid {
        let inside = |at: &&(f64, String)| at.0 > values.from && at.0 <= values.to;
        chart.draw_series(values.ticks.iter().filter(inside).map(|(at, _)| line(*at, GRID)))?;
    }
    chart.draw_series([line(values.from, AXIS)]).map(|_| ())
}

fn draw(mark: &Mark, plot: &Plot, chart: &mut Chart<'_, '_>, columns: usize) -> Drawn {
    let days = plot.time.days;
    match mark {
        Mark::Line { points, color, width } => {
            for run in points.split(|point| !point.1.is_finite()).filter(|run| run.len() > 1) {
                let path = thin(run, days, columns / 2);
                chart.draw_series([PathElement::new(path, stroke(*color, *width))])?;
            }
        }
        Mark::Ribbon { low, high, color } => {
            let upper = thin(high, days, columns / 4);
            let lower = thin(low, days, columns / 4).into_iter().rev();
            let outline: Vec<Point> = upper.into_iter().chain(lower).collect();
            chart.draw_series([Polygon::new(outline, fill(*color, 0.2))])?;
        }
        Mark::Boxes { boxes, color, opacity } => {
            let shape =
                |b: &[f64; 4]| Rectangle::new([(b[0], b[2]), (b[1], b[3])], fill(*color, *opacity));
            chart.draw_series(boxes.iter().map(shape))?;
        }
        Mark::Dots { points, color } => {
            let inside = |point: &&Point| point.1.is_finite();
            let dot = |point: &Point| Circle::new(*point, 2 * SCALE, fill(*color, 0.75));
            chart.draw_series(points.iter().filter(inside).map(dot))?;
        }
        Mark::Rule { at, color } => {
            let path = vec![(0.0, *at), (days, *at)];
            chart.draw_series([PathElement::new(path, stroke(*color, 1.5))])?;
        }
        Mark::Band { .. } => {}
        Mark::Words { from, to, at, text } => {
            if let Some(stretch) = clip(*from..*to, days) {
                words(text, stretch, (*at, VPos::Center), 0, plot, chart)?;
            }
        }
    }
    Ok(())
}

/// Words after a stretch of time, or before it where the plot ends too soon for them.
fn words(
    text: &str,
    (from, to): (f64, f64),
    (at, v): (f64, VPos),
    drop_px: i32,
    plot: &Plot,
    chart: &mut Chart<'_, '_>,
) -> Drawn {
    let plot_px = f64::from(chart.plotting_area().dim_in_pixel().0 / SCALE);
    let after_px = (1.0 - to / plot.time.days) * plot_px;
    let needed_px = text.chars().count() as f64 * CHARACTER_PX + 4.0;
    let (x, h, shift) =
        if after_px < needed_px { (from, HPos::Right, -4) } else { (to, HPos::Left, 4) };
    let shift = (shift * SCALE as i32, drop_px * SCALE as i32);
    let style = text_style(INK).pos(Pos::new(h, v));
    let element = EmptyElement::at((x, at)) + Text::new(text.to_owned(), shift, style);
    chart.draw_series([element]).map(|_| ())
}

/// Labels of both axes, in the margins.
fn labels(
    plot: &Plot,
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    chart: &Chart<'_, '_>,
    most: usize,
) -> Drawn {
    let days = plot.time.days;
    let (left, bottom) = chart.backend_coord(&(0.0, plot.values.from));
    let (gap, tick) = (8 * SCALE as i32, 5 * SCALE as i32);
    let right = text_style(MUTED).pos(Pos::new(HPos::Right, VPos::Center));
    for (at, label) in &plot.values.ticks {
        if *at >= plot.values.from && *at <= plot.values.to {
            let (_, y) = chart.backend_coord(&(0.0, *at));
            area.draw(&Text::new(label.clone(), (left - gap, y), right.clone()))?;
        }
    }
    for (day, label) in plot.time.ticks(most.max(2)) {
        let (x, _) = chart.backend_coord(&(day, plot.values.from));
        let mark = vec![(x, bottom), (x, bottom + tick)];
        area.draw(&PathElement::new(mark, stroke(AXIS, 1.0)))?;
        // The last label would leave the picture if it were centred.
        let h = if day > 0.97 * days { HPos::Right } else { HPos::Center };
        let x = if matches!(h, HPos::Right) { x + gap } else { x };
        let style = text_style(MUTED).pos(Pos::new(h, VPos::Top));
        area.draw(&Text::new(label, (x, bottom + gap), style))?;
    }
    Ok(())
}

fn text_style((r, g, b): Color) -> TextStyle<'static> {
    // plotters' SVG backend divides font sizes by 1.24.
    let size = LABEL_PX * f64::from(SCALE) * 1.24;
    ("sans-serif", size).into_font().color(&RGBColor(r, g, b))
}

fn fill((r, g, b): Color, opacity: f64) -> ShapeStyle {
    RGBColor(r, g, b).mix(opacity).filled()
}

fn stroke((r, g, b): Color, width_px: f64) -> ShapeStyle {
    RGBColor(r, g, b).stroke_width((width_px * f64::from(SCALE)).round() as u32)
}

/// At most four points a column (first, least, greatest, last), so that no peak is lost.
pub(in crate::report) fn thin(points: &[Point], days: f64, columns: usize) -> Vec<Point> {
    if points.len() <= 4 * columns || columns == 0 {
        return points.to_vec();
    }
    let column = |point: &Point| (point.0 / days * columns as f64) as i64;
    let mut kept = Vec::with_capacity(4 * columns);
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let mut picks = [0, least(group, 1.0), least(group, -1.0), group.len() - 1];
        picks.sort_unstable();
        for (i, pick) in picks.iter().enumerate() {
            if i == 0 || picks[i - 1] != *pick {
                kept.push(group[*pick]);
            }
        }
    }
    kept
}

/// Where the value times `sign` is least.
fn least(group: &[Point], sign: f64) -> usize {
    let mut best = 0;
    for (i, point) in group.iter().enumerate() {
        if point.1 * sign < group[best].1 * sign {
            best = i;
        }
    }
    best
}

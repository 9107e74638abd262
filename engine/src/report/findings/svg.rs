//! Writing SVG by hand: a few shapes, short numbers, escaped words.
//!
//! plotters draws the report of a run; here hundreds of small stacked pictures share one axis, and
//! numbers of one decimal keep a page of them small.

use super::words::plain;
use crate::report::charts::Color;
use minijinja::HtmlEscape;
use std::fmt::Write as _;

/// Font size of labels, in pixels.
pub(super) const LABEL_PX: f64 = 12.0;

/// Width of a character of a label, in pixels, generously.
pub(super) const CHARACTER_PX: f64 = 7.0;

/// Shapes, the first at the bottom.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    text: String,
}

/// Where a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Area {
    /// From a share of the width, 0 at the left.
    pub(super) fn x(&self, share: f64) -> f64 {
        (self.right - self.left).mul_add(share, self.left)
    }

    /// From a share of the height, 0 at the bottom.
    pub(super) fn y(&self, share: f64) -> f64 {
        (self.bottom - self.top).mul_add(-share, self.bottom)
    }
}

// Writing to a string cannot fail, so results of `write!` are dropped.
impl Shapes {
    /// A line through points; one that is missing breaks it, and one alone is a dot.
    pub(super) fn line(&mut self, points: &[Option<(f64, f64)>], color: Color, width: f64) {
        let mut path = String::new();
        for run in points.split(Option::is_none) {
            for (i, (x, y)) in run.iter().flatten().enumerate() {
                let _ = write!(path, "{}{}", if i == 0 { 'M' } else { 'L' }, pair(*x, *y));
            }
            if run.len() == 1 {
                path.push_str("h0");
            }
        }
        if !path.is_empty() {
            let color = css(color);
            let _ = write!(
                self.text,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" \
                 stroke-linejoin=\"round\" stroke-linecap=\"round\"/>"
            );
        }
    }

    /// An area with the outline `path`.
    pub(super) fn filled(&mut self, path: &str, color: Color) {
        if !path.is_empty() {
            let _ = write!(self.text, "<path d=\"{path}\" fill=\"{}\"/>", css(color));
        }
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, area: Area, color: Color, opacity: f64) {
        let _ = write!(
            self.text,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" \
             fill-opacity=\"{opacity}\"/>",
            number(area.left),
            number(area.top),
            number(area.right - area.left),
            number(area.bottom - area.top),
            css(color),
        );
    }

    /// A rectangle that leads to the element `target` of the page.
    pub(super) fn link(&mut self, target: &str, title: &str, area: Area, color: Color) {
        let _ = write!(self.text, "<a href=\"#{}\">", HtmlEscape(&plain(target)));
        let _ = write!(self.text, "<title>{}</title>", HtmlEscape(&plain(title)));
        self.rect(area, color, 1.0);
        self.text.push_str("</a>");
    }

    /// A straight thin line, dashed for what is not an axis.
    pub(super) fn rule(&mut self, from: (f64, f64), to: (f64, f64), color: Color, dashed: bool) {
        let dashes = if dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        let _ = write!(
            self.text,
            "<path d=\"M{}L{}\" stroke=\"{}\"{dashes}/>",
            pair(from.0, from.1),
            pair(to.0, to.1),
            css(color)
        );
    }

    /// Words, their middle at the height `y`.
    pub(super) fn words(&mut self, text: &str, (x, y): (f64, f64), anchor: Anchor, color: Color) {
        self.styled(text, (x, y), anchor, color, "");
    }

    /// Words of more weight.
    pub(super) fn strong(&mut self, text: &str, at: (f64, f64), color: Color) {
        self.styled(text, at, Anchor::Start, color, " font-weight=\"600\"");
    }

    fn styled(
        &mut self,
        text: &str,
        (x, y): (f64, f64),
        anchor: Anchor,
        color: Color,
        style: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let _ = write!(
            self.text,
            "<text x=\"{}\" y=\"{}\"{anchor}{style} fill=\"{}\">{}</text>",
            number(x),
            // Not every reader knows `dominant-baseline`.
            number(y + 0.35 * LABEL_PX),
            css(color),
            HtmlEscape(&plain(text))
        );
    }

    /// Begins words for pointing devices over what comes next; [`Self::end_hint`] ends it.
    pub(super) fn hint(&mut self, title: &str) {
        let _ = write!(self.text, "<g><title>{}</title>", HtmlEscape(&plain(title)));
    }

    /// Ends what [`Self::hint`] began.
    pub(super) fn end_hint(&mut self) {
        self.text.push_str("</g>");
    }

    /// The picture as an element of a page; `id` must be unique in it.
    pub(super) fn inline(&self, size: (f64, f64), id: &str, title: &str, about: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" \
             font-size=\"{LABEL_PX}\"><title id=\"{id}-t\">{}</title>\
             <desc id=\"{id}-d\">{}</desc>{}</svg>",
            number(size.0),
            number(size.1),
            HtmlEscape(&plain(title)),
            HtmlEscape(&plain(about)),
            self.text
        )
    }

    /// The picture as a file, on white and with a margin.
    pub(super) fn file(&self, (width, height): (f64, f64), title: &str, about: &str) -> String {
        const MARGIN_PX: f64 = 16.0;
        let (width, height) = (number(2.0f64.mul_add(MARGIN_PX, width)), number(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"-{MARGIN_PX} 0 {width} {height}\" role=\"img\" font-size=\"{LABEL_PX}\" \
             font-family=\"system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif\">\
             <title>{}</title><desc>{}</desc>\
             <rect x=\"-{MARGIN_PX}\" width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\
             {}</svg>\n",
            HtmlEscape(&plain(title)),
            HtmlEscape(&plain(about)),
            self.text
        )
    }
}

/// A point for a path.
pub(super) fn pair(x: f64, y: f64) -> String {
    format!("{} {}", number(x), number(y))
}

/// A number with at most one decimal. What is not finite cannot be drawn, and callers leave it out.
pub(super) fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
    if tenth == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{tenth}") }
}

fn css((r, g, b): Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

//! `report.html`: one page that shows what a run was, with nothing outside itself.
//!
//! ```text
//! run directory -> data::RunData (aggregates) -> page::Page (words, figures) -> page.html
//! ```
//!
//! The page depends on the run directory alone: no clock, no machine, no timings, so that a report
//! written twice is the same. Charts are SVG, drawn once for wide screens and once for phones.

mod charts;
mod data;
pub mod findings;
mod page;
mod tickets;

#[cfg(test)]
mod tests;

use crate::error::EngineError;
use data::RunData;
use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use page::Page;
use std::path::{Path, PathBuf};

/// Writes `report.html` into the run directory `run`, and says where it is.
///
/// # Errors
/// [`EngineError::NotARun`] or [`EngineError::Tables`] if the directory does not hold a finished
/// run, [`EngineError::Report`] if a chart cannot be drawn, [`EngineError::Write`] if the file
/// cannot be written.
pub fn write(run: &Path) -> Result<PathBuf, EngineError> {
    let page = Page::of(&RunData::read(run)?)?;
    let html = render(&page).map_err(|e| EngineError::Report { why: format!("{e:#}") })?;
    let path = run.join("report.html");
    std::fs::write(&path, html)
        .map_err(|source| EngineError::Write { path: path.clone(), source })?;
    Ok(path)
}

/// What all pages look like; templates include it under this name.
const STYLE_NAME: &str = "style.css";
const STYLE: &str = include_str!("report/style.css");

/// The name ends in `.html`, so that everything but the figures is escaped.
fn render(page: &Page) -> Result<String, minijinja::Error> {
    const NAME: &str = "page.html";
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.add_template(STYLE_NAME, STYLE)?;
    environment.add_template(NAME, include_str!("report/page.html"))?;
    environment.get_template(NAME)?.render(Serde(page))
}

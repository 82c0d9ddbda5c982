//! The results in a study's folder as one HTML file that needs nothing else: no network, no script
//! but its own, and a content security policy that forbids any other.
//!
//! It is made from the files alone, as they stand. Nothing is estimated here: what is ranked or
//! quoted is quoted from them.

mod answer;
mod figures;
mod numbers;
mod page;
mod results;
mod table;
mod tables;

pub use results::ReportError;

use std::path::Path;

use askama::Template;

/// Name of the report in the study's folder.
pub const REPORT: &str = "report.html";

/// The report on the results in `folder`.
///
/// # Errors
/// Where results are missing or cannot be read; the message says which, and what makes them.
///
/// # Panics
/// Where the page cannot be written into memory, which is a bug.
pub fn render(folder: &Path) -> Result<String, ReportError> {
    let results = results::read(folder)?;
    let page = page::Page::new(&results);
    Ok(page.render().expect("memory takes every page"))
}

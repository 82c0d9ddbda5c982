//! The results in a study's folder as one HTML file that needs nothing else: no network, no script
//! but its own, and a content security policy that forbids any other.
//!
//! It is made from the files alone, as they stand. Nothing is estimated here: what is ranked or
//! quoted is quoted from them. Each command has a file here that lays its results out for a reader.

mod answer;
mod compare;
mod drawing;
mod folder;
mod levels;
mod manifest;
mod page;
mod policy;
mod prose;
mod sensitivity;
mod sweep;
mod table;
mod tune;

pub use folder::ReportError;

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
    let results = folder::read(folder)?;
    let page = page::Page::new(&results);
    Ok(page.render().expect("memory takes every page"))
}

//! From what is wrong with a key to a problem with its place.

use toml::{Table, Value};

use super::origin::{Found, Origins, Place};
use super::report::Problem;
use crate::system::Issue;

/// What is wrong with a key of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    /// The key, dotted.
    pub(super) path: String,
    pub(super) kind: FindingKind,
    pub(super) help: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum FindingKind {
    /// There is no such key.
    Unknown,
    /// The key must be there.
    Missing,
    /// The value cannot be; what it must be, and the value where it is not written anywhere.
    Value { must: String, default: Option<String> },
}

impl Finding {
    pub(super) fn value(path: &str, must: impl Into<String>) -> Self {
        let kind = FindingKind::Value { must: must.into(), default: None };
        Self { path: path.to_owned(), kind, help: None }
    }

    pub(super) fn with_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    /// An issue of a checked model; what follows a semicolon in its message is advice.
    pub(super) fn of(issue: &Issue) -> Self {
        let (must, help) = match issue.message.split_once("; ") {
            Some((must, help)) => (must, Some(help.to_owned())),
            None => (issue.message.as_str(), None),
        };
        let default = Some(issue.value.clone()).filter(|value| !value.is_empty());
        let kind = FindingKind::Value { must: must.to_owned(), default };
        Self { path: dotted(&issue.path), kind, help }
    }

    /// The problem, at the place `origins` know for the key.
    pub(super) fn problem(&self, table: &Table, origins: &Origins) -> Problem {
        let path = &self.path;
        let found = origins.find(table, path);
        let (message, spot) = match (&self.kind, found) {
            (FindingKind::Unknown, Found::Exactly(place) | Found::Around(place)) => {
                (format!("no such key `{path}`"), place.key())
            }
            (FindingKind::Missing, Found::Exactly(place) | Found::Around(place)) => {
                (format!("`{path}` is missing"), place.value())
            }
            (FindingKind::Value { must, .. }, Found::Exactly(place)) => {
                (format!("{}: {must}", written(path, &place)), place.value())
            }
            (FindingKind::Value { must, default }, Found::Around(place)) => {
                let subject = match default {
                    Some(value) => format!("`{path} = {value}` (not written, the default)"),
                    None => format!("`{path}`"),
                };
                (format!("{subject}: {must}"), place.value())
            }
        };
        let problem = Problem::new(message).at(&spot.source, spot.span);
        match &self.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

/// Findings of which the place is looked up: far more than are shown.
pub(super) const PLACED_MAX: usize = 200;

/// The problems that findings are. To look a place up takes time by the length of the file, so it
/// is done for as many as may be shown; the others are there to be counted.
pub(super) fn problems<'a>(
    findings: impl IntoIterator<Item = &'a Finding>,
    table: &Table,
    origins: &Origins,
) -> Vec<Problem> {
    let problem = |(n, finding): (usize, &Finding)| match n < PLACED_MAX {
        true => finding.problem(table, origins),
        false => Problem::new(&finding.path),
    };
    findings.into_iter().enumerate().map(problem).collect()
}

fn written(path: &str, place: &Place) -> String {
    match place.text() {
        Some(text) if place.from_preset.is_some() => {
            format!("`{path} = {text}` (from the preset)")
        }
        Some(text) => format!("`{path} = {text}`"),
        None => format!("`{path}`"),
    }
}

/// `trunks[3].sbc` as `trunks.3.sbc`.
fn dotted(path: &str) -> String {
    path.replace('[', ".").replace(']', "").trim_start_matches('.').to_owned()
}

/// What is at a dotted key.
pub(super) fn at<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    rest.split('.').filter(|part| !part.is_empty()).try_fold(table.get(first)?, |here, part| {
        match here {
            Value::Table(table) => table.get(part),
            Value::Array(list) => list.get(part.parse::<usize>().ok()?),
            _ => None,
        }
    })
}

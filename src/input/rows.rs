//! The rows of a CSV file that a model names: columns by name, and what is wrong with a row shown
//! at its line.

use std::sync::Arc;

use super::report::{Problem, Source, Spot};
use crate::engine::time::{SimDuration, SimTime};

/// Bad rows of a file past which it is given up.
const BAD_ROWS_MAX: usize = 5;

/// A hundred years, as for the horizon.
const SECONDS_MAX: f64 = 100.0 * 365.0 * 86_400.0;

/// Reads a file row by row. `columns` is told which of the names are
/// columns, and says what is wrong with that and what helps: a file without them may be any, and is
/// shown nowhere; `row` reads a row's fields, none where
/// empty, or says what is wrong with them. Whether nothing was wrong.
pub(super) fn read<const N: usize>(
    (source, named): (&Arc<Source>, &Spot),
    names: [&str; N],
    problems: &mut Vec<Problem>,
    columns: impl FnOnce([bool; N]) -> Result<(), (String, String)>,
    mut row: impl FnMut([Option<&str>; N]) -> Result<(), String>,
) -> bool {
    let text = source.text();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let places = names.map(|name| headers.iter().position(|column| column == name));
    if let Err((message, help)) = columns(places.map(|place| place.is_some())) {
        problems.push(Problem::new(message).at(&named.source, named.span.clone()).help(help));
        return false;
    }
    let mut bad = 0;
    for record in reader.records() {
        let (byte, checked) = match record {
            Ok(record) => {
                let byte = record.position().map_or(0, csv::Position::byte);
                let field = |place: Option<usize>| record.get(place?).filter(|f| !f.is_empty());
                (byte, row(places.map(field)))
            }
            Err(error) => (error.position().map_or(0, csv::Position::byte), Err(error.to_string())),
        };
        if let Err(message) = checked {
            let start = usize::try_from(byte).unwrap_or(usize::MAX);
            problems.push(Problem::new(message).at(source, line(text, start)));
            bad += 1;
        }
        if bad == BAD_ROWS_MAX {
            return false;
        }
    }
    bad == 0
}

/// That a file holds nothing.
pub(super) fn empty(named: &Spot, message: &str) -> Problem {
    Problem::new(message).at(&named.source, named.span.clone())
}

/// The length of time in a column, in seconds.
pub(super) fn seconds(name: &str, field: &str) -> Result<SimDuration, String> {
    let seconds: f64 =
        field.parse().map_err(|_| format!("`{name} = {field}`: must be a number"))?;
    if !(0.0..=SECONDS_MAX).contains(&seconds) {
        return Err(format!("`{name} = {field}`: must be a number from 0 to {SECONDS_MAX}"));
    }
    Ok(SimDuration::from_secs_f64(seconds))
}

/// The instant in the column `time_s`, which ascends.
pub(super) fn instant(field: Option<&str>, before: Option<SimTime>) -> Result<SimTime, String> {
    let field = field.ok_or("`time_s` is missing in this row")?;
    let time = SimTime::ZERO + seconds("time_s", field)?;
    match before {
        Some(before) if time < before => Err(format!(
            "`time_s = {field}`: must not be earlier than the row before ({})",
            before.as_secs_f64()
        )),
        _ => Ok(time),
    }
}

/// The line with its first byte at `start`, or the next one that is neither empty nor a comment.
fn line(text: &str, start: usize) -> std::ops::Range<usize> {
    let mut start = start.min(text.len());
    loop {
        start += text[start..].len() - text[start..].trim_start().len();
        match text[start..].find('\n') {
            Some(end) if text[start..].starts_with('#') => start += end,
            _ => break,
        }
    }
    let length = text[start..].find('\n').unwrap_or(text.len() - start);
    start..start + text[start..start + length].trim_end().len()
}

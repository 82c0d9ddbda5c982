//! Arrival traces: CSV files with the column `time_s`, seconds since the start of the run, in
//! ascending order. A trace that begins at or after the horizon is refused: no arrival of it could
//! be offered, as with Unix time in the column.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::{Table, Value};

use super::SourceFile;
use super::document::{beside, read};
use super::finding::Finding;
use super::origin::{Found, Origins};
use super::report::{Problem, Source};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::Traces;

/// The traces of a model, read as they are asked for.
pub(super) struct TraceFiles<'a> {
    /// The model, which the traces are relative to.
    model: &'a Path,
    /// The horizon as the model's files say it. A shorter one from elsewhere (`--horizon`, a level
    /// of a study) makes a look at the start of a long trace and refuses none.
    written: SimDuration,
    pub(super) traces: Traces,
    pub(super) files: Vec<SourceFile>,
    pub(super) problems: Vec<Problem>,
}

/// The horizon of a model that does not say it.
const HORIZON: SimDuration = SimDuration::from_secs(3600);

/// The horizon that `model` says.
pub(super) fn horizon(model: &Table) -> SimDuration {
    let text = model.get("horizon").and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).unwrap_or(HORIZON)
}

impl<'a> TraceFiles<'a> {
    /// The traces of the model at that path, whose files say that horizon.
    pub(super) fn new(model: &'a Path, written: SimDuration) -> Self {
        let (traces, files, problems) = (Traces::new(), Vec::new(), Vec::new());
        Self { model, written, traces, files, problems }
    }

    /// Reads every trace `table` names that has not been read. One that cannot be read counts as
    /// empty from here on; its problems are kept.
    pub(super) fn collect(&mut self, table: &Table, origins: &Origins) {
        let mut named = Vec::new();
        find("", &Value::Table(table.clone()), &mut named);
        let longest = self.written.max(horizon(table));
        for (path, file) in named {
            if self.traces.contains_key(&file) {
                continue;
            }
            let (Found::Exactly(place) | Found::Around(place)) = origins.find(table, &path);
            let target = beside(self.model, &file);
            let times = match read(&target, Some(&place.value())) {
                Err(problem) => {
                    self.problems.push(problem);
                    Vec::new()
                }
                Ok(text) => self.parse(target, text),
            };
            if let Some(first) = times.first().filter(|at| **at >= SimTime::ZERO + longest) {
                self.problems.push(too_late(&path, *first, longest).problem(table, origins));
            }
            self.traces.insert(file, Arc::from(times));
        }
    }

    fn parse(&mut self, path: PathBuf, text: String) -> Vec<SimTime> {
        let source = Source::new(path.display().to_string(), text.clone());
        let times = parse(&source, &mut self.problems);
        self.files.push(SourceFile { path, text });
        times
    }
}

fn too_late(path: &str, first: SimTime, horizon: SimDuration) -> Finding {
    let first = first.as_secs_f64();
    let message = format!(
        "must have an arrival before the horizon ({horizon}); the first has `time_s = {first}`"
    );
    let help = "time_s holds seconds since the start of the run: subtract the first instant";
    Finding::value(path, message).with_help(Some(help.to_owned()))
}

/// The files of traces below `value`, each with the key it stands at.
fn find(path: &str, value: &Value, named: &mut Vec<(String, String)>) {
    let at = |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    match value {
        Value::Table(table) => {
            let kind = table.get("kind").and_then(Value::as_str);
            if let (Some("trace"), Some(Value::String(file))) = (kind, table.get("file")) {
                named.push((at("file"), file.clone()));
            }
            table.iter().for_each(|(key, inner)| find(&at(key), inner, named));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, inner)| find(&at(&i.to_string()), inner, named));
        }
        _ => {}
    }
}

/// Bad rows of a file past which it is given up.
const BAD_ROWS_MAX: usize = 5;

/// A hundred years, as for the horizon.
const SECONDS_MAX: f64 = 100.0 * 365.0 * 86_400.0;

fn parse(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Vec<SimTime> {
    let text = source.text();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let column = match reader.headers().ok().and_then(|h| h.iter().position(|c| c == "time_s")) {
        Some(column) => column,
        None => {
            let problem = Problem::new("the trace has no column `time_s`");
            problems.push(problem.at(source, line(text, 0)).help(
                "the first line names the columns; time_s holds seconds since the start of the run",
            ));
            return Vec::new();
        }
    };
    let mut times: Vec<SimTime> = Vec::new();
    let mut bad = 0;
    for row in reader.records() {
        let (byte, checked) = match row {
            Ok(row) => {
                let byte = row.position().map_or(0, csv::Position::byte);
                (byte, instant(row.get(column), times.last().copied()))
            }
            Err(error) => (error.position().map_or(0, csv::Position::byte), Err(error.to_string())),
        };
        match checked {
            Ok(time) => times.push(time),
            Err(message) => {
                let start = usize::try_from(byte).unwrap_or(usize::MAX);
                problems.push(Problem::new(message).at(source, line(text, start)));
                bad += 1;
            }
        }
        if bad == BAD_ROWS_MAX {
            return times;
        }
    }
    if times.is_empty() && bad == 0 {
        problems.push(Problem::new("the trace has no arrivals").at(source, line(text, 0)));
    }
    times
}

fn instant(field: Option<&str>, before: Option<SimTime>) -> Result<SimTime, String> {
    let field = field.filter(|f| !f.is_empty()).ok_or("`time_s` is missing in this row")?;
    let seconds: f64 =
        field.parse().map_err(|_| format!("`time_s = {field}`: must be a number"))?;
    if !(0.0..=SECONDS_MAX).contains(&seconds) {
        return Err(format!("`time_s = {field}`: must be a number from 0 to {SECONDS_MAX}"));
    }
    let time = SimTime::ZERO + SimDuration::from_secs_f64(seconds);
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

//! The files beside a model. Arrival traces are CSV files with the column `time_s`, seconds since
//! the start of the run, in ascending order. A trace that begins at or after the horizon is refused: no arrival of it could
//! be offered, as with Unix time in the column.

use std::path::Path;
use std::sync::Arc;

use toml::{Table, Value};

use super::SourceFile;
use super::document::{DATA_MAX, beside, read};
use super::finding::Finding;
use super::origin::{Found, Origins};
use super::report::{Problem, Source, Spot};
use super::{outcomes, rows};
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
        let (traces, files, problems) = (Traces::default(), Vec::new(), Vec::new());
        Self { model, written, traces, files, problems }
    }

    /// Reads every file `table` names that has not been read. One that cannot be read counts as
    /// empty from here on; its problems are kept.
    pub(super) fn collect(&mut self, table: &Table, origins: &Origins) {
        let mut named = Vec::new();
        find("", &Value::Table(table.clone()), &mut named);
        let longest = self.written.max(horizon(table));
        for (path, file) in named {
            if self.traces.arrivals.contains_key(&file) {
                continue;
            }
            let source = self.source(&path, &file, (table, origins));
            let times = source.map_or_else(Vec::new, |(source, named)| {
                parse(&source, &named, &mut self.problems)
            });
            if let Some(first) = times.first().filter(|at| **at >= SimTime::ZERO + longest) {
                let finding = too_late(&path, "an arrival", *first, longest);
                self.problems.push(finding.problem(table, origins));
            }
            self.traces.arrivals.insert(file, Arc::from(times));
        }
        self.collect_outcomes(table, origins, longest);
    }

    fn collect_outcomes(&mut self, table: &Table, origins: &Origins, longest: SimDuration) {
        const PATH: [&str; 3] = ["api", "outcomes", "file"];
        let outcomes = PATH[..2].iter().try_fold(table, |table, key| table.get(*key)?.as_table());
        let file = outcomes.and_then(|outcomes| outcomes.get(PATH[2])?.as_str());
        let Some(file) = file.filter(|file| !self.traces.outcomes.contains_key(*file)) else {
            return;
        };
        let path = PATH.join(".");
        let source = self.source(&path, file, (table, origins));
        let script = source.map_or_else(outcomes::nothing, |(source, named)| {
            outcomes::parse(&source, &named, &mut self.problems)
        });
        if let Some(first) = script.starts_at().filter(|at| *at >= SimTime::ZERO + longest) {
            let finding = too_late(&path, "a row", first, longest);
            self.problems.push(finding.problem(table, origins));
        }
        self.traces.outcomes.insert(file.to_owned(), Arc::new(script));
    }

    /// Reads the file that `path` names, with the place where it does.
    fn source(
        &mut self,
        path: &str,
        file: &str,
        (table, origins): (&Table, &Origins),
    ) -> Option<(Arc<Source>, Spot)> {
        let (Found::Exactly(place) | Found::Around(place)) = origins.find(table, path);
        let (target, named) = (beside(self.model, file), place.value());
        match read(&target, DATA_MAX, Some(&named)) {
            Err(problem) => {
                self.problems.push(problem);
                None
            }
            Ok(text) => {
                let source = Source::new(target.display().to_string(), text.as_str());
                self.files.push(SourceFile { path: target, text, is_data: true });
                Some((source, named))
            }
        }
    }
}

fn too_late(path: &str, what: &str, first: SimTime, horizon: SimDuration) -> Finding {
    let first = first.as_secs_f64();
    let message = format!(
        "must have {what} before the horizon ({horizon}); the first has `time_s = {first}`"
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

/// The instants of a trace; what was read before it was given up, where something is wrong.
fn parse(source: &Arc<Source>, named: &Spot, problems: &mut Vec<Problem>) -> Vec<SimTime> {
    let mut times: Vec<SimTime> = Vec::new();
    let columns = |[time_s]: [bool; 1]| match time_s {
        true => Ok(()),
        false => Err((
            "the trace has no column `time_s`".to_owned(),
            "the first line names the columns; time_s holds seconds since the start of the run"
                .to_owned(),
        )),
    };
    let sound = rows::read((source, named), ["time_s"], problems, columns, |[time_s]| {
        times.push(rows::instant(time_s, times.last().copied())?);
        Ok(())
    });
    if times.is_empty() && sound {
        problems.push(rows::empty(named, "the trace has no arrivals"));
    }
    times
}
